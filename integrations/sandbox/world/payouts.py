"""The processor's payouts: what each one is made of, when it was sent and when the bank shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world.calendar import (
    FIRST_DAY,
    HORIZON,
    days_between,
    is_business_day,
    last_business_day,
    local_instant,
    month_of,
    next_business_day,
    utc_midnight,
)
from integrations.sandbox.world.chance import PLAIN, letters, stream
from integrations.sandbox.world.sales import Row

if TYPE_CHECKING:
    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.sales import Sales

LATE_PAYOUT_SENT = date(2026, 3, 24)
LATE_PAYOUT_ARRIVES = date(2026, 4, 2)


@dataclass(frozen=True, slots=True)
class Payout:
    """Money sent to the bank. `expected_on` is what the processor says, `arrives_on` the day on the bank statement."""

    id: str
    row: Row
    trace: str
    created: datetime
    amount_minor: int
    expected_on: date
    arrives_on: date
    row_ids: tuple[str, ...]

    @property
    def bank_text(self) -> str:
        return f"STRIPE TRANSFER {self.trace}"


def _sent_on(cast: Cast, day: date) -> bool:
    if not is_business_day(day):
        return False
    late = cast.catering_account and day == LATE_PAYOUT_SENT
    return late or day.weekday() in cast.payout_weekdays or day == last_business_day(month_of(day))


def _payout(cast: Cast, seed: int, day: date, rows: list[Row]) -> Payout:
    rng = stream(seed, cast.slug, "payout", day.isoformat())
    code, created = letters(rng, 16), local_instant(day, 6, rng.randint(2, 40), rng.randint(0, 59))
    amount = sum(row.net_minor for row in rows)
    expected = next_business_day(day, rng.choice((1, 2, 2)))
    late = cast.catering_account and day == LATE_PAYOUT_SENT
    payout_id = f"po_1T{code}"
    row = Row(
        f"txn_1P{code}",
        created,
        utc_midnight(created.date()),
        "payout",
        "payout",
        payout_id,
        -amount,
        0,
        "STRIPE PAYOUT",
    )
    return Payout(
        id=payout_id,
        row=row,
        trace=f"ST-{letters(rng, 4, PLAIN)}",
        created=created,
        amount_minor=amount,
        expected_on=expected,
        arrives_on=LATE_PAYOUT_ARRIVES if late else expected,
        row_ids=tuple(entry.id for entry in rows),
    )


def pay_out(cast: Cast, seed: int, sales: Sales) -> tuple[Payout, ...]:
    """Automatic payouts of every row available by the day's morning; a day that would pay nothing is passed over."""
    payouts: list[Payout] = []
    waiting = sorted(sales.rows, key=lambda row: (row.available_on, row.created, row.id))
    start, position = 0, 0
    for day in days_between(FIRST_DAY + timedelta(days=1), HORIZON):
        if not _sent_on(cast, day):
            continue
        sent_from = local_instant(day, 6)
        while position < len(waiting) and _is_due(waiting[position], day, sent_from):
            position += 1
        if sum(row.net_minor for row in waiting[start:position]) > 0:
            payouts.append(_payout(cast, seed, day, waiting[start:position]))
            start = position
    return tuple(payouts)


def _is_due(row: Row, day: date, sent_from: datetime) -> bool:
    return row.available_on.date() <= day and row.created < sent_from
