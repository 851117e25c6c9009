"""Form 940, the year's federal unemployment tax, from the payroll registers. Amounts in cents.

Sources: IRS Form 940 and its instructions, Publication 15 section 14, Topic 759: 6.0 % of the first $7,000 of each employee's
wages, 0.6 % after the full credit of 5.4 % for state unemployment tax paid in time. A state that owes the federal fund is
a credit-reduction state: the Department of Labor names them in November, Schedule A sums them on line 11, and the amount
belongs to the fourth quarter. Registers do not name an employee's state, so line 11 is taken only where it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.payroll_deposits import futa_dues
from ledger.core.payroll_returns import share
from ledger.core.payroll_tax import TAX_YEARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.core.payroll_deposits import Due, Quarter
    from ledger.core.payroll_returns import PayrollYear


@dataclass(frozen=True, slots=True)
class Form940:
    """A year's Form 940. ``line_3`` … are payments; ``held`` is the tax the registers hold by quarter; ``line_11`` the credit
    reduction, None where none is given.
    """

    year: int
    line_3: int
    line_4: int
    line_5: int
    wages: tuple[int, int, int, int]
    held: tuple[int, int, int, int]
    line_11: int | None = None

    @property
    def line_6(self) -> int:
        """Payments that are not taxed: exempt, and above each employee's $7,000."""
        return self.line_4 + self.line_5

    @property
    def line_7(self) -> int:
        """Taxable wages."""
        return self.line_3 - self.line_6

    @property
    def line_8(self) -> int:
        """The tax at 0.6 %."""
        return share(self.line_7, TAX_YEARS[self.year].futa_net_rate)

    @property
    def line_12(self) -> int:
        """Total tax: line 8 and the credit reduction."""
        return self.line_8 + (self.line_11 or 0)

    @property
    def liabilities(self) -> dict[Quarter, int]:
        """Lines 16a to 16d: each quarter's liability; they sum to line 12, the credit reduction in the fourth."""
        rate, sums, so_far = TAX_YEARS[self.year].futa_net_rate, [], 0
        for wages in self.wages:
            sums.append(share(so_far + wages, rate) - share(so_far, rate))
            so_far += wages
        sums[3] += self.line_11 or 0
        return {(self.year, number): amount for number, amount in enumerate(sums, 1)}

    @property
    def dues(self) -> list[Due]:
        return futa_dues(self.liabilities)

    def lines(self) -> dict[str, int]:
        """The lines by their numbers; 11 only where it is given."""
        quarters = dict(zip(("16a", "16b", "16c", "16d"), self.liabilities.values(), strict=True))
        given = {} if self.line_11 is None else {"11": self.line_11}
        return {
            "3": self.line_3,
            "4": self.line_4,
            "5": self.line_5,
            "6": self.line_6,
            "7": self.line_7,
            "8": self.line_8,
            **given,
            "12": self.line_12,
            **quarters,
        }


def form_940(read: PayrollYear, given: Mapping[str, int] | None = None) -> Form940:
    """The year's form; ``given``: lines of the return as filed, of which 11 is taken."""
    one, two, three, four = read.quarters
    return Form940(
        read.year,
        line_3=sum(quarter.wages_high for quarter in read.quarters),
        line_4=sum(quarter.futa_exempt for quarter in read.quarters),
        line_5=sum(quarter.futa_over for quarter in read.quarters),
        wages=(one.futa_wages, two.futa_wages, three.futa_wages, four.futa_wages),
        held=(one.futa_held, two.futa_held, three.futa_held, four.futa_held),
        line_11=(given or {}).get("11"),
    )
