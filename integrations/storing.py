"""Objects of a provider into documents and facts, many at once: one look at what is known, one COPY, two INSERTs.

The path is the same for one object and for a hundred thousand. Nothing that is already here is written again.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from integrations import records
from integrations.errors import PayloadError
from integrations.models import StreamState
from integrations.money import MoneyError
from integrations.payload import Payload, is_writable, render_json
from integrations.records import Record
from integrations.records_json import render_fact
from integrations.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from integrations.models import Connection

#: Facts that are read beside the books and never become an entry.
EVIDENCE = (
    records.ProcessorBalance,
    records.Announced,
    records.StatementClosed,
    records.BankAccount,
    records.BankStatement,
    records.CardPayment,
    records.CardStatement,
    records.FundingPull,
    records.SystemBalance,
    records.WonDeal,
    records.LedgerBalances,
    records.OpenItems,
)
GONE = (records.LedgerDeletion, records.BankLineRemoved)
UNREADABLE = "Unreadable"
LONGEST_ID, LONGEST_VERSION = 300, 100
LARGEST = 2**63 - 1
#: From this many objects on the garbage collector rests while they are read.
MANY = 500

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS stage_document (id bigint, external_id text, version int, provider_version text,
    payload jsonb, sha256 bytea, is_deleted boolean) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_fact (document_id bigint, external_id text, kind text, booked_on date,
    amount_minor bigint, currency text, data jsonb, state text, reason text) ON COMMIT DELETE ROWS;
TRUNCATE stage_document, stage_fact
"""
#: What of the batch is new or other than its latest version; what is not told is here as it is. LATERAL with a limit keeps to
#: one look into the index for each object.
OTHER = """
SELECT wanted.n, latest.version, latest.sha256
FROM json_array_elements_text(%(ids)s::json) WITH ORDINALITY AS wanted (external_id, n)
LEFT JOIN LATERAL (
    SELECT version, sha256 FROM integrations_sourcedocument d
    WHERE d.client_id = %(client)s AND d.connection_id = %(connection)s AND d.stream = %(stream)s
      AND d.external_id = wanted.external_id
    ORDER BY version DESC LIMIT 1
) AS latest ON true
WHERE latest.sha256 IS DISTINCT FROM substring(%(hashes)s::bytea FROM 32 * (wanted.n::int - 1) + 1 FOR 32)
"""
PUT_DOCUMENTS = """
INSERT INTO integrations_sourcedocument
    (id, client_id, connection_id, stream, external_id, version, provider_version, payload, sha256, fetched_at, is_deleted)
SELECT id, %(client)s, %(connection)s, %(stream)s, external_id, version, provider_version, payload, sha256, %(at)s, is_deleted
FROM stage_document
"""
PUT_FACTS = """
INSERT INTO integrations_fact
    (client_id, connection_id, document_id, stream, external_id, kind, booked_on, amount_minor, currency, data, state, reason)
SELECT %(client)s, %(connection)s, document_id, %(stream)s, external_id, kind, booked_on, amount_minor, currency, data,
    state, reason
FROM stage_fact
"""
SUPERSEDE = """
UPDATE integrations_fact AS fact SET state = 'superseded'
FROM stage_document s
JOIN integrations_sourcedocument d ON d.client_id = %(client)s AND d.connection_id = %(connection)s
    AND d.stream = %(stream)s AND d.external_id = s.external_id AND d.version < s.version
WHERE s.version > 1 AND fact.document_id = d.id AND fact.client_id = %(client)s
  AND fact.state IN ('new', 'exception', 'skipped', 'proof')
"""
#: What was booked of an earlier version and is not said any more. Where somebody must look at the new version, nothing is taken
#: back meanwhile; nor is it for an object that is missing in a list.
WITHDRAW = """
INSERT INTO integrations_fact
    (client_id, connection_id, document_id, stream, external_id, kind, booked_on, amount_minor, currency, data, state, reason)
SELECT %(client)s, %(connection)s, s.id, %(stream)s, old.external_id, 'Withdrawn', min(old.booked_on), max(old.amount_minor),
    min(old.currency), jsonb_build_object('external_id', old.external_id, 'booked_on', min(old.booked_on),
    'currency', min(old.currency), 'kinds', jsonb_agg(DISTINCT old.kind)), 'new', ''
FROM stage_document s
JOIN integrations_sourcedocument d ON d.client_id = %(client)s AND d.connection_id = %(connection)s
    AND d.stream = %(stream)s AND d.external_id = s.external_id AND d.version < s.version
JOIN integrations_fact old ON old.document_id = d.id AND old.client_id = %(client)s
WHERE s.version > 1 AND NOT s.is_deleted AND old.state = 'booked' AND old.kind <> ALL(%(elsewhere)s)
  AND NOT EXISTS (SELECT FROM stage_fact n WHERE n.document_id = s.id
                  AND (n.state = 'exception' OR (n.external_id = old.external_id AND n.kind = old.kind)))
GROUP BY s.id, old.external_id
"""
#: Kinds whose later versions another use case follows: the bank's lines and the accounting system's documents.
FOLLOWED = ("BankLine", "LedgerDocument", "LedgerAccount", "LedgerParty")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the objects of one stream are read. ``read`` gives an object's facts; it and ``identify`` may raise PayloadError."""

    stream: str
    read: Callable[[Payload], Iterable[Record]]
    identify: Callable[[Payload], str]
    version: Callable[[Payload], str] = field(default=lambda _payload: "")
    duty: str = "book"


