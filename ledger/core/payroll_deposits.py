"""When employment taxes are deposited, and which deposit paid what. Amounts in cents, days of the employer's calendar.

Sources: IRS Publication 15 section 11 (lookback period, monthly and semiweekly schedules, $100,000 next-day rule, payment
with the return below $2,500, business days), section 14 (federal unemployment tax: $500); instructions for Schedule B
(Form 941) and for Form 941 line 16 (liability on the day wages were paid; a decrease is carried to the next liability).
https://www.irs.gov/publications/p15
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ledger.core.period import bank_holidays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Kind: TypeAlias = Literal["monthly", "semiweekly"]
Rule: TypeAlias = Literal["monthly", "semiweekly", "next day", "with the return", "quarterly"]
Quarter: TypeAlias = tuple[int, int]

#: Taxes of the lookback period up to which an employer deposits monthly.
LOOKBACK_LIMIT = 50_000_00
#: Taxes accumulated on a day of a deposit period from which they are due on the next business day.
NEXT_DAY_FROM = 100_000_00
#: Taxes of a quarter (or of the one before) below which they may be paid with the return.
WITH_RETURN_BELOW = 2_500_00
#: Unemployment tax above which a quarter's sum is deposited; up to it, it is carried to the next quarter.
FUTA_DEPOSIT_ABOVE = 500_00

#: A balance below it need not be paid (Form 941 and Form 940, line 14).
PAID_FROM = 1_00

_DAY = timedelta(days=1)
_TUESDAY, _WEDNESDAY, _FRIDAY, _SATURDAY = 1, 2, 4, 5


@lru_cache(maxsize=64)
def legal_holidays(year: int) -> frozenset[date]:
    """Legal holidays in the District of Columbia: the banks', Emancipation Day, and Fridays before holidays on a Saturday."""
    emancipation = date(year, 4, 16)
    given = {emancipation, date(year, 1, 1), date(year + 1, 1, 1), *bank_holidays(year)}
    moved = {day - _DAY for day in given if day.weekday() == _SATURDAY}
    moved |= {day + _DAY for day in given if day.weekday() > _SATURDAY}
    return frozenset(given | moved)


def is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in legal_holidays(day.year)


def on_business_day(day: date) -> date:
    """The day, or the next business day where it is none."""
    while not is_business_day(day):
        day += _DAY
    return day


def _after(day: date, count: int) -> date:
    """The ``count``-th business day after a day."""
    for _ in range(count):
        day = on_business_day(day + _DAY)
    return day


def quarter_of(day: date) -> Quarter:
    return day.year, (day.month - 1) // 3 + 1


def last_of(quarter: Quarter) -> date:
    year, number = quarter
    return date(year, 3 * number, monthrange(year, 3 * number)[1])


def return_due(quarter: Quarter) -> date:
    """Form 941 is due on the last day of the month after its quarter, on the next business day where that is none."""
    first = last_of(quarter) + _DAY
    return on_business_day(first.replace(day=monthrange(first.year, first.month)[1]))


def lookback(year: int) -> tuple[Quarter, Quarter, Quarter, Quarter]:
    """The four quarters that decide a year's schedule: from 1 July two years before to 30 June of the year before."""
    return (year - 2, 3), (year - 2, 4), (year - 1, 1), (year - 1, 2)


def kind_of(year: int, taxes: Mapping[Quarter, int], *, had_next_day: bool = False) -> Kind | None:
    """Monthly or semiweekly, by line 12 of the lookback period's returns (0 for a quarter without wages).

    ``had_next_day``: $100,000 were due in one day of the year before. None: quarters are not known and decide.
    """
    known = [taxes[quarter] for quarter in lookback(year) if quarter in taxes]
    if had_next_day or sum(known) > LOOKBACK_LIMIT:
        return "semiweekly"
    return "monthly" if len(known) == len(lookback(year)) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The taxes of one deposit period, and the day by which they are deposited."""

    first: date
    last: date
    liability: int
    due_on: date
    rule: Rule

    @property
    def quarter(self) -> Quarter:
        return quarter_of(self.first)


def schedule(days: Mapping[date, int], kind: Kind, *, before: int | None = None) -> list[Due]:
    """A year's deposits from its pay days' liabilities.

    A monthly depositor that accumulates $100,000 is a semiweekly one from the next day on. ``before``: the taxes of the quarter
    before the first one here, which may let that be paid with its return; None: not known.
    """
    found: list[Due] = []
    held: list[tuple[date, int]] = []
    now: Kind = kind
    for day in sorted(days):
        if held and _period(held[0][0], now) != _period(day, now):
            found.append(_due(held, now))
            held = []
        held.append((day, days[day]))
        if sum(amount for _, amount in held) >= NEXT_DAY_FROM:
            found.append(_of(held, _after(day, 1), "next day"))
            held, now = [], "semiweekly"
    if held:
        found.append(_due(held, now))
    return list(_with_return(found, before))


def _period(day: date, kind: Kind) -> tuple[date, date]:
    """First and last day of the deposit period a day lies in; none runs over a quarter's end."""
    if kind == "monthly":
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    starts_on = _WEDNESDAY if _WEDNESDAY <= day.weekday() <= _FRIDAY else _SATURDAY
    first = day - timedelta(days=(day.weekday() - starts_on) % 7)
    last = first + timedelta(days=2 if starts_on == _WEDNESDAY else 3)
    ends = last_of(quarter_of(day))
    starts = date(day.year, 3 * quarter_of(day)[1] - 2, 1)
    return max(first, starts), min(last, ends)


