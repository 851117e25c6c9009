"""The two companies with wide stacks: everything they use is connected, booked and proven, by itself and in the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from clients.tenancy import client_context
from config.demo import cast, stack, story, systems, truth
from ledger import bank_position, captured_proof, source_proof
from ledger.models import JournalEntry, OutboxItem
from tests import scene
from tests.conftest import template
from tests.ledger import plain_books

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.demo.cast import Cast

pytestmark = [pytest.mark.slow]
MONTHS = story.MONTHS


@pytest.fixture(scope="module")
def everyone(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """Both companies onboarded, in a database and a sandbox of this module's own."""
    nursery = scene.Nursery()
    try:
        with scene.copied(template(), django_db_blocker), nursery.sandbox():
            people = cast.seed()
            for slug in story.WIDE:
                scene.onboard(people.clients[slug], people)
            yield people
    finally:
        nursery.stop()


@pytest.mark.parametrize("slug", story.WIDE)
def test_the_books_are_the_truth_in_every_month(everyone, slug):
    client = everyone.clients[slug]
    known = truth.read(client)
    with client_context(client.pk):
        for month in MONTHS:
            assert truth.compare(client, month, known) == [], month
            said = truth.unproven(client, month, known)
            assert not said, f"{month}: {'; '.join(said)}"


@pytest.mark.parametrize("slug", story.WIDE)
def test_other_tools_come_to_our_balances(everyone, slug):
    client = everyone.clients[slug]
    with client_context(client.pk):
        assert plain_books.differences(client, MONTHS[-1]) == {}


@pytest.mark.parametrize("slug", story.WIDE)
def test_every_system_is_booked_and_proven_by_itself(everyone, slug):
    client = everyone.clients[slug]
    known = truth.read(client)
    with client_context(client.pk):
        proofs = {proof.slug: proof for proof in systems.prove(client, MONTHS, known)}
    assert {slug: proof.problems for slug, proof in proofs.items() if not proof.ties} == {}
    assert proofs.keys() == set(known["systems"])
    assert set(stack.connected(client)) >= proofs.keys()


@pytest.mark.parametrize("slug", story.WIDE)
def test_the_accounting_system_took_every_document(everyone, slug):
    with client_context(everyone.clients[slug].pk):
        kinds = set(OutboxItem.objects.values_list("type", flat=True))
        assert kinds >= {"JournalEntry", "Bill", "BillPayment"}
        items = OutboxItem.objects.exclude(state="posted")
        assert list(items.values_list("type", "state", "problem")) == []
        unsent = JournalEntry.objects.filter(origin="source", sent_with__isnull=True)
        assert list(unsent.values_list("purpose", "memo")) == []


@pytest.mark.parametrize("slug", story.WIDE)
def test_every_bank_account_reconciles(everyone, slug):
    client = everyone.clients[slug]
    with client_context(client.pk):
        feeds = list(bank_position.feeds(client))
        assert len(feeds) == 3
        for feed in feeds:
            for month in MONTHS:
                position = bank_position.position(client, feed, month)
                assert position.difference == 0, (feed, month)
                assert list(position.bank_only) == [], (feed, month)


def test_a_difference_of_one_cent_is_named_by_system_month_and_account(everyone):
    client = everyone.clients["osprey"]
    known = truth.read(client)
    savings = known["months"]["2026-02"]["Savings"]["balance_minor"]
    held = {"on": "2026-02-28", "accounts": ["Savings"], "books_minor": savings + 1}
    facts = {"booked": {"2026-01": {"Rent": 5}}, "balances": [held]}
    with client_context(client.pk):
        bank, nowhere = systems.prove(client, MONTHS, {"systems": {"bank-file": facts, "no-such": facts}})
    assert not bank.ties
    assert bank.problems == ("2026-01: Rent 0 for 5", f"2026-02: holds {savings + 1}, the books show {savings}")
    assert nowhere.problems == ("not connected",)


@pytest.mark.parametrize("slug", story.WIDE)
def test_what_systems_say_they_hold_or_owe_is_in_the_books(everyone, slug):
    client = everyone.clients[slug]
    with client_context(client.pk):
        for month in MONTHS[1:]:
            proofs = captured_proof.told(client, month)
            assert proofs
            assert [(proof.label, proof.on, proof.stated, proof.ledger) for proof in proofs if proof.difference] == []


def test_every_record_of_a_system_that_only_proves_stands_in_the_books_once(everyone):
    client = everyone.clients["osprey"]
    with client_context(client.pk):
        (dext,) = source_proof.connections(client)
        for month in MONTHS[1:]:
            proof = source_proof.prove(client, dext, month)
            assert [row.label for row in proof.off] == []
            assert len(proof.rows) > 10
