"""A document of ours taken back: voided where it can be and nobody touched it, else reversed by an entry."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from ledger import corrections, mirror, outbox, outbox_voids, refreshing
from ledger.models import ChangedAfterClose, JournalEntry, LedgerException, MirrorDocument, OutboxItem
from tests.ledger.outbox_desk import DAY, Desk, bill, payment
from tests.ledger.test_outbox_receivables import invoice, receipt
from tests.scene import pull


@pytest.fixture
def desk(books):
    return Desk(books)


def take_back(desk, item):
    """Reverse what a document carries, on its own day."""
    with client_context(desk.client.pk):
        (member,) = item.members.all()
        corrections.reverse(JournalEntry.objects.get(pk=member.entry_id), reason="Sent by mistake.", by=desk.by)


def held(desk):
    with client_context(desk.client.pk):
        return list(ChangedAfterClose.objects.filter(state="open").values_list("kind", "amount_minor"))


def catch_up(desk):
    pull(desk.client, "quickbooks-online")
    return refreshing._mirror(desk.client, desk.books, lambda: None)


def test_an_invoice_nobody_touched_is_voided_once_and_stays_there_at_nil(desk, books):
    desk.book(invoice())
    desk.send()
    (item,) = desk.items()
    take_back(desk, item)
    books.fault("drop_after", path="/invoice")
    desk.send()
    with client_context(desk.client.pk):
        OutboxItem.objects.filter(state="sending").update(sent_at="2026-01-01T00:00:00Z")
    assert desk.send()["rejected"] == 0
    sent, voided = desk.items()
    assert (voided.state, voided.voids_id, voided.external_id, voided.tries) == ("posted", sent.pk, sent.external_id, 2)
    raw = desk.books.books.read(desk.books.api, sent.external_id).raw
    assert (raw["TotalAmt"], raw["PrivateNote"][:6], raw["DocNumber"]) == (0, "Voided", "SO-i1")
    with client_context(desk.client.pk):
        assert MirrorDocument.objects.get(outbox=sent).is_deleted
    assert held(desk) == []
    assert catch_up(desk)["gone"] == 0
    assert held(desk) == []
    assert desk.send()["posted"] == 0


def test_what_was_paid_or_cannot_be_voided_is_reversed_by_an_entry(desk):
    desk.book(invoice(), receipt(amount=2_000), bill())
    desk.send()
    owed, _paid, bought = sorted(desk.items(), key=lambda item: ("Invoice", "Payment", "Bill").index(item.type))
    take_back(desk, owed)
    take_back(desk, bought)
    assert desk.send()["rejected"] == 0
    assert [item.type for item in desk.items() if item.pk > max(owed.pk, _paid.pk, bought.pk)] == ["JournalEntry"] * 2
    assert desk.books.books.read(desk.books.api, owed.external_id).raw["TotalAmt"] == 120
    assert held(desk) == []


def test_a_payment_taken_back_leaves_its_bill_open_again(desk):
    desk.book(bill(), payment(paid_from="bank"))
    desk.send()
    owed, paid = desk.items()
    take_back(desk, paid)
    desk.send()
    assert desk.books.books.read(desk.books.api, owed.external_id).document.open_amount == 12_000
    desk.book(payment("p2", paid_from="bank"))
    desk.send()
    assert [item.type for item in desk.items()] == ["Bill", "BillPayment", "BillPayment", "BillPayment"]
    assert desk.books.books.read(desk.books.api, owed.external_id).document.open_amount == 0
    assert held(desk) == []


@pytest.mark.parametrize("how", ["delete", "void"])
def test_what_is_taken_back_there_is_found_held_and_taken_over_on_request(desk, books, how):
    desk.book(invoice())
    desk.send()
    (item,) = desk.items()
    standing = desk.books.books.read(desk.books.api, item.external_id).raw
    desk.post(f"invoice?operation={how}", {"Id": standing["Id"], "SyncToken": standing["SyncToken"], "sparse": True})
    assert catch_up(desk)["gone"] == 1
    assert held(desk) == [("deleted", 12_000)]
    with client_context(desk.client.pk):
        (change,) = ChangedAfterClose.objects.filter(state="open")
        mirror.take_into_open_month(change, by=books.cast.controller, reason="Taken back there.", booked_on=DAY)
    desk.send()
    assert held(desk) == []
    assert len(desk.items()) == 1


def test_what_somebody_changed_meanwhile_is_never_voided_over_it(desk):
    """Frozen as it stood, edited there before it left: refused for its old version, read again, and a person's question."""
    desk.book(invoice())
    desk.send()
    (item,) = desk.items()
    take_back(desk, item)
    voids = outbox_voids.find(desk.client, desk.books)
    with client_context(desk.client.pk):
        assert outbox_voids.prepare(desk.client, desk.books, voids) == 1
    standing = desk.books.books.read(desk.books.api, item.external_id).raw
    edit = {"Id": standing["Id"], "SyncToken": standing["SyncToken"], "sparse": True, "PrivateNote": "Agreed by phone."}
    desk.post("invoice", edit)
    assert outbox.flush(desk.client, desk.books).rejected == 1
    void = desk.items()[-1]
    assert (void.state, void.problem_code) == ("rejected", "5010")
    with client_context(desk.client.pk):
        (row,) = LedgerException.objects.filter(kind="refused", state="open")
        assert (row.detail["code"], row.outbox_id) == ("5010", void.pk)
        assert "by hand" in row.title
        outbox.retry(void)
    assert outbox.flush(desk.client, desk.books).rejected == 1, "sent again it is refused again: its version is frozen"
    now = desk.books.books.read(desk.books.api, item.external_id).raw
    assert (now["PrivateNote"], now["TotalAmt"]) == ("Agreed by phone.", 120)
