"""A processor proven: opening + activity − payouts = what it holds = clearing, to the cent, and each difference by its name."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from integrations.models import Connection, Fact
from integrations.records import (
    Conversion,
    Goods,
    Order,
    OrderRefund,
    Payout,
    ProcessorBalance,
    ProcessorFee,
    Refund,
    Sale,
    Tender,
)
from ledger import bank_position, booking, matches, posting, processor_proof
from ledger.core.period import Month
from ledger.models import JournalEntry
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books, printed
from tests.scene import arrive

pytestmark = pytest.mark.django_db
MARCH, APRIL = Month(2026, 3), Month(2026, 4)
STREAM = "balance_transactions"


def on(day):
    return date(2026, 4, day)


def sale(number, day, amount=10_000, fee=320, **more):
    given = {"booked_on": on(day), "currency": "USD", "amount": amount, "fee": fee, "channel": "shop"}
    return Sale(external_id=f"txn_a{number}", **(given | more))


def payout(number, day, amount):
    return Payout(
        external_id=f"txn_p{number}", booked_on=on(day), currency="USD", amount=amount, arrives_on=on(day) + timedelta(2),
        payout_id=f"po_a{number}",
    )  # fmt: skip


#: April's rows: what they move comes to 13,470.
ROWS = (
    sale(1, 3),
    sale(2, 4, 20_000, 610, channel="online"),
    Refund(external_id="txn_r1", booked_on=on(6), currency="USD", amount=1_500, channel="online"),
    ProcessorFee(external_id="txn_f1", booked_on=on(9), currency="USD", amount=100, category="radar"),
    payout(1, 10, 14_000),
)
MOVED = {"sales": 30_000, "refunds": -1_500, "fees": -1_030, "payouts": -14_000}


@pytest.fixture
def stripe(books):
    """April has its rows, booked; the processor has said what it holds."""
    arrive(books.client, "stripe", STREAM, *ROWS)
    booking.book(books.client)
    holds(books, opening(books) + sum(MOVED.values()))
    return books.connections["stripe"]


def opening(books):
    return bank_position.book_balance(books.client, books.account("1210").pk, MARCH)


def holds(books, amount, day=30, key="april", **more):
    """The processor says what it holds."""
    told = ProcessorBalance(
        external_id=f"balance-{key}", booked_on=on(day), currency="USD", amount=amount, available=amount, pending=0, **more
    )  # fmt: skip
    scene.fact(books, "stripe", "balance", told)


def prove(books, month=APRIL):
    return processor_proof.prove(books.client, books.connections["stripe"], month)


def touch(books, debit, credit, amount, day=17, memo="JournalEntry · 77"):
    lines = [posting.Line(books.account(debit).pk, amount), posting.Line(books.account(credit).pk, 0, amount)]
    entry = posting.Entry(on(day), f"test:{debit}:{credit}:{amount}", "test", lines, origin="ledger", memo=memo)
    return posting.post(books.client.pk, [entry]).ids[0]


def arrived(books, bob, number, amount, day):
    key = f"stripe:{books.connections['stripe'].account_id}:payout:po_a{number}"
    item = printed(books, on(day), amount, "STRIPE", f"dep-{number}")
    return matches.match_by_hand([item], [], awaited=[key], by=bob)


# ---- the roll-forward ----------------------------------------------------------------------------------------------------


def test_opening_activity_and_payouts_come_to_what_the_processor_holds_and_to_clearing(books, stripe):
    roll = prove(books).roll
    assert {name: amount for name, amount in roll.movements if amount} == MOVED
    assert roll.closing == opening(books) + 13_470 == roll.reported == roll.ledger
    assert (roll.to_processor, roll.to_ledger, roll.ties) == (0, 0, True)
    assert prove(books).off == ()


def test_what_was_held_when_the_month_ended_is_taken_as_it_is_whatever_is_held_now(books, stripe):
    """A marketplace's balance of now counts sales that no settlement has told yet; each of its accounts says its part."""
    whole = opening(books) + sum(MOVED.values())
    holds(books, whole - 700, key="end", is_closing=True)
    holds(books, 700, key="end of invoiced orders", is_closing=True)
    holds(books, whole + 55_000, key="now")
    assert (prove(books).roll.reported, prove(books).roll.ties) == (whole, True)
    holds(books, 10, key="end of a third account", is_closing=True)
    assert prove(books).roll.to_processor == -10


def test_the_next_month_opens_where_this_one_closed(books, stripe):
    assert prove(books, APRIL.next).roll.opening == prove(books).roll.closing


