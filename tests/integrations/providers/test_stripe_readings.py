"""Stripe: the contract, and the traps of its balance."""

from __future__ import annotations

import copy
import hashlib
import hmac
import itertools
import json
from datetime import date, timedelta

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload, parse_json
from integrations.provider import Window
from integrations.providers.stripe.categories import CONNECT, SKIPPED
from integrations.providers.stripe.provider import PROVIDER
from integrations.providers.stripe.readings import READINGS
from integrations.records import Dispute, Payout, ProcessorFee, Refund, Sale, Skipped, Unknown
from tests.integrations.contract import (
    CONTRACTS,
    NOW,
    ScriptedApi,
    fixture_objects,
    read,
    result_table,
)

ROWS, DISPUTES = PROVIDER.stream("balance_transactions"), PROVIDER.stream("disputes")


def row(number):
    wanted = f"txn_3Tfixture{number:06d}"
    return copy.deepcopy(next(raw for raw in fixture_objects(PROVIDER, ROWS) if raw["id"] == wanted))


def only(raw, stream=ROWS):
    (fact,) = read(stream, raw)
    return fact


# ---- sales ---------------------------------------------------------------------------------------------------------------


def test_a_sale_carries_the_shops_tax_tip_and_channel_and_its_fee_apart():
    sale = only(row(1))
    assert (sale.amount, sale.tax, sale.tip, sale.fee, sale.channel) == (10600, 800, 300, 337, "store")
    assert sale.source_id == "ch_3Tfixture000001"


def test_vat_inside_the_fee_is_told_apart_from_the_fee():
    sale = only(row(2))
    assert (sale.fee, sale.fee_tax, sale.channel) == (725, 167, "")


def test_the_book_date_is_the_clients_day_not_utcs():
    assert only(row(1)).booked_on == date(2026, 2, 28)


def test_iceland_has_no_decimals_whatever_stripe_sends_and_tax_follows_the_settled_amount():
    sale = only(row(23))
    assert (sale.amount, sale.fee, sale.tax, sale.currency) == (2500, 73, 200, "ISK")
    with pytest.raises(PayloadError, match=r"\$\.amount: ISK has no decimals"):
        only(row(23) | {"amount": 250050, "net": 242750})


@pytest.mark.parametrize(
    ("currency", "sent", "means"), [("jpy", 500, 500), ("kwd", 5120, 5120), ("ugx", 50000, 500), ("mga", 7, 700)]
)
def test_units_are_each_currencys_own(currency, sent, means):
    raw = row(1) | {"currency": currency, "amount": sent, "fee": 0, "fee_details": [], "net": sent, "source": None}
    assert only(raw).amount == means


def test_tax_that_is_no_number_is_a_named_problem():
    raw = row(1)
    raw["source"]["metadata"]["tax_cents"] = "8.00"
    with pytest.raises(PayloadError, match=r"\$\.source\.metadata\.tax_cents"):
        only(raw)


def test_more_tax_than_money_is_a_named_problem():
    raw = row(1)
    raw["source"]["metadata"]["tax_cents"] = "10500"
    with pytest.raises(PayloadError, match="more than the amount"):
        only(raw)


def test_a_row_whose_source_was_not_expanded_is_a_sale_without_channel():
    sale = only(row(1) | {"source": "ch_3Tfixture000001"})
    assert (sale.amount, sale.tax, sale.channel, sale.source_id) == (10600, 0, "", "ch_3Tfixture000001")


# ---- identities ----------------------------------------------------------------------------------------------------------


def test_a_row_that_does_not_add_up_goes_before_a_person_with_the_difference():
    fact = only(row(1) | {"net": 10262})
    assert isinstance(fact, Unknown)
    assert "net is 10262: difference 1" in fact.what


def test_fee_details_that_miss_a_part_of_the_fee_go_before_a_person():
    raw = row(2)
    raw["fee_details"] = raw["fee_details"][:1]
    assert "fee_details come to 725, fee is 892: difference -167" in only(raw).what


def test_a_refund_that_brings_money_in_is_not_believed():
    assert "sign of its opposite" in only(row(3) | {"amount": 10600, "net": 10600}).what


# ---- refunds, disputes ---------------------------------------------------------------------------------------------------


def test_a_silent_part_refund_takes_its_charges_tax_in_proportion_and_says_so():
    refund = only(row(4))
    assert (refund.amount, refund.tax, refund.channel) == (1000, 75, "online")
    assert "proportion" in refund.memo


def test_a_refunds_own_tax_is_believed_before_its_charges():
    raw = row(3)
    raw["source"]["metadata"] = {"tax_cents": "5"}
    refund = only(raw)
    assert (refund.tax, refund.tip, refund.channel) == (5, 0, "store")
    assert isinstance(refund, Refund)


