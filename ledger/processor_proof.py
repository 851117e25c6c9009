"""Processors proven for a month: the balance rolls forward to what the processor holds and the books show; every payout is
one deposit; gross sales and fees stand in the books as the processor reports them.

A balance is of one currency: each is proven by itself, in its own minor units, against the amounts of that currency that stand
beside the home amounts in the journal.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Case, F, Max, Q, Sum, When

from integrations.models import Connection, Fact, StreamState
from integrations.records import Payout, ProcessorBalance, Record
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import bank_position, booking, mapping, unsettled
from ledger.core.bridging import BRIDGED, gross_figures
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

    from django.db.models import QuerySet

    from clients.models import Client
    from ledger.core.period import Month
    from ledger.unsettled import Unsettled

ROWS = tuple(kind.__name__ for kind in MOVES)
#: What a line moves in its own currency, debit-positive.
FOREIGN = Case(When(debit_minor__gt=0, then=F("foreign_minor")), default=-F("foreign_minor"))
NET = F("debit_minor") - F("credit_minor")


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
    """All proofs of one processor account in one currency for one month; figures in its minor units. ``read_at`` is when its
    balance was read; ``no_balance`` says why it can say none, and then the books alone are proven by its rows.

    ``off`` names what keeps the clearing account from the rows' closing, the largest first; empty while they agree.
    ``open`` is what the processor holds of a statement that had not closed, where there is one.
    """

    connection: Connection
    month: Month
    currency: str
    roll: RollForward
    payouts: PayoutProof
    transit_ledger: int
    bridge: tuple[SalesLine, ...]
    held: int
    rows: int
    read_at: datetime | None
    off: tuple[OffRow, ...] = ()
    is_home: bool = True
    no_balance: str = ""
    open: Unsettled | None = None

    @property
    def can_tell(self) -> bool:
        return self.roll.reported is not None or bool(self.no_balance)

    @property
    def rolls(self) -> bool:
        """Whether the rows come to what the processor holds, where it says so, and to the clearing account."""
        return self.roll.ties or (self.roll.reported is None and bool(self.no_balance) and not self.roll.to_ledger)

    @property
    def title(self) -> str:
        return str(self.connection) if self.is_home else f"{self.connection}, {self.currency}"

    @property
    def subject(self) -> str:
        """Names it among the proofs of a month."""
        return str(self.connection.pk) if self.is_home else f"{self.connection.pk}:{self.currency}"


def connections(client: Client) -> list[Connection]:
    """The client's processor accounts, and the shops that hold money of theirs: those that say what they hold."""
    providers = all_providers()
    of_category = {
        category: [slug for slug, provider in providers.items() if provider.category == category]
        for category in ("processor", "commerce")
    }
    holding = Fact.objects.filter(client=client, kind="ProcessorBalance").values("connection_id")
    found = Connection.objects.filter(client=client).exclude(state__in=["pending", "disconnected"])
    return list(
        found.filter(
            Q(provider__in=of_category["processor"]) | Q(provider__in=of_category["commerce"], pk__in=holding)
        ).order_by("pk")
    )


def currencies(client: Client, connection: Connection) -> list[str]:
    """The currencies that an account's balance moves in or is told in, the home currency first; that alone where none is."""
    facts = Fact.objects.filter(client=client, connection=connection, kind__in=[*ROWS, "ProcessorBalance"])
    found = set(facts.exclude(state="superseded").order_by().values_list("currency", flat=True).distinct()) - {""}
    return sorted(
        {one.upper() for one in found} or {client.home_currency}, key=lambda one: (one != client.home_currency, one)
    )


def prove_all(client: Client, connection: Connection, month: Month) -> list[ProcessorProof]:
    """Every balance of a processor account, one to a currency."""
    return [prove(client, connection, month, currency) for currency in currencies(client, connection)]


def prove(client: Client, connection: Connection, month: Month, currency: str = "") -> ProcessorProof:
    """Compute every proof of a processor account's balance in a currency (home where none is given) at a month's end."""
    currency = currency or client.home_currency
    facts = _rows(client, connection, month.first)
    records = [(fact, record) for fact, record in facts if balance_movements(record, currency)]
    cut_over = connection.cut_over_on or client.cut_over_on
    booked = [record for _fact, record in records if cut_over is None or record.booked_on >= cut_over]
    books = _Books(client, connection, currency, month.last)
    in_month = [record for record in booked if month.first <= record.booked_on <= month.last]
    # What another app books is proven by the balance alone: which of that app's entries is of which row nobody says.
    elsewhere = StreamState.objects.filter(connection=connection, stream__in=_to_book(connection), duty="prove")
    is_ours = not elsewhere.exists()
    reported, read_at = _reported(client, connection, currency, booked, month)
    roll = processor_roll_forward(
        books.balance("clearing", month.previous),
        in_month,
        reported=reported,
        ledger=books.balance("clearing", month),
        currency=currency,
    )
    still_open = unsettled.at_end(client, connection, currency, month) if reported is not None else None
    if still_open:
        roll = replace(roll, unsettled=still_open.amount)
    return ProcessorProof(
        connection,
        month,
        currency,
        roll,
        _payouts(client, connection, currency, month),
        books.balance("in-transit", month),
        tuple(_bridge(books, month, in_month)) if is_ours else (),
        sum(fact.state == "exception" and record in in_month for fact, record in records),
        len(in_month),
        read_at,
        tuple(_off(books, month, records)) if roll.to_ledger and is_ours else (),
        books.is_home,
        all_providers()[connection.provider].no_balance,
        still_open,
    )


