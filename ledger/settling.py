"""What a person does with an exception so that it goes away: map, take the other copy, post on an open day, send again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction

from clients import audit
from integrations import jobs
from integrations.models import Connection, Fact, SyncJob
from ledger import (
    booking,
    corrections,
    duplicates,
    exceptions_inbox,
    mapping,
    outbox,
    outbox_files,
    posting,
    queries,
    routes,
)
from ledger.models import JournalEntry, LedgerException, OutboxItem

if TYPE_CHECKING:
    from clients.models import Client, User
    from ledger.models import Account, MappingVersion


class SettlingError(ValueError):
    """An answer that does not fit the exception, or that the books refuse; nothing was changed."""


@transaction.atomic
def map_to(row: LedgerException, account: Account, *, by: User) -> MappingVersion:
    """Put the missing rule into the client's draft mapping, effective early enough; posts once a controller approves it.

    Raises SettlingError, or MappingError of the mapping.
    """
    if row.kind != LedgerException.Kind.UNMAPPED or "role" not in row.detail:
        raise SettlingError("Only a category without an account can be mapped.")
    rows = queries.alike(row)
    needed = min((one.booked_on for one in rows if one.booked_on), default=datetime.now(UTC).date()).replace(day=1)
    version = mapping.draft(row.client, by=by, effective_from=needed)
    if version.effective_from > needed:
        version.effective_from = needed
        version.save(update_fields=["effective_from"])
    mapping.set_rule(
        version,
        role=row.detail["role"],
        key=row.detail.get("key", ""),
        account=account,
        by=by,
        reason=f"for {row.source}",
    )
    for one in rows:
        one.detail = {**one.detail, "drafted": {"version": version.number, "account": str(account)}}
    LedgerException.objects.bulk_update(rows, ["detail"])
    return version


#: What can be answered to a suspect pair.
DUPLICATE_ANSWERS = ("keep", "first", "second")


@transaction.atomic
def decide_duplicate(row: LedgerException, *, answer: str, by: User) -> str:
    """Reverse the later copy (``second``) or the ``first``, or remember that both are real (``keep``); gives what was done.

    Raises SettlingError.
    """
    must_be(row, LedgerException.Kind.DUPLICATE)
    if answer not in DUPLICATE_ANSWERS:
        raise SettlingError("Choose which of the two is reversed, or that both are real.")
    if answer == "keep":
        duplicates.both_are_real(row, by=by)
        return "Both are real. The pair is not asked about again."
    try:
        duplicates.reverse(row, which="first" if answer == "first" else "second", by=by)
    except (corrections.CorrectionError, posting.PostingError) as error:
        raise SettlingError(str(error)) from error
    said = "first is reversed, the later one stays" if answer == "first" else "copy is reversed"
    return f"The {said}. The reversal goes to the accounting system."


@transaction.atomic
def decide_overlap(row: LedgerException, *, reverse: bool, by: User) -> str:
    """A payroll somebody typed by hand: reverse it and book the register, or keep it and leave ours out."""
    must_be(row, LedgerException.Kind.OVERLAP)
    if row.detail.get("route"):
        raise SettlingError("Say which route books this system.")
    fact = Fact.objects.filter(client=row.client, pk=row.fact_id or 0).first()
    entry = JournalEntry.objects.filter(client=row.client, pk=row.entry_id or 0).first()
    if fact is None or entry is None:
        raise SettlingError("The run or the entry by hand is no longer there.")
    if not reverse:
        Fact.objects.filter(pk=fact.pk).update(state="skipped", reason=f"booked by hand: entry {entry.pk}")
        exceptions_inbox.resolve(row, by=by, resolution="The entry by hand was kept.", ignored=True)
        return "The entry by hand stays. Ours is left out."
    try:
        corrections.reverse(entry, reason=f"Typed by hand; booked from the register {fact.external_id}", by=by)
    except (corrections.CorrectionError, posting.PostingError) as error:
        raise SettlingError(str(error)) from error
    exceptions_inbox.resolve(row, by=by, resolution="The entry by hand was reversed; the register is booked instead.")
    booking.book(row.client, connection_id=fact.connection_id)
    return "The entry by hand is reversed and the register is booked."


@transaction.atomic
def decide_route(row: LedgerException, *, books: bool, by: User) -> str:
    """Which route books a system that another one seems to book already. Raises SettlingError."""
    must_be(row, LedgerException.Kind.OVERLAP)
    connection = Connection.objects.filter(client=row.client, pk=row.detail.get("route") or 0).first()
    if connection is None:
        raise SettlingError("This is not about the route of a system.")
    routes.answer(connection, books=books, by=by)
    said = f"{connection} is booked from here." if books else f"{connection} only proves; the other route books."
    exceptions_inbox.resolve(row, by=by, resolution=said)
    booking.book(row.client, connection_id=connection.pk)
    return said


def send_again(row: LedgerException, *, by: User) -> str:
    """A refused or unanswered document goes out again under the same request id; it is looked up by its number first."""
    item = OutboxItem.objects.filter(client=row.client, pk=row.outbox_id or 0).first()
    if item is None:
        raise SettlingError("The document behind this is no longer there.")
    outbox.retry(item)
    audit.record(row.client, by, "outbox.retried", item.marker, {})
    retry_client(row.client)
    return "Looked up by its number, then sent again with the same request id."


def retry(row: LedgerException, *, by: User) -> str:
    """Try one exception and all alike again, in the background."""
    if row.identity.startswith("file:"):
        outbox_files.retry(row.client, int(row.identity.removeprefix("file:")))
    if row.outbox_id and row.kind in {LedgerException.Kind.REFUSED, LedgerException.Kind.UNCERTAIN}:
        return send_again(row, by=by)
    retry_client(row.client)
    return "Trying again. The row goes when it is booked."


def retry_client(client: Client) -> None:
    """Queue a refresh that takes up held facts too, unless one is waiting already."""
    waiting = SyncJob.objects.filter(
        client=client, kind="refresh", state=SyncJob.State.DUE, dedupe_key__startswith="refresh:retry:"
    )
    if not waiting.exists():
        jobs.enqueue(client.pk, "refresh", f"refresh:retry:{uuid4()}")


def must_be(row: LedgerException, kind: LedgerException.Kind) -> None:
    """Raises SettlingError unless the exception is of the kind and still open."""
    if row.kind != kind or row.state not in exceptions_inbox.OPEN:
        raise SettlingError("This has been settled meanwhile.")


@transaction.atomic
def take_register_instead(client: Client, fact: Fact, other: JournalEntry, *, by: User) -> str:
    """Reverse an entry by hand that books a payroll run, and book the run from its register. Raises SettlingError."""
    row = LedgerException.objects.filter(
        client=client, kind="overlap", fact_id=fact.pk, state__in=exceptions_inbox.OPEN
    ).first()
    if row is not None:
        row.entry_id = other.pk
        return decide_overlap(row, reverse=True, by=by)
    try:
        corrections.reverse(other, reason=f"Typed by hand; booked from the register {fact.external_id}", by=by)
    except (corrections.CorrectionError, posting.PostingError) as error:
        raise SettlingError(str(error)) from error
    Fact.objects.filter(pk=fact.pk, state="skipped").update(state="exception")
    booking.book(client, connection_id=fact.connection_id)
    return "The entry by hand is reversed and the register is booked."
