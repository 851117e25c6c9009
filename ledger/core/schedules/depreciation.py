"""Depreciation of fixed assets month by month, and what a disposal leaves as gain or loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.period import FiscalYear, Month
from ledger.core.schedules.terms import MILLION, Row, Terms, running, shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

_YEAR, _HALF_YEAR = 12, 6


def written_down(terms: Terms) -> list[Row]:
    """Straight line or declining balance, from the month the convention begins with, down to the salvage value exactly.

    ``full-month`` counts the month in which the asset begins to serve, ``next-month`` the one after, ``mid-month`` half of both.
    ``half-year`` takes every asset as in service since the middle of its first fiscal year, whose months carry six months of its
    life; from the next year on each month carries one (IRS Publication 946, "Which Convention Applies?").
    """
    if terms.method == "declining" or terms.convention == "half-year":
        return running(_by_year(terms), terms.total)
    begins = _begins(terms)
    months = begins.through(begins.shift(terms.months - 1))
    weights = {month.last: 2 for month in months}
    if terms.convention == "mid-month":
        weights[months[0].last] = weights[months[-1].next.last] = 1
    return running(shared(terms.total, weights), terms.total)


def _begins(terms: Terms) -> Month:
    return Month.of(terms.starts_on).shift(1 if terms.convention == "next-month" else 0)


def _years(terms: Terms) -> Iterator[tuple[int, list[Month]]]:
    """The life year by year: how many months of it a year takes, and the months of the books that carry them."""
    at, begins = 0, _begins(terms)
    if terms.convention == "half-year":
        at = min(_HALF_YEAR, terms.months)
        ends = FiscalYear.of(begins, terms.fiscal_year_start).last
        yield at, begins.through(ends)
        begins = ends.next
    while at < terms.months:
        span = min(_YEAR, terms.months - at)
        yield span, begins.through(begins.shift(span - 1))
        at, begins = at + span, begins.shift(span)


def _by_year(terms: Terms) -> list[Row]:
    """Each year's charge spread over its months; the last year takes the rest.

    A declining balance takes a rate of what the books still hold; with ``switches`` a year takes straight line over what is left
    of the life as soon as that is more.
    """
    rows: list[Row] = []
    value, at = terms.amount, 0
    for span, months in _years(terms):
        left = value - terms.residual
        straight = _half_up(left * span, terms.months - at)
        charge = straight
        if terms.method == "declining":
            charge = _half_up(value * terms.rate_millionths * span, terms.months * MILLION)
            charge = max(charge, straight) if terms.switches else charge
        charge = left if at + span >= terms.months else min(charge, left)
        rows += shared(charge, {month.last: 1 for month in months}) if charge else []
        value, at = value - charge, at + span
    return rows


def last_charge(terms: Terms, rows: Sequence[Row], on: date) -> int:
    """What the month of an asset's disposal still takes of its table ``rows``, by the convention; minor units.

    ``full-month`` nothing, ``next-month`` its whole month, ``mid-month`` half of it, ``half-year`` what brings its fiscal year to
    the half of a year: below nil where more was booked. What was placed in service and disposed of in one period of a half
    (month, year) takes nothing in it (Publication 946, "Dispositions"; 26 CFR 1.168(d)-1(b)(3)).
    """
    month = Month.of(on)
    planned = sum(row.amount for row in rows if row.month == month)
    if terms.convention == "next-month":
        return planned
    if terms.method == "units" or terms.convention == "full-month":
        return 0
    if terms.convention == "mid-month":
        return 0 if month <= _begins(terms) else planned // 2
    year = FiscalYear.of(month, terms.fiscal_year_start)
    booked = sum(row.amount - row.catch_up for row in rows if year.first <= row.month < month)
    if year == FiscalYear.of(_begins(terms), terms.fiscal_year_start):
        return -booked
    middle = year.first.shift(_HALF_YEAR)
    half = sum(row.amount - row.catch_up for row in rows if year.first <= row.month < middle)
    return half - booked


def used_up(terms: Terms) -> list[Row]:
    """Units of production: each month its share of the life's units; when all are used, all is written off to the unit."""
    used: dict[Month, int] = {}
    for step in terms.steps:
        used[Month.of(step.on)] = used.get(Month.of(step.on), 0) + step.amount
    rows, so_far, booked = [], 0, 0
    for month in sorted(used):
        so_far += used[month]
        part = terms.total * so_far // terms.units - booked
        booked += part
        rows.append(Row(month.last, part))
    return running([row for row in rows if row.amount], terms.total)


def _half_up(amount: int, by: int) -> int:
    """``amount`` ÷ ``by``, rounded half away from nil; both positive."""
    return (2 * amount + by) // (2 * by)


@dataclass(frozen=True, slots=True)
class Disposal:
    """What leaves the books with an asset. ``gain`` is positive for a gain, negative for a loss; minor units."""

    cost: int
    accumulated: int
    proceeds: int

    @property
    def book_value(self) -> int:
        return self.cost - self.accumulated

    @property
    def gain(self) -> int:
        return self.proceeds - self.book_value


def disposal(cost: int, rows: list[Row], on: date, proceeds: int) -> Disposal:
    """What leaves with an asset of this cost whose kept ``rows`` were booked up to ``on``."""
    return Disposal(cost, sum(row.amount for row in rows if row.on <= on), proceeds)
