"""Square's money, places and moments.

Amounts are whole numbers of the currency's smallest unit (yen have no decimals), so nothing is ever scaled. The published
examples of payouts write ``currency_code`` where the wire says ``currency``; both are read.
https://developer.squareup.com/docs/build-basics/common-data-types/working-with-monetary-amounts
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from integrations.errors import PayloadError

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from integrations.payload import Payload
    from integrations.provider import Context


def currency_of(payload: Payload, name: str) -> str:
    """The currency of a money field. Raises PayloadError where it is none."""
    money = payload.object(name)
    return money.currency("currency_code" if money.text("currency_code", "") else "currency")


def minor(payload: Payload, name: str, currency: str) -> int:
    """The amount of a money field in its smallest unit, 0 where there is none. Raises PayloadError for another currency."""
    if not payload.has(name):
        return 0
    found = currency_of(payload, name)
    if found != currency:
        raise PayloadError(payload.object(name).at("currency"), f"is {found}, and the rest is in {currency}")
    return payload.object(name).integer("amount")


@dataclass(frozen=True, slots=True)
class Place:
    """The location something happened at. Its own zone decides the business day; without it the client's does."""

    name: str
    zone: tzinfo

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def place_of(payload: Payload, thing: Payload, context: Context) -> Place:
    """The location that our pull put beside a thing; of a bare one only its id is known.

    https://developer.squareup.com/reference/square/objects/Location
    """
    location = payload.object_or_none("location")
    if location is None:
        return Place(thing.text("location_id", ""), context.timezone)
    named = location.text("name", "") or location.text("id", "")
    if not location.has("timezone"):
        return Place(named, context.timezone)
    try:
        return Place(named, ZoneInfo(location.text("timezone")))
    except (ValueError, OSError, LookupError) as error:
        raise PayloadError(location.at("timezone"), "is no time zone") from error


def common(thing: Payload, moment: datetime, place: Place, currency: str, memo: str = "") -> dict[str, Any]:
    """The fields all facts share."""
    return {
        "external_id": thing.text("id"),
        "booked_on": place.day(moment),
        "currency": currency,
        "occurred_at": moment,
        "memo": memo[:200],
    }


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, from ``before`` on and ``weight`` wide. The parts of any figure sum to it exactly, whatever comes
    later: each is what is reached at its end less what was reached at its beginning.
    """

    before: int
    weight: int
    whole: int

    def of(self, figure: int) -> int:
        if not self.whole:
            return 0
        return figure * (self.before + self.weight) // self.whole - figure * self.before // self.whole
