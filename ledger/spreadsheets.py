"""Statements as spreadsheets: totals, changes and shares are live formulas; a text is a text, whatever it begins with."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from clients.templatetags.portal import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from ledger.core.sheets import Cell, Line, Sheet

#: Where the statement's lines begin: client, title and notes stand above.
TOP, LEFT = 4, 2
#: Texts are never read as numbers, addresses or formulas: nothing a payee is called can run.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
#: A sheet of the format holds a million rows; lines beyond this are for CSV.
MOST_LINES = 200_000


class _Pen:
    """A worksheet and the formats of its cells."""

    def __init__(self, book: Workbook, page: Worksheet, decimals: int) -> None:
        self.page, self.decimals, self._book = page, decimals, book
        self._kinds = {"share": "0.0%;(0.0%);–", "percent": "0.0%;(0.0%);–"}
        self._kinds |= dict.fromkeys(("figure", "change", "sum"), _money(decimals))
        self._made: dict[tuple[str, str, int], Any] = {}

    def format(self, kind: str, style: str, decimals: int | None = None) -> Any:
        """``decimals``: those of the cell's own currency, where it is not that of the sheet."""
        own = self.decimals if decimals is None else decimals
        if (kind, style, own) not in self._made:
            given: dict[str, Any] = {"num_format": self._kinds[kind]} if kind in self._kinds else {}
            if kind == "figure":
                given["num_format"] = _money(own)
            if kind == "day":
                given["num_format"] = "yyyy-mm-dd"
            if style:
                given["bold"] = True
            if style in {"sub", "tot"}:
                given["top"] = 1
            if style == "tot":
                given["bottom"] = 6
            if kind == "indent":
                given["indent"] = 1
            if kind in self._kinds and style == "head":
                given |= {"align": "right", "bottom": 1}
            self._made[kind, style, own] = self._book.add_format(given)
        return self._made[kind, style, own]

    def text(self, row: int, column: int, text: str, kind: str = "text", style: str = "") -> None:
        """A string cell: no spreadsheet takes it for a formula."""
        self.page.write_string(row, column, text, self.format(kind, style))

    def amount(self, minor: int, decimals: int | None = None) -> Decimal:
        return Decimal(minor).scaleb(-(self.decimals if decimals is None else decimals))


def _money(decimals: int) -> str:
    figures = "#,##0" + ("." + "0" * decimals if decimals else "")
    return f"{figures};({figures});–"


def workbook(
    sheet: Sheet,
    *,
    titles: Sequence[str],
    currency: str,
    numbers: Mapping[str, str],
    lines: Iterable[Sequence[Any]] | None = None,
) -> bytes:
    """An xlsx file: the statement, and for the general ledger its ``lines`` (see ``_lines``) on a second sheet.

    ``titles`` stand above; ``numbers`` are account numbers by key. Formulas carry the figures they give, for readers that do
    not compute.
    """
    out = io.BytesIO()
    decimals = DECIMALS.get(currency.upper(), 2)
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        page = book.add_worksheet(sheet.title[:31])
        _statement(_Pen(book, page, decimals), sheet, titles, currency, numbers)
        if lines is not None:
            _lines(_Pen(book, book.add_worksheet("Lines"), decimals), lines)
    return out.getvalue()


def _statement(pen: _Pen, sheet: Sheet, titles: Sequence[str], currency: str, numbers: Mapping[str, str]) -> None:
    for row, text in enumerate(titles[: TOP - 1]):
        pen.text(row, 0, text, style="bold" if row < 2 else "")
    pen.text(TOP, 0, "No.", style="head")
    pen.text(TOP, 1, sheet.first_head or currency, style="head")
    for at, head in enumerate(sheet.heads):
        pen.text(TOP, LEFT + at, head.label, kind="figure", style="head")
    for place, line in enumerate(sheet.lines):
        row = TOP + 1 + place
        pen.text(row, 0, numbers.get(line.key, ""))
        pen.text(row, 1, line.label, kind="text" if line.style else "indent", style=line.style)
        for at, cell in enumerate(line.cells):
            _cell(pen, sheet, line, row, at, cell)
    for extra, note in enumerate(sheet.notes):
        pen.text(TOP + 2 + len(sheet.lines) + extra, 1, note)
    pen.page.set_column(0, 0, 8)
    pen.page.set_column(1, 1, 38)
    pen.page.set_column(LEFT, LEFT + len(sheet.heads), 15)
    pen.page.freeze_panes(TOP + 1, LEFT)
    pen.page.set_landscape()
    pen.page.fit_to_pages(1, 0)
    pen.page.repeat_rows(TOP)


