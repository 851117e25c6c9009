"""What payroll registers say for the returns: Form 941 by quarter, the boxes of W-2 and W-3 by year. Amounts in cents.

Sources: IRS Form 941 and its instructions (lines 1 to 12), General Instructions for Forms W-2 and W-3, IRS Publication 15.
A run counts in the quarter of its check date. A register names taxes, not taxable wages, so that these are taken from gross
pay less the benefits that were evidently not taxed, up to the year's caps for each employee.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.core.payroll_tax import TAX_YEARS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.records import PayItem, PayrollRun, Payslip
    from ledger.core.payroll_tax import TaxYear

_WHOLE = 10_000


@dataclass(kw_only=True, slots=True)
class Form941:
    """One quarter's Form 941 as the registers make it. ``wages_low`` takes every benefit off gross pay, ``wages_high`` none: line 2
    lies between them. ``withheld`` … are what the registers hold; ``ss_wages`` … the taxable wages.
    """

    year: int
    quarter: int
    employees: set[str] = field(default_factory=set)
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

    @property
    def line_5a(self) -> int:
        """Social Security on wages, both halves: 12.4 %."""
        return _share(self.ss_wages, 2 * TAX_YEARS[self.year].social_security_rate)

    @property
    def line_5c(self) -> int:
        """Medicare on wages, both halves: 2.9 %."""
        return _share(self.medicare_wages, 2 * TAX_YEARS[self.year].medicare_rate)

    @property
    def line_5d(self) -> int:
        """Additional Medicare, the employees' alone: 0.9 % above the year's limit."""
        return _share(self.additional_wages, TAX_YEARS[self.year].additional_medicare_rate)

    @property
    def line_6(self) -> int:
        """Total taxes before adjustments."""
        return self.withheld + self.line_5a + self.line_5c + self.line_5d

    @property
    def line_10(self) -> int:
        """Total taxes after adjustments: what the registers hold of federal income tax, Social Security and Medicare."""
        return self.withheld + self.ss_employee + self.ss_employer + self.medicare_employee + self.medicare_employer

    @property
    def line_7(self) -> int:
        """The quarter's fractions of cents: what was held of employees' taxes otherwise than the rates make of the sums."""
        return self.line_10 - self.line_6

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
    """A year's four quarters and what could not be read from its registers (``unread``: names of taxes with no line)."""

    year: int
    quarters: tuple[Form941, ...]
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
    """The year's returns from its runs. Raises KeyError for a year without parameters (``TAX_YEARS``)."""
    parameters = TAX_YEARS[year]
    quarters = tuple(Form941(year=year, quarter=number) for number in (1, 2, 3, 4))
    social: dict[str, int] = defaultdict(int)
    medicare: dict[str, int] = defaultdict(int)
    unread: set[str] = set()
    own = [run for run in runs if run.booked_on.year == year]
    for run in sorted(own, key=lambda run: (run.booked_on, run.external_id)):
        form, sign = quarters[(run.booked_on.month - 1) // 3], -1 if run.reverses else 1
        for slip in run.payslips:
            _add(form, slip, sign, parameters, social, medicare, unread)
    return PayrollYear(year, quarters, tuple(sorted(unread)))


def _add(
    form: Form941,
    slip: Payslip,
    sign: int,
    year: TaxYear,
    social: dict[str, int],
    medicare: dict[str, int],
    unread: set[str],
) -> None:
    high = sum(item.amount for item in slip.earnings)
    low = high - sum(item.amount for item in slip.deductions if item.kind == "benefit")
    held: dict[str, int] = defaultdict(int)
    for side, items in (("employee", slip.employee_taxes), ("employer", slip.employer_taxes)):
        for item in items:
            kind = _kind(item)
            if kind is None:
                unread.add(item.name)
            elif kind:
                held[f"{kind} {side}"] += item.amount
    form.employees.add(slip.employee_id)
    form.wages_low += sign * low
    form.wages_high += sign * high
    form.withheld += sign * held["income employee"]
    form.ss_employee += sign * held["social employee"]
    form.ss_employer += sign * held["social employer"]
    form.medicare_employee += sign * held["medicare employee"]
    form.medicare_employer += sign * held["medicare employer"]
    who = slip.employee_id
    taxed = _wage(held["medicare employer"] or held["medicare employee"], year.medicare_rate, low, high)
    before = medicare[who]
    medicare[who] += sign * taxed
    form.medicare_wages += sign * taxed
    limit = year.additional_medicare_from
    form.additional_wages += max(medicare[who] - limit, 0) - max(before - limit, 0)
    if held["social employer"] or held["social employee"] or social[who] >= year.social_security_base:
        wage, before = _base(taxed, held, year, low, high), social[who]
        social[who] += sign * wage
        form.ss_wages += min(social[who], year.social_security_base) - min(before, year.social_security_base)


def _base(taxed: int, held: dict[str, int], year: TaxYear, low: int, high: int) -> int:
    """Social Security wages before the cap: as for Medicare, unless the tax says otherwise of an uncapped slip."""
    tax = held["social employer"] or held["social employee"]
    if low == high or abs(tax - _share(taxed, year.social_security_rate)) <= 1:
        return taxed
    return _wage(tax, year.social_security_rate, low, high) if tax else taxed


def _wage(tax: int, rate: int, low: int, high: int) -> int:
    """Which of the two wages the tax was taken from."""
    if low == high or not tax:
        return high if tax else 0
    return low if abs(tax - _share(low, rate)) <= abs(tax - _share(high, rate)) else high


def _kind(item: PayItem) -> str | None:
    """``income``, ``social`` or ``medicare``; '' for a tax of other returns (states, FUTA); None for one of both halves."""
    word = item.name.lower()
    is_social = "social security" in word or "oasdi" in word
    if (is_social and "medicare" in word) or word.strip() == "fica":
        return None
    if is_social:
        return "social"
    if "medicare" in word:
        return "medicare"
    return "income" if word.startswith("federal income") or word in {"fit", "federal withholding"} else ""


def _share(amount: int, rate: int) -> int:
    """A rate in basis points of an amount, to the nearest cent, halves away from zero."""
    part = abs(amount) * rate
    return (1 if amount >= 0 else -1) * ((2 * part + _WHOLE) // (2 * _WHOLE))


@dataclass(frozen=True, slots=True)
class Payee:
    """A contractor over a year: paid through payroll or bill tools (``paid``), and what the books hold (``ledger``)."""

    name: str
    paid: int
    ledger: int
    reported: bool

    @property
    def difference(self) -> int:
        return self.ledger - self.paid


def contractors(paid: dict[str, int], ledger: dict[str, int], year: int) -> list[Payee]:
    """Each contractor's year, the largest first; ``reported`` from the year's Form 1099-NEC threshold on."""
    names = sorted({*paid, *ledger}, key=lambda name: (-max(paid.get(name, 0), ledger.get(name, 0)), name.casefold()))
    limit = TAX_YEARS[year].nec_threshold
    return [Payee(name, paid.get(name, 0), ledger.get(name, 0), paid.get(name, 0) >= limit) for name in names]
