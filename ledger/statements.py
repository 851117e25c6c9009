"""The client's books as the statements read them: accounts and monthly balances, loaded once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, Sum

from ledger.core import cashflow, statements
from ledger.core.accounts import Account as CoreAccount
from ledger.core.period import Month
from ledger.core.statements import Books, month_column
from ledger.models import Account, JournalEntry, JournalLine, MonthlyBalance

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client

#: Our accounts' groups that stand under a wider heading on the statements.
HEADINGS = {
    "bank": "current-assets",
    "receivable": "current-assets",
    "payable": "current-liabilities",
    "card": "current-liabilities",
}


@dataclass(frozen=True, slots=True)
class CashMovement:
    """The cash flow statement of one month in one figure each, minor units; positive brings cash in."""

    opening: int
    net_change: int
    closing: int


def load(client: Client, *, through: date | None = None) -> Books:
    """Everything the statements need: two queries, whatever the number of entries."""
    rows = (
        Account.objects.filter(client_id=client.pk)
        .order_by("type", "number", "name")
        .values_list("pk", "name", "type", "number", "group", "subtype")
    )
    accounts, retained = [], ""
    for pk, name, account_type, number, group, subtype in rows:
        accounts.append(_account(pk, name, account_type, number, group))
        if not retained and (subtype == "RetainedEarnings" or name == "Retained Earnings"):
            retained = str(pk)
    balances = MonthlyBalance.objects.filter(client_id=client.pk)
    if through:
        balances = balances.filter(month__lte=through)
    months: dict[date, dict[str, tuple[int, int]]] = defaultdict(dict)
    for account_id, month, debit, credit in balances.values_list("account_id", "month", "debit_minor", "credit_minor"):
        months[month][str(account_id)] = (debit, credit)
    return Books(
        accounts=tuple(accounts),
        activity={Month.of(first): sums for first, sums in months.items()},
        fiscal_year_start=client.fiscal_year_start_month,
        retained_earnings=retained,
    )


def _account(pk: int, name: str, account_type: str, number: str, group: str) -> CoreAccount:
    return CoreAccount(
        key=str(pk),
        name=name,
        type=account_type,  # type: ignore[arg-type]
        number=number,
        group=HEADINGS.get(group, group),
        is_cash=group == "bank",
        flow="operating" if "accumulated depreciation" in name.lower() else None,
    )


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


def traced_basis_points(client: Client, month: Month) -> int:
    """The share of the month's debits, in basis points, whose entry opens to a stored fact or a mirrored document."""
    lines = JournalLine.objects.filter(client=client, booked_on__range=(month.first, month.last))
    traced = Q(entry__fact_id__isnull=False) | Q(entry__origin=JournalEntry.Origin.LEDGER)
    sums = lines.aggregate(all=Sum("debit_minor"), traced=Sum("debit_minor", filter=traced))
    return 10_000 * (sums["traced"] or 0) // sums["all"] if sums["all"] else 10_000
