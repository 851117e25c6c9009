"""Processors proven for a month: the balance rolls forward to what the processor holds and the books show; every payout is
one deposit; gross sales and fees stand in the books as the processor reports them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from integrations.models import Connection, Fact, StreamState
from integrations.records import Payout, ProcessorBalance, ProcessorFee, Record, Refund, Sale
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import bank_position, booking, mapping
from ledger.core.tieouts import (
    MOVES,
    PayoutProof,
    RollForward,
    balance_movements,
    payouts_to_deposits,
    processor_roll_forward,
)
from ledger.models import JournalEntry, JournalLine

if TYPE_CHECKING:
    from datetime import date, datetime

    from clients.models import Client
    from ledger.core.period import Month

ROWS = tuple(kind.__name__ for kind in MOVES)


@dataclass(frozen=True, slots=True)
class SalesLine:
    """One line of the bridge from the processor's gross to the books: the processor's figure beside the books'."""

    label: str
    source: int
    ledger: int

    @property
    def difference(self) -> int:
        return self.ledger - self.source


@dataclass(frozen=True, slots=True)
class OffRow:
    """A row that the clearing account holds otherwise, or an entry there that is of no row: the processor's figure and ours."""

    label: str
    source: int
    ledger: int
    fact_id: int | None
    entry_id: int | None

    @property
    def difference(self) -> int:
        return self.ledger - self.source


@dataclass(frozen=True, slots=True)
class ProcessorProof:
    """All proofs of one processor account for one month. ``read_at`` is when its balance was read.

    ``off`` names what keeps the clearing account from the rows' closing, the largest first; empty while they agree.
    """

    connection: Connection
    month: Month
    roll: RollForward
    payouts: PayoutProof
    transit_ledger: int
    bridge: tuple[SalesLine, ...]
    held: int
    rows: int
    read_at: datetime | None
    off: tuple[OffRow, ...] = ()

    @property
    def title(self) -> str:
        return str(self.connection)


def connections(client: Client) -> list[Connection]:
    """The client's processor accounts."""
    slugs = [slug for slug, provider in all_providers().items() if provider.category == "processor"]
    return list(
        Connection.objects.filter(client=client, provider__in=slugs).exclude(state__in=["pending", "disconnected"])
    )


def prove(client: Client, connection: Connection, month: Month) -> ProcessorProof:
    """Compute every proof of a processor account at a month's end."""
    facts = _rows(client, connection)
    records = [(fact, from_json(fact.kind, fact.data)) for fact in facts]
    cut_over = connection.cut_over_on or client.cut_over_on
    booked = [record for _fact, record in records if cut_over is None or record.booked_on >= cut_over]
    clearing = mapping.accounts_by_role(client.pk, "clearing", month.last, provider=connection.provider)
    in_month = [record for record in booked if month.first <= record.booked_on <= month.last]
    reported, read_at = _reported(client, connection, booked, month)
    roll = processor_roll_forward(
        sum(bank_position.book_balance(client, account, month.previous) for account in clearing),
        in_month,
        reported=reported,
        ledger=sum(bank_position.book_balance(client, account, month) for account in clearing),
    )
    transit = mapping.accounts_by_role(client.pk, "in-transit", month.last, provider=connection.provider)
    return ProcessorProof(
        connection,
        month,
        roll,
        _payouts(client, connection, month),
        sum(bank_position.book_balance(client, account, month) for account in transit),
        tuple(_bridge(client, connection, month, in_month)),
        sum(fact.state == "exception" and record in in_month for fact, record in records),
        len(in_month),
        read_at,
        tuple(_off(connection, month, facts, clearing)) if roll.to_ledger else (),
    )


def _off(connection: Connection, month: Month, facts: list[Fact], clearing: set[int]) -> list[OffRow]:
    """Row by row what the month's lines on the clearing account say otherwise, and the entries there that are of no row."""
    rows: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.booked_on and month.contains(fact.booked_on) and fact.state != Fact.State.SKIPPED:
            rows[booking.source_key(connection, fact)].append(fact)
    lines = JournalLine.objects.filter(
        client_id=connection.client_id, account_id__in=clearing, booked_on__range=(month.first, month.last)
    )
    net = Sum("debit_minor") - Sum("credit_minor")
    sums = (
        lines.order_by().values("entry__source_key").annotate(net=net, newest=Max("entry_id"), memo=Max("entry__memo"))
    )
    booked = {row["entry__source_key"]: row for row in sums}
    found = []
    for key, of_row in rows.items():
        line = booked.pop(key, None)
        records = (from_json(fact.kind, fact.data) for fact in of_row)
        source = sum(amount for record in records for _name, amount in balance_movements(record))
        label, held = f"{of_row[0].kind} {of_row[0].external_id}", line["net"] if line else 0
        if source != held:
            found.append(OffRow(label, source, held, of_row[0].pk, line["newest"] if line else None))
    found += [
        OffRow(line["memo"] or key, 0, line["net"], None, line["newest"]) for key, line in booked.items() if line["net"]
    ]
    return sorted(found, key=lambda row: (-abs(row.difference), row.label))


