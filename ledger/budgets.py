"""Budgets: read a sheet with an account a row and a month a column, keep a fiscal year whole, give it to the statements."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from clients.templatetags.portal import DECIMALS
from ledger.core.accounts import raw_of
from ledger.core.period import FiscalYear, Month
from ledger.core.statements import Books
from ledger.models import Account, BudgetLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client, User
    from ledger.core.accounts import Account as CoreAccount
    from ledger.core.period import Point

#: Rows and characters of a sheet at most.
MOST_ROWS, MOST_CHARACTERS = 2_000, 1_000_000
#: The largest amount a line takes, in minor units: far beyond any budget, far below what the database holds.
MOST = 10**15
TYPES = (Account.Type.INCOME, Account.Type.EXPENSE)
_MONTHS = ("%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%Y-%m-%d")


@dataclass(slots=True)
class Read:
    """What a sheet says: amounts by account id and month, and what is wrong with it, by line."""

    lines: dict[tuple[int, Month], int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(client: Client, text: str, year: FiscalYear) -> Read:
    """Read a pasted or uploaded sheet: the first row names the months, the first column the account by number or name.

    Commas, semicolons or tabs between cells; an empty cell is nil. Every problem is told with its line; nothing is kept.
    """
    found = Read()
    if len(text) > MOST_CHARACTERS:
        found.problems.append("The sheet is longer than a million characters.")
        return found
    rows = [(n, cells) for n, cells in enumerate(_cells(text), 1) if any(cell.strip() for cell in cells)]
    if len(rows) < 2:
        found.problems.append("The sheet needs a row with the months and a row for each account.")
        return found
    if len(rows) > MOST_ROWS:
        found.problems.append(f"The sheet has more than {MOST_ROWS:,} rows.")
        return found
    months = _months(rows[0], year, found)
    accounts = _accounts(client)
    seen: dict[int, int] = {}
    for number, cells in rows[1:]:
        account = _account(cells[0], accounts, number, found)
        if account is None:
            continue
        if account in seen:
            found.problems.append(f"Line {number}: the account stands in line {seen[account]} already.")
            continue
        seen[account] = number
        _amounts(client, account, number, cells, months, found)
    return found


def _cells(text: str) -> Iterable[list[str]]:
    first = text.lstrip("\ufeff").partition("\n")[0]
    between = max("\t;,", key=first.count)
    return csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=between)


def _months(head: tuple[int, list[str]], year: FiscalYear, found: Read) -> dict[int, Month]:
    number, cells = head
    months: dict[int, Month] = {}
    for place, cell in enumerate(cells[1:], 1):
        name = cell.strip()
        if not name or name.casefold() == "total":
            continue
        month = _month(name)
        if month is None:
            found.problems.append(f"Line {number}, column {place + 1}: {name[:40]!r} is not a month, such as 2026-03.")
        elif month not in year.months():
            found.problems.append(f"Line {number}, column {place + 1}: {month.label} is not in {year.label}.")
        elif month in months.values():
            found.problems.append(f"Line {number}, column {place + 1}: {month.label} stands twice.")
        else:
            months[place] = month
    if not months and not found.problems:
        found.problems.append(f"Line {number}: no column names a month, such as {year.first}.")
    return months


def _month(name: str) -> Month | None:
    for form in _MONTHS:
        try:
            return Month.of(datetime.strptime(name, form).date())  # noqa: DTZ007 (a month has no zone)
        except ValueError:
            continue
    return None


def _accounts(client: Client) -> dict[str, list[int]]:
    """Accounts of income and expense by everything a sheet may call them, in lower case."""
    named: dict[str, list[int]] = defaultdict(list)
    for account in Account.objects.filter(client=client, type__in=TYPES, is_active=True):
        for name in {account.number, account.name, str(account)} - {""}:
            named[name.casefold()].append(account.pk)
    return named


def _account(cell: str, named: Mapping[str, list[int]], number: int, found: Read) -> int | None:
    said = " ".join(cell.split())
    known = named.get(said.casefold(), [])
    if len(known) == 1:
        return known[0]
    if not said:
        found.problems.append(f"Line {number}: the first cell names no account.")
    elif known:
        found.problems.append(
            f"Line {number}: several accounts are called {said[:60]!r}; write the number before the name."
        )
    else:
        found.problems.append(f"Line {number}: {said[:60]!r} is no active account of income or expense.")
    return None


def _amounts(
    client: Client, account: int, number: int, cells: Sequence[str], months: Mapping[int, Month], found: Read
) -> None:
    for place, month in months.items():
        text = cells[place].strip() if place < len(cells) else ""
        if text in {"", "-", "–"}:
            continue
        amount = _minor(text, client.home_currency)
        if amount is None:
            found.problems.append(f"Line {number}, {month.label}: {text[:30]!r} is not an amount.")
        elif amount:
            found.lines[account, month] = amount


def _minor(text: str, currency: str) -> int | None:
    """``1,234.50``, ``(1,234.50)``, ``-1234.5`` or ``$1,234`` in minor units; None for anything else."""
    bare = text.replace(",", "").replace("$", "").replace("\u00a0", "").replace(" ", "")
    negative = bare.startswith("(") and bare.endswith(")")
    try:
        amount = Decimal(bare[1:-1] if negative else bare).scaleb(DECIMALS.get(currency.upper(), 2))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > MOST:
        return None
    return -int(amount) if negative else int(amount)


def replace(client: Client, year: FiscalYear, lines: Mapping[tuple[int, Month], int], *, by: User) -> int:
    """Keep these lines as the year's whole budget; gives how many. An empty mapping clears it."""
    with transaction.atomic():
        BudgetLine.objects.filter(client=client, month__range=(year.first.first, year.last.first)).delete()
        made = BudgetLine.objects.bulk_create(
            [
                BudgetLine(client=client, account_id=account, month=month.first, amount_minor=amount)
                for (account, month), amount in lines.items()
            ],
            batch_size=2_000,
        )
        accounts = len({account for account, _month in lines})
        audit.record(client, by, "budget.replaced", year.label, {"accounts": accounts, "figures": len(made)})
    return len(made)


