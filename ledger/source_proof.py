"""Systems that another route books, proven for a month: each of their records stands in the accounting system once, with its
amount.

Tieout writes nothing of such a system. It reads both sides: what the system itself reports, and the documents that somebody
else wrote. They meet by the document's number, else by party and amount within a week, else by amount and nearly the same day,
each document once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from django.db.models import Exists, OuterRef

from integrations.models import Connection, Fact, StreamState
from integrations.records import BillPayment, ExpenseReport, Record
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger.core.rules import Unbookable, drafts
from ledger.models import MirrorDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clients.models import Client
    from ledger.core.period import Month

#: What becomes a document of its own in the accounting system.
DOCUMENTS = (
    "VendorBill",
    "VendorCredit",
    "BillPayment",
    "CardPurchase",
    "ExpenseReport",
    "Reimbursement",
    "CustomerInvoice",
    "InvoicePayment",
    "CreditNote",
    "Payout",
)
#: Proven by proofs of their own, line by line.
ELSEWHERE = frozenset({"accounting", "bank", "payroll"})
#: Documents that are bill and payment in one.
PURCHASES = ("Purchase", "Check", "Expense")
DAYS, NEAR_DAYS = 7, 3
State = Literal["equal", "differs", "missing"]


class ProvenRow(NamedTuple):
    """One record and the document that stands for it. Amounts in minor units of the home currency, both positive."""

    fact: Fact
    label: str
    amount: int
    document: MirrorDocument | None

    @property
    def there(self) -> int:
        return self.document.total_minor if self.document else 0

    @property
    def difference(self) -> int:
        """What the accounting system holds more than the system reports."""
        return self.there - self.amount

    @property
    def state(self) -> State:
        if self.document is None:
            return "missing"
        return "differs" if self.difference else "equal"


@dataclass(frozen=True, slots=True)
class SourceProof:
    """One system and month: every record with its document."""

    connection: Connection
    month: Month
    rows: tuple[ProvenRow, ...]

    @property
    def reported(self) -> int:
        return sum(row.amount for row in self.rows)

    @property
    def there(self) -> int:
        return sum(row.there for row in self.rows)

    @property
    def off(self) -> tuple[ProvenRow, ...]:
        return tuple(row for row in self.rows if row.state != "equal")

    @property
    def ties(self) -> bool:
        return not self.off


def connections(client: Client) -> list[Connection]:
    """The client's systems whose documents another route books."""
    slugs = [slug for slug, provider in all_providers().items() if provider.category not in ELSEWHERE]
    found = Connection.objects.filter(client=client, provider__in=slugs).exclude(state__in=["pending", "disconnected"])
    # A record of a system we book may make no entry either (an employee paid back outside of the tool).
    proving = StreamState.objects.filter(
        client=client, connection=OuterRef("connection"), stream=OuterRef("stream"), duty=StreamState.Duty.PROVE
    )
    records = Fact.objects.filter(Exists(proving), client=client, kind__in=DOCUMENTS, state=Fact.State.PROOF)
    return list(found.filter(pk__in=records.values("connection_id")).order_by("pk"))


def prove(client: Client, connection: Connection, month: Month) -> SourceProof:
    """Each record of the month beside its document."""
    facts = _records(client, connection, month)
    documents = MirrorDocument.objects.filter(
        client=client,
        outbox__isnull=True,
        is_deleted=False,
        entry__reversals__isnull=True,
        booked_on__range=(month.first - timedelta(DAYS), month.last + timedelta(DAYS)),
    )
    return SourceProof(connection, month, tuple(_meet(facts, documents.order_by("booked_on", "pk"))))


