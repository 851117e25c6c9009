"""The sandbox's Square: as published, read whole by our pulls and by Square's own package, and proven against the story."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
import requests
from jsonschema import Draft202012Validator
from square import Square

from integrations.errors import Forbidden, Reconnect, RetryLater, StaleCursor
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.square import pulling
from integrations.providers.square.provider import PROVIDER
from integrations.records import CustomerDeposit, Dispute, Payout, Skipped, SystemBalance, Unknown
from integrations.sandbox.square.plan import PLACES
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from ledger.core.tieouts import processor_roll_forward
from tests.contracts.description import template_of, undeclared
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SINCE = date(2026, 1, 1)
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="MLTAMARACKSQ", as_of=date(2026, 4, 5))


@cache
def contract():
    """Square's published description, with null where its samples have nothing."""
    return json.loads((CONTRACTS / "square/openapi-2025-08-20.json").read_bytes())


@cache
def validator(schema):
    """Made once a schema: resolving the description's references takes most of the time."""
    return Draft202012Validator({**json.loads(schema), "components": contract()["components"]})


def wrong(schema, body):
    errors = validator(json.dumps(schema)).iter_errors(body)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors]


class Watched(ProviderApi):
    """A session that holds every request and answer against the published description."""

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        self.calls = [*getattr(self, "calls", []), (method, path, what.get("params") or {}, what.get("json"))]
        assert undeclared(contract(), method, path, what.get("params") or {}) == []
        operation = contract()["paths"][template_of(contract(), path)][method.lower()]
        if what.get("json") is not None:
            assert wrong(operation["requestBody"]["content"]["application/json"]["schema"], what["json"]) == []
        if answer.status == 200:
            assert wrong(operation["responses"]["200"]["content"]["application/json"]["schema"], answer.body) == []
        return answer


@pytest.fixture
def token(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return sandbox.app.services["square"].desk.open_grant("tamarack", "PAYMENTS_READ").access_token


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)


@pytest.fixture
def api(token, unlimited):
    return ProviderApi(PROVIDER, token, "MLTAMARACKSQ")


@pytest.fixture
def watched(token, unlimited):
    return Watched(PROVIDER, token, "MLTAMARACKSQ")


def pulled(api, name, cursor="", now=STORY_NOW):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=SINCE, now=now)))
    return [item for page in pages for item in page.items], pages[-1].cursor


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


def test_every_request_and_answer_is_as_published_and_the_balance_rolls_forward_to_the_story(watched, sandbox):
    """Opening + rows − payouts = what Square holds at each month's end, over all its locations; gift cards likewise."""
    facts = everything(watched)
    told = sandbox.app.setting.world.company("tamarack").told["square"]
    assert [fact for found in facts.values() for fact in found if isinstance(fact, Unknown)] == []
    assert {path for _, path, _, _ in watched.calls if "payout-entries" not in path and "/events" not in path} == {
        *(
            "/v2/locations",
            "/v2/payments",
            "/v2/orders/batch-retrieve",
            "/v2/orders/search",
            "/v2/refunds",
            "/v2/payouts",
        ),
        *("/v2/disputes", "/v2/cash-drawers/shifts", "/v2/gift-cards/activities", "/v2/gift-cards"),
    }
    for month in telling.PROVEN:
        rows = [
            fact
            for name, found in facts.items()
            for fact in found
            if STREAMS[name].duty == "book" and fact.booked_on <= month_end(month)
        ]
        held = next(one for one in told.balances if one.name == "Both places" and one.on == month_end(month))
        assert processor_roll_forward(0, rows, reported=held.amount_minor, ledger=held.amount_minor).ties, month
    (cards,) = [fact for fact in facts["gift_cards"] if isinstance(fact, SystemBalance)]
    owed = [line for event in told.events for line in event.postings if line.account == "Square Gift Cards"]
    assert -cards.amount == sum(line.amount_minor for line in owed) < 0


