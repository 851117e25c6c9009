"""Facts become entries: rules → mapping → gates → posting. What cannot is held as an exception; nothing is guessed.

One path for one fact or a hundred thousand; running it twice posts nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import orjson
from django.db import connection as database

from clients import catalogue
from integrations.models import Connection, Fact, StreamState
from integrations.records import PayrollRun, Record, Skipped, Unknown, Withdrawn
from integrations.records_json import from_json
from integrations.registry import all_providers
from integrations.storing import UNREADABLE, collector_at_rest
from ledger import exceptions_inbox, loops, mapping, overlap, posting, rates, revisions, routes
from ledger.core import roles
from ledger.core.period import Month
from ledger.core.rules import EVIDENCE, Unbookable, drafts
from ledger.exceptions_inbox import Problem
from ledger.models import Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.entry import DraftEntry, DraftLine

BATCH = 20_000
#: LATERAL with a limit keeps to one look at each fact of the list, whatever the planner knows of it.
WAITING = """
SELECT f.id, f.connection_id, f.stream, f.external_id, f.kind, f.booked_on, f.amount_minor, f.state, f.reason, f.data::text
FROM integrations_waitingfact w
CROSS JOIN LATERAL (SELECT * FROM integrations_fact WHERE id = w.fact_id AND client_id = w.client_id LIMIT 1) f
WHERE w.client_id = %(client)s AND w.fact_id > %(last)s AND f.kind <> ALL(%(elsewhere)s)
  AND f.state IN ('new', 'exception') AND (%(connection)s::bigint IS NULL OR f.connection_id = %(connection)s)
ORDER BY w.fact_id LIMIT %(batch)s
"""
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
_EVIDENCE = frozenset(EVIDENCE)
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
    withdrawn: list[tuple[_Waiting, Withdrawn]] = field(default_factory=list)


def book(client: Client, *, connection_id: int | None = None) -> BookResult:
    """Book every new fact of a client and try again what is held, in the caller's transaction.

    Held facts are few and their cause may be gone (a mapping, an open month), so that a fixed cause settles all its members.
    Streams whose duty is not ``book`` are evidence. Facts before the cut-over are skipped, since the books already hold them.
    """
    reader = _Reader(client)
    result = BookResult()
    if not reader.mappings.versions:
        return result  # nothing is booked before somebody approved a mapping; the facts wait
    last = 0
    while facts := _waiting(client, connection_id, last):
        last = facts[-1].pk
        with collector_at_rest(len(facts)):
            batch = _Batch()
            for fact in facts:
                reader.read(fact, batch)
            _write(client, reader, batch, result)
        result.facts += len(facts)
    reader.routes.remember()
    return result


def _waiting(client: Client, connection_id: int | None, last: int) -> list[_Waiting]:
    """The next facts to handle after the fact ``last``, in the order they came."""
    asked = {"client": client.pk, "last": last, "connection": connection_id, "batch": BATCH}
    with database.cursor() as cursor:
        cursor.execute(WAITING, asked | {"elsewhere": list(TAKEN_ELSEWHERE)})
        return list(map(_Waiting._make, cursor.fetchall()))


class _Reader:
    """Turns facts into entries to post; holds what is the same for all facts of the run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.mappings = mapping.load(client.pk)
        self.connections = Connection.objects.filter(client=client).in_bulk()
        states = StreamState.objects.filter(client=client).values_list("connection_id", "stream", "duty")
        self.duties = {(connection_id, stream): duty for connection_id, stream, duty in states}
        self.closed = set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))
        self.categories = {system.slug: system.category for system in catalogue.SYSTEMS}
        self.categories |= {slug: provider.category for slug, provider in all_providers().items()}
        self.gate = overlap.PayrollGate(client)
        self.routes = routes.Gate(client)
        self.rates, self.loops = rates.Rates(client), loops.Guard(client)
        self._days: dict[date, tuple[mapping.Mapping | None, bool]] = {}
        self._placer = mapping.Placer()

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
        elif isinstance(record, Withdrawn) and duty == "book":
            batch.withdrawn.append((fact, record))
        elif type(record) in _EVIDENCE or (duty != "book" and not isinstance(record, Unknown)):
            batch.proof.append(fact.pk)
        elif self._is_before_cut_over(record, connection):
            batch.skipped["before the cut-over: already in the books"].append(fact.pk)
        elif ours := self.loops.came_back(record):
            batch.skipped[ours].append(fact.pk)
        else:
            self._book(fact, record, connection, batch)

    def _is_before_cut_over(self, record: Record, connection: Connection) -> bool:
        cut_over = connection.cut_over_on or self.client.cut_over_on
        return cut_over is not None and record.booked_on < cut_over

    def _book(self, fact: _Waiting, record: Record, connection: Connection, batch: _Batch) -> None:
        if not isinstance(record, Unknown) and (problem := self.routes.held_back(connection)):
            batch.problems.append(problem)  # the fact waits as it is, until somebody says which route books
            return
        try:
            made = drafts(
                self.rates.lent(record, self.client.home_currency),
                provider=connection.provider,
                category=self.categories.get(connection.provider, ""),
                home=self.client.home_currency,
            )
        except Unbookable as problem:
            self._hold(fact, connection, batch, "unknown", problem.cause, problem.what)
            return
        if not made:
            batch.proof.append(fact.pk)
            return
        entries = []
        for draft in made:
            entry = self._mapped(fact, record, draft, connection, batch)
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
            batch.settled.append(source_key(connection, fact))

    def hold_closed(self, fact: Fact | _Waiting, day: date, batch: _Batch) -> None:
        """The source changed what a closed month holds: its entry stands until a person decides."""
        title = f"Changed at the source; it is booked on {day:%b} {day.day}, and the books of {day:%B %Y} are closed."
        self._hold(fact, self.connections[fact.connection_id], batch, "closed", f"{day:%B %Y} is closed", title)

    def _mapped(
        self, fact: _Waiting, record: Record, draft: DraftEntry, connection: Connection, batch: _Batch
    ) -> posting.Entry | None:
        version, is_closed = self._on(draft.booked_on)
        if is_closed:
            month = draft.booked_on.replace(day=1)
            title = f"Dated {draft.booked_on:%b} {draft.booked_on.day}, and the books of {month:%B %Y} are closed."
            self._hold(fact, connection, batch, "closed", f"{month:%B %Y} is closed", title)
            return None
        lines, unmapped = self._placer.lines(version, draft, record, connection.provider)
        if unmapped is not None:
            self._hold_unmapped(fact, unmapped, connection, batch)
            return None
        return posting.Entry(
            booked_on=draft.booked_on,
            source_key=source_key(connection, fact),
            purpose=draft.purpose,
            lines=lines,
            memo=draft.memo,
            fact_id=fact.pk,
            mapping_version_id=version.version_id if version else None,
        )

    def _on(self, day: date) -> tuple[mapping.Mapping | None, bool]:
        """The mapping of a day and whether its month is closed, looked up once a day: a run's facts fall into few."""
        if day not in self._days:
            self._days[day] = self.mappings.on(day), day.replace(day=1) in self.closed
        return self._days[day]

    def _hold_unmapped(self, fact: _Waiting, line: DraftLine, connection: Connection, batch: _Batch) -> None:
        named = roles.label(line.role, line.key)
        detail: dict[str, object] = {
            "role": line.role,
            "key": line.key,
            "department": line.department,
            "party": line.party,
        }
        self._hold(fact, connection, batch, "unmapped", named, f"No account for {named}.", detail=detail)

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
                identity=source_key(connection, fact),
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


