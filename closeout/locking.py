"""The closing date of the client's accounting system: set, and read back as the evidence of K50. No call in a transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from clients.tenancy import client_context
from ledger import accounting
from ledger.models import ReportedBalance

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.accounting import Accounting

CLOSING_DATE = "closing-date"
NONE = date(1, 1, 1)


def close_through(client: Client, on: date) -> date | None:
    """Close the accounting system to this day at least; what it then says itself, None where there is no such system.

    A later closing date stays. Raises the provider's errors (RetryLater, Reconnect …).
    """
    books = _books(client)
    if books is None:
        return None
    stands = books.books.closed_through(books.api)
    if stands is None or stands < on:
        stands = books.books.close_through(books.api, on)
    return _keep(client, books, stands)


def open_after(client: Client, on: date) -> date | None:
    """Move the closing date back to this day, so that what comes after is open again; what the system then says."""
    books = _books(client)
    if books is None:
        return None
    stands = books.books.closed_through(books.api)
    if stands is not None and stands > on:
        stands = books.books.close_through(books.api, on)
    return _keep(client, books, stands)


def _books(client: Client) -> Accounting | None:
    with client_context(client.pk):
        return accounting.open_books(client)


def _keep(client: Client, books: Accounting, stands: date | None) -> date | None:
    """The reading is kept beside the other reported figures; no closing date at all reads as the first of days."""
    with client_context(client.pk):
        ReportedBalance.objects.update_or_create(
            client=client,
            connection=books.connection,
            kind=CLOSING_DATE,
            subject="",
            on_date=stands or NONE,
            defaults={"name": "Closing date", "amount_minor": 0, "read_at": datetime.now(UTC)},
        )
    return stands
