"""Amazon's lists as they are pulled, and what its finances tell beside the settlements: deferred sales, balances, payouts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.conf import settings as django_settings

from integrations.addresses import base_urls
from integrations.errors import Refused, RetryLater
from integrations.payload import parse_json
from integrations.provider import Window
from integrations.providers.amazon.provider import MARKETS, PROVIDER
from integrations.records import Announced, Order, Skipped, StatementClosed, Unknown
from tests.integrations.contract import CONTRACTS, ScriptedApi, read
from tests.integrations.providers.amazon_pages import SETTLEMENTS, STREAMS, flat_file, lines, page

# ---- deferred sales, balances --------------------------------------------------------------------------------------------


def test_a_deferred_sale_is_booked_when_it_was_posted_and_taken_back_when_it_is_released():
    """What is released is booked for good by its settlement; until then January has its sale."""
    (deferred,) = read(STREAMS["transactions"], page("transactions"))
    announced, released = read(STREAMS["transactions"], page("transactions", 1))
    assert (type(announced), announced.amount) == (Announced, 2489), "out of what is deferred, into the open settlement"
    assert (deferred.booked_on, released.booked_on) == (date(2026, 1, 28), date(2026, 2, 8))
    booked = lines([deferred])
    assert ("clearing", "amazon", 2489) in booked
    assert sorted((role, key, -amount) for role, key, amount in booked) == lines([released])
    still = page("transactions") | {"transactionStatus": "DEFERRED"}
    assert read(STREAMS["transactions"], still) == [deferred]


def test_the_published_examples_forms_are_read():
    """Its breakdowns are an object that holds the list, and its status is not in capitals."""
    sample = parse_json((CONTRACTS / "amazon/samples/2024-Transaction-example.json").read_bytes())
    assert isinstance(read(STREAMS["transactions"], sample)[0], Announced)
    deferred = {**sample, "transactionStatus": "Deferred"}
    (fact,) = read(STREAMS["transactions"], deferred)
    assert (type(fact), fact.amount, fact.channel) == (Order, 1000, "Amazon.com")


def test_what_amazon_sent_to_the_bank_is_announced_to_no_settlement():
    """It empties the settlement that has closed; the one that is open never has it."""
    raw = page("transactions", 3)
    for kind, means in {"Transfer": Skipped, "Adjustment": Announced}.items():
        (fact,) = read(STREAMS["transactions"], raw | {"transactionType": kind})
        assert (type(fact), fact.amount) == (means, -2000)


def test_a_settlement_says_until_when_it_tells_everything():
    for printed, moment in {
        "2026-03-15 07:00:00 UTC": datetime(2026, 3, 15, 7, tzinfo=UTC),
        "15.03.2026": None,
    }.items():
        _, closed = read(SETTLEMENTS, page("settlements") | {"settlement-end-date": printed})
        assert (type(closed), closed.booked_on, closed.occurred_at) == (StatementClosed, date(2026, 3, 15), moment)


def test_a_breakdown_that_does_not_come_to_the_transaction_is_put_before_a_person():
    raw = page("transactions")
    raw["totalAmount"]["currencyAmount"] = 25
    (fact,) = read(STREAMS["transactions"], raw)
    assert "difference -11" in fact.what


def test_a_balance_whose_parts_do_not_come_to_it_proves_nothing():
    raw = page("balances")
    raw["balances"][0]["amount"]["currencyAmount"] = 1
    (fact,) = read(STREAMS["balances"], raw)
    assert "difference -7950" in fact.what


@pytest.mark.contracts
def test_every_listed_status_and_type_is_read_or_put_before_a_person():
    definitions = json.loads((CONTRACTS / "amazon/transfers_2024-06-01.json").read_bytes())["definitions"]
    held = {
        status
        for status in definitions["PayoutStatusName"]["enum"]
        if isinstance(read(STREAMS["payouts"], page("payouts") | {"currentStatus": status})[0], Unknown)
    }
    assert held == {"FAILED", "CANCELLED"}
    definitions = json.loads((CONTRACTS / "amazon/finances_2024-06-19.json").read_bytes())["definitions"]
    for name in definitions["RelatedIdentifier"]["properties"]["relatedIdentifierName"]["enum"]:
        raw = page("transactions", 3) | {
            "relatedIdentifiers": [{"relatedIdentifierName": name, "relatedIdentifierValue": "x"}]
        }
        assert not isinstance(read(STREAMS["transactions"], raw)[0], Order)
    types = definitions["Balance"]["properties"]["balanceType"]["enum"]
    parts = {one["balanceType"] for one in places_of_balances(page("balances"))}
    assert parts == set(types)
    definitions = json.loads((CONTRACTS / "amazon/reports_2021-06-30.json").read_bytes())["definitions"]
    report = page("settlements", -1)
    lost = {
        status
        for status in definitions["Report"]["properties"]["processingStatus"]["enum"]
        if isinstance(read(SETTLEMENTS, report | {"processingStatus": status})[0], Unknown)
    }
    assert lost == {"CANCELLED", "FATAL"}


def places_of_balances(balance):
    yield balance
    for part in balance.get("balances", ()):
        yield from places_of_balances(part)


# ---- pulling -------------------------------------------------------------------------------------------------------------

TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
REPORTS, DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, 12, tzinfo=UTC))
PRESIGNED = "https://tortuga-prod-na.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=1"


def report(number, made, status="DONE", **more):
    return {
        "reportType": TYPE,
        "reportId": number,
        "reportDocumentId": f"doc-{number}",
        "createdTime": made,
        "processingStatus": status,
        **more,
    }


def test_a_report_token_goes_alone_and_each_report_is_a_page_with_a_step_of_the_cursor():
    api = ScriptedApi(
        (REPORTS, {"reports": [report("r2", "2026-03-15T10:00:00Z")], "nextToken": "more"}),
        (
            REPORTS,
            {
                "reports": [
                    report("r1", "2026-03-01T10:00:00Z"),
                    report("r0", "2025-12-20T10:00:00Z", dataEndTime="2025-12-20T07:00:00Z"),
                ]
            },
        ),
        (f"{DOCUMENTS}/doc-r1", {"url": PRESIGNED}),
        (PRESIGNED, flat_file(number="1")),
        (f"{DOCUMENTS}/doc-r2", {"url": PRESIGNED, "compressionAlgorithm": "GZIP"}),
        (PRESIGNED, flat_file(number="2")),
    )
    pages = list(SETTLEMENTS.pull(api, WINDOW))
    assert [one.cursor for one in pages] == [
        "2026-03-01T10:00:00Z r1",
        "2026-03-15T10:00:00Z r1,r2",
        "2026-03-15T10:00:00Z r1,r2",
    ]
    assert api.asked[1] == (REPORTS, {"nextToken": "more"})
    assert api.asked[0][1]["reportTypes"] == "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
    again = ScriptedApi((REPORTS, {"reports": [report("r2", "2026-03-15T10:00:00Z")]}))
    (last,) = SETTLEMENTS.pull(again, replace(WINDOW, cursor=pages[-1].cursor))
    assert (last.items, again.asked[0][1]["createdSince"]) == ([], "2026-03-12T10:00:00Z")


def test_an_address_that_ran_out_is_asked_for_anew_once():
    """It works for five minutes; the store answers 403 then, which says nothing of the seller's grant."""
    script = [
        (REPORTS, {"reports": [report("r1", "2026-03-01T10:00:00Z")]}),
        (f"{DOCUMENTS}/doc-r1", {"url": PRESIGNED}),
        (PRESIGNED, RetryLater("the address of a file has run out")),
        (f"{DOCUMENTS}/doc-r1", {"url": f"{PRESIGNED}2"}),
    ]
    api = ScriptedApi(*script, (f"{PRESIGNED}2", flat_file()))
    assert len(next(iter(SETTLEMENTS.pull(api, WINDOW))).items) == 15
    with pytest.raises(RetryLater, match="ran out"):
        list(SETTLEMENTS.pull(ScriptedApi(*script, (f"{PRESIGNED}2", RetryLater("again"))), WINDOW))