@dataclass(slots=True)
class Stored:
    """What became of a batch. ``facts`` counts the facts that were written, ``exceptions`` those of them nobody can book."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    facts: int = 0
    exceptions: int = 0

    def add(self, other: Stored) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Item:
    """One object on its way in: canonical JSON, its hash and identity; ``facts`` when they are known without reading."""

    external_id: str
    body: bytes
    sha256: bytes
    payload: Payload
    problem: str = ""
    version: int = 1
    facts: tuple[Record, ...] | None = None
    is_deleted: bool = False


def prepare(objects: Iterable[Mapping[str, Any]], identify: Callable[[Payload], str]) -> list[Item]:
    """The objects with identity and hash. One that does not say who it is gets an identity from its content and a problem."""
    return [_item(raw, identify) for raw in objects]


def _item(raw: Any, identify: Callable[[Payload], str]) -> Item:
    body = canonical(raw)
    digest = hashlib.sha256(body).digest()
    try:
        payload = Payload.of(raw)
        external_id, problem = _keepable(identify(payload)), ""
    except PayloadError as error:
        payload, external_id, problem = Payload({}), f"unreadable:{digest.hex()}", str(error)
    return Item(external_id, body, digest, payload, problem)


def _keepable(external_id: str) -> str:
    if not external_id or len(external_id) > LONGEST_ID or "\x00" in external_id:
        raise PayloadError("$", "has no identity that can be kept")
    return external_id


def canonical(raw: Any) -> bytes:
    """Canonical JSON that the database can hold: exact numbers, keys sorted, no NUL, no half character."""
    try:
        body = render_json(raw)
    except TypeError:
        return render_json(_holdable(raw))
    return render_json(_holdable(raw)) if b"\\u0000" in body else body


def _holdable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_holdable(key): _holdable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_holdable(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return Decimal(value)
    if isinstance(value, Decimal) and not is_writable(value):
        return str(value)
    return value


def store(connection: Connection, shape: Shape, items: Sequence[Item], *, at: datetime) -> Stored:
    """Write what is new or changed, in the running transaction of the client's context; the rest is counted.

    The caller holds the stream's row, so that two batches of one stream never race.
    """
    with database.cursor() as cursor:
        keys = {"client": connection.client_id, "connection": connection.pk, "stream": shape.stream}
        stored, fresh = _sort_out(cursor, keys, items)
        if fresh:
            documents, facts = _lines(shape, fresh, _new_ids(cursor, len(fresh)), stored)
            stored.facts += _write(cursor, keys | {"at": at}, documents, facts, superseding=stored.changed > 0)
    return stored


def _sort_out(cursor: Any, keys: dict[str, Any], items: Sequence[Item]) -> tuple[Stored, list[Item]]:
    """What of the batch is not here yet, with the version each gets; what is here as it is, the database tells by its hash."""
    told = {
        "ids": render_json([item.external_id for item in items]).decode(),
        "hashes": b"".join(item.sha256 for item in items),
    }
    cursor.execute(OTHER, keys | told)
    latest = {
        items[n - 1].external_id: (version or 0, bytes(sha256 or b"")) for n, version, sha256 in cursor.fetchall()
    }
    stored, fresh = Stored(), []
    for item in items if latest else ():
        version, sha256 = latest.get(item.external_id, (0, item.sha256))
        if sha256 == item.sha256:
            continue
        item.version = version + 1
        latest[item.external_id] = (item.version, item.sha256)
        stored.new += version == 0
        stored.changed += version > 0
        fresh.append(item)
    stored.unchanged = len(items) - len(fresh)
    return stored, fresh


def _new_ids(cursor: Any, count: int) -> list[int]:
    cursor.execute(
        "SELECT array_agg(nextval(pg_get_serial_sequence('integrations_sourcedocument', 'id'))) FROM generate_series(1, %s)",
        [count],
    )
    ids: list[int] = cursor.fetchone()[0]
    return ids


def _lines(shape: Shape, fresh: list[Item], ids: list[int], stored: Stored) -> tuple[list[bytes], list[bytes]]:
    """The COPY lines of documents and facts."""
    documents, facts = [], []
    for item, key in zip(fresh, ids, strict=True):
        found, problem = _read(shape, item)
        provider_version = "" if problem else shape.version(item.payload)[:LONGEST_VERSION]
        gone = item.is_deleted or any(isinstance(record, GONE) for record in found)
        documents.append(
            b"%d\t%b\t%d\t%b\t%b\t\\\\x%b\t%b\n"
            % (
                key,
                _escape(item.external_id),
                item.version,
                _escape(provider_version),
                item.body.replace(b"\\", b"\\\\"),
                item.sha256.hex().encode(),
                b"t" if gone else b"f",
            )
        )
        if problem:
            facts.append(_problem_line(key, item.external_id, problem))
            stored.exceptions += 1
        for record in found:
            state, reason = state_of(record, shape.duty)
            stored.exceptions += state == "exception"
            facts.append(_fact_line(key, record, state, reason))
    stored.facts += len(facts)
    return documents, facts


def _read(shape: Shape, item: Item) -> tuple[tuple[Record, ...], str]:
    """The object's facts, or why it cannot be read; a broken object stops no other."""
    if item.problem or item.facts is not None:
        return item.facts or (), item.problem
    try:
        found = tuple(shape.read(item.payload))
        for record in found:
            _check(record)
        shape.version(item.payload)
    except (PayloadError, MoneyError) as error:
        return (), str(error)
    seen = {(record.external_id, type(record)) for record in found}
    return (found, "") if len(seen) == len(found) else ((), "$: gives the same fact twice")


