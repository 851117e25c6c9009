"""GeneralLedger and TransactionList: the documents behind the balances, line by line.

Cells are to be read by ColKey: the order here is QuickBooks' own, whatever order the `columns` parameter names.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.sandbox.quickbooks.amounts import grouped
from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES, REPORT_LABELS
from integrations.sandbox.quickbooks.preparing import name_of
from integrations.sandbox.quickbooks.rendering import stamp
from integrations.sandbox.quickbooks.reports.shape import Cell, Row, column, data, report, section, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.books import Books, Held
    from integrations.sandbox.quickbooks.postings import Posting
    from integrations.sandbox.quickbooks.reports.basis import Ledger
    from integrations.sandbox.quickbooks.reports.request import ReportRequest

MOST_CELLS = 400_000
TOO_LONG = "Unable to display more data. Please reduce the date range."
_TITLES = {
    "account_name": "Account", "account_num": "Account #", "tx_date": "Date", "create_date": "Create Date",
    "last_mod_date": "Last Modified", "txn_type": "Transaction Type", "doc_num": "Num", "is_no_post": "Posting",
    "is_adj": "Adj", "name": "Name", "cust_name": "Customer", "vend_name": "Vendor", "emp_name": "Employee",
    "dept_name": "Location", "klass_name": "Class", "memo": "Memo/Description", "split_acc": "Split",
    "other_account": "Split", "is_cleared": "Clr", "debt_amt": "Debit", "credit_amt": "Credit",
    "subt_nat_amount": "Amount", "rbal_nat_amount": "Balance", "currency": "Currency", "exch_rate": "Exchange Rate",
    "debt_home_amt": "Debit (Home)", "credit_home_amt": "Credit (Home)", "subt_nat_home_amount": "Amount (Home)",
    "rbal_nat_home_amount": "Balance (Home)",
}  # fmt: skip
_LEDGER_DEFAULT = (
    "tx_date", "txn_type", "doc_num", "name", "memo", "split_acc", "subt_nat_amount", "rbal_nat_amount",
)  # fmt: skip
_LIST_DEFAULT = (
    "tx_date", "txn_type", "doc_num", "is_no_post", "name", "memo", "account_name", "other_account", "subt_nat_amount",
)  # fmt: skip
#: Columns of companies with several currencies; others drop them without a word.
_HOME = frozenset({
    "currency", "exch_rate", "debt_home_amt", "credit_home_amt", "subt_nat_home_amount", "rbal_nat_home_amount",
})  # fmt: skip
_LEDGER_HOME = (
    "tx_date", "txn_type", "doc_num", "name", "memo", "split_acc", "currency", "subt_nat_home_amount", "rbal_nat_home_amount",
)  # fmt: skip


class Line(NamedTuple):
    """One posting in its document; `running` is the account's balance after it, natural sign."""

    held: Held
    posting: Posting
    running: int
    split: tuple[str, str]
    books: Books
    zone: ZoneInfo

    @property
    def sign(self) -> int:
        return self.books.account_type(self.posting.account).sign


def label_of(held: Held) -> str:
    """How reports call a document."""
    if held.kind == "BillPayment":
        return "Bill Payment (Check)" if held.content["PayType"] == "Check" else "Bill Payment (Credit Card)"
    if held.kind == "Purchase":
        if held.content.get("Credit"):
            return "Credit Card Credit"
        return "Check" if held.content["PaymentType"] == "Check" else "Expense"
    return REPORT_LABELS[held.kind]


def _money(amount: int) -> Cell:
    return text(grouped(amount) if amount else "")


def _party(line: Line, *kinds: str) -> Cell:
    entity = line.posting.entity
    if entity is None or (kinds and entity[0] not in kinds):
        return text("")
    held = line.books.find(*entity)
    return text(name_of(held.content, entity[0]), entity[1]) if held else text("")


def _named(line: Line, kind: str, identifier: str) -> Cell:
    held = line.books.find(kind, identifier) if identifier else None
    return text(name_of(held.content, kind), identifier) if held else text("")


def _time(line: Line, *, created: bool) -> Cell:
    at = line.held.created_at if created else line.held.updated_at
    return text(at.astimezone(line.zone).strftime("%Y-%m-%dT%H:%M:%S%z"))