def test_the_story_has_every_event_that_matters(api):
    facts = [fact for found in everything(api).values() for fact in found]
    payouts = [fact for fact in facts if isinstance(fact, Payout)]
    assert min(fact.amount for fact in payouts) < 0
    assert {fact.stage for fact in payouts} == {"sent", "returned"}
    assert {fact.stage for fact in facts if isinstance(fact, Dispute)} == {"opened", "won", "lost"}
    kinds = {type(fact).__name__ for fact in facts}
    assert {"Reserve", "LoanMovement", "ProcessorCredit", "CashCount", "CustomerDeposit", "Refund"} <= kinds
    assert "voided before any money moved" in {fact.reason for fact in facts if isinstance(fact, Skipped)}
    named = {payout.payout_id for payout in payouts if payout.stage == "returned"}
    assert named == {payout.payout_id for payout in payouts if payout.status == "failed" and payout.stage == "sent"}


def test_both_locations_are_asked_since_lists_default_to_the_main_one(api):
    main = api.get("/v2/payments", {"begin_time": "2026-01-01T00:00:00Z"})["payments"]
    assert {one["location_id"] for one in main} == {PLACES[0].id}
    items, _ = pulled(api, "payments")
    assert {raw["location"]["id"] for raw in items} == {place.id for place in PLACES}
    assert len({raw["payment"]["id"] for raw in items}) == len(items)


def test_small_pages_give_the_same_and_a_cursor_is_good_for_its_own_parameters(api, monkeypatch):
    whole = {name: {STREAMS[name].identify(_payload(raw)) for raw in pulled(api, name)[0]} for name in STREAMS}
    monkeypatch.setattr(pulling, "MOST", 7)
    monkeypatch.setattr(pulling, "MOST_ORDERS", 9)
    assert {name: {STREAMS[name].identify(_payload(raw)) for raw in pulled(api, name)[0]} for name in STREAMS} == whole
    first = api.get("/v2/refunds", {"limit": "2"})
    with pytest.raises(StaleCursor):
        api.get("/v2/refunds", {"limit": "3", "cursor": first["cursor"]})


def _payload(raw):
    from integrations.payload import Payload

    return Payload.of(raw)


def test_the_next_pull_reads_an_hour_again_and_leaves_the_last_minutes(api):
    _, cursor = pulled(api, "payments")
    items, _ = pulled(api, "payments", cursor)
    newest = STORY_NOW - pulling.OVERLAP
    assert all(datetime.fromisoformat(raw["payment"]["updated_at"]) >= newest for raw in items)
    some, _ = pulled(api, "payments")
    last = max(datetime.fromisoformat(raw["payment"]["created_at"]) for raw in some)
    early, _ = pulled(api, "payments", now=last + timedelta(minutes=14))
    ripe, _ = pulled(api, "payments", now=last + timedelta(minutes=16))
    assert len(ripe) == len(early) + 1


def test_a_deposit_stays_what_it_is_whether_its_order_is_read_open_or_complete(api):
    """What was booked of a payment must not change with its order's later life: each later reading gives the same facts."""
    deposits = 0
    for raw in pulled(api, "payments")[0]:
        final = read(STREAMS["payments"], raw, CONTEXT)
        if isinstance(final[0], CustomerDeposit):
            still = {name: value for name, value in raw["order"].items() if name != "closed_at"} | {"state": "OPEN"}
            assert read(STREAMS["payments"], {**raw, "order": still}, CONTEXT) == final
            deposits += 1
    earned = {raw["order"]["id"] for raw in pulled(api, "orders")[0]}
    assert (deposits, len(earned)) == (3, 3)


def test_filter_and_sort_of_orders_must_be_of_one_field(api, sandbox):
    body = {
        "location_ids": [PLACES[0].id],
        "query": {
            "filter": {"date_time_filter": {"updated_at": {"start_at": "2026-01-01T00:00:00Z"}}},
            "sort": {"sort_field": "CLOSED_AT"},
        },
    }
    got = requests.post(
        f"{sandbox.base_url('square')}/v2/orders/search",
        json=body,
        headers={"Authorization": f"Bearer {api._access}"},
        timeout=5,
    )
    assert (got.status_code, got.json()["errors"][0]["field"]) == (400, "query.sort.sort_field")
    assert wrong({"$ref": "#/components/schemas/Error"}, got.json()["errors"][0]) == []


