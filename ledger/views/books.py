"""The statements of a month, each figure a link to its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404
from ledger import queries, statements
from ledger.core import cashflow
from ledger.core import statements as core
from ledger.core.accounts import ACCOUNT_TYPES
from ledger.core.statements import Column
from ledger.models import Account
from ledger.views import framing
from ledger.views.framing import month_or_404, plain, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client
    from ledger.core.period import Month
    from ledger.core.statements import Books, Section

STATEMENTS = (("pl", "Profit and loss"), ("bs", "Balance sheet"), ("tb", "Trial balance"), ("cf", "Cash flow"))
COMPARE = (("prior-month", "Prior month"), ("prior-year", "Same month last year"), ("ytd", "Year to date"))


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """``statement=pl|bs|tb|cf``, any ``compare=prior-month|prior-year|ytd``, ``format=csv``; ``open=<account>`` shows its lines."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    wanted = request.GET.get("statement", "pl")
    slug_of = wanted if wanted in dict(STATEMENTS) else "pl"
    asked = request.GET.getlist("compare") or ["prior-month"]
    compare = [name for name, _ in COMPARE if name in asked and not (name == "ytd" and slug_of in {"bs", "tb"})]
    books = statements.load(client, through=of.first)
    table = _table(books, slug_of, of, compare, client)
    if request.GET.get("format") == "csv":
        return _csv(client, slug_of, of, table)
    page = {
        "client": client,
        "month": of,
        "statement": slug_of,
        "title": dict(STATEMENTS)[slug_of],
        "statements": STATEMENTS,
        "table": table,
        "compare": compare,
        "compares": [(name, label) for name, label in COMPARE if not (name == "ytd" and slug_of in {"bs", "tb"})],
        "traced": _percent(statements.traced_basis_points(client, of)).replace(".0%", "%"),
        "period": framing.period(client, of, "ledger:statements"),
        "rail": _rail(request, client, of),
        "numbers": dict(Account.objects.filter(client=client).values_list("pk", "number")),
    }
    return render(request, "ledger/statements.html", page)


# ---- tables ----------------------------------------------------------------------------------------------------------------


def _columns(of: Month, compare: Sequence[str], fiscal_start: int) -> list[Column]:
    others = {
        "prior-month": core.month_column(of.previous),
        "prior-year": core.month_column(of.year_before),
        "ytd": core.year_to_date(of, fiscal_start),
    }
    return [core.month_column(of), *(others[name] for name in compare)]


def _table(books: Books, slug: str, of: Month, compare: Sequence[str], client: Client) -> dict[str, Any]:
    """Head cells and rows of a statement: each row a label, an account key and a figure with its change per column."""
    columns = _columns(of, compare, client.fiscal_year_start_month)
    makers = {"pl": _income, "bs": _balance, "tb": _trial, "cf": _cash}
    return {"columns": columns, "names": list(compare)} | makers[slug](books, columns, list(compare))


def _income(books: Books, columns: Sequence[Column], names: list[str]) -> dict[str, Any]:
    made = core.income_statement(books, columns)
    income = made.section("income").totals[0]
    rows: list[dict[str, Any]] = []
    for section in made.sections:
        rows += _section(section, names, base=income)
        if section.slug == "cost-of-goods-sold" and section.rows:
            rows.append(_line("Gross profit", "", made.gross_profit, names, kind="sub", good=True, base=income))
        if section.slug == "expenses" and any(made.section(other).rows for other in ("other-income", "other-expenses")):
            rows.append(_line("Operating income", "", made.operating_income, names, kind="sub", good=True, base=income))
    rows.append(_line("Net income", "", made.net_income, names, kind="tot", good=True, base=income))
    return {"rows": rows, "share": "% income", "proof": None, "has_change": True}


def _balance(books: Books, columns: Sequence[Column], names: list[str]) -> dict[str, Any]:
    made = core.balance_sheet(books, columns)
    rows: list[dict[str, Any]] = []
    for section in made.sections:
        rows += _section(section, names)
        if section.slug == "other-assets":
            rows.append(_line("Total assets", "", made.assets, names, kind="tot", good=True))
        if section.slug == "long-term-liabilities":
            rows.append(_line("Total liabilities", "", made.liabilities, names, kind="sub"))
    both = tuple(left + right for left, right in zip(made.liabilities, made.equity, strict=True))
    rows.append(_line("Liabilities and equity", "", both, names, kind="tot"))
    return {
        "rows": rows,
        "share": "",
        "proof": ("Balances", "Does not balance", made.differences[0]),
        "has_change": True,
    }


def _cash(books: Books, columns: Sequence[Column], names: list[str]) -> dict[str, Any]:
    made = cashflow.cash_flow(books, columns)
    rows: list[dict[str, Any]] = []
    for section in made.sections:
        rows += _section(section, names, title=f"Net cash from {section.title.lower()}")
    rows.append(_line("Change in cash", "", made.net_change, names, kind="sub", good=True))
    rows.append(_line("Cash at the start", "", made.opening, names, kind=""))
    rows.append(_line("Cash at the end", "", made.closing, names, kind="tot", good=True))
    return {
        "rows": rows,
        "share": "",
        "proof": ("Ties to cash", "Does not tie to cash", made.differences[0]),
        "has_change": True,
    }