class _Books:
    """What the journal holds of one processor account in one currency, debit-positive, in that currency's minor units."""

    def __init__(self, client: Client, connection: Connection, currency: str, on: date) -> None:
        self.client, self.connection, self.currency, self._on = client, connection, currency, on
        self.is_home = currency == client.home_currency
        self.category = all_providers()[connection.provider].category
        self.net = Sum(NET) if self.is_home else Sum(FOREIGN)

    def accounts(self, role: str) -> set[int]:
        return mapping.accounts_by_role(
            self.client.pk, role, self._on, provider=self.connection.provider, currency=self.currency
        )

    def lines(self) -> QuerySet[JournalLine]:
        """Lines in the currency: of home, those without another one beside them."""
        beside = ["", self.currency] if self.is_home else [self.currency]
        return JournalLine.objects.filter(client=self.client, foreign_currency__in=beside)

    def balance(self, role: str, month: Month) -> int:
        """What the role's accounts hold at a month's end."""
        accounts = self.accounts(role)
        if not self.is_home:
            return self._sum(self.lines(), accounts, month)
        others = JournalLine.objects.filter(client=self.client).exclude(foreign_currency__in=["", self.currency])
        total = sum(bank_position.book_balance(self.client, account, month) for account in accounts)
        return total - self._sum(others, accounts, month)

    def _sum(self, lines: QuerySet[JournalLine], accounts: set[int], month: Month) -> int:
        found = lines.filter(account_id__in=accounts, booked_on__lte=month.last).aggregate(net=self.net)
        return found["net"] or 0


def _off(books: _Books, month: Month, records: list[tuple[Fact, Record]]) -> list[OffRow]:
    """Row by row what the month's lines on the clearing account say otherwise, and the entries there that are of no row."""
    rows: dict[str, list[tuple[Fact, Record]]] = defaultdict(list)
    for fact, record in records:
        if fact.booked_on and month.contains(fact.booked_on) and fact.state != Fact.State.SKIPPED:
            rows[booking.source_key(books.connection, fact)].append((fact, record))
    lines = books.lines().filter(account_id__in=books.accounts("clearing"), booked_on__range=(month.first, month.last))
    sums = (
        lines.order_by()
        .values("entry__source_key")
        .annotate(net=books.net, newest=Max("entry_id"), memo=Max("entry__memo"))
    )
    booked = {row["entry__source_key"]: row for row in sums}
    found = []
    for key, of_row in rows.items():
        line = booked.pop(key, None)
        source = sum(amount for _, record in of_row for _name, amount in balance_movements(record, books.currency))
        first, held = of_row[0][0], line["net"] if line else 0
        if source != held:
            found.append(
                OffRow(f"{first.kind} {first.external_id}", source, held, first.pk, line["newest"] if line else None)
            )
    found += [
        OffRow(line["memo"] or key, 0, line["net"], None, line["newest"]) for key, line in booked.items() if line["net"]
    ]
    return sorted(found, key=lambda row: (-abs(row.difference), row.label))


def _to_book(connection: Connection) -> list[str]:
    """The streams that are there to be booked, whoever does it; the others tell the same again and never are."""
    return [stream.name for stream in all_providers()[connection.provider].streams if stream.duty == "book"]


def _rows(client: Client, connection: Connection, since: date) -> list[tuple[Fact, Record]]:
    """The rows of the processor's own balance since a day: the facts of the streams that are booked, here or by another app."""
    read = StreamState.objects.filter(client=client, connection=connection).exclude(duty="off")
    streams = read.filter(Q(duty="book") | Q(stream__in=_to_book(connection))).values_list("stream", flat=True)
    facts = Fact.objects.filter(client=client, connection=connection, stream__in=list(streams), kind__in=ROWS)
    rows = facts.filter(booked_on__gte=since).exclude(state="superseded").order_by("booked_on", "id")
    return [(fact, from_json(fact.kind, fact.data)) for fact in rows]