def _write(client: Client, reader: _Reader, batch: _Batch, result: BookResult) -> None:
    done = posting.post(client.pk, batch.entries)
    stuck = _revise(client, batch.entries, done, reader.closed)
    for fact in Fact.objects.filter(client=client, pk__in=stuck):
        reader.hold_closed(fact, stuck[fact.pk], batch)
    back = revisions.withheld(client.pk, batch.entries, done)
    batch.skipped[f"{revisions.ROLLED_BACK}changed since"] += back
    batch.booked = [fact_id for fact_id in batch.booked if fact_id not in {*stuck, *back}]
    _mark(client, batch.booked, "booked", "")
    if done.known or done.changed:
        supersede(client, batch.booked)
    _take_back(client, reader, batch)
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


def _take_back(client: Client, reader: _Reader, batch: _Batch) -> None:
    """What the source no longer says, after what it says now."""
    for fact, record in batch.withdrawn:
        connection = reader.connections[fact.connection_id]
        key = source_key(connection, fact)
        day = revisions.take_back(client.pk, fact, record.kinds, key, reader.closed)
        if day is not None:
            reader.hold_closed(fact, day, batch)
            continue
        batch.skipped["no longer said by the source: its entry was taken back"].append(fact.pk)
        if fact.state == Fact.State.EXCEPTION:
            batch.settled.append(key)


def supersede(client: Client, ids: Sequence[int]) -> None:
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
    """What became of these facts; one array travels, as text, instead of a list of up to a batch's literals."""
    if not ids:
        return
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_fact SET state = %s, reason = coalesce(%s, reason)"
            " WHERE client_id = %s AND id = ANY(%s::bigint[])",
            [state, reason, client.pk, f"{{{','.join(map(str, ids))}}}"],
        )


def _revise(
    client: Client, entries: Sequence[posting.Entry], done: posting.PostResult, closed: set[date]
) -> dict[int, date]:
    """A fact came back with other content: reverse what stands and post the next revision, both dated as the original.

    Gives the facts (with the day) whose standing entry is in a month that closed meanwhile; nothing of those is touched.
    """
    stuck: dict[int, date] = {}
    for index in [*(index for index, _entry_id in done.changed), *revisions.back_again(client.pk, done)]:
        wanted = entries[index]
        identity = client.pk, wanted.source_key, wanted.purpose
        last = revisions.live_entry(*identity)
        if last is None:
            last = revisions.taken_back(*identity)
            if last is None:
                continue
        elif bytes(last.content_sha256) == wanted.digest():
            continue
        elif last.booked_on.replace(day=1) in closed and wanted.fact_id is not None:
            stuck[wanted.fact_id] = last.booked_on
            continue
        else:
            posting.reverse(last, reason="The source changed this record.", booked_on=last.booked_on)
        revised = wanted._replace(revision=last.revision + 1)
        done.ids[index] = posting.post(client.pk, [revised]).ids[0]
        done.posted += 1
    return stuck


def first_open_day(client_id: int, day: date) -> date:
    """The day itself, or the first day of the next open month where its month is closed."""
    closed = set(Period.objects.filter(client_id=client_id).exclude(state="open").values_list("month", flat=True))
    month = Month.of(day)
    if month.first not in closed:
        return day
    while month.first in closed:
        month = month.next
    return month.first
