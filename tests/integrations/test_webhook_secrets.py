"""What notices are verified with: the address, the app's secret, a connection's own, a certificate, a token that was handed over."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import datetime
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.test import Client as Browser

from clients.tenancy import client_context, system_context
from integrations import registry, rotation, tokens, webhooks
from integrations.errors import Refused
from integrations.models import WebhookEvent
from integrations.provider import Delivery, Greeting, Webhook
from tests.integrations import scripted
from tests.integrations.contract import ScriptedApi
from tests.integrations.test_webhooks import Catcher, body_of, events, sign

pytestmark = pytest.mark.django_db
BODY = body_of(("e1", "account-kestrel"))
GUSTO = registry.provider("gusto")


def install(monkeypatch: Any, world: Any, **hook: Any) -> Any:
    given = {"events": events, **hook}
    if not {"verify", "verify_at"} & set(given):
        given["verify"] = lambda body, headers, secrets, _now: any(
            hmac.compare_digest(headers.get("X-Signature", ""), sign(body, secret)) for secret in secrets
        )
    options = {"webhook": Webhook(**given), "file_hosts": (r"certs\.vendor\.example",)}
    scripted.install(monkeypatch, scripted.Scripted().provider(**options))
    return scripted.connection(world.kestrel)


def deliver(signature: str, **options: Any) -> int:
    return webhooks.receive("scripted", BODY, {"X-Signature": signature}, **options).status


def test_a_signature_over_the_address_is_judged_by_the_public_one(world, monkeypatch, settings):
    def verify_at(delivery: Delivery, secrets: Any, _now: datetime) -> bool:
        signed = delivery.method.encode() + delivery.url.encode() + delivery.body
        wanted = [base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode() for key in secrets]
        return any(hmac.compare_digest(delivery.headers.get("X-Signature", ""), one) for one in wanted)

    settings.PUBLIC_URL = "https://books.example"
    install(monkeypatch, world, verify_at=verify_at)
    monkeypatch.setenv("TIEOUT_SCRIPTED_WEBHOOK_SECRETS", "hush")

    def send(url: str) -> int:
        digest = hmac.new(b"hush", b"POST" + url.encode() + BODY, hashlib.sha256).digest()
        headers = {"X-Signature": base64.b64encode(digest).decode()}
        address = "/webhooks/scripted/?account=a%20b"
        return Browser().post(address, BODY, content_type="application/json", headers=headers).status_code

    assert send("https://books.example/webhooks/scripted/?account=a%20b") == 200
    assert send("https://books.example/webhooks/scripted/") == 401
    assert send("http://testserver/webhooks/scripted/?account=a%20b") == 401


def test_the_apps_own_secret_counts_where_the_vendor_signs_with_it(world, monkeypatch):
    install(monkeypatch, world, app_secret=True)
    monkeypatch.setenv("TIEOUT_SCRIPTED_CLIENT_ID", "app")
    monkeypatch.setenv("TIEOUT_SCRIPTED_CLIENT_SECRET", "app-secret")
    assert deliver(sign(BODY, "app-secret")) == 200
    assert deliver(sign(BODY, "other")) == 401


def test_a_connections_own_secret_counts_for_it_alone(world, monkeypatch):
    held = install(monkeypatch, world, secret_key="hook")
    other = scripted.connection(world.quillfeather)
    for connection, secret in ((held, "of-kestrel"), (other, "of-quillfeather")):
        with client_context(connection.client_id):
            tokens.store(connection, {"access_token": "x"}, keys={"hook": secret})
    assert deliver(sign(BODY, "of-kestrel"), account_id=held.account_id) == 200
    assert deliver(sign(BODY, "of-quillfeather"), account_id=held.account_id) == 401
    assert deliver(sign(BODY, "of-kestrel"), account_id="") == 401
    assert deliver(sign(BODY, ""), account_id="account-of-nobody") == 401


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/cert",
        "https://certs.vendor.example.evil.example/c",
        "http://certs.vendor.example/c",
        "",
        "/c",
    ],
)
def test_a_certificate_from_a_strange_host_is_not_fetched(world, monkeypatch, url):
    def verify(_body: Any, _headers: Any, _secrets: Any, _now: Any) -> bool:
        pytest.fail("it was judged")

    install(monkeypatch, world, verify=verify, key_url=lambda headers: headers.get("Cert-Url", ""))
    monkeypatch.setenv("TIEOUT_SCRIPTED_WEBHOOK_SECRETS", "hook-id")
    assert webhooks.receive("scripted", BODY, {"Cert-Url": url}).status == 401


def test_a_certificate_comes_first_and_once_an_hour(world, monkeypatch):
    seen: list[Any] = []

    def verify(_body: Any, _headers: Any, secrets: Any, _now: Any) -> bool:
        seen.append(list(secrets))
        return True

    fetched: list[str] = []
    install(monkeypatch, world, verify=verify, key_url=lambda _headers: "https://certs.vendor.example/c")
    monkeypatch.setenv("TIEOUT_SCRIPTED_WEBHOOK_SECRETS", "hook-id")
    monkeypatch.setattr(webhooks.ProviderApi, "fetch", lambda _api, url: fetched.append(url) or b"PEM")
    monkeypatch.setattr(webhooks, "_keys", {})
    for _ in range(2):
        assert webhooks.receive("scripted", BODY, {}).status == 200
    assert (seen, fetched) == ([["PEM", "hook-id"]] * 2, ["https://certs.vendor.example/c"])


def test_a_first_ping_is_answered_and_forgotten(world, monkeypatch):
    def greeting(body: bytes, _headers: Any) -> Greeting | None:
        return Greeting(answer="pong") if body.startswith(b"webhook_id=") else None

    install(monkeypatch, world, greeting=greeting)
    answer = Browser().post("/webhooks/scripted/", b"webhook_id=7", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"][:10]) == (200, b"pong", "text/plain")
    with system_context():
        assert not WebhookEvent.objects.exists()


# ---- the whole handshake -------------------------------------------------------------------------------------------------


def catch(act: Any) -> bytes:
    """What is posted to an address of ours while ``act(address)`` runs."""
    catcher = Catcher()
    threading.Thread(target=catcher.server.serve_forever, daemon=True).start()
    try:
        act(catcher.url)
    finally:
        catcher.server.shutdown()
    return catcher.caught[0][0]


def notice(sandbox: Any, secret: str) -> tuple[bytes, dict[str, str]]:
    signed = sandbox.app.services["gusto"].webhook("kestrel", "payroll.processed", secret)
    return signed.body, signed.headers


@pytest.fixture
def handed(world: Any, sandbox: Any) -> str:
    """The token Gusto handed over for a subscription of ours, received."""
    hook = registry.provider("gusto").webhook
    body = catch(lambda url: hook.subscribe(webhooks.app_api(registry.provider("gusto")), url))
    assert webhooks.receive("gusto", body, {}).status == 200
    return str(json.loads(body)["verification_token"])


def test_a_token_that_the_provider_confirms_verifies_its_notices(sandbox, handed):
    assert webhooks.receive("gusto", *notice(sandbox, handed)).status == 200
    assert webhooks.receive("gusto", *notice(sandbox, "a-guess")).status == 401
    # One sandbox serves the whole run: subscriptions of other tests may still stand beside ours.
    (ours,) = [one for one in sandbox.app.services["gusto"].subscriptions._kept.values() if one.token == handed]
    assert ours.status in {"verified", "pending"}


def test_a_handed_over_token_is_kept_sealed_and_survives_a_change_of_keys(sandbox, handed, monkeypatch, settings):
    with system_context():
        (row,) = WebhookEvent.objects.filter(provider="secret:gusto")
    assert handed.encode() not in bytes(row.body)
    assert webhooks._handed_over("gusto") == [handed]
    assert rotation.count_old() == 0


def test_a_token_of_a_stranger_is_not_believed(world, sandbox):
    forged = {"verification_token": "attackers", "webhook_subscription_uuid": "11111111-1111-1111-1111-111111111111"}
    assert webhooks.receive("gusto", json.dumps(forged).encode(), {}).status == 401
    assert webhooks.receive("gusto", *notice(sandbox, "attackers")).status == 401
    with system_context():
        assert not WebhookEvent.objects.exists()


def test_a_provider_that_is_away_is_asked_again_later(world, sandbox):
    requests.post(
        f"{sandbox.url}/_control/faults",
        json={"provider": "gusto", "kind": "status", "status": 503, "path_regex": "verify"},
        timeout=10,
    )
    told = {"verification_token": "t", "webhook_subscription_uuid": "s"}
    assert webhooks.receive("gusto", json.dumps(told).encode(), {}).status == 503


def test_the_command_subscribes_the_public_address(world, sandbox, settings, capsys):
    catcher = Catcher()
    threading.Thread(target=catcher.server.serve_forever, daemon=True).start()
    settings.PUBLIC_URL = catcher.url.rstrip("/")
    call_command("subscribe_webhooks", "gusto")
    catcher.server.shutdown()
    assert b"verification_token" in catcher.caught[0][0]
    assert "sends its notices to" in capsys.readouterr().out


def test_the_post_that_hands_over_a_token_is_no_notice():
    told = {"verification_token": "t", "webhook_subscription_uuid": "s"}
    assert GUSTO.webhook.greeting(json.dumps(told).encode(), {}) == Greeting("s", "t")
    for other in ({"event_type": "payroll.paid", "verification_token": "t"}, {"verification_token": "t"}, [], {}):
        assert GUSTO.webhook.greeting(json.dumps(other).encode(), {}) is None


def test_a_token_is_brought_back_to_the_subscription_it_is_of_and_nowhere_else():
    api = ScriptedApi(("/v1/webhook_subscriptions/s-1/verify", {}))
    GUSTO.webhook.confirm(api, Greeting("s-1", "t"))
    assert api.asked == [("/v1/webhook_subscriptions/s-1/verify", {"verification_token": "t"})]
    with pytest.raises(Refused):
        GUSTO.webhook.confirm(api, Greeting("../companies/c-1", "t"))
