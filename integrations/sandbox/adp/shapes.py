"""Runs of the world as ADP tells them, part by part. Names inside outputs follow the contract; none was seen in a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.world.calendar import HORIZON
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payroll import Pay, Payroll, Run

Shape = dict[str, Any]
PARTS = {
    "earnings": "earnings",
    "statutory-deductions": "statutoryDeductions",
    "non-statutory-deductions": "nonStatutoryDeductions",
    "reportable-earnings-and-benefits": "",
}
PREVIEW = "preview"


def company_code(cast: Cast) -> str:
    """The code ADP knows a company by."""
    return f"{cast.slug[0]}{cast.realm[-2:]}".upper()


def outputs(cast: Cast, payroll: Payroll) -> list[Shape]:
    """Every run, and the finished preview of the one that comes next."""
    found = [head(cast, run) for run in payroll.runs]
    last = payroll.runs[-1]
    ahead = head(cast, last) | {"itemID": PREVIEW, "payrollProcessingStatusCode": {"codeValue": "PVC"}}
    return [*found, ahead | {"payDate": HORIZON.isoformat()}]


def head(cast: Cast, run: Run) -> Shape:
    return {
        "itemID": run.uuid,
        "payrollGroupCode": {"codeValue": company_code(cast), "shortName": cast.name},
        "payrollScheduleReference": {
            "payrollScheduleID": f"{company_code(cast)}-BW",
            "payrollYear": str(run.check_date.year),
            "payrollWeekNumber": str(run.check_date.isocalendar().week),
            "payrollRunNumber": "2" if run.off_cycle else "1",
        },
        "payrollProcessingStatusCode": {"codeValue": "NTC"},
        "payPeriod": {"startDate": run.period_start.isoformat(), "endDate": run.period_end.isoformat()},
        "payDate": run.check_date.isoformat(),
    }


def part(cast: Cast, run: Run, name: str, *, by_centre: bool) -> Shape:
    """The output with its payments, one part of each: in sum with gross and net pay, or by cost centre."""
    return head(cast, run) | {
        "associatePayments": [
            _payment(cast, place, pay, PARTS[name], by_centre=by_centre) for place, pay in enumerate(run.pays, 1)
        ]
    }


def _payment(cast: Cast, place: int, pay: Pay, listed: str, *, by_centre: bool) -> Shape:
    centre = f"{(cast.departments.index(pay.employee.department) + 1) * 100:06d}"
    department = {"codeValue": centre, "shortName": pay.employee.department}
    found: Shape = {
        "associateOID": f"G3{company_code(cast)}{place:010d}",
        "payrollFileNumber": f"{place:06d}",
        "departments": [department],
    }
    if by_centre:
        found["costCenters"] = [{"costCenterID": centre, "costCenterPercentage": 100}]
    else:
        found |= {
            "grossPayAmount": money(pay.gross_minor),
            "netPayAmount": money(pay.net_minor + pay.reimbursement_minor),
        }
    lines = {"earnings": _earnings, "statutoryDeductions": _taxes, "nonStatutoryDeductions": _deductions}
    return found | ({listed: list(lines[listed](pay))} if listed else {})


def _earnings(pay: Pay) -> Iterator[Shape]:
    paid = (
        ("REG", "Regular", pay.regular_minor),
        ("OT", "Overtime", pay.overtime_minor),
        ("BNS", "Bonus", pay.bonus_minor),
        ("EXP", "Expense Reimbursement", pay.reimbursement_minor),
    )
    for code, name, cents in paid:
        if cents:
            yield {"earningCode": {"codeValue": code, "shortName": name}, "earningAmount": money(cents)}


def _taxes(pay: Pay) -> Iterator[Shape]:
    """One line a tax, with both sides where both pay it."""
    for name in dict.fromkeys(tax.name for tax in pay.taxes):
        sides = {tax.employer: tax.amount_minor for tax in pay.taxes if tax.name == name}
        yield _line(name, sides.get(False), sides.get(True))


def _deductions(pay: Pay) -> Iterator[Shape]:
    for item in pay.deductions:
        yield _line(item.name, item.employee_minor, item.company_minor or None)


def _line(name: str, own: int | None, employers: int | None) -> Shape:
    code = "".join(word[0] for word in name.split()).upper()
    found: Shape = {"deductionCode": {"codeValue": code, "shortName": name}}
    if own is not None:
        found["employeeDeductionAmount"] = money(own)
    if employers is not None:
        found["employerPaidAmount"] = money(employers)
    return found


def money(cents: int) -> Shape:
    return {"amountValue": dollars(cents), "currencyCode": "USD"}
