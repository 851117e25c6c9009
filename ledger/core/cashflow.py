"""The cash-flow statement, indirect: net income to the change in cash, through every other balance-sheet account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.core.accounts import BALANCE_SHEET_TYPES, GROUPS, Account, Flow
from ledger.core.period import before
from ledger.core.statements import Books, Column, Row, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.core.period import Point

_TITLES: dict[Flow, str] = {
    "operating": "Operating activities",
    "investing": "Investing activities",
    "financing": "Financing activities",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CashFlow:
    """Positive figures bring cash in. ``opening`` + ``net_change`` = ``closing``, the balance of the cash accounts."""

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    opening: tuple[int, ...]
    net_change: tuple[int, ...]
    closing: tuple[int, ...]

    @property
    def differences(self) -> tuple[int, ...]:
        """Opening + change − closing by column: all nil, or an account is missing from the statement."""
        rows = zip(self.opening, self.net_change, self.closing, strict=True)
        return tuple(opening + change - closing for opening, change, closing in rows)


def cash_flow(books: Books, columns: Sequence[Column]) -> CashFlow:
    """Net income, then each non-cash balance-sheet account's movement in the part its group (or ``flow``) names."""
    moved = [books.moved(column.first, column.last) for column in columns]
    income = Row("", "Net income", tuple(books.profit(column.first, column.last) for column in columns))
    rows: dict[Flow, list[Row]] = {"operating": [income], "investing": [], "financing": []}
    for account in books.accounts:
        if account.is_cash or account.type not in BALANCE_SHEET_TYPES:
            continue
        figures = tuple(-sums.get(account.key, 0) for sums in moved)
        if any(figures):
            rows[part_of(account)].append(Row(account.key, account.name, figures))
    sections = tuple(
        Section(
            flow,
            _TITLES[flow],
            tuple(found),
            tuple(sum(row.figures[at] for row in found) for at in range(len(columns))),
        )
        for flow, found in rows.items()
    )
    return CashFlow(
        columns=tuple(columns),
        sections=sections,
        opening=tuple(_cash(books, before(column.first)) for column in columns),
        net_change=tuple(sum(section.totals[at] for section in sections) for at in range(len(columns))),
        closing=tuple(_cash(books, column.last) for column in columns),
    )


def part_of(account: Account) -> Flow:
    return account.flow or GROUPS[account.placed][2]


def _cash(books: Books, through: Point) -> int:
    sums = books.moved(None, through)
    return sum(sums.get(account.key, 0) for account in books.accounts if account.is_cash)
