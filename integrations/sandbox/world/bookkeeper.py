"""How the former bookkeeper kept the systems' activity in QuickBooks before the portal took over.

Monthly summary entries for the processor, an entry for each payroll run and its pulls, a deposit for each payout that
arrived, a purchase for each bank fee and a deposit for each interest line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.sandbox.world import documents
from integrations.sandbox.world.calendar import month_end, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from integrations.sandbox.world.documents import SeedDocument
    from integrations.sandbox.world.journal import Event, Posting


def monthly_summaries(postings: Iterable[Posting], until: date) -> Iterator[SeedDocument]:
    """One journal entry a month for everything on the processor, debits and credits of an account apart."""
    months: dict[str, dict[tuple[str, bool], int]] = {}
    for posting in postings:
        if posting.day < until:
            sides = months.setdefault(month_of(posting.day), {})
            side = (posting.account, posting.amount_minor > 0)
            sides[side] = sides.get(side, 0) + posting.amount_minor
    for month, sums in sorted(months.items()):
        lines = [(account, amount, f"Stripe {month}") for (account, _), amount in sorted(sums.items())]
        yield documents.journal_entry(
            f"stripe-{month}", month_end(month), lines, number=f"STRIPE-{month}", note=f"Stripe summary {month}"
        )


def entries_of(events: Iterable[Event], until: date, note: str) -> Iterator[SeedDocument]:
    """A journal entry for each set of postings that shares a key (a run, its pulls)."""
    for event in events:
        keys = dict.fromkeys(posting.key for posting in event.postings if posting.day < until)
        for key in keys:
            mine = [posting for posting in event.postings if posting.key == key]
            lines = [(posting.account, posting.amount_minor, note) for posting in mine]
            yield documents.journal_entry(key, mine[0].day, lines, note=note, days_later=1)


def payout_deposits(events: Iterable[Event], until: date) -> Iterator[SeedDocument]:
    for event in events:
        movement = event.movements[0]
        if movement.posted_on < until:
            line = documents.deposit_from("Payouts in Transit", movement.amount_minor, movement.text)
            yield documents.deposit(movement.key, movement.posted_on, "Checking", [line])


def bank_document(event: Event, account: str) -> SeedDocument:
    """The fee as a purchase, the interest as a deposit."""
    movement = event.movements[0]
    if movement.amount_minor < 0:
        line = documents.expense_line(account, -movement.amount_minor, movement.text)
        return documents.purchase(
            movement.key, movement.posted_on, paid_from=movement.account, kind="Cash", vendor="", lines=[line]
        )
    line = documents.deposit_from(account, movement.amount_minor, movement.text)
    return documents.deposit(movement.key, movement.posted_on, movement.account, [line])
