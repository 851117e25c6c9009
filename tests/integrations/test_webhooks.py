"""Notices: only authentic ones make work, each once, and an unknown account is kept apart."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from clients.tenancy import system_context
from integrations import registry, webhooks
from integrations.models import Connection, SyncJob, WebhookEvent
from integrations.payload import Payload
from integrations.provider import Webhook
from tests.integrations import scripted

pytestmark = pytest.mark.django_db
SECRET, OTHER = "hook-secret-one", "hook-secret-two"


def verify(body: bytes, headers: Any, secrets: Any, _now: Any) -> bool:
    given = headers.get("X-Signature", "")
    return any(hmac.compare_digest(given, sign(body, secret)) for secret in secrets)


def events(payload: Any) -> Any:
    for event in Payload.of(payload).objects("events", required=True):
        yield event.text("id", ""), event.text("account", ""), ("rows",)


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def body_of(*given: tuple[str, str]) -> bytes:
    return json.dumps({"events": [{"id": name, "account": account} for name, account in given]}).encode()


def deliver(body: bytes, signature: str | None = None, **options: Any) -> webhooks.Receipt:
    return webhooks.receive(
        "scripted", body, {"X-Signature": sign(body) if signature is None else signature}, **options
    )


@pytest.fixture
def held(world: Any, monkeypatch: Any) -> Connection:
    script = scripted.Scripted()
    scripted.install(monkeypatch, script.provider(webhook=Webhook(verify=verify, events=events)))
    monkeypatch.setenv("TIEOUT_SCRIPTED_WEBHOOK_SECRETS", f"{OTHER}, {SECRET}")
    scripted.connection(world.quillfeather)
    return scripted.connection(world.kestrel)


def made() -> tuple[int, int]:
    """(events kept, jobs made)"""
    with system_context():
        return WebhookEvent.objects.count(), SyncJob.objects.count()


def test_an_authentic_notice_makes_one_job_for_its_connection(held):
    assert deliver(body_of(("e1", "account-kestrel"))) == webhooks.Receipt(200, new=1)
    with system_context():
        job = SyncJob.objects.get()
        event = WebhookEvent.objects.get()
    assert (job.connection_id, job.kind, job.arguments) == (held.pk, "sync", {"streams": ["rows"]})
    assert (event.client_id, event.handled_at) == (held.client_id, None)


def test_the_same_notice_again_makes_nothing(held):
    body = body_of(("e1", "account-kestrel"))
    deliver(body)
    assert deliver(body) == webhooks.Receipt(200, known=1)
    assert made() == (1, 1)


def test_each_event_of_a_delivery_goes_to_its_own_company(held):
    receipt = deliver(body_of(("e1", "account-kestrel"), ("e2", "account-quillfeather"), ("e1", "account-kestrel")))
    assert receipt == webhooks.Receipt(200, new=2, known=1)
    with system_context():
        assert len(set(SyncJob.objects.values_list("client_id", flat=True))) == 2


def test_an_account_nobody_holds_is_kept_apart_and_answered(held):
    assert deliver(body_of(("e1", "account-of-a-stranger"))) == webhooks.Receipt(200, strange=1)
    with system_context():
        event = WebhookEvent.objects.get()
    assert (event.client_id, event.connection_id, event.account_id) == (None, None, "account-of-a-stranger")
    assert made() == (1, 0)


def test_a_disconnected_account_gets_no_job(held):
    with system_context():
        Connection.objects.update(state="disconnected")
    assert deliver(body_of(("e1", "account-kestrel"))).strange == 1
    assert made() == (1, 0)


GOOD = body_of(("e1", "account-kestrel"))


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (GOOD, ""),
        (GOOD, "0" * 64),
        (GOOD, sign(GOOD, "guess")),
        (GOOD, sign(GOOD)[:-1]),
        (GOOD, sign(GOOD).upper()),
        (GOOD, sign(GOOD) + " "),
        (GOOD.replace(b"kestrel", b"quillfeather"), sign(GOOD)),
        (GOOD + b" ", sign(GOOD)),
        (GOOD.replace(b"e1", b"e2"), sign(GOOD)),
        (b"", sign(GOOD)),
        (b"\xff\xfe", sign(GOOD)),
        (GOOD, hashlib.sha256(SECRET.encode() + GOOD).hexdigest()),
    ],
)
def test_a_forged_notice_makes_nothing(held, body, signature):
    assert deliver(body, signature).status == 401
    assert made() == (0, 0)


def test_without_a_secret_nothing_is_authentic(held, monkeypatch):
    monkeypatch.setenv("TIEOUT_SCRIPTED_WEBHOOK_SECRETS", "")
    assert deliver(GOOD, sign(GOOD, "")).status == 401
    assert made() == (0, 0)


def test_both_secrets_hold_while_one_is_replaced(held):
    assert deliver(GOOD, sign(GOOD, OTHER)).new == 1


def test_more_than_a_mebibyte_is_not_even_verified(held, monkeypatch):
    monkeypatch.setattr(webhooks, "secrets", lambda *_given: pytest.fail("it was looked at"))
    assert deliver(b"x" * (webhooks.LIMIT_BYTES + 1)).status == 413


@pytest.mark.parametrize("slug", ["absent", "../stripe", "gusto/../stripe", ""])
def test_a_provider_that_is_not_there_is_not_found(held, slug):
    assert webhooks.receive(slug, GOOD, {}).status == 404


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"events": 7}', b'{"events": [7]}', b"{}"])
def test_an_authentic_notice_nobody_understands_is_kept_and_answered(held, body):
    assert deliver(body).status == 200
    assert made() == (1, 0)


def test_notices_without_an_id_are_told_apart_by_their_signature(held):
    first = body_of(("", "account-kestrel"))
    assert [deliver(first).new, deliver(first).known, deliver(first, sign(first, OTHER)).new] == [1, 1, 1]


def test_an_address_may_tell_whose_notice_it_is(held):
    assert deliver(body_of(("e1", "")), account_id="account-kestrel").new == 1


def test_shuffled_repeats_of_forty_events_make_forty_jobs(held):
    import random

    bodies = [body_of((f"e{number}", "account-kestrel")) for number in range(40)] * 3
    random.Random(7).shuffle(bodies)
    for body in bodies:
        deliver(body)
    assert made() == (40, 40)


# ---- the real schemes, from the sandbox ----------------------------------------------------------------------------------


class Catcher:
    """Catches one delivery over loopback HTTP."""

    def __init__(self) -> None:
        self.caught: list[tuple[bytes, dict[str, str]]] = []
        self.server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    @Request.application
    def _app(self, request: Request) -> Response:
        self.caught.append((request.get_data(), dict(request.headers)))
        return Response("")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("slug", "event"),
    [
        ("stripe", "payout.paid"),
        ("gusto", "payroll.processed"),
        ("plaid", "SYNC_UPDATES_AVAILABLE"),
        ("quickbooks-online", "latest"),
    ],
)
def test_the_real_schemes_are_taken_and_their_forgeries_refused(connect, sandbox, monkeypatch, slug, event):
    import threading

    from tests import builders

    world = builders.world()
    connect(world.bob, world.kestrel, slug)
    if slug == "quickbooks-online":
        edited = requests.post(f"{sandbox.url}/_control/companies/quillfeather/edit-old-entry", json={}, timeout=10)
        assert edited.ok, edited.text
        connect(world.bob, world.quillfeather, slug)
    monkeypatch.setenv(f"TIEOUT_{slug.upper().replace('-', '_')}_WEBHOOK_SECRETS", "sandbox-hook-secret")
    catcher = Catcher()
    threading.Thread(target=catcher.server.serve_forever, daemon=True).start()
    asked = {
        "provider": slug,
        "slug": "quillfeather" if "quickbooks" in slug else "kestrel",
        "event": event,
        "url": catcher.url,
        "secret": "sandbox-hook-secret",
    }
    sent = requests.post(f"{sandbox.url}/_control/webhooks", json=asked, timeout=10)
    catcher.server.shutdown()
    assert sent.ok, sent.text
    (body, headers) = catcher.caught[0]
    assert registry.provider(slug).webhook is not None
    assert webhooks.receive(slug, body + b" ", headers).status == 401
    with system_context():
        assert WebhookEvent.objects.count() == 0
    assert webhooks.receive(slug, body, headers).status == 200
    assert webhooks.receive(slug, body, headers).new == 0
    with system_context():
        assert WebhookEvent.objects.count() == 1
