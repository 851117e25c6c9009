"""Statements and reports as they are asked for: the books on a basis, over a period, compared, as a sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from django.db import connection

from ledger import breakdowns, budgets, statements, subledgers
from ledger.core import comparing, sheets
from ledger.core.basis import Edges, by_tag, on_cash_basis
from ledger.core.openitems import summed
from ledger.core.period import Month, first_day, last_day, month_of
from ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clients.models import Client
    from ledger.core.comparing import Span
    from ledger.core.sheets import Sheet, Wish
    from ledger.core.statements import Books, Column

Basis = Literal["accrual", "cash"]
By = Literal["", "month", "class", "department"]
STATEMENTS: dict[str, str] = {
    "pl": "Profit and loss",
    "bs": "Balance sheet",
    "tb": "Trial balance",
    "cf": "Cash flow",
    "gl": "General ledger",
    "ar": "Receivables",
    "ap": "Payables",
    "ch": "Sales by channel",
    "st": "Sales tax",
    "pr": "Payroll cost",
}
#: Statements that know both bases, and those that show people's pay.
BOTH_BASES = frozenset({"pl", "bs", "tb", "cf"})
OF_PAY = frozenset({"pr"})
#: Reports of a day, not of a time.
OF_A_DAY = frozenset({"ar", "ap"})
BREAKDOWNS: dict[str, tuple[tuple[By, str], ...]] = {
    "pl": (("month", "By month"), ("class", "By class"), ("department", "By department")),
    "bs": (("month", "By month"),),
    "cf": (("month", "By month"),),
    "ch": (("class", "By class"), ("department", "By department")),
}
#: Why some statements have no columns by class or department, for the reader.
NOT_BY_TAG = (
    "Not by class or department: cash, receivables, payables and equity carry neither, so the columns would not balance. "
    "Profit and loss, sales by channel and payroll cost have them."
)
_MAKERS: dict[str, Callable[[Books, Sequence[Column], Wish], Sheet]] = {
    "pl": sheets.profit_and_loss,
    "bs": sheets.balance_sheet,
    "tb": sheets.trial_balance,
    "cf": sheets.cash_flow,
}
TAGS: dict[str, subledgers.Tag] = {"class": "klass", "department": "department"}
#: Sums of one period by class or department.
TAGGED = """
SELECT {tag}, account_id, sum(debit_minor - credit_minor) FROM ledger_journalline
WHERE client_id = %(client)s AND booked_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a statement is asked for. ``compare`` are names of ``comparing.COMPARISONS``; ``by`` splits the period into columns."""

    slug: str
    span: Span
    compare: tuple[str, ...] = ()
    basis: Basis = "accrual"
    by: By = ""
    shares: bool = True

    @property
    def on_cash(self) -> bool:
        return self.basis == "cash" and self.slug in BOTH_BASES


def sheet(client: Client, asked: Asked) -> Sheet:
    """The statement, in a number of queries that does not grow with its lines; what a reader should know is in its notes."""
    if asked.slug not in _MAKERS:
        return _report(client, asked)
    made, names = _columns(client, asked)
    books, made, notes = _books(client, asked, made, names)
    balances = asked.slug in comparing.BALANCES
    changes = {name for name, _label, change in comparing.COMPARISONS if change}
    at = frozenset(place for place, name in enumerate(names) if name in changes)
    wish = sheets.Wish(at, shares=asked.shares and asked.slug == "pl" and not asked.by)
    found = _MAKERS[asked.slug](books, made, wish)
    notes = (*notes, *_untagged(asked, made))
    return replace(found, notes=(*notes, *statements.without_data(client, books, made, balances=balances)))


def _columns(client: Client, asked: Asked) -> tuple[list[Column], list[str]]:
    if asked.by == "month":
        made = comparing.by_month(asked.slug, asked.span)
        return made, [""] * len(made)
    if asked.by:
        return [comparing.column(asked.slug, asked.span)._replace(label="Total")], [""]
    return comparing.columns(asked.slug, asked.span, asked.compare, fiscal_year_start=client.fiscal_year_start_month)


def _books(
    client: Client, asked: Asked, made: list[Column], names: list[str]
) -> tuple[Books, list[Column], tuple[str, ...]]:
    """The books the columns read, the columns with their own books where they have any, and notes about them."""
    edges = Edges(comparing.edges(made))
    last = max(last_day(column.last) for column in made)
    also = _budgeted(client, made, names)
    books = statements.load(client, through=last, edges=edges, also=also)
    adjustments = []
    if asked.on_cash:
        tag = TAGS.get(asked.by, "")
        adjustments = summed(subledgers.settlement(client, last, tag=tag).adjustments)
        books = on_cash_basis(books, adjustments, edges)
    if asked.by in TAGS:
        sums = _by_tag(client, asked)
        first = first_day(asked.span.first)
        for one in adjustments:
            if first <= one.on <= last:
                rows = sums.setdefault(one.tag, {})
                rows[one.account] = rows.get(one.account, 0) + one.raw
        return books, _tagged(books, asked, made, sums), ()
    notes: tuple[str, ...] = ()
    if "budget" in names:
        place = names.index("budget")
        own, missing = budgets.as_books(
            client,
            month_of(made[place].first),
            month_of(made[place].last),
            books.accounts,
            fiscal_year_start=client.fiscal_year_start_month,
        )
        made[place] = made[place]._replace(books=own)
        notes = _about_budget(asked, missing)
    return books, made, notes


def _about_budget(asked: Asked, missing: list[Month]) -> tuple[str, ...]:
    whole = () if asked.span.is_whole else ("The budget is that of whole months.",)
    if not missing:
        return whole
    return (*whole, f"No budget for {comparing.listed([month.label for month in missing])}.")


def _budgeted(client: Client, made: list[Column], names: list[str]) -> list[int]:
    if "budget" not in names:
        return []
    column = made[names.index("budget")]
    return budgets.accounts(client, month_of(column.first), month_of(column.last))


def _by_tag(client: Client, asked: Asked) -> dict[str, dict[str, int]]:
    """Debits − credits of income and expenses in the period by tag and account."""
    earning = set(Account.objects.filter(client=client, type__in=["income", "expense"]).values_list("pk", flat=True))
    sums: dict[str, dict[str, int]] = {}
    span = {"first": first_day(asked.span.first), "last": last_day(asked.span.last)}
    with connection.cursor() as cursor:
        cursor.execute(TAGGED.format(tag=TAGS[asked.by]), {"client": client.pk, **span})
        for tag, account, raw in cursor.fetchall():
            if account in earning:
                sums.setdefault(tag, {})[str(account)] = int(raw)
    return sums


def _tagged(books: Books, asked: Asked, made: list[Column], sums: dict[str, dict[str, int]]) -> list[Column]:
    earning = {account.key for account in books.accounts if account.type in ("income", "expense")}
    kept = {tag: {key: raw for key, raw in rows.items() if key in earning} for tag, rows in sums.items()}
    whole = made[0]
    found = by_tag(books.accounts, kept, whole.last, fiscal_year_start=books.fiscal_year_start)
    nameless = f"No {asked.by}"
    return [*(whole._replace(label=tag or nameless, books=own) for tag, own in found.items()), whole]


def _untagged(asked: Asked, made: Sequence[Column]) -> tuple[str, ...]:
    """Said where the columns tell nothing apart."""
    if asked.by not in TAGS or any(column.label not in {f"No {asked.by}", "Total"} for column in made[:-1]):
        return ()
    return (f"Nothing of the period carries a {asked.by}.",)


def _report(client: Client, asked: Asked) -> Sheet:
    """What is not compared: the general ledger, ageings, and the books by channel, jurisdiction and department."""
    column = comparing.column("pl", asked.span)
    edges = Edges(comparing.edges([column]))
    books = statements.load(client, through=last_day(column.last), edges=edges)
    if asked.slug == "gl":
        found = sheets.general_ledger(books, column)
    elif asked.by in TAGS:
        found = breakdowns.channels_by(client, books, column, by=asked.by, tag=TAGS[asked.by])
    else:
        found = breakdowns.MAKERS[asked.slug](client, books, column)
    untagged = _untagged(asked, found.columns)
    empty = statements.without_data(client, books, [column], balances=asked.slug in OF_A_DAY)
    return replace(found, notes=(*found.notes, *untagged, *empty))
