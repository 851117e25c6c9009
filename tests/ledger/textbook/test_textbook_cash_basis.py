"""Worked cases: invoices and bills on the cash basis, and how long they have been owed.

Sources: IRS Publication 538, "Cash Method" (income when received, expenses when paid); QuickBooks, "Unapplied cash payment
income on your profit and loss"; the ageing schedule of a first-year textbook. No database.
"""

from __future__ import annotations

from datetime import date

import pytest
from trial import minor

from ledger.core.accounts import Account
from ledger.core.basis import Edges, by_tag, on_cash_basis
from ledger.core.linking import Application
from ledger.core.openitems import AGE_NAMES, Part, Settlement, Touch, aged, is_money, shares, summed, touches_of
from ledger.core.period import Month
from ledger.core.statements import (
    Books,
    Column,
    balance_sheet,
    income_statement,
    month_column,
    trial_balance,
)

MARCH, APRIL, MAY = Month(2026, 3), Month(2026, 4), Month(2026, 5)
ACCOUNTS = (
    Account(key="bank", name="Checking", type="asset", is_cash=True),
    Account(key="ar", name="Accounts receivable", type="asset"),
    Account(key="stock", name="Inventory", type="asset"),
    Account(key="ap", name="Accounts payable", type="liability"),
    Account(key="tax", name="Sales tax payable", type="liability"),
    Account(key="capital", name="Capital", type="equity"),
    Account(key="fees", name="Consulting fees", type="income"),
    Account(key="discount", name="Discounts taken", type="income", group="other-income"),
    Account(key="rent", name="Rent", type="expense"),
    Account(key="loss", name="Bad debts", type="expense"),
)
MONEY = frozenset({"bank"})
EARNINGS = frozenset({"fees", "discount", "rent", "loss"})
SIDES = {"ar": "receivable", "ap": "payable"}


class Journal:
    """Entries as a textbook writes them: ``entry(day, "ar 100.00", "fees -100.00", document="INV-1")``, debit positive."""

    def __init__(self):
        self.entries = []
        self.applied = []

    def entry(self, on, *lines, party="Cobalt", document="", due=None, reverses=None, own=None):
        said = [(account, minor(amount)) for account, amount in (line.split() for line in lines)]
        assert sum(amount for _account, amount in said) == 0
        self.entries.append((date.fromisoformat(on), said, party, document, due, reverses, own))
        return len(self.entries)

    def apply(self, on, entry, **links):
        """``apply(day, payment, e1="100.00")``: the payment (None for credits alone) pays 100.00 of entry 1."""
        told = tuple((int(number[1:]), minor(amount)) for number, amount in links.items())
        self.applied.append(Application(date.fromisoformat(on), entry, told))

    def left(self, through=date.max):
        """What is open of each entry, in printed amounts."""
        return {item.touch.entry: f"{item.left / 100:.2f}" for item in self.settlement(through).open()}

    def settlement(self, through=date.max):
        touches = []
        for number, (on, said, party, document, due, reverses, foreign) in enumerate(self.entries, 1):
            others = [Part(account, "", raw) for account, raw in said if account not in SIDES]
            own = [
                (
                    Touch(
                        entry=number,
                        on=on,
                        side=SIDES[account],
                        account=account,
                        amount=raw if account == "ar" else -raw,
                        party=party,
                        document=document,
                        due_on=date.fromisoformat(due) if due else None,
                        reverses=reverses,
                        own=minor(foreign) if foreign else None,
                    ),
                    raw,
                )
                for account, raw in said
                if account in SIDES
            ]
            if own:
                touches += touches_of(own, others, money=MONEY, earnings=EARNINGS)
        return Settlement([one for one in touches if one.on <= through], self.applied, through=through)

    def accrual(self):
        activity = {}
        for on, said, *_rest in self.entries:
            rows = activity.setdefault(Month.of(on), {})
            for account, raw in said:
                debit, credit = rows.get(account, (0, 0))
                rows[account] = (debit + max(raw, 0), credit + max(-raw, 0))
        return Books(accounts=ACCOUNTS, activity=activity)

    def cash(self):
        return on_cash_basis(self.accrual(), summed(self.settlement().adjustments))