def test_a_returned_dispute_fee_is_positive_on_the_won_dispute():
    raw = row(6) | {"fee": -1500, "net": 11500}
    raw["fee_details"] = [{"amount": -1500, "currency": "usd", "type": "stripe_fee"}]
    fact = only(raw)
    assert (fact.stage, fact.amount, fact.fee) == ("won", 10000, 1500)


def test_only_a_lost_dispute_is_a_fact_of_its_own_and_dated_by_its_closing():
    event = next(raw for raw in fixture_objects(PROVIDER, DISPUTES) if raw["object"] == "event")
    lost = only(event, DISPUTES)
    assert (lost.stage, lost.amount, lost.fee, lost.booked_on) == ("lost", 4200, 0, date(2026, 3, 12))
    assert lost.source_id == "dp_1Tfixture000030"


def test_a_lost_dispute_whose_money_was_never_taken_goes_before_a_person():
    raw = copy.deepcopy(fixture_objects(PROVIDER, DISPUTES)[3]) | {"balance_transactions": []}
    assert isinstance(only(raw, DISPUTES), Unknown)


def test_the_bare_dispute_and_its_event_are_one_document_and_one_version():
    event = next(raw for raw in fixture_objects(PROVIDER, DISPUTES) if raw["object"] == "event")
    bare = event["data"]["object"]
    assert DISPUTES.identify(Payload.of(event)) == DISPUTES.identify(Payload.of(bare))
    assert DISPUTES.version(Payload.of(event)) == DISPUTES.version(Payload.of(bare))


def test_an_inquiry_moves_no_money():
    assert isinstance(only(fixture_objects(PROVIDER, DISPUTES)[0], DISPUTES), Skipped)


# ---- payouts, fees -------------------------------------------------------------------------------------------------------


def test_a_negative_payout_debits_the_bank():
    assert (only(row(9)).amount, only(row(9)).stage) == (-2500, "sent")


def test_a_failed_payout_comes_back_into_the_balance():
    fact = only(row(8))
    assert (fact.stage, fact.amount, fact.payout_id) == ("returned", 90050, "po_1Tfixture000007")


def test_an_instant_payouts_fee_stays_with_it_and_the_vat_on_it_is_beside():
    payout, tax = read(ROWS, row(10))
    assert (payout.fee, tax.amount, tax.tax) == (40, 0, 4)
    assert isinstance(payout, Payout)
    assert isinstance(tax, ProcessorFee)


def test_both_sides_of_an_advance_are_left_out():
    pair = [only(row(number)) for number in (11, 12)]
    assert all(isinstance(fact, Skipped) for fact in pair)
    assert sum(fact.amount for fact in pair) == 0


def test_what_was_not_captured_lessens_the_sale_and_is_no_refund():
    fact = only(row(16))
    assert isinstance(fact, Sale)
    assert (fact.amount, fact.tax) == (-2000, 0)


def test_a_row_settling_is_no_new_version_and_another_channel_is():
    pending, retold = row(1) | {"status": "pending"}, row(1)
    retold["source"]["metadata"]["channel"] = "online"
    versions = [ROWS.version(Payload.of(raw)) for raw in (row(1), pending, retold)]
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize(
    ("kind", "source", "amount", "means"),
    [
        ("adjustment", "dp_1", -1000, Dispute),
        ("adjustment", "du_1", 1000, Dispute),
        ("adjustment", None, -1000, Unknown),
        ("payment", "py_1", 1000, Sale),
        ("payment_refund", "pyr_1", -1000, Refund),
        ("payout_cancel", "po_1", 1000, Payout),
        ("stripe_fee", None, -1000, ProcessorFee),
        ("application_fee", "fee_1", 1000, Unknown),
        ("tax_fund", None, -1000, Unknown),
    ],
)
def test_an_old_answer_without_category_is_read_by_its_type(kind, source, amount, means):
    raw = row(1) | {"type": kind, "source": source, "amount": amount, "fee": 0, "fee_details": [], "net": amount}
    del raw["reporting_category"]
    assert isinstance(only(raw), means)


# ---- pulling -------------------------------------------------------------------------------------------------------------


def listed(*rows, more=False):
    return {"object": "list", "data": list(rows), "has_more": more}


def test_the_cursor_moves_only_with_the_last_page_of_a_slice_and_overlaps_an_hour():
    api = ScriptedApi(
        ("/v1/balance_transactions", listed(row(2), more=True)), ("/v1/balance_transactions", listed(row(1)))
    )
    window = Window(cursor=str(row(1)["created"]), since=date(2026, 1, 1), now=NOW - timedelta(days=20))
    pages = list(PROVIDER.stream("balance_transactions").pull(api, window))
    assert [page.cursor for page in pages] == [None, str(row(2)["created"])]
    assert api.asked[0][1]["created[gte]"] == str(row(1)["created"] - 3600)
    assert api.asked[1][1]["starting_after"] == row(2)["id"]
    assert api.asked[0][1]["created[lte]"] == str(int(window.now.timestamp()))


