"""Bills, credits and payments as BILL's API v3 writes them."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.bill.plan import ACCOUNTS, BANK_ID, CARD_ID, CARD_NAME, DEPARTMENTS, vendor_id
from integrations.sandbox.bill.story import paid_on
from integrations.sandbox.world.calendar import local_instant
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.bill.plan import Bill, Credit, Payables, Payment

Shape = dict[str, Any]
USER = "00602OSPREYSYNCUSER1"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def account_id(name: str) -> str:
    return f"0ca02OSPREYACCOUNT{ACCOUNTS.index(name) + 1:02d}"


def department_id(name: str) -> str:
    return f"0de02OSPREYDEPART{DEPARTMENTS.index(name) + 1:03d}"


def lists() -> dict[str, list[Shape]]:
    """The lists that bills are marked with."""
    return {
        "chart-of-accounts": [{"id": account_id(name), "archived": False, "name": name} for name in ACCOUNTS],
        "departments": [{"id": department_id(name), "archived": False, "name": name} for name in DEPARTMENTS],
        "locations": [],
        "accounting-classes": [],
    }


def _line(place: int, mark: str, account: str, department: str, amount: int) -> Shape:
    marks = {"chartOfAccountId": account_id(account), "departmentId": department_id(department)}
    return {
        "id": f"bli02{mark[5:16]}{place:04d}",
        "amount": dollars(amount),
        "description": "",
        "classifications": marks,
    }


def bill(known: Payables, one: Bill) -> Shape:
    paid, scheduled = paid_on(known, one)
    left = one.amount_minor - paid
    status = "PAID" if not left else "PARTIAL" if paid else "SCHEDULED" if scheduled else "UNPAID"
    return {
        "id": one.id,
        "vendorId": vendor_id(one.vendor),
        "vendorName": one.vendor,
        "archived": one.dead,
        "amount": dollars(one.amount_minor),
        "dueAmount": dollars(left),
        "paidAmount": dollars(paid),
        "scheduledAmount": dollars(scheduled),
        "creditAmount": dollars(0),
        "description": "",
        "dueDate": one.due.isoformat(),
        "invoice": {"invoiceNumber": one.number, "invoiceDate": one.day.isoformat()},
        "billLineItems": [_line(place, one.id, *split) for place, split in enumerate(one.splits, 1)],
        "approvalStatus": one.approval,
        "paymentStatus": status,
        "createdBy": USER,
        "createdTime": stamp(one.updated - timedelta(hours=3)),
        "updatedTime": stamp(one.updated),
    }


def credit(one: Credit) -> Shape:
    typed = stamp(local_instant(one.day, 11))
    return {
        "id": one.id,
        "vendorId": vendor_id(one.vendor),
        "vendorName": one.vendor,
        "archived": False,
        "amount": dollars(one.amount_minor),
        "referenceNumber": one.number,
        "creditDate": one.day.isoformat(),
        "description": "Goods returned",
        "approvalStatus": "UNASSIGNED",
        "vendorCreditLineItems": [_line(1, one.id, one.account, one.department, one.amount_minor)],
        "createdBy": USER,
        "createdTime": typed,
        "updatedTime": typed,
    }


def payment(one: Payment) -> Shape:
    bank: Shape = {"id": BANK_ID, "type": "BANK_ACCOUNT", "name": "Checking", "accountNumber": "*****4410"}
    card: Shape = {"id": CARD_ID, "type": "CARD_ACCOUNT", "name": CARD_NAME, "last4": "8821"}
    amount = dollars(one.amount_minor)
    return {
        "id": one.id,
        "billIds": [mark for mark, _ in one.parts],
        "billPayments": [
            {"id": f"blp02{one.id[5:16]}{place:04d}", "billId": mark, "amount": dollars(part)}
            for place, (mark, part) in enumerate(one.parts, 1)
        ],
        "vendorId": vendor_id(one.vendor),
        "vendor": {"id": vendor_id(one.vendor), "name": one.vendor},
        "description": "",
        "amount": amount,
        "processDate": one.process.isoformat(),
        "transactionNumber": f"26{one.number:08d}",
        "confirmationNumber": f"P26{one.number:06d} - 10",
        "status": "SCHEDULED" if one.status == "SCHEDULED" else "PAID",
        "singleStatus": one.status,
        "funding": {"amount": amount, "currency": "USD", "fundingAccount": card if one.by_card else bank},
        "disbursement": {
            "amount": amount,
            "currency": "USD",
            "arrivesByDate": (one.process + timedelta(days=4)).isoformat(),
            "disbursementAccount": {"type": "ACH"},
        },
        "billingType": "BDC",
        "createdBy": USER,
        "createdTime": stamp(local_instant(one.process, 8) - timedelta(days=2)),
        "updatedTime": stamp(one.changed),
    }
