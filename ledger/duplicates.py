"""Suspect pairs: two documents of the accounting system that may be the same money. Found by identity of amount, party and
day; decided by a person; a genuine second equal purchase is remembered and never asked about again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ledger import corrections, exceptions_inbox
from ledger.corrections import CorrectionError
from ledger.exceptions_inbox import Problem
from ledger.models import LedgerException, MirrorDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    Same party and amount within four days, on the same money account, of two documents that both spend. An open pair that is
    none any more, because one of the two was changed or deleted, settles itself; a decided one is never asked about again.
    """
    found = [_problem(one, two) for one, two in _suspect_pairs(client, month)]
    rows = LedgerException.objects.filter(client=client, kind="duplicate")
    decided = set(rows.filter(resolved_by__isnull=False).values_list("identity", flat=True))
    waiting = rows.filter(state__in=exceptions_inbox.OPEN, booked_on__range=(month.first, month.last))
    gone = set(waiting.values_list("identity", flat=True)) - {problem.identity for problem in found}
    exceptions_inbox.settle(
        client.pk, ["duplicate"], gone, resolution="One of the two was changed, deleted or reversed."
    )
    return exceptions_inbox.open_problems(client.pk, [problem for problem in found if problem.identity not in decided])


def _suspect_pairs(client: Client, month: Month) -> Iterator[tuple[MirrorDocument, MirrorDocument]]:
    """Each document of the month with the nearest earlier one that may be the same money."""
    documents = (
        MirrorDocument.objects.filter(
            client=client,
            is_deleted=False,
            outbox__isnull=True,
            type__in=SPENDING,
            total_minor__gt=0,
            entry__reversals__isnull=True,
            booked_on__range=(month.first - timedelta(DAYS), month.last),
        )
        .exclude(party="")
        .order_by("booked_on", "pk")
    )
    equals: dict[tuple[str, int], list[MirrorDocument]] = defaultdict(list)
    for two in documents:
        earlier = equals[two.party.casefold(), two.total_minor]
        one = next((one for one in reversed(earlier) if _suspect(one, two)), None)
        if one is not None and month.contains(two.booked_on):
            yield one, two
        earlier.append(two)


def _suspect(one: MirrorDocument, two: MirrorDocument) -> bool:
    """Near each other and out of the same account; two documents of one type with numbers of their own are two."""
    near = (two.booked_on - one.booked_on).days <= DAYS
    money = {line[0] for line in one.lines if line[2]} & {line[0] for line in two.lines if line[2]}
    return (
        near and bool(money) and not (one.type == two.type and one.number and two.number and one.number != two.number)
    )


def _problem(one: MirrorDocument, two: MirrorDocument) -> Problem:
    days = (two.booked_on - one.booked_on).days
    apart = "same day" if not days else f"{days} day{'s' if days > 1 else ''} apart"
    return Problem(
        kind="duplicate",
        identity="=".join(sorted((one.external_id, two.external_id))),
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
    """Undo the later one by a reversal that goes to the accounting system; gives the reversal's id.

    Raises CorrectionError where it is gone from there or reversed already.
    """
    document = MirrorDocument.objects.filter(client_id=row.client_id, external_id=row.detail["second"]).first()
    if document is None or document.is_deleted or document.entry is None:
        raise CorrectionError("The copy is no longer in the accounting system.")
    reversal = corrections.reverse(document.entry, reason=f"Duplicate: {row.title}", by=by)
    exceptions_inbox.resolve(row, by=by, resolution="The copy was reversed.")
    return reversal
