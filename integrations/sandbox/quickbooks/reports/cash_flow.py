"""CashFlow, indirect and simple: net income, movements of the other accounts, cash at both ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.reports.shape import Row, blank, column, data, report, section, text, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.sandbox.quickbooks.reports.basis import Ledger
    from integrations.sandbox.quickbooks.reports.request import ReportRequest

_OPERATING = (
    "Accounts Receivable",
    "Other Current Asset",
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
)
_ADJUSTMENTS = "Adjustments to reconcile Net Income to Net Cash provided by operations:"


def cash_flow(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    profit = ledger.profit(request.until, request.since)
    adjusting, adjustments = _movements(ledger, request, _OPERATING)
    investing, invested = _movements(ledger, request, ("Fixed Asset", "Other Asset"))
    financing, financed = _movements(ledger, request, ("Long Term Liability", "Equity"))
    operating: list[Row] = [data([text("Net Income"), total(profit)], group="NetIncome")]
    if adjusting:
        closing = [text(f"Total {_ADJUSTMENTS}"), total(adjustments)]
        head = [text(_ADJUSTMENTS), *blank(1)]
        operating.append(section(header=head, rows=adjusting, summary=closing, group="OperatingAdjustments"))
    rows = [_activity("OPERATING", "operating", operating, profit + adjustments)]
    if investing:
        rows.append(_activity("INVESTING", "investing", investing, invested))
    if financing:
        rows.append(_activity("FINANCING", "financing", financing, financed))
    change = profit + adjustments + invested + financed
    before = _cash(ledger, request)
    rows.append(section(summary=[text("Net cash increase for period"), total(change)], group="CashIncrease"))
    rows.append(data([text("Cash at beginning of period"), total(before)], group="BeginningCash"))
    rows.append(section(summary=[text("Cash at end of period"), total(before + change)], group="EndingCash"))
    columns = [column("", "Account", "account"), column("Total", "Money", "total")]
    return report(request, columns, rows, basis=False, summarized="Total")


def _activity(title: str, name: str, rows: Sequence[Row], amount: int) -> Row:
    group = {"operating": "OperatingActivities", "investing": "InvestingActivities"}.get(name, "FinancingActivities")
    return section(
        header=[text(f"{title} ACTIVITIES"), *blank(1)],
        rows=rows,
        summary=[text(f"Net cash provided by {name} activities"), total(amount)],
        group=group,
    )


def _movements(ledger: Ledger, request: ReportRequest, types: Sequence[str]) -> tuple[list[Row], int]:
    rows, amount = [], 0
    for held in ledger.accounts():
        if held.content["AccountType"] not in types:
            continue
        moved = -ledger.movement(held.id, request.until, request.since)
        if moved:
            rows.append(data([text(str(held.content["Name"]), held.id), total(moved)]))
            amount += moved
    return rows, amount


def _cash(ledger: Ledger, request: ReportRequest) -> int:
    before = request.since - timedelta(days=1)
    return sum(ledger.movement(held.id, before) for held in ledger.accounts() if held.content["AccountType"] == "Bank")
