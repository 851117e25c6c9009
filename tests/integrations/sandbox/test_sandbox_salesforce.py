"""The sandbox's Salesforce: as published, read whole by our pulls and by simple-salesforce, and true to the story."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from jsonschema import Draft202012Validator
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceExpiredSession, SalesforceMalformedRequest, format_soql

from clients.tenancy import client_context
from integrations import http, oauth, syncing, tokens
from integrations.errors import Reconnect, Refused, RetryLater, StaleCursor
from integrations.http import ProviderApi
from integrations.models import Connection, Fact
from integrations.provider import Context, Window
from integrations.providers.salesforce import pulling, wire
from integrations.providers.salesforce.provider import PROVIDER, addresses
from integrations.records import CreditNote, CustomerInvoice, InvoicePayment, Skipped, Unknown, WonDeal, WriteOff
from integrations.sandbox.salesforce import api as played
from integrations.sandbox.salesforce import soql
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW
from tests import builders
from tests.integrations.contract import CONTRACTS, read

CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="1", as_of=date(2026, 4, 5))
QUERY = f"{pulling.DATA}/query"


@cache
def contract():
    return json.loads((CONTRACTS / "salesforce/salesforce-rest.openapi.json").read_bytes())


def with_nulls(value):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_nulls(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


@cache
def schema(name):
    found = {"$ref": f"#/components/schemas/{name}", "components": contract()["components"]}
    return Draft202012Validator(with_nulls(found))


@pytest.fixture
def token(sandbox, settings, monkeypatch):
    """Nobody keeps these calls below the limit, as the workers do."""
    settings.SANDBOX_URL = sandbox.url
    monkeypatch.setattr(sandbox.app.setting, "limits", False)
    return sandbox.app.services["salesforce"].desk.open_grant("osprey", "api refresh_token").access_token


@pytest.fixture
def api(token):
    return ProviderApi(PROVIDER, token, "1", scheme=PROVIDER.scheme("oauth2"))


def pulled(api, stream, cursor=""):
    return list(stream.pull(api, Window(cursor=cursor, since=date(2026, 1, 1), now=STORY_NOW)))


def facts_of(api, stream):
    return [fact for page in pulled(api, stream) for raw in page.items for fact in read(stream, raw, CONTEXT)]


def test_everything_is_read_and_what_is_owed_is_what_the_story_says(api, sandbox, monkeypatch):
    monkeypatch.setattr(played, "MOST", 7)
    facts = [fact for stream in PROVIDER.streams for fact in facts_of(api, stream)]
    assert [fact for fact in facts if isinstance(fact, Unknown)] == []
    kinds = {CustomerInvoice: 1, InvoicePayment: -1, CreditNote: -1, WriteOff: -1}
    owed = sum(kinds[type(fact)] * fact.amount for fact in facts if type(fact) in kinds)
    told = sandbox.app.setting.world.company("osprey").told["salesforce"]
    posted = [line for event in told.events for line in event.postings if line.source == "salesforce"]
    assert owed == sum(line.amount_minor for line in posted if line.account == "Salesforce Invoices Owed")
    assert {type(fact) for fact in facts} == {*kinds, WonDeal, Skipped}
    reasons = {fact.reason for fact in facts if isinstance(fact, Skipped)}
    assert reasons == {"not posted yet", "not won", "deleted", "not activated"}
    assert {fact.currency for fact in facts if isinstance(fact, WonDeal)} == {"USD", "CAD"}
    assert any(len(fact.applications) == 2 for fact in facts if isinstance(fact, InvoicePayment))
    assert all(fact.lines for fact in facts if isinstance(fact, WonDeal) and not fact.name.startswith("Order"))


def test_a_later_pull_reads_what_changed_and_says_what_is_left(api):
    stream = PROVIDER.stream("invoices")
    first = {raw["Id"]: raw for page in pulled(api, stream) for raw in page.items}
    later = pulled(api, stream, "Invoice=2026-03-28T12:00:00.000+0000;listed=2026-04-01")
    assert later[-1].only == set(first)
    since = {mark for mark, raw in first.items() if raw["SystemModstamp"] >= "2026-03-28T11:30:00"}
    assert {raw["Id"] for page in later for raw in page.items} == since
    assert 0 < len(since) < len(first)


@pytest.mark.contracts
def test_requests_and_answers_are_as_published(token, monkeypatch):
    monkeypatch.setattr(played, "MOST", 20)
    asked = set()

    class Watched(ProviderApi):
        def _send(self, method, path, **what):
            answer = super()._send(method, path, **what)
            name = path.removeprefix(pulling.DATA).split("/")[1]
            if "/describe" not in path:
                schema("QueryResult").validate(json.loads(json.dumps(answer.body, default=float)))
                operation = f"/services/data/{{version}}/{name}"
                locator = "/{locator}" if "q" not in (what["params"] or {}) else ""
                listed = contract()["paths"][operation + locator]["get"]["parameters"]
                assert set(what["params"] or {}) <= {one["name"] for one in listed}
            for one in answer.body.get("records", []) if answer.status == 200 else ():
                kind = one["attributes"]["type"]
                if kind in contract()["components"]["schemas"]:
                    schema(kind).validate(json.loads(json.dumps(one, default=float)))
                    asked.add(kind)
            asked.add("describe" if path.endswith("/describe") else name)
            return answer

    watched = Watched(PROVIDER, token, "1", scheme=PROVIDER.scheme("oauth2"))
    for stream in ("invoices", "opportunities", "orders"):
        pulled(watched, PROVIDER.stream(stream))
    assert asked == {"describe", "query", "queryAll", "Invoice", "Opportunity", "OpportunityLineItem", "Order"}


def test_what_is_refused_is_refused_as_salesforce_does(sandbox, api, token):
    for query in ("SELECT Nothing FROM Invoice", "SELECT Id FROM Nothing", "UPDATE Invoice"):
        with pytest.raises(Refused):
            api.get(QUERY, {"q": query})
    with pytest.raises(StaleCursor):
        api.get(f"{QUERY}/0r8gone-2000")
    with pytest.raises(Refused) as gone:
        api.get(f"{pulling.DATA}/sobjects/blng__Invoice__c/describe")
    assert gone.value.code == "NOT_FOUND"
    with pytest.raises(Reconnect):
        ProviderApi(PROVIDER, "00D!no", "1", scheme=PROVIDER.scheme("oauth2")).get(QUERY)
    service = sandbox.app.services["salesforce"]
    answer = service.too_many(3)
    assert isinstance(wire.read_error(answer.status_code, {}, json.loads(answer.get_data())), RetryLater)
    service.desk.revoke(token)
    address = f"{sandbox.base_url('salesforce')}{pulling.DATA}/limits"
    told = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert (told.status_code, told.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    schema("Error").validate(told.json())


def test_a_query_sees_deleted_ones_only_where_it_asks_for_all_and_a_quote_ends_nothing():
    rows = [
        {"attributes": {}, "Id": "1", "IsDeleted": False, "Name": "O'Hara"},
        {"attributes": {}, "Id": "2", "IsDeleted": True, "Name": "x' OR Name != '"},
    ]
    held = {"Account": rows}

    def named(name, *, deleted=False):
        query = f"SELECT Id FROM Account WHERE Name IN ({pulling.quoted(name)}) ORDER BY Id LIMIT 5"
        return [row["Id"] for row in soql.run(query, held, deleted=deleted)]

    assert named("O'Hara") == ["1"]
    assert (named("x' OR Name != '"), named("x' OR Name != '", deleted=True)) == ([], ["2"])


class _Plain(HTTPAdapter):
    """The package speaks https alone, and we answer this machine without."""

    def send(self, request, *args, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def test_the_usual_package_reads_the_same(api, token, sandbox, monkeypatch):
    monkeypatch.setattr(played, "MOST", 20)
    ours = {raw["Id"]: raw for page in pulled(api, PROVIDER.stream("opportunities")) for raw in page.items}
    session = requests.Session()
    session.mount("https://", _Plain())
    address = sandbox.base_url("salesforce").removeprefix("http://")
    org = Salesforce(instance=address, session_id=token, session=session)
    query = "SELECT Id, Amount, IsWon, Account.Name FROM Opportunity ORDER BY SystemModstamp, Id"
    found = org.query_all(format_soql(query), include_deleted=True)
    assert {one["Id"]: (float(one["Amount"]), one["Account"]["Name"]) for one in found["records"]} == {
        mark: (float(raw["Amount"]), raw["Account"]["Name"]) for mark, raw in ours.items()
    }
    living = list(org.query_all_iter(query))
    assert {one["Id"] for one in living} == {mark for mark, raw in ours.items() if not raw["IsDeleted"]}
    assert {one["name"] for one in org.Invoice.describe()["fields"]} >= {"Status", "TotalAmountWithTax"}
    usage = org.limits()["DailyApiRequests"]
    assert org.api_usage["api-usage"].used == usage["Max"] - usage["Remaining"]
    with pytest.raises(SalesforceMalformedRequest):
        org.query("SELECT Nothing FROM Opportunity")
    with pytest.raises(SalesforceExpiredSession):
        Salesforce(instance=address, session_id="00D!no", session=session).query(query)


# ---- the grant -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_sign_in_is_proven_by_its_maker_alone_and_every_renewal_tells_anew_where_the_org_is(
    connect, sandbox, settings, monkeypatch
):
    settings.SANDBOX_URL = sandbox.url
    people = builders.world()
    with client_context(people.kestrel.pk):
        address = oauth.begin(people.bob, people.kestrel, PROVIDER, asked={"host": "login.salesforce.com"})
    query = parse_qs(urlsplit(address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["api refresh_token"]
    desk = sandbox.app.services["salesforce"].desk
    code = desk.issue_code("osprey", "", "api", query["code_challenge"][0])
    body = {"grant_type": "authorization_code", "code": code, "code_verifier": "a guess"}
    body |= dict(zip(("client_id", "client_secret"), played.SERVICE.app, strict=True))
    told = requests.post(f"{sandbox.base_url('salesforce')}/services/oauth2/token", data=body, timeout=5)
    schema("OAuthError").validate(told.json())
    assert told.json()["error"] == "invalid_grant"

    body |= {"code": desk.issue_code("osprey", "", "api"), "code_verifier": ""}
    told = requests.post(f"{sandbox.base_url('salesforce')}/services/oauth2/token", data=body, timeout=5).json()
    schema("TokenResponse").validate(told)
    assert "expires_in" not in told

    made = connect(people.bob, people.kestrel, "salesforce", company="osprey")
    before = tokens.held(made)
    assert (before.expires_at, before.where["instance_url"]) == (None, "https://osprey.my.salesforce.com")
    monkeypatch.setattr(played, "host_of", lambda company: f"{company}--moved.my.salesforce.com")
    desk.expire_access("osprey")
    api = http.ConnectionApi(made)
    assert PROVIDER.whoami(api)[0] == made.account_id
    after = tokens.held(made)
    assert after.grant.refresh != before.grant.refresh
    assert api.settings["instance_url"] == "https://osprey--moved.my.salesforce.com"
    with client_context(people.kestrel.pk):
        where = Connection.objects.get(pk=made.pk).where
    assert addresses(where)["api"] == "https://osprey--moved.my.salesforce.com"


@pytest.mark.django_db(transaction=True)
def test_a_deal_that_is_edited_or_moved_back_after_it_was_won_comes_to_a_person(
    connect, sandbox, settings, monkeypatch
):
    settings.SANDBOX_URL = sandbox.url
    people = builders.world()
    made = connect(people.bob, people.kestrel, "salesforce", company="osprey")
    held = sandbox.app.services["salesforce"]._objects("osprey")
    edited, back = [deal for deal in held["Opportunity"] if deal["IsWon"] and deal["CurrencyIsoCode"] == "USD"][-2:]

    def states():
        syncing.pull_stream(made.pk, "opportunities", now=STORY_NOW)
        with client_context(people.kestrel.pk):
            marks = [edited["Id"], f"{edited['Id']}:changed", back["Id"]]
            facts = Fact.objects.filter(external_id__in=marks).exclude(state="superseded")
            return {marks.index(fact.external_id): (fact.kind, fact.state) for fact in facts}

    assert states() == {0: ("WonDeal", "proof"), 2: ("WonDeal", "proof")}
    later = {"SystemModstamp": "2026-04-05T23:00:00.000+0000"}
    for name, value in (later | {"Amount": edited["Amount"] + 1}).items():
        monkeypatch.setitem(edited, name, value)
    for name, value in (later | {"IsWon": False, "StageName": "Negotiation/Review"}).items():
        monkeypatch.setitem(back, name, value)
    assert states() == {0: ("WonDeal", "proof"), 1: ("Unknown", "exception"), 2: ("Unknown", "exception")}
