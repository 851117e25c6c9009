"""Reports as an export template can name them.

https://integrations.expensify.com/Integration-Server/doc/export_report_template.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.expensify.story import FEED
from integrations.sandbox.world.calendar import HORIZON

if TYPE_CHECKING:
    from datetime import date

    from integrations.sandbox.expensify.story import Expense, Report

Shape = dict[str, Any]


def _moment(day: date) -> str:
    """Nothing that is still to come."""
    return f"{day} 16:05:00" if day <= HORIZON else ""


def report(one: Report, policy: str, name: str, receipts: str) -> Shape:
    """``receipts`` is the address under which pictures are kept."""
    approved = one.is_approved
    return {
        "reportID": one.id,
        "oldReportID": one.old_id,
        "reportName": f"{one.person}, {one.created:%b %d} to {one.expenses[-1].day:%b %d}",
        "accountEmail": one.email,
        "submitter": {
            "firstName": one.person.split()[0],
            "lastName": one.person.split()[-1],
            "fullName": one.person,
        },
        "policyID": policy,
        "policyName": name,
        "currency": "USD",
        "total": sum(line.amount_minor for line in one.expenses),
        "status": one.status,
        "created": _moment(one.created),
        "submitted": _moment(one.submitted),
        "approved": _moment(one.approved) if approved else "",
        "reimbursed": _moment(one.repaid) if one.is_repaid else "",
        "entryID": one.entry_id if one.is_repaid and one.by_tool else "",
        "isACHReimbursed": one.is_repaid and one.by_tool,
        "manager": {"email": "elspeth.garrow@tamaracktrading.example", "fullName": "Elspeth Garrow"},
        "managerEmail": "elspeth.garrow@tamaracktrading.example",
        "transactionList": [expense(line, receipts) for line in one.expenses],
    }


def expense(one: Expense, receipts: str) -> Shape:
    shape: Shape = {
        "transactionID": one.id,
        "merchant": one.first_merchant or one.merchant,
        "amount": one.amount_minor if one.original_minor is None else one.original_minor,
        "currency": one.foreign or "USD",
        "created": one.day.isoformat(),
        "inserted": f"{one.day} 12:00:00",
        "category": one.category,
        "categoryGlCode": one.gl,
        "tag": one.tag,
        "billable": False,
        "reimbursable": not one.by_card,
        "bank": FEED if one.by_card else "",
        "cardID": "31005" if one.by_card else "",
        "cardName": "Expensify Card - 4417" if one.by_card else "",
        "mcc": "5812" if one.by_card else "",
        "comment": "",
        "type": one.kind,
    }
    if one.foreign:
        shape |= {"convertedAmount": one.amount_minor, "currencyConversionRate": 1.084}
    elif one.original_minor is not None:
        shape |= {"modifiedAmount": one.amount_minor, "modifiedMerchant": one.merchant}
    if not one.has_receipt:
        return shape
    name = f"w_{one.id}.pdf"
    receipt = {"url": f"{receipts}/{name}", "type": "application/pdf"}
    return shape | {"receiptID": f"9{one.id}", "receiptFilename": name, "receiptObject": receipt}
