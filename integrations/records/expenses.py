"""Expense tools: card spending, statements of card programs, expense reports and what employees are paid back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Attachment, ExpenseSplit, Record

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class CardPurchase(Record):
    """A card purchase that cleared (negative: refund or chargeback won). ``amount`` = splits with their tax.

    ``fx_fee`` is what the card charges for foreign money, on top. ``program`` is the key of the card's liability account.
    ``spent_amount`` and ``spent_currency`` are what the merchant charged, where that differs.
    """

    program: str
    amount: int
    splits: tuple[ExpenseSplit, ...] = ()
    merchant: str = ""
    cardholder: str = ""
    card: str = ""
    fx_fee: int = 0
    spent_amount: int | None = None
    spent_currency: str = ""
    statement_id: str = ""
    report: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CardStatement(Record):
    """A card program's statement; ``booked_on`` is its end. opening + charges − credits − payments = closing, all of them
    positive for money owed. Evidence, never booked.
    """

    program: str
    opening: int
    charges: int
    credits: int
    payments: int
    closing: int
    starts_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CardPayment(Record):
    """A card's statement paid from the bank, as the card program sees it. Evidence until its bank line is met: both feeds
    show it and it is booked once.
    """

    program: str
    amount: int
    account: str = ""
    trace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cashback(Record):
    """A reward of the card program, taken off what is owed (negative: taken back)."""

    program: str
    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportLine(ExpenseSplit):
    """One line of an expense report: paid by the employee, or with the company's card ``program``.

    ``basis``: a receipt, or an allowance for distance or days.
    """

    paid_by: Literal["employee", "card"] = "employee"
    basis: Literal["receipt", "mileage", "per_diem"] = "receipt"
    program: str = ""
    merchant: str = ""
    spent_on: date | None = None
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpenseReport(Record):
    """A report that was approved; ``booked_on`` is that day. Lines of a card whose own feed is booked are left out."""

    employee: str
    lines: tuple[ReportLine, ...]
    number: str = ""
    title: str = ""
    employee_id: str = ""
    approved_by: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reimbursement(Record):
    """An employee paid back, or paying back a private purchase (``from_employee``); ``amount`` positive, negative undoes it.

    ``through`` the tool's clearing account, the payroll service ``account``, or outside of both: that money shows on the bank
    alone, and this is evidence of what it was.
    """

    employee: str
    amount: int
    direction: Literal["to_employee", "from_employee"] = "to_employee"
    through: Literal["tool", "payroll", "outside"] = "tool"
    account: str = ""
    reports: tuple[str, ...] = ()
    employee_id: str = ""
