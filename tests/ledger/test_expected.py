"""Lumps of bill tools and payments of cards are awaited at the bank and booked when it shows them; not so what another route books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from clients.tenancy import client_context
from integrations.models import Connection, StreamState
from integrations.records import BankLine, CardPayment, FundingPull, Payout
from ledger import bank_intake, booking, expected, mapping, processor_proof, reconciling
from ledger.core.period import Month
from ledger.models import Account, BankFeed, JournalEntry, JournalLine
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


def euros(number, **more):
    return Payout(
        external_id=f"txn_{number}", booked_on=DAY, currency="EUR", amount=50_000, arrives_on=DAY, payout_id=number, **more
    )  # fmt: skip


def test_a_foreign_payout_is_awaited_in_home_currency_at_its_own_rate(client):
    """The bank is in dollars; what the payout left in transit in euros is met, and the proof says so in euros."""
    told = euros("po_e1", rate=Decimal("1.0825"), rate_source="the processor")
    before = net(client, "Payouts in Transit"), net(client, "Checking")
    arrive(client, "stripe", "balance_transactions", told, euros("po_e2"))
    booking.book(client)
    (money,) = (money for money in expected.money(client) if "po_e" in money.key)
    assert (money.label, money.amount) == ("Payout po_e1", 54_125), "the other waits for its rate"
    bank_shows(client, (54_125, "STRIPE po_e1"))
    reconciling.suggest(client)
    assert not any("po_e" in money.key for money in expected.money(client))
    assert (net(client, "Payouts in Transit"), net(client, "Checking")) == (before[0], before[1] + 54_125)
    bank = JournalLine.objects.get(
        client=client, entry__purpose="arrival", entry__source_key__contains="po_e1", role="bank"
    )
    assert (bank.net_minor, bank.foreign_currency) == (54_125, "")
    connection = Connection.objects.get(client=client, provider="stripe")
    rows = processor_proof.prove(client, connection, Month(2026, 4), "EUR").payouts.rows
    assert {row.payout.payout_id: (row.state, row.arrived) for row in rows} == {
        "po_e1": ("arrived", 50_000), "po_e2": ("late", 0),
    }  # fmt: skip
