"""Expensify's one address: signed jobs, a template that escapes, errors with status 200, labels set after the fact."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from integrations.errors import Forbidden, PayloadError, Reconnect, RetryLater
from integrations.payload import parse_json
from integrations.provider import Credentials, Outgoing, Window
from integrations.providers.expensify import pulling, template
from integrations.providers.expensify.provider import PROVIDER
from integrations.providers.expensify.wire import JOB, PATH, job
from integrations.sandbox.expensify.freemarker import fill_in
from tests.integrations.contract import CONTRACTS, ScriptedApi, fixture_objects

REPORTS, REIMBURSEMENTS = PROVIDER.streams
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, 9, tzinfo=UTC))
WHERE = {"policy_id": "0A1B2C3D4E5F6071", "label": "Tieout"}


def report(index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, REPORTS)[index])


def failed(code):
    return json.dumps({"responseCode": code, "responseMessage": "An error occurred"}).encode()


def test_the_pair_of_credentials_is_inside_the_job_and_nowhere_else():
    pair = Credentials(access="aa_books", keys={"partner_user_id": "aa_books", "partner_user_secret": "s3cret"})
    request = Outgoing("POST", PATH, {}, {}, form=job({"type": "get"}))
    PROVIDER.authorise(request, pair)
    assert json.loads(request.form[JOB]) == {
        "type": "get",
        "credentials": {"partnerUserID": "aa_books", "partnerUserSecret": "s3cret"},
    }
    assert (request.headers, request.params) == ({}, {})


@pytest.mark.parametrize("printed", [template.WHOLE, template.BARE, template.REPAID, template.NAMES])
def test_our_templates_ask_for_documented_fields_and_escape_every_text(printed):
    for value in re.findall(r"\$\{[^}]*\}", printed.replace(template.NAMES, "")):
        assert re.search(r'!""\)\?json_string\}|\?c\}|\?string\("true","false"\)\}', value), value
    spec = json.loads((CONTRACTS / "expensify/expensify-integration-server.openapi.json").read_bytes())
    schemas = spec["components"]["schemas"]
    named = set(re.findall(r"report\.(\w+)", printed))
    assert named <= schemas["Report"]["properties"].keys()
    assert set(re.findall(r"expense\.(\w+)", printed)) <= schemas["Expense"]["properties"].keys()


def test_a_report_full_of_quotes_and_line_ends_is_one_line_that_comes_back_as_it_was():
    raw = report(1)
    nasty = '"quoted" \\ back\nnext\u2028line\x00\t${x} <#if>'
    raw["transactionList"][0] |= {"merchant": nasty, "comment": nasty, "category": None}
    printed = fill_in(template.WHOLE, reports=[raw, report()])
    first, second, end = printed.split("\n")
    assert end == ""
    assert parse_json(first)["transactionList"][0]["merchant"] == nasty
    assert parse_json(first)["transactionList"][0]["category"] == ""
    assert parse_json(second)["transactionList"][0]["amount"] == 4250


def answers(*files):
    """What the one address says to each job: the name of a file, then the file."""
    return [(PATH, answer) for number, content in enumerate(files) for answer in (b"export%d.json" % number, content)]


def asked(api):
    return [json.loads(said[JOB]) for _path, said in api.asked]


def jsonl(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_reports_are_read_by_day_of_approval_and_those_without_one_beside_them():
    script = answers(jsonl(report(), report(4)), jsonl(report(2), report(4)))
    api = ScriptedApi(*script, settings=WHERE)
    (found,) = REPORTS.pull(api, WINDOW)
    assert [row["reportID"][-1] for row in found.items] == ["1", "5", "3"]
    assert (found.cursor, found.acknowledge) == ("2026-04-01", ("R00LaRcH0001", "R00LaRcH0005"))
    first, download, second, _ = asked(api)
    assert first["inputSettings"] == {
        "type": "combinedReportData",
        "reportState": "APPROVED,REIMBURSED,ARCHIVED",
        "filters": {"policyIDList": WHERE["policy_id"], "approvedAfter": "2025-12-31", "endDate": "2026-04-02"},
    }
    assert "onFinish" not in first, "reading labels nothing"
    assert download == {"type": "download", "fileName": "export0.json"}
    assert second["inputSettings"]["filters"]["startDate"] == "2024-12-31"


def test_a_later_reading_overlaps_by_weeks():
    api = ScriptedApi(*answers(b"", b""), settings=WHERE)
    (found,) = REPORTS.pull(api, replace(WINDOW, cursor="2026-03-31"))
    assert (found.items, found.acknowledge) == ([], ())
    assert asked(api)[0]["inputSettings"]["filters"]["approvedAfter"] == "2026-02-13"


def test_labels_are_set_by_a_job_of_their_own_on_what_lacks_them():
    api = ScriptedApi((PATH, b"export9.json"), settings=WHERE)
    REPORTS.acknowledge(api, ("R001", "R002"))
    (said,) = asked(api)
    assert said["inputSettings"]["filters"] == {
        "policyIDList": WHERE["policy_id"],
        "reportIDList": "R001,R002",
        "markedAsExported": "Tieout",
    }
    assert said["onFinish"] == [{"actionName": "markAsExported", "label": "Tieout"}]
    silent = ScriptedApi(settings=WHERE | {"label": ""})
    REPORTS.acknowledge(silent, ("R001",))
    assert silent.asked == []


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([failed(429)], RetryLater),
        ([failed(401)], Reconnect),
        ([b"<html>"], PayloadError),
        ([b"../secrets"], PayloadError),
        ([b"export0.json", failed(404)], RetryLater),
        ([b"export0.json", failed(500)], RetryLater),
        ([b"export0.json", b'{"reportID": "R1"}\n{"reportID":'], PayloadError),
        ([b"export0.json", b"[]"], PayloadError),
    ],
)
def test_an_error_with_status_200_is_never_taken_for_a_file(said, error):
    api = ScriptedApi(*[(PATH, one) for one in said], settings=WHERE)
    with pytest.raises(error):
        list(REPORTS.pull(api, WINDOW))


def test_a_workspace_of_somebody_else_is_refused():
    seen = {"policyList": [{"id": "FFFFFFFFFFFFFFFF", "name": "Others"}], "responseCode": 200}
    with pytest.raises(Forbidden):
        pulling.whoami(ScriptedApi((PATH, seen), settings=WHERE))


def test_what_was_paid_back_is_read_for_a_year_each_time():
    rows = fixture_objects(PROVIDER, REIMBURSEMENTS)
    api = ScriptedApi(*answers(jsonl(*rows)), settings=WHERE)
    (found,) = REIMBURSEMENTS.pull(api, replace(WINDOW, cursor="2026-03-31"))
    assert (list(found.items), found.cursor) == (rows, "2026-04-01")
    assert asked(api)[0]["inputSettings"]["filters"]["startDate"] == "2025-03-30"
