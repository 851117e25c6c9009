"""Change data capture, batches, attachments and webhook bodies."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from quickbooks_builder import NOW, REALM, Clock, Seed, account_id, bill, bill_payment, company, create, entry, placed

from integrations.sandbox.quickbooks import attachments
from integrations.sandbox.quickbooks.events import cloud_events, legacy_notification
from integrations.sandbox.quickbooks.faults import QuickBooksFault

ALL = "JournalEntry,Bill,Account"


def since(hours):
    return (NOW - timedelta(hours=hours)).isoformat()


def codes(call, *given):
    with pytest.raises(QuickBooksFault) as caught:
        call(*given)
    return caught.value.code


# -- change data capture ------------------------------------------------------------------------------------------------


def test_nothing_changed_is_an_empty_object_for_each_entity():
    assert company(Seed("Bill", bill(), "rent")).changes_since(ALL, since(1)) == [{}, {}, {}]


def test_a_change_comes_whole_and_with_the_balances_it_moved():
    firm = company()
    made = create(firm, "JournalEntry", entry("Rent", "Checking", "5"))
    entries, bills, accounts = firm.changes_since(ALL, since(1))
    assert entries["JournalEntry"][0]["Line"][0]["Amount"] == 5
    assert entries["JournalEntry"][0]["Id"] == made["Id"]
    assert bills == {}
    assert [row["Id"] for row in accounts["Account"]] == [account_id(firm, "Checking")]


def test_a_deletion_leaves_a_stub_with_its_own_time():
    clock = Clock()
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"), clock=clock)
    clock.advance(hours=3)
    firm.write("JournalEntry", "delete", {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0"})
    found = firm.changes_since("JournalEntry", since(0))[0]["JournalEntry"][0]
    assert found == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": firm.id_of("JournalEntry:x"),
        "MetaData": {"LastUpdatedTime": "2026-04-05T21:00:00-07:00"},
    }


def test_a_deletion_before_the_moment_is_not_told_again():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"))
    firm.write("JournalEntry", "delete", {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0"})
    assert firm.changes_since("JournalEntry", (NOW + timedelta(seconds=1)).isoformat()) == [{}]


def test_an_inactive_account_comes_whole_and_inactive():
    firm = company()
    firm.write("Account", "update", {"Id": account_id(firm, "Rent"), "SyncToken": "0", "sparse": True, "Active": False})
    found = firm.changes_since("Account", since(1))[0]["Account"][0]
    assert (found["Active"], found["Name"]) == (False, "Rent (deleted)")


def test_paying_a_bill_is_a_change_of_the_bill():
    firm = company(Seed("Bill", bill(), "rent"))
    create(firm, "BillPayment", bill_payment("rent", "5"))
    assert firm.changes_since("Bill", since(1))[0]["Bill"][0]["Balance"] == 1195


def test_more_than_thirty_days_back_is_refused():
    firm = company()
    assert firm.changes_since("Bill", (NOW - timedelta(days=30)).isoformat()) == [{}]
    assert codes(firm.changes_since, "Bill", (NOW - timedelta(days=30, seconds=1)).isoformat()) == "4001"


@pytest.mark.parametrize("entity", ["TaxCode", "TaxRate", "TaxAgency", "JournalCode"])
def test_entities_outside_the_feed_are_refused(entity):
    assert codes(company().changes_since, f"Bill,{entity}", since(1)) == "4001"


def test_an_answer_is_cut_at_a_thousand_objects_oldest_first():
    clock = Clock(NOW - timedelta(days=1))
    seeds = [Seed("JournalEntry", entry("Rent", "Checking", "1"), f"e{n}", clock.now) for n in range(1001)]
    firm = company(*seeds, clock=clock)
    entries, accounts = firm.changes_since("JournalEntry,Account", (clock.now - timedelta(hours=1)).isoformat())
    assert len(entries["JournalEntry"]) == 1000
    assert accounts == {}
    assert firm.id_of("JournalEntry:e1000") not in {row["Id"] for row in entries["JournalEntry"]}


# -- batches ----------------------------------------------------------------------------------------------------------


def batch(firm, *items, **how):
    return json.loads(firm.batch({"BatchItemRequest": list(items)}, **how))["BatchItemResponse"]


def test_batch_items_succeed_and_fail_alone():
    firm = company()
    good = {"bId": "1", "operation": "create", "JournalEntry": placed(firm, entry("Rent", "Checking", "5"))}
    bad = {"bId": "2", "operation": "create", "Vendor": {"DisplayName": "Harbour Books"}}
    stale = {"bId": "3", "operation": "update", "Account": {"Id": account_id(firm, "Rent"), "SyncToken": "7"}}
    query = {"bId": "4", "Query": "select count(*) from JournalEntry"}
    answers = batch(firm, good, bad, stale, query)
    assert [answer["bId"] for answer in answers] == ["1", "2", "3", "4"]
    assert answers[0]["JournalEntry"]["SyncToken"] == "0"
    assert [answer["Fault"]["Error"][0]["code"] for answer in answers[1:3]] == ["6240", "5010"]
    assert answers[3]["QueryResponse"] == {"totalCount": 1}


def test_a_batch_repeated_with_its_request_id_writes_once():
    firm = company()
    item = {"bId": "1", "operation": "create", "JournalEntry": placed(firm, entry("Rent", "Checking", "5"))}
    assert batch(firm, item, request_id="b") == batch(firm, item, request_id="b")
    assert firm.query("select count(*) from JournalEntry") == {"totalCount": 1}


def test_a_batch_of_more_than_thirty_items_is_refused():
    items = [{"bId": str(n), "Query": "select count(*) from Bill"} for n in range(31)]
    assert codes(company().batch, {"BatchItemRequest": items}) == "1040"


# -- attachments ------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_with_its_object_and_comes_back_as_it_was():
    firm = company(Seed("Bill", bill(), "rent"))
    target = {"EntityRef": {"type": "Bill", "value": firm.id_of("Bill:rent")}}
    metadata = {"AttachableRef": [target], "FileName": "rent.pdf", "ContentType": "application/pdf"}
    made = json.loads(firm.upload(metadata, b"%PDF-1.7"))["AttachableResponse"][0]["Attachable"]
    assert attachments.content_of(firm, made["Id"]) == (b"%PDF-1.7", "rent.pdf", "application/pdf")
    assert (made["Size"], made["FileAccessUri"]) == (8, f"/v3/company/{REALM}/download/{made['Id']}")
    where = f"AttachableRef.EntityRef.type = 'Bill' and AttachableRef.EntityRef.value = '{firm.id_of('Bill:rent')}'"
    assert firm.query(f"select * from Attachable where {where}")["Attachable"][0]["Id"] == made["Id"]


def test_a_file_for_an_unknown_object_is_a_fault_in_its_item():
    metadata = {"AttachableRef": [{"EntityRef": {"type": "Bill", "value": "404"}}], "FileName": "x"}
    firm = company()
    answer = json.loads(firm.upload(metadata, b"x"))["AttachableResponse"][0]
    assert answer["Fault"]["Error"][0]["code"] == "2500"
    assert firm.files == {}


def test_a_file_outlives_the_deletion_of_a_document_with_the_same_number():
    firm = company(Seed("Bill", bill(), "rent"))
    made = json.loads(firm.upload({"FileName": "x"}, b"x"))["AttachableResponse"][0]["Attachable"]
    assert made["Id"] == firm.id_of("Bill:rent")
    firm.write("Bill", "delete", {"Id": firm.id_of("Bill:rent"), "SyncToken": "0"})
    assert firm.files == {made["Id"]: b"x"}
    firm.write("Attachable", "delete", {"Id": made["Id"], "SyncToken": "0"})
    assert firm.files == {}


def test_a_note_needs_no_file():
    firm = company(Seed("Bill", bill(), "rent"))
    target = {"EntityRef": {"type": "Bill", "value": firm.id_of("Bill:rent")}}
    assert (
        create(firm, "Attachable", {"AttachableRef": [target], "Note": "agreed by phone"})["Note"] == "agreed by phone"
    )


# -- webhooks ---------------------------------------------------------------------------------------------------------


def heard_of(act):
    heard = []
    firm = company(Seed("Bill", bill(), "rent"), on_change=heard.append)
    act(firm)
    return heard, firm


def test_a_write_is_announced_once_in_both_forms():
    heard, firm = heard_of(lambda firm: create(firm, "JournalEntry", entry("Rent", "Checking", "5"), request_id="r"))
    (event,) = cloud_events(REALM, heard)
    assert (event["type"], event["intuitaccountid"]) == ("qbo.journalentry.created.v1", REALM)
    (entity,) = legacy_notification(REALM, heard, firm.zone)["eventNotifications"][0]["dataChangeEvent"]["entities"]
    assert entity == {
        "name": "JournalEntry",
        "id": event["intuitentityid"],
        "operation": "Create",
        "lastUpdated": "2026-04-05T18:00:00-0700",
    }


def test_a_repeated_request_id_is_not_announced_again():
    def twice(firm):
        for _ in range(2):
            create(firm, "JournalEntry", entry("Rent", "Checking", "5"), request_id="r")

    assert len(heard_of(twice)[0]) == 1


def test_a_refused_write_is_not_announced():
    heard, _ = heard_of(lambda firm: codes(firm.write, "Vendor", "create", {"DisplayName": "Quay Hotel"}))
    assert heard == []


def test_attachables_have_no_webhook():
    heard, _ = heard_of(lambda firm: create(firm, "Attachable", {"Note": "n"}))
    assert cloud_events(REALM, heard) == []


def test_the_same_change_has_the_same_event_id_and_another_change_another():
    heard, _ = heard_of(lambda firm: [create(firm, "JournalEntry", entry("Rent", "Checking", "5")) for _ in range(2)])
    first, second = cloud_events(REALM, heard)
    assert cloud_events(REALM, heard)[0]["id"] == first["id"]
    assert first["id"] != second["id"]


def test_two_accounts_merged_are_one_and_the_change_feed_tells_of_the_accounts_only():
    clock, heard = Clock(), []
    firm = company(Seed("Bill", bill(), "rent"), clock=clock, on_change=heard.append)
    loser, winner = account_id(firm, "Rent"), account_id(firm, "Utilities")
    sub_type = {"AccountSubType": "RentOrLeaseOfBuildings"}
    firm.edit_as_user("Account", winner, {"Name": "Utilities", **sub_type})
    clock.advance(hours=1)
    since = clock().isoformat()
    firm.merge_as_user("Account", loser, winner)
    bills, accounts = firm.changes_since("Bill,Account", since)
    assert bills == {}
    assert [(row["Id"], row["Name"], row["Active"]) for row in accounts["Account"]] == [
        (loser, "Rent (deleted)", False),
        (winner, "Utilities", True),
    ]
    (kept,) = firm.query("SELECT * FROM Bill")["Bill"]
    assert kept["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"] == {"value": winner, "name": "Utilities"}
    assert (heard[-1].operation, heard[-1].id, heard[-1].gone) == ("Merge", winner, loser)
    with pytest.raises(QuickBooksFault):
        firm.merge_as_user("Account", winner, account_id(firm, "Checking"))


def test_two_vendors_merged_owe_together():
    firm = company(Seed("Bill", bill(), "rent"))
    loser, winner = (firm.id_of(f"Vendor:{name}") for name in ("Old Mill Properties", "Bright Power"))
    firm.merge_as_user("Vendor", loser, winner)
    assert firm.read("Vendor", winner)["Balance"] == 1200
    assert firm.query("SELECT * FROM Vendor WHERE DisplayName = 'Old Mill Properties'").get("Vendor", []) == []
