"""The sandbox's PayPal: as published, read whole by our pulls and by PayPal's own package, and proven against the story."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache

import pytest
import requests
from jsonschema import Draft202012Validator
from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.paypal.provider import PROVIDER
from integrations.records import Dispute, Payout, ProcessorBalance, Skipped, SystemBalance, Unknown
from integrations.sandbox.paypal import api as played
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from ledger.core.tieouts import processor_roll_forward
from tests.contracts.description import template_of, undeclared
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SINCE = date(2026, 1, 1)
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="", as_of=date(2026, 4, 5))
REPORTS, DISPUTES = "reporting_transactions_v1.json", "customer_disputes_v1.json"


@cache
def contract(name):
    """As published, but for the pattern of moments: live answers break it (``+0000`` without a colon)."""
    found = json.loads((CONTRACTS / "paypal" / name).read_bytes())
    found["components"]["schemas"]["date_time"].pop("pattern")
    return found


def wrong(name, schema, body):
    errors = Draft202012Validator({**schema, "components": contract(name)["components"]}).iter_errors(body)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors]


class Watched(ProviderApi):
    """A session that holds every request and answer against the published description."""

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        bare = path.partition("/paypal")[2].partition("?")[0] if "://" in path else path
        self.calls = [*getattr(self, "calls", []), bare]
        name = DISPUTES if "disputes" in path else REPORTS
        assert undeclared(contract(name), method, bare, what.get("params") or {}) == []
        operation = contract(name)["paths"][template_of(contract(name), bare)][method.lower()]
        if answer.status == 200:
            assert (
                wrong(name, operation["responses"]["200"]["content"]["application/json"]["schema"], answer.body) == []
            )
        return answer


@pytest.fixture
def service(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return sandbox.app.services["paypal"]


@pytest.fixture
def api(service, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)
    return Watched(PROVIDER, service.desk.open_grant("tamarack", "").access_token, "")


def pulled(api, name, cursor=""):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=SINCE, now=STORY_NOW)))
    return [item for one in pages for item in one.items], pages[-1].cursor


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


@pytest.mark.contracts
def test_every_request_and_answer_is_as_published_and_the_balance_rolls_forward_to_the_story(api, sandbox):
    """Opening + rows − withdrawals = what PayPal says is available, at each month's end and now; what it withholds likewise."""
    facts = everything(api)
    told = sandbox.app.setting.world.company("tamarack").told["paypal"]
    assert [fact for found in facts.values() for fact in found if isinstance(fact, Unknown)] == []
    assert {path for path in api.calls if "PP-R" not in path} == {
        "/v1/reporting/transactions",
        "/v1/reporting/balances",
        "/v1/customer/disputes",
    }
    rows = facts["transactions"]
    for month in telling.PROVEN:
        (held,) = [one for one in told.balances if one.name == "Available" and one.on == month_end(month)]
        until = [fact for fact in rows if fact.booked_on <= month_end(month)]
        assert processor_roll_forward(0, until, reported=held.amount_minor, ledger=held.amount_minor).ties, month
    (balance,) = [fact for fact in facts["balances"] if isinstance(fact, ProcessorBalance)]
    assert processor_roll_forward(0, rows, reported=balance.amount, ledger=balance.amount).ties
    (withheld,) = [fact for fact in facts["balances"] if isinstance(fact, SystemBalance)]
    assert withheld.amount == sum(fact.amount for fact in rows if type(fact).__name__ == "Reserve")


def test_the_story_has_every_event_that_matters(api):
    facts = [fact for found in everything(api).values() for fact in found]
    kinds = {type(fact).__name__ for fact in facts}
    assert {
        "Sale",
        "Refund",
        "ProcessorFee",
        "BalancePurchase",
        "BalanceFunding",
        "Reserve",
        "ProcessorCredit",
    } <= kinds
    assert {fact.stage for fact in facts if isinstance(fact, Dispute)} == {"opened", "won", "lost"}
    assert {fact.stage for fact in facts if isinstance(fact, Payout)} == {"sent", "returned"}
    assert min(fact.amount for fact in facts if isinstance(fact, Payout)) < 0
    assert {fact.reason.partition(":")[0] for fact in facts if isinstance(fact, Skipped)} >= {
        "denied",
        "pending",
        "open",
    }
    assert [fact for fact in facts if type(fact).__name__ == "Refund" and fact.fee < 0]


def test_too_many_rows_are_asked_for_in_halves_and_small_pages_give_the_same(api, monkeypatch):
    whole, cursor = pulled(api, "transactions")
    assert cursor == "2026-04-06T01:00:00Z 2026-04-06T01:00:00Z"
    monkeypatch.setattr(played, "MOST_ROWS", 20)
    monkeypatch.setattr("integrations.providers.paypal.pulling.MOST", 7)
    assert pulled(api, "transactions")[0] == whole
    monkeypatch.setattr("integrations.providers.paypal.pulling.MOST_DISPUTES", 1)
    assert len(pulled(api, "disputes")[0]) == 3


def test_the_next_pull_reads_three_days_again(api):
    _, cursor = pulled(api, "transactions")
    again, _ = pulled(api, "transactions", cursor)
    moments = [raw["transaction_info"]["transaction_initiation_date"] for raw in again]
    assert moments
    assert min(moments) >= f"{STORY_NOW - timedelta(days=3):%Y-%m-%dT%H:%M:%S}"


