"""Reports read by column key and object id: never by position, title or summary row.

Sections may lack a header, a header its id, a row its type; empty money is empty text, and detail reports write
thousands separators. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/report-entities/generalledger
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from integrations.errors import PayloadError
from integrations.money import MoneyError, to_minor
from integrations.payload import Payload
from integrations.providers.quickbooks_online.entities import document_type
from integrations.records import LedgerBalances, LedgerDocument, LedgerLine, OpenItems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from integrations.provider import Context

MOST_DEPTH = 12
#: What a key is called where a report still comes without column keys.
_TYPES_AS_KEYS = {"Account": "account", "Customer": "cust_name", "Vendor": "vend_name"}


@dataclass(frozen=True, slots=True)
class Cell:
    value: str
    id: str
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its cells by column key, and the account id of the nearest section that has one."""

    cells: dict[str, Cell]
    section_id: str
    path: str

    def text(self, key: str) -> str:
        return self.cells[key].value if key in self.cells else ""

    def id(self, key: str) -> str:
        return self.cells[key].id if key in self.cells else ""

    def money(self, key: str, currency: str) -> int:
        cell = self.cells.get(key)
        return amount(cell, currency) if cell else 0


def amount(cell: Cell, currency: str) -> int:
    """Minor units of a money cell: ``1,295.00``, ``-30.5``, ``.44``; an empty cell is nothing."""
    plain = cell.value.replace(",", "").strip()
    if not plain:
        return 0
    try:
        return to_minor(Decimal(plain), currency)
    except (InvalidOperation, MoneyError) as error:
        raise PayloadError(cell.path, f"{cell.value!r} is not an amount") from error


def column_keys(report: Payload) -> list[str]:
    """The key of each column: its ColKey, else its type; money columns without keys are told by their order in the text."""
    keys = []
    for column in report.object("Columns").objects("Column"):
        meta = {entry.text("Name"): entry.text("Value", "") for entry in column.objects("MetaData")}
        kind = column.text("ColType", "")
        title = column.text("ColTitle", "").strip().lower()
        keys.append(meta.get("ColKey") or (title if kind == "Money" else _TYPES_AS_KEYS.get(kind, kind)))
    return keys


def data_rows(report: Payload) -> Iterator[Row]:
    """Every data row of a report, whatever it is nested in; headers and summaries are not data."""
    yield from _rows(report, column_keys(report), "", MOST_DEPTH)


def _rows(part: Payload, keys: list[str], section_id: str, depth: int) -> Iterator[Row]:
    holder = part.object_or_none("Rows")
    if holder is None or not depth:
        return
    for row in holder.objects("Row"):
        if row.has("ColData"):
            cells = [Cell(_value(cell), cell.text("id", ""), cell.at("value")) for cell in row.objects("ColData")]
            yield Row(dict(zip(keys, cells, strict=False)), section_id, row.path)
        yield from _rows(row, keys, _header_id(row) or section_id, depth - 1)


def _value(cell: Payload) -> str:
    return cell.text("value", "")


def _header_id(row: Payload) -> str:
    header = row.object_or_none("Header")
    first = next(header.objects("ColData"), None) if header else None
    return first.text("id", "") if first else ""


def basis(report: Payload) -> str:
    return report.object("Header").text("ReportBasis", "")


def check_currency(report: Payload, context: Context) -> None:
    """A report speaks of the company's home currency; another one than the client's would be read wrongly."""
    found = report.object("Header").text("Currency", context.home_currency)
    if found != context.home_currency:
        raise PayloadError(report.at("Header.Currency"), f"{found} instead of {context.home_currency}")


# ---- general ledger ------------------------------------------------------------------------------------------------------

#: In a company with several currencies the plain amounts are those of the document; the home ones are dropped elsewhere.
LEDGER_COLUMNS = (
    "account_name,tx_date,txn_type,doc_num,name,memo,klass_name,dept_name,debt_amt,credit_amt,debt_home_amt,credit_home_amt,"
    "currency,exch_rate"
)
_HOME, _PLAIN = ("debt_home_amt", "credit_home_amt"), ("debt_amt", "credit_amt")
_PARTY_KINDS = {
    "Bill": "Vendor", "BillPayment": "Vendor", "VendorCredit": "Vendor", "Invoice": "Customer", "Payment": "Customer",
    "SalesReceipt": "Customer", "RefundReceipt": "Customer", "CreditMemo": "Customer",
}  # fmt: skip


