"""The sandbox's BILL: as the contract says, read whole by our pulls, and proven against the story."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
import requests
from jsonschema import Draft202012Validator

from integrations.errors import Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.bill import pulling
from integrations.providers.bill.provider import PROVIDER
from integrations.records import BillPayment, FundingPull, Unknown
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from tests.contracts.description import template_of, undeclared
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SINCE = date(2026, 1, 1)
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="008", as_of=date(2026, 4, 5))
#: Read since 2025, and documented on pages of their own: https://developer.bill.com/docs/ap-vendor-credits
UNDESCRIBED = ("/v3/vendor-credits", "/v3/classifications/", "/v3/login/session")


class Watched(ProviderApi):
    """A session that holds every request and answer against the contract."""

    described = json.loads((CONTRACTS / "bill/bill-v3.openapi.json").read_bytes()) if CONTRACTS.is_dir() else {}

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        if not path.startswith(UNDESCRIBED):
            assert undeclared(self.described, method, path, what.get("params") or {}) == []
            operation = self.described["paths"][template_of(self.described, path)][method.lower()]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            valid = Draft202012Validator({**schema, "components": self.described["components"]})
            assert [
                error.message for error in valid.iter_errors(json.loads(json.dumps(answer.body, default=float)))
            ] == []
        return answer


def session(sandbox, settings, kind=ProviderApi):
    settings.SANDBOX_URL = sandbox.url
    return kind(PROVIDER, sandbox.app.services["bill"].desk.open_grant("osprey", "").access_token, "008")


@pytest.fixture
def api(sandbox, settings):
    return session(sandbox, settings)


def pulled(api, name, cursor=""):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=SINCE, now=STORY_NOW)))
    return [item for page in pages for item in page.items], pages[-1].cursor


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


@pytest.mark.contracts
def test_every_request_and_answer_is_as_described_and_what_bill_holds_rolls_forward(sandbox, settings):
    """Paid − undone − taken from the bank = what is between bank and vendors at each month's end."""
    facts = everything(session(sandbox, settings, Watched))
    told = sandbox.app.setting.world.company("osprey").told["bill"]
    every = [fact for found in facts.values() for fact in found]
    assert [fact for fact in every if isinstance(fact, Unknown)] == []
    lines = [line for event in told.events for line in event.movements]
    for month in telling.PROVEN:
        end = month_end(month)
        paid = [fact for fact in every if isinstance(fact, BillPayment) and fact.paid_from == "clearing"]
        moved = sum(fact.amount * (-1 if fact.stage == "sent" else 1) for fact in paid if fact.booked_on <= end)
        pulls = {fact.amount for fact in every if isinstance(fact, FundingPull)}
        bank = sum(-line.amount_minor for line in lines if line.booked_on <= end and -line.amount_minor in pulls)
        held = next(one for one in told.balances if one.name == "Money out" and one.on == end)
        assert moved + bank == held.amount_minor, month


def test_the_story_has_every_event_that_matters(api):
    facts = [fact for found in everything(api).values() for fact in found]
    payments = [fact for fact in facts if isinstance(fact, BillPayment)]
    assert {fact.stage for fact in payments} == {"sent", "voided", "failed"}
    assert {fact.paid_from for fact in payments} == {"clearing", "card"}
    assert max(len(fact.applications) for fact in payments) > 1
    reasons = {getattr(fact, "reason", "") for fact in facts}
    assert {"waits for approval", "was not approved", "archived in BILL: it counts as deleted"} <= reasons
    assert {"scheduled: nothing has moved", "canceled before anything moved"} <= reasons
    assert {"VendorCredit", "FundingPull"} <= {type(fact).__name__ for fact in facts}


def test_lists_hide_what_is_archived_and_small_pages_give_the_same(api, monkeypatch):
    usual = api.get("/v3/bills", {"max": "100"})["results"]
    whole, cursor = pulled(api, "bills")
    assert not any(bill["archived"] for bill in usual)
    assert sum(raw["bill"]["archived"] for raw in whole) == 1
    monkeypatch.setattr(pulling, "PAGE_SIZE", 7)
    assert pulled(api, "bills") == (whole, cursor)
    again, _ = pulled(api, "bills", cursor)
    newest = datetime.fromisoformat(cursor) - pulling.OVERLAP
    assert 0 < len(again) < len(whole)
    assert all(datetime.fromisoformat(raw["bill"]["updatedTime"]) >= newest for raw in again)
    with pytest.raises(Refused):
        api.get("/v3/bills", {"max": "101"})


def test_the_session_needs_the_developer_key_and_ends(sandbox, settings, api):
    where = f"{sandbox.base_url('bill')}/v3/login"
    known = sandbox.app.services["bill"].access("osprey")
    body = {"username": known["username"], "password": known["password"], "organizationId": known["organization_id"]}
    assert requests.post(where, json=body, timeout=5).json()[0]["code"] == "BDC_1102"
    body["devKey"] = sandbox.app.services["bill"].app[1]
    assert requests.post(where, json=body | {"password": "x"}, timeout=5).json()[0]["code"] == "BDC_1101"
    assert requests.post(where, json=body, timeout=5).json()["organizationId"] == known["organization_id"]
    assert PROVIDER.whoami(api) == (known["organization_id"], known["organization_id"])
    sandbox.app.services["bill"].act("osprey", "expire-token")
    with pytest.raises(Reconnect, match="BDC_1109"):
        api.get("/v3/bills")


def test_beyond_the_limit_bill_says_so_in_its_own_way(api, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 9)
    with pytest.raises(RetryLater, match="BDC_1144") as busy:
        api.get("/v3/bills")
    assert busy.value.retry_after == 9


@pytest.mark.parametrize("event", ["bill.updated", "payment.failed"])
def test_a_notice_verifies_and_names_what_to_read(sandbox, event):
    service = sandbox.app.services["bill"]
    sent = service.webhook("osprey", event, "security-key")
    assert PROVIDER.webhook.verify(sent.body, sent.headers, ["security-key"], STORY_NOW)
    ((_, account, streams),) = PROVIDER.webhook.events(json.loads(sent.body))
    assert account == service.access("osprey")["organization_id"]
    assert event.partition(".")[0] + "s" in streams
