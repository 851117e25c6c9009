"""Receipts and files of entries are bound to their document in the accounting system, each once; what fails is shown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.models import Connection
from integrations.records import Attachment, CardPurchase, ExpenseSplit
from ledger import outbox, settling, support
from ledger.models import JournalEntry, LedgerException, SupportFile
from tests.ledger.outbox_desk import DAY, Desk, bill

PDF = b"%PDF-1.4 invoice"
#: A path of the sandbox's processor that answers bytes, signed like any of its calls.
KEPT_AT = "/v1/balance"


@pytest.fixture
def desk(books):
    return Desk(books)


def spent(*receipts, identity="t1"):
    return CardPurchase(
        external_id=identity, booked_on=DAY, currency="USD", program="visa", amount=2_500,
        splits=(ExpenseSplit(amount=2_500),), support=receipts,
    )  # fmt: skip


def receipt(identity="rc_1", url=KEPT_AT, name="taxi.json"):
    return Attachment(id=identity, file_name=name, content_type="application/json", url=url)


def files(desk):
    with client_context(desk.client.pk):
        return list(SupportFile.objects.select_related("entry").order_by("id"))


def bound(desk):
    """(file name, type and id of its document) of every attachment that stands there."""
    rows = desk.query("SELECT * FROM Attachable")
    return [(row["FileName"], row["AttachableRef"][0]["EntityRef"]) for row in rows]


def due(desk):
    with client_context(desk.client.pk):
        SupportFile.objects.filter(state__in=["new", "sending"]).update(
            send_after=Now(), sent_at=Now() - outbox.SETTLE - timedelta(seconds=1)
        )
    desk.send()


def problems(desk):
    with client_context(desk.client.pk):
        rows = LedgerException.objects.filter(kind="refused", state="open", identity__startswith="file:")
        return list(rows)


def test_a_receipt_is_fetched_and_bound_to_its_document_once(desk):
    desk.book(spent(receipt(), receipt("rc_2", name="taxi.json")))
    desk.send()
    desk.send()
    (document,) = desk.items()
    target = {"type": "Purchase", "value": document.external_id.partition(":")[2]}
    first, second = files(desk)
    assert sorted(bound(desk), key=str) == sorted([(first.name, target), (second.name, target)], key=str)
    assert first.name != second.name
    assert json.loads(bytes(first.content))["object"] == "balance"
    assert {file.state for file in files(desk)} == {"posted"}


def test_the_file_that_stands_there_is_the_file_that_was_brought(desk):
    desk.book(bill())
    desk.send()
    with client_context(desk.client.pk):
        entry = JournalEntry.objects.get(purpose="bill", fact_id__isnull=False, memo__contains="INV-b1")
        file = support.add(entry, name="C:\\scans\\INV b1.pdf", content=PDF, by=desk.by)
    desk.send()
    (standing,) = desk.query("SELECT * FROM Attachable")
    assert (standing["FileName"], standing["Size"], standing["ContentType"]) == (
        f"JE-{entry.pk} INV b1.pdf", len(PDF), "application/pdf",
    )  # fmt: skip
    address = desk.books.api.fetch(f"/v3/company/{desk.books.api.account_id}/download/{standing['Id']}").decode()
    assert desk.books.api.fetch(address) == PDF
    (held,) = files(desk)
    assert (held.pk, held.external_id) == (file.pk, f"Attachable:{standing['Id']}")


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_an_upload_whose_answer_is_lost_makes_no_second_file(desk, books, fault):
    books.fault(fault, path="/upload")
    desk.book(spent(receipt()))
    desk.send()
    assert [file.state for file in files(desk)] == ["new"]
    due(desk)
    assert [file.state for file in files(desk)] == ["posted"]
    assert len(bound(desk)) == 1


def test_a_receipt_that_is_not_handed_out_is_an_exception_and_goes_when_it_is(desk):
    desk.book(spent(receipt(url="")))
    desk.send()
    (row,) = problems(desk)
    assert "does not hand out this receipt" in row.title
    assert (row.source, row.booked_on, row.entry_id) == ("Stripe", DAY, files(desk)[0].entry_id)
    assert desk.items()[0].state == "posted"
    with client_context(desk.client.pk):
        SupportFile.objects.update(url=KEPT_AT)
        settling.retry(row, by=desk.by)
    desk.send()
    assert problems(desk) == []
    assert len(bound(desk)) == 1


def test_a_receipt_goes_by_itself_once_somebody_has_signed_in_to_its_system_again(desk):
    desk.book(spent(receipt(url="")))
    desk.send()
    with client_context(desk.client.pk):
        SupportFile.objects.update(url=KEPT_AT)
    desk.send()
    assert [file.state for file in files(desk)] == ["failed"], "nothing is retried without cause"
    with client_context(desk.client.pk):
        Connection.objects.filter(client=desk.client, provider="stripe").update(connected_at=Now())
    desk.send()
    assert problems(desk) == []
    assert [file.state for file in files(desk)] == ["posted"]


def test_a_file_that_is_refused_is_an_exception(desk, books):
    books.fault("status", path="/upload", status=400, times=1)
    desk.book(spent(receipt()))
    desk.send()
    (row,) = problems(desk)
    assert "is not attached in the accounting system" in row.title
    assert [file.state for file in files(desk)] == ["failed"]


def test_a_file_waits_for_its_document(desk, books):
    books.fault("status", path="/purchase", status=400, times=1)
    desk.book(spent(receipt()))
    desk.send()
    assert [file.state for file in files(desk)] == ["new"]
    assert bound(desk) == []


def test_the_same_file_is_not_attached_twice_and_no_program_is_kept(desk):
    desk.book(bill())
    desk.send()
    with client_context(desk.client.pk):
        entry = JournalEntry.objects.get(purpose="bill", memo__contains="INV-b1")
        support.add(entry, name="a.pdf", content=PDF, by=desk.by)
        for name, content, says in (
            ("b.pdf", PDF, "attached already"), ("b.exe", b"MZ", "not kept"), ("b.pdf", b"", "empty"),
            ("b.pdf", b"x" * (10 * 1024 * 1024 + 1), "10 MiB"),
        ):  # fmt: skip
            with pytest.raises(support.SupportRefused, match=says):
                support.add(entry, name=name, content=content, by=desk.by)
        with pytest.raises(IntegrityError), transaction.atomic():
            SupportFile.objects.create(client=desk.client, entry=entry, name="c.pdf", sha256=files(desk)[0].sha256)
