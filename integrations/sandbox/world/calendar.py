"""Dates of the story: business days, month ends, the company's own time zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOME_ZONE = ZoneInfo("America/Los_Angeles")
FIRST_DAY = date(2025, 1, 1)
CUT_OVER = date(2026, 1, 1)  # from this day the portal writes what the processors did
BOOK_CLOSE_DATE = date(2025, 12, 31)
LAST_MONTH = "2026-03"
HORIZON = date(2026, 4, 5)  # nothing in the story happens after this day
STORY_NOW = datetime(2026, 4, 6, 1, 0, tzinfo=UTC)  # 18:00 in Los Angeles on the horizon day

# Days the Federal Reserve's ACH service rests.
BANK_HOLIDAYS = frozenset(
    date(year, month, day)
    for year, month, day in (
        (2025, 1, 1),
        (2025, 1, 20),
        (2025, 2, 17),
        (2025, 5, 26),
        (2025, 6, 19),
        (2025, 7, 4),
        (2025, 9, 1),
        (2025, 10, 13),
        (2025, 11, 11),
        (2025, 11, 27),
        (2025, 12, 25),
        (2026, 1, 1),
        (2026, 1, 19),
        (2026, 2, 16),
    )
)


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def next_business_day(day: date, count: int = 1) -> date:
    """The `count`-th business day strictly after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def previous_business_day(day: date) -> date:
    day -= timedelta(days=1)
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


def on_or_after(day: date) -> date:
    return day if is_business_day(day) else next_business_day(day)


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def month_start(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def month_end(month: str) -> date:
    first = month_start(month)
    return first.replace(day=monthrange(first.year, first.month)[1])


def last_business_day(month: str) -> date:
    return previous_business_day(month_end(month) + timedelta(days=1))


def day_in(month: str, day: int) -> date:
    """Day `day` of the month, or the month's last day when it is shorter."""
    return month_start(month).replace(day=min(day, month_end(month).day))


def months_between(first: str, last: str) -> list[str]:
    months, day = [], month_start(first)
    while month_of(day) <= last:
        months.append(month_of(day))
        day = month_end(month_of(day)) + timedelta(days=1)
    return months


STORY_MONTHS = tuple(months_between(month_of(FIRST_DAY), LAST_MONTH))
ALL_MONTHS = tuple(months_between(month_of(FIRST_DAY), month_of(HORIZON)))


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def local_instant(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A wall-clock moment of the company as an aware UTC instant."""
    return datetime.combine(day, time(hour, minute, second), HOME_ZONE).astimezone(UTC)


def book_date(instant: datetime) -> date:
    return instant.astimezone(HOME_ZONE).date()


def utc_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
