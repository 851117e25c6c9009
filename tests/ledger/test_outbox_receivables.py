"""What customers owe goes out as invoices, their money as payments, what is taken back as credits set against the invoice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.records import (
    Application,
    CreditNote,
    CustomerInvoice,
    InvoiceLine,
    InvoicePayment,
    InvoiceVoid,
    Tax,
    WonDeal,
)
from ledger import deals, mirror, outbox
from ledger.core.period import Month
from ledger.models import ChangedAfterClose, LedgerException, MirrorDocument, OutboxItem
from tests.ledger.outbox_desk import DAY, Desk

BUYER = "Harbour Hotel"


def invoice(identity="i1", amount=12_000, tax=0, kind=CustomerInvoice, **fields):
    lines = (InvoiceLine(amount=amount - tax, product="Design", memo="Signs"),)
    given = {"customer": BUYER, "amount": amount, "lines": lines, "number": f"SO-{identity}", "booked_on": DAY}
    given["taxes"] = (Tax(amount=tax),) if tax else ()
    return kind(external_id=identity, currency="USD", **(given | fields))


def receipt(identity="r1", amount=12_000, document="i1", **fields):
    given = {"customer": BUYER, "applications": (Application(document=document, amount=amount),)}
    return InvoicePayment(external_id=identity, booked_on=DAY, currency="USD", amount=amount, **(given | fields))


@pytest.fixture
def desk(books):
    return Desk(books)


def held(desk):
    with client_context(desk.client.pk):
        return list(ChangedAfterClose.objects.filter(state="open").values_list("kind", "amount_minor"))


def again(desk):
    """Send what was not answered, once the settle time is over."""
    with client_context(desk.client.pk):
        OutboxItem.objects.filter(state="sending").update(sent_at=Now() - outbox.SETTLE - timedelta(seconds=1))
    return desk.send()


def test_a_won_deal_that_two_people_invoiced_goes_out_as_an_invoice(desk):
    deal = WonDeal(external_id="d1", booked_on=DAY, currency="USD", customer=BUYER, amount=12_000, name="Lobby signs")
    draft = deals.Draft(BUYER, "D-1", DAY, DAY + timedelta(days=30), (InvoiceLine(amount=12_000, product="Design"),))
    desk.book(deal)
    with client_context(desk.client.pk):
        fact = deals.won(desk.client).get(external_id="d1")
        deals.prepare(desk.client, fact, draft, by=desk.by)
    assert desk.send()["rejected"] == 0
    assert desk.items() == []
    with client_context(desk.client.pk):
        deals.approve(desk.client, fact, by=desk.controller)
    assert desk.send()["rejected"] == 0
    (written,) = desk.written()
    assert [written.raw[key] for key in ("DocNumber", "DueDate", "TotalAmt")] == ["D-1", "2026-05-06", 120]


def test_an_invoice_goes_out_by_item_and_number_and_its_payment_closes_it(desk):
    desk.book(invoice(tax=1_000, due_on=date(2026, 5, 6)), receipt())
    assert desk.send()["rejected"] == 0
    owed, paid = desk.written()
    assert [owed.raw[key] for key in ("DocNumber", "DueDate", "TotalAmt", "Balance")] == [
        "SO-i1", "2026-05-06", 120, 0,
    ]  # fmt: skip
    assert owed.raw["TxnTaxDetail"]["TotalTax"] == 10
    (item,) = desk.query("SELECT * FROM Item WHERE Name = 'Wholesale Sales'")
    assert owed.raw["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item["Id"]
    assert paid.raw["Line"][0]["LinkedTxn"] == [{"TxnId": owed.raw["Id"], "TxnType": "Invoice"}]
    with client_context(desk.client.pk):
        met = MirrorDocument.objects.filter(outbox__in=desk.items())
        assert sorted(met.values_list("type", "entry")) == [("Invoice", None), ("Payment", None)]
    assert held(desk) == []


def test_the_item_of_an_account_is_made_once(desk):
    desk.book(invoice("i1"), invoice("i2"))
    desk.send()
    desk.book(invoice("i3"))
    desk.send()
    assert [item.type for item in desk.items()] == ["Invoice"] * 3
    assert len(desk.query("SELECT * FROM Item WHERE Name LIKE 'Wholesale Sales%'")) == 1


def test_an_item_of_that_name_for_another_account_is_left_alone(desk):
    (other,) = desk.query("SELECT * FROM Account WHERE Name = 'Store Sales'")
    made = {"Name": "Wholesale Sales", "Type": "Service", "IncomeAccountRef": {"value": other["Id"]}}
    made = desk.post("item", made)["Item"]
    desk.book(invoice())
    desk.send()
    (owed,) = desk.written()
    assert owed.raw["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] != made["Id"]
    assert held(desk) == []


def test_an_invoice_waits_for_an_item_that_is_refused(desk, books):
    books.fault("status", path="/item", status=400, times=9)
    desk.book(invoice(), receipt())
    desk.send()
    assert desk.items() == []
    ((title, amount, _on),) = desk.waiting()
    assert (title.startswith("The item that sells into Wholesale Sales"), amount) == (True, 12_000)
    books.heal()
    desk.send()
    assert [item.type for item in desk.items()] == ["Invoice", "Payment"]
    assert desk.waiting() == []


@pytest.mark.parametrize("kind", [CreditNote, InvoiceVoid])
def test_what_is_taken_back_is_a_credit_set_against_its_invoice(desk, kind):
    desk.book(invoice(amount=12_000))
    desk.send()
    desk.book(invoice("c1", 5_000, kind=kind, invoice="i1", booked_on=date(2026, 4, 7)))
    assert desk.send()["rejected"] == 0
    owed, credit, applied = desk.written()
    assert [item.type for item in desk.items()] == ["Invoice", "CreditMemo", "Payment"]
    assert (owed.raw["Balance"], credit.raw["RemainingCredit"], credit.raw["DocNumber"]) == (70, 0, "SO-c1")
    assert (applied.raw["TotalAmt"], applied.raw["TxnDate"]) == (0, "2026-04-07")
    desk.send()
    assert len(desk.items()) == 3
    assert held(desk) == []


def test_a_credit_of_an_invoice_that_is_paid_stays_the_customer_s(desk):
    desk.book(invoice(), receipt())
    desk.send()
    desk.book(invoice("c1", kind=CreditNote, invoice="i1"))
    desk.send()
    assert [item.type for item in desk.items()] == ["Invoice", "Payment", "CreditMemo"]
    assert desk.written()[2].raw["RemainingCredit"] == 120


def test_money_for_an_invoice_we_do_not_know_stays_on_the_customer_s_account(desk):
    desk.book(receipt(document="elsewhere"), receipt("r2", into="clearing", fee=300))
    assert desk.send()["rejected"] == 0
    assert [item.type for item in desk.items()] == ["Payment", "JournalEntry"]
    assert desk.written()[0].raw["UnappliedAmt"] == 120


def test_one_payment_closes_several_invoices(desk):
    both = (Application(document="i1", amount=12_000), Application(document="i2", amount=3_000))
    desk.book(invoice("i1"), invoice("i2", 3_000), receipt(amount=15_000, applications=both))
    desk.send()
    assert [one.raw.get("Balance") for one in desk.written()[:2]] == [0, 0]
    assert held(desk) == []


@pytest.mark.parametrize("lost", ["/invoice", "/creditmemo", "/payment"])
def test_a_lost_answer_makes_no_second_document(desk, books, lost):
    desk.book(invoice(), receipt(amount=7_000), invoice("c1", 5_000, kind=CreditNote, invoice="i1"))
    books.fault("drop_after", path=lost)
    desk.send()
    again(desk)
    assert sorted(item.type for item in desk.items()) == ["CreditMemo", "Invoice", "Payment", "Payment"]
    assert {item.state for item in desk.items()} == {"posted"}
    standing = [
        found for item in desk.items() for found in desk.books.books.find(desk.books.api, item.type, item.marker)
    ]
    assert len(standing) == 4
    assert desk.written()[0].raw["Balance"] == 0


def test_an_invoice_under_a_number_the_customer_has_already_is_refused_before_it_is_sent(desk):
    desk.book(invoice("i1"), invoice("i2", number="SO-i1"))
    assert desk.send()["rejected"] == 1
    with client_context(desk.client.pk):
        row = LedgerException.objects.get(kind="refused", state="open", identity__startswith="outbox:")
    assert "already has a document SO-i1 of this customer" in row.title


VOIDS = {"Invoice": "operation=void", "Payment": "operation=update&include=void"}


@pytest.mark.parametrize("kind", sorted(VOIDS))
def test_what_somebody_voids_is_shown_and_its_amount_named(desk, kind):
    desk.book(invoice(), receipt(document="elsewhere"))
    desk.send()
    one = next(found for found in desk.written() if found.external_id.startswith(kind))
    desk.post(f"{kind.lower()}?{VOIDS[kind]}", {"Id": one.raw["Id"], "SyncToken": one.version, "sparse": True})
    _read_month(desk)
    assert held(desk) == [("deleted", 12_000)]


@pytest.mark.parametrize("kind", ["Invoice", "Payment", "CreditMemo"])
def test_what_somebody_deletes_is_shown_and_its_amount_named(desk, kind):
    desk.book(invoice(), receipt(document="elsewhere"), invoice("c1", kind=CreditNote))
    desk.send()
    one = next(found for found in desk.written() if found.external_id.startswith(kind))
    desk.post(f"{kind.lower()}?operation=delete", {"Id": one.raw["Id"], "SyncToken": one.version})
    assert desk.books.books.read(desk.books.api, one.external_id) is None
    _read_month(desk)
    assert held(desk) == [("deleted", 12_000)]


def _read_month(desk):
    documents = desk.books.books.ledger_month(desk.books.api, DAY, desk.books.context)
    with client_context(desk.client.pk):
        mirror.take_month(desk.client, desk.books.connection, Month.of(DAY), documents)
