"""Calendar months, fiscal years and business days as values. Nothing here asks the clock."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """One calendar month; months compare and sort by time. Raises ValueError for a month that is none."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12 or not 1 <= self.year <= 9998:
            raise ValueError(f"{self.year}-{self.month} is not a month")

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """``2026-03``. Raises ValueError for anything else."""
        year, dash, month = text.partition("-")
        if (
            len(year) != 4
            or len(month) != 2
            or not dash
            or not (year + month).isascii()
            or not (year + month).isdigit()
        ):
            raise ValueError(f"{text!r} is not a month (YYYY-MM)")
        return cls(int(year), int(month))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def label(self) -> str:
        """``March 2026``."""
        return f"{self.first:%B} {self.year}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    @property
    def index(self) -> int:
        """Months since year 0: a number that grows by one each month."""
        return self.year * 12 + self.month - 1

    def shift(self, months: int) -> Month:
        year, month = divmod(self.index + months, 12)
        return Month(year, month + 1)

    @property
    def next(self) -> Month:
        return self.shift(1)

    @property
    def previous(self) -> Month:
        return self.shift(-1)

    @property
    def year_before(self) -> Month:
        return Month(self.year - 1, self.month)

    def contains(self, day: date) -> bool:
        return day.year == self.year and day.month == self.month

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.contains(day)

    def days(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY

    def through(self, last: Month) -> list[Month]:
        """The months from this one to ``last``, both included; empty if ``last`` is earlier."""
        return [self.shift(step) for step in range(last.index - self.index + 1)]


#: Where a statement begins or ends: a whole month, or one day.
Point = Month | date


def first_day(point: Point) -> date:
    """The first day of a month; a day itself."""
    return point.first if isinstance(point, Month) else point


def last_day(point: Point) -> date:
    """The last day of a month; a day itself."""
    return point.last if isinstance(point, Month) else point


def month_of(point: Point) -> Month:
    """The month a point lies in."""
    return point if isinstance(point, Month) else Month.of(point)


def before(point: Point) -> Point:
    """What ends the day before ``point`` begins: the month before a month, the day before a day."""
    return point.previous if isinstance(point, Month) else point - _DAY


@dataclass(frozen=True, order=True, slots=True)
class FiscalYear:
    """Twelve months from ``first``; named by the calendar year in which it ends."""

    first: Month

    @classmethod
    def of(cls, month: Month, start_month: int = 1) -> FiscalYear:
        """The fiscal year in which a month lies, for years that begin with ``start_month`` (1 = calendar year)."""
        year = month.year if month.month >= start_month else month.year - 1
        return cls(Month(year, start_month))

    @property
    def last(self) -> Month:
        return self.first.shift(11)

    @property
    def label(self) -> str:
        return f"FY{self.last.year}"

    @property
    def previous(self) -> FiscalYear:
        return FiscalYear(self.first.shift(-12))

    def months(self) -> list[Month]:
        return self.first.through(self.last)

    def quarter_of(self, month: Month) -> int:
        """1 to 4. Raises ValueError for a month outside the year."""
        step = month.index - self.first.index
        if not 0 <= step < 12:
            raise ValueError(f"{month} is not in {self.label}")
        return step // 3 + 1


def quarter(month: Month) -> tuple[Month, Month]:
    """First and last month of the calendar quarter (payroll tax returns know no fiscal year)."""
    first = Month(month.year, (month.month - 1) // 3 * 3 + 1)
    return first, first.shift(2)


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth weekday of a month (Monday is 0); nth −1 is the last."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = Month(year, month).last
    return last - timedelta(days=(last.weekday() - weekday) % 7)


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> frozenset[date]:
    """The Federal Reserve Banks' holidays of a year: those on a Sunday move to Monday, those on a Saturday are not moved.

    https://www.frbservices.org/about/holiday-schedules
    """
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    moved = [day + _DAY if day.weekday() == 6 else day for day in fixed]
    floating = [(1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4)]
    return frozenset([*moved, *(_nth_weekday(year, month, weekday, nth) for month, weekday, nth in floating)])


def is_business_day(day: date) -> bool:
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year)


def add_business_days(day: date, count: int) -> date:
    """The ``count``-th business day after ``day`` (before it, if negative); 0 gives the day itself, whatever it is."""
    step = _DAY if count > 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        left -= is_business_day(day)
    return day


def business_days_between(first: date, last: date) -> int:
    """Business days from ``first`` to ``last``, both included; 0 if ``last`` is earlier."""
    return sum(is_business_day(first + timedelta(days=step)) for step in range((last - first).days + 1))


def weekdays_between(first: date, last: date) -> int:
    """Mondays to Fridays from ``first`` to ``last``, both included: the days pay is earned, holidays among them."""
    return sum((first + timedelta(days=step)).weekday() < _SATURDAY for step in range((last - first).days + 1))


def due_on(month: Month, business_days: int) -> date:
    """The day a month's close is due: the nth business day after its last day."""
    return add_business_days(month.last, business_days)
