"""A table that changes in mid-stream: what closed months hold stays, and the open ones carry the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.core.schedules.terms import Row, running, shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ledger.core.period import Month


def settled(drawn: Sequence[Row], standing: Iterable[Row], first_open: Month, *, spreads: bool = False) -> list[Row]:
    """The table as it is to be booked: ``standing`` rows are those of closed months, ``drawn`` is the table by the new terms.

    What the new terms would have booked by now and what was booked differ by the catch-up, which lands in ``first_open``; with
    ``spreads`` it is carried by all rows from there on in their proportion instead (a change of estimate). ``drawn`` comes to
    what its last row leaves.
    """
    kept = [replace(row, catch_up=0) for row in standing if row.month < first_open]
    later = [row for row in drawn if row.month >= first_open]
    total = sum(row.amount for row in drawn) + (drawn[-1].closing if drawn else 0)
    missed = sum(row.amount for row in drawn if row.month < first_open) - sum(row.amount for row in kept)
    interest = sum(row.interest for row in drawn if row.month < first_open) - sum(row.interest for row in kept)
    if not missed and not interest:
        return running([*kept, *later], total)
    if spreads and later and sum(row.amount for row in later) > 0:
        return running([*kept, *_carried(later, missed, len(drawn))], total)
    at = next((row for row in later if row.month == first_open), Row(first_open.last, 0))
    caught = Row(at.on, at.amount + missed, at.interest + interest, 0, at.catch_up + missed)
    others = [row for row in later if row is not at]
    return running([*kept, *([caught] if caught.amount or caught.interest else []), *others], total)


def _carried(later: Sequence[Row], missed: int, of: int) -> list[Row]:
    """All that is left, over the rows to come in the proportion they had; rows equal but for rounding stay equal."""
    amounts = {row.on: row.amount for row in later}
    interests = {row.on: row.interest for row in later}
    is_even = max(amounts.values()) - min(amounts.values()) < of
    weights = dict.fromkeys(amounts, 1) if is_even else amounts
    carried = shared(sum(amounts.values()) + missed, weights)
    return [replace(row, interest=interests[row.on]) for row in carried if row.amount]


def ended(rows: Sequence[Row], on: date, *, charge: int = 0) -> tuple[list[Row], int]:
    """The rows that stay when a schedule ends on a day, and the balance that leaves with it; minor units.

    ``charge`` is what the month of the end still books, on that day; see ``last_charge``.
    """
    kept = [row for row in rows if row.on < on.replace(day=1)]
    total = sum(row.amount for row in rows)
    if charge:
        kept.append(Row(on, charge, closing=(kept[-1].closing if kept else total) - charge))
    return kept, total - sum(row.amount for row in kept)