def _trial(books: Books, columns: Sequence[Column], _names: list[str]) -> dict[str, Any]:
    made = [core.trial_balance(books, column.last) for column in columns]
    accounts = {row.account.key: row.account for one in made for row in one.rows}
    ordered = sorted(accounts.values(), key=lambda account: ACCOUNT_TYPES.index(account.type))
    sides = [{row.account.key: (row.debit, row.credit) for row in one.rows} for one in made]
    rows = [
        {
            "kind": "",
            "label": account.name,
            "key": account.key,
            "cells": [
                {"figure": side.get(account.key, (0, 0))[at], "at": n, "first": bool(n) and at == 0}
                for n, side in enumerate(sides)
                for at in (0, 1)
            ],
        }
        for account in ordered
    ]
    totals = [{"figure": total, "at": -1} for one in made for total in (one.debits, one.credits)]
    rows.append({"kind": "tot", "label": "Debits = credits", "key": "", "cells": totals})
    return {
        "rows": rows,
        "share": "",
        "proof": ("Debits = credits", "Does not balance", made[0].difference),
        "has_change": False,
        "is_trial": True,
    }


def _section(section: Section, names: list[str], *, base: int | None = None, title: str = "") -> list[dict[str, Any]]:
    if not section.rows:
        return []
    good = core.more_is_good(section.slug)
    rows = [{"kind": "grp", "label": section.title, "key": "", "cells": []}]
    rows += [_line(row.label, row.key, row.figures, names, good=good, base=base) for row in section.rows]
    rows.append(
        _line(title or f"Total {section.title.lower()}", "", section.totals, names, kind="sub", good=good, base=base)
    )
    return rows


def _line(
    label: str,
    key: str,
    figures: Sequence[int],
    names: list[str],
    *,
    kind: str = "",
    good: bool = False,
    base: int | None = None,
) -> dict[str, Any]:
    """One line: the month, its share of income, and per comparison the figure with its change."""
    this = figures[0]
    cells: list[dict[str, Any]] = [{"figure": this, "at": 0}]
    if base is not None:
        cells.append({"share": _percent(this * 10_000 // base) if base else ""})
    for at, name in enumerate(names, 1):
        cells.append({"figure": figures[at], "at": at, "first": True})
        if name != "ytd":
            change = core.variance(this, figures[at], more_is_good=good)
            cells.append({"figure": change.amount, "at": -1, "change": True})
            cells.append({"share": _percent(change.basis_points) if change.basis_points is not None else ""})
    return {"kind": kind, "label": label, "key": key, "cells": cells}


def _percent(basis_points: int) -> str:
    """``8.2%``; negatives in parentheses, over ten times as ``>999%``."""
    if not basis_points:
        return "–"
    tenths = (abs(basis_points) + 5) // 10
    text = f"{tenths // 10}.{tenths % 10}%" if tenths < 10_000 else ">999%"
    return f"({text})" if basis_points < 0 else text


def _rail(request: HttpRequest, client: Client, of: Month) -> dict[str, Any] | None:
    """What is behind the figure that was opened: the largest lines, and how many there are."""
    wanted = request.GET.get("open", "")
    account = (
        Account.objects.filter(client=client, pk=int(wanted)).first()
        if wanted.isdecimal() and len(wanted) < 18
        else None
    )
    if account is None:
        return None
    lines = list(queries.account_lines(client, account, of.first, of.last))
    sign = 1 if account.debit_is_positive else -1
    money = sum(line.debit_minor + line.credit_minor for line in lines)
    traced = sum(
        line.debit_minor + line.credit_minor for line in lines if line.entry.fact_id or line.entry.origin == "ledger"
    )
    largest = sorted(lines, key=lambda line: -(line.debit_minor + line.credit_minor))[:8]
    rest = sum(sign * line.net_minor for line in lines) - sum(sign * line.net_minor for line in largest)
    return {
        "account": account,
        "entries": len({line.entry_id for line in lines}),
        "records": len({line.entry.fact_id for line in lines if line.entry.fact_id}),
        "traced": _percent(traced * 10_000 // money).replace(".0%", "%") if money else "100%",
        "is_traced": traced == money,
        "largest": [(line, sign * line.net_minor) for line in largest],
        "more": len(lines) - len(largest),
        "rest": rest,
        "total": sum(sign * line.net_minor for line in lines),
    }


def _csv(client: Client, slug: str, of: Month, table: dict[str, Any]) -> HttpResponse:
    head: list[str] = ["line", *(column.label for column in table["columns"])]
    if table.get("is_trial"):
        head = ["account", *(f"{column.label} {side}" for column in table["columns"] for side in ("debit", "credit"))]
    rows: Iterable[list[str]] = [
        [
            row["label"],
            *(
                plain(cell["figure"], client.home_currency)
                for cell in row["cells"]
                if "figure" in cell and not cell.get("change")
            ),
        ]
        for row in table["rows"]
    ]
    return spreadsheet(f"{slug}-{client.slug}-{of}", head, rows)
