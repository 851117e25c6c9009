"""What payroll registers say for the returns: Form 941 by quarter, the boxes of W-2 and W-3 by year. Amounts in cents.

Sources: IRS Form 941 and its instructions (lines 1 to 12), General Instructions for Forms W-2 and W-3, IRS Publication 15.
A run counts in the quarter of its check date. A register names taxes, not taxable wages, so that these are taken from gross
pay less the benefits that were evidently not taxed, up to the year's caps for each employee.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from datetime import date
from itertools import chain, combinations
from typing import TYPE_CHECKING

from integrations.records import PayItem
from ledger.core.payroll_tax import TAX_YEARS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.records import PayrollRun, Payslip
    from ledger.core.payroll_tax import TaxYear

_WHOLE = 10_000
#: Benefits of a payslip of which every choice is tried; of more, all or none were taken off.
_MOST_BENEFITS = 8


@dataclass(kw_only=True, slots=True)
class Figures:
    """What registers hold for the federal returns, of one run or of a quarter; a run that takes another back counts negative.

    ``wages_low`` takes every benefit off gross pay, ``wages_high`` none: line 2 of Form 941 lies between them. ``withheld`` and
    the halves of Social Security and Medicare are what the registers hold; ``ss_wages`` … the taxable wages. ``futa_exempt``,
    ``futa_over`` and ``futa_wages`` share out ``wages_high`` for Form 940; ``futa_held`` is the federal unemployment tax held.
    """

    wages_low: int = 0
    wages_high: int = 0
    withheld: int = 0
    ss_wages: int = 0
    ss_employee: int = 0
    ss_employer: int = 0
    medicare_wages: int = 0
    medicare_employee: int = 0
    medicare_employer: int = 0
    additional_wages: int = 0
    futa_exempt: int = 0
    futa_over: int = 0
    futa_wages: int = 0
    futa_held: int = 0

    @property
    def line_10(self) -> int:
        """Total taxes after adjustments: what the registers hold of federal income tax, Social Security and Medicare."""
        return self.withheld + self.ss_tax + self.medicare_tax

    @property
    def ss_tax(self) -> int:
        return self.ss_employee + self.ss_employer

    @property
    def medicare_tax(self) -> int:
        return self.medicare_employee + self.medicare_employer

    def add(self, other: Figures) -> None:
        for name in _FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


#: Social Security and Medicare of both halves.
_TAXES_OF_A_SLIP = 4
_FIGURES = tuple(one.name for one in fields(Figures))


@dataclass(kw_only=True, slots=True)
class RunFigures(Figures):
    """One run's share of its quarter."""

    external_id: str
    paid_on: date


@dataclass(kw_only=True, slots=True)
class Form941(Figures):
    """One quarter's Form 941 as the registers make it. ``days`` is the tax liability of each pay day, as it was incurred."""

    year: int
    quarter: int
    employees: set[str] = field(default_factory=set)
    payslips: int = 0
    days: dict[date, int] = field(default_factory=dict)

    @property
    def line_5a(self) -> int:
        """Social Security on wages, both halves: 12.4 %."""
        return share(self.ss_wages, 2 * TAX_YEARS[self.year].social_security_rate)

    @property
    def line_5c(self) -> int:
        """Medicare on wages, both halves: 2.9 %."""
        return share(self.medicare_wages, 2 * TAX_YEARS[self.year].medicare_rate)

    @property
    def line_5d(self) -> int:
        """Additional Medicare, the employees' alone: 0.9 % above the year's limit."""
        return share(self.additional_wages, TAX_YEARS[self.year].additional_medicare_rate)

    @property
    def line_6(self) -> int:
        """Total taxes before adjustments."""
        return self.withheld + self.line_5a + self.line_5c + self.line_5d

    @property
    def line_7(self) -> int:
        """The quarter's fractions of cents: what was held of employees' taxes otherwise than the rates make of the sums."""
        return self.line_10 - self.line_6

    @property
    def is_more_than_fractions(self) -> bool:
        """Whether line 7 is more than rounding explains, a cent for each of a payslip's four taxes: a half is missing or wrong."""
        return abs(self.line_7) > _TAXES_OF_A_SLIP * self.payslips

    def lines(self) -> dict[str, int]:
        """The lines by their numbers, amounts only."""
        return {
            "2": self.wages_low,
            "3": self.withheld,
            "5a": self.ss_wages,
            "5a tax": self.line_5a,
            "5c": self.medicare_wages,
            "5c tax": self.line_5c,
            "5d": self.additional_wages,
            "5d tax": self.line_5d,
            "6": self.line_6,
            "7": self.line_7,
            "12": self.line_10,
        }


