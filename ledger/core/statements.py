"""Financial statements from monthly balances: trial balance, income statement, balance sheet, cash flow. Pure.

Figures are minor units and read naturally: positive on the account's normal side (see ``ledger.core.accounts``). Cost does
not grow with the number of entries, only with accounts × months.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ledger.core.accounts import GROUPS, INCOME_STATEMENT_TYPES, Account, natural, normal_side
from ledger.core.period import FiscalYear, Month, Point, first_day, last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RETAINED_EARNINGS = "retained-earnings"
#: What the year has earned so far, as the balance sheet calls it.
EARNED = "Net income, year to date"
NET_INCOME = "net-income"
_BASIS_POINTS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """What the statements are made of: accounts, and per month and account key (debits, credits).

    A month that some column begins or ends inside of is told in parts, each keyed by its last day; no part reaches over such
    an edge, and no part stands beside its whole month.
    ``retained_earnings`` is the key of the account into which past years' profit falls ('' puts it on a computed row).
    The journal holds no closing entries: profit of past fiscal years is carried to equity by computation.
    """

    accounts: Sequence[Account]
    activity: Mapping[Point, Mapping[str, tuple[int, int]]]
    fiscal_year_start: int = 1
    retained_earnings: str = ""
    _ends: list[int] = field(default_factory=list, init=False, compare=False, repr=False)
    _running: dict[str, list[int]] = field(default_factory=dict, init=False, compare=False, repr=False)
    _earned: list[int] = field(default_factory=list, init=False, compare=False, repr=False)
    _placed: dict[str, list[Account]] = field(default_factory=dict, init=False, compare=False, repr=False)
    _sums: dict[tuple[Point | None, Point], dict[str, int]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        """Each account's balance after each month that moved anything, nil before the first: every figure is a difference."""
        months = sorted((last_day(point).toordinal(), rows) for point, rows in self.activity.items())
        self._ends.extend(index for index, _rows in months)
        moved: dict[str, list[int]] = {}
        for place, (_index, rows) in enumerate(months):
            for key, (debited, credited) in rows.items():
                moved.setdefault(key, [0] * len(months))[place] = debited - credited
        self._running.update((key, [*accumulate(nets, initial=0)]) for key, nets in moved.items())
        earning = [account.key for account in self.accounts if account.type in INCOME_STATEMENT_TYPES]
        profits = [self._running[key] for key in earning if key in self._running]
        self._earned.extend(-sum(sums) for sums in zip(*profits, strict=True))
        for account in self.accounts:
            self._placed.setdefault(account.placed, []).append(account)

    def running(self, key: str) -> Sequence[int] | None:
        """The account's balances (debits − credits), one at each place ``span`` gives; None if nothing ever moved it."""
        return self._running.get(key)

    def in_order(self) -> list[Mapping[str, tuple[int, int]]]:
        """What moved in each month that moved anything, oldest first: one at each place between those ``span`` gives."""
        return [self.activity[point] for point in sorted(self.activity, key=last_day)]

    def placed(self, slug: str) -> Sequence[Account]:
        """The accounts of one group of the statements."""
        return self._placed.get(slug, ())

    def span(self, first: Point | None, last: Point) -> tuple[int, int]:
        """Where ``running`` stands before ``first`` (None: ever) and at the end of ``last``."""
        start = 0 if first is None else bisect_left(self._ends, first_day(first).toordinal())
        return start, bisect_right(self._ends, last_day(last).toordinal())

    def net(self, key: str, first: Point | None, last: Point) -> int:
        """Debits − credits of one account from ``first`` (None: ever) through ``last``."""
        running = self._running.get(key)
        start, end = self.span(first, last)
        return running[end] - running[start] if running else 0

    def moved(self, first: Point | None, last: Point) -> dict[str, int]:
        """Debits − credits by account from ``first`` (None: ever) through ``last``."""
        kept = self._sums.get((first, last))
        if kept is None:
            before, end = self.span(first, last)
            kept = {key: running[end] - running[before] for key, running in self._running.items()}
            self._sums[first, last] = kept
        return kept

    def year_start(self, point: Point) -> Month:
        return FiscalYear.of(month_of(point), self.fiscal_year_start).first

    def profit(self, first: Point | None, last: Point) -> int:
        """Income − expenses; positive is a profit."""
        before, end = self.span(first, last)
        return self._earned[end] - self._earned[before] if self._earned else 0


