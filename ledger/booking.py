"""Facts become entries: rules → mapping → gates → posting. What cannot is held as an exception; nothing is guessed.

One path for one fact or a hundred thousand; running it twice posts nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import orjson
from django.db import connection as database
from django.db.models import TextField
from django.db.models.functions import Cast

from integrations.models import Connection, Fact, StreamState
from integrations.records import PayrollRun, Record, Skipped
from integrations.records_json import from_json
from integrations.registry import all_providers
from integrations.storing import UNREADABLE
from ledger import exceptions_inbox, mapping, overlap, posting
from ledger.core import roles
from ledger.core.period import Month
from ledger.core.rules import EVIDENCE, Unbookable, drafts
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.entry import DraftEntry, DraftLine

BATCH = 20_000
_COLUMNS = ("id", "connection_id", "stream", "external_id", "kind", "booked_on", "amount_minor", "state", "reason")
#: Facts that other use cases take: bank lines wait for their match, the mirror takes the ledger's own documents.
TAKEN_ELSEWHERE = (
    "BankAccount",
    "BankLine",
    "BankLineRemoved",
    "BankStatement",
    "LedgerDocument",
    "LedgerDeletion",
    "LedgerAccount",
)
HELD_KINDS = ("unmapped", "unknown", "payload", "overlap", "closed")


class _Waiting(NamedTuple):
    """A fact as booking reads it: no more of its row than that, ``text`` is its record as JSON."""

    pk: int
    connection_id: int
    stream: str
    external_id: str
    kind: str
    booked_on: date | None
    amount_minor: int | None
    state: str
    reason: str
    text: str


@dataclass(slots=True)
class BookResult:
    """Facts by what became of them; ``entries`` counts new journal entries."""

    facts: int = 0
    entries: int = 0
    booked: int = 0
    skipped: int = 0
    held: int = 0


@dataclass(slots=True)
class _Batch:
    """What one batch of facts leads to, before anything is written."""

    entries: list[posting.Entry] = field(default_factory=list)
    booked: list[int] = field(default_factory=list)
    proof: list[int] = field(default_factory=list)
    skipped: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)
    held: dict[int, str] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)


def book(client: Client, *, connection_id: int | None = None) -> BookResult:
    """Book every new fact of a client and try again what is held, in the caller's transaction.

    Held facts are few and their cause may be gone (a mapping, an open month), so that a fixed cause settles all its members.
    Streams whose duty is not ``book`` are evidence. Facts before the cut-over are skipped, since the books already hold them.
    """
    waiting = (
        Fact.objects.filter(client=client, state__in=["new", "exception"])
        .exclude(kind__in=TAKEN_ELSEWHERE)
        .order_by("id")
    )
    if connection_id:
        waiting = waiting.filter(connection_id=connection_id)
    reader = _Reader(client)
    result = BookResult()
    if not reader.mappings.versions:
        return result  # nothing is booked before somebody approved a mapping; the facts wait
    last = 0
    columns = waiting.annotate(text=Cast("data", TextField())).values_list(*_COLUMNS, "text")
    while facts := [_Waiting(*row) for row in columns.filter(id__gt=last)[:BATCH]]:
        last = facts[-1].pk
        batch = _Batch()
        for fact in facts:
            reader.read(fact, batch)
        _write(client, reader, batch, result)
        result.facts += len(facts)
    return result


class _Reader:
    """Turns facts into entries to post; holds what is the same for all facts of the run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.mappings = mapping.load(client.pk)
        self.connections = Connection.objects.filter(client=client).in_bulk()
        self.duties = {
            (connection_id, stream): duty
            for connection_id, stream, duty in StreamState.objects.filter(client=client).values_list(
                "connection_id", "stream", "duty"
            )
        }
        self.closed = set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))
        self.categories = {slug: provider.category for slug, provider in all_providers().items()}
        self.gate = overlap.PayrollGate(client)
        self._accounts: dict[tuple[int, str, str, str, str], int | None] = {}

    def read(self, fact: _Waiting, batch: _Batch) -> None:
        """Sort one fact into the batch."""
        connection = self.connections[fact.connection_id]
        if fact.kind == UNREADABLE:
            self._hold(
                fact, connection, batch, "payload", "unreadable record", fact.reason or "The record could not be read."
            )
            return
        record = from_json(fact.kind, orjson.loads(fact.text))
        duty = self.duties.get((fact.connection_id, fact.stream), "book")
        if isinstance(record, Skipped):
            batch.skipped[record.reason].append(fact.pk)
        elif duty != "book" or isinstance(record, EVIDENCE):
            batch.proof.append(fact.pk)
        elif self._is_before_cut_over(record, connection):
            batch.skipped["before the cut-over: already in the books"].append(fact.pk)
        else:
            self._book(fact, record, connection, batch)

    def _is_before_cut_over(self, record: Record, connection: Connection) -> bool:
        cut_over = connection.cut_over_on or self.client.cut_over_on
        return cut_over is not None and record.booked_on < cut_over

    def _book(self, fact: _Waiting, record: Record, connection: Connection, batch: _Batch) -> None:
        if record.currency.upper() != self.client.home_currency:
            what = f"{record.currency} needs an exchange rate to {self.client.home_currency}"
            self._hold(fact, connection, batch, "unknown", f"currency {record.currency}", what)
            return
        try:
            made = drafts(record, provider=connection.provider, category=self.categories.get(connection.provider, ""))
        except Unbookable as problem:
            self._hold(fact, connection, batch, "unknown", problem.what, problem.what)
            return
        if not made:
            batch.proof.append(fact.pk)
            return
        entries = []
        for draft in made:
            entry = self._mapped(fact, draft, connection, batch)
            if entry is None:
                return
            entries.append(entry)
        if isinstance(record, PayrollRun) and (found := self.gate.overlapping(record, entries)):
            self._hold(
                fact,
                connection,
                batch,
                "overlap",
                found.cause,
                found.title,
                entry_id=found.entry_id,
                detail=found.detail,
            )
            return
        batch.entries += entries
        batch.booked.append(fact.pk)
        if fact.state == Fact.State.EXCEPTION:
            batch.settled.append(_identity(fact, connection))

    def hold_closed(self, fact: Fact, day: date, batch: _Batch) -> None:
        """The source changed what a closed month holds: its entry stands until a person decides."""
        title = f"Changed at the source; it is booked on {day:%b} {day.day}, and the books of {day:%B %Y} are closed."
        self._hold(fact, self.connections[fact.connection_id], batch, "closed", f"{day:%B %Y} is closed", title)

    def _mapped(self, fact: _Waiting, draft: DraftEntry, connection: Connection, batch: _Batch) -> posting.Entry | None:
        month = draft.booked_on.replace(day=1)
        if month in self.closed:
            title = f"Dated {draft.booked_on:%b} {draft.booked_on.day}, and the books of {month:%B %Y} are closed."
            self._hold(fact, connection, batch, "closed", f"{month:%B %Y} is closed", title)
            return None
        version = self.mappings.on(draft.booked_on)
        lines = []
        for line in draft.lines:
            account = self._account(version, line, connection.provider) if version else None
            if account is None:
                named = roles.label(line.role, line.key)
                self._hold(
                    fact,
                    connection,
                    batch,
                    "unmapped",
                    named,
                    f"No account for {named}.",
                    detail={"role": line.role, "key": line.key, "department": line.department},
                )
                return None
            lines.append(
                posting.Line(
                    account, line.debit, line.credit, line.role, line.key, line.memo, line.party, line.department
                )
            )
        return posting.Entry(
            booked_on=draft.booked_on,
            source_key=source_key(connection, fact),
            purpose=draft.purpose,
            lines=lines,
            memo=draft.memo,
            fact_id=fact.pk,
            mapping_version_id=version.version_id if version else None,
        )

    def _account(self, version: mapping.Mapping, line: DraftLine, provider: str) -> int | None:
        """The mapping's answer, asked once for each case: a run's lines fall into few."""
        case = (version.version_id, line.role, line.key, line.department, provider)
        if case not in self._accounts:
            self._accounts[case] = version.account_for(line, provider)
        return self._accounts[case]

    def _hold(
        self,
        fact: Fact | _Waiting,
        connection: Connection,
        batch: _Batch,
        kind: str,
        cause: str,
        title: str,
        *,
        entry_id: int | None = None,
        detail: dict[str, object] | None = None,
    ) -> None:
        batch.held[fact.pk] = title[:500]
        batch.problems.append(
            Problem(
                kind=kind,
                identity=_identity(fact, connection),
                cause=cause,
                title=title,
                source=str(connection),
                amount_minor=fact.amount_minor,
                booked_on=fact.booked_on,
                connection_id=connection.pk,
                fact_id=fact.pk,
                entry_id=entry_id,
                detail={"kind": fact.kind, "external_id": fact.external_id, **(detail or {})},
            )
        )


