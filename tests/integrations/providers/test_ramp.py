"""What Ramp must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)


def error(code):
    told = {"error_code": code, "message": "TEXT", "additional_info": {"page_size": ["TEXT"]}, "notes": "TEXT"}
    return {"error_v2": told, "error": {"page_size": ["TEXT"]}}


class TestContract(ProviderContract):
    slug = "ramp"
    strange = ("x", "CLEARED", "PAID", "PAYBACK_FULL", "USER_TO_BUSINESS", "0001-01-01T05:00:00Z")
    means = {
        "transactions": [
            "CardPurchase a1000000-0000-4000-8000-000000000001 2026-03-03 USD 9000",
            "CardPurchase a1000000-0000-4000-8000-000000000002 2026-03-03 USD 7550",
            "CardPurchase a1000000-0000-4000-8000-000000000003 2026-03-10 USD -9000",
            "CardPurchase a1000000-0000-4000-8000-000000000004 2026-03-03 USD 2725",
            "Skipped a1000000-0000-4000-8000-000000000005 2026-03-01 USD 6000",
            "Skipped a1000000-0000-4000-8000-000000000006 2026-03-01 USD 1200",
            "Unknown a1000000-0000-4000-8000-000000000007 2026-03-01 USD 1800",
            "CardPurchase a1000000-0000-4000-8000-000000000008 2026-03-03 USD 4410",
            "Skipped a1000000-0000-4000-8000-000000000008:dispute:f4000000-0000-4000-8000-000000000001 2026-03-09 USD 4410",
            "Unknown a1000000-0000-4000-8000-000000000008:dispute:f4000000-0000-4000-8000-000000000002 2026-03-10 USD 4410",
            "BillPayment a1000000-0000-4000-8000-000000000009:bill 2026-03-03 USD 31000",
            "CardPurchase a1000000-0000-4000-8000-000000000010 2026-03-03 USD 12000",
        ],
        "bills": [
            "VendorBill b1000000-0000-4000-8000-000000000001 2026-03-02 USD 96900",
            "BillPayment b1000000-0000-4000-8000-000000000001:sent 2026-03-16 USD 96900",
            "FundingPull b1000000-0000-4000-8000-000000000001:pull 2026-03-12 USD 96900",
            "VendorBill b1000000-0000-4000-8000-000000000002 2026-03-02 USD 40000",
            "VendorBill b1000000-0000-4000-8000-000000000003 2026-03-02 USD 22000",
            "Skipped b1000000-0000-4000-8000-000000000003:payment 2026-03-02 USD 22000",
            "VendorBill b1000000-0000-4000-8000-000000000004 2026-03-02 USD 31000",
            "Skipped b1000000-0000-4000-8000-000000000004:payment 2026-03-02 USD 31000",
            "VendorBill b1000000-0000-4000-8000-000000000005 2026-03-02 USD 5000",
            "Skipped b1000000-0000-4000-8000-000000000005:payment 2026-03-02 USD 5000",
            "VendorBill b1000000-0000-4000-8000-000000000006 2026-03-02 USD 7000",
            "Unknown b1000000-0000-4000-8000-000000000006:payment 2026-03-02 USD 7000",
            "Skipped b1000000-0000-4000-8000-000000000007 2026-03-02 USD 8000",
            "Skipped b1000000-0000-4000-8000-000000000008 2026-03-02 USD 9000",
            "Skipped b1000000-0000-4000-8000-000000000009 2026-03-02 USD 9900",
            "Unknown b1000000-0000-4000-8000-000000000010 2026-03-02 USD 9900",
            "Unknown b1000000-0000-4000-8000-000000000011 2026-03-02 USD 6500",
            "VendorBill b1000000-0000-4000-8000-000000000012 2026-03-02 EUR 50000",
            "Unknown b1000000-0000-4000-8000-000000000012:payment 2026-03-02 USD 54210",
            "VendorBill b1000000-0000-4000-8000-000000000013 2026-03-02 USD 3000",
            "FundingPull b1000000-0000-4000-8000-000000000013:pull 2026-03-12 USD 3000",
        ],
        "reimbursements": [
            "ExpenseReport c1000000-0000-4000-8000-000000000001 2026-03-06 USD",
            "Reimbursement c1000000-0000-4000-8000-000000000001:paid 2026-03-10 USD 4250",
            "ExpenseReport c1000000-0000-4000-8000-000000000002 2026-03-06 USD",
            "ExpenseReport c1000000-0000-4000-8000-000000000003 2026-03-06 USD",
            "Reimbursement c1000000-0000-4000-8000-000000000003:paid 2026-03-10 USD 5900",
            "ExpenseReport c1000000-0000-4000-8000-000000000004 2026-03-06 USD",
            "Reimbursement c1000000-0000-4000-8000-000000000004:paid 2026-03-10 USD 2000",
            "Skipped c1000000-0000-4000-8000-000000000005 2026-03-05 USD 1500",
            "Skipped c1000000-0000-4000-8000-000000000006 2026-03-05 USD 1550",
            "ExpenseReport c1000000-0000-4000-8000-000000000007 2026-03-06 USD",
            "CardPurchase c1000000-0000-4000-8000-000000000008:private 2026-03-06 USD 0",
            "Reimbursement c1000000-0000-4000-8000-000000000008:paid 2026-03-10 USD 4315",
            "CardPurchase c1000000-0000-4000-8000-000000000009:private 2026-03-06 USD 0",
            "Unknown c1000000-0000-4000-8000-000000000010 2026-03-06 USD 3000",
            "ExpenseReport c1000000-0000-4000-8000-000000000011 2026-03-06 USD",
            "Reimbursement c1000000-0000-4000-8000-000000000011:paid 2026-03-10 USD 5421",
            "Unknown c1000000-0000-4000-8000-000000000012 2026-03-06 USD 5421",
            "Skipped c1000000-0000-4000-8000-000000000013 2026-03-05 USD 900",
        ],
        "reimbursement_batches": [
            "FundingPull d1000000-0000-4000-8000-000000000001:BUSINESS_TO_USER 2026-03-10 USD 10150",
            "FundingPull d1000000-0000-4000-8000-000000000002:USER_TO_BUSINESS 2026-03-10 USD -4315",
        ],
        "cashbacks": [
            "Cashback f2000000-0000-4000-8000-000000000001 2026-03-04 USD 1250",
        ],
        "transfers": [
            "CardPayment e1000000-0000-4000-8000-000000000001 2026-03-12 USD 250000",
            "Skipped e1000000-0000-4000-8000-000000000002 2026-03-12 USD 250000",
            "CardPayment e1000000-0000-4000-8000-000000000003 2026-03-12 USD 1000",
            "Unknown e1000000-0000-4000-8000-000000000004 2026-03-12 USD 1100",
            "Skipped e1000000-0000-4000-8000-000000000005 2026-03-12 USD 0",
        ],
        "statements": [
            "CardStatement f1000000-0000-4000-8000-000000000001 2026-02-28 USD",
            "SystemBalance f1000000-0000-4000-8000-000000000001:balance 2026-02-28 USD 169750",
            "Unknown f1000000-0000-4000-8000-000000000002 2026-02-28 USD 169751",
            "Unknown f1000000-0000-4000-8000-000000000003 2026-02-28 USD 169750",
        ],
        "receipts": [
            "Skipped f3000000-0000-4000-8000-000000000001 2026-03-01 USD 0",
            "Unknown f3000000-0000-4000-8000-000000000003 2026-03-01 USD 0",
        ],
    }
    decides_by = {
        "transactions": [("transaction", "state")],
        "bills": [("approval_status",), ("status",)],
        "reimbursements": [("state",), ("type",), ("direction",)],
        "transfers": [("transfer", "status")],
    }
    errors = [
        (400, error("DEVELOPER_7002"), Refused),
        (401, error("DEVELOPER_7100"), Reconnect),
        (403, error("DEVELOPER_7101"), Forbidden),
        (404, error("DEVELOPER_7003"), Refused),
        (422, error("DEVELOPER_7001"), Refused),
        (429, error("DEVELOPER_7099"), RetryLater),
        (502, {"error": "TEXT"}, RetryLater),
    ]
