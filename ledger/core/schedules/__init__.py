"""Schedules: what a prepaid, an asset, a loan, deferred revenue or an accrual books in each month, to the unit. Pure.

``plan`` draws the whole table from the terms, ``settled`` puts it beside what closed months hold, ``ended`` cuts it short.
Amounts are minor units; a row's amount lowers the balance of the schedule's account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.core.schedules.depreciation import disposal, last_charge, used_up, written_down
from ledger.core.schedules.loans import current_portion, repaid
from ledger.core.schedules.settling import ended, settled
from ledger.core.schedules.spreading import accrued, by_day, by_milestones, by_month
from ledger.core.schedules.terms import KINDS, METHODS, Row, ScheduleError, Terms, problems

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "KINDS",
    "METHODS",
    "Row",
    "ScheduleError",
    "Terms",
    "current_portion",
    "disposal",
    "ended",
    "last_charge",
    "plan",
    "problems",
    "settled",
]

_BY_METHOD: dict[str, Callable[[Terms], list[Row]]] = {
    "months": by_month,
    "days": by_day,
    "milestones": by_milestones,
    "straight-line": written_down,
    "declining": written_down,
    "units": used_up,
    "annuity": repaid,
    "fixed-principal": repaid,
    "interest-only": repaid,
    "once": accrued,
}


def plan(terms: Terms) -> list[Row]:
    """The whole table, oldest first, each row with what is left after it. Raises ScheduleError for terms that do not hold."""
    if found := problems(terms):
        field, said = next(iter(found.items()))
        raise ScheduleError(said, field=field)
    return _BY_METHOD[terms.method](terms)
