"""What goes to the accounting system arrives there exactly once, whatever the wire does."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.models import Connection
from ledger import accounting, booking, doubles, outbox
from ledger.models import LedgerException, MirrorDocument, OutboxItem
from tests.scene import arrive, close, sale

SALES = 3
STREAM = "balance_transactions"


class Sender:
    """One day's sales wait to be sent; ``run`` sends what is due."""

    def __init__(self, scene):
        self.scene, self.client = scene, scene.kestrel
        with client_context(self.client.pk):
            arrive(self.client, "stripe", STREAM, *(sale(n, booked_on=date(2026, 4, 3 + n)) for n in range(SALES)))
            booking.book(self.client)
            self.books = accounting.open_books(self.client)
            outbox.prepare(self.client, self.books)
            self.ids = list(OutboxItem.objects.filter(state="new").values_list("pk", flat=True))
        assert len(self.ids) == SALES

    def run(self):
        return outbox.flush(self.client, self.books)

    def settle(self):
        """The settle time of what was not answered is over."""
        with client_context(self.client.pk):
            OutboxItem.objects.filter(state="sending").update(sent_at=Now() - outbox.SETTLE - timedelta(seconds=1))
            OutboxItem.objects.filter(state="new").update(send_after=Now())

    def items(self):
        with client_context(self.client.pk):
            return list(OutboxItem.objects.filter(pk__in=self.ids).order_by("booked_on", "id"))

    def states(self):
        return [item.state for item in self.items()]

    def documents(self):
        """How many documents the accounting system has for each item, by marker."""
        found = Counter()
        for item in self.items():
            found[item.marker] = len(self.books.books.find(self.books.api, item.type, item.marker))
        return list(found.values())


@pytest.fixture
def sender(books):
    return Sender(books)


def exceptions(client, kind):
    with client_context(client.pk):
        return list(LedgerException.objects.filter(kind=kind, state="open"))


def test_each_item_becomes_one_document(sender):
    assert sender.run().posted == SALES
    assert sender.states() == ["posted"] * SALES
    assert sender.documents() == [1] * SALES
    assert sender.run().posted == 0
    assert sender.documents() == [1] * SALES


def test_an_answer_lost_after_the_write_is_found_by_its_number(sender):
    sender.scene.fault("drop_after")
    result = sender.run()
    assert (result.posted, result.waiting) == (SALES - 1, 1)
    assert sender.states().count("sending") == 1
    sender.settle()
    assert sender.run().posted == 1
    assert sender.documents() == [1] * SALES


def test_before_the_settle_time_nothing_is_sent_again(sender):
    sender.scene.fault("drop_after")
    sender.run()
    assert sender.run() == outbox.FlushResult()
    assert sender.states().count("sending") == 1


def test_a_request_lost_before_the_write_is_sent_again_with_the_same_id(sender):
    sender.scene.fault("drop_before")
    sender.run()
    before = {item.pk: (item.request_id, item.payload) for item in sender.items()}
    sender.settle()
    assert sender.run().posted == 1
    assert {item.pk: (item.request_id, item.payload) for item in sender.items()} == before
    assert sender.documents() == [1] * SALES


@pytest.mark.parametrize("honours", [True, False], ids=["ids-honoured", "ids-ignored"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "html"},
        {"kind": "truncate"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502},
    ],
    ids=["drop-before", "drop-after", "html", "truncated", "500", "502"],
)
def test_no_fault_of_the_wire_doubles_or_loses_a_document(sender, fault, honours):
    if not honours:
        sender.scene.control("companies/kestrel/ignore-request-ids")
    sender.scene.fault(**fault)
    sender.run()
    for _again in range(2):
        sender.settle()
        sender.run()
    assert sender.states() == ["posted"] * SALES
    assert sender.documents() == [1] * SALES


def test_a_write_handled_twice_with_its_id_honoured_is_one_document(sender):
    sender.scene.fault("duplicate")
    sender.run()
    assert sender.documents() == [1] * SALES


def test_a_write_handled_twice_is_refused_for_its_number_and_found_by_it(sender):
    sender.scene.control("companies/kestrel/ignore-request-ids")
    sender.scene.fault("duplicate")
    sender.run()
    sender.settle()
    sender.run()
    assert sender.states() == ["posted"] * SALES
    assert sender.documents() == [1] * SALES
    assert exceptions(sender.client, "refused") == []


def test_a_double_in_the_accounting_system_is_found_by_the_sweep(sender, monkeypatch):
    """Its check of numbers may be off, and a frozen sender may have written after another had looked."""
    sender.run()
    twin, find = sender.items()[1], type(sender.books.books).find
    monkeypatch.setattr(
        type(sender.books.books),
        "find",
        lambda self, api, type_, marker: find(self, api, type_, marker) * (2 if marker == twin.marker else 1),
    )
    assert [item for item in sender.items() if doubles.stands_twice(sender.books, item)] == [twin]


