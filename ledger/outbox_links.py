"""What documents of payables need besides their entry: the supplier's own number, and the bill that a payment settles."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from integrations.models import Fact
from integrations.money import to_minor
from integrations.payload import parse_json
from ledger.models import JournalEntry, OutboxItem, OutboxMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client

#: Purposes whose document carries the supplier's number, or settles one that does.
BILLED = {"bill", "vendor-credit"}
PAID = "bill-payment"
#: Account groups that a bill can be paid from, and how.
MONEY: dict[str, Literal["check", "card"]] = {"bank": "check", "card": "card"}


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of ours: its document in the accounting system, '' until it stands there; ``open_minor`` is not linked yet."""

    target: str
    open_minor: int


@dataclass(slots=True)
class Links:
    """Facts by id; bills that go out (or went) as such, by (connection, the provider's id)."""

    facts: dict[int, Fact] = field(default_factory=dict)
    bills: dict[tuple[int, str], Bill] = field(default_factory=dict)

    def number(self, entry: JournalEntry) -> str:
        """The supplier's own number, '' where the provider tells none."""
        fact = self.facts.get(entry.fact_id or 0)
        return str(fact.data.get("number", "")) if fact else ""

    def due(self, entry: JournalEntry) -> str:
        """The day it is due in ISO form, or ''."""
        fact = self.facts.get(entry.fact_id or 0)
        return str(fact.data.get("due_on") or "") if fact else ""

    def settled(self, entry: JournalEntry) -> list[tuple[Bill, int]]:
        """Each bill the payment settles, with minor units. Empty where one is not ours or not open for as much."""
        found = []
        for document, minor in self._applied(entry).items():
            fact = self.facts.get(entry.fact_id or 0)
            bill = self.bills.get((fact.connection_id, document)) if fact else None
            if bill is None or bill.open_minor < minor:
                return []
            found.append((bill, minor))
        return found

    def waits(self, entry: JournalEntry) -> bool:
        """Whether money of a bank or card settles a bill that is still to be written."""
        return (
            entry.purpose == PAID
            and not entry.reverses_id
            and any(line.account.group in MONEY for line in entry.lines.all())
            and any(not bill.target for bill, _minor in self.settled(entry))
        )

    def take(self, entry: JournalEntry) -> None:
        """Its bills are open for that much less."""
        fact = self.facts[entry.fact_id or 0]
        for document, minor in self._applied(entry).items():
            bill = self.bills[fact.connection_id, document]
            self.bills[fact.connection_id, document] = Bill(bill.target, bill.open_minor - minor)

    @staticmethod
    def _applied(entry: JournalEntry) -> dict[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for line in entry.lines.all():
            if line.account.group == "payable":
                sums[line.memo] += line.net_minor
        return sums


def read(client: Client, entries: Sequence[JournalEntry]) -> Links:
    """What the entries that wait need to know; four statements however many they are."""
    ids = [entry.fact_id for entry in entries if entry.purpose in BILLED or entry.purpose == PAID]
    facts = Fact.objects.in_bulk([pk for pk in ids if pk])
    named = {
        str(one["document"]) for fact in facts.values() if fact.kind == "BillPayment" for one in _applications(fact)
    }
    links = Links({pk: fact for pk, fact in facts.items() if fact.client_id == client.pk})
    if named:
        links.bills = _bills(client, named)
    return links


def _applications(fact: Fact) -> Iterable[dict[str, object]]:
    return fact.data.get("applications") or ()


def _bills(client: Client, named: set[str]) -> dict[tuple[int, str], Bill]:
    facts = Fact.objects.filter(client=client, kind="VendorBill", external_id__in=named).in_bulk()
    entries = JournalEntry.objects.filter(
        client=client, fact_id__in=facts, purpose="bill", revision=0, reverses__isnull=True, reversals__isnull=True
    )
    sent = {
        member.entry_id: member.outbox
        for member in OutboxMember.objects.filter(client=client, entry__in=entries).select_related("outbox")
    }
    linked = _linked(client)
    found = {}
    for entry in entries.prefetch_related("lines__account"):
        item = sent.get(entry.pk)
        if item is not None and (item.type != "Bill" or item.state == OutboxItem.State.DROPPED):
            continue
        target = item.external_id if item is not None and item.state == OutboxItem.State.POSTED else ""
        owed = -sum(line.net_minor for line in entry.lines.all() if line.account.group == "payable")
        fact = facts[entry.fact_id or 0]
        found[fact.connection_id, fact.external_id] = Bill(target, owed - linked.get(target, 0))
    return found


def _linked(client: Client) -> dict[str, int]:
    """Minor units that our payments settle, by document."""
    sums: dict[str, int] = defaultdict(int)
    items = OutboxItem.objects.filter(client=client, type="BillPayment").exclude(state=OutboxItem.State.DROPPED)
    for payload in items.values_list("payload", flat=True):
        for line in parse_json(payload)["Line"]:
            for link in line["LinkedTxn"]:
                sums[f"{link['TxnType']}:{link['TxnId']}"] += to_minor(line["Amount"], client.home_currency)
    return sums
