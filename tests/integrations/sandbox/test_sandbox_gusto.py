"""Gusto over HTTP: the dance of single-use refresh tokens, the defaults that hide runs, the identities of totals."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal

import pytest
import requests

from integrations.sandbox.server import CLIENT_IDS
from integrations.sandbox.world import build_world

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def company():
    return build_world(7).company("quillfeather")


@pytest.fixture
def get(sandbox):
    """Reads as the grant of quillfeather (or another company) would."""
    grants = {}

    def send(path, company="quillfeather", token=None, **params):
        if company not in grants:
            grants[company] = sandbox.app.services["gusto"].desk.open_grant(company, "")
        headers = {"Authorization": f"Bearer {token or grants[company].access_token}"}
        return requests.get(sandbox.base_url("gusto") + path, params=params, headers=headers, timeout=5)

    return send


@pytest.fixture
def home(get):
    return f"/v1/companies/{get('/v1/token_info').json()['resource']['uuid']}"


YEAR = {"start_date": "2025-04-06", "end_date": "2026-04-05"}


def exchange(sandbox, **body):
    client_id, secret = CLIENT_IDS["gusto"]
    keys = {"client_id": client_id, "client_secret": secret}
    return requests.post(sandbox.base_url("gusto") + "/oauth/token", json={**keys, **body}, timeout=5)


def test_default_list_is_regular_only_and_six_months(get, home, company):
    runs = get(f"{home}/payrolls").json()
    assert not any(run["off_cycle"] for run in runs)
    assert min(run["pay_period"]["start_date"] for run in runs) >= "2025-10-05"
    assert "totals" not in runs[0]


def test_all_runs_of_a_window_are_found_when_asked_for(get, home, company):
    types = {"payroll_types": "regular,off_cycle,external", "date_filter_by": "check_date"}
    runs = get(f"{home}/payrolls", **YEAR, **types).json()
    expected = [run.uuid for run in company.payroll.runs if run.check_date.isoformat() >= "2025-04-06"]
    assert [run["payroll_uuid"] for run in runs] == expected
    assert sum(run["off_cycle"] for run in runs) == 1


def test_window_beyond_a_year_is_refused(get, home):
    got = get(f"{home}/payrolls", start_date="2024-01-01", end_date="2026-01-01")
    assert (got.status_code, got.json()["errors"][0]["error_key"]) == (422, "start_date")


def test_totals_obey_the_published_identities(get, home):
    params = {"payroll_types": "regular,off_cycle", "include": "totals", **YEAR}
    for run in get(f"{home}/payrolls", **params).json():
        total = {name: Decimal(text) for name, text in run["totals"].items()}
        assert total["employee_taxes"] + total["employer_taxes"] == total["tax_debit"]
        pulls = total["net_pay_debit"] + total["reimbursement_debit"] + total["child_support_debit"]
        assert pulls + total["tax_debit"] == total["company_debit"]
        deducted = total["employee_taxes"] + total["employee_benefits_deductions"] + total["other_deductions"]
        assert total["gross_pay"] - deducted == total["net_pay"]


def test_company_debit_is_what_the_bank_shows(get, home, company):
    run = company.payroll.runs[-2]
    shown = get(f"{home}/payrolls/{run.uuid}").json()["totals"]["company_debit"]
    lines = [line for line in company.movements if line.key.endswith(run.uuid)]
    assert Decimal(shown) == -Decimal(sum(line.amount_minor for line in lines)).scaleb(-2)
    assert {line.text for line in lines} == {"GUSTO NET PAY", "GUSTO TAX"}


def test_shown_payroll_lists_taxes_only_when_included(get, home, company):
    path = f"{home}/payrolls/{company.payroll.runs[-1].uuid}"
    bare = get(path).json()["employee_compensations"][0]
    assert not {"taxes", "benefits", "deductions"} & set(bare)
    full = get(path, include="taxes,benefits,deductions").json()["employee_compensations"]
    assert all({"taxes", "benefits", "deductions"} <= set(pay) for pay in full)


def test_employees_of_a_payroll_add_up_to_its_totals(get, home, company):
    path = f"{home}/payrolls/{company.payroll.runs[-1].uuid}"
    shown = json.loads(get(path, include="taxes,benefits,deductions").text, parse_float=Decimal, parse_int=Decimal)
    pays, totals = shown["employee_compensations"], shown["totals"]
    assert sum(pay["gross_pay"] for pay in pays) == Decimal(totals["gross_pay"])
    assert sum(pay["net_pay"] for pay in pays) == Decimal(totals["net_pay"])
    withheld = sum(tax["amount"] for pay in pays for tax in pay["taxes"] if not tax["employer"])
    assert withheld == Decimal(totals["employee_taxes"])
    garnished = sum(item["amount"] for pay in pays for item in pay["deductions"])
    assert garnished == Decimal(totals["child_support_debit"])
    earned = [e for pay in pays for e in pay["hourly_compensations"] + pay["fixed_compensations"]]
    assert sum(Decimal(e["amount"]) for e in earned) == Decimal(totals["gross_pay"])


def test_departments_name_every_employee_once(get, home):
    departments = get(f"{home}/departments").json()
    named = [person["uuid"] for department in departments for person in department["employees"]]
    people = get(f"{home}/employees").json()
    assert sorted(named) == sorted(person["uuid"] for person in people)
    assert [department["title"] for department in departments] == ["Cafe", "Roastery", "Office"]


def test_contractor_is_paid_once_a_month(get, home):
    found = get(f"{home}/contractor_payments", start_date="2026-01-01", end_date="2026-03-31").json()
    payments = found["contractor_payments"][0]["payments"]
    assert [payment["date"][:7] for payment in payments] == ["2026-01", "2026-02", "2026-03"]
    assert sum(Decimal(payment["wage_total"]) for payment in payments) == Decimal(found["total"]["wages"])


def test_contractor_payments_need_a_window(get, home):
    assert get(f"{home}/contractor_payments").status_code == 422


def test_there_are_no_reversals(get, home):
    assert get(f"{home}/payroll_reversals").json() == []


def test_pages_carry_their_counts(get, home):
    got = get(f"{home}/payrolls", page=2, per=5, **YEAR)
    assert len(got.json()) == 5
    assert got.headers["X-Page"] == "2"


def test_another_company_is_not_found(get, home):
    kestrel = get("/v1/token_info", company="kestrel").json()["resource"]["uuid"]
    assert get(f"/v1/companies/{kestrel}/payrolls").status_code == 404


def test_general_ledger_report_balances_by_department(sandbox, company, get):
    grant = sandbox.app.services["gusto"].desk.open_grant("quillfeather", "")
    headers = {"Authorization": f"Bearer {grant.access_token}"}
    run = company.payroll.runs[-1]
    url = f"{sandbox.base_url('gusto')}/v1/payrolls/{run.uuid}/reports/general_ledger"
    made = requests.post(url, json={"aggregation": "department"}, headers=headers, timeout=5).json()
    report = get(f"/v1/reports/{made['request_uuid']}").json()
    rows = requests.get(report["report_urls"][0], timeout=5).json()
    for department in ("Cafe", "Roastery", "Office"):
        mine = [row for row in rows if row["department"] == department]
        assert sum(Decimal(row["debit"]) for row in mine) == sum(Decimal(row["credit"]) for row in mine) > 0
    assert requests.get(report["report_urls"][0].replace(".json", "x.json"), timeout=5).status_code == 403


def test_consent_offers_employers_only_and_codes_work_once(sandbox, consent_at):
    consent = consent_at("gusto", "/oauth/authorize")
    assert "brambling" not in consent.page().text
    code = consent.answer("kestrel")["code"]
    ask = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    tokens = exchange(sandbox, **ask).json()
    assert tokens["expires_in"] == 7200
    again = exchange(sandbox, **ask)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_code_ends_after_ten_minutes(sandbox, consent_at):
    code = consent_at("gusto", "/oauth/authorize").answer("kestrel")["code"]
    sandbox.app.setting.clock.advance(601)
    got = exchange(sandbox, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert got.json()["error"] == "invalid_grant"


def test_denied_consent_comes_back_without_a_code(consent_at):
    back = consent_at("gusto", "/oauth/authorize").answer("kestrel", decision="deny")
    assert back == {
        "error": "access_denied",
        "error_description": "The user denied your request.",
        "state": "st-1",
    }


def test_consent_preselects_the_hinted_company(consent_at):
    html = consent_at("gusto", "/oauth/authorize").page(company="quillfeather").text
    assert 'value="quillfeather" checked' in html


def test_consent_never_redirects_off_this_machine(consent_at):
    assert consent_at("gusto", "/oauth/authorize").page(redirect_uri="https://elsewhere.test/").status_code == 400


def test_refresh_token_works_once_and_ends_the_old_pair(sandbox, get):
    grant = sandbox.app.services["gusto"].desk.open_grant("kestrel", "")
    old_access, old_refresh = grant.access_token, grant.refresh_token
    fresh = exchange(sandbox, grant_type="refresh_token", refresh_token=old_refresh).json()
    assert get("/v1/token_info", token=old_access).status_code == 401
    assert get("/v1/token_info", token=fresh["access_token"]).status_code == 200
    again = exchange(sandbox, grant_type="refresh_token", refresh_token=old_refresh)
    assert again.json()["error"] == "invalid_grant"


def test_expired_access_is_renewed_by_refresh(sandbox, get):
    grant = sandbox.app.services["gusto"].desk.open_grant("kestrel", "")
    requests.post(sandbox.url + "/_control/companies/kestrel/expire-token?provider=gusto", timeout=5)
    assert get("/v1/token_info", token=grant.access_token).status_code == 401
    fresh = exchange(sandbox, grant_type="refresh_token", refresh_token=grant.refresh_token)
    assert fresh.status_code == 200


def test_wrong_secret_is_refused(sandbox):
    assert exchange(sandbox, client_secret="no", grant_type="refresh_token").status_code == 401


def test_two_hundred_and_first_request_in_a_minute_is_limited(sandbox, get):
    grant = sandbox.app.services["gusto"].desk.open_grant("kestrel", "")
    for _ in range(200):
        sandbox.app.services["gusto"]._window.hit(grant.id)
    got = get("/v1/token_info", token=grant.access_token)
    assert got.status_code == 429
    assert 1 <= int(got.headers["Retry-After"]) <= 60
    assert got.headers["X-RateLimit-Limit"] == "200"


def test_webhook_is_signed_in_lower_case_hex_over_the_raw_body(sandbox, company):
    signed = sandbox.app.services["gusto"].webhook("quillfeather", "payroll.processed", "token")
    expected = hmac.new(b"token", signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["X-Gusto-Signature"] == expected
    assert json.loads(signed.body)["entity_uuid"] == company.payroll.runs[-1].uuid