def test_a_busy_accounting_system_costs_no_try(sender):
    sender.scene.fault("status", status=503, times=SALES)
    result = sender.run()
    assert (result.posted, result.waiting) == (0, SALES)
    assert [(item.state, item.tries) for item in sender.items()] == [("new", 0)] * SALES
    sender.settle()
    assert sender.run().posted == SALES
    assert sender.documents() == [1] * SALES


def test_a_slow_answer_is_waited_for(sender):
    sender.scene.fault("delay", seconds=1)
    assert sender.run().posted == SALES
    assert sender.documents() == [1] * SALES


def test_three_tries_without_an_answer_leave_it_to_a_person(sender):
    sender.scene.fault("drop_before", times=3 * SALES)
    for _try in range(3):
        sender.run()
        sender.settle()
    assert sender.states() == ["uncertain"] * SALES
    assert len(exceptions(sender.client, "uncertain")) == SALES
    assert sender.run() == outbox.FlushResult(), "a person decides now"
    assert sender.documents() == [0] * SALES


def test_an_uncertain_document_is_looked_up_before_it_is_sent_again(sender):
    sender.scene.fault("drop_after", times=1)
    sender.run()
    with client_context(sender.client.pk):
        item = OutboxItem.objects.get(pk__in=sender.ids, state="sending")
        OutboxItem.objects.filter(pk=item.pk).update(state="uncertain")
        outbox.retry(item)
    assert sender.run().posted == 1
    assert sender.documents() == [1] * SALES


def test_a_closed_period_there_is_refused_once_and_shown(books):
    sender = Sender(books)
    sender.books.books.close_through(sender.books.api, date(2026, 4, 30))
    assert sender.run().rejected == SALES
    assert sender.states() == ["rejected"] * SALES
    rows = exceptions(sender.client, "refused")
    assert [(row.detail["code"], row.amount_minor) for row in rows] == [("6210", 5_000)] * SALES
    assert sender.run() == outbox.FlushResult()
    assert [item.tries for item in sender.items()] == [1] * SALES
    sender.books.books.close_through(sender.books.api, date(2025, 12, 31))
    with client_context(sender.client.pk):
        for item in sender.items():
            outbox.retry(item)
    assert sender.run().posted == SALES
    assert exceptions(sender.client, "refused") == []
    assert sender.documents() == [1] * SALES


def test_a_connection_that_is_gone_sends_nothing_and_loses_nothing(sender):
    from integrations.errors import Reconnect

    sender.scene.control("companies/kestrel/revoke?provider=quickbooks-online")
    with pytest.raises(Reconnect):
        sender.run()
    assert sender.states() == ["new"] * SALES
    assert {item.tries for item in sender.items()} == {0}


def test_rows_of_one_day_travel_together(books):
    client = books.kestrel
    with client_context(client.pk):
        arrive(client, "stripe", STREAM, *(sale(n) for n in range(5)))
        booking.book(client)
        made = accounting.open_books(client)
        outbox.prepare(client, made)
        item = OutboxItem.objects.get(state="new")
        assert item.members.count() == 5
        assert (item.type, item.total_minor) == ("JournalEntry", 5 * 5_000)
        assert outbox.prepare(client, made) == 0, "each entry goes out once"


def test_what_was_approved_can_not_change(shelf):
    from django.db import DatabaseError, transaction

    with client_context(shelf.kestrel.pk):
        item = OutboxItem.objects.first()
        for change in ({"payload": "{}"}, {"request_id": "00000000-0000-4000-8000-000000000000"}, {"marker": "X"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                OutboxItem.objects.filter(pk=item.pk).update(**change)


def test_a_second_sender_does_not_take_what_the_first_is_sending(sender):
    first = outbox._claim(sender.client, sender.ids[0])
    assert first is not None
    assert outbox._claim(sender.client, sender.ids[0]) is None


def test_a_sender_that_was_frozen_changes_nothing_when_it_wakes(sender):
    """Its try is over: another sender has looked the document up and settled it."""
    frozen = outbox._claim(sender.client, sender.ids[0])
    sender.settle()
    assert sender.run().posted == SALES
    outbox._give_up(sender.client, frozen)
    assert sender.states() == ["posted"] * SALES


def test_our_documents_meet_themselves_in_the_mirror(sender):
    from ledger import refreshing

    refreshing.refresh(sender.client.pk)
    with client_context(sender.client.pk):
        met = MirrorDocument.objects.filter(outbox_id__in=sender.ids)
        assert met.count() == SALES
        assert not met.filter(entry__isnull=False).exists(), "never beside their own entries"


def test_nothing_is_sent_from_inside_a_transaction(sender):
    from django.db import transaction

    from integrations.tokens import InsideTransactionError

    with transaction.atomic(), pytest.raises(InsideTransactionError):
        sender.run()
    assert not database.in_atomic_block
    with client_context(sender.client.pk):
        assert Connection.objects.get(provider="quickbooks-online").state == "live"


def test_a_month_closed_here_sends_nothing_new(books):
    client = books.kestrel
    with client_context(client.pk):
        close(client, date(2026, 4, 1))
        arrive(client, "stripe", STREAM, sale())
        booking.book(client)
        assert outbox.prepare(client, accounting.open_books(client)) == 0
