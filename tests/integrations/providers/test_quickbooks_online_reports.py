"""Reports read by column key and id, and believed only when they foot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload, parse_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import reports
from tests.integrations.contract import CONTRACTS

CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
NOW = datetime(2026, 4, 1, tzinfo=UTC)
CONTRACT = CONTRACTS / "quickbooks-online"


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
