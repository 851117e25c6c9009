"""QuickBooks objects to facts: exact balanced lines, or the name of what a payload leaves unsaid."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload, parse_json
from integrations.providers.quickbooks_online.lists import ACCOUNT_TYPES, account_balance
from integrations.records import (
    CompanyProfile,
    LedgerAccount,
    LedgerDeletion,
    LedgerDocument,
    LedgerParty,
    Skipped,
    Unknown,
)
from tests.integrations.providers.quickbooks_documents import (
    SAMPLES,
    answer,
    facts,
    needs_samples,
    ref,
    sides,
    sold,
)


class TestFixtures:
    def test_company_tells_its_year_and_closing_date(self):
        (profile,) = facts(answer("company"))
        assert profile == CompanyProfile(
            external_id="company", booked_on=date(2026, 2, 11), currency="USD", name="Alder Lane Ceramics", country="US",
            fiscal_year_start_month=1, closed_through=date(2025, 12, 31),
        )  # fmt: skip

    def test_accounts_have_one_of_five_types(self):
        found = {fact.external_id: fact for fact in facts(answer("accounts"))}
        assert {key: fact.type for key, fact in found.items()} == {
            "35": "asset", "41": "liability", "52": "expense", "79": "income", "88": "liability",
        }  # fmt: skip
        assert found["52"].parent_id == "51"
        assert found["52"].name == "Occupancy:Studio Rent"
        assert not found["88"].is_active

    def test_vendors_and_customers_carry_their_kind(self):
        parties = facts(answer("vendors")) + facts(answer("customers"))
        assert [(party.external_id, party.kind, party.is_active) for party in parties] == [
            ("Vendor:46", "vendor", True), ("Vendor:47", "vendor", False), ("Customer:20", "customer", True),
        ]  # fmt: skip

    def test_documents_have_exact_lines(self):
        found = {fact.external_id: fact for fact in facts(answer("documents"))}
        assert sides(found["JournalEntry:310"]) == [("91", 100050), ("63", 2950), ("79", -103000)]
        assert sides(found["Bill:311"]) == [("33", -48025), ("57", 48025)]
        assert sides(found["Purchase:313"]) == [("41", 6000), ("58", -6000)]
        assert sides(found["Deposit:314"]) == [("35", 61250), ("4", -64000), ("64", 2750)]
        assert sides(found["Transfer:315"]) == [("36", 150000), ("35", -150000)]
        assert sides(found["Invoice:316"]) == [("84", 64000), ("79", -70000), ("86", 6000)]
        assert found["BillPayment:312"].missing == "the accounts payable account"


class TestLists:
    def test_every_account_type_has_one_of_five_classes(self):
        assert set(ACCOUNT_TYPES.values()) == {"asset", "liability", "equity", "income", "expense"}
        assert len(ACCOUNT_TYPES) == 15

    @pytest.mark.contracts
    @needs_samples
    def test_the_classes_agree_with_the_published_list(self):
        table = json.loads((SAMPLES / "account-types.json").read_text())["accountTypes"]
        words = {
            "Asset": "asset",
            "Liability": "liability",
            "Equity": "equity",
            "Revenue": "income",
            "Expense": "expense",
        }
        assert {
            row["accountType"]: words[row["classification"]] for row in table if row["classification"]
        } == ACCOUNT_TYPES

    @pytest.mark.parametrize("told", [{"Vendor1099": True}, {"Vendor1099": False}, {}])
    def test_a_vendor_marked_for_1099_is_reported(self, told):
        (record,) = facts({"Vendor": {"Id": "46", "DisplayName": "Iris Linnet", **told}})
        assert isinstance(record, LedgerParty)
        assert record.is_reported is told.get("Vendor1099", False)

    def test_an_unknown_type_falls_back_on_its_classification(self):
        (record,) = facts(
            {"Account": {"Id": "1", "Name": "Odd", "AccountType": "Moon Dust", "Classification": "Equity"}}
        )
        assert isinstance(record, LedgerAccount)
        assert record.type == "equity"

    def test_an_account_of_no_known_kind_is_an_exception(self):
        (record,) = facts({"Account": {"Id": "1", "Name": "Odd", "AccountType": "Moon Dust"}})
        assert isinstance(record, Unknown)
        assert "'Moon Dust'" in record.what

    def test_a_non_posting_account_is_counted_and_left_out(self):
        (record,) = facts({"Account": {"Id": "1", "Name": "Estimates", "AccountType": "Non-Posting"}})
        assert isinstance(record, Skipped)

    def test_a_balance_is_debit_positive(self):
        assert account_balance(Payload.of({"CurrentBalance": Decimal("-2202.67")}), "USD") == -220267

    def test_open_books_have_no_closing_date(self):
        raw = answer("company")
        del raw["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"]
        assert facts(raw)[0].closed_through is None

    @pytest.mark.parametrize("part", ["Preferences", "CompanyInfo"])
    def test_half_a_profile_claims_nothing(self, part):
        raw = answer("company")
        del raw[part]
        (record,) = facts(raw)
        assert isinstance(record, Skipped)


class TestEnvelopes:
    def test_a_refusal_in_a_batch_is_an_error_that_names_the_cause(self):
        fault = {
            "Fault": {"Error": [{"Message": "x", "code": "6240", "Detail": "secret name"}], "type": "ValidationFault"},
            "bId": "1",
        }
        with pytest.raises(PayloadError, match="name is already taken") as raised:
            facts({"BatchItemResponse": [fault]})
        assert "secret" not in str(raised.value)

    def test_xml_is_named_as_what_it_is(self):
        with pytest.raises(PayloadError, match="XML: ask for JSON"):
            parse_json(b'\n<?xml version="1.0"?><IntuitResponse/>')

    @pytest.mark.parametrize("raw", [
        {"Header": {"ReportName": "TrialBalance"}, "Columns": {}, "Rows": {}},
        {"eventNotifications": []},
        [{"specversion": "1.0", "id": "1", "type": "qbo.bill.created.v1"}],
        "text",
    ])  # fmt: skip
    def test_what_is_no_object_is_said_to_be_none(self, raw):
        with pytest.raises(PayloadError):
            facts(raw)

    def test_a_bare_receipt_is_not_guessed_because_a_refund_looks_the_same(self):
        bare = {
            "Id": "1",
            "CustomerRef": ref("20"),
            "DepositToAccountRef": ref("35"),
            "TotalAmt": 5,
            "Line": [sold("79", "5")],
        }
        assert facts(bare) == []

    def test_an_empty_feed_answer_has_nothing_in_it(self):
        assert facts({"CDCResponse": [{"QueryResponse": [{}]}], "time": "2026-03-05T07:12:33-08:00"}) == []


@pytest.mark.contracts
@needs_samples
def test_every_published_sample_is_read_or_named():
    """Facts, something missing, a field that is named, or no stream of ours: never another error, never unbalanced lines."""
    table, readable = [], 0
    for path in sorted((SAMPLES / "samples").rglob("*.json")):
        try:
            found = facts(parse_json(path.read_bytes()))
        except PayloadError as error:
            table.append(f"{path.name}: {error}")
            continue
        for fact in found:
            assert isinstance(
                fact, (LedgerDocument, LedgerAccount, LedgerParty, LedgerDeletion, Skipped, CompanyProfile)
            ), path
            assert sum(line.debit - line.credit for line in getattr(fact, "lines", ())) == 0, path
            if isinstance(fact, LedgerDocument) and fact.missing:
                assert not fact.lines
        readable += bool(found)
        table.append(f"{path.name}: {[type(fact).__name__ for fact in found][:3]}")
    print("\n".join(table))
    assert readable >= 75


@pytest.mark.contracts
@needs_samples
@pytest.mark.parametrize(
    ("name", "count", "lines"),
    [
        ("recorded-2026/accounts", 92, 0),
        ("recorded-2026/bills", 15, 28),
        ("recorded-2026/journal-entries", 13, 26),
        ("recorded-2026/vendors", 35, 0),
    ],
)
def test_recorded_lists_are_read_whole(name, count, lines):
    found = facts(parse_json((SAMPLES / f"samples/{name}.json").read_bytes()))
    assert len(found) == count
    assert sum(len(getattr(fact, "lines", ())) for fact in found) >= lines


@pytest.mark.contracts
@needs_samples
def test_recorded_bill_payments_name_the_bills_they_pay():
    answer = parse_json((SAMPLES / "samples/recorded-2026/bill-payments.json").read_bytes())
    found = {record.external_id: record for record in facts(answer) if isinstance(record, LedgerDocument)}
    assert {name: record.settles for name, record in found.items()} == {
        f"BillPayment:{number}": ((f"Bill:{bill}", amount),)
        for number, bill, amount in (
            (118, 25, 10_355), (117, 105, 5_650), (104, 24, 90_000), (91, 90, 30_000), (82, 3, 66_600),
            (79, 2, 25_000), (77, 35, 11_409), (50, 21, 7_436), (37, 18, 7_500), (22, 1, 200_000),
        )
    }  # fmt: skip