def table(client: Client, year: FiscalYear) -> list[tuple[Account, list[int]]]:
    """Accounts with a budget in the year and their twelve months, income first; two queries."""
    months = year.months()
    rows: dict[int, list[int]] = defaultdict(lambda: [0] * len(months))
    for account, month, amount in _kept(client, year.first, year.last):
        rows[account][Month.of(month).index - year.first.index] = amount
    accounts = Account.objects.filter(client=client, pk__in=rows)
    ordered = sorted(accounts, key=lambda one: (one.type != Account.Type.INCOME, one.number, one.name))
    return [(account, rows[account.pk]) for account in ordered]


def blank(client: Client) -> list[Account]:
    """The accounts a new budget asks about, income first."""
    accounts = Account.objects.filter(client=client, type__in=TYPES, is_active=True)
    return sorted(accounts, key=lambda one: (one.type != Account.Type.INCOME, one.number, one.name))


def _kept(client: Client, first: Month, last: Month) -> Iterable[tuple[int, date, int]]:
    lines = BudgetLine.objects.filter(client=client, month__range=(first.first, last.first))
    return lines.order_by().values_list("account_id", "month", "amount_minor")


def accounts(client: Client, first: Month, last: Month) -> list[int]:
    """The accounts that have a budget in these months."""
    lines = BudgetLine.objects.filter(client=client, month__range=(first.first, last.first))
    return list(lines.order_by().values_list("account_id", flat=True).distinct())


def as_books(
    client: Client, first: Month, last: Month, chart: Sequence[CoreAccount], *, fiscal_year_start: int
) -> tuple[Books, list[Month]]:
    """The budget of these months as books a statement's column reads, and the months that have none. One query."""
    sides = {account.key: account.normal_side for account in chart}
    activity: dict[Point, dict[str, tuple[int, int]]] = defaultdict(dict)
    for account, month, amount in _kept(client, first, last):
        raw = raw_of(amount, sides.get(str(account), "debit"))
        activity[Month.of(month)][str(account)] = (max(raw, 0), max(-raw, 0))
    missing = [month for month in first.through(last) if month not in activity]
    return Books(accounts=chart, activity={**activity}, fiscal_year_start=fiscal_year_start), missing
