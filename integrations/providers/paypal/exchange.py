"""Exchanges of currency within the balance, and the rates they tell. https://developer.paypal.com/docs/reports/reference/tcodes/"""

from __future__ import annotations

from decimal import Context as Precision
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.money import to_major
from integrations.providers.paypal.units import currency_of, day_of, identity, minor
from integrations.records import Conversion, ProcessorFee, Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from integrations.payload import Payload
    from integrations.provider import Context

#: A rate of more digits than any amount has.
_EXACT = Precision(prec=18)
#: Statuses under which no money moved, and why. A success that was reversed stays booked: its reversal has a row of its own.
QUIET = {"P": "pending: no money has moved", "D": "denied: no money has moved"}
MOVED = frozenset(["S", "V"])


def _legs(payload: Payload, name: str = "conversion") -> list[Payload]:
    legs = [leg.object("transaction_info") for leg in payload.objects(name, required=True)]
    if not legs:
        raise PayloadError(payload.at(name), "has no rows")
    return legs


def conversion_id(payload: Payload) -> str:
    moment = _legs(payload)[0].instant("transaction_initiation_date")
    return f"{payload.text('of')}:conversion:{moment:%Y%m%dT%H%M%SZ}"


def _pair(legs: list[Payload]) -> dict[str, int] | None:
    """Currency → what came of it or left; None unless one came and another left."""
    sides = {currency: minor(leg, "transaction_amount", currency) for leg in legs if (currency := _currency(leg))}
    if len(legs) != 2 or len(sides) != 2 or min(sides.values()) >= 0 or max(sides.values()) <= 0:
        return None
    return sides


def _currency(leg: Payload) -> str:
    return currency_of(leg, "transaction_amount")


def rate_told(payload: Payload, currency: str, home: str) -> Decimal | None:
    """Home per unit of the currency, by the exchange that PayPal made for this very row."""
    sides = _pair(_legs(payload, "exchange")) if payload.has("exchange") else None
    if sides is None or currency == home or set(sides) != {currency, home}:
        return None
    return _EXACT.divide(abs(to_major(sides[home], home)), abs(to_major(sides[currency], currency)))


def read_conversion(payload: Payload, context: Context) -> Iterator[Record]:
    """Both rows of an exchange are one fact; one alone waits for the other, which may come hours later."""
    legs = _legs(payload)
    statuses = {leg.text("transaction_status") for leg in legs}
    moment = legs[0].instant("transaction_initiation_date")
    sides = _pair(legs)
    came = max(sides, key=lambda one: sides[one]) if sides is not None else _currency(legs[0])
    fields: dict[str, Any] = {
        "external_id": conversion_id(payload),
        "booked_on": day_of(moment, context),
        "currency": came,
        "occurred_at": moment,
    }
    strange = sorted(statuses - MOVED - set(QUIET))
    if strange:
        yield Unknown(**fields, what=f"PayPal exchange of status {strange[0]!r}")
    elif statuses & set(QUIET):
        yield Skipped(**fields, reason=QUIET[min(statuses & set(QUIET))])
    elif sides is None:
        rows = ", ".join(f"{minor(leg, 'transaction_amount', _currency(leg))} {_currency(leg)}" for leg in legs)
        yield Unknown(**fields, what=f"an exchange is one row in and one out; this one is {rows}")
    else:
        sold = min(sides, key=lambda one: sides[one])
        yield Conversion(**fields, amount=sides[came], sold_currency=sold, sold_amount=-sides[sold])
        yield from _fees(legs, fields)


def _fees(legs: list[Payload], fields: dict[str, Any]) -> Iterator[Record]:
    for leg in legs:
        currency = _currency(leg)
        if fee := minor(leg, "fee_amount", currency):
            own = {**fields, "external_id": f"{identity(leg)}:fee", "currency": currency}
            yield ProcessorFee(**own, amount=-fee, category="exchange")
