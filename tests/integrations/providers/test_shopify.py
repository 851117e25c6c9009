"""What Shopify must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)
from tests.integrations.providers.shopify_pages import MEANS, said


class TestContract(ProviderContract):
    slug = "shopify"
    strange = ("gid://shopify/X/", "RETURN", "GIFT_CARD")
    means = MEANS
    decides_by = {
        "orders": [
            ("agreements", "nodes", 0, "__typename"),
            ("agreements", "nodes", 0, "sales", "nodes", 0, "lineType"),
            ("agreements", "nodes", 0, "sales", "nodes", 0, "actionType"),
            ("transactions", 0, "kind"),
            ("transactions", 0, "status"),
        ],
        "balance_transactions": [("type",)],
        "payouts": [("status",), ("transactionType",)],
        "disputes": [("status",), ("type",)],
    }
    errors = [
        (200, said("THROTTLED"), RetryLater),
        (200, said("ACCESS_DENIED"), Forbidden),
        (200, said("MAX_COST_EXCEEDED"), Refused),
        (200, {"errors": [{"message": "TEXT"}]}, Refused),
        (401, {"errors": "TEXT"}, Reconnect),
        (402, {"errors": "TEXT"}, Reconnect),
        (403, {"errors": "TEXT"}, Forbidden),
        (404, {"errors": "TEXT"}, Refused),
    ]
