"""How each fact is booked: fact → balanced lines by role. Once for all providers, by the published journals.

One module an area; each registers its record classes with ``drafts``.
"""

from __future__ import annotations

from ledger.core.rules import balance, bank, commerce, expenses, ledger, payables, payroll, processor, receivables
from ledger.core.rules.balance import suspense_entry
from ledger.core.rules.bank import bank_line_entry, card_payment_entry, transfer_entry
from ledger.core.rules.booking import EVIDENCE, Unbookable, drafts
from ledger.core.rules.commerce import breakage_entry
from ledger.core.rules.expenses import card_statement_entry
from ledger.core.rules.payables import funding_entry
from ledger.core.rules.payroll import (
    Pull,
    payroll_accrual,
    payroll_accrual_estimate,
    payroll_cash_entry,
    payroll_cash_lines,
    payroll_lines,
    pays_for_days,
)
from ledger.core.rules.processor import payout_arrival
from ledger.core.rules.receivables import recognition_entry

__all__ = [
    "EVIDENCE",
    "Pull",
    "Unbookable",
    "balance",
    "bank",
    "bank_line_entry",
    "breakage_entry",
    "card_payment_entry",
    "card_statement_entry",
    "commerce",
    "drafts",
    "expenses",
    "funding_entry",
    "ledger",
    "payables",
    "payout_arrival",
    "payroll",
    "payroll_accrual",
    "payroll_accrual_estimate",
    "payroll_cash_entry",
    "payroll_cash_lines",
    "payroll_lines",
    "pays_for_days",
    "processor",
    "receivables",
    "recognition_entry",
    "suspense_entry",
    "transfer_entry",
]