def read_ledger(report: Payload, context: Context) -> list[LedgerDocument]:
    """Every document of a GeneralLedger report with its exact lines, in order of date and id.

    Raises PayloadError when the report lacks a column it was asked for, names no document for a line, or was cut.
    """
    check_currency(report, context)
    keys = set(column_keys(report))
    sides = _HOME if {*_HOME} & keys else _PLAIN
    for key in ("txn_type", "tx_date", *sides):
        if key not in keys:
            raise PayloadError(report.at("Columns"), f"has no column {key}")
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in data_rows(report):
        if row.id("txn_type"):
            found[row.id("txn_type"), row.text("txn_type")].append(row)
        else:
            _check_no_document(row)
    documents = [_ledger_document(key, rows, sides, context) for key, rows in found.items()]
    return sorted(documents, key=lambda document: (document.booked_on, document.external_id))


def _check_no_document(row: Row) -> None:
    """A row of no document is an opening balance, whose label may stand in any column; anything else is named."""
    if "reduce the date range" in " ".join(cell.value for cell in row.cells.values()).lower():
        raise PayloadError(row.path, "the report was cut: ask for fewer days")
    if any(_is_number(row.text(key)) for key in (*_PLAIN, *_HOME)):
        raise PayloadError(row.path, "a posted line that names no document")


def _is_number(text: str) -> bool:
    return text.replace(",", "").lstrip("-").replace(".", "", 1).isdecimal()


def _ledger_document(key: tuple[str, str], rows: list[Row], sides: tuple[str, str], context: Context) -> LedgerDocument:
    number, label = key
    name, currency = document_type(label), context.home_currency
    foreign = next((row for row in rows if row.text("currency") not in {"", currency}), None)
    own = foreign.text("currency") if foreign else ""
    found = ((row, _ledger_line(row, name, currency, sides)) for row in rows)
    lines = tuple(replace(line, foreign=_foreign(row, own)) for row, line in found if line is not None)
    difference = sum(line.debit - line.credit for line in lines)
    if difference:
        raise PayloadError(
            rows[0].path, f"{name} {number} is out of balance by {abs(difference)} minor units: the report was cut"
        )
    return LedgerDocument(
        external_id=f"{name}:{number}",
        booked_on=_day(rows[0]),
        currency=currency,
        type=name,
        lines=lines,
        number=rows[0].text("doc_num"),
        party=next((line.party for line in lines if line.party), ""),
        document_currency=own,
        rate=_rate(foreign) if foreign else None,
    )


def _foreign(row: Row, currency: str) -> int:
    """Minor units in the document's own currency; 0 on what exists at home only (exchange gained or lost)."""
    if not currency or row.text("currency") != currency:
        return 0
    return abs(row.money("debt_amt", currency) - row.money("credit_amt", currency))


def _rate(row: Row) -> Decimal | None:
    try:
        rate = Decimal(row.text("exch_rate").replace(",", ""))
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 else None


def _day(row: Row) -> date:
    try:
        return date.fromisoformat(row.text("tx_date"))
    except ValueError as error:
        raise PayloadError(row.path, f"{row.text('tx_date')!r} is not a date") from error


def _ledger_line(row: Row, name: str, currency: str, sides: tuple[str, str]) -> LedgerLine | None:
    moved = row.money(sides[0], currency) - row.money(sides[1], currency)
    account = row.id("account_name") or row.section_id
    if not moved:
        return None
    if not account:
        raise PayloadError(row.path, "a posted line that names no account")
    party = f"{_PARTY_KINDS.get(name, 'Name')}:{row.id('name')}" if row.id("name") else ""
    return LedgerLine(
        account_id=account,
        debit=max(moved, 0),
        credit=max(-moved, 0),
        memo=row.text("memo"),
        party=party,
        department=row.id("dept_name"),
        klass=row.id("klass_name"),
    )


# ---- trial balance -------------------------------------------------------------------------------------------------------


