"""HubSpot's objects read as facts and journals, and every trap of its documentation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from integrations.arrivals import Delivery
from integrations.errors import PayloadError
from integrations.provider import Window
from integrations.providers.hubspot import pulling, wire
from integrations.providers.hubspot.provider import PROVIDER, whoami
from integrations.records import CustomerInvoice, InvoicePayment, Skipped, Unknown, WonDeal
from tests.integrations.contract import (
    CONTRACTS,
    ScriptedApi,
    result_table,
)
from tests.integrations.providers.reading import Reading

READING = Reading(PROVIDER)
STREAMS, page, facts, lines = READING.streams, READING.page, READING.facts, READING.lines


# ---- readings ------------------------------------------------------------------------------------------------------------


def test_an_invoice_is_income_by_product_and_a_service_over_time_is_owed_until_it_is_given():
    assert lines("invoices", page("invoices")) == [
        ("ar", "", 108000),
        ("revenue", "TRAIL", -40000),
        ("revenue", "survey", -60000),
        ("sales-tax-payable", "", -8000),
    ]
    assert lines("invoices", page("invoices", 1)) == [("ar", "", 120000), ("contract-liability", "support", -120000)]
    (line,) = facts("invoices", page("invoices", 1))[0].lines
    assert (line.service_from, line.service_to) == (date(2026, 4, 1), date(2027, 3, 31))


@pytest.mark.parametrize(
    ("often", "ends"),
    [("weekly", date(2026, 2, 6)), ("monthly", date(2026, 2, 27)), ("per_five_years", date(2031, 1, 30))],
)
def test_a_recurring_line_is_for_the_time_that_begins(often, ends):
    raw = page("invoices", 1)
    raw["properties"]["hs_invoice_date"] = "2026-01-31"
    raw["lines"][0]["properties"] |= {"recurringbillingfrequency": often, "hs_recurring_billing_start_date": None}
    assert facts("invoices", raw)[0].lines[0].service_to == ends


def test_a_voided_invoice_leaves_nothing_and_is_undone_on_the_day_its_history_tells():
    raw = page("invoices", 2)
    assert sum(amount for role, _, amount in lines("invoices", raw) if role == "ar") == 0
    del raw["propertiesWithHistory"]
    (fact,) = facts("invoices", raw)
    assert "on which day" in fact.what


def test_the_balance_due_is_not_read_for_credit_memos_are_not_in_it():
    raw = page("invoices")
    raw["properties"]["hs_balance_due"] = "1.00"
    assert facts("invoices", raw) == facts("invoices", page("invoices"))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-02", date(2026, 3, 2)),
        ("2026-03-02T00:00:00Z", date(2026, 3, 2)),
        ("1772409600000", date(2026, 3, 2)),
        ("2026-03-02T03:00:00.000Z", date(2026, 3, 1)),
    ],
)
def test_a_date_is_midnight_in_no_zone_and_an_instant_is_the_clients_day(written, day):
    raw = page("invoices")
    raw["properties"]["hs_invoice_date"] = written
    assert facts("invoices", raw)[0].booked_on == day


def test_money_is_text_whose_currency_stands_beside_it():
    raw = page("invoices", 2)
    raw["properties"] |= {"hs_currency": "JPY", "hs_amount_billed": "250"}
    raw["lines"][0]["properties"]["amount"] = "250.00"
    assert (facts("invoices", raw)[0].amount, facts("invoices", raw)[0].currency) == (250, "JPY")
    raw["properties"]["hs_amount_billed"] = "250.50"
    with pytest.raises(PayloadError, match="hs_amount_billed"):
        facts("invoices", raw)
    raw["properties"]["hs_currency"] = None
    with pytest.raises(PayloadError, match="hs_currency"):
        facts("invoices", raw)


def test_a_payment_is_booked_where_its_money_is():
    assert lines("payments", page("payments")) == [
        ("ar", "", -108000),
        ("ar", "", 2000),
        ("ar", "", 3000),
        ("clearing", "hubspot", -3000),
        ("clearing", "hubspot", -2000),
        ("clearing", "hubspot", 104868),
        ("merchant-fees", "", 3132),
    ]
    assert lines("payments", page("payments", 1)) == [("ar", "", -60000), ("undeposited", "", 60000)]
    assert lines("payments", page("payments", 2)) == [("ar", "", -9000), ("clearing", "stripe", 9000)]


def test_a_payment_of_several_invoices_is_the_customers_as_a_whole():
    assert facts("payments", page("payments"))[0].applications[0].document == "3001"
    assert facts("payments", page("payments", 1))[0].applications == ()


def test_refunds_have_the_days_their_sum_grew_on_and_are_held_where_none_is_told():
    raw = page("payments")
    raw["propertiesWithHistory"]["hs_refunds_amount"].pop(0)
    assert [type(fact) for fact in facts("payments", raw)] == [InvoicePayment, Unknown]


def test_a_fee_that_does_not_make_the_net_and_another_settlement_are_held():
    off, foreign = page("payments"), page("payments")
    off["properties"]["hs_net_amount"] = "1048.67"
    foreign["properties"]["hs_settlement_currency_code"] = "CAD"
    assert facts("payments", off)[0].what == "amount less fee comes to 104868, HubSpot tells 104867"
    assert facts("payments", foreign)[0].what == "paid in USD, settled in CAD"


STATUSES = {
    **{status: [Skipped] for status in ("processing", "failed")},
    **{status: [InvoicePayment] for status in ("succeeded", "partially_refunded", "refunded", "processing_refund")},
    "disputed_won": [InvoicePayment],
    **{f"disputed_{how}": [InvoicePayment, Unknown] for how in ("lost", "action_required", "awaiting_decision")},
}


@pytest.mark.parametrize("status", STATUSES)
def test_each_documented_status_of_a_payment_is_read(status):
    raw = page("payments", 1)
    raw["properties"]["hs_latest_status"] = status
    assert [type(fact) for fact in facts("payments", raw)] == STATUSES[status]


@pytest.mark.contracts
def test_each_status_the_contract_lists_of_an_invoice_is_read():
    path = CONTRACTS / "hubspot/hubspot-commerce-written.openapi.json"
    invoice = json.loads(path.read_bytes())["components"]["schemas"]["Invoice"]["properties"]["properties"]
    found = {}
    for status in invoice["properties"]["hs_invoice_status"]["description"].split(", "):
        raw = page("invoices")
        raw["properties"]["hs_invoice_status"] = status
        found[status] = type(facts("invoices", raw)[0])
    # The fixture's invoice was never voided: on which day is not told.
    assert found == {"draft": Skipped, "open": CustomerInvoice, "paid": CustomerInvoice, "voided": Unknown}


def test_a_won_deal_is_a_proposal_and_never_revenue_and_one_that_is_moved_back_none():
    won, back = page("deals"), page("deals")
    back["properties"]["hs_is_closed_won"] = "false"
    assert [type(fact) for fact in facts("deals", won) + facts("deals", back)] == [WonDeal, Skipped]
    assert lines("deals", won) == []


def test_a_stage_of_the_accounts_own_does_not_say_whether_it_is_won():
    raw = page("deals")
    raw["properties"]["hs_is_closed_won"] = None
    with pytest.raises(PayloadError, match="hs_is_closed_won"):
        facts("deals", raw)


def test_a_credit_memo_takes_back_income_and_tax():
    assert lines("credit_memos", page("credit_memos")) == [
        ("ar", "", -10800),
        ("revenue", "", 10000),
        ("sales-tax-payable", "", 800),
    ]


# ---- wire ----------------------------------------------------------------------------------------------------------------


def linked(kind, mark, to, *ids):
    answer = {"results": [{"toObjectId": one, "associationTypes": []} for one in ids]}
    return f"/crm/v4/objects/{kind}/{mark}/associations/{to}", answer


def test_what_changed_is_searched_by_id_without_an_end_and_what_is_gone_is_seen_once_a_day():
    first, second = ({"id": mark, "properties": {"hs_invoice_status": "open"}} for mark in ("3001", "3002"))
    company = {"id": "9001", "properties": {"name": "Harbour Museum"}}
    api = ScriptedApi(
        (f"{pulling.INVOICES}/search", {"results": [first], "paging": {"next": {"after": "200"}}}),
        linked("invoices", "3001", "companies", 9555),
        # The company was merged: its old id leads to the other.
        (f"{pulling.COMPANIES}/9555", company),
        linked("invoices", "3001", "line_items", 5, "6"),
        (pulling.LINES, {"results": [{"id": "6"}, {"id": "5"}]}),
        (f"{pulling.INVOICES}/search", {"results": [second]}),
        linked("invoices", "3002", "companies"),
        linked("invoices", "3002", "line_items"),
        (pulling.INVOICES, {"results": [{"id": "3001"}], "paging": {"next": {"after": "3001"}}}),
        (pulling.INVOICES, {"results": [{"id": "3002"}]}),
    )
    now = datetime(2026, 4, 1, 1, tzinfo=UTC)
    window = Window(cursor="2026-03-31T23:30:00+00:00", since=date(2026, 1, 1), now=now)
    pages = list(pulling.pull_invoices(api, window))
    assert pages[0].items == [
        first | {"company": {"id": "9001", "name": "Harbour Museum"}, "lines": [{"id": "5"}, {"id": "6"}]}
    ]
    assert [one.cursor for one in pages] == [None, None, "2026-04-01T01:00:00+00:00", None]
    assert pages[3].only == {"3001", "3002"}
    searches = [said for path, said in api.asked if path.endswith("/search")]
    values = [[one["value"] for one in said["filterGroups"][0]["filters"]] for said in searches]
    assert values == [["1774996200000", "1775005200000", mark] for mark in ("0", "3001")]
    assert "hs_amount_billed" in searches[0]["properties"]
    assert api.script == []


def test_a_refunded_payment_comes_with_its_history_and_an_open_deal_with_nothing():
    raw = {"id": "5001", "properties": {"hs_refunds_amount": "50.00"}}
    history = {"hs_refunds_amount": [{"value": "50.00", "timestamp": "2026-03-20T18:00:00Z"}]}
    api = ScriptedApi(
        (f"{pulling.PAYMENTS}/search", {"results": [raw]}),
        (f"{pulling.PAYMENTS}/5001", raw | {"propertiesWithHistory": history}),
        linked("commerce_payments", "5001", "invoices", 3001),
        linked("commerce_payments", "5001", "companies"),
        (f"{pulling.DEALS}/search", {"results": [{"id": "7", "properties": {"hs_is_closed_won": "false"}}]}),
    )
    window = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, tzinfo=UTC))
    payments, _ = pulling.pull_payments(api, window)
    assert list(payments.items) == [raw | {"propertiesWithHistory": history, "invoices": ["3001"]}]
    deals, _ = pulling.pull_deals(api, window)
    assert list(deals.items) == [{"id": "7", "properties": {"hs_is_closed_won": "false"}}]


def test_the_account_is_its_portal():
    api = ScriptedApi(("/account-info/v3/details", {"portalId": 147893286}))
    assert whoami(api) == ("147893286", "HubSpot 147893286")


NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def delivery(body=b"[]", url="https://portal.example/webhooks/hubspot/?a=%2F", at=NOW, signed=None):
    millis = str(int(at.timestamp() * 1000))
    text = f"POST{signed or url}".encode() + body + millis.encode()
    signature = base64.b64encode(hmac.new(b"shh", text, hashlib.sha256).digest()).decode()
    headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": millis}
    return Delivery(body, headers | {"x-hubspot-signature": "0" * 64}, url)


def test_a_notice_is_signed_over_method_address_body_and_time_of_the_last_five_minutes():
    assert wire.verify(delivery(), ["old", "shh"], NOW)
    assert not wire.verify(delivery(), ["old"], NOW)
    assert not wire.verify(delivery(), ["shh"], NOW + timedelta(minutes=5, seconds=1))
    assert not wire.verify(Delivery(b"[]", {}, "https://portal.example/"), ["shh"], NOW)
    # Escapes are undone in the path, and never in the query.
    escaped = "https://portal.example/webhooks/hub%40spot/?a=%2F"
    assert wire.verify(delivery(url=escaped, signed=escaped.replace("%40", "@")), ["shh"], NOW)
    assert not wire.verify(delivery(url=escaped, signed=escaped.replace("%2F", "/")), ["shh"], NOW)


@pytest.mark.contracts
def test_a_batch_of_notices_is_read_though_event_ids_repeat():
    notice = {"eventId": 1, "portalId": 62515, "occurredAt": 1775005200000, "objectId": 3001}
    batch = [
        notice | {"subscriptionType": "object.propertyChange", "objectTypeId": "0-53"},
        notice | {"subscriptionType": "object.creation", "objectTypeId": "0-101"},
        notice | {"subscriptionType": "deal.propertyChange"},
        notice | {"subscriptionType": "contact.creation"},
    ]
    Draft202012Validator(json.loads((CONTRACTS / "hubspot/hubspot-webhooks.schema.json").read_bytes())).validate(batch)
    found = list(wire.events(batch))
    assert [streams for _, _, streams in found] == [("invoices",), ("payments",), ("deals",), ()]
    assert {account for _, account, _ in found} == {"62515"}
    assert len({mark for mark, _, _ in found}) == 4
    with pytest.raises(PayloadError):
        list(wire.events({}))


# ---- the published samples, and strangers --------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {told}\n" for name, told in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "hubspot.txt").read_text(encoding="utf-8")
