"""Expensify's own CSV exports as the objects its jobs give. A workspace names the columns of its export formats: a file must have
these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.provider import FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.tables import Row, Table

EXPENSE_COLUMNS = (
    *("Report ID", "Status", "Submitted", "Approved", "Employee", "Email", "Report currency", "Report total"),
    *("Expense ID", "Date", "Merchant", "Amount", "Reimbursable", "Bank", "Category"),
)
REIMBURSEMENT_COLUMNS = (
    *("Report ID", "Status", "Submitted", "Approved", "Employee", "Email", "Report currency"),
    *("Reimbursed", "Reimbursable total", "Reimbursed by ACH", "Reimbursement ID"),
)
_REPORT_TEXTS = {"Report name": "reportName", "Approver": "managerEmail"}
_LINE_TEXTS = {
    "Bank": "bank",
    "Category": "category",
    "Category GL code": "categoryGlCode",
    "Tag": "tag",
    "Card": "cardName",
    "Description": "comment",
    "Receipt ID": "receiptID",
}
_TYPES = {"": "expense", "cash": "expense", "card": "expense"}
_YES = {"yes": True, "true": True, "no": False, "false": False}


def reports(table: Table) -> Iterator[dict[str, Any]]:
    """A report for each report's rows, which are its expenses. Raises PayloadError naming line and column."""
    found: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for row in table.rows:
        header, line = _header(row), _line(row)
        header["total"] = row.minor("Report total", header["currency"])
        known, lines = found.setdefault(header["reportID"], (header, []))
        if known != header:
            raise PayloadError(row.at("Report ID"), "differs from the report's first line")
        lines.append(line)
    for known, lines in found.values():
        yield known | {"transactionList": lines}


def reimbursements(table: Table) -> Iterator[dict[str, Any]]:
    """A report for each row, with what was paid back. Raises PayloadError, also for a report that has two."""
    seen: set[str] = set()
    for row in table.rows:
        header = _header(row)
        if header["reportID"] in seen:
            raise PayloadError(row.at("Report ID"), "is there twice")
        seen.add(header["reportID"])
        if row.has("Reimbursed"):
            header["reimbursed"] = row.day("Reimbursed", "MDY").isoformat()
        yield {
            "reimbursement": header
            | {
                "reimbursable": row.minor("Reimbursable total", header["currency"]),
                "isACHReimbursed": _flag(row, "Reimbursed by ACH"),
                "entryID": row.text("Reimbursement ID", ""),
            }
        }


def _header(row: Row) -> dict[str, Any]:
    header: dict[str, Any] = {
        "reportID": row.text("Report ID"),
        "status": row.text("Status").capitalize(),
        "submitted": row.day("Submitted", "MDY").isoformat(),
        "approved": row.day("Approved", "MDY").isoformat() if row.has("Approved") else "",
        "accountEmail": row.text("Email"),
        "submitter": {"fullName": row.text("Employee")},
        "currency": row.text("Report currency").upper(),
    }
    return header | {told: row.text(name) for name, told in _REPORT_TEXTS.items() if row.has(name)}


def _line(row: Row) -> dict[str, Any]:
    """Amounts are printed in the report's currency, beside them the foreign one where there is one."""
    currency, printed = row.text("Report currency").upper(), row.text("Type", "").lower()
    amount = row.minor("Amount", currency)
    line: dict[str, Any] = {
        "transactionID": row.text("Expense ID"),
        "created": row.day("Date", "MDY").isoformat(),
        "merchant": row.text("Merchant"),
        "currency": row.text("Original currency", currency).upper(),
        "amount": amount,
        "reimbursable": _flag(row, "Reimbursable"),
        "type": _TYPES.get(printed, printed),
    }
    if line["currency"] != currency:
        line |= {"amount": row.minor("Original amount", line["currency"]), "convertedAmount": amount}
    if row.has("Tax"):
        line["taxAmount"] = row.minor("Tax", currency)
    if row.has("Receipt"):
        line["receiptObject"] = {"url": row.text("Receipt")}
    return line | {told: row.text(name) for name, told in _LINE_TEXTS.items() if row.has(name)}


def _flag(row: Row, name: str) -> bool:
    printed = row.text(name).lower()
    if printed not in _YES:
        raise PayloadError(row.at(name), f"{printed[:20]!r} is neither yes nor no")
    return _YES[printed]


_HOW = "Settings, Workspaces, Export Formats: make a CSV format with the columns {}. Then Reports, select, Export to."
_REFERENCE = "https://help.expensify.com/articles/expensify-classic/spending-insights/Custom-Templates"
FILES = (
    FileLayout(
        name="expenses",
        label="Expenses of reports",
        stream="reports",
        recognise=lambda headers: set(EXPENSE_COLUMNS) <= set(headers),
        objects=reports,
        help=_HOW.format(", ".join(EXPENSE_COLUMNS)),
        reference=_REFERENCE,
    ),
    FileLayout(
        name="reimbursements",
        label="Reports and what was paid back",
        stream="reimbursements",
        recognise=lambda headers: set(REIMBURSEMENT_COLUMNS) <= set(headers),
        objects=reimbursements,
        help=_HOW.format(", ".join(REIMBURSEMENT_COLUMNS)),
        reference=_REFERENCE,
    ),
)
