"""The form that comes before a sign-in or is one: what it asks, what it says is wrong, and that no secret is ever shown again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from clients.models import AuditEvent
from clients.tenancy import client_context
from integrations.models import Connection
from integrations.provider import OAuth2
from tests import builders
from tests.integrations import acting, scripted
from tests.integrations.test_certificates import AUTH as CERTIFIED
from tests.integrations.test_certificates import NEXT, OURS, keys
from tests.integrations.test_http import _server, ok, server
from tests.integrations.test_oauth_ways import PLAIN

__all__ = ["_server", "server"]
pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
CONNECT = "/c/kestrel/connections/connect/scripted/"
GIVEN = {"given": "1", "key": "sk_canary1", "region": "eu"}
ME = '{"id": "acct-1", "name": "Larch"}'


@pytest.fixture
def bob(world: Any) -> Any:
    return builders.sign_in(Browser(), world.bob)


def install(monkeypatch: Any, auth: Any, **declared: Any) -> None:
    scripted.install(monkeypatch, acting.provider(auth, **declared))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def connections(world: Any) -> list[Connection]:
    with client_context(world.kestrel.pk):
        return list(Connection.objects.all())


def test_the_button_leads_to_the_form(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    assert bob.post(CONNECT, headers=HTMX).headers["HX-Redirect"] == CONNECT
    page = text(bob.get(CONNECT))
    assert "<h1>Connect Scripted</h1>" in page
    assert "Make a key that may only read." in page
    assert "Shown at the vendor&#x27;s settings." in page
    assert 'type="password"' in page


def test_pasted_keys_connect_at_once(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    server.answers = [ok(ME)]
    answer = bob.post(CONNECT, GIVEN)
    (made,) = connections(world)
    assert answer.headers["Location"] == f"/c/kestrel/connections/{made.pk}/"
    assert made.is_live
    page = text(bob.get(answer.headers["Location"]))
    assert "Scripted, Larch is connected" in page
    assert "sk_canary1" not in page


def test_what_is_wrong_is_said_at_the_field_and_the_secret_is_gone(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    answer = bob.post(CONNECT, GIVEN | {"key": "rubbish-canary"})
    assert answer.status_code == 422
    assert "That is not what secret key looks like." in text(answer)
    assert "rubbish-canary" not in text(answer)
    assert server.asked == []


def test_keys_that_are_not_accepted_are_said_and_never_repeated(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    server.answers = [ok('{"message": "body-canary"}', status=401)]
    answer = bob.post(CONNECT, GIVEN, headers=HTMX)
    assert answer.status_code == 200
    assert "does not accept these keys" in text(answer)
    assert not [canary for canary in ("sk_canary1", "body-canary") if canary in text(answer)]
    assert connections(world) == []


def test_a_certificates_key_is_not_given_back_either(world, bob, server, monkeypatch):
    install(monkeypatch, CERTIFIED)
    given = {"given": "1", "client_id": "id-1", "client_secret": "secret-canary", **keys((OURS[0], NEXT[1]))}
    page = text(bob.post(CONNECT, given))
    assert "The key belongs to another certificate." in page
    assert "BEGIN CERTIFICATE" in page
    assert not [line for line in NEXT[1].splitlines()[1:-1] if line in page]
    assert "secret-canary" not in page


def test_a_place_is_asked_before_leaving(world, bob, server, monkeypatch):
    auth = OAuth2(**PLAIN)
    install(monkeypatch, auth, asks=(acting.SHOP,))
    assert "Shop address" in text(bob.get(CONNECT))
    wrong = bob.post(CONNECT, {"given": "1", "shop": "evil.example"})
    assert (wrong.status_code, "That is not the address of a shop there." in text(wrong)) == (422, True)
    left = bob.post(CONNECT, {"given": "1", "shop": "HTTPS://Larch.shops.example/"}, headers=HTMX)
    assert left.headers["HX-Redirect"].startswith(f"{server.url}/authorize?")


def test_a_provider_with_two_ways_offers_both(world, bob, server, monkeypatch):
    install(monkeypatch, OAuth2(**PLAIN), alternatives=(acting.KEYS,))
    page = text(bob.get(f"{CONNECT}?by=keys"))
    assert '<a href="?by=oauth2">Sign in there</a> instead' in page
    server.answers = [ok(ME)]
    bob.post(f"{CONNECT}?by=keys", GIVEN)
    assert [made.scheme for made in connections(world)] == ["keys"]
    assert bob.get(f"{CONNECT}?by=session").status_code == 404


def test_mending_asks_for_the_keys_and_keeps_what_is_left_empty(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    server.answers = [ok(ME)]
    bob.post(CONNECT, GIVEN)
    (made,) = connections(world)
    again = reverse("integrations:reconnect", args=["kestrel", made.pk])
    assert bob.post(again, headers=HTMX).headers["HX-Redirect"] == again
    page = text(bob.get(again))
    assert "Renew the access to Scripted" in page
    assert "left empty stays" in page
    assert "sk_canary1" not in page
    server.answers = [ok(ME)]
    assert bob.post(again, {"given": "1", "key": "", "region": "us"}).status_code == 302
    assert [kept.pk for kept in connections(world)] == [made.pk]


@pytest.mark.parametrize(("who", "status"), [("erin", 403), ("charlie", 404)])
def test_who_may_not_connect_sees_no_form(world, monkeypatch, server, who, status):
    install(monkeypatch, acting.KEYS)
    browser = builders.sign_in(Browser(), getattr(world, who))
    assert browser.get(CONNECT).status_code == status
    assert browser.post(CONNECT, GIVEN).status_code == status
    assert server.asked == []


# ---- by a link in the mail -----------------------------------------------------------------------------------------------


def send(bob: Any) -> str:
    mail.outbox.clear()
    bob.post(reverse("integrations:send_link", args=["kestrel", "scripted"]), {"email": "owner@kestrel.example"})
    found = re.search(r"https?://\S+(/connect/link/\S+/)", mail.outbox[0].body)
    assert found
    return found[1]


def test_a_holder_of_a_link_pastes_keys_without_an_account(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    address, holder = send(bob), Browser()
    page = text(holder.get(address))
    assert "What you paste is encrypted at once" in page
    assert "Secret key" in page
    server.answers = [ok(ME)]
    answer = holder.post(address, {"key": "sk_canary1", "region": "eu"}, follow=True)
    assert "Scripted is connected" in text(answer)
    assert [made.is_live for made in connections(world)] == [True]
    with client_context(world.kestrel.pk):
        assert AuditEvent.objects.filter(action="connection.by_link", actor=None).count() == 1
    assert holder.get(address).status_code == 410


def test_wrong_keys_leave_the_link_open(world, bob, server, monkeypatch):
    install(monkeypatch, acting.KEYS)
    address, holder = send(bob), Browser()
    server.answers = [ok(status=401)]
    answer = holder.post(address, {"key": "sk_canary1", "region": "eu"})
    assert "does not accept these keys" in text(answer)
    assert "sk_canary1" not in text(answer)
    assert holder.get(address).status_code == 200
    assert connections(world) == []


def test_a_holder_of_a_link_says_where_the_account_is_and_leaves(world, bob, server, monkeypatch):
    install(monkeypatch, OAuth2(**PLAIN), asks=(acting.SHOP,))
    address, holder = send(bob), Browser()
    assert "That is not the address of a shop" in text(holder.post(address, {"shop": "evil.example"}))
    left = holder.post(address, {"shop": "larch.shops.example"}, headers=HTMX)
    assert left.headers["HX-Redirect"].startswith(f"{server.url}/authorize?")
