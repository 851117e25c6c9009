"""Filters of the close's pages and of the package: shares, figures of checks, days from ISO text."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from django import template

from clients.templatetags.portal import day as written_day
from clients.templatetags.portal import moment, money
from ledger.core.period import Month

register = template.Library()
#: State of a check → name of ``{% status %}``.
LOOK = {"pass": "pass", "fail": "fail", "not_applicable": "na", "cannot_tell": "unknown"}
#: Status of a board row → name of ``{% status %}``.
BOARD_LOOK = {
    "changed": "changed",
    "blocked": "blocked",
    "ready": "ready",
    "progress": "progress",
    "client": "wait",
    "not_started": "todo",
    "signed": "signed",
}


_CODES = re.compile(r": K\d\d(?:, K\d\d)*\.$")


@register.filter
def uncoded(reason: str) -> str:
    """A reason without the numbers of the checks: where it stands the checks are named beside it."""
    return _CODES.sub(".", reason)


@register.filter
def currency_of(unit: str, home: str) -> str:
    """The currency of a check's figures: its unit where that is a currency, else home; nothing for counts."""
    return "" if unit == "count" else home if unit == "money" else unit


@register.filter
def signed(figure: int | None) -> str:
    """A count that may be short: ``3``, ``(1)``, an en dash for none."""
    if not figure:
        return "–"
    return f"({-figure:,})" if figure < 0 else f"{figure:,}"


@register.filter
def tenths(share: int | None) -> str:
    """Tenths of a percent: ``38.1``, ``(1.7)``; nothing comparable is ``n/m``."""
    if share is None:
        return "n/m"
    text = f"{abs(share) // 10}.{abs(share) % 10}"
    return f"({text})" if share < 0 else text


@register.filter
def amount(figure: int | None, currency: str = "USD") -> str:
    """A figure of a check that is money: a nil reads 0.00, because nil is what was proven."""
    if figure is None:
        return "–"
    return money(figure, currency) if figure else money(100, currency).replace("1", "0")


@register.filter
def count(figure: int | None) -> str:
    return "–" if figure is None else f"{figure:,}"


@register.filter
def iso_day(text: str) -> str:
    """``2026-04-07`` as ``Apr 7, 2026``."""
    return written_day(date.fromisoformat(text)) if text else ""


@register.filter
def short_day(value: str | date | datetime | None) -> str:
    """``Apr 7``."""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10]) if value else None
    return f"{value:%b} {value.day}" if value else ""


@register.filter
def long_day(text: str) -> str:
    """``2026-03-31`` as ``March 31, 2026``."""
    on = date.fromisoformat(text[:10])
    return f"{on:%B} {on.day}, {on.year}"


@register.filter
def month_name(value: date | str) -> str:
    """``March 2026`` of a month's first day or of ``2026-03``."""
    return Month.parse(value).label if isinstance(value, str) else Month.of(value).label


@register.filter
def look(state: str) -> str:
    return LOOK.get(state, state)


@register.filter
def board_look(status: str) -> str:
    return BOARD_LOOK.get(status, status)


@register.filter
def spaced(digest: str) -> str:
    """The first 16 digits of a hash in groups of four."""
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4)).upper()


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def minus(left: int, right: int) -> int:
    return left - right


@register.filter
def get_at(rows: list[Any], index: int) -> Any:
    return rows[index] if 0 <= index < len(rows) else None


@register.filter
def total(rows: list[dict[str, int]], name: str) -> int:
    return sum(row[name] for row in rows)


@register.filter
def iso_minute(text: str) -> str:
    """``2026-04-08T16:12+00:00`` as ``Apr 8, 2026, 4:12 pm`` in the active time zone."""
    return moment(datetime.fromisoformat(text)) if text else ""
