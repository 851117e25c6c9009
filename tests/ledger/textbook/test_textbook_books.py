"""Worked cases: bank lines, documents of the accounting system, and a small company's first statements."""

from __future__ import annotations

from datetime import date

import pytest
from trial import lines, minor, trial

from integrations.records import BankLine, LedgerDocument, LedgerLine, Unknown
from ledger.core.accounts import Account
from ledger.core.cashflow import cash_flow
from ledger.core.period import Month
from ledger.core.rules import Unbookable, bank_line_entry, card_payment_entry, drafts, transfer_entry
from ledger.core.statements import Books, balance_sheet, income_statement, month_column, trial_balance

ON = date(2026, 3, 31)


def line(amount, account="checking", on=ON, **fields):
    return BankLine(
        external_id=f"{account}{on}{amount}",
        booked_on=on,
        currency="USD",
        account=account,
        amount=minor(amount),
        description="line",
        **fields,
    )


def test_monthly_service_fee():
    """Journal table: Dr Bank fees 45.00; Cr Bank 45.00."""
    assert lines(bank_line_entry(line("-45.00"), "bank-fees")) == [("bank", "", "45.00"), ("bank-fees", "45.00", "")]


def test_savings_interest():
    """Journal table: Dr Bank 12.31; Cr Interest income 12.31."""
    assert trial(bank_line_entry(line("12.31", "savings"), "interest-income")) == {
        "bank": "12.31",
        "interest-income": "-12.31",
    }


def test_transfer_between_own_accounts_is_one_entry_from_two_lines():
    """Journal table: Dr Bank B; Cr Bank A, dated when the money left."""
    entry = transfer_entry(line("-500.00"), line("500.00", "savings", date(2026, 4, 1)))
    assert entry.booked_on == ON
    assert trial(entry, keyed=True) == {"bank:savings": "500.00", "bank:checking": "-500.00"}


def test_card_payment_is_posted_once_though_both_feeds_show_it():
    """Journal table: Dr Card liability; Cr Bank."""
    assert trial(card_payment_entry(line("-321.09"), line("321.09", "visa"))) == {"card": "321.09", "bank": "-321.09"}


def test_lines_that_do_not_mirror_are_no_transfer():
    with pytest.raises(Unbookable):
        transfer_entry(line("-500.00"), line("499.00", "savings"))


def test_pending_line_is_not_booked():
    with pytest.raises(Unbookable):
        bank_line_entry(line("-45.00", pending=True), "bank-fees")


def document(*posted, kind="JournalEntry", **fields):
    told = tuple(
        LedgerLine(account_id=account, debit=minor(debit or "0"), credit=minor(credit or "0"))
        for account, debit, credit in posted
    )
    return LedgerDocument(external_id=f"{kind}:1", booked_on=ON, currency="USD", type=kind, lines=told, **fields)


def test_prepaid_rent_is_used_up_month_by_month():
    """First-year textbook, adjusting entries: rent 36,000.00 prepaid for a year, one month used.

    Dr Prepaid rent 36,000.00; Cr Cash. Then Dr Rent expense 3,000.00; Cr Prepaid rent 3,000.00.
    """
    paid = drafts(document(("prepaid", "36,000.00", ""), ("cash", "", "36,000.00")))
    used = drafts(document(("rent", "3,000.00", ""), ("prepaid", "", "3,000.00")))
    assert trial(*paid, *used) == {
        "account:prepaid": "33000.00",
        "account:cash": "-36000.00",
        "account:rent": "3000.00",
    }


def test_bill_and_its_payment_clear_the_vendor():
    """Bill: Dr Expense 612.00; Cr Accounts payable. Payment: Dr Accounts payable; Cr Bank. Payables end at nil."""
    bill = drafts(document(("60", "612.00", ""), ("33", "", "612.00"), kind="Bill"))
    paid = drafts(document(("33", "612.00", ""), ("35", "", "612.00"), kind="BillPayment"))
    assert trial(*bill, *paid) == {"account:60": "612.00", "account:35": "-612.00"}


def test_document_whose_accounts_are_not_told_is_an_exception():
    with pytest.raises(Unbookable, match="the account behind item Pump"):
        drafts(document(kind="Invoice", missing="the account behind item Pump"))


def test_document_that_does_not_balance_is_an_exception():
    with pytest.raises(Unbookable) as refused:
        drafts(document(("1", "10.00", ""), ("2", "", "9.00")))
    assert refused.value.amount == 100


def test_voided_document_makes_no_entry():
    assert drafts(document(("1", "", ""), ("2", "", ""))) == ()


def test_unknown_fact_is_never_guessed():
    with pytest.raises(Unbookable, match="reporting category 'moon'") as refused:
        drafts(Unknown(external_id="x", booked_on=ON, currency="USD", what="reporting category 'moon'", amount=5))
    assert refused.value.amount == 5


