"""The names behind receivables and payables: found among the accounting system's customers and vendors, made when missing.

A name that cannot be made (taken by one of another kind, or inactive there) is an exception; what needs it waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from django.db.models import F, Min, Sum

from clients.tenancy import client_context
from integrations.errors import Refused, RetryLater
from integrations.models import Fact
from ledger import exceptions_inbox, names, outbox_cancelled, outbox_currencies
from ledger.exceptions_inbox import Problem
from ledger.models import JournalLine, LedgerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from clients.models import Client
    from integrations.models import Connection
    from ledger.accounting import Accounting
    from ledger.models import Account, JournalEntry

Kind: TypeAlias = Literal["Vendor", "Customer"]
#: (kind, name as compared, currency of its documents) → ``Vendor:46``.
Parties: TypeAlias = dict[tuple[str, str, str], str]
#: Whose name a line on an account of this group must carry.
KINDS: dict[str, Kind] = {"payable": "Vendor", "receivable": "Customer"}


def kind_of(account: Account) -> Kind | None:
    """Vendor or customer where the account is what is owed to or by one, else None."""
    return KINDS.get(account.group)


def named(name: str, currency: str) -> str:
    """A name as compared; one that is kept in another currency may say so (``Name (EUR)``) and is the same name in it."""
    return compared(name.strip().removesuffix(f"({currency})"))


def compared(name: str) -> str:
    """Names are one whatever their case and spaces."""
    return " ".join(name.split()).casefold()


def known(client: Client, connection: Connection) -> Parties:
    """The active customers and vendors that were pulled; a name that is kept under another one leads to that one's id."""
    found = _pulled(client, connection)
    decided = names.aliases(client)
    for kind, name in decided:
        kept = names.canonical(decided, kind, name)
        for currency in {key[2] for key in found}:
            if (place := (kind, named(kept, currency), currency)) in found:
                found[kind, named(name, currency), currency] = found[place]
    return found


def _pulled(client: Client, connection: Connection) -> Parties:
    facts = Fact.objects.filter(client=client, connection=connection, kind="LedgerParty").exclude(state="superseded")
    return {
        (external_id.partition(":")[0], named(data["name"], data["currency"]), data["currency"]): external_id
        for external_id, data in facts.values_list("external_id", "data")
        if data.get("is_active", True)
    }


def id_of(line: JournalLine, parties: Parties, home: str) -> str:
    """``Vendor:46`` of a line that owes or is owed, in the currency of its account; '' elsewhere, and where the name has no
    id yet.
    """
    kind = kind_of(line.account)
    currency = line.account.currency or home
    return parties.get((kind, named(line.party, currency), currency), "") if kind else ""


def unknown(entry: JournalEntry, parties: Parties, home: str) -> bool:
    """Whether the entry has a line that needs a name and has none with an id."""
    return any(kind_of(line.account) and not id_of(line, parties, home) for line in entry.lines.all())


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that entries wait for; '' on lines without one. ``amount`` is their sum in minor units.

    ``currency`` is what its documents are in; ``is_told`` whether the accounting system is told, because it knows several.
    """

    kind: Kind
    name: str
    since: date
    amount: int
    currency: str
    is_told: bool = False

    @property
    def key(self) -> tuple[Kind, str, str]:
        return self.kind, named(self.name, self.currency), self.currency

    @property
    def identity(self) -> str:
        told = f" {self.currency}" if self.is_told else ""
        return f"party:{self.kind}:{compared(self.name)}{told}"


def missing(client: Client, connection: Connection) -> list[Wanted]:
    """The names on entries that have not gone out and are not among those pulled."""
    lines = JournalLine.objects.filter(
        client=client,
        account__group__in=KINDS,
        entry__client=client,
        entry__origin__in=outbox_cancelled.OURS,
        entry__sent_with__isnull=True,
    ).exclude(outbox_cancelled.among(client, "entry_id"))
    found = known(client, connection)
    sums = lines.order_by().values("account__group", "account__currency", "party")
    wanted: dict[tuple[str, str, str], Wanted] = {}
    is_told = outbox_currencies.is_multicurrency(client, connection)
    for row in sums.annotate(since=Min("booked_on"), amount=Sum(F("debit_minor") + F("credit_minor"))):
        currency = row["account__currency"] or client.home_currency
        name = " ".join(row["party"].split())
        one = Wanted(KINDS[row["account__group"]], name, row["since"], row["amount"], currency, is_told)
        if one.key not in found:
            other = wanted.get(one.key)
            if other is not None:
                one = replace(other, since=min(one.since, other.since), amount=one.amount + other.amount)
            wanted[one.key] = one
    return [wanted[key] for key in sorted(wanted)]


def make(
    client: Client, accounting: Accounting, wanted: Iterable[Wanted], renew: Callable[[], None] = lambda: None
) -> Parties:
    """The ids of these names, each looked up and made where there is none. Call outside a transaction. Raises Reconnect.

    What is not answered is looked up again the next time; what is refused is an exception until it is put right.
    """
    found: Parties = {}
    waiting = {one.identity for one in wanted}
    refused: list[Problem] = []
    for one in wanted:
        try:
            found[one.key] = _made(accounting, one)
            waiting.discard(one.identity)
        except Refused as refusal:
            refused.append(_problem(accounting, one, refusal))
        except RetryLater:
            break
        renew()
    with client_context(client.pk):
        exceptions_inbox.open_problems(client.pk, refused)
        rows = LedgerException.objects.filter(
            client=client, kind="refused", identity__startswith="party:", state__in=exceptions_inbox.OPEN
        )
        settled = set(rows.values_list("identity", flat=True)) - waiting
        exceptions_inbox.settle(client.pk, ["refused"], settled, resolution="The name is there now.")
    return found


def _made(accounting: Accounting, one: Wanted) -> str:
    if not one.name:
        side = "payable" if one.kind == "Vendor" else "receivable"
        raise Refused(f"a line on accounts {side} names no {one.kind.lower()}")
    currency = one.currency if one.is_told else ""
    said = "|".join(filter(None, [str(accounting.connection.pk), one.kind, one.name, currency]))
    request = str(uuid5(NAMESPACE_URL, said))
    return accounting.books.party(accounting.api, one.kind, one.name, currency, request_id=request)


def _problem(accounting: Accounting, one: Wanted, refusal: Refused) -> Problem:
    return Problem(
        kind="refused",
        identity=one.identity,
        cause=f"{one.kind.lower()} {compared(one.name)}",
        title=f"{one.kind} {one.name or 'without a name'}: {refusal}. Its entries wait.",
        source=str(accounting.connection),
        amount_minor=one.amount,
        booked_on=one.since,
        connection_id=accounting.connection.pk,
        detail={
            "kind": one.kind,
            "name": one.name,
            "code": refusal.code,
            exceptions_inbox.INACTIVE: list(refusal.inactive),
        },
    )
