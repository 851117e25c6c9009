"""Statements of several companies side by side: their accounts lined up by place and name, the balances between them eliminated,
a combined total. Pure.

Declared pairs are eliminated as far as both sides agree: what one side alone says stays in the combined figures, where it is seen.
Nothing is added up over different currencies.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ledger.core import sheets, statements
from ledger.core.accounts import BALANCE_SHEET_TYPES, INCOME_STATEMENT_TYPES, Account, reading_order
from ledger.core.period import month_of
from ledger.core.sheets import Cell, Head, Line, Proof, Sheet, Wish
from ledger.core.statements import RETAINED_EARNINGS, Books, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.core.comparing import Span
    from ledger.core.period import Point

ELIMINATIONS, COMBINED, PARTIAL = "Eliminations", "Combined", "Combined, partial"


class Company(NamedTuple):
    name: str
    currency: str
    books: Books


class Side(NamedTuple):
    """One account of one company, which is named by its place."""

    company: int
    account: str


class Pair(NamedTuple):
    """Two accounts that mirror each other: what one company is due or earned, the other owes or spent."""

    one: Side
    other: Side


class Eliminated(NamedTuple):
    """A pair in a statement: both figures (debits − credits) and how much of them is taken out, never below nil."""

    pair: Pair
    ours: int
    theirs: int
    amount: int

    @property
    def difference(self) -> int:
        """What one side alone says and stays in the combined figures; 0 where they mirror each other."""
        return self.ours + self.theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """A sheet with a column for each company and, in one currency, one of eliminations and one of combined totals.

    ``opens`` gives for each company, by the key of a line, the account of its own that the line's figure is of; ``numbers`` the
    account numbers that companies have in common, by the key of the line.
    """

    sheet: Sheet
    numbers: Mapping[str, str]
    opens: tuple[Mapping[str, str], ...]
    eliminated: tuple[Eliminated, ...]
    is_added: bool


class _Chart(NamedTuple):
    """One chart of accounts for all companies, and by company its own accounts' lines in it."""

    accounts: tuple[Account, ...]
    lines: tuple[dict[str, str], ...]
    retained_earnings: str


def combine(
    slug: str, span: Span, companies: Sequence[Company], pairs: Sequence[Pair], *, is_partial: bool = False
) -> Combination:
    """The trial balance (``tb``), balance sheet (``bs``) or profit and loss (``pl``) of the companies over a period.

    Balances are of the period's end. ``is_partial``: companies are missing, which the total says of itself. Raises KeyError for
    another statement.
    """
    make = {"tb": _trial_balance, "bs": _balance_sheet, "pl": _profit_and_loss}[slug]
    is_added = len({company.currency for company in companies}) == 1
    chart = _chart([company.books for company in companies])
    union = Books(accounts=chart.accounts, activity={}, retained_earnings=chart.retained_earnings)
    own = [_in_lines(company.books, lines) for company, lines in zip(companies, chart.lines, strict=True)]
    columns = [
        Column(company.name, span.first, span.last, books) for company, books in zip(companies, own, strict=True)
    ]
    eliminated: tuple[Eliminated, ...] = ()
    if is_added:
        eliminated = tuple(_eliminated(slug, span, companies, pair) for pair in _of(slug, companies, pairs))
        columns.append(Column(ELIMINATIONS, span.first, span.last, _taken_out(chart, eliminated, span.last)))
    made = make(union, columns)
    made = (
        _with_sums(made, PARTIAL if is_partial else COMBINED)
        if is_added
        else _in_currencies(made, [company.currency for company in companies])
    )
    opens = tuple({line: account for account, line in lines.items()} for lines in chart.lines)
    numbers = {account.key: account.number for account in chart.accounts if account.number}
    return Combination(sheet=made, numbers=numbers, opens=opens, eliminated=eliminated, is_added=is_added)


def _chart(books: Sequence[Books]) -> _Chart:
    """Accounts of one place and name stand in one line, a company's second of a name in one of its own."""
    found: dict[str, list[Account]] = {}
    lines: list[dict[str, str]] = []
    for one in books:
        mine: dict[str, str] = {}
        times: Counter[str] = Counter()
        for account in one.accounts:
            key = f"{account.placed} {account.name.casefold().strip()}"
            times[key] += 1
            key = key if times[key] == 1 else f"{key} {times[key]}"
            key = RETAINED_EARNINGS if account.key == one.retained_earnings else key
            mine[account.key] = key
            found.setdefault(key, []).append(account)
        lines.append(mine)
    accounts = [_shared(key, same) for key, same in found.items()]
    accounts.sort(key=reading_order)
    return _Chart(tuple(accounts), tuple(lines), RETAINED_EARNINGS if RETAINED_EARNINGS in found else "")


def _shared(key: str, same: Sequence[Account]) -> Account:
    """The line of accounts of one name; a number where they have it in common."""
    numbers = {account.number for account in same}
    return replace(same[0], key=key, number=numbers.pop() if len(numbers) == 1 else "")


