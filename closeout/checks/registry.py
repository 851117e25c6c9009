"""What a check is: one function from a scope to results. Its state is its figures; nobody can tick it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from django.db.models import Sum

from closeout.models import Explanation
from ledger.models import Account, JournalLine, MonthlyBalance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from clients.models import Client
    from closeout.models import CloseRun
    from ledger.core.period import Month

State = Literal["pass", "fail", "not_applicable", "cannot_tell"]
AREAS = {
    "sources": "Completeness of sources",
    "bank": "Bank and cards",
    "processors": "Sales and processors",
    "payroll": "Payroll",
    "payables": "Payables and receivables",
    "books": "The books",
    "review": "Review and sign-off",
}


_EITHER = re.compile(r"([\w']+)\|([\w']+)")


def many(count: int, said: str) -> str:
    """A sentence about a number: ``many(1, "# line|lines waits|wait.")`` is ``1 line waits.``, for two ``2 lines wait.``"""
    return _EITHER.sub(lambda word: word[1 if count == 1 else 2], said).replace("#", f"{count:,}", 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing a check lists: what, how much (minor units), where to look, and whether it alone makes the check fail."""

    label: str
    amount: int | None = None
    url: str = ""
    key: str = ""
    is_open: bool = True
    note: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "label": self.label,
            "amount": self.amount,
            "url": self.url,
            "key": self.key,
            "is_open": self.is_open,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a check found. ``summary`` says why in one plain sentence, also for ``not_applicable`` and ``cannot_tell``.

    ``expected`` and ``actual`` are minor units (unit ``money``; of another currency than home: its code) or plain counts
    (unit ``count``); ``as_of`` is the age of the oldest data used. ``subject`` tells the results of one check apart (an
    account, a system).
    """

    state: State
    summary: str
    expected: int | None = None
    actual: int | None = None
    unit: str = "money"
    items: tuple[Item, ...] = ()
    evidence: str = ""
    as_of: datetime | None = None
    subject: str = ""
    title: str = ""

    @property
    def difference(self) -> int | None:
        """Actual − expected."""
        return None if self.expected is None or self.actual is None else self.actual - self.expected


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check. ``is_final`` ones look at the close itself and run only when signing (K49, K50)."""

    id: str
    area: str
    title: str
    run: Callable[[Scope], Iterable[Result]]
    is_final: bool = False


CHECKS: dict[str, Check] = {}


def check(
    check_id: str, *, area: str, title: str, is_final: bool = False
) -> Callable[[Callable[[Scope], Result | Iterable[Result]]], Callable[[Scope], Iterable[Result]]]:
    """Register a check function; it may give one result or several (one a subject)."""

    def register(function: Callable[[Scope], Result | Iterable[Result]]) -> Callable[[Scope], Iterable[Result]]:
        def run(scope: Scope) -> Iterable[Result]:
            found = function(scope)
            return [found] if isinstance(found, Result) else list(found)

        assert check_id not in CHECKS, f"two checks {check_id}"
        assert area in AREAS, area
        CHECKS[check_id] = Check(check_id, area, title, run, is_final)
        return run

    return register


@dataclass
class Scope:
    """One client and month, with what many checks read, read once."""

    client: Client
    month: Month
    close: CloseRun
    cache: dict[str, object] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> dict[int, Account]:
        return {account.pk: account for account in Account.objects.filter(client=self.client)}

    @cached_property
    def balances(self) -> dict[int, int]:
        """Debit − credit of each account at the month's end, all time, from the monthly balances."""
        return self.balances_through(self.month)

    def balances_through(self, month: Month) -> dict[int, int]:
        rows = MonthlyBalance.objects.filter(client=self.client, month__lte=month.first).values("account_id")
        return {
            row["account_id"]: row["debit"] - row["credit"]
            for row in rows.annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
        }

    @cached_property
    def activity(self) -> dict[int, tuple[int, int]]:
        """(debits, credits) of each account within the month."""
        rows = MonthlyBalance.objects.filter(client=self.client, month=self.month.first)
        return {row.account_id: (row.debit_minor, row.credit_minor) for row in rows}

    def lines(self, account_ids: Iterable[int]) -> list[JournalLine]:
        """The month's lines on these accounts with their entries, oldest first."""
        return list(
            JournalLine.objects.filter(
                client=self.client,
                account_id__in=list(account_ids),
                booked_on__range=(self.month.first, self.month.last),
            )
            .select_related("entry")
            .order_by("booked_on", "entry_id", "no")
        )

    @cached_property
    def explanations(self) -> dict[tuple[str, str], Explanation]:
        return {(row.check_id, row.item_key): row for row in Explanation.objects.filter(close=self.close)}

    def explained(self, check_id: str, key: str, amount: int | None) -> str:
        """The explanation of an item, as long as its amount is what it was when it was explained; '' otherwise."""
        row = self.explanations.get((check_id, key))
        return row.text if row is not None and row.amount_minor == amount else ""

    def url(self, page: str, *parts: object) -> str:
        """The address of a page of this client; ``page`` is the path's first word."""
        tail = "/".join(str(part) for part in parts)
        return f"/c/{self.client.slug}/{page}/{tail}/" if tail else f"/c/{self.client.slug}/{page}/"
