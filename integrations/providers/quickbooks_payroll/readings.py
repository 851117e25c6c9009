"""Payslips and registers of QuickBooks Payroll read as evidence: it posts every run into the ledger by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations import payregister
from integrations.money import to_major
from integrations.records import Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context
    from integrations.tables import Table

SLUG = "quickbooks-payroll"
NAME = "QuickBooks Payroll"


# ---- payslips ------------------------------------------------------------------------------------------------------------


def is_payslip(raw: Mapping[str, Any]) -> bool:
    return "id" in raw and "payPeriod" in raw and ("grossPay" in raw or "compensations" in raw)


def payslip_id(payload: Payload) -> str:
    return payload.text("id")


def read_payslip(payload: Payload, context: Context) -> Iterator[Record]:
    """One employee's payslip: its gross pay as evidence. It has no net pay, no taxes and no accounts, so it makes no run.

    Amounts are decimal text of the company's currency; a deduction in another is put before a person.
    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/payroll-payslips
    """
    currency = context.home_currency
    common: dict[str, Any] = {"external_id": payslip_id(payload), "booked_on": payload.day("payDate")}
    gross = payload.object("grossPay").minor("currentAmount", currency)
    kept = paid = 0
    for deduction in payload.objects("deductions"):
        for name in ("employeeContributionAccumulationAmount", "employerContributionAccumulationAmount"):
            side = deduction.object_or_none(name)
            amount = side.object_or_none("currentAmount") if side else None
            if amount is None:
                continue
            other = amount.text("currency", currency)
            if other != currency:
                what = f"a {NAME} deduction in {other} on a payslip in {currency}"
                yield Unknown(**common, currency=currency, what=what, amount=gross)
                return
            value = amount.minor("value", currency)
            kept, paid = (kept + value, paid) if name.startswith("employee") else (kept, paid + value)
    said = f"deductions {to_major(kept, currency):,}, company contributions {to_major(paid, currency):,}"
    reason = f"evidence of a payslip: {NAME} posts the run itself ({said})"
    yield Skipped(**common, currency=currency, reason=reason, amount=gross)


# ---- the register, by file -----------------------------------------------------------------------------------------------

_PARTS = {
    "earnings": "earnings",
    "reimbursement": "reimbursements",
    "employee tax": "employeeTaxes",
    "employer tax": "employerTaxes",
    "deduction": "employeeDeductions",
    "company contribution": "employerContributions",
    "garnishment": "garnishments",
}
_SAID = ("Pay date", "Pay period start", "Pay period end", "Run", "Run type", "Check number", "Hours", "Total cost")


def _part(column: str) -> tuple[str, str] | None:
    """``Employee tax: Medicare`` is money of the employees' taxes called Medicare."""
    kind, colon, name = column.partition(":")
    known = _PARTS.get(kind.strip().lower())
    if colon and known and name.strip():
        return known, name.strip()
    return payregister.NOTHING if column in _SAID else None


COLUMNS = payregister.Columns(
    provider=SLUG,
    pay_date="Pay date",
    starts="Pay period start",
    ends="Pay period end",
    employee=("Employee ID", "Employee"),
    name=("Employee",),
    department=("Department",),
    gross="Gross pay",
    net="Net pay",
    part=_part,
    number="Run",
    cheque="Check number",
    kind="Run type",
    totals=(("employeeTaxes", "Total employee taxes"), ("employerTaxes", "Total employer taxes")),
)


def registers(table: Table) -> Iterator[dict[str, Any]]:
    return payregister.runs(table, COLUMNS)


def is_register(raw: Mapping[str, Any]) -> bool:
    return payregister.is_run(raw, SLUG)


def register_id(payload: Payload) -> str:
    return payload.text("runId")


def read_register(payload: Payload, context: Context) -> Iterator[Record]:
    """A pay run as the register tells it, to be proven against what QuickBooks Payroll posted.

    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll
    """
    yield payregister.read_run(payload, context.home_currency, system=NAME)