def trial(books, month):
    """The trial balance as printed, debit positive; it balances."""
    found = trial_balance(books, month)
    assert found.difference == 0
    return {row.account.key: f"{(row.debit - row.credit) / 100:.2f}" for row in found.rows}


@pytest.fixture
def journal():
    return Journal()


def test_invoice_counts_when_it_is_paid(journal):
    """Pub. 538, cash method. Accrual: Mar 20 Dr Receivable 1,000.00; Cr Fees. Apr 10 Dr Bank 1,000.00; Cr Receivable.

    Cash: nothing in March; April Dr Bank 1,000.00; Cr Fees 1,000.00.
    """
    journal.entry("2026-03-20", "ar 1000.00", "fees -1000.00", document="INV-1")
    journal.entry("2026-04-10", "bank 1000.00", "ar -1000.00", document="INV-1")
    assert trial(journal.accrual(), MARCH) == {"ar": "1000.00", "fees": "-1000.00"}
    assert trial(journal.cash(), MARCH) == {}
    assert trial(journal.cash(), APRIL) == {"bank": "1000.00", "fees": "-1000.00"}


def test_bill_counts_when_it_is_paid(journal):
    """Pub. 538. Accrual: Mar 31 Dr Rent 4,800.00; Cr Payable. Apr 2 Dr Payable; Cr Bank. Cash: April Dr Rent; Cr Bank."""
    journal.entry("2026-03-31", "rent 4800.00", "ap -4800.00", document="B-7")
    journal.entry("2026-04-02", "ap 4800.00", "bank -4800.00", document="B-7")
    assert trial(journal.cash(), MARCH) == {}
    assert trial(journal.cash(), APRIL) == {"rent": "4800.00", "bank": "-4800.00"}


def test_part_payment_counts_in_proportion_with_its_tax(journal):
    """Invoice 1,080.00 with 80.00 of sales tax, a quarter paid: Dr Bank 270.00; Cr Fees 250.00; Cr Sales tax payable 20.00."""
    journal.entry("2026-03-05", "ar 1080.00", "fees -1000.00", "tax -80.00", document="INV-2")
    journal.entry("2026-03-25", "bank 270.00", "ar -270.00", document="INV-2")
    assert trial(journal.cash(), MARCH) == {"bank": "270.00", "fees": "-250.00", "tax": "-20.00"}


def test_parts_that_do_not_divide_come_to_the_whole(journal):
    """Invoice 100.00 (fees 66.67, tax 33.33) paid in three: every month balances and the last leaves no cent behind."""
    journal.entry("2026-03-05", "ar 100.00", "fees -66.67", "tax -33.33", document="INV-3")
    for day, amount in (("2026-03-10", "33.33"), ("2026-04-10", "33.33"), ("2026-05-10", "33.34")):
        journal.entry(day, f"bank {amount}", f"ar -{amount}", document="INV-3")
    assert trial(journal.cash(), MARCH) == {"bank": "33.33", "fees": "-22.22", "tax": "-11.11"}
    assert trial(journal.cash(), MAY) == {"bank": "100.00", "fees": "-66.67", "tax": "-33.33"}


def test_money_before_its_invoice_is_unapplied_income(journal):
    """QuickBooks: Mar 28 Dr Bank 500.00; Cr Unapplied cash payment income. Apr 3, the invoice: Dr Unapplied; Cr Fees."""
    journal.entry("2026-03-28", "bank 500.00", "ar -500.00")
    journal.entry("2026-04-03", "ar 500.00", "fees -500.00", document="INV-4")
    assert trial(journal.cash(), MARCH) == {"bank": "500.00", "unapplied-receipts": "-500.00"}
    assert trial(journal.cash(), APRIL) == {"bank": "500.00", "fees": "-500.00"}
    april = income_statement(journal.cash(), [month_column(APRIL)])
    assert april.net_income == (0,)


