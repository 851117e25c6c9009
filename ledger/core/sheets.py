"""Statements as sheets: heads, lines and cells that a page, a spreadsheet and a print show alike. Pure.

A cell is a figure (minor units) that may open to its lines, a change against the first figure, a share (basis points), or the sum
of the figures before it. Totals name the lines they add up, so that a spreadsheet can compute them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.core import cashflow
from ledger.core import statements as core
from ledger.core.accounts import INCOME_STATEMENT_TYPES, Account, reading_order
from ledger.core.period import before

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.core.statements import Books, Column, Section

Kind = Literal["figure", "change", "percent", "share", "text", "sum"]
Style = Literal["", "grp", "sub", "tot"]


class Head(NamedTuple):
    """A column's head. ``starts`` begins a group of columns; ``of`` is the place of the figure it belongs to; ``currency`` is its
    own where the columns' currencies differ.
    """

    label: str
    kind: Kind = "figure"
    starts: bool = False
    of: int = 0
    currency: str = ""


class Cell(NamedTuple):
    """``amount``: minor units of a figure, sum or change, basis points of a percent or share; None shows nothing.

    ``opens`` is the column whose lines it opens to, −1 for none; ``is_good`` says whether a change is favourable.
    """

    kind: Kind
    amount: int | None = None
    opens: int = -1
    is_good: bool | None = None
    text: str = ""


class Line(NamedTuple):
    """``key`` is the account (or what else the figures open to), '' for a computed line. ``adds``: (sign, place of a line)."""

    style: Style
    label: str
    key: str
    cells: tuple[Cell, ...] = ()
    adds: tuple[tuple[int, int], ...] = ()
    leads: str = ""


class Proof(NamedTuple):
    """What must hold: the words when it does, the words when not, and by how much it does not."""

    holds: str
    fails: str
    difference: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A statement as it is shown. ``base`` is the place of the line that shares are of."""

    slug: str
    title: str
    columns: tuple[Column, ...]
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    proof: Proof | None = None
    first_head: str = ""
    base: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(line.key for line in self.lines)


@dataclass(frozen=True, slots=True)
class Wish:
    """How columns are compared: by place, whether a change against the first is shown, and whether shares of income are."""

    changes: frozenset[int] = frozenset()
    shares: bool = False


@dataclass(slots=True)
class _Builder:
    columns: Sequence[Column]
    wish: Wish
    base: tuple[int, ...] = ()
    lines: list[Line] = field(default_factory=list)

    def heads(self) -> tuple[Head, ...]:
        made = []
        for at, column in enumerate(self.columns):
            made.append(Head(column.label, starts=at > 0, of=at))
            if self.base and (at == 0 or at not in self.wish.changes):
                made.append(Head("% income", "share", of=at))
            if at in self.wish.changes:
                made += [Head("Change", "change", of=at), Head("%", "percent", of=at)]
        return tuple(made)

    def cells(self, figures: Sequence[int], *, good: bool | None, opens: bool) -> tuple[Cell, ...]:
        """``good``: whether more of it is favourable; None where neither is."""
        made = []
        for at, figure in enumerate(figures):
            made.append(Cell("figure", figure, at if opens else -1))
            if self.base and (at == 0 or at not in self.wish.changes):
                made.append(Cell("share", _share(figure, self.base[at])))
            if at in self.wish.changes:
                change = core.variance(figures[0], figure, more_is_good=bool(good))
                is_good = None if good is None else change.favourable
                made += [Cell("change", change.amount, is_good=is_good), Cell("percent", change.basis_points)]
        return tuple(made)

    def add(
        self,
        label: str,
        figures: Sequence[int],
        *,
        key: str = "",
        style: Style = "",
        good: bool | None = False,
        adds: Iterable[tuple[int, int]] = (),
        leads: str = "",
    ) -> int:
        """Append a line; gives its place."""
        self.lines.append(Line(style, label, key, self.cells(figures, good=good, opens=bool(key)), tuple(adds), leads))
        return len(self.lines) - 1

    def section(
        self, section: Section, *, title: str = "", leads: dict[str, str] | None = None, is_plain: bool = False
    ) -> int | None:
        """A group with its accounts and total; gives the total's place, None where nothing is in it. ``is_plain``: a group of one
        account has no total beside it.
        """
        if not section.rows:
            return None
        good = core.more_is_good(section.slug)
        self.lines.append(Line("grp", section.title, ""))
        places = [
            self.add(row.label, row.figures, key=row.key, good=good, leads=(leads or {}).get(row.label, ""))
            for row in section.rows
        ]
        if is_plain and len(places) == 1:
            return places[0]
        return self.add(
            title or f"Total {section.title.lower()}",
            section.totals,
            style="sub",
            good=good,
            adds=[(1, place) for place in places],
        )

    def sheet(self, slug: str, title: str, proof: Proof | None, notes: Sequence[str] = ()) -> Sheet:
        return Sheet(
            slug=slug,
            title=title,
            columns=tuple(self.columns),
            heads=self.heads(),
            lines=tuple(self.lines),
            proof=proof,
            notes=tuple(notes),
        )


