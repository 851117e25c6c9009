"""The month run of schedules: each due line booked once, through ``posting``, with whoever stands behind its schedule.

An entry's identity is its schedule and month, so that running again books nothing; an entry that a person reversed stays
reversed until a person books the line again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from integrations.duties import today
from ledger import booking, posting, schedule_table
from ledger.core.period import Month
from ledger.models import EntryApproval, JournalEntry, Period, Schedule, ScheduleLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client, User
    from ledger.models import Account

PURPOSE, ADDED, ENDED = "schedule", "schedule-added", "schedule-ended"
#: Purposes of every entry a schedule leads to, those that take it back too.
PURPOSES = (PURPOSE, ADDED, ENDED, f"reversal:{PURPOSE}", f"reversal:{ADDED}", f"reversal:{ENDED}")


def key_of(schedule: Schedule, what: object) -> str:
    return f"schedule:{schedule.pk}:{what}"


def book(client: Client, *, month: Month | None = None, by: User | None = None, only: Schedule | None = None) -> int:
    """Book what is due and waits in the open months that have books; gives how many entries are new.

    What a month closed without is caught up first, see ``schedule_table.catch_up``. With ``month`` the lines up to that month's
    end are booked, whether or not it has books yet.
    """
    through = min(month.last, today(client)) if month else today(client)
    schedules = Schedule.objects.filter(client=client, duty=Schedule.Duty.HERE).exclude(state=Schedule.State.CANCELLED)
    schedules = schedules.filter(Q(needs_approval=False) | Q(approved_by__isnull=False))
    if only is not None:
        schedules = schedules.filter(pk=only.pk)
    schedule_table.catch_up(client, schedules, by=by)
    open_months = _open_months(client)
    due = ScheduleLine.objects.filter(client=client, schedule__in=schedules, entry__isnull=True, on__lte=through)
    due = due.filter(Q(month__in=open_months) | (Q(month=month.first) if month else Q(pk__in=[])))
    if client.cut_over_on:
        due = due.filter(on__gte=client.cut_over_on)
    due = due.exclude(month__in=_closed(client)).select_related(
        "schedule__account", "schedule__counter_account", "schedule__contra_account"
    )
    lines = list(due.order_by("on", "schedule_id"))
    posted = _post(client, [_line_entry(line) for line in lines], [line.schedule for line in lines], by)
    for line, entry_id in zip(lines, posted, strict=True):
        line.entry_id = entry_id
    ScheduleLine.objects.bulk_update(lines, ["entry"])
    return len(posted) + _book_ends(client, schedules, through, by)


def _open_months(client: Client) -> list[date]:
    return list(Period.objects.filter(client=client, state="open").values_list("month", flat=True))


def _closed(client: Client) -> list[date]:
    return list(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))


def _book_ends(client: Client, schedules: Iterable[Schedule], through: date, by: User | None) -> int:
    """The move of an amount onto its account, and what an end takes off it, where they are not in the books yet."""
    wanted: list[tuple[Schedule, posting.Entry]] = []
    for of in Schedule.objects.filter(client=client, pk__in=[each.pk for each in schedules]).select_related(
        "account", "contra_account"
    ):
        if of.moved_from_id and of.added_on <= through:
            wanted.append((of, _added(of)))
        if of.ended_on is not None and of.ended_on <= through:
            ends = _ended(of)
            wanted += [(of, ends)] if ends else []
    if not wanted:
        return 0
    known = {
        (entry.source_key, entry.purpose)
        for entry in JournalEntry.objects.filter(
            client=client,
            source_key__in=[entry.source_key for _of, entry in wanted],
            reverses__isnull=True,
            reversals__isnull=True,
        )
    }
    fresh = [(of, entry) for of, entry in wanted if (entry.source_key, entry.purpose) not in known]
    return len(_post(client, [entry for _of, entry in fresh], [of for of, _entry in fresh], by))


def _post(client: Client, entries: list[posting.Entry], of: Sequence[Schedule], by: User | None) -> list[int]:
    """Post each as the next revision of its identity, and say who stands behind it; gives the ids in order."""
    if not entries:
        return []
    held = Counter(
        JournalEntry.objects.filter(
            client=client, source_key__in=[entry.source_key for entry in entries], reverses__isnull=True
        ).values_list("source_key", "purpose")
    )
    entries = [entry._replace(revision=held[entry.source_key, entry.purpose]) for entry in entries]
    done = posting.post(client.pk, entries, actor_id=by.pk if by else None)
    ids = [done.ids[index] for index in range(len(entries))]
    EntryApproval.objects.bulk_create(
        EntryApproval(
            client=client,
            entry_id=entry_id,
            approved_by_id=schedule.approved_by_id or schedule.made_by_id,
            support=(schedule.support or f"Schedule: {schedule.name}")[:500],
        )
        for entry_id, schedule in zip(ids, of, strict=True)
    )
    return ids


# ---- entries -------------------------------------------------------------------------------------------------------------


def _side(schedule: Schedule, account: Account | int, amount: int) -> list[posting.Line]:
    """A debit of the amount, a credit for a negative one, nothing for nil."""
    account_id = account if isinstance(account, int) else account.pk
    if not amount:
        return []
    return [
        posting.Line(
            account_id,
            max(amount, 0),
            max(-amount, 0),
            memo=schedule.name[:300],
            department=schedule.department,
            klass=schedule.klass,
        )
    ]


def _line_entry(line: ScheduleLine) -> posting.Entry:
    of, month = line.schedule, Month.of(line.on)
    lines = _lines_of(of, line.amount_minor, line.interest_minor)
    late = " with what earlier months missed" if line.catch_up_minor else ""
    memo = f"{of.name}, {month.label}{late}"
    return posting.Entry(line.on, key_of(of, month), PURPOSE, lines, memo=memo)


def _lines_of(of: Schedule, amount: int, interest: int) -> list[posting.Line]:
    if of.kind == Schedule.Kind.LOAN:
        assert of.contra_account_id is not None
        return [
            *_side(of, of.account_id, amount),
            *_side(of, of.counter_account_id, interest),
            *_side(of, of.contra_account_id, -amount - interest),
        ]
    down = of.contra_account_id if of.kind == Schedule.Kind.ASSET else of.account_id
    assert down is not None
    # What is owed or deferred goes down by a debit, what is held by a credit.
    sign = -1 if of.kind in {Schedule.Kind.PREPAID, Schedule.Kind.ASSET} else 1
    first, second = _side(of, down, sign * amount), _side(of, of.counter_account_id, -sign * amount)
    return [*second, *first] if second[0].debit else [*first, *second]


def _added(of: Schedule) -> posting.Entry:
    """The amount from where it was booked onto the schedule's account, on its day or the first open one."""
    assert of.moved_from_id is not None
    amount = of.amount_minor if of.kind in {Schedule.Kind.PREPAID, Schedule.Kind.ASSET} else -of.amount_minor
    lines = [*_side(of, of.account_id, amount), *_side(of, of.moved_from_id, -amount)]
    day = booking.first_open_day(of.client_id, of.added_on)
    return posting.Entry(day, key_of(of, "added"), ADDED, lines, memo=f"{of.name}, moved to its schedule")


