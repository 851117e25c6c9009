"""What Amazon Seller must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)
from tests.integrations.providers.amazon_pages import (
    NUMBER,
    ROWS,
    flat_file,
)

ERROR = {"errors": [{"code": "Unauthorized", "message": "TEXT", "details": "TEXT"}]}
ENDED = {"errors": [{"code": "Unauthorized", "message": "", "details": "The access token you provided has expired."}]}
WHEN = "2026-03-02-06-23-00-UTC:1"
CLOSED = f"StatementClosed {NUMBER}:closed 2026-03-15 USD"
FACTS = [
    f"Payout {NUMBER} 2026-03-17 USD 8769",
    f"Order {NUMBER}:Order:112-0000001-0000001:D1Fy:{WHEN} 2026-03-01 USD 3118",
    f"OrderRefund {NUMBER}:Refund:112-0000001-0000001:44100001:{WHEN} 2026-03-01 USD 2519",
    f"Order {NUMBER}:Order:112-0000002-0000002:D2Fy:{WHEN} 2026-03-01 USD 10825",
    f"ProcessorFee {NUMBER}:ServiceFee:TransactionTotalAmount:{WHEN} 2026-03-01 USD 2000",
    f"ProcessorFee {NUMBER}:other-transaction:Storage-Fee:{WHEN} 2026-03-01 USD 610",
    f"ProcessorFee {NUMBER}:other-transaction:Subscription-Fee:{WHEN} 2026-03-01 USD 3999",
    f"ProcessorCredit {NUMBER}:other-transaction:WAREHOUSE_LOST:{WHEN} 2026-03-01 USD 1250",
    f"ProcessorCredit {NUMBER}:other-transaction:SAFE-T-Reimbursement:{WHEN} 2026-03-01 USD 300",
    f"Reserve {NUMBER}:other-transaction:Previous-Reserve-Amount-Balance:{WHEN} 2026-03-01 USD -1500",
    f"BalanceFunding {NUMBER}:other-transaction:Successful-charge:{WHEN} 2026-03-01 USD 527",
    f"Skipped {NUMBER}:other-transaction:Repayment-of-negative-Amazon-balance:{WHEN} 2026-03-01 USD -527",
    f"Payout {NUMBER}:Transfer:Transfer-of-funds-came-back:{WHEN} 2026-03-01 USD 4000",
    f"Unknown {NUMBER}:other-transaction:Something-New:{WHEN} 2026-03-01 USD -100",
    f"Reserve {NUMBER}:other-transaction:Current-Reserve-Amount:{WHEN} 2026-03-01 USD 1000",
]


class TestContract(ProviderContract):
    slug = "amazon"
    strange = ("DEFERRED", "RELEASED", "-1", "1e99")
    means = {
        "settlements": [FACTS[0], CLOSED, *FACTS[1:], "Unknown report:50012020301 2026-03-01 USD 0"],
        "transactions": [
            "Order b1qDdeferred:deferred 2026-01-28 USD 3299",
            "Announced b1qDreleased 2026-02-08 USD 2489",
            "Order b1qDreleased:released 2026-02-08 USD -3299",
            "OrderRefund b1qDrefund:deferred 2026-03-30 USD 1000",
            "Announced b1qDads 2026-02-03 USD -2000",
        ],
        "payouts": [
            "Skipped 11000000001 2026-03-17 USD 8769",
            "Skipped 11000000000 2026-02-28 USD 0",
            "Unknown 10999999999 2026-02-16 USD 4000",
        ],
        "balances": [
            "ProcessorBalance 2026-02-28:Standard-Orders:ATVPDKIKX0DER:TOTAL 2026-02-28 USD 10550",
            "SystemBalance 2026-02-28:Standard-Orders:ATVPDKIKX0DER:TOTAL:reserve 2026-02-28 USD 1500",
            "Skipped 2026-03-31:Standard-Orders:ATVPDKIKX0DER:TOTAL 2026-03-31 USD 15025",
        ],
    }
    decides_by = {
        "settlements": [("rows", 0, "transaction-type")],
        "transactions": [("transactionStatus",), ("breakdowns", 0, "breakdowns", 0, "breakdownType")],
        "payouts": [("currentStatus",)],
        "balances": [("balanceType",), ("balances", 0, "balanceType")],
    }
    files = {
        "settlement": (
            flat_file([*ROWS[10:16], ROWS[-1]], total="-31.83"),
            [f"Skipped {NUMBER} 2026-03-17 USD -3183", CLOSED, FACTS[2], FACTS[-1]],
        )
    }
    errors = [
        (400, ERROR, Refused),
        (403, ERROR, Forbidden),
        (403, ENDED, Reconnect),
        (404, ERROR, Refused),
        (429, {"errors": [{"code": "QuotaExceeded", "message": "TEXT", "details": "TEXT"}]}, RetryLater),
        (503, ERROR, RetryLater),
    ]
