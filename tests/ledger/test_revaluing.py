"""Money in another currency: booked at a kept rate where its record brings none, and revalued at the month's end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Sum

from clients.tenancy import client_context
from closeout.checks.currencies import foreign_balances_are_revalued
from closeout.checks.registry import Scope
from closeout.models import CloseRun
from integrations.models import Fact
from integrations.records import Sale
from ledger import booking, mapping, rates, revaluing
from ledger.core.period import Month
from ledger.models import ExchangeRate, JournalEntry, JournalLine, LedgerException, Period
from tests import builders
from tests.ledger.scene import fact

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
SOLD = date(2026, 3, 18)


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, world, db):
    """The month with a sale of EUR 100.00 that brings no rate, and an account for exchange gains."""
    scene = standing[1]
    with client_context(scene.client.pk):
        version = mapping.draft(scene.client, by=world.bob, effective_from=MARCH.first)
        mapping.set_rule(version, role="fx", account=scene.account("6520"), by=world.bob)
        mapping.approve(version, by=world.alice)
        fact(
            scene,
            "stripe",
            "balance_transactions",
            Sale(external_id="txn_eur", booked_on=SOLD, currency="EUR", amount=10_000, channel="online"),
        )
        booking.book(scene.client)
        yield scene


def keep(books, world, rate, on=SOLD):
    return rates.keep(books.client, "eur", on, Decimal(rate), "European Central Bank", by=world.bob)


def sold(books, world):
    keep(books, world, "1.08")
    booking.book(books.client)


def revalued(books):
    rows = JournalEntry.objects.filter(client=books.client, source_key="revaluation:2026-03:EUR").order_by("pk")
    return [
        (row.booked_on, row.purpose, row.lines.filter(role="clearing").aggregate(net=Sum(F("debit_minor") - F("credit_minor")))["net"])
        for row in rows
    ]  # fmt: skip


def test_a_record_without_a_rate_waits_and_books_itself_once_the_day_has_one(books, world):
    waits = LedgerException.objects.get(client=books.client, title__contains="EUR needs an exchange rate")
    sold(books, world)
    line = JournalLine.objects.get(entry__source_key__endswith=":txn_eur", role="clearing")
    assert (line.debit_minor, line.foreign_minor, line.foreign_currency, line.key) == (
        10_800,
        10_000,
        "EUR",
        "stripe EUR",
    )
    assert Fact.objects.get(external_id="txn_eur").state == "booked"
    waits.refresh_from_db()
    assert waits.state == "resolved"


def test_the_records_own_rate_counts_before_any_other(books, world):
    keep(books, world, "1.08")
    own = Sale(
        external_id="txn_own", booked_on=SOLD, currency="EUR", amount=10_000, channel="online", rate=Decimal("1.2")
    )
    fact(books, "stripe", "balance_transactions", own)
    booking.book(books.client)
    line = JournalLine.objects.get(entry__source_key__endswith=":txn_own", role="clearing")
    assert line.debit_minor == 12_000


def test_a_rate_stands_over_a_weekend_and_not_for_a_month(books, world):
    keep(books, world, "1.08")
    kept = rates.Rates(books.client)
    assert kept.on("EUR", date(2026, 3, 25)) is not None
    assert kept.on("EUR", date(2026, 3, 26)) is None
    assert kept.on("EUR", date(2026, 3, 17)) is None


class Ledger:
    """An accounting system that keeps one rate for euros and none for anything else."""

    def __init__(self, books):
        self.books, self.api, self.connection, self.asked = self, None, books.connections["quickbooks-online"], []

    def exchange_rate(self, _api, currency, on):
        self.asked.append((currency, on))
        return Decimal("1.08") if currency == "EUR" else None


def test_the_accounting_system_is_asked_for_the_days_that_wait_and_once_only(books, world):
    ledger = Ledger(books)
    assert rates.learn(books.client, ledger) == 1
    assert ledger.asked == [("EUR", SOLD)]
    booking.book(books.client)
    assert JournalLine.objects.get(entry__source_key__endswith=":txn_eur", role="clearing").debit_minor == 10_800
    assert ExchangeRate.objects.get().source == str(ledger.connection)
    ledger.asked.clear()
    rates.learn(books.client, ledger)
    assert [currency for currency, _day in ledger.asked] == ["EUR"], "of the last month's end, where euros are held"


def test_the_revaluation_stands_at_the_last_days_rate_and_is_back_on_the_first(books, world):
    sold(books, world)
    keep(books, world, "1.20", MARCH.last)
    assert revaluing.book(books.client, MARCH, by=world.bob) == 2
    assert revalued(books) == [
        (date(2026, 3, 31), "revaluation", 1_200),
        (date(2026, 4, 1), "revaluation-reversal", -1_200),
    ]
    assert revaluing.book(books.client, MARCH, by=world.bob) == 0, "the same again is nothing new"
    (found,) = revaluing.of(books.client, MARCH)
    assert (found.is_booked, found.gain, found.positions[0].foreign) == (True, 1_200, 10_000)


def test_another_rate_takes_the_entry_back_and_books_it_anew(books, world):
    sold(books, world)
    keep(books, world, "1.20", MARCH.last)
    revaluing.book(books.client, MARCH, by=world.bob)
    keep(books, world, "1.00", MARCH.last)
    assert revaluing.book(books.client, MARCH, by=world.bob) == 2
    sums = {}
    for day, _purpose, net in revalued(books):
        sums[day] = sums.get(day, 0) + net
    assert sums == {date(2026, 3, 31): -800, date(2026, 4, 1): 800}


def test_it_is_refused_without_a_rate_and_in_a_closed_month(books, world):
    sold(books, world)
    with pytest.raises(revaluing.RevaluationRefused, match="rate of Mar 31 for EUR"):
        revaluing.book(books.client, MARCH, by=world.bob)
    keep(books, world, "1.20", MARCH.last)
    Period.objects.update_or_create(client=books.client, month=date(2026, 4, 1), defaults={"state": "locked"})
    with pytest.raises(revaluing.RevaluationRefused, match="closed"):
        revaluing.book(books.client, MARCH, by=world.bob)
    assert revalued(books) == []


@pytest.mark.parametrize(
    ("currency", "rate", "source", "said"),
    [
        ("USD", "1.1", "a bank", "currency of the books"),
        ("EURO", "1.1", "a bank", "Currency"),
        ("EUR", "-1", "a bank", "no rate"),
        ("EUR", "NaN", "a bank", "no rate"),
        ("EUR", "1.1", " ", "where the rate is from"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_by_name(books, world, currency, rate, source, said):
    with pytest.raises(rates.RateRefused, match=said):
        rates.keep(books.client, currency, SOLD, Decimal(rate), source, by=world.bob)


def test_the_database_keeps_rates_positive_and_for_ever(books, world):
    made = keep(books, world, "1.08")
    with pytest.raises(IntegrityError, match="rate_is_positive"), transaction.atomic():
        ExchangeRate.objects.create(client=books.client, currency="EUR", on_date=SOLD, rate=0, source="x")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_exchangerate SET rate = 2 WHERE id = %s", [made.pk])


def test_a_bookkeeper_gives_the_rate_and_books_on_the_page(books, world, client):
    sold(books, world)
    browser = builders.sign_in(client, world.bob)
    page = "/c/kestrel/revaluation/2026-03/"
    assert "EUR needs a rate of Mar 31, 2026" in browser.get(page).content.decode()
    wrong = browser.post(page + "rate/", {"currency": "EUR", "rate": "0", "source": "a bank"})
    assert (wrong.status_code, "0 is no rate" in wrong.content.decode()) == (422, True)
    kept = browser.post(page + "rate/", {"currency": "eur", "rate": "1.20", "source": "a bank"}, follow=True)
    assert "Unrealised gain 12.00 USD" in kept.content.decode()
    booked = browser.post(page + "book/", follow=True).content.decode()
    assert "2 entries booked; each is back on Apr 1." in booked
    assert "Booked as shown" in booked


def test_a_month_that_ended_is_revalued_by_itself_once_its_rate_is_there(books, world):
    sold(books, world)
    today = date(2026, 4, 3)
    assert revaluing.book_due(books.client, today) == 0
    assert [one.code for one in revaluing.missing(books.client, MARCH)] == ["EUR"]
    keep(books, world, "1.10", MARCH.last)
    assert revaluing.book_due(books.client, today) == 2
    assert revaluing.missing(books.client, MARCH) == []
    assert revaluing.book_due(books.client, today) == 0, "once"
    entries = JournalEntry.objects.filter(client=books.client, source_key="revaluation:2026-03:EUR").order_by("pk")
    assert [(entry.booked_on, entry.posted_by_id) for entry in entries] == [
        (MARCH.last, None),
        (MARCH.next.first, None),
    ]
    keep(books, world, "1.20", MARCH.last)
    assert revaluing.book_due(books.client, today) == 2, "another rate: taken back and booked anew"


def test_a_closed_month_is_not_revalued_by_itself(books, world):
    sold(books, world)
    keep(books, world, "1.10", MARCH.last)
    Period.objects.filter(client=books.client, month=MARCH.first).update(state="locked")
    assert revaluing.book_due(books.client, date(2026, 4, 3)) == 0
    assert [one.code for one in revaluing.missing(books.client, MARCH)] == ["EUR"]


def test_the_check_names_a_month_without_its_revaluation(books, world):
    scope = Scope(client=books.client, month=MARCH, close=CloseRun(client=books.client, month=MARCH.first))
    sold(books, world)
    (result,) = foreign_balances_are_revalued(scope)
    assert (result.state, result.items[0].label) == ("cannot_tell", "EUR has no rate of the month's end")
    keep(books, world, "1.10", MARCH.last)
    assert [one.state for one in foreign_balances_are_revalued(scope)] == ["fail"]
    revaluing.book_due(books.client, date(2026, 4, 3))
    assert [one.state for one in foreign_balances_are_revalued(scope)] == ["pass"]
