"""How Shopify is called, recognised and paged through."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from integrations.errors import Refused, RetryLater
from integrations.provider import Credentials, Outgoing, Window
from integrations.providers.shopify import pulling, wire
from integrations.providers.shopify.provider import PROVIDER
from tests.integrations.contract import ScriptedApi
from tests.integrations.providers.shopify_pages import facts, page, said


def signed(params, secret):
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return {**params, "hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


def test_a_callback_counts_only_if_it_is_signed_and_of_the_shop_that_was_asked():
    asked = Credentials(secret="shh", settings={"shop": "larch.myshopify.com"})
    params = signed({"code": "c", "shop": "larch.myshopify.com", "state": "s", "timestamp": "1"}, "shh")
    assert wire.genuine(params, asked)
    assert not wire.genuine(params | {"code": "d"}, asked)
    assert not wire.genuine(params | {"hmac": "é"}, asked)
    assert not wire.genuine(params, replace(asked, secret="other"))
    assert not wire.genuine(params, replace(asked, settings={"shop": "elm.myshopify.com"}))


def test_shopifys_own_package_signs_a_callback_as_we_do():
    from shopify import Session

    Session.secret = "shh"
    params = {"code": "a&b=c%", "shop": "larch.myshopify.com", "timestamp": "1"}
    told = params | {"hmac": Session.calculate_hmac(params)}
    assert wire.genuine(told, Credentials(secret="shh", settings={"shop": "larch.myshopify.com"}))


@pytest.mark.parametrize("typed", ["Larch", "https://larch.myshopify.com/admin", " larch.myshopify.com "])
def test_a_shops_address_is_taken_as_people_type_it(typed):
    assert PROVIDER.asks[0].read(typed) == ("larch.myshopify.com", "")


@pytest.mark.parametrize("typed", ["larch.example", "larch.myshopify.com.evil.example", "-x.myshopify.com"])
def test_no_other_host_is_ever_called(typed):
    assert PROVIDER.asks[0].read(typed)[1]


def test_a_notice_is_signed_by_the_apps_secret_the_old_one_too():
    body, now = b'{"id":1,"line_items":[]}', datetime(2026, 4, 1, tzinfo=UTC)
    told = {"x-shopify-hmac-sha256": base64.b64encode(hmac.new(b"new", body, hashlib.sha256).digest()).decode()}
    assert wire.verify(body, told, ["old", "new"], now)
    assert not wire.verify(body + b" ", told, ["new"], now)
    assert not wire.verify(body, {}, ["new"], now)
    assert list(wire.events({"id": 1, "line_items": []})) == [("", "", ("orders", "balance_transactions"))]
    assert list(wire.events([])) == [("", "", ())]


def test_throttled_says_how_long_the_bucket_needs_and_another_version_is_refused():
    status = {"currentlyAvailable": 100, "restoreRate": 100}
    body = said("THROTTLED") | {"extensions": {"cost": {"requestedQueryCost": 600, "throttleStatus": status}}}
    error = wire.read_error(200, {}, body)
    assert (type(error), error.retry_after) == (RetryLater, 5)
    assert type(wire.read_error(200, {"X-Shopify-API-Version": "2027-01"}, {"data": {}})) is Refused
    request = Outgoing(method="POST", path="/", headers={}, params={}, json={}, form=None)
    wire.authorise(request, Credentials(access="shpat_x"))
    assert request.headers == {"X-Shopify-Access-Token": "shpat_x"}


def test_an_order_with_more_than_a_page_of_sales_is_read_whole():
    whole = page("orders")
    cut = copy.deepcopy(whole)
    first, second = cut["agreements"]["nodes"][:2]
    rest = first["sales"]["nodes"][1:]
    first["sales"] = {"nodes": first["sales"]["nodes"][:1], "pageInfo": {"hasNextPage": True, "endCursor": "s1"}}

    def answer(agreement, after):
        info = {"hasNextPage": after is not None, "endCursor": after}
        return {"data": {"order": {"agreements": {"nodes": [agreement], "pageInfo": info}}}}

    more = copy.deepcopy(first) | {"sales": {"nodes": rest, "pageInfo": {"hasNextPage": False, "endCursor": "s2"}}}
    listed = {"data": {"orders": {"nodes": [cut], "pageInfo": {"hasNextPage": False, "endCursor": "o"}}}}
    script = [
        listed,
        answer(first, "a1"),
        answer(more, "a1"),
        answer(second, "a2"),
        answer(whole["agreements"]["nodes"][2], None),
    ]
    api = ScriptedApi(*((wire.ANSWERS, one) for one in script))
    window = Window(cursor="2026-03-31T00:00:00Z", since=date(2026, 1, 1), now=datetime(2026, 3, 31, 1, tzinfo=UTC))
    (items, _) = list(pulling.pull_orders(api, window))
    assert facts("orders", items.items[0]) == facts("orders", whole)
    assert [asked["variables"].get("sales") for _, asked in api.asked[1:]] == [None, "s1", None, None]


def test_an_order_that_was_deleted_is_missing_from_the_daily_list():
    empty = {"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}}
    left = {
        "data": {
            "orders": {"nodes": [{"legacyResourceId": "5001"}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
        }
    }
    api = ScriptedApi((wire.ANSWERS, empty), (wire.ANSWERS, left))
    window = Window(cursor="2026-03-31T23:00:00Z", since=date(2026, 1, 1), now=datetime(2026, 4, 1, 1, tzinfo=UTC))
    assert [one.only for one in pulling.pull_orders(api, window)] == [None, None, frozenset({"5001"})]


def test_a_shop_without_shopify_payments_has_no_balance():
    api = ScriptedApi(*((wire.ANSWERS, {"data": {"shopifyPaymentsAccount": None}}) for _ in range(2)))
    window = Window(cursor="", since=date(2026, 3, 31), now=datetime(2026, 4, 1, 1, tzinfo=UTC))
    found = [*pulling.pull_balance(api, window), *pulling.pull_payouts(api, window)]
    assert [list(one.items) for one in found] == [[], []]