def _share(figure: int, base: int) -> int | None:
    """``figure`` in basis points of ``base``, half away from zero; None of nothing."""
    return core.variance(base + figure, base, more_is_good=True).basis_points if base > 0 else None


def _adds(*places: tuple[int, int | None]) -> list[tuple[int, int]]:
    return [(sign, place) for sign, place in places if place is not None]


def profit_and_loss(books: Books, columns: Sequence[Column], wish: Wish) -> Sheet:
    """Income to net income. Shares are of each column's own total income."""
    made = core.income_statement(books, columns)
    build = _Builder(columns, wish, base=made.section("income").totals if wish.shares else ())
    totals: dict[str, int | None] = {}
    gross = operating = None
    for section in made.sections:
        totals[section.slug] = build.section(section)
        if section.slug == "cost-of-goods-sold" and section.rows:
            parts = _adds((1, totals["income"]), (-1, totals[section.slug]))
            gross = build.add("Gross profit", made.gross_profit, style="sub", good=True, adds=parts)
        if section.slug == "expenses" and any(made.section(slug).rows for slug in ("other-income", "other-expenses")):
            parts = _adds((1, gross if gross is not None else totals["income"]), (-1, totals["expenses"]))
            operating = build.add("Operating income", made.operating_income, style="sub", good=True, adds=parts)
    if operating is not None:
        last = _adds((1, operating), (1, totals["other-income"]), (-1, totals["other-expenses"]))
    else:
        last = _adds((1, gross if gross is not None else totals["income"]), (-1, totals["expenses"]))
    build.add("Net income", made.net_income, style="tot", good=True, adds=last)
    return replace(build.sheet("pl", "Profit and loss", None), base=totals["income"])


def balance_sheet(books: Books, columns: Sequence[Column], wish: Wish) -> Sheet:
    """Assets by how soon they are cash, liabilities by how soon they are due, equity; current ones with a total of their own."""
    made = core.balance_sheet(books, columns)
    build = _Builder(columns, wish)
    totals: dict[str, int | None] = {}
    liabilities = None
    for section in made.sections:
        totals[section.slug] = build.section(section, leads={core.EARNED: "pl"}, is_plain=section.slug != "equity")
        if section.slug == "current-assets":
            _current(build, made, totals, core.CURRENT_ASSETS, "Total current assets")
        if section.slug == "other-assets":
            parts = _adds(*((1, totals[slug]) for slug in (*core.CURRENT_ASSETS, "fixed-assets", "other-assets")))
            build.add("Total assets", made.assets, style="tot", good=True, adds=parts)
        if section.slug == "current-liabilities":
            _current(build, made, totals, core.CURRENT_LIABILITIES, "Total current liabilities")
        if section.slug == "long-term-liabilities":
            parts = _adds(*((1, totals[slug]) for slug in (*core.CURRENT_LIABILITIES, "long-term-liabilities")))
            liabilities = build.add("Total liabilities", made.liabilities, style="sub", adds=parts)
    both = tuple(left + right for left, right in zip(made.liabilities, made.equity, strict=True))
    build.add(
        "Liabilities and equity", both, style="tot", good=None, adds=_adds((1, liabilities), (1, totals["equity"]))
    )
    proof = Proof("Balances", "Does not balance", next(filter(None, made.differences), 0))
    return build.sheet("bs", "Balance sheet", proof)


def _current(
    build: _Builder, made: core.BalanceSheet, totals: dict[str, int | None], slugs: Sequence[str], label: str
) -> None:
    """The total of the current groups, where there are several and the side has others besides."""
    parts = _adds(*((1, totals[slug]) for slug in slugs))
    if len(parts) > 1 and made.has_more_than(slugs):
        sums = zip(*(made.section(slug).totals for slug in slugs), strict=True)
        good = core.more_is_good(slugs[0])
        build.add(label, [sum(figures) for figures in sums], style="sub", good=good, adds=parts)


