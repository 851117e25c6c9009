"""The REST API: what it shows, what it refuses, and that its acts are the pages' own."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from ledger.models import LedgerException, Match
from tests import builders

pytestmark = pytest.mark.django_db
BASE = "/api/v1/clients/kestrel"


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(world, client):
    return builders.sign_in(client, world.bob)


def post(browser, address, body=None):
    return browser.post(address, body or {}, content_type="application/json")


def first(books, model, **fields):
    with client_context(books.client.pk):
        return model.objects.filter(**fields).first()


def test_accounts_come_in_pages_with_their_numbers(books, bob):
    answer = bob.get(f"{BASE}/accounts/").json()
    assert (answer["count"], answer["pages"]) == (28, 1)
    assert {"number": "1010", "name": "Operating checking"}.items() <= answer["results"][0].items()


def test_entries_of_a_month_are_only_its_own(books, bob):
    answer = bob.get(f"{BASE}/entries/?month=2026-02").json()
    assert {row["booked_on"][:7] for row in answer["results"]} == {"2026-02"}


def test_an_entry_comes_with_balanced_lines_and_its_source(books, bob):
    row = next(row for row in bob.get(f"{BASE}/entries/?month=2026-03").json()["results"] if row["purpose"] == "sale")
    entry = bob.get(f"{BASE}/entries/{row['id']}/").json()
    assert sum(line["debit_minor"] - line["credit_minor"] for line in entry["lines"]) == 0
    assert entry["source"]["stream"] == "balance_transactions"
    assert entry["mapping_version"] == 1


def test_the_trial_balance_balances(books, bob):
    totals = bob.get(f"{BASE}/trial-balance/2026-03/").json()["totals"]
    assert totals["debit_minor"] == totals["credit_minor"] > 0


def test_exceptions_of_clients_the_person_does_not_see_are_not_listed(books, world, client):
    charlie = builders.sign_in(client, world.charlie)
    assert charlie.get("/api/v1/exceptions/").json()["count"] == 0


def test_resolving_needs_a_note_and_settles_those_alike(books, bob):
    row = first(books, LedgerException, kind="unmapped")
    assert post(bob, f"{BASE}/exceptions/{row.pk}/resolve/").status_code == 400
    assert len(post(bob, f"{BASE}/exceptions/{row.pk}/resolve/", {"note": "Not ours"}).json()["resolved"]) == 2
    assert post(bob, f"{BASE}/exceptions/{row.pk}/resolve/", {"note": "Again"}).status_code == 404


def test_a_match_is_accepted_once_and_undone(books, bob):
    match = first(books, Match, state="suggested")
    assert post(bob, f"{BASE}/matches/{match.pk}/accept/").json()["state"] == "accepted"
    assert post(bob, f"{BASE}/matches/{match.pk}/accept/").status_code == 400
    assert post(bob, f"{BASE}/matches/{match.pk}/undo/").json()["state"] == "undone"


def test_an_administrator_reads_and_does_not_prepare(books, world, client):
    dan = builders.sign_in(client, world.dan)
    match = first(books, Match, state="suggested")
    assert dan.get(f"{BASE}/accounts/").status_code == 200
    assert post(dan, f"{BASE}/matches/{match.pk}/accept/").status_code == 403
    assert first(books, Match, pk=match.pk).state == "suggested"


def test_a_stranger_and_nobody_learn_nothing(books, world, client):
    assert client.get(f"{BASE}/accounts/").status_code in {302, 401, 403}
    charlie = builders.sign_in(client, world.charlie)
    foreign, absent = charlie.get(f"{BASE}/accounts/"), charlie.get("/api/v1/clients/nobody/accounts/")
    assert (foreign.status_code, foreign.content) == (404, absent.content)