def read_trial_balance(report: Payload, on: date, context: Context) -> LedgerBalances:
    """Each account's debit or credit balance. Raises PayloadError if the rows do not balance or do not make the total."""
    check_currency(report, context)
    keys, currency = set(column_keys(report)), context.home_currency
    if not {"debit", "credit"} <= keys:
        raise PayloadError(report.at("Columns"), "has no debit and credit column")
    rows = []
    for row in data_rows(report):
        debit, credit = row.money("debit", currency), row.money("credit", currency)
        if debit or credit:
            rows.append((row.id("account"), row.text("account"), debit, credit))
    debits, credits_ = sum(row[2] for row in rows), sum(row[3] for row in rows)
    if debits != credits_:
        raise PayloadError(report.at("Rows"), f"debits {debits} and credits {credits_} differ: the report was cut")
    stated = {figure.stated for figure in footings(report, currency) if figure.key in {"debit", "credit"}}
    if stated - {debits}:
        raise PayloadError(report.at("Rows"), "the rows do not make the report's total")
    return LedgerBalances(
        external_id=f"TrialBalance:{on.isoformat()}",
        booked_on=on,
        currency=currency,
        basis=basis(report),
        rows=tuple(rows),
    )


# ---- open items ----------------------------------------------------------------------------------------------------------


def read_open_items(report: Payload, side: Literal["receivable", "payable"], on: date, context: Context) -> OpenItems:
    """Open documents of an AgedReceivableDetail or AgedPayableDetail report, or one row a party of the summary report."""
    check_currency(report, context)
    keys = set(column_keys(report))
    name = next((key for key in ("cust_name", "vend_name", "name") if key in keys), "")
    rows = []
    for row in data_rows(report):
        figure = next((key for key in ("subt_open_bal", "subt_neg_open_bal", "total") if key in keys), "")
        if not figure or not name:
            raise PayloadError(report.at("Columns"), "has no party or no open amount")
        open_amount = row.money(figure, context.home_currency)
        if open_amount:
            label, number = row.text("txn_type"), row.id("txn_type")
            document = f"{document_type(label)}:{number}" if number else ""
            rows.append((_party(row, name, side), document, _due(row), open_amount))
    external_id = f"OpenItems:{side}:{on.isoformat()}"
    return OpenItems(external_id=external_id, booked_on=on, currency=context.home_currency, side=side, rows=tuple(rows))


def _party(row: Row, key: str, side: str) -> str:
    kind = "Customer" if side == "receivable" else "Vendor"
    return f"{kind}:{row.id(key)}" if row.id(key) else row.text(key)


def _due(row: Row) -> date | None:
    text = row.text("due_date")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise PayloadError(row.path, f"{text!r} is not a date") from error


# ---- do the sections foot? -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Footing:
    """What a section states as its total in one column, and what its data rows make."""

    label: str
    key: str
    stated: int
    summed: int


def footings(report: Payload, currency: str) -> list[Footing]:
    """Every section with rows of its own and a stated total; the grand total of a flat report counts the rows beside it."""
    found: list[Footing] = []
    keys = column_keys(report)
    _foot(report, keys, currency, found)
    return found


def _foot(part: Payload, keys: list[str], currency: str, found: list[Footing]) -> dict[str, int]:
    """Sums by column key of everything below ``part``, stated beside each summary on the way up.

    A parent account's own balance stands in the header of its section and counts in it.
    """
    sums: dict[str, int] = defaultdict(int)
    holder = part.object_or_none("Rows")
    for row in holder.objects("Row") if holder else ():
        nested = row.has("Rows") and bool(row.data["Rows"])
        figures = _foot(row, keys, currency, found)
        for key, value in _own_figures(row, keys, currency):
            figures[key] += value
        for key, value in figures.items():
            sums[key] += value
        summary = row.object_or_none("Summary")
        if summary is not None and (nested or row.data.get("group") == "GrandTotal"):
            _state(summary, keys, currency, figures if nested else sums, found)
    return sums


def _own_figures(row: Payload, keys: list[str], currency: str) -> Iterator[tuple[str, int]]:
    source = row if row.has("ColData") else row.object_or_none("Header")
    cells = list(source.objects("ColData")) if source else []
    for key, cell in zip(keys[1:], cells[1:], strict=False):
        yield from _figure(key, cell, currency).items()


def _figure(key: str, cell: Payload, currency: str) -> dict[str, int]:
    text = cell.text("value", "")
    if not _is_number(text):
        return {}
    return {key: amount(Cell(text, "", cell.at("value")), currency)}


def _state(summary: Payload, keys: list[str], currency: str, sums: dict[str, int], found: list[Footing]) -> None:
    cells = list(summary.objects("ColData"))
    label = cells[0].text("value", "") if cells else ""
    for key, cell in zip(keys[1:], cells[1:], strict=False):
        figures = _figure(key, cell, currency).values()
        found.extend(Footing(label, key, stated, sums.get(key, 0)) for stated in figures)
