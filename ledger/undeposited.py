"""Undeposited funds: money received and not taken to the bank, and which later deposit took it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import mapping
from ledger.models import Account, JournalLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.period import Month


def accounts(client: Client, month: Month) -> set[int]:
    """The accounts of money received and not deposited: as mapped, and as the accounting system marks them."""
    marked = Account.objects.filter(client=client, subtype__iexact="UndepositedFunds").values_list("pk", flat=True)
    return {*marked, *mapping.accounts_by_role(client.pk, "undeposited", month.last)}


def open_receipts(client: Client, account_id: int, month: Month) -> list[tuple[JournalLine, date | None]]:
    """Receipts open at the month's end, oldest first, each with the day of the later deposit that took it; None for none yet."""
    lines = (
        JournalLine.objects.filter(client=client, account_id=account_id)
        .filter(entry__reverses__isnull=True, entry__reversals__isnull=True)
        .select_related("entry")
        .order_by("booked_on", "entry_id", "no")
    )
    waiting: list[JournalLine] = []
    taken: dict[tuple[int, int], date] = {}
    for line in lines:
        if line.debit_minor:
            if line.booked_on <= month.last:
                waiting.append(line)
            continue
        for receipt in _which(waiting, line, taken):
            taken[receipt.entry_id, receipt.no] = line.booked_on
    return [
        (line, taken.get((line.entry_id, line.no)))
        for line in waiting
        if taken.get((line.entry_id, line.no), month.next.last) > month.last
    ]


def _which(
    waiting: Sequence[JournalLine], deposit: JournalLine, taken: dict[tuple[int, int], date]
) -> list[JournalLine]:
    """The receipts a deposit took: the one of its amount and party, of its amount, else the oldest ones that come to it."""
    free = [line for line in waiting if (line.entry_id, line.no) not in taken and line.booked_on <= deposit.booked_on]
    same = [line for line in free if line.debit_minor == deposit.credit_minor]
    named = [line for line in same if line.party and line.party == deposit.party]
    if same:
        return [(named or same)[0]]
    found, left = [], deposit.credit_minor
    for line in free:
        if line.debit_minor <= left:
            found.append(line)
            left -= line.debit_minor
    return found if not left else []
