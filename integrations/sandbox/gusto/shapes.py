"""Gusto objects as the API writes them (docs.gusto.com, version 2025-06-15).

Run and contractor money is decimal text; an employee's own pay, taxes, benefits and deductions are JSON numbers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from integrations.sandbox.world.calendar import local_instant
from integrations.sandbox.world.chance import uuid_from
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from integrations.sandbox.world import CompanyWorld
    from integrations.sandbox.world.payroll import ContractorPayment, Pay, Run, Tax
    from integrations.sandbox.world.people import Contractor, Employee

Shape = dict[str, Any]


def text(amount_minor: int) -> str:
    return str(dollars(amount_minor))


def stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def version_of(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


class Ids:
    """The stable ids of one company's objects."""

    def __init__(self, company: CompanyWorld) -> None:
        self._seed, self._slug = company.seed, company.cast.slug
        self.company = self.of("company")
        self.schedule = self.of("pay-schedule")
        self.admin = self.of("admin")
        self.contractor = self.of("contractor")

    def of(self, *names: str) -> str:
        return uuid_from(self._seed, self._slug, *names)

    def employee(self, person: Employee) -> str:
        return self.of("employee", person.name)

    def job(self, person: Employee) -> str:
        return self.of("job", person.name)

    def department(self, title: str) -> str:
        return self.of("department", title)


def totals_shape(run: Run) -> Shape:
    """https://docs.gusto.com/app-integrations/docs/payroll-fields; amounts are text, zero is "0.00"."""
    net, reimbursed = run.total_minor("net_minor"), run.total_minor("reimbursement_minor")
    garnished = run.deducted_minor("garnishment")
    figures = {
        "company_debit": run.company_debit_minor,
        "net_pay_debit": net,
        "tax_debit": run.tax_debit_minor,
        "reimbursement_debit": reimbursed,
        "child_support_debit": garnished,
        "reimbursements": reimbursed,
        "net_pay": net,
        "gross_pay": run.total_minor("gross_minor"),
        "employee_bonuses": run.total_minor("bonus_minor"),
        "employer_taxes": run.total_minor("employer_taxes_minor"),
        "employee_taxes": run.total_minor("employee_taxes_minor"),
        "benefits": run.total_minor("company_benefits_minor"),
        "employee_benefits_deductions": run.deducted_minor("benefit"),
        "other_deductions": garnished,
    }
    nil = (
        "employee_commissions employee_cash_tips employee_paycheck_tips additional_earnings owners_draw check_amount "
        "imputed_pay deferred_payroll_taxes"
    )
    return {**{name: text(0) for name in nil.split()}, **{name: text(amount) for name, amount in figures.items()}}


def _summed(taxes: Iterable[Tax], written: Callable[[int], object]) -> list[Shape]:
    sums: dict[tuple[str, bool], int] = {}
    for tax in taxes:
        key = tax.name, tax.employer
        sums[key] = sums.get(key, 0) + tax.amount_minor
    return [
        {"name": name, "employer": employer, "amount": written(amount)} for (name, employer), amount in sums.items()
    ]


def payroll_shape(run: Run, ids: Ids, include: frozenset[str]) -> Shape:
    """A processed payroll without its employees."""
    debit = stamp(local_instant(run.debit_date, 16))
    shape: Shape = {
        "payroll_uuid": run.uuid,
        "uuid": run.uuid,
        "company_uuid": ids.company,
        "off_cycle": run.off_cycle,
        "off_cycle_reason": "Bonus" if run.off_cycle else None,
        "auto_pilot": False,
        "external": False,
        "final_termination_payroll": False,
        "processed": True,
        "processed_date": run.processed_at.date().isoformat(),
        "calculated_at": stamp(run.processed_at),
        "created_at": stamp(run.processed_at),
        "payroll_deadline": debit,
        "check_date": run.check_date.isoformat(),
        "pay_period": {
            "start_date": run.period_start.isoformat(),
            "end_date": run.period_end.isoformat(),
            "pay_schedule_uuid": None if run.off_cycle else ids.schedule,
        },
        "withholding_pay_period": "Every other week",
        "skip_regular_deductions": run.off_cycle,
        "fixed_withholding_rate": run.off_cycle,
        "partner_owned_disbursement": None,
        "processing_request": {"status": "submit_success", "errors": []},
    }
    if "totals" in include:
        shape["totals"] = totals_shape(run)
    taxes = [tax for pay in run.pays for tax in pay.taxes]
    if "taxes" in include:
        # Only taxes beyond those of the employees, which this story has none of.
        shape["company_taxes"] = []
    if "payroll_taxes" in include:
        shape["payroll_taxes"] = _summed(taxes, dollars)
    if "reversals" in include:
        shape["reversal_payroll_uuids"] = []
    if "payroll_status_meta" in include:
        shape["payroll_status_meta"] = {
            "cancellable": False,
            "expected_check_date": run.check_date.isoformat(),
            "initial_check_date": run.check_date.isoformat(),
            "expected_debit_time": debit,
            "payroll_late": False,
            "initial_debit_cutoff_time": debit,
        }
    if "risk_blockers" in include:
        shape |= {"submission_blockers": [], "credit_blockers": []}
    return shape


