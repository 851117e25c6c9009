"""The sandbox's Melio: as the contract says, read whole by our pulls, and proven against the story."""

from __future__ import annotations

import json
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from integrations.errors import Forbidden, Reconnect, RetryLater
from integrations.http import ProviderApi
from integrations.provider import Context, Window
from integrations.providers.melio.provider import PROVIDER
from integrations.records import BillPayment, FundingPull, ServiceFee, Unknown
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from tests.contracts.description import template_of, undeclared
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="acc", as_of=date(2026, 4, 5))


class Watched(ProviderApi):
    """A session that holds every request and answer against the contract."""

    path = CONTRACTS / "melio/melio-platform-2022.openapi.json"
    described = json.loads(path.read_bytes()) if path.is_file() else {}

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        assert undeclared(self.described, method, path, what.get("params") or {}) == []
        operation = self.described["paths"][template_of(self.described, path)][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        valid = Draft202012Validator({**schema, "components": self.described["components"]})
        assert [error.message[:200] for error in valid.iter_errors(answer.body)] == []
        return answer


@pytest.fixture
def known(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return sandbox.app.services["melio"].access("tamarack")


def session(known, kind=ProviderApi, **changed):
    """Signed with the key, for the account."""
    keys = known | changed
    return kind(PROVIDER, keys["key"], keys["account"], keys={"key": keys["key"]}, where={"account": keys["account"]})


def facts(api):
    window = Window(cursor="", since=date(2026, 1, 1), now=STORY_NOW)
    return [
        fact
        for stream in STREAMS.values()
        for page in stream.pull(api, window)
        for raw in page.items
        for fact in read(stream, raw, CONTEXT)
    ]


@pytest.mark.contracts
def test_every_answer_is_as_described_and_what_is_under_way_rolls_forward(known, sandbox):
    """Paid + fees − taken from the bank = what Melio has under way at each month's end."""
    every = facts(session(known, Watched))
    told = sandbox.app.setting.world.company("tamarack").told["melio"]
    assert [fact for fact in every if isinstance(fact, Unknown)] == []
    assert {fact.stage for fact in every if isinstance(fact, BillPayment)} == {"sent", "failed"}
    assert {fact.paid_from for fact in every if isinstance(fact, ServiceFee)} == {"clearing", "card"}
    lines = [line for event in told.events for line in event.movements if "MELIO" in line.text]
    assert sorted(-line.amount_minor for line in lines) == sorted(
        fact.amount for fact in every if isinstance(fact, FundingPull) and fact.booked_on < date(2026, 4, 3)
    )
    for month in telling.PROVEN:
        end = month_end(month)
        out = [fact for fact in every if fact.booked_on <= end and getattr(fact, "paid_from", "") == "clearing"]
        moved = sum(fact.amount * (1 if getattr(fact, "stage", "") == "failed" else -1) for fact in out)
        bank = sum(-line.amount_minor for line in lines if line.booked_on <= end)
        held = next(one for one in told.balances if one.name == "Under way" and one.on == end)
        assert moved + bank == held.amount_minor, month


def test_the_key_reads_its_own_account_alone(known, sandbox):
    assert PROVIDER.whoami(session(known)) == (known["account"], "Tamarack Trading")
    with pytest.raises(Forbidden):
        session(known, account="acc-of-somebody-else").get("/payments")
    with pytest.raises(Reconnect):
        session(known, key="mlo_of_nobody_at_all").get("/payments")


def test_a_busy_answer_says_how_long_to_wait(known, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 9)
    with pytest.raises(RetryLater) as busy:
        session(known).get("/payments")
    assert busy.value.retry_after == 9
