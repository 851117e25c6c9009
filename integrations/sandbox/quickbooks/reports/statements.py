"""TrialBalance, ProfitAndLoss and BalanceSheet: balances by account, with sub-accounts inside their parents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES
from integrations.sandbox.quickbooks.preparing import name_of
from integrations.sandbox.quickbooks.reports.request import month_end
from integrations.sandbox.quickbooks.reports.shape import (
    Cell,
    Row,
    blank,
    column,
    data,
    money,
    report,
    section,
    text,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integrations.sandbox.quickbooks.books import Held
    from integrations.sandbox.quickbooks.reports.basis import Ledger
    from integrations.sandbox.quickbooks.reports.request import ReportRequest

Figures = list[int]
_GAAP = (("AccountingStandard", "GAAP"),)


def year_start(on: date) -> date:
    return on.replace(month=1, day=1)


def trial_figures(ledger: Ledger, on: date) -> dict[str, int]:
    """Debit-positive balance per account id at the end of a day: profit and loss since the year began, earlier profit
    in Retained Earnings.
    """
    began = year_start(on)
    figures = {}
    for held in ledger.accounts():
        is_flow = ACCOUNT_TYPES[held.content["AccountType"]].is_profit_and_loss
        figures[held.id] = ledger.movement(held.id, on, began if is_flow else None)
    earlier = ledger.profit(began - timedelta(days=1))
    if earlier or ledger.books.has_role("retained"):
        retained = ledger.books.role("retained")
        figures[retained] = figures.get(retained, 0) - earlier
    return figures


def trial_balance(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    figures = trial_figures(ledger, request.until)
    rows: list[Row] = []
    debits = credits_ = 0
    for held in ledger.accounts():
        amount = figures[held.id]
        if not amount:
            continue
        debits, credits_ = debits + max(amount, 0), credits_ + max(-amount, 0)
        cells = [text(name_of(held.content, "Account"), held.id), money(max(amount, 0)), money(max(-amount, 0))]
        rows.append(data(cells, typed=False))
    if rows:
        rows.append(section(summary=[text("TOTAL"), total(debits), total(credits_)], group="GrandTotal"))
    columns = [column("", "Account", "account"), column("Debit", "Money", "debit"), column("Credit", "Money", "credit")]
    return report(request, columns, rows, summarized="Total")


# -- trees of accounts ------------------------------------------------------------------------------------------------


class _Tree(NamedTuple):
    rows: list[Row]
    figures: Figures


def _plus(first: Figures, second: Figures) -> Figures:
    return [one + other for one, other in zip(first, second, strict=True)]


def _tree(accounts: Sequence[Held], value: Callable[[Held], Figures], parent: str, width: int) -> _Tree:
    """Rows of the accounts under a parent; a parent's own balance stands in its section's header."""
    rows: list[Row] = []
    figures = [0] * width
    known = {held.id for held in accounts}
    for held in accounts:
        parent_id = str((held.content.get("ParentRef") or {}).get("value") or "")
        if (parent_id if parent_id in known else "") != parent:
            continue
        own = value(held)
        below = _tree(accounts, value, held.id, width)
        name = str(held.content["Name"])
        both = _plus(own, below.figures)
        if below.rows:
            header = [text(name, held.id), *(money(amount) for amount in own)]
            closing = [text(f"Total {name}"), *(total(amount) for amount in both)]
            rows.append(section(header=header, rows=below.rows, summary=closing))
        elif any(own):
            rows.append(data([text(name, held.id), *(money(amount) for amount in own)]))
        figures = _plus(figures, both)
    return _Tree(rows, figures)


class _Sheet:
    """Writes sections over one set of periods; `value` gives an account's natural figures for them."""

    def __init__(self, ledger: Ledger, value: Callable[[Held], Figures], width: int) -> None:
        self.accounts = ledger.accounts()
        self.value = value
        self.width = width

    def tree(self, *account_types: str) -> _Tree:
        chosen = [held for held in self.accounts if held.content["AccountType"] in account_types]
        return _tree(chosen, self.value, "", self.width)

    def group(self, title: str, group: str, rows: Sequence[Row], figures: Figures, closing: str = "") -> Row:
        return section(
            header=[text(title), *blank(self.width)],
            rows=rows,
            summary=[text(closing or f"Total {title}"), *self.totals(figures)],
            group=group,
        )

    def totals(self, figures: Figures) -> list[Cell]:
        return [total(amount) for amount in figures]

    def summary(self, title: str, group: str, figures: Figures) -> Row:
        return section(summary=[text(title), *self.totals(figures)], group=group)


def _spans(request: ReportRequest) -> list[tuple[date, date]]:
    """The months a report is cut into, or the one span it covers."""
    if request.parameters.get("summarize_column_by") != "Month":
        return [(request.since, request.until)]
    spans, since = [], request.since
    while since <= request.until:
        until = min(month_end(since), request.until)
        spans.append((since, until))
        since = until + timedelta(days=1)
    return spans


def _columns(request: ReportRequest, spans: Sequence[tuple[date, date]], *, with_total: bool) -> list[dict[str, Any]]:
    columns = [column("", "Account", "account")]
    if request.parameters.get("summarize_column_by") == "Month":
        for since, until in spans:
            title = f"{since:%b %Y}"
            columns.append(column(title, "Money", title, StartDate=since.isoformat(), EndDate=until.isoformat()))
        if not with_total:
            return columns
    return [*columns, column("Total", "Money", "total")]


