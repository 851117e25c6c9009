"""Worked cases: card programs, expense reports and reimbursements. The table of events by role, row by row."""

from __future__ import annotations

from datetime import date

import pytest
from trial import fact, minor, sides, trial

from integrations.records import (
    CardPayment,
    CardPurchase,
    CardStatement,
    Cashback,
    ExpenseReport,
    ExpenseSplit,
    FundingPull,
    Reimbursement,
    ReportLine,
    SystemBalance,
)
from ledger.core.rules import Unbookable, card_statement_entry, drafts, funding_entry

APRIL = date(2026, 4, 1)


def book(record):
    return drafts(record, provider="spender", category="expenses", home="USD")


def purchase(amount, *splits, **fields):
    return fact(CardPurchase, program="blue", amount=minor(amount), merchant="Fern & Co", splits=splits, **fields)


def test_card_purchase_by_split():
    """Card purchase cleared: Dr expense by split; Cr card."""
    food = ExpenseSplit(amount=minor("30.00"), category="Meals", department="Sales", memo="lunch")
    taxed = ExpenseSplit(amount=minor("20.00"), category="Supplies", tax=minor("4.00"), klass="North")
    (entry,) = book(purchase("54.00", food, taxed))
    assert sides(entry) == [
        "expense[Meals] Dr 30.00",
        "expense[Supplies] Dr 20.00",
        "input-tax Dr 4.00",
        "card[blue] Cr 54.00",
    ]
    assert [(line.department, line.klass, line.party) for line in entry.lines[:2]] == [
        ("Sales", "", "Fern & Co"),
        ("", "North", "Fern & Co"),
    ]


def test_card_refund():
    """Card refund or chargeback won: Dr card; Cr the same expense."""
    back = ExpenseSplit(amount=-minor("30.00"), category="Meals")
    (entry,) = book(purchase("-30.00", back))
    assert sides(entry) == ["expense[Meals] Cr 30.00", "card[blue] Dr 30.00"]


def test_foreign_fee_on_a_card():
    """Foreign fee on card: Dr fees:fx; Cr card."""
    (entry,) = book(purchase("30.00", fx_fee=minor("0.90"), spent_amount=2700, spent_currency="EUR"))
    assert sides(entry) == ["expense Dr 30.00", "fees[fx] Dr 0.90", "card[blue] Cr 30.90"]


def test_statement_paid_once_though_bank_and_card_show_it():
    """Statement paid: Dr card; Cr bank, dated like the bank line. The card's own row makes no entry."""
    paid = fact(CardPayment, program="blue", amount=minor("500.00"))
    assert book(paid) == ()
    assert sides(card_statement_entry(paid, APRIL, bank="checking")) == [
        "card[blue] Dr 500.00",
        "bank[checking] Cr 500.00",
    ]
    with pytest.raises(Unbookable):
        card_statement_entry(fact(CardPayment, program="blue", amount=0), APRIL)


def test_statement_and_balances_are_evidence():
    """Statement identity: opening + charges − credits − payments = ending; proven, never booked."""
    statement = fact(CardStatement, program="blue", opening=0, charges=5400, credits=0, payments=0, closing=5400)
    assert book(statement) == ()
    assert book(fact(SystemBalance, role="card", key="blue", amount=5400)) == ()


def test_cashback_applied():
    """Cashback applied: Dr card; Cr other income."""
    assert sides(book(fact(Cashback, program="blue", amount=minor("5.40")))[0]) == [
        "card[blue] Dr 5.40",
        "other-income[cashback] Cr 5.40",
    ]


