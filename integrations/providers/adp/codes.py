"""Names inside ADP's outputs and registers, kept in one place: they are not public and differ by product.

Every name here follows the contracts of pay statements and payroll instructions; none was seen in a recorded output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations import payregister

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.tables import Table

SLUG = "adp"
NAME = "ADP"

#: The final run; only what has this status is booked.
FINAL = "NTC"
#: What the other statuses say.
NOT_FINAL = {
    "EER": "still being entered",
    "PVI": "a preview that is being worked out",
    "PVC": "a finished preview, which is not the run",
    "NTI": "a final run that is being worked out",
}
#: Part of an output → (list of a payment, code of a line, amount of the employee, amount of the employer).
PARTS = {
    "earnings": ("earnings", "earningCode", "earningAmount", ""),
    "statutory-deductions": ("statutoryDeductions", "deductionCode", "employeeDeductionAmount", "employerPaidAmount"),
    "non-statutory-deductions": (
        "nonStatutoryDeductions",
        "deductionCode",
        "employeeDeductionAmount",
        "employerPaidAmount",
    ),
}
_REIMBURSED = re.compile(r"(?i)\b(reimb\w*|expenses?|mileage|per diem)\b")
_EMPLOYERS = re.compile(r"(?i)\b(match|employer|er)\b")
_TAX = re.compile(r"(.+?) ?- ?(EMPLOYEE|EE|EMPLOYER|ER) TAX")
_LISTED = re.compile(r"(ADDITIONAL EARNINGS|VOLUNTARY DEDUCTION|MEMO) : ?(.+)")
_NO_MONEY = re.compile(r"(TOTAL|DIRECT DEPOSIT|TAKE HOME|ADDITIONAL HOURS|RATE)\b.*|.*\b(TAXABLE|HOURS|RATE|DATE)")
_FIXED = {"REGULAR EARNINGS": ("earnings", "Regular"), "OVERTIME EARNINGS": ("earnings", "Overtime")}


def is_reimbursement(name: str) -> bool:
    """Whether an earning gives back what the employee spent: paid, and no wages."""
    return bool(_REIMBURSED.search(name))


def _part(column: str) -> tuple[str, str] | None:
    """A column of the register: earnings, taxes of both sides, deductions; memos are told only, but for what the company adds."""
    upper = column.upper()
    if upper in _FIXED:
        return _FIXED[upper]
    tax, listed = _TAX.fullmatch(upper), _LISTED.fullmatch(upper)
    if tax:
        return ("employeeTaxes" if tax[2] in {"EMPLOYEE", "EE"} else "employerTaxes"), tax[1].title()
    if listed:
        kind, name = listed[1], listed[2].strip()
        if kind == "MEMO":
            return ("employerContributions", name) if _EMPLOYERS.search(name) else payregister.NOTHING
        if kind == "VOLUNTARY DEDUCTION":
            return "employeeDeductions", name
        return ("reimbursements" if is_reimbursement(name) else "earnings"), name
    return payregister.NOTHING if _NO_MONEY.fullmatch(upper) else None


COLUMNS = payregister.Columns(
    provider=SLUG,
    pay_date="PAY DATE",
    starts="PERIOD BEGINNING DATE",
    ends="PERIOD ENDING DATE",
    employee=("FILE NUMBER", "ASSOCIATE ID"),
    name=("PAYROLL NAME", "NAME"),
    department=("HOME DEPARTMENT DESCRIPTION", "HOME DEPARTMENT"),
    gross="GROSS PAY",
    net="NET PAY",
    part=_part,
    group="PAYROLL COMPANY CODE",
    number="PAYROLL RUN NUMBER",
    cheque="CHECK NUMBER",
    totals=(("employeeTaxes", "TOTAL EMPLOYEE TAX"), ("employerTaxes", "TOTAL EMPLOYER TAX")),
)


def registers(table: Table) -> Iterator[dict[str, Any]]:
    return payregister.runs(table, COLUMNS)