def _ended(of: Schedule) -> posting.Entry | None:
    """What an end takes off the books: the asset with its depreciation, the debt, or what was left; None for nothing."""
    assert of.ended_on is not None
    lines = _disposal(of) if of.kind == Schedule.Kind.ASSET else _closing(of)
    if len(lines) < 2:
        return None
    memo = f"{of.name}, ended: {of.end_reason}"
    return posting.Entry(of.ended_on, key_of(of, "ended"), ENDED, lines, memo=memo, reason=of.end_reason)


def _disposal(of: Schedule) -> list[posting.Line]:
    """Dr proceeds, Dr accumulated depreciation, Cr cost; the gain is credited, a loss debited."""
    assert of.contra_account_id is not None
    assert of.result_account_id is not None
    accumulated = of.amount_minor - of.residual_minor - of.left_minor
    gain = of.proceeds_minor - (of.amount_minor - accumulated)
    received = _side(of, of.proceeds_account_id, of.proceeds_minor) if of.proceeds_account_id else []
    return [
        *received,
        *_side(of, of.contra_account_id, accumulated),
        *_side(of, of.account_id, -of.amount_minor),
        *_side(of, of.result_account_id, -gain),
    ]


def _closing(of: Schedule) -> list[posting.Line]:
    """What was left, against where it goes. A loan's payoff is paid from where its payments come from."""
    assert of.result_account_id is not None
    if of.kind == Schedule.Kind.PREPAID:
        return [*_side(of, of.result_account_id, of.left_minor), *_side(of, of.account_id, -of.left_minor)]
    paid, from_id = of.proceeds_minor, of.proceeds_account_id or of.contra_account_id
    if of.kind == Schedule.Kind.LOAN and from_id is not None:
        return [
            *_side(of, of.account_id, of.left_minor),
            *_side(of, from_id, -paid),
            *_side(of, of.result_account_id, paid - of.left_minor),
        ]
    return [*_side(of, of.account_id, of.left_minor), *_side(of, of.result_account_id, -of.left_minor)]


# ---- taking back ---------------------------------------------------------------------------------------------------------


def standing(of: Schedule) -> list[JournalEntry]:
    """Every entry of the schedule that stands."""
    found = JournalEntry.objects.filter(
        client=of.client,
        source_key__startswith=f"schedule:{of.pk}:",
        purpose__in=(PURPOSE, ADDED, ENDED),
        reversals__isnull=True,
    )
    return list(found.prefetch_related("lines").order_by("pk"))


def take_back_end(of: Schedule, *, by: User) -> None:
    """Reverse what the end took off the books."""
    schedule_table.undo(
        of, [entry for entry in standing(of) if entry.purpose == ENDED], "The schedule is taken up again.", by
    )


@transaction.atomic
def book_again(line: ScheduleLine, *, by: User) -> int:
    """Book a line whose entry a person reversed; gives how many entries are new.

    The line of a closed month stays in the table, and its new entry is of the first open day.
    """
    held = (
        ScheduleLine.objects.select_for_update(of=("self",))
        .select_related(
            "schedule__client", "schedule__account", "schedule__counter_account", "schedule__contra_account"
        )
        .get(pk=line.pk)
    )
    if not JournalEntry.objects.filter(pk=held.entry_id or 0, reversals__isnull=False).exists():
        return 0
    of = held.schedule
    day = booking.first_open_day(of.client_id, held.on)
    (held.entry_id,) = _post(of.client, [_line_entry(held)._replace(booked_on=day)], [of], by)
    held.save(update_fields=["entry"])
    return 1
