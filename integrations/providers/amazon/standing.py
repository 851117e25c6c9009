"""What Amazon says it holds, and what it says of its payouts. Evidence: the settlements book both.

https://developer-docs.amazon.com/sp-api/reference/listbalances and …/listpayouts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.amazon.units import day_of, minor_of
from integrations.records import ProcessorBalance, Record, Skipped, SystemBalance, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context

TOTAL, AVAILABLE, RESERVED, HELD, DEFERRED = (
    "TOTAL",
    "AVAILABLE",
    "RESERVED",
    "ACCOUNT_LEVEL_RESERVE",
    "DEFERRED",
)
NOW = "of now: the open settlement has its part in it, and only a day that is over is proven"
#: Payout status → why it needs nothing of anybody.
_WELL = {
    "STARTED": "begun: its settlement books it",
    "IN_TRANSIT": "on its way: its settlement books it",
    "PAID": "paid: its settlement books it",
    "NO_PAYOUT": "nothing was paid for this settlement",
}


# ---- balances ------------------------------------------------------------------------------------------------------------


def is_balance(raw: Mapping[str, Any]) -> bool:
    return "balanceType" in raw and "amount" in raw and "partnerMetadata" in raw


def balance_id(payload: Payload) -> str:
    """A balance of one account type and marketplace on one day."""
    whose = payload.object("partnerMetadata")
    day = payload.text("asOfDate", "") or payload.text("lastUpdatedTime", "")[:10]
    if not day:
        raise PayloadError(payload.at("asOfDate or lastUpdatedTime"), "is missing")
    named = (day, whose.text("accountType"), whose.text("marketplaceId"), payload.text("balanceType"))
    return ":".join(part.replace(" ", "-") for part in named)


def read_balance(payload: Payload, context: Context) -> Iterator[Record]:
    """Available and deferred money is what clearing stands for, the account's reserve has a ledger balance of its own.

    What is held at a moment proves nothing: the settlement that is open has its part in it, and is in no books yet.
    """
    identity, currency = balance_id(payload), payload.object("amount").currency("currencyCode")
    moment = payload.instant("lastUpdatedTime") if payload.has("lastUpdatedTime") else None
    day = payload.day("asOfDate") if payload.has("asOfDate") else day_of(payload.instant("lastUpdatedTime"), context)
    fields: dict[str, Any] = {
        "external_id": identity,
        "booked_on": day,
        "currency": currency,
        "occurred_at": moment,
    }
    total, told = minor_of(payload, "amount", currency), _told(payload, currency)
    if payload.text("balanceType") != TOTAL:
        yield Unknown(**fields, what=f"Amazon balance of type {payload.text('balanceType')[:40]!r}", amount=total)
        return
    known = {AVAILABLE, RESERVED, HELD, DEFERRED}
    strange = sorted(set(told) - known)
    reserved = told.get(HELD, 0) + told.get(DEFERRED, 0)
    if strange:
        yield Unknown(**fields, what=f"Amazon balance with a part {strange[0][:40]!r}", amount=total)
    elif told.get(RESERVED, reserved) != reserved or told.get(AVAILABLE, 0) + reserved != total:
        off = told.get(AVAILABLE, 0) + reserved - total
        yield Unknown(**fields, what=f"the balance's parts do not come to its total: difference {off}", amount=total)
    elif not payload.has("asOfDate"):
        yield Skipped(**fields, reason=NOW, amount=total)
    else:
        free, later = told.get(AVAILABLE, 0), told.get(DEFERRED, 0)
        yield ProcessorBalance(**fields, amount=free + later, available=free, pending=later, is_closing=True)
        fields["external_id"] = f"{identity}:reserve"
        yield SystemBalance(**fields, role="reserve", amount=told.get(HELD, 0), key="amazon")


def _told(payload: Payload, currency: str) -> dict[str, int]:
    """Parts by type, and the parts of those."""
    found: dict[str, int] = {}
    for part in payload.objects("balances"):
        name = part.text("balanceType")
        found[name] = found.get(name, 0) + minor_of(part, "amount", currency)
        for inner in part.objects("balances"):
            named = inner.text("balanceType")
            found[named] = found.get(named, 0) + minor_of(inner, "amount", currency)
    return found


# ---- payouts -------------------------------------------------------------------------------------------------------------


def is_payout(raw: Mapping[str, Any]) -> bool:
    return "currentStatus" in raw and "statusHistory" in raw and "partnerMetadata" in raw


def payout_id(payload: Payload) -> str:
    return payload.text("id")


def read_payout(payload: Payload, context: Context) -> Iterator[Record]:
    """A payout that went well is left to its settlement; one that failed or was called off is put before a person."""
    history = list(payload.objects("statusHistory"))
    created = payload.instant("creationDate") if payload.has("creationDate") else None
    moment = created or (history[0].instant("lastUpdatedDate") if history else payload.instant("creationDate"))
    money = payload.object_or_none("amount")
    currency = money.currency("currencyCode") if money else context.home_currency
    fields: dict[str, Any] = {
        "external_id": payout_id(payload),
        "booked_on": day_of(moment, context),
        "currency": currency,
        "occurred_at": moment,
        "memo": f"Payout {payload.text('traceId', '')}".strip(),
        "amount": minor_of(payload, "amount", currency),
    }
    status = payload.text("currentStatus").upper()
    if status in _WELL:
        yield Skipped(**fields, reason=_WELL[status])
    else:
        yield Unknown(**fields, what=f"Amazon payout of status {status[:40]!r}: its money is still at Amazon")
