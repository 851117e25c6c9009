"""Shopify's pages read as facts and journals, and every trap its documentation sets."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from integrations.providers.shopify.provider import PROVIDER
from integrations.records import Dispute, Order, OrderRefund, Payout, Sale, Skipped, Tax, Tender, Unknown
from ledger.core.rules import drafts
from tests.integrations.contract import (
    CONTRACTS,
    holder,
    result_table,
)
from tests.integrations.providers.shopify_pages import facts, page

SCHEMA = CONTRACTS / "shopify/admin-graphql-2026-10.graphql"


def booked(fact):
    return [
        (line.role, line.key, line.debit - line.credit)
        for entry in drafts(fact, provider="shopify", category="commerce")
        for line in entry.lines
    ]


def bag(amount, currency="USD"):
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


# ---- orders --------------------------------------------------------------------------------------------------------------


def test_an_agreement_is_booked_gross_with_its_taxes_by_name_and_only_shop_money():
    sale = facts("orders", page("orders"))[0]
    assert sorted(booked(sale)) == sorted(
        [
            ("clearing", "shopify", 10600),
            ("discounts", "web", 1000),
            ("sales", "web", -10000),
            ("shipping-income", "web", -500),
            ("sales-tax-payable", "State tax", -680),
            ("sales-tax-payable", "County tax", -120),
            ("tips-payable", "", -300),
        ]
    )


def test_a_refund_that_is_not_its_lines_has_the_difference_in_an_adjustment():
    refund = facts("orders", page("orders"))[2]
    assert isinstance(refund, OrderRefund)
    # 90.00 of goods and 7.20 of tax, of which 2.20 were not given back.
    assert (refund.amount, refund.goods[0].amount - refund.goods[0].discount, refund.review) == (9500, 8780, "")
    assert refund.tenders == (Tender(kind="processor", amount=9500, reference="pay_63"),)


def test_a_refund_without_lines_is_booked_and_shown_to_a_person():
    (_, refund) = facts("orders", page("orders", 3))
    assert refund.review == "refunded without lines"
    assert refund.tenders == (Tender(kind="store_credit", amount=4000, reference="pay_70"),)


def test_an_authorisation_moves_nothing_and_its_capture_of_a_later_day_pays_what_is_owed():
    sale, capture = facts("orders", page("orders", 1))
    assert {(tender.kind, tender.amount) for tender in sale.tenders} == {("gift_card", 2500), ("on_account", 6000)}
    assert (sale.gift_cards_sold, sale.duties) == (2500, 600)
    assert sorted(booked(capture)) == [("ar", "", -6000), ("clearing", "shopify", 6000)]


@pytest.mark.parametrize("status", ["PENDING", "FAILURE", "ERROR", "AWAITING_RESPONSE"])
def test_a_payment_that_did_not_succeed_is_no_payment(status):
    raw = page("orders", 3)
    raw["transactions"][0]["status"] = status
    assert facts("orders", raw)[0].tenders == (Tender(kind="on_account", amount=4000),)


def test_change_given_and_cash_rounding_leave_what_is_in_the_drawer():
    (sale,) = facts("orders", page("orders", 2))
    assert (sale.amount, sale.rounding) == (1000, -2)
    assert sale.tenders == (Tender(kind="cash", amount=1000, location="Harbor Street", reference="pay_67"),)
    assert sum(amount for *_, amount in booked(sale)) == 0


def test_an_edit_is_an_order_of_its_own_that_names_the_order():
    sale, edit, _ = facts("orders", page("orders"))
    assert (sale.edits, edit.edits, edit.external_id, edit.booked_on) == ("", "5001", "5001:2", date(2026, 3, 13))


def test_an_imported_order_is_booked_when_it_was_processed():
    raw = page("orders", 3)
    raw["processedAt"] = "2026-02-01T20:00:00Z"
    assert facts("orders", raw)[0].booked_on == date(2026, 2, 1)


def test_yen_have_no_decimals():
    (sale,) = facts("orders", page("orders", 4))
    assert (sale.amount, sale.currency) == (1200, "JPY")


def test_tax_that_the_channel_remits_is_in_no_amount():
    raw = page("orders")
    raw["agreements"]["nodes"] = raw["agreements"]["nodes"][:1]
    raw["transactions"] = [raw["transactions"][0] | {"gateway": "channel_payments", "fees": []}]
    for one in raw["agreements"]["nodes"][0]["sales"]["nodes"][0]["taxes"]:
        one["taxLine"]["channelLiable"] = True
    (sale,) = facts("orders", raw)
    assert (sale.amount, sale.tenders[0].amount, sale.tenders[0].name) == (9880, 9880, "channel_payments")
    assert Tax(amount=600, jurisdiction="State tax", collected_by_marketplace=True) in sale.taxes
    assert sum(amount for role, _, amount in booked(sale) if role == "marketplace-tax") == 0
    raw["transactions"][0]["gateway"] = "shopify_payments"
    (held,) = facts("orders", raw)
    assert "channel remits" in held.what


def test_taxes_that_are_not_their_total_and_a_payout_in_another_currency_are_put_before_a_person():
    off, foreign = page("orders"), page("orders")
    off["agreements"]["nodes"][0]["sales"]["nodes"][0]["taxes"][0]["amount"] = bag("5.0")
    foreign["transactions"][0]["settlementCurrency"] = "CAD"
    assert [fact.what.split(":")[0] for raw in (off, foreign) for fact in facts("orders", raw)] == [
        "the taxes of a sale come to 620, their total is 720",
        "sold in USD and paid out in CAD",
    ]


def test_prices_that_contain_tax_lose_it_to_the_authority():
    """``totalAmount`` is after taxes and discounts whether or not prices contain tax."""
    (sale, *_) = facts("orders", page("orders"))
    assert sale.goods[0].amount - sale.goods[0].discount == 9720 - 720


# ---- the balance ---------------------------------------------------------------------------------------------------------


def row(kind, amount="-10.00", fee="0.00", net=None):
    usd = {"currencyCode": "USD"}
    return page("balance_transactions", 6) | {
        "type": kind,
        "amount": usd | {"amount": amount},
        "fee": usd | {"amount": fee},
        "net": usd | {"amount": net or amount},
    }


def test_a_charge_brings_its_fee_alone_and_one_without_an_order_is_put_before_a_person():
    sale = facts("balance_transactions", page("balance_transactions"))[0]
    assert isinstance(sale, Sale)
    assert sorted(booked(sale)) == [("clearing", "shopify", -337), ("merchant-fees", "", 337)]
    (held,) = facts("balance_transactions", page("balance_transactions") | {"associatedOrder": None})
    assert "without an order" in held.what


def test_a_dispute_takes_amount_and_fee_and_a_reversal_gives_both_back():
    opened, won = (facts("balance_transactions", page("balance_transactions", place))[0] for place in (2, 3))
    assert booked(opened) == [(role, key, -amount) for role, key, amount in booked(won)]
    assert {role: amount for role, _, amount in booked(opened)} == {
        "disputed-funds": 6000,
        "dispute-fees": 1500,
        "clearing": -7500,
    }
    lost = facts("disputes", page("disputes"))[0]
    assert isinstance(lost, Dispute)
    assert lost.booked_on == date(2026, 3, 19)


def test_the_payout_among_the_rows_is_told_once_and_one_that_failed_is_back():
    sent, back = (facts("balance_transactions", page("balance_transactions", place))[0] for place in (7, 8))
    (payout,) = facts("payouts", page("payouts"))
    assert isinstance(sent, Skipped)
    assert (back.stage, back.payout_id, back.amount) == ("returned", payout.payout_id, payout.amount)


@pytest.mark.parametrize("net", ["12.00", "-12.00"])
def test_a_withdrawal_takes_money_from_the_bank_whatever_its_sign(net):
    raw = page("payouts", 2)
    raw["net"]["amount"] = net
    (payout,) = facts("payouts", raw)
    assert isinstance(payout, Payout)
    assert payout.amount == -1200


def test_a_row_that_does_not_add_up_is_put_before_a_person():
    (held,) = facts("balance_transactions", row("ADJUSTMENT", "-1.50", "-0.25", "-1.75"))
    assert held.what == "amount less fee comes to -125, the row moves -175"


# ---- the published contract, and strangers ----------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {told}\n" for name, told in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "shopify.txt").read_text(encoding="utf-8")


def enum(name):
    found = re.search(rf"^enum {name} {{(.*?)^}}", SCHEMA.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    plain = re.sub(r'""".*?"""', "", found.group(1), flags=re.DOTALL)
    return [line.split()[0] for line in plain.splitlines() if line.strip()]


#: Values that the reference does not explain, or that a person has to decide on.
UNMAPPED = {
    "ShopifyPaymentsTransactionType": re.compile(
        r"(ADJUSTMENT|ANOMALY|BALANCE_TRANSFER|CHANNEL_CREDIT|CHANNEL_TRANSFER|CHARGE_ADJUSTMENT|COLLECTIONS|MARKETS_PRO_CREDIT"
        r"|MERCHANT_TO_MERCHANT|REFUND_ADJUSTMENT|RISK|SHOPIFY_COLLECTIVE|SHOPIFY_SOURCE|TAX_ADJUSTMENT|TRANSFER_REFUND)"
        r"(_(CREDIT|DEBIT|INBOUND|OUTBOUND|WITHDRAWAL))?(_REVERSAL)?"
    ),
    "DisputeStatus": re.compile("CHARGE_REFUNDED"),
    "SaleLineType": re.compile("UNKNOWN"),
    "SaleActionType": re.compile("UNKNOWN"),
    "OrderTransactionStatus": re.compile("UNKNOWN"),
    # Of the card's payment: change is given for cash.
    "OrderTransactionKind": re.compile("CHANGE"),
}
ENUMS = [
    ("balance_transactions", "ShopifyPaymentsTransactionType", ("type",)),
    ("payouts", "ShopifyPaymentsPayoutStatus", ("status",)),
    ("payouts", "ShopifyPaymentsPayoutTransactionType", ("transactionType",)),
    ("disputes", "DisputeStatus", ("status",)),
    ("disputes", "DisputeType", ("type",)),
    ("orders", "SaleLineType", ("agreements", "nodes", 0, "sales", "nodes", 0, "lineType")),
    ("orders", "SaleActionType", ("agreements", "nodes", 0, "sales", "nodes", 0, "actionType")),
    ("orders", "OrderTransactionKind", ("transactions", 0, "kind")),
    ("orders", "OrderTransactionStatus", ("transactions", 0, "status")),
]


@pytest.mark.contracts
@pytest.mark.parametrize(("name", "kind", "path"), ENUMS, ids=[kind for _, kind, _ in ENUMS])
def test_every_value_the_contract_lists_is_read_or_put_before_a_person(name, kind, path):
    unknown, wanted = set(), UNMAPPED.get(kind, re.compile("(?!)"))
    for value in enum(kind):
        raw = row(value) if name == "balance_transactions" else page(name)
        if name == "balance_transactions":
            raw["associatedOrder"] = {"id": "gid://shopify/Order/5001", "name": "#1001"}
        holder(raw, path)[path[-1]] = value
        found = facts(name, raw)
        if any(isinstance(fact, Unknown) for fact in found):
            unknown.add(value)
            assert value in found[0].what or value == "CHANGE", found[0].what
    assert unknown == {value for value in enum(kind) if wanted.fullmatch(value)}


@pytest.mark.contracts
def test_each_agreement_the_contract_knows_is_read():
    found = set(re.findall(r"^type (\w+) implements SalesAgreement", SCHEMA.read_text(encoding="utf-8"), re.MULTILINE))
    assert found == {"OrderAgreement", "OrderEditAgreement", "RefundAgreement", "ReturnAgreement"}
    for kind in found:
        raw = page("orders", 3)
        raw["agreements"]["nodes"][0]["__typename"] = kind
        assert {type(fact) for fact in facts("orders", raw)} <= {Order, OrderRefund}
