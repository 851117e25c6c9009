"""A company that trades in several currencies: what its documents are worth at home, and what it refuses."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from integrations.sandbox.quickbooks import Company, Profile, truth
from integrations.sandbox.quickbooks.faults import QuickBooksFault
from tests.integrations.sandbox.quickbooks_builder import (
    MARCH,
    REALM,
    Clock,
    Seed,
    account_id,
    bill,
    bill_payment,
    cells,
    create,
    entry,
    lists,
    sale,
    to,
)

EURO = {"CurrencyRef": {"value": "EUR"}}
DAY = Clock().now.date()


@pytest.fixture
def firm():
    """A supplier and a customer in euro, and a euro bank account."""
    more = [
        Seed(
            "Account",
            {"Name": "Euro account", "AccountType": "Bank", "AccountSubType": "Checking", **EURO},
            "Euro account",
        ),
        Seed("Vendor", {"DisplayName": "Moulin Gris (EUR)", **EURO}, "Moulin Gris (EUR)"),
        Seed("Customer", {"DisplayName": "Librairie du Quai (EUR)", **EURO}, "Librairie du Quai (EUR)"),
    ]
    return Company(Profile(REALM, "Larch Street Trading", is_multicurrency=True), [*lists(), *more], clock=Clock())


def euro_bill(amount="100", rate="1.085", **more):
    return bill(amount, VendorRef=to("Vendor", "Moulin Gris (EUR)"), ExchangeRate=Decimal(rate), **EURO, **more)


def paid(bill_id, amount, rate, on="2026-03-20"):
    body = bill_payment("x", amount, on) | {
        "VendorRef": to("Vendor", "Moulin Gris (EUR)"),
        "ExchangeRate": Decimal(rate),
        **EURO,
    }
    body["Line"] = [{"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill_id, "TxnType": "Bill"}]}]
    body["CheckPayment"] = {"BankAccountRef": to("Account", "Euro account")}
    return body


def balances(firm):
    return truth.trial_balance(firm, DAY)


def refusal(firm, kind, body):
    with pytest.raises(QuickBooksFault) as raised:
        create(firm, kind, body)
    return raised.value.detail


def test_a_bill_is_answered_in_its_currency_with_its_worth_at_home(firm):
    made = create(firm, "Bill", euro_bill())
    assert (made["CurrencyRef"]["value"], made["TotalAmt"], made["Balance"]) == ("EUR", 100, 100)
    assert (made["ExchangeRate"], made["HomeTotalAmt"], made["HomeBalance"]) == (
        Decimal("1.085"),
        Decimal("108.5"),
        Decimal("108.5"),
    )
    assert balances(firm) == {"Accounts Payable (A/P) - EUR": -10_850, "Rent": 10_850}
    vendor = firm.read("Vendor", firm.id_of("Vendor:Moulin Gris (EUR)"))
    assert vendor["Balance"] == 100


def test_paying_at_another_rate_books_the_exchange_loss_beside(firm):
    owed = create(firm, "Bill", euro_bill())
    for amount, rate in (("33.33", "1.1"), ("66.67", "1.12")):
        create(firm, "BillPayment", paid(owed["Id"], amount, rate))
    assert balances(firm) == {"Rent": 10_850, "Euro account": -11_133, "Exchange Gain or Loss": 283}
    assert firm.read("Account", account_id(firm, "Euro account"))["CurrentBalance"] == -100
    assert firm.read("Bill", owed["Id"])["Balance"] == 0


def test_a_receipt_at_a_better_rate_is_a_gain(firm):
    customer = {"CustomerRef": to("Customer", "Librairie du Quai (EUR)"), **EURO}
    sold = create(
        firm, "Invoice", {**customer, "TxnDate": "2026-03-02", "ExchangeRate": Decimal("1.08"), "Line": [sale("50")]}
    )
    receipt = {**customer, "TxnDate": "2026-03-09", "ExchangeRate": Decimal("1.1"), "TotalAmt": 60}
    receipt |= {
        "DepositToAccountRef": to("Account", "Euro account"),
        "Line": [{"Amount": 50, "LinkedTxn": [{"TxnId": sold["Id"], "TxnType": "Invoice"}]}],
    }
    create(firm, "Payment", receipt)
    assert balances(firm) == {
        "Store Sales": -5_400, "Euro account": 6_600, "Exchange Gain or Loss": -100, "Accounts Receivable (A/R) - EUR": -1_100,
    }  # fmt: skip


def test_rounding_by_line_still_balances_and_the_document_s_own_line_is_its_total(firm):
    body = euro_bill("0.33", "1.085")
    body["Line"] = [*body["Line"] * 3]
    made = create(firm, "Bill", body)
    assert made["HomeTotalAmt"] == Decimal("1.07")
    assert balances(firm) == {"Accounts Payable (A/P) - EUR": -107, "Rent": 107}


def test_the_general_ledger_has_both_currencies_and_other_companies_drop_the_columns(firm):
    create(firm, "Bill", euro_bill())
    columns = "account_name,txn_type,tx_date,debt_amt,credit_amt,currency,exch_rate,debt_home_amt,credit_home_amt"
    rows = cells(firm.report("GeneralLedger", MARCH | {"columns": columns}))
    owed = next(row for row in rows if row["credit_home_amt"])
    assert (owed["credit_amt"], owed["credit_home_amt"], owed["currency"], owed["exch_rate"]) == (
        "100.00",
        "108.50",
        "EUR",
        "1.085",
    )
    plain = Company(Profile(REALM, "Plain"), lists(), clock=Clock())
    create(plain, "Bill", bill())
    keys = {
        column["MetaData"][-1]["Value"]
        for column in plain.report("GeneralLedger", MARCH | {"columns": columns})["Columns"]["Column"]
    }
    assert keys == {"account_name", "txn_type", "tx_date", "debt_amt", "credit_amt"}


def test_open_items_are_reported_at_home(firm):
    owed = create(firm, "Bill", euro_bill())
    create(firm, "BillPayment", paid(owed["Id"], "40", "1.2"))
    (row,) = cells(firm.report("AgedPayables", {"report_date": "2026-03-31"}))
    assert row["total"] == "65.10"


def test_what_does_not_belong_together_is_refused(firm):
    wrong = "The currency of the transaction is invalid"
    assert wrong in refusal(firm, "Bill", bill(**EURO, ExchangeRate=1))
    assert wrong in refusal(firm, "Bill", bill(VendorRef=to("Vendor", "Moulin Gris (EUR)")))
    assert wrong in refusal(firm, "JournalEntry", entry("Euro account", "Rent", "5"))
    pounds = entry("Euro account", "Rent", "5", CurrencyRef={"value": "GBP"}, ExchangeRate=Decimal("1.3"))
    assert "only use one foreign currency" in refusal(firm, "JournalEntry", pounds)
    assert "is kept in USD" in refusal(firm, "Account", {"Name": "Euro sales", "AccountType": "Income", **EURO})
    plain = Company(Profile(REALM, "Plain"), lists(), clock=Clock())
    assert "Multicurrency is not enabled" in refusal(plain, "Vendor", {"DisplayName": "Moulin Gris", **EURO})


def test_the_currency_of_a_name_with_documents_stays(firm):
    create(firm, "Bill", euro_bill())
    vendor = firm.read("Vendor", firm.id_of("Vendor:Moulin Gris (EUR)"))
    with pytest.raises(QuickBooksFault) as raised:
        firm.write(
            "Vendor",
            "update",
            json.loads(
                json.dumps(
                    {
                        "Id": vendor["Id"],
                        "SyncToken": vendor["SyncToken"],
                        "sparse": True,
                        "CurrencyRef": {"value": "USD"},
                    }
                )
            ),
        )
    assert "cannot be changed" in raised.value.detail
