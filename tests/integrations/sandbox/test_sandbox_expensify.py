"""The sandbox's Expensify: jobs as the contract says, templates filled in, read whole by our pulls and labelled after the commit."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from clients.tenancy import client_context
from integrations import syncing
from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from integrations.http import ProviderApi
from integrations.models import Fact, SourceDocument
from integrations.provider import Context, Window
from integrations.providers.expensify import pulling, template
from integrations.providers.expensify.provider import PROVIDER
from integrations.providers.expensify.wire import JOB, PATH, checked, job
from integrations.records import CardPurchase, ExpenseReport, Reimbursement, Skipped, Unknown
from integrations.sandbox.expensify.freemarker import TemplateError, fill_in
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HOME_ZONE, STORY_NOW, month_end
from tests import builders
from tests.integrations.contract import CONTRACTS, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
CONTEXT = Context(timezone=HOME_ZONE, home_currency="USD", account_id="policy", as_of=date(2026, 4, 5))
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=STORY_NOW)


class Watched(ProviderApi):
    """A session that holds every job, and every row of a file, against the contract."""

    path = CONTRACTS / "expensify/expensify-integration-server.openapi.json"
    described = json.loads(path.read_bytes()) if path.is_file() else {}

    def wrong(self, name, body):
        schema = {"$ref": f"#/components/schemas/{name}", "components": self.described["components"]}
        return [error.message[:200] for error in Draft202012Validator(schema).iter_errors(body)]

    def _send(self, method, path, **what):
        answer = super()._send(method, path, **what)
        assert (method, path) == ("POST", PATH)
        said = json.loads(what["form"][JOB])
        kind = {"file": "FileJob", "download": "DownloadJob", "get": "GetJob"}[said["type"]]
        assert self.wrong(kind, said | {"credentials": {"partnerUserID": "x", "partnerUserSecret": "y"}}) == []
        if kind == "DownloadJob":
            for line in answer.raw.splitlines():
                row = json.loads(line)
                assert self.wrong("Report", row.get("reimbursement", row)) == []
        elif kind == "GetJob":
            assert self.wrong("JobResult", answer.body) == []
        return answer


@pytest.fixture
def known(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return sandbox.app.services["expensify"].access("tamarack")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 0)
    monkeypatch.setattr("integrations.http.SHORT_WAIT", 0)
    monkeypatch.setattr("integrations.limits.slot", lambda *_given: nullcontext())


def session(known, kind=ProviderApi, **changed):
    given = known | changed
    keys = {name: given[name] for name in ("partner_user_id", "partner_user_secret")}
    where = {"policy_id": given["policy_id"], "label": given["label"]}
    return kind(PROVIDER, keys["partner_user_id"], given["policy_id"], keys=keys, where=where)


def facts(api):
    pages = [(stream, page) for stream in STREAMS.values() for page in stream.pull(api, WINDOW)]
    return [fact for stream, page in pages for raw in page.items for fact in read(stream, raw, CONTEXT)]


@pytest.mark.contracts
def test_every_job_is_as_described_and_what_is_owed_rolls_forward(known, sandbox):
    """Approved − paid back is what people are owed; card purchases − payments is what the card is owed, each month's end."""
    every = facts(session(known, Watched))
    told = sandbox.app.setting.world.company("tamarack").told["expensify"]
    assert [fact for fact in every if isinstance(fact, Unknown)] == []
    assert {fact.through for fact in every if isinstance(fact, Reimbursement)} == {"tool", "outside"}
    assert any(isinstance(fact, Skipped) and fact.reason.startswith("not approved") for fact in every)
    charges = [fact for fact in every if isinstance(fact, CardPurchase)]
    assert min(fact.amount for fact in charges) < 0
    lines = [line for event in told.events for line in event.movements]
    for month in telling.PROVEN:
        end = month_end(month)
        held = {one.name: one.amount_minor for one in told.balances if one.on == end}
        owed = sum(
            line.amount
            for fact in every
            if isinstance(fact, ExpenseReport) and fact.booked_on <= end
            for line in fact.lines
        )
        repaid = sum(fact.amount for fact in every if isinstance(fact, Reimbursement) and fact.booked_on <= end)
        assert repaid - owed == held["Owed to people"], month
        paid = sum(-line.amount_minor for line in lines if "CARD" in line.text and line.booked_on <= end)
        charged = sum(fact.amount for fact in charges if fact.booked_on <= end)
        assert paid - charged == held["Card"], month


