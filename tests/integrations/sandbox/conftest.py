"""One running sandbox for the tests of this folder; each test starts from a reset one."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from integrations.sandbox.server import CLIENT_IDS, Sandbox
from integrations.sandbox.walking import walk

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture(scope="session")
def running_sandbox():
    with Sandbox(seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    """Without what an earlier test granted, armed or spent of a limit."""
    for slug, service in running_sandbox.app.services.items():
        if slug != "quickbooks-online":
            service.reset()
            service._window._hits.clear()
    running_sandbox.app.services["quickbooks-online"].desk.reset()
    running_sandbox.app.setting.clock._ahead = 0
    running_sandbox.app.faults.clear()
    running_sandbox.app.log.clear()
    return running_sandbox


class Consent:
    """Walks a consent page as a browser would: reads its form and posts it."""

    def __init__(self, sandbox, slug, path):
        self.sandbox, self.slug = sandbox, slug
        self.client_id, self.client_secret = CLIENT_IDS[slug]
        self.url = sandbox.base_url(slug) + path

    def address(self, **extra):
        query = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "st-1",
            **extra,
        }
        return f"{self.url}?{urlencode(query)}"

    def page(self, **extra):
        return requests.get(self.address(**extra), timeout=5)

    def answer(self, company, *, decision="approve", **extra):
        """The query of the redirect back to the application."""
        back = walk(self.address(**extra), company, decision=decision)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


@pytest.fixture
def consent_at(sandbox):
    return lambda slug, path: Consent(sandbox, slug, path)
