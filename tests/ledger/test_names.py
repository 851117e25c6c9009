"""Names that look alike: proposed, decided, taken back, and followed when something goes to the accounting system."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from clients.tenancy import client_context
from ledger import names, outbox_parties, posting
from ledger.models import NameDecision

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        payable = standing[1].account("2230")
        payable.group = "payable"
        payable.save()
        yield standing[1]


@pytest.fixture
def bob(standing):
    return standing[0].bob


def owed(books, party, n=1):
    for key in range(n):
        lines = [posting.Line(books.account("6310").pk, debit=900), posting.Line(books.account("2230").pk, credit=900, party=party)]  # fmt: skip
        posting.post(books.client.pk, [posting.Entry(date(2026, 5, 4), f"bill:{party}:{key}", "bill", lines)])


def proposed(books):
    return [(one.first, one.second, one.likelier) for one in names.proposals(books.client)]


def test_near_names_are_proposed_with_the_one_the_books_use_more(books):
    owed(books, "Larch Cloud Hosting", 3)
    owed(books, "Larch Cloud Hostng")
    owed(books, "Quarry Lane Timber")
    assert proposed(books) == [("Larch Cloud Hosting", "Larch Cloud Hostng", "Larch Cloud Hosting")]


@pytest.mark.parametrize("kept", ["Larch Cloud Hosting", ""])
def test_a_decision_is_remembered_and_can_be_taken_back(books, bob, kept):
    owed(books, "Larch Cloud Hosting")
    owed(books, "Larch Cloud Hostng")
    given = {"kind": "Vendor", "first": "Larch Cloud Hostng", "second": "Larch Cloud Hosting"}
    made = names.decide(books.client, **given, kept=kept, by=bob)
    assert proposed(books) == []
    with pytest.raises(names.NamesRefused, match="decided already"):
        names.decide(books.client, **given, kept=kept, by=bob)
    names.undo(made, by=bob)
    assert len(proposed(books)) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kept": "Somebody else"}, "one of the two"),
        ({"kind": "Employee"}, "one of the two"),
        ({"second": "Larch Cloud"}, "one of the two"),
        ({"second": "Quarry Lane Timber"}, "not alike"),
    ],
)
def test_what_cannot_be_decided_is_said(books, bob, given, said):
    asked = {"kind": "Vendor", "first": "Larch Cloud", "second": "Larch Clouds", "kept": "", **given}
    with pytest.raises(names.NamesRefused, match=said):
        names.decide(books.client, **asked, by=bob)


def test_names_kept_under_one_another_in_a_ring_are_refused(books, bob):
    decide = names.decide
    decide(books.client, kind="Vendor", first="Larch", second="Larch Cloud", kept="Larch Cloud", by=bob)
    decide(books.client, kind="Vendor", first="Larch Cloud", second="Larch Clouds", kept="Larch Clouds", by=bob)
    with pytest.raises(names.NamesRefused, match="take that decision back first"):
        decide(books.client, kind="Vendor", first="Larch", second="Larch Clouds", kept="Larch", by=bob)
    assert names.canonical(names.aliases(books.client), "Vendor", "Larch") == "Larch Clouds"


def test_what_is_booked_under_the_other_name_goes_to_the_kept_ones_record(books, bob, monkeypatch):
    quickbooks = books.connections["quickbooks-online"]
    monkeypatch.setattr(outbox_parties, "_pulled", lambda *_: {("Vendor", "larch cloud hosting", "USD"): "Vendor:46"})
    names.decide(
        books.client, kind="Vendor", first="Larch Cloud Hosting", second="Larch Cloud Hostng", kept="Larch Cloud Hosting", by=bob
    )  # fmt: skip
    found = outbox_parties.known(books.client, quickbooks)
    assert found["Vendor", "larch cloud hostng", "USD"] == "Vendor:46"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"first": "b", "second": "a"}, "name_pair_in_order"),
        ({"first": "a", "second": "b", "kept": "c"}, "name_kept_is_one_of_them"),
    ],
)
def test_the_database_refuses_what_is_no_decision(books, bob, given, rule):
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        NameDecision.objects.create(client=books.client, kind="Vendor", decided_by=bob, **given)
