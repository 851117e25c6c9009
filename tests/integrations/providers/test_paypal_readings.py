"""PayPal's pages read as facts and journals, every trap its documentation sets, and its activity download."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload, parse_json
from integrations.provider import Context
from integrations.providers.paypal.groups import together
from integrations.providers.paypal.provider import PROVIDER
from integrations.records import (
    BalancePurchase,
    Conversion,
    Payout,
    ProcessorBalance,
    ProcessorFee,
    Sale,
    Skipped,
    Unknown,
)
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import (
    CONTEXT,
    CONTRACTS,
    fixture_objects,
    holder,
    read,
    result_table,
)

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
ROWS = STREAMS["transactions"]
MEXICO = Context(timezone=CONTEXT.timezone, home_currency="MXN", as_of=CONTEXT.as_of)


def objects(name="transactions"):
    return [copy.deepcopy(raw) for raw in fixture_objects(PROVIDER, STREAMS[name])]


def page(mark):
    """The row of the page whose id begins with this."""
    return next(raw for raw in objects() if ROWS.identify(Payload.of(raw)).startswith(f"9FERN{mark}"))


def lines(raw, context=CONTEXT, name="transactions"):
    """(role, key, debit − credit) of the entries a thing makes."""
    home = context.home_currency
    facts = read(STREAMS[name], raw, context)
    made = [entry for fact in facts for entry in drafts(fact, provider="paypal", category="processor", home=home)]
    return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)


# ---- the journals of the provider's page -----------------------------------------------------------------------------------


def test_a_sale_is_booked_gross_with_its_fee_and_its_parts():
    assert lines(page("00000000SALE")) == [
        ("clearing", "paypal", 11675 - 456),
        ("discounts", "checkout", 1000),
        ("merchant-fees", "", 456),
        ("sales", "checkout", -(11675 + 1000 - 725 - 950)),
        ("sales-tax-payable", "", -725),
        ("shipping-income", "checkout", -950),
    ]


def test_tax_is_taken_from_the_items_where_the_row_tells_none():
    (sale,) = read(ROWS, page("0000000ITEMS"))
    assert (sale.tax, sale.location, sale.memo) == (800, "HARBOR", "Otis Marlowe: Kettle")


def test_a_refund_may_give_the_fee_back_or_keep_it_and_says_if_its_tax_is_not_told():
    assert lines(page("00000REFUND1")) == [
        ("clearing", "paypal", -11675),
        ("clearing", "paypal", 456),
        ("merchant-fees", "", -456),
        ("returns", "", 11675 - 725 - 950),
        ("sales-tax-payable", "", 725),
        ("shipping-income", "", 950),
    ]
    (silent,) = read(ROWS, page("00000REFUND2"))
    assert (silent.fee, bool(silent.review)) == (0, True)
    assert isinstance(read(ROWS, page("0000BOUGHTBK"))[0], BalancePurchase)


@pytest.mark.contracts
def test_the_recorded_purchase_abroad_on_a_card_leaves_both_clearing_accounts_at_nil():
    sample = CONTRACTS / "paypal/samples/transactions-live-card-funded-and-fx.json"
    found = [raw for _, raw in PROVIDER.recognised(parse_json(sample.read_bytes()))]
    for context, kept in ((CONTEXT, {"paypal", "paypal MXN"}), (MEXICO, {"paypal", "paypal USD"})):
        of_group = [raw for raw in found if raw.get("of") or raw.get("exchange")]
        booked = [line for raw in of_group for line in lines(raw, context)]
        sums = {key: sum(amount for _, one, amount in booked if one == key) for key in kept}
        assert sums == dict.fromkeys(kept, 0)
        home = 14000 if context is CONTEXT else 287044
        assert [line for line in booked if line[0] in ("card", "expense")] == [
            ("expense", "", home),
            ("card", "", -home),
        ]


@pytest.mark.contracts
def test_the_recorded_sale_and_its_withdrawal_empty_the_wallet():
    sample = CONTRACTS / "paypal/samples/transactions-live-sale-withdrawal-subscription.json"
    euro = Context(timezone=CONTEXT.timezone, home_currency="EUR", as_of=CONTEXT.as_of)
    rows = [raw for _, raw in PROVIDER.recognised(parse_json(sample.read_bytes()))]
    both = [line for raw in rows[:2] for line in lines(raw, euro)]
    assert sum(amount for role, _, amount in both if role == "clearing") == 0
    assert read(ROWS, rows[1], euro)[0].trace == "YYW1052196567228"


# ---- traps -----------------------------------------------------------------------------------------------------------------


def test_one_transaction_id_may_be_of_several_rows():
    rows = [raw for raw in objects() if raw.get("transaction_info", {}).get("transaction_id") == "9FERN000000000HLD"]
    assert len({ROWS.identify(Payload.of(raw)) for raw in rows}) == 2
    assert sorted(read(ROWS, raw)[0].amount for raw in rows) == [-10800, 10800]


def test_an_exchange_is_one_fact_whatever_the_order_of_its_rows_and_waits_for_the_second():
    raw = next(raw for raw in objects() if raw.get("of") == "9FERN0000000LEGB1")
    (fact,) = read(ROWS, raw)
    assert (type(fact), fact.amount, fact.sold_currency, fact.sold_amount) == (Conversion, 10400, "EUR", 9610)
    legs = raw["conversion"]
    (turned,) = together(legs[::-1])
    assert (ROWS.identify(Payload.of(turned)), read(ROWS, turned)) == (ROWS.identify(Payload.of(raw)), [fact])
    (alone,) = together(legs[:1])
    assert isinstance(read(ROWS, alone)[0], Unknown)
    assert ROWS.identify(Payload.of(alone)) == ROWS.identify(Payload.of(raw))


def test_an_exchange_may_cost_a_fee_and_is_no_money_while_a_row_of_it_is_pending():
    raw = next(raw for raw in objects() if raw.get("of") == "9FERN0000000LEGB1")
    info = raw["conversion"][1]["transaction_info"]
    info["fee_amount"] = {"currency_code": "USD", "value": "-0.50"}
    _, fee = read(ROWS, raw)
    assert (type(fee), fee.amount, fee.external_id) == (ProcessorFee, 50, "9FERN0000000LEGB2:T0201:USD:+:fee")
    for status, kind in (("P", Skipped), ("X", Unknown)):
        info["transaction_status"] = status
        assert [type(fact) for fact in read(ROWS, raw)] == [kind]


def test_a_foreign_row_has_the_rate_of_its_own_exchange_and_else_waits_for_one():
    card = next(
        raw
        for raw in objects()
        if "CARDPAY" in str(raw) and "exchange" in raw and "MXN" in ROWS.identify(Payload.of(raw))
    )
    (fact,) = read(ROWS, card)
    assert (fact.rate * Decimal("2870.44")).quantize(Decimal("0.01")) == Decimal("140.00")
    assert fact.rate_source == "PayPal T0200"
    with pytest.raises(Unbookable, match="EUR needs an exchange rate"):
        lines(page("00000000EURO"))


def test_holds_and_reserves_are_neither_income_nor_expense():
    for code in ("T1105", "T1110", "T1111", "T1500", "T1501", "T1503", "T2101", "T2103", "T2104", "T2113", "T2201"):
        raw = page("000000RESERV")
        raw["transaction_info"]["transaction_event_code"] = code
        assert {role for role, _, _ in lines(raw)} == {"reserve", "clearing"}, code


@pytest.mark.parametrize(("status", "kind"), [("P", Skipped), ("D", Skipped), ("V", Sale), ("S", Sale), ("F", Unknown)])
def test_pending_and_denied_rows_are_not_money_and_a_reversed_one_was(status, kind):
    raw = page("00000000SALE")
    raw["transaction_info"]["transaction_status"] = status
    assert type(read(ROWS, raw)[0]) is kind


def test_a_withdrawal_that_came_back_is_not_awaited_at_the_bank_and_a_deposit_is_taken_from_it():
    (sent,), (back,) = read(ROWS, page("00000TOBANK2")), read(ROWS, page("0000BANKBACK"))
    assert (sent.status, sent.fee, back.stage, back.payout_id) == ("failed", 113, "returned", sent.payout_id)
    assert ("in-transit", "paypal", -25000) in lines(page("0000FROMBANK"))
    both = [*lines(page("0000FROMBANK")), *lines(page("0000DEPOBACK"))]
    assert sum(amount for role, _, amount in both if role == "in-transit") == 0
    assert isinstance(read(ROWS, page("00000TOBANK1"))[0], Payout)


def test_a_fee_on_what_has_no_place_for_it_is_booked_beside_it():
    assert ("merchant-fees", "payment", 100) in lines(page("0000MASSPAID"))
    taken = lines(page("00000REVERSE"))
    assert sum(amount for role, _, amount in taken if role == "clearing") == -(10800 - 363)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-03T05:30:00+0000", date(2026, 3, 2)),
        ("2026-03-03T05:30:00Z", date(2026, 3, 2)),
        ("2026-03-03T01:30:00-0800", date(2026, 3, 3)),
    ],
)
def test_moments_are_read_as_they_are_really_sent(moment, day):
    raw = page("00000000SALE")
    raw["transaction_info"]["transaction_initiation_date"] = moment
    assert read(ROWS, raw)[0].booked_on == day


def test_yen_and_forint_come_without_decimals_and_two_currencies_in_a_row_are_refused():
    assert read(ROWS, page("000000000YEN"))[0].fee == 111
    raw = page("000000000YEN")
    raw["transaction_info"] |= {
        name: {"currency_code": "HUF", "value": "1980"} for name in ("transaction_amount", "fee_amount")
    }
    assert read(ROWS, raw)[0].amount == 198000
    raw["transaction_info"]["fee_amount"]["currency_code"] = "USD"
    with pytest.raises(PayloadError, match=r"fee_amount\.currency_code"):
        read(ROWS, raw)


def test_reference_ids_and_item_names_hold_what_the_published_patterns_forbid():
    assert read(ROWS, page("000000BOUGHT"))[0].source_id == "B-7FERN0000000001"
    assert read(ROWS, page("00000000SALE"))[0].memo == "Wren Halloway: Oak tray [large]"


def test_parts_that_are_more_than_the_payment_wait_for_a_person():
    for mark in ("00000000SALE", "00000REFUND1"):
        raw = page(mark)
        raw["transaction_info"]["sales_tax_amount"]["value"] = "900.00"
        assert "come to" in read(ROWS, raw)[0].what


def test_the_home_currencys_balance_is_told_last_and_must_agree_with_itself():
    (raw,) = objects("balances")
    held = [fact for fact in read(STREAMS["balances"], raw) if isinstance(fact, ProcessorBalance)]
    assert [fact.currency for fact in held] == ["EUR", "USD"]
    raw["balances"][0]["available_balance"]["value"] = "1.00"
    assert "difference 86900" in next(fact.what for fact in read(STREAMS["balances"], raw) if isinstance(fact, Unknown))


# ---- the published contract, and strangers ----------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {said}\n" for name, said in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "paypal.txt").read_text(encoding="utf-8")


@pytest.mark.contracts
def test_every_code_and_group_is_read_or_put_before_a_person():
    """Both signs of each: what is wrong in both is nobody's guess."""
    told = parse_json((CONTRACTS / "paypal/t-codes.json").read_bytes())
    unknown = set()
    for code in [*told["codes"], *(f"{group}77" for group in told["groups"])]:
        kinds = set()
        for value in ("-60.00", "60.00"):
            raw = page("0000CHARGEBK")
            raw["transaction_info"] |= {"transaction_event_code": code}
            raw["transaction_info"]["transaction_amount"]["value"] = value
            (raw,) = together([raw])
            kinds |= {type(fact) for fact in read(ROWS, raw)}
        unknown |= {code} if kinds == {Unknown} else set()
    groups = {f"{group}77" for group in ("T02", "T09", "T11", "T12", "T17", "T19", "T30", "T50", "T97", "T99")}
    alone = {"T0200", "T0201", "T0202"}
    assert unknown == groups | alone | {"T1100", "T1200", "T1203", "T1900", "T2110", "T9900"}


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("name", "path"), [("status", ("status",)), ("dispute_outcome", ("dispute_outcome", "outcome_code"))]
)
def test_every_state_of_a_dispute_is_read(name, path):
    schemas = parse_json((CONTRACTS / "paypal/customer_disputes_v1.json").read_bytes())["components"]["schemas"]
    values = schemas[name].get("enum") or schemas[name]["properties"]["outcome_code"]["enum"]
    unknown = set()
    for value in values:
        raw = objects("disputes")[0]
        holder(raw, path)[path[-1]] = value
        unknown |= {value} if isinstance(read(STREAMS["disputes"], raw)[0], Unknown) else set()
    assert unknown == ({"OTHER"} if name == "status" else set())
