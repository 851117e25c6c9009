"""The sandbox's Shopify: asked and answering as published, read whole by our pulls, and proven against the story."""

from __future__ import annotations

import json
import os
from datetime import date
from functools import cache

import graphql
import pytest
import requests

from integrations.errors import Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.shopify import queries, wire
from integrations.providers.shopify.provider import PROVIDER
from integrations.records import Dispute, Order, Payout, ProcessorBalance, SystemBalance, Unknown
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from ledger.core.tieouts import processor_roll_forward
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SHOP = {"shop": "tamarack.myshopify.com"}
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id=SHOP["shop"], as_of=date(2026, 4, 5))


@cache
def schema():
    """Shopify's own schema, trimmed."""
    text = (CONTRACTS / "shopify/admin-graphql-2026-10.graphql").read_text(encoding="utf-8")
    return graphql.build_schema(text, assume_valid=True)


def object_type(value, *_info):
    """Which type of an interface an object of the answer is; a sale that names none is of products."""
    return value.get("__typename", "ProductSale")


class Watched(ProviderApi):
    """A session that holds every query and answer against the published schema."""

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        document = graphql.parse(what["json"]["query"])
        assert graphql.validate(schema(), document) == []
        # The answer as the root: what the schema does not allow (a null, an enum's value, a scalar) is an error.
        again = graphql.execute(
            schema(),
            document,
            root_value=answer.body["data"],
            variable_values=what["json"]["variables"],
            type_resolver=object_type,
        )
        assert again.errors is None
        assert again.data == answer.body["data"]
        return answer


@pytest.fixture
def token(sandbox, settings, monkeypatch):
    settings.SANDBOX_URL = sandbox.url
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)
    return sandbox.app.services["shopify"].desk.open_grant("tamarack", "read_orders").access_token


@pytest.fixture
def api(token):
    return ProviderApi(PROVIDER, token, SHOP["shop"], where=SHOP)


def pulled(api, name, cursor=""):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=date(2026, 1, 1), now=STORY_NOW)))
    return [item for page in pages for item in page.items], pages[-1].cursor


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


@pytest.mark.contracts
def test_every_query_and_answer_is_as_published(token):
    watched = Watched(PROVIDER, token, SHOP["shop"], where=SHOP)
    found = {name: len(pulled(watched, name)[0]) for name in STREAMS}
    assert min(found[name] for name in ("orders", "balance_transactions", "payouts", "disputes", "gift_cards")) > 0
    for text in (queries.ORDER_IDS, queries.AGREEMENTS, queries.SHOP):
        assert graphql.validate(schema(), graphql.parse(text)) == []


def test_the_balance_rolls_forward_to_what_shopify_reports(api, sandbox):
    """Opening + rows − payouts = what Shopify Payments holds, at each month's end and now; gift cards likewise."""
    facts = everything(api)
    told = sandbox.app.setting.world.company("tamarack").told["shopify"]
    assert [fact for found in facts.values() for fact in found if isinstance(fact, Unknown)] == []
    rows = [fact for name, found in facts.items() for fact in found if STREAMS[name].duty == "book"]
    for month in telling.PROVEN:
        held = next(one for one in told.balances if one.name == "Shopify Payments" and one.on == month_end(month))
        until = [fact for fact in rows if fact.booked_on <= month_end(month)]
        assert processor_roll_forward(0, until, reported=held.amount_minor, ledger=held.amount_minor).ties, month
    (balance,) = [fact for fact in facts["balance"] if isinstance(fact, ProcessorBalance)]
    assert processor_roll_forward(0, rows, reported=balance.amount, ledger=balance.amount).ties
    (cards,) = [fact for fact in facts["gift_cards"] if isinstance(fact, SystemBalance)]
    owed = [line for event in told.events for line in event.postings if line.account == "Shopify Gift Cards"]
    assert -cards.amount == sum(line.amount_minor for line in owed) < 0


def test_the_story_has_every_event_that_matters(api):
    facts = [fact for found in everything(api).values() for fact in found]
    payouts = [fact for fact in facts if isinstance(fact, Payout)]
    assert min(fact.amount for fact in payouts) < 0
    assert {fact.stage for fact in payouts} == {"sent", "returned"}
    assert {fact.stage for fact in facts if isinstance(fact, Dispute)} == {"opened", "won", "lost"}
    orders = [fact for fact in facts if isinstance(fact, Order)]
    assert {tender.kind for fact in orders for tender in fact.tenders} == {
        "processor",
        "gift_card",
        "store_credit",
        "on_account",
    }
    kinds = {type(fact).__name__ for fact in facts}
    assert {"OrderRefund", "Reserve", "LoanMovement", "ProcessorFee", "ProcessorCredit"} <= kinds
    assert any(fact.edits and fact.amount for fact in orders)
    assert any(fact.duties for fact in orders)


def test_a_second_pull_reads_what_changed_since_with_an_overlap(api):
    first, cursor = pulled(api, "orders")
    again, _ = pulled(api, "orders", cursor)
    late, _ = pulled(api, "orders", "2026-03-25T00:00:00Z")
    assert len(first) > 120
    assert len(again) <= 1
    assert {raw["id"] for raw in late} == {raw["id"] for raw in first if raw["updatedAt"] >= "2026-03-24T23:00:00Z"}


def test_shopifys_own_package_reads_the_sandbox(sandbox, token):
    import shopify

    shopify.ShopifyResource.set_site(f"{sandbox.base_url('shopify')}/admin/api/{wire.API_VERSION}")
    shopify.ShopifyResource.set_headers({"X-Shopify-Access-Token": token})
    try:
        answer = json.loads(shopify.GraphQL().execute(queries.SHOP))
    finally:
        shopify.ShopifyResource.clear_session()
    assert answer["data"]["shop"]["myshopifyDomain"] == SHOP["shop"]


def test_throttling_a_strange_field_and_a_dead_token_are_answered_as_published(sandbox, token, monkeypatch):
    service, address = sandbox.app.services["shopify"], sandbox.base_url("shopify") + wire.ANSWERS

    def ask(query, access=token):
        found = requests.post(address, json={"query": query}, headers={"X-Shopify-Access-Token": access}, timeout=5)
        return found.status_code, wire.read_error(found.status_code, found.headers, found.json())

    assert ask("query { shop { id } }") == (200, None)
    for query, kind in (
        ("query { shop { colour } }", Refused),
        ("query { orders(first: 251) { nodes { id } } }", Refused),
    ):
        status, error = ask(query)
        assert (status, type(error)) == (200, kind)
    assert ask("query { shop { id", token)[0] == 200
    assert type(ask("query { shop { id } }", "shpat_no")[1]) is Reconnect
    monkeypatch.setattr(service, "_window", type("Full", (), {"hit": lambda *_: 2})())
    status, error = ask("query { shop { id } }")
    assert (status, type(error), error.retry_after) == (200, RetryLater, 2)


@pytest.mark.parametrize("event", ["orders/updated", "refunds/create", "disputes/update", "app/uninstalled"])
def test_a_notice_is_signed_and_names_streams(sandbox, event):
    secret = os.urandom(8).hex()
    signed = sandbox.app.services["shopify"].webhook("tamarack", event, secret)
    assert wire.verify(signed.body, signed.headers, [secret], STORY_NOW)
    ((_, _, streams),) = wire.events(json.loads(signed.body))
    assert set(streams) <= set(STREAMS)
    assert streams
