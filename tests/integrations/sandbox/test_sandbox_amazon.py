"""The sandbox's Amazon: as published, read whole by our pulls, proven against the story, and the same brought by file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
import requests
from jsonschema import Draft202012Validator
from sp_api.api import Finances, Reports
from sp_api.auth import AccessTokenClient
from sp_api.base import SellingApiBadRequestException

from clients.tenancy import client_context
from integrations import files, oauth, syncing
from integrations.errors import Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.models import Fact, SourceDocument
from integrations.provider import Context, Window
from integrations.providers.amazon.provider import PROVIDER
from integrations.records import (
    Announced,
    Order,
    OrderRefund,
    Payout,
    ProcessorBalance,
    Reserve,
    Skipped,
    StatementClosed,
    SystemBalance,
    Unknown,
)
from integrations.sandbox import walking
from integrations.sandbox.amazon import api as played
from integrations.sandbox.amazon import shapes
from integrations.sandbox.server import CLIENT_IDS
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from ledger.core.tieouts import processor_roll_forward
from tests.contracts.description import template_of
from tests.integrations.conftest import walk
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SINCE = date(2026, 1, 1)
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="", as_of=date(2026, 4, 5))
PUBLISHED = {
    "/reports/": "reports_2021-06-30.json",
    "/finances/2024": "finances_2024-06-19.json",
    "/finances/transfers": "transfers_2024-06-01.json",
    "/sellers/": "sellers.json",
}


@cache
def contract(path):
    """The description of a path; the schemas of Swagger 2.0 are those of JSON Schema but for their place."""
    name = next(name for start, name in PUBLISHED.items() if path.startswith(start))
    return json.loads((CONTRACTS / "amazon" / name).read_bytes())


def wrong(path, status, body):
    document = contract(path)
    schema = document["paths"][template_of(document, path)]["get"]["responses"][str(status)]["schema"]
    errors = Draft202012Validator({**schema, "definitions": document["definitions"]}).iter_errors(body)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors]


class Watched(ProviderApi):
    """A session that holds every request and answer against the published description."""

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        self.calls = [*getattr(self, "calls", []), path]
        declared = contract(path)["paths"][template_of(contract(path), path)]["get"].get("parameters", [])
        named = {one["name"] for one in declared if one.get("in") == "query"}
        assert set(what.get("params") or {}) <= named
        assert wrong(path, answer.status, json.loads(json.dumps(answer.body, default=float))) == []
        return answer


class Counting(ProviderApi):
    """A session that only keeps what was called."""

    def _send(self, method, path, **what):
        self.calls = [*getattr(self, "calls", []), path]
        return super()._send(method, path, **what)


@pytest.fixture
def service(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return sandbox.app.services["amazon"]


@pytest.fixture
def api(service, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)
    return Watched(PROVIDER, service.desk.open_grant("tamarack", "").access_token, "A1")


def pulled(api, name, cursor="", now=STORY_NOW):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=SINCE, now=now)))
    return [item for one in pages for item in one.items], pages[-1].cursor


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


@pytest.mark.contracts
def test_every_request_and_answer_is_as_published_and_the_balance_rolls_forward_to_the_story(api, sandbox):
    """Opening + rows − payouts = what Amazon says is available and deferred, at each month's end; its reserve likewise."""
    assert PROVIDER.whoami(api) == ("A1", "Tamarack Trading")
    facts = everything(api)
    told = sandbox.app.setting.world.company("tamarack").told["amazon"]
    assert [fact for found in facts.values() for fact in found if isinstance(fact, Unknown)] == []
    assert len(set(api.calls)) == 5 + len(told.data.settlements)
    rows = [*facts["settlements"], *facts["transactions"]]
    reported = {fact.booked_on: fact.amount for fact in facts["balances"] if isinstance(fact, ProcessorBalance)}
    reserved = {fact.booked_on: fact.amount for fact in facts["balances"] if isinstance(fact, SystemBalance)}
    for month in telling.PROVEN:
        last = month_end(month)
        held = {one.name: one.amount_minor for one in told.balances if one.on == last}
        assert (reported[last], reserved[last]) == (held["Available and deferred"], held["Reserved"]), month
        until = [fact for fact in rows if fact.booked_on <= last]
        assert processor_roll_forward(0, until, reported=reported[last], ledger=reported[last]).ties, month
        assert sum(fact.amount for fact in until if isinstance(fact, Reserve)) == reserved[last] > 0, month


