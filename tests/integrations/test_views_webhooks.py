"""The address of notices: the raw body, bounded, no session, no form's token, and nothing said beyond a status."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from integrations.models import WebhookEvent
from tests.integrations.test_webhooks import body_of, held, sign

__all__ = ["held"]
pytestmark = pytest.mark.django_db
ADDRESS = "/webhooks/scripted/"


def deliver(body: bytes, **options: Any) -> Any:
    browser = Browser(enforce_csrf_checks=True)
    headers = options.pop("headers", {"X-Signature": sign(body)})
    return browser.post(options.pop("address", ADDRESS), body, content_type="application/json", headers=headers)


def test_an_authentic_notice_is_kept_and_answered_with_nothing(held):
    answer = deliver(body_of(("e1", held.account_id)))
    assert (answer.status_code, answer.content) == (200, b"")
    from clients.tenancy import system_context

    with system_context():
        assert WebhookEvent.objects.count() == 1


def test_a_forged_notice_is_refused(held):
    assert deliver(body_of(("e1", held.account_id)), headers={"X-Signature": "0" * 64}).status_code == 401


def test_no_session_is_begun(held):
    answer = deliver(body_of(("e1", held.account_id)))
    assert not answer.cookies


def test_a_body_over_a_mebibyte_is_not_read(held):
    assert deliver(b"x" * (1024 * 1024 + 1)).status_code == 413


def test_an_unknown_system_has_no_address(held):
    assert deliver(b"{}", address=reverse("integrations:webhook", args=["nobody"])).status_code == 404


def test_the_address_may_name_the_account(held):
    body = body_of(("e9", ""))
    deliver(body, address=f"{ADDRESS}?account={held.account_id}")
    from clients.tenancy import system_context

    with system_context():
        assert WebhookEvent.objects.get().connection_id == held.pk


def test_only_a_post_is_taken(held):
    assert Browser().get(ADDRESS).status_code == 405
