"""The payroll register as a person exports it: one row an employee and pay date, a column for each item."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from integrations.sandbox.quickbooks_payroll.story import SLUG
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from integrations.sandbox.world.company import CompanyWorld
    from integrations.sandbox.world.payroll import Pay, Payroll, Run

FILENAME = "payroll-register-2026.csv"
FIXED = (
    *("Pay date", "Pay period start", "Pay period end", "Employee ID", "Employee", "Department"),
    *("Gross pay", "Net pay", "Total employee taxes", "Total employer taxes"),
)


def exports(company: CompanyWorld) -> dict[str, bytes]:
    """What the company's people download, by name."""
    payroll: Payroll = company.told[SLUG].payroll
    rows = [_row(run, number, pay) for run in payroll.runs for number, pay in enumerate(run.pays, 1)]
    names = dict.fromkeys(name for row in rows for name in row if name not in FIXED)
    written = io.StringIO()
    writer = csv.DictWriter(written, [*FIXED, *names], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return {FILENAME: written.getvalue().encode()}


def _row(run: Run, number: int, pay: Pay) -> dict[str, str]:
    """Net pay here is what the employee gets, reimbursements with it."""
    dates = {
        "Pay date": run.check_date,
        "Pay period start": run.period_start,
        "Pay period end": run.period_end,
    }
    amounts = {
        "Gross pay": pay.gross_minor,
        "Net pay": pay.net_minor + pay.reimbursement_minor,
        "Total employee taxes": pay.employee_taxes_minor,
        "Total employer taxes": pay.employer_taxes_minor,
        "Earnings: Regular": pay.regular_minor,
        "Earnings: Overtime": pay.overtime_minor,
        "Earnings: Bonus": pay.bonus_minor,
        "Reimbursement: Travel": pay.reimbursement_minor,
        **{f"{'Employer' if tax.employer else 'Employee'} tax: {tax.name}": tax.amount_minor for tax in pay.taxes},
    }
    for item in pay.deductions:
        kind = "Garnishment" if item.kind == "garnishment" else "Deduction"
        amounts |= {
            f"{kind}: {item.name}": item.employee_minor,
            f"Company contribution: {item.name}": item.company_minor,
        }
    return {
        **{name: f"{day:%m/%d/%Y}" for name, day in dates.items()},
        "Employee ID": f"E{number:03d}",
        "Employee": pay.employee.name,
        "Department": pay.employee.department,
        **{name: f"{dollars(cents):,}" for name, cents in amounts.items() if cents or name in FIXED},
    }
