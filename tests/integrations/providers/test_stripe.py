"""What Stripe must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, StaleCursor
from tests.integrations.contract import (
    ProviderContract,
)


class TestStripe(ProviderContract):
    slug = "stripe"
    means = {
        "balance_transactions": [
            "Sale txn_3Tfixture000023 2026-03-22 ISK 2500",
            "Payout txn_3Tfixture000022 2026-03-21 USD -30000",
            "Unknown txn_3Tfixture000021 2026-03-19 USD -1200",
            "LoanMovement txn_3Tfixture000019 2026-03-18 USD -6000",
            "Reserve txn_3Tfixture000018 2026-03-17 USD 15000",
            "Sale txn_3Tfixture000017 2026-03-16 USD -5300",
            "Sale txn_3Tfixture000016 2026-03-14 USD -2000",
            "RefundFailure txn_3Tfixture000015 2026-03-15 USD 1000",
            "ProcessorFee txn_3Tfixture000014 2026-03-14 USD 0",
            "ProcessorFee txn_3Tfixture000013 2026-03-14 USD 350",
            "Skipped txn_3Tfixture000012 2026-03-13 USD -4000",
            "Skipped txn_3Tfixture000011 2026-03-13 USD 4000",
            "Payout txn_3Tfixture000010 2026-03-13 USD 4000",
            "ProcessorFee txn_3Tfixture000010:fee 2026-03-13 USD 0",
            "Payout txn_3Tfixture000009 2026-03-12 USD -2500",
            "Payout txn_3Tfixture000008 2026-03-11 USD 90050",
            "Payout txn_3Tfixture000007 2026-03-04 USD 90050",
            "Dispute txn_3Tfixture000006 2026-03-20 USD 10000",
            "Dispute txn_3Tfixture000005 2026-03-04 USD 10000",
            "Refund txn_3Tfixture000004 2026-03-03 USD 1000",
            "Refund txn_3Tfixture000003 2026-03-03 USD 10600",
            "Sale txn_3Tfixture000002 2026-03-02 EUR 50000",
            "Sale txn_3Tfixture000001 2026-02-28 USD 10600",
        ],
        "disputes": [
            "Skipped dp_1Tfixture000032 2026-03-25 USD 0",
            "Skipped dp_1Tfixture000005 2026-03-04 USD 0",
            "Dispute dp_1Tfixture000030:closed 2026-03-12 USD 4200",
            "Dispute dp_1Tfixture000031:closed 2025-12-03 USD 900",
        ],
        "payouts": [
            "Payout po_1Tfixture000040 2026-03-30 USD 120000",
            "Payout po_1Tfixture000009 2026-03-12 USD -2500",
            "Payout po_1Tfixture000007 2026-03-04 USD 90050",
        ],
        "balance": [
            "ProcessorBalance balance:2026-04-01:EUR 2026-04-01 EUR 49108",
            "ProcessorBalance balance:2026-04-01:USD 2026-04-01 USD 80034",
        ],
    }
    decides_by = {
        "balance_transactions": [("reporting_category",), ("fee_details", 0, "type")],
        "disputes": [("status",)],
        "payouts": [("status",)],
    }
    errors = [
        (401, {"error": {"type": "invalid_request_error", "message": "TEXT"}}, Reconnect),
        (403, {"error": {"code": "more_permissions_required", "message": "TEXT"}}, Forbidden),
        (403, {"error": {"code": "account_invalid", "message": "TEXT"}}, Reconnect),
        (400, {"error": {"code": "resource_missing", "param": "starting_after", "message": "TEXT"}}, StaleCursor),
        (400, {"error": {"code": "parameter_unknown", "message": "TEXT"}}, Refused),
        (400, {"error": "invalid_grant", "error_description": "TEXT"}, Reconnect),
        (400, {"error": {"code": "TEXT", "type": "TEXT", "message": "TEXT"}}, Refused),
        (400, {"error": {"code": "lock_timeout", "message": "TEXT"}}, RetryLater),
    ]