def test_a_long_history_is_read_in_slices_without_a_gap():
    api = ScriptedApi(*[("/v1/balance_transactions", listed()) for _ in range(3)])
    pages = list(ROWS.pull(api, Window(cursor="", since=date(2026, 1, 10), now=NOW)))
    bounds = [(int(said["created[gte]"]), int(said["created[lte]"])) for _, said in api.asked]
    assert [later[0] - earlier[1] for earlier, later in itertools.pairwise(bounds)] == [1, 1]
    assert pages[-1].cursor == str(bounds[1][1])


def test_a_quiet_account_does_not_walk_backwards():
    window = Window(cursor="1770000000", since=date(2026, 1, 1), now=NOW - timedelta(days=50))
    (page,) = ROWS.pull(ScriptedApi(("/v1/balance_transactions", listed())), window)
    assert page.cursor == "1770000000"


def test_payouts_of_the_last_45_days_are_read_again():
    api = ScriptedApi(("/v1/payouts", listed()))
    list(PROVIDER.stream("payouts").pull(api, Window(cursor="1774000000", since=date(2026, 1, 1), now=NOW)))
    assert api.asked[0][1]["created[gte]"] == str(1774000000 - 45 * 86400)


def test_a_lost_dispute_is_kept_with_the_event_that_dates_it():
    event = next(raw for raw in fixture_objects(PROVIDER, DISPUTES) if raw["object"] == "event")
    api = ScriptedApi(("/v1/events", listed(event)), ("/v1/disputes", listed(event["data"]["object"])))
    (page,) = DISPUTES.pull(api, Window(cursor="", since=date(2026, 1, 1), now=NOW))
    assert page.items == [event]


# ---- notices -------------------------------------------------------------------------------------------------------------


def signed(body, secret="whsec_one", moment=None):
    at = int((moment or NOW).timestamp())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={'0' * 64},v1={digest},v0=nothing"}


@pytest.mark.parametrize(
    ("body", "headers", "fits"),
    [
        (b"{}", signed(b"{}"), True),
        (b"{ }", signed(b"{}"), False),
        (b"{}", signed(b"{}", "whsec_stranger"), False),
        (b"{}", signed(b"{}", moment=NOW - timedelta(seconds=301)), False),
        (b"{}", {}, False),
        (b"{}", {"Stripe-Signature": "t=x,v1=é"}, False),
    ],
)
def test_a_notice_is_believed_only_with_a_fresh_signature_of_its_bytes(body, headers, fits):
    assert PROVIDER.webhook.verify(body, headers, ["whsec_old", "whsec_one"], NOW) is fits


def test_an_event_names_the_streams_to_look_at_again():
    notice = {"id": "evt_1", "type": "charge.dispute.closed", "account": "acct_1", "data": {}}
    assert list(PROVIDER.webhook.events(notice)) == [("evt_1", "acct_1", ("disputes", "balance_transactions"))]
    assert list(PROVIDER.webhook.events({"id": "evt_2", "type": "product.created"})) == [("evt_2", "", ())]


# ---- the published contract ----------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = result_table(PROVIDER)
    print(json.dumps(table, indent=1, ensure_ascii=False))
    assert len(table) > 30
    assert "Unknown" not in str(table)
    assert table["live-charge-with-vat-on-fee.json"] == "Sale × 1"
    assert table["live-payout-that-repays-a-failed-payout.json"] == "Payout × 3"


@pytest.mark.contracts
def test_every_type_and_status_the_contract_lists_is_read_skipped_or_put_before_a_person():
    contract = parse_json((CONTRACTS / "stripe/openapi-ledger-2023-08-16.json").read_bytes())["components"]["schemas"]
    delta = parse_json((CONTRACTS / "stripe/delta-2023-08-16-to-2026-10-28.json").read_bytes())["resources"]
    kinds = contract["balance_transaction"]["properties"]["type"]["enum"]
    for kind in [*kinds, *delta["balance_transaction"]["enums"]["type"]["added"]]:
        for amount in (1000, -1000):
            raw = row(1) | {"type": kind, "amount": amount, "fee": 0, "fee_details": [], "net": amount, "source": None}
            del raw["reporting_category"]
            assert read(ROWS, raw)
    statuses = contract["dispute"]["properties"]["status"]["enum"]
    for status in [*statuses, *delta["dispute"]["enums"]["status"]["added"]]:
        raw = copy.deepcopy(fixture_objects(PROVIDER, DISPUTES)[3]) | {"status": status}
        assert not isinstance(only(raw, DISPUTES), Unknown), status


def test_no_category_is_both_read_and_left_out():
    assert not set(READINGS) & (set(SKIPPED) | set(CONNECT))