def test_rows_after_the_month_are_taken_off_what_the_processor_holds_later(books, stripe):
    later = sale(9, 30, 7_000, 200, booked_on=date(2026, 5, 2))
    arrive(books.client, "stripe", STREAM, later)
    booking.book(books.client)
    holds(books, opening(books) + 13_470 + 6_800, key="may")
    assert prove(books).roll.reported == opening(books) + 13_470
    assert prove(books).roll.ties


def test_without_the_processors_word_it_does_not_tie(books, stripe):
    Fact.objects.filter(client=books.client, kind="ProcessorBalance").update(state="superseded")
    roll = prove(books).roll
    assert (roll.reported, roll.to_processor, roll.ties) == (None, None, False)


def test_a_row_that_came_again_counts_once(books, stripe):
    arrive(books.client, "stripe", STREAM, sale(1, 3, 10_500))
    booking.book(books.client)
    holds(books, opening(books) + 13_970, key="again")
    roll = prove(books).roll
    assert (dict(roll.movements)["sales"], roll.ties) == (30_500, True)


def test_a_system_that_reports_no_balance_is_proven_by_its_rows(books):
    scene.connect(books, "square", "The till", ("payout_entries", "book"))
    arrive(books.client, "square", "payout_entries", sale(7, 11))
    booking.book(books.client)
    proof = processor_proof.prove(books.client, books.connections["square"], APRIL)
    assert (proof.roll.reported, proof.roll.ties, proof.can_tell, proof.rolls) == (None, False, True, True)
    touch(books, "1210", "6520", 1)
    assert not processor_proof.prove(books.client, books.connections["square"], APRIL).rolls


# ---- a planted cent ------------------------------------------------------------------------------------------------------


def test_a_cent_that_somebody_put_on_clearing_is_named_by_its_entry(books, stripe):
    entry = touch(books, "1210", "6520", 1)
    proof = prove(books)
    assert (proof.roll.to_processor, proof.roll.to_ledger) == (0, -1)
    (row,) = proof.off
    assert (row.label, row.difference, row.entry_id, row.fact_id) == ("JournalEntry · 77", 1, entry, None)


def test_a_cent_in_a_booked_fee_is_named_by_its_row_and_on_the_bridge(books, stripe):
    entry = JournalEntry.objects.get(source_key__endswith=":txn_a1", purpose="sale")
    lines = [posting.Line(x.account_id, x.debit_minor, x.credit_minor, x.role, x.key) for x in entry.lines.all()]
    cent = {"merchant-fees": 1, "clearing": -1}
    wrong = [x._replace(debit=x.debit + cent.get(x.role, 0)) for x in lines]
    posting.reverse(entry, reason="for the test", booked_on=entry.booked_on)
    posting.post(books.client.pk, [posting.Entry(entry.booked_on, entry.source_key, "sale", wrong, revision=1)])
    proof = prove(books)
    (row,) = proof.off
    assert (row.label, row.source, row.ledger) == ("Sale txn_a1", 9_680, 9_679)
    assert [(line.label, line.difference) for line in proof.bridge if line.difference] == [("Fees", 1)]


def test_a_cent_the_processor_holds_less_is_on_its_side(books, stripe):
    holds(books, opening(books) + 13_469, key="less")
    proof = prove(books)
    assert (proof.roll.to_processor, proof.roll.to_ledger, proof.roll.ties) == (1, 0, False)
    assert proof.off == ()


def test_a_row_that_is_held_is_named_with_its_whole_amount(books, stripe):
    arrive(books.client, "stripe", STREAM, sale(8, 12, 5_000, 150, tip=400))
    booking.book(books.client)
    holds(books, opening(books) + 13_470 + 4_850, key="tip")
    proof = prove(books)
    assert (proof.held, proof.roll.to_processor, proof.roll.to_ledger) == (1, 0, 4_850)
    (row,) = proof.off
    assert (row.label, row.difference, row.entry_id) == ("Sale txn_a8", -4_850, None)


def test_what_was_put_right_is_not_named(books, stripe):
    entry = JournalEntry.objects.get(pk=touch(books, "1210", "6520", 1))
    posting.reverse(entry, reason="for the test", booked_on=entry.booked_on)
    touch(books, "6520", "1210", 250, day=18)
    assert [row.difference for row in prove(books).off] == [-250]


# ---- payouts -------------------------------------------------------------------------------------------------------------


def rows_of(books, month=APRIL):
    """State, arrival and difference of the payouts of April's rows, by number."""
    return {
        row.payout.payout_id: (row.state, row.arrived_on, row.difference)
        for row in prove(books, month).payouts.rows
        if row.payout.payout_id.startswith("po_a")
    }


