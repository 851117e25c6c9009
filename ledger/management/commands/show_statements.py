"""``manage.py show_statements``: trial balance, income statement and balance sheet of one month, or of many side by side."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from clients.models import Client
from clients.tenancy import client_context
from ledger.core.period import Month
from ledger.core.statements import balance_sheet, income_statement, month_column, trial_balance
from ledger.statements import load

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ledger.core.statements import BalanceSheet, Column, IncomeStatement, TrialBalance

LABEL, AMOUNT = 36, 18


class Command(BaseCommand):
    help = "Shows a client's statements: trial balance at the last month's end, income and balance sheet, a column a month."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", required=True, help="the client's slug")
        parser.add_argument("--month", type=Month.parse, help="YYYY-MM; or --from and --to")
        parser.add_argument("--from", dest="first", type=Month.parse)
        parser.add_argument("--to", dest="last", type=Month.parse)
        parser.add_argument(
            "--warm", action="store_true", help="time a second reading over a new connection, as a page reads"
        )
        parser.add_argument("--json", action="store_true", help="one JSON line; amounts in minor units, debit positive")

    def handle(self, *_args: Any, **options: Any) -> None:
        client = Client.objects.filter(slug=options["client"]).first()
        if client is None:
            raise CommandError(f"no client {options['client']!r}")
        months = _months(options["month"], options["first"], options["last"])
        columns = [month_column(month) for month in months]
        if options["warm"]:
            with client_context(client.pk):
                _read(client, months, columns)
            connection.close()
        with client_context(client.pk):
            started = time.perf_counter()
            balance, income, sheet = _read(client, months, columns)
            seconds = time.perf_counter() - started
        if options["json"]:
            self.stdout.write(json.dumps({"s": seconds, **_answer(months, options, balance, income, sheet)}))
            return
        self._show(balance, income, sheet)

    def _show(self, balance: TrialBalance, income: IncomeStatement, sheet: BalanceSheet) -> None:
        self._row("", [column.label for column in income.columns])
        for section in (*income.sections, *sheet.sections):
            for row in section.rows:
                self._row(f"  {row.label}", map(_money, row.figures))
            self._row(section.title, map(_money, section.totals))
        self._row("Net income", map(_money, income.net_income))
        self._row("Total assets", map(_money, sheet.assets))
        self._row("Liabilities and equity", map(_money, map(sum, zip(sheet.liabilities, sheet.equity, strict=True))))
        self.stdout.write(f"Trial balance {balance.month}: {_money(balance.debits)} on each side")

    def _row(self, label: str, figures: Any) -> None:
        self.stdout.write(f"{label[:LABEL]:<{LABEL}}" + "".join(f"{figure:>{AMOUNT}}" for figure in figures))


def _read(
    client: Client, months: list[Month], columns: list[Column]
) -> tuple[TrialBalance, IncomeStatement, BalanceSheet]:
    books = load(client, through=months[-1].first)
    balance = trial_balance(books, months[-1], carry_profit=False)
    return balance, income_statement(books, columns), balance_sheet(books, columns)


def _months(month: Month | None, first: Month | None, last: Month | None) -> list[Month]:
    start, end = (month, month) if month else (first, last)
    if start is None or end is None or start > end:
        raise CommandError("name --month, or --from and --to in their order")
    return [start.shift(step) for step in range(end.index - start.index + 1)]


def _answer(
    months: list[Month], options: dict[str, Any], balance: TrialBalance, income: IncomeStatement, sheet: BalanceSheet
) -> dict[str, Any]:
    """The figures by account number; one month's under names of their own."""
    rows = {row.account.number or row.account.name: row.debit - row.credit for row in balance.rows}
    if options["month"]:
        return {"tb_month": rows, "ni_month": income.net_income[0], "assets_month": sheet.assets[0]}
    return {
        "tb_end": rows,
        "ni": {str(month): figure for month, figure in zip(months, income.net_income, strict=True)},
        "assets": {str(month): figure for month, figure in zip(months, sheet.assets, strict=True)},
    }


def _money(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"
