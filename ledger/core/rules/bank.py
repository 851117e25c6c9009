"""Bank and card lines. A line makes no entry by itself: it is matched first, or a rule or a person names its role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.core.entry import DraftEntry, credit, debit
from ledger.core.rules.booking import Unbookable

if TYPE_CHECKING:
    from integrations.records import BankLine


def bank_line_entry(
    line: BankLine, role: str, *, key: str = "", kind: str = "bank", department: str = "", party: str = ""
) -> DraftEntry:
    """What an unmatched line is by the role somebody gave it: a fee, interest, a bill paid, suspense.

    Money in: Dr bank; Cr role. Money out: Dr role; Cr bank. ``kind`` is ``bank`` or ``card``; the line's account is the
    key of that side. Raises Unbookable for a pending line and for one of nil.
    """
    _refuse(line)
    lines = (
        *debit(kind, line.amount, line.account),
        *credit(role, line.amount, key, department=department, party=party or line.counterparty),
    )
    return DraftEntry("bank-line", line.booked_on, line.description, lines, line.currency)


def transfer_entry(out: BankLine, into: BankLine) -> DraftEntry:
    """One entry from the two lines of a transfer between own accounts: Dr the receiver; Cr the sender, on the earlier day.

    Raises Unbookable unless the amounts mirror each other in one currency on two accounts.
    """
    return _own_accounts(out, into, "bank", "transfer")


def card_payment_entry(out: BankLine, into: BankLine) -> DraftEntry:
    """A card paid from the bank, which both feeds show: Dr card liability; Cr bank, once."""
    return _own_accounts(out, into, "card", "card-payment")


def _own_accounts(out: BankLine, into: BankLine, receiver: str, purpose: str) -> DraftEntry:
    _refuse(out)
    _refuse(into)
    if out.amount >= 0 or into.amount != -out.amount or out.currency != into.currency or out.account == into.account:
        raise Unbookable("the two lines are not one transfer between two accounts", out.amount + into.amount)
    lines = (*debit(receiver, into.amount, into.account), *credit("bank", into.amount, out.account))
    memo = out.description or into.description
    return DraftEntry(purpose, min(out.booked_on, into.booked_on), memo, lines, out.currency)


def _refuse(line: BankLine) -> None:
    if line.pending:
        raise Unbookable("a pending line is not booked before the bank posts it", line.amount)
    if not line.amount:
        raise Unbookable("a line of nil moves nothing")
