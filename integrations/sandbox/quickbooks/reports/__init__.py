"""Reports computed from what was written, in the published row shapes.

https://developer.intuit.com/app/developer/qbo/docs/develop/run-reports
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.reports.ageing import aged_payables, aged_receivables
from integrations.sandbox.quickbooks.reports.basis import Ledger
from integrations.sandbox.quickbooks.reports.cash_flow import cash_flow
from integrations.sandbox.quickbooks.reports.detail import general_ledger, transaction_list
from integrations.sandbox.quickbooks.reports.lists import account_list
from integrations.sandbox.quickbooks.reports.request import ReportRequest, read_request
from integrations.sandbox.quickbooks.reports.statements import balance_sheet, profit_and_loss, trial_balance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from integrations.sandbox.quickbooks.books import Books
    from integrations.sandbox.quickbooks.profile import Profile

_REPORTS: dict[str, Callable[[Ledger, ReportRequest], dict[str, Any]]] = {
    "TrialBalance": trial_balance,
    "ProfitAndLoss": profit_and_loss,
    "BalanceSheet": balance_sheet,
    "GeneralLedger": general_ledger,
    "TransactionList": transaction_list,
    "AgedReceivables": aged_receivables,
    "AgedPayables": aged_payables,
    "AccountList": account_list,
    "CashFlow": cash_flow,
}
NAMES = tuple(_REPORTS)


def build(name: str, parameters: Mapping[str, str], books: Books, profile: Profile, now: datetime) -> dict[str, Any]:
    """The report object (Header, Columns, Rows); 5030 for a report this sandbox does not compute."""
    report = _REPORTS.get(name)
    if report is None:
        raise QuickBooksFault("5030", f"Report {name} is not supported")
    preferences = books.held["Preferences"]["1"].content
    basis = str(preferences.get("ReportPrefs", {}).get("ReportBasis") or profile.basis)
    request = read_request(name, parameters, profile.zone, now, basis, books.home)
    return report(Ledger(books, request.basis), request)


__all__ = ["NAMES", "build"]
