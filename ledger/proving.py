"""What the accounting system itself reports, read and kept as evidence for the proofs: balances and open items by day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from django.db import transaction
from django.db.models import Min

from clients.tenancy import client_context
from ledger import mirror_names
from ledger.core.period import Month
from ledger.models import JournalEntry, OutboxItem, Period, ReportedBalance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clients.models import Client
    from ledger.accounting import Accounting

TRIAL_BALANCE = "trial-balance"
OPEN_ITEMS: dict[str, Literal["receivable", "payable"]] = {"open-receivable": "receivable", "open-payable": "payable"}


def month_ends(client: Client) -> list[Month]:
    """The months whose ends have to be proven: from the one before the cut-over to the last complete one that has entries
    and is not sealed.
    """
    now = Month.of(datetime.now(UTC).date())
    start = Month.of(client.cut_over_on).previous if client.cut_over_on else now.previous
    with client_context(client.pk):
        periods = dict(Period.objects.filter(client=client).values_list("month", "state"))
    return [
        month for month in start.through(now.previous) if month.first in periods and periods[month.first] != "sealed"
    ]


def read_balances(client: Client, books: Accounting) -> int:
    """Read the trial balance and open items at each month end that moved since it was read; gives how many."""
    months = [month for month in month_ends(client) if _has_moved(client, month)]
    for month in months:
        read_month_end(client, books, month)
    return len(months)


def _has_moved(client: Client, month: Month) -> bool:
    """Whether the month end was never read, or an entry or a document to it is newer than the reading."""
    with client_context(client.pk):
        read = ReportedBalance.objects.filter(client=client, kind=TRIAL_BALANCE, on_date=month.last)
        read_at = read.aggregate(oldest=Min("read_at"))["oldest"]
        if read_at is None:
            return True
        entries = JournalEntry.objects.filter(client=client, booked_on__lte=month.last, posted_at__gt=read_at)
        sent = OutboxItem.objects.filter(client=client, booked_on__lte=month.last, answered_at__gt=read_at)
        return entries.exists() or sent.exists()


def read_month_end(client: Client, books: Accounting, month: Month) -> None:
    """Read one month end: the trial balance, and open receivables and payables."""
    reported = books.books.balances(books.api, month.last, books.context)
    rows = [(account_id, name, debit - credit) for account_id, name, debit, credit in reported.rows]
    _keep(client, books, TRIAL_BALANCE, month.last, rows)
    with client_context(client.pk):
        names = mirror_names.party_names(client, books.connection)
    for kind, side in OPEN_ITEMS.items():
        items = books.books.open_items(books.api, side, month.last, books.context)
        totals: dict[str, int] = {}
        for party, _document, _due, amount in items.rows:
            totals[party] = totals.get(party, 0) + amount
        _keep(
            client,
            books,
            kind,
            month.last,
            [(party[:80], names.get(party.partition(":")[2], party), amount) for party, amount in totals.items()],
        )


def _keep(client: Client, books: Accounting, kind: str, on: date, rows: Iterable[tuple[str, str, int]]) -> None:
    """Replace what was reported for the day: a newer reading is the evidence."""
    now = datetime.now(UTC)
    with client_context(client.pk), transaction.atomic():
        given = {subject: (name, amount) for subject, name, amount in rows}
        held = ReportedBalance.objects.filter(client=client, connection=books.connection, kind=kind, on_date=on)
        held.exclude(subject__in=given).update(amount_minor=0, read_at=now)
        ReportedBalance.objects.bulk_create(
            [
                ReportedBalance(
                    client=client,
                    connection=books.connection,
                    kind=kind,
                    subject=subject,
                    name=name[:200],
                    on_date=on,
                    amount_minor=amount,
                    read_at=now,
                )
                for subject, (name, amount) in given.items()
            ],
            update_conflicts=True,
            unique_fields=["client", "connection", "kind", "subject", "on_date"],
            update_fields=["name", "amount_minor", "read_at"],
        )


def reported(client: Client, kind: str, on: date) -> dict[str, ReportedBalance]:
    """What was reported for a day, by subject; empty if it was never read."""
    return {row.subject: row for row in ReportedBalance.objects.filter(client=client, kind=kind, on_date=on)}
