"""The ledger a report reads: accrual as written, or cash, where bills and invoices count when they are paid.

On the cash basis a payment takes the place of the share of each document it settles; what settles nothing stays on the
receivable or payable account. Where a company has no open items the two bases are the same. Journal entries on
receivables and payables are left as they are.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from integrations.sandbox.quickbooks.amounts import cents
from integrations.sandbox.quickbooks.books import links_of
from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from integrations.sandbox.quickbooks.books import Books, Held
    from integrations.sandbox.quickbooks.postings import Posting

TYPE_ORDER = tuple(ACCOUNT_TYPES)
_REPORT_ORDER = (
    "Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset", "Accounts Payable",
    "Credit Card", "Other Current Liability", "Long Term Liability", "Equity", "Income", "Cost of Goods Sold",
    "Expense", "Other Income", "Other Expense",
)  # fmt: skip
_OPEN = frozenset({"Accounts Receivable", "Accounts Payable"})
_DEFERRED = frozenset({"Bill", "VendorCredit", "Invoice", "CreditMemo"})
_SETTLING = frozenset({"BillPayment", "Payment"})


class Ledger:
    def __init__(self, books: Books, basis: str) -> None:
        self.books = books
        self.is_cash = basis == "Cash"

    def accounts(self) -> list[Held]:
        """Every account, inactive ones too, by type and then by name."""
        order = {name: position for position, name in enumerate(_REPORT_ORDER)}
        return sorted(
            self.books.held["Account"].values(),
            key=lambda held: (order[held.content["AccountType"]], held.content["FullyQualifiedName"].casefold()),
        )

    def postings_of(self, held: Held) -> tuple[Posting, ...]:
        if not self.is_cash:
            return held.postings
        if held.kind in _DEFERRED:
            return ()
        return tuple(self._settled(held)) if held.kind in _SETTLING else held.postings

    def between(self, since: date, until: date) -> Iterator[tuple[Held, tuple[Posting, ...]]]:
        for held in self.books.between(since, until):
            if found := self.postings_of(held):
                yield held, found

    @cached_property
    def days(self) -> Mapping[str, Mapping[date, int]]:
        """Debit-positive movement per account and day."""
        if not self.is_cash:
            return self.books.days
        found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for held in self.books.documents.values():
            for posting in self.postings_of(held):
                assert held.on is not None
                found[posting.account][held.on] += posting.amount
        return found

    def movement(self, account_id: str, until: date, since: date | None = None) -> int:
        days = self.days.get(account_id) or {}
        return sum(amount for on, amount in days.items() if on <= until and (since is None or on >= since))

    def profit(self, until: date, since: date | None = None) -> int:
        """Net income of a span, credit positive."""
        return -sum(
            self.movement(held.id, until, since)
            for held in self.books.held["Account"].values()
            if ACCOUNT_TYPES[held.content["AccountType"]].is_profit_and_loss
        )

    def _settled(self, held: Held) -> Iterator[Posting]:
        rest = 0
        for posting in held.postings:
            if self._is_open(posting):
                rest += posting.amount
            else:
                yield posting
        sample = next((posting for posting in held.postings if self._is_open(posting)), None)
        for target, amount in links_of(held.content):
            other = self.books.documents.get(target)
            if other is None or other.kind not in _DEFERRED:
                continue
            for posting in self._share(other, amount):
                rest -= posting.amount
                yield posting
        if rest and sample is not None:
            yield sample._replace(amount=rest)

    def _share(self, other: Held, amount: int) -> Iterator[Posting]:
        """The part of a document's own lines that this settlement pays; the last line takes the odd cents."""
        total = cents(other.content["TotalAmt"])
        own = [posting for posting in other.postings if not self._is_open(posting)]
        due = sum(posting.amount for posting in own) * amount // total if total else 0
        for position, posting in enumerate(own):
            part = due if position == len(own) - 1 else posting.amount * amount // total
            due -= part
            if part:
                yield posting._replace(amount=part)

    def _is_open(self, posting: Posting) -> bool:
        return self.books.held["Account"][posting.account].content["AccountType"] in _OPEN
