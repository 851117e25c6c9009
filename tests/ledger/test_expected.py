"""Lumps of bill tools and payments of cards are awaited at the bank and booked when it shows them; not so what another route books."""

from __future__ import annotations

from datetime import date

import pytest

from clients.tenancy import client_context
from integrations.models import StreamState
from integrations.records import BankLine, CardPayment, FundingPull
from ledger import bank_intake, booking, expected, mapping, reconciling
from ledger.models import Account, BankFeed, JournalEntry
from tests.scene import arrive, net

DAY = date(2026, 4, 2)
PULL = FundingPull(external_id="f1", booked_on=DAY, currency="USD", amount=61_000, trace="FND-77")
BACK = FundingPull(external_id="f2", booked_on=DAY, currency="USD", amount=-4_000, trace="FND-78")
PAID = CardPayment(external_id="c1", booked_on=DAY, currency="USD", program="field-card", amount=9_900, trace="CRD-1")


@pytest.fixture
def client(shelf):
    """Kestrel, whose processor stands for a tool that funds payments by lumps."""
    with client_context(shelf.kestrel.pk):
        yield shelf.kestrel


def bank_shows(client, *lines):
    feed = BankFeed.objects.get(client=client, account__name="Checking")
    arrive(client, "plaid", "transactions", *(
        BankLine(external_id=text, booked_on=DAY, currency="USD", account=feed.account_key, amount=amount, description=text)
        for amount, text in lines
    ))  # fmt: skip
    bank_intake.take(client)


def awaited(client):
    return {money.key.rpartition(":")[2]: money.amount for money in expected.money(client) if ":lump:" in money.key}


def test_a_lump_is_awaited_until_the_bank_shows_it_and_booked_then(client):
    arrive(client, "stripe", "balance_transactions", PULL, BACK)
    booking.book(client)
    before = net(client, "Stripe Clearing"), net(client, "Checking")
    assert awaited(client) == {"f1": -61_000, "f2": 4_000}
    bank_shows(client, (-61_000, "STRIPE FND-77"), (4_000, "STRIPE FND-78"))
    reconciling.suggest(client)
    assert awaited(client) == {}
    assert net(client, "Stripe Clearing") - before[0] == 57_000
    assert net(client, "Checking") - before[1] == -57_000
    assert JournalEntry.objects.filter(client=client, purpose="funding", booked_on=DAY).count() == 2


def test_a_card_is_paid_from_the_bank_the_line_stands_on(client, shelf):
    """The entry has a bank and a card side; only the bank's is the feed's account."""
    version = mapping.draft(client, by=shelf.cast.bookkeeper, effective_from=DAY)
    visa = Account.objects.get(client=client, name="Business Visa")
    mapping.set_rule(version, role="card", key="field-card", account=visa, by=shelf.cast.bookkeeper)
    mapping.approve(version, by=shelf.cast.controller)
    arrive(client, "stripe", "balance_transactions", PAID)
    before = net(client, "Business Visa"), net(client, "Checking")
    bank_shows(client, (-9_900, "STRIPE CRD-1"))
    reconciling.suggest(client)
    assert (net(client, "Business Visa") - before[0], net(client, "Checking") - before[1]) == (9_900, -9_900)


def test_what_another_route_books_altogether_is_not_awaited(client):
    arrive(client, "stripe", "balance_transactions", PULL)
    assert awaited(client)
    assert any(money.provider == "stripe" for money in expected.money(client))
    streams = StreamState.objects.filter(client=client, connection__provider="stripe", duty="book")
    streams.update(duty="prove")
    assert not any(money.provider == "stripe" for money in expected.money(client))
