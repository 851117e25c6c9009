"""Our clients against mock servers made from the providers' published descriptions: requests are allowed, answers are read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from integrations import registry
from integrations.errors import PayloadError, ProviderError
from integrations.http import ProviderApi
from integrations.provider import Context, Window

pytestmark = [pytest.mark.contracts]
CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD", account_id="acct_test")
#: Stripe's description refers to itself so often that the server needs minutes to start; its requests and answers are checked
#: by its own SDK and schemas under tests/integrations/sandbox.
FILES = {
    "plaid": "plaid/openapi-transactions-2020-09-14.json",
    "gusto": "gusto/gusto-payroll.openapi.yaml",
}
#: Streams whose made-up answers are not as declared (an object for a list, "string" for a date): they are refused by name.
INVENTED = {("gusto", "payrolls"), ("gusto", "contractor_payments"), ("gusto", "reversals")}
ACCOUNTS = {"plaid": "item-test", "gusto": "6f5c1d2e-0a57-4a0c-8d56-5f0f6b1f3a11"}
STREAMS = [(slug, stream.name) for slug in FILES for stream in registry.provider(slug).streams]
#: A mock server says for ever that there is more.
PAGES, CALLS = 3, 8


class EnoughError(Exception):
    """The client asked as often as this test wants to see."""


class Watched(ProviderApi):
    """A session that keeps what the server found wrong with its requests."""

    def __init__(self, slug, base):
        super().__init__(registry.provider(slug), "access-token", ACCOUNTS[slug])
        self._base = base
        self.calls, self.refusals = 0, []

    def _send(self, method, path, **what):
        if self.calls == CALLS:
            raise EnoughError
        answer = super()._send(method, path, **what)
        self.calls += 1
        found = answer.headers.get("sl-violations")
        wrong = [one for one in json.loads(found) if one["location"][0] == "request"] if found else []
        if wrong or (isinstance(answer.body, dict) and "stoplight.io/prism" in str(answer.body.get("type", ""))):
            self.refusals.append((method, path, wrong or answer.body))
        return answer


@pytest.fixture
def api(mock, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    return lambda slug: Watched(slug, mock(FILES[slug]))


@pytest.mark.parametrize(("slug", "name"), STREAMS, ids=[f"{slug}-{name}" for slug, name in STREAMS])
def test_a_streams_requests_are_allowed_and_its_answers_are_read(api, slug, name):
    session, stream = api(slug), registry.provider(slug).stream(name)
    window = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 6, tzinfo=UTC))
    try:
        for page in islice(stream.pull(session, window), PAGES):
            assert page.items is not None
    except ProviderError as error:
        problem = f"an answer as published was not read: {error!r}"
    except PayloadError as error:
        problem = "" if (slug, name) in INVENTED else str(error)
    except EnoughError:
        problem = ""
    else:
        problem = ""
    assert session.calls
    assert (session.refusals, problem) == ([], "")