def test_what_is_announced_after_the_last_settlement_is_what_amazon_holds_more_than_its_rows(api):
    """At each month's end, as it was known then: with the settlement still open, to the cent."""
    facts = everything(api)
    ends = [fact for fact in facts["settlements"] if isinstance(fact, StatementClosed)]
    balances = {fact.booked_on: fact.amount for fact in facts["balances"] if isinstance(fact, ProcessorBalance)}
    for month in telling.PROVEN:
        last = month_end(month)
        known = {_number(fact): fact.occurred_at for fact in ends if fact.booked_on <= last}
        closed = max(known.values())
        told = [*facts["transactions"], *(fact for fact in facts["settlements"] if _number(fact) in known)]
        until = [fact for fact in told if fact.booked_on <= last]
        ahead = [fact.amount for fact in until if isinstance(fact, Announced) and fact.occurred_at >= closed]
        roll = processor_roll_forward(0, until, reported=balances[last], ledger=0)
        assert replace(roll, unsettled=sum(ahead)).to_processor == 0 != roll.to_processor, month


def _number(fact):
    return fact.external_id.partition(":")[0]


def test_the_story_has_every_event_that_matters(api):
    facts = everything(api)
    found = facts["settlements"]
    assert {type(fact).__name__ for fact in found} == {
        *("Order", "OrderRefund", "ProcessorFee", "ProcessorCredit", "Reserve", "Payout", "Skipped", "StatementClosed"),
    }
    assert {fact.reason.partition(":")[0] for fact in found if isinstance(fact, Skipped)} == {
        "nothing is paid out",
        "an earlier settlement's negative balance, carried on",
    }
    deferred = [fact for fact in facts["transactions"] if isinstance(fact, Order)]
    posted, released = (
        {fact.booked_on.month for fact in deferred if (fact.amount > 0) is way} for way in (True, False)
    )
    assert (posted, released) == ({1, 2, 3, 4}, {1, 2, 3, 4})
    assert any(tax.amount and not tax.collected_by_marketplace for fact in found if isinstance(fact, Order) for tax in fact.taxes)  # fmt: skip
    assert {fee.category for fact in found if isinstance(fact, OrderRefund) for fee in fact.fees} == {
        "Commission",
        "Refund Commission",
    }
    assert len([fact for fact in found if isinstance(fact, Payout)]) == 6


def test_small_pages_give_the_same_and_the_next_pull_reads_no_report_again(api, monkeypatch):
    api.__class__ = Counting
    whole = {name: pulled(api, name) for name in STREAMS}
    monkeypatch.setattr(played, "PAGE", 7)
    monkeypatch.setattr(played, "PAYOUTS_PAGE", 1)
    monkeypatch.setattr("integrations.providers.amazon.pulling.MOST", 2)
    assert {name: pulled(api, name)[0] for name in STREAMS} == {name: items for name, (items, _) in whole.items()}
    monkeypatch.undo()
    before = len(api.calls)
    assert pulled(api, "settlements", whole["settlements"][1]) == ([], whole["settlements"][1])
    assert len(api.calls) == before + 1
    again, _ = pulled(api, "transactions", whole["transactions"][1])
    assert again
    assert min(raw["postedDate"] for raw in again) >= f"{STORY_NOW - timedelta(days=8):%Y-%m-%d}"