def _in_lines(books: Books, lines: Mapping[str, str]) -> Books:
    """The same books with the accounts' keys those of the shared lines."""
    activity = {
        point: {lines[key]: sides for key, sides in rows.items() if key in lines}
        for point, rows in books.activity.items()
    }
    return Books(
        accounts=[replace(account, key=lines[account.key]) for account in books.accounts],
        activity=activity,
        fiscal_year_start=books.fiscal_year_start,
        retained_earnings=RETAINED_EARNINGS if books.retained_earnings else "",
    )


# ---- eliminations ------------------------------------------------------------------------------------------------------------


def _of(slug: str, companies: Sequence[Company], pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs whose accounts stand in the statement; earned and spent between companies is in no balance sheet by itself."""
    known = {
        "tb": BALANCE_SHEET_TYPES | INCOME_STATEMENT_TYPES,
        "bs": BALANCE_SHEET_TYPES,
        "pl": INCOME_STATEMENT_TYPES,
    }
    types = [{account.key: account.type for account in company.books.accounts} for company in companies]
    return [
        pair
        for pair in pairs
        if all(types[side.company].get(side.account) in known[slug] for side in (pair.one, pair.other))
    ]


def _eliminated(slug: str, span: Span, companies: Sequence[Company], pair: Pair) -> Eliminated:
    """As much of a pair as both sides say, which is nothing where both stand on the same side."""
    ours, theirs = (_figure(slug, span, companies[side.company].books, side.account) for side in pair)
    opposed = (ours < 0 < theirs) or (theirs < 0 < ours)
    return Eliminated(pair, ours, theirs, min(abs(ours), abs(theirs)) if opposed else 0)


def _figure(slug: str, span: Span, books: Books, account: str) -> int:
    """Debits − credits of an account as the statement shows it."""
    if slug == "pl":
        return books.net(account, span.first, span.last)
    return statements.trial_balance(books, span.last).raw().get(account, 0)


def _taken_out(chart: _Chart, eliminated: Sequence[Eliminated], last: Point) -> Books:
    """The eliminations as books of their own: in each, as much debited as credited."""
    rows: dict[str, tuple[int, int]] = {}
    for one in eliminated:
        for side, figure in zip(one.pair, (one.ours, one.theirs), strict=True):
            line = chart.lines[side.company][side.account]
            debit, credit = rows.get(line, (0, 0))
            rows[line] = (debit + one.amount, credit) if figure < 0 else (debit, credit + one.amount)
    return Books(accounts=chart.accounts, activity={month_of(last): rows}, retained_earnings=chart.retained_earnings)


# ---- the sheets --------------------------------------------------------------------------------------------------------------


def _profit_and_loss(union: Books, columns: Sequence[Column]) -> Sheet:
    return sheets.profit_and_loss(union, columns, Wish())


def _balance_sheet(union: Books, columns: Sequence[Column]) -> Sheet:
    return sheets.balance_sheet(union, columns, Wish())


def _trial_balance(union: Books, columns: Sequence[Column]) -> Sheet:
    """One column a company: debit balances positive, credit balances negative."""
    balances = [statements.trial_balance(column.books or union, column.last).raw() for column in columns]
    computed = Account(key=RETAINED_EARNINGS, name="Retained earnings", type="equity")
    chart = [*union.accounts, *(() if union.retained_earnings else (computed,))]
    lines = [
        Line("", account.name, account.key, tuple(Cell("figure", raw.get(account.key, 0), at) for at, raw in enumerate(balances)))
        for account in chart
        if any(raw.get(account.key) for raw in balances)
    ]  # fmt: skip
    totals = [sum(raw.values()) for raw in balances]
    adds = tuple((1, place) for place in range(len(lines)))
    lines.append(Line("tot", "Debits − credits", "", tuple(Cell("figure", total) for total in totals), adds))
    return Sheet(
        slug="tb",
        title="Trial balance",
        columns=tuple(columns),
        heads=tuple(Head(column.label, starts=at > 0, of=at) for at, column in enumerate(columns)),
        lines=tuple(lines),
        proof=Proof("Debits = credits", "Does not balance", next(filter(None, totals), 0)),
    )


def _with_sums(made: Sheet, label: str) -> Sheet:
    """A last column with the sum of each line's figures."""
    lines = [
        line._replace(cells=(*line.cells, Cell("sum", sum(cell.amount or 0 for cell in line.cells))))
        if line.cells
        else line
        for line in made.lines
    ]
    return replace(made, heads=(*made.heads, Head(label, "sum", starts=True)), lines=tuple(lines))


def _in_currencies(made: Sheet, currencies: Sequence[str]) -> Sheet:
    heads = tuple(head._replace(currency=currency) for head, currency in zip(made.heads, currencies, strict=True))
    return replace(made, heads=heads)
