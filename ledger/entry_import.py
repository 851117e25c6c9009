"""Entries by hand out of a CSV or XLSX file: read whole, every line with its own errors, posted all or none.

Rows of one entry share its number; a file without that column has one entry for each date and memo that follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrations import tables
from integrations.errors import PayloadError
from ledger import corrections, typed_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client, User
    from ledger import posting

MOST_BYTES, MOST_ENTRIES = 1024 * 1024, 500
#: Column → the names it may have, lower case. The first three are needed.
NAMES = {
    "date": ("date", "entry date", "journal date", "txn date"),
    "account": ("account", "account name", "account number"),
    "debit": ("debit", "debits", "debit amount"),
    "credit": ("credit", "credits", "credit amount"),
    "number": ("entry", "number", "no", "journal no", "journal no.", "entry no"),
    "memo": ("memo", "description", "narration"),
    "department": ("department", "location"),
    "klass": ("class",),
    "reason": ("reason", "why"),
    "reverses_on": ("reverses on", "reversal date", "reverse on"),
}
NEEDED = ("date", "account", "debit", "credit")


class ImportRefused(ValueError):  # noqa: N818
    """Nothing of the file can be read; the text is for the person."""


@dataclass(slots=True)
class Drafted:
    """One entry of the file: its rows as read (with ``line`` and ``error``), and what is wrong with it as a whole."""

    number: str
    booked_on: date | None
    memo: str
    reason: str
    reverses_on: date | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[posting.Line] = field(default_factory=list)
    problem: str = ""

    @property
    def total(self) -> int:
        return sum(line.debit for line in self.lines)


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was read: its entries, and whether all of them can be posted."""

    entries: list[Drafted]
    sha256: str

    @property
    def errors(self) -> int:
        return sum(bool(entry.problem) + sum(bool(row["error"]) for row in entry.rows) for entry in self.entries)


def read(client: Client, filename: str, content: bytes) -> Brought:
    """The entries of a file, nothing posted. Raises ImportRefused where there is no table with the columns needed."""
    if not content or len(content) > MOST_BYTES:
        raise ImportRefused("The file is empty." if not content else "The file is larger than 1 MiB.")
    try:
        table = tables.find(content, filename, lambda headers: _columns(headers).keys() >= set(NEEDED))
    except PayloadError as problem:
        raise ImportRefused(f"The file cannot be read: {problem}") from problem
    if table is None:
        raise ImportRefused("No row of the file names the columns Date, Account, Debit and Credit.")
    columns = _columns(table.headers)
    entries = _grouped(table.rows, columns)
    if not entries or len(entries) > MOST_ENTRIES:
        raise ImportRefused(f"A file has from 1 to {MOST_ENTRIES} entries; this has {len(entries)}.")
    chart = typed_lines.Chart(client)
    for entry in entries:
        entry.lines = typed_lines.read(chart, entry.rows, client.home_currency)
        for row in entry.rows:
            row["error"] = row.pop("misread") or row["error"]
        entry.problem = _problem(entry)
    return Brought(entries, sha256(content).hexdigest())


def _columns(headers: Sequence[str]) -> dict[str, str]:
    """Our column → the file's, by name."""
    said = {" ".join(header.split()).lower(): header for header in headers}
    return {
        column: next(said[name] for name in names if name in said)
        for column, names in NAMES.items()
        if any(name in said for name in names)
    }


def _grouped(rows: Sequence[tables.Row], columns: dict[str, str]) -> list[Drafted]:
    entries: list[Drafted] = []
    known: dict[str, Drafted] = {}
    for row in rows:
        cells = {column: row.cells.get(header, "").strip() for column, header in columns.items()}
        if not any(cells.values()):
            continue
        booked_on, misread = _day(row, columns, "date")
        reverses_on, misread_too = _day(row, columns, "reverses_on") if cells.get("reverses_on") else (None, "")
        key = cells.get("number") or f"{cells['date']} {cells.get('memo', '')}"
        entry = (
            known.get(key) if cells.get("number") else (entries[-1] if entries and entries[-1].number == key else None)
        )
        if entry is None:
            entry = Drafted(key, booked_on, cells.get("memo", ""), cells.get("reason", ""), reverses_on)
            entries.append(entry)
            known[key] = entry
        elif booked_on is not None and entry.booked_on is not None and booked_on != entry.booked_on:
            misread = "Another date than the entry's first line."
        read_row = {name: cells.get(name, "") for name in typed_lines.COLUMNS}
        # A nil in the other column is how many systems export an empty side.
        for side in ("debit", "credit"):
            read_row[side] = "" if read_row[side] in {"0", "0.00", "-"} else read_row[side]
        entry.rows.append({**read_row, "line": row.number, "misread": misread or misread_too})
    return entries


def _day(row: tables.Row, columns: dict[str, str], column: str) -> tuple[date | None, str]:
    """The day as printed (year, month, day, or the American order), or what is wrong with it."""
    for order in ("YMD", "MDY"):
        try:
            return row.day(columns[column], order), ""
        except PayloadError:
            continue
    return None, f"{row.cells.get(columns[column], '')[:40] or 'Nothing'} is not a date."


def _problem(entry: Drafted) -> str:
    if entry.booked_on is None:
        return "It has no date."
    if entry.reverses_on is not None and entry.reverses_on <= entry.booked_on:
        return "It is reversed on a later day than it is booked."
    return typed_lines.whole(entry.rows, entry.lines)


@transaction.atomic
def post(
    client: Client, brought: Brought, *, by: User, reason: str, files: Sequence[tuple[str, bytes]] = ()
) -> list[int]:
    """Post every entry of the file, or none. ``files`` support those above the client's limit; ``reason`` stands where the
    file gives none. Raises ImportRefused while a line is wrong, CorrectionError, SupportRefused and PostingError.
    """
    if brought.errors:
        raise ImportRefused("Some lines are not right yet; nothing was posted.")
    made = []
    for number, entry in enumerate(brought.entries, 1):
        assert entry.booked_on is not None
        made.append(
            corrections.post_manual(
                client,
                booked_on=entry.booked_on,
                memo=entry.memo or f"Imported entry {entry.number}",
                lines=entry.lines,
                by=by,
                reason=entry.reason or reason,
                reverses_on=entry.reverses_on,
                files=files if entry.total > client.materiality_minor else (),
                identity=f"import:{brought.sha256[:32]}:{number}",
            )
        )
    return made