def cash_flow(books: Books, columns: Sequence[Column], wish: Wish) -> Sheet:
    """Indirect: net income, what moved without cash, investing, financing; ends at the cash accounts' balance."""
    made = cashflow.cash_flow(books, columns)
    build = _Builder(columns, wish)
    parts = []
    for section in made.sections:
        title = f"Net cash from {section.title.lower()}"
        parts.append((1, build.section(section, title=title, leads={"Net income": "pl"})))
    change = build.add("Change in cash", made.net_change, style="sub", good=True, adds=_adds(*parts))
    opening = build.add("Cash at the start", made.opening, good=None)
    build.add("Cash at the end", made.closing, style="tot", good=True, adds=[(1, opening), (1, change)])
    proof = Proof("Ties to cash", "Does not tie to cash", next(filter(None, made.differences), 0))
    return build.sheet("cf", "Cash flow", proof)


def trial_balance(books: Books, columns: Sequence[Column], _wish: Wish) -> Sheet:
    """Every account with a balance at each column's end, on the side where it stands."""
    made = [core.trial_balance(books, column.last) for column in columns]
    accounts = {row.account.key: row.account for one in made for row in one.rows}
    ordered = sorted(accounts.values(), key=reading_order)
    sides = [{row.account.key: (row.debit, row.credit) for row in one.rows} for one in made]
    lines = [
        Line(
            "",
            account.name,
            account.key,
            tuple(
                Cell("figure", side.get(account.key, (0, 0))[which] or None, at)
                for at, side in enumerate(sides)
                for which in (0, 1)
            ),
        )
        for account in ordered
    ]
    totals = tuple(Cell("figure", amount) for one in made for amount in (one.debits, one.credits))
    lines.append(Line("tot", "Debits = credits", "", totals, tuple((1, place) for place in range(len(lines)))))
    heads = [
        Head(f"{column.label}, debit" if which == 0 else "Credit", starts=at > 0 and which == 0, of=at)
        for at, column in enumerate(columns)
        for which in (0, 1)
    ]
    return Sheet(
        slug="tb",
        title="Trial balance",
        columns=tuple(columns),
        heads=tuple(heads),
        lines=tuple(lines),
        proof=Proof("Debits = credits", "Does not balance", made[0].difference),
    )


def general_ledger(books: Books, column: Column) -> Sheet:
    """Every account that has a balance or moved: opening, debits, credits, closing (debits − credits).

    Income and expenses open with the fiscal year in which the period begins; older profit stands in retained earnings.
    """
    year = books.year_start(column.first)
    earlier = before(column.first)
    carried = books.profit(None, year.previous)
    opening = {
        account.key: books.net(account.key, year if account.type in INCOME_STATEMENT_TYPES else None, earlier)
        for account in books.accounts
    }
    chart = list(books.accounts)
    if carried and books.retained_earnings:
        opening[books.retained_earnings] = opening.get(books.retained_earnings, 0) - carried
    elif carried:
        chart.append(Account(key=core.RETAINED_EARNINGS, name="Retained earnings", type="equity"))
        opening[core.RETAINED_EARNINGS] = -carried
    sides = _sides(books, column)
    lines = []
    for account in sorted(chart, key=reading_order):
        start, (debited, credited) = opening.get(account.key, 0), sides.get(account.key, (0, 0))
        if start or debited or credited:
            figures = (start, debited, credited, start + debited - credited)
            cells = tuple(Cell("figure", figure, 0) for figure in figures)
            lines.append(Line("", account.name, account.key, cells))
    totals = [sum(line.cells[at].amount or 0 for line in lines) for at in range(4)]
    cells = tuple(Cell("figure", total) for total in totals)
    lines.append(Line("tot", "All accounts", "", cells, tuple((1, place) for place in range(len(lines)))))
    heads = (Head("Opening"), Head("Debits", starts=True), Head("Credits"), Head("Closing", starts=True))
    difference = totals[1] - totals[2] or totals[3]
    return Sheet(
        slug="gl",
        title="General ledger",
        columns=(column,),
        heads=heads,
        lines=tuple(lines),
        proof=Proof("Debits = credits", "Does not balance", difference),
    )


def _sides(books: Books, column: Column) -> dict[str, tuple[int, int]]:
    """Debits and credits by account within the column."""
    first, last = books.span(column.first, column.last)
    found: dict[str, tuple[int, int]] = {}
    for rows in books.in_order()[first:last]:
        for key, (debited, credited) in rows.items():
            so_far = found.get(key, (0, 0))
            found[key] = (so_far[0] + debited, so_far[1] + credited)
    return found
