"""The general ledger report of a payroll: debit and credit rows in all, by department or by job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.sandbox.gusto.shapes import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.payroll import Pay, Run

AGGREGATIONS = frozenset({"default", "job", "department", "integration"})
Rows = list[dict[str, str]]


def _group(pay: Pay, aggregation: str) -> str:
    if aggregation == "department":
        return pay.employee.department
    return pay.employee.title if aggregation == "job" else ""


def _lines(pay: Pay) -> Iterator[tuple[str, int]]:
    """(what, debit-positive cents) of one employee; sums to nil."""
    benefits = pay.company_benefits_minor
    yield "Gross Wages", pay.gross_minor
    yield "Employer Payroll Taxes", pay.employer_taxes_minor
    yield "Employer Benefit Contributions", benefits
    yield "Reimbursements", pay.reimbursement_minor
    yield "Net Pay", -pay.net_minor - pay.reimbursement_minor
    yield "Employee Taxes Payable", -pay.employee_taxes_minor
    yield "Employer Taxes Payable", -pay.employer_taxes_minor
    yield "Benefits Payable", -pay.deducted_minor("benefit") - benefits
    yield "Garnishments Payable", -pay.deducted_minor("garnishment")


def general_ledger(run: Run, aggregation: str) -> Rows:
    sums: dict[tuple[str, str], int] = {}
    for pay in run.pays:
        for what, amount in _lines(pay):
            key = _group(pay, aggregation), what
            sums[key] = sums.get(key, 0) + amount
    rows = []
    for (group, what), amount in sums.items():
        if not amount:
            continue
        row = {"description": what, "debit": text(max(amount, 0)), "credit": text(max(-amount, 0))}
        rows.append({aggregation: group, **row} if group else row)
    return rows