def _due(held: Sequence[tuple[date, int]], kind: Kind) -> Due:
    """Monthly: the 15th of the next month. Semiweekly: three business days after the Tuesday or Friday that ends the period."""
    last = held[-1][0]
    if kind == "monthly":
        after = _period(last, kind)[1] + _DAY
        return _of(held, on_business_day(after.replace(day=15)), kind)
    ends_on = _FRIDAY if _WEDNESDAY <= last.weekday() <= _FRIDAY else _TUESDAY
    return _of(held, _after(last + timedelta(days=(ends_on - last.weekday()) % 7), 3), kind)


def _of(held: Sequence[tuple[date, int]], due_on: date, rule: Rule) -> Due:
    return Due(
        first=held[0][0], last=held[-1][0], liability=sum(amount for _, amount in held), due_on=due_on, rule=rule
    )


def _with_return(found: Sequence[Due], before: int | None) -> Iterator[Due]:
    """What may be paid with the return: a quarter below the limit, or after one below it, without a next-day deposit in it."""
    sums: dict[Quarter, int] = {}
    for due in found:
        sums[due.quarter] = sums.get(due.quarter, 0) + due.liability
    fast = {due.quarter for due in found if due.rule == "next day"}
    for due in found:
        year, number = due.quarter
        prior = before if due.quarter == found[0].quarter else sums.get((year, number - 1), 0)
        is_small = sums[due.quarter] < WITH_RETURN_BELOW or (prior is not None and prior < WITH_RETURN_BELOW)
        if is_small and due.quarter not in fast:
            rule: Rule = "with the return"
            due = Due(  # noqa: PLW2901
                first=due.first, last=due.last, liability=due.liability, due_on=return_due(due.quarter), rule=rule
            )
        yield due


def carried(days: Mapping[date, int]) -> dict[date, int]:
    """A quarter's liabilities as Schedule B shows them: no day is negative, a decrease lowers the next days' liabilities.

    What is left of a decrease after the last day stays with that day, so that the days make line 12.
    """
    shown, left = {}, 0
    ordered = sorted(days)
    for day in ordered:
        left += days[day]
        shown[day], left = (left, 0) if left >= 0 or day == ordered[-1] else (0, left)
    return shown


def by_month(days: Mapping[date, int], quarter: Quarter) -> tuple[int, int, int]:
    """Line 16 of Form 941: the liability of the quarter's three months."""
    first, shown = 3 * quarter[1] - 2, carried(days)
    one, two, three = (sum(amount for day, amount in shown.items() if day.month == first + at) for at in range(3))
    return one, two, three


class Payment(NamedTuple):
    """Money that left for these taxes. ``for_day``: the pay day it belongs to; without it, it pays the oldest that is owed."""

    paid_on: date
    amount: int
    for_day: date | None = None


@dataclass(slots=True)
class Settled:
    """A deposit period with what was paid of it; ``last_on`` is the day of the payment that came last."""

    due: Due
    paid: int = 0
    last_on: date | None = None
    payments: list[int] = field(default_factory=list)

    @property
    def outstanding(self) -> int:
        return self.due.liability - self.paid

    @property
    def is_owed(self) -> bool:
        return self.outstanding >= PAID_FROM

    @property
    def was_late(self) -> bool:
        return self.last_on is not None and self.last_on > self.due.due_on

    def is_overdue(self, on: date) -> bool:
        return self.is_owed and self.due.due_on <= on

    def take(self, amount: int, number: int, on: date) -> None:
        self.paid += amount
        self.last_on = max(on, self.last_on or on)
        self.payments.append(number)


def settle(dues: Iterable[Due], payments: Sequence[Payment]) -> tuple[list[Settled], list[tuple[int, int]]]:
    """Which payment paid which deposit period, and what is left of payments: (their place in the sequence, amount).

    A payment of a pay day pays its period first. What remains of it, and every other, pays the oldest period outstanding.
    """
    found = [Settled(due) for due in sorted(dues, key=lambda due: (due.first, due.last))]
    free: list[tuple[date, int, int]] = []
    for number, payment in enumerate(payments):
        left, day = payment.amount, payment.for_day
        own = next((one for one in found if day and one.due.first <= day <= one.due.last), None)
        if own is not None:
            part = min(left, max(own.outstanding, 0)) if left > 0 else left
            if part:
                own.take(part, number, payment.paid_on)
            left -= part
        if left:
            free.append((payment.paid_on, number, left))
    rest = []
    for paid_on, number, amount in sorted(free):
        left = amount
        for one in found:
            part = min(left, one.outstanding)
            if part > 0:
                one.take(part, number, paid_on)
                left -= part
        if left:
            rest.append((number, left))
    return found, rest


def futa_dues(liabilities: Mapping[Quarter, int]) -> list[Due]:
    """A year's deposits of unemployment tax from its quarters' liabilities: due by the end of the month after the quarter in which
    the sum not yet due is above $500; what remains after the fourth is paid with Form 940.
    """
    found: list[Due] = []
    first, held = None, 0
    for quarter in sorted(liabilities):
        first, held = first or _first_of(quarter), held + liabilities[quarter]
        if held > FUTA_DEPOSIT_ABOVE or (quarter[1] == 4 and held):
            rule: Rule = "quarterly" if held > FUTA_DEPOSIT_ABOVE else "with the return"
            found.append(Due(first=first, last=last_of(quarter), liability=held, due_on=return_due(quarter), rule=rule))
            first, held = None, 0
    return found


def _first_of(quarter: Quarter) -> date:
    return date(quarter[0], 3 * quarter[1] - 2, 1)
