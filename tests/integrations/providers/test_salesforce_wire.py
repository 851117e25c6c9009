"""Salesforce's addresses, errors and daily limit, and how an org is read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integrations import addresses, granting
from integrations.errors import Refused, RetryLater
from integrations.provider import Window
from integrations.providers.salesforce import pulling, wire
from integrations.providers.salesforce.provider import PROVIDER
from tests.integrations.contract import ScriptedApi

STREAMS = {stream.name: stream for stream in PROVIDER.streams}


def error(code):
    return [{"message": "TEXT", "errorCode": code}]


# ---- addresses and errors ------------------------------------------------------------------------------------------------


def test_calls_go_where_the_token_answer_says_and_sign_ins_where_people_sign_in():
    where = {"host": "login.salesforce.com"}
    assert set(addresses.base_urls(PROVIDER, where).values()) == {"https://login.salesforce.com"}
    where |= granting.kept(
        PROVIDER.auth, {"instance_url": "https://osprey--uat.sandbox.my.salesforce.com", "scope": "api"}
    )
    assert addresses.base_urls(PROVIDER, where) == {
        "authorize": "https://login.salesforce.com",
        "token": "https://login.salesforce.com",
        "api": "https://osprey--uat.sandbox.my.salesforce.com",
    }
    for strange in ("https://evil.example", "http://na1.salesforce.com", "https://login.salesforce.com.evil.example"):
        with pytest.raises(addresses.Misconfigured):
            granting.kept(PROVIDER.auth, {"instance_url": strange})


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://Osprey.lightning.force.com/lightning/page/home", "osprey.my.salesforce.com"),
        ("test.salesforce.com", "test.salesforce.com"),
        ("https://na139.salesforce.com/", "na139.salesforce.com"),
        ("osprey.example", ""),
        ("my.salesforce.com", ""),
    ],
)
def test_what_people_copy_becomes_the_address_they_sign_in_at(typed, host):
    assert PROVIDER.asks[0].read(typed)[0] == host


def test_a_session_that_is_over_is_told_by_its_code_too():
    assert wire.is_over(401, None)
    assert wire.is_over(403, error("INVALID_SESSION_ID"))
    assert not wire.is_over(403, error("REQUEST_LIMIT_EXCEEDED"))
    assert wire.read_error(403, {}, error("REQUEST_LIMIT_EXCEEDED")).retry_after == 3600
    assert PROVIDER.auth.pkce


# ---- pulling -------------------------------------------------------------------------------------------------------------

FREE, FULL = {"Sforce-Limit-Info": "api-usage=18/5000"}, {"sforce-limit-info": "api-usage=4000/5000"}
GONE = Refused("no such object", code="NOT_FOUND")
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def describe(name, *fields, through=()):
    known = [{"name": field, "relationshipName": None} for field in fields]
    known += [{"name": f"{one}Id", "relationshipName": one} for one in through]
    return f"{pulling.DATA}/sobjects/{name}/describe", ({"fields": known}, FREE)


def found(*rows, rest="", path="queryAll", headers=FREE):
    told = {"totalSize": len(rows), "done": not rest, "records": list(rows)}
    whole = path if path.startswith("/") else f"{pulling.DATA}/{path}"
    return whole, (told | ({"nextRecordsUrl": rest} if rest else {}), headers)


def row(number, stamp="2026-03-31T10:00:00.000+0000", **more):
    return {"attributes": {"type": "Invoice"}, "Id": f"3ttdM000000{number}", "SystemModstamp": stamp, **more}


def pulled(api, stream="invoices", cursor="", now=NOW):
    return list(STREAMS[stream].pull(api, Window(cursor=cursor, since=date(2026, 1, 1), now=now)))


def test_what_changed_is_asked_with_the_deleted_in_order_page_by_page_and_only_for_fields_there_are():
    line = {"Id": "5TVdM0000000001", "InvoiceId": "3ttdM0000000001QAA", "LineAmount": 5}
    following = f"{pulling.DATA}/query/0r8xx5R2yF2gs3VASQ-2000"
    api = ScriptedApi(
        describe("Invoice", "Id", "IsDeleted", "SystemModstamp", "Status", through=["BillingAccount"]),
        describe("InvoiceLine", "Id", "InvoiceId", "LineAmount"),
        found(row("0001"), rest=following),
        found(line, path="query"),
        found(row("0002", "2026-03-31T11:00:00.000+0000"), path=following),
        found(path="query"),
        (f"{pulling.DATA}/sobjects/blng__Invoice__c/describe", GONE),
        settings={"currency": "EUR"},
    )
    pages = pulled(api)
    assert [[one["Id"], one["lines"], one["CurrencyIsoCode"]] for one in pages[0].items] == [
        ["3ttdM0000000001", [line], "EUR"]
    ]
    assert pages[0].cursor == "Invoice=2026-03-31T10:00:00.000+0000"
    assert pages[-1].cursor == "Invoice=2026-03-31T11:00:00.000+0000;listed=2026-04-01"
    assert pages[-1].only is None
    asked = [said["q"] for _, said in api.asked if "q" in said]
    assert asked[0] == (
        "SELECT Id, IsDeleted, SystemModstamp, BillingAccount.Name, BillingAccountId, Status FROM Invoice WHERE "
        "(SystemModstamp >= 2025-12-31T10:00:00Z OR InvoiceDate >= 2026-01-01) ORDER BY SystemModstamp, Id"
    )
    assert asked[1] == (
        "SELECT Id, InvoiceId, LineAmount FROM InvoiceLine WHERE InvoiceId IN ('3ttdM0000000001') ORDER BY Id"
    )
    assert api.script == []


def test_a_later_pull_begins_before_where_it_stood_and_says_once_a_day_what_is_left():
    cursor = "Invoice=2026-03-31T11:00:00.000+0000;listed=2026-03-31"
    api = ScriptedApi(
        describe("Invoice", "Id", "SystemModstamp"),
        describe("InvoiceLine", "Id", "InvoiceId"),
        found(),
        (f"{pulling.DATA}/sobjects/blng__Invoice__c/describe", GONE),
        found({"Id": "3ttdM0000000001"}, {"Id": "3ttdM0000000002QAA"}),
    )
    (last,) = pulled(api, cursor=cursor)
    assert last.only == {"3ttdM0000000001QAA", "3ttdM0000000002QAA"}
    assert last.cursor == "Invoice=2026-03-31T11:00:00.000+0000;listed=2026-04-01"
    asked = [said["q"] for _, said in api.asked if "q" in said]
    assert "WHERE SystemModstamp >= 2026-03-31T10:30:00Z ORDER BY" in asked[0]
    assert asked[1] == "SELECT Id FROM Invoice"


def test_an_object_that_is_hidden_from_us_is_not_gone():
    api = ScriptedApi(
        describe("Invoice", "Id", "SystemModstamp"),
        describe("InvoiceLine", "Id", "InvoiceId"),
        found(row("0001")),
        found(path="query"),
        (f"{pulling.DATA}/sobjects/blng__Invoice__c/describe", GONE),
    )
    cursor = "Invoice=2026-03-31T11:00:00.000+0000;blng__Invoice__c=2026-03-30T11:00:00.000+0000;listed=2026-03-31"
    assert pulled(api, cursor=cursor)[-1].only is None


def test_an_org_without_invoices_is_asked_for_none():
    paths = [f"{pulling.DATA}/sobjects/{name}/describe" for name in ("Invoice", "blng__Invoice__c")]
    api = ScriptedApi(*((path, GONE) for path in paths))
    (last,) = pulled(api, cursor="listed=2026-03-31")
    assert (list(last.items), last.only) == ([], None)
    with pytest.raises(Refused):
        pulled(ScriptedApi((paths[0], Refused("another", code="INVALID_FIELD"))))


def test_a_step_of_a_deal_says_whether_its_stage_wins():
    deal = {
        "attributes": {"type": "Opportunity"},
        "Id": "006dM0000000001",
        "SystemModstamp": "2026-03-31T10:00:00.000+0000",
    }
    steps = [
        {"Id": f"008dM0000000{number:03}", "OpportunityId": "006dM0000000001", "StageName": stage}
        for number, stage in enumerate(("Ours at last", "Gone"))
    ]
    api = ScriptedApi(
        describe("Opportunity", "Id", "SystemModstamp"),
        (f"{pulling.DATA}/sobjects/OpportunityLineItem/describe", GONE),
        describe("OpportunityHistory", "Id", "OpportunityId", "StageName"),
        found(deal),
        found(*steps),
        found({"ApiName": "Ours at last", "IsWon": True}, path="query"),
    )
    ((item,), _) = (one.items for one in pulled(api, "opportunities"))
    assert [step["IsWon"] for step in item["history"]] == [True, None]
    assert item["lines"] == []


def test_the_rest_of_the_orgs_day_is_left_to_others():
    api = ScriptedApi(
        describe("Invoice", "Id", "SystemModstamp"),
        (f"{pulling.DATA}/sobjects/InvoiceLine/describe", GONE),
        found(row("0001"), rest=f"{pulling.DATA}/query/more", headers=FULL),
    )
    pages = STREAMS["invoices"].pull(api, Window(cursor="", since=date(2026, 1, 1), now=NOW))
    assert len(next(pages).items) == 1
    with pytest.raises(RetryLater) as busy:
        next(pages)
    assert busy.value.retry_after == 3600
    assert not wire.used_up(FREE)
    assert not wire.used_up({})


def test_a_text_cannot_leave_its_quotes():
    assert pulling.quoted("O'Hara \\' OR Name != '") == "'O\\'Hara \\\\\\' OR Name != \\''"
    assert pulling.quoted("a\nb") == "'a\\nb'"


def test_the_account_is_the_org():
    path = f"{pulling.DATA}/query"
    api = ScriptedApi((path, {"records": [{"Id": "00DdM0000000001", "Name": "Osprey"}]}))
    assert pulling.whoami(api) == ("00DdM0000000001UAA", "Osprey")
    assert api.asked == [(path, {"q": "SELECT Id, Name FROM Organization"})]
