"""What went out is looked up each night, and not booked again where it comes back through another system."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import VendorBill
from ledger import booking, doubles
from ledger.loops import Guard
from ledger.models import JournalEntry, LedgerException, OutboxItem, OutboxMember
from ledger.outbox import marker_for
from tests.ledger.scene import fact

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 19)


class Ledger:
    """An accounting system that finds each marker as often as it is told."""

    def __init__(self, connection):
        self.books, self.api, self.connection = self, None, connection
        self.copies, self.asked = {}, []

    def find(self, _api, _type, marker):
        self.asked.append(marker)
        return [object()] * self.copies.get(marker, 1)


@pytest.fixture
def scene(standing, db):
    with client_context(standing[1].client.pk):
        items = OutboxItem.objects.filter(client=standing[1].client)
        items.exclude(state="posted").update(state="rejected")
        posted = items.filter(state="posted").order_by("pk")
        posted.update(answered_at=Now() - timedelta(days=30), external_id="JournalEntry:1")
        item = posted.first()
        OutboxItem.objects.filter(pk=item.pk).update(answered_at=Now())
        entry = JournalEntry.objects.filter(client=standing[1].client, purpose="sale").first()
        OutboxMember.objects.get_or_create(client=standing[1].client, entry=entry, defaults={"outbox": item})
        yield SimpleNamespace(
            client=standing[1].client,
            item=item,
            entry=entry,
            ledger=Ledger(standing[1].connections["quickbooks-online"]),
        )


def found(scene):
    return LedgerException.objects.filter(client=scene.client, identity=f"double:{scene.item.pk}").order_by("-pk")


def test_a_document_that_stands_once_is_no_question(scene):
    assert doubles.sweep(scene.client, scene.ledger) == {"looked up": 1, "doubles": 0, "settled": 0}
    assert not found(scene).exists()


def test_one_that_stands_twice_is_a_question_that_names_it(scene):
    scene.ledger.copies[scene.item.marker] = 2
    assert doubles.sweep(scene.client, scene.ledger)["doubles"] == 1
    row = found(scene).get()
    assert (row.kind, row.state) == ("mirror", "open")
    assert OutboxMember.objects.filter(outbox=scene.item, entry_id=row.entry_id).exists()
    assert scene.item.marker in row.title
    doubles.sweep(scene.client, scene.ledger)
    assert found(scene).count() == 1, "the same double is asked about once"


def test_it_settles_itself_once_the_copy_is_gone_however_long_that_takes(scene):
    scene.ledger.copies[scene.item.marker] = 2
    doubles.sweep(scene.client, scene.ledger)
    OutboxItem.objects.filter(pk=scene.item.pk).update(answered_at=Now() - timedelta(days=9))
    scene.ledger.copies.clear()
    assert doubles.sweep(scene.client, scene.ledger)["settled"] == 1
    assert found(scene).get().state == "resolved"


def test_what_went_out_long_ago_is_not_looked_up_again(scene):
    doubles.sweep(scene.client, scene.ledger)
    assert scene.ledger.asked == [scene.item.marker]


# ---- the loop guard ----------------------------------------------------------------------------------------------------


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
