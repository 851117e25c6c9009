"""The same books otherwise: on the cash basis, or one class or department of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.core.openitems import UNAPPLIED
from ledger.core.period import Month
from ledger.core.statements import Books

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from ledger.core.accounts import Account
    from ledger.core.openitems import Adjustment
    from ledger.core.period import Point


class Edges:
    """The days inside months at which columns end: a month with such a day is told in parts (see ``Books``)."""

    def __init__(self, days: Iterable[date]) -> None:
        self._parts: dict[Month, list[date]] = defaultdict(list)
        for day in sorted(set(days)):
            month = Month.of(day)
            if day != month.last:
                self._parts[month].append(day)

    @property
    def months(self) -> list[Month]:
        """The months that are told in parts."""
        return sorted(self._parts)

    def parts(self, month: Month) -> list[date]:
        """The last days of the parts of a month that is told in parts."""
        return [*self._parts[month], month.last]

    def place(self, day: date) -> Point:
        """The month a day falls into, or the part of it."""
        month = Month.of(day)
        if month not in self._parts:
            return month
        return next(end for end in self.parts(month) if day <= end)


def on_cash_basis(books: Books, adjustments: Iterable[Adjustment], edges: Edges | None = None) -> Books:
    """The books with what the cash basis puts off and brings back; ``edges`` are those the books were told with."""
    edges = edges or Edges(())
    sums: dict[Point, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in adjustments:
        sums[edges.place(one.on)][one.account] += one.raw
    activity: dict[Point, dict[str, tuple[int, int]]] = {point: dict(rows) for point, rows in books.activity.items()}
    for point, moved in sums.items():
        rows = activity.setdefault(point, {})
        for key, raw in moved.items():
            debited, credited = rows.get(key, (0, 0))
            rows[key] = (debited + max(raw, 0), credited + max(-raw, 0))
    used = {one.account for one in adjustments}
    unapplied = [account for account in UNAPPLIED.values() if account.key in used]
    return replace(books, accounts=[*books.accounts, *unapplied], activity=activity)


def by_tag(
    accounts: Sequence[Account], sums: Mapping[str, Mapping[str, int]], last: Point, *, fiscal_year_start: int = 1
) -> dict[str, Books]:
    """Books of one column for each tag (a class, a department, '' for lines without): debits − credits by account, all at
    ``last``. Tags by name, '' at the end.
    """
    found = {}
    for tag in sorted(sums, key=lambda tag: (not tag, tag.casefold())):
        rows = {key: (max(raw, 0), max(-raw, 0)) for key, raw in sums[tag].items() if raw}
        if rows:
            found[tag] = Books(accounts=accounts, activity={last: rows}, fiscal_year_start=fiscal_year_start)
    return found
