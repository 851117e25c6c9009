"""Worked cases: payables and receivables tools. The table of events by role, row by row."""

from __future__ import annotations

from datetime import date

import pytest
from trial import fact, minor, sides, trial

from integrations.records import (
    Application,
    BillPayment,
    CustomerPayment,
    ExpenseSplit,
    FundingPull,
    ServiceFee,
    SettlementDifference,
    VendorBill,
    VendorCredit,
)
from ledger.core.entry import reversal
from ledger.core.rules import Unbookable, drafts, funding_entry

APRIL = date(2026, 4, 1)
VENDOR = "Northline Supply"


def book(record):
    return drafts(record, provider="paytool", category="payables", home="USD")


def bill(amount="120.00", **fields):
    return fact(VendorBill, vendor=VENDOR, amount=minor(amount), number="N-17", **fields)


def payment(stage="sent", amount="120.00", **fields):
    return fact(BillPayment, vendor=VENDOR, amount=minor(amount), stage=stage, payment_id="p1", **fields)


def test_bill_approved():
    """Bill approved: Dr expense, prepaid, asset, tax if recoverable; Cr ap (vendor)."""
    splits = (
        ExpenseSplit(amount=minor("60.00"), category="Supplies", tax=minor("5.00"), department="Shop"),
        ExpenseSplit(amount=minor("24.00"), category="Insurance", kind="prepaid"),
        ExpenseSplit(amount=minor("21.00"), category="Tools", kind="asset"),
        ExpenseSplit(amount=minor("10.00"), category="Known there", account_id="77"),
    )
    (entry,) = book(bill(splits=splits))
    assert sides(entry) == [
        "expense[Supplies] Dr 60.00",
        "input-tax Dr 5.00",
        "prepaid[Insurance] Dr 24.00",
        "fixed-assets[Tools] Dr 21.00",
        "account:77[Known there] Dr 10.00",
        "ap Cr 120.00",
    ]
    assert (entry.lines[0].department, entry.lines[-1].party, entry.lines[-1].memo) == ("Shop", VENDOR, "N-17")


def test_bill_without_categories_is_uncategorised_as_a_whole():
    assert sides(book(bill())[0]) == ["expense Dr 120.00", "ap Cr 120.00"]


def test_vendor_credit():
    """Vendor credit: Dr ap; Cr expense."""
    splits = (ExpenseSplit(amount=minor("30.00"), category="Supplies"),)
    (entry,) = book(fact(VendorCredit, vendor=VENDOR, amount=minor("30.00"), splits=splits))
    assert sides(entry) == ["ap Dr 30.00", "expense[Supplies] Cr 30.00"]


def test_payment_sent_per_bill():
    """BILL/Melio payment sent, per bill: Dr ap; Cr clearing. A bill paid in parts keeps what is left."""
    applied = (Application(document="b1", amount=minor("80.00")), Application(document="b2", amount=minor("20.00")))
    (entry,) = book(payment(amount="100.00", applications=applied))
    assert sides(entry) == ["ap Dr 100.00", "clearing[paytool] Cr 100.00"]
    assert trial(*book(bill()), entry)["ap"] == "-20.00"


def test_lump_pull_on_the_process_date():
    """Lump pull on process date: Dr clearing; Cr bank, met by its bank line. It makes no entry before."""
    pull = fact(FundingPull, amount=minor("120.00"), covers=("p1",))
    assert book(pull) == ()
    entry = funding_entry(pull, APRIL, provider="paytool", bank="checking")
    assert (sides(entry), entry.booked_on) == (["clearing[paytool] Dr 120.00", "bank[checking] Cr 120.00"], APRIL)
    assert trial(*book(bill()), *book(payment()), entry) == {"expense": "120.00", "bank": "-120.00"}


@pytest.mark.parametrize("stage", ["voided", "failed"])
def test_payment_undone_after_the_pull(stage):
    """Payment voided or failed after pull: Dr clearing; Cr ap. Then the refund: Dr bank; Cr clearing."""
    (undone,) = book(payment(stage))
    refund = funding_entry(fact(FundingPull, amount=-minor("120.00")), APRIL, provider="paytool", bank="checking")
    assert sides(undone) == ["ap Cr 120.00", "clearing[paytool] Dr 120.00"]
    assert sides(refund) == ["clearing[paytool] Cr 120.00", "bank[checking] Dr 120.00"]
    pulled = funding_entry(fact(FundingPull, amount=minor("120.00")), APRIL, provider="paytool", bank="checking")
    assert trial(*book(payment()), pulled, undone, refund) == {}