def test_vendor_paid_in_advance_is_unapplied_expense(journal):
    """QuickBooks: Dr Unapplied cash bill payment expense 300.00; Cr Bank, until the bill comes."""
    journal.entry("2026-03-28", "ap 300.00", "bank -300.00")
    assert trial(journal.cash(), MARCH) == {"unapplied-payments": "300.00", "bank": "-300.00"}
    journal.entry("2026-04-15", "rent 300.00", "ap -300.00", document="B-8")
    assert trial(journal.cash(), APRIL) == {"rent": "300.00", "bank": "-300.00"}


def test_credit_memo_settles_without_earning(journal):
    """Invoice 400.00, credit memo 100.00 (Dr Fees; Cr Receivable), 300.00 paid: fees on the cash basis are 300.00."""
    journal.entry("2026-03-02", "ar 400.00", "fees -400.00", document="INV-5")
    journal.entry("2026-03-20", "fees 100.00", "ar -100.00", document="INV-5")
    assert trial(journal.cash(), MARCH) == {}
    journal.entry("2026-04-01", "bank 300.00", "ar -300.00", document="INV-5")
    assert trial(journal.cash(), APRIL) == {"bank": "300.00", "fees": "-300.00"}


def test_written_off_debt_was_never_earned(journal):
    """Pub. 538: a cash-basis taxpayer has no bad debt from unpaid fees. Dr Bad debts 400.00; Cr Receivable meets Fees 400.00."""
    journal.entry("2026-03-02", "ar 400.00", "fees -400.00", document="INV-6")
    journal.entry("2026-04-30", "loss 400.00", "ar -400.00", document="INV-6")
    assert trial(journal.accrual(), APRIL) == {"fees": "-400.00", "loss": "400.00"}
    april = income_statement(journal.cash(), [month_column(APRIL)])
    assert april.net_income == (0,)


def test_discount_for_prompt_payment_counts_with_the_payment(journal):
    """Bill 200.00 at 2/10: Dr Payable 200.00; Cr Bank 196.00; Cr Discounts taken 4.00. Cash: rent 200.00, discount 4.00."""
    journal.entry("2026-03-02", "rent 200.00", "ap -200.00", document="B-9")
    journal.entry("2026-03-10", "ap 200.00", "bank -196.00", "discount -4.00", document="B-9")
    assert trial(journal.cash(), MARCH) == {"rent": "200.00", "bank": "-196.00", "discount": "-4.00"}


def test_bounced_check_takes_the_income_back(journal):
    """Paid Mar 10, bounced Apr 2 (the payment's reversal: Dr Receivable; Cr Bank): April Dr Fees 150.00; Cr Bank 150.00."""
    journal.entry("2026-03-02", "ar 150.00", "fees -150.00", document="INV-7")
    paid = journal.entry("2026-03-10", "bank 150.00", "ar -150.00", document="INV-7")
    journal.entry("2026-04-02", "ar 150.00", "bank -150.00", reverses=paid)
    assert trial(journal.cash(), MARCH) == {"bank": "150.00", "fees": "-150.00"}
    assert trial(journal.cash(), APRIL) == {}
    assert [item.left for item in journal.settlement().open()] == [minor("150.00")]


def test_voided_invoice_leaves_nothing(journal):
    """Invoice and its reversal meet each other, not another invoice of the customer that is older."""
    journal.entry("2026-03-01", "ar 70.00", "fees -70.00", document="INV-8")
    wrong = journal.entry("2026-03-02", "ar 900.00", "fees -900.00", document="INV-9")
    journal.entry("2026-03-03", "fees 900.00", "ar -900.00", reverses=wrong)
    assert [item.touch.document for item in journal.settlement().open()] == ["INV-8"]
    assert trial(journal.cash(), MARCH) == {}


