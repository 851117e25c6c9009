"""How one bank writes its CSV. Proposed from the file, confirmed by a person, remembered for the account by the caller."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from integrations.errors import PayloadError

DATE_FORMATS = ("DMY", "MDY", "YMD")
SIGNS = ("printed", "flag", "columns")


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvLayout:
    """Columns are counted from 0, None where the file has none. Lines carry money in as positive.

    ``header`` is the header row as printed (empty: no header); a file whose header differs is refused, so a remembered
    layout is never applied to other columns. ``signs`` says where the direction stands: ``printed`` in the amounts
    themselves (debit and credit columns are added), ``flag`` in the flag column, whose ``flag_out`` values are money out,
    ``columns`` in which of debit and credit is filled (credit − debit). ``inverted`` turns all amounts round, for card
    files that print purchases as positive. ``fee`` is a column of fees taken on top of the amounts.
    ``date_format`` is the order of day, month and year.
    """

    delimiter: str
    date: int
    encoding: str = ""
    header: tuple[str, ...] = ()
    amount: int | None = None
    fee: int | None = None
    debit: int | None = None
    credit: int | None = None
    flag: int | None = None
    flag_out: tuple[str, ...] = ()
    description: tuple[int, ...] = ()
    counterparty: int | None = None
    reference: int | None = None
    balance: int | None = None
    currency_column: int | None = None
    account_column: int | None = None
    status: int | None = None
    date_format: str = "YMD"
    decimal_mark: str = "."
    signs: Literal["printed", "flag", "columns"] = "printed"
    inverted: bool = False
    currency: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        """Raises PayloadError when the layout cannot be read with."""
        if self.date_format not in DATE_FORMATS:
            raise PayloadError("layout.date_format", f"{self.date_format!r} is none of {', '.join(DATE_FORMATS)}")
        if self.decimal_mark not in {".", ","}:
            raise PayloadError("layout.decimal_mark", f"{self.decimal_mark!r} is neither point nor comma")
        if self.signs not in SIGNS:
            raise PayloadError("layout.signs", f"{self.signs!r} is none of {', '.join(SIGNS)}")
        if len(self.delimiter) > 1:
            raise PayloadError("layout.delimiter", "is more than one character")

    def to_json(self) -> dict[str, Any]:
        """A plain object for a JSON column."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: object) -> CsvLayout:
        """The layout of ``to_json``'s object or its text. Raises PayloadError naming the field that is wrong."""
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError) as error:
                raise PayloadError("layout", f"not JSON: {error}") from error
        if not isinstance(data, dict):
            raise PayloadError("layout", "expected an object")
        known = {each.name: str(each.type) for each in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in data.items():
            if name not in known:
                raise PayloadError(f"layout.{name}", "is not a field of a layout")
            values[name] = _typed(name, known[name], value)
        for name in ("delimiter", "date"):
            if name not in values:
                raise PayloadError(f"layout.{name}", "is missing")
        return cls(**values)


def _typed(name: str, kind: str, value: object) -> object:
    if kind.startswith("tuple"):
        item = int if "int" in kind else str
        if not isinstance(value, list | tuple) or not all(type(each) is item for each in value):
            raise PayloadError(f"layout.{name}", "is not a list of the right kind")
        if item is int and any(each < 0 for each in value):
            raise PayloadError(f"layout.{name}", "is not a column")
        return tuple(value)
    if value is None and "None" in kind:
        return None
    expected = bool if kind == "bool" else int if kind.startswith("int") else str
    if type(value) is not expected or (expected is int and isinstance(value, int) and value < 0):
        raise PayloadError(f"layout.{name}", f"{str(value)[:40]!r} is not of the right kind")
    return value


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reading of a file's columns; ``questions`` are what a person must settle before it is ``certain``."""

    layout: CsvLayout
    certain: bool
    questions: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class LayoutNeeded(Exception):  # noqa: N818
    """The columns, date order, signs or currency of a file cannot be told safely: ask, then read again with the layout.

    ``rows`` are the first rows of the file (header first where there is one) for the person who answers.
    """

    def __init__(self, proposal: CsvLayout, rows: tuple[tuple[str, ...], ...], questions: tuple[str, ...] = ()) -> None:
        super().__init__(" ".join(questions) or "the layout of the file has to be confirmed")
        self.proposal = proposal
        self.rows = rows
        self.questions = questions
