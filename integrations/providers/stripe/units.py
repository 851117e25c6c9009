"""Stripe's amounts, currencies, days and expandable fields.

Amounts come in Stripe's own minor units (https://docs.stripe.com/currencies): as ISO 4217, but UGX and ISK carry two zero
decimals and MGA none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.errors import PayloadError

if TYPE_CHECKING:
    from datetime import date

    from integrations.payload import Payload

#: Stripe's unit in our minor units, where the two differ: (multiply by, then divide by).
_UNITS = {"UGX": (1, 100), "ISK": (1, 100), "MGA": (100, 1)}


def minor(payload: Payload, name: str, currency: str) -> int:
    """An amount in ISO minor units. Raises PayloadError where Stripe's zero decimals are not zero."""
    return in_iso(payload.integer(name), currency, payload.at(name))


def in_iso(amount: int, currency: str, path: str) -> int:
    times, per = _UNITS.get(currency, (1, 1))
    if amount * times % per:
        raise PayloadError(path, f"{currency} has no decimals, and these are not zero")
    return amount * times // per


def currency_of(payload: Payload) -> str:
    return payload.currency("currency")


def utc_day(payload: Payload, name: str) -> date:
    """``available_on`` and ``arrival_date`` are midnights UTC and mean the day."""
    return payload.epoch(name).date()


def expanded(payload: Payload, name: str) -> Payload | None:
    return payload.object(name) if isinstance(payload.data.get(name), dict) else None


def id_of(payload: Payload, name: str) -> str:
    inside = expanded(payload, name)
    return inside.text("id", "") if inside else payload.text(name, "")
