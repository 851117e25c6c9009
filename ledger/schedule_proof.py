"""Schedules proven against the books: the roll-forward of each account = its balance, what is due booked once, and bills over
the client's limits that went to an expense.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, Sum

from ledger.core.period import Month
from ledger.core.schedules import Item, Roll, roll
from ledger.core.schedules.rolling import total
from ledger.models import (
    Account,
    BooksLimits,
    JournalEntry,
    JournalLine,
    MonthlyBalance,
    Schedule,
    ScheduleLine,
    WatchedAccount,
)
from ledger.schedule_drawing import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client

#: Purposes whose lines are no bills: what payroll, processors, schedules and accruals book by themselves.
NO_BILLS = ("payroll", "accrual", "schedule", "reversal", "balance", "sale")


@dataclass(frozen=True, slots=True)
class AccountProof:
    """One account and month. Minor units, positive on the account's usual side (accumulated depreciation is thus negative).

    ``strangers`` are the month's lines on the account that no schedule booked, where it differs: where to look.
    """

    account: Account
    kinds: tuple[str, ...]
    roll: Roll
    ledger: int
    schedules: int
    strangers: tuple[JournalLine, ...] = ()

    @property
    def difference(self) -> int:
        """Books − schedules."""
        return self.ledger - self.roll.closing


def live(client: Client, kinds: Iterable[str] = ()) -> list[Schedule]:
    """The schedules that count, with their lines and accounts: approved where that is needed, not cancelled."""
    found = Schedule.objects.filter(client=client).exclude(state=Schedule.State.CANCELLED)
    found = found.filter(Q(needs_approval=False) | Q(approved_by__isnull=False))
    if kinds:
        found = found.filter(kind__in=list(kinds))
    return list(found.select_related("account", "counter_account", "contra_account").prefetch_related("lines", "steps"))


def item_of(schedule: Schedule) -> Item:
    """The schedule as its main account sees it."""
    rows = rows_of(schedule.lines.all())
    if schedule.kind == Schedule.Kind.ASSET:
        return Item(schedule.amount_minor, schedule.added_on, (), schedule.ended_on, schedule.amount_minor)
    if schedule.kind == Schedule.Kind.ACCRUAL:
        back = [row for row in rows if row.amount > 0]
        return Item(schedule.amount_minor, schedule.starts_on, back)
    return Item(schedule.amount_minor, schedule.added_on, rows, schedule.ended_on, schedule.left_minor)


def depreciation_of(schedule: Schedule) -> Item:
    """An asset as its accumulated depreciation sees it: below nil, and gone with the asset."""
    gone = -(schedule.amount_minor - schedule.residual_minor - schedule.left_minor)
    return Item(0, schedule.added_on, rows_of(schedule.lines.all()), schedule.ended_on, gone)


def proofs(client: Client, month: Month, kinds: Iterable[str] = ()) -> list[AccountProof]:
    """Each account that schedules of these kinds carry, beside its balance in the books. A fixed number of queries."""
    rolls: dict[Account, list[tuple[str, Roll]]] = defaultdict(list)
    for schedule in live(client, kinds):
        rolls[schedule.account].append((schedule.kind, roll(item_of(schedule), month)))
        if schedule.kind == Schedule.Kind.ASSET and schedule.contra_account is not None:
            rolls[schedule.contra_account].append((schedule.kind, roll(depreciation_of(schedule), month)))
    held = _balances(client, [account.pk for account in rolls], month)
    made = []
    for account, found in sorted(rolls.items(), key=lambda pair: (pair[0].number, pair[0].name)):
        raw = held.get(account.pk, 0)
        proof = AccountProof(
            account,
            tuple(dict.fromkeys(kind for kind, _roll in found)),
            total(each for _kind, each in found),
            raw if account.debit_is_positive else -raw,
            len(found),
        )
        made.append(proof)
    return _explained(client, month, made)


def _balances(client: Client, accounts: Sequence[int], month: Month) -> dict[int, int]:
    rows = MonthlyBalance.objects.filter(client=client, account_id__in=accounts, month__lte=month.first)
    sums = rows.values("account_id").annotate(net=Sum("debit_minor") - Sum("credit_minor"))
    return {row["account_id"]: row["net"] for row in sums}


def _explained(client: Client, month: Month, made: list[AccountProof]) -> list[AccountProof]:
    off = [proof.account.pk for proof in made if proof.difference]
    if not off:
        return made
    lines = (
        JournalLine.objects.filter(client=client, account_id__in=off, booked_on__range=(month.first, month.last))
        .exclude(entry__source_key__startswith="schedule:")
        .select_related("entry")
        .order_by("booked_on", "entry_id", "no")
    )
    strangers: dict[int, list[JournalLine]] = defaultdict(list)
    for line in lines[:500]:
        strangers[line.account_id].append(line)
    return [
        AccountProof(
            proof.account, proof.kinds, proof.roll, proof.ledger, proof.schedules, tuple(strangers[proof.account.pk])
        )
        if proof.difference
        else proof
        for proof in made
    ]


# ---- what is due ---------------------------------------------------------------------------------------------------------


def unbooked(client: Client, month: Month, kinds: Iterable[str]) -> list[ScheduleLine]:
    """Lines due by the month's end that nothing stands for in the books: not booked, or reversed by a person."""
    undone = JournalEntry.objects.filter(client=client, reverses_id=OuterRef("entry_id"))
    due = ScheduleLine.objects.filter(
        client=client, on__lte=month.last, schedule__kind__in=list(kinds), schedule__duty=Schedule.Duty.HERE
    ).exclude(schedule__state=Schedule.State.CANCELLED)
    due = due.filter(Q(schedule__needs_approval=False) | Q(schedule__approved_by__isnull=False))
    if client.cut_over_on:
        due = due.filter(on__gte=client.cut_over_on)
    found = due.annotate(undone=Exists(undone)).filter(Q(entry__isnull=True) | Q(undone=True))
    return list(found.select_related("schedule").order_by("on", "schedule_id"))