def test_payment_without_a_number_settles_the_oldest(journal):
    """First in, first out: 120.00 pays INV-10 (100.00) and 20.00 of INV-11; another customer's invoice stays."""
    journal.entry("2026-03-01", "ar 100.00", "fees -100.00", document="INV-10")
    journal.entry("2026-03-02", "ar 80.00", "fees -80.00", document="INV-11")
    journal.entry("2026-03-01", "ar 55.00", "fees -55.00", document="INV-12", party="Larch")
    journal.entry("2026-03-20", "bank 120.00", "ar -120.00")
    left = {item.touch.document: item.left for item in journal.settlement().open()}
    assert left == {"INV-11": minor("60.00"), "INV-12": minor("55.00")}


def test_payment_settles_what_the_accounting_system_says_and_its_rest_the_oldest(journal):
    """Three invoices of 100.00; 250.00 is received, applied to the third and the second; the 50.00 beyond go to the first."""
    for day in ("2026-03-02", "2026-03-09", "2026-03-16"):
        journal.entry(day, "ar 100.00", "fees -100.00")
    paid = journal.entry("2026-03-20", "bank 250.00", "ar -250.00")
    assert journal.left() == {3: "50.00"}
    journal.apply("2026-03-20", paid, e3="100.00", e2="100.00")
    assert journal.left() == {1: "50.00"}
    assert journal.left(date(2026, 3, 19)) == {1: "100.00", 2: "100.00", 3: "100.00"}


def test_what_one_payment_is_said_to_pay_no_other_takes(journal):
    """50.00 without an invoice come first; the invoice of March is paid by April's cheque, as the accounting system says."""
    billed = journal.entry("2026-03-02", "ar 100.00", "fees -100.00")
    loose = journal.entry("2026-03-09", "bank 50.00", "ar -50.00")
    paid = journal.entry("2026-04-10", "bank 100.00", "ar -100.00")
    journal.apply("2026-04-10", paid, e1="100.00")
    assert journal.left() == {loose: "-50.00"}
    assert journal.left(MARCH.last) == {billed: "100.00", loose: "-50.00"}
    found = trial(journal.cash(), MARCH)
    assert (found.get("fees"), found["unapplied-receipts"]) == (None, "-50.00")
    assert trial(journal.cash(), APRIL)["fees"] == "-100.00"


def test_a_vendor_credit_used_with_a_payment(journal):
    """Bill 1,200.00, credit 200.00, 1,000.00 paid by a bill payment that names both; another bill of the vendor stays open."""
    journal.entry("2026-03-01", "rent 300.00", "ap -300.00")
    journal.entry("2026-03-02", "rent 1200.00", "ap -1200.00")
    journal.entry("2026-03-05", "ap 200.00", "rent -200.00")
    paid = journal.entry("2026-04-02", "ap 1000.00", "bank -1000.00")
    journal.apply("2026-04-02", paid, e2="1200.00", e3="200.00")
    assert journal.left() == {1: "300.00"}
    assert journal.left(MARCH.last) == {1: "300.00", 2: "1200.00", 3: "-200.00"}
    assert trial(journal.cash(), APRIL)["rent"] == "1000.00"


def test_a_credit_applied_without_money_on_its_day(journal):
    """A credit memo of March, applied in May to the second of two invoices by a payment of nil."""
    journal.entry("2026-03-02", "ar 80.00", "fees -80.00")
    journal.entry("2026-03-03", "ar 100.00", "fees -100.00")
    journal.entry("2026-03-20", "fees 60.00", "ar -60.00")
    journal.apply("2026-05-04", None, e2="60.00", e3="60.00")
    assert journal.left(APRIL.last) == {1: "80.00", 2: "100.00", 3: "-60.00"}
    assert journal.left() == {1: "80.00", 2: "40.00"}


