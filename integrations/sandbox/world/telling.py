"""What stories are made of: days and moments, exact parts, payouts on a schedule, bank lines, balances that run along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

from integrations.sandbox.world.calendar import (
    CUT_OVER,
    HORIZON,
    STORY_MONTHS,
    day_in,
    days_between,
    is_business_day,
    local_instant,
    month_end,
    month_of,
    months_between,
    next_business_day,
)
from integrations.sandbox.world.chance import share
from integrations.sandbox.world.journal import Event, Movement, entry
from integrations.sandbox.world.told import BANK, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date, datetime
    from random import Random

#: The months a story covers, April's first days included, and those whose ends are proven.
MONTHS = tuple(months_between(month_of(CUT_OVER), month_of(HORIZON)))
PROVEN = tuple(month for month in STORY_MONTHS if month >= month_of(CUT_OVER))
WEEKDAYS = (0, 1, 2, 3, 4)

Item = TypeVar("Item")


# ---- when ----------------------------------------------------------------------------------------------------------------


def moments(rng: Random, month: str, count: int, *, hours: tuple[int, int] = (9, 19)) -> list[datetime]:
    """About `count` aware instants of a month in order, within opening hours of the company; fewer in the last, short month."""
    last = min(month_end(month), HORIZON)
    wanted = count * last.day // month_end(month).day
    found = [
        local_instant(
            day_in(month, rng.randint(1, last.day)), rng.randint(*hours), rng.randint(0, 59), rng.randint(0, 59)
        )
        for _ in range(wanted)
    ]
    return sorted(found)


def story_days(*, business: bool = False) -> list[date]:
    """Every day from the cut-over to the horizon, or every business day."""
    return [day for day in days_between(CUT_OVER, HORIZON) if not business or is_business_day(day)]


# ---- how much ------------------------------------------------------------------------------------------------------------


def parts(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """An amount split by weights, to the unit: what rounding leaves goes to the heaviest."""
    whole = sum(weights)
    found = [amount_minor * weight // whole for weight in weights]
    found[weights.index(max(weights))] += amount_minor - sum(found)
    return found


def taxes(goods_minor: int, rates: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """(jurisdiction, tax) for each (jurisdiction, basis points), rounded one by one as tills do; nil ones left out."""
    found = ((name, share(goods_minor, basis_points)) for name, basis_points in rates)
    return tuple(pair for pair in found if pair[1])


# ---- payouts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settlement(Generic[Item]):
    """One payout: what it pays out, when it was sent and when the bank shows it. Negative: taken from the bank."""

    number: int
    sent_on: date
    arrives_on: date
    amount_minor: int
    items: tuple[Item, ...]


def settle(
    items: Iterable[Item],
    *,
    net: Callable[[Item], int],
    ready: Callable[[Item], date],
    weekdays: Collection[int] = WEEKDAYS,
    travels: int = 1,
    owes: bool = False,
) -> list[Settlement[Item]]:
    """Payouts on business days of these weekdays, each of everything ready before that day; `travels` business days.

    A day that would pay nothing or less waits for the next, unless the company `owes` what is missing: then it is taken
    from the bank. What is ready after the last payout day before the horizon is paid by none.
    """
    waiting = sorted(items, key=ready)
    payouts: list[Settlement[Item]] = []
    start = end = 0
    for day in story_days(business=True):
        if day.weekday() not in weekdays:
            continue
        while end < len(waiting) and ready(waiting[end]) < day:
            end += 1
        amount = sum(net(item) for item in waiting[start:end])
        if amount > 0 or (owes and amount):
            arrives = next_business_day(day, travels) if travels else day
            payouts.append(Settlement(len(payouts) + 1, day, arrives, amount, tuple(waiting[start:end])))
            start = end
    return payouts


# ---- what it leaves behind -----------------------------------------------------------------------------------------------


def bank_line(
    key: str, day: date, amount_minor: int, text: str, *, account: str = "Checking", merchant: str = ""
) -> Movement:
    """A line on the statement of the day it is booked. Cents, positive = money in."""
    category = "INCOME" if amount_minor > 0 else "GENERAL_SERVICES"
    return Movement(key, account, day, day, amount_minor, text, merchant, category)


def payout_event(
    slug: str,
    key: str,
    payout: Settlement[Item],
    *,
    clearing: str,
    transit: str,
    text: str,
    merchant: str = "",
    bank: str = "Checking",
) -> Event:
    """A payout sent (clearing → in transit) by the system and its arrival (in transit → bank) with the bank's line."""
    amount, day = payout.amount_minor, payout.arrives_on
    return Event(
        postings=entry(payout.sent_on, slug, key, (transit, amount), (clearing, -amount))
        + entry(day, BANK, f"{key}-arrival", (bank, amount), (transit, -amount)),
        movements=(bank_line(f"{key}-arrival", day, amount, text, account=bank, merchant=merchant),),
    )


def cash_event(
    key: str, day: date, account: str, amount_minor: int, text: str, *, merchant: str = "", bank: str = "Checking"
) -> Event:
    """A bank line that books itself: positive = bank debited and `account` credited (a pull is negative)."""
    lines = entry(day, BANK, key, (bank, amount_minor), (account, -amount_minor))
    movement = bank_line(key, day, amount_minor, text, account=bank, merchant=merchant)
    return Event(postings=lines, movements=(movement,))


def held(
    rows: Iterable[tuple[date, int]], accounts: tuple[str, ...], *, currency: str = "USD", name: str = ""
) -> tuple[Held, ...]:
    """What a system holds at each proven month's end, from its own rows (day, net in minor units; positive = more held).

    The rows are the system's, not the postings, so that both are proven against each other.
    """
    by_day: dict[date, int] = {}
    for day, amount in rows:
        by_day[day] = by_day.get(day, 0) + amount
    days = days_between(CUT_OVER, HORIZON)
    running = dict(zip(days, accumulate(by_day.get(day, 0) for day in days), strict=True))
    return tuple(Held(month_end(month), running[month_end(month)], accounts, currency, name=name) for month in PROVEN)


def later(day: date, low: int, high: int, rng: Random) -> date:
    """A day some days on, weekends too."""
    return day + timedelta(days=rng.randint(low, high))
