"""What moved: profit and loss against last month and the same month last year, where the change asks for a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger import statements
from ledger.core.accounts import INCOME_STATEMENT_TYPES, natural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client
    from ledger.core.period import Month
    from ledger.core.statements import Books

Basis = Literal["prior month", "same month last year"]
#: A change counts above one tenth of what it is compared with …
TENTH = 10
#: … and above this many minor units, where the client names no materiality of its own.
LIMIT_MINOR = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Variance:
    """One account's month against another. Minor units, positive on the account's normal side; ``change`` = this − prior.

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
    """The income and expense accounts that moved by more than 10 % and more than the client's limit, largest first.

    A month before the books began is no basis: without any figure in it nothing is compared. Against nil every change
    above the limit counts.
    """
    books = statements.load(client, through=month.first)
    limit = client.materiality_minor or LIMIT_MINOR
    found = [*_against(books, month, month.previous, "prior month", limit)]
    found += _against(books, month, month.year_before, "same month last year", limit)
    return sorted(found, key=lambda variance: (-abs(variance.change), variance.key))


def _against(books: Books, month: Month, other: Month, basis: Basis, limit: int) -> Iterator[Variance]:
    this, that = books.moved(month, month), books.moved(other, other)
    accounts = [account for account in books.accounts if account.type in INCOME_STATEMENT_TYPES]
    if not any(that.get(account.key) for account in accounts):
        return
    against = "last month" if basis == "prior month" else "last year"
    for account in accounts:
        now, then = (natural(sums.get(account.key, 0), account.normal_side) for sums in (this, that))
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
