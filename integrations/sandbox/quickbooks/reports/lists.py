"""AccountList: the chart of accounts with types and balances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.preparing import name_of
from integrations.sandbox.quickbooks.rendering import stamp
from integrations.sandbox.quickbooks.reports.shape import Cell, column, data, report, text, total

if TYPE_CHECKING:
    from integrations.sandbox.quickbooks.books import Held
    from integrations.sandbox.quickbooks.reports.basis import Ledger
    from integrations.sandbox.quickbooks.reports.request import ReportRequest

_TITLES = {
    "account_name": "Account",
    "account_type": "Type",
    "detail_acc_type": "Detail type",
    "create_date": "Create Date",
    "last_mod_date": "Last Modified",
    "account_desc": "Description",
    "account_bal": "Balance",
}
_DEFAULT = ("account_name", "account_type", "detail_acc_type", "account_desc", "account_bal")


def account_list(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    """Active accounts unless `account_status=Deleted` asks for the inactive ones."""
    asked = request.ids("columns")
    keys = [key for key in _TITLES if key in asked] if asked else list(_DEFAULT)
    wants_active = request.parameters.get("account_status") != "Deleted"
    wanted_type = request.parameters.get("account_type", "")
    rows = []
    for held in ledger.accounts():
        if held.content.get("Active", True) is not wants_active:
            continue
        if wanted_type and held.content["AccountType"].replace(" ", "") != wanted_type.replace(" ", ""):
            continue
        rows.append(data([_cell(key, held, ledger, request) for key in keys]))
    columns = [column(_TITLES[key], key, key) for key in keys]
    return report(request, columns, rows, basis=False, dated=False)


def _cell(key: str, held: Held, ledger: Ledger, request: ReportRequest) -> Cell:
    content = held.content
    if key == "account_name":
        return text(name_of(content, "Account"), held.id)
    if key == "account_bal":
        is_flow = content["Classification"] in {"Revenue", "Expense"}
        return text("") if is_flow else total(ledger.books.balance(held.id))
    if key in {"create_date", "last_mod_date"}:
        return text(stamp(held.created_at if key == "create_date" else held.updated_at, request.zone))
    names = {"account_type": "AccountType", "detail_acc_type": "AccountSubType", "account_desc": "Description"}
    return text(str(content.get(names[key]) or ""))
