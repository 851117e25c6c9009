"""Tie-outs: what agrees passes, and every seeded difference is found where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from integrations.records import PayItem, Payout, PayrollRun, Payslip, ProcessorFee, Refund, Sale
from ledger.core.entry import DraftLine
from ledger.core.rules import payroll_lines
from ledger.core.tieouts import (
    accrual_proof,
    liabilities_accrued,
    liability_roll_forward,
    payouts_to_deposits,
    processor_roll_forward,
    register_to_ledger,
)

ON = date(2026, 3, 24)


def fact(kind, **fields):
    return kind(external_id=fields.pop("id", "x"), booked_on=ON, currency="USD", **fields)


FACTS = [
    fact(Sale, amount=10_000, fee=320),
    fact(Refund, amount=2_500),
    fact(ProcessorFee, amount=100, tax=20),
    fact(Payout, amount=6_000, arrives_on=ON, payout_id="po_1"),
]


def test_processor_rolls_forward_by_category():
    proof = processor_roll_forward(500, FACTS, reported=1_560, ledger=1_560)
    assert dict(proof.movements) | {"sales": 10_000, "refunds": -2_500, "fees": -440, "payouts": -6_000} == dict(
        proof.movements
    )
    assert proof.ties


def test_difference_to_the_ledger_is_shown_apart_from_the_processors():
    proof = processor_roll_forward(500, FACTS, reported=1_560, ledger=1_500)
    assert (proof.to_processor, proof.to_ledger, proof.ties) == (0, 60, False)


def test_silent_processor_cannot_pass():
    assert not processor_roll_forward(500, FACTS, reported=None, ledger=1_560).ties


PAYOUTS = [
    fact(Payout, id="a", amount=6_000, arrives_on=date(2026, 3, 25), payout_id="po_1"),
    fact(Payout, id="b", amount=7_000, arrives_on=date(2026, 3, 26), payout_id="po_2"),
    fact(Payout, id="c", amount=800, arrives_on=date(2026, 3, 26), payout_id="po_3"),
    fact(Payout, id="d", amount=800, arrives_on=date(2026, 3, 26), payout_id="po_3", stage="returned"),
]


def states(arrivals, as_of):
    proof = payouts_to_deposits(PAYOUTS, arrivals, as_of)
    return [row.state for row in proof.rows], proof.in_transit, proof.ties


def test_payouts_arrive_once_or_wait():
    arrivals = {"po_1": (date(2026, 3, 26), 6_000), "po_2": (date(2026, 4, 2), 7_000)}
    assert states(arrivals, date(2026, 3, 31)) == (["arrived", "in transit", "returned"], 7_000, True)


def test_payout_without_deposit_after_days_is_late():
    assert states({"po_1": (date(2026, 3, 26), 6_000)}, date(2026, 4, 2)) == (
        ["arrived", "late", "returned"],
        7_000,
        False,
    )


def test_deposit_of_another_amount_differs():
    found, _, ties = states({"po_1": (date(2026, 3, 26), 5_990), "po_2": (ON, 7_000)}, date(2026, 3, 31))
    assert (found[0], ties) == ("differs", False)


@pytest.fixture
def run():
    def slip(employee, department, gross):
        return Payslip(
            employee_id=employee, employee=employee, department=department, net_pay=gross - 100,
            earnings=(PayItem(name="Regular", amount=gross),), employee_taxes=(PayItem(name="Federal", amount=100),),
            employer_taxes=(PayItem(name="Medicare", amount=gross * 145 // 10_000),),
        )  # fmt: skip

    return PayrollRun(
        external_id="r", booked_on=date(2026, 4, 3), currency="USD", period_start=date(2026, 3, 23), period_end=date(2026, 4, 3),
        kind="regular", payslips=(slip("ada", "Cafe", 200_000), slip("rowan", "Roastery", 300_000)),
    )  # fmt: skip


def test_hand_typed_run_is_found_by_role_and_department(run):
    """Wages of one department 42.18 too low, and net pay clearing with them."""
    typed = [
        line._replace(debit=line.debit - 4_218)
        if (line.role, line.department) == ("wages", "Cafe")
        else line._replace(credit=line.credit - 4_218)
        if line.role == "net-pay-clearing"
        else line
        for line in payroll_lines(run)
    ]
    found = register_to_ledger(run, typed)
    assert [(one.role, one.department, one.difference) for one in found] == [
        ("net-pay-clearing", "", 4_218),
        ("wages", "Cafe", -4_218),
    ]


def test_run_that_was_not_posted_differs_everywhere(run):
    assert {one.role for one in register_to_ledger(run, [])} == {line.role for line in payroll_lines(run)}


def test_foreign_line_in_the_posting_is_a_difference(run):
    posted = [*payroll_lines(run), DraftLine("rounding", 1)]
    assert [one.role for one in register_to_ledger(run, posted)] == ["rounding"]


def test_liabilities_roll_forward(run):
    accrued = liabilities_accrued([run])
    assert accrued == {"ee-tax-payable": 200, "er-tax-payable": 7_250}
    rows = liability_roll_forward(
        {"ee-tax-payable": 50}, accrued, {"er-tax-payable": 7_250}, {"ee-tax-payable": 250}, {"ee-tax-payable": 250}
    )
    assert all(row.ties for row in rows)


def test_overpaid_liability_does_not_tie():
    (row,) = liability_roll_forward({}, {}, {"er-tax-payable": 5}, {"er-tax-payable": -5})
    assert row.difference == 0
    assert not row.ties


def test_reversed_run_accrues_nothing(run):
    assert set(liabilities_accrued([run, replace(run, external_id="v", reverses="r")]).values()) == {0}


def test_accrual_is_recomputed(run):
    proof = accrual_proof(run, date(2026, 3, 31), [])
    assert proof.entry is not None
    assert accrual_proof(run, date(2026, 3, 31), proof.entry.lines).ties
    assert not proof.ties
    assert (
        sum(one.difference for one in proof.differences if one.role == "accrued-payroll")
        == proof.entry.lines[-1].credit
    )