def test_a_report_in_the_making_is_waited_for_and_one_that_failed_is_put_before_a_person():
    api = ScriptedApi(
        (
            REPORTS,
            {
                "reports": [
                    report("r1", "2026-03-01T10:00:00Z", "IN_PROGRESS"),
                    report("r2", "2026-03-02T10:00:00Z", "FATAL"),
                ]
            },
        )
    )
    failed, last = SETTLEMENTS.pull(api, WINDOW)
    assert isinstance(read(SETTLEMENTS, failed.items[0])[0], Unknown)
    assert last.cursor is None, "the next pull looks for both again"


def test_reports_older_than_amazon_keeps_are_not_asked_for_twice():
    """Where it refuses to look back that far, the ninety days it keeps are read; the rest comes as files."""
    api = ScriptedApi((REPORTS, Refused("no", code="InvalidInput")), (REPORTS, {"reports": []}))
    list(SETTLEMENTS.pull(api, replace(WINDOW, since=date(2025, 1, 1))))
    assert [said["createdSince"][:10] for _, said in api.asked] == ["2024-12-31", "2026-01-02"]


def test_finance_tokens_go_with_all_that_was_asked_and_an_empty_page_is_not_the_last():
    path = "/finances/2024-06-19/transactions"
    api = ScriptedApi(
        (path, {"payload": {"transactions": [], "nextToken": "t2"}}),
        (path, {"payload": {"transactions": [page("transactions")]}}),
    )
    pages = list(STREAMS["transactions"].pull(api, WINDOW))
    assert [len(one.items) for one in pages] == [0, 1, 0]
    assert api.asked[1][1] == {**api.asked[0][1], "nextToken": "t2"}


