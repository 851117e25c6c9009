"""Take a batch of entries back at once, and post it again: a connection's days, one of its pulls, or a mapping version's work.

Nothing that a finished reconciliation counts is touched, nor anything of a closed month: both are named first. What was taken
back is reversed on its own day; undoing books the records again as rules and mapping say now, each as the next revision.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from clients import audit
from integrations.models import Connection, Fact
from ledger import booking, finishing, matches, posting
from ledger.core.period import Month
from ledger.models import (
    JournalEntry,
    MappingVersion,
    Match,
    MatchMember,
    Period,
    Rollback,
    RollbackMember,
    StatementBalance,
)
from ledger.revisions import ROLLED_BACK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from clients.models import Client, User

#: Entries of one batch at most; a larger one is asked for in parts.
LIMIT = 20_000


class RollbackRefused(ValueError):  # noqa: N818
    """A batch that cannot be taken back or posted again; the text is for the person."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Which entries: by a connection's days of books (``days``) or of reading (``pull``), both days included, or by mapping
    version.
    """

    kind: Rollback.Kind
    connection: Connection | None = None
    first: date | None = None
    last: date | None = None
    version: MappingVersion | None = None

    @property
    def subject(self) -> str:
        if self.kind == Rollback.Kind.MAPPING:
            return f"Mapping {self.version}"
        said = f"{self.first:%b} {self.first.day}, {self.first.year}" if self.first else ""
        if self.last and self.last != self.first:
            said += f" to {self.last:%b} {self.last.day}, {self.last.year}"
        verb = ", read on " if self.kind == Rollback.Kind.PULL else ", "
        return f"{self.connection}{verb}{said}"


@dataclass(frozen=True, slots=True)
class Broken:
    """A line of a finished reconciliation that taking an entry back would break."""

    statement: StatementBalance
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch holds: ``entries`` would be taken back; ``broken`` and ``closed`` would stay. ``months`` says by how much
    debits move in each month, in minor units; ``matches`` is how many matches with bank lines would be taken apart.
    """

    batch: Batch
    entries: Sequence[JournalEntry]
    broken: Sequence[Broken]
    closed: Sequence[JournalEntry]
    months: Mapping[Month, int]
    matches: int
    is_cut: bool


def preview(client: Client, batch: Batch) -> Preview:
    """The batch as it stands now; in the client's context."""
    rows = list(_entries(client, batch).prefetch_related("lines").order_by("booked_on", "pk")[: LIMIT + 1])
    found = _of_records(client, rows)
    closed_months = set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))
    finished = finishing.finished_with(client, [entry.pk for entry in found])
    by_id = {entry.pk: entry for entry in found}
    broken = [Broken(statement, by_id[entry_id]) for statement, entry_id in finished]
    stays = {one.entry.pk for one in broken}
    closed = [entry for entry in found if entry.booked_on.replace(day=1) in closed_months]
    entries = [
        entry for entry in found if entry.pk not in stays and entry.booked_on.replace(day=1) not in closed_months
    ]
    months: dict[Month, int] = defaultdict(int)
    for entry in entries:
        months[Month.of(entry.booked_on)] += sum(line.debit_minor for line in entry.lines.all())
    taken_apart = _matches(client, entries).count()
    return Preview(batch, entries, broken, closed, dict(sorted(months.items())), taken_apart, len(rows) > LIMIT)


def _entries(client: Client, batch: Batch) -> QuerySet[JournalEntry]:
    """The live entries that the batch's records made, never those a person or a match made."""
    live = JournalEntry.objects.filter(
        client=client, origin="source", reverses__isnull=True, reversals__isnull=True, fact_id__isnull=False
    )
    if batch.kind == Rollback.Kind.MAPPING:
        assert batch.version is not None
        return live.filter(mapping_version_id=batch.version.pk)
    assert batch.connection is not None
    assert batch.first is not None
    assert batch.last is not None
    if batch.kind == Rollback.Kind.DAYS:
        prefix = f"{batch.connection.provider}:{batch.connection.account_id}:"
        return live.filter(source_key__startswith=prefix, booked_on__range=(batch.first, batch.last))
    zone = ZoneInfo(client.timezone)
    since = datetime.combine(batch.first, time(), zone).astimezone(UTC)
    until = datetime.combine(batch.last + timedelta(1), time(), zone).astimezone(UTC)
    read = Fact.objects.filter(
        client=client, connection_id=batch.connection.pk, created_at__gte=since, created_at__lt=until
    )
    return live.filter(fact_id__in=read.values("pk"))


