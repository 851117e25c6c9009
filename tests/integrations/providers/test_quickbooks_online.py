"""What QuickBooks Online must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, Unanswered
from tests.integrations.contract import ProviderContract


def refusal(code, kind="Fault"):
    return {
        kind: {
            "Error" if kind == "Fault" else "error": [
                {"Message" if kind == "Fault" else "message": "TEXT", "code": code}
            ],
            "type": "X",
        }
    }


class TestContract(ProviderContract):
    slug = "quickbooks-online"
    means = {
        "company": ["CompanyProfile company 2026-02-11 USD"],
        "accounts": [f"LedgerAccount {number} 2026-03-02 USD" for number in ("35", "41", "52", "79", "88")],
        "vendors": ["LedgerParty Vendor:46 2024-07-01 USD", "LedgerParty Vendor:47 2024-07-01 USD"],
        "customers": ["LedgerParty Customer:20 2026-02-20 USD"],
        "documents": [
            "LedgerDocument JournalEntry:310 2026-03-02 USD", "LedgerDocument Bill:311 2026-03-03 USD",
            "LedgerDocument BillPayment:312 2026-03-04 USD", "LedgerDocument Purchase:313 2026-03-04 USD",
            "LedgerDocument Deposit:314 2026-03-04 USD", "LedgerDocument Transfer:315 2026-03-05 USD",
            "LedgerDocument Invoice:316 2026-03-05 USD",
        ],
    }  # fmt: skip
    errors = [
        (400, refusal("6210"), Refused),
        (400, refusal("6000"), Refused),
        (400, refusal(6210), Refused),
        (200, refusal("610"), Refused),
        (400, refusal("600"), Unanswered),
        (400, refusal("6190"), Forbidden),
        (401, refusal("3200", "fault"), Reconnect),
        (403, refusal("3100", "fault"), Forbidden),
        (403, refusal("3001"), RetryLater),
        (403, refusal("5020"), Refused),
        (429, refusal("3001"), RetryLater),
        (500, refusal("10000"), RetryLater),
        (200, refusal("10000"), Unanswered),
        (404, None, Refused),
        (403, None, Forbidden),
    ]
