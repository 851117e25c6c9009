"""Suspect pairs: two documents of the accounting system that may be the same money. Found by identity of amount, party and
day; decided by a person; a genuine second equal purchase is remembered and never asked about again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, LedgerException, MirrorDocument

if TYPE_CHECKING:
    from clients.models import Client, User
    from ledger.core.period import Month

DAYS = 4
#: Documents that spend or pay; two of them about one thing are the usual double. A bill and its own payment are not.
SPENDING = ("Purchase", "BillPayment", "Check", "Expense", "CreditCardPayment", "Transfer", "JournalEntry")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents, why they are suspect, and what was decided ('' while open)."""

    identity: str
    label: str
    amount: int
    first_entry: int
    second_entry: int
    is_open: bool
    decision: str


def find(client: Client, month: Month) -> int:
    """Look for new suspect pairs dated in a month and open an exception for each; gives how many are new.

    Same party and amount within four days, on the same money account, of two documents that both spend.
    """
    documents = list(
        MirrorDocument.objects.filter(
            client=client,
            is_deleted=False,
            outbox__isnull=True,
            type__in=SPENDING,
            total_minor__gt=0,
            entry__reversals__isnull=True,
            booked_on__range=(month.first - timedelta(DAYS), month.last + timedelta(DAYS)),
        ).exclude(party="")
    )
    documents.sort(
        key=lambda document: (document.party.casefold(), document.total_minor, document.booked_on, document.pk)
    )
    decided = set(
        LedgerException.objects.filter(client=client, kind="duplicate")
        .exclude(state="open")
        .values_list("identity", flat=True)
    )
    problems = []
    for one, two in pairwise(documents):
        if (
            _suspect(one, two)
            and month.contains(two.booked_on)
            and (identity := f"{one.external_id}={two.external_id}") not in decided
        ):
            problems.append(_problem(one, two, identity))
    return exceptions_inbox.open_problems(client.pk, problems)


def _suspect(one: MirrorDocument, two: MirrorDocument) -> bool:
    same = one.party.casefold() == two.party.casefold() and one.total_minor == two.total_minor
    near = (two.booked_on - one.booked_on).days <= DAYS
    money = {line[0] for line in one.lines if line[2]} & {line[0] for line in two.lines if line[2]}
    return (
        same
        and near
        and bool(money)
        and not (one.type == two.type and one.number and two.number and one.number != two.number)
    )


def _problem(one: MirrorDocument, two: MirrorDocument, identity: str) -> Problem:
    days = (two.booked_on - one.booked_on).days
    apart = "same day" if not days else f"{days} day{'s' if days > 1 else ''} apart"
    return Problem(
        kind="duplicate",
        identity=identity,
        cause="possible duplicate",
        title=f"{two.party}, same amount, {apart}.",
        source=f"{one.type} and {two.type}",
        amount_minor=two.total_minor,
        booked_on=two.booked_on,
        entry_id=two.entry_id,
        detail={
            "first": one.external_id,
            "second": two.external_id,
            "first_entry": one.entry_id,
            "second_entry": two.entry_id,
            "reasons": ["same vendor", "same amount", apart],
        },
    )


def pairs(client: Client, month: Month) -> list[Pair]:
    """Every suspect pair dated in the month, open and decided."""
    rows = LedgerException.objects.filter(client=client, kind="duplicate", booked_on__range=(month.first, month.last))
    return [
        Pair(
            row.identity,
            row.title,
            row.amount_minor or 0,
            row.detail.get("first_entry") or 0,
            row.detail.get("second_entry") or 0,
            row.state in {"open", "snoozed"},
            row.resolution,
        )
        for row in rows
    ]


def both_are_real(row: LedgerException, *, by: User) -> None:
    """Remember that the two are two; the pair is never asked about again."""
    exceptions_inbox.resolve(row, by=by, resolution="Both are real.", ignored=True)


def reverse_second(row: LedgerException, *, by: User) -> int:
    """Undo the later one by a reversal that goes to the accounting system; gives the reversal's id."""
    from ledger import corrections

    entry = JournalEntry.objects.get(client_id=row.client_id, pk=row.detail["second_entry"])
    reversal = corrections.reverse(entry, reason=f"Duplicate: {row.title}", by=by)
    exceptions_inbox.resolve(row, by=by, resolution="The copy was reversed.")
    return reversal
