"""The sandbox's Ramp: as the contract says, read whole by our pulls, and proven against the story."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date, timedelta
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from jsonschema import Draft202012Validator

from integrations.errors import Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.ramp import pulling
from integrations.providers.ramp.provider import PROVIDER
from integrations.records import (
    BillPayment,
    CardPayment,
    CardPurchase,
    Cashback,
    FundingPull,
    Reimbursement,
    SystemBalance,
    Unknown,
)
from integrations.sandbox.ramp import shapes
from integrations.sandbox.ramp.plan import at_bank
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from tests.contracts.description import template_of, undeclared
from tests.integrations.contract import read
from tests.integrations.providers.ramp_pages import described, with_nulls

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SINCE = date(2026, 1, 1)
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id=shapes.BUSINESS, as_of=date(2026, 4, 5))
V1 = "/developer/v1"


@cache
def validator(path):
    answer = described()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return Draft202012Validator(with_nulls({**answer, "components": described()["components"]}))


class Watched(ProviderApi):
    """A session that holds every request and answer against the contract, and only reads."""

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        parts = urlsplit(path)
        if "/files/" in path:
            return answer
        asked = {**dict(parse_qsl(parts.query)), **(what.get("params") or {})}
        place = parts.path.removeprefix("/ramp") if parts.netloc else parts.path
        assert method == "GET"
        assert undeclared(described(), method, place, asked) == []
        body = json.loads(json.dumps(answer.body, default=float))
        found = validator(template_of(described(), place)).iter_errors(body)
        assert [f"{'/'.join(map(str, wrong.absolute_path))}: {wrong.message[:200]}" for wrong in found] == []
        return answer


def session(sandbox, settings, kind=ProviderApi):
    settings.SANDBOX_URL = sandbox.url
    token = sandbox.app.services["ramp"].desk.open_grant("osprey", "").access_token
    return kind(PROVIDER, token, shapes.BUSINESS)


@pytest.fixture
def api(sandbox, settings):
    return session(sandbox, settings)


def pulled(api, name, cursor="", now=STORY_NOW):
    pages = list(STREAMS[name].pull(api, Window(cursor=cursor, since=SINCE, now=now)))
    return [item for page in pages for item in page.items], pages[-1]


def everything(api):
    return {
        name: [fact for raw in pulled(api, name)[0] for fact in read(STREAMS[name], raw, CONTEXT)] for name in STREAMS
    }


@pytest.mark.contracts
def test_every_request_and_answer_is_as_described_and_the_card_ties_to_its_statements(sandbox, settings):
    """Purchases − refunds − cashback − payments seen by the bank = what each statement says is owed."""
    facts = everything(session(sandbox, settings, Watched))
    told = sandbox.app.setting.world.company("osprey").told["ramp"]
    every = [fact for found in facts.values() for fact in found]
    assert [fact for fact in every if isinstance(fact, Unknown)] == []
    owed = {fact.booked_on: fact.amount for fact in every if isinstance(fact, SystemBalance)}
    assert sorted(owed) == [month_end(month) for month in telling.PROVEN]
    bought = [fact for fact in every if isinstance(fact, CardPurchase)]
    by_card = [fact for fact in every if isinstance(fact, BillPayment) and fact.paid_from == "card"]
    taken_off = [fact for fact in every if isinstance(fact, Cashback)]
    paid = [(at_bank(fact.booked_on), fact.amount) for fact in every if isinstance(fact, CardPayment)]
    for end, amount in owed.items():
        rows = [*((fact.booked_on, fact.amount) for fact in (*bought, *by_card))]
        rows += [*((fact.booked_on, -fact.amount) for fact in taken_off), *((on, -less) for on, less in paid)]
        assert sum(part for on, part in rows if on <= end) == amount
        held = next(one for one in told.balances if one.name == "Card" and one.on == end)
        assert held.amount_minor == -amount


def test_money_under_way_is_what_the_bank_showed_less_what_was_paid(api, sandbox):
    facts = everything(api)
    told = sandbox.app.setting.world.company("osprey").told["ramp"]
    every = [fact for found in facts.values() for fact in found]
    lines = [line for event in told.events for line in event.movements if line.text.startswith("RAMP")]
    pulls = [fact for fact in every if isinstance(fact, FundingPull)]
    assert sorted(fact.amount for fact in pulls if at_bank(fact.booked_on) <= date(2026, 4, 5)) == sorted(
        -line.amount_minor for line in lines if "STATEMENT" not in line.text
    )
    for month in telling.PROVEN:
        end = month_end(month)
        sent = [fact for fact in facts["bills"] if isinstance(fact, BillPayment)]
        moved = [fact for fact in every if isinstance(fact, Reimbursement) and fact.through == "tool"]
        out = sum(fact.amount for fact in sent if fact.booked_on <= end)
        out += sum(
            fact.amount * (1 if fact.direction == "to_employee" else -1) for fact in moved if fact.booked_on <= end
        )
        shown = sum(fact.amount for fact in pulls if at_bank(fact.booked_on) <= end)
        held = next(one for one in told.balances if one.name.startswith("Bills") and one.on == end)
        assert shown - out == held.amount_minor, month


def test_the_story_has_every_event_that_matters(api):
    facts = everything(api)
    purchases = [fact for fact in facts["transactions"] if isinstance(fact, CardPurchase)]
    assert min(fact.amount for fact in purchases) < 0
    assert any(fact.spent_currency == "EUR" for fact in purchases)
    assert any(len(fact.splits) == 2 for fact in purchases)
    straddling = [fact for fact in purchases if fact.occurred_at.month != fact.booked_on.month]
    assert straddling
    reasons = " ".join(getattr(fact, "reason", "") for found in facts.values() for fact in found)
    for said in ("may change or vanish", "disputed", "archived", "waits for approval", "not approved", "Ramp card"):
        assert said in reasons
    for said in ("was canceled", "did not hold enough", "not sent to a bank", "evidence of purchase"):
        assert said in reasons
    moved = [fact for fact in facts["reimbursements"] if isinstance(fact, Reimbursement)]
    assert {fact.direction for fact in moved} == {"to_employee", "from_employee"}
    assert {fact.through for fact in moved} == {"tool", "outside"}


def test_lists_leave_out_what_nobody_asks_for_and_small_pages_give_the_same(api, monkeypatch):
    usual = api.get(f"{V1}/transactions")
    assert len(usual["data"]) == 20
    assert "start=" in usual["page"]["next"]
    states = {row["state"] for row in api.get(f"{V1}/transactions", {"state": "ALL", "page_size": "100"})["data"]}
    assert states == {"CLEARED", "PENDING", "DECLINED"}
    whole, last = pulled(api, "transactions")
    assert {row["transaction"]["state"] for row in whole} == {"CLEARED", "PENDING"}
    assert last.only == {row["transaction"]["id"] for row in whole}
    assert sum("bill" in row for row in whole) == 2
    monkeypatch.setattr(pulling, "PAGE_SIZE", 7)
    assert pulled(api, "transactions") == (whole, last)
    again, of_the_day = pulled(api, "transactions", last.cursor, STORY_NOW + timedelta(hours=1))
    assert of_the_day.only is None
    assert 0 < len(again) < len(whole)
    repaid = [row for row in pulled(api, "reimbursements")[0] if row["direction"] == "USER_TO_BUSINESS"]
    assert len(repaid) == 1
    later, _ = pulled(api, "reimbursements", STORY_NOW.isoformat())
    assert later == []


@pytest.mark.parametrize("size", ["1", "101", "x"])
def test_a_page_of_another_size_is_refused_as_ramp_says_it(api, sandbox, size):
    with pytest.raises(Refused, match="DEVELOPER_7001"):
        api.get(f"{V1}/bills", {"page_size": size})
    token = sandbox.app.services["ramp"].desk.open_grant("osprey", "").access_token
    url = f"{sandbox.base_url('ramp')}{V1}/bills?page_size={size}"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (422, {"page_size": ["Value must be between 2 and 100"]})
    assert answer.headers["x-trace-id"]


def test_receipts_are_files_at_signed_addresses(api, sandbox):
    rows, _ = pulled(api, "receipts")
    assert rows
    for row in rows:
        content = base64.b64decode(row["file"]["content"])
        assert hashlib.sha256(content).hexdigest() == row["file"]["sha256"]
        assert row["receipt"]["id"].encode() in content
        assert "receipt_url" not in row["receipt"]
    bill = next(fact for fact in everything(api)["bills"] if getattr(fact, "support", ()))
    assert api.fetch(PROVIDER.receipt(api, bill.support[0].id)).startswith(b"%PDF")
    unsigned = requests.get(f"{sandbox.base_url('ramp')}/files/{rows[0]['receipt']['id']}", timeout=5)
    assert unsigned.status_code == 403


def test_one_entity_sees_its_own_and_another_nothing(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    token = sandbox.app.services["ramp"].desk.open_grant("osprey", "").access_token
    own = ProviderApi(PROVIDER, token, shapes.BUSINESS, where={"entity_id": shapes.ENTITY})
    other = ProviderApi(PROVIDER, token, shapes.BUSINESS, where={"entity_id": shapes.made("other")})
    assert pulled(own, "cashbacks")[0]
    assert pulled(other, "cashbacks")[0] == []
    statement = pulled(own, "statements")[0][0]
    assert [type(fact).__name__ for fact in read(STREAMS["statements"], statement, CONTEXT)] == [
        "CardStatement",
        "SystemBalance",
    ]


def test_an_access_that_was_handed_back_is_over(api):
    PROVIDER.revoke(api, api.credentials)
    with pytest.raises(Reconnect, match="DEVELOPER_7100"):
        api.get(f"{V1}/business")


def test_beyond_the_limit_ramp_says_so_in_its_own_way(api, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 9)
    with pytest.raises(RetryLater, match="DEVELOPER_7099") as busy:
        api.get(f"{V1}/bills")
    assert busy.value.retry_after == 9


def test_a_notice_verifies_and_a_challenge_is_answered(sandbox):
    service = sandbox.app.services["ramp"]
    sent = service.webhook("osprey", "transactions.cleared", "subscription-secret")
    assert PROVIDER.webhook.verify(sent.body, sent.headers, ["subscription-secret"], STORY_NOW)
    ((_, business, streams),) = PROVIDER.webhook.events(json.loads(sent.body))
    assert (business, streams) == (shapes.BUSINESS, ("transactions", "receipts"))
    challenge = service.webhook("osprey", "webhooks.verification", "subscription-secret")
    assert PROVIDER.webhook.greeting(challenge.body, {}).answer == json.loads(challenge.body)["challenge"]
