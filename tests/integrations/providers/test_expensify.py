"""What Expensify must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)

EXPENSES = (
    b"Report ID,Report name,Status,Submitted,Approved,Approver,Employee,Email,Report currency,Report total,Expense ID,Date,Merchant,"
    b"Amount,Original currency,Original amount,Tax,Reimbursable,Bank,Card,Category,Category GL code,Tag,Description,Type,"
    b"Receipt ID,Receipt\n"
    b"R00LaRcH0001,Trade fair,Approved,03/01/2026,03/03/2026,lead@larch.example,Nora Quill,nora@larch.example,USD,42.50,7100001,"
    b'02/27/2026,"""Salt & Barley""",42.50,,,2.50,Yes,,,Meals,6130,Field,Lunch with a supplier,,97100001,'
    b"https://files.example.com/w_1.jpg\n"
    b"R00LaRcH0002,March,Reimbursed,03/09/2026,03/10/2026,lead@larch.example,Tom Ferrow,tom@larch.example,USD,177.50,7200001,"
    b"03/05/2026,Pinefork Diner,$23.00,,,,Yes,,,Meals,6130,,,Cash,,\n"
    b"R00LaRcH0002,March,Reimbursed,03/09/2026,03/10/2026,lead@larch.example,Tom Ferrow,tom@larch.example,USD,177.50,7200002,"
    b"03/05/2026,30 mi,21.00,,,,Yes,,,,,,,Distance,,\n"
    b"R00LaRcH0002,March,Reimbursed,03/09/2026,03/10/2026,lead@larch.example,Tom Ferrow,tom@larch.example,USD,177.50,7200003,"
    b"03/06/2026,Hotel Weisser Turm,108.40,EUR,100.00,,Yes,,,Travel,,,,,,\n"
    b"R00LaRcH0002,March,Reimbursed,03/09/2026,03/10/2026,lead@larch.example,Tom Ferrow,tom@larch.example,USD,177.50,7200004,"
    b"03/06/2026,Alder Hardware,35.00,,,,No,Larch Visa,Visa - 4417,Repairs,,Field,,Card,,\n"
    b"R00LaRcH0002,March,Reimbursed,03/09/2026,03/10/2026,lead@larch.example,Tom Ferrow,tom@larch.example,USD,177.50,7200005,"
    b"03/07/2026,Alder Hardware,(9.90),,,,No,Larch Visa,31005,Repairs,,Field,,Card,,\n"
)
REPAID = (
    b"Report ID,Status,Submitted,Approved,Employee,Email,Report currency,Reimbursed,Reimbursable total,Reimbursed by ACH,"
    b"Reimbursement ID\n"
    b"R00LaRcH0002,Reimbursed,03/09/2026,03/10/2026,Tom Ferrow,tom@larch.example,USD,03/12/2026,152.40,Yes,88000007919\n"
    b"R00LaRcH0006,Reimbursed,03/09/2026,03/10/2026,Ana Birk,ana@larch.example,USD,03/13/2026,15.00,No,\n"
    b"R00LaRcH0001,Approved,03/01/2026,03/03/2026,Nora Quill,nora@larch.example,USD,,42.50,No,\n"
)


def failed(code, text="TEXT"):
    return {"responseCode": code, "responseMessage": text}


class TestContract(ProviderContract):
    slug = "expensify"
    strange = ("Approved", "Reimbursed", "time", "9999-12-31 23:59:59")
    means = {
        "reports": [
            "ExpenseReport R00LaRcH0001 2026-03-03 USD",
            "CardPurchase R00LaRcH0002:7200004 2026-03-06 USD 3500",
            "CardPurchase R00LaRcH0002:7200005 2026-03-07 USD -990",
            "ExpenseReport R00LaRcH0002 2026-03-10 USD",
            "Skipped R00LaRcH0003 2026-03-22 USD 5000",
            "Unknown R00LaRcH0004 2026-03-20 USD 5000",
            "Unknown R00LaRcH0005:7500001 2026-03-22 USD 900",
        ],
        "reimbursements": [
            "Reimbursement R00LaRcH0002 2026-03-12 USD 15240",
            "FundingPull R00LaRcH0002:pull 2026-03-12 USD 15240",
            "Reimbursement R00LaRcH0006 2026-03-13 USD 1500",
            "Skipped R00LaRcH0001 2026-03-03 USD 0",
        ],
    }
    decides_by = {
        "reports": [("status",), ("transactionList", 0, "type")],
        "reimbursements": [("reimbursement", "status")],
    }
    files = {
        "expenses": (EXPENSES, means["reports"][:4]),
        "reimbursements": (REPAID, means["reimbursements"]),
    }
    errors = [
        (200, failed(401), Reconnect),
        (200, failed(500, "Authentication error"), Reconnect),
        (200, failed(403), Forbidden),
        (200, failed(500, "Not authorized to authenticate as user TEXT"), Forbidden),
        (200, failed(404), Refused),
        (200, failed(410), Refused),
        (200, failed(429), RetryLater),
        (200, failed(500), RetryLater),
        (200, failed(410, "You have been rate-limited. TEXT"), RetryLater),
        (502, failed(200), RetryLater),
        (400, failed(400), Refused),
    ]
