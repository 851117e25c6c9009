"""ADP's outputs, registers and notices read as runs, every trap of its documentation, and its sandbox against the contract."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import jsonschema
import pytest

from integrations import tables
from integrations.errors import PayloadError, Refused
from integrations.payload import Payload, parse_json
from integrations.provider import Window
from integrations.providers.adp import wire
from integrations.providers.adp.codes import NOT_FINAL, PARTS
from integrations.providers.adp.provider import PROVIDER, pull_events, pull_payrolls, whoami
from integrations.records import PayrollRun, Skipped, Unknown
from integrations.schemes import fields_of
from ledger.core.rules import drafts, payroll_cash_lines
from tests.integrations.contract import (
    CONTRACTS,
    NOW,
    ScriptedApi,
    fixture_objects,
    holder,
    places,
    read,
    result_table,
)
from tests.integrations.providers.test_adp import REGISTER

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=NOW)
RUN, PREVIEW = fixture_objects(PROVIDER, STREAMS["payrolls"])


def run(**changed):
    return copy.deepcopy({**RUN, **changed})


def lines(raw):
    (fact,) = read(STREAMS["payrolls"], raw)
    assert isinstance(fact, PayrollRun), fact
    (entry,) = drafts(fact, provider="adp", category="payroll")
    return sorted((line.role, line.key, line.department, line.debit - line.credit) for line in entry.lines)


# ---- a final run -----------------------------------------------------------------------------------------------------------


def test_a_final_run_is_booked_by_cost_centre_with_each_associates_own_lines():
    assert lines(RUN) == [
        ("benefit-expense", "Medical Insurance", "Shop", 22500),
        ("benefit-payable", "Medical Insurance", "", -32000),
        ("ee-tax-payable", "Federal Income Tax", "", -36000),
        ("ee-tax-payable", "Social Security", "", -22320),
        ("er-tax-expense", "", "Shop", 19860),  # 130.20 + 12.60, and 60 percent of 93.00
        ("er-tax-expense", "", "Warehouse", 3720),
        ("er-tax-payable", "Federal Unemployment", "", -1260),
        ("er-tax-payable", "Social Security", "", -22320),
        ("expense", "Mileage Reimbursement", "Shop", 4510),
        ("garnishment-payable", "Child Support", "", -15000),
        ("net-pay-clearing", "adp", "", -281691),
        ("wages", "Bonus", "Shop", 10000),
        ("wages", "Regular", "Shop", 290001),  # 2,000.00 and 60 percent of 1,500.01, the odd cent to the larger part
        ("wages", "Regular", "Warehouse", 60000),
    ]


def test_net_pay_taxes_and_garnishments_are_awaited_as_three_debits():
    (fact,) = read(STREAMS["payrolls"], RUN)
    pulls = payroll_cash_lines(fact, provider="adp")
    assert [(p.kind, p.amount, p.unexplained) for p in pulls] == [
        ("net-pay", 281691, 0),
        ("tax", 81900, 0),
        ("garnishment", 15000, 0),
    ]


@pytest.mark.contracts
def test_only_the_final_status_of_those_the_contract_lists_is_booked():
    contract = parse_json((CONTRACTS / "adp/adp-payroll-output-v2.openapi.json").read_bytes())
    told = contract["components"]["schemas"]["PayrollOutput"]["properties"]["payrollProcessingStatusCode"][
        "description"
    ]
    listed = set(re.findall(r"\b(EER|PVI|PVC|NTI|NTC)\b", told))
    assert listed == {"NTC", *NOT_FINAL}
    kinds = {
        name: type(read(STREAMS["payrolls"], run(payrollProcessingStatusCode={"codeValue": name}))[0])
        for name in listed
    }
    assert kinds == {"NTC": PayrollRun, **dict.fromkeys(NOT_FINAL, Skipped)}


def test_a_preview_never_takes_the_place_of_the_run():
    final, preview = (dict(RUN) | {"payrollProcessingStatusCode": {"codeValue": code}} for code in ("NTC", "PVC"))
    assert len({STREAMS["payrolls"].identify(Payload.of(one)) for one in (final, preview)}) == 2


def net_of(raw, cents):
    raw["summary"]["earnings"][0]["netPayAmount"]["amountValue"] = Decimal(cents).scaleb(-2)


def allocation(raw, part="earnings", place=1):
    return raw["allocations"][part][place]


BROKEN = {
    "net pay: 1,559.90 against 1,559.91, difference -0.01": lambda raw: net_of(raw, 155991),
    "earnings by cost centre: 1,500.00 against 1,500.01": lambda raw: allocation(raw)["earnings"][0][
        "earningAmount"
    ].update(amountValue=Decimal("1500.00")),
    "the cost centres are not 100 percent": lambda raw: allocation(raw)["costCenters"][0].update(
        costCenterPercentage=59
    ),
    "taxes by cost centre": lambda raw: raw["allocations"].update({"statutory-deductions": []}),
    "earnings = gross pay": lambda raw: raw["summary"]["earnings"][1]["grossPayAmount"].update(amountValue=1500),
    "amounts in USD and in CAD": lambda raw: allocation(raw)["earnings"][0]["earningAmount"].update(currencyCode="CAD"),
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_run_that_does_not_tie_names_the_associate_and_the_difference(said):
    raw = run()
    BROKEN[said](raw)
    (fact,) = read(STREAMS["payrolls"], raw)
    assert isinstance(fact, Unknown)
    assert said in fact.what


def test_gross_pay_may_hold_what_was_given_back_or_not():
    raw = run()
    for payments in raw["summary"].values():
        payments[0]["grossPayAmount"]["amountValue"] = Decimal("2145.10")
    assert lines(raw) == lines(RUN)


def test_a_void_takes_its_amounts_back_and_a_second_run_of_the_date_is_an_extra_one():
    raw = run(payrollScheduleReference={"payrollRunNumber": "02"})
    for where in ("summary", "allocations"):
        for payments in raw[where].values():
            for path in [path for path in places(payments[0]) if path[-1] == "amountValue"]:
                holder(payments[0], path)["amountValue"] = -Decimal(str(holder(payments[0], path)["amountValue"]))
    (fact,) = read(STREAMS["payrolls"], raw)
    assert (fact.kind, fact.external_id) == ("off_cycle", "QX7:2026-03-06:2026-02-27:2")
    assert ("wages", "Bonus", "Shop", -10000) in lines(raw)


# ---- asking ----------------------------------------------------------------------------------------------------------------


def listed(**changed):
    head = {name: value for name, value in run(**changed).items() if name not in {"summary", "allocations"}}
    return head | {"associatePayments": [{"payrollFileNumber": "1"}]}


def script_of(raw):
    """The answers to the calls that read one run in full."""
    path = f"{wire.OUTPUTS}/{raw['itemID']}"
    roads = {"summary": "associate-payment-summary", "allocations": "associate-payment-allocations"}
    for key, road in roads.items():
        for part in PARTS:
            body = {"payrollOutputs": [{"itemID": raw["itemID"], "associatePayments": raw[key][part]}]}
            yield f"{path}/{road}/{part}", body


def asking(*script, company="QX7"):
    return ScriptedApi(*script, settings={"company": company, "region": "us"})


def test_a_page_shorter_than_asked_is_not_the_end_and_no_body_is():
    pages = [(wire.OUTPUTS, {"payrollOutputs": [listed()]}), (wire.OUTPUTS, {"payrollOutputs": [PREVIEW]})]
    api = asking(*pages, (wire.OUTPUTS, None), *script_of(RUN))
    found = list(pull_payrolls(api, WINDOW))
    assert [item["itemID"] for page in found for item in page.items] == ["9a1f", "9a20"]
    assert lines(found[0].items[0]) == lines(RUN)
    assert [said["$skip"] for path, said in api.asked if path == wire.OUTPUTS] == ["0", "1", "2"]
    assert api.script == []


def test_another_company_an_old_run_and_one_before_the_cut_over_are_not_read():
    others = [
        listed(payrollGroupCode={"codeValue": "ZZ1"}),
        listed(payDate="2026-01-09"),
        listed(payDate="2025-12-19", payrollProcessingStatusCode={"codeValue": "NTI"}),
    ]
    body = {"payrollOutputs": others, "meta": {"totalNumber": 3}}
    window = replace(WINDOW, cursor="2026-03-31")
    assert [list(page.items) for page in pull_payrolls(asking((wire.OUTPUTS, body)), window)] == [[], []]


def test_a_company_code_that_is_not_shown_is_refused_and_one_without_runs_is_not():
    body = {"payrollOutputs": [listed()], "meta": {"totalNumber": 1}}
    assert whoami(asking((wire.OUTPUTS, body))) == ("QX7", "ADP QX7")
    assert whoami(asking((wire.OUTPUTS, None), company="NEW")) == ("NEW", "ADP NEW")
    with pytest.raises(Refused, match="ZZ1"):
        whoami(asking((wire.OUTPUTS, body), company="ZZ1"))


def test_a_message_is_kept_before_it_is_taken_away_and_one_that_stays_is_named():
    message = ({"events": []}, {"ADP-MSG-MSGID": "m1"})
    api = asking((wire.EVENTS, message), (f"{wire.EVENTS}/m1", None), (wire.EVENTS, (None, {})))
    pages = pull_events(api, WINDOW)
    assert next(pages).items == [{"messageID": "m1", "events": []}]
    assert [path for path, _ in api.asked] == [wire.EVENTS]
    assert [page.cursor for page in pages] == ["2026-04-01"]
    stuck = asking((wire.EVENTS, message), (f"{wire.EVENTS}/m1", None), (wire.EVENTS, message))
    with pytest.raises(PayloadError, match="given again"):
        list(pull_events(stuck, WINDOW))


def test_missing_consent_is_told_as_such_and_every_call_shows_a_certificate_of_which_two_may_be_in_force():
    assert "consent" in str(wire.read_error(403, {}, None))
    assert (PROVIDER.auth.certificate, PROVIDER.auth.client_auth) == (True, "basic")
    assert {"certificate", "next_certificate"} <= {ask.name for ask in fields_of(PROVIDER.auth)}
    assert PROVIDER.addresses({"region": "eu"}) == {
        "api": "https://api.eu.adp.com",
        "token": "https://accounts.eu.adp.com",
    }


# ---- the register ------------------------------------------------------------------------------------------------------------


def register(text=REGISTER):
    (layout,) = PROVIDER.files
    return list(layout.objects(tables.find(text.encode(), "register.csv", layout.recognise)))


def test_the_register_is_the_same_run_as_the_output_and_tells_its_columns_apart():
    (raw,) = register()
    assert STREAMS["payrolls"].identify(Payload.of(raw)) == STREAMS["payrolls"].identify(Payload.of(RUN))
    jsonschema.validate(raw, parse_json((CONTRACTS / "quickbooks-payroll/payroll-register.schema.json").read_bytes()))
    assert ("garnishment-payable", "75-SUPPORT", "", -15000) in lines(raw)
    assert ("benefit-expense", "KM-401K MATCH", "Shop", 6000) in lines(raw)
    assert ("expense", "MIL-MILEAGE", "Shop", 4510) in lines(raw)
    assert ("net-pay-clearing", "adp", "", -304010) in lines(raw)
    assert "TERM LIFE" not in str(lines(raw))  # imputed: taxed and paid to nobody


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"1,690.10"', '"1,690.00"', "employee 000101: gross + reimbursements"),
        ("SOCIAL SECURITY - EMPLOYER TAX", "UNION LEVY FUND", "'UNION LEVY FUND' is not known"),
        ('12.34,210.00,"2', '12.34,211.00,"2', "TOTAL EMPLOYEE TAX is 211.00"),
    ],
)
def test_a_register_that_does_not_tie_is_put_before_a_person(before, after, said):
    assert before in REGISTER
    (fact,) = read(STREAMS["payrolls"], register(REGISTER.replace(before, after))[0])
    assert isinstance(fact, Unknown)
    assert said in fact.what


# ---- the contract's own, strangers, and the sandbox --------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    assert result_table(PROVIDER) == {"pay-statements/pay-statement-record.json": "not a stream of this provider"}


@pytest.mark.contracts
def test_the_sandbox_is_asked_and_answers_by_the_contract(transactional_db, sandbox, connect):
    from integrations.http import ConnectionApi
    from tests import builders

    contract = parse_json((CONTRACTS / "adp/adp-payroll-output-v2.openapi.json").read_bytes())
    people = builders.world()
    api = ConnectionApi(connect(people.bob, people.kestrel, "adp", company="tamarack"))
    asked, plain, march = [], api.get, replace(WINDOW, since=date(2026, 3, 1))

    def noted(path, *args, **options):
        asked.append(path)
        answer = plain(path, *args, **options)
        if answer is not None:
            jsonschema.validate(answer, {**contract, "$ref": "#/components/schemas/PayrollOutputs"})
        return answer

    api.get = noted
    facts = [read(STREAMS["payrolls"], item) for page in pull_payrolls(api, march) for item in page.items]
    assert [type(fact) for (fact,) in facts] == [PayrollRun] * 3 + [Skipped]
    known = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in contract["paths"]]
    assert [path for path in asked if not any(one.fullmatch(path) for one in known)] == []
    messages = [item for page in pull_events(api, WINDOW) for item in page.items]
    assert len(messages) == 7
    assert [page.items for page in pull_events(api, WINDOW)] == [[]]
    with pytest.raises(Refused, match="WSGW_404"):
        api.get(f"{wire.OUTPUTS}/none")