_CELLS: dict[str, Callable[[Line], Cell]] = {
    "account_name": lambda line: _named(line, "Account", line.posting.account),
    "account_num": lambda line: text(
        str(line.books.held["Account"][line.posting.account].content.get("AcctNum") or "")
    ),
    "tx_date": lambda line: text(str(line.held.on)),
    "create_date": lambda line: _time(line, created=True),
    "last_mod_date": lambda line: _time(line, created=False),
    "txn_type": lambda line: text(label_of(line.held), line.held.id),
    "doc_num": lambda line: text(str(line.held.content.get("DocNumber") or "")),
    "is_no_post": lambda _: text("Yes"),
    "is_adj": lambda line: text("Yes" if line.held.content.get("Adjustment") else "No"),
    "name": _party,
    "cust_name": lambda line: _party(line, "Customer"),
    "vend_name": lambda line: _party(line, "Vendor"),
    "emp_name": lambda line: _party(line, "Employee"),
    "dept_name": lambda line: _named(line, "Department", line.posting.department),
    "klass_name": lambda line: _named(line, "Class", line.posting.klass),
    "memo": lambda line: text(line.posting.memo or str(line.held.content.get("PrivateNote") or "")),
    "split_acc": lambda line: text(*line.split),
    "other_account": lambda line: text(*line.split),
    "is_cleared": lambda _: text(""),
    "debt_amt": lambda line: _money(max(line.posting.own, 0)),
    "credit_amt": lambda line: _money(max(-line.posting.own, 0)),
    "subt_nat_amount": lambda line: text(grouped(line.sign * line.posting.own)),
    "currency": lambda line: text(line.posting.currency or line.books.home),
    "exch_rate": lambda line: text(str(line.held.content.get("ExchangeRate", 1)) if line.posting.currency else ""),
    "debt_home_amt": lambda line: _money(max(line.posting.amount, 0)),
    "credit_home_amt": lambda line: _money(max(-line.posting.amount, 0)),
    "subt_nat_home_amount": lambda line: text(grouped(line.sign * line.posting.amount)),
    "rbal_nat_home_amount": lambda line: text(grouped(line.running)),
    "rbal_nat_amount": lambda line: text(grouped(line.running)),
}


def _keys(request: ReportRequest, default: tuple[str, ...], books: Books) -> list[str]:
    asked = request.ids("columns") & set(_TITLES) - (frozenset() if books.is_multicurrency else _HOME)
    chosen = asked or set(default)
    return [key for key in _TITLES if key in chosen]


def _columns(keys: Sequence[str]) -> list[dict[str, Any]]:
    return [column(_TITLES[key], key, key) for key in keys]


def split_of(books: Books, postings: Sequence[Posting], own: Posting) -> tuple[str, str]:
    """Name and id of the one other account, or `-Split-` when there are several."""
    others = {posting.account for posting in postings if posting is not own}
    if len(others) != 1:
        return "-Split-", ""
    account_id = others.pop()
    return name_of(books.held["Account"][account_id].content, "Account"), account_id


def _wanted(posting: Posting, request: ReportRequest) -> bool:
    for parameter, kind in (("customer", "Customer"), ("vendor", "Vendor")):
        ids = request.ids(parameter)
        if ids and (posting.entity is None or posting.entity[0] != kind or posting.entity[1] not in ids):
            return False
    classes, departments = request.ids("class"), request.ids("department")
    return (not classes or posting.klass in classes) and (not departments or posting.department in departments)


# -- general ledger ---------------------------------------------------------------------------------------------------


class _Movements(NamedTuple):
    ledger: Ledger
    request: ReportRequest
    keys: list[str]
    found: dict[str, list[tuple[Held, tuple[Posting, ...], Posting]]]


