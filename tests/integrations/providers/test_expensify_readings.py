"""Expensify's reports read as facts and journals, by its jobs and by exported files, and the traps of both."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from integrations import tables
from integrations.errors import PayloadError
from integrations.provider import Window
from integrations.providers.expensify.exports import FILES
from integrations.providers.expensify.provider import PROVIDER
from integrations.records import CardPurchase, ExpenseReport, FundingPull, Reimbursement, Skipped, Unknown
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import (
    CONTEXT,
    CONTRACTS,
    fixture_objects,
    read,
    result_table,
    told,
)
from tests.integrations.providers import test_expensify as contract
from tests.integrations.providers.test_expensify import EXPENSES

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
WINDOW = Window(cursor="", since=date(2026, 1, 1), now=datetime(2026, 4, 1, 9, tzinfo=UTC))
WHERE = {"policy_id": "0A1B2C3D4E5F6071", "label": "Tieout"}


def page(name, index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def facts(name, raw, context=CONTEXT):
    return read(STREAMS[name], raw, context)


def lines(name, raw, context=CONTEXT):
    """(role, key, debit − credit) of the entries a thing makes."""
    made = [entry for fact in facts(name, raw, context) for entry in drafts(fact, provider="expensify")]
    return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)


def only(index, kind):
    return next(fact for fact in facts("reports", page("reports", index)) if isinstance(fact, kind))


# ---- events and their lines ------------------------------------------------------------------------------------------------


def test_an_approved_report_is_owed_to_its_employee_by_category_with_its_receipt():
    assert lines("reports", page("reports")) == [("expense", "6130", 4250), ("reimb-payable", "", -4250)]
    report = only(0, ExpenseReport)
    (line,) = report.lines
    assert (report.employee, report.employee_id, report.number) == ("Nora Quill", "nora@larch.example", "R00LaRcH0001")
    assert (line.department, line.merchant, line.spent_on) == ("Field", '"Salt & Barley"', date(2026, 2, 27))
    (receipt,) = line.support
    assert (receipt.id, receipt.file_name, receipt.content_type) == ("97100001", "w_1.jpg", "image/jpeg")
    assert receipt.url == "https://files.example.com/w_1.jpg"


def test_company_cards_are_told_from_cash_and_a_refund_mirrors():
    """Changed amounts, distance and foreign money are in the sum that is owed; the card's two are not."""
    assert lines("reports", page("reports", 1)) == [
        ("card", "Larch Visa", -3500),
        ("card", "Larch Visa", 990),
        ("expense", "6130", 2300),
        ("expense", "Repairs", -990),
        ("expense", "Repairs", 3500),
        ("expense", "Travel", 10840),
        ("expense", "travel", 2100),
        ("reimb-payable", "", -15240),
    ]
    bought = only(1, CardPurchase)
    assert (bought.cardholder, bought.card, bought.report) == ("Tom Ferrow", "Visa - 4417", "R00LaRcH0002")


def test_what_the_tool_pays_back_waits_in_its_clearing_for_the_bank():
    raw = page("reimbursements")
    assert lines("reimbursements", raw) == [("clearing", "expensify", -15240), ("reimb-payable", "", 15240)]
    pull = facts("reimbursements", raw)[1]
    assert isinstance(pull, FundingPull)
    assert (pull.trace, pull.covers) == ("88000007919", ("R00LaRcH0002",))


def test_what_is_paid_back_outside_is_booked_by_the_bank_or_by_payroll():
    (paid,) = facts("reimbursements", page("reimbursements", 1))
    assert (paid.through, paid.reports) == ("outside", ("R00LaRcH0006",))
    assert lines("reimbursements", page("reimbursements", 1)) == []


# ---- traps -----------------------------------------------------------------------------------------------------------------


def test_what_a_person_changed_wins_over_the_original():
    first = only(1, ExpenseReport).lines[0]
    assert (first.amount, first.merchant, first.spent_on) == (2300, "Pinefork Diner", date(2026, 3, 5))


def test_a_foreign_expense_without_its_amount_in_the_reports_money_is_held():
    raw = page("reports", 1)
    del raw["transactionList"][2]["convertedAmount"]
    (held,) = facts("reports", raw)
    assert "foreign money" in held.what


def test_a_foreign_purchase_with_a_card_says_what_the_merchant_charged():
    raw = page("reports", 1)
    raw["transactionList"][2] |= {"reimbursable": False, "bank": "Larch Visa"}
    bought = next(fact for fact in facts("reports", raw) if getattr(fact, "spent_currency", ""))
    assert (bought.amount, bought.spent_amount, bought.spent_currency) == (10840, 10000, "EUR")


def test_lines_that_do_not_come_to_the_total_hold_the_report():
    raw = page("reports") | {"total": 4200}
    (held,) = facts("reports", raw)
    assert held.what == "the report's lines come to 4250 cents, not to 4200"
    raw = page("reports", 1) | {"total": 15240}
    assert [type(fact) for fact in facts("reports", raw)] == [CardPurchase, CardPurchase, ExpenseReport]


