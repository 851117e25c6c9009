"""Posted documents to exact balanced lines, or the name of what a payload leaves unsaid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import (
    LedgerDeletion,
    Skipped,
)
from tests.integrations.providers.quickbooks_documents import (
    CONTEXT,
    document,
    expense,
    facts,
    journal,
    ref,
    sides,
    sold,
)


def refusal(code, kind="Fault"):
    return {
        kind: {
            "Error" if kind == "Fault" else "error": [
                {"Message" if kind == "Fault" else "message": "TEXT", "code": code}
            ],
            "type": "X",
        }
    }


class TestDocuments:
    def test_a_vendor_credit_is_a_bill_turned_round(self):
        record = document(
            VendorCredit={
                "VendorRef": ref("46"),
                "APAccountRef": ref("33"),
                "TotalAmt": 12,
                "Line": [expense("57", "12")],
            }
        )
        assert sides(record) == [("33", 1200), ("57", -1200)]
        assert record.party == "Vendor:46"

    def test_a_payment_by_card_says_so(self):
        record = document(BillPayment={
            "VendorRef": ref("46"), "APAccountRef": ref("33"), "PayType": "CreditCard", "TotalAmt": 80,
            "CreditCardPayment": {"CCAccountRef": ref("41")},
            "Line": [
                {"Amount": 100, "LinkedTxn": [{"TxnId": "25", "TxnType": "Bill"}]},
                {"Amount": 20, "LinkedTxn": [{"TxnId": "26", "TxnType": "VendorCredit"}]},
            ],
        })  # fmt: skip
        assert record.method == "card"
        assert [(line.account_id, line.debit - line.credit, line.settles) for line in record.lines] == [
            ("41", -8000, ""), ("33", 10000, "Bill:25"), ("33", -2000, "VendorCredit:26"),
        ]  # fmt: skip
        assert record.settles == (("Bill:25", 10000), ("VendorCredit:26", 2000))

    def test_a_credit_card_payment_moves_from_bank_to_card(self):
        record = document(
            CreditCardPaymentTxn={
                "BankAccountRef": ref("35"),
                "CreditCardAccountRef": ref("41"),
                "Amount": Decimal("10.0"),
            }
        )
        assert record.external_id == "CreditCardPayment:7"
        assert sides(record) == [("41", 1000), ("35", -1000)]

    def test_cash_kept_from_a_deposit_is_a_line_of_its_own(self):
        record = document(Deposit={
            "DepositToAccountRef": ref("35"), "TotalAmt": 80, "CashBack": {"AccountRef": ref("9"), "Amount": 20, "Memo": "till"},
            "Line": [{"Amount": 100, "DepositLineDetail": {"AccountRef": ref("79")}}],
        })  # fmt: skip
        assert sides(record) == [("35", 8000), ("9", 2000), ("79", -10000)]

    def test_a_linked_deposit_line_needs_the_undeposited_funds_account(self):
        body = {
            "DepositToAccountRef": ref("35"), "TotalAmt": 25,
            "Line": [{"Amount": 25, "LinkedTxn": [{"TxnId": "125", "TxnType": "Payment"}]}],
        }  # fmt: skip
        assert document(Deposit=body).missing == "the undeposited funds account"
        item = {"Deposit": {"Id": "7", "TxnDate": "2026-03-05", **body}, "accounts": {"undeposited": "4"}}
        (record,) = PROVIDER.stream("documents").to_records(Payload.of(item), CONTEXT)
        assert [(line.account_id, line.credit, line.settles) for line in record.lines[1:]] == [
            ("4", 2500, "Payment:125")
        ]

    def test_what_the_company_has_one_of_fills_in_what_a_payment_leaves_out(self):
        body = {
            "CustomerRef": ref("20"),
            "TotalAmt": 30,
            "UnappliedAmt": 5,
            "Line": [{"Amount": 25, "LinkedTxn": [{"TxnId": "67", "TxnType": "Invoice"}]}],
        }
        assert document(Payment=body).missing == "the undeposited funds account; the accounts receivable account"
        item = {
            "Payment": {"Id": "7", "TxnDate": "2026-03-05", **body},
            "accounts": {"undeposited": "4", "receivable": "84"},
        }
        (record,) = PROVIDER.stream("documents").to_records(Payload.of(item), CONTEXT)
        assert [(line.account_id, line.debit - line.credit, line.settles) for line in record.lines] == [
            ("4", 3000, ""), ("84", -2500, "Invoice:67"), ("84", -500, ""),
        ]  # fmt: skip
        assert record.open_amount == 500

    def test_a_credit_applied_by_a_payment_of_nothing_posts_nothing(self):
        record = document(Payment={"CustomerRef": ref("20"), "TotalAmt": 0, "Line": []})
        assert (record.lines, record.missing) == ((), "")

    def test_a_payment_names_what_it_settles_even_where_it_moves_no_money(self):
        lines = [
            {"Amount": Decimal("15.25"), "LinkedTxn": [{"TxnId": "67", "TxnType": "Invoice"}]},
            {"Amount": Decimal("4.75"), "LinkedTxn": [{"TxnId": "67", "TxnType": "Invoice"}]},
            {"Amount": 20, "LinkedTxn": [{"TxnId": "72", "TxnType": "CreditMemo"}]},
        ]
        record = document(Payment={"CustomerRef": ref("20"), "TotalAmt": 0, "Line": lines})
        assert (record.lines, record.settles) == ((), (("Invoice:67", 2000), ("CreditMemo:72", 2000)))

    def test_a_voided_document_has_no_lines_and_nothing_missing(self):
        record = document(
            Invoice={"CustomerRef": ref("20"), "TotalAmt": 0, "PrivateNote": "Voided", "Line": [sold("", "0")]}
        )
        assert (record.lines, record.missing, record.note) == ((), "", "Voided")

    @pytest.mark.parametrize(("key", "first"), [("SalesReceipt", 5000), ("RefundReceipt", -5000)])
    def test_receipts_and_refunds_mirror_each_other(self, key, first):
        record = document(**{key: {"DepositToAccountRef": ref("35"), "TotalAmt": 50, "Line": [sold("79", "50")]}})
        assert sides(record) == [("35", first), ("79", -first)]

    def test_a_credit_memo_takes_the_sale_back(self):
        record = document(
            CreditMemo={
                "CustomerRef": ref("20"),
                "ARAccountRef": ref("84"),
                "TotalAmt": 50,
                "RemainingCredit": 50,
                "Line": [sold("79", "50")],
            }
        )
        assert sides(record) == [("84", -5000), ("79", 5000)]

    def test_an_item_without_its_account_is_named_never_guessed(self):
        record = document(SalesReceipt={"DepositToAccountRef": ref("35"), "TotalAmt": 50, "Line": [sold("", "50")]})
        assert record.lines == ()
        assert record.missing == "the account behind item Vase (4)"

    def test_sales_tax_is_named_because_its_account_is_not_told(self):
        record = document(SalesReceipt={
            "DepositToAccountRef": ref("35"), "TotalAmt": 54, "TxnTaxDetail": {"TotalTax": 4}, "Line": [sold("79", "50")],
        })  # fmt: skip
        assert record.missing == "the account of its sales tax"

    def test_goods_of_a_bundle_are_read_inside_it(self):
        group = {
            "Amount": 0,
            "DetailType": "GroupLineDetail",
            "GroupLineDetail": {"Line": [sold("79", "20"), sold("80", "30")]},
        }
        record = document(
            Invoice={"CustomerRef": ref("20"), "ARAccountRef": ref("84"), "TotalAmt": 50, "Line": [group]}
        )
        assert sides(record) == [("84", 5000), ("79", -2000), ("80", -3000)]

    def test_a_line_of_an_unknown_kind_is_named(self):
        line = {"Amount": 5, "DetailType": "TDSLineDetail", "TDSLineDetail": {}}
        record = document(
            Bill={
                "VendorRef": ref("46"),
                "APAccountRef": ref("33"),
                "TotalAmt": 5,
                "DueDate": "2026-04-01",
                "Line": [line],
            }
        )
        assert "TDSLineDetail" in record.missing

    def test_a_total_its_lines_do_not_make_is_not_booked(self):
        record = document(
            Bill={"VendorRef": ref("46"), "APAccountRef": ref("33"), "TotalAmt": 13, "Line": [expense("57", "12")]}
        )
        assert record.lines == ()
        assert "100 minor units" in record.missing

    def test_a_foreign_document_waits_for_the_general_ledger(self):
        record = document(
            Transfer={"FromAccountRef": ref("1"), "ToAccountRef": ref("2"), "Amount": 9, "CurrencyRef": ref("EUR")}
        )
        assert record.currency == "EUR"
        assert record.lines == ()
        assert "amounts in EUR" in record.missing

    def test_a_journal_entry_that_does_not_balance_is_unreadable(self):
        with pytest.raises(PayloadError, match="differ by 1 minor units"):
            document(JournalEntry={"Line": [journal("Debit", "1", "10"), journal("Credit", "2", "9.99")]})

    def test_a_journal_line_keeps_its_party_in_either_spelling(self):
        record = document(JournalEntry={"Line": [
            journal("Debit", "84", "10", Entity={"Type": "Customer", "EntityRef": ref("20")}),
            journal("Credit", "33", "10", Entity={"value": "46", "type": "VENDOR"}),
        ]})  # fmt: skip
        assert [line.party for line in record.lines] == ["Customer:20", "Vendor:46"]

    @pytest.mark.parametrize(
        ("by", "said"),
        [
            ({"LastModifiedByRef": {"value": "9341457021722234"}}, "9341457021722234"),
            ({"LastModifiedByRef": {"value": "7", "name": "Ines Faro"}}, "Ines Faro"),
            ({}, ""),
        ],
    )
    def test_who_changed_it_last_is_kept_where_it_is_told(self, by, said):
        lines = [journal("Debit", "1", "10"), journal("Credit", "2", "10")]
        assert document(JournalEntry={"Line": lines, "MetaData": by}).changed_by == said

    def test_a_binary_float_is_not_money(self):
        with pytest.raises(PayloadError, match="expected an amount"):
            document(Transfer={"FromAccountRef": ref("1"), "ToAccountRef": ref("2"), "Amount": 0.1})

    def test_a_third_decimal_is_refused(self):
        with pytest.raises(PayloadError, match="more decimals"):
            document(Transfer={"FromAccountRef": ref("1"), "ToAccountRef": ref("2"), "Amount": Decimal("0.125")})

    def test_an_estimate_is_counted_and_not_booked(self):
        (record,) = facts({"Estimate": {"Id": "34", "TxnDate": "2026-03-01", "TotalAmt": 99}})
        assert isinstance(record, Skipped)
        assert record.reason == "Estimate does not post"

    def test_a_list_entry_is_counted_and_not_booked(self):
        (record,) = facts({"Item": {"Id": "19", "Name": "Vase", "IncomeAccountRef": ref("79")}})
        assert isinstance(record, Skipped)
        assert record.external_id == "Item:19"

    def test_a_deletion_keeps_the_client_s_day_of_it(self):
        gone = {"status": "Deleted", "Id": "299", "MetaData": {"LastUpdatedTime": "2026-03-05T23:45:00-08:00"}}
        (record,) = facts({"CDCResponse": [{"QueryResponse": [{"Invoice": [gone]}]}]})
        assert record == LedgerDeletion(external_id="Invoice:299", booked_on=date(2026, 3, 5), currency="USD")

    def test_a_tombstone_without_times_has_the_day_it_was_read(self):
        (record,) = facts(
            {"Bill": {"status": "Deleted", "domain": "QBO", "Id": "108"}, "time": "2015-05-26T13:14:34-07:00"}
        )
        assert record == LedgerDeletion(external_id="Bill:108", booked_on=CONTEXT.as_of, currency="USD")
