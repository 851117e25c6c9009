"""The sandbox's WooCommerce: as published, read whole by our pull and by WooCommerce's own package, and true to the story."""

from __future__ import annotations

import json
from datetime import date
from functools import cache

import pytest
import requests
from jsonschema import Draft202012Validator
from woocommerce import API

from integrations.errors import Reconnect, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.woocommerce import pulling, wire
from integrations.providers.woocommerce.provider import PROVIDER
from integrations.records import Order, OrderRefund, Skipped, Unknown
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW
from tests.integrations.contract import CONTRACTS, read

ORDERS = PROVIDER.stream("orders")
STORE = {"store": "https://tamarack.example/shop"}
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id=STORE["store"], as_of=date(2026, 4, 5))


@cache
def contract():
    return json.loads((CONTRACTS / "woocommerce/openapi-wc-v3-bookkeeping.json").read_bytes())


def with_nulls(value):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_nulls(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


@pytest.fixture
def keys(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return {name: sandbox.app.services["woocommerce"].access("tamarack")[name] for name in wire.KEYS}


@pytest.fixture
def api(keys):
    scheme = PROVIDER.scheme("posted")
    return ProviderApi(PROVIDER, keys["consumer_key"], STORE["store"], scheme=scheme, keys=keys, where=STORE)


def pulled(api, cursor=""):
    return list(ORDERS.pull(api, Window(cursor=cursor, since=date(2026, 1, 1), now=STORY_NOW)))


def facts_of(pages):
    return [fact for page in pages for raw in page.items for fact in read(ORDERS, raw, CONTEXT)]


def test_the_whole_store_is_read_and_comes_to_what_the_story_owes(api, sandbox):
    """What orders put on account, less refunds, is what the story's buyers owed, whoever has paid since."""
    facts = facts_of(pulled(api))
    assert [fact for fact in facts if isinstance(fact, Unknown)] == []
    told = sandbox.app.setting.world.company("tamarack").told["woocommerce"]
    owed = [
        line.amount_minor
        for event in told.events
        for line in event.postings
        if line.account == "WooCommerce Orders Owed" and line.source == "woocommerce"
    ]
    signs = {Order: 1, OrderRefund: -1}
    assert sum(signs.get(type(fact), 0) * getattr(fact, "amount", 0) for fact in facts) == sum(owed)
    reasons = {fact.reason for fact in facts if isinstance(fact, Skipped)}
    assert reasons == {
        "waits for its payment",
        "cancelled before it was paid",
        "its payment failed",
        "in the bin",
    }
    assert {fact.review for fact in facts if isinstance(fact, OrderRefund)} == {"", "refunded without lines"}
    assert any(fact.rounding for fact in facts if isinstance(fact, Order))


def test_a_later_pull_reads_what_changed_and_says_which_orders_are_left(api):
    first = pulled(api)
    ids = {str(raw["order"]["id"]) for page in first for raw in page.items}
    later = pulled(api, "2026-03-28T00:00:00Z")
    assert later[-1].only == ids
    changed = {str(raw["order"]["id"]) for page in later for raw in page.items}
    assert changed == {
        str(raw["order"]["id"])
        for page in first
        for raw in page.items
        if raw["order"]["date_modified_gmt"] > "2026-03-27T23:00:00"
    }


@pytest.mark.contracts
def test_requests_and_answers_are_as_published(api, sandbox):
    asked = []

    class Watched(type(api)):
        def _send(self, method, path, **what):
            answer = super()._send(method, path, **what)
            template = path if path == pulling.ORDERS else f"{pulling.ORDERS}/{{order_id}}/refunds"
            known = {one["name"] for one in contract()["paths"][template]["get"]["parameters"]}
            # Every WordPress route takes `_fields`.
            assert set(what["params"]) <= known | {"_fields"}
            item = "Order" if path == pulling.ORDERS else "OrderRefund"
            whole = with_nulls({"$ref": f"#/components/schemas/{item}", "components": contract()["components"]})
            errors = [str(error)[:200] for one in answer.body for error in Draft202012Validator(whole).iter_errors(one)]
            assert errors == []
            asked.append(template)
            return answer

    watched = Watched(
        PROVIDER, api.credentials.access, STORE["store"], scheme=api.scheme, keys=api.credentials.keys, where=STORE
    )
    pulled(watched)
    assert len(set(asked)) == 2


def test_woocommerces_own_package_reads_the_same_orders(api, keys, sandbox):
    store = API(url=sandbox.base_url("woocommerce"), **keys, version="wc/v3", timeout=5)
    # Over plain http the package signs by OAuth 1.0a, which we never use: a store is called over TLS.
    store.is_ssl = True
    answer = store.get("orders", params={"per_page": 5, "orderby": "id", "order": "asc", "status": "any", "dp": 4})
    assert answer.status_code == 200
    assert int(answer.headers["X-WP-Total"]) > 80
    ours = [raw["order"] for page in pulled(api) for raw in page.items if raw["order"]["status"] != "trash"]
    assert answer.json() == sorted(ours, key=lambda order: order["id"])[:5]


def test_wrong_keys_and_a_busy_host_are_answered_as_stores_do(api, keys, sandbox, monkeypatch):
    address = sandbox.base_url("woocommerce") + pulling.ORDERS
    wrong = requests.get(address, auth=(keys["consumer_key"], "cs_no"), timeout=5)
    assert type(wire.read_error(wrong.status_code, wrong.headers, wrong.json())) is Reconnect
    by_query = requests.get(address, params=keys, timeout=5)
    assert by_query.status_code == 200
    monkeypatch.setattr(sandbox.app.services["woocommerce"], "_window", type("Full", (), {"hit": lambda *_: 61})())
    with pytest.raises(RetryLater) as busy:
        api.get(pulling.ORDERS)
    assert busy.value.retry_after == 61


@pytest.mark.parametrize("event", ["order.created", "order.updated", "order.deleted"])
def test_a_notice_is_signed_and_the_first_ping_is_not(sandbox, event):
    service = sandbox.app.services["woocommerce"]
    signed = service.webhook("tamarack", event, "shh")
    assert wire.verify(signed.body, signed.headers, ["shh"], STORY_NOW)
    assert list(wire.events(json.loads(signed.body))) == [("", "", ("orders",))]
    ping = service.webhook("tamarack", "ping", "shh")
    assert wire.greeting(ping.body, ping.headers) is not None
