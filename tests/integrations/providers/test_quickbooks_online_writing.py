"""Bodies we send to QuickBooks, what it refuses, who signs its notices, and its reports: pure, no network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import requests

from integrations.errors import Forbidden, NotSupported, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import faults, reports, webhooks, writing
from integrations.providers.quickbooks_online.oauth import TIMEOUT_SECONDS, IntuitTokens
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument, LedgerLine
from tests.integrations.contract import CONTRACTS

CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
MARKER = "ST260331-AAB2"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
CONTRACT = CONTRACTS / "quickbooks-online"


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
    "BillPayment": document("BillPayment", credit("35"), debit("33", settles="Bill:25"), party="Vendor:46"),
    "BillPayment by card": document(
        "BillPayment", credit("41"), debit("33", settles="Bill:25"), party="Vendor:46", method="card"
    ),
    "Purchase": document("Purchase", credit("41"), debit("58", party="Customer:20"), party="Vendor:47", method="card"),
    "Purchase given back": document("Purchase", debit("41"), credit("58"), party="Vendor:47", method="card"),
    "Invoice": document(
        "Invoice", debit("84"), credit("79", item="6", memo="Vases"), party="Customer:20", due_on=date(2026, 4, 30)
    ),
    "Payment": document("Payment", debit("35"), credit("84", settles="Invoice:67"), party="Customer:20"),
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
        assert sent["DocNumber"] == MARKER
        assert sent["TxnDate"] == "2026-03-31"
        assert "pp1|stripe|x|7|abc\nFees" in sent["PrivateNote"]

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_no_amount_is_a_float(self, name):
        assert not [value for value in _leaves(body(name)) if isinstance(value, float)]

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_freezing_a_body_twice_gives_the_same_bytes(self, name):
        frozen = render_json(body(name))
        assert frozen == render_json(body(name)) == render_json(parse_json(frozen))

    @pytest.mark.parametrize("name", [name for name in DOCUMENTS if not name.startswith("Invoice")])
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

    def test_a_supplier_s_number_stays_in_the_note(self):
        assert body("Bill")["PrivateNote"].endswith("\nSupplier's number HC-2207")

    @pytest.mark.parametrize("name", ["Transfer", "Deposit", "Payment"])
    def test_a_kind_without_a_number_of_its_own_carries_the_marker_in_its_note(self, name):
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


class TestFaults:
    @pytest.mark.contracts
    def test_every_published_code_has_plain_words_and_a_step(self):
        listed = json.loads((CONTRACT / "errors.json").read_text())["codes"]
        assert [row["code"] for row in listed if row["code"] not in faults.FAULTS] == []
        assert all(plain.cause and plain.step for plain in faults.FAULTS.values())

    @pytest.mark.contracts
    @pytest.mark.parametrize(
        ("name", "status", "kind", "code"),
        [
            ("400-6210-closed-period", 400, Refused, "6210"),
            ("401-malformed-token", 401, Reconnect, ""),
            ("401-token-expired", 401, Reconnect, ""),
            ("tax_service_error_dup", 400, Refused, "6240"),
        ],
    )
    def test_recorded_faults_say_what_to_do(self, name, status, kind, code):
        body = parse_json((CONTRACT / f"samples/faults/{name}.json").read_bytes())
        error = faults.read_error(status, {"intuit_tid": "1-abc"}, body)
        assert type(error) is kind
        assert getattr(error, "code", "") == code

    def test_the_trace_of_a_refusal_is_kept_and_its_detail_stays_out_of_the_message(self):
        body = {
            "Fault": {
                "Error": [{"Message": "m", "Detail": "Ada Fern 12.00", "code": "6000"}],
                "type": "ValidationFault",
            }
        }
        error = faults.read_error(400, {"Intuit_Tid": "1-abc"}, body)
        assert (error.code, error.detail, error.trace) == ("6000", "Ada Fern 12.00", "1-abc")
        assert "Ada" not in str(error)

    def test_a_gateway_s_code_is_read_out_of_its_message(self):
        body = {
            "fault": {"error": [{"message": "message=ThrottleExceeded; errorCode=003001; statusCode=403"}], "type": "X"}
        }
        assert type(faults.read_error(403, {}, body)) is RetryLater

    def test_a_success_may_hold_a_fault(self):
        with pytest.raises(Unanswered):
            faults.raise_fault({"Fault": {"Error": [{"code": "600"}]}})
        assert faults.raise_fault({"QueryResponse": {}}) is None

    def test_an_ended_subscription_needs_a_person(self):
        assert type(faults.fault_error("6190", "")) is Forbidden

    @pytest.mark.parametrize(
        "body", [{"Fault": []}, {"Fault": {"Error": {}}}, {"fault": {"error": ["x"]}}, {"Fault": {"Error": []}}, []]
    )
    def test_an_odd_fault_is_still_a_refusal(self, body):
        assert isinstance(faults.read_error(400, {}, body), Refused)


def signed(secret, raw):
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


class TestNotices:
    RAW = b'{"eventNotifications":[]}'

    @pytest.mark.parametrize("name", ["intuit-signature", "Intuit-Signature"])
    def test_a_notice_signed_with_a_token_in_force_is_genuine(self, name):
        assert webhooks.verify(self.RAW, {name: signed("new", self.RAW)}, ["old", "new"], NOW)

    @pytest.mark.parametrize(
        "headers", [{}, {"intuit-signature": ""}, {"intuit-signature": "ä"}, {"intuit-signature": signed("other", RAW)}]
    )
    def test_any_other_notice_is_forged(self, headers):
        assert not webhooks.verify(self.RAW, headers, ["new"], NOW)

    def test_an_empty_token_signs_nothing(self):
        assert not webhooks.verify(self.RAW, {"intuit-signature": signed("", self.RAW)}, [""], NOW)
        assert not webhooks.verify(self.RAW, {"intuit-signature": signed("", self.RAW)}, [], NOW)

    def test_several_companies_in_one_post_are_told_apart(self):
        def company(realm, *entities):
            rows = [
                {"name": name, "id": key, "operation": "Update", "lastUpdated": "2026-03-05T07:00:00-0800"}
                for name, key in entities
            ]
            return {"realmId": realm, "dataChangeEvent": {"entities": rows}}

        notice = {
            "eventNotifications": [
                company("1", ("Bill", "25"), ("Account", "3")),
                company("2", ("Preferences", "1"), ("Class", "9")),
            ]
        }
        found = list(webhooks.events(notice))
        assert [(realm, streams) for _, realm, streams in found] == [
            ("1", ("documents",)), ("1", ("accounts",)), ("2", ("company",)), ("2", ()),
        ]  # fmt: skip
        assert len({event for event, _, _ in found}) == 4
        assert found == list(webhooks.events(notice))

    def test_cloud_events_carry_their_own_company_and_id(self):
        event = {
            "specversion": "1.0", "id": "e-1", "source": "intuit.x", "type": "qbo.creditcardpayment.created.v1",
            "time": "2026-03-05T15:00:00Z", "intuitentityid": "29", "intuitaccountid": "77",
        }  # fmt: skip
        assert list(webhooks.events([event, {**event, "id": "e-2", "type": "qbo.vendor.merged.v1"}])) == [
            ("e-1", "77", ("documents",)), ("e-2", "77", ("vendors",)),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "notice",
        ["x", 1, None, {}, {"eventNotifications": {}}, [1], [{"id": "e"}], {"eventNotifications": [{"realmId": 5}]}],
    )
    def test_an_odd_notice_is_named(self, notice):
        with pytest.raises(PayloadError):
            list(webhooks.events(notice))

    @pytest.mark.contracts
    @pytest.mark.parametrize(
        "name",
        [
            "docs/webhook-legacy",
            "expense-tool/webhook_payload_multi_entity",
            "expense-tool/webhook_payload_single_entity",
        ],
    )
    def test_published_notices_are_read(self, name):
        found = list(webhooks.events(parse_json((CONTRACT / f"samples/{name}.json").read_bytes())))
        assert found
        assert all(realm.isdecimal() for _, realm, _ in found)


def report(columns, rows, name="GeneralLedger", keyed=True):
    made = [
        {
            "ColTitle": key.upper(),
            "ColType": "Money" if key in {"debit", "credit"} else key,
            "MetaData": [{"Name": "ColKey", "Value": key}] if keyed else [],
        }
        for key in columns
    ]
    return Payload.of({
        "Header": {"ReportName": name, "ReportBasis": "Accrual", "Currency": "USD"},
        "Columns": {"Column": made}, "Rows": {"Row": rows},
    })  # fmt: skip


def cells(*values):
    return {
        "type": "Data",
        "ColData": [{"value": v} if isinstance(v, str) else {"value": v[0], "id": v[1]} for v in values],
    }


LEDGER = ("credit_amt", "tx_date", "txn_type", "doc_num", "debt_amt")


def ledger_rows(*, cut=False):
    first = cells("", "2026-03-02", ("Journal Entry", "310"), "ST-1", "1,000.50")
    second = cells("1,000.50", "2026-03-02", ("Journal Entry", "310"), "ST-1", "")
    return [
        {"type": "Section", "Header": {"ColData": [{"value": "Clearing", "id": "91"}]}, "Rows": {"Row": [cells("Beginning Balance", "", "", "", ""), first]}},
        {
            "type": "Section", "Header": {"ColData": [{"value": "Sales", "id": "78"}]},
            "Rows": {"Row": [{"type": "Section", "Header": {"ColData": [{"value": "Gallery", "id": "79"}]}, "Rows": {"Row": [] if cut else [second]}}]},
        },
        {"type": "Section", "Summary": {"ColData": [{"value": "Total for Sales with sub-accounts"}]}},
    ]  # fmt: skip


class TestReports:
    def test_lines_are_read_by_column_key_and_section_id(self):
        (found,) = reports.read_ledger(report(LEDGER, ledger_rows()), CONTEXT)
        assert (found.external_id, found.number, found.booked_on) == ("JournalEntry:310", "ST-1", date(2026, 3, 2))
        assert [(line.account_id, line.debit, line.credit) for line in found.lines] == [
            ("91", 100050, 0),
            ("79", 0, 100050),
        ]

    def test_a_cut_ledger_is_not_believed(self):
        with pytest.raises(PayloadError, match="out of balance"):
            reports.read_ledger(report(LEDGER, ledger_rows(cut=True)), CONTEXT)

    def test_a_ledger_that_says_it_is_too_long_is_not_believed(self):
        notice = cells("Unable to display more data. Please reduce the date range.", "", "", "", "")
        notice["ColData"][0], notice["ColData"][3] = {"value": ""}, notice["ColData"][0]
        with pytest.raises(PayloadError, match="fewer days"):
            reports.read_ledger(report(LEDGER, [*ledger_rows(), notice]), CONTEXT)

    def test_a_posted_line_without_a_document_is_named(self):
        with pytest.raises(PayloadError, match="names no document"):
            reports.read_ledger(report(LEDGER, [cells("5.00", "2026-03-02", "Odd", "", "")]), CONTEXT)

    def test_a_ledger_without_the_columns_it_needs_is_named(self):
        with pytest.raises(PayloadError, match="debt_amt"):
            reports.read_ledger(report(("tx_date", "txn_type", "credit_amt"), []), CONTEXT)

    def test_a_document_no_entity_stands_behind_keeps_its_label(self):
        rows = [
            cells("", "2026-03-02", ("Payroll Check", "9"), "", "5"),
            cells("5", "2026-03-02", ("Payroll Check", "9"), "", ""),
        ]
        rows = [
            {"type": "Section", "Header": {"ColData": [{"value": "A", "id": str(n)}]}, "Rows": {"Row": [row]}}
            for n, row in enumerate(rows, 1)
        ]
        (found,) = reports.read_ledger(report(LEDGER, rows), CONTEXT)
        assert found.external_id == "Payroll Check:9"

    @pytest.mark.parametrize("keyed", [True, False])
    def test_a_trial_balance_is_read_with_or_without_column_keys(self, keyed):
        rows = [cells(("Checking", "35"), "1,200.00", ""), cells(("Sales", "79"), "", "1200.00")]
        total = {
            "type": "Section",
            "group": "GrandTotal",
            "Summary": {"ColData": [{"value": "TOTAL"}, {"value": "1200.00"}, {"value": "1200.00"}]},
        }
        made = report(
            ("Account", "debit", "credit") if not keyed else ("account", "debit", "credit"),
            [*rows, total],
            "TrialBalance",
            keyed=keyed,
        )
        found = reports.read_trial_balance(made, date(2026, 3, 31), CONTEXT)
        assert found.rows == (("35", "Checking", 120000, 0), ("79", "Sales", 0, 120000))

    @pytest.mark.parametrize("stated", ["1300.00", "1200.01"])
    def test_a_trial_balance_that_does_not_make_its_total_is_not_believed(self, stated):
        rows = [cells(("Checking", "35"), "1200.00", ""), cells(("Sales", "79"), "", "1200.00")]
        total = {
            "type": "Section",
            "group": "GrandTotal",
            "Summary": {"ColData": [{"value": "TOTAL"}, {"value": stated}, {"value": stated}]},
        }
        with pytest.raises(PayloadError, match="total"):
            reports.read_trial_balance(
                report(("account", "debit", "credit"), [*rows, total]), date(2026, 3, 31), CONTEXT
            )

    def test_a_report_in_another_currency_is_not_read(self):
        made = report(("account", "debit", "credit"), [])
        made.data["Header"]["Currency"] = "CAD"
        with pytest.raises(PayloadError, match="CAD"):
            reports.read_trial_balance(made, date(2026, 3, 31), CONTEXT)

    def test_open_documents_keep_party_due_date_and_amount(self):
        keys = ("tx_date", "txn_type", "doc_num", "vend_name", "due_date", "subt_neg_open_bal")
        row = cells("2026-03-03", ("Bill", "311"), "HC-1", ("Harrow", "46"), "2026-04-02", "480.25")
        found = reports.read_open_items(report(keys, [row]), "payable", date(2026, 3, 31), CONTEXT)
        assert found.rows == (("Vendor:46", "Bill:311", date(2026, 4, 2), 48025),)

    @pytest.mark.contracts
    @pytest.mark.parametrize("name", ["balancesheet", "profitandloss", "aragingsummary", "customerbalance"])
    def test_published_reports_foot(self, name):
        made = Payload.of(parse_json((CONTRACT / f"samples/docs/report-{name}-1.json").read_bytes()))
        found = reports.footings(made, "USD")
        assert found
        assert [one for one in found if one.stated != one.summed] == []

    @pytest.mark.contracts
    @pytest.mark.parametrize("name", ["trialbalance", "generalledger"])
    def test_published_reports_that_were_cut_are_seen_to_be(self, name):
        made = Payload.of(parse_json((CONTRACT / f"samples/docs/report-{name}-1.json").read_bytes()))
        assert [one for one in reports.footings(made, "USD") if one.stated != one.summed]
        with pytest.raises(PayloadError):
            reports.read_trial_balance(made, date(2016, 3, 14), CONTEXT)
        with pytest.raises(PayloadError):
            reports.read_ledger(made, CONTEXT)

    @pytest.mark.contracts
    def test_the_published_ageing_names_its_party(self):
        made = Payload.of(parse_json((CONTRACT / "samples/docs/report-aragingsummary-1.json").read_bytes()))
        found = reports.read_open_items(made, "receivable", date(2015, 12, 31), CONTEXT)
        assert found.rows == (("Customer:4", "", None, 3750),)


class Line(requests.Session):
    """A session that answers from a script and keeps what it was asked."""

    def __init__(self, status, content, **headers):
        super().__init__()
        self.asked = []
        self.answer = requests.Response()
        self.answer.status_code, self.answer._content = status, content
        self.answer.headers.update(headers)

    def request(self, method, url, **options):
        self.asked.append((method, url, options))
        return self.answer


class TestTokens:
    GRANTED = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_in": 3600,
        "x_refresh_token_expires_in": 8726400,
        "id_token": "e30.e30.x",
    }

    def refresh(self, line):
        return IntuitTokens().refresh(line, PROVIDER.base_urls, client_id="id", secret="s3cret", refresh_token="old")

    def test_one_bounded_call_to_the_declared_address_asks_for_the_hard_end(self):
        line = Line(200, json.dumps(self.GRANTED).encode())
        assert self.refresh(line) == {
            "access_token": "a",
            "refresh_token": "r",
            "expires_in": 3600,
            "refresh_expires_in": 8726400,
        }
        ((method, url, options),) = line.asked
        assert (method, url) == ("POST", "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer")
        assert options["timeout"] == TIMEOUT_SECONDS
        assert options["allow_redirects"] is False
        assert options["headers"]["x-include-refresh-token-hard-expires-in"] == "true"
        assert options["headers"]["User-Agent"] == "Tieout"

    @pytest.mark.parametrize(
        ("status", "content", "kind"),
        [
            (400, b'{"error":"invalid_grant","error_description":"Ada Fern"}', Reconnect),
            (401, b'{"error":"invalid_client"}', Refused),
            (400, b"Ada Fern", Refused),
            (302, b"", Refused),
            (429, b"Ada Fern", RetryLater),
            (503, b"<html>Ada Fern</html>", RetryLater),
            (200, b"<html>Ada Fern</html>", Unanswered),
            (200, b'{"access_token":"a"}', Unanswered),
            (200, b'{"access_token":7,"refresh_token":[]}', Unanswered),
            (200, b"[]", Unanswered),
        ],
    )
    def test_every_other_answer_is_an_error_with_nothing_of_it_inside(self, status, content, kind):
        with pytest.raises(kind) as raised:
            self.refresh(Line(status, content))
        error = raised.value
        assert "Ada" not in f"{error!s}{vars(error)}"
        assert "s3cret" not in repr(error)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None

    def test_an_answer_cannot_put_its_own_fields_into_the_client(self):
        line = Line(
            200, json.dumps({**self.GRANTED, "request": "x", "token_endpoint": "https://elsewhere.example"}).encode()
        )
        assert self.refresh(line)["access_token"] == "a"

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (requests.ConnectTimeout(), RetryLater),
            (requests.ReadTimeout(), Unanswered),
            (requests.ConnectionError(), Unanswered),
        ],
    )
    def test_a_lost_call_says_whether_it_may_have_happened(self, error, kind):
        line = Line(200, b"")
        line.request = lambda *_args, **_options: (_ for _ in ()).throw(error)
        with pytest.raises(RetryLater) as raised:
            self.refresh(line)
        assert type(raised.value) is kind

    def test_handing_back_an_unknown_grant_is_done_already(self):
        line = Line(400, b"")
        IntuitTokens().revoke(line, PROVIDER.base_urls, client_id="id", secret="s3cret", token="gone")
        assert line.asked[0][1] == "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
