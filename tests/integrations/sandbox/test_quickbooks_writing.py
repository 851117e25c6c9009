"""What QuickBooks refuses, and that a refusal changes nothing."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from quickbooks_builder import (
    MARCH,
    Clock,
    Seed,
    account_id,
    bill,
    bill_payment,
    company,
    create,
    entry,
    expense,
    invoice,
    payment,
    placed,
    side,
    summaries,
    to,
)

from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.truth import trial_balance

MARCH_END = date(2026, 3, 31)


def refused(firm, kind, body, operation="create", **how):
    """The fault code of a write that must fail, after proving that the books did not move."""
    before = trial_balance(firm, MARCH_END), firm.query(f"select count(*) from {kind}")
    with pytest.raises(QuickBooksFault) as caught:
        firm.write(kind, operation, placed(firm, body), **how)
    assert (trial_balance(firm, MARCH_END), firm.query(f"select count(*) from {kind}")) == before
    return caught.value.code


def lines(*sides):
    return {"TxnDate": "2026-03-31", "Line": list(sides)}


WRONG_ENTRIES = [
    ("6000", lines(side("Debit", "Rent", "5"), side("Credit", "Checking", "5.01"))),
    ("6000", lines(side("Debit", "Rent", "-5"), side("Credit", "Checking", "-5"))),
    ("6000", lines(side("Debit", "Rent", "5"))),
    ("2020", {"TxnDate": "2026-03-31"}),
    ("2170", lines(side("Left", "Rent", "5"), side("Credit", "Checking", "5"))),
    ("6000", lines(side("Debit", "Accounts Receivable", "5"), side("Credit", "Store Sales", "5"))),
    (
        "6000",
        lines(
            side("Debit", "Rent", "5"),
            side(
                "Credit",
                "Accounts Payable",
                "5",
                Entity={"Type": "Customer", "EntityRef": to("Customer", "Quay Hotel")},
            ),
        ),
    ),
    ("2010", lines(side("Debit", "Rent", "5.001"), side("Credit", "Checking", "5.001"))),
    ("2010", {**entry("Rent", "Checking", "5"), "TxnDate": "31/03/2026"}),
    ("2050", entry("Rent", "Checking", "5", DocNumber="x" * 22)),
    ("2050", entry("Rent", "Checking", "5", PrivateNote="x" * 4001)),
]


@pytest.mark.parametrize(("code", "body"), WRONG_ENTRIES)
def test_a_journal_entry_that_breaks_a_rule_is_refused(code, body):
    assert refused(company(), "JournalEntry", body) == code


def test_a_payable_and_a_receivable_do_not_meet_in_one_journal_entry():
    vendor = {"Type": "Vendor", "EntityRef": to("Vendor", "Bright Power")}
    customer = {"Type": "Customer", "EntityRef": to("Customer", "Quay Hotel")}
    body = lines(
        side("Debit", "Accounts Payable", "5", Entity=vendor),
        side("Credit", "Accounts Receivable", "5", Entity=customer),
    )
    assert refused(company(), "JournalEntry", body) == "6000"


def test_an_unknown_reference_is_2500_and_an_inactive_one_610():
    firm = company()
    body = placed(firm, entry("Rent", "Checking", "5"))
    body["Line"][0]["JournalEntryLineDetail"]["AccountRef"] = {"value": "999"}
    assert refused(firm, "JournalEntry", body) == "2500"
    firm.write("Account", "update", {"Id": account_id(firm, "Rent"), "SyncToken": "0", "sparse": True, "Active": False})
    assert refused(firm, "JournalEntry", entry("Rent", "Checking", "5")) == "610"


def test_an_inactive_account_keeps_its_name_taken():
    firm = company()
    firm.write("Account", "update", {"Id": account_id(firm, "Rent"), "SyncToken": "0", "sparse": True, "Active": False})
    assert firm.read("Account", account_id(firm, "Rent"))["Name"] == "Rent (deleted)"
    assert refused(firm, "Account", {"Name": "rent", "AccountType": "Expense"}) == "6240"


def test_vendors_and_customers_share_one_name_space():
    assert refused(company(), "Vendor", {"DisplayName": "harbour books"}) == "6240"


def test_an_account_may_be_named_as_a_vendor_is():
    assert create(company(), "Account", {"Name": "Bright Power", "AccountType": "Expense"})["Active"] is True


@pytest.mark.parametrize("name", ["Rent:West", 'The "West"'])
def test_account_names_with_reserved_signs_are_refused(name):
    assert refused(company(), "Account", {"Name": name, "AccountType": "Expense"}) == "2010"


def test_list_objects_are_not_deleted():
    firm = company()
    gone = {"Id": account_id(firm, "Rent"), "SyncToken": "0"}
    assert refused(firm, "Account", gone, "delete") == "500"


def test_reading_what_is_not_there_is_610():
    with pytest.raises(QuickBooksFault, match="610"):
        company().read("Bill", "404")


# -- closed periods --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["2026-02-27", "2026-02-28"])
def test_the_api_may_not_write_on_or_before_the_closing_date(on):
    firm = company(close_date=date(2026, 2, 28))
    assert refused(firm, "JournalEntry", entry("Rent", "Checking", "5", on)) == "6210"


def test_the_day_after_the_closing_date_is_open():
    firm = company(close_date=date(2026, 2, 28))
    assert create(firm, "JournalEntry", entry("Rent", "Checking", "5", "2026-03-01"))["TxnDate"] == "2026-03-01"


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_document_of_a_closed_period_cannot_be_touched_by_the_api(operation):
    firm = company(
        Seed("JournalEntry", entry("Rent", "Checking", "5", "2026-02-10"), "x"), close_date=date(2026, 2, 28)
    )
    body = {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0", "sparse": True, "TxnDate": "2026-03-10"}
    assert refused(firm, "JournalEntry", body, operation) == "6210"


def test_a_document_cannot_be_moved_into_a_closed_period():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"), close_date=date(2026, 2, 28))
    body = {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0", "sparse": True, "TxnDate": "2026-02-10"}
    assert refused(firm, "JournalEntry", body, "update") == "6210"


def test_a_user_writes_into_a_closed_period():
    firm = company(close_date=date(2026, 2, 28))
    firm.create_as_user("JournalEntry", placed(firm, entry("Rent", "Checking", "5", "2026-02-01")))
    assert trial_balance(firm, date(2026, 2, 1))["Rent"] == 500


def test_the_closing_date_is_set_and_cleared_through_preferences():
    firm = company()
    prefs = {"Id": "1", "sparse": True}
    closed = {**prefs, "SyncToken": "0", "AccountingInfoPrefs": {"BookCloseDate": "2026-02-28"}}
    answer = json.loads(firm.write("Preferences", "update", closed))["Preferences"]
    assert answer["AccountingInfoPrefs"]["BookCloseDate"] == "2026-02-28"
    assert answer["AccountingInfoPrefs"]["FirstMonthOfFiscalYear"] == "January"
    assert refused(firm, "JournalEntry", entry("Rent", "Checking", "5", "2026-02-28")) == "6210"
    firm.write("Preferences", "update", {**prefs, "SyncToken": "1", "AccountingInfoPrefs": {"BookCloseDate": ""}})
    create(firm, "JournalEntry", entry("Rent", "Checking", "5", "2026-02-28"))


# -- changing --------------------------------------------------------------------------------------------------------


def test_an_old_sync_token_is_stale_and_overwrites_nothing():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", PrivateNote="first"), "x"))
    body = {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0", "sparse": True}
    firm.write("JournalEntry", "update", {**body, "PrivateNote": "second"})
    assert refused(firm, "JournalEntry", {**body, "PrivateNote": "third"}, "update") == "5010"
    assert firm.read("JournalEntry", body["Id"])["PrivateNote"] == "second"


def test_an_update_without_sync_token_is_refused():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"))
    assert refused(firm, "JournalEntry", {"Id": firm.id_of("JournalEntry:x"), "sparse": True}, "update") == "2020"


def test_a_full_update_clears_what_it_leaves_out():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", PrivateNote="first", DocNumber="A1"), "x"))
    body = {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0", **entry("Rent", "Checking", "6")}
    firm.write("JournalEntry", "update", placed(firm, body))
    found = firm.read("JournalEntry", body["Id"])
    assert "PrivateNote" not in found
    assert "DocNumber" not in found
    assert found["SyncToken"] == "1"


def test_a_sparse_update_replaces_all_lines_when_it_sends_any():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", PrivateNote="kept"), "x"))
    body = {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0", "sparse": True}
    new = entry("Utilities", "Savings", "7")["Line"]
    firm.write("JournalEntry", "update", placed(firm, {**body, "Line": new}))
    assert trial_balance(firm, MARCH_END) == {"Utilities": 700, "Savings": -700}
    assert firm.read("JournalEntry", body["Id"])["PrivateNote"] == "kept"


def test_paying_a_bill_gives_the_bill_a_new_sync_token():
    firm = company(Seed("Bill", bill(), "rent"))
    create(firm, "BillPayment", bill_payment("rent", "100"))
    assert firm.read("Bill", firm.id_of("Bill:rent"))["SyncToken"] == "1"


def test_a_journal_entry_answers_total_zero_and_its_lines_as_sent():
    found = create(company(), "JournalEntry", entry("Rent", "Checking", "12.30"))
    assert found["TotalAmt"] == 0
    assert [line["Amount"] for line in found["Line"]] == [Decimal("12.3"), Decimal("12.3")]
    assert found["Line"][0]["JournalEntryLineDetail"]["AccountRef"]["name"] == "Rent"


def test_journal_entries_cannot_be_voided():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5"), "x"))
    assert refused(firm, "JournalEntry", {"Id": firm.id_of("JournalEntry:x"), "SyncToken": "0"}, "void") == "500"


# -- numbers and links -------------------------------------------------------------------------------------------------


def test_a_document_number_is_given_once():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", DocNumber="ST260331-7"), "x"))
    assert refused(firm, "JournalEntry", entry("Rent", "Checking", "6", DocNumber="ST260331-7")) == "6140"


def test_a_caller_may_insist_on_a_second_use_of_a_number():
    firm = company(Seed("JournalEntry", entry("Rent", "Checking", "5", DocNumber="A"), "x"))
    create(firm, "JournalEntry", entry("Rent", "Checking", "6", DocNumber="A"), allow_duplicate_number=True)
    assert firm.query("select count(*) from JournalEntry where DocNumber = 'A'") == {"totalCount": 2}


def test_a_bill_number_only_counts_among_one_vendors_bills():
    firm = company(Seed("Bill", bill(DocNumber="77"), "x"))
    assert refused(firm, "Bill", bill(DocNumber="77")) == "6140"
    create(firm, "Bill", {**bill(DocNumber="77"), "VendorRef": to("Vendor", "Bright Power")})


def test_sales_forms_without_a_number_are_numbered():
    firm = company()
    numbers = [create(firm, "Invoice", invoice())["DocNumber"] for _ in range(2)]
    assert numbers == ["1001", "1002"]


def test_a_payment_cannot_pay_more_than_is_open():
    firm = company(Seed("Bill", bill("100"), "rent"), Seed("BillPayment", bill_payment("rent", "60"), "paid"))
    assert refused(firm, "BillPayment", bill_payment("rent", "41")) == "6000"


def test_a_payment_cannot_settle_another_partys_document():
    firm = company(Seed("Bill", bill("100"), "rent"))
    assert (
        refused(firm, "BillPayment", {**bill_payment("rent", "100"), "VendorRef": to("Vendor", "Bright Power")})
        == "6000"
    )


def test_a_link_to_nothing_is_620():
    firm = company()
    line = {"Amount": 5, "LinkedTxn": [{"TxnId": "99", "TxnType": "Invoice"}]}
    body = {"CustomerRef": to("Customer", "Quay Hotel"), "TotalAmt": 5, "Line": [line]}
    assert refused(firm, "Payment", body) == "620"


def test_a_deposited_payment_is_fixed_until_its_deposit_goes():
    line = {"Amount": 500, "LinkedTxn": [to("Payment", "cheque")]}
    deposit = {"DepositToAccountRef": to("Account", "Checking"), "TxnDate": "2026-03-14", "Line": [line]}
    firm = company(
        Seed("Invoice", invoice("500"), "inv"),
        Seed("Payment", payment("inv", "500"), "cheque"),
        Seed("Deposit", deposit, "banked"),
    )
    body = {"Id": firm.id_of("Payment:cheque"), "SyncToken": "1", "sparse": True, "PrivateNote": "changed"}
    assert refused(firm, "Payment", body, "update") == "6540"
    assert refused(firm, "Payment", body, "delete") == "6540"
    assert refused(firm, "Deposit", deposit) == "6000"
    firm.write("Deposit", "delete", {"Id": firm.id_of("Deposit:banked"), "SyncToken": "0"})
    firm.write("Payment", "update", {**body, "SyncToken": "2"})


def test_a_bill_cannot_shrink_below_what_was_paid():
    firm = company(Seed("Bill", bill("100"), "rent"), Seed("BillPayment", bill_payment("rent", "60"), "paid"))
    body = {"Id": firm.id_of("Bill:rent"), "SyncToken": "1", "sparse": True, "Line": [expense("Rent", "50")]}
    assert refused(firm, "Bill", body, "update") == "6000"


@pytest.mark.parametrize(
    "more",
    [
        {"PaymentType": "Check", "AccountRef": to("Account", "Business Visa")},
        {"PaymentType": "CreditCard", "AccountRef": to("Account", "Checking")},
        {"PaymentType": "Cash", "AccountRef": to("Account", "Checking"), "Credit": True},
    ],
)
def test_a_purchase_is_paid_from_the_right_kind_of_account(more):
    assert refused(company(), "Purchase", {"Line": [expense("Utilities", "5")], **more}) == "6000"


def test_a_transfer_does_not_touch_profit_and_loss():
    body = {"FromAccountRef": to("Account", "Checking"), "ToAccountRef": to("Account", "Rent"), "Amount": 5}
    assert refused(company(), "Transfer", body) == "6000"


def test_a_sales_line_must_be_quantity_times_price():
    body = invoice("500")
    body["Line"][0]["SalesItemLineDetail"]["Qty"] = 2
    assert refused(company(), "Invoice", body) == "6000"


# -- request ids and restarts ------------------------------------------------------------------------------------------


def test_the_same_request_id_answers_what_it_answered_first():
    firm = company()
    body = placed(firm, entry("Rent", "Checking", "5"))
    first = firm.write("JournalEntry", "create", body, request_id="r-1")
    assert firm.write("JournalEntry", "create", body, request_id="r-1") == first
    assert firm.query("select count(*) from JournalEntry") == {"totalCount": 1}


def test_a_request_id_used_for_another_body_is_600():
    firm = company()
    firm.write("JournalEntry", "create", placed(firm, entry("Rent", "Checking", "5")), request_id="r-1")
    assert refused(firm, "JournalEntry", entry("Rent", "Checking", "6"), request_id="r-1") == "600"


def test_a_company_told_to_ignore_request_ids_writes_twice():
    firm = company()
    firm.honours_request_ids = False
    body = placed(firm, entry("Rent", "Checking", "5"))
    for _ in range(2):
        firm.write("JournalEntry", "create", body, request_id="r-1")
    assert firm.query("select count(*) from JournalEntry") == {"totalCount": 2}


def test_a_refused_write_leaves_its_request_id_free():
    firm = company(close_date=date(2026, 2, 28))
    body = entry("Rent", "Checking", "5", "2026-02-28")
    assert refused(firm, "JournalEntry", body, request_id="r-1") == "6210"
    prefs = {"Id": "1", "SyncToken": "0", "sparse": True, "AccountingInfoPrefs": {"BookCloseDate": "2026-01-31"}}
    firm.write("Preferences", "update", prefs)
    create(firm, "JournalEntry", body, request_id="r-1")


def test_replaying_the_records_restores_ids_tokens_times_and_request_ids():
    records, clock = [], Clock()
    seeds = [Seed("Bill", bill(), "rent")]
    firm = company(*seeds, clock=clock, on_record=lambda record: records.append(json.dumps(record)))
    made = create(firm, "JournalEntry", entry("Rent", "Checking", "12.34"), request_id="r-1")
    clock.advance(hours=2)
    firm.write("JournalEntry", "update", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "n"})
    create(firm, "BillPayment", bill_payment("rent", "50"))
    firm.edit_as_user("Bill", firm.id_of("Bill:rent"), placed(firm, {"Line": [expense("Rent", "1300")]}))
    firm.upload({"FileName": "a.txt"}, b"text")
    again = company(*seeds, clock=clock)
    for record in records:
        again.apply(json.loads(record))
    for kind in ("JournalEntry", "Bill", "BillPayment", "Attachable", "Account"):
        assert again.query(f"select * from {kind}") == firm.query(f"select * from {kind}")
    assert again.files == firm.files
    body = placed(firm, entry("Rent", "Checking", "12.34"))
    assert again.write("JournalEntry", "create", body, request_id="r-1") == firm.write(
        "JournalEntry", "create", body, request_id="r-1"
    )
    assert len(records) == 5


def test_reports_follow_a_write_at_once():
    firm = company()
    create(firm, "JournalEntry", entry("Rent", "Checking", "12.34"))
    assert summaries(firm.report("ProfitAndLoss", MARCH))["Expenses"] == "12.34"
