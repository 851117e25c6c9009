"""What Salesforce must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, StaleCursor
from tests.integrations.contract import (
    ProviderContract,
)


def error(code):
    return [{"message": "TEXT", "errorCode": code}]


class TestContract(ProviderContract):
    slug = "salesforce"
    strange = (
        "0001-01-01T00:00:01.000+0000",
        "9999-12-31T23:59:59.000+0000",
        "Posted",
        "Processed",
        "Unapplied",
        "Salesforce",
        "12.5",
        "blng__Invoice__c",
        "999999999999999",
    )
    means = {
        "invoices": [
            "CustomerInvoice 3ttdM0000000001QAA 2026-03-02 USD 108000",
            "CustomerInvoice 3ttdM0000000002QAA 2026-03-02 USD 120000",
            "Skipped 3ttdM0000000003QAA 2026-03-02 USD 1000",
            "CustomerInvoice 3ttdM0000000004QAA 2026-03-02 USD 25050",
            "Skipped 3ttdM0000000005QAA 2026-03-02 USD 3000",
            "Unknown 3ttdM0000000006QAA 2026-03-02 USD 45000",
            "CustomerInvoice a0IdM0000000001UAA 2026-03-03 USD 21600",
        ],
        "credit_memos": [
            "CreditNote 50gdM0000000001QAA 2026-03-17 USD 10800",
            "WriteOff 50gdM0000000002QAA 2026-03-17 USD 7500",
            "Skipped 50gdM0000000003QAA 2026-03-02 USD 500",
            "Unknown 50gdM0000000004QAA 2026-03-17 USD 2000",
            "Unknown 50gdM0000000005QAA 2026-03-17 USD 4000",
            "CreditNote a0KdM0000000001UAA 2026-03-18 USD 5400",
        ],
        "payments": [
            "InvoicePayment 0aQdM0000000001UAA 2026-03-10 USD 108000",
            "InvoicePayment 0aQdM0000000002UAA 2026-03-10 USD 20000",
            "Skipped 0aQdM0000000003UAA 2026-03-10 USD 108000",
            "Unknown 0aQdM0000000004UAA 2026-03-10 USD 108000",
            "Unknown 0aQdM0000000005UAA 2026-03-10 USD 108000",
            "InvoicePayment a0PdM0000000001UAA 2026-03-12 USD 21600",
        ],
        "refunds": [
            "InvoicePayment 0dSdM0000000001UAA 2026-03-19 USD -10800",
            "Skipped 0dSdM0000000002UAA 2026-03-19 USD 10800",
            "InvoicePayment a0RdM0000000001UAA 2026-03-20 USD -5400",
        ],
        "opportunities": [
            "WonDeal 006dM0000000001QAA 2026-03-10 USD 450000",
            "WonDeal 006dM0000000002QAA 2026-03-10 USD 400000",
            "Unknown 006dM0000000002QAA:changed 2026-03-10 USD -50000",
            "Unknown 006dM0000000003QAA 2026-03-10 USD 90000",
            "Skipped 006dM0000000004QAA 2026-03-10 USD 80000",
            "Unknown 006dM0000000005QAA 2026-03-10 USD 70000",
            "Unknown 006dM0000000006QAA 2026-03-10 USD 0",
            "WonDeal 006dM0000000007QAA 2026-03-10 EUR 120050",
        ],
        "orders": [
            "WonDeal 801dM0000000001QAA 2026-03-05 USD 32000",
            "Skipped 801dM0000000002QAA 2026-03-05 USD 32000",
            "Skipped 801dM0000000003QAA 2026-03-05 USD 32000",
            "Unknown 801dM0000000004QAA 2026-03-05 USD 32000",
        ],
    }
    decides_by = {
        "invoices": [("Status",), ("lines", 0, "Type")],
        "credit_memos": [("Status",), ("Category",), ("SourceAction",)],
        "payments": [("Status",), ("ProcessingMode",), ("applied", 0, "Type")],
        "refunds": [("Status",), ("ProcessingMode",)],
        "orders": [("StatusCode",)],
    }
    errors = [
        (400, error("INVALID_FIELD"), Refused),
        (400, error("INVALID_QUERY_LOCATOR"), StaleCursor),
        (400, error("QUERY_TIMEOUT"), RetryLater),
        (401, error("INVALID_SESSION_ID"), Reconnect),
        (403, error("REQUEST_LIMIT_EXCEEDED"), RetryLater),
        (403, error("INSUFFICIENT_ACCESS"), Forbidden),
        (404, error("NOT_FOUND"), Refused),
        (503, error("SERVER_UNAVAILABLE"), RetryLater),
    ]