@dataclass(frozen=True, slots=True)
class PayrollYear:
    """A year's four quarters, its runs by pay day, and what could not be read (``unread``: names of taxes of several lines)."""

    year: int
    quarters: tuple[Form941, ...]
    runs: tuple[RunFigures, ...]
    unread: tuple[str, ...]

    def boxes(self) -> dict[str, int]:
        """The boxes of the year's W-3 (sums of the W-2s): 1 to 6."""
        return {
            "1": sum(one.wages_low for one in self.quarters),
            "2": sum(one.withheld for one in self.quarters),
            "3": sum(one.ss_wages for one in self.quarters),
            "4": sum(one.ss_employee for one in self.quarters),
            "5": sum(one.medicare_wages for one in self.quarters),
            "6": sum(one.medicare_employee for one in self.quarters),
        }

    def from_941s(self) -> dict[str, int]:
        """What the four 941s make of the same boxes; half of line 5a is box 4, half of 5c and all of 5d box 6."""
        return {
            "1": sum(one.wages_low for one in self.quarters),
            "2": sum(one.withheld for one in self.quarters),
            "3": sum(one.ss_wages for one in self.quarters),
            "4": sum(one.line_5a for one in self.quarters) // 2,
            "5": sum(one.medicare_wages for one in self.quarters),
            "6": sum(one.line_5c for one in self.quarters) // 2 + sum(one.line_5d for one in self.quarters),
        }


