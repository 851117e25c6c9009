"""Every shape the sandbox answers is valid under the published schemas."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from quickbooks_builder import (
    MARCH,
    NOW,
    REALM,
    Seed,
    bill,
    bill_payment,
    company,
    create,
    entry,
    expense,
    invoice,
    payment,
    sale,
    to,
)

from integrations.sandbox.quickbooks.amounts import dump
from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES, KINDS, SUB_TYPE_HOME
from integrations.sandbox.quickbooks.events import cloud_events, legacy_notification
from integrations.sandbox.quickbooks.faults import MESSAGES, QuickBooksFault
from integrations.sandbox.quickbooks.reports import NAMES

pytestmark = pytest.mark.contracts

CONTRACTS = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "quickbooks-online"
TO_CHECKING = {"DepositToAccountRef": to("Account", "Checking"), "TxnDate": "2026-03-02"}


def contract(name):
    if not (CONTRACTS / name).exists():
        pytest.skip(f"the published contracts are not here: {CONTRACTS / name}")
    return json.loads((CONTRACTS / name).read_text())


@pytest.fixture(scope="module")
def schema():
    return contract("qbo-entities.schema.json")


@pytest.fixture(scope="module")
def firm():
    heard = []
    card = {"BankAccountRef": to("Account", "Checking"), "CreditCardAccountRef": to("Account", "Business Visa")}
    move = {"FromAccountRef": to("Account", "Checking"), "ToAccountRef": to("Account", "Savings"), "Amount": 5}
    spend = {"PaymentType": "Cash", "AccountRef": to("Account", "Checking"), "Line": [expense("Utilities", "5.50")]}
    taken = {
        "Amount": 200,
        "LinkedTxn": [{"TxnId": to("Payment", "cheque"), "TxnType": "Payment", "TxnLineId": "0"}],
    }
    made = company(
        Seed("Class", {"Name": "North"}, "North"),
        Seed("Department", {"Name": "Harbour"}, "Harbour"),
        Seed("Employee", {"GivenName": "Ada", "FamilyName": "Quill"}, "ada"),
        Seed("Bill", bill("1200.10", "2026-02-01", DocNumber="7"), "rent"),
        Seed("BillPayment", bill_payment("rent", "700"), "paid"),
        Seed("VendorCredit", {"VendorRef": to("Vendor", "Bright Power"), "Line": [expense("Utilities", "9")]}, "vc"),
        Seed("Purchase", spend, "spent"),
        Seed("Transfer", move, "moved"),
        Seed("CreditCardPayment", {**card, "Amount": Decimal("12.5")}, "card"),
        Seed("Invoice", invoice("500"), "inv"),
        Seed("Payment", payment("inv", "200"), "cheque"),
        Seed("Deposit", {**TO_CHECKING, "Line": [taken]}, "banked"),
        Seed("SalesReceipt", {**TO_CHECKING, "Line": [sale("5")]}, "sold"),
        Seed("RefundReceipt", {**TO_CHECKING, "Line": [sale("5")]}, "back"),
        Seed("CreditMemo", {"CustomerRef": to("Customer", "Quay Hotel"), "Line": [sale("5")]}, "memo"),
        on_change=heard.append,
    )
    made.heard = heard
    create(made, "JournalEntry", entry("Rent", "Checking", "12.34", DocNumber="A", PrivateNote="n"))
    made.upload({"FileName": "a.txt", "ContentType": "text/plain"}, b"a")
    return made


def problems(schema, name, body):
    wire = json.loads(dump(body))
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(wire)]


def unknown_fields(schema, name, body):
    """Top-level fields the published entity does not have."""
    return set(json.loads(dump(body))) - set(schema["$defs"][name]["properties"])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"TaxRate", "TaxAgency", "CompanyCurrency"}))
def test_every_object_is_valid_and_has_only_published_fields(schema, firm, kind):
    rows = firm.query(f"select * from {kind} maxresults 1000")[kind]
    for row in rows:
        assert problems(schema, kind, row) == []
        assert unknown_fields(schema, kind, row) - {"RemainingCredit"} == set()


def test_query_change_capture_and_batch_answers_are_valid(schema, firm):
    assert problems(schema, "QueryResponse", firm.query("select * from Bill")) == []
    captured = firm.changes_since("JournalEntry,Bill,Account", (NOW.replace(day=1)).isoformat())
    assert problems(schema, "CDCResponse", {"QueryResponse": captured}) == []
    request = {"BatchItemRequest": [{"bId": "1", "Query": "select * from Vendor"}, {"bId": "2", "Vendor": {}}]}
    assert problems(schema, "IntuitResponse", json.loads(firm.batch(request))) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parameters", [MARCH, {**MARCH, "accounting_method": "Cash"}, {"end_date": "2020-01-01"}])
def test_reports_are_valid_and_every_row_has_as_many_cells_as_columns(schema, firm, name, parameters):
    report = firm.report(name, parameters)
    assert problems(schema, "Report", report) == []
    width = len(report["Columns"]["Column"])

    def walk(rows):
        for row in rows:
            for part in (row, row.get("Header", {}), row.get("Summary", {})):
                assert len(part.get("ColData", range(width))) == width
            walk(row.get("Rows", {}).get("Row", []))

    walk(report["Rows"].get("Row", []))


def test_faults_are_valid_and_their_codes_published(schema):
    published = {code["code"] for code in contract("errors.json")["codes"]}
    assert set(MESSAGES) <= published
    for code in MESSAGES:
        assert problems(schema, "Fault", QuickBooksFault(code).body()) == []


def test_webhook_bodies_are_valid(firm):
    webhooks = Draft202012Validator(contract("webhooks.schema.json"))
    webhooks.validate(cloud_events(REALM, firm.heard))
    webhooks.validate(legacy_notification(REALM, firm.heard, firm.zone))


def test_account_types_are_the_published_ones():
    published = {kind["accountType"]: kind for kind in contract("account-types.json")["accountTypes"]}
    for name, kind in ACCOUNT_TYPES.items():
        assert published[name]["classification"] == kind.classification
        assert kind.default_sub_type in published[name]["accountSubTypes"]
    known = {sub: name for name, kind in published.items() for sub in kind["accountSubTypes"]}
    assert {sub: known.get(sub, home) for sub, home in SUB_TYPE_HOME.items()} == SUB_TYPE_HOME


def test_paths_are_the_published_ones():
    from integrations.sandbox.quickbooks.service import _RULES

    paths = set(contract("qbo-accounting.openapi.json")["paths"])
    segments = {path.split("/")[4] for path in paths if path.startswith("/v3/company/{realmId}/")}
    assert {kind.segment for kind in KINDS.values()} <= segments
    fixed = {path.replace("<realm>", "{realmId}").replace("<identifier>", "{id}") for path, _, _ in _RULES}
    named = {path for path in fixed if "<" not in path and not path.endswith("/connect/oauth2")}
    assert named - paths == set()


def test_recorded_requests_of_a_real_company_are_understood(firm):
    """Bodies recorded against the provider's own sandbox, with our ids in place of theirs."""
    recorded = contract("samples/recorded-2026/create-journal-entry.json")["exchanges"][0]
    body = json.loads(json.dumps(recorded["data"]), parse_float=Decimal)
    for line, name in zip(body["Line"], ("Checking", "Savings"), strict=True):
        line["JournalEntryLineDetail"]["AccountRef"] = to("Account", name)
    answered = create(firm, "JournalEntry", body)
    theirs = recorded["response"]["JournalEntry"]
    assert set(theirs) - set(answered) == set()
    assert [line["Id"] for line in answered["Line"]] == [line["Id"] for line in theirs["Line"]]
    assert answered["TotalAmt"] == theirs["TotalAmt"]
    assert date.fromisoformat(answered["TxnDate"]) == date(2024, 5, 5)