def _hours(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}0"


def _earnings(pay: Pay, job: str) -> Shape:
    hourly, exempt = [], not pay.employee.hourly
    for name, amount, hours, multiple in (
        ("Regular Hours", pay.regular_minor, pay.regular_hours_hundredths, 1),
        ("Overtime", pay.overtime_minor, pay.overtime_hours_hundredths, dollars(150)),
    ):
        if amount:
            hourly.append(
                {
                    "name": name,
                    "hours": _hours(hours),
                    "amount": text(amount),
                    "job_uuid": job,
                    "compensation_multiplier": multiple,
                    "flsa_status": "Exempt" if exempt else "Nonexempt",
                }
            )
    bonus = [{"name": "Bonus", "amount": text(pay.bonus_minor), "job_uuid": job}] if pay.bonus_minor else []
    return {"hourly_compensations": hourly, "fixed_compensations": bonus}


def compensation_shape(run: Run, pay: Pay, ids: Ids, include: frozenset[str]) -> Shape:
    """One employee of a payroll; taxes, benefits and deductions only where asked for."""
    person = pay.employee
    repaid = {"amount": text(pay.reimbursement_minor), "description": "Travel expenses", "recurring": False}
    shape: Shape = {
        "employee_uuid": ids.employee(person),
        "excluded": False,
        "first_name": person.first,
        "last_name": person.last,
        "preferred_first_name": None,
        "gross_pay": dollars(pay.gross_minor),
        "net_pay": dollars(pay.net_minor),
        "check_amount": dollars(pay.net_minor + pay.reimbursement_minor),
        "payment_method": "Direct Deposit",
        "memo": None,
        "version": version_of(run.uuid, person.name),
        **_earnings(pay, ids.job(person)),
        "paid_time_off": [],
        "reimbursements": [{**repaid, "uuid": None}] if pay.reimbursement_minor else [],
    }
    if "taxes" in include:
        shape["taxes"] = [
            {"name": tax.name, "employer": tax.employer, "amount": dollars(tax.amount_minor)} for tax in pay.taxes
        ]
    if "benefits" in include:
        shape["benefits"] = [
            {
                "name": item.name,
                "employee_deduction": dollars(item.employee_minor),
                "company_contribution": dollars(item.company_minor),
                "imputed": False,
            }
            for item in pay.deductions
            if item.kind == "benefit"
        ]
    if "deductions" in include:
        shape["deductions"] = [
            {
                "name": item.name,
                "amount": dollars(item.employee_minor),
                "amount_type": "fixed",
                "uuid": ids.of("garnishment", person.name),
            }
            for item in pay.deductions
            if item.kind == "garnishment"
        ]
    return shape