def source_key(connection: Connection, fact: Fact | _Waiting) -> str:
    """The identity of a fact for ever: provider, its account, stream, object. A reconnected account keeps it."""
    return f"{connection.provider}:{connection.account_id}:{fact.stream}:{fact.external_id}"[:200]


def _identity(fact: Fact | _Waiting, connection: Connection) -> str:
    return source_key(connection, fact)


def _write(client: Client, reader: _Reader, batch: _Batch, result: BookResult) -> None:
    done = posting.post(client.pk, batch.entries)
    stuck = _revise(client, batch.entries, done, reader.closed)
    for fact in Fact.objects.filter(client=client, pk__in=stuck):
        reader.hold_closed(fact, stuck[fact.pk], batch)
    batch.booked = [fact_id for fact_id in batch.booked if fact_id not in stuck]
    _mark(client, batch.booked, "booked", "")
    if done.known or done.changed:
        _supersede(client, batch.booked)
    _mark(client, batch.proof, "proof", None)
    for reason, ids in batch.skipped.items():
        _mark(client, ids, "skipped", reason[:500])
    by_reason: dict[str, list[int]] = defaultdict(list)
    for fact_id, reason in batch.held.items():
        by_reason[reason].append(fact_id)
    for reason, ids in by_reason.items():
        _mark(client, ids, "exception", reason)
    held = {problem.identity for problem in batch.problems}
    exceptions_inbox.open_problems(client.pk, batch.problems)
    settled = [identity for identity in batch.settled if identity not in held]
    if settled:
        exceptions_inbox.settle(client.pk, HELD_KINDS, settled, resolution="Booked after its cause was settled.")
    result.entries += done.posted
    result.booked += len(batch.booked)
    result.skipped += sum(map(len, batch.skipped.values()))
    result.held += len(batch.held)


