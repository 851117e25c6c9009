"""How each fact is booked: fact → balanced lines by role. Once for all providers, by the published journals.

One module an area; each registers its record classes with ``drafts``.
"""

from __future__ import annotations

from ledger.core.rules import bank, ledger, payroll, processor
from ledger.core.rules.bank import bank_line_entry, card_payment_entry, transfer_entry
from ledger.core.rules.booking import EVIDENCE, Unbookable, drafts
from ledger.core.rules.payroll import (
    Pull,
    payroll_accrual,
    payroll_accrual_estimate,
    payroll_cash_entry,
    payroll_cash_lines,
    payroll_lines,
)
from ledger.core.rules.processor import payout_arrival

__all__ = [
    "EVIDENCE",
    "Pull",
    "Unbookable",
    "bank",
    "bank_line_entry",
    "card_payment_entry",
    "drafts",
    "ledger",
    "payout_arrival",
    "payroll",
    "payroll_accrual",
    "payroll_accrual_estimate",
    "payroll_cash_entry",
    "payroll_cash_lines",
    "payroll_lines",
    "processor",
    "transfer_entry",
]