def test_errors_and_the_limit_have_squares_shape(token, sandbox):
    headers, base = {"Authorization": f"Bearer {token}"}, sandbox.base_url("square")
    answers = [requests.get(f"{base}/v2/locations", headers=headers, timeout=5) for _ in range(12)]
    busy = next(got for got in answers if got.status_code == 429)
    assert wrong({"$ref": "#/components/schemas/Error"}, busy.json()["errors"][0]) == []
    assert isinstance(PROVIDER.read_error(429, dict(busy.headers), busy.json()), RetryLater)
    lost = requests.get(f"{base}/v2/locations", headers={"Authorization": "Bearer EAAAnone"}, timeout=5)
    assert isinstance(PROVIDER.read_error(lost.status_code, {}, lost.json()), Reconnect)
    assert isinstance(PROVIDER.read_error(403, {}, sandbox.app.services["square"].failure(403).json), Forbidden)


def test_a_token_ends_in_thirty_days_stays_itself_and_is_handed_back_with_the_apps_secret(sandbox, consent_at):
    base = sandbox.base_url("square")
    door = consent_at("square", "/oauth2/authorize")
    fields = {"client_id": door.client_id, "client_secret": door.client_secret}
    code = door.answer("tamarack", scope="PAYMENTS_READ PAYOUTS_READ", session="false")["code"]
    first = requests.post(
        f"{base}/oauth2/token", json={**fields, "grant_type": "authorization_code", "code": code}, timeout=5
    ).json()
    assert wrong({"$ref": "#/components/schemas/ObtainTokenResponse"}, first) == []
    left = datetime.fromisoformat(first["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    refresh = {**fields, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    again = requests.post(f"{base}/oauth2/token", json=refresh, timeout=5).json()
    assert again["refresh_token"] == first["refresh_token"]
    headers = {"Authorization": f"Bearer {again['access_token']}"}
    status = requests.post(f"{base}/oauth2/token/status", headers=headers, timeout=5).json()
    assert status["scopes"] == ["PAYMENTS_READ", "PAYOUTS_READ"]
    ended = {"client_id": door.client_id, "merchant_id": first["merchant_id"]}
    secret = {"Authorization": f"Client {door.client_secret}"}
    assert requests.post(f"{base}/oauth2/revoke", json=ended, headers=headers, timeout=5).status_code == 401
    assert requests.post(f"{base}/oauth2/revoke", json=ended, headers=secret, timeout=5).json() == {"success": True}
    assert requests.get(f"{base}/v2/locations", headers=headers, timeout=5).status_code == 401


def test_a_notice_is_signed_over_its_address(sandbox):
    from integrations.arrivals import Delivery

    url = "http://127.0.0.1:9/webhooks/square/"
    signed = sandbox.app.services["square"].webhook("tamarack", "payment.updated", f"key-one {url}")
    assert PROVIDER.webhook.verify_at(Delivery(signed.body, signed.headers, url), ["key-one"], STORY_NOW)
    assert not PROVIDER.webhook.verify_at(Delivery(signed.body, signed.headers, f"{url}x"), ["key-one"], STORY_NOW)
    by_hand = base64.b64encode(hmac.new(b"key-one", url.encode() + signed.body, hashlib.sha256).digest()).decode()
    assert signed.headers["x-square-hmacsha256-signature"] == by_hand
    ((_, merchant, streams),) = PROVIDER.webhook.events(json.loads(signed.body))
    assert (merchant, streams) == ("MLTAMARACKSQ", ("payments",))
    with pytest.raises(KeyError):
        sandbox.app.services["square"].webhook("tamarack", "labor.shift.created", f"key-one {url}")


def test_squares_own_package_reads_the_sandbox(api, sandbox):
    client = Square(token=api._access, base_url=sandbox.base_url("square"), version="2025-08-20")
    ours = {raw["payment"]["id"]: raw["payment"] for raw in pulled(api, "payments")[0]}
    theirs = [
        payment
        for place in client.locations.list().locations
        for payment in client.payments.list(location_id=place.id, begin_time="2026-01-01T00:00:00Z", limit=50)
    ]
    assert {one.id: one.total_money.amount for one in theirs} == {
        name: one["total_money"]["amount"] for name, one in ours.items()
    }
    payouts = list(client.payouts.list(location_id=PLACES[1].id, begin_time="2026-01-01T00:00:00Z"))
    for payout in payouts[:5]:
        rows = list(client.payouts.list_entries(payout_id=payout.id))
        assert sum(row.net_amount_money.amount for row in rows) == payout.amount_money.amount
    assert [one.state for one in client.disputes.list()]
    orders = client.orders.batch_get(order_ids=[theirs[0].order_id]).orders
    assert orders[0].total_money.amount >= theirs[0].total_money.amount
