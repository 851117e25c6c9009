"""The only writer of the journal: one set-based path for one entry or a hundred thousand.

Entries travel by COPY into staging tables, known ones fall out by identity, and one statement writes the rest with all
their lines; the database's triggers check references, balance, wholeness and the open period, and move the balances.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, connection

from ledger.core.entry import Foreign
from ledger.models import JournalEntry, Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from django.db.backends.utils import CursorWrapper

    from ledger.models import JournalLine

BATCH = 20_000
#: Emptied by each batch and by the end of the transaction; they stay for the connection, so that a single entry does not pay
#: for the catalogue. What is known already needs the first of them only.
KEY_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS stage_key (
    n int, source_key text, purpose text, revision smallint, digest bytea) ON COMMIT DELETE ROWS;
TRUNCATE stage_key
"""
STAGES = """
CREATE TEMP TABLE IF NOT EXISTS stage_entry (
    id bigint, booked_on date, origin text, source_key text, purpose text, revision smallint, line_count smallint, memo text,
    reason text, reverses_id bigint, fact_id bigint, mapping_version_id bigint, digest bytea) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_line (
    account_id bigint, debit bigint, credit bigint, role text, key text, memo text, party text, department text,
    entry_id bigint, no smallint, booked_on date, foreign_minor bigint, foreign_currency text, rate_millionths bigint,
    klass text) ON COMMIT DELETE ROWS;
TRUNCATE stage_entry, stage_line
"""
#: LATERAL with a limit keeps to one look into the unique index for each key, whatever the planner knows of the stage.
KNOWN = """
SELECT s.n, e.id, e.content_sha256 = s.digest
FROM stage_key s
CROSS JOIN LATERAL (
    SELECT id, content_sha256 FROM ledger_journalentry
    WHERE client_id = %s AND source_key = s.source_key COLLATE "C" AND purpose = s.purpose COLLATE "C"
      AND revision = s.revision LIMIT 1) e
"""
OTHER = """
SELECT s.n
FROM stage_key s
LEFT JOIN LATERAL (
    SELECT content_sha256 FROM ledger_journalentry
    WHERE client_id = %s AND source_key = s.source_key COLLATE "C" AND purpose = s.purpose COLLATE "C"
      AND revision = s.revision LIMIT 1) e ON true
WHERE e.content_sha256 IS DISTINCT FROM s.digest
ORDER BY s.n
"""
NEW_IDS = """
WITH counter AS MATERIALIZED (SELECT pg_get_serial_sequence('ledger_journalentry', 'id')::regclass AS name)
SELECT array_agg(nextval(name)) FROM counter, generate_series(1, %s)
"""
#: One statement for both tables: the triggers see each entry with all its lines, and neither table alone is accepted.
WRITE = """
WITH lines AS (
    INSERT INTO ledger_journalline (client_id, entry_id, no, account_id, booked_on, debit_minor, credit_minor, role, key, memo,
                                    party, department, foreign_minor, foreign_currency, rate_millionths, klass)
    SELECT %(client)s, entry_id, no, account_id, booked_on, debit, credit, role, key, memo, party, department,
           foreign_minor, foreign_currency, rate_millionths, klass
    FROM stage_line)
INSERT INTO ledger_journalentry (id, client_id, booked_on, origin, source_key, purpose, revision, line_count, memo, reason,
                                 reverses_id, fact_id, mapping_version_id, content_sha256, posted_by_id)
SELECT id, %(client)s, booked_on, origin, source_key, purpose, revision, line_count, memo, reason, reverses_id, fact_id,
       mapping_version_id, digest, %(actor)s
FROM stage_entry
"""
#: What COPY's text format escapes, and NUL, which cannot be stored and is dropped.
ESCAPES = {ord("\\"): "\\\\", ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r", 0: None}
_is_special = re.compile(r"[\\\t\n\r\x00]").search


class PostingError(ValueError):
    """The books refuse an entry; ``rule`` is the database's name of the rule, ``detail`` what it is about."""

    def __init__(self, message: str, *, rule: str, detail: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.detail = detail


class PeriodClosed(PostingError):  # noqa: N818
    """The entry is dated in a month that is locked, sealed or not there; ``detail`` is the month as YYYY-MM."""


class Line(NamedTuple):
    """A line to post: amounts in minor units, exactly one of them positive.

    ``foreign`` stands beside an amount that was converted: minor units, currency, home per unit in millionths.
    """

    account_id: int
    debit: int = 0
    credit: int = 0
    role: str = ""
    key: str = ""
    memo: str = ""
    party: str = ""
    department: str = ""
    foreign: Foreign | None = None
    klass: str = ""


class Entry(NamedTuple):
    """An entry to post. ``(source_key, purpose)`` is its identity: the same again with the same content is a no-op."""

    booked_on: date
    source_key: str
    purpose: str
    lines: Sequence[Line]
    origin: str = "source"
    memo: str = ""
    reason: str = ""
    revision: int = 0
    reverses: int | None = None
    fact_id: int | None = None
    mapping_version_id: int | None = None

    def digest(self) -> bytes:
        """SHA-256 of what the entry says: day, and each line's account, sides, role and key, in order."""
        return _digest(self.booked_on.isoformat(), list(map(_content, self.lines)))


@dataclass(slots=True)
class PostResult:
    """``posted`` new entries, ``known`` already there with the same content, ``changed`` (index, entry id) there with other
    content (left as they are: the caller decides to reverse and revise), ``ids`` by index of every entry given.
    """

    posted: int = 0
    known: int = 0
    changed: list[tuple[int, int]] = field(default_factory=list)
    ids: dict[int, int] = field(default_factory=dict)


def post(client_id: int, entries: Sequence[Entry], *, actor_id: int | None = None) -> PostResult:
    """Post entries of one client inside the caller's transaction and client context.

    Raises PeriodClosed or PostingError (nothing of this call is then kept; the caller's transaction is unusable unless it
    made a savepoint). Months are made on first use.
    """
    result = PostResult()
    if not entries:
        return result
    with _collector_off(), connection.cursor() as cursor, _rules_named():
        for start in range(0, len(entries), BATCH):
            _post_batch(cursor, client_id, entries[start : start + BATCH], start, actor_id, result)
    return result


def plain_digest(day: str, moves: Iterable[tuple[str, int]], accounts: Mapping[str, int]) -> bytes:
    """``Entry.digest`` of lines without role and key, each an account's number and its debit − credit; ``day`` is YYYY-MM-DD.

    ``accounts`` are ids by number. Raises KeyError for a number that is not among them.
    """
    return _digest(
        day,
        [
            f"{accounts[number]}\t{net}\t0\t\t" if net > 0 else f"{accounts[number]}\t0\t{-net}\t\t"
            for number, net in moves
        ],
    )


def not_known(client_id: int, purpose: str, offered: Sequence[tuple[str, bytes]]) -> list[int]:
    """Places of what the journal does not hold with this very content, of (source key, digest) pairs of first revisions.

    For a source that says all it ever said again: what is known is told by its hash, before any entry is built.
    """
    with _collector_off(), connection.cursor() as cursor:
        cursor.execute(KEY_STAGE)
        tail = f"{_text(purpose)}\t0\t\\\\x"
        _copy(
            cursor,
            "stage_key",
            [f"{n}\t{_text(key)}\t{tail}{digest.hex()}\n" for n, (key, digest) in enumerate(offered)],
        )
        cursor.execute(OTHER, [client_id])
        return [n for (n,) in cursor.fetchall()]


def reverse(
    entry: JournalEntry, *, reason: str, booked_on: date, actor_id: int | None = None, origin: str | None = None
) -> int:
    """Post the mirror of an entry, dated ``booked_on``; gives the reversal's id. Raises PostingError when already reversed."""
    mirror = mirror_of(entry, reason=reason, booked_on=booked_on, origin=origin)
    return post(entry.client_id, [mirror], actor_id=actor_id).ids[0]


def mirror_of(entry: JournalEntry, *, reason: str, booked_on: date, origin: str | None = None) -> Entry:
    """The reversal of an entry as it is to be posted: each line on its other side."""
    stands = map(_as_it_stands, entry.lines.all())
    lines = [line._replace(debit=line.credit, credit=line.debit) for line in stands]
    return Entry(
        booked_on=booked_on,
        source_key=entry.source_key,
        purpose=f"reversal:{entry.purpose}"[:40],
        lines=lines,
        origin=origin or entry.origin,
        memo=f"Reversal of {entry.memo}"[:500],
        reason=reason,
        revision=entry.revision,
        reverses=entry.pk,
        fact_id=entry.fact_id,
        mapping_version_id=entry.mapping_version_id,
    )


def again(entry: JournalEntry, *, booked_on: date, reason: str) -> Entry:
    """A reversed entry as its own next revision, to be posted."""
    lines = [_as_it_stands(line) for line in entry.lines.all()]
    return Entry(
        booked_on, entry.source_key, entry.purpose, lines, origin=entry.origin, memo=entry.memo, reason=reason,
        revision=entry.revision + 1, fact_id=entry.fact_id, mapping_version_id=entry.mapping_version_id,
    )  # fmt: skip


def _as_it_stands(line: JournalLine) -> Line:
    return Line(
        line.account_id,
        line.debit_minor,
        line.credit_minor,
        line.role,
        line.key,
        line.memo,
        line.party,
        line.department,
        line.foreign_amount,
        line.klass,
    )


def ensure_periods(client_id: int, months: Iterable[date]) -> None:
    """Make the period rows of these months (open) where they are missing."""
    Period.objects.bulk_create(
        [Period(client_id=client_id, month=month) for month in sorted(months)], ignore_conflicts=True
    )


def _post_batch(
    cursor: CursorWrapper,
    client_id: int,
    entries: Sequence[Entry],
    offset: int,
    actor_id: int | None,
    result: PostResult,
) -> None:
    cursor.execute(KEY_STAGE)
    staged = [_staged(entry) for entry in entries]
    _copy(cursor, "stage_key", [f"{n}\t{one.identity}\t{one.digest}\n" for n, one in enumerate(staged)])
    cursor.execute(KNOWN, [client_id])
    known: set[int] = set()
    for n, entry_id, same in cursor.fetchall():
        known.add(n)
        result.ids[offset + n] = entry_id
        if same:
            result.known += 1
        else:
            result.changed.append((offset + n, entry_id))
    fresh = [n for n in range(len(entries)) if n not in known] if known else range(len(entries))
    if not fresh:
        return
    ensure_periods(client_id, {day.replace(day=1) for day in {entries[n].booked_on for n in fresh}})
    cursor.execute(STAGES)
    cursor.execute(NEW_IDS, [len(fresh)])
    ids: list[int] = cursor.fetchone()[0]
    _copy(cursor, "stage_entry", [_entry_row(key, entries[n], staged[n]) for n, key in zip(fresh, ids, strict=True)])
    _copy(cursor, "stage_line", [_line_rows(key, entries[n], staged[n]) for n, key in zip(fresh, ids, strict=True)])
    cursor.execute(WRITE, {"client": client_id, "actor": actor_id})
    result.posted += len(ids)
    for n, entry_id in zip(fresh, ids, strict=True):
        result.ids[offset + n] = entry_id


def _copy(cursor: CursorWrapper, table: str, rows: list[str]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        copy.write("".join(rows))


class _Staged(NamedTuple):
    """What an entry says, as text for COPY: identity and lines' contents escaped once for the digest and for the rows."""

    day: str
    identity: str
    contents: list[str]
    digest: str


def _staged(entry: Entry) -> _Staged:
    day, contents = entry.booked_on.isoformat(), list(map(_content, entry.lines))
    identity = f"{_text(entry.source_key)}\t{_text(entry.purpose)}\t{entry.revision}"
    return _Staged(day, identity, contents, "\\\\x" + _digest(day, contents).hex())


def _content(line: Line) -> str:
    account_id, debit, credit, role, key, _memo, _party, _department, _foreign, _klass = line
    return f"{account_id}\t{debit}\t{credit}\t{role and _text(role)}\t{key and _text(key)}"


def _digest(day: str, contents: list[str]) -> bytes:
    return sha256(f"{day}\n{chr(10).join(contents)}".encode()).digest()


def _entry_row(key: int, entry: Entry, staged: _Staged) -> str:
    return (
        f"{key}\t{staged.day}\t{entry.origin}\t{staged.identity}\t{len(entry.lines)}\t{_text(entry.memo[:500])}\t"
        f"{_text(entry.reason[:500])}\t{_number(entry.reverses)}\t{_number(entry.fact_id)}\t{_number(entry.mapping_version_id)}\t"
        f"{staged.digest}\n"
    )


def _line_rows(key: int, entry: Entry, staged: _Staged) -> str:
    rows = []
    for no, (line, content) in enumerate(zip(entry.lines, staged.contents, strict=True), 1):
        _account, _debit, _credit, _role, _key, memo, party, department, foreign, klass = line
        rows.append(
            f"{content}\t{memo and _text(memo[:300])}\t{party and _text(party[:120])}\t{department and _text(department[:120])}\t"
            f"{key}\t{no}\t{staged.day}\t{_HOME if foreign is None else _beside(foreign)}\t{klass and _text(klass[:120])}\n"
        )
    return "".join(rows)


def _beside(foreign: Foreign) -> str:
    return f"{foreign.amount}\t{_text(foreign.currency)}\t{foreign.rate_millionths}"


#: The same columns of a line in home currency alone.
_HOME = "\\N\t\t\\N"


def _number(value: int | None) -> str:
    return "\\N" if value is None else str(value)


def _text(value: str) -> str:
    """The text as COPY reads it back."""
    return value.translate(ESCAPES) if _is_special(value) else value


@contextmanager
def _collector_off() -> Iterator[None]:
    """Many small containers and no cycles: the collector only costs here."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _rules_named() -> Iterator[None]:
    """The database's refusal as our error, with the rule's name."""
    try:
        yield
    except IntegrityError as error:
        diag = getattr(error.__cause__, "diag", None)
        rule = getattr(diag, "constraint_name", None) or "journal"
        detail = getattr(diag, "message_detail", None) or ""
        if rule == "entry_period_is_open":
            raise PeriodClosed(f"The books of {detail} are closed.", rule=rule, detail=detail) from error
        raise PostingError(str(error).splitlines()[0], rule=rule, detail=detail) from error
