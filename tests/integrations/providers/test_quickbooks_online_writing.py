"""The bodies we send to QuickBooks: valid, exact, frozen the same way twice; what cannot be said is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from integrations.errors import NotSupported
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import writing
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument, LedgerLine
from tests.integrations.contract import CONTRACTS

CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
NOW = datetime(2026, 4, 1, tzinfo=UTC)
CONTRACT = CONTRACTS / "quickbooks-online"
MARKER = "ST260331-AAB2"


def debit(account, amount=10355, **more):
    return LedgerLine(account_id=account, debit=amount, **more)


def credit(account, amount=10355, **more):
    return LedgerLine(account_id=account, credit=amount, **more)


def document(kind, *lines, **more):
    return LedgerDocument(
        external_id="", booked_on=date(2026, 3, 31), currency="USD", type=kind, lines=lines, note="pp1|stripe|x|7|abc\nFees", **more
    )  # fmt: skip


DOCUMENTS = {
    "JournalEntry": document(
        "JournalEntry", debit("63", memo="Fees", klass="5", department="1"), credit("84", party="Customer:20")
    ),
    "Transfer": document("Transfer", debit("36"), credit("35")),
    "Deposit": document(
        "Deposit", debit("35", 9855), credit("91", party="Customer:20"), debit("64", 500, memo="Bank's fee")
    ),
    "Deposit of receipts": document("Deposit", debit("35"), credit("4", settles="Payment:301")),
    "Bill": document(
        "Bill", credit("33"), debit("57", memo="Clay"), party="Vendor:46", due_on=date(2026, 4, 30), number="HC-2207"
    ),
    "VendorCredit": document("VendorCredit", debit("33"), credit("57"), party="Vendor:46", number="HC-2207"),
    "BillPayment": document("BillPayment", credit("35"), debit("33", settles="Bill:25"), party="Vendor:46"),
    "BillPayment by card": document(
        "BillPayment", credit("41"), debit("33", settles="Bill:25"), party="Vendor:46", method="card"
    ),
    "Purchase": document("Purchase", credit("41"), debit("58", party="Customer:20"), party="Vendor:47", method="card"),
    "Purchase given back": document("Purchase", debit("41"), credit("58"), party="Vendor:47", method="card"),
    "Invoice": document(
        "Invoice", debit("84"), credit("79", item="6", memo="Vases"), party="Customer:20", due_on=date(2026, 4, 30)
    ),
    "Invoice with tax": document(
        "Invoice", debit("84"), credit("79", 9000, item="6"), credit("92", 1355, is_tax=True), party="Customer:20"
    ),
    "CreditMemo": document("CreditMemo", credit("84"), debit("79", item="6"), party="Customer:20", number="CN-9"),
    "Payment": document("Payment", debit("35"), credit("84", settles="Invoice:67"), party="Customer:20"),
    "Payment on account": document("Payment", debit("35"), credit("84"), party="Customer:20"),
    "Payment of nil": document(
        "Payment", debit("84", settles="CreditMemo:68"), credit("84", settles="Invoice:67"), party="Customer:20"
    ),
}


def body(name):
    return writing.payload(DOCUMENTS[name], marker=MARKER, context=CONTEXT)


class TestBodies:
    @pytest.mark.contracts
    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_each_body_is_valid_by_the_published_schema(self, name):
        schema = json.loads((CONTRACT / "qbo-entities.schema.json").read_text())
        sent = json.loads(render_json(body(name)))
        wanted = {"$ref": f"#/$defs/{DOCUMENTS[name].type}", "$defs": _strict(schema["$defs"])}
        jsonschema.Draft202012Validator(wanted).validate(sent)

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_each_body_carries_marker_date_and_note(self, name):
        sent = body(name)
        assert sent["DocNumber"] == (DOCUMENTS[name].number or MARKER)
        assert sent["TxnDate"] == "2026-03-31"
        assert "pp1|stripe|x|7|abc\nFees" in sent["PrivateNote"]

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_no_amount_is_a_float(self, name):
        assert not [value for value in _leaves(body(name)) if isinstance(value, float)]

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_freezing_a_body_twice_gives_the_same_bytes(self, name):
        frozen = render_json(body(name))
        assert frozen == render_json(body(name)) == render_json(parse_json(frozen))

    @pytest.mark.parametrize("name", [name for name in DOCUMENTS if DOCUMENTS[name].type not in writing.SALES_FORMS])
    def test_reading_a_body_back_gives_its_lines(self, name):
        """What QuickBooks adds on its own is the id and the total."""
        sent = parse_json(render_json(body(name)))
        total = max(line.debit + line.credit for line in DOCUMENTS[name].lines)
        total = DOCUMENTS[name].lines[0].debit if DOCUMENTS[name].type == "Deposit" else total
        item = {
            DOCUMENTS[name].type: {"Id": "9", "TotalAmt": Decimal(total).scaleb(-2), **sent},
            "accounts": {"undeposited": "4"},
        }
        (found,) = PROVIDER.stream("documents").to_records(Payload.of(item), CONTEXT)
        assert found.missing == ""
        if name == "Payment of nil":
            assert found.lines == ()
            return
        assert _nets(found.lines) == _nets(DOCUMENTS[name].lines)
        assert {line.settles for line in found.lines} == {line.settles for line in DOCUMENTS[name].lines}

    def test_amounts_are_written_as_they_are(self):
        assert b'"Amount":103.55,' in render_json(body("JournalEntry"))

    def test_a_journal_line_names_its_party_class_and_location(self):
        first, second = (line["JournalEntryLineDetail"] for line in body("JournalEntry")["Line"])
        assert (first["ClassRef"], first["DepartmentRef"]) == ({"value": "5"}, {"value": "1"})
        assert second["Entity"] == {"Type": "Customer", "EntityRef": {"value": "20"}}

    def test_a_department_quickbooks_has_no_id_for_is_left_out(self):
        sent = writing.payload(
            document("JournalEntry", debit("63", department="Roastery"), credit("91")), marker=MARKER, context=CONTEXT
        )
        assert "DepartmentRef" not in sent["Line"][0]["JournalEntryLineDetail"]

    @pytest.mark.parametrize("name", ["Bill", "VendorCredit"])
    def test_a_supplier_s_number_is_the_document_s_and_ours_stands_in_the_note(self, name):
        sent = body(name)
        assert sent["DocNumber"] == "HC-2207"
        assert sent["PrivateNote"].endswith(f"\nSupplier's number HC-2207\n{MARKER}")

    def test_tax_of_an_invoice_stands_beside_its_lines(self):
        sent = body("Invoice with tax")
        assert sent["TxnTaxDetail"] == {"TotalTax": Decimal("13.55")}
        assert [line["Amount"] for line in sent["Line"]] == [Decimal("90.00")]

    def test_a_credit_is_set_against_its_invoice_by_a_payment_of_nil(self):
        sent = body("Payment of nil")
        assert (sent["TotalAmt"], "DepositToAccountRef" in sent) == (0, False)
        assert [(line["Amount"], line["LinkedTxn"][0]["TxnType"]) for line in sent["Line"]] == [
            (Decimal("103.55"), "CreditMemo"),
            (Decimal("103.55"), "Invoice"),
        ]

    @pytest.mark.parametrize("name", ["Transfer", "Deposit", "Payment", "Invoice"])
    def test_a_kind_whose_number_is_not_ours_to_choose_carries_the_marker_in_its_note(self, name):
        assert MARKER in body(name)["PrivateNote"].split()

    def test_a_card_refund_is_a_credit(self):
        assert body("Purchase given back")["Credit"] is True
        assert body("Purchase given back")["Line"][0]["Amount"] == Decimal("103.55")
        assert "Credit" not in body("Purchase")

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (document("TimeSheet", debit("1"), credit("2")), "not written"),
            (document("JournalEntry", debit("1")), "fewer than two"),
            (document("JournalEntry", debit("1", 1), credit("2", 2)), "differ"),
            (replace(document("JournalEntry", debit("1"), credit("2")), currency="EUR"), "EUR"),
            (replace(document("JournalEntry", debit("1"), credit("2")), note="x" * 4001), "4000"),
            (document("Transfer", debit("1", 2), credit("2", 1), credit("3", 1)), "two accounts"),
            (document("Bill", credit("33"), debit("57")), "vendor"),
            (document("Bill", credit("33"), debit("57"), party="Customer:20"), "vendor"),
            (document("Bill", debit("57"), credit("33"), party="Vendor:46"), "first line"),
            (document("BillPayment", credit("35"), debit("33"), party="Vendor:46"), "settle a bill"),
            (document("Invoice", debit("84"), credit("79"), party="Customer:20"), "item"),
            (document("Purchase", debit("35"), credit("58"), method="check"), "card"),
        ],
    )
    def test_what_cannot_be_said_is_refused_before_it_is_frozen(self, wrong, says):
        with pytest.raises(NotSupported, match=says):
            writing.payload(wrong, marker=MARKER, context=CONTEXT)

    @pytest.mark.parametrize("marker", ["", "X" * 22])
    def test_a_marker_must_fit_a_document_number(self, marker):
        with pytest.raises(NotSupported, match="21"):
            writing.payload(DOCUMENTS["JournalEntry"], marker=marker, context=CONTEXT)


def _strict(definitions):
    """The published types with misspelt fields refused."""
    return {
        name: {**one, "additionalProperties": False} if one.get("type") == "object" and "properties" in one else one
        for name, one in definitions.items()
    }


def _leaves(value):
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _nets(lines):
    found = {}
    for line in lines:
        found[line.account_id] = found.get(line.account_id, 0) + line.debit - line.credit
    return found
