"""Printed dates. The printed day is the book date: a time or zone behind it never moves it."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
CENTURY_TURN = 70

_TIME = r"(?:[T ,]+[0-9]{1,2}[:.h].*|\s+00:00.*)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/. ]?)([0-9]{1,2})\2([0-9]{1,2})\.?" + _TIME)
_COMPACT_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{4,6}(?:[.\[].*)?")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/. ])\s*([0-9]{1,2})(?:\2|')\s*([0-9]{4}|[0-9]{1,2})\.?" + _TIME)
_DAY_NAME = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|\.)?[-/. ]*([^\W\d_]{3,10})\.?[-/., ]*'?([0-9]{4}|[0-9]{2})" + _TIME
)
_NAME_DAY = re.compile(r"([^\W\d_]{3,10})\.?[-/ ]*([0-9]{1,2})(?:st|nd|rd|th)?[-/, ]+'?([0-9]{4}|[0-9]{2})" + _TIME)
_MONTHS = (
    "jan jän gen ene sty", "feb fév fev febr lut", "mar mär mrt maa mrz márc", "apr avr abr kwi", "may mai mei mag maj máj",
    "jun juin giu cze juni jún", "jul juil lug lip juli júl", "aug aoû aou ago sie", "sep set wrz szept",
    "oct okt ott out paź", "nov lis", "dec dez déc dic gru des",
)  # fmt: skip
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}


def day(year: int, month: int, number: int) -> date | None:
    """The date, a two-digit year in 1970–2069; None when there is no such day."""
    if year < 100:
        year += 2000 if year < CENTURY_TURN else 1900
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    try:
        return date(year, month, number)
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def read(text: str, order: str) -> date | None:
    """The date in ``order`` (``DMY``, ``MDY``, or ``YMD`` for two-digit years in front); None when it is none.

    Years of four digits in front and month names are read whatever the order.
    """
    text = text.strip()
    if not text or len(text) > 60 or not text.isprintable():
        return None
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT_TIME.fullmatch(text):
        groups = [part for part in found.groups() if part and part.isdigit()]
        return day(int(groups[0]), int(groups[1]), int(groups[2]))
    if found := _NUMERIC.fullmatch(text):
        first, second, third = int(found[1]), int(found[3]), int(found[4])
        if order == "YMD":
            return day(first, second, third)
        return day(third, second, first) if order == "DMY" else day(third, first, second)
    return _named(text)


def _named(text: str) -> date | None:
    if found := _DAY_NAME.fullmatch(text):
        number, name, year = found[1], found[2], found[3]
    elif found := _NAME_DAY.fullmatch(text):
        name, number, year = found[1], found[2], found[3]
    else:
        return None
    name = name.casefold()
    month = next((_MONTH_OF[name[:size]] for size in (5, 4, 3) if name[:size] in _MONTH_OF), 0)
    return day(int(year), month, int(number)) if month else None


def is_date(text: str) -> bool:
    return read(text, "DMY") is not None or read(text, "MDY") is not None


def order_of(columns: Sequence[Iterable[str]]) -> tuple[str, bool]:
    """The order of the numeric dates of these columns of one file, and whether that is certain.

    Certain: year in front, month names, points between (no bank prints month.day.year), a number above 12, or only one
    order in which a column of at least three days runs one way. One row with two numbers up to 12 tells nothing.
    """
    parts: list[tuple[int, str, int]] = []
    texts = [[text.strip() for text in column if text.strip()] for column in columns]
    for column in texts:
        parts += [
            (int(found[1]), found[2], int(found[3]))
            for text in column
            if (found := _NUMERIC.fullmatch(text)) is not None
        ]
    if not parts:
        return "YMD", True
    day_first = any(first > 12 for first, _, _ in parts)
    month_first = any(second > 12 for _, _, second in parts)
    if day_first != month_first:
        return ("DMY" if day_first else "MDY"), True
    if day_first:
        return "DMY", False
    if all(separator == "." for _, separator, _ in parts):
        return "DMY", True
    return _order_by_run(texts)


def _order_by_run(columns: Sequence[Sequence[str]]) -> tuple[str, bool]:
    for column in columns:
        runs = {order: _runs(column, order) for order in ("DMY", "MDY")}
        if runs["DMY"] != runs["MDY"]:
            return ("DMY" if runs["DMY"] else "MDY"), True
    return "DMY", False


def _runs(column: Sequence[str], order: str) -> bool:
    days = [found for text in column if (found := read(text, order)) is not None]
    return len(set(days)) >= 3 and is_sorted(days)


def is_sorted(days: Sequence[date]) -> bool:
    """Oldest first or newest first throughout."""
    return all(a <= b for a, b in pairwise(days)) or all(a >= b for a, b in pairwise(days))
