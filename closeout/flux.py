"""What moved: each account against last month and the same month last year, and what comes each month and did not.

Profit and loss by the month, the balance sheet by the month's end. Balances that a check of their own proves to the cent (banks,
cards, processors, payroll, open items) are not asked about here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger import bank_position, mapping, payroll_proof, statements
from ledger.core.accounts import INCOME_STATEMENT_TYPES, natural
from ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client
    from ledger.core.accounts import Account as CoreAccount
    from ledger.core.period import Month
    from ledger.core.statements import Books

Basis = Literal["prior month", "same month last year", "recurring"]
#: A change counts above one tenth of what it is compared with …
TENTH = 10
#: … and above this many minor units, where the client names no materiality of its own.
LIMIT_MINOR = 50_000
#: An account that moved in each of so many months before is expected to move again.
USUAL_MONTHS = 3
PROVEN_GROUPS = ("bank", "card", "receivable", "payable")
PROVEN_ROLES = ("clearing", "in-transit", "accrued-payroll", *payroll_proof.LIABILITIES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variance:
    """One account against another month. Minor units, positive on the account's normal side; ``change`` = this − prior.

    ``key`` names account and basis for the explanation; ``account_id`` is the account's primary key.
    """

    key: str
    label: str
    account_id: int
    this: int
    prior: int
    change: int
    basis: Basis


def variances(client: Client, month: Month) -> list[Variance]:
    """The accounts that moved by more than 10 % and more than the client's limit, largest first, then the usual ones missing.

    A month before the books began is no basis: without any figure in it nothing is compared. Against nil every change
    above the limit counts.
    """
    books = statements.load(client, through=month.first)
    limit = client.materiality_minor or LIMIT_MINOR
    proven = _proven_elsewhere(client, month)
    asked = [account for account in books.accounts if not account.is_cash and account.key not in proven]
    found = [*_against(books, asked, month, month.previous, "prior month", limit)]
    found += _against(books, asked, month, month.year_before, "same month last year", limit)
    found.sort(key=lambda variance: (-abs(variance.change), variance.key))
    return [*found, *_missing(books, month, {variance.account_id for variance in found})]


def has_basis(client: Client, month: Month) -> bool:
    """Whether anything was booked in one of the months that this one is compared with."""
    books = statements.load(client, through=month.first)
    return any(any(books.moved(other, other).values()) for other in (month.previous, month.year_before))


def _proven_elsewhere(client: Client, month: Month) -> set[str]:
    ids: set[int | None] = {feed.account_id for feed in bank_position.feeds(client)}
    ids |= set(Account.objects.filter(client=client, group__in=PROVEN_GROUPS).values_list("pk", flat=True))
    ids |= mapping.accounts_by_roles(client.pk, PROVEN_ROLES, month.last)
    return {str(pk) for pk in ids}


def _against(
    books: Books, asked: list[CoreAccount], month: Month, other: Month, basis: Basis, limit: int
) -> Iterator[Variance]:
    if not any(books.moved(other, other).values()):
        return
    against = "last month" if basis == "prior month" else "last year"
    flows = books.moved(month, month), books.moved(other, other)
    stocks = books.moved(None, month), books.moved(None, other)
    for account in asked:
        sums = flows if account.type in INCOME_STATEMENT_TYPES else stocks
        now, then = (natural(of.get(account.key, 0), account.normal_side) for of in sums)
        change = now - then
        if abs(change) > limit and abs(change) * TENTH > abs(then):
            yield Variance(
                key=f"{account.key}:{'month' if basis == 'prior month' else 'year'}",
                label=f"{account.name} against {against}",
                account_id=int(account.key),
                this=now,
                prior=then,
                change=change,
                basis=basis,
            )


def _missing(books: Books, month: Month, asked: set[int]) -> Iterator[Variance]:
    """Income and expenses of each of the last months that did not come in this one, unless they are asked about already."""
    before = [books.moved(other, other) for other in month.shift(-USUAL_MONTHS).through(month.previous)]
    this = books.moved(month, month)
    for account in books.accounts:
        if account.type not in INCOME_STATEMENT_TYPES or this.get(account.key) or int(account.key) in asked:
            continue
        if all(sums.get(account.key) for sums in before):
            last = natural(before[-1][account.key], account.normal_side)
            yield Variance(
                key=f"{account.key}:missing",
                label=f"{account.name} came in each of the last {USUAL_MONTHS} months and not in this one",
                account_id=int(account.key),
                this=0,
                prior=last,
                change=-last,
                basis="recurring",
            )