def _records(client: Client, connection: Connection, month: Month) -> list[tuple[Fact, Record]]:
    """Evidence that would be booked if this were the route; of a stream that is read to prove what others tell, nothing."""
    booked = [stream.name for stream in all_providers()[connection.provider].streams if stream.duty == "book"]
    proving = StreamState.objects.filter(client=client, connection=connection, duty="prove").values_list(
        "stream", flat=True
    )
    only_proves = not booked  # a system whose every stream proves by nature
    streams = [name for name in proving if only_proves or name in booked]
    facts = Fact.objects.filter(
        client=client,
        connection=connection,
        stream__in=streams,
        kind__in=DOCUMENTS,
        state=Fact.State.PROOF,
        booked_on__range=(month.first, month.last),
    )
    records = [(fact, from_json(fact.kind, fact.data)) for fact in facts.order_by("booked_on", "pk")]
    category = all_providers()[connection.provider].category
    return [
        (fact, record)
        for fact, record in records
        if amount_of(record) and _stands(record) and _is_booked(record, connection.provider, category)
    ]


def _stands(record: Record) -> bool:
    """A payment that was undone leaves nothing to find; what undid it is a record of its own."""
    return getattr(record, "stage", "sent") == "sent"


def _is_booked(record: Record, provider: str, category: str) -> bool:
    """What makes no entry makes none by another route either: an employee paid back outside of the tool shows on the bank."""
    try:
        return bool(drafts(record, provider=provider, category=category))
    except Unbookable:
        return True


def amount_of(record: Record) -> int:
    """What the document shows, positive, minor units."""
    if isinstance(record, ExpenseReport):
        return abs(sum(line.amount for line in record.lines))
    return abs(int(getattr(record, "amount", 0)))


def party_of(record: Record) -> str:
    """Whom the document names; empty where the record names nobody."""
    said = (str(getattr(record, name, "")) for name in ("vendor", "merchant", "customer", "employee"))
    return next((party for party in said if party), "")


class _Way(NamedTuple):
    """How a record finds its document: both sides' key is equal, and the two fit."""

    of_record: Callable[[Record], object]
    of_document: Callable[[MirrorDocument], object]
    days: int | None = None
    by_party: bool = False

    def fits(self, record: Record, document: MirrorDocument) -> bool:
        if self.by_party and document.party.casefold() != party_of(record).casefold():
            return False
        return self.days is None or _days(record, document) <= self.days


#: The surest first.
WAYS = (
    _Way(lambda record: getattr(record, "number", ""), lambda document: document.number),
    _Way(amount_of, lambda document: document.total_minor, DAYS, by_party=True),
    _Way(amount_of, lambda document: document.total_minor, NEAR_DAYS),
)


def _meet(facts: Sequence[tuple[Fact, Record]], documents: Iterable[MirrorDocument]) -> list[ProvenRow]:
    """Every record with its document. A surer way serves all records before a weaker one may take a document."""
    met: dict[int, MirrorDocument] = {}
    taken: set[int] = set()
    known = list(documents)
    for way in WAYS:
        places: dict[object, list[MirrorDocument]] = defaultdict(list)
        for document in known:
            places[way.of_document(document)].append(document)
        for fact, record in facts:
            key = way.of_record(record)
            if fact.pk in met or not key:
                continue
            free = (one for one in places[key] if one.pk not in taken and way.fits(record, one))
            if (nearest := min(free, key=partial(_days, record), default=None)) is not None:
                met[fact.pk] = nearest
                taken.add(nearest.pk)
    _share_purchases(facts, met)
    return [ProvenRow(fact, _label(record), amount_of(record), met.get(fact.pk)) for fact, record in facts]


def _share_purchases(facts: Sequence[tuple[Fact, Record]], met: dict[int, MirrorDocument]) -> None:
    """What was bought and paid at once is a bill and its payment here, and one purchase there: both meet it."""
    bought = {fact.document_id: met[fact.pk] for fact, _record in facts if fact.pk in met}
    for fact, record in facts:
        document = bought.get(fact.document_id)
        if isinstance(record, BillPayment) and fact.pk not in met and document and document.type in PURCHASES:
            met[fact.pk] = document


def _days(record: Record, document: MirrorDocument) -> int:
    return abs((document.booked_on - record.booked_on).days)


def _label(record: Record) -> str:
    number = getattr(record, "number", "") or record.external_id
    return " · ".join(filter(None, (str(number), party_of(record))))
