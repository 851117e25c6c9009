"""What HubSpot must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)

ERROR = {"status": "error", "category": "CODE", "message": "TEXT", "correlationId": "1-2"}
MEMOS = b"""Record ID,Credit memo number,Credit memo status,Credit memo date,Currency,Amount credited,Taxes total,Company
8001,CM-1,Partially applied,2026-03-17,USD,108.00,8.00,Harbour Museum
8002,CM-2,Voided,2026-03-18,USD,20.00,,
"""


class TestContract(ProviderContract):
    slug = "hubspot"
    strange = (
        "0001-01-01T00:00:01Z",
        "annually",
        "refunded",
        "voided",
        "999999999999999",
        "hs_payments",
        "byo_stripe",
        "12.5",
        "true",
    )
    means = {
        "invoices": [
            "CustomerInvoice 3001 2026-03-02 USD 108000",
            "CustomerInvoice 3002 2026-03-04 USD 120000",
            "CustomerInvoice 3003 2026-03-02 USD 25050",
            "InvoiceVoid 3003:void 2026-04-01 USD 25050",
            "Skipped 3004 2026-03-02 USD 0",
            "Unknown 3005 2026-03-02 USD 50000",
        ],
        "payments": [
            "InvoicePayment 5001 2026-03-10 USD 108000",
            "InvoicePayment 5001:refund:1 2026-03-16 USD -2000",
            "InvoicePayment 5001:refund:2 2026-03-20 USD -3000",
            "InvoicePayment 5002 2026-03-10 USD 60000",
            "InvoicePayment 5003 2026-03-10 USD 9000",
            "Skipped 5004 2026-03-10 USD 4000",
            "Skipped 5005 2026-03-10 USD 4100",
            "InvoicePayment 5006 2026-03-10 USD 4200",
            "Unknown 5006:dispute 2026-03-10 USD 4200",
            "Unknown 5007 2026-03-10 USD 4300",
        ],
        "credit_memos": ["CreditNote 8001 2026-03-17 USD 10800", "Skipped 8002 2026-03-18 USD 2000"],
        "deals": [
            "WonDeal 7001 2026-03-10 USD 450000",
            "Skipped 7002 2026-02-10 USD 80000",
            "Unknown 7003 2026-03-10 USD 0",
        ],
    }
    decides_by = {
        "invoices": [
            ("properties", "hs_invoice_status"),
            ("lines", 0, "properties", "recurringbillingfrequency"),
        ],
        "payments": [("properties", "hs_latest_status"), ("properties", "hs_processor_type")],
        "credit_memos": [("properties", "hs_credit_memo_status")],
    }
    files = {"credit_memos": (MEMOS, means["credit_memos"])}
    errors = [
        (400, ERROR, Refused),
        (401, ERROR, Reconnect),
        (403, ERROR, Forbidden),
        (429, ERROR | {"policyName": "SECONDLY"}, RetryLater),
        (503, ERROR, RetryLater),
    ]
