"""The binder: everything the month-end package prints, frozen from the books into plain figures and words.

Amounts are minor units of the client's home currency, shares are tenths of a percent, days are ISO dates. The same books give
the same binder; the package is made from the binder alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.templatetags import portal
from closeout import evidence, flux
from closeout.models import CloseRun, Explanation
from ledger import statements
from ledger.core import cashflow
from ledger.core.period import FiscalYear, Month
from ledger.core.statements import (
    CURRENT_ASSETS,
    CURRENT_LIABILITIES,
    Column,
    balance_sheet,
    income_statement,
    month_column,
    more_is_good,
    variance,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from ledger.core.statements import BalanceSheet, Books, IncomeStatement, Section

#: Months the charts look back, and sales accounts they tell apart.
CHART_MONTHS, CHART_SERIES = 12, 3
#: The current groups of each side of the balance sheet, by the last of them.
CURRENT = {slugs[-1]: slugs for slugs in (CURRENT_ASSETS, CURRENT_LIABILITIES)}


def freeze(close: CloseRun) -> dict[str, Any]:
    """The binder of a close as its books stand now; a handful of queries whatever the number of entries."""
    client, month = close.client, Month.of(close.month)
    books = statements.load(client, through=month.first)
    profit, sheet = _income(books, month), _sheet(books, month)
    flow = cashflow.cash_flow(books, [month_column(month), month_column(month.previous)])
    traced = statements.traced_basis_points(client, month)
    moved = _moved(close, client, month)
    return {
        "client": client.name,
        "practice": client.practice.name,
        "currency": client.home_currency,
        "month": str(month),
        "label": month.label,
        "before": month.previous.label,
        "year_before": month.year_before.label,
        "last": str(month.last),
        "note": close.note,
        "lede": _lede(profit, flow, client.home_currency),
        "kpis": _kpis(profit, sheet, flow, month, client.home_currency),
        "charts": {"sales": _sales(books, month), "cash": _cash(books, month)},
        "profit": _profit_table(profit),
        "sheet": _sheet_table(sheet),
        "flow": _flow_table(flow),
        "traced": traced // 10,
        "warnings": statements.without_data(client, books, profit.columns),
        "moved": moved,
        **evidence.freeze(close),
    }


def _income(books: Books, month: Month) -> IncomeStatement:
    year = FiscalYear.of(month, books.fiscal_year_start).first
    columns = [
        month_column(month),
        month_column(month.previous),
        month_column(month.year_before),
        Column("Year to date", year, month),
    ]
    return income_statement(books, columns)


def _sheet(books: Books, month: Month) -> BalanceSheet:
    return balance_sheet(books, [month_column(month), month_column(month.previous)])


def tenths(part: int, whole: int) -> int | None:
    """``part`` as tenths of a percent of ``whole``, half away from zero; None of nothing."""
    share = variance(whole + part, whole, more_is_good=True).basis_points
    if share is None:
        return None
    sign = -1 if share < 0 else 1
    return sign * ((abs(share) + 5) // 10)


def _word(now: int, then: int, what: str, currency: str) -> str:
    """``Income rose 5.3% to 247,062.``"""
    if then in (0, now):
        return f"{what} was {_whole(now, currency)}."
    share = tenths(now - then, then)
    verb = "rose" if now > then else "fell"
    by = f" {abs(share or 0) // 10}.{abs(share or 0) % 10}%" if then > 0 and now > 0 else ""
    return f"{what} {verb}{by} to {_whole(now, currency)}."


def _whole(minor: int, currency: str) -> str:
    """Whole units in a sentence, where a dash would not read as nil."""
    return portal.whole(minor, currency) if minor else "0"


def _lede(profit: IncomeStatement, flow: cashflow.CashFlow, currency: str) -> str:
    income, net = profit.section("income").totals, profit.net_income
    change = flow.net_change[0]
    cash = f"Cash {'rose' if change >= 0 else 'fell'} {_whole(abs(change), currency)}."
    words = [_word(income[0], income[1], "Income", currency), _word(net[0], net[1], "Net income", currency), cash]
    return " ".join(words)


def _kpis(
    profit: IncomeStatement, sheet: BalanceSheet, flow: cashflow.CashFlow, month: Month, currency: str
) -> list[dict[str, Any]]:
    def whole(minor: int) -> str:
        return _whole(minor, currency)

    income, gross, net = profit.section("income").totals, profit.gross_profit, profit.net_income
    before = f"{month.previous.first:%B}"
    costs = income[0] - net[0]
    found = [
        _kpi("Income", income[0], f"{before} {whole(income[1])}, {month.year_before.label} {whole(income[2])}"),
        _kpi(
            "Gross profit",
            gross[0],
            f"{_percent(gross[0], income[0])} of income, {before} {_percent(gross[1], income[1])}",
        ),
        _kpi("Net income", net[0], f"{before} {whole(net[1])}, year to date {whole(net[3])}"),
        _kpi("Cash", flow.closing[0], f"{_months(flow.closing[0], costs)} months of costs"),
    ]
    people = _named(profit, ("wage", "salar", "payroll", "benefit", "contractor", "bonus"))
    if people:
        found.append(_kpi("Labor", people, f"{_percent(people, income[0])} of income"))
    owed = {row.label: row.figures[0] for part in sheet.sections for row in part.rows}
    receivable = sum(amount for name, amount in owed.items() if "receivable" in name.lower())
    payable = sum(amount for name, amount in owed.items() if "accounts payable" in name.lower())
    found.append(_kpi("Owed to you", receivable, f"owed by you {whole(payable)}"))
    return found


def _kpi(name: str, figure: int, beside: str) -> dict[str, Any]:
    return {"name": name, "figure": figure, "beside": beside}


def _percent(part: int, whole: int) -> str:
    share = tenths(part, whole)
    return "n/m" if share is None else f"{'-' if share < 0 else ''}{abs(share) // 10}.{abs(share) % 10}%"


def _months(cash: int, costs: int) -> str:
    """Cash over a month's costs, to a tenth."""
    if costs <= 0 or cash <= 0:
        return "0"
    ten = (cash * 10 + costs // 2) // costs
    return f"{ten // 10}.{ten % 10}"


def _named(profit: IncomeStatement, words: Sequence[str]) -> int:
    parts = (profit.section("cost-of-goods-sold"), profit.section("expenses"))
    return sum(
        row.figures[0] for part in parts for row in part.rows if any(word in row.label.lower() for word in words)
    )


# ---- charts ------------------------------------------------------------------------------------------------------------------


def _sales(books: Books, month: Month) -> dict[str, Any]:
    """Income accounts with positive sales over twelve months: the largest by name, the rest together."""
    months = month.shift(1 - CHART_MONTHS).through(month)
    income = [account for account in books.accounts if account.placed == "income"]
    raw = {account.key: [-books.moved(m, m).get(account.key, 0) for m in months] for account in income}
    names = {account.key: account.name for account in income}
    kept = sorted((key for key in raw if sum(raw[key]) > 0), key=lambda key: (-sum(raw[key]), key))
    series = [{"name": names[key], "figures": [max(0, n) for n in raw[key]]} for key in kept[:CHART_SERIES]]
    rest = kept[CHART_SERIES:]
    if rest:
        sums = [sum(max(0, raw[key][at]) for key in rest) for at in range(len(months))]
        series.append({"name": names[rest[0]] if len(rest) == 1 else "Other", "figures": sums})
    return {"months": [f"{m.first:%b}" for m in months], "series": series}


def _cash(books: Books, month: Month) -> dict[str, Any]:
    months = month.shift(1 - CHART_MONTHS).through(month)
    keys = [account.key for account in books.accounts if account.is_cash]
    figures = [sum(books.moved(None, m).get(key, 0) for key in keys) for m in months]
    return {"months": [f"{m.first:%b}" for m in months], "figures": figures}


# ---- statements --------------------------------------------------------------------------------------------------------------


def _group(section: Section, extra: Sequence[int | None] = ()) -> dict[str, Any]:
    good = more_is_good(section.slug)
    return {
        "title": section.title,
        "rows": [
            {"label": row.label, "figures": list(row.figures), "is_good": _is_good(row.figures, more_is_good=good)}
            for row in section.rows
        ],
        "totals": list(section.totals),
        "is_good": _is_good(section.totals, more_is_good=good),
        "shares": list(extra),
    }


def _is_good(figures: Sequence[int], *, more_is_good: bool = True) -> bool | None:
    """Whether the change from the second figure to the first is favourable; None without one."""
    return variance(figures[0], figures[1], more_is_good=more_is_good).favourable


def _part(**given: Any) -> dict[str, Any]:
    """One block of a statement: a group of accounts, a computed line, or a total."""
    return {"group": None, "line": None, "total": None, **given}


def _profit_table(profit: IncomeStatement) -> list[dict[str, Any]]:
    """Blocks in reading order: groups of accounts, and computed lines between them. Figures: month, before, year ago, to date."""
    income = profit.section("income").totals[0]
    table: list[dict[str, Any]] = []
    lines = {
        "cost-of-goods-sold": ("Gross profit", profit.gross_profit),
        "expenses": ("Operating income", profit.operating_income),
    }
    for section in profit.sections:
        if section.rows:
            group = _group(section)
            group["shares"] = [tenths(row["figures"][0], income) for row in group["rows"]]
            group["share"] = tenths(section.totals[0], income)
            table.append(_part(group=group))
        if section.slug in lines:
            name, figures = lines[section.slug]
            table.append(_part(line=_computed(name, figures) | {"share": tenths(figures[0], income)}))
    net = _computed("Net income", profit.net_income) | {"share": tenths(profit.net_income[0], income)}
    return [*table, _part(total=net)]


def _computed(label: str, figures: Sequence[int]) -> dict[str, Any]:
    """A profit: more of it is favourable."""
    return {"label": label, "figures": list(figures), "is_good": _is_good(figures)}


def _sheet_table(sheet: BalanceSheet) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = []
    both = [left + right for left, right in zip(sheet.liabilities, sheet.equity, strict=True)]
    after = {
        "current-assets": ("line", "Total current assets", _sum(sheet, CURRENT_ASSETS), True),
        "other-assets": ("total", "Total assets", list(sheet.assets), True),
        "current-liabilities": ("line", "Total current liabilities", _sum(sheet, CURRENT_LIABILITIES), False),
        "long-term-liabilities": ("total", "Total liabilities", list(sheet.liabilities), False),
        "equity": ("total", "Total liabilities and equity", both, None),
    }
    for section in sheet.sections:
        if section.rows:
            table.append(_part(group=_group(section)))
        if section.slug in after:
            kind, name, figures, good = after[section.slug]
            is_good = None if good is None else _is_good(figures, more_is_good=good)
            if kind == "total" or (any(figures) and sheet.has_more_than(CURRENT[section.slug])):
                table.append(_part(**{kind: {"label": name, "figures": figures, "is_good": is_good}}))
    return table


def _sum(sheet: BalanceSheet, slugs: Sequence[str]) -> list[int]:
    return [sum(figures) for figures in zip(*(sheet.section(slug).totals for slug in slugs), strict=True)]


def _flow_table(flow: cashflow.CashFlow) -> list[dict[str, Any]]:
    table = [_part(group=_group(section)) for section in flow.sections if section.rows]
    net = {"label": "Net change in cash", "figures": list(flow.net_change)}
    opening = {"label": "Cash at the beginning", "figures": list(flow.opening)}
    closing = {"label": "Cash at the end", "figures": list(flow.closing)}
    return [*table, _part(line=net), _part(line=opening), _part(total=closing)]


def _moved(close: CloseRun, client: Client, month: Month) -> list[dict[str, Any]]:
    """The variances over the limit with what was written about each."""
    said = {row.item_key: row for row in Explanation.objects.filter(close=close, check_id="K42")}
    return [
        {
            "label": found.label,
            "this": found.this,
            "prior": found.prior,
            "change": found.change,
            "share": tenths(found.change, found.prior),
            "why": said[found.key].text if found.key in said and said[found.key].amount_minor == found.change else "",
        }
        for found in flux.variances(client, month)
    ]