class TrialBalanceRow(NamedTuple):
    account: Account
    debit: int
    credit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialBalance:
    """Every account with a balance, on the side where it stands."""

    month: Point
    rows: tuple[TrialBalanceRow, ...]

    @property
    def debits(self) -> int:
        return sum(row.debit for row in self.rows)

    @property
    def credits(self) -> int:
        return sum(row.credit for row in self.rows)

    @property
    def difference(self) -> int:
        return self.debits - self.credits

    def raw(self) -> dict[str, int]:
        """Debits − credits by account key."""
        return {row.account.key: row.debit - row.credit for row in self.rows}


def trial_balance(books: Books, month: Point, *, carry_profit: bool = True) -> TrialBalance:
    """Balances at the end of a month or day. Income and expenses run from the fiscal year's start, older profit is in retained
    earnings; ``carry_profit=False`` gives every account's balance since the books began.
    """
    ever = books.moved(None, month)
    year = books.moved(books.year_start(month), month) if carry_profit else ever
    rows: list[TrialBalanceRow] = []
    carried = -books.profit(None, books.year_start(month).previous) if carry_profit else 0
    for account in books.accounts:
        raw = (year if account.type in INCOME_STATEMENT_TYPES else ever).get(account.key, 0)
        if account.key == books.retained_earnings:
            raw, carried = raw + carried, 0
        if raw:
            rows.append(TrialBalanceRow(account, max(raw, 0), max(-raw, 0)))
    if carried:
        computed = Account(key=RETAINED_EARNINGS, name="Retained earnings", type="equity")
        rows.append(TrialBalanceRow(computed, max(carried, 0), max(-carried, 0)))
    return TrialBalance(month=month, rows=tuple(rows))


class Column(NamedTuple):
    """From ``first`` through ``last``; a balance sheet reads only ``last``. ``books``: other books than the statement's own
    (a budget, one class), whose accounts the statement's own must hold too.
    """

    label: str
    first: Point
    last: Point
    books: Books | None = None


def month_column(month: Month) -> Column:
    return Column(month.label, month, month)


def year_to_date(month: Month, fiscal_year_start: int = 1) -> Column:
    return Column("Year to date", FiscalYear.of(month, fiscal_year_start).first, month)


class Row(NamedTuple):
    """One line of a statement; ``key`` is the account's, '' for a computed line. One figure a column."""

    key: str
    label: str
    figures: tuple[int, ...]


class Section(NamedTuple):
    slug: str
    title: str
    rows: tuple[Row, ...]
    totals: tuple[int, ...]


class Variance(NamedTuple):
    """This column against that one. ``basis_points`` is None against nil; ``favourable`` None without a change."""

    amount: int
    basis_points: int | None
    favourable: bool | None


def variance(this: int, that: int, *, more_is_good: bool) -> Variance:
    """Change from ``that`` to ``this``; more income is favourable, more expense is not."""
    change = this - that
    share = None if that == 0 else _rounded(change * _BASIS_POINTS, abs(that))
    return Variance(change, share, None if change == 0 else (change > 0) == more_is_good)


def _rounded(numerator: int, denominator: int) -> int:
    """Half away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def more_is_good(section: str) -> bool:
    """Whether a larger figure of this section is favourable: income and assets are, expenses and liabilities are not."""
    return section not in GROUPS or GROUPS[section][0] in ("income", "asset", "equity")


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomeStatement:
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    gross_profit: tuple[int, ...]
    operating_income: tuple[int, ...]
    net_income: tuple[int, ...]

    def section(self, slug: str) -> Section:
        return next(section for section in self.sections if section.slug == slug)


_INCOME_SECTIONS = ("income", "cost-of-goods-sold", "expenses", "other-income", "other-expenses")


def income_statement(books: Books, columns: Sequence[Column]) -> IncomeStatement:
    """Income to net income, one figure a column; accounts without a figure in any column are left out."""
    spans = _spans(books, [(column.books, column.first, column.last) for column in columns])
    sections = tuple(_section(books, slug, spans) for slug in _INCOME_SECTIONS)
    income, cost, expenses, other_income, other_expenses = (section.totals for section in sections)
    gross = _minus(income, cost)
    operating = _minus(gross, expenses)
    return IncomeStatement(
        columns=tuple(columns),
        sections=sections,
        gross_profit=gross,
        operating_income=operating,
        net_income=_minus(_plus(operating, other_income), other_expenses),
    )


class _Spans(NamedTuple):
    """Where each column's figures stand in the running balances; ``others`` where any column reads other books."""

    places: Sequence[tuple[int, int]]
    others: Sequence[Books] | None

    def raw(self, books: Books, key: str) -> list[int]:
        """Debits − credits of an account in each column."""
        if self.others is None:
            running = books.running(key)
            return (
                [running[end] - running[before] for before, end in self.places] if running else [0] * len(self.places)
            )
        found = [(one.running(key), place) for one, place in zip(self.others, self.places, strict=True)]
        return [running[end] - running[before] if running else 0 for running, (before, end) in found]