def _reported(
    client: Client, connection: Connection, currency: str, records: list[Record], month: Month
) -> tuple[int | None, datetime | None]:
    """What the processor held at the month's end: as it says itself of that day, else its latest balance less every row since."""
    told = Fact.objects.filter(client=client, connection=connection, kind="ProcessorBalance", currency__iexact=currency)
    told = told.exclude(state="superseded").order_by("-id")
    closing = {
        fact.external_id: (balance.amount, fact.created_at)
        for fact in reversed(told.filter(booked_on=month.last))
        if (balance := _balance(fact)).is_closing
    }
    if closing:
        # One to each account that the system keeps for the client.
        return sum(amount for amount, _ in closing.values()), max(read_at for _, read_at in closing.values())
    fact = told.first()
    if fact is None:
        return None, None
    later = sum(
        amount
        for record in records
        if record.booked_on > month.last
        for _name, amount in balance_movements(record, currency)
    )
    return _balance(fact).amount - later, fact.created_at


def _balance(fact: Fact) -> ProcessorBalance:
    balance = from_json(fact.kind, fact.data)
    assert isinstance(balance, ProcessorBalance)
    return balance


def _payouts(client: Client, connection: Connection, currency: str, month: Month) -> PayoutProof:
    """Payouts of the month, and those of before that were still on their way when it began."""
    facts = Fact.objects.filter(
        client=client, connection=connection, kind="Payout", currency__iexact=currency, booked_on__lte=month.last
    )
    payouts: dict[str, Payout] = {}
    returned: list[Payout] = []
    elsewhere = Q(state=Fact.State.PROOF, stream__in=_to_book(connection))
    for fact in facts.exclude(state="superseded").exclude(elsewhere).order_by("id"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, Payout)
        if record.stage == "returned":
            returned.append(record)
        else:
            payouts[record.payout_id or record.external_id] = record
    arrived = arrivals(client, connection, currency)
    cut_over = connection.cut_over_on or client.cut_over_on
    wanted = [
        payout
        for key, payout in payouts.items()
        if payout.booked_on >= month.first
        or (key in arrived and arrived[key][0] >= month.first)
        or (key not in arrived and (cut_over is None or payout.arrives_on >= cut_over))
    ]
    return payouts_to_deposits([*wanted, *returned], arrived, month.last, days=client.clearing_days)


def arrivals(client: Client, connection: Connection, currency: str) -> dict[str, tuple[date, int]]:
    """Payout id → (bank date, amount) of every payout that met its deposit; in the payout's currency where the bank is asked
    for its worth in another, as the money under way stood for it.
    """
    prefix = f"{connection.provider}:{connection.account_id}:payout:"
    entries = JournalEntry.objects.filter(
        client=client, purpose="arrival", source_key__startswith=prefix, reverses__isnull=True, reversals__isnull=True
    )
    lines = JournalLine.objects.filter(client=client, entry__in=entries, role__in=["bank", "in-transit"])
    found: dict[str, tuple[date, int]] = {}
    for line in lines.select_related("entry").order_by("role", "entry_id", "no"):
        key = line.entry.source_key.removeprefix(prefix).removesuffix(":arrival")
        if line.role == "bank":
            found[key] = (line.booked_on, line.net_minor)
        elif line.foreign_amount is not None and line.foreign_currency == currency:
            sign = -1 if line.net_minor > 0 else 1
            found[key] = (line.booked_on, sign * line.foreign_amount.amount)
    return found


def _bridge(books: _Books, month: Month, records: list[Record]) -> list[SalesLine]:
    """Gross sales by channel, refunds and fees: the processor's figures beside what its entries put on the accounts."""
    source: dict[tuple[str, str], int] = defaultdict(int)
    for record in records:
        for role, channel, amount in gross_figures(record, books.category):
            source[role, channel] += amount
    ledger = _booked(books, month)
    keys = sorted({key for key in source if source[key]} | {key for key in ledger if ledger[key]})
    return [
        SalesLine(f"{BRIDGED[role]} {channel}".strip(), source.get((role, channel), 0), ledger.get((role, channel), 0))
        for role, channel in keys
    ]


def _booked(books: _Books, month: Month) -> dict[tuple[str, str], int]:
    lines = books.lines().filter(
        booked_on__range=(month.first, month.last),
        role__in=list(BRIDGED),
        entry__client=books.client,
        entry__booked_on__range=(month.first, month.last),
        entry__source_key__startswith=f"{books.connection.provider}:{books.connection.account_id}:",
    )
    booked: dict[tuple[str, str], int] = defaultdict(int)
    for row in lines.order_by().values("role", "key").annotate(net=books.net):
        is_income = row["role"] in ("sales", "returns")
        booked[row["role"], row["key"] if is_income else ""] += -row["net"] if is_income else row["net"]
    return booked
