"""Foreign money at a month's end: what it is worth at that day's rate against what the books carry it at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.currency import home_value
from ledger.core.entry import DraftEntry, Foreign, credit, debit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from ledger.core.period import Month

PURPOSE, BACK = "revaluation", "revaluation-reversal"
#: Roles whose foreign balance is money or turns into money at the day's rate; what is owed by and to names is revalued by the
#: accounting system, which keeps each name's currency.
MONEY = (
    "bank",
    "card",
    "clearing",
    "in-transit",
    "reserve",
    "disputed-funds",
    "undeposited",
    "cash-drawer",
    "loan-payable",
)


@dataclass(frozen=True, slots=True)
class Position:
    """A balance kept in a foreign currency: ``foreign`` in its minor units and ``carried`` in those of the home currency, both
    debit − credit. ``account`` is the ledger account, ``role`` and ``key`` its place.
    """

    account: int
    role: str
    key: str
    currency: str
    foreign: int
    carried: int

    def worth(self, home: str, rate: Decimal) -> int:
        """In minor units of ``home`` at ``rate`` (home per unit). Raises MoneyError for what is no currency."""
        return home_value(self.foreign, self.currency, home, rate)

    def gain(self, home: str, rate: Decimal) -> int:
        """Unrealised gain in minor units of ``home``; negative is a loss."""
        return self.worth(home, rate) - self.carried


def revaluation(
    positions: Iterable[Position], currency: str, home: str, rate: Decimal, month: Month
) -> tuple[DraftEntry, ...]:
    """The entry of a month's last day for one currency, and its mirror on the first of the next; none where nothing moves.

    Gain: Dr the balance; Cr exchange gain or loss. Loss: the mirror. The foreign amounts stay (a line says 0 of them): only
    what they are worth moves. IAS 21.23 and 28; ASC 830-20-35.
    """
    beside = Foreign(0, currency, int((rate * 1_000_000).to_integral_value()))
    gains = [(position, position.gain(home, rate)) for position in positions]
    lines = tuple(
        line._replace(foreign=beside) for position, gain in gains for line in debit(position.role, gain, position.key)
    )
    lines += credit("fx", sum(gain for _position, gain in gains))
    if not lines:
        return ()
    memo = f"{currency} revalued at {rate.normalize():f} of {month.last:%b} {month.last.day}"
    back = tuple(line._replace(debit=line.credit, credit=line.debit) for line in lines)
    return (
        DraftEntry(PURPOSE, month.last, memo, lines, home, month.next.first),
        DraftEntry(BACK, month.next.first, f"Reversal of {memo}", back, home),
    )
