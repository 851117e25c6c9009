"""Schedules proven against the books: the roll-forward of each account = its balance, what is due booked once, and bills over
the client's limits that went to an expense.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, Sum

from ledger import schedule_rolls
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
from ledger.schedule_rolls import Roll

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.period import Month

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


def unsupported_yet(client: Client, month: Month) -> list[Schedule]:
    """Accruals that stand at the month's end though their paper was expected by then."""
    found = Schedule.objects.filter(
        client=client,
        kind=Schedule.Kind.ACCRUAL,
        expected_on__lte=month.last,
        starts_on__lte=month.last,
        ends_on__gt=month.last,
    ).exclude(state=Schedule.State.CANCELLED)
    return list(found.filter(Q(needs_approval=False) | Q(approved_by__isnull=False)))


def proofs(client: Client, month: Month, kinds: Iterable[str] = ()) -> list[AccountProof]:
    """Each account that schedules of these kinds carry, beside its balance in the books. A fixed number of queries."""
    rolls = {each.account_id: each for each in schedule_rolls.by_account(client, month, kinds)}
    held = _balances(client, list(rolls), month)
    made = []
    for account in Account.objects.filter(client=client, pk__in=rolls).order_by("number", "name"):
        raw, found = held.get(account.pk, 0), rolls[account.pk]
        ledger = raw if account.debit_is_positive else -raw
        made.append(AccountProof(account, found.kinds, found.roll, ledger, found.schedules))
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


def caught_up(client: Client, month: Month, kinds: Iterable[str]) -> list[ScheduleLine]:
    """The month's lines that carry what earlier, closed months missed (``catch_up_minor``)."""
    found = ScheduleLine.objects.filter(client=client, month=month.first, schedule__kind__in=list(kinds))
    found = found.exclude(catch_up_minor=0).exclude(schedule__state=Schedule.State.CANCELLED)
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