def employee_shape(person: Employee, ids: Ids) -> Shape:
    employee, job = ids.employee(person), ids.job(person)
    rate = dollars(person.rate_minor if person.hourly else person.rate_minor * 26)
    compensation = {
        "uuid": ids.of("compensation", person.name),
        "version": version_of("compensation", person.name),
        "job_uuid": job,
        "rate": str(rate),
        "payment_unit": "Hour" if person.hourly else "Year",
        "flsa_status": "Nonexempt" if person.hourly else "Exempt",
        "effective_date": "2025-01-01",
        "adjust_for_minimum_wage": False,
    }
    return {
        "uuid": employee,
        "first_name": person.first,
        "middle_initial": None,
        "last_name": person.last,
        "email": f"{person.first}.{person.last}@staff.example".lower(),
        "company_uuid": ids.company,
        "manager_uuid": None,
        "version": version_of("employee", person.name),
        "department": person.department,
        "department_uuid": ids.department(person.department),
        "title": person.title,
        "terminated": False,
        "two_percent_shareholder": False,
        "onboarded": True,
        "onboarding_status": "onboarding_completed",
        "payment_method": "Direct Deposit",
        "current_employment_status": "full_time",
        "historical": False,
        "has_ssn": True,
        "ssn": "",
        "phone": None,
        "preferred_first_name": None,
        "work_email": None,
        "eligible_paid_time_off": [],
        "terminations": [],
        "garnishments": [],
        "jobs": [
            {
                "uuid": job,
                "version": version_of("job", person.name),
                "employee_uuid": employee,
                "hire_date": "2024-05-01",
                "title": person.title,
                "primary": True,
                "rate": str(rate),
                "payment_unit": compensation["payment_unit"],
                "current_compensation_uuid": compensation["uuid"],
                "two_percent_shareholder": False,
                "compensations": [compensation],
            }
        ],
    }


def department_shape(company: CompanyWorld, title: str, ids: Ids) -> Shape:
    people = [person for person in company.cast.employees if person.department == title]
    return {
        "uuid": ids.department(title),
        "company_uuid": ids.company,
        "title": title,
        "version": version_of("department", title),
        "employees": [{"uuid": ids.employee(person)} for person in people],
        "contractors": [],
    }


def company_shape(company: CompanyWorld, ids: Ids) -> Shape:
    cast = company.cast
    address = {
        "street_1": "14 Quay Street",
        "street_2": None,
        "city": "Larkfield",
        "state": "CA",
        "zip": "94000",
        "country": "USA",
        "active": True,
    }
    return {
        "uuid": ids.company,
        "name": cast.legal_name,
        "trade_name": cast.name,
        "slug": cast.slug,
        "ein": "00-0000000",
        "entity_type": "LLC" if cast.legal_name.endswith("LLC") else "C-Corporation",
        "company_status": "Approved",
        "contractor_only": False,
        "is_suspended": False,
        "is_partner_managed": False,
        "is_high_risk_business": False,
        "is_marijuana_business": False,
        "tier": "plus",
        "pay_schedule_type": "single",
        "funding_type": "ach",
        "join_date": "2024-12-01",
        "locations": [address],
        "compensations": {
            "hourly": [{"uuid": None, "name": "Overtime", "multiple": dollars(150)}],
            "fixed": [{"uuid": None, "name": "Bonus"}, {"uuid": None, "name": "Reimbursement"}],
            "paid_time_off": [],
        },
        "primary_payroll_admin": {"first_name": "Pat", "last_name": "Admin", "phone": None, "email": cast.email},
        "primary_signatory": None,
    }


def contractor_shape(contractor: Contractor, ids: Ids) -> Shape:
    return {
        "uuid": ids.contractor,
        "company_uuid": ids.company,
        "wage_type": "Fixed",
        "is_active": True,
        "version": version_of("contractor", contractor.name),
        "type": "Individual",
        "first_name": contractor.first,
        "last_name": contractor.last,
        "middle_initial": None,
        "business_name": None,
        "email": f"{contractor.first}.{contractor.last}@trade.example".lower(),
        "start_date": "2024-12-01",
        "hourly_rate": "0.00",
        "onboarded": True,
        "onboarding_status": "onboarding_completed",
        "payment_method": "Direct Deposit",
        "has_ssn": True,
        "department_uuid": None,
    }


def contractor_payment_shape(paid: ContractorPayment) -> Shape:
    amount = text(paid.amount_minor)
    return {
        "uuid": paid.uuid,
        "contractor_uuid": paid.contractor_uuid,
        "bonus": "0.00",
        "date": paid.paid_on.isoformat(),
        "hours": "0.0",
        "payment_method": "Direct Deposit",
        "reimbursement": "0.00",
        "status": "Funded",
        "hourly_rate": "0.00",
        "may_cancel": False,
        "wage": amount,
        "wage_type": "Fixed",
        "wage_total": amount,
    }
