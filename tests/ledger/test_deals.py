"""A won deal becomes an invoice by two people, or nothing with a reason; a deal that changes afterwards is a question."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import Error, connection, transaction
from django.test import Client as Browser

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import InvoiceLine, WonDeal
from ledger import booking, deals, mapping
from ledger.models import Account, DealInvoice, JournalEntry, LedgerException
from tests import builders
from tests.ledger import scene
from tests.scene import arrive

WON = date(2026, 3, 20)
DEAL = WonDeal(
    external_id="d1", booked_on=WON, currency="USD", customer="Harbour Hotel", amount=90_000, name="Lobby signs",
    lines=(InvoiceLine(amount=60_000, product="Design"), InvoiceLine(amount=30_000, product="Care")),
)  # fmt: skip
DRAFT = deals.Draft("Harbour Hotel", "D-1", WON, date(2026, 4, 19), DEAL.lines)


@pytest.fixture
def desk(standing, db):
    """(world, scene) with a sales system; receivables and revenue are mapped."""
    world, books = standing
    with client_context(books.client.pk):
        scene.connect(books, "hubspot", "Sales", ("deals", "book"))
        Account.objects.create(client=books.client, number="1100", name="Receivables", type="asset", group="receivable")
        version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 1, 1))
        for role, number in (("ar", "1100"), ("revenue", "4010"), ("contract-liability", "2300")):
            account = Account.objects.get(client=books.client, number=number)
            mapping.set_rule(version, role=role, key="", account=account, by=world.bob)
        mapping.approve(version, by=world.alice)
        yield world, books


@pytest.fixture
def won(desk):
    return told(desk[1], DEAL)


def told(books, deal):
    """The deal as its system tells it now."""
    arrive(books.client, "hubspot", "deals", deal)
    return deals.won(books.client).get(external_id=deal.external_id)


def entries(books):
    return JournalEntry.objects.filter(client=books.client, source_key__contains=deals.STREAM)


def lines(entry):
    return sorted(entry.lines.values_list("account__number", "debit_minor", "credit_minor", "party"))


def test_two_people_make_an_invoice_of_a_deal(desk, won):
    world, books = desk
    booking.book(books.client)
    row = deals.prepare(books.client, won, DRAFT, by=world.bob)
    assert (row.state, row.amount_minor, entries(books).count()) == ("waiting", 90_000, 0)
    with pytest.raises(deals.DealError, match="prepared an invoice cannot approve"):
        deals.approve(books.client, won, by=world.bob)
    deals.approve(books.client, won, by=world.alice)
    entry = entries(books).get()
    assert (entry.purpose, entry.booked_on, entry.origin) == ("invoice", WON, "source")
    assert lines(entry) == [("1100", 90_000, 0, "Harbour Hotel"), ("4010", 0, 30_000, ""), ("4010", 0, 60_000, "")]
    told = Fact.objects.get(client=books.client, stream=deals.STREAM)
    assert (told.data["number"], told.data["due_on"], told.state) == ("D-1", "2026-04-19", "booked")
    assert told.document.payload["approved_by"] == world.alice.email
    with pytest.raises(deals.DealError, match="approved already"):
        deals.prepare(books.client, won, DRAFT, by=world.bob)
    booking.book(books.client)
    assert entries(books).count() == 1


def test_a_deal_is_set_aside_with_a_reason_and_may_be_taken_up_again(desk, won):
    world, books = desk
    with pytest.raises(deals.DealError, match="Say why"):
        deals.dismiss(books.client, won, reason=" ", by=world.bob)
    assert deals.dismiss(books.client, won, reason="Billed by the agency", by=world.bob).state == "dismissed"
    with pytest.raises(deals.DealError, match="No invoice waits"):
        deals.approve(books.client, won, by=world.alice)
    assert deals.prepare(books.client, won, DRAFT, by=world.bob).state == "waiting"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"customer": " "}, "needs a customer"),
        ({"due_on": date(2026, 3, 1)}, "before its own date"),
        ({"lines": ()}, "lines that come to more than nothing"),
        ({"lines": (InvoiceLine(amount=1, product="Care", service_from=WON),)}, "needs both days"),
    ],
)
def test_an_invoice_that_is_not_whole_is_refused(desk, won, typed, wrong):
    world, books = desk
    with pytest.raises(deals.DealError, match=wrong):
        deals.prepare(books.client, won, replace(DRAFT, **typed), by=world.bob)


def test_a_foreign_deal_without_a_rate_is_refused_in_words(desk):
    world, books = desk
    euros = told(books, replace(DEAL, external_id="d2", currency="EUR"))
    with pytest.raises(deals.DealError, match="EUR and names no rate"):
        deals.prepare(books.client, euros, DRAFT, by=world.bob)


def test_a_deal_that_was_changed_is_not_approved_unseen(desk, won):
    world, books = desk
    deals.prepare(books.client, won, DRAFT, by=world.bob)
    now = told(books, replace(DEAL, amount=95_000, lines=()))
    with pytest.raises(deals.DealError, match="changed meanwhile"):
        deals.approve(books.client, now, by=world.alice)


def test_a_deal_that_is_changed_after_its_invoice_is_a_question_and_replaces_nothing(desk, won):
    world, books = desk
    deals.prepare(books.client, won, DRAFT, by=world.bob)
    row = deals.approve(books.client, won, by=world.alice)
    assert deals.review(books.client) == 0
    now = told(books, replace(DEAL, amount=95_000))
    booking.book(books.client)
    assert deals.review(books.client) == 1
    asked = LedgerException.objects.get(client=books.client, cause=deals.CAUSE, state="open")
    assert asked.title.startswith("Deal of Harbour Hotel: another amount, and it is invoiced.")
    assert asked.amount_minor == 5_000
    assert lines(entries(books).get())[0][1] == 90_000
    deals.leave_as_it_is(books.client, row, now, reason="The rest is billed by itself", by=world.bob)
    assert deals.review(books.client) == 0
    assert LedgerException.objects.get(pk=asked.pk).state == "resolved"
    Fact.objects.filter(pk=now.pk).update(state="superseded")
    assert deals.review(books.client) == 1
    assert deals.GONE in LedgerException.objects.get(client=books.client, cause=deals.CAUSE, state="open").title


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_dealinvoice SET amount_minor = 1 WHERE id = %s",
        "UPDATE ledger_dealinvoice SET state = 'waiting', approved_by_id = NULL, approved_at = NULL WHERE id = %s",
        "UPDATE ledger_dealinvoice SET lines = '[]' WHERE id = %s",
        "UPDATE ledger_dealinvoice SET prepared_by_id = approved_by_id WHERE id = %s",
    ],
)
def test_the_database_keeps_an_approved_invoice_as_it_is(desk, won, statement):
    world, books = desk
    deals.prepare(books.client, won, DRAFT, by=world.bob)
    row = deals.approve(books.client, won, by=world.alice)
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [row.pk])


def test_the_database_wants_a_second_person_and_a_reason(desk, won):
    world, books = desk
    row = deals.prepare(books.client, won, DRAFT, by=world.bob)
    rows = DealInvoice.objects.filter(pk=row.pk)
    for wrong in (
        {"state": "approved", "approved_by": world.bob, "approved_at": row.prepared_at},
        {"state": "approved"},
        {"state": "dismissed"},
        {"amount_minor": 0},
    ):
        with pytest.raises(Error), transaction.atomic():
            rows.update(**wrong)


def test_the_pages_lead_from_the_list_to_the_approval(desk, won, django_assert_max_num_queries):
    world, books = desk
    bob, alice = (builders.sign_in(Browser(), user) for user in (world.bob, world.alice))
    for number in range(5):
        told(books, replace(DEAL, external_id=f"e{number}"))
    with django_assert_max_num_queries(30):
        listed = bob.get("/c/kestrel/deals/").content.decode()
    assert listed.count("To decide") == 6
    address = f"/c/kestrel/deals/{won.pk}/"
    page = bob.get(address).content.decode()
    assert "Lobby signs" in page
    assert 'value="600.00"' in page
    typed = {
        "customer": "Harbour Hotel", "number": "D-1", "invoiced_on": "2026-03-20", "terms": "30",
        "line-product": ["Design", ""], "line-amount": ["six", ""], "line-department": ["", ""],
        "line-from": ["", ""], "line-to": ["", ""],
    }  # fmt: skip
    wrong = bob.post(f"{address}prepare/", typed)
    assert wrong.status_code == 422
    assert "That is no amount." in wrong.content.decode()
    assert 'value="six"' in wrong.content.decode()
    assert bob.post(f"{address}prepare/", typed | {"line-amount": ["900", ""]}).status_code == 302
    assert "Approve and send" in alice.get(address).content.decode()
    assert alice.post(f"{address}approve/").status_code == 302
    assert "Invoiced" in alice.get(address).content.decode()
    assert "JE-" in alice.get(address).content.decode()
