"""BILL's pages read as facts and journals, and every trap its documentation sets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from integrations.payload import parse_json
from integrations.provider import Window
from integrations.providers.bill.provider import PROVIDER
from integrations.providers.bill.readings import _MOVED, _QUIET, _UNDONE, _UNFUNDED, PULLED
from integrations.providers.bill.wire import is_over
from integrations.records import BillPayment, FundingPull, Skipped, Unknown, VendorBill
from ledger.core.rules import Unbookable
from tests.integrations.contract import (
    CONTRACTS,
    ScriptedApi,
    holder,
    result_table,
)
from tests.integrations.providers.reading import Reading
from tests.integrations.providers.test_bill import error

READING = Reading(PROVIDER)
STREAMS, page, facts, lines = READING.streams, READING.page, READING.facts, READING.lines


# ---- the journals of the provider's page -----------------------------------------------------------------------------------


def test_a_bill_is_booked_line_by_line_to_the_names_its_marks_stand_for():
    assert lines("bills", page("bills")) == [
        ("ap", "", -124050),
        ("expense", "Supplies", 100050),
        ("expense", "Utilities", 24000),
    ]
    (bill,) = facts("bills", page("bills"))
    assert [(split.department, split.klass) for split in bill.splits] == [("Field", "Parks"), ("North yard", "")]
    assert (bill.number, bill.due_on, bill.vendor_id) == ("NOR-101", date(2026, 4, 14), "00902FIXTURE00000001")


def test_a_bill_without_lines_takes_its_own_account_and_a_negative_line_lowers_it():
    assert lines("bills", page("bills", 1)) == [("ap", "", -22899), ("expense", "Supplies", 22899)]
    assert sum(amount for role, _, amount in lines("bills", page("bills", 7)) if role == "expense") == 7525


def test_a_credit_is_the_mirror_of_a_bill():
    assert lines("vendor_credits", page("vendor_credits")) == [("ap", "", 6499), ("expense", "Supplies", -6499)]


def test_a_payment_leaves_bill_by_bill_through_clearing_or_a_card():
    assert lines("payments", page("payments")) == [("ap", "", 131575), ("clearing", "bill", -131575)]
    (paid,) = facts("payments", page("payments"))
    assert [(part.document[-2:], part.amount) for part in paid.applications] == [("01", 124050), ("08", 7525)]
    assert ("card", "BILL card 8821", -2500) in lines("payments", page("payments", 9))


def test_what_undoes_a_payment_brings_the_money_back_into_clearing():
    for index in (4, 5, 7):  # voided, returned, never funded
        assert sum(amount for role, _, amount in lines("payments", page("payments", index)) if role == "clearing") == 0
    assert [fact.amount for fact in facts("payments", page("payments", 4)) if isinstance(fact, FundingPull)] == [-4000]
    assert [fact for fact in facts("payments", page("payments", 7)) if isinstance(fact, FundingPull)] == []


def test_unclaimed_money_is_owed_to_the_state_instead_of_the_vendor():
    sums = {}
    for role, _, amount in lines("payments", page("payments", 8)):
        sums[role] = sums.get(role, 0) + amount
    assert sums == {"ap": 1200, "clearing": 0, "unclaimed-property": -1200}


# ---- traps -----------------------------------------------------------------------------------------------------------------


def test_a_scheduled_payment_has_moved_nothing_and_a_started_one_has():
    raw = page("payments") | {"singleStatus": "SCHEDULED"}
    assert [type(fact) for fact in facts("payments", raw)] == [Skipped]
    assert [type(fact) for fact in facts("payments", raw | {"singleStatus": "FUNDING_STARTED"})] == [BillPayment]


def test_a_vendor_paid_without_funds_keeps_the_bill_paid_and_asks_for_a_wire():
    sent, asked = facts("payments", page("payments", 6))
    assert (sent.stage, "wire" in asked.what) == ("sent", True)
    assert _UNFUNDED not in PULLED


def test_an_invoice_date_with_a_time_is_the_day_it_says():
    assert page("bills", 1)["bill"]["invoice"]["invoiceDate"] == "2026-03-05T00:00:00.000Z"
    assert facts("bills", page("bills", 1))[0].booked_on == date(2026, 3, 5)


def test_codes_of_the_older_api_are_not_read():
    raw = page("bills")
    raw["bill"]["paymentStatus"] = "1"
    assert "payment status '1'" in facts("bills", raw)[0].what


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exchangeRate": Decimal("1.2")}, "other money"),
        ({"vendorName": ""}, "vendor"),
        ({"approvalStatus": None}, "approval"),
        ({"archived": True, "paidAmount": 5}, "archived"),
    ],
)
def test_what_is_not_plain_waits_for_a_person(change, said):
    raw = page("bills")
    raw["bill"] |= change
    (fact,) = facts("bills", raw)
    assert isinstance(fact, Unknown)
    assert said in fact.what


def test_lines_that_do_not_come_to_the_bill_hold_it():
    raw = page("bills")
    raw["bill"]["amount"] = Decimal("1240.51")
    with pytest.raises(Unbookable):
        lines("bills", raw)


def test_the_session_is_over_by_its_code_whatever_the_status():
    assert is_over(401, None)
    assert is_over(400, error("BDC_1109"))
    assert not is_over(429, error("BDC_1144"))


# ---- pulls -----------------------------------------------------------------------------------------------------------------


LISTS = [
    (f"/v3/classifications/{kind}", {"results": []})
    for kind in ("chart-of-accounts", "departments", "locations", "accounting-classes")
]
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, tzinfo=UTC))


def test_archived_bills_are_asked_for_by_themselves_and_filters_stay_while_paging():
    one, two, gone = (page("bills", index)["bill"] for index in (0, 1, 4))
    two["updatedTime"] = "2026-03-09T00:00:00.000+00:00"
    api = ScriptedApi(
        *LISTS,
        ("/v3/bills", {"results": [one], "nextPage": "t2"}),
        ("/v3/bills", {"results": [two]}),
        ("/v3/bills", {"results": [gone]}),
    )
    pages = list(STREAMS["bills"].pull(api, WINDOW))
    asked = [said for path, said in api.asked if path == "/v3/bills"]
    assert [said["filters"].endswith("archived:eq:true") for said in asked] == [False, False, True]
    assert {said["max"] for said in asked} == {"100"}
    assert asked[1] == asked[0] | {"page": "t2"}
    assert [one.cursor for one in pages] == [None, None, "2026-03-09T00:00:00.000+00:00"]
    again = ScriptedApi(*LISTS, ("/v3/bills", {"results": []}), ("/v3/bills", {"results": []}))
    list(STREAMS["bills"].pull(again, Window(cursor=pages[-1].cursor, since=WINDOW.since, now=WINDOW.now)))
    assert again.asked[4][1]["filters"] == 'updatedTime:gte:"2026-03-08T23:00:00.000+00:00"'


def test_one_sum_is_taken_for_a_day_and_bank_account_and_none_for_cards_or_what_did_not_move():
    payments = [page("payments", index) for index in range(12)]
    api = ScriptedApi(("/v3/payments", {"results": payments}))
    (found,) = STREAMS["fundings"].pull(api, WINDOW)
    (sum_,) = found.items
    assert [one["id"][-2:] for one in sum_["pull"]["payments"]] == ["01", "02", "05", "06", "09", "11"]


# ---- notices ---------------------------------------------------------------------------------------------------------------


def signature(body, key="security-key"):
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("body", "told", "fits"),
    [
        (b"{}", signature(b"{}"), True),
        (b'"{}"', signature(b'"{}"'), True),
        (b'"{}"', signature(b"{}"), False),
        (b"{}", signature(b"{}", "another"), False),
        (b"{}", hmac.new(b"security-key", b"{}", hashlib.sha256).hexdigest(), False),
        (b"{}", "", False),
        (b"{}", "é", False),
    ],
)
def test_a_notice_is_believed_by_its_raw_bytes(body, told, fits):
    headers = {"X-Bill-Sha-Signature": told}
    assert PROVIDER.webhook.verify(body, headers, ["old-key", "security-key"], datetime.now(UTC)) is fits


@pytest.mark.parametrize("wrap", [lambda notice: notice, json.dumps], ids=["json", "json in a text"])
def test_a_notice_names_its_organization_and_the_streams_to_look_at_again(wrap):
    metadata = {"eventId": "e1", "organizationId": "008X", "eventType": "payment.failed", "version": "1"}
    assert list(PROVIDER.webhook.events(wrap({"metadata": metadata}))) == [("e1", "008X", ("payments", "fundings"))]
    other = wrap({"metadata": metadata | {"eventType": "vendor.created"}})
    assert list(PROVIDER.webhook.events(other)) == [("e1", "008X", ())]


# ---- the contract, and strangers -------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {said}\n" for name, said in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "bill.txt").read_text(encoding="utf-8")


@pytest.mark.contracts
def test_every_value_the_contract_lists_is_read_or_put_before_a_person():
    schemas = parse_json((CONTRACTS / "bill/bill-v3.openapi.json").read_bytes())["components"]["schemas"]
    held = set()
    for name, values, path in (
        ("bills", schemas["Bill"]["properties"]["paymentStatus"]["enum"], ("bill", "paymentStatus")),
        ("payments", schemas["Payment"]["properties"]["billingType"]["enum"], ("billingType",)),
        ("payments", schemas["FundingAccount"]["properties"]["type"]["enum"], ("funding", "fundingAccount", "type")),
    ):
        for value in values:
            raw = page(name)
            holder(raw, path)[path[-1]] = value
            (fact,) = facts(name, raw)
            assert isinstance(fact, (VendorBill, BillPayment, Unknown))
            held |= {value} if isinstance(fact, Unknown) else set()
    assert held == {"NET_SYNC_FROM_ONLINE_PAYMENT", "NET_SYNC_FROM_OFFLINE_PAYMENT"}


def test_every_documented_status_of_a_payment_is_read():
    for status in (*_QUIET, *_MOVED, *_UNDONE):
        assert not [
            fact for fact in facts("payments", page("payments") | {"singleStatus": status}) if isinstance(fact, Unknown)
        ]


@pytest.mark.contracts
@pytest.mark.parametrize(("name", "schema"), [("bills", "Bill"), ("payments", "Payment")])
def test_our_documented_pages_are_as_the_contract_says(name, schema):
    described = json.loads((CONTRACTS / "bill/bill-v3.openapi.json").read_bytes())
    valid = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": described["components"]})
    text = (Path(pulled_from()) / f"{name}.json").read_text(encoding="utf-8")
    for raw in json.loads(text)["results"]:
        assert [wrong.message for wrong in valid.iter_errors(raw.get("bill", raw))] == []


def pulled_from():
    return Path(__file__).resolve().parents[3] / "integrations/providers/bill/fixtures"
