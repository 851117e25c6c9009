"""Export files of a system as tables: CSV (any delimiter) and XLSX, cells as text, each row with the line it stands on. Pure."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.bankfiles import csvrows, text
from integrations.errors import PayloadError
from integrations.money import MoneyError, to_minor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: How far down a header row is looked for, and the most that is read of one file.
HEADER_ROWS = 60
MAX_ROWS, MAX_COLUMNS = 200_000, 400
#: The most an XLSX may unpack to.
MAX_UNPACKED = 200 * 1024 * 1024
_ORDERS = {"YMD": (0, 1, 2), "MDY": (2, 0, 1), "DMY": (2, 1, 0)}
_DAY = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T].*)?")
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d*\.?\d+|\d+\.")
_COMMA_AMOUNT = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d*)?|\d*,?\d+|\d+,")


@dataclass(frozen=True, slots=True)
class Row:
    """One row by header. Every reading names line and column when it fails (PayloadError)."""

    number: int
    cells: dict[str, str]

    def has(self, name: str) -> bool:
        return bool(self.cells.get(name))

    def text(self, name: str, default: str | None = None) -> str:
        """The cell; without a default an empty or absent one is an error."""
        found = self.cells.get(name, "")
        if found:
            return found
        if default is None:
            raise PayloadError(self.at(name), "is empty" if name in self.cells else "is not a column of the file")
        return default

    def amount(self, name: str, default: Decimal | None = None, *, mark: str = ".") -> Decimal:
        """A printed amount: currency signs and thousands marks are dropped, brackets or a minus sign make it negative."""
        found = self.cells.get(name, "")
        if not found and default is not None:
            return default
        return printed_amount(self.text(name), self.at(name), mark=mark)

    def minor(self, name: str, currency: str, default: int | None = None, *, mark: str = ".") -> int:
        """A printed amount in minor units of the currency."""
        if not self.has(name) and default is not None:
            return default
        try:
            return to_minor(self.amount(name, mark=mark), currency)
        except MoneyError as error:
            raise PayloadError(self.at(name), str(error)) from error

    def day(self, name: str, order: str = "YMD") -> date:
        """A printed day; ``order`` is YMD, MDY or DMY. A year of two digits is of this century."""
        return printed_day(self.text(name), self.at(name), order)

    def at(self, name: str) -> str:
        return f"line {self.number}, {name}"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows under a header row. ``above`` are the lines over the header, as printed; ``sheet`` is '' for a CSV."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    above: tuple[tuple[str, ...], ...] = ()
    sheet: str = ""
    filename: str = ""


def printed_amount(printed: str, path: str, *, mark: str = ".") -> Decimal:
    """The exact decimal of a printed amount. Raises PayloadError at ``path``."""
    bare = printed.replace("\u00a0", " ").replace("−", "-").strip()
    bracketed = bare.startswith("(") and bare.endswith(")")
    bare = re.sub(r"^[A-Z]{3}\s|\s[A-Z]{3}$|[$€£\s]", "", bare[1:-1] if bracketed else bare)
    sign, bare = (bare[:1], bare[1:]) if bare[:1] in {"-", "+"} else ("", bare)
    if not sign and bare.endswith("-"):
        sign, bare = "-", bare[:-1]
    if bracketed and sign:
        raise PayloadError(path, f"{printed[:40]!r} has two signs")
    negative = bracketed or sign == "-"
    if not (_AMOUNT if mark == "." else _COMMA_AMOUNT).fullmatch(bare):
        raise PayloadError(path, f"{printed[:40]!r} is not an amount")
    plain = bare.replace(",", "") if mark == "." else bare.replace(".", "").replace(",", ".")
    return -Decimal(plain) if negative else Decimal(plain)


def printed_day(printed: str, path: str, order: str = "YMD") -> date:
    """The calendar day of a printed date. Raises PayloadError at ``path``."""
    found = _DAY.fullmatch(printed.strip())
    if found is None:
        raise PayloadError(path, f"{printed[:40]!r} is not a date")
    # A year of four digits in front is ISO whatever the order.
    places = _ORDERS["YMD"] if len(found[1]) == 4 else _ORDERS[order]
    year, month, day = (int(found[place + 1]) for place in places)
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError as error:
        raise PayloadError(path, f"{printed[:40]!r} is not a date in the order {order}") from error


def sheets(content: bytes, filename: str = "") -> Iterator[tuple[str, list[csvrows.Row]]]:
    """Every sheet of the file with its rows, (name, rows). Raises PayloadError for what is neither CSV nor XLSX."""
    if content.startswith(b"PK\x03\x04"):
        yield from _workbook(content)
        return
    if b"\x00" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PayloadError("$", "the file is neither CSV nor XLSX")
    decoded, _ = text.decode(content)
    plain = csvrows.unified(decoded)
    delimiter = "\t" if filename.lower().endswith((".tsv", ".tab")) else _delimiter(plain)
    yield "", csvrows.rows(plain, delimiter)


def _delimiter(plain: str) -> str:
    """The delimiter that gives most columns in the first lines; files of systems are regular."""
    head = [line for line in plain.split("\n") if line.strip()][:HEADER_ROWS]
    return max(csvrows.DELIMITERS, key=lambda mark: sum(line.count(mark) for line in head))


def find(content: bytes, filename: str, known: Callable[[tuple[str, ...]], bool]) -> Table | None:
    """The table under the first row that ``known`` recognises as a header, on any sheet; None if there is none.

    Raises PayloadError for what is no table, and for a row with more cells than the header has names.
    """
    return find_in(list(sheets(content, filename)), filename, known)


def find_in(
    opened: Sequence[tuple[str, list[csvrows.Row]]], filename: str, known: Callable[[tuple[str, ...]], bool]
) -> Table | None:
    """The same in the sheets of a file that is open already."""
    for sheet, rows in opened:
        for index, row in enumerate(rows[:HEADER_ROWS]):
            headers = _distinct(row.cells)
            if known(headers):
                below = tuple(_rows(headers, rows[index + 1 :]))
                above = tuple(earlier.cells for earlier in rows[:index])
                return Table(headers, below, above, sheet, filename)
    return None


def _rows(headers: tuple[str, ...], rows: Iterable[csvrows.Row]) -> Iterator[Row]:
    for row in rows:
        if len(row.cells) > len(headers) and any(row.cells[len(headers) :]):
            raise PayloadError(f"line {row.number}", "has more cells than the header has names")
        cells = {name: row.cell(place) for place, name in enumerate(headers) if name}
        yield Row(row.number, cells)


def _distinct(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Header names; the second of the same name is ``name (2)``."""
    seen: dict[str, int] = {}
    found = []
    for cell in cells:
        name = " ".join(cell.split())
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 or not name else f"{name} ({seen[name]})")
    return tuple(found)


def _workbook(content: bytes) -> Iterator[tuple[str, list[csvrows.Row]]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        small = unpacked <= MAX_UNPACKED
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True) if small else None
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise PayloadError("$", "the file is no XLSX workbook") from error
    if book is None:
        raise PayloadError("$", "the workbook is too large")
    try:
        for sheet in book.worksheets:
            found = []
            for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1):
                if number > MAX_ROWS:
                    raise PayloadError(f"line {number}", f"more than {MAX_ROWS:,} rows")
                cells = tuple(_cell(value) for value in row)
                if any(cells):
                    found.append(csvrows.Row(number, cells))
            yield sheet.title, found
    finally:
        book.close()


def _cell(value: Any) -> str:
    """A cell as text: days as ISO, numbers with the digits they are shown by, never in powers of ten."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != value.time().min else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # Fifteen digits are what a workbook holds exactly.
        return format(Decimal(format(value, ".15g")), "f")
    return str(value).strip()