def _rows(client: Client, connection: Connection) -> list[Fact]:
    """The rows of the processor's own balance: the facts of the streams that are booked."""
    streams = StreamState.objects.filter(client=client, connection=connection, duty="book").values_list(
        "stream", flat=True
    )
    facts = Fact.objects.filter(client=client, connection=connection, stream__in=list(streams), kind__in=ROWS)
    return list(facts.exclude(state="superseded").order_by("booked_on", "id"))


def _reported(
    client: Client, connection: Connection, records: list[Record], month: Month
) -> tuple[int | None, datetime | None]:
    """What the processor held at the month's end: its latest balance less every row since."""
    newest = Fact.objects.filter(client=client, connection=connection, kind="ProcessorBalance").exclude(
        state="superseded"
    )
    fact = newest.order_by("-id").first()
    if fact is None:
        return None, None
    balance = from_json(fact.kind, fact.data)
    assert isinstance(balance, ProcessorBalance)
    later = sum(
        amount for record in records if record.booked_on > month.last for _name, amount in balance_movements(record)
    )
    return balance.amount - later, fact.created_at


def _payouts(client: Client, connection: Connection, month: Month) -> PayoutProof:
    """Payouts of the month, and those of before that were still on their way when it began."""
    facts = Fact.objects.filter(client=client, connection=connection, kind="Payout", booked_on__lte=month.last)
    payouts: dict[str, Payout] = {}
    returned: list[Payout] = []
    for fact in facts.exclude(state="superseded").order_by("id"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, Payout)
        if record.stage == "returned":
            returned.append(record)
        else:
            payouts[record.payout_id or record.external_id] = record
    arrived = arrivals(client, connection)
    cut_over = connection.cut_over_on or client.cut_over_on
    wanted = [
        payout
        for key, payout in payouts.items()
        if payout.booked_on >= month.first
        or (key in arrived and arrived[key][0] >= month.first)
        or (key not in arrived and (cut_over is None or payout.arrives_on >= cut_over))
    ]
    return payouts_to_deposits([*wanted, *returned], arrived, month.last, days=client.clearing_days)


def arrivals(client: Client, connection: Connection) -> dict[str, tuple[date, int]]:
    """Payout id → (bank date, amount) of every payout that met its deposit."""
    prefix = f"{connection.provider}:{connection.account_id}:payout:"
    entries = JournalEntry.objects.filter(
        client=client, purpose="arrival", source_key__startswith=prefix, reverses__isnull=True, reversals__isnull=True
    )
    lines = JournalLine.objects.filter(client=client, entry__in=entries, role="bank").select_related("entry")
    return {
        line.entry.source_key.removeprefix(prefix).removesuffix(":arrival"): (line.booked_on, line.net_minor)
        for line in lines
    }


def _bridge(client: Client, connection: Connection, month: Month, records: list[Record]) -> list[SalesLine]:
    """Gross sales by channel, refunds and fees: the processor's figures beside what its entries put on the accounts."""
    source: dict[tuple[str, str], int] = defaultdict(int)
    for record in records:
        if isinstance(record, Sale) and not record.settles_invoice:
            gross = record.amount + record.discount - record.shipping - record.tax - record.tip
            source["sales", record.channel] += gross
            source["merchant-fees", ""] += record.fee
        elif isinstance(record, Refund):
            source["returns", record.channel] -= record.amount - record.shipping - record.tax - record.tip
            source["merchant-fees", ""] += record.fee
        elif isinstance(record, ProcessorFee):
            source["merchant-fees", ""] += record.amount
    ledger = _booked(client, connection, month)
    labels = {"sales": "Sales", "returns": "Refunds", "merchant-fees": "Fees"}
    keys = sorted({key for key in source if source[key]} | {key for key in ledger if ledger[key]})
    return [
        SalesLine(f"{labels[role]} {channel}".strip(), source.get((role, channel), 0), ledger.get((role, channel), 0))
        for role, channel in keys
    ]


def _booked(client: Client, connection: Connection, month: Month) -> dict[tuple[str, str], int]:
    entries = JournalEntry.objects.filter(
        client=client,
        booked_on__range=(month.first, month.last),
        source_key__startswith=f"{connection.provider}:{connection.account_id}:",
    )
    rows = (
        JournalLine.objects.filter(client=client, entry__in=entries, role__in=["sales", "returns", "merchant-fees"])
        .values("role", "key")
        .annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    )
    booked: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        net = row["debit"] - row["credit"]
        is_fee = row["role"] == "merchant-fees"
        booked[row["role"], "" if is_fee else row["key"]] += net if is_fee else -net
    return booked
