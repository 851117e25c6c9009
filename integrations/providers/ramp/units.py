"""Ramp's money, days and coding.

Two ways of writing money live side by side: plain ``amount`` fields are decimal major units, every object of ``amount`` and
``currency_code`` is whole minor units of ISO 4217. https://docs.ramp.com/developer-api/v1/monetary-values
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.records import ExpenseSplit

if TYPE_CHECKING:
    from typing import Any

    from integrations.provider import Context

#: The key of the card's liability account: Ramp has one statement for all its cards.
PROGRAM = "ramp"

_ZONED = re.compile(r"(?i)T.*(Z|[+-]\d\d(:?\d\d)?)")
_NO_TIME = re.compile(r"(T00:00(:00(\.0+)?)?(Z|\+00:?00)?)?")
#: Codings that spread a cost over later periods.
_LATER = ("AMORTIZATION_TEMPLATE", "DEFERRAL_CODE")


def moment(payload: Payload, name: str) -> datetime:
    """An instant; UTC where it says no zone. https://docs.ramp.com/developer-api/v1/monetary-values"""
    written = payload.text(name)
    said = written if _ZONED.fullmatch(written[10:]) else f"{written}Z" if "T" in written else f"{written}T00:00:00Z"
    return Payload({name: said}, payload.path).instant(name)


def day_of(payload: Payload, name: str, context: Context) -> date:
    """The client's day. A midnight of UTC is a calendar day written as a time: it is the day it says, in every zone."""
    written = payload.text(name)
    if _NO_TIME.fullmatch(written[10:]):
        return payload.day(name)
    return moment(payload, name).astimezone(context.timezone).date()


def first_day(payload: Payload, context: Context, *names: str) -> date:
    """The day of the first of these that is there; the first is named where none is."""
    return day_of(payload, next((name for name in names if payload.has(name)), names[0]), context)


def currency_in(payload: Payload, name: str, default: str = "") -> str:
    found = payload.text(name, default) if default else payload.text(name)
    if not re.fullmatch(r"[A-Za-z]{3}", found):
        raise PayloadError(payload.at(name), f"{found[:12]!r} is not a currency")
    return found.upper()


def money(payload: Payload, name: str) -> tuple[int, str]:
    """(minor units, currency) of a ``CurrencyAmount``."""
    found = payload.object(name)
    return found.integer("amount"), currency_in(found, "currency_code")


def _chosen(place: Payload) -> dict[str, str]:
    """Kind of field → the option chosen for it: by the field's own type, which is right where the option's is not."""
    found: dict[str, str] = {}
    for option in place.objects("accounting_field_selections"):
        field = option.object_or_none("category_info")
        kind = (field.text("type", "") if field is not None else "") or option.text("type", "")
        if field is not None and field.text("name", "").casefold() == "class":
            kind = "CLASS"
        found.setdefault(kind.upper(), option.text("name", ""))
    return found


def split(amount: int, line: Payload, whole: Payload, department: str = "") -> dict[str, Any]:
    """The parts of an ``ExpenseSplit``: a line's own coding, or that of the whole where the line has none."""
    chosen = _chosen(whole) | _chosen(line)
    return {
        "amount": amount,
        "category": chosen.get("GL_ACCOUNT", ""),
        "kind": "prepaid" if any(kind in chosen for kind in _LATER) else "expense",
        "department": chosen.get("COST_CENTER", "") or department,
        "klass": chosen.get("CLASS", ""),
        "memo": line.text("memo", "")[:200],
    }


def part_in(line: Payload, currency: str, *names: str) -> int | None:
    """The line's amount in this currency, of the fields that may hold it; None where it is told in other money only."""
    for name in names:
        if line.has(name):
            amount, told = money(line, name)
            if told == currency:
                return amount
    return None


def splits(amounts: list[int], lines: list[Payload], whole: Payload, department: str = "") -> tuple[ExpenseSplit, ...]:
    return tuple(
        ExpenseSplit(**split(amount, line, whole, department)) for amount, line in zip(amounts, lines, strict=True)
    )
