"""A system that another route books, proven: every record meets one document, and what does not meet is named."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from integrations.models import Fact
from integrations.records import BillPayment, CardPurchase, ExpenseSplit, Reimbursement, SystemBalance, VendorBill
from integrations.records_json import to_json
from ledger import bank_position, booking, captured_proof, source_proof
from ledger.core.period import Month
from ledger.models import MirrorDocument
from tests import builders
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books
from tests.scene import arrive

pytestmark = pytest.mark.django_db
APRIL = Month(2026, 4)


def on(day):
    return date(2026, 4, day)


def bill(n, amount=4_000, number=None, vendor="Cedarline Imports"):
    return VendorBill(
        external_id=f"b{n}", booked_on=on(n), currency="USD", vendor=vendor, amount=amount, number=number or f"CI-{n}",
        splits=(ExpenseSplit(amount=amount),),
    )  # fmt: skip


def bought(n, amount=900, merchant="Pinefork Diner"):
    return CardPurchase(
        external_id=f"c{n}", booked_on=on(n), currency="USD", program="card", amount=amount, merchant=merchant,
        splits=(ExpenseSplit(amount=amount),),
    )  # fmt: skip


@pytest.fixture
def system(books):
    """A tool whose own sync books, so that all its streams prove."""
    return scene.connect(books, "bill", "Accounts payable", ("bills", "prove"), ("payments", "prove"))


def there(books, day, amount, *, number="", party="", type_="Bill"):
    return scene.mirrored(books, type_, on(day), number, party, ("6400", amount), ("1010", -amount))


def rows(books, system, *records):
    arrive(books.client, "bill", "bills", *records)
    proof = source_proof.prove(books.client, system, APRIL)
    return {row.fact.external_id: (row.state, row.document and row.document.pk, row.difference) for row in proof.rows}


def test_a_record_meets_the_document_of_its_number_and_the_difference_is_named(books, system):
    same, other = there(books, 9, 4_000, number="CI-3"), there(books, 4, 4_050, number="CI-4")
    assert rows(books, system, bill(3), bill(4), bill(5)) == {
        "b3": ("equal", same.pk, 0), "b4": ("differs", other.pk, 50), "b5": ("missing", None, -4_000),
    }  # fmt: skip


def test_without_a_number_party_and_amount_decide_then_amount_and_day(books, system):
    mine = there(books, 12, 900, party="PINEFORK DINER")
    near = there(books, 8, 900, party="Card purchase")
    assert rows(books, system, bought(7), bought(10)) == {
        "c7": ("equal", mine.pk, 0), "c10": ("equal", near.pk, 0),
    }  # fmt: skip


def test_a_document_stands_for_one_record_only_and_a_week_is_too_far(books, system):
    there(books, 7, 900, party="Pinefork Diner")
    there(books, 28, 900, party="Pinefork Diner")
    states = [state for state, *_ in rows(books, system, bought(7), bought(8)).values()]
    assert sorted(states) == ["equal", "missing"]


def test_what_we_wrote_or_what_was_deleted_there_is_no_document_of_another_route(books, system):
    gone = there(books, 7, 900, party="Pinefork Diner")
    MirrorDocument.objects.filter(pk=gone.pk).update(is_deleted=True)
    assert rows(books, system, bought(7))["c7"][0] == "missing"


def test_bought_and_paid_at_once_is_one_purchase_there(books, system):
    purchase = there(books, 6, 4_000, number="CI-6", type_="Purchase")
    paid = BillPayment(
        external_id="b6:sent",
        booked_on=on(6),
        currency="USD",
        vendor="Cedarline Imports",
        amount=4_000,
        paid_from="bank",
    )
    first = scene.fact(books, "bill", "bills", bill(6))
    Fact.objects.create(
        client=books.client, connection=system, document=first.document, stream="bills", external_id=paid.external_id,
        kind="BillPayment", booked_on=paid.booked_on, amount_minor=paid.amount, currency="USD", data=to_json(paid),
    )  # fmt: skip
    Fact.objects.filter(client=books.client, connection=system).update(state="proof")
    proof = source_proof.prove(books.client, system, APRIL)
    assert {(row.fact.external_id, row.document.pk) for row in proof.rows} == {
        ("b6", purchase.pk), ("b6:sent", purchase.pk),
    }  # fmt: skip


def test_a_system_that_is_booked_from_here_is_not_proven_so(books):
    scene.connect(books, "bill", "Accounts payable", ("bills", "book"))
    arrive(books.client, "bill", "bills", bill(3))
    assert source_proof.connections(books.client) == []


def test_a_record_that_makes_no_entry_proves_nothing_of_a_system_that_is_booked(books):
    scene.connect(books, "ramp", "Expenses", ("reimbursements", "book"))
    outside = Reimbursement(
        external_id="r1", booked_on=on(3), currency="USD", employee="Ada Finch", amount=900, through="outside"
    )
    arrive(books.client, "ramp", "reimbursements", outside)
    booking.book(books.client)
    assert Fact.objects.get(kind="Reimbursement").state == "proof"
    assert source_proof.connections(books.client) == []


def test_what_makes_no_entry_is_not_looked_for_there(books, system):
    outside = Reimbursement(
        external_id="r1", booked_on=on(6), currency="USD", employee="Torsten Vale", amount=8_654, through="outside"
    )
    assert list(rows(books, system, outside, replace(outside, external_id="r2", through="tool"))) == ["r2"]


def test_the_page_shows_what_is_off_first(books, system, bob, client):
    there(books, 3, 4_000, number="CI-3")
    arrive(books.client, "bill", "bills", bill(3), bill(5))
    builders.sign_in(client, bob)
    address = f"/c/{books.client.slug}/proven/2026-04/{system.pk}/"
    page = client.get(address).content.decode()
    assert "1 of 2 records do not tie" in page
    assert page.index("CI-5") < page.index("CI-3")
    assert "CI-3" not in client.get(address + "?show=off").content.decode()
    assert client.get(f"/c/{books.client.slug}/proven/2026-04/{system.pk + 999}/").status_code == 404


# ---- what a system says it holds or owes -----------------------------------------------------------------------------------


def says(books, day, amount):
    owed = SystemBalance(
        external_id=f"owed:{day}", booked_on=day, currency="USD", role="sales-tax-payable", amount=amount, account="tax"
    )
    fact = scene.fact(books, "bill", "bills", owed)
    Fact.objects.filter(pk=fact.pk).update(state="proof")


def test_what_a_system_owes_is_compared_on_the_day_it_says_so_after_the_months_end_first(books, system):
    before = -bank_position.book_balance(books.client, books.account("2300").pk, APRIL)
    scene.mirrored(books, "JournalEntry", date(2026, 5, 3), "", "", ("6400", 70), ("2300", -70))
    says(books, date(2026, 5, 4), before + 70)
    says(books, date(2026, 5, 9), before)
    says(books, on(20), before + 5)
    (proof,) = captured_proof.told(books.client, APRIL)
    assert (proof.on, proof.stated, proof.ledger, proof.difference) == (date(2026, 5, 4), before + 70, before + 70, 0)


def test_an_earlier_word_counts_where_no_later_one_came(books, system):
    before = -bank_position.book_balance(books.client, books.account("2300").pk, APRIL)
    says(books, on(20), before + 5)
    (proof,) = captured_proof.told(books.client, APRIL)
    assert (proof.on, proof.difference) == (on(20), -5)
