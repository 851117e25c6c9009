"""QuickBooks Payroll's payslips and registers read as evidence, every trap of its documentation, and its sandbox."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import io
from datetime import UTC, date, datetime

import graphql
import jsonschema
import pytest
from openpyxl import Workbook

from integrations import tables
from integrations.errors import PayloadError, Refused
from integrations.payload import parse_json
from integrations.provider import Window
from integrations.providers.quickbooks_payroll import wire
from integrations.providers.quickbooks_payroll.provider import PROVIDER, pull_payslips, whoami
from integrations.records import PayrollRun, Skipped, Unknown
from integrations.storing import state_of
from ledger.core.rules import drafts
from tests.integrations.contract import (
    CONTRACTS,
    NOW,
    ScriptedApi,
    fixture_objects,
    read,
    result_table,
)
from tests.integrations.providers.test_quickbooks_payroll import REGISTER

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=NOW)


def page(name, index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def register(text=REGISTER, filename="register.csv"):
    (layout,) = PROVIDER.files
    content = text if isinstance(text, bytes) else text.encode()
    return list(layout.objects(tables.find(content, filename, layout.recognise)))


# ---- payslips --------------------------------------------------------------------------------------------------------------


def test_a_payslip_is_evidence_of_its_current_gross_and_never_a_run():
    (fact,) = read(STREAMS["payslips"], page("payslips"))
    assert isinstance(fact, Skipped)
    assert (fact.amount, fact.booked_on) == (250000, date(2026, 3, 5))  # 12,500.00 is the year to date
    assert fact.reason.endswith("(deductions 31.00, company contributions 62.50)")


def test_a_deduction_in_another_currency_is_put_before_a_person():
    raw = page("payslips")
    raw["deductions"][0]["employerContributionAccumulationAmount"]["currentAmount"]["currency"] = "CAD"
    (fact,) = read(STREAMS["payslips"], raw)
    assert isinstance(fact, Unknown)
    assert "CAD" in fact.what


def test_every_stream_only_proves():
    assert {stream.duty for stream in PROVIDER.streams} == {"prove"}
    (run,) = read(STREAMS["registers"], page("registers"))
    assert state_of(run, STREAMS["registers"].duty) == ("proof", "")


def answer_of(*ids, more="", after=None):
    edges = [{"node": page("payslips") | {"id": name}} for name in ids]
    found = {"edges": edges, "pageInfo": {"hasNextPage": bool(more), "endCursor": more or after}}
    return {"data": {"payrollPayslips": found}}


def test_pages_follow_the_cursor_and_what_is_voided_is_seen_by_its_absence():
    api = ScriptedApi((wire.PATH, answer_of("1", "2", more="c2")), (wire.PATH, answer_of("3")))
    pages = list(pull_payslips(api, WINDOW))
    assert [[item["id"] for item in one.items] for one in pages] == [["1", "2"], ["3"], []]
    assert pages[-1].only == {"1", "2", "3"}
    assert [page.cursor for page in pages] == [None, None, "2026-04-01"]
    assert [said["variables"]["after"] for _, said in api.asked] == [None, "c2"]
    assert {said["variables"]["from"] for _, said in api.asked} == {"2026-01-01"}


def test_a_cursor_that_leads_nowhere_ends_the_pull_with_a_name():
    api = ScriptedApi((wire.PATH, answer_of("1", more="c")), (wire.PATH, answer_of("2", more="c")))
    with pytest.raises(PayloadError, match="endCursor"):
        list(pull_payslips(api, WINDOW))


def test_our_queries_ask_only_for_what_the_contract_has_and_nothing_of_people():
    schema = graphql.build_schema((CONTRACTS / "quickbooks-payroll/payroll-subset.graphql").read_text())
    for query in (wire.PAYSLIPS, wire.COMPANY):
        assert graphql.validate(schema, graphql.parse(query)) == []
    assert "mployees" not in wire.PAYSLIPS
    assert not any("taxidentifier" in scope or "employee" in scope for scope in PROVIDER.auth.scopes)


# ---- notices ---------------------------------------------------------------------------------------------------------------


def test_a_notice_is_verified_over_the_raw_body_and_names_one_payslip_at_a_time():
    entities = [{"name": "Payslips", "id": "9", "operation": "Create", "lastUpdated": "t"}]
    entities += [entities[0] | {"id": "10"}, entities[0] | {"name": "PayrollEmployee"}]
    notice = {"eventNotifications": [{"realmId": "R", "dataChangeEvent": {"entities": entities}}]}
    assert list(PROVIDER.webhook.events(notice)) == [
        ("R|Payslips|9|Create|t", "R", ("payslips",)),
        ("R|Payslips|10|Create|t", "R", ("payslips",)),
        ("R|PayrollEmployee|9|Create|t", "R", ()),
    ]
    body = b'{"eventNotifications": []}'
    signed = base64.b64encode(hmac.new(b"verifier", body, hashlib.sha256).digest()).decode()
    assert PROVIDER.webhook.verify(body, {"Intuit-Signature": signed}, ["old", "verifier"], NOW)
    assert not PROVIDER.webhook.verify(body + b" ", {"Intuit-Signature": signed}, ["verifier"], NOW)


# ---- the register ------------------------------------------------------------------------------------------------------------


def test_a_register_is_the_neutral_one_and_gives_the_run_by_department():
    contract = parse_json((CONTRACTS / "quickbooks-payroll/payroll-register.schema.json").read_bytes())
    for run in [*register(), page("registers")]:
        jsonschema.validate(run, contract)
    (run,) = read(STREAMS["registers"], register()[0])
    assert isinstance(run, PayrollRun)
    (entry,) = drafts(run, provider="quickbooks-payroll", category="payroll")
    assert sorted((line.role, line.key, line.department, line.debit - line.credit) for line in entry.lines) == [
        ("benefit-payable", "401(k)", "", -10000),
        ("ee-tax-payable", "Medicare", "", -3000),
        ("er-tax-expense", "", "Field", 2900),
        ("er-tax-payable", "Medicare", "", -2900),
        ("expense", "Travel", "Field", 2050),
        ("garnishment-payable", "Levy", "", -7000),
        ("net-pay-clearing", "quickbooks-payroll", "", -272050),
        ("wages", "Regular", "Field", 200000),
        ("wages", "Regular", "Office", 90000),
    ]


def test_a_workbook_gives_the_same_run_as_the_text():
    header, row = REGISTER.splitlines()[1], REGISTER.splitlines()[3].split(",")
    book = Workbook()
    book.active.append(header.split(","))
    book.active.append([date(2026, 3, 5), date(2026, 2, 12), date(2026, 2, 25), *row[3:5], 900, 900.0, 900])
    written = io.BytesIO()
    book.save(written)
    (run,) = register(written.getvalue(), "register.xlsx")
    (told,) = read(STREAMS["registers"], run)
    (text,) = read(STREAMS["registers"], register()[0])
    assert told.payslips == text.payslips[1:]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("1,820.50", "1,820.49", "net pay: 1,820.50 against 1,820.49, difference 0.01"),
        ('"2,000.00",20.50', '"1,999.00",20.50', "earnings = gross pay"),
        ("Deduction: 401(k)", "Union dues", "column 'Union dues' is not known"),
        ("70.00,30.00", "70.00,31.00", "Total employee taxes is 31.00, its columns come to 30.00"),
    ],
)
def test_a_register_that_does_not_tie_names_the_employee_and_the_difference(before, after, said):
    assert before in REGISTER
    (fact,) = read(STREAMS["registers"], register(REGISTER.replace(before, after, 1))[0])
    assert isinstance(fact, Unknown)
    assert "Juniper Ashcombe" in fact.what
    assert said in fact.what
    assert fact.amount == 290000


@pytest.mark.parametrize("kind", ["regular", "off_cycle", "reversal", "external", "transition"])
def test_every_type_of_run_the_contract_lists_is_read_or_put_before_a_person(kind):
    (fact,) = read(STREAMS["registers"], page("registers") | {"runType": kind})
    assert isinstance(fact, Unknown) is (kind == "reversal")  # which run it undoes is in no register
    assert getattr(fact, "history", False) is (kind in {"external", "transition"})


# ---- the contract's own, strangers, and the sandbox --------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    assert result_table(PROVIDER) == {"payslip-fields-from-docs.json": "PayloadError $.payDate: is missing"}


@pytest.fixture
def api(transactional_db, sandbox, connect):
    from integrations.http import ConnectionApi
    from tests import builders

    people = builders.world()
    return ConnectionApi(connect(people.bob, people.kestrel, "quickbooks-payroll", company="osprey"))


def test_the_sandbox_answers_by_the_contract_and_agrees_with_the_register_it_exports(api, sandbox):
    from integrations.sandbox.quickbooks_payroll.exports import exports

    contract = parse_json((CONTRACTS / "quickbooks-payroll/payslips-answer.schema.json").read_bytes())
    answer = api.query(wire.PATH, {"query": wire.PAYSLIPS, "variables": {"first": 5}})
    jsonschema.validate(answer, contract)
    assert whoami(api) == ("9341455000000505", "Osprey Field Works Inc.")
    gross: dict[date, int] = {}
    for page_ in pull_payslips(api, WINDOW):
        for item in page_.items:
            (fact,) = read(STREAMS["payslips"], item)
            gross[fact.booked_on] = gross.get(fact.booked_on, 0) + fact.amount
    (content,) = exports(sandbox.app.setting.world.company("osprey")).values()
    runs = [read(STREAMS["registers"], raw)[0] for raw in register(content)]
    assert gross == {run.booked_on: sum(i.amount for slip in run.payslips for i in slip.earnings) for run in runs}
    assert len(runs) == 7
    with pytest.raises(Refused, match="BAD_USER_INPUT"):
        api.query(wire.PATH, {"query": wire.PAYSLIPS, "variables": {"after": "?"}})


def test_the_sandbox_signs_a_notice_for_each_payslip_of_a_run(sandbox):
    signed = sandbox.app.services["quickbooks-payroll"].webhook("osprey", "payslip.created", "s3")
    assert PROVIDER.webhook.verify(signed.body, signed.headers, ["s3"], datetime.now(UTC))
    assert len(list(PROVIDER.webhook.events(parse_json(signed.body)))) == 4