def test_early_payment_discount():
    """Vendor paid net of early-pay discount: Dr ap 120.00; Cr clearing 117.60, discount 2.40 to other income."""
    (entry,) = book(payment(amount="117.60", discount=minor("2.40"), method="virtual_card"))
    assert sides(entry) == [
        "ap Dr 120.00",
        "clearing[paytool] Cr 117.60",
        "other-income[early-payment discount] Cr 2.40",
    ]
    assert trial(entry, *book(payment("voided", amount="117.60", discount=minor("2.40")))) == {}


def test_cheque_never_cashed():
    """Cheque never cashed, stopped under policy: Dr clearing; Cr ap. Then Dr ap; Cr unclaimed property. Refund Dr bank; Cr clearing."""
    (stopped,), (escheated,) = book(payment("stopped")), book(payment("escheated"))
    assert sides(stopped) == ["ap Cr 120.00", "clearing[paytool] Dr 120.00"]
    assert sides(escheated) == ["ap Dr 120.00", "unclaimed-property Cr 120.00"]
    refund = funding_entry(fact(FundingPull, amount=-minor("120.00")), APRIL, provider="paytool", bank="checking")
    assert trial(stopped, escheated, refund) == {"bank": "120.00", "unclaimed-property": "-120.00"}


def test_customer_pays_through_the_tool():
    """Customer pays by AR: Dr clearing-in; Cr ar. Then Dr bank; Cr clearing-in."""
    applied = (Application(document="i1", amount=minor("90.00")),)
    (paid,) = book(fact(CustomerPayment, customer="Ada Quill", amount=minor("90.00"), applications=applied))
    lump = fact(FundingPull, amount=minor("90.00"), side="in")
    arrived = funding_entry(lump, APRIL, provider="paytool", bank="checking")
    assert sides(paid) == ["clearing[paytool-in] Dr 90.00", "ar Cr 90.00"]
    assert sides(arrived) == ["bank[checking] Dr 90.00", "clearing[paytool-in] Cr 90.00"]


@pytest.mark.parametrize(
    ("where", "account", "line"),
    [
        ("bank", "checking", "bank[checking] Cr 15.00"),
        ("card", "visa", "card[visa] Cr 15.00"),
        ("clearing", "", "clearing[paytool] Cr 15.00"),
    ],
)
def test_subscription_and_payment_fees(where, account, line):
    """Subscription or per-payment fee: Dr fees; Cr bank or card (a card-funded payment: Dr fees; Cr card)."""
    (entry,) = book(fact(ServiceFee, amount=minor("14.00"), tax=minor("1.00"), paid_from=where, account=account))
    assert sides(entry) == ["fees[paytool] Dr 14.00", "input-tax Dr 1.00", line]


@pytest.mark.parametrize(("where", "account"), [("card", "visa"), ("bank", "checking")])
def test_bill_paid_from_card_or_bank(where, account):
    """Bill paid from bank or card: Dr ap; Cr the card's liability, or the bank."""
    (entry,) = book(payment(paid_from=where, account=account))
    assert sides(entry) == ["ap Dr 120.00", f"{where}[{account}] Cr 120.00"]


@pytest.mark.parametrize(("side", "role"), [("receivable", "ar"), ("payable", "ap")])
def test_foreign_settlement_difference(side, role):
    """Foreign settlement difference: fx either side of ar/ap."""
    (gained,) = book(fact(SettlementDifference, side=side, amount=minor("3.00"), party=VENDOR))
    (lost,) = book(fact(SettlementDifference, side=side, amount=-minor("3.00"), party=VENDOR))
    assert (sides(gained), sides(lost)) == ([f"{role} Dr 3.00", "fx Cr 3.00"], [f"{role} Cr 3.00", "fx Dr 3.00"])


def test_duplicate_found_in_another_tool():
    """Duplicate found in another tool: reverse the later one in full."""
    (entry,) = book(bill())
    assert trial(entry, reversal(entry, APRIL)) == {}


@pytest.mark.parametrize(
    "record",
    [
        bill(splits=(ExpenseSplit(amount=1),)),
        payment(applications=(Application(document="b1", amount=1),)),
        fact(CustomerPayment, customer="Ada Quill", amount=5, applications=(Application(document="i1", amount=4),)),
    ],
)
def test_parts_that_do_not_come_to_the_amount_are_held(record):
    with pytest.raises(Unbookable, match="difference"):
        book(record)


def test_lump_of_nil_moves_nothing():
    with pytest.raises(Unbookable):
        funding_entry(fact(FundingPull, amount=0), APRIL)