def test_a_document_is_zipped_or_not_and_its_address_works_for_five_minutes(api, service, sandbox, monkeypatch):
    settlement = service.account("tamarack").settlements[1]
    told = api.get(f"/reports/2021-06-30/documents/{shapes.document_id(settlement)}")
    assert told["compressionAlgorithm"] == "GZIP"
    raw = requests.get(told["url"], timeout=5)
    assert raw.content.startswith(b"\x1f\x8b")
    assert api.fetch(told["url"]) == shapes.flat_file(settlement)
    sandbox.app.setting.clock.advance(301)
    monkeypatch.setattr("integrations.http.GET_TRIES", 1)
    with pytest.raises(RetryLater, match="run out"):
        api.fetch(told["url"])
    assert requests.get(told["url"] + "0", timeout=5).status_code == 403
    sandbox.app.setting.clock.advance(-301)
    assert len(pulled(api, "settlements")[0]) > 100


@pytest.mark.contracts
def test_errors_and_the_limit_have_amazons_shape(service, sandbox):
    access = service.desk.open_grant("tamarack", "").access_token
    base, path = sandbox.base_url("amazon"), "/finances/2024-06-19/transactions"

    def asked(path, token=access, **params):
        return requests.get(f"{base}{path}", params=params, headers={"x-amz-access-token": token}, timeout=5)

    for found, kind in (
        (asked(path), Refused),
        (asked(path, postedAfter="2026-01-01"), Refused),
        (asked(path, postedAfter="2026-01-01T00:00:00Z", nextToken="40-other"), Refused),
        (asked("/reports/2021-06-30/reports", nextToken="x=1", pageSize="10"), Refused),
        (asked("/reports/2021-06-30/documents/none"), Refused),
        (asked(path, token="Atza|none"), Reconnect),
        (asked("/finances/2024-06-19/balances", asOfDate="2199-01-01"), Refused),
    ):
        error = PROVIDER.read_error(found.status_code, found.headers, found.json())
        assert type(error) is kind, found.text
        assert wrong(found.request.path_url.partition("?")[0].removeprefix("/amazon"), found.status_code, found.json()) == []  # fmt: skip
    busy = next(one for one in (asked("/sellers/v1/marketplaceParticipations") for _ in range(100)) if one.status_code == 429)  # fmt: skip
    assert wrong("/sellers/v1/marketplaceParticipations", 429, busy.json()) == []
    error = PROVIDER.read_error(429, busy.headers, busy.json())
    assert (type(error), error.retry_after) == (RetryLater, 2)


def test_more_than_a_hundred_and_eighty_days_at_once_give_nothing(api):
    wide = {"postedAfter": "2025-09-01T00:00:00Z", "postedBefore": "2026-04-01T00:00:00Z"}
    assert api.get("/finances/2024-06-19/transactions", wide)["payload"]["transactions"] == []


def test_the_sign_in_names_the_seller_and_the_tokens_are_login_with_amazons(service, sandbox, consent_at):
    """The application id of the page is another than the client id of the token service, if the setting says so."""
    back = consent_at("amazon", "/apps/authorize/consent").answer("tamarack", application_id=CLIENT_IDS["amazon"][0])
    assert back["selling_partner_id"] == shapes.seller_of("tamarack")
    fields = {
        "grant_type": "authorization_code",
        "code": back["spapi_oauth_code"],
        "client_id": CLIENT_IDS["amazon"][0],
        "client_secret": CLIENT_IDS["amazon"][1],
    }
    url = f"{sandbox.base_url('amazon')}/auth/o2/token"
    given = requests.post(url, data=fields, timeout=5).json()
    assert (given["access_token"][:5], given["refresh_token"][:5], given["expires_in"]) == ("Atza|", "Atzr|", 3600)
    assert requests.post(url, data=fields, timeout=5).json()["error"] == "invalid_grant"


# ---- the same by file ----------------------------------------------------------------------------------------------------


@pytest.fixture
def people():
    from tests import builders

    return builders.world()


