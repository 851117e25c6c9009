"""The only writer of the journal: one set-based path for one entry or a hundred thousand.

Entries travel by COPY into staging tables, known ones fall out by identity, and one statement writes the rest with all
their lines; the database's triggers check references, balance, wholeness and the open period, and move the balances.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection

from ledger.models import JournalEntry, Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from django.db.backends.utils import CursorWrapper

BATCH = 20_000
STAGES = """
CREATE TEMP TABLE IF NOT EXISTS stage_entry (
    n int, id bigint, booked_on date, origin text, source_key text, purpose text, revision smallint, line_count smallint,
    memo text, reason text, reverses_id bigint, fact_id bigint, mapping_version_id bigint, digest bytea) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS stage_line (
    n int, no smallint, account_id bigint, booked_on date, debit bigint, credit bigint, role text, key text, memo text,
    party text, department text) ON COMMIT DROP
"""
#: One statement for both tables: the triggers see each entry with all its lines, and neither table alone is accepted.
WRITE = """
WITH lines AS (
    INSERT INTO ledger_journalline (client_id, entry_id, no, account_id, booked_on, debit_minor, credit_minor, role, key, memo,
                                    party, department, foreign_currency)
    SELECT %(client)s, s.id, l.no, l.account_id, l.booked_on, l.debit, l.credit, l.role, l.key, l.memo, l.party, l.department, ''
    FROM stage_line l JOIN stage_entry s USING (n))
INSERT INTO ledger_journalentry (id, client_id, booked_on, origin, source_key, purpose, revision, line_count, memo, reason,
                                 reverses_id, fact_id, mapping_version_id, content_sha256, posted_by_id)
SELECT id, %(client)s, booked_on, origin, source_key, purpose, revision, line_count, memo, reason, reverses_id, fact_id,
       mapping_version_id, digest, %(actor)s
FROM stage_entry
"""


class PostingError(ValueError):
    """The books refuse an entry; ``rule`` is the database's name of the rule, ``detail`` what it is about."""

    def __init__(self, message: str, *, rule: str, detail: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.detail = detail


class PeriodClosed(PostingError):  # noqa: N818
    """The entry is dated in a month that is locked, sealed or not there; ``detail`` is the month as YYYY-MM."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to post: amounts in minor units, exactly one of them positive."""

    account_id: int
    debit: int = 0
    credit: int = 0
    role: str = ""
    key: str = ""
    memo: str = ""
    party: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
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
        text = "\x1e".join(
            f"{line.account_id}\x1f{line.debit}\x1f{line.credit}\x1f{line.role}\x1f{line.key}" for line in self.lines
        )
        return sha256(f"{self.booked_on}\x1d{text}".encode()).digest()


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
    ensure_periods(client_id, {entry.booked_on.replace(day=1) for entry in entries})
    with _collector_off(), connection.cursor() as cursor, _rules_named():
        # With the default of 4 the planner reads the whole entry table for each batch instead of its index.
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        _make_stages(cursor)
        for start in range(0, len(entries), BATCH):
            _post_batch(cursor, client_id, entries[start : start + BATCH], start, actor_id, result)
    return result


def reverse(
    entry: JournalEntry, *, reason: str, booked_on: date, actor_id: int | None = None, origin: str | None = None
) -> int:
    """Post the mirror of an entry, dated ``booked_on``; gives the reversal's id. Raises PostingError when already reversed."""
    lines = [
        Line(x.account_id, x.credit_minor, x.debit_minor, x.role, x.key, x.memo, x.party, x.department)
        for x in entry.lines.all()
    ]
    mirror = Entry(
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
    return post(entry.client_id, [mirror], actor_id=actor_id).ids[0]


def ensure_periods(client_id: int, months: Iterable[date]) -> None:
    """Make the period rows of these months (open) where they are missing."""
    Period.objects.bulk_create(
        [Period(client_id=client_id, month=month) for month in sorted(months)], ignore_conflicts=True
    )


def _make_stages(cursor: CursorWrapper) -> None:
    cursor.execute(STAGES)


def _post_batch(
    cursor: CursorWrapper,
    client_id: int,
    entries: Sequence[Entry],
    offset: int,
    actor_id: int | None,
    result: PostResult,
) -> None:
    cursor.execute("TRUNCATE stage_entry, stage_line")
    with cursor.copy(
        "COPY stage_entry (n, booked_on, origin, source_key, purpose, revision, line_count, memo, reason, reverses_id, fact_id, "
        "mapping_version_id, digest) FROM STDIN"
    ) as copy:
        copy.write("".join(_entry_row(n, entry) for n, entry in enumerate(entries)))
    cursor.execute("ANALYZE stage_entry")
    cursor.execute(
        "SELECT s.n, e.id, e.content_sha256 = s.digest FROM stage_entry s JOIN ledger_journalentry e "
        "ON e.client_id = %s AND e.source_key = s.source_key AND e.purpose = s.purpose AND e.revision = s.revision",
        [client_id],
    )
    known = {n: (entry_id, same) for n, entry_id, same in cursor.fetchall()}
    for n, (entry_id, same) in known.items():
        result.ids[offset + n] = entry_id
        if same:
            result.known += 1
        else:
            result.changed.append((offset + n, entry_id))
    if len(known) == len(entries):
        return
    if known:
        cursor.execute("DELETE FROM stage_entry WHERE n = ANY(%s)", [list(known)])
    with cursor.copy(
        "COPY stage_line (n, no, account_id, booked_on, debit, credit, role, key, memo, party, department) FROM STDIN"
    ) as copy:
        copy.write("".join(row for n, entry in enumerate(entries) if n not in known for row in _line_rows(n, entry)))
    _write(cursor, client_id, offset, actor_id, result)


def _write(cursor: CursorWrapper, client_id: int, offset: int, actor_id: int | None, result: PostResult) -> None:
    cursor.execute("UPDATE stage_entry SET id = nextval(pg_get_serial_sequence('ledger_journalentry', 'id'))")
    cursor.execute(WRITE, {"client": client_id, "actor": actor_id})
    cursor.execute("SELECT n, id FROM stage_entry")
    for n, entry_id in cursor.fetchall():
        result.ids[offset + n] = entry_id
        result.posted += 1


def _entry_row(n: int, entry: Entry) -> str:
    fields = (
        n,
        entry.booked_on,
        entry.origin,
        _text(entry.source_key),
        _text(entry.purpose),
        entry.revision,
        len(entry.lines),
        _text(entry.memo[:500]),
        _text(entry.reason[:500]),
        _number(entry.reverses),
        _number(entry.fact_id),
        _number(entry.mapping_version_id),
        "\\\\x" + entry.digest().hex(),
    )
    return "\t".join(map(str, fields)) + "\n"


def _line_rows(n: int, entry: Entry) -> Iterator[str]:
    for no, line in enumerate(entry.lines, 1):
        yield (
            f"{n}\t{no}\t{line.account_id}\t{entry.booked_on}\t{line.debit}\t{line.credit}\t{_text(line.role)}\t{_text(line.key)}\t"
            f"{_text(line.memo[:300])}\t{_text(line.party[:120])}\t{_text(line.department[:120])}\n"
        )


def _number(value: int | None) -> str:
    return "\\N" if value is None else str(value)


def _text(value: str) -> str:
    """COPY's text format: backslash, tab and line ends are escaped; NUL cannot be stored and is dropped."""
    if not value or (value.isalnum() and value.isascii()):
        return value
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\x00", "")
    )


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
