"""Square's pages read as facts and journals, and every trap its documentation sets."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from integrations.arrivals import Delivery
from integrations.errors import PayloadError
from integrations.payload import parse_json
from integrations.providers.square.balance import READINGS
from integrations.providers.square.provider import PROVIDER
from integrations.records import CustomerDeposit, Dispute, Payout, ProcessorFee, Sale, Skipped, Tax, Unknown
from tests.integrations.contract import (
    CONTRACTS,
    holder,
    result_table,
)
from tests.integrations.providers.reading import Reading

READING = Reading(PROVIDER)
STREAMS, page, facts, lines = READING.streams, READING.page, READING.facts, READING.lines


# ---- the journals of the provider's page -----------------------------------------------------------------------------------


def test_a_sale_is_booked_by_its_order_with_tax_by_name():
    assert lines("payments", page("payments")) == [
        ("clearing", "square", 10900),
        ("discounts", "square_pos", 1000),
        ("sales", "square_pos", -10000),
        ("sales-tax-payable", "County sales tax", -400),
        ("sales-tax-payable", "State sales tax", -1200),
        ("tips-payable", "", -300),
    ]


def test_an_order_with_several_tenders_is_booked_once_to_the_cent():
    cash, card = page("payments", 1), page("payments", 2)
    both = [*lines("payments", cash), *lines("payments", card)]
    taxes = sum(amount for role, _, amount in both if role == "sales-tax-payable")
    sales = sum(amount for role, _, amount in both if role == "sales")
    assert (taxes, sales) == (-(301 + 63), -(5001 - 364))
    assert ("cash-drawer", "Harbor Street", 2001) in both
    assert ("clearing", "square", 3000) in both


@pytest.mark.parametrize(
    ("index", "line"),
    [
        (1, ("cash-drawer", "Harbor Street", 2001)),
        (3, ("gift-card-liability", "", 2400)),
        (4, ("clearing", "external-check", 7000)),
        (8, ("gift-card-liability", "", -5000)),
    ],
)
def test_what_never_reaches_a_payout_is_not_in_squares_clearing(index, line):
    assert line in lines("payments", page("payments", index))
    assert ("clearing", "square", 2400) not in lines("payments", page("payments", index))


def test_tax_within_the_price_is_taken_out_and_yen_have_no_decimals():
    assert lines("payments", page("payments", 7)) == [
        ("clearing", "square", 1980),
        ("sales", "square_pos", -1800),
        ("sales-tax-payable", "Consumption tax", -180),
    ]


def test_a_deposit_before_delivery_is_earned_when_the_order_is_complete():
    (paid,) = facts("payments", page("payments", 5))
    assert isinstance(paid, CustomerDeposit)
    assert ("customer-deposits", "", 15000) in lines("orders", page("orders"))
    assert sum(amount for role, _, amount in lines("orders", page("orders")) if role == "sales") == -(15000 - 849)
    last = {**page("payments"), "order": page("orders")["order"]}
    last["payment"] |= {"id": "PAYLAST00000000000000022", "total_money": {"amount": 5000, "currency": "USD"}}
    last["payment"] |= {
        "amount_money": {"amount": 5000, "currency": "USD"},
        "tip_money": {"amount": 0, "currency": "USD"},
    }
    (rest,) = facts("payments", last)
    assert isinstance(rest, Sale)
    assert rest.taxes == (Tax(amount=1132 - 849, jurisdiction="State sales tax"),)
    assert lines("refunds", page("refunds", 3)) == [("clearing", "square", -15000), ("customer-deposits", "", 15000)]


def test_a_refund_takes_back_what_its_return_says_and_asks_for_a_look_where_it_says_nothing():
    assert lines("refunds", page("refunds")) == [
        ("clearing", "square", -10900),
        ("returns", "", 9000),
        ("sales-tax-payable", "County sales tax", 400),
        ("sales-tax-payable", "State sales tax", 1200),
        ("tips-payable", "", 300),
    ]
    (blind,) = facts("refunds", page("refunds", 2))
    assert (blind.tax, blind.tip, "proportion" in blind.review) == (800, 150, True)


# ---- traps -----------------------------------------------------------------------------------------------------------------


def test_the_fee_comes_with_the_row_and_never_with_the_payment():
    """``processing_fee`` is absent at first, comes later and gains an ADJUSTMENT: none of it changes what is booked."""
    late = page("payments", 2)
    early = copy.deepcopy(late)
    del early["payment"]["processing_fee"]
    assert facts("payments", early) == facts("payments", late)
    assert lines("payout_entries", page("payout_entries")) == [
        ("clearing", "square", -293),
        ("merchant-fees", "processing", 293),
    ]


def test_in_a_refund_row_gross_and_fee_are_negative():
    (back,) = facts("payout_entries", page("payout_entries", 1))
    assert (type(back), back.amount) == (ProcessorFee, -293)


def test_the_business_day_is_the_locations():
    moment = "2026-03-03T05:30:00.000Z"
    raw = page("payments", 3)
    assert raw["payment"]["created_at"] == moment
    assert facts("payments", raw)[0].booked_on == date(2026, 3, 3)
    raw["location"]["timezone"] = "America/Los_Angeles"
    assert facts("payments", raw)[0].booked_on == date(2026, 3, 2)


def test_an_offline_sale_and_a_late_capture_have_the_day_of_the_till_and_of_the_capture():
    raw = page("payments")
    raw["payment"]["card_details"]["card_payment_timeline"]["captured_at"] = "2026-03-04T20:00:00.000Z"
    assert facts("payments", raw)[0].booked_on == date(2026, 3, 4)
    raw["payment"]["offline_payment_details"] = {"client_created_at": "2026-02-28T20:00:00.000Z"}
    assert facts("payments", raw)[0].booked_on == date(2026, 2, 28)


def test_a_payout_of_no_rows_is_booked_once():
    (sent,), (row,) = facts("payouts", page("payouts", 3)), facts("payout_entries", page("payout_entries", 22))
    assert (type(sent), sent.automatic, type(row)) == (Payout, False, Skipped)
    nobodys = page("payout_entries", 22) | {"meant": ""}
    assert isinstance(facts("payout_entries", nobodys)[0], Unknown)


def test_a_payout_fee_is_a_row_and_a_negative_payout_is_taken_from_the_bank():
    assert page("payouts")["payout"]["payout_fee"]
    assert lines("payouts", page("payouts")) == [("clearing", "square", -10607), ("in-transit", "square", 10607)]
    assert ("in-transit", "square", -10900) in lines("payouts", page("payouts", 1))


def test_a_failed_payout_comes_back_by_its_row_under_its_own_id():
    (sent,), (back,) = facts("payouts", page("payouts", 2)), facts("payout_entries", page("payout_entries", 21))
    assert (sent.status, back.stage, back.payout_id) == ("failed", "returned", sent.payout_id)
    both = [*lines("payouts", page("payouts", 2)), *lines("payout_entries", page("payout_entries", 21))]
    assert sum(amount for role, _, amount in both if role == "in-transit") == 0


def test_a_dispute_is_lost_out_of_what_its_rows_took():
    taken, back, lost = (page("payout_entries", 3), page("payout_entries", 4), page("disputes"))
    assert ("disputed-funds", "", 9800) in lines("payout_entries", taken)
    assert ("dispute-fees", "", 1500) in lines("payout_entries", taken)
    assert ("disputed-funds", "", -9800) in lines("payout_entries", back)
    assert lines("disputes", lost) == [("chargeback-losses", "", 9800), ("disputed-funds", "", -9800)]
    assert facts("disputes", lost)[0].booked_on == date(2026, 3, 31)


def test_the_rows_of_a_payout_must_come_to_it():
    ties, differs = (
        facts("payout_entries", page("payout_entries", 25)),
        facts("payout_entries", page("payout_entries", 26)),
    )
    assert isinstance(ties[0], Skipped)
    assert "difference 100" in differs[0].what


def test_both_spellings_of_a_currency_are_read_and_two_currencies_in_one_thing_are_not():
    documented = page("payouts")
    documented["payout"]["amount_money"] = {"amount": 5, "currency_code": "EUR"}
    assert facts("payouts", documented)[0].currency == "EUR"
    raw = page("payments")
    raw["payment"]["tip_money"]["currency"] = "EUR"
    with pytest.raises(PayloadError, match=r"tip_money\.currency"):
        facts("payments", raw)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw["order"].update(total_tax_money={"amount": 1, "currency": "USD"}), "difference 1599"),
        (lambda raw: raw["order"].update(returns=[{"uid": "r"}]), "exchange"),
        (lambda raw: raw["order"].update(tenders=[]), "does not list this payment"),
        (lambda raw: raw["order"]["tenders"][0]["amount_money"].update(amount=99999), "the tenders come to"),
        (lambda raw: raw.update(order=None), "without its order"),
        (lambda raw: raw["payment"]["amount_money"].update(amount=1), "difference"),
        (lambda raw: raw["payment"].update(source_type="SQUARE_ACCOUNT"), "house account"),
    ],
)
def test_what_does_not_agree_waits_for_a_person(change, said):
    raw = page("payments")
    change(raw)
    (fact,) = facts("payments", raw)
    assert isinstance(fact, Unknown)
    assert said in fact.what


# ---- notices ---------------------------------------------------------------------------------------------------------------


URL = "https://books.example/webhooks/square/"


def signature(body, key="key-one", url=URL):
    return base64.b64encode(hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("body", "told", "url", "fits"),
    [
        (b"{}", signature(b"{}"), URL, True),
        (b"{ }", signature(b"{}"), URL, False),
        (b"{}", signature(b"{}"), URL.rstrip("/"), False),
        (b"{}", signature(b"{}", "key-two"), URL, False),
        (b"{}", "", URL, False),
        (b"{}", "é", URL, False),
    ],
)
def test_a_notice_is_believed_by_its_address_and_bytes(body, told, url, fits):
    delivery = Delivery(body, {"X-Square-HmacSha256-Signature": told}, url)
    assert PROVIDER.webhook.verify_at(delivery, ["key-old", "key-one"], datetime.now(UTC)) is fits


def test_a_notice_names_its_account_and_the_streams_to_look_at_again():
    notice = {"event_id": "e1", "merchant_id": "ML1", "type": "payout.failed", "data": {}}
    assert list(PROVIDER.webhook.events(notice)) == [("e1", "ML1", ("payouts", "payout_entries"))]
    assert list(PROVIDER.webhook.events(notice | {"type": "catalog.version.updated"})) == [("e1", "ML1", ())]


# ---- the published contract, and strangers ----------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {said}\n" for name, said in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "square.txt").read_text(encoding="utf-8")


ENUMS = [
    ("payout_entries", "ActivityType", ("payout_entry", "type")),
    ("payouts", "PayoutStatus", ("payout", "status")),
    ("payouts", "PayoutType", ("payout", "type")),
    ("payouts", "DestinationType", ("payout", "destination", "type")),
    ("disputes", "DisputeState", ("dispute", "state")),
    ("orders", "OrderState", ("order", "state")),
    ("orders", "OrderLineItemItemType", ("order", "line_items", 0, "item_type")),
    ("refunds", "RefundStatus", ("refund", "status")),
    ("cash_drawers", "CashDrawerShiftState", ("cash_drawer_shift", "state")),
    ("gift_card_activities", "GiftCardActivityType", ("gift_card_activity", "type")),
]
#: Values that are nobody's guess. Rows: what the provider's page leaves unmapped, and what no published text explains.
UNMAPPED = {
    "ActivityType": {
        *(
            "ADJUSTMENT",
            "OTHER",
            "OTHER_ADJUSTMENT",
            "ESCHEATMENT",
            "INITIAL_BALANCE_CHANGE",
            "REDEMPTION_CODE",
            "PAYOUT",
        ),
        *("MONEY_TRANSFER", "MONEY_TRANSFER_REVERSAL", "LOCAL_OFFERS_CASHBACK"),
        *("AUTOMATIC_BITCOIN_CONVERSIONS", "AUTOMATIC_BITCOIN_CONVERSIONS_REVERSED"),
    },
    "GiftCardActivityType": {
        *("REDEEM", "REFUND", "UNLINKED_ACTIVITY_REFUND", "CLEAR_BALANCE", "DEACTIVATE"),
        *("ADJUST_INCREMENT", "ADJUST_DECREMENT", "IMPORT", "IMPORT_REVERSAL"),
    },
}


@pytest.mark.contracts
@pytest.mark.parametrize(("name", "enum", "path"), ENUMS, ids=[enum for _, enum, _ in ENUMS])
def test_every_value_the_contract_lists_is_read_or_put_before_a_person(name, enum, path):
    contract = parse_json((CONTRACTS / "square/openapi-2025-08-20.json").read_bytes())["components"]["schemas"]
    unknown = set()
    for value in contract[enum]["enum"]:
        raw = page(name)
        holder(raw, path)[path[-1]] = value
        if name == "payout_entries":
            sign = -1 if READINGS.get(value, (0, None))[0] < 0 else 1
            raw["payout_entry"] |= {
                "gross_amount_money": {"amount": sign * 100, "currency": "USD"},
                "fee_amount_money": {"amount": 0, "currency": "USD"},
                "net_amount_money": {"amount": sign * 100, "currency": "USD"},
            }
        (fact,) = facts(name, raw)
        unknown |= {value} if isinstance(fact, Unknown) else set()
    assert unknown == UNMAPPED.get(enum, set())


def test_a_row_with_the_sign_of_its_opposite_is_not_guessed_at():
    for kind, (sign, _) in READINGS.items():
        raw = page("payout_entries")
        for name in ("gross_amount_money", "net_amount_money"):
            raw["payout_entry"][name] = {"amount": -100 * sign or 100, "currency": "USD"}
        raw["payout_entry"] |= {"type": kind, "fee_amount_money": {"amount": 0, "currency": "USD"}}
        (fact,) = facts("payout_entries", raw)
        assert isinstance(fact, Unknown) is bool(sign or kind == "MONEY_TRANSFER"), kind
        if kind == "DISPUTE":
            assert isinstance(fact, Dispute)
