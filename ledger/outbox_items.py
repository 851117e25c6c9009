"""The items behind what customers are billed for: sales forms of the accounting system sell items, ours credit accounts.

One service item for each account, named like it; found there or made. What is refused is an exception, and its entries wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from django.db.models import F, Min, Sum

from clients.tenancy import client_context
from integrations.errors import Refused, RetryLater
from ledger import exceptions_inbox, outbox_cancelled
from ledger.exceptions_inbox import Problem
from ledger.models import Account, JournalEntry, JournalLine, LedgerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from clients.models import Client
    from ledger.accounting import Accounting

#: Purposes that go out as a sales form.
SOLD = {"invoice", "credit-note", "invoice-void"}
#: Kinds of account that the accounting system keeps sales tax in itself.
TAX_SUBTYPES = {"SalesTaxPayable", "GlobalTaxPayable"}


@dataclass(frozen=True, slots=True)
class Items:
    """Item ids by the accounting system's id of the account they sell into. ``tax`` is the account of its own sales tax,
    '' where it has none or several: tax then is sold like anything else.
    """

    by_account: Mapping[str, str] = field(default_factory=dict)
    tax: str = ""

    def waits(self, entry: JournalEntry) -> bool:
        """Whether it bills for something without an item."""
        return is_sold(entry) and any(
            line.account.external_id not in self.by_account for line in entry.lines.all() if self.needed(line.account)
        )

    def needed(self, account: Account) -> bool:
        return account.group != "receivable" and account.external_id != self.tax


def is_sold(entry: JournalEntry) -> bool:
    return entry.purpose in SOLD and entry.origin == "source" and not entry.reverses_id


def tax_account(client: Client) -> str:
    """The accounting system's id of the company's only account for sales tax; '' where there is none or more than one."""
    found = Account.objects.filter(client=client, is_active=True, subtype__in=TAX_SUBTYPES).exclude(external_id="")
    ids = list(found.values_list("external_id", flat=True)[:2])
    return ids[0] if len(ids) == 1 else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account that needs an item; ``amount`` is the sum of its lines in minor units."""

    account: Account
    since: date
    amount: int

    @property
    def identity(self) -> str:
        return f"item:{self.account.external_id}"


def missing(client: Client) -> list[Wanted]:
    """The accounts sold into by invoices and credits that have not gone out."""
    entries = outbox_cancelled.going(client).filter(origin="source", purpose__in=SOLD, reverses__isnull=True)
    # Two questions: the few entries that wait, then their lines. In one the planner looks at every line of the client.
    waiting = list(entries.order_by().values_list("pk", flat=True))
    if not waiting:
        return []
    lines = JournalLine.objects.filter(client=client, entry_id__in=waiting)
    sums = lines.order_by().values("account_id")
    rows = sums.annotate(since=Min("booked_on"), amount=Sum(F("debit_minor") + F("credit_minor")))
    found = {row["account_id"]: row for row in rows}
    items = Items(tax=tax_account(client))
    accounts = Account.objects.filter(client=client, pk__in=found).order_by("pk")
    return [
        Wanted(account, found[account.pk]["since"], found[account.pk]["amount"])
        for account in accounts
        if items.needed(account)
    ]


def make(
    client: Client, accounting: Accounting, wanted: Iterable[Wanted], renew: Callable[[], None] = lambda: None
) -> Items:
    """An item for each account, looked up and made where there is none. Call outside a transaction. Raises Reconnect.

    What is not answered is looked up again the next time; what is refused is an exception until it is put right.
    """
    wanted = list(wanted)
    waiting, refused, found = {one.identity for one in wanted}, [], {}
    for one in wanted:
        request = str(uuid5(NAMESPACE_URL, f"{accounting.connection.pk}|Item|{one.account.external_id}"))
        account = one.account
        try:
            made = accounting.books.item(accounting.api, account.external_id, account.name, request_id=request)
        except Refused as refusal:
            refused.append(_problem(accounting, one, refusal))
        except RetryLater:
            break
        else:
            found[account.external_id] = made
            waiting.discard(one.identity)
        renew()
    with client_context(client.pk):
        exceptions_inbox.open_problems(client.pk, refused)
        rows = LedgerException.objects.filter(
            client=client, kind="refused", identity__startswith="item:", state__in=exceptions_inbox.OPEN
        )
        settled = set(rows.values_list("identity", flat=True)) - waiting
        exceptions_inbox.settle(client.pk, ["refused"], settled, resolution="The item is there now.")
        return Items(found, tax_account(client) if wanted else "")


def _problem(accounting: Accounting, one: Wanted, refusal: Refused) -> Problem:
    return Problem(
        kind="refused",
        identity=one.identity,
        cause=f"item {one.account.name}",
        title=f"The item that sells into {one.account}: {refusal}. Its invoices wait.",
        source=str(accounting.connection),
        amount_minor=one.amount,
        booked_on=one.since,
        connection_id=accounting.connection.pk,
        detail={
            "account": one.account.external_id,
            "code": refusal.code,
            exceptions_inbox.INACTIVE: list(refusal.inactive),
        },
    )
