"""Plaid's accounts and transactions read as facts.

Plaid's sign is the opposite of ours: its positive amount is money out of the account (a purchase on a card is positive too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.money import to_minor
from integrations.records import BankAccount, BankLine, BankLineRemoved, Record, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context

_KINDS = {
    "depository": "depository",
    "credit": "credit",
    "loan": "other",
    "investment": "other",
    "brokerage": "other",
    "other": "other",
}
#: All that Plaid still says of a transaction it removed; ``read_at`` is written in by the pull.
_REMOVED_KEYS = frozenset(["transaction_id", "account_id", "read_at"])


def is_account(raw: Mapping[str, Any]) -> bool:
    return "account_id" in raw and "balances" in raw and "transaction_id" not in raw


def is_transaction(raw: Mapping[str, Any]) -> bool:
    """A transaction, or the stub of a removed one. Both name the account; a recurring stream has neither id."""
    return "transaction_id" in raw and "account_id" in raw


def is_removed(raw: Mapping[str, Any]) -> bool:
    return is_transaction(raw) and set(raw) <= _REMOVED_KEYS


def account_id(payload: Payload) -> str:
    return payload.text("account_id")


def transaction_id(payload: Payload) -> str:
    return payload.text("transaction_id")


def account_version(payload: Payload) -> str:
    """A new version for another balance or another day: the balance is the proof of its day."""
    balances = payload.object("balances")
    parts = (payload.text("read_at", "")[:10], balances.raw("current", ""), balances.raw("available", ""))
    return "/".join(str(part) for part in parts)


def read_account(payload: Payload, context: Context) -> Iterator[Record]:
    """An account with its balance. https://plaid.com/docs/api/accounts/#accounts-get-response-accounts

    Accounts the books do not reconcile line by line (investments, loans) may carry fractions of a cent; those are rounded.
    """
    balances = payload.object("balances")
    common: dict[str, Any] = {
        "external_id": payload.text("account_id"),
        "booked_on": _read_on(payload, context),
        "memo": payload.text("official_name", ""),
    }
    currency = _currency(balances)
    kind = _KINDS.get(payload.text("type"))
    if not currency:
        what = f"an account in {balances.text('unofficial_currency_code')}, which is no official currency"
        yield Unknown(**common, currency=context.home_currency, what=what)
    elif kind is None:
        what = f"Plaid account of type {payload.text('type')!r}"
        yield Unknown(**common, currency=currency, what=what)
    else:
        yield BankAccount(
            **common,
            currency=currency,
            name=payload.text("name"),
            mask=payload.text("mask", ""),
            kind=kind,  # type: ignore[arg-type]  # the table's values are the three
            balance=_balance(balances, currency, rounding=kind == "other"),
            persistent_id=payload.text("persistent_account_id", ""),
        )


def _balance(balances: Payload, currency: str, *, rounding: bool) -> int | None:
    if not balances.has("current"):
        return None
    if rounding:
        return to_minor(balances.decimal("current"), currency, rounding=True)
    return balances.minor("current", currency)


def read_transaction(payload: Payload, context: Context) -> Iterator[Record]:
    """A line of the bank's list, or one it took back. https://plaid.com/docs/api/products/transactions/#transactionssync

    ``date`` is the day the bank posted; a posted line that was pending before has a new id and names the old one.
    """
    if is_removed(payload.data):
        yield BankLineRemoved(
            external_id=payload.text("transaction_id"),
            booked_on=_read_on(payload, context),
            currency=context.home_currency,
        )
        return
    currency = _currency(payload)
    common: dict[str, Any] = {
        "external_id": payload.text("transaction_id"),
        "booked_on": payload.day("date"),
        "occurred_at": payload.instant("datetime", None) if payload.has("datetime") else None,
    }
    if not currency:
        what = f"a line in {payload.text('unofficial_currency_code')}, which is no official currency"
        yield Unknown(**common, currency=context.home_currency, what=what)
        return
    meta = payload.object_or_none("payment_meta")
    yield BankLine(
        **common,
        currency=currency,
        account=payload.text("account_id"),
        amount=-payload.minor("amount", currency),
        description=_description(payload),
        counterparty=_counterparty(payload),
        pending=payload.flag("pending"),
        replaces=payload.text("pending_transaction_id", ""),
        code=payload.text("transaction_code", ""),
        reference=payload.text("check_number", "") or (meta.text("reference_number", "") if meta else ""),
    )


def _currency(payload: Payload) -> str:
    """The ISO code; '' where only an unofficial one is given. Raises PayloadError where neither is."""
    if not payload.has("iso_currency_code") and payload.has("unofficial_currency_code"):
        return ""
    return payload.currency("iso_currency_code")


def _description(payload: Payload) -> str:
    """As the bank printed it, if Plaid gives that, else Plaid's name for it."""
    told = payload.text("original_description", "") or payload.text("name", "") or payload.text("merchant_name", "")
    return told or payload.text("name")


def _counterparty(payload: Payload) -> str:
    named = (party.text("name", "") for party in payload.objects("counterparties"))
    return payload.text("merchant_name", "") or next(filter(None, named), "")


def _read_on(payload: Payload, context: Context) -> date:
    if not payload.has("read_at"):
        return context.as_of
    return payload.instant("read_at").astimezone(context.timezone).date()
