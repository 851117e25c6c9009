"""What WooCommerce's documented pages mean, fact by fact."""

from __future__ import annotations

MEANS = {
    "orders": [
        "Order 4001 2026-03-10 USD 10320",
        "OrderRefund 4001:refund:4901 2026-03-19 USD 4860",
        "Order 4002 2026-03-10 USD 5400",
        "OrderRefund 4002:refund:4902 2026-03-19 USD 2700",
        "Order 4003 2026-03-10 USD 2000",
        "Order 4004 2026-03-10 USD 3334",
        "Skipped 4005 2026-03-10 USD 900",
        "Unknown 4006 2026-03-10 USD 900",
        "Order 4007 2026-03-10 JPY 1200",
        "Unknown 4008 2026-03-10 USD 900",
    ],
}
