"""Each document moves the accounts it must, and links decide what is open."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from quickbooks_builder import (
    Seed,
    bill,
    bill_payment,
    company,
    create,
    entry,
    expense,
    invoice,
    payment,
    placed,
    sale,
    side,
    to,
)

from integrations.sandbox.quickbooks.truth import documents, duplicates, movements, open_balances, trial_balance

MARCH_END = date(2026, 3, 31)


def balances(*seeds, on=MARCH_END, basis="Accrual"):
    return trial_balance(company(*seeds), on, basis)


def purchase(account="Checking", kind="Cash", amount="75.20", **more):
    body = {"PaymentType": kind, "AccountRef": to("Account", account), "Line": [expense("Utilities", amount)]}
    return {"TxnDate": "2026-03-03", **body, **more}


SIMPLE = [
    ("Bill", bill(), {"Rent": 120000, "Accounts Payable": -120000}),
    (
        "VendorCredit",
        {"VendorRef": to("Vendor", "Bright Power"), "TxnDate": "2026-03-02", "Line": [expense("Utilities", "30")]},
        {"Accounts Payable": 3000, "Utilities": -3000},
    ),
    ("Purchase", purchase(), {"Utilities": 7520, "Checking": -7520}),
    ("Purchase", purchase("Business Visa", "CreditCard"), {"Utilities": 7520, "Business Visa": -7520}),
    ("Purchase", purchase("Business Visa", "CreditCard", Credit=True), {"Utilities": -7520, "Business Visa": 7520}),
    (
        "Transfer",
        {
            "FromAccountRef": to("Account", "Checking"),
            "ToAccountRef": to("Account", "Savings"),
            "Amount": Decimal("250.50"),
            "TxnDate": "2026-03-04",
        },
        {"Savings": 25050, "Checking": -25050},
    ),
    (
        "CreditCardPayment",
        {
            "BankAccountRef": to("Account", "Checking"),
            "CreditCardAccountRef": to("Account", "Business Visa"),
            "Amount": 90,
            "TxnDate": "2026-03-04",
        },
        {"Business Visa": 9000, "Checking": -9000},
    ),
    ("Invoice", invoice("500"), {"Accounts Receivable": 50000, "Store Sales": -50000}),
    (
        "Invoice",
        invoice("500", TxnTaxDetail={"TotalTax": Decimal("41.25")}),
        {"Accounts Receivable": 54125, "Store Sales": -50000, "Sales Tax Payable": -4125},
    ),
    (
        "CreditMemo",
        {"CustomerRef": to("Customer", "Quay Hotel"), "TxnDate": "2026-03-02", "Line": [sale("40")]},
        {"Accounts Receivable": -4000, "Store Sales": 4000},
    ),
    (
        "SalesReceipt",
        {"DepositToAccountRef": to("Account", "Checking"), "TxnDate": "2026-03-02", "Line": [sale("12.34")]},
        {"Checking": 1234, "Store Sales": -1234},
    ),
    ("SalesReceipt", {"TxnDate": "2026-03-02", "Line": [sale("5")]}, {"Undeposited Funds": 500, "Store Sales": -500}),
    (
        "RefundReceipt",
        {"DepositToAccountRef": to("Account", "Checking"), "TxnDate": "2026-03-02", "Line": [sale("12.34")]},
        {"Checking": -1234, "Store Sales": 1234},
    ),
    ("JournalEntry", entry("Rent", "Checking", "10.01"), {"Rent": 1001, "Checking": -1001}),
]


@pytest.mark.parametrize(("kind", "body", "expected"), SIMPLE)
def test_a_document_moves_exactly_its_accounts(kind, body, expected):
    assert balances(Seed(kind, body, "one")) == expected


def test_a_deposit_nets_a_negative_fee_line_and_gives_cash_back():
    line = {
        "Amount": Decimal(100),
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": to("Account", "Stripe Clearing")},
    }
    fee = {**line, "Amount": Decimal("-3.20"), "DepositLineDetail": {"AccountRef": to("Account", "Utilities")}}
    back = {"AccountRef": to("Account", "Savings"), "Amount": Decimal(20)}
    body = {"DepositToAccountRef": to("Account", "Checking"), "TxnDate": "2026-03-02", "Line": [line, fee]}
    found = balances(Seed("Deposit", {**body, "CashBack": back}, "one"))
    assert found == {"Checking": 7680, "Savings": 2000, "Stripe Clearing": -10000, "Utilities": 320}


def test_a_bill_payment_leaves_open_what_it_does_not_pay():
    firm = company(Seed("Bill", bill("1200"), "rent"), Seed("BillPayment", bill_payment("rent", "700"), "paid"))
    found = firm.read("Bill", firm.id_of("Bill:rent"))
    assert found["Balance"] == 500
    assert found["LinkedTxn"] == [{"TxnId": firm.id_of("BillPayment:paid"), "TxnType": "BillPaymentCheck"}]
    assert firm.read("Vendor", firm.id_of("Vendor:Old Mill Properties"))["Balance"] == 500


def test_a_vendor_credit_applied_in_a_payment_lowers_what_leaves_the_bank():
    credit = {
        "VendorRef": to("Vendor", "Old Mill Properties"),
        "TxnDate": "2026-03-02",
        "Line": [expense("Rent", "200")],
    }
    lines = [
        {"Amount": 1200, "LinkedTxn": [to("Bill", "rent")]},
        {"Amount": 200, "LinkedTxn": [to("VendorCredit", "credit")]},
    ]
    paid = {**bill_payment("rent", "1000"), "Line": lines}
    seeds = [Seed("Bill", bill(), "rent"), Seed("VendorCredit", credit, "credit"), Seed("BillPayment", paid, "paid")]
    firm = company(*seeds)
    assert trial_balance(firm, MARCH_END) == {"Rent": 100000, "Checking": -100000}
    assert firm.read("Bill", firm.id_of("Bill:rent"))["Balance"] == 0
    assert firm.read("VendorCredit", firm.id_of("VendorCredit:credit"))["Balance"] == 0


def test_a_payment_waits_in_undeposited_funds_until_its_deposit():
    deposit = {
        "DepositToAccountRef": to("Account", "Checking"),
        "TxnDate": "2026-03-14",
        "Line": [
            {"Amount": 500, "LinkedTxn": [{"TxnId": to("Payment", "cheque"), "TxnType": "Payment", "TxnLineId": "0"}]}
        ],
    }
    seeds = [Seed("Invoice", invoice("500"), "inv"), Seed("Payment", payment("inv", "500"), "cheque")]
    firm = company(*seeds, Seed("Deposit", deposit, "banked"))
    assert trial_balance(firm, date(2026, 3, 13))["Undeposited Funds"] == 50000
    assert trial_balance(firm, MARCH_END) == {"Checking": 50000, "Store Sales": -50000}
    assert firm.read("Invoice", firm.id_of("Invoice:inv"))["Balance"] == 0
    assert firm.read("Payment", firm.id_of("Payment:cheque"))["UnappliedAmt"] == 0


def test_an_unapplied_payment_is_the_customers_credit():
    body = {"CustomerRef": to("Customer", "Quay Hotel"), "TotalAmt": 80, "TxnDate": "2026-03-02"}
    firm = company(Seed("Payment", body, "early"))
    assert firm.read("Payment", firm.id_of("Payment:early"))["UnappliedAmt"] == 80
    assert open_balances(firm, "Customer") == {"Quay Hotel": -8000}


def test_profit_of_earlier_years_moves_to_retained_earnings_by_computation():
    seeds = [Seed("JournalEntry", entry("Checking", "Store Sales", "900", "2025-12-31"), "sales")]
    firm = company(*seeds)
    assert trial_balance(firm, date(2025, 12, 31)) == {"Checking": 90000, "Store Sales": -90000}
    assert trial_balance(firm, date(2026, 1, 1)) == {"Checking": 90000, "Retained Earnings": -90000}


def test_cash_basis_counts_a_bill_when_it_is_paid_and_only_as_far():
    seeds = [Seed("Bill", bill("1200", "2026-02-20"), "rent"), Seed("BillPayment", bill_payment("rent", "300"), "paid")]
    assert balances(*seeds, on=date(2026, 2, 28), basis="Cash") == {}
    assert balances(*seeds, basis="Cash") == {"Rent": 30000, "Checking": -30000}


def test_cash_basis_spreads_a_part_payment_over_lines_to_the_cent():
    two = bill(Line=[expense("Rent", "0.01"), expense("Utilities", "99.99")])
    seeds = [Seed("Bill", two, "mixed"), Seed("BillPayment", bill_payment("mixed", "33.33"), "paid")]
    found = balances(*seeds, basis="Cash")
    assert sum(found.values()) == 0
    assert found["Checking"] == -3333
    assert "Accounts Payable" not in found


def test_both_bases_are_the_same_where_nothing_is_open():
    seeds = [Seed("JournalEntry", entry("Rent", "Checking", "10.01"), "one"), Seed("Purchase", purchase(), "two")]
    assert balances(*seeds) == balances(*seeds, basis="Cash")


def test_a_sub_account_adds_to_its_parents_total_balance_only():
    child = {"Name": "Petty Cash", "AccountType": "Bank", "ParentRef": to("Account", "Checking")}
    firm = company(
        Seed("Account", child, "petty"), Seed("JournalEntry", entry("Checking:Petty Cash", "Savings", "15"), "x")
    )
    parent = firm.read("Account", firm.id_of("Account:Checking"))
    assert (parent["CurrentBalance"], parent["CurrentBalanceWithSubAccounts"]) == (0, 15)
    assert firm.read("Account", firm.id_of("Account:petty"))["FullyQualifiedName"] == "Checking:Petty Cash"


def test_current_balance_is_debit_positive_and_nil_on_profit_and_loss_accounts():
    firm = company(Seed("Bill", bill("1200"), "rent"))
    assert firm.read("Account", firm.id_of("Account:Accounts Payable"))["CurrentBalance"] == -1200
    assert firm.read("Account", firm.id_of("Account:Rent"))["CurrentBalance"] == 0


def test_the_engine_opens_the_account_a_document_needs():
    from integrations.sandbox.quickbooks import Company, Profile

    firm = Company(Profile("1", "Bare"), [Seed("Vendor", {"DisplayName": "V"}, "V")])
    firm.create_as_user("Account", {"Name": "Fees", "AccountType": "Expense"})
    create(firm, "Bill", {"VendorRef": to("Vendor", "V"), "TxnDate": "2026-03-01", "Line": [expense("Fees", "7")]})
    assert trial_balance(firm, MARCH_END) == {"Fees": 700, "Accounts Payable (A/P)": -700}


def test_description_only_lines_carry_no_money():
    lines = [*entry("Rent", "Checking", "5")["Line"], {"DetailType": "DescriptionOnly", "Description": "a remark"}]
    assert balances(Seed("JournalEntry", {"TxnDate": "2026-03-31", "Line": lines}, "x")) == {
        "Rent": 500,
        "Checking": -500,
    }


def test_a_journal_line_on_a_receivable_counts_for_the_customer_it_names():
    who = {"Type": "Customer", "EntityRef": to("Customer", "Quay Hotel")}
    lines = [side("Debit", "Accounts Receivable", "60", Entity=who), side("Credit", "Store Sales", "60")]
    firm = company(Seed("JournalEntry", {"TxnDate": "2026-03-31", "Line": lines}, "x"))
    assert open_balances(firm, "Customer") == {"Quay Hotel": 6000}


def test_movements_are_debits_and_credits_of_the_span():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"), Seed("Purchase", purchase(), "y"))
    assert movements(firm, date(2026, 3, 1), date(2026, 3, 30)) == {"Utilities": (7520, 0), "Checking": (0, 7520)}


def test_duplicates_are_found_by_the_marker_in_the_note():
    note = {"PrivateNote": "pp1|stripe|po_1|17|abc\nPayout"}
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", **note), "x"))
    assert duplicates(firm, "pp1|") == {}
    create(firm, "JournalEntry", entry("Rent", "Checking", "5", **note))
    assert len(duplicates(firm, "pp1|")["pp1|stripe|po_1|17|abc"]) == 2
    assert [found["amount"] for found in documents(firm)] == [500, 500]


def test_voiding_an_invoice_frees_the_payment_and_zeroes_the_sale():
    firm = company(Seed("Invoice", invoice("500"), "inv"), Seed("Payment", payment("inv", "500"), "cheque"))
    identifier = firm.id_of("Invoice:inv")
    answer = json.loads(firm.write("Invoice", "void", {"Id": identifier, "SyncToken": "1"}))["Invoice"]
    assert (answer["TotalAmt"], answer["Balance"], answer["PrivateNote"]) == (0, 0, "Voided")
    assert firm.read("Payment", firm.id_of("Payment:cheque"))["UnappliedAmt"] == 500
    assert "Store Sales" not in trial_balance(firm, MARCH_END)


def test_deleting_a_bill_payment_reopens_the_bill():
    firm = company(Seed("Bill", bill(), "rent"), Seed("BillPayment", bill_payment("rent", "1200"), "paid"))
    firm.write("BillPayment", "delete", {"Id": firm.id_of("BillPayment:paid"), "SyncToken": "0"})
    assert firm.read("Bill", firm.id_of("Bill:rent"))["Balance"] == 1200
    assert trial_balance(firm, MARCH_END) == {"Rent": 120000, "Accounts Payable": -120000}


def test_a_user_may_change_a_bill_in_a_closed_month_and_the_rest_stays_open():
    seeds = [
        Seed("Bill", bill("1200", "2026-02-01"), "rent"),
        Seed("BillPayment", bill_payment("rent", "1200"), "paid"),
    ]
    firm = company(*seeds, close_date=date(2026, 2, 28))
    change = firm.edit_as_user("Bill", firm.id_of("Bill:rent"), placed(firm, {"Line": [expense("Rent", "1250")]}))
    assert firm.read("Bill", change.id)["Balance"] == 50
    assert trial_balance(firm, date(2026, 2, 28))["Rent"] == 125000