def waiting(client: Client, month: Month, kinds: Iterable[str]) -> list[Schedule]:
    """Schedules that begin by the month's end and wait for a second person: nothing of them is booked."""
    found = Schedule.objects.filter(
        client=client,
        kind__in=list(kinds),
        state=Schedule.State.ACTIVE,
        needs_approval=True,
        approved_by__isnull=True,
        added_on__lte=month.last,
    )
    return list(found.order_by("added_on", "pk"))


# ---- bills over the limits -----------------------------------------------------------------------------------------------


def limits(client: Client) -> BooksLimits | None:
    return BooksLimits.objects.filter(client=client).first()


def limit_of(client: Client, rather: str) -> int | None:
    """Above how much a bill is an asset or a prepaid, in minor units; None where the client has no such rule."""
    found = limits(client)
    if found is None:
        return None
    return found.asset_over_minor if rather == WatchedAccount.Rather.ASSET else found.prepaid_over_minor


def over_limit(client: Client, month: Month, rather: str) -> list[JournalLine]:
    """Lines of the month on watched expense accounts above the limit that no schedule took and nobody reversed."""
    limit = limit_of(client, rather)
    if limit is None:
        return []
    watched = WatchedAccount.objects.filter(client=client, rather=rather).values("account_id")
    taken = Schedule.objects.filter(
        client=client, source_entry_id=OuterRef("entry_id"), source_line_no=OuterRef("no")
    ).exclude(state=Schedule.State.CANCELLED)
    lines = JournalLine.objects.filter(
        client=client,
        account_id__in=watched,
        booked_on__range=(month.first, month.last),
        debit_minor__gt=limit,
        entry__reverses__isnull=True,
        entry__reversals__isnull=True,
    ).filter(~Exists(taken))
    for purpose in NO_BILLS:
        lines = lines.exclude(entry__purpose__startswith=purpose)
    return list(lines.select_related("entry", "account").order_by("booked_on", "entry_id", "no")[:500])


def next_due(client: Client, schedules: Sequence[int], on: date) -> dict[int, ScheduleLine]:
    """The first line of each schedule that is not booked yet, in one query; of what is booked elsewhere, the first from ``on``."""
    rows = ScheduleLine.objects.filter(client=client, schedule_id__in=schedules, entry__isnull=True)
    if client.cut_over_on:
        rows = rows.filter(on__gte=client.cut_over_on)
    rows = rows.filter(Q(schedule__duty=Schedule.Duty.HERE) | Q(on__gte=on))
    return {row.schedule_id: row for row in rows.order_by("schedule_id", "on").distinct("schedule_id")}
