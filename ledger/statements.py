"""The client's books as the statements read them: accounts and monthly balances, loaded once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Min, Q, Sum

from ledger.core import cashflow, comparing, statements
from ledger.core.accounts import Account as CoreAccount
from ledger.core.accounts import reading_order
from ledger.core.period import Month, first_day, last_day
from ledger.core.statements import Books, month_column
from ledger.models import Account, JournalEntry, JournalLine, MonthlyBalance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client
    from ledger.core.accounts import AccountType
    from ledger.core.basis import Edges
    from ledger.core.period import Point
    from ledger.core.statements import Column

#: A row an account, with its months as arrays; one that never moved is read only where it may take past years' profit.
BOOKS = """
SELECT a.id, a.name, a.type, a.number, a."group", a.subtype, b.months, b.debits, b.credits
FROM ledger_account a
LEFT JOIN (
    SELECT account_id, array_agg(month) AS months, array_agg(debit_minor) AS debits, array_agg(credit_minor) AS credits
    FROM ledger_monthlybalance WHERE client_id = %(client)s AND month <= %(through)s GROUP BY account_id) b ON b.account_id = a.id
WHERE a.client_id = %(client)s
  AND (b.months IS NOT NULL OR a.id = ANY(%(also)s) OR a.subtype = 'RetainedEarnings' OR a.name = 'Retained Earnings')
ORDER BY a.type, a.number, a.name
"""


@dataclass(frozen=True, slots=True)
class CashMovement:
    """The cash flow statement of one month in one figure each, minor units; positive brings cash in."""

    opening: int
    net_change: int
    closing: int


#: What moved on each day of a month that is told in parts.
DAYS = """
SELECT account_id, booked_on, sum(debit_minor), sum(credit_minor) FROM ledger_journalline
WHERE client_id = %(client)s AND booked_on BETWEEN %(first)s AND %(last)s GROUP BY account_id, booked_on
"""


def load(client: Client, *, through: date | None = None, edges: Edges | None = None, also: Iterable[int] = ()) -> Books:
    """Everything the statements need, in one query whatever the number of entries: accounts that moved, and retained earnings.

    ``edges``: days inside months at which columns end; each such month costs one more query over its lines. ``also``: accounts
    to hold although nothing moved them (those of a budget).
    """
    with connection.cursor() as cursor:
        cursor.execute(BOOKS, {"client": client.pk, "through": through or date.max, "also": list(also)})
        rows = cursor.fetchall()
    accounts, retained = [], ""
    months: dict[date, dict[str, tuple[int, int]]] = defaultdict(dict)
    for pk, name, account_type, number, group, subtype, ends, debited, credited in rows:
        key = str(pk)
        accounts.append(_account(key, name, account_type, number, group))
        if not retained and (subtype == "RetainedEarnings" or name == "Retained Earnings"):
            retained = key
        for month, debit, credit in zip(ends or (), debited or (), credited or (), strict=True):
            months[month][key] = (debit, credit)
    activity: dict[Point, Mapping[str, tuple[int, int]]] = {Month.of(first): sums for first, sums in months.items()}
    for month in edges.months if edges else ():
        if activity.pop(month, None):
            activity |= _in_parts(client, month, edges)
    return Books(
        accounts=tuple(sorted(accounts, key=reading_order)),
        activity=activity,
        fiscal_year_start=client.fiscal_year_start_month,
        retained_earnings=retained,
    )


def _in_parts(client: Client, month: Month, edges: Edges | None) -> dict[Point, dict[str, tuple[int, int]]]:
    """One month's sums by part, from its lines."""
    assert edges is not None
    parts: dict[Point, dict[str, tuple[int, int]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"client": client.pk, "first": month.first, "last": month.last})
        for account, day, debit, credit in cursor.fetchall():
            rows = parts[edges.place(day)]
            before = rows.get(str(account), (0, 0))
            rows[str(account)] = (before[0] + int(debit), before[1] + int(credit))
    return dict(parts)


@lru_cache(maxsize=4096)
def _account(key: str, name: str, account_type: AccountType, number: str, group: str) -> CoreAccount:
    return CoreAccount(
        key=key,
        name=name,
        type=account_type,
        number=number,
        group=group,
        is_cash=group == "bank",
        flow="operating" if "accumulated depreciation" in name.lower() else None,
    )


def without_data(client: Client, books: Books, made: Sequence[Column], *, balances: bool = False) -> list[str]:
    """The warnings of ``comparing.without_data``; asks when the books begin where all of the columns are before that."""
    begun = None
    if not books.activity:
        first = MonthlyBalance.objects.filter(client=client).aggregate(month=Min("month"))["month"]
        begun = Month.of(first) if first else None
    return comparing.without_data(books, made, balances=balances, begun=begun)


def cash_accounts(client: Client) -> set[int]:
    """The ids of the bank accounts: the cash of the cash flow statement."""
    return set(Account.objects.filter(client=client, group="bank").values_list("pk", flat=True))


def cash_flow(client: Client, month: Month) -> CashMovement:
    """The month's cash flow statement in totals."""
    flow = cashflow.cash_flow(load(client, through=month.first), [month_column(month)])
    return CashMovement(flow.opening[0], flow.net_change[0], flow.closing[0])


def net_income(client: Client, month: Month) -> int:
    """Income − expenses of one month; positive is a profit."""
    return statements.income_statement(load(client, through=month.first), [month_column(month)]).net_income[0]


def traced_basis_points(client: Client, first: Point, last: Point | None = None) -> int:
    """The share of the debits from ``first`` through ``last`` (None: of ``first`` alone), in basis points, whose entry opens to
    a stored fact or a mirrored document.
    """
    span = (first_day(first), last_day(first if last is None else last))
    lines = JournalLine.objects.filter(client=client, booked_on__range=span)
    traced = Q(entry__fact_id__isnull=False) | Q(entry__origin=JournalEntry.Origin.LEDGER)
    sums = lines.aggregate(all=Sum("debit_minor"), traced=Sum("debit_minor", filter=traced))
    return 10_000 * (sums["traced"] or 0) // sums["all"] if sums["all"] else 10_000
