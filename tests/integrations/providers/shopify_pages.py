"""Shopify's documented pages, and what they mean fact by fact."""

from __future__ import annotations

import copy

from integrations.providers.shopify.provider import PROVIDER
from tests.integrations.contract import CONTEXT, fixture_objects, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}


def page(name, index=0):
    """An object of a stream's documented page, to be changed at will."""
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def facts(name, raw, context=CONTEXT):
    return read(STREAMS[name], raw, context)


def said(code):
    """An answer of GraphQL that says no."""
    return {"errors": [{"message": "TEXT", "extensions": {"code": code}}]}


MEANS = {
    "orders": [
        "Order 5001:1 2026-03-10 USD 10600",
        "Order 5001:2 2026-03-13 USD 2160",
        "OrderRefund 5001:3 2026-03-19 USD 9500",
        "Order 5002:4 2026-03-10 USD 8500",
        "Order 5002:paid:66 2026-03-13 USD 0",
        "Order 5003:5 2026-03-10 USD 1000",
        "Order 5004:6 2026-03-10 USD 4000",
        "OrderRefund 5004:7 2026-03-13 USD 4000",
        "Order 5005:8 2026-03-10 JPY 1200",
        "Skipped 5006 2026-03-10 USD 0",
        "Unknown 5007 2026-03-10 USD 900",
    ],
    "balance_transactions": [
        "Sale 801 2026-03-10 USD 10600",
        "Refund 802 2026-03-19 USD 9500",
        "Dispute 803 2026-03-19 USD 6000",
        "Dispute 804 2026-03-19 USD 6000",
        "Reserve 805 2026-03-10 USD 4000",
        "Reserve 806 2026-03-19 USD -4000",
        "ProcessorFee 807 2026-03-10 USD 735",
        "Skipped 808 2026-03-13 USD -10263",
        "Payout 809 2026-03-19 USD 10263",
        "LoanMovement 810 2026-03-10 USD -2000",
        "TaxMovement 811 2026-03-10 USD -600",
        "Unknown 812 2026-03-10 USD 500",
        "Skipped 813 2026-03-10 USD 844",
    ],
    "payouts": [
        "Payout 7001 2026-03-13 USD 10263",
        "Payout 7002 2026-03-19 USD 8815",
        "Payout 7003 2026-03-19 USD -1200",
    ],
    "disputes": [
        "Dispute 3001:closed 2026-03-19 USD 6000",
        "Skipped 3002 2026-03-10 USD 6000",
        "Skipped 3003 2026-03-10 USD 6000",
        "Dispute 3004:closed 2026-03-19 USD 6000",
    ],
    "balance": [
        "ProcessorBalance balance:2026-03-31:USD 2026-03-31 USD 124055",
    ],
    "gift_cards": [
        "SystemBalance gift-cards:2026-03-31:USD 2026-03-31 USD 3550",
        "Unknown 12 2026-03-10 USD 2000",
        "Skipped 13 2026-03-10 USD 3000",
        "GiftCard 13:expired 2026-03-31 USD 500",
        "Skipped 14 2026-03-10 USD 3000",
        "Unknown 14:deactivated 2026-03-19 USD 700",
    ],
    "cash_sessions": [
        "CashCount 21 2026-03-10 USD",
        "Unknown 21:31 2026-03-10 USD -400",
        "Skipped 22 2026-03-13 USD 0",
    ],
}
