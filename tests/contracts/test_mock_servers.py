"""Our clients against mock servers made from the providers' published descriptions: requests are allowed, answers are read."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from functools import cache

import pytest
import yaml

from integrations import registry
from integrations.errors import PayloadError, Refused
from integrations.http import ProviderApi
from integrations.provider import Window
from tests.contracts.conftest import CONTRACTS, missing
from tests.contracts.description import beyond, cut, referred, undeclared
from tests.integrations.contract import read, told
from tests.integrations.sandbox.test_contracts import problems, response_schema

pytestmark = [
    pytest.mark.contracts,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
FILES = {
    "plaid": "plaid/openapi-transactions-2020-09-14.json",
    "gusto": "gusto/gusto-payroll.openapi.yaml",
    "stripe": "stripe/openapi-ledger-2023-08-16.json",
}
#: Stripe's objects refer to each other in circles that the server does not come back from: it gets what our client calls and
#: expands. Path → the fields expanded there.
STRIPE = {
    "/v1/account": (),
    "/v1/balance": (),
    "/v1/balance_transactions": ("data.source", "data.source.charge"),
    "/v1/disputes": (),
    "/v1/events": (),
    "/v1/payouts": (),
}
ACCOUNTS = {"plaid": "item-test", "gusto": "6f5c1d2e-0a57-4a0c-8d56-5f0f6b1f3a11", "stripe": "acct_test"}
STREAMS = [(slug, stream.name) for slug in FILES for stream in registry.provider(slug).streams]
#: Where answers that the server makes up of types alone are refused ("string" for a date or a currency, an object for a list, an
#: event about nothing): the field that stops the pull, and the fields that stop the reading of what was pulled.
REFUSED = {
    ("plaid", "accounts"): ("", {"$.balances.iso_currency_code"}),
    ("plaid", "transactions"): ("", {"$.iso_currency_code"}),
    ("gusto", "payrolls"): ("$.list", set()),
    ("gusto", "contractor_payments"): ("$.contractor_payments[0].payments[0].date", set()),
    ("gusto", "reversals"): ("$.list", set()),
}
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 6, tzinfo=UTC))
#: A mock server says for ever that there is more; after so many answers it is told otherwise.
PAGES = 3


class Watched(ProviderApi):
    """A session that keeps what the server, and the description the server does not read, find wrong with its requests."""

    def __init__(self, slug, base):
        super().__init__(registry.provider(slug), "access-token", ACCOUNTS[slug])
        self._base = base
        self.calls, self.refusals = 0, []

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        self.calls += 1
        found = answer.headers.get("sl-violations")
        wrong = [one for one in json.loads(found) if one["location"][0] == "request"] if found else []
        if wrong or (isinstance(answer.body, dict) and "stoplight.io/prism" in str(answer.body.get("type", ""))):
            self.refusals.append((method, path, wrong or answer.body))
        if self.calls >= PAGES and isinstance(answer.body, dict) and "has_more" in answer.body:
            answer.body["has_more"] = False
        self.refusals += undeclared(described(self.provider.slug), method, path, what.get("params") or {})
        return answer


@cache
def published(slug):
    text = (CONTRACTS / FILES[slug]).read_bytes()
    return json.loads(text) if FILES[slug].endswith(".json") else yaml.load(text, yaml.CSafeLoader)


@cache
def small():
    return cut(published("stripe"), STRIPE)


@cache
def described(slug):
    """What the mock server gets: the published description; Stripe's is cut, and has published objects as its answers."""
    if slug != "stripe":
        return published(slug)
    document = copy.deepcopy(small())
    for path, body in samples().items():
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"] = body
    return document


@pytest.fixture
def api(mock, settings, tmp_path):
    """``api("gusto")`` is a session with the mock server of that provider."""
    settings.SANDBOX_URL = "http://127.0.0.1:9"

    def start(slug):
        file = CONTRACTS / FILES[slug]
        if slug == "stripe":
            file = tmp_path / "stripe.json"
            file.write_text(json.dumps(described(slug)))
        return Watched(slug, mock(slug, file))

    return start


def test_what_the_server_gets_of_stripe_is_what_is_published():
    assert beyond(small(), published("stripe")) == []
    assert set(referred(small())) == set(small()["components"]["schemas"])
    assert beyond(described("stripe"), small()) == [
        f"#/paths/{path}/get/responses/200/content/application/json/example" for path in sorted(STRIPE)
    ]


def pulled(session, stream):
    """The objects of all pages, and the field that stopped the pull ('' if none did)."""
    items = []
    try:
        for page in stream.pull(session, WINDOW):
            items += page.items
    except PayloadError as error:
        return items, error.path
    return items, ""


def unread(stream, items):
    """The fields that stop the reading of objects; the others must give facts."""
    found = set()
    for raw in items:
        try:
            assert read(stream, raw)
        except PayloadError as error:
            found.add(error.path)
    return found


