"""United States employment-tax parameters by year, and the recomputation of a payroll run (check K19).

Rates in basis points, amounts in cents. Sources: IRS Publication 15 (Circular E) for the year, Topic 751 (Social Security and
Medicare rates), Topic 759 (FUTA); SSA contribution and benefit base https://www.ssa.gov/oact/cola/cbb.html (2025: 176,100;
2026: 184,500); IRS instructions for Forms 1099-MISC and 1099-NEC (600 to 2025, 2,000 for payments of 2026).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.records import PayItem, PayrollRun, Payslip

_WHOLE = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TaxYear:
    """Parameters of one calendar year. FUTA's net rate assumes the full state credit; a credit-reduction state pays more."""

    year: int
    social_security_rate: int = 620
    social_security_base: int
    medicare_rate: int = 145
    additional_medicare_rate: int = 90
    additional_medicare_from: int = 200_000_00
    futa_net_rate: int = 60
    futa_gross_rate: int = 600
    futa_base: int = 7_000_00
    #: Highest state unemployment rate looked for; bases differ by state, so only the rate bounds it.
    sui_highest_rate: int = 1_500
    nec_threshold: int


TAX_YEARS: Mapping[int, TaxYear] = {
    2024: TaxYear(year=2024, social_security_base=168_600_00, nec_threshold=600_00),
    2025: TaxYear(year=2025, social_security_base=176_100_00, nec_threshold=600_00),
    2026: TaxYear(year=2026, social_security_base=184_500_00, nec_threshold=2_000_00),
}


class Finding(NamedTuple):
    """One figure outside its band. ``lowest`` and ``highest`` bound what it may be; ``difference`` is to the nearer bound."""

    employee: str
    tax: str
    actual: int
    lowest: int
    highest: int

    @property
    def difference(self) -> int:
        return self.actual - (self.lowest if self.actual < self.lowest else self.highest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recomputation:
    """What a run's recomputation found. ``unchecked`` names taxes without a band here; they are not a pass by silence."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()
    cannot_tell: str = field(default="")

    @property
    def passes(self) -> bool:
        return not self.findings and not self.cannot_tell


def recompute(
    run: PayrollRun,
    *,
    earned_before: Mapping[str, int] | None = None,
    benefits_before: Mapping[str, int] | None = None,
) -> Recomputation:
    """Net pay by identity, and Social Security, Medicare and FUTA within the band that wages allow.

    ``earned_before``: taxable wages of the year before this run by employee id (gross less pre-tax benefits), for the
    wage caps; without it the lower bound of a capped tax is nil. ``benefits_before``: what was taken off for benefits, which may
    have been taxable after all. Pre-tax benefits lower the taxable wage, so a band runs
    from gross − benefits to gross.
    """
    year = TAX_YEARS.get(run.booked_on.year)
    if year is None:
        return Recomputation(findings=(), cannot_tell=f"no tax parameters for {run.booked_on.year}")
    findings: list[Finding] = []
    unchecked: set[str] = set()
    for slip in run.payslips:
        findings += _net_pay(slip)
        before = earned_before.get(slip.employee_id, 0) if earned_before is not None else None
        unsure = benefits_before.get(slip.employee_id, 0) if benefits_before is not None else 0
        for item, employers in [
            *((tax, True) for tax in slip.employer_taxes),
            *((tax, False) for tax in slip.employee_taxes),
        ]:
            band = _band(item.name, slip, year, before, unsure, employers=employers)
            if band is None:
                unchecked.add(item.name)
            elif not band[0] <= item.amount <= band[1]:
                findings.append(Finding(slip.employee or slip.employee_id, item.name, item.amount, *band))
    return Recomputation(findings=tuple(findings), unchecked=tuple(sorted(unchecked)))


def _net_pay(slip: Payslip) -> Iterator[Finding]:
    paid = _sum(slip.earnings) + _sum(slip.reimbursements) - _sum(slip.employee_taxes) - _sum(slip.deductions)
    if slip.net_pay not in (paid, paid + slip.owners_draw):
        yield Finding(slip.employee or slip.employee_id, "net pay", slip.net_pay, paid, paid)


def _sum(items: tuple[PayItem, ...]) -> int:
    return sum(item.amount for item in items)


def _band(
    name: str, slip: Payslip, year: TaxYear, before: int | None, unsure: int, *, employers: bool
) -> tuple[int, int] | None:
    """The lowest and highest amount of one tax on one payslip; None for a tax without a band (withholding, states)."""
    word = name.lower()
    gross = _sum(slip.earnings)
    benefits = sum(item.amount for item in slip.deductions if item.kind == "benefit")
    lowest_wage, highest_wage = max(gross - benefits, 0), max(gross, 0)
    if "social security" in word or "oasdi" in word:
        rates = (year.social_security_rate,) * 2
        return _capped(lowest_wage, highest_wage, before, unsure, year.social_security_base, rates)
    if "medicare" in word:
        if "additional" in word:
            above = highest_wage if before is None else max(before + highest_wage - year.additional_medicare_from, 0)
            return 0, _up(above, year.additional_medicare_rate)
        extra = 0 if employers else year.additional_medicare_rate
        over = highest_wage if before is None else max(before + highest_wage - year.additional_medicare_from, 0)
        return _down(lowest_wage, year.medicare_rate), _up(highest_wage, year.medicare_rate) + _up(
            min(over, highest_wage), extra
        )
    if "futa" in word or "federal unemployment" in word:
        rates = (year.futa_net_rate, year.futa_gross_rate)
        return _capped(lowest_wage, highest_wage, before, unsure, year.futa_base, rates)
    if employers and ("sui" in word.split() or "unemployment" in word or "suta" in word):
        return 0, _up(highest_wage, year.sui_highest_rate)
    return None


def _capped(
    lowest: int, highest: int, before: int | None, unsure: int, base: int, rates: tuple[int, int]
) -> tuple[int, int]:
    """A tax that stops at a wage base. Not knowing what was earned before, it may already have stopped."""
    if before is None:
        return 0, _up(min(highest, base), rates[1])
    least, most = max(base - before - unsure, 0), max(base - before, 0)
    return _down(min(lowest, least), rates[0]), _up(min(highest, most), rates[1])


#: Services round each tax on the year to date, so one payslip may be a cent off.
_ROUNDING = 1


def _down(wage: int, rate: int) -> int:
    return max(wage * rate // _WHOLE - _ROUNDING, 0)


def _up(wage: int, rate: int) -> int:
    return -(-wage * rate // _WHOLE) + _ROUNDING if wage and rate else 0