def test_an_expense_twice_in_a_report_is_refused():
    raw = page("reports")
    raw["transactionList"] *= 2
    with pytest.raises(PayloadError, match="transactionID"):
        facts("reports", raw)


def test_a_report_that_lost_its_approval_books_nothing_whatever_day_it_was_approved():
    """Its header still shows the day; what was booked is taken back as its version no longer gives it."""
    assert type(facts("reports", page("reports", 2))[0]) is Skipped
    reopened = page("reports", 1) | {"status": "Open"}
    assert [type(fact) for fact in facts("reports", reopened)] == [Skipped]


def test_hours_and_unpaid_cash_are_for_a_person_and_hold_nothing_else():
    raw = page("reports", 1)
    raw["transactionList"][1]["type"] = "time"
    found = facts("reports", raw)
    assert [type(fact) for fact in found] == [Unknown, CardPurchase, CardPurchase, ExpenseReport]
    assert "wages" in found[0].what
    (cash,) = facts("reports", page("reports", 4))
    assert "no card paid" in cash.what


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_money_without_hundredths_is_held(currency):
    raw = page("reports") | {"currency": currency}
    raw["transactionList"][0]["currency"] = currency
    assert "hundredths" in facts("reports", raw)[0].what
    repaid = page("reimbursements")
    repaid["reimbursement"]["currency"] = currency
    assert isinstance(facts("reimbursements", repaid)[0], Unknown)


def test_tax_is_cost_in_dollars_and_comes_back_elsewhere():
    raw = page("reports") | {"currency": "GBP"}
    raw["transactionList"][0]["currency"] = "GBP"
    assert lines("reports", raw, replace(CONTEXT, home_currency="GBP")) == [
        ("expense", "6130", 4000),
        ("input-tax", "", 250),
        ("reimb-payable", "", -4250),
    ]


def test_another_currency_waits_for_a_rate():
    raw = page("reports") | {"currency": "GBP"}
    raw["transactionList"][0]["currency"] = "GBP"
    with pytest.raises(Unbookable, match="rate"):
        [drafts(fact, provider="expensify", home="USD") for fact in facts("reports", raw)]


# ---- files -----------------------------------------------------------------------------------------------------------------


def brought(layout, content):
    return list(layout.objects(tables.find(content, "export.csv", layout.recognise)))


def test_a_file_and_the_jobs_give_the_same_facts():
    for layout in FILES:
        found = brought(layout, contract.TestContract.files[layout.name][0])
        pages = fixture_objects(PROVIDER, STREAMS[layout.stream])[: len(found)]
        for raw, known in zip(found, pages, strict=True):
            assert [told(fact) for fact in facts(layout.stream, raw)] == [
                told(fact) for fact in facts(layout.stream, known)
            ]
            assert lines(layout.stream, raw) == lines(layout.stream, known)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (b"177.50,7200002", b"177.51,7200002", "line 4, Report ID"),
        (b"03/05/2026,30 mi", b"13/05/2026,30 mi", "line 4, Date"),
        (b"$23.00", b"twenty", "line 3, Amount"),
        (b",Yes,,,Meals,6130,,,Cash", b",Perhaps,,,Meals,6130,,,Cash", "line 3, Reimbursable"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(was, becomes, said):
    assert was in EXPENSES
    with pytest.raises(PayloadError, match=said):
        brought(FILES[0], EXPENSES.replace(was, becomes))


# ---- the contract, and strangers -------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_the_published_samples_are_requests():
    assert result_table(PROVIDER) == {
        "jobs/download.json": "not a stream of this provider",
        "jobs/export-reports.json": "not a stream of this provider",
    }


@pytest.mark.contracts
def test_every_value_the_contract_lists_is_read_or_put_before_a_person():
    spec = json.loads((CONTRACTS / "expensify/expensify-integration-server.openapi.json").read_bytes())
    schemas = spec["components"]["schemas"]
    statuses = schemas["Report"]["properties"]["status"]["enum"]
    kinds = {status: type(facts("reports", page("reports") | {"status": status})[0]) for status in statuses}
    booked = dict.fromkeys(("Approved", "Reimbursed", "Closed"), ExpenseReport)
    assert kinds == {"Open": Skipped, "Processing": Skipped, **booked}
    repaid = page("reimbursements")
    for status in statuses:
        repaid["reimbursement"]["status"] = status
        assert type(facts("reimbursements", repaid)[0]) is (Reimbursement if status == "Reimbursed" else Skipped)
    for kind in schemas["Expense"]["properties"]["type"]["description"].split(", "):
        raw = page("reports")
        raw["transactionList"][0]["type"] = kind
        assert type(facts("reports", raw)[0]) is (Unknown if kind == "time" else ExpenseReport)
