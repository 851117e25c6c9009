"""Melio's objects read as facts and journals, by its API and by exported files, and the traps of both."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime

import pytest

from integrations import tables
from integrations.errors import Forbidden, PayloadError, Reconnect, Refused, RetryLater
from integrations.provider import Window
from integrations.providers.melio.exports import FILES
from integrations.providers.melio.provider import PROVIDER
from integrations.records import BillPayment, FundingPull, Skipped, Unknown, VendorBill
from ledger.core.rules import drafts
from tests.integrations.contract import (
    CONTRACTS,
    ProviderContract,
    ScriptedApi,
    fixture_objects,
    holder,
    read,
    result_table,
    told,
)

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
ERROR = {"error": {"code": "CODE", "message": "TEXT"}}
BILLS = b"""Bill ID,Vendor,Invoice number,Created,Due date,Bill amount,Bill status
pi-1,Northline Supply,N-101,03/02/2026,03/31/2026,"$1,240.50",Paid
pi-2,Harrow Print Works,N-102,03/02/2026,03/31/2026,228.99,Partially paid
"""
PAYMENTS = b"""Payment ID,Bill ID,Vendor,Payment date,Amount,Fee,Delivery,Paid from,Paid from type,Payment status,Last update
pay-1,pi-1,Northline Supply,03/12/2026,"$1,240.50",1.50,check,Checking 4410,Bank account,Completed,03/19/2026
pay-2,pi-2,Harrow Print Works,03/12/2026,100.00,2.90,virtual,Rewards card 8821,Credit card,In progress,03/13/2026
pay-3,pi-3,Northline Supply,03/12/2026,50.00,,ach,Checking 4410,Bank account,Scheduled,03/10/2026
pay-4,pi-1,Northline Supply,03/12/2026,30.00,20.00,expedited-ach,Checking 4410,Bank,Failed,03/19/2026
"""


class TestContract(ProviderContract):
    slug = "melio"
    strange = ("completed", "failed", "card", "CAD")
    means = {
        "bills": [
            "VendorBill pi-1 2026-03-02 USD 124050",
            "VendorBill pi-2 2026-03-02 USD 22899",
            "VendorBill pi-3 2026-03-02 USD 5000",
            "Skipped pi-4 2026-03-02 USD 4100",
        ],
        "payments": [
            "BillPayment pay-1:sent 2026-03-12 USD 124050",
            "ServiceFee pay-1:fee:0 2026-03-12 USD 150",
            "FundingPull pay-1:pull 2026-03-12 USD 124200",
            "BillPayment pay-2:sent 2026-03-12 USD 10000",
            "ServiceFee pay-2:fee:0 2026-03-12 USD 290",
            "Skipped pay-3 2026-03-12 USD 5000",
            "BillPayment pay-4:sent 2026-03-12 USD 3000",
            "BillPayment pay-4:failed 2026-03-19 USD 3000",
            "Unknown pay-5 2026-03-12 USD 700",
            "Skipped pay-6 2026-03-12 USD 900",
        ],
    }
    decides_by = {"bills": [("status",)], "payments": [("payment", "status"), ("source", "type")]}
    files = {
        "bills": (BILLS, means["bills"][:2]),
        "payments": (PAYMENTS, means["payments"][:8]),
    }
    errors = [
        (401, ERROR, Reconnect),
        (403, ERROR, Forbidden),
        (404, ERROR, Refused),
        (429, ERROR, RetryLater),
        (503, ERROR, RetryLater),
    ]


def page(name, index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def facts(name, raw):
    return read(STREAMS[name], raw)


def lines(name, raw):
    """(role, key, debit − credit) of the entries a thing makes."""
    made = [entry for fact in facts(name, raw) for entry in drafts(fact, provider="melio", category="payables")]
    return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)


def test_a_bill_and_its_payment_are_booked_with_the_fee_of_its_delivery():
    assert lines("bills", page("bills")) == [("ap", "", -124050), ("expense", "", 124050)]
    assert lines("payments", page("payments")) == [
        ("ap", "", 124050),
        ("clearing", "melio", -124050),
        ("clearing", "melio", -150),
        ("fees", "check", 150),
    ]


def test_a_card_is_charged_for_the_bill_and_the_fee_and_the_bank_shows_nothing():
    card = "Rewards card 8821"
    assert lines("payments", page("payments", 1)) == [
        ("ap", "", 10000),
        ("card", card, -10000),
        ("card", card, -290),
        ("fees", "virtual", 290),
    ]
    assert not [fact for fact in facts("payments", page("payments", 1)) if isinstance(fact, FundingPull)]


def test_a_failed_payment_leaves_nothing_and_has_the_day_it_failed_on():
    assert sum(amount for role, _, amount in lines("payments", page("payments", 3)) if role == "clearing") == 0
    assert facts("payments", page("payments", 3))[1].booked_on == date(2026, 3, 19)


def test_amounts_are_cents_and_another_currency_is_refused():
    assert facts("bills", page("bills"))[0].amount == 124050
    raw = page("bills")
    raw["billInfo"]["currency"] = "CAD"
    with pytest.raises(PayloadError, match=r"billInfo\.currency"):
        facts("bills", raw)


def test_a_scheduled_payment_has_moved_nothing_and_a_blocked_one_is_for_a_person():
    assert isinstance(facts("payments", page("payments", 2))[0], Skipped)
    assert "blocked" in facts("payments", page("payments", 4))[0].what


def test_a_bare_payment_is_not_booked_without_its_bill_and_funding_source():
    (fact,) = facts("payments", page("payments")["payment"])
    assert "without its bill" in fact.what


def test_a_file_and_the_api_give_the_same_facts():
    for layout in FILES:
        content = TestContract.files[layout.name][0]
        table = tables.find(content, "export.csv", layout.recognise)
        brought = [told(fact) for raw in layout.objects(table) for fact in facts(layout.stream, raw)]
        known = [
            told(fact)
            for raw in fixture_objects(PROVIDER, STREAMS[layout.stream])
            for fact in facts(layout.stream, raw)
        ]
        assert brought == known[: len(brought)]


def test_a_payment_twice_in_a_file_is_named_by_its_line():
    layout = next(one for one in FILES if one.name == "payments")
    table = tables.find(PAYMENTS + PAYMENTS.splitlines()[1], "export.csv", layout.recognise)
    with pytest.raises(PayloadError, match="line 6, Payment ID"):
        list(layout.objects(table))


def test_every_object_is_read_again_and_says_which_are_gone():
    intents = [page("bills", 0) | {"payments": [page("payments", 0)["payment"]]}, page("bills", 1) | {"payments": []}]
    sources = [page("payments")["source"] | {"details": {"accountNumber": "1234"}}]
    window = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, tzinfo=UTC))
    (bills,) = STREAMS["bills"].pull(ScriptedApi(("/payment-intents", {"data": intents})), window)
    assert bills.only == {"pi-1", "pi-2"}
    assert not any("payments" in bill for bill in bills.items)
    api = ScriptedApi(("/funding-sources", {"data": sources}), ("/payment-intents", {"data": intents}))
    (payments,) = STREAMS["payments"].pull(api, window)
    assert list(payments.items) == [page("payments")]
    assert payments.only == {"pay-1"}


# ---- the contract, and strangers -------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_there_is_no_published_sample_to_read():
    assert result_table(PROVIDER) == {}


@pytest.mark.contracts
def test_every_value_the_contract_lists_is_read_or_put_before_a_person():
    path = CONTRACTS / "melio/melio-platform-2022.openapi.json"
    schemas = json.loads(path.read_bytes())["components"]["schemas"]
    held = set()
    for name, values, where in (
        ("bills", schemas["PaymentIntent"]["properties"]["status"]["enum"], ("status",)),
        ("payments", schemas["Payment"]["properties"]["status"]["enum"], ("payment", "status")),
        ("payments", schemas["FundingSourceType"]["enum"], ("source", "type")),
        ("payments", schemas["DeliveryPreferenceType"]["enum"], ("payment", "fees", 0, "type")),
    ):
        for value in values:
            raw = page(name)
            holder(raw, where)[where[-1]] = value
            first = facts(name, raw)[0]
            assert isinstance(first, (VendorBill, BillPayment, Skipped, Unknown))
            held |= {value} if isinstance(first, Unknown) else set()
    assert held == {"blocked"}
