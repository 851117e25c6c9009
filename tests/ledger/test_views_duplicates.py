"""The pages of suspect pairs and of names alike: decided, taken back, and as quick with many rows as with few."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from ledger.models import JournalEntry, LedgerException, NameDecision
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(standing, db, client):
    return builders.sign_in(client, standing[0].bob)


def first(books, model, **fields):
    with client_context(books.client.pk):
        return model.objects.filter(**fields).first()


def held(books, kind):
    return first(books, LedgerException, kind=kind)


def test_a_pair_is_decided_on_its_page_and_taken_back(books, bob):
    row = held(books, "duplicate")
    assert f"/c/kestrel/duplicates/{row.pk}/decide/" in bob.get("/c/kestrel/duplicates/").content.decode()
    answer = bob.post(f"/c/kestrel/duplicates/{row.pk}/decide/", {"answer": "keep"}, follow=True)
    assert "Both are real" in answer.content.decode()
    decided = bob.get("/c/kestrel/duplicates/?show=decided").content.decode()
    assert "Take it back" in decided
    bob.post(f"/c/kestrel/duplicates/{row.pk}/decide/", {"answer": "undo", "back": "decided"})
    assert first(books, LedgerException, pk=row.pk).state == "open"


@pytest.mark.parametrize("answer", ["", "third", "undo"])
def test_an_answer_that_fits_no_pair_changes_nothing(books, bob, answer):
    row = held(books, "duplicate")
    said = bob.post(f"/c/kestrel/duplicates/{row.pk}/decide/", {"answer": answer}, follow=True).content.decode()
    assert ("Choose which" in said) or ("Nobody has decided" in said)
    assert first(books, LedgerException, pk=row.pk).state == "open"


def test_the_page_of_pairs_asks_the_same_for_many(books, bob, django_assert_max_num_queries):
    with client_context(books.client.pk):
        entry = JournalEntry.objects.filter(client=books.client).first()
        LedgerException.objects.bulk_create(
            LedgerException(
                client=books.client, kind="duplicate", identity=f"many:{n}", cause="c", title="Twice", amount_minor=5,
                detail={"first_entry": entry.pk, "second_entry": entry.pk, "percent": 50, "reasons": [["same amount", 4]]},
            )
            for n in range(60)
        )  # fmt: skip
    with django_assert_max_num_queries(33):
        assert "1 to 50 of 6" in bob.get("/c/kestrel/duplicates/").content.decode()


def test_names_are_decided_on_their_page(books, bob):
    given = {"kind": "Vendor", "first": "Larch Cloud", "second": "Larch Clouds", "kept": "Larch Cloud"}
    said = bob.post("/c/kestrel/names/decide/", given, follow=True).content.decode()
    assert "Larch Clouds is kept under Larch Cloud from now on" in said
    made = first(books, NameDecision, kept="Larch Cloud")
    assert "taken back" in bob.post(f"/c/kestrel/names/{made.pk}/undo/", follow=True).content.decode()
    assert (
        "not alike" in bob.post("/c/kestrel/names/decide/", {**given, "second": "Zephyr"}, follow=True).content.decode()
    )