def test_a_payout_under_way_is_listed_and_the_in_transit_account_holds_it(books, stripe):
    proof = prove(books)
    assert rows_of(books)["po_a1"] == ("late", None, 0), "twenty days"
    before = prove(books, MARCH)
    assert proof.payouts.in_transit == proof.transit_ledger
    assert proof.transit_ledger == before.transit_ledger + 14_000


def test_a_payout_sent_within_days_of_the_months_end_is_in_transit(books, stripe):
    arrive(books.client, "stripe", STREAM, payout(2, 29, 2_000))
    booking.book(books.client)
    assert rows_of(books)["po_a2"] == ("in transit", None, 0)


def test_a_payout_that_arrived_next_month_was_in_transit_at_the_end_and_clears_then(books, bob, stripe):
    arrive(books.client, "stripe", STREAM, payout(2, 29, 2_000))
    booking.book(books.client)
    arrived(books, bob, 1, 14_000, 13)
    item = printed(books, date(2026, 5, 2), 2_000, "STRIPE", "dep-2")
    matches.match_by_hand([item], [], awaited=[f"stripe:{stripe.account_id}:payout:po_a2"], by=bob)
    assert rows_of(books) == {"po_a1": ("arrived", on(13), 0), "po_a2": ("in transit", None, 0)}
    assert rows_of(books, APRIL.next) == {"po_a2": ("arrived", date(2026, 5, 2), 0)}
    for month in (APRIL, APRIL.next):
        proof = prove(books, month)
        assert proof.payouts.in_transit == proof.transit_ledger


def test_a_payout_that_was_returned_is_not_under_way(books, stripe):
    back = replace(payout(1, 14, 14_000), external_id="txn_p1_back", stage="returned")
    arrive(books.client, "stripe", STREAM, back)
    booking.book(books.client)
    holds(books, opening(books) + 13_470 + 14_000, key="back")
    proof = prove(books)
    assert rows_of(books)["po_a1"][0] == "returned"
    assert proof.payouts.in_transit == proof.transit_ledger
    assert (dict(proof.roll.movements)["payouts"], proof.roll.ties) == (0, True)


def test_an_in_transit_account_somebody_touched_is_a_cent_off(books, stripe):
    touch(books, "1220", "6520", 1)
    proof = prove(books)
    assert proof.transit_ledger - proof.payouts.in_transit == 1


# ---- the bridge ----------------------------------------------------------------------------------------------------------


def test_gross_sales_refunds_and_fees_stand_in_the_books_as_reported(books, stripe):
    assert {line.label: (line.source, line.ledger) for line in prove(books).bridge} == {
        "Fees": (1_030, 1_030),
        "Refunds online": (-1_500, -1_500),
        "Sales online": (20_000, 20_000),
        "Sales shop": (10_000, 10_000),
    }


def test_a_system_that_was_ended_is_not_proven(books, stripe):
    assert stripe in processor_proof.connections(books.client)
    Connection.objects.filter(pk=stripe.pk).update(state="disconnected")
    assert processor_proof.connections(books.client) == []


# ---- another currency ------------------------------------------------------------------------------------------------------

EURO = {"currency": "EUR", "rate": Decimal("1.10"), "rate_source": "the processor"}
#: 50.00 € sold at 3.00 € fee, 20.00 € of them exchanged for 21.80 $: 27.00 € stay.
EUROS = (
    Sale(external_id="txn_e1", booked_on=on(5), amount=5_000, fee=300, channel="shop", **EURO),
    Conversion(
        external_id="txn_e2", booked_on=on(8), currency="USD", amount=2_180, sold_currency="EUR", sold_amount=2_000
    ),
)


@pytest.fixture
def wallets(books, stripe):
    """The account holds euros besides; both are kept on the one clearing account."""
    arrive(books.client, "stripe", STREAM, *EUROS)
    booking.book(books.client)
    holds(books, opening(books) + 13_470 + 2_180, key="dollars")
    scene.fact(books, "stripe", "balance", ProcessorBalance(
        external_id="balance-euro", booked_on=on(30), currency="EUR", amount=2_700, available=2_700, pending=0
    ))  # fmt: skip
    return stripe


def test_each_currency_of_an_account_is_proven_by_itself(books, wallets):
    home, euro = processor_proof.prove_all(books.client, wallets, APRIL)
    assert (home.currency, euro.currency, euro.title) == ("USD", "EUR", f"{wallets}, EUR")
    assert {name: amount for name, amount in home.roll.movements if amount} == MOVED | {"exchange": 2_180}
    assert {name: amount for name, amount in euro.roll.movements if amount} == {
        "sales": 5_000, "fees": -300, "exchange": -2_000,
    }  # fmt: skip
    assert (euro.roll.opening, euro.roll.closing, euro.roll.reported, euro.roll.ledger) == (0, 2_700, 2_700, 2_700)
    assert home.roll.ties
    assert euro.roll.ties
    assert {line.label: (line.source, line.ledger) for line in euro.bridge} == {
        "Fees": (300, 300), "Sales shop": (5_000, 5_000),
    }  # fmt: skip