def test_money_waits_for_the_invoice_it_is_said_to_pay(journal):
    paid = journal.entry("2026-03-02", "bank 70.00", "ar -70.00")
    journal.entry("2026-03-09", "ar 100.00", "fees -100.00")
    billed = journal.entry("2026-04-09", "ar 70.00", "fees -70.00")
    journal.apply("2026-03-02", paid, **{f"e{billed}": "70.00"})
    assert journal.left() == {2: "100.00"}
    assert trial(journal.cash(), MARCH)["unapplied-receipts"] == "-70.00"
    assert trial(journal.cash(), APRIL)["fees"] == "-70.00"


def test_a_payment_taken_back_before_its_invoice_leaves_it_to_others(journal):
    paid = journal.entry("2026-03-02", "bank 70.00", "ar -70.00")
    journal.entry("2026-03-03", "bank -70.00", "ar 70.00", reverses=paid)
    journal.apply("2026-03-02", paid, e3="70.00")
    billed = journal.entry("2026-03-09", "ar 70.00", "fees -70.00")
    assert journal.left() == {billed: "70.00"}
    journal.entry("2026-03-19", "bank 70.00", "ar -70.00")
    assert journal.left() == {}


def test_a_payment_in_another_currency_settles_at_the_rate_of_the_invoice(journal):
    """Invoices of 100.00 EUR at 1.10 and 50.00 EUR at 1.12; 50.00 EUR pay the half of the first at its rate."""
    journal.entry("2026-03-02", "ar 56.00", "fees -56.00", own="50.00")
    journal.entry("2026-03-03", "ar 110.00", "fees -110.00", own="100.00")
    paid = journal.entry("2026-03-20", "bank 57.00", "ar -55.00", "fees -2.00", own="-50.00")
    journal.apply("2026-03-20", paid, e2="50.00")
    assert journal.left() == {1: "56.00", 2: "55.00"}


def test_bill_for_stock_is_no_asset_before_it_is_paid(journal):
    """Dr Inventory 640.00; Cr Payable: the cash-basis balance sheet shows neither until Dr Payable; Cr Bank."""
    journal.entry("2026-03-01", "bank 1000.00", "capital -1000.00")
    journal.entry("2026-03-15", "stock 640.00", "ap -640.00", document="B-10")
    sheet = balance_sheet(journal.cash(), [month_column(MARCH)])
    assert (sheet.assets, sheet.liabilities, sheet.differences) == ((minor("1000.00"),), (0,), (0,))
    journal.entry("2026-04-15", "ap 640.00", "bank -640.00", document="B-10")
    assert trial(journal.cash(), APRIL) == {"bank": "360.00", "stock": "640.00", "capital": "-1000.00"}


def test_opening_balances_split_over_receivable_and_payable(journal):
    """Opening entry: Dr Receivable 100.00; Cr Payable 60.00; Cr Capital 40.00. Cash basis: nothing, until 100.00 is received."""
    journal.entry("2026-03-01", "ar 100.00", "ap -60.00", "capital -40.00", document="OB")
    assert trial(journal.cash(), MARCH) == {}
    journal.entry("2026-04-01", "bank 100.00", "ar -100.00", document="OB")
    assert trial(journal.cash(), APRIL) == {"bank": "100.00", "capital": "-100.00"}


def test_entry_split_over_lines_keeps_every_cent():
    """10.00 over three lines of 33.33 %: the shares are 3.33, 3.34, 3.33 and sum to 10.00."""
    split = shares([Part("fees", "", -1000)], [333, 334, 333])
    assert [share[0].raw for share in split] == [-333, -334, -333]
    assert shares([Part("fees", "", -1)], [5, -5]) == [(), ()]


@pytest.mark.parametrize(
    ("amount", "against", "expected"),
    [
        (100, {"fees": -100}, False),
        (100, {"bank": -100}, True),
        (-100, {"bank": 100}, True),
        (-100, {"fees": 92, "tax": 8}, False),
        (-100, {"bank": 97, "loss": 3}, True),
    ],
    ids=["invoice", "bounced check", "payment", "credit memo", "payment less fee"],
)
def test_what_is_money_and_what_is_a_document(amount, against, expected):
    parts = [Part(account, "", raw) for account, raw in against.items()]
    assert is_money(parts, amount=amount, money=MONEY, earnings=EARNINGS) is expected


