"""What documents of payables and receivables need besides their entry: the number its other side knows it by, and the bill
or invoice that a payment settles.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from integrations.models import Fact
from integrations.money import to_minor
from integrations.payload import parse_json
from ledger.models import JournalEntry, OutboxItem, OutboxMember
from ledger.outbox_currencies import own_net

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client

Method = Literal["check", "card", "cash"]
#: Purposes whose document carries a number of the supplier or for the customer.
NUMBERED = {"bill", "vendor-credit", "invoice", "credit-note", "invoice-void"}


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of the books calls things. ``money`` are the account groups that settle it, and how; ``sign`` is +1
    where a payment debits what is owed.
    """

    group: str
    fact: str
    purpose: str
    type: str
    money: Mapping[str, Method]
    sign: int


PAYABLE = Side("payable", "VendorBill", "bill", "Bill", {"bank": "check", "card": "card"}, 1)
RECEIVABLE = Side("receivable", "CustomerInvoice", "invoice", "Invoice", {"bank": "cash", "current-assets": "cash"}, -1)
#: Purposes of entries that settle, and the side they settle on.
PAID = {"bill-payment": PAYABLE, "invoice-payment": RECEIVABLE, "customer-payment": RECEIVABLE}
#: Purposes of entries that take an invoice back, in whole or in part.
CREDITED = {"credit-note", "invoice-void"}
_BY_FACT = {side.fact: side for side in (PAYABLE, RECEIVABLE)}
#: (kind of the fact, connection, the provider's id) of a bill or invoice.
Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill or invoice of ours: its document in the accounting system, '' until it stands there; ``open_minor`` is not
    linked yet.
    """

    target: str
    open_minor: int


@dataclass(slots=True)
class Links:
    """Facts by id; bills and invoices that go out (or went) as such."""

    facts: dict[int, Fact] = field(default_factory=dict)
    bills: dict[Key, Bill] = field(default_factory=dict)

    def number(self, entry: JournalEntry) -> str:
        """The number the supplier or customer knows, '' where the provider tells none."""
        fact = self.facts.get(entry.fact_id or 0)
        return str(fact.data.get("number", "")) if fact else ""

    def due(self, entry: JournalEntry) -> str:
        """The day it is due in ISO form, or ''."""
        fact = self.facts.get(entry.fact_id or 0)
        return str(fact.data.get("due_on") or "") if fact else ""

    def settled(self, entry: JournalEntry) -> list[tuple[Bill, int]]:
        """Each bill the payment settles, with minor units. Empty where one is not ours or not open for as much."""
        found = []
        for key, minor in self._applied(entry).items():
            bill = self.bills.get(key)
            if bill is None or bill.open_minor < minor:
                return []
            found.append((bill, minor))
        return found

    def waits(self, entry: JournalEntry) -> bool:
        """Whether its money settles a bill or invoice that is still to be written."""
        side = PAID.get(entry.purpose)
        return (
            side is not None
            and not entry.reverses_id
            and any(line.account.group in side.money for line in entry.lines.all())
            and any(not bill.target for bill, _minor in self.settled(entry))
        )

    def take(self, entry: JournalEntry) -> None:
        """What it settles is open for that much less."""
        for key, minor in self._applied(entry).items():
            self.lower(key, minor)

    def lower(self, key: Key, minor: int) -> None:
        bill = self.bills[key]
        self.bills[key] = Bill(bill.target, bill.open_minor - minor)

    def _applied(self, entry: JournalEntry) -> dict[Key, int]:
        """Minor units of the open account's currency by document; none where the parts are not what the entry takes off."""
        side, fact = PAID.get(entry.purpose), self.facts.get(entry.fact_id or 0)
        if side is None or fact is None:
            return {}
        sums: dict[Key, int] = defaultdict(int)
        for document, minor in applications(fact):
            sums[side.fact, fact.connection_id, document] += minor
        taken = sum(own_net(line) for line in entry.lines.all() if line.account.group == side.group)
        return dict(sums) if sum(sums.values()) == side.sign * taken else {}


def applications(fact: Fact) -> list[tuple[str, int]]:
    """(the provider's id of a document, minor units) of each document that a payment names."""
    return [(str(one["document"]), int(one["amount"])) for one in fact.data.get("applications") or ()]


def read(client: Client, entries: Sequence[JournalEntry]) -> Links:
    """What the entries that wait need to know; a handful of statements however many they are."""
    ids = [entry.fact_id for entry in entries if entry.purpose in NUMBERED or entry.purpose in PAID]
    facts = Fact.objects.in_bulk([pk for pk in ids if pk])
    links = Links({pk: fact for pk, fact in facts.items() if fact.client_id == client.pk})
    named = {document for fact in facts.values() for document, _minor in applications(fact)}
    if named:
        links.bills = bills(client, named)
    return links


def bills(client: Client, named: Iterable[str]) -> dict[Key, Bill]:
    """Our bills and invoices by what the providers call them; those that went out as something else are left out."""
    facts = Fact.objects.filter(client=client, kind__in=_BY_FACT, external_id__in=set(named)).in_bulk()
    entries = JournalEntry.objects.filter(
        client=client,
        fact_id__in=facts,
        purpose__in=[side.purpose for side in _BY_FACT.values()],
        reverses__isnull=True,
        reversals__isnull=True,
    )
    sent = {
        member.entry_id: member.outbox
        for member in OutboxMember.objects.filter(client=client, entry__in=entries).select_related("outbox")
    }
    linked = _linked(client)
    found = {}
    for entry in entries.prefetch_related("lines__account"):
        fact, item = facts[entry.fact_id or 0], sent.get(entry.pk)
        side = _BY_FACT[fact.kind]
        if item is not None and (item.type != side.type or item.state == OutboxItem.State.DROPPED):
            continue
        target = item.external_id if item is not None and item.state == OutboxItem.State.POSTED else ""
        owed = -side.sign * sum(own_net(line) for line in entry.lines.all() if line.account.group == side.group)
        found[fact.kind, fact.connection_id, fact.external_id] = Bill(target, owed - linked.get(target, 0))
    return found


def currency_of(sent: Mapping[str, Any], home: str) -> str:
    """The currency that the amounts of a frozen document are in."""
    return str((sent.get("CurrencyRef") or {}).get("value") or home)


def _linked(client: Client) -> dict[str, int]:
    """Minor units that our payments settle, by document, in its currency; a payment that was voided settles nothing."""
    sums: dict[str, int] = defaultdict(int)
    items = OutboxItem.objects.filter(
        client=client, type__in=["BillPayment", "Payment"], voids__isnull=True, voided_by__isnull=True
    )
    for payload in items.exclude(state=OutboxItem.State.DROPPED).values_list("payload", flat=True):
        sent = parse_json(payload)
        currency = currency_of(sent, client.home_currency)
        for line in sent["Line"]:
            for link in line.get("LinkedTxn") or ():
                sums[f"{link['TxnType']}:{link['TxnId']}"] += to_minor(line["Amount"], currency)
    return sums
