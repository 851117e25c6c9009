"""Roll-forwards: opening, additions, amortised, disposals, closing, for one schedule or for all of one account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ledger.core.period import Month
    from ledger.core.schedules.terms import Row


@dataclass(frozen=True, slots=True)
class Item:
    """A schedule as its account sees it: ``amount`` enters on ``added_on``, rows take it down, ``left`` leaves on ``ended_on``."""

    amount: int
    added_on: date
    rows: Sequence[Row]
    ended_on: date | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """One month. Minor units, positive on the account's usual side; ``amortised`` and ``disposed`` lower the closing."""

    opening: int = 0
    added: int = 0
    amortised: int = 0
    disposed: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.added - self.amortised - self.disposed

    @property
    def down(self) -> int:
        """What was amortised, as it moves the balance."""
        return -self.amortised

    @property
    def gone(self) -> int:
        """What left with an end, as it moves the balance."""
        return -self.disposed

    def __add__(self, other: Roll) -> Roll:
        return Roll(
            self.opening + other.opening,
            self.added + other.added,
            self.amortised + other.amortised,
            self.disposed + other.disposed,
        )


def roll(item: Item, month: Month) -> Roll:
    """The item's month."""
    first = month.first
    opening = item.amount if item.added_on < first else 0
    opening -= sum(row.amount for row in item.rows if row.on < first)
    if item.ended_on is not None and item.ended_on < first:
        opening -= item.left
    return Roll(
        opening,
        item.amount if item.added_on in month else 0,
        sum(row.amount for row in item.rows if row.on in month),
        item.left if item.ended_on is not None and item.ended_on in month else 0,
    )


def total(rolls: Iterable[Roll]) -> Roll:
    """All of them together."""
    return sum(rolls, Roll())
