"""Ramp's pages read as facts and journals, every value its contract lists, and strangers' payloads."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from integrations.providers.ramp import pulling
from integrations.providers.ramp.provider import PROVIDER
from integrations.records import (
    BillPayment,
    CardPayment,
    CardPurchase,
    ExpenseReport,
    FundingPull,
    Reimbursement,
    Skipped,
    Unknown,
    VendorBill,
)
from ledger.core.rules import drafts
from tests.integrations.contract import (
    result_table,
)
from tests.integrations.providers.ramp_pages import (
    FIXTURES,
    changed,
    described,
    facts,
    lines,
    mark,
    page,
    values,
    with_nulls,
)

# ---- the journals of the provider's page -----------------------------------------------------------------------------------


def test_a_purchase_is_a_cost_by_its_splits_and_owed_on_the_card():
    assert lines("transactions", page("transactions", 1)) == [
        ("card", "ramp", -7550),
        ("expense", "Meals", 2550),
        ("expense", "Supplies", 5000),
    ]
    (bought,) = facts("transactions", page("transactions", 1))
    assert [(split.department, split.klass) for split in bought.splits] == [("Yard", ""), ("Field", "Events")]
    assert lines("transactions", page("transactions", 9)) == [("card", "ramp", -12000), ("prepaid", "Insurance", 12000)]


def test_a_refund_is_the_mirror_of_its_purchase():
    bought, back = lines("transactions", page("transactions")), lines("transactions", page("transactions", 2))
    assert [(role, key, -amount) for role, key, amount in bought] == back


def test_what_a_card_paid_of_a_bill_is_no_cost_of_its_own():
    assert lines("transactions", page("transactions", 8)) == [("ap", "", 31000), ("card", "ramp", -31000)]
    raw = page("transactions", 8)
    raw["transaction"]["amount"] = Decimal("-10.00")
    assert lines("transactions", raw) == [("ap", "", -1000), ("card", "ramp", 1000)]
    assert lines("bills", page("bills", 3)) == [("ap", "", -31000), ("expense", "Equipment Hire", 31000)]


def test_a_bill_is_owed_and_its_payment_goes_through_clearing_to_be_met_at_the_bank():
    assert lines("bills", page("bills")) == [
        ("ap", "", -96900),
        ("ap", "", 96900),
        ("clearing", "ramp", -96900),
        ("expense", "Equipment Hire", 96900),
    ]
    bill, paid, pulled = facts("bills", page("bills"))
    assert (bill.number, bill.due_on) == ("INV-1", date(2026, 3, 29))
    assert (pulled.booked_on, paid.booked_on) == (date(2026, 3, 12), date(2026, 3, 16))
    assert [(part.document, part.amount) for part in paid.applications] == [(mark("b1", 1), 96900)]
    assert (pulled.amount, pulled.side, pulled.covers) == (96900, "out", (mark("b1", 1),))


def test_an_employee_is_owed_what_was_laid_out_until_ramp_has_paid_it():
    owed = [("expense", "Travel", 4250), ("reimb-payable", "", -4250)]
    paid = [("clearing", "ramp", -4250), ("reimb-payable", "", 4250)]
    assert lines("reimbursements", page("reimbursements")) == sorted(owed + paid)
    assert lines("reimbursements", changed("reimbursements", state="APPROVED")) == owed


def test_mileage_and_days_are_travel_and_have_no_receipt():
    for index, basis, amount in ((1, "mileage", 3360), (2, "per_diem", 5900)):
        report = facts("reimbursements", page("reimbursements", index))[0]
        assert [(line.basis, report.support) for line in report.lines] == [(basis, ())]
        assert ("expense", "travel", amount) in lines("reimbursements", page("reimbursements", index))


def test_an_employee_who_pays_back_owed_what_had_been_a_cost():
    assert lines("reimbursements", page("reimbursements", 7)) == [
        ("clearing", "ramp", 4315),
        ("employee-receivable", "", -4315),
        ("employee-receivable", "", 4315),
        ("expense", "Travel", -4315),
    ]
    assert [fact.amount for fact in facts("reimbursement_batches", page("reimbursement_batches", 1))] == [-4315]


def test_what_was_reimbursed_outside_has_no_line_of_ramps_cash():
    _, paid = facts("reimbursements", page("reimbursements", 3))
    assert (paid.through, list(drafts(paid, provider="ramp", category="expenses"))) == ("outside", [])


def test_cashback_lowers_what_is_owed_and_a_payment_of_the_card_waits_for_its_bank_line():
    assert lines("cashbacks", page("cashbacks")) == [("card", "ramp", 1250), ("other-income", "cashback", -1250)]
    (paid,) = facts("transfers", page("transfers"))
    assert (type(paid), paid.program, paid.amount) == (CardPayment, "ramp", 250000)
    assert lines("transfers", page("transfers")) == []


def test_a_statement_proves_what_the_card_owes():
    statement, owed = facts("statements", page("statements"))
    assert statement.opening + statement.charges - statement.credits - statement.payments == statement.closing
    assert (owed.role, owed.key, owed.amount, owed.booked_on) == ("card", "ramp", 169750, date(2026, 2, 28))
    for index, said in ((1, "off by -1"), (2, "come to 170000")):
        (held,) = facts("statements", page("statements", index))
        assert said in held.what


# ---- the contract, and strangers -------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {said}\n" for name, said in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "ramp.txt").read_text(encoding="utf-8")


def kinds(name, raw):
    return {type(fact) for fact in facts(name, raw)}


@pytest.mark.contracts
def test_every_state_of_a_purchase_books_a_cleared_one_alone():
    found = {
        state: kinds("transactions", changed("transactions", state=state)) for state in values("Transaction", "state")
    }
    assert {state for state, what in found.items() if what == {CardPurchase}} == {"CLEARED"}
    assert {state for state, what in found.items() if what == {Unknown}} == {"ALL", "ERROR"}
    assert {kind for what in found.values() for kind in what} == {CardPurchase, Skipped, Unknown}


@pytest.mark.contracts
def test_every_state_of_a_reimbursement_says_whether_it_is_owed_and_whether_money_moved():
    states = values("Reimbursement", "state")
    ended = ("CANCELED", "DELETED", "REJECTED")
    found = {state: kinds("reimbursements", changed("reimbursements", state=state)) for state in states}
    assert len(states) == 22
    moved = {state for state, what in found.items() if Reimbursement in what}
    assert moved == {"REIMBURSED", "REIMBURSED_VIA_PUSH", "MANUALLY_REIMBURSED"}
    quiet = {state for state, what in found.items() if what == {Skipped}}
    assert quiet == {"INIT", "DRAFT", "PENDING", *ended}
    assert all(ExpenseReport in what for state, what in found.items() if state not in quiet)
    for direction in values("Reimbursement", "direction"):
        for kind in values("Reimbursement", "type"):
            fits = kind.startswith("PAYBACK") == (direction == "USER_TO_BUSINESS")
            raw = changed("reimbursements", direction=direction, type=kind)
            assert (kinds("reimbursements", raw) == {Unknown}) is not fits, (direction, kind)


@pytest.mark.contracts
def test_every_status_of_a_transfer_is_read():
    statuses = values("Transfer", "status")
    found = {status: kinds("transfers", changed("transfers", status=status)) for status in statuses}
    assert {status for status, what in found.items() if what == {Unknown}} == {"RETURNED_BY_RDFI"}
    assert {status for status, what in found.items() if what == {Skipped}} == {
        "INITIATED", "CANCELED", "UNNECESSARY", "ERROR", "REJECTED_BY_ODFI", "NOT_ENOUGH_FUNDS",
    }  # fmt: skip


@pytest.mark.contracts
def test_every_way_to_approve_and_pay_a_bill_is_read():
    approved = {
        state: kinds("bills", changed("bills", approval_status=state)) for state in values("Bill", "approval_status")
    }
    assert {state for state, what in approved.items() if what == {Skipped}} == set(approved) - {"APPROVED"}
    found = {}
    for method in values("ApiBillPayment", "payment_method"):
        raw = page("bills")
        raw["payment"]["payment_method"] = method
        raw["payment"]["details"]["transaction_ids"] = ["t"]
        found[method] = kinds("bills", raw) - {VendorBill}
    assert {method for method, what in found.items() if what == {BillPayment, FundingPull}} == {
        "ACH", "CHECK", "DOMESTIC_WIRE", "INTERNATIONAL", "SWIFT",
    }  # fmt: skip
    assert {method for method, what in found.items() if what == {Unknown}} == {"UNSPECIFIED", "VENDOR_CREDIT"}
    assert {method for method, what in found.items() if what == {Skipped}} == {*pulling.CARD, "PAID_MANUALLY"}
    for how in values("ApiManualPaymentDetailsResource", "manual_payment_method"):
        raw = page("bills", 4)
        raw["payment"]["details"]["manual_payment_method"] = how
        assert how in facts("bills", raw)[1].reason


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("transactions", "Transaction"),
        ("bills", "Bill"),
        ("reimbursements", "Reimbursement"),
        ("cashbacks", "Cashback"),
        ("transfers", "Transfer"),
    ],
)
def test_our_documented_pages_are_as_the_contract_says(name, schema):
    found = {"$ref": f"#/components/schemas/{schema}", "components": described()["components"]}
    valid = Draft202012Validator(with_nulls(found))
    for raw in json.loads((FIXTURES / f"{name}.json").read_bytes())["data"]:
        assert [wrong.message for wrong in valid.iter_errors(raw.get(name.removesuffix("s"), raw))] == []
