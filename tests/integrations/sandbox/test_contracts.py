"""The sandbox's answers against the providers' published OpenAPI documents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator

from integrations.sandbox.server import CLIENT_IDS
from integrations.sandbox.world import build_world

CONTRACTS = Path(__file__).resolve().parents[4] / "shared" / "contracts"
pytestmark = [
    pytest.mark.contracts,
    pytest.mark.skipif(not CONTRACTS.is_dir(), reason=f"the published contracts are not at {CONTRACTS}"),
]
FILES = {
    "stripe": "stripe/openapi-ledger-2023-08-16.json",
    "plaid": "plaid/openapi-transactions-2020-09-14.json",
    "gusto": "gusto/gusto-payroll.openapi.yaml",
}


def with_nulls(value):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_nulls(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


@cache
def contract(provider):
    text = (CONTRACTS / FILES[provider]).read_text(encoding="utf-8")
    return with_nulls(json.loads(text) if FILES[provider].endswith(".json") else yaml.safe_load(text))


def response_schema(provider, path, method="get"):
    """The schema of the 200 answer of an operation."""
    answer = contract(provider)["paths"][path][method]["responses"]["200"]
    if "$ref" in answer:
        answer = contract(provider)["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return answer["content"]["application/json"]["schema"]


def problems(provider, schema, body):
    whole = {**schema, "components": contract(provider)["components"]}
    errors = Draft202012Validator(whole).iter_errors(body)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors]


# What the contract of 2023 cannot know or states wrongly, with the reason.
KNOWN = {
    "stripe": (),
    "plaid": (),
    # The contract types this uuid as a number; its own example is text.
    "gusto": ("contractor_payments/0/contractor_uuid",),
}


def check(provider, schema, body):
    found = [text for text in problems(provider, schema, body) if not text.startswith(KNOWN[provider] or ("\0",))]
    assert found[:5] == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/account", ""),
        ("/v1/balance", ""),
        ("/v1/balance_transactions", "?limit=100"),
        ("/v1/balance_transactions", "?limit=30&expand[]=data.source"),
        ("/v1/payouts", "?limit=20"),
        ("/v1/charges", "?limit=50"),
        ("/v1/refunds", "?limit=50"),
        ("/v1/disputes", ""),
        ("/v1/events", "?limit=20"),
    ],
)
def test_stripe_answers_as_published(sandbox, path, query):
    headers = {"Authorization": "Bearer rk_test_kestrel"}
    got = requests.get(sandbox.base_url("stripe") + path + query, headers=headers, timeout=5)
    assert got.status_code == 200
    check("stripe", response_schema("stripe", path), got.json())


def test_stripe_single_objects_answer_as_published(sandbox):
    headers = {"Authorization": "Bearer rk_test_kestrel"}
    company = build_world(7).company("kestrel")
    for path, name, identifier in (
        ("/v1/balance_transactions/{id}", "id", company.sales.rows[5].id),
        ("/v1/payouts/{payout}", "payout", company.payouts[3].id),
        ("/v1/disputes/{dispute}", "dispute", company.sales.disputes[0].id),
        ("/v1/charges/{charge}", "charge", company.sales.charges[9].id),
    ):
        url = sandbox.base_url("stripe") + path.replace(f"{{{name}}}", identifier)
        check("stripe", response_schema("stripe", path), requests.get(url, headers=headers, timeout=5).json())


def test_stripe_error_answers_as_published(sandbox):
    headers = {"Authorization": "Bearer rk_test_kestrel"}
    got = requests.get(sandbox.base_url("stripe") + "/v1/payouts/none", headers=headers, timeout=5)
    check("stripe", {"$ref": "#/components/schemas/error"}, got.json())


def test_stripe_fields_newer_than_the_contract_are_the_published_additions(sandbox):
    delta = json.loads((CONTRACTS / "stripe/delta-2023-08-16-to-2026-10-28.json").read_text(encoding="utf-8"))
    headers = {"Authorization": "Bearer rk_test_kestrel"}
    for path, name in (("charges", "charge"), ("payouts", "payout"), ("disputes", "dispute"), ("refunds", "refund")):
        shape = requests.get(f"{sandbox.base_url('stripe')}/v1/{path}", headers=headers, timeout=5).json()["data"][0]
        old = set(contract("stripe")["components"]["schemas"][name]["properties"])
        changed = delta["resources"][name]
        assert set(shape) - old <= set(changed["added"]), name
        assert not set(shape) & set(changed["removed"]), name


@pytest.mark.parametrize(
    "path",
    [
        "/item/get",
        "/accounts/get",
        "/accounts/balance/get",
        "/transactions/sync",
        "/institutions/get_by_id",
        "/webhook_verification_key/get",
        "/item/access_token/invalidate",
        "/sandbox/item/reset_login",
        "/item/remove",
    ],
)
def test_plaid_answers_as_published(sandbox, path):
    client_id, secret = CLIENT_IDS["plaid"]
    item = sandbox.app.services["plaid"].link.attach("quillfeather", 730, "")
    body = {"client_id": client_id, "secret": secret}
    if path == "/institutions/get_by_id":
        body |= {"institution_id": "ins_100001", "country_codes": ["US"]}
    elif path == "/webhook_verification_key/get":
        body |= {"key_id": "tieout-sandbox-7"}
    else:
        body |= {"access_token": item.access_token}
    got = requests.post(sandbox.base_url("plaid") + path, json=body, timeout=5)
    assert got.status_code == 200
    check("plaid", response_schema("plaid", path, "post"), got.json())


def test_plaid_link_answers_as_published(sandbox):
    client_id, secret = CLIENT_IDS["plaid"]
    keys = {"client_id": client_id, "secret": secret}
    asked = {"client_name": "T", "language": "en", "country_codes": ["US"], "products": ["transactions"]}
    body = {**keys, **asked, "user": {"client_user_id": "1"}, "hosted_link": {}}
    base = sandbox.base_url("plaid")
    made = requests.post(base + "/link/token/create", json=body, timeout=5).json()
    check("plaid", response_schema("plaid", "/link/token/create", "post"), made)
    form = {"token": made["link_token"], "company": "kestrel", "decision": "approve"}
    requests.post(made["hosted_link_url"], data=form, timeout=5)
    found = requests.post(base + "/link/token/get", json={**keys, "link_token": made["link_token"]}, timeout=5).json()
    check("plaid", response_schema("plaid", "/link/token/get", "post"), found)
    token = found["link_sessions"][0]["results"]["item_add_results"][0]["public_token"]
    got = requests.post(base + "/item/public_token/exchange", json={**keys, "public_token": token}, timeout=5).json()
    check("plaid", response_schema("plaid", "/item/public_token/exchange", "post"), got)


def test_plaid_error_answers_as_published(sandbox):
    got = requests.post(sandbox.base_url("plaid") + "/item/get", json={}, timeout=5)
    check("plaid", {"$ref": "#/components/schemas/PlaidError"}, got.json())


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/token_info", {}),
        ("/v1/companies/{company_id}", {}),
        ("/v1/companies/{company_uuid}/departments", {}),
        ("/v1/companies/{company_id}/employees", {}),
        ("/v1/companies/{company_uuid}/contractors", {}),
        (
            "/v1/companies/{company_id}/payrolls",
            {"include": "totals,payroll_status_meta,reversals,taxes,risk_blockers"},
        ),
        ("/v1/companies/{company_id}/payrolls/{payroll_id}", {"include": "taxes,benefits,deductions,payroll_taxes"}),
        ("/v1/companies/{company_id}/contractor_payments", {"start_date": "2026-01-01", "end_date": "2026-03-31"}),
        ("/v1/companies/{company_id}/payroll_reversals", {}),
    ],
)
def test_gusto_answers_as_published(sandbox, path, params):
    service = sandbox.app.services["gusto"]
    headers = {"Authorization": f"Bearer {service.desk.open_grant('kestrel', '').access_token}"}
    run = build_world(7).company("kestrel").payroll.runs[-1]
    company = service._ids["kestrel"].company
    url = path.replace("{company_id}", company).replace("{company_uuid}", company).replace("{payroll_id}", run.uuid)
    got = requests.get(sandbox.base_url("gusto") + url, params=params, headers=headers, timeout=5)
    assert got.status_code == 200, got.text
    schema = response_schema("gusto", path)
    # The contract writes one reversal where the endpoint lists them.
    schema = {"type": "array", "items": schema} if path.endswith("payroll_reversals") else schema
    check("gusto", schema, got.json())


def test_gusto_token_answers_as_published(sandbox):
    client_id, secret = CLIENT_IDS["gusto"]
    grant = sandbox.app.services["gusto"].desk.open_grant("kestrel", "")
    body = {"client_id": client_id, "client_secret": secret, "grant_type": "refresh_token"}
    url = sandbox.base_url("gusto") + "/oauth/token"
    got = requests.post(url, json={**body, "refresh_token": grant.refresh_token}, timeout=5)
    for name in ("Create-Token-Authentication", "Refresh-Token-Authentication"):
        check("gusto", {"$ref": f"#/components/schemas/{name}"}, got.json())
