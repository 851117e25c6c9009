"""Running balances prove the order and the signs of lines."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = tuple[Decimal, Decimal | None]


def direction(steps: Sequence[Step]) -> str:
    """``up`` when each (amount, balance after it) leads to the next, ``down`` when the file runs newest first, else empty.

    At least two balances are needed to prove anything.
    """
    if _holds(steps):
        return "up"
    return "down" if _holds(steps[::-1]) else ""


def _holds(steps: Sequence[Step]) -> bool:
    balance: Decimal | None = None
    moved = Decimal(0)
    proved = False
    for amount, after in steps:
        moved += amount
        if after is None:
            continue
        if balance is not None:
            if balance + moved != after:
                return False
            proved = True
        balance, moved = after, Decimal(0)
    return proved


def ends(steps: Sequence[Step]) -> tuple[Decimal, Decimal] | None:
    """(opening, closing) of lines whose balances prove them, or of one line with its balance; None when nothing is proved."""
    way = direction(steps) or ("up" if len(steps) == 1 and steps[0][1] is not None else "")
    if not way:
        return None
    ordered = steps if way == "up" else steps[::-1]
    moved = Decimal(0)
    for amount, after in ordered:
        moved += amount
        if after is not None:
            opening = after - moved
            return opening, opening + sum((step[0] for step in ordered), Decimal(0))
    return None