def test_a_week_is_read_again_and_nothing_is_asked_of_the_last_two_minutes():
    """Events of the last 48 hours may be missing; more than 180 days at once would give an empty answer."""
    path = "/finances/2024-06-19/transactions"
    empty = (path, {"payload": {"transactions": []}})
    first = ScriptedApi(empty, empty)
    last = list(STREAMS["transactions"].pull(first, replace(WINDOW, since=date(2025, 9, 1))))[-1]
    assert last.cursor == "2026-04-01T11:57:00Z"
    spans = [
        (datetime.fromisoformat(one["postedAfter"]), datetime.fromisoformat(one["postedBefore"]))
        for _, one in first.asked
    ]
    assert all((end - begin).days <= 179 for begin, end in spans)
    again = ScriptedApi(empty)
    list(STREAMS["transactions"].pull(again, replace(WINDOW, cursor=last.cursor)))
    assert again.asked[0][1]["postedAfter"] == "2026-03-25T11:57:00Z"


def test_balances_are_asked_for_at_each_months_end_and_what_is_held_meanwhile_proves_nothing():
    path = "/finances/2024-06-19/balances"
    api = ScriptedApi(*[(path, {"balances": []})] * 3)
    pages = list(STREAMS["balances"].pull(api, WINDOW))
    assert [said.get("asOfDate", "") for _, said in api.asked] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert pages[-1].cursor == "2026-02-28"
    assert isinstance(read(STREAMS["balances"], page("balances", 1))[0], Skipped)


def test_a_busy_answer_tells_its_rate_and_the_wait_is_one_request_of_it():
    body = {"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota", "details": ""}]}
    assert PROVIDER.read_error is not None
    assert PROVIDER.read_error(429, {"x-amzn-RateLimit-Limit": "0.5"}, body).retry_after == 2
    assert PROVIDER.read_error(429, {}, body).retry_after == 60


@pytest.mark.parametrize("market", MARKETS)
def test_each_marketplace_signs_in_and_answers_at_its_own_hosts(market, monkeypatch):
    monkeypatch.setattr(django_settings, "SANDBOX_URL", "")
    found = base_urls(PROVIDER, {"marketplace": market})
    assert found["token"] == "https://api.amazon.com"
    assert found["api"] in {f"https://sellingpartnerapi-{region}.amazon.com" for region in ("na", "eu", "fe")}
    assert found["authorize"].startswith("https://sellercentral")
    assert (PROVIDER.auth.consent_days, PROVIDER.auth.client_id_setting) == (365, "APPLICATION_ID")


# ---- strangers -----------------------------------------------------------------------------------------------------------
