"""Contractors over a year for Form 1099-NEC. Amounts in cents.

The threshold is a parameter of the year: $600 to 2025, $2,000 for payments made after December 31, 2025 (P.L. 119-21 section
70433, which amends section 6041(a) of the Internal Revenue Code; from 2027 on it follows prices). Who is reported gives a
Form W-9 first: without a taxpayer number the payer withholds 24 % (section 3406, backup withholding).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.payroll_tax import TAX_YEARS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The name of what the books hold without a party; nobody is reported under it.
NOBODY = "No party"


@dataclass(frozen=True, slots=True)
class Payee:
    """A contractor over a year: paid through the payroll system (``paid``), and what the books hold (``ledger``)."""

    name: str
    paid: int
    ledger: int
    reported: bool

    @property
    def difference(self) -> int:
        return self.ledger - self.paid

    @property
    def amount(self) -> int:
        """What Form 1099-NEC reports: the larger of the two."""
        return max(self.paid, self.ledger)


def contractors(paid: Mapping[str, int], ledger: Mapping[str, int], year: int) -> list[Payee]:
    """Each contractor's year, the largest first; ``reported`` from the year's Form 1099-NEC threshold on."""
    names = sorted({*paid, *ledger}, key=lambda name: (-max(paid.get(name, 0), ledger.get(name, 0)), name.casefold()))
    limit = TAX_YEARS[year].nec_threshold
    made = ((name, paid.get(name, 0), ledger.get(name, 0)) for name in names)
    return [Payee(name, one, other, name != NOBODY and max(one, other) >= limit) for name, one, other in made]
