"""What went out is looked up each night: a document that stands twice is a question for a person, until it stands once."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now

from clients.tenancy import client_context
from ledger import doubles
from ledger.models import JournalEntry, LedgerException, OutboxItem, OutboxMember

pytestmark = pytest.mark.django_db


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
        items.exclude(state="posted").update(state="dropped")
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