def test_a_euro_cent_off_is_named_by_its_row(books, wallets):
    entry = JournalEntry.objects.get(source_key__endswith=":txn_e1", purpose="sale")
    posting.reverse(entry, reason="for the test", booked_on=entry.booked_on)
    home, euro = processor_proof.prove_all(books.client, wallets, APRIL)
    assert home.roll.to_ledger == 0
    assert (euro.roll.to_processor, euro.roll.to_ledger) == (0, 4_700)
    (row,) = euro.off
    assert (row.label, row.source, row.ledger) == ("Sale txn_e1", 4_700, 0)


# ---- another app posts it ------------------------------------------------------------------------------------------------


def test_what_another_app_books_is_proven_by_the_balance_and_neither_its_payouts_nor_its_rows_are_asked_for(books):
    """A marketplace's settlements, posted into clearing by an app: the rows here still come to both sides, or do not."""
    scene.connect(books, "amazon", "The market", ("settlements", "prove"), ("balances", "prove"))
    shop = books.connections["amazon"]
    fee = ProcessorFee(external_id="f", booked_on=on(8), currency="USD", amount=1_500, category="Advertising")
    arrive(books.client, "amazon", "settlements", sale(1, 7), fee, payout(1, 10, 6_000))
    booking.book(books.client)
    assert not JournalEntry.objects.filter(source_key__startswith="amazon:").exists()
    held = ProcessorBalance(
        external_id="b", booked_on=on(30), currency="USD", amount=2_180, available=2_180, pending=0, is_closing=True
    )  # fmt: skip
    scene.fact(books, "amazon", "balances", held)
    before = bank_position.book_balance(books.client, books.account("1210").pk, MARCH)
    found = processor_proof.prove(books.client, shop, APRIL)
    assert found.roll.closing - found.roll.opening == 2_180
    assert (found.roll.opening, found.roll.reported) == (before, 2_180)
    assert (found.bridge, found.payouts.rows, found.off) == ((), (), ())
    touch(books, "1210", "6520", 2_180)
    assert processor_proof.prove(books.client, shop, APRIL).roll.to_ledger == 0
    touch(books, "1210", "6520", 5)
    found = processor_proof.prove(books.client, shop, APRIL)
    assert (found.roll.to_ledger, found.off) == (-5, ())


# ---- a shop that holds money -----------------------------------------------------------------------------------------------


def test_a_shop_is_proven_once_it_says_what_it_holds(books):
    shop = scene.connect(books, "shopify", "The shop", ("orders", "book"), ("balance", "prove"))
    assert processor_proof.connections(books.client) == [books.connections["stripe"]]
    scene.fact(books, "shopify", "balance", ProcessorBalance(
        external_id="balance", booked_on=on(30), currency="USD", amount=0, available=0, pending=0
    ))  # fmt: skip
    assert processor_proof.connections(books.client) == [books.connections["stripe"], shop]


def test_what_a_shops_orders_sold_and_took_back_stands_in_the_books_by_product(books):
    shop = scene.connect(books, "shopify", "The shop", ("orders", "book"))
    named = {"currency": "USD", "channel": "shop", "tenders": (Tender(kind="processor", amount=10_000, name="stripe"),)}
    sold = Order(
        external_id="o1", booked_on=on(7), amount=10_000, goods=(Goods(amount=6_000), Goods(amount=4_000, product="online")),
        **named,
    )  # fmt: skip
    back = {**named, "tenders": (Tender(kind="processor", amount=3_500, name="stripe"),)}
    returned = OrderRefund(
        external_id="r1", booked_on=on(9), amount=3_500, goods=(Goods(amount=4_000, product="online", discount=500),), **back
    )  # fmt: skip
    arrive(books.client, "shopify", "orders", sold, returned)
    assert booked_bridge(books, shop) == {
        "Refunds online": (-3_500, -3_500), "Sales online": (4_000, 4_000), "Sales shop": (6_000, 6_000),
    }  # fmt: skip


def booked_bridge(books, connection):
    booking.book(books.client)
    proof = processor_proof.prove(books.client, connection, APRIL)
    return {line.label: (line.source, line.ledger) for line in proof.bridge}
