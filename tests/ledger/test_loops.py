"""A document that was written from here and comes back through another system is not booked a second time."""

from __future__ import annotations

from datetime import date

import pytest

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import VendorBill
from ledger import booking
from ledger.loops import Guard
from ledger.models import JournalEntry, OutboxItem
from ledger.outbox import marker_for
from tests.ledger.scene import fact

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 19)


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        item = OutboxItem.objects.filter(client=standing[1].client).first()
        OutboxItem.objects.bulk_create(
            [
                OutboxItem(
                    client=item.client, connection=item.connection, type="Bill", booked_on=DAY, group_key="entry:987654",
                    marker=marker_for("entry:987654", DAY, 987_654), payload="{}", payload_sha256=b"x" * 32,
                    request_id="6f9619ff-8b86-4d01-b42d-00c04fc964ff", total_minor=500, approved_by=item.approved_by,
                )
            ]
        )  # fmt: skip
        yield standing[1]


def bill(number):
    return VendorBill(
        external_id=f"b-{number}", booked_on=DAY, currency="USD", vendor="Northline Supply", amount=500, number=number
    )


def test_what_was_written_from_here_is_skipped_with_its_number(books):
    ours = marker_for("entry:987654", DAY, 987_654)
    came = fact(books, "stripe", "balance_transactions", bill(ours))
    booking.book(books.client)
    came.refresh_from_db()
    assert (came.state, came.reason) == ("skipped", f"written from here: document {ours} came back")
    assert not JournalEntry.objects.filter(source_key__endswith=f":b-{ours}").exists()


@pytest.mark.parametrize("number", ["", "INV-2041", "TO260319-AAAA", "TO260319-aaaa"])
def test_what_others_made_goes_on(books, number):
    assert Guard(books.client).came_back(bill(number)) == ""


def test_the_database_is_asked_once_for_a_number_and_never_for_others(books, django_assert_num_queries):
    guard = Guard(books.client)
    with django_assert_num_queries(1):
        for _again in range(3):
            guard.came_back(bill(marker_for("entry:1", DAY, 987_654)))
            guard.came_back(bill("INV-2041"))
    assert Fact.objects.filter(external_id="b-INV-2041").count() == 0
