"""What BILL must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)


def error(code):
    said = {"timestamp": "2026-03-03T00:00:00.000+00:00", "severity": "ERROR", "category": "DOWNSTREAM"}
    return [{**said, "code": code, "message": "TEXT", "detail": "TEXT"}]


class TestContract(ProviderContract):
    slug = "bill"
    strange = ("CLEARED", "VOIDED", "APPROVED")
    means = {
        "bills": [
            "VendorBill 00n02BILL00000000001 2026-03-03 USD 124050",
            "VendorBill 00n02BILL00000000002 2026-03-05 USD 22899",
            "Skipped 00n02BILL00000000003 2026-03-06 USD 31000",
            "Skipped 00n02BILL00000000004 2026-03-06 USD 9500",
            "Skipped 00n02BILL00000000005 2026-03-03 USD 124050",
            "Unknown 00n02BILL00000000006 2026-03-07 USD 5000",
            "Unknown 00n02BILL00000000007 2026-03-08 USD 80000",
            "VendorBill 00n02BILL00000000008 2026-03-09 USD 7525",
            "Skipped 00n02BILL00000000009 2026-03-10 USD 6000",
        ],
        "vendor_credits": [
            "VendorCredit vcr02CRED00000000001 2026-03-11 USD 6499",
            "Skipped vcr02CRED00000000002 2026-03-11 USD 1000",
            "Skipped vcr02CRED00000000003 2026-03-11 USD 1200",
        ],
        "payments": [
            "BillPayment stp02PAID00000000001:sent 2026-03-12 USD 131575",
            "BillPayment stp02PAID00000000002:sent 2026-03-12 USD 10000",
            "Skipped stp02PAID00000000003 2026-04-16 USD 31000",
            "Skipped stp02PAID00000000004 2026-03-12 USD 6000",
            "BillPayment stp02PAID00000000005:sent 2026-03-12 USD 4000",
            "BillPayment stp02PAID00000000005:voided 2026-03-19 USD 4000",
            "FundingPull stp02PAID00000000005:credit 2026-03-19 USD -4000",
            "BillPayment stp02PAID00000000006:sent 2026-03-12 USD 3000",
            "BillPayment stp02PAID00000000006:failed 2026-03-19 USD 3000",
            "BillPayment stp02PAID00000000007:sent 2026-03-12 USD 2000",
            "Unknown stp02PAID00000000007 2026-03-12 USD 2000",
            "BillPayment stp02PAID00000000008:sent 2026-03-12 USD 1500",
            "BillPayment stp02PAID00000000008:voided 2026-03-19 USD 1500",
            "BillPayment stp02PAID00000000009:sent 2026-03-12 USD 1200",
            "BillPayment stp02PAID00000000009:stopped 2026-03-19 USD 1200",
            "BillPayment stp02PAID00000000009:escheated 2026-03-19 USD 1200",
            "BillPayment stp02PAID00000000010:sent 2026-03-12 USD 2500",
            "Unknown stp02PAID00000000011 2026-03-12 USD 1100",
            "BillPayment stp02PAID00000000012:sent 2026-03-12 USD 900",
            "Unknown stp02PAID00000000013 2026-03-12 USD 80000",
        ],
        "fundings": ["FundingPull 2026-03-12:bac02BANK00000000001 2026-03-12 USD 149775"],
    }
    decides_by = {
        "bills": [("bill", "approvalStatus"), ("bill", "paymentStatus")],
        "vendor_credits": [("vendorCredit", "approvalStatus")],
        "payments": [("singleStatus",), ("billingType",), ("funding", "fundingAccount", "type")],
    }
    errors = [
        (401, error("BDC_1109"), Reconnect),
        (400, error("BDC_1109"), Reconnect),
        (400, error("BDC_1101"), Reconnect),
        (403, error("BDC_1107"), Forbidden),
        (429, error("BDC_1144"), RetryLater),
        (400, error("BDC_1144"), RetryLater),
        (400, error("BDC_1322"), RetryLater),
        (400, error("BDC_1171"), Refused),
        (502, error("BDC_1001"), RetryLater),
    ]
