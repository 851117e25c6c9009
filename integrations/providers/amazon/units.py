"""Amazon's moments, currencies and identities, in the reports' print and in its JSON.

Reports mix ISO 8601, ``2026-03-02 14:23:00 UTC``, ``02.03.2026 14:23:00 UTC`` and bare local days. A day without a time is a
day as printed, whatever the zone. https://developer-docs.amazon.com/sp-api/docs/iso-8601
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from integrations.errors import PayloadError
from integrations.payload import Payload

if TYPE_CHECKING:
    from integrations.provider import Context

#: Hours from Greenwich of the zones that reports print.
_ZONES = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "PST": -8,
    "PDT": -7,
    "JST": 9,
    "BST": 1,
    "CET": 1,
    "CEST": 2,
    "MEZ": 1,
    "MESZ": 2,
}
_DAY_FIRST = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(.*)", re.DOTALL)
_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{2})[-/](\d{2})(.*)", re.DOTALL)
_TIME = re.compile(r"[ T](\d{2}:\d{2}:\d{2})(?:\.\d{1,9})? ?([A-Z]{1,4}|[+-]\d{2}:?\d{2})")


def printed_moment(payload: Payload, name: str) -> tuple[date, datetime | None]:
    """A printed date as (the day as printed, the instant where a time and a zone are printed too).

    Raises PayloadError for what cannot be told for certain, as ``02/03/2026``.
    """
    printed = payload.text(name).strip()
    german, iso = _DAY_FIRST.fullmatch(printed), _YEAR_FIRST.fullmatch(printed)
    found = german or iso
    if found is None:
        raise PayloadError(payload.at(name), f"{printed[:40]!r} is not a date whose parts can be told apart")
    year, month, day = (found[3], found[2], found[1]) if german else (found[1], found[2], found[3])
    try:
        on = date(int(year), int(month), int(day))
    except ValueError as error:
        raise PayloadError(payload.at(name), f"{printed[:40]!r} is not a date") from error
    return on, _instant(on, found[4], payload, name) if found[4] else None


def _instant(on: date, rest: str, payload: Payload, name: str) -> datetime:
    told = _TIME.fullmatch(rest.upper())
    if told is None:
        raise PayloadError(payload.at(name), f"{rest[:30]!r} is not a time with its zone")
    zone = told[2]
    if zone.isalpha():
        if zone not in _ZONES:
            raise PayloadError(payload.at(name), f"{zone!r} is not a zone of one meaning")
        zone = f"{_ZONES[zone]:+03d}:00"
    return Payload({name: f"{on.isoformat()}T{told[1]}{zone}"}, payload.path).instant(name)


def book_day(on: date, at: datetime | None, context: Context) -> date:
    """The client's own day of an instant; a day that came without one stays as it was printed."""
    if at is None:
        return on
    return at.astimezone(context.timezone).date()


def day_of(moment: datetime, context: Context) -> date:
    """The client's day. Raises PayloadError at the ends of time."""
    return book_day(moment.date(), moment, context)


def minor_of(payload: Payload, name: str, currency: str) -> int:
    """Minor units of a money field of JSON, 0 where there is none. Raises PayloadError for another currency."""
    if not payload.has(name):
        return 0
    money = payload.object(name)
    found = money.currency("currencyCode")
    if found != currency:
        raise PayloadError(money.at("currencyCode"), f"is {found}, and the rest is in {currency}")
    return money.minor("currencyAmount", currency)
