"""Classes and departments of lines go out as the company keeps them, wait where a class is unknown, and are read back."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from integrations.records import ExpenseSplit
from ledger import mirror, posting
from ledger.core.period import Month
from ledger.models import Account, EntryApproval, JournalLine
from tests.ledger.outbox_desk import DAY, Desk, bill


@pytest.fixture
def desk(books):
    found = Desk(books)
    found.north = found.post("class", {"Name": "North"})["Class"]["Id"]
    found.quay = found.post("class", {"Name": "Quay", "ParentRef": {"value": found.north}})["Class"]["Id"]
    found.harbour = found.post("department", {"Name": "Harbour"})["Department"]["Id"]
    return found


def tagged(*tags):
    """A bill of 10.00 for each (class, department)."""
    splits = tuple(ExpenseSplit(amount=1_000, klass=klass, department=place) for klass, place in tags)
    return bill(amount=1_000 * len(tags), splits=splits)


def by_hand(desk, *tags):
    """An entry by hand with a class and department on each debit, approved."""
    with client_context(desk.client.pk):
        ids = dict(Account.objects.filter(client=desk.client).values_list("name", "id"))
        lines = [posting.Line(ids["Rent"], 1_000, klass=klass, department=place) for klass, place in tags]
        lines.append(posting.Line(ids["Checking"], 0, 1_000 * len(tags)))
        entry = posting.Entry(DAY, "manual:tags", "manual", lines, origin="manual", memo="Rent by class")
        made = posting.post(desk.client.pk, [entry]).ids[0]
        EntryApproval.objects.create(client=desk.client, entry_id=made, approved_by=desk.by)
    return made


def details(written, name="AccountBasedExpenseLineDetail"):
    return [line[name] for line in written.raw["Line"]]


def ids(details, key):
    return [one.get(key, {}).get("value") for one in details]


def test_each_line_of_an_entry_bears_its_class_and_department(desk):
    by_hand(desk, ("North", "harbour"), ("north:quay", ""))
    desk.send()
    found = details(desk.written()[0], "JournalEntryLineDetail")
    assert ids(found, "ClassRef") == [desk.north, desk.quay, None]
    assert ids(found, "DepartmentRef") == [desk.harbour, None, None]


def test_a_bill_bears_a_class_a_line_and_one_department(desk):
    desk.book(tagged(("North", "Harbour"), ("Quay", "Harbour")))
    desk.send()
    (owed,) = desk.written()
    assert sorted(ids(details(owed), "ClassRef")) == sorted([desk.north, desk.quay])
    assert owed.raw["DepartmentRef"]["value"] == desk.harbour


def test_departments_that_differ_within_a_bill_stay_with_us(desk):
    desk.book(tagged(("", "Harbour"), ("", "Elsewhere")))
    assert desk.send()["rejected"] == 0
    assert "DepartmentRef" not in desk.written()[0].raw


def test_nothing_is_said_of_classes_and_locations_where_the_company_keeps_none(desk):
    desk.prefer(ClassTrackingPerTxnLine=False, TrackDepartments=False)
    desk.book(tagged(("North", "Harbour"), ("Nowhere", "")))
    assert desk.send()["rejected"] == 0
    (owed,) = desk.written()
    assert "DepartmentRef" not in owed.raw
    assert ids(details(owed), "ClassRef") == [None, None]
    assert desk.waiting() == []


def test_an_entry_with_a_class_that_is_not_there_waits_until_it_is(desk):
    desk.book(tagged(("South", ""), ("North", "")))
    desk.send()
    assert desk.items() == []
    said = "Class South: the accounting system has no active class of this name. Make it there; its entries wait."
    assert desk.waiting() == [(said, 1_000, DAY)]
    desk.post("class", {"Name": "SOUTH"})
    desk.send()
    assert [item.state for item in desk.items()] == ["posted"]
    assert desk.waiting() == []


def test_a_class_made_inactive_is_no_class_to_post_to(desk):
    desk.post("class", {"Id": desk.north, "SyncToken": "0", "sparse": True, "Name": "North", "Active": False})
    desk.book(tagged(("North", "")))
    desk.send()
    assert desk.items() == []
    assert len(desk.waiting()) == 1


def test_classes_and_departments_of_what_was_made_there_are_read_back_by_name(desk):
    with client_context(desk.client.pk):
        accounts = dict(Account.objects.filter(client=desk.client).values_list("name", "external_id"))
    tags = {"ClassRef": {"value": desk.quay}, "DepartmentRef": {"value": desk.harbour}}
    detail = {"PostingType": "Debit", "AccountRef": {"value": accounts["Rent"]}, **tags}
    other = {"PostingType": "Credit", "AccountRef": {"value": accounts["Checking"]}}
    lines = [
        {"Amount": 5, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": one} for one in (detail, other)
    ]
    desk.post("journalentry", {"TxnDate": DAY.isoformat(), "DocNumber": "BY-HAND", "Line": lines})
    documents = desk.books.books.ledger_month(desk.books.api, DAY, desk.books.context)
    names = desk.books.books.dimensions(desk.books.api)
    with client_context(desk.client.pk):
        mirror.take_month(desk.client, desk.books.connection, Month.of(DAY), documents, names)
        found = JournalLine.objects.filter(client=desk.client, entry__memo__contains="BY-HAND").order_by("no")
        assert sorted(found.values_list("klass", "department", "debit_minor")) == [
            ("", "", 0), ("North:Quay", "Harbour", 500),
        ]  # fmt: skip