def test_private_purchase_and_its_repayment():
    """Personal charge on company card: Dr employee receivable; Cr card. Repaid: Dr clearing; Cr employee receivable; then
    Dr bank; Cr clearing.
    """
    private = ExpenseSplit(amount=minor("18.00"), tax=minor("2.00"), kind="personal")
    (bought,) = book(purchase("20.00", private, cardholder="Ada Finch"))
    (repaid,) = book(fact(Reimbursement, employee="Ada Finch", amount=minor("20.00"), direction="from_employee"))
    arrived = funding_entry(fact(FundingPull, amount=-minor("20.00")), APRIL, provider="spender", bank="checking")
    assert sides(bought) == ["employee-receivable Dr 20.00", "card[blue] Cr 20.00"]
    assert bought.lines[0].party == "Ada Finch"
    assert sides(repaid) == ["clearing[spender] Dr 20.00", "employee-receivable Cr 20.00"]
    assert trial(bought, repaid, arrived) == {"card": "-20.00", "bank": "20.00"}


def report(*rows):
    return fact(ExpenseReport, employee="Ada Finch", number="R-1", lines=rows)


def test_report_out_of_pocket():
    """Expense report approved (out of pocket): Dr expense; Cr reimbursements payable (employee)."""
    taxi = ReportLine(amount=minor("25.00"), category="Travel", department="Sales", tax=minor("1.00"))
    (entry,) = book(report(taxi))
    assert sides(entry) == ["expense[Travel] Dr 25.00", "input-tax Dr 1.00", "reimb-payable Cr 26.00"]
    assert entry.lines[-1].party == "Ada Finch"


def test_report_lines_on_the_companys_card():
    """The company's card in a report (Expensify card): Dr expense; Cr card. A private one is owed back."""
    hotel = ReportLine(amount=minor("140.00"), category="Travel", paid_by="card", program="blue")
    private = ReportLine(amount=minor("9.00"), kind="personal", paid_by="card", program="blue")
    (entry,) = book(report(hotel, private))
    assert sides(entry) == ["expense[Travel] Dr 140.00", "card[blue] Cr 149.00", "employee-receivable Dr 9.00"]


def test_private_line_paid_privately_is_nobodys_business():
    assert book(report(ReportLine(amount=900, kind="personal"))) == ()


@pytest.mark.parametrize("basis", ["mileage", "per_diem"])
def test_allowances(basis):
    """Mileage / per diem: Dr expense:travel; Cr reimbursements payable. A category of the tool's own comes first."""
    plain, named = ReportLine(amount=670, basis=basis), ReportLine(amount=670, basis=basis, category="Site visits")
    assert sides(book(report(plain))[0]) == ["expense[travel] Dr 6.70", "reimb-payable Cr 6.70"]
    assert sides(book(report(named))[0])[0] == "expense[Site visits] Dr 6.70"


def test_reimbursed_through_the_tool():
    """Reimbursed by ACH through the tool: Dr reimbursements payable; Cr clearing; on pull Dr clearing; Cr bank."""
    (owed,) = book(report(ReportLine(amount=2600, category="Travel")))
    (paid,) = book(fact(Reimbursement, employee="Ada Finch", amount=2600))
    pulled = funding_entry(fact(FundingPull, amount=2600), APRIL, provider="spender", bank="checking")
    assert sides(paid) == ["reimb-payable Dr 26.00", "clearing[spender] Cr 26.00"]
    assert trial(owed, paid, pulled) == {"expense": "26.00", "bank": "-26.00"}


def test_reimbursed_through_payroll():
    """Reimbursed through payroll: Dr reimbursements payable; Cr payroll clearing."""
    (entry,) = book(fact(Reimbursement, employee="Ada Finch", amount=2600, through="payroll", account="paymaster"))
    assert sides(entry) == ["reimb-payable Dr 26.00", "net-pay-clearing[paymaster] Cr 26.00"]


def test_reimbursed_outside_of_the_tool():
    """Manually reimbursed: moved outside, so no cash line of the tool; the bank's line books it."""
    assert book(fact(Reimbursement, employee="Ada Finch", amount=2600, through="outside")) == ()


def test_splits_that_do_not_come_to_the_amount_are_held():
    with pytest.raises(Unbookable, match="difference 1"):
        book(purchase("10.00", ExpenseSplit(amount=999)))