def test_ageing_schedule(journal):
    """First-year textbook, ageing of receivables at June 30: by days past due; a payment on account counts against its age."""
    for day, due, amount, number in (
        ("2026-06-20", "2026-07-20", "310.00", "A"),
        ("2026-05-20", "2026-06-19", "220.00", "B"),
        ("2026-04-10", "2026-05-10", "140.00", "C"),
        ("2026-03-15", "2026-04-14", "90.00", "D"),
        ("2026-01-10", "2026-02-09", "75.00", "E"),
    ):
        journal.entry(day, f"ar {amount}", f"fees -{amount}", document=number, due=due)
    journal.entry("2026-06-25", "bank 40.00", "ar -40.00", document="C")
    journal.entry("2026-06-30", "bank 15.00", "ar -15.00", party="Alder")
    rows = aged(journal.settlement().items, date(2026, 6, 30))
    assert AGE_NAMES == ("Current", "1 to 30", "31 to 60", "61 to 90", "Over 90")
    assert [(row.party, row.by_age) for row in rows] == [
        ("Alder", (minor("-15.00"), 0, 0, 0, 0)),
        ("Cobalt", tuple(minor(text) for text in ("310.00", "220.00", "100.00", "90.00", "75.00"))),
    ]
    control = trial_balance(journal.accrual(), Month(2026, 6)).raw()["ar"]
    assert sum(row.total for row in rows) == control == minor("780.00")


def test_period_that_begins_and_ends_inside_months(journal):
    """Fees of Mar 10 to Apr 15 are those of these days only; the months around them are told in parts."""
    edges = Edges([date(2026, 3, 9), date(2026, 4, 15)])
    days = {
        "2026-03-05": "1.00",
        "2026-03-09": "2.00",
        "2026-03-10": "4.00",
        "2026-04-15": "8.00",
        "2026-04-16": "16.00",
    }
    activity = {}
    for day, amount in days.items():
        rows = activity.setdefault(edges.place(date.fromisoformat(day)), {"fees": (0, 0), "bank": (0, 0)})
        rows["fees"] = (0, rows["fees"][1] + minor(amount))
        rows["bank"] = (rows["bank"][0] + minor(amount), 0)
    books = Books(accounts=ACCOUNTS, activity=activity)
    column = Column("Mar 10 to Apr 15", date(2026, 3, 10), date(2026, 4, 15))
    assert income_statement(books, [column]).net_income == (minor("12.00"),)
    assert trial_balance(books, date(2026, 4, 15)).raw() == {"bank": minor("15.00"), "fees": -minor("15.00")}
    assert trial_balance(books, APRIL).raw()["fees"] == -minor("31.00")


def test_profit_and_loss_by_class():
    """Two shops and the office: each class its own column, what names none at the end; the columns come to the whole."""
    sums = {"Shop": {"fees": -minor("700.00"), "rent": minor("200.00")}, "": {"rent": minor("50.00")},
            "Annex": {"fees": -minor("300.00")}}  # fmt: skip
    books = by_tag(ACCOUNTS, sums, MARCH)
    whole = Books(accounts=ACCOUNTS, activity={MARCH: {"fees": (0, minor("1000.00")), "rent": (minor("250.00"), 0)}})
    columns = [Column(tag, MARCH, MARCH, found) for tag, found in books.items()]
    found = income_statement(whole, [*columns, month_column(MARCH)])
    assert [column.label for column in columns] == ["Annex", "Shop", ""]
    assert found.net_income == tuple(minor(text) for text in ("300.00", "500.00", "-50.00", "750.00"))
    assert sum(found.net_income[:-1]) == found.net_income[-1]
