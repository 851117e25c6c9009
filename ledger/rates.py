"""The rate of a day where a record brings none: what the accounting system or a person said, then the system's own last one."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q

from clients import audit
from clients.tenancy import client_context
from integrations.models import Fact
from integrations.money import MoneyError, exponent
from integrations.records import Conversion
from ledger.core.period import Month
from ledger.core.revaluing import MONEY
from ledger.core.rules.booking import LOWEST_RATE
from ledger.models import ExchangeRate, JournalLine

if TYPE_CHECKING:
    from clients.models import Client, User
    from integrations.records import Record
    from ledger.accounting import Accounting

#: Days that one refresh asks the accounting system for; the rest with the next one.
MOST_ASKED = 40
#: A rate stands for so many days after its own: over a weekend and a holiday, no longer.
STANDS_DAYS = 7


class RateRefused(ValueError):  # noqa: N818
    """A rate that cannot be; the text is for the person."""


class Rate(NamedTuple):
    """Home per unit of a currency, in major units, on a day, in whose words."""

    on: date
    rate: Decimal
    source: str

    @property
    def said(self) -> str:
        """The figure as a person writes it."""
        return f"{self.rate.normalize():f}"


class Rates:
    """A client's kept rates by currency, read once."""

    def __init__(self, client: Client) -> None:
        self._by_currency: dict[str, list[Rate]] = defaultdict(list)
        for row in ExchangeRate.objects.filter(client=client).order_by("on_date", "id"):
            self._by_currency[row.currency].append(Rate(row.on_date, row.rate, row.source))

    def on(self, currency: str, day: date) -> Rate | None:
        """The newest rate of the day or of the few days before it."""
        rates = self._by_currency.get(currency.upper(), [])
        place = bisect_right(rates, day, key=lambda rate: rate.on)
        found = rates[place - 1] if place else None
        return found if found and day - found.on <= timedelta(STANDS_DAYS) else None

    def lent(self, record: Record, home: str) -> Record:
        """The record with the day's rate where it is foreign and brings none of its own; its own always counts first."""
        if record.rate is not None or not record.currency or record.currency.upper() == home:
            return record
        if isinstance(record, Conversion) and record.sold_currency.upper() == home:
            return record  # what was given for it in home currency says what it is worth
        found = self.on(record.currency, record.booked_on)
        return replace(record, rate=found.rate, rate_source=found.source) if found else record


def last_own(client: Client, currency: str, first: date, last: date) -> Rate | None:
    """The newest rate that a record of these days brought with it (a processor's own)."""
    rows = Fact.objects.filter(
        client=client, booked_on__range=(first, last), currency__iexact=currency, data__rate__isnull=False
    ).exclude(Q(state="superseded") | Q(data__rate=None))
    row = rows.order_by("-booked_on", "-pk").first()
    if row is None or row.booked_on is None:
        return None
    return Rate(row.booked_on, Decimal(str(row.data["rate"])), row.data.get("rate_source") or "the system's own record")


def keep(client: Client, currency: str, on: date, rate: Decimal, source: str, *, by: User | None) -> ExchangeRate:
    """Keep a rate of a day. Raises RateRefused."""
    code = currency.strip().upper()
    try:
        exponent(code)
    except MoneyError as error:
        raise RateRefused(f"Currency: {error}.") from error
    if code == client.home_currency:
        raise RateRefused(f"Currency: {code} is the currency of the books.")
    if not rate.is_finite() or not LOWEST_RATE < rate < 1 / LOWEST_RATE:
        raise RateRefused(f"Rate: {rate} is no rate between two currencies.")
    if not source.strip():
        raise RateRefused("Source: say where the rate is from.")
    made = ExchangeRate.objects.create(
        client=client, currency=code, on_date=on, rate=rate, source=source.strip()[:120], set_by=by
    )
    if by is not None:
        audit.record(client, by, "rate.kept", f"{code} {on}", {"rate": str(rate), "source": source})
    return made


def learn(client: Client, books: Accounting) -> int:
    """Ask the accounting system for the days on which records wait for a rate, and for the last month's end where money is
    kept in another currency; gives how many were told. Call outside a transaction.
    """
    with client_context(client.pk):
        kept = Rates(client)
        asked = [(code, day) for code, day in _wanted(client) if kept.on(code, day) is None][:MOST_ASKED]
    told = 0
    for code, day in asked:
        rate = books.books.exchange_rate(books.api, code, day)
        if rate is None:
            continue
        with client_context(client.pk):
            keep(client, code, day, rate, str(books.connection), by=None)
        told += 1
    return told


def _wanted(client: Client) -> list[tuple[str, date]]:
    """(currency, day) of records that wait without a rate of their own, and of foreign money at the last month's end."""
    waiting = Fact.objects.filter(client=client, to_handle__isnull=False, booked_on__isnull=False)
    foreign = waiting.exclude(currency__in=["", client.home_currency]).filter(
        Q(data__rate__isnull=True) | Q(data__rate=None)
    )
    found = {
        (code.upper(), day) for code, day in foreign.order_by().values_list("currency", "booked_on").distinct() if day
    }
    lines = JournalLine.objects.filter(client=client, role__in=MONEY).exclude(foreign_currency="")
    ended = Month.of(datetime.now(ZoneInfo(client.timezone)).date()).previous.last
    found |= {(code, ended) for code in lines.order_by().values_list("foreign_currency", flat=True).distinct()}
    return sorted(found, key=lambda one: (one[1], one[0]), reverse=True)