def bring(people, client, settlements):
    """Bring every settlement as a person would: looked at first, then kept; the connection they went to."""
    found = set()
    for one in settlements:
        brought = files.preview(people.bob, client, filename=f"{one.number}.txt", content=shapes.flat_file(one))
        shown = brought.summary["system"]
        assert (shown["name"], shown["held_count"], shown["objects"]) == ("Amazon Seller", 0, len(one.events) + 1)
        found |= set(files.confirm(brought, actor=people.bob, account="Tamarack at Amazon"))
    (connection,) = found
    return connection


def kept(connection):
    found = Fact.objects.filter(connection=connection, stream="settlements")
    return sorted(found.values_list("kind", "external_id", "booked_on", "amount_minor", "state"))


@pytest.mark.django_db(transaction=True)
def test_a_brought_file_gives_the_same_facts_as_the_api_and_doubles_none_of_them(people, service, monkeypatch):
    """Beside a connection by API a file meets its documents; with none it makes the same facts."""
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)
    with client_context(people.kestrel.pk):
        address = oauth.begin(people.bob, people.kestrel, PROVIDER, asked={"marketplace": shapes.MARKETPLACE})
    with walking.catching(address, "amazon") as reachable:
        params = walk(reachable, "tamarack")
    by_api = oauth.finish(people.bob, "amazon", params)
    syncing.pull_stream(by_api.pk, "settlements", now=STORY_NOW)
    settlements = service.account("tamarack").settlements
    with client_context(people.kestrel.pk):
        before = kept(by_api), SourceDocument.objects.count()
        assert bring(people, people.kestrel, settlements) == by_api
        assert (kept(by_api), SourceDocument.objects.count()) == before
    with client_context(people.quillfeather.pk):
        by_file = bring(people, people.quillfeather, settlements)
        assert (by_file.is_by_file, kept(by_file)) == (True, before[0])


# ---- the package sellers' programs use -----------------------------------------------------------------------------------


@pytest.fixture
def package(service, sandbox, monkeypatch):
    """A maker of the package's clients, signed in as the seller's application, with the sandbox as every host."""
    grant = service.desk.open_grant("tamarack", "")
    app_id, secret = CLIENT_IDS["amazon"]
    monkeypatch.setattr(AccessTokenClient, "scheme", "")
    monkeypatch.setattr(AccessTokenClient, "host", sandbox.base_url("amazon"))
    monkeypatch.setattr("sp_api.auth.access_token_client.cache", {})

    def client(kind, **more):
        keys = {"lwa_app_id": app_id, "lwa_client_secret": secret}
        made = kind(credentials=keys, refresh_token=grant.refresh_token, **more)
        made.endpoint = sandbox.base_url("amazon")
        return made

    return client


def test_the_usual_python_package_reads_the_sandbox_as_we_do(api, package, service):
    """python-amazon-sp-api: reports and their documents to the byte, transactions page by page, and its own errors."""
    reports = package(Reports)
    asked = {"reportTypes": [shapes.REPORT], "pageSize": 4, "createdSince": "2026-01-01T00:00:00Z"}
    first = reports.get_reports(**asked)
    second = reports.get_reports(nextToken=first.next_token)
    listed = [*first.payload["reports"], *second.payload["reports"]]
    settlements = service.account("tamarack").settlements
    assert [one["reportId"] for one in listed] == [f"5{one.number}" for one in reversed(settlements)]
    for told, settlement in zip(reversed(listed), settlements, strict=True):
        document = reports.get_report_document(told["reportDocumentId"], download=True)
        assert document.payload["document"].encode() == shapes.flat_file(settlement)
    finances = package(Finances, version="2024-06-19")
    said = {"postedAfter": "2026-01-01T00:00:00Z", "postedBefore": "2026-04-06T00:00:00Z"}
    page = finances.list_transactions(**said)
    found = list(page.payload["transactions"])
    while page.next_token:
        page = finances.list_transactions(**said, nextToken=page.next_token)
        found += page.payload["transactions"]
    ours, _ = pulled(api, "transactions")
    assert [one["transactionId"] for one in found] == [one["transactionId"] for one in ours]
    with pytest.raises(SellingApiBadRequestException):
        finances.list_transactions(postedAfter="2026-01-01")