def _check(record: Record) -> None:
    amount = getattr(record, "amount", None)
    _keepable(record.external_id)
    if amount is not None and abs(amount) > LARGEST:
        raise PayloadError("$", "has an amount no ledger holds")
    if len(record.currency) > 3:
        raise PayloadError("$", f"{record.currency[:20]!r} is not a currency code")


def state_of(record: Record, duty: str) -> tuple[str, str]:
    """The state a fact begins with, and the reason."""
    if isinstance(record, records.Unknown):
        return "exception", record.what
    if isinstance(record, records.Skipped):
        return "skipped", record.reason
    if duty == StreamState.Duty.PROVE or isinstance(record, EVIDENCE):
        return "proof", ""
    if isinstance(record, records.BankLine) and record.pending:
        return "proof", "pending at the bank"
    if isinstance(record, records.PayrollRun) and record.history:
        return "proof", "run of a prior provider"
    return "new", ""


def _fact_line(document_id: int, record: Record, state: str, reason: str) -> bytes:
    amount = getattr(record, "amount", None)
    data = render_fact(record)
    if b"\\u0000" in data:
        data = canonical({name: _holdable(getattr(record, name)) for name in record.__dataclass_fields__})
    return b"%d\t%b\t%b\t%b\t%b\t%b\t%b\t%b\t%b\n" % (
        document_id,
        _escape(record.external_id),
        type(record).__name__.encode(),
        record.booked_on.isoformat().encode(),
        b"\\N" if amount is None else b"%d" % amount,
        _escape(record.currency),
        data.replace(b"\\", b"\\\\"),
        state.encode(),
        _escape(redact(reason)) if reason else b"",
    )


def _problem_line(document_id: int, external_id: str, problem: str) -> bytes:
    kind, reason = UNREADABLE.encode(), _escape(redact(problem))
    return b"%d\t%b\t%b\t\\N\t\\N\t\t{}\texception\t%b\n" % (document_id, _escape(external_id), kind, reason)


def _escape(text: str) -> bytes:
    """Text for COPY; the common case has nothing to escape."""
    if text.isprintable() and "\\" not in text:
        return text.encode()
    raw = text.encode("utf-8", "replace").replace(b"\x00", b"").replace(b"\\", b"\\\\")
    return raw.replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\r", b"\\r")


def _write(cursor: Any, keys: dict[str, Any], documents: list[bytes], facts: list[bytes], *, superseding: bool) -> int:
    """Gives how many facts are withdrawn by it."""
    cursor.execute(STAGE)
    _copy(cursor, "stage_document", documents)
    cursor.execute(PUT_DOCUMENTS, keys)
    if superseding:
        cursor.execute(SUPERSEDE, keys)
    if facts:
        _copy(cursor, "stage_fact", facts)
        cursor.execute(PUT_FACTS, keys)
    if superseding:
        cursor.execute(WITHDRAW, keys | {"elsewhere": list(FOLLOWED)})
    return cursor.rowcount if superseding else 0


def _copy(cursor: Any, table: str, lines: list[bytes]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for start in range(0, len(lines), 1000):
            copy.write(b"".join(lines[start : start + 1000]))


@contextmanager
def collector_at_rest(count: int) -> Iterator[None]:
    """No collection while very many short-lived objects are made; they hold no cycles."""
    was_on = gc.isenabled() and count >= MANY
    if was_on:
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