@pytest.mark.contracts
def test_errors_and_the_limit_have_paypals_shape(service, sandbox):
    access = service.desk.open_grant("tamarack", "").access_token
    headers, base = {"Authorization": f"Bearer {access}"}, sandbox.base_url("paypal")
    wide = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-02T00:00:00Z"}
    got = requests.get(f"{base}/v1/reporting/transactions", params=wide, headers=headers, timeout=5)
    assert isinstance(PROVIDER.read_error(got.status_code, {}, got.json()), Refused)
    assert wrong(REPORTS, {"$ref": "#/components/schemas/error_400"}, got.json()) == []
    bare = {**wide, "start_date": "2026-01-20"}
    assert requests.get(f"{base}/v1/reporting/transactions", params=bare, headers=headers, timeout=5).status_code == 400
    lost = requests.get(f"{base}/v1/reporting/balances", headers={"Authorization": "Bearer A21AAnone"}, timeout=5)
    assert isinstance(PROVIDER.read_error(lost.status_code, {}, lost.json()), Reconnect)
    assert wrong(REPORTS, {"$ref": "#/components/schemas/error_401"}, lost.json()) == []
    assert isinstance(PROVIDER.read_error(403, {}, service.failure(403).json), Forbidden)
    answers = [requests.get(f"{base}/v1/reporting/balances", headers=headers, timeout=5) for _ in range(55)]
    busy = next(one for one in answers if one.status_code == 429)
    assert busy.json()["name"] == "RATE_LIMIT_REACHED"
    assert isinstance(PROVIDER.read_error(429, dict(busy.headers), busy.json()), RetryLater)


def test_a_token_is_given_for_id_and_secret_for_nine_hours_and_ended_with_them(service, sandbox):
    base, keys = sandbox.base_url("paypal"), service.access("tamarack")
    pair = (keys["client_id"], keys["client_secret"])
    grant = {"grant_type": "client_credentials"}
    assert requests.post(f"{base}/v1/oauth2/token", data=grant, auth=(pair[0], "E"), timeout=5).status_code == 401
    given = requests.post(f"{base}/v1/oauth2/token", data=grant, auth=pair, timeout=5).json()
    assert (given["expires_in"], "reporting/search/read" in given["scope"]) == (32400, True)
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert requests.get(f"{base}/v1/reporting/balances", headers=headers, timeout=5).status_code == 200
    ended = {"token": given["access_token"], "token_type_hint": "ACCESS_TOKEN"}
    assert requests.post(f"{base}/v1/oauth2/token/terminate", data=ended, auth=pair, timeout=5).status_code == 204
    assert requests.get(f"{base}/v1/reporting/balances", headers=headers, timeout=5).status_code == 401


def test_a_notice_is_believed_by_the_certificate_it_names_the_webhook_and_the_bytes(service):
    signed = service.webhook("tamarack", "PAYMENT.CAPTURE.COMPLETED", "")
    hook, pem = PROVIDER.webhook, service._signer[1].decode()
    now = STORY_NOW.fromtimestamp(service.setting.clock.now(), STORY_NOW.tzinfo)
    secrets = [pem, "ANOTHERWEBHOOK", service.webhook_id("tamarack")]
    assert hook.key_url(signed.headers).startswith(service.base)
    assert hook.verify(signed.body, signed.headers, secrets, now)
    assert not hook.verify(signed.body + b" ", signed.headers, secrets, now)
    assert not hook.verify(signed.body, signed.headers, secrets[:2], now)
    assert not hook.verify(signed.body, signed.headers, [pem], now)
    assert not hook.verify(signed.body, signed.headers, secrets, now + timedelta(days=401))
    for name, value in (
        ("AUTH-ALGO", "HS256"),
        ("TRANSMISSION-ID", "x"),
        ("TRANSMISSION-TIME", "x"),
        ("TRANSMISSION-SIG", "é"),
    ):
        assert not hook.verify(signed.body, {**signed.headers, f"PAYPAL-{name}": value}, secrets, now), name
    stranger = pem.replace("MII", "MIJ", 1)
    assert not hook.verify(signed.body, signed.headers, [stranger, *secrets[1:]], now)
    assert next(iter(hook.events(json.loads(signed.body))))[1:] == ("", ("transactions", "balances"))
    dispute = json.loads(service.webhook("tamarack", "CUSTOMER.DISPUTE.CREATED", "").body)
    assert next(iter(hook.events(dispute)))[2] == ("disputes", "transactions")
    with pytest.raises(KeyError):
        service.webhook("tamarack", "BILLING.PLAN.CREATED", "")


def test_paypals_own_package_reads_the_sandbox(api, service, sandbox, monkeypatch):
    keys = service.access("tamarack")
    monkeypatch.setitem(Configuration.environments[Environment.SANDBOX], Server.DEFAULT, sandbox.base_url("paypal"))
    who = ClientCredentialsAuthCredentials(keys["client_id"], keys["client_secret"])
    client = PaypalServersdkClient(environment=Environment.SANDBOX, client_credentials_auth_credentials=who)
    asked = {
        "start_date": "2026-02-01T00:00:00Z",
        "end_date": "2026-02-28T23:59:59Z",
        "fields": "all",
        "page_size": 500,
    }
    theirs = client.transaction_search.search_transactions(asked).body
    ours = api.get("/v1/reporting/transactions", {name: str(value) for name, value in asked.items()})
    told = [
        (row.transaction_info.transaction_id, row.transaction_info.transaction_amount.value)
        for row in theirs.transaction_details
    ]
    rows = [raw["transaction_info"] for raw in ours["transaction_details"]]
    assert told == [(info["transaction_id"], info["transaction_amount"]["value"]) for info in rows]
    assert len(told) > 50
    (held,) = client.transaction_search.search_balances({}).body.balances
    assert (
        held.available_balance.value == api.get("/v1/reporting/balances")["balances"][0]["available_balance"]["value"]
    )
