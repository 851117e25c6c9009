"""Prepaids and deferred revenue over months, days or milestones; accruals and their reversal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.core.period import Month
from ledger.core.schedules.terms import MID_MONTH, Row, Terms, running, shared

if TYPE_CHECKING:
    from datetime import date


def by_month(terms: Terms) -> list[Row]:
    """Equal parts at the end of each month. The first month counts if it begins on or before the 15th, the last if it reaches it.

    January 20 to January 19 is thus twelve months, as January 1 to December 31 is.
    """
    first, last = Month.of(terms.starts_on), Month.of(_end(terms))
    months = first.through(last)
    counted = [
        month
        for month in months
        if not (month == first and terms.starts_on.day > MID_MONTH)
        and not (month == last and _end(terms) < month.last and _end(terms).day < MID_MONTH)
    ]
    return running(shared(terms.amount, {month.last: 1 for month in counted or [first]}), terms.total)


def by_day(terms: Terms) -> list[Row]:
    """By the days of each month that are covered, first and last day included; booked at the month's end."""
    months = Month.of(terms.starts_on).through(Month.of(_end(terms)))
    weights = {
        month.last: (min(month.last, _end(terms)) - max(month.first, terms.starts_on)).days + 1 for month in months
    }
    return running(shared(terms.amount, weights), terms.total)


def by_milestones(terms: Terms) -> list[Row]:
    """What each milestone earns, on its day; two of one month are one row, on the later day."""
    earned: dict[Month, tuple[date, int]] = {}
    for step in sorted(terms.steps):
        _before, sum_so_far = earned.get(Month.of(step.on), (step.on, 0))
        earned[Month.of(step.on)] = (step.on, sum_so_far + step.amount)
    return running([Row(on, amount) for on, amount in earned.values() if amount], terms.total)


def accrued(terms: Terms) -> list[Row]:
    """The accrual raises the balance on its day, and the reversal takes all of it back on its own."""
    return running([Row(terms.starts_on, -terms.amount), Row(_end(terms), terms.amount)], 0)


def _end(terms: Terms) -> date:
    assert terms.ends_on is not None, "plan() looked"
    return terms.ends_on
