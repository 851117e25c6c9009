"""The rows of a delimited text with the line each stands on, and where its header is."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from integrations.bankfiles import dates, numbers, words
from integrations.errors import PayloadError

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 300
_HEADER_ROWS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, stripped; ``number`` is the line it ends on, from 1."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int | None) -> str:
        return self.cells[column] if column is not None and column < len(self.cells) else ""


def unified(text: str) -> str:
    """One kind of line end, and Excel's ``sep=`` line taken off."""
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    head, _, rest = text.lstrip("\ufeff").partition("\n")
    return "\n" + rest if head.strip('" ').lower().startswith("sep=") and len(head.strip('" ')) <= 5 else text


def rows(text: str, delimiter: str) -> list[Row]:
    """All rows that are not blank. Raises PayloadError when they cannot be split."""
    found = _split(text, delimiter, csv.QUOTE_MINIMAL)
    if any("\n" in cell and _swallowed(cell, delimiter) for row in found for cell in row.cells):
        return _split(text, delimiter, csv.QUOTE_NONE)
    return found


def _split(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, quoting=quoting)
    found: list[Row] = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip().strip('"').strip() if '"' in cell else cell.strip() for cell in cells)
            if any(stripped):
                found.append(Row(reader.line_num, stripped))
    except csv.Error as error:
        raise PayloadError(f"line {reader.line_num}", f"cannot be split into columns: {error}") from error
    return found


def _swallowed(cell: str, delimiter: str) -> bool:
    """A quote left open swallows whole rows into one cell; text of several lines does not look like rows."""
    return any(
        is_data(Row(0, tuple(part.strip(' "') for part in line.split(delimiter)))) for line in cell.split("\n")[1:]
    )


def is_data(row: Row) -> bool:
    """At least one cell is a date and another an amount."""
    has_date = has_amount = False
    for cell in row.cells:
        if not has_date and dates.is_date(cell):
            has_date = True
        elif not has_amount and numbers.is_amount(cell):
            has_amount = True
        if has_date and has_amount:
            return True
    return False


def delimiter_of(text: str) -> str:
    """The delimiter under which most lines are rows of data; without data, the one that gives a header of known words."""
    sample = "\n".join(islice(text.split("\n"), _SAMPLE_LINES))
    best, best_score = ",", (-1, -1, -1)
    for delimiter in DELIMITERS:
        try:
            found = rows(sample, delimiter)
        except PayloadError:
            continue
        data = sum(map(is_data, found))
        known = max((sum(bool(words.role(cell)) for cell in row.cells) for row in found[:_HEADER_ROWS]), default=0)
        width = max((len(row.cells) for row in found[:_HEADER_ROWS]), default=0)
        if (data, known, width) > best_score:
            best, best_score = delimiter, (data, known, width)
    return best


def header_index(found: list[Row]) -> int | None:
    """The place of the header: a row naming a date and an amount, else the row just above the data when it is all words."""
    for index, row in enumerate(found[:_HEADER_ROWS]):
        roles = [words.role(cell) for cell in row.cells]
        if any("date" in role for role in roles) and {"amount", "debit", "credit"} & set(roles) and not is_data(row):
            return index
    first = next((index for index, row in enumerate(found) if is_data(row)), None)
    if not first:
        return None
    above, below = found[first - 1], found[first]
    filled = [cell for cell in above.cells if cell]
    all_words = not any(numbers.is_amount(cell) or dates.is_date(cell) for cell in filled)
    return first - 1 if all_words and len(filled) >= 3 and len(above.cells) >= len(below.cells) - 2 else None
