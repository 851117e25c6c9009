"""What Plaid must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, StaleCursor
from tests.integrations.contract import (
    ProviderContract,
)


def error(kind, code, status=400):
    body = {"error_type": kind, "error_code": code, "error_message": "TEXT", "display_message": "TEXT"}
    return status, body


class TestPlaid(ProviderContract):
    slug = "plaid"
    means = {
        "accounts": [
            "BankAccount acc1fixtureKestrelRidge 2026-04-01 USD 1825040",
            "BankAccount acc2fixtureKestrelRidge 2026-04-01 USD 91235",
            "BankAccount acc3fixtureKestrelRidge 2026-04-01 USD 4012012",
        ],
        "transactions": [
            "BankLine tx1fixtureKestrelRidge 2026-03-06 USD 90050",
            "BankLine tx2fixtureKestrelRidge 2026-03-31 USD -4500",
            "BankLine tx3fixtureKestrelRidge 2026-03-09 USD -125000",
            "BankLine tx4fixtureKestrelRidge 2026-03-24 USD -7210",
            "BankLine tx5fixtureKestrelRidge 2026-03-31 USD -1840",
            "BankLine tx6fixtureKestrelRidge 2026-03-31 USD 321",
            "BankLineRemoved tx9fixtureKestrelRidge 2026-04-01 USD",
        ],
    }
    decides_by = {"accounts": [("type",)]}
    errors = [
        (*error("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"), Reconnect),
        (*error("ITEM_ERROR", "ITEM_LOCKED"), Reconnect),
        (*error("ITEM_ERROR", "PRODUCT_NOT_READY"), RetryLater),
        (*error("ITEM_ERROR", "ACCESS_NOT_GRANTED"), Forbidden),
        (*error("INVALID_INPUT", "INVALID_ACCESS_TOKEN"), Reconnect),
        (*error("INVALID_INPUT", "INVALID_API_KEYS"), Refused),
        (*error("INSTITUTION_ERROR", "INSTITUTION_DOWN"), RetryLater),
        (*error("INSTITUTION_ERROR", "INSTITUTION_NO_LONGER_SUPPORTED"), Reconnect),
        (*error("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", 429), RetryLater),
        (*error("TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"), StaleCursor),
        (*error("TEXT", "TEXT"), Refused),
    ]
