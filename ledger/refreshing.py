"""One client brought up to date: facts → mirror → entries → bank matches → accounting system → read back → proven.

Each step commits on its own and may be repeated; no network call happens inside a transaction.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import connection

from clients.models import Client
from clients.tenancy import client_context
from integrations import schedule
from integrations.errors import Reconnect, RetryLater
from integrations.models import StreamState
from ledger import (
    accounting,
    accruals,
    bank_intake,
    booking,
    deals,
    duplicates,
    exceptions_inbox,
    mirror,
    mirror_feed,
    outbox,
    outbox_cancelled,
    outbox_credits,
    outbox_dimensions,
    outbox_files,
    outbox_items,
    outbox_parties,
    outbox_voids,
    proving,
    rates,
    reconciling,
    recurring,
    remapping,
    revaluing,
    schedule_booking,
    timing,
)
from ledger.core.period import Month
from ledger.models import OutboxItem, Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from integrations.dimensions import Dimensions
    from integrations.models import Connection
    from ledger.accounting import Accounting

#: How far back the mirror reaches before the cut-over, in months, so that a year stands beside a year.
HISTORY_MONTHS = 14
#: Set on the accounting connection once every month of history was mirrored; an interrupted first pass starts again.
HISTORY_IS_HERE = "history_is_here"


@contextmanager
def alone(client_id: int) -> Iterator[bool]:
    """Hold the client's refresh for this session; False if another session holds it. Released even by a dead worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('ledger-refresh', %s))", [client_id])
        (held,) = cursor.fetchone()
        try:
            yield held
        finally:
            if held:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended('ledger-refresh', %s))", [client_id])


def refresh(client_id: int, *, renew: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Bring a client's books up to date from what has been pulled; gives counts by step. ``renew`` keeps the job's lease;

    Raises RetryLater or Reconnect of the accounting system; what was done before stays done.
    """
    with client_context(client_id):
        client = Client.objects.get(pk=client_id)
        books = accounting.open_books(client)
        if books is not None:
            mirror.take_accounts(client, books.connection)
            if not _is_read(books.connection):
                return {"waiting": "for the first complete pull of the accounting system"}
    counts: dict[str, Any] = {}
    if books is not None:
        counts["mirror"] = _mirror(client, books, renew)
        counts["rates"] = rates.learn(client, books)
    with client_context(client_id):
        counts["bank lines"] = bank_intake.take(client)
    counts["remapped"] = remapping.follow(client, renew)
    with client_context(client_id):
        counts["booked"] = asdict(booking.book(client))
        counts["accruals"] = accruals.book(client)
        counts["revalued"] = revaluing.book_due(client, outbox.books_day(client))
        counts["deals asked about"] = deals.review(client)
        counts["schedules"] = schedule_booking.book(client)
        counts["recurring"] = recurring.run(client)
        counts["matches"] = reconciling.suggest(client)
        counts["timing cleared"] = timing.clear_noted(client)
        counts["suspect pairs"] = sum(duplicates.find(client, month) for month in _open_months(client))
        exceptions_inbox.wake(client, datetime.now(ZoneInfo(client.timezone)).date())
    renew()
    if books is not None:
        counts["posted"] = send(client, books, renew)
        proving.read_balances(client, books)
    return counts


def _open_months(client: Client) -> list[Month]:
    """The months still open from the cut-over on: where a suspect pair can still be put right."""
    periods = Period.objects.filter(client=client, state=Period.State.OPEN)
    if client.cut_over_on:
        periods = periods.filter(month__gte=client.cut_over_on.replace(day=1))
    return [Month.of(first) for first in periods.values_list("month", flat=True)]


def is_history_read(client: Client) -> bool:
    """Whether the months before the cut-over are mirrored too, or the books are kept here."""
    connection = accounting.connection_of(client)
    return connection is None or bool(connection.settings.get(HISTORY_IS_HERE))


def _is_read(connection: Connection) -> bool:
    """Whether every stream of the accounting system was read once: before that the mirror would miss accounts."""
    streams = StreamState.objects.filter(client_id=connection.client_id, connection=connection)
    return streams.exists() and not streams.filter(last_success_at__isnull=True).exists()


def send(client: Client, books: Accounting, renew: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Freeze what waits, send it, and let what was sent meet itself in the mirror."""
    started = datetime.now(UTC)
    try:
        outbox_cancelled.drop(client, books)
        with client_context(client.pk):
            outbox.retry_signed_in(client, books)
            outbox_files.retry_signed_in(client, books)
            names, sold = outbox_parties.missing(client, books.connection), outbox_items.missing(client)
        parties = outbox_parties.make(client, books, names, renew)
        items = outbox_items.make(client, books, sold, renew)
        dimensions = outbox_dimensions.read(client, books)
        voids = outbox_voids.find(client, books)
        result = outbox.FlushResult()
        with client_context(client.pk):
            outbox_voids.prepare(client, books, voids)
        for _round in ("bills and invoices", "what settles them"):
            with client_context(client.pk):
                outbox.prepare(client, books, parties, items, dimensions)
                outbox_credits.prepare(client, books)
            result += outbox.flush(client, books, renew)
        outbox_files.deliver(client, books, renew)
    except Reconnect:
        return {"posted": 0, "waiting": 1}
    renew()
    with client_context(client.pk):
        sent = OutboxItem.objects.filter(client=client, state="posted", answered_at__gte=started)
        months = sorted({Month.of(day) for day in sent.values_list("booked_on", flat=True)})
    _take_months(client, books, months, renew)
    return asdict(result)


def _mirror(client: Client, books: Accounting, renew: Callable[[], None]) -> dict[str, int]:
    with client_context(client.pk):
        whole = books.connection.settings.get(HISTORY_IS_HERE)
        months = sorted(mirror_feed.dirty_months(client, books.connection)) if whole else _history(client)
    seen = _take_months(client, books, months, renew)
    if seen.pop("unknown accounts"):
        # Accounts made since the last pull: read them first, and these months again.
        schedule.soon(books.connection, reason="unknown accounts")
        raise RetryLater("the ledger names accounts that are not read yet", retry_after=15)
    with client_context(client.pk):
        mirror_feed.take_links(client, books.connection)
        mirror_feed.feed_is_taken(client, books.connection)
        if not whole:
            books.connection.settings[HISTORY_IS_HERE] = True
            books.connection.save(update_fields=["settings"])
    return seen


def _history(client: Client) -> list[Month]:
    start = Month.of(client.cut_over_on or datetime.now(UTC).date()).shift(-HISTORY_MONTHS)
    return start.through(Month.of(datetime.now(UTC).date()))


def _take_months(
    client: Client, books: Accounting, months: Iterable[Month], renew: Callable[[], None]
) -> dict[str, int]:
    totals = {
        "months": 0,
        "documents": 0,
        "new": 0,
        "changed": 0,
        "gone": 0,
        "ours": 0,
        "after close": 0,
        "unknown accounts": 0,
    }
    names: Dimensions | None = None
    for month in months:
        documents = books.books.ledger_month(books.api, month.first, books.context)
        if names is None and any(line.klass or line.department for one in documents for line in one.lines):
            names = books.books.dimensions(books.api)
        with client_context(client.pk):
            result = mirror.take_month(client, books.connection, month, documents, names)
        totals["months"] += 1
        totals["documents"] += result.seen
        for name, value in (
            ("new", result.new),
            ("changed", result.changed),
            ("gone", result.gone),
            ("ours", result.ours),
        ):
            totals[name] += value
        totals["after close"] += result.after_close
        totals["unknown accounts"] += len(result.unknown_accounts)
        renew()
    return totals