def _spans(books: Books, asked: Sequence[tuple[Books | None, Point | None, Point]]) -> _Spans:
    read = [other or books for other, _first, _last in asked]
    places = [one.span(first, last) for one, (_other, first, last) in zip(read, asked, strict=True)]
    return _Spans(places, read if any(one is not books for one in read) else None)


def _section(
    books: Books,
    slug: str,
    spans: _Spans,
    extra: Sequence[Row] = (),
    *,
    carried: Sequence[int] = (),
) -> Section:
    """The accounts of one group in every column; a figure reads on the side of the *section*, so contra shows negative.

    ``carried`` is past years' profit by column; it stands with the account of retained earnings.
    """
    account_type, title, _flow = GROUPS[slug]
    side = normal_side(account_type)
    rows = []
    for account in books.placed(slug):
        raw = spans.raw(books, account.key)
        if carried and account.key == books.retained_earnings:
            raw = [figure - profit for figure, profit in zip(raw, carried, strict=True)]
        if any(raw):
            rows.append(Row(account.key, account.name, tuple([natural(figure, side) for figure in raw])))
    rows += [row for row in extra if any(row.figures)]
    totals = tuple([sum(figures) for figures in zip(*[row.figures for row in rows], strict=True)]) or (0,) * len(
        spans.places
    )
    return Section(slug, title, tuple(rows), totals)


def _plus(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(left + right for left, right in zip(one, other, strict=True))


def _minus(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(left - right for left, right in zip(one, other, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class BalanceSheet:
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    assets: tuple[int, ...]
    liabilities: tuple[int, ...]
    equity: tuple[int, ...]

    @property
    def differences(self) -> tuple[int, ...]:
        """Assets − liabilities − equity by column: all nil, or the books are broken."""
        return _minus(self.assets, _plus(self.liabilities, self.equity))

    def section(self, slug: str) -> Section:
        return next(section for section in self.sections if section.slug == slug)

    def has_more_than(self, slugs: Sequence[str]) -> bool:
        """Whether the side of these groups holds others too; their total is then not that of the side."""
        account_type = GROUPS[slugs[0]][0]
        return any(
            part.rows and part.slug not in slugs and GROUPS[part.slug][0] == account_type for part in self.sections
        )


#: Groups that are current, of each side of the balance sheet, and the others.
CURRENT_ASSETS = ("bank", "receivable", "current-assets")
CURRENT_LIABILITIES = ("payable", "card", "current-liabilities")
_ASSETS = (*CURRENT_ASSETS, "fixed-assets", "other-assets")
_LIABILITIES = (*CURRENT_LIABILITIES, "long-term-liabilities")


def balance_sheet(books: Books, columns: Sequence[Column]) -> BalanceSheet:
    """Balances at each column's last month. Retained earnings and the year's net income are computed, never posted."""
    spans = _spans(books, [(column.books, None, column.last) for column in columns])
    read = [(own, own.year_start(column.last), column.last) for column in columns for own in [column.books or books]]
    past = tuple(one.profit(None, start.previous) for one, start, _last in read)
    current = tuple(one.profit(start, last) for one, start, last in read)
    extra = [Row("", EARNED, current)]
    if not books.retained_earnings:
        extra.insert(0, Row("", "Retained earnings", past))
    assets = [_section(books, slug, spans, carried=past) for slug in _ASSETS]
    liabilities = [_section(books, slug, spans, carried=past) for slug in _LIABILITIES]
    equity = _section(books, "equity", spans, extra, carried=past)
    return BalanceSheet(
        columns=tuple(columns),
        sections=(*assets, *liabilities, equity),
        assets=_total(assets, len(columns)),
        liabilities=_total(liabilities, len(columns)),
        equity=equity.totals,
    )


def _total(sections: Sequence[Section], width: int) -> tuple[int, ...]:
    return tuple(sum(section.totals[index] for section in sections) for index in range(width))