def general_ledger(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    found: dict[str, list[tuple[Held, tuple[Posting, ...], Posting]]] = defaultdict(list)
    for held, postings in ledger.between(request.since, request.until):
        for posting in postings:
            if _wanted(posting, request):
                found[posting.account].append((held, postings, posting))
    default = _LEDGER_HOME if ledger.books.is_multicurrency else _LEDGER_DEFAULT
    movements = _Movements(ledger, request, _keys(request, default, ledger.books), found)
    wanted = request.ids("account")
    accounts = [held for held in ledger.accounts() if not wanted or held.id in wanted]
    known = {held.id for held in accounts}
    rows: list[Row] = []
    for held in accounts:
        if _parent(held) not in known:
            rows.extend(_account_sections(held, accounts, movements)[0])
    rows = _cut(rows, len(movements.keys))
    return report(request, _columns(movements.keys), rows)


def _parent(held: Held) -> str:
    return str((held.content.get("ParentRef") or {}).get("value") or "")


def _account_sections(held: Held, accounts: Sequence[Held], movements: _Movements) -> tuple[list[Row], int]:
    """The account's section, then (with sub-accounts) a bare summary of all; with the natural movement of both."""
    rows, own = _account_rows(held, movements)
    below: list[Row] = []
    moved = own
    for child in accounts:
        if _parent(child) == held.id:
            nested, amount = _account_sections(child, accounts, movements)
            below += nested
            moved += amount
    if not rows and not below:
        return [], 0
    keys = movements.keys
    name = str(held.content["Name"])
    header = [text(name_of(held.content, "Account"), held.id), *(text("") for _ in keys[1:])]
    sections = [section(header=header, rows=[*rows, *below], summary=_closing(f"Total for {name}", own, keys))]
    if below:
        sections.append(section(summary=_closing(f"Total for {name} with sub-accounts", moved, keys)))
    return sections, moved


def _closing(title: str, amount: int, keys: Sequence[str]) -> list[Cell]:
    cells = [text(grouped(amount)) if key in {"subt_nat_amount", "subt_nat_home_amount"} else text("") for key in keys]
    return [text(title), *cells[1:]]


def _account_rows(held: Held, movements: _Movements) -> tuple[list[Row], int]:
    ledger, request, keys, found = movements
    kind = ACCOUNT_TYPES[held.content["AccountType"]]
    opening = 0
    if not kind.is_profit_and_loss:
        opening = kind.sign * ledger.movement(held.id, request.since - timedelta(days=1))
    rows: list[Row] = []
    if opening:
        balance = [
            text(grouped(opening)) if key in {"rbal_nat_amount", "rbal_nat_home_amount"} else text("") for key in keys
        ]
        rows.append(data([text("Beginning Balance"), *balance[1:]]))
    running = opening
    for document, postings, posting in found.get(held.id, ()):
        running += kind.sign * posting.amount
        split = split_of(ledger.books, postings, posting)
        line = Line(document, posting, running, split, ledger.books, request.zone)
        rows.append(data([_CELLS[key](line) for key in keys]))
    return rows, running - opening


def _cut(rows: list[Row], width: int) -> list[Row]:
    """A report that grows too long ends early and says so, as QuickBooks' does."""
    kept: list[Row] = []
    cells = 0
    for row in rows:
        cells += width * _count(row)
        if cells > MOST_CELLS:
            return [*kept, data([text(TOO_LONG), *(text("") for _ in range(width - 1))])]
        kept.append(row)
    return kept


def _count(row: Row) -> int:
    return 1 + sum(_count(inner) for inner in row.get("Rows", {}).get("Row", ()))


# -- list of documents ------------------------------------------------------------------------------------------------


def transaction_list(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    """One row a document, by the account that makes it what it is (bank, receivable, payable, first line)."""
    keys = _keys(request, _LIST_DEFAULT, ledger.books)
    rows = []
    for held, postings in ledger.between(request.since, request.until):
        first = postings[0]
        if not _wanted(first, request) or not _is_listed(held, request):
            continue
        line = Line(held, first, 0, split_of(ledger.books, postings, first), ledger.books, request.zone)
        rows.append(data([_CELLS[key](line) for key in keys]))
    return report(request, _columns(keys), _cut(rows, len(keys)), basis=False)


def _is_listed(held: Held, request: ReportRequest) -> bool:
    kinds = request.parameters.get("transaction_type", "").replace(" ", "")
    number = request.parameters.get("docnum", "")
    if kinds and held.kind not in kinds.split(",") and label_of(held).replace(" ", "") not in kinds.split(","):
        return False
    if number and str(held.content.get("DocNumber") or "") != number:
        return False
    changed = stamp(held.updated_at, request.zone)[:10]
    since, until = request.parameters.get("start_moddate", ""), request.parameters.get("end_moddate", "9999")
    return since <= changed <= until