def _supersede(client: Client, ids: Sequence[int]) -> None:
    """A newer version of a record takes the place of the booked one, so that no proof counts both."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_fact old SET state = 'superseded' FROM integrations_fact new"
            " WHERE new.client_id = %(client)s AND new.id = ANY(%(ids)s) AND old.client_id = new.client_id"
            " AND old.connection_id = new.connection_id AND old.stream = new.stream AND old.external_id = new.external_id"
            " AND old.kind = new.kind AND old.id < new.id AND old.state = 'booked'",
            {"client": client.pk, "ids": list(ids)},
        )


def _mark(client: Client, ids: Sequence[int], state: str, reason: str | None) -> None:
    """What became of these facts; one array travels instead of a list of up to a batch's literals."""
    if not ids:
        return
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_fact SET state = %s, reason = coalesce(%s, reason) WHERE client_id = %s AND id = ANY(%s)",
            [state, reason, client.pk, list(ids)],
        )


def _revise(
    client: Client, entries: Sequence[posting.Entry], done: posting.PostResult, closed: set[date]
) -> dict[int, date]:
    """A fact came back with other content: reverse what stands and post the next revision, both dated as the original.

    Gives the facts (with the day) whose standing entry is in a month that closed meanwhile; nothing of those is touched.
    """
    stuck: dict[int, date] = {}
    for index in [*(index for index, _entry_id in done.changed), *_back_again(client, done)]:
        wanted = entries[index]
        standing = live_entry(client.pk, wanted.source_key, wanted.purpose)
        if standing is None or bytes(standing.content_sha256) == wanted.digest():
            continue
        if standing.booked_on.replace(day=1) in closed and wanted.fact_id is not None:
            stuck[wanted.fact_id] = standing.booked_on
            continue
        posting.reverse(standing, reason="The source changed this record.", booked_on=standing.booked_on)
        revised = wanted._replace(revision=standing.revision + 1)
        done.ids[index] = posting.post(client.pk, [revised]).ids[0]
        done.posted += 1
    return stuck


def _back_again(client: Client, done: posting.PostResult) -> list[int]:
    """Entries offered that are known as they are, but were reversed: the source may have changed back to what it was."""
    if not done.known:
        return []
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT reverses_id FROM ledger_journalentry WHERE client_id = %s AND reverses_id = ANY(%s)",
            [client.pk, list(done.ids.values())],
        )
        reversed_ids = {row[0] for row in cursor.fetchall()}
    return [index for index, entry_id in done.ids.items() if entry_id in reversed_ids]


def live_entry(client_id: int, key: str, purpose: str) -> JournalEntry | None:
    """The newest entry of an identity that no reversal undoes."""
    newest = (
        JournalEntry.objects.filter(client_id=client_id, source_key=key, purpose=purpose).order_by("-revision").first()
    )
    if newest is None or JournalEntry.objects.filter(client_id=client_id, reverses=newest).exists():
        return None
    return newest


def first_open_day(client_id: int, day: date) -> date:
    """The day itself, or the first day of the next open month where its month is closed."""
    closed = set(Period.objects.filter(client_id=client_id).exclude(state="open").values_list("month", flat=True))
    month = Month.of(day)
    if month.first not in closed:
        return day
    while month.first in closed:
        month = month.next
    return month.first