ACCOUNTS = (
    Account(key="cash", name="Cash", type="asset", is_cash=True),
    Account(key="equipment", name="Equipment", type="asset", group="fixed-assets"),
    Account(key="wear", name="Accumulated depreciation", type="asset", group="fixed-assets", flow="operating"),
    Account(key="ap", name="Accounts payable", type="liability"),
    Account(key="loan", name="Bank loan", type="liability", group="long-term-liabilities"),
    Account(key="capital", name="Owner's capital", type="equity"),
    Account(key="sales", name="Sales", type="income"),
    Account(key="refunds", name="Refunds", type="income"),
    Account(key="materials", name="Materials", type="expense", group="cost-of-goods-sold"),
    Account(key="rent", name="Rent", type="expense"),
    Account(key="depreciation", name="Depreciation", type="expense"),
    Account(key="interest", name="Interest earned", type="income", group="other-income"),
)
DECEMBER, JANUARY = Month(2025, 12), Month(2026, 1)


@pytest.fixture
def company():
    """First-year textbook, a company's first two months over a year's end (debits, credits by account):

    December: capital 10,000.00 paid in, equipment 4,000.00 bought, sales 1,500.00, rent 900.00.
    January: loan 2,000.00, sales 3,000.00 with refunds 200.00, materials 800.00 on credit, depreciation 100.00, interest 5.00.
    """
    december = {"cash": ("11,500.00", "4,900.00"), "equipment": ("4,000.00", "0"), "capital": ("0", "10,000.00"),
                "sales": ("0", "1,500.00"), "rent": ("900.00", "0")}  # fmt: skip
    january = {"cash": ("5,005.00", "200.00"), "loan": ("0", "2,000.00"), "sales": ("0", "3,000.00"), "refunds": ("200.00", "0"),
               "materials": ("800.00", "0"), "ap": ("0", "800.00"), "depreciation": ("100.00", "0"), "wear": ("0", "100.00"),
               "interest": ("0", "5.00")}  # fmt: skip
    told = {
        month: {key: (minor(debit), minor(credit)) for key, (debit, credit) in rows.items()}
        for month, rows in ((DECEMBER, december), (JANUARY, january))
    }
    return Books(accounts=ACCOUNTS, activity=told)


def test_trial_balance_carries_last_years_profit(company):
    """At 31 January December's profit of 600.00 stands in retained earnings and the income accounts start anew."""
    found = trial_balance(company, JANUARY)
    assert found.debits == found.credits == minor("16,505.00")
    assert found.raw()["retained-earnings"] == -minor("600.00")
    assert found.raw()["sales"] == -minor("3,000.00")


def test_trial_balance_since_the_books_began(company):
    found = trial_balance(company, JANUARY, carry_profit=False)
    assert found.raw()["sales"] == -minor("4,500.00")
    assert found.difference == 0


def test_income_statement_by_steps(company):
    """Sales 3,000.00 − refunds 200.00 − materials 800.00 = gross 2,000.00; − depreciation 100.00; + interest 5.00 = 1,905.00."""
    found = income_statement(company, [month_column(JANUARY), month_column(DECEMBER)])
    assert found.gross_profit == (minor("2,000.00"), minor("1,500.00"))
    assert found.operating_income == (minor("1,900.00"), minor("600.00"))
    assert found.net_income == (minor("1,905.00"), minor("600.00"))
    assert [row.figures[0] for row in found.section("income").rows] == [minor("3,000.00"), -minor("200.00")]


def test_balance_sheet_balances_with_computed_equity(company):
    """Assets 15,305.00 = payables 800.00 + loan 2,000.00 + equity 12,505.00 (10,000.00 + 600.00 + 1,905.00)."""
    found = balance_sheet(company, [month_column(JANUARY), month_column(DECEMBER)])
    assert found.assets == (minor("15,305.00"), minor("10,600.00"))
    assert found.liabilities == (minor("2,800.00"), 0)
    assert [row.figures[0] for row in found.section("equity").rows] == [
        minor("10,000.00"),
        minor("600.00"),
        minor("1,905.00"),
    ]
    assert found.differences == (0, 0)


def test_cash_flow_explains_the_change_in_cash(company):
    """January: income 1,905.00 + depreciation 100.00 + payables 800.00 = 2,805.00; loan 2,000.00; cash +4,805.00."""
    found = cash_flow(company, [month_column(JANUARY)])
    assert [section.totals[0] for section in found.sections] == [minor("2,805.00"), 0, minor("2,000.00")]
    assert (found.opening[0], found.closing[0]) == (minor("6,600.00"), minor("11,405.00"))
    assert found.differences == (0,)
