"""Reports foot, agree with each other, and keep the published shapes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from quickbooks_builder import (
    MARCH,
    Seed,
    account_id,
    bill,
    bill_payment,
    cells,
    company,
    entry,
    expense,
    invoice,
    payment,
    summaries,
    to,
)

from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.truth import trial_balance


def life():
    return [
        Seed("JournalEntry", entry("Checking", "Owner's Equity", "10000", "2025-01-02"), "start"),
        Seed("JournalEntry", entry("Checking", "Store Sales", "900", "2025-12-30"), "old-sales"),
        Seed("Bill", bill("1200", "2026-02-01", DueDate="2026-02-15"), "rent-2"),
        Seed("Bill", bill("1300", "2026-03-20", DueDate="2026-04-04"), "rent-3"),
        Seed("BillPayment", bill_payment("rent-2", "700", "2026-03-05"), "paid-2"),
        Seed("Invoice", invoice("500", "2026-01-10", DueDate="2026-02-09", DocNumber="1001"), "inv"),
        Seed("Payment", payment("inv", "200", "2026-03-12"), "cheque"),
        Seed("JournalEntry", entry("Materials", "Stripe Clearing", "1234.56", "2026-03-31", Adjustment=True), "cogs"),
        Seed("JournalEntry", entry("Savings", "Interest Income", "1.05", "2026-03-31"), "interest"),
    ]


@pytest.fixture(scope="module")
def firm():
    return company(*life())


def amount(text):
    return int(text.replace(",", "").replace(".", "")) if text else 0


def trial(firm, on, **more):
    return firm.report("TrialBalance", {"end_date": on, **more})


# -- trial balance --------------------------------------------------------------------------------------------------


def test_the_trial_balance_lists_each_balance_on_its_side(firm):
    rows = {row["account"]: (row["debit"], row["credit"]) for row in cells(trial(firm, "2026-03-31"))}
    assert rows == {
        "Checking": ("10200.00", ""),
        "Savings": ("1.05", ""),
        "Accounts Receivable": ("300.00", ""),
        "Stripe Clearing": ("", "1234.56"),
        "Undeposited Funds": ("200.00", ""),
        "Accounts Payable": ("", "1800.00"),
        "Owner's Equity": ("", "10000.00"),
        "Retained Earnings": ("", "900.00"),
        "Store Sales": ("", "500.00"),
        "Materials": ("1234.56", ""),
        "Rent": ("2500.00", ""),
        "Interest Income": ("", "1.05"),
    }


@pytest.mark.parametrize("basis", ["Accrual", "Cash"])
@pytest.mark.parametrize("on", ["2025-12-31", "2026-01-01", "2026-02-28", "2026-03-31"])
def test_the_trial_balance_balances(firm, on, basis):
    report = trial(firm, on, accounting_method=basis)
    total = report["Rows"]["Row"][-1]["Summary"]["ColData"]
    assert report["Rows"]["Row"][-1]["group"] == "GrandTotal"
    assert total[1]["value"] == total[2]["value"] != "0.00"


def test_the_trial_balance_carries_account_ids(firm):
    first = trial(firm, "2026-03-31")["Rows"]["Row"][0]["ColData"][0]
    assert first == {"value": "Checking", "id": account_id(firm, "Checking")}


def test_a_trial_balance_before_the_first_document_has_no_data(firm):
    report = trial(firm, "2024-12-31", start_date="2024-01-01")
    assert report["Rows"] == {}
    assert {"Name": "NoReportData", "Value": "true"} in report["Header"]["Option"]


def test_the_truth_is_what_the_trial_balance_says(firm):
    shown = {row["account"]: amount(row["debit"]) - amount(row["credit"]) for row in cells(trial(firm, "2026-03-31"))}
    assert shown == trial_balance(firm, date(2026, 3, 31))


# -- profit and loss, balance sheet -------------------------------------------------------------------------------------


def test_profit_and_loss_of_a_month_foots_to_net_income(firm):
    found = summaries(firm.report("ProfitAndLoss", MARCH))
    assert found == {
        "Income": "0.00",
        "COGS": "1234.56",
        "GrossProfit": "-1234.56",
        "Expenses": "1300.00",
        "NetOperatingIncome": "-2534.56",
        "OtherIncome": "1.05",
        "NetOtherIncome": "1.05",
        "NetIncome": "-2533.51",
    }


def test_profit_and_loss_by_month_ends_in_a_total_column(firm):
    report = firm.report(
        "ProfitAndLoss", {"start_date": "2026-01-01", "end_date": "2026-03-31", "summarize_column_by": "Month"}
    )
    titles = [column["ColTitle"] for column in report["Columns"]["Column"]]
    assert titles == ["", "Jan 2026", "Feb 2026", "Mar 2026", "Total"]
    net = next(row for row in report["Rows"]["Row"] if row["group"] == "NetIncome")["Summary"]["ColData"]
    assert [cell["value"] for cell in net] == ["Net Income", "500.00", "-1200.00", "-2533.51", "-3233.51"]


def test_the_balance_sheet_balances_with_net_income_without_id(firm):
    report = firm.report("BalanceSheet", {"end_date": "2026-03-31"})
    found = summaries(report)
    assert found["TotalAssets"] == found["TotalLiabilitiesAndEquity"] == "9466.49"
    net = [row for row in cells(report) if row["account"] == "Net Income"]
    assert net == [{"account": "Net Income", "total": "-3233.51"}]
    assert '"Net Income", "id"' not in str(report)


def test_a_parents_own_balance_stands_in_its_sections_header():
    firm = company(
        Seed("Account", {"Name": "Water", "AccountType": "Expense", "ParentRef": to("Account", "Utilities")}, "w"),
        Seed("Bill", bill(Line=[expense("Utilities", "5"), expense("Utilities:Water", "7")]), "x"),
    )
    expenses = next(row for row in firm.report("ProfitAndLoss", MARCH)["Rows"]["Row"] if row.get("group") == "Expenses")
    (utilities,) = expenses["Rows"]["Row"]
    assert utilities["Header"]["ColData"][1]["value"] == "5.00"
    assert utilities["Rows"]["Row"][0]["ColData"][1]["value"] == "7.00"
    assert utilities["Summary"]["ColData"][1]["value"] == "12.00"


def test_the_cash_flow_ends_in_the_cash_there_is(firm):
    found = summaries(firm.report("CashFlow", {"start_date": "2026-01-01", "end_date": "2026-03-31"}))
    assert found["CashIncrease"] == "-698.95"
    assert found["EndingCash"] == "10201.05"


# -- general ledger ---------------------------------------------------------------------------------------------------


def movement_by_account(report):
    """Sum of data rows per account section, by account id."""
    sums = defaultdict(int)
    position = [column["MetaData"][-1]["Value"] for column in report["Columns"]["Column"]].index("subt_nat_amount")
    for section in report["Rows"]["Row"]:
        key = section["Header"]["ColData"][0]["id"]
        for row in section["Rows"]["Row"]:
            sums[key] += amount(row["ColData"][position]["value"])
    return sums


def test_the_general_ledger_explains_the_trial_balances_movement(firm):
    moved = movement_by_account(firm.report("GeneralLedger", MARCH))
    before, after = trial_balance(firm, date(2026, 2, 28)), trial_balance(firm, date(2026, 3, 31))
    for name in ("Checking", "Accounts Payable", "Rent", "Interest Income", "Undeposited Funds"):
        sign = firm.books.account_type(account_id(firm, name)).sign
        assert moved[account_id(firm, name)] == sign * (after.get(name, 0) - before.get(name, 0)), name


def test_a_ledger_section_runs_from_its_opening_to_its_closing_balance(firm):
    report = firm.report("GeneralLedger", {**MARCH, "account": account_id(firm, "Checking")})
    (section,) = report["Rows"]["Row"]
    rows = cells(report)
    assert rows[0]["tx_date"] == "Beginning Balance"
    assert [row["rbal_nat_amount"] for row in rows] == ["10,900.00", "10,200.00"]
    assert section["Summary"]["ColData"][0]["value"] == "Total for Checking"


def test_a_ledger_row_carries_the_documents_id_and_its_other_account(firm):
    report = firm.report("GeneralLedger", {**MARCH, "account": account_id(firm, "Checking")})
    row = report["Rows"]["Row"][0]["Rows"]["Row"][1]["ColData"]
    assert row[1] == {"value": "Bill Payment (Check)", "id": firm.id_of("BillPayment:paid-2")}
    assert row[3] == {"value": "Old Mill Properties", "id": firm.id_of("Vendor:Old Mill Properties")}
    assert row[5] == {"value": "Accounts Payable", "id": account_id(firm, "Accounts Payable")}


def test_profit_and_loss_accounts_have_no_beginning_balance(firm):
    report = firm.report("GeneralLedger", {**MARCH, "account": account_id(firm, "Rent")})
    assert [row["tx_date"] for row in cells(report)] == ["2026-03-20"]


def test_columns_come_in_their_own_order_whatever_was_asked(firm):
    asked = "credit_amt,debt_amt,account_name,tx_date,create_date,is_adj"
    report = firm.report("GeneralLedger", {**MARCH, "columns": asked, "account": account_id(firm, "Materials")})
    keys = [column["MetaData"][0]["Value"] for column in report["Columns"]["Column"]]
    assert keys == ["account_name", "tx_date", "create_date", "is_adj", "debt_amt", "credit_amt"]
    (row,) = cells(report)
    assert (row["is_adj"], row["debt_amt"], row["credit_amt"]) == ("Yes", "1,234.56", "")
    assert row["create_date"] == "2025-01-01T09:00:00-0800"


def test_sub_accounts_stand_inside_their_parent_and_end_in_a_bare_summary():
    firm = company(
        Seed("Account", {"Name": "Water", "AccountType": "Expense", "ParentRef": to("Account", "Utilities")}, "w"),
        Seed("Bill", bill(Line=[expense("Utilities", "5"), expense("Utilities:Water", "7")]), "x"),
    )
    rows = firm.report("GeneralLedger", MARCH)["Rows"]["Row"]
    parent, bare = rows[-2:]
    assert parent["Rows"]["Row"][-1]["Header"]["ColData"][0]["value"] == "Utilities:Water"
    assert "Header" not in bare
    assert bare["Summary"]["ColData"][0]["value"] == "Total for Utilities with sub-accounts"
    assert bare["Summary"]["ColData"][6]["value"] == "12.00"


# -- ageing and lists -------------------------------------------------------------------------------------------------


def test_payables_age_by_due_date_and_sum_to_the_control_account(firm):
    (row,) = cells(firm.report("AgedPayables", {"report_date": "2026-03-31"}))
    assert row == {
        "vend_name": "Old Mill Properties",
        "current": "1300.00",
        "0": "",
        "1": "500.00",
        "2": "",
        "3": "",
        "total": "1800.00",
    }


def test_an_older_ageing_ignores_later_payments(firm):
    (row,) = cells(firm.report("AgedReceivables", {"report_date": "2026-02-28"}))
    assert (row["0"], row["total"]) == ("500.00", "500.00")
    (row,) = cells(firm.report("AgedReceivables", {"report_date": "2026-03-31"}))
    assert (row["1"], row["total"]) == ("300.00", "300.00")


def test_account_list_shows_types_and_balances(firm):
    rows = {row["account_name"]: row for row in cells(firm.report("AccountList", {}))}
    assert rows["Accounts Payable"]["account_bal"] == "-1800.00"
    assert rows["Rent"]["account_bal"] == ""
    assert rows["Savings"]["detail_acc_type"] == "Savings"


def test_transaction_list_has_one_row_a_document(firm):
    rows = cells(firm.report("TransactionList", MARCH))
    assert [row["txn_type"] for row in rows] == [
        "Bill Payment (Check)",
        "Payment",
        "Bill",
        "Journal Entry",
        "Journal Entry",
    ]
    assert cells(firm.report("TransactionList", {**MARCH, "transaction_type": "Bill"}))[0]["other_account"] == "Rent"


# -- parameters -------------------------------------------------------------------------------------------------------


def test_without_dates_a_report_covers_the_fiscal_year_to_date(firm):
    header = firm.report("ProfitAndLoss", {})["Header"]
    assert (header["StartPeriod"], header["EndPeriod"]) == ("2026-01-01", "2026-04-05")


def test_without_a_method_the_companys_preference_decides():
    firm = company(*life())
    prefs = {"Id": "1", "SyncToken": "0", "sparse": True, "ReportPrefs": {"ReportBasis": "Cash"}}
    assert firm.report("TrialBalance", {})["Header"]["ReportBasis"] == "Accrual"
    firm.write("Preferences", "update", prefs)
    assert firm.report("TrialBalance", {})["Header"]["ReportBasis"] == "Cash"


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        ("TrialBalance", {"end_date": "2026-02-30"}, "2010"),
        ("TrialBalance", {"accounting_method": "Modified"}, "2170"),
        ("ProfitAndLoss", {"start_date": "2026-03-02", "end_date": "2026-03-01"}, "2010"),
        ("ProfitAndLoss", {"date_macro": "some time"}, "2170"),
        ("InventoryValuationSummary", {}, "5030"),
    ],
)
def test_a_bad_parameter_is_refused(firm, name, parameters, code):
    with pytest.raises(QuickBooksFault) as caught:
        firm.report(name, parameters)
    assert caught.value.code == code
