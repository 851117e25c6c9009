"""Links in the mail: whoever holds one connects its system without an account, once, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from clients.models import AuditEvent, Membership
from clients.tenancy import client_context, system_context
from integrations import links
from integrations.models import Connection, OAuthAttempt
from tests import builders
from tests.integrations.conftest import walk

pytestmark = pytest.mark.django_db
HOLDER = "owner@kestrel.example"


def send(world: Any, to: str = HOLDER, slug: str = "stripe", **more: Any) -> str:
    """The address in the mail that was sent."""
    mail.outbox.clear()
    bob = builders.sign_in(Browser(), world.bob)
    bob.post(reverse("integrations:send_link", args=["kestrel", slug]), {"email": to, **more})
    (message,) = mail.outbox
    assert message.to == [to]
    found = re.search(r"https?://\S+(/connect/link/\S+/)", message.body)
    assert found
    return found[1]


def begin(browser: Any, address: str) -> str:
    answer = browser.post(address, headers={"HX-Request": "true"})
    return str(answer.headers["HX-Redirect"])


def come_back(browser: Any, back: dict[str, str]) -> Any:
    return browser.get(reverse("integrations:callback", args=["stripe"]), back, follow=True)


def connections(world: Any) -> list[Connection]:
    with client_context(world.kestrel.pk):
        return list(Connection.objects.all())


def test_the_page_says_who_asks_and_what_is_read_in_plain_words(world, sandbox):
    page = Browser().get(send(world)).content.decode()
    assert "Bob Birch of Larkfield Ledger keeps the books of Kestrel and Pine Outfitters" in page
    assert 'class="calm"' in page


def test_a_holder_without_an_account_connects(world, sandbox):
    address, browser = send(world), Browser()
    answer = come_back(browser, walk(begin(browser, address), "kestrel"))
    (made,) = connections(world)
    assert made.is_live
    assert "Stripe is connected" in answer.content.decode()
    with client_context(world.kestrel.pk):
        event = AuditEvent.objects.get(action="connection.by_link")
    assert (event.actor, event.detail) == (None, {"sent_to": HOLDER, "sent_by": "Bob Birch"})


def test_a_used_link_is_over(world, sandbox):
    address, browser = send(world), Browser()
    come_back(browser, walk(begin(browser, address), "kestrel"))
    assert browser.get(address).status_code == 410
    assert browser.post(address).status_code == 410


def test_a_declined_consent_leaves_the_link_open(world, sandbox):
    address, browser = send(world), Browser()
    answer = come_back(browser, walk(begin(browser, address), "kestrel", "deny"))
    assert "Stripe is not connected" in answer.content.decode()
    assert connections(world) == []
    assert browser.get(address).status_code == 200


def test_only_the_browser_that_began_comes_back(world, sandbox):
    address, browser = send(world), Browser()
    back = walk(begin(browser, address), "kestrel")
    assert come_back(Browser(), back).status_code == 410
    assert connections(world) == []


def test_a_link_finishes_no_sign_in_it_did_not_begin(world, sandbox):
    """The holder's browser takes back only what belongs to the link's own client and system."""
    browser = Browser()
    begin(browser, send(world))
    from integrations import oauth, registry

    with client_context(world.quillfeather.pk):
        theirs = oauth.begin(world.bob, world.quillfeather, registry.provider("stripe"))
    assert come_back(browser, walk(theirs, "quillfeather")).status_code == 410
    with system_context():
        assert not Connection.objects.exists()


def test_a_newer_link_replaces_the_older(world, sandbox):
    older, newer = send(world), send(world)
    assert (Browser().get(older).status_code, Browser().get(newer).status_code) == (410, 200)


def test_a_link_older_than_a_week_is_over(world, sandbox):
    address = send(world)
    with client_context(world.kestrel.pk):
        OAuthAttempt.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert Browser().get(address).status_code == 410


def test_a_link_dies_with_the_right_of_who_sent_it(world, sandbox):
    address = send(world)
    Membership.objects.filter(user=world.bob).update(is_active=False)
    assert Browser().get(address).status_code == 410


def test_a_made_up_link_is_over(world):
    assert Browser().get(reverse("integrations:link", args=["x" * 43])).status_code == 410


def test_neither_the_token_nor_the_address_is_kept_in_clear(world, sandbox, db):
    token = send(world).split("/")[-2]
    with client_context(world.kestrel.pk):
        (kept,) = OAuthAttempt.objects.values()
    assert token not in str(kept)
    assert HOLDER.encode() not in bytes(kept["verifier"])


def test_a_links_token_is_no_state_of_a_sign_in(world, sandbox):
    token = send(world).split("/")[-2]
    bob = builders.sign_in(Browser(), world.bob)
    bob.get(reverse("integrations:callback", args=["stripe"]), {"state": token, "code": "x"})
    assert connections(world) == []


def test_renewing_by_link_keeps_the_row(world, sandbox):
    browser = Browser()
    come_back(browser, walk(begin(browser, send(world)), "kestrel"))
    (first,) = connections(world)
    with client_context(world.kestrel.pk):
        Connection.objects.update(state="needs_reconnect")
    again = Browser()
    come_back(again, walk(begin(again, send(world, connection=str(first.pk))), "kestrel"))
    (kept,) = connections(world)
    assert (kept.pk, kept.state) == (first.pk, "live")


def test_the_page_of_connections_names_open_links(world, sandbox):
    send(world)
    page = builders.sign_in(Browser(), world.bob).get("/c/kestrel/connections/").content.decode()
    assert "Stripe: a link was sent by Bob Birch" in page


def test_an_address_that_is_none_sends_nothing(world, sandbox):
    mail.outbox.clear()
    bob = builders.sign_in(Browser(), world.bob)
    bob.post(reverse("integrations:send_link", args=["kestrel", "stripe"]), {"email": "nobody"})
    with client_context(world.kestrel.pk):
        assert mail.outbox == []
        assert links.sent(world.kestrel) == []