@pytest.mark.parametrize(("slug", "name"), STREAMS, ids=[f"{slug}-{name}" for slug, name in STREAMS])
def test_a_streams_requests_are_allowed_and_its_answers_are_read(api, slug, name):
    session, stream = api(slug), registry.provider(slug).stream(name)
    items, stopped = pulled(session, stream)
    assert session.calls
    assert items or stopped
    assert (session.refusals, stopped, unread(stream, items)) == ([], *REFUSED.get((slug, name), ("", set())))


@pytest.mark.parametrize("slug", FILES)
def test_whose_account_it_is_is_asked_and_read(api, slug):
    session = api(slug)
    assert all(session.provider.whoami(session))
    assert session.refusals == []


def test_a_request_that_is_not_allowed_is_seen(api):
    session = api("stripe")
    with pytest.raises(Refused):
        session.get("/v1/payouts", {"limit": "many", "created[since]": "1", "expand[]": ["data.amount"]})
    assert [one if isinstance(one, str) else one[:2] for one in session.refusals] == [
        ("GET", "/v1/payouts"),
        "created[since]=1",
        "expand[]=data.amount",
    ]


# ---- published objects as answers ----------------------------------------------------------------------------------------


def sample(name):
    return json.loads((CONTRACTS / f"stripe/samples/{name}.json").read_bytes())


def samples():
    """Path → an answer of published objects, expanded where our client asks for it."""
    charge = sample("djstripe-charge_ch_fakefakefakefakefake0001")
    dispute = sample("djstripe-dispute_dp_fakefakefakefake02")
    lost = {**dispute, "status": "lost"}
    closing = {**sample("fixture3-event"), "type": "charge.dispute.closed", "data": {"object": lost}}
    lists = {
        "/v1/balance_transactions": [
            {**sample("djstripe-balance_transaction_txn_fake_ch_fakefakefakefakefake0001"), "source": charge},
            {**sample("djstripe-dispute_txn_fakefakefakefake01"), "source": {**dispute, "charge": charge}},
            *sample("live-charge-with-vat-on-fee")["data"],
            *sample("live-payout-that-repays-a-failed-payout")["balance_transactions"]["data"],
            *sample("doc-instant-payout-with-advance-funding")["data"],
        ],
        "/v1/disputes": [sample("fixture3-dispute"), lost],
        "/v1/events": [closing],
        "/v1/payouts": [sample("fixture3-payout")],
    }
    pages = {path: {"object": "list", "url": path, "has_more": True, "data": data} for path, data in lists.items()}
    return {
        **pages,
        "/v1/account": sample("djstripe-account_standard_acct_1Fg9jUA3kq9o1aTc"),
        "/v1/balance": sample("fixture3-balance"),
    }


#: A page comes again for each slice of the time asked for: each fact once.
FACTS = {
    "balance_transactions": [
        "Sale txn_fake_ch_fakefakefakefakefake0001 2019-05-16 USD 2000",
        "Dispute txn_1JHRCWJSZQVUcJYgYwW8XpF4 2019-05-16 USD 1000",
        "Sale txn_live0000000000000001 2020-02-28 EUR 50000",
        "Payout txn_live0000000000000003 2020-09-02 EUR 49108",
        "Payout txn_live0000000000000004 2020-03-15 EUR 49108",
        "Skipped txn_123 2024-05-08 USD -1500",
        "Skipped txn_234 2024-05-08 USD -2500",
        "Skipped txn_456 2024-05-08 USD 4000",
        "Payout txn_567 2024-05-08 USD 4000",
    ],
    "disputes": [
        "Skipped dp_1Pgc71B7WZ01zgkWMevJiAUx 2009-02-13 USD 0",
        "Dispute dp_1JAyTwJSZQVUcJYgPqasUEn1:closed 2009-02-13 USD 1000",
    ],
    "payouts": ["Payout po_1Pgc79B7WZ01zgkWu1KToYf4 2009-02-13 USD 1100"],
    "balance": ["ProcessorBalance balance:2026-04-05:USD 2026-04-05 USD 0"],
}


@pytest.mark.parametrize("name", FACTS)
def test_published_objects_are_facts(api, name):
    stream = registry.provider("stripe").stream(name)
    items, _ = pulled(api("stripe"), stream)
    assert list(dict.fromkeys(told(record) for raw in items for record in read(stream, raw))) == FACTS[name]


def test_an_expanded_charge_is_read_with_its_row(api):
    stream = registry.provider("stripe").stream("balance_transactions")
    items, _ = pulled(api("stripe"), stream)
    assert [(one.customer, one.fee) for one in read(stream, items[0])] == [("cus_6lsBvm5rJ0zyHc", 88)]


def test_the_samples_are_answers_as_published():
    found = {path: problems("stripe", response_schema("stripe", path), body) for path, body in samples().items()}
    assert found == {path: [] for path in STRIPE}
