"""What is owed goes out under the name that owes or is owed, each entry as a document of its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.records import CardPurchase, ExpenseSplit, VendorCredit
from ledger import mirror, outbox
from ledger.core.period import Month
from ledger.models import ChangedAfterClose, LedgerException, MirrorDocument, OutboxItem
from tests.ledger.outbox_desk import DAY, NAME, Desk, bill, payment
from tests.scene import sale


@pytest.fixture
def desk(books):
    return Desk(books)


def test_what_is_owed_keeps_its_name_and_is_no_row_of_the_day(desk):
    desk.book(sale(1, booked_on=DAY), payment(), sale(2, booked_on=DAY))
    assert desk.send()["rejected"] == 0
    alone, together = sorted(desk.items(), key=lambda item: len(item.payload))
    with client_context(desk.client.pk):
        assert (alone.members.count(), together.members.count()) == (1, 2)
    (vendor,) = desk.vendors(NAME)
    document = desk.books.books.read(desk.books.api, alone.external_id).document
    assert [(line.debit, line.credit, line.party) for line in document.lines] == [
        (12_000, 0, f"Vendor:{vendor['Id']}"),
        (0, 12_000, ""),
    ]


def test_a_name_is_made_once_and_found_again(desk):
    desk.book(payment("p1"))
    desk.send()
    desk.book(payment("p2", vendor=NAME.upper()), payment("p3", vendor=f" {NAME} "))
    assert desk.send()["rejected"] == 0
    assert len(desk.vendors(NAME)) == 1
    assert {item.state for item in desk.items()} == {"posted"}


def test_a_name_that_a_customer_has_waits_for_a_person(desk):
    made = desk.post("customer", {"DisplayName": NAME})["Customer"]
    desk.book(payment())
    desk.send()
    assert desk.items() == []
    said = "The name is already taken by a customer, vendor or employee (QuickBooks 6240)"
    assert desk.waiting() == [(f"Vendor {NAME}: {said}. Its entries wait.", 12_000, DAY)]
    desk.send()
    assert len(desk.waiting()) == 1
    desk.post("customer", {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "DisplayName": "Renamed"})
    desk.send()
    assert desk.waiting() == []
    assert [item.state for item in desk.items()] == ["posted"]


def test_a_line_without_a_name_waits_for_a_person(desk):
    desk.book(payment(vendor=""))
    desk.send()
    assert desk.items() == []
    (row,) = desk.waiting()
    assert row[0].startswith("Vendor without a name: a line on accounts payable names no vendor")


def test_a_name_whose_answer_is_lost_is_found_the_next_time(desk, books):
    books.fault("drop_after", path="/vendor")
    desk.book(payment())
    desk.send()
    assert desk.items() == []
    desk.send()
    assert [item.state for item in desk.items()] == ["posted"]
    assert len(desk.vendors(NAME)) == 1


def test_a_bill_bears_the_suppliers_number_and_its_payment_closes_it(desk):
    desk.book(bill(due_on=date(2026, 5, 6)), payment(paid_from="bank"))
    desk.send()
    owed, paid = desk.written()
    assert [owed.raw[key] for key in ("DocNumber", "DueDate", "TotalAmt", "Balance")] == [
        "INV-b1",
        "2026-05-06",
        120,
        0,
    ]
    assert paid.raw["Line"][0]["LinkedTxn"] == [{"TxnId": owed.raw["Id"], "TxnType": "Bill"}]
    assert paid.raw["PayType"] == "Check"
    with client_context(desk.client.pk):
        met = MirrorDocument.objects.filter(outbox__in=desk.items())
        assert sorted(met.values_list("type", "entry")) == [("Bill", None), ("BillPayment", None)]
        assert not ChangedAfterClose.objects.filter(state="open").exists()


def test_a_payment_waits_for_its_bill(desk, books):
    books.fault("drop_before", path="/bill")
    desk.book(bill(), payment(paid_from="bank"))
    desk.send()
    assert [(item.type, item.state) for item in desk.items()] == [("Bill", "sending")]
    with client_context(desk.client.pk):
        OutboxItem.objects.filter(state="sending").update(sent_at=Now() - outbox.SETTLE - timedelta(seconds=1))
    desk.send()
    assert [(item.type, item.state) for item in desk.items()] == [("Bill", "posted"), ("BillPayment", "posted")]


def test_a_bill_whose_answer_is_lost_is_found_by_our_number_in_its_note(desk, books):
    books.fault("drop_after", path="/bill")
    desk.book(bill())
    desk.send()
    with client_context(desk.client.pk):
        OutboxItem.objects.filter(state="sending").update(sent_at=Now() - outbox.SETTLE - timedelta(seconds=1))
    desk.send()
    (item,) = desk.items()
    assert (item.state, item.tries) == ("posted", 2)
    assert len(desk.books.books.find(desk.books.api, "Bill", item.marker)) == 1


def test_a_bill_met_in_the_mirror_before_its_answer_stands_once(desk, books):
    books.fault("drop_after", path="/bill")
    desk.book(bill())
    desk.send()
    documents = desk.books.books.ledger_month(desk.books.api, DAY, desk.books.context)
    with client_context(desk.client.pk):
        result = mirror.take_month(desk.client, desk.books.connection, Month.of(DAY), documents)
    assert (result.ours, result.new) == (1, 0)
    assert [item.state for item in desk.items()] == ["posted"]


def test_more_than_a_bill_owes_is_not_linked_to_it(desk):
    desk.book(bill(), payment("p1", amount=7_000, paid_from="bank"), payment("p2", amount=6_000, paid_from="bank"))
    assert desk.send()["rejected"] == 0
    assert [item.type for item in desk.items()] == ["Bill", "BillPayment", "JournalEntry"]


def test_a_supplier_s_number_that_stands_there_already_is_refused_before_it_is_sent(desk):
    desk.book(bill("b1"), bill("b2", number="INV-b1"))
    assert desk.send()["rejected"] == 1
    with client_context(desk.client.pk):
        row = LedgerException.objects.get(kind="refused", state="open", identity__startswith="outbox:")
    assert "already has a document INV-b1 of this vendor" in row.title


def test_a_vendor_s_credit_and_both_ways_of_a_card_are_documents_of_their_kind(desk):
    def spent(identity, amount):
        splits = (ExpenseSplit(amount=amount),)
        return CardPurchase(
            external_id=identity, booked_on=DAY, currency="USD", program="visa", amount=amount, splits=splits
        )

    desk.book(bill("c1", kind=VendorCredit), spent("t1", 2_500), spent("t2", -900))
    assert desk.send()["rejected"] == 0
    credit, charge, refund = desk.written()
    assert (credit.raw["DocNumber"], credit.raw["TotalAmt"]) == ("INV-c1", 120)
    assert [(one.raw["Credit"], str(one.raw["TotalAmt"])) for one in (charge, refund)] == [(False, "25"), (True, "9")]
    assert [item.type for item in desk.items()] == ["VendorCredit", "Purchase", "Purchase"]
