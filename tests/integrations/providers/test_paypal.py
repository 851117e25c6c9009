"""What PayPal must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)
from tests.integrations.providers.paypal_pages import ACTIVITY, ACTIVITY_MEANS, DECIDES_BY, MEANS


def error(name, issue="ISSUE"):
    return {"name": name, "message": "TEXT", "debug_id": "1", "details": [{"issue": issue, "description": "TEXT"}]}


class TestContract(ProviderContract):
    slug = "paypal"
    strange = ("S", "V", "T0006", "T1107", "-1", "1e99", "9999-12-31T23:59:59-1200")
    means = MEANS
    decides_by = DECIDES_BY
    files = {"activity": (ACTIVITY, ACTIVITY_MEANS)}
    errors = [
        (401, error("AUTHENTICATION_FAILURE"), Reconnect),
        (401, {"error": "invalid_token", "error_description": "TEXT"}, Reconnect),
        (403, error("NOT_AUTHORIZED"), Forbidden),
        (429, error("RATE_LIMIT_REACHED"), RetryLater),
        (400, error("RESULTSET_TOO_LARGE"), Refused),
        (400, error("INVALID_REQUEST", "RESULTSET_TOO_LARGE"), Refused),
        (404, error("RESOURCE_NOT_FOUND"), Refused),
        (503, error("SERVICE_UNAVAILABLE"), RetryLater),
    ]
