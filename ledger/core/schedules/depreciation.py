"""Depreciation of fixed assets month by month, and what a disposal leaves as gain or loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.period import Month
from ledger.core.schedules.terms import MILLION, Row, Terms, running, shared

if TYPE_CHECKING:
    from datetime import date

YEAR = 12


def written_down(terms: Terms) -> list[Row]:
    """Straight line or declining balance, from the month the convention begins with, down to the salvage value exactly.

    ``full-month`` counts the month in which the asset begins to serve, ``next-month`` the one after, ``mid-month`` half of both.
    """
    begins = Month.of(terms.starts_on).shift(1 if terms.convention == "next-month" else 0)
    if terms.method == "declining":
        return running(_declining(terms, begins), terms.total)
    months = begins.through(begins.shift(terms.months - 1))
    weights = {month.last: 2 for month in months}
    if terms.convention == "mid-month":
        weights[months[0].last] = weights[months[-1].next.last] = 1
    return running(shared(terms.total, weights), terms.total)


def _declining(terms: Terms, begins: Month) -> list[Row]:
    """Each year of service a rate of what the books still hold, spread over its months; the last year takes the rest.

    With ``switches`` a year takes straight line over what is left of the life as soon as that is more.
    """
    rows: list[Row] = []
    value, at = terms.amount, 0
    while at < terms.months:
        span = min(YEAR, terms.months - at)
        left = value - terms.residual
        charge = _half_up(value * terms.rate_millionths * span, terms.months * MILLION)
        if terms.switches:
            charge = max(charge, _half_up(left * span, terms.months - at))
        charge = left if at + span >= terms.months else min(charge, left)
        months = begins.shift(at).through(begins.shift(at + span - 1))
        rows += shared(charge, {month.last: 1 for month in months}) if charge else []
        value, at = value - charge, at + span
    return rows


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
