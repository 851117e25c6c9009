"""What a person asks of a schedule, and the table that comes of it beside what closed months hold. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ledger.core import schedules as core
from ledger.core.period import Month
from ledger.core.schedules import Row, ScheduleError, Terms
from ledger.core.schedules.terms import Step
from ledger.models import Account, Period, Schedule, ScheduleLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client


class ScheduleRefused(ValueError):  # noqa: N818
    """The schedule cannot be so; ``field`` names what to mend, '' for the whole."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A schedule as a person asks for it; see ``Schedule``. ``source`` is the journal line it was proposed from; ``before`` what
    was amortised before our books began, in minor units, where that is not what the terms say.
    """

    terms: Terms
    name: str
    account: Account
    counter_account: Account
    added_on: date
    contra_account: Account | None = None
    moved_from: Account | None = None
    duty: str = Schedule.Duty.HERE
    change: str = Schedule.Change.CATCH_UP
    party: str = ""
    support: str = ""
    department: str = ""
    klass: str = ""
    expected_on: date | None = None
    source: tuple[int, int] | None = None
    before: int | None = None


def terms_of(schedule: Schedule) -> Terms:
    """The terms of a kept schedule."""
    return Terms(
        kind=schedule.kind,
        method=schedule.method,
        amount=schedule.amount_minor,
        starts_on=schedule.starts_on,
        ends_on=schedule.ends_on,
        months=schedule.months,
        residual=schedule.residual_minor,
        rate_millionths=schedule.rate_millionths,
        payment=schedule.payment_minor,
        units=schedule.units,
        convention=schedule.convention,
        switches=schedule.switches,
        fiscal_year_start=schedule.client.fiscal_year_start_month,
        steps=tuple(Step(step.on, step.amount, step.interest_minor) for step in schedule.steps.all()),
    )


def rows_of(lines: Iterable[ScheduleLine]) -> list[Row]:
    """Kept lines as rows."""
    return [
        Row(line.on, line.amount_minor, line.interest_minor, line.closing_minor, line.catch_up_minor) for line in lines
    ]


def asked_of(of: Schedule) -> Asked:
    """A kept schedule as it could be asked for again."""
    return Asked(
        terms=terms_of(of),
        name=of.name,
        account=of.account,
        counter_account=of.counter_account,
        contra_account=of.contra_account,
        moved_from=of.moved_from,
        added_on=of.added_on,
        duty=of.duty,
        change=of.change,
        party=of.party,
        support=of.support,
        department=of.department,
        klass=of.klass,
        expected_on=of.expected_on,
    )


# ---- drawing the table ---------------------------------------------------------------------------------------------------


def draw(client: Client, asked: Asked, schedule: Schedule | None = None) -> list[Row]:
    """The table as it would be booked, for the preview and for keeping. Raises ScheduleRefused naming the field."""
    try:
        drawn = core.plan(asked.terms)
    except ScheduleError as refusal:
        raise ScheduleRefused(str(refusal), field=refusal.field) from refusal
    if not drawn and asked.terms.method != "units":
        raise ScheduleRefused("Nothing is due in any month.", field="amount")
    if asked.before is not None and not 0 <= asked.before <= asked.terms.total:
        raise ScheduleRefused("Not more than all of it.", field="before")
    first_open = first_open_month(client, asked)
    standing = _standing(client, asked, drawn, schedule, first_open)
    if asked.terms.kind == "accrual" and first_open > Month.of(asked.terms.starts_on) and not standing:
        raise ScheduleRefused(f"The books of {Month.of(asked.terms.starts_on).label} are closed.", field="starts_on")
    return core.settled(drawn, standing, first_open, spreads=asked.change == Schedule.Change.SPREAD)


def first_open_month(client: Client, asked: Asked) -> Month:
    """Where a difference lands: the month after the last closed one, not before the books nor before the amount is in them."""
    begins = Month.of(min(asked.added_on, asked.terms.starts_on))
    floor = Month.of(client.cut_over_on) if client.cut_over_on else begins
    closed = Period.objects.filter(client=client).exclude(state="open").order_by("-month").first()
    if closed is not None:
        floor = max(floor, Month.of(closed.month).next)
    return max(floor, Month.of(asked.added_on)) if asked.duty == Schedule.Duty.HERE else floor


def _standing(
    client: Client, asked: Asked, drawn: Sequence[Row], schedule: Schedule | None, first_open: Month
) -> list[Row]:
    """The rows of months gone that nothing changes: booked, booked elsewhere, or before our books began."""
    if schedule is not None:
        return rows_of(kept(schedule, first_open))
    if asked.duty == Schedule.Duty.ELSEWHERE:
        return [row for row in drawn if row.month < first_open]
    if client.cut_over_on is None or asked.added_on >= client.cut_over_on:
        return []
    if asked.before is not None:
        return [Row(client.cut_over_on - timedelta(days=1), asked.before)] if asked.before else []
    return [row for row in drawn if row.on < client.cut_over_on]


def kept(schedule: Schedule, first_open: Month) -> list[ScheduleLine]:
    lines = schedule.lines.filter(month__lt=first_open.first)
    if schedule.duty == Schedule.Duty.ELSEWHERE:
        return list(lines)
    cut = schedule.client.cut_over_on
    return [line for line in lines if line.entry_id is not None or (cut is not None and line.on < cut)]
