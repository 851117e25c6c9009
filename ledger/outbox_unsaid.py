"""Entries that cannot be said in the accounting system as they are: they wait, and the inbox says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from integrations.errors import NotSupported
    from ledger.accounting import Accounting
    from ledger.core.documents import Group
    from ledger.models import JournalEntry


def problem(accounting: Accounting, group: Group, entries: Sequence[JournalEntry], refusal: NotSupported) -> Problem:
    """What cannot be said in the accounting system, as a row of the inbox."""
    first = entries[0]
    return Problem(
        kind="refused",
        identity=f"entry:{first.pk}",
        cause=str(refusal),
        title=f"{first.memo or first.purpose}: {refusal}. It waits.",
        source=str(accounting.connection),
        amount_minor=sum(line.debit_minor for entry in entries for line in entry.lines.all()),
        booked_on=group.day,
        connection_id=accounting.connection.pk,
        entry_id=first.pk,
    )


def tell(client: Client, unsaid: Sequence[Problem]) -> None:
    """Open what cannot be said now; what can be meanwhile settles itself."""
    exceptions_inbox.open_problems(client.pk, unsaid)
    rows = LedgerException.objects.filter(
        client=client, kind="refused", identity__startswith="entry:", state__in=exceptions_inbox.OPEN
    )
    gone = set(rows.values_list("identity", flat=True)) - {problem.identity for problem in unsaid}
    if gone:
        exceptions_inbox.settle(client.pk, ["refused"], gone, resolution="It can be sent now.")
