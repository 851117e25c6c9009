"""Payroll: runs employee by employee, and pay to contractors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.records.base import Record

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class PayItem:
    """One named amount on a payslip. ``kind`` refines deductions: ``benefit``, ``garnishment`` or ``other``."""

    name: str
    amount: int
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payslip:
    """One employee in one run. gross + reimbursements − employee taxes − deductions = net pay (what the employee gets)."""

    employee_id: str
    employee: str
    department: str
    net_pay: int
    by_check: bool = False
    earnings: tuple[PayItem, ...] = ()
    employee_taxes: tuple[PayItem, ...] = ()
    employer_taxes: tuple[PayItem, ...] = ()
    deductions: tuple[PayItem, ...] = ()
    contributions: tuple[PayItem, ...] = ()
    reimbursements: tuple[PayItem, ...] = ()
    owners_draw: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PayrollRun(Record):
    """A processed payroll; ``booked_on`` is the check date. The pulls are the debits the provider takes from the bank.

    ``reverses`` names the run this one undoes (amounts stay positive; the rule mirrors the lines).
    ``history`` marks a run of a prior provider: proof only, never booked.
    """

    period_start: date
    period_end: date
    kind: str
    payslips: tuple[Payslip, ...]
    debit_on: date | None = None
    net_pay_pull: int = 0
    tax_pull: int = 0
    reimbursement_pull: int = 0
    garnishment_pull: int = 0
    reverses: str = ""
    history: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractorPayment(Record):
    """Pay to a contractor through the payroll tool. ``amount`` is wages + bonus; reimbursement on top.

    ``has_tax_number``: whether the tool holds the contractor's taxpayer number; None where it does not say. The number is not read.
    """

    contractor: str
    amount: int
    reimbursement: int = 0
    by_check: bool = False
    department: str = ""
    has_tax_number: bool | None = None