def test_the_pair_reads_its_own_workspace_alone(known):
    assert PROVIDER.whoami(session(known)) == (known["policy_id"], "Tamarack Trading")
    with pytest.raises(Forbidden):
        PROVIDER.whoami(session(known, policy_id="FFFFFFFFFFFFFFFF"))
    with pytest.raises(Reconnect):
        PROVIDER.whoami(session(known, partner_user_secret="0" * 40))
    with pytest.raises(Reconnect):
        facts(session(known, partner_user_secret="0" * 40))
    assert facts(session(known, policy_id="FFFFFFFFFFFFFFFF")) == []


def test_what_the_manual_asks_of_a_job_is_asked_here_too(known):
    api = session(known)
    file = pulling._settings("APPROVED", {"startDate": "2020-01-01"}, api)
    for said, printed in ((file, template.NAMES), (pulling._settings("APPROVED", {}, api), template.NAMES)):
        with pytest.raises(Refused):
            checked(api.fetch(PATH, form=job(said, printed)))
    until = pulling._settings("APPROVED", {"startDate": "2020-01-01", "endDate": "2026-12-31"}, api)
    with pytest.raises(Refused):
        checked(api.fetch(PATH, form=job(until)))
    with pytest.raises(RetryLater):
        checked(api.fetch(PATH, form=job(until, "${nothing.there}")))


def test_a_receipt_is_fetched_from_its_address_without_the_pair(known):
    api = session(known)
    bought = next(fact for fact in facts(api) if isinstance(fact, CardPurchase) and fact.support)
    (receipt,) = bought.support
    assert api.fetch(receipt.url) == f"%PDF-1.4 receipt {receipt.id.removeprefix('9')}".encode()
    with pytest.raises(Refused):
        api.fetch("https://expensify.example/receipts/w_1.pdf")


def test_a_busy_answer_is_told_in_the_body(known, monkeypatch):
    monkeypatch.setattr("integrations.sandbox.limits.Window.hit", lambda _window, _key: 9)
    with pytest.raises(RetryLater) as busy:
        PROVIDER.whoami(session(known))
    assert busy.value.retry_after == 9


def test_a_template_that_escapes_nothing_breaks_and_prints_numbers_for_people():
    report = {"name": 'a "quoted" name', "total": 123456, "is": True}
    printed = fill_in('<#list reports as r>{"name":"${r.name}","total":${r.total}}\n</#list>', reports=[report])
    assert printed == '{"name":"a "quoted" name","total":123,456}\n'
    for wrong in ("${r.is}", "${r.gone}", "<#if r.name?has_content>", "${r.name?c}"):
        with pytest.raises(TemplateError):
            fill_in(wrong, r=report)


@pytest.mark.django_db(transaction=True)
def test_reports_are_labelled_after_they_are_kept_and_read_again_without_a_double(known, sandbox, connect, monkeypatch):
    people = builders.world()
    made = connect(people.bob, people.kestrel, "expensify", company="tamarack")
    labels = sandbox.app.services["expensify"].labels

    def die(place):
        if place == "before-cursor":
            raise RetryLater("died")

    with monkeypatch.context() as patch:
        patch.setattr("integrations.crashpoints.reach", die)
        with pytest.raises(RetryLater):
            syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    assert labels == set(), "nothing is labelled that is not kept"
    first = syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    with client_context(people.kestrel.pk):
        kept = set(SourceDocument.objects.exclude(facts__kind="Skipped").values_list("external_id", flat=True))
    assert {report for _company, report, label in labels if label == "Tieout"} == kept
    again = syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    assert (first.new, again.new, again.changed) == (28, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_report_that_loses_its_approval_withdraws_what_was_booked_and_says_it_again(
    known, sandbox, connect, monkeypatch
):
    people, service = builders.world(), sandbox.app.services["expensify"]
    made = connect(people.bob, people.kestrel, "expensify", company="tamarack")
    syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    with client_context(people.kestrel.pk):
        mark = Fact.objects.filter(kind="CardPurchase").first().data["report"]
        ours = Fact.objects.filter(external_id__startswith=mark)
        ours.update(state="booked")
        booked = sorted(ours.values_list("kind", "external_id"))

    def states(**told):
        """What the report says in every job from now on; the others stay as they are."""
        shown = type(service).reports(service, "tamarack")
        changed = [one | told if one["reportID"] == mark else one for one in shown]
        monkeypatch.setattr(service, "reports", lambda _company: changed)

    states(status="Open")
    syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    with client_context(people.kestrel.pk):
        gone = ours.filter(kind="Withdrawn", state="new")
        assert sorted((kind, one.external_id) for one in gone for kind in one.data["kinds"]) == booked
        gone.update(state="skipped")
        ours.filter(state="booked").update(state="superseded")
    states(status="Approved", approved="2026-04-05 10:00:00")
    syncing.pull_stream(made.pk, "reports", now=STORY_NOW)
    with client_context(people.kestrel.pk):
        assert sorted(ours.filter(state="new").values_list("kind", "external_id")) == booked