def profit_and_loss(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    spans = _spans(request)
    by_month = request.parameters.get("summarize_column_by") == "Month"

    def value(held: Held) -> Figures:
        sign = ACCOUNT_TYPES[held.content["AccountType"]].sign
        found = [sign * ledger.movement(held.id, until, since) for since, until in spans]
        return [*found, sum(found)] if by_month else found

    sheet = _Sheet(ledger, value, len(spans) + by_month)
    income, goods, expenses = sheet.tree("Income"), sheet.tree("Cost of Goods Sold"), sheet.tree("Expense")
    other_in, other_out = sheet.tree("Other Income"), sheet.tree("Other Expense")
    gross = _minus(income.figures, goods.figures)
    operating = _minus(gross, expenses.figures)
    other = _minus(other_in.figures, other_out.figures)
    rows = [sheet.group("Income", "Income", income.rows, income.figures)]
    if goods.rows:
        rows.append(sheet.group("Cost of Goods Sold", "COGS", goods.rows, goods.figures))
    rows.append(sheet.summary("Gross Profit", "GrossProfit", gross))
    rows.append(sheet.group("Expenses", "Expenses", expenses.rows, expenses.figures))
    rows.append(sheet.summary("Net Operating Income", "NetOperatingIncome", operating))
    if other_in.rows:
        rows.append(sheet.group("Other Income", "OtherIncome", other_in.rows, other_in.figures))
    if other_out.rows:
        rows.append(sheet.group("Other Expenses", "OtherExpenses", other_out.rows, other_out.figures))
    if other_in.rows or other_out.rows:
        rows.append(sheet.summary("Net Other Income", "NetOtherIncome", other))
    rows.append(sheet.summary("Net Income", "NetIncome", _plus(operating, other)))
    has_data = any(tree.rows for tree in (income, goods, expenses, other_in, other_out))
    columns = _columns(request, spans, with_total=True)
    summarized = "Month" if by_month else "Total"
    return report(request, columns, rows if has_data else [], summarized=summarized, options=_GAAP)


def _minus(first: Figures, second: Figures) -> Figures:
    return [one - other for one, other in zip(first, second, strict=True)]


def balance_sheet(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    ends = [until for _, until in _spans(request)]
    trials = [trial_figures(ledger, on) for on in ends]

    def value(held: Held) -> Figures:
        sign = ACCOUNT_TYPES[held.content["AccountType"]].sign
        return [sign * trial.get(held.id, 0) for trial in trials]

    sheet = _Sheet(ledger, value, len(ends))
    profit = [ledger.profit(on, year_start(on)) for on in ends]
    assets, asset_figures = _assets(sheet)
    claims, claim_figures = _claims(sheet, profit)
    rows = []
    if any(asset_figures) or any(claim_figures) or assets or claims:
        rows = [
            sheet.group("ASSETS", "TotalAssets", assets, asset_figures, "TOTAL ASSETS"),
            sheet.group(
                "LIABILITIES AND EQUITY", "TotalLiabilitiesAndEquity", claims, claim_figures,
                "TOTAL LIABILITIES AND EQUITY",
            ),
        ]  # fmt: skip
    by_month = request.parameters.get("summarize_column_by") == "Month"
    columns = _columns(request, _spans(request), with_total=False)
    return report(request, columns, rows, summarized="Month" if by_month else "Total", options=_GAAP)


_Part = tuple[str, str, str]
_CURRENT_ASSETS: tuple[_Part, ...] = (
    ("Bank", "Bank Accounts", "BankAccounts"),
    ("Accounts Receivable", "Accounts Receivable", "AR"),
    ("Other Current Asset", "Other Current Assets", "OtherCurrentAssets"),
)
_LATER_ASSETS: tuple[_Part, ...] = (
    ("Fixed Asset", "Fixed Assets", "FixedAssets"),
    ("Other Asset", "Other Assets", "OtherAssets"),
)
_CURRENT_DEBTS: tuple[_Part, ...] = (
    ("Accounts Payable", "Accounts Payable", "AP"),
    ("Credit Card", "Credit Cards", "CreditCards"),
    ("Other Current Liability", "Other Current Liabilities", "OtherCurrentLiabilities"),
)
_LATER_DEBTS: tuple[_Part, ...] = (("Long Term Liability", "Long-Term Liabilities", "LongTermLiabilities"),)


def _parts(sheet: _Sheet, parts: Sequence[_Part]) -> _Tree:
    rows: list[Row] = []
    figures = [0] * sheet.width
    for account_type, title, group in parts:
        tree = sheet.tree(account_type)
        if tree.rows:
            rows.append(sheet.group(title, group, tree.rows, tree.figures))
        figures = _plus(figures, tree.figures)
    return _Tree(rows, figures)


def _assets(sheet: _Sheet) -> _Tree:
    current, later = _parts(sheet, _CURRENT_ASSETS), _parts(sheet, _LATER_ASSETS)
    rows = [sheet.group("Current Assets", "CurrentAssets", *current)] if current.rows else []
    return _Tree([*rows, *later.rows], _plus(current.figures, later.figures))


def _claims(sheet: _Sheet, profit: Figures) -> _Tree:
    current, later = _parts(sheet, _CURRENT_DEBTS), _parts(sheet, _LATER_DEBTS)
    debts = [sheet.group("Current Liabilities", "CurrentLiabilities", *current)] if current.rows else []
    debts = [*debts, *later.rows]
    owed = _plus(current.figures, later.figures)
    own = sheet.tree("Equity")
    net = data([text("Net Income"), *(money(amount) for amount in profit)], group="NetIncome")
    equity = _plus(own.figures, profit)
    rows = [sheet.group("Liabilities", "Liabilities", debts, owed)] if debts else []
    rows.append(sheet.group("Equity", "Equity", [*own.rows, net], equity))
    return _Tree(rows, _plus(owed, equity))