def _cell(pen: _Pen, sheet: Sheet, line: Line, row: int, at: int, cell: Cell) -> None:
    column, currency = LEFT + at, sheet.heads[at].currency
    decimals = DECIMALS.get(currency.upper(), 2) if currency else None
    form = pen.format(cell.kind, line.style, decimals)
    if cell.amount is None:
        pen.page.write_blank(row, column, None, form)
        return
    is_share = cell.kind in {"share", "percent"}
    value = Decimal(cell.amount).scaleb(-4) if is_share else pen.amount(cell.amount, decimals)
    formula = _formula(sheet, line, row, at, cell)
    if formula:
        pen.page.write_formula(row, column, formula, form, value)
    else:
        pen.page.write_number(row, column, value, form)


def _formula(sheet: Sheet, line: Line, row: int, at: int, cell: Cell) -> str:
    """What computes the cell anew from the others; '' for a figure of the books."""
    if cell.kind == "figure":
        return _sum(line.adds, LEFT + at) if line.adds else ""
    first = xl_rowcol_to_cell(row, LEFT)
    if cell.kind == "sum":
        return f"=SUM({first}:{xl_rowcol_to_cell(row, LEFT + at - 1)})"
    own = xl_rowcol_to_cell(row, LEFT + _figure_of(sheet, at))
    if cell.kind == "change":
        return f"={first}-{own}"
    if cell.kind == "percent":
        return f'=IF({own}=0,"",({first}-{own})/ABS({own}))'
    if cell.kind == "share" and sheet.base is not None:
        whole = xl_rowcol_to_cell(TOP + 1 + sheet.base, LEFT + _figure_of(sheet, at), row_abs=True)
        return f'=IF({whole}>0,{own}/{whole},"")'
    return ""


def _figure_of(sheet: Sheet, at: int) -> int:
    """The place of the figure that a change or share stands beside."""
    return next(place for place in range(at, -1, -1) if sheet.heads[place].kind == "figure")


def _sum(adds: Sequence[tuple[int, int]], column: int) -> str:
    """``=SUM(C6:C9)`` for lines that follow each other, else ``=C10-C15``."""
    cells = [(sign, xl_rowcol_to_cell(TOP + 1 + place, column)) for sign, place in adds]
    places = [place for _sign, place in adds]
    if all(sign > 0 for sign, _place in adds) and places == list(range(places[0], places[-1] + 1)):
        return f"=SUM({cells[0][1]}:{cells[-1][1]})"
    return "=" + "".join(f"{'+' if sign > 0 else '-'}{cell}" for sign, cell in cells).removeprefix("+")


#: Heads of the lines' sheet, the kinds of their cells and how wide they are.
LINE_HEADS = (
    ("Date", "day", 11), ("No.", "text", 8), ("Account", "text", 28), ("Entry", "text", 11), ("Memo", "text", 40),
    ("Name", "text", 24), ("Department", "text", 16), ("Class", "text", 16), ("Debit", "figure", 14), ("Credit", "figure", 14),
)  # fmt: skip


def _lines(pen: _Pen, lines: Iterable[Sequence[Any]]) -> None:
    """Every line, in the order of ``LINE_HEADS``; the amounts are minor units. The sums below are live."""
    for column, (head, kind, width) in enumerate(LINE_HEADS):
        pen.text(0, column, head, kind="figure" if kind == "figure" else "text", style="head")
        pen.page.set_column(column, column, width)
    row, sums = 0, [0, 0]
    for row, cells in enumerate(lines, 1):
        pen.page.write_datetime(row, 0, cells[0], pen.format("day", ""))
        for column in range(1, 8):
            pen.page.write_string(row, column, str(cells[column]))
        for at in (0, 1):
            sums[at] += cells[8 + at]
            if cells[8 + at]:
                pen.page.write_number(row, 8 + at, pen.amount(cells[8 + at]), pen.format("figure", ""))
    pen.text(row + 1, 0, "Total", style="tot")
    for at in (0, 1):
        last = xl_rowcol_to_cell(max(row, 1), 8 + at)
        formula = f"=SUM({xl_rowcol_to_cell(1, 8 + at)}:{last})"
        pen.page.write_formula(row + 1, 8 + at, formula, pen.format("figure", "tot"), pen.amount(sums[at]))
    pen.page.freeze_panes(1, 0)
    pen.page.autofilter(0, 0, max(row, 1), len(LINE_HEADS) - 1)
