"""A WooCommerce store's orders read as facts and journals, and every trap its documentation sets."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from integrations.payload import Payload
from integrations.provider import Credentials, Greeting, Outgoing, Window
from integrations.providers.woocommerce import pulling, wire
from integrations.providers.woocommerce.provider import PROVIDER
from integrations.records import Order, OrderRefund, Skipped, Tax, Tender, Unknown
from ledger.core.rules import drafts
from tests.integrations.contract import (
    ScriptedApi,
    fixture_objects,
    read,
    result_table,
)

ORDERS = PROVIDER.stream("orders")


def page(index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, ORDERS)[index])


def facts(raw):
    return read(ORDERS, raw)


def booked(fact):
    return sorted(
        (line.role, line.key, line.debit - line.credit)
        for entry in drafts(fact, provider="woocommerce", category="commerce")
        for line in entry.lines
    )


def test_a_sale_stands_in_the_gateways_clearing_account_without_its_fee():
    sale, _ = facts(page())
    assert booked(sale) == [
        ("clearing", "stripe", 10320),
        ("discounts", "checkout", 1000),
        ("sales", "checkout", -10000),
        ("sales-tax-payable", "County tax", -140),
        ("sales-tax-payable", "State tax", -630),
        ("shipping-income", "checkout", -550),
    ]
    assert sale.tenders[0].reference == "ch_901"


def test_lines_of_a_refund_are_negative_and_go_back_the_way_the_payment_came():
    refund = facts(page())[1]
    assert isinstance(refund, OrderRefund)
    assert (refund.amount, refund.goods[0].amount, refund.taxes, refund.review) == (4860, 4500, (Tax(amount=360),), "")
    assert refund.tenders == (Tender(kind="processor", amount=4860, name="stripe", reference="ch_901"),)


def test_a_refund_without_lines_has_the_orders_tax_in_proportion_and_is_shown_to_a_person():
    refund = facts(page(1))[1]
    assert (refund.goods[0].amount, refund.taxes) == (2500, (Tax(amount=200, jurisdiction="State tax"),))
    assert refund.review == "refunded without lines"
    assert refund.tenders == (Tender(kind="on_account", amount=2700),)


def test_a_refund_by_hand_is_shown_and_one_of_more_lines_than_money_is_not_booked():
    raw, more = page(), page()
    raw["refunds"][0]["refunded_payment"] = False
    more["refunds"][0]["amount"] = "40.00"
    assert "by hand" in facts(raw)[1].review
    assert facts(more)[1].what == "the refund's lines come to 4860, given back was 4000: difference 860"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("stripe_klarna", "stripe"),
        ("ppcp-gateway", "paypal"),
        ("square_credit_card", "square"),
        ("woocommerce_payments", "woocommerce_payments"),
    ],
)
def test_each_gateway_has_the_clearing_account_of_its_own_system(method, name):
    raw = page(6)
    raw["order"]["payment_method"] = method
    assert facts(raw)[0].tenders[0].name == name


def test_header_and_lines_may_differ_by_rounding_and_no_more():
    sale = facts(page(3))[0]
    assert (sale.amount, sale.rounding, sum(tax.amount for tax in sale.taxes)) == (3334, 0, 234)
    near, far = page(3), page(3)
    near["order"]["total"], far["order"]["total"] = "33.38", "33.40"
    assert facts(near)[0].rounding == 4
    assert facts(far)[0].what == "the order's lines come to 3334, its total is 3340: difference -6"


def test_cash_on_delivery_is_sold_when_ordered_and_anything_else_when_paid():
    cod, card = page(2), page()
    cod["order"]["date_paid_gmt"] = "2026-03-15T20:00:00"
    card["order"]["date_paid_gmt"] = "2026-03-15T20:00:00"
    assert [facts(raw)[0].booked_on for raw in (cod, card)] == [date(2026, 3, 10), date(2026, 3, 15)]


def test_times_are_utc_though_they_do_not_say_so():
    assert facts(page())[0].occurred_at == datetime(2026, 3, 11, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "status", ["pending", "on-hold", "failed", "cancelled", "trash", "checkout-draft", "auto-draft"]
)
def test_an_order_that_was_not_paid_is_no_sale(status):
    raw = page(4)
    raw["order"]["status"] = status
    (fact,) = facts(raw)
    assert isinstance(fact, Skipped)


@pytest.mark.parametrize("status", ["processing", "completed", "refunded", "on-hold"])
def test_an_order_that_was_paid_is_a_sale(status):
    raw = page(6)
    raw["order"]["status"] = status
    assert [type(fact) for fact in facts(raw)] == [Order]


def test_what_extensions_make_of_an_order_is_not_guessed_at():
    unpaid, child = page(6), page(6)
    unpaid["order"]["payment_method"] = ""
    child["order"]["parent_id"] = 4001
    assert [type(facts(raw)[0]) for raw in (unpaid, child)] == [Unknown, Unknown]


# ---- wire ----------------------------------------------------------------------------------------------------------------


def test_orders_are_read_page_by_page_within_a_fixed_window_with_all_their_refunds():
    first, second = page(), page(2)
    api = ScriptedApi(
        (pulling.ORDERS, ([first["order"]], {"x-wp-totalpages": "2"})),
        (f"{pulling.ORDERS}/4001/refunds", (first["refunds"], {"X-WP-TotalPages": "1"})),
        (pulling.ORDERS, ([second["order"]], {"X-WP-TotalPages": "2"})),
        (pulling.ORDERS, ([{"id": 4001}], {"X-WP-TotalPages": "1"})),
    )
    window = Window(cursor="2026-03-31T23:30:00Z", since=date(2026, 1, 1), now=datetime(2026, 4, 1, 1, tzinfo=UTC))
    pages = list(pulling.pull_orders(api, window))
    assert [one["order"]["id"] for found in pages for one in found.items] == [4001, 4003]
    assert pages[0].items[0]["refunds"] == first["refunds"]
    assert (pages[2].cursor, pages[3].only) == ("2026-04-01T01:00:00Z", frozenset({"4001"}))
    asked = api.asked[0][1]
    assert asked["modified_after"] == "2026-03-31T22:30:00"
    assert (asked["dates_are_gmt"], asked["orderby"], asked["status"], asked["dp"]) == ("true", "id", "any,trash", "4")


@pytest.mark.parametrize(
    ("typed", "store"),
    [
        ("Larch.example/", "https://larch.example"),
        ("https://larch.example/shop/", "https://larch.example/shop"),
        ("http://larch.example", ""),
        ("https://127.0.0.1", ""),
        ("https://larch.example:8080", ""),
    ],
)
def test_a_store_may_live_in_a_path_and_never_without_tls(typed, store):
    value, wrong = PROVIDER.asks[0].read(typed)
    assert (value, not wrong) == (store, bool(store))


def test_keys_are_told_by_basic_authentication_and_handed_over_by_the_store():
    request = Outgoing(method="GET", path="/", headers={}, params={}, json=None, form=None)
    wire.authorise(request, Credentials(keys={"consumer_key": "ck_1", "consumer_secret": "cs_2"}))
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"ck_1:cs_2"
    keys = {"consumer_key": "ck_1", "consumer_secret": "cs_2"}
    assert wire.handed_over(Payload({"key_id": 1, "user_id": 7, "key_permissions": "read", **keys})) == ("7", keys)
    assert wire.asked("r", "b", "h")["scope"] == "read"


def test_a_notice_is_signed_by_its_webhooks_secret_and_the_first_ping_is_no_notice():
    body, now = json.dumps({"id": 4001}).encode(), datetime(2026, 4, 1, tzinfo=UTC)
    told = {"x-wc-webhook-signature": base64.b64encode(hmac.new(b"shh", body, hashlib.sha256).digest()).decode()}
    assert wire.verify(body, told, ["old", "shh"], now)
    assert not wire.verify(body + b" ", told, ["shh"], now)
    assert wire.greeting(b"webhook_id=142", {}) == Greeting()
    assert wire.greeting(body, {}) is None
    assert wire.greeting(b"webhook_id=142&id=1", {}) is None
    assert list(wire.events({"id": 4001})) == [("", "", ("orders",))]


# ---- the published samples, and strangers -----------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {told}\n" for name, told in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "woocommerce.txt").read_text(encoding="utf-8")