def _of_records(client: Client, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Those that booking a record made: what a match with a bank line made goes with its match."""
    connections = Connection.objects.filter(client=client).in_bulk()
    facts = Fact.objects.filter(client=client).in_bulk({entry.fact_id for entry in entries if entry.fact_id})
    made = {pk: booking.source_key(connections[fact.connection_id], fact) for pk, fact in facts.items()}
    return [entry for entry in entries if made.get(entry.fact_id or 0) == entry.source_key]


def _matches(client: Client, entries: Collection[JournalEntry]) -> QuerySet[Match]:
    members = MatchMember.objects.filter(client=client, is_live=True, entry__in=[entry.pk for entry in entries])
    return Match.objects.filter(client=client, pk__in=members.values("match_id"), state=Match.State.ACCEPTED)


@transaction.atomic
def take_back(client: Client, batch: Batch, *, reason: str, by: User, leave_out: bool = False) -> Rollback:
    """Reverse every entry of the batch on its own day; its records wait until the batch is posted again.

    Where finished reconciliations or closed months hold some of them, nothing is done unless ``leave_out`` says that those
    stay. Raises RollbackRefused, PostingError when the books refuse.
    """
    if not reason.strip():
        raise RollbackRefused("Reason: say why the batch is taken back.")
    # Whoever finishes a reconciliation meanwhile waits for this, and this for them.
    list(StatementBalance.objects.select_for_update().filter(client=client).values_list("pk", flat=True))
    found = preview(client, batch)
    if found.is_cut:
        raise RollbackRefused(f"More than {LIMIT:,} entries: take fewer days at once.")
    if (found.broken or found.closed) and not leave_out:
        raise RollbackRefused(_refusal(found))
    if not found.entries:
        raise RollbackRefused("Nothing of this stands in an open month.")
    said = f"{ROLLED_BACK}{reason.strip()}"[:300]
    taken_apart = list(_matches(client, found.entries))
    mirrors = [posting.mirror_of(entry, reason=said, booked_on=entry.booked_on) for entry in found.entries]
    done = posting.post(client.pk, mirrors, actor_id=by.pk)
    for match in taken_apart:
        matches.undo(match, by=by)
    made = Rollback.objects.create(
        client=client, kind=batch.kind, subject=batch.subject[:200], reason=reason.strip()[:300], made_by=by
    )
    RollbackMember.objects.bulk_create(
        [
            RollbackMember(client=client, rollback=made, entry=entry, reversal_id=done.ids[place])
            for place, entry in enumerate(found.entries)
        ],
        batch_size=5_000,
    )
    _records(client, made).filter(state=Fact.State.BOOKED).update(state=Fact.State.SKIPPED, reason=said)
    audit.record(
        client,
        by,
        "posting.rolled_back",
        made.subject,
        {"entries": len(mirrors), "reason": reason, "rollback": made.pk},
    )
    return made


def _refusal(found: Preview) -> str:
    said = []
    for one in found.broken[:3]:
        month = Month.of(one.statement.month)
        said.append(
            f"JE-{one.entry.pk} ({one.entry.booked_on}) in the reconciliation of {one.statement.feed}, {month.label}"
        )
    more = len(found.broken) - len(said)
    text = f"This would break {'; '.join(said)}{f'; and {more} more' if more > 0 else ''}. " if said else ""
    if found.closed:
        text += f"{len(found.closed)} of the entries are in closed months. "
    return f"{text}Reopen those first, or leave them as they are."


def _records(client: Client, made: Rollback) -> QuerySet[Fact]:
    """The records of a batch, in the version that counts now."""
    members = RollbackMember.objects.filter(client=client, rollback=made)
    facts = JournalEntry.objects.filter(client=client, pk__in=members.values("entry_id")).values("fact_id")
    said = Fact.objects.filter(client=client, pk__in=facts).values_list("connection_id", "stream", "external_id")
    names: dict[tuple[int, str], list[str]] = defaultdict(list)
    for connection_id, stream, external_id in said:
        names[connection_id, stream].append(external_id)
    rows = Fact.objects.none()
    for (connection_id, stream), external_ids in names.items():
        rows = rows | Fact.objects.filter(
            client=client, connection_id=connection_id, stream=stream, external_id__in=external_ids
        )
    return rows.exclude(state=Fact.State.SUPERSEDED)


@transaction.atomic
def post_again(client: Client, made: Rollback, *, by: User) -> booking.BookResult:
    """Undo a rollback: its records are booked again as rules and mapping say now, each once. Raises RollbackRefused."""
    made = Rollback.objects.select_for_update().get(client=client, pk=made.pk)
    if made.undone_at is not None:
        raise RollbackRefused("This batch is posted again already.")
    made.undone_by, made.undone_at = by, timezone.now()
    made.save(update_fields=["undone_by", "undone_at"])
    back = _records(client, made).filter(state=Fact.State.SKIPPED, reason__startswith=ROLLED_BACK)
    back.update(state=Fact.State.NEW, reason="")
    done = booking.book(client)
    audit.record(client, by, "posting.posted_again", made.subject, {"entries": done.entries, "rollback": made.pk})
    return done
