"""Payroll runs as the payroll service computed them: earnings, taxes, deductions, totals and the two pulls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world.calendar import FIRST_DAY, HORIZON, local_instant, month_of, previous_business_day
from integrations.sandbox.world.chance import share, stream, uuid_from

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.people import Employee

WAGE_BASE_MINOR = 700000  # FUTA and CA SUI stop after the first 7,000 of the calendar year
REIMBURSED_ACCOUNT = "Travel and Meals"


@dataclass(frozen=True, slots=True)
class Tax:
    name: str
    employer: bool
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Deduction:
    """`kind` is "benefit" (with what the company adds) or "garnishment"."""

    name: str
    kind: str
    employee_minor: int
    company_minor: int = 0


@dataclass(frozen=True, slots=True)
class Pay:
    """One employee in one run, cents. gross − taxes − deductions = net; reimbursements are paid on top of net."""

    employee: Employee
    regular_minor: int
    regular_hours_hundredths: int
    overtime_minor: int
    overtime_hours_hundredths: int
    bonus_minor: int
    reimbursement_minor: int
    taxes: tuple[Tax, ...]
    deductions: tuple[Deduction, ...]

    @property
    def gross_minor(self) -> int:
        return self.regular_minor + self.overtime_minor + self.bonus_minor

    @property
    def employee_taxes_minor(self) -> int:
        return sum(tax.amount_minor for tax in self.taxes if not tax.employer)

    @property
    def employer_taxes_minor(self) -> int:
        return sum(tax.amount_minor for tax in self.taxes if tax.employer)

    def deducted_minor(self, kind: str) -> int:
        return sum(item.employee_minor for item in self.deductions if item.kind == kind)

    @property
    def company_benefits_minor(self) -> int:
        return sum(item.company_minor for item in self.deductions)

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.employee_taxes_minor - sum(item.employee_minor for item in self.deductions)


@dataclass(frozen=True, slots=True)
class Run:
    """A processed payroll. `debit_date` is the business day before `check_date`, when both pulls leave checking."""

    uuid: str
    off_cycle: bool
    period_start: date
    period_end: date
    check_date: date
    debit_date: date
    processed_at: datetime
    pays: tuple[Pay, ...]

    def total_minor(self, name: str) -> int:
        """Sum over employees of a Pay property such as `net_minor`."""
        return sum(getattr(pay, name) for pay in self.pays)

    def deducted_minor(self, kind: str) -> int:
        return sum(pay.deducted_minor(kind) for pay in self.pays)

    @property
    def tax_debit_minor(self) -> int:
        return self.total_minor("employee_taxes_minor") + self.total_minor("employer_taxes_minor")

    @property
    def net_pull_minor(self) -> int:
        """Net pay, reimbursements and child support: the pull the bank calls NET PAY."""
        net, extra = self.total_minor("net_minor"), self.total_minor("reimbursement_minor")
        return net + extra + self.deducted_minor("garnishment")

    @property
    def company_debit_minor(self) -> int:
        return self.net_pull_minor + self.tax_debit_minor


@dataclass(frozen=True, slots=True)
class ContractorPayment:
    uuid: str
    contractor_uuid: str
    name: str
    paid_on: date
    debit_date: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payroll:
    runs: tuple[Run, ...]
    contractor_payments: tuple[ContractorPayment, ...]


NO_PAYROLL = Payroll((), ())


def _withheld(name: str, employer: bool, base: int, basis_points: int) -> Tax:
    return Tax(name, employer, share(base, basis_points))


def _taxes(person: Employee, gross: int, health: int, retirement: int, paid_this_year: int) -> tuple[Tax, ...]:
    fica_base = gross - health
    income_base = fica_base - retirement
    capped = max(0, min(fica_base, WAGE_BASE_MINOR - paid_this_year))
    return (
        _withheld("Federal Income Tax", False, income_base, person.federal_bp),
        _withheld("Social Security", False, fica_base, 620),
        _withheld("Medicare", False, fica_base, 145),
        _withheld("CA Withholding", False, income_base, person.state_bp),
        _withheld("Social Security", True, fica_base, 620),
        _withheld("Medicare", True, fica_base, 145),
        _withheld("FUTA", True, capped, 60),
        _withheld("CA SUI", True, capped, 340),
    )


def _deductions(person: Employee, gross: int, *, bonus_run: bool) -> tuple[Deduction, ...]:
    found = []
    if person.health_minor and not bonus_run:
        found.append(Deduction("Health Insurance", "benefit", person.health_minor, person.health_company_minor))
    if person.retirement_bp:
        put_aside = share(gross, person.retirement_bp)
        found.append(Deduction("401(k)", "benefit", put_aside, share(gross, min(person.retirement_bp, 300))))
    if person.garnishment_minor and not bonus_run:
        found.append(Deduction("Child Support", "garnishment", person.garnishment_minor))
    return tuple(found)


def _pay(
    person: Employee,
    paid_this_year: int,
    *,
    regular: tuple[int, int],
    overtime: tuple[int, int],
    bonus: int,
    reimbursement: int,
) -> Pay:
    gross = regular[0] + overtime[0] + bonus
    deductions = _deductions(person, gross, bonus_run=bool(bonus))
    health = sum(item.employee_minor for item in deductions if item.name == "Health Insurance")
    retirement = sum(item.employee_minor for item in deductions if item.name == "401(k)")
    taxes = _taxes(person, gross, health, retirement, paid_this_year)
    return Pay(person, *regular, *overtime, bonus, reimbursement, taxes, deductions)


def _hours(rng: Random, person: Employee) -> tuple[tuple[int, int], tuple[int, int]]:
    """(regular amount, hundredths of hours) and the same for overtime at time and a half."""
    if not person.hourly:
        return (person.rate_minor, 8000), (0, 0)
    hours = rng.choice((6400, 7000, 7200, 7600, 8000, 8000))
    extra = rng.choice((0, 0, 150, 300, 450)) if hours == 8000 else 0
    overtime = (person.rate_minor * 3 * extra + 100) // 200
    return ((person.rate_minor * hours + 50) // 100, hours), (overtime, extra)


class _Ledger:
    """Year-to-date wages per employee, so that the capped taxes stop where they must."""

    def __init__(self) -> None:
        self._paid: dict[tuple[int, str], int] = {}

    def paid(self, year: int, person: Employee) -> int:
        return self._paid.get((year, person.name), 0)

    def add(self, year: int, pays: Iterable[Pay]) -> None:
        for pay in pays:
            key = (year, pay.employee.name)
            self._paid[key] = self._paid.get(key, 0) + pay.gross_minor - _health_of(pay)


def _health_of(pay: Pay) -> int:
    return sum(item.employee_minor for item in pay.deductions if item.name == "Health Insurance")


def _regular_pays(cast: Cast, seed: int, check_date: date, ledger: _Ledger) -> tuple[Pay, ...]:
    rng = stream(seed, cast.slug, "payroll", check_date.isoformat())
    lucky = rng.randrange(len(cast.employees) * 2)  # half of the runs carry one reimbursement
    pays = []
    for index, person in enumerate(cast.employees):
        regular, overtime = _hours(rng, person)
        reimbursement = rng.randint(1500, 9500) if index == lucky else 0
        year_to_date = ledger.paid(check_date.year, person)
        pays.append(
            _pay(person, year_to_date, regular=regular, overtime=overtime, bonus=0, reimbursement=reimbursement)
        )
    return tuple(pays)


def _bonus_pays(cast: Cast, check_date: date, ledger: _Ledger) -> tuple[Pay, ...]:
    return tuple(
        _pay(
            person,
            ledger.paid(check_date.year, person),
            regular=(0, 0),
            overtime=(0, 0),
            bonus=25000 + 12500 * (index % 4),
            reimbursement=0,
        )
        for index, person in enumerate(cast.employees)
    )


def _run(cast: Cast, seed: int, check_date: date, *, off_cycle: bool, pays: tuple[Pay, ...]) -> Run:
    debit = previous_business_day(check_date)
    ends = check_date - timedelta(days=1 if off_cycle else 7)
    return Run(
        uuid=uuid_from(seed, cast.slug, "payroll", check_date.isoformat()),
        off_cycle=off_cycle,
        period_start=ends if off_cycle else ends - timedelta(days=13),
        period_end=ends,
        check_date=check_date,
        debit_date=debit,
        processed_at=local_instant(previous_business_day(debit), 14, 5),
        pays=pays,
    )


def _check_dates(cast: Cast) -> list[tuple[date, bool]]:
    dates, day = [], cast.first_check_date
    while day and previous_business_day(day) <= HORIZON and day <= HORIZON:
        dates.append((day, False))
        day += timedelta(days=14)
    if cast.bonus_check_date:
        dates.append((cast.bonus_check_date, True))
    return sorted(dates)


def _contractor_payments(cast: Cast, seed: int) -> tuple[ContractorPayment, ...]:
    if cast.contractor is None:
        return ()
    months: dict[str, date] = {}
    for check_date, off_cycle in _check_dates(cast):
        if not off_cycle and check_date.day > 7:
            months.setdefault(month_of(check_date), check_date)
    return tuple(
        ContractorPayment(
            uuid=uuid_from(seed, cast.slug, "contractor-payment", month),
            contractor_uuid=uuid_from(seed, cast.slug, "contractor"),
            name=cast.contractor.name,
            paid_on=day,
            debit_date=previous_business_day(day),
            amount_minor=cast.contractor.fee_minor + 2500 * (int(month[-2:]) % 3),
        )
        for month, day in months.items()
    )


def run_payroll(cast: Cast, seed: int) -> Payroll:
    """All runs with a check date inside the story, oldest first."""
    ledger, runs = _Ledger(), []
    for check_date, off_cycle in _check_dates(cast):
        pays = _bonus_pays(cast, check_date, ledger) if off_cycle else _regular_pays(cast, seed, check_date, ledger)
        ledger.add(check_date.year, pays)
        runs.append(_run(cast, seed, check_date, off_cycle=off_cycle, pays=pays))
    assert all(run.debit_date >= FIRST_DAY for run in runs)
    return Payroll(tuple(runs), _contractor_payments(cast, seed))
