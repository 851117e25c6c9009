"""Expense tools: card purchases by split, rewards, expense reports and what employees are paid back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import (
    CardPayment,
    CardPurchase,
    Cashback,
    ExpenseReport,
    Reimbursement,
)
from ledger.core.entry import DraftEntry, DraftLine, credit, debit
from ledger.core.rules.booking import Source, Unbookable, draft, entry_of
from ledger.core.rules.payables import split_line, split_lines, tags

if TYPE_CHECKING:
    from datetime import date

    from integrations.records import ReportLine


@draft.register
def _card_purchase(record: CardPurchase, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr expense by split, the employee for private ones, fees for foreign money; Cr the card's liability. Refund: the mirror."""
    lines = (
        *split_lines(record.splits, record.amount, party=record.merchant, employee=record.cardholder),
        *debit("fees", record.fx_fee, "fx"),
        *credit("card", record.amount + record.fx_fee, record.program),
    )
    return entry_of(record, "card-purchase", record.memo or record.merchant or "Card purchase", lines)


def card_statement_entry(payment: CardPayment, on: date, *, bank: str = "") -> DraftEntry:
    """A statement's payment met by its bank line, dated like it: Dr the card's liability; Cr bank.

    A negative one mirrors. Raises Unbookable for one of nil.
    """
    if not payment.amount:
        raise Unbookable("a payment of nil moves nothing")
    lines = (*debit("card", payment.amount, payment.program), *credit("bank", payment.amount, bank or payment.account))
    return DraftEntry("card-payment", on, payment.memo or "Card statement paid", lines, payment.currency)


@draft.register
def _cashback(record: Cashback, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr the card's liability; Cr other income."""
    lines = (*debit("card", record.amount, record.program), *credit("other-income", record.amount, "cashback"))
    return entry_of(record, "cashback", record.memo or "Cashback", lines)


@draft.register
def _report(record: ExpenseReport, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr expense by line; Cr what the employee is owed, or the company's card."""
    lines = tuple(line for one in record.lines for line in _report_lines(one, record.employee))
    said = record.memo or f"Expense report {record.number or record.title} {record.employee}".replace("  ", " ")
    return entry_of(record, "expense-report", said, lines)


def _report_lines(line: ReportLine, employee: str) -> tuple[DraftLine, ...]:
    paid = line.amount + line.tax
    if line.paid_by == "card":
        return (*split_line(line, party=line.merchant, employee=employee), *credit("card", paid, line.program))
    if line.kind == "personal":
        # Paid with the employee's own money for the employee: nobody owes anything.
        return ()
    return (*_travel(line), *credit("reimb-payable", paid, party=employee))


def _travel(line: ReportLine) -> tuple[DraftLine, ...]:
    """Allowances for distance and days are travel where the tool names no category."""
    if line.basis == "receipt" or line.category or line.account_id:
        return split_line(line, party=line.merchant)
    return (
        *debit("expense", line.amount, "travel", memo=line.memo, party=line.merchant, **tags(line)),
        *debit("input-tax", line.tax),
    )


@draft.register
def _reimbursement(record: Reimbursement, source: Source) -> tuple[DraftEntry, ...]:
    """To the employee: Dr what is owed; Cr the tool's clearing or payroll's. From the employee: Dr clearing; Cr the employee.

    Outside of both makes no entry: the bank's line does.
    """
    if record.through == "outside":
        return ()
    role = "clearing" if record.through == "tool" else "net-pay-clearing"
    key = record.account or source.provider
    if record.direction == "to_employee":
        lines = (*debit("reimb-payable", record.amount, party=record.employee), *credit(role, record.amount, key))
    else:
        lines = (*debit(role, record.amount, key), *credit("employee-receivable", record.amount, party=record.employee))
    return entry_of(record, "reimbursement", record.memo or f"Reimbursement {record.employee}", lines)
