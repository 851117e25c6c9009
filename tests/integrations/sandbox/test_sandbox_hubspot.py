"""The sandbox's HubSpot: as published, read whole by our pulls, true to the story, and its notices signed as HubSpot signs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.deals import ApiException
from hubspot.crm.objects import PublicObjectSearchRequest
from jsonschema import Draft202012Validator

from integrations.arrivals import Delivery
from integrations.errors import Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.hubspot import pulling, wire
from integrations.providers.hubspot.provider import PROVIDER
from integrations.records import CustomerInvoice, InvoicePayment, InvoiceVoid, Skipped, Unknown, WonDeal
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW
from tests.integrations.contract import CONTRACTS, read

PULLED = [stream for stream in PROVIDER.streams if stream.pull is not None]
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="1", as_of=date(2026, 4, 5))


@cache
def contract():
    return json.loads((CONTRACTS / "hubspot/hubspot-commerce-written.openapi.json").read_bytes())


def with_nulls(value):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_nulls(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


def schema(name):
    found = {"$ref": f"#/components/schemas/{name}", "components": contract()["components"]}
    return Draft202012Validator(with_nulls(found))


@pytest.fixture
def token(sandbox, settings, monkeypatch):
    """Nobody keeps these calls below the limit, as the workers do."""
    settings.SANDBOX_URL = sandbox.url
    monkeypatch.setattr(sandbox.app.setting, "limits", False)
    return sandbox.app.services["hubspot"].desk.open_grant("osprey", "oauth").access_token


@pytest.fixture
def api(token):
    return ProviderApi(PROVIDER, token, "1", scheme=PROVIDER.scheme("oauth2"))


def pulled(api, stream, cursor=""):
    return list(stream.pull(api, Window(cursor=cursor, since=date(2026, 1, 1), now=STORY_NOW)))


def facts_of(api, stream):
    return [fact for page in pulled(api, stream) for raw in page.items for fact in read(stream, raw, CONTEXT)]


def test_everything_is_read_and_what_is_owed_is_what_the_story_says(api, sandbox):
    facts = [fact for stream in PULLED for fact in facts_of(api, stream)]
    assert [fact for fact in facts if isinstance(fact, Unknown)] == []
    kinds = {CustomerInvoice: 1, InvoicePayment: -1, InvoiceVoid: -1}
    owed = sum(kinds[type(fact)] * fact.amount for fact in facts if type(fact) in kinds)
    told = sandbox.app.setting.world.company("osprey").told["hubspot"]
    posted = [line for event in told.events for line in event.postings if line.source == "hubspot"]
    assert owed == sum(line.amount_minor for line in posted if line.account == "HubSpot Invoices Owed")
    assert {fact.reason for fact in facts if isinstance(fact, Skipped)} == {"a draft", "it failed", "not won"}
    assert {fact.into for fact in facts if isinstance(fact, InvoicePayment)} == {"clearing", "undeposited"}
    assert any(fact.amount < 0 for fact in facts if isinstance(fact, InvoicePayment))
    assert any(isinstance(fact, InvoiceVoid) for fact in facts)
    assert all(fact.customer for fact in facts if isinstance(fact, WonDeal))


def test_a_later_pull_reads_what_changed_and_says_what_is_left(api):
    stream = PROVIDER.stream("invoices")
    first = {raw["id"]: raw for page in pulled(api, stream) for raw in page.items}
    later = pulled(api, stream, "2026-03-28T00:00:00+00:00")
    assert later[-1].only == set(first)
    since = {mark for mark, raw in first.items() if raw["properties"]["hs_lastmodifieddate"] >= "2026-03-27T23:00:00"}
    assert {raw["id"] for page in later for raw in page.items} == since
    assert 0 < len(since) < len(first)


@pytest.mark.contracts
def test_requests_and_answers_are_as_published(token):
    asked = set()
    ids = {"3000", "3006"}

    class Watched(ProviderApi):
        def _send(self, method, path, **what):
            answer = super()._send(method, path, **what)
            if path == f"{pulling.INVOICES}/search":
                schema("SearchRequest").validate(what["json"])
                schema("InvoicePage").validate(json.loads(json.dumps(answer.body)))
                asked.add("search")
            elif path == pulling.INVOICES:
                listed = contract()["paths"][path]["get"]["parameters"]
                assert set(what["params"]) <= {one["name"] for one in listed}
                schema("InvoicePage").validate(answer.body)
                asked.add("list")
            elif "/associations/" in path:
                schema("AssociationPage").validate(answer.body)
                asked.add("associations")
            elif path.removeprefix(f"{pulling.INVOICES}/") in ids:
                schema("Invoice").validate(answer.body)
                asked.add("one")
            return answer

    watched = Watched(PROVIDER, token, "1", scheme=PROVIDER.scheme("oauth2"))
    pulled(watched, PROVIDER.stream("invoices"), "2026-01-01T00:00:00+00:00")
    assert asked == {"search", "list", "associations", "one"}


def test_a_search_has_an_end_that_ours_does_not_come_to(api):
    with pytest.raises(Refused):
        api.query(f"{pulling.INVOICES}/search", {"limit": 200, "after": "9900"})
    with pytest.raises(Refused):
        api.get(f"{pulling.INVOICES}/1")


def test_a_token_that_is_over_and_a_limit_are_told_as_hubspot_does(sandbox, api, token):
    with pytest.raises(Reconnect):
        ProviderApi(PROVIDER, "CNno", "1", scheme=PROVIDER.scheme("oauth2")).get(pulling.INVOICES)
    answer = sandbox.app.services["hubspot"].too_many(3)
    error = wire.read_error(429, dict(answer.headers), json.loads(answer.get_data()))
    assert isinstance(error, RetryLater)
    assert error.retry_after == 3
    sandbox.app.services["hubspot"].desk.revoke(token)
    address = f"{sandbox.base_url('hubspot')}{pulling.INVOICES}"
    told = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert (told.status_code, told.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_notice_of_the_sandbox_is_genuine_and_of_its_address_alone(sandbox):
    url = "https://portal.example/webhooks/hubspot/"
    service = sandbox.app.services["hubspot"]
    signed = service.webhook("osprey", "invoice.propertyChange", f"shh {url}")
    now = datetime.fromtimestamp(int(signed.headers["X-HubSpot-Request-Timestamp"]) // 1000, UTC)
    assert wire.verify(Delivery(signed.body, signed.headers, url), ["shh"], now)
    assert not wire.verify(Delivery(signed.body, signed.headers, f"{url}?a=1"), ["shh"], now)
    ((_, portal, streams),) = wire.events(json.loads(signed.body))
    assert streams == ("invoices",)
    assert int(portal) > 20_000_000
    with pytest.raises(KeyError):
        service.webhook("osprey", "contact.creation", "shh")


def test_the_vendors_package_reads_the_same(api, token, sandbox):
    ours = {raw["id"]: raw for page in pulled(api, PROVIDER.stream("invoices")) for raw in page.items}
    client = HubSpot(access_token=token, host=sandbox.base_url("hubspot"))
    listed = client.crm.objects.get_all("invoices", properties=list(pulling.INVOICE_PROPERTIES))
    assert {one.id: one.properties["hs_amount_billed"] for one in listed} == {
        mark: raw["properties"]["hs_amount_billed"] for mark, raw in ours.items()
    }
    filters = [{"propertyName": "hs_object_id", "operator": "GT", "value": "0"}]
    asked = PublicObjectSearchRequest(
        filter_groups=[{"filters": filters}], sorts=["hs_object_id"], properties=["hs_number"], limit=3, after="0"
    )
    found = client.crm.objects.search_api.do_search("invoices", public_object_search_request=asked)
    assert [one.id for one in found.results] == sorted(ours)[:3]
    assert (found.total, found.paging.next.after) == (len(ours), "3")
    with_company = client.crm.associations.v4.basic_api.get_page("invoices", found.results[0].id, "companies")
    assert [str(one.to_object_id) for one in with_company.results] == [ours[found.results[0].id]["company"]["id"]]
    revoked = HubSpot(access_token="CNno", host=sandbox.base_url("hubspot"))
    with pytest.raises(ApiException) as over:
        revoked.crm.deals.basic_api.get_page(limit=1)
    assert (over.value.status, json.loads(over.value.body)["category"]) == (401, "INVALID_AUTHENTICATION")
