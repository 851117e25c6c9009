"""Gusto: the contract, and registers that must tie."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from datetime import date
from decimal import Decimal

import pytest
import yaml

from integrations.census import Days
from integrations.errors import PayloadError, RetryLater
from integrations.payload import Payload
from integrations.provider import Window
from integrations.providers.gusto.provider import PROVIDER
from integrations.records import ContractorPayment, PayItem, PayrollRun, Skipped, Unknown
from tests.integrations.contract import (
    CONTEXT,
    CONTRACTS,
    NOW,
    ScriptedApi,
    fixture_objects,
    read,
    result_table,
)

PAYROLLS, PAYMENTS = PROVIDER.stream("payrolls"), PROVIDER.stream("contractor_payments")


def scripted(*script):
    """Lists are answered with headers, which are none here."""
    return ScriptedApi(*((path, (said, {}) if isinstance(said, list) else said) for path, said in script))


def payroll(number=1):
    return copy.deepcopy(fixture_objects(PROVIDER, PAYROLLS)[number - 1])


def only(raw, stream=PAYROLLS):
    (fact,) = read(stream, raw)
    return fact


def with_totals(raw, **changed):
    raw["totals"] |= changed
    return only(raw)


# ---- payslips ------------------------------------------------------------------------------------------------------------


def test_a_payslip_holds_each_earning_tax_and_deduction_by_name():
    ada = only(payroll()).payslips[0]
    assert (ada.employee, ada.department, ada.by_check) == ("Ada Fern", "Store", False)
    assert ada.earnings == (
        PayItem(name="Regular Hours", amount=170000),
        PayItem(name="Bonus", amount=10000),
        PayItem(name="Vacation Hours", amount=20000),
    )
    assert ada.deductions == (
        PayItem(name="Medical Insurance", amount=7000, kind="benefit"),
        PayItem(name="Child Support", amount=15000, kind="garnishment"),
    )
    assert ada.contributions == (PayItem(name="Medical Insurance", amount=21000),)
    assert ada.employer_taxes == (PayItem(name="Social Security", amount=12400), PayItem(name="Medicare", amount=2900))


def test_net_pay_is_what_the_employee_gets_reimbursements_included():
    ada = only(payroll()).payslips[0]
    assert (ada.net_pay, ada.reimbursements) == (134700 + 4250, (PayItem(name="Packing tape", amount=4250),))


def test_who_is_paid_by_cheque_is_said_and_who_is_left_out_is_not_there():
    run = only(payroll())
    assert [(slip.employee, slip.by_check) for slip in run.payslips] == [
        ("Ada Fern", False),
        ("Bo Marsh", True),
        ("Company", False),
    ]
    assert run.payslips[2].employer_taxes == (PayItem(name="CA ETT", amount=350),)


def test_company_taxes_that_only_repeat_the_employees_are_not_added():
    raw = payroll()
    raw["company_taxes"] = [{"name": "Medicare", "employer": True, "amount": "72.50"}]
    raw["totals"] |= {"employer_taxes": "382.50", "tax_debit": "1515.00", "company_debit": "3054.50"}
    assert [slip.employee for slip in only(raw).payslips] == ["Ada Fern", "Bo Marsh"]


def test_the_pulls_and_their_day_are_the_totals():
    run = only(payroll())
    assert (run.net_pay_pull, run.reimbursement_pull, run.garnishment_pull) == (134700, 4250, 15000)
    assert run.debit_on == date(2026, 3, 12)
    assert run.tax_pull == 43300 + 69950 + 38250 + 350


def test_a_later_department_is_no_new_version_and_another_amount_is():
    moved, paid = payroll(), payroll()
    moved["employees"][0]["department"] = "Elsewhere"
    paid["totals"]["net_pay"] = "1.00"
    versions = [PAYROLLS.version(Payload.of(raw)) for raw in (payroll(), moved, paid)]
    assert versions[0] == versions[1] != versions[2]


def test_hours_without_amounts_are_one_line_of_gross_pay():
    raw = payroll()
    for item in raw["employee_compensations"][0]["hourly_compensations"]:
        del item["amount"]
    assert only(raw).payslips[0].earnings == (PayItem(name="Gross pay", amount=200000),)


def test_cash_tips_never_passed_through_the_employer():
    raw = payroll()
    one = raw["employee_compensations"][0]
    one["fixed_compensations"].append({"name": "Cash Tips", "amount": "60.00"})
    one["gross_pay"] = "2060.00"
    raw["totals"] |= {"gross_pay": "5060.00", "employee_cash_tips": "60.00"}
    slip = only(raw).payslips[0]
    assert sum(item.amount for item in slip.earnings) == 200000
    assert slip.net_pay == 138950


def test_imputed_pay_is_no_cost_of_the_company():
    raw = payroll()
    benefit = {"name": "Group Term Life", "employee_deduction": 0, "company_contribution": 50, "imputed": True}
    raw["employee_compensations"][0]["benefits"].append(benefit)
    assert [item.name for item in only(raw).payslips[0].contributions] == ["Medical Insurance"]


# ---- identities ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"tax_debit": "1518.51"},
            "employee_taxes + employer_taxes = tax_debit: 1,518.50 against 1,518.51, difference -0.01",
        ),
        ({"company_debit": "1.00"}, "child_support_debit = company_debit"),
        ({"gross_pay": "5000.01"}, "sum of payslips = totals.gross_pay: 5,000.00 against 5,000.01, difference -0.01"),
        ({"benefits": "0.00"}, "sum of payslips = totals.benefits: 210.00 against 0.00, difference 210.00"),
    ],
)
def test_a_run_that_does_not_tie_goes_before_a_person_with_the_identity_and_the_difference(changed, said):
    fact = with_totals(payroll(), **changed)
    assert isinstance(fact, Unknown)
    assert said in fact.what


def test_a_payslip_that_does_not_come_to_its_net_pay_is_named():
    raw = payroll()
    raw["employee_compensations"][0]["net_pay"] = "1346.00"
    fact = only(raw)
    assert "gross_pay − taxes − deductions = net_pay: 1,347.00 against 1,346.00" in fact.what
    assert raw["employee_compensations"][0]["employee_uuid"] in fact.what


# ---- other runs ----------------------------------------------------------------------------------------------------------


def test_a_run_told_by_totals_alone_is_one_slip_and_says_so():
    run = only(payroll(2))
    (slip,) = run.payslips
    assert (slip.net_pay, slip.earnings) == (78000, (PayItem(name="Gross pay", amount=100000),))
    assert "By totals" in run.memo
    assert run.kind == "off_cycle: Bonus"


def test_pay_not_told_by_employee_is_read_by_totals():
    raw = payroll()
    del raw["employee_compensations"][1]["net_pay"]
    assert "By totals" in only(raw).memo


def test_cheques_in_a_run_told_by_totals_keep_their_sum():
    run = with_totals(payroll(2), check_amount="300.00", net_pay_debit="480.00", company_debit="776.50")
    assert [(slip.net_pay, slip.by_check) for slip in run.payslips] == [(48000, False), (30000, True)]
    assert sum(item.amount for slip in run.payslips for item in slip.earnings) == 100000


def test_a_reversal_names_what_it_undoes_in_positive_amounts():
    run = only(payroll(3))
    assert run.reverses == "a0000000-0000-4000-8000-000000000002"
    assert (run.payslips[0].net_pay, run.net_pay_pull, run.tax_pull) == (78000, 78000, 29650)


def test_a_reversal_that_does_not_name_its_original_goes_before_a_person():
    raw = payroll(3)
    del raw["reverses"]
    assert isinstance(only(raw), Unknown)


def test_history_of_a_prior_provider_is_marked_and_owes_no_debits():
    run = only(payroll(5))
    assert isinstance(run, PayrollRun)
    assert (run.history, run.net_pay_pull) == (True, 0)


def test_a_failed_processing_is_no_payroll():
    raw = payroll()
    raw["processing_request"]["status"] = "processing_failed"
    assert isinstance(only(raw), Unknown)


# ---- contractors ---------------------------------------------------------------------------------------------------------


def test_a_contractors_wages_bonus_and_reimbursement():
    payment = read(PAYMENTS, fixture_objects(PROVIDER, PAYMENTS)[0])[0]
    assert isinstance(payment, ContractorPayment)
    assert (payment.contractor, payment.department) == ("Rook Illustration", "Studio")
    assert (payment.amount, payment.reimbursement, payment.by_check) == (74000, 7500, False)


def test_an_unfunded_transfer_waits_and_an_unfunded_cheque_does_not():
    facts = read(PAYMENTS, fixture_objects(PROVIDER, PAYMENTS)[0])
    assert facts[1].by_check
    assert isinstance(facts[2], Skipped)


@pytest.mark.parametrize(
    "changed", [{"payment_method": "Correction Payment"}, {"status": "Lost"}, {"wage_total": "741.50"}]
)
def test_a_payment_that_is_new_or_does_not_add_up_goes_before_a_person(changed):
    one = fixture_objects(PROVIDER, PAYMENTS)[0]["contractor_payments"][0]["payments"][0]
    assert isinstance(only(one | changed, PAYMENTS), Unknown)


# ---- pulling -------------------------------------------------------------------------------------------------------------


BASE = "/v1/companies/company"


def test_a_run_is_asked_for_in_full_and_carries_departments_and_nothing_else_of_people():
    full = payroll()
    del full["employees"]
    uuid = full["payroll_uuid"]
    person = {
        "uuid": full["employee_compensations"][0]["employee_uuid"],
        "first_name": "Ada",
        "department": "Store",
        "ssn": "1",
    }
    early = payroll(2) | {"check_date": "2025-12-31"}
    api = scripted(
        (f"{BASE}/employees", [person]),
        (f"{BASE}/payroll_reversals", [{"reversal_payroll_uuid": uuid, "reversed_payroll_uuid": "first"}]),
        (f"{BASE}/payrolls", [payroll(), early]),
        (f"{BASE}/payrolls/{uuid}", full),
    )
    pages = list(PAYROLLS.pull(api, Window(cursor="", since=date(2026, 1, 1), now=NOW)))
    (item,) = [item for page in pages for item in page.items]
    assert item["reverses"] == "first"
    assert [sorted(one) for one in item["employees"]] == [
        ["department", "first_name", "garnishments", "last_name", "uuid"]
    ]
    assert pages[-1].cursor == "2026-04-01"
    asked = dict(api.asked)[f"{BASE}/payrolls"]
    assert asked["payroll_types"] == "regular,off_cycle,external"
    assert (asked["start_date"], asked["end_date"]) == ("2025-12-01", "2026-05-16")


def test_more_than_a_hundred_employees_are_read_page_by_page():
    one = payroll()["employee_compensations"][0]
    pays = [one | {"employee_uuid": f"e-{number}"} for number in range(103)]
    full, rest = payroll(), payroll()
    full["employee_compensations"], rest["employee_compensations"] = pays[:100], pays[100:]
    path = f"{BASE}/payrolls/{full['payroll_uuid']}"
    api = scripted(
        (f"{BASE}/employees", []),
        (f"{BASE}/payroll_reversals", []),
        (f"{BASE}/payrolls", [full]),
        (path, full),
        (path, rest),
    )
    pages = list(PAYROLLS.pull(api, Window(cursor="2026-03-31", since=date(2026, 1, 1), now=NOW)))
    assert len(pages[0].items[0]["employee_compensations"]) == 103


def test_a_long_history_is_asked_for_a_year_at_a_time():
    api = scripted(
        (f"{BASE}/employees", []), (f"{BASE}/payroll_reversals", []), *[(f"{BASE}/payrolls", []) for _ in range(3)]
    )
    list(PAYROLLS.pull(api, Window(cursor="", since=date(2024, 1, 1), now=NOW)))
    spans = [(said["start_date"], said["end_date"]) for path, said in api.asked if path.endswith("payrolls")]
    days = [(date.fromisoformat(end) - date.fromisoformat(start)).days for start, end in spans]
    assert max(days) <= 365
    assert len(spans) == 3


def test_contractor_payments_are_taken_one_by_one_from_the_cut_over_on():
    summary = fixture_objects(PROVIDER, PAYMENTS)[0]
    contractor = {
        "uuid": "f0000000-0000-4000-8000-000000000001",
        "business_name": "Rook Illustration",
        "department": "Studio",
        "has_ssn": False,
        "has_ein": True,
    }
    api = scripted((f"{BASE}/contractors", [contractor]), (f"{BASE}/contractor_payments", summary))
    pages = list(PAYMENTS.pull(api, Window(cursor="", since=date(2026, 3, 1), now=NOW)))
    assert [len(page.items) for page in pages] == [4, 0]
    told = {"name": "Rook Illustration", "department": "Studio", "has_tax_number": True}
    assert pages[0].items[1]["contractor"] == told
    (paid,) = read(PAYMENTS, pages[0].items[1])
    assert (paid.contractor, paid.has_tax_number) == ("Rook Illustration", True)


def test_a_list_of_runs_is_as_long_as_gusto_says():
    days = Days(date(2026, 3, 1), date(2026, 3, 31), CONTEXT.timezone)
    census = PAYROLLS.census

    def listed(count):
        said = ScriptedApi((f"{BASE}/payrolls", ([payroll()], {"x-total-count": count} if count else {})))
        return [one.external_id for one in census.listed(said, days)]

    assert listed("1") == listed("") == [payroll()["uuid"]]
    with pytest.raises(RetryLater, match="2 were counted and 1 listed"):
        listed("2")


# ---- notices -------------------------------------------------------------------------------------------------------------


def test_a_notice_is_believed_only_with_the_signature_of_its_bytes():
    body = b'{"uuid":"n-1"}'
    fits = {"x-gusto-signature": hmac.new(b"token", body, hashlib.sha256).hexdigest()}
    assert PROVIDER.webhook.verify(body, fits, ["older", "token"], NOW)
    assert not PROVIDER.webhook.verify(body + b" ", fits, ["token"], NOW)
    assert not PROVIDER.webhook.verify(body, fits, ["stranger"], NOW)
    assert not PROVIDER.webhook.verify(body, {}, ["token"], NOW)


def test_a_notice_names_its_company_and_the_streams_to_look_at_again():
    notice = {"uuid": "n-1", "event_type": "payroll.reversed", "resource_type": "Company", "resource_uuid": "c-1"}
    assert list(PROVIDER.webhook.events(notice)) == [("n-1", "c-1", ("reversals", "payrolls"))]


# ---- the published contract ----------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = result_table(PROVIDER)
    print(json.dumps(table, indent=1, ensure_ascii=False))
    assert table["sdk-fixtures/get-v1-companies-company_id-payrolls-processed-payrolls.json"] == "PayrollRun × 2"
    untied = table["sdk-fixtures/get-v1-companies-company_id-payrolls-payroll_id.json"]
    assert "= company_debit: 15,527.02 against 30,741.58" in untied
    assert table["sdk-fixtures/payroll-history-test-data.json"] == "PayloadError $.totals.net_pay: is missing"
    assert len([told for told in table.values() if told.startswith("Unknown")]) == 1


@pytest.mark.contracts
def test_every_status_method_and_reason_the_contract_lists_is_read():
    contract = yaml.safe_load((CONTRACTS / "gusto/gusto-payroll.openapi.yaml").read_text())["components"]["schemas"]
    for status in contract["Payroll-Processing-Request"]["properties"]["status"]["enum"]:
        raw = payroll()
        raw["processing_request"]["status"] = status
        assert isinstance(only(raw), Unknown) == (status == "processing_failed")
    for reason in contract["Off-Cycle-Reason-Type"]["anyOf"][0]["enum"]:
        raw = payroll(2) | {"off_cycle_reason": reason, "reverses": "x" if reason == "Reversal" else None}
        assert isinstance(only(raw), PayrollRun), reason
    base = contract["Payroll-Employee-Compensations-Base-Type"]["properties"]
    for method in base["payment_method"]["enum"]:
        raw = payroll()
        raw["employee_compensations"][0]["payment_method"] = method
        assert isinstance(only(raw), PayrollRun), method
    payment = fixture_objects(PROVIDER, PAYMENTS)[0]["contractor_payments"][0]["payments"][0]
    expected = {"Direct Deposit": ContractorPayment, "Check": ContractorPayment, "Historical Payment": Skipped}
    for method in contract["Contractor-Payment"]["properties"]["payment_method"]["enum"]:
        fact = only(payment | {"payment_method": method}, PAYMENTS)
        assert type(fact) is expected.get(method, Unknown), method


def test_numbers_and_texts_of_money_read_alike():
    raw = payroll()
    raw["totals"]["gross_pay"] = Decimal("5000.0")
    assert isinstance(only(raw), PayrollRun)
    with pytest.raises(PayloadError, match=r"\$\.totals\.gross_pay"):
        with_totals(payroll(), gross_pay="5000.001")
