"""Melio's objects read as facts and journals, by its API and by exported files, and the traps of both."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from integrations import tables
from integrations.errors import PayloadError
from integrations.provider import Window
from integrations.providers.melio.exports import FILES
from integrations.providers.melio.provider import PROVIDER
from integrations.records import BillPayment, FundingPull, Skipped, Unknown, VendorBill
from tests.integrations.contract import (
    CONTRACTS,
    ScriptedApi,
    fixture_objects,
    holder,
    result_table,
    told,
)
from tests.integrations.providers import test_melio as contract
from tests.integrations.providers.reading import Reading
from tests.integrations.providers.test_melio import PAYMENTS

READING = Reading(PROVIDER)
STREAMS, page, facts, lines = READING.streams, READING.page, READING.facts, READING.lines


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
        content = contract.TestContract.files[layout.name][0]
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
