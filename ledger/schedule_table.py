"""The kept table of a schedule: its lines put, taken out, and what closed months left unbooked caught up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from clients import audit
from ledger import finishing, posting
from ledger.core import schedules as core
from ledger.core.period import Month
from ledger.models import JournalEntry, Period, Schedule, ScheduleLine
from ledger.schedule_drawing import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import QuerySet

    from clients.models import Client, User
    from ledger.core.schedules import Row

CHANGED = "The schedule was changed."


def put(of: Schedule, rows: Sequence[Row], standing: Sequence[ScheduleLine], *, by: User | None = None) -> None:
    """Let just these rows be the table. Lines that stand are left; one that changes gives up the entry that booked it."""
    stays = {line.pk for line in standing}
    held = {line.month: line for line in of.lines.all()}
    wanted = {row.month.first: row for row in rows}
    differs = [
        line
        for month, line in held.items()
        if line.pk not in stays
        and (
            month not in wanted
            or (line.on, line.amount_minor, line.interest_minor)
            != (wanted[month].on, wanted[month].amount, wanted[month].interest)
        )
    ]
    drop(of, differs, by)
    left = {line.month: line for line in held.values() if line not in differs}
    ScheduleLine.objects.bulk_create(_line(of, row) for month, row in wanted.items() if month not in left)
    moved = []
    for month, line in left.items():
        row = wanted.get(month)
        if row and line.pk not in stays and (line.closing_minor, line.catch_up_minor) != (row.closing, row.catch_up):
            line.closing_minor, line.catch_up_minor = row.closing, row.catch_up
            moved.append(line)
    ScheduleLine.objects.bulk_update(moved, ["closing_minor", "catch_up_minor"])


def _line(of: Schedule, row: Row) -> ScheduleLine:
    return ScheduleLine(
        client=of.client,
        schedule=of,
        month=row.month.first,
        on=row.on,
        amount_minor=row.amount,
        interest_minor=row.interest,
        closing_minor=row.closing,
        catch_up_minor=row.catch_up,
    )


def drop(of: Schedule, lines: Sequence[ScheduleLine], by: User | None) -> None:
    """Take lines out of the table; what booked them is reversed on its own day."""
    booked = [line.entry_id for line in lines if line.entry_id]
    found = JournalEntry.objects.filter(client=of.client, pk__in=booked, reversals__isnull=True)
    undo(of, list(found.prefetch_related("lines")), CHANGED, by)
    ScheduleLine.objects.filter(client=of.client, pk__in=[line.pk for line in lines]).delete()


def settle() -> None:
    """Let the database add up now, where its refusal can be said, and at each later change again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS schedule_adds_up, schedule_lines_add_up, schedule_steps_add_up IMMEDIATE")
        cursor.execute("SET CONSTRAINTS schedule_adds_up, schedule_lines_add_up, schedule_steps_add_up DEFERRED")


def undo(of: Schedule, entries: Sequence[JournalEntry], reason: str, by: User | None) -> None:
    """Reverse entries of a schedule, each on its own day. Raises ReconcilingError where a finished reconciliation holds one."""
    finishing.refuse_finished(of.client, [entry.pk for entry in entries])
    for entry in entries:
        posting.reverse(entry, reason=reason, booked_on=entry.booked_on, actor_id=by.pk if by else None)


# ---- catching up ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def catch_up(client: Client, schedules: QuerySet[Schedule], *, by: User | None = None) -> int:
    """Carry what closed months were left without into the first open month, or over the months left where a schedule says so.

    Only lines that were never booked: one that a person reversed waits for a person. Gives how many schedules changed.
    """
    closed = list(
        Period.objects.filter(client=client).exclude(state="open").order_by("month").values_list("month", flat=True)
    )
    stuck = ScheduleLine.objects.filter(client=client, schedule__in=schedules, entry__isnull=True, month__in=closed)
    if client.cut_over_on:
        stuck = stuck.filter(on__gte=client.cut_over_on)
    behind = set(stuck.values_list("schedule_id", flat=True))
    if not behind:
        return 0
    found = Schedule.objects.filter(client=client, pk__in=behind).order_by("pk").select_for_update(of=("self",))
    for of in found.select_related("client"):
        _catch_up(of, set(closed), by)
    settle()
    return len(behind)


def _catch_up(of: Schedule, closed: set[date], by: User | None) -> None:
    lines = list(of.lines.order_by("on"))
    cut = of.client.cut_over_on
    missed = [each for each in lines if each.entry_id is None and each.month in closed and not (cut and each.on < cut)]
    spreads = of.change == Schedule.Change.SPREAD
    lands = _landing(of, lines, max(Month.of(max(closed)).next, Month.of(of.added_on)), spreads=spreads)
    standing = [line for line in lines if line.month < lands.first and line not in missed]
    put(of, core.settled(rows_of(lines), rows_of(standing), lands, spreads=spreads), standing, by=by)
    amount = sum(line.amount_minor + line.interest_minor for line in missed)
    detail = {"schedule": str(of.pk), "amount": str(amount), "to": str(lands), "lines": str(len(missed))}
    audit.record(of.client, by, "schedule.caught_up", of.name, detail)


def _landing(of: Schedule, lines: Sequence[ScheduleLine], first: Month, *, spreads: bool) -> Month:
    """The first month from ``first`` on whose entry, and with ``spreads`` those after it, nothing holds as it is: no finished
    reconciliation, and no person who reversed it.
    """
    booked = {line.entry_id: Month.of(line.month) for line in lines if line.entry_id and line.month >= first.first}
    held = {booked[entry_id] for _row, entry_id in finishing.finished_with(of.client, booked)}
    undone = JournalEntry.objects.filter(client=of.client, reverses_id__in=booked).values_list("reverses_id", flat=True)
    held |= {booked[entry_id] for entry_id in undone if entry_id is not None}
    if spreads:
        return max(first, max(held).next) if held else first
    while first in held:
        first = first.next
    return first