def payroll_year(runs: Iterable[PayrollRun], year: int) -> PayrollYear:
    """The year's returns from its runs, oldest first. Raises KeyError for a year without parameters (``TAX_YEARS``)."""
    reader = _Reader(TAX_YEARS[year])
    quarters = tuple(Form941(year=year, quarter=number) for number in (1, 2, 3, 4))
    own = sorted((run for run in runs if run.booked_on.year == year), key=lambda run: (run.booked_on, run.external_id))
    found = []
    for run in own:
        form, figures = quarters[(run.booked_on.month - 1) // 3], reader.read(run)
        form.add(figures)
        form.payslips += len(run.payslips)
        form.employees |= {slip.employee_id for slip in run.payslips}
        form.days[run.booked_on] = form.days.get(run.booked_on, 0) + figures.line_10
        found.append(figures)
    return PayrollYear(year, quarters, tuple(found), tuple(sorted(reader.unread)))


class _Reader:
    """Reads a year's runs in order, with what each employee earned so far, for the caps."""

    def __init__(self, year: TaxYear) -> None:
        self.year = year
        self.social: dict[str, int] = defaultdict(int)
        self.medicare: dict[str, int] = defaultdict(int)
        self.futa: dict[str, int] = defaultdict(int)
        self.unread: set[str] = set()

    def read(self, run: PayrollRun) -> RunFigures:
        figures = RunFigures(external_id=run.external_id, paid_on=run.booked_on)
        for slip in run.payslips:
            self._add(figures, slip, -1 if run.reverses else 1)
        return figures

    def _add(self, figures: Figures, slip: Payslip, sign: int) -> None:
        year, who = self.year, slip.employee_id
        high = sum(item.amount for item in slip.earnings)
        low = high - sum(item.amount for item in slip.deductions if item.kind == "benefit")
        wages = _wages(slip)
        held = self._held(slip, wages)
        figures.wages_low += sign * low
        figures.wages_high += sign * high
        figures.withheld += sign * held["income employee"]
        figures.ss_employee += sign * held["social employee"]
        figures.ss_employer += sign * held["social employer"]
        figures.medicare_employee += sign * held["medicare employee"]
        figures.medicare_employer += sign * held["medicare employer"]
        taxed = _taxed(held, year, wages)
        before, self.medicare[who] = self.medicare[who], self.medicare[who] + sign * taxed
        figures.medicare_wages += sign * taxed
        limit = year.additional_medicare_from
        figures.additional_wages += max(self.medicare[who] - limit, 0) - max(before - limit, 0)
        if held["social employer"] or held["social employee"] or self.social[who] >= year.social_security_base:
            before = self.social[who]
            wage = _base(taxed, held, year, wages, before)
            self.social[who] += sign * wage
            base = year.social_security_base
            figures.ss_wages += min(self.social[who], base) - min(before, base)
        figures.futa_held += sign * held["futa employer"]
        self._add_futa(figures, who, sign * high, sign * (taxed or (high if held["futa employer"] else 0)))

    def _add_futa(self, figures: Figures, who: str, paid: int, wage: int) -> None:
        """A benefit that Medicare spares (section 125) is exempt here too; what goes over the year's base is not taxed."""
        before, self.futa[who] = self.futa[who], self.futa[who] + wage
        base = self.year.futa_base
        taxable = min(self.futa[who], base) - min(before, base)
        figures.futa_exempt += paid - wage
        figures.futa_over += wage - taxable
        figures.futa_wages += taxable

    def _held(self, slip: Payslip, wages: list[int]) -> dict[str, int]:
        """What the payslip holds by kind and side; a tax of both halves is split where the rates make just its amount."""
        held: dict[str, int] = defaultdict(int)
        for side, items in (("employee", slip.employee_taxes), ("employer", slip.employer_taxes)):
            for item in items:
                kind = _kind(item)
                if kind == BOTH:
                    parts = self._split(item.amount, wages, self.social[slip.employee_id])
                    if parts is None:
                        self.unread.add(item.name)
                        continue
                    held[f"social {side}"] += parts[0]
                    held[f"medicare {side}"] += parts[1]
                elif kind is None:
                    self.unread.add(item.name)
                elif kind:
                    held[f"{kind} {side}"] += item.amount
        return held

    def _split(self, amount: int, wages: list[int], earned: int) -> tuple[int, int] | None:
        """Social Security and Medicare of a tax of both, below the wage base; None where no wage of the payslip makes it."""
        year = self.year
        for wage in wages:
            whole = share(wage, year.social_security_rate + year.medicare_rate)
            if earned + wage <= year.social_security_base and abs(amount - whole) <= 1:
                social = share(wage, year.social_security_rate)
                return social, amount - social
        return None


def _wages(slip: Payslip) -> list[int]:
    """What a tax of the payslip may have been taken from: gross pay less any of the benefits, lowest first."""
    gross = sum(item.amount for item in slip.earnings)
    benefits = [item.amount for item in slip.deductions if item.kind == "benefit"]
    if len(benefits) > _MOST_BENEFITS:
        return sorted({gross - sum(benefits), gross})
    chosen = chain.from_iterable(combinations(benefits, size) for size in range(len(benefits) + 1))
    return sorted({gross - sum(some) for some in chosen})


def _taxed(held: dict[str, int], year: TaxYear, wages: list[int]) -> int:
    """Medicare wages: the wage that makes the tax, of several the one that makes Social Security too; 0 without the tax."""
    medicare = held["medicare employer"] or held["medicare employee"]
    social = held["social employer"] or held["social employee"]
    if not medicare:
        return 0
    return min(
        wages,
        key=lambda wage: (_off(medicare, wage, year.medicare_rate), _off(social, wage, year.social_security_rate)),
    )


def _base(taxed: int, held: dict[str, int], year: TaxYear, wages: list[int], before: int) -> int:
    """Social Security wages before the cap: as for Medicare, unless the tax says otherwise of a payslip below the cap."""
    tax, rate = held["social employer"] or held["social employee"], year.social_security_rate
    if not tax or before + taxed > year.social_security_base or _off(tax, taxed, rate) <= 1:
        return taxed
    return min(wages, key=lambda wage: _off(tax, wage, rate))


def _off(tax: int, wage: int, rate: int) -> int:
    return abs(tax - share(wage, rate))


#: A tax that is Social Security and Medicare in one.
BOTH = "both"
#: Names under which a register gives all taxes in one figure.
_WHOLE_NAMES = {"employee taxes", "employer taxes", "taxes", "payroll taxes"}


def _kind(item: PayItem) -> str | None:
    """``income``, ``social``, ``medicare``, ``both`` or ``futa``; '' for a tax of other returns (states); None for all in one."""
    word = item.name.lower().strip()
    is_social = "social security" in word or "oasdi" in word
    if (is_social and "medicare" in word) or word == "fica":
        return BOTH
    if is_social:
        return "social"
    if "medicare" in word:
        return "medicare"
    if "futa" in word or "federal unemployment" in word:
        return "futa"
    if word in _WHOLE_NAMES:
        return None
    return "income" if word.startswith("federal income") or word in {"fit", "federal withholding"} else ""


def of_941(name: str) -> bool:
    """Is a tax of this name deposited with Form 941 (federal income tax, Social Security, Medicare)?"""
    return _kind(PayItem(name=name, amount=0)) in {"income", "social", "medicare", BOTH}


def of_940(name: str) -> bool:
    """Is a tax of this name deposited with Form 940 (federal unemployment)?"""
    return _kind(PayItem(name=name, amount=0)) == "futa"


def share(amount: int, rate: int) -> int:
    """A rate in basis points of an amount, to the nearest cent, halves away from zero."""
    part = abs(amount) * rate
    return (1 if amount >= 0 else -1) * ((2 * part + _WHOLE) // (2 * _WHOLE))
