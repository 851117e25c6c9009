"""Worked cases: payment processors. Figures of recorded rows, and the standard sale of the journal table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from trial import lines, minor, trial

from integrations.records import (
    Dispute,
    LoanMovement,
    Payout,
    ProcessorFee,
    Refund,
    RefundFailure,
    Reserve,
    Sale,
)
from ledger.core.rules import Unbookable, drafts, payout_arrival

MARCH = date(2026, 3, 2)


def fact(kind, currency="USD", on=MARCH, **fields):
    return kind(external_id="x1", booked_on=on, currency=currency, **fields)


def book(record):
    return drafts(record, provider="acquirer", category="processor")


def test_charge_with_vat_on_the_fee():
    """Stripe, recorded live charge of 500.00 EUR, fee 7.25 and 1.67 VAT on it.

    Dr Clearing 491.08, Dr Merchant fees 7.25, Dr Input tax 1.67; Cr Sales 500.00.
    """
    (entry,) = book(fact(Sale, "EUR", amount=minor("500.00"), fee=minor("7.25"), fee_tax=minor("1.67")))
    assert lines(entry) == [
        ("clearing", "491.08", ""),
        ("merchant-fees", "7.25", ""),
        ("input-tax", "1.67", ""),
        ("sales", "", "500.00"),
    ]


def test_payout_that_failed_and_was_paid_again():
    """Stripe, recorded: payout 491.08 fails in March (Dr Clearing; Cr In transit), is paid again in September.

    Sent, returned, sent again, arrived: the clearing account gives 491.08 up once, the bank has it once.
    """
    sent = fact(Payout, "EUR", amount=minor("491.08"), arrives_on=date(2026, 3, 4), payout_id="po_1")
    back = fact(Payout, "EUR", amount=minor("491.08"), arrives_on=MARCH, stage="returned", payout_id="po_1")
    again = fact(Payout, "EUR", date(2026, 9, 1), amount=minor("491.08"), arrives_on=date(2026, 9, 3), payout_id="po_2")
    entries = [*book(sent), *book(back), *book(again), payout_arrival(again, date(2026, 9, 3), provider="acquirer")]
    assert lines(entries[1]) == [("in-transit", "", "491.08"), ("clearing", "491.08", "")]
    assert trial(*entries) == {"clearing": "-491.08", "bank": "491.08"}


def test_dispute_opened_with_its_fee():
    """Stripe, recorded: row −10.00, fee 15.00, net −25.00.

    Dr Disputed funds 10.00, Dr Dispute fees 15.00; Cr Clearing 25.00.
    """
    (entry,) = book(fact(Dispute, stage="opened", amount=minor("10.00"), fee=minor("15.00")))
    assert lines(entry) == [("disputed-funds", "10.00", ""), ("dispute-fees", "15.00", ""), ("clearing", "", "25.00")]


def test_dispute_won_gives_the_money_back():
    """Journal table: Dr Clearing 100.00; Cr Disputed funds 100.00, the fee of 15.00 stays a cost."""
    opened = book(fact(Dispute, stage="opened", amount=minor("100.00"), fee=minor("15.00")))
    won = book(fact(Dispute, stage="won", amount=minor("100.00")))
    assert trial(*opened, *won) == {"dispute-fees": "15.00", "clearing": "-15.00"}


def test_dispute_lost_moves_no_cash():
    """Journal table: Dr Chargeback losses 100.00; Cr Disputed funds 100.00."""
    opened = book(fact(Dispute, stage="opened", amount=minor("100.00"), fee=minor("15.00")))
    lost = book(fact(Dispute, stage="lost", amount=minor("100.00"), fee=minor("15.00")))
    assert lines(lost[0]) == [("chargeback-losses", "100.00", ""), ("disputed-funds", "", "100.00")]
    assert trial(*opened, *lost) == {"chargeback-losses": "100.00", "dispute-fees": "15.00", "clearing": "-115.00"}


def test_sale_refunded_with_the_fee_given_back():
    """PayPal, recorded: sale 4500.00 EUR fee 112.40; refund −4500.00 with the fee +112.40.

    Dr Returns 4500.00, Dr Clearing 112.40; Cr Clearing 4500.00, Cr Merchant fees 112.40. Fees end at nil.
    """
    sale = book(fact(Sale, "EUR", amount=minor("4500.00"), fee=minor("112.40")))
    (refund,) = book(fact(Refund, "EUR", amount=minor("4500.00"), fee=-minor("112.40")))
    assert sorted(lines(refund)) == [
        ("clearing", "", "4500.00"),
        ("clearing", "112.40", ""),
        ("merchant-fees", "", "112.40"),
        ("returns", "4500.00", ""),
    ]
    assert trial(*sale, refund) == {"returns": "4500.00", "sales": "-4500.00"}


def test_square_charge_and_partial_refund():
    """Square, payout entries: CHARGE 1.00 fee 0.19 net 0.81; REFUND −0.50 fee −0.02 net −0.48. Clearing 0.33."""
    sale = book(fact(Sale, amount=100, fee=19))
    refund = book(fact(Refund, amount=50, fee=-2))
    assert trial(*sale, *refund) == {"clearing": "0.33", "merchant-fees": "0.17", "sales": "-1.00", "returns": "0.50"}


def test_sale_with_discount_shipping_tax_and_tip():
    """Journal table: goods 100.00, discount 10.00, shipping 5.00, tax 8.00, tip 3.00, fee 3.37; the customer pays 106.00.

    Dr Clearing 102.63, Dr Discounts 10.00, Dr Merchant fees 3.37;
    Cr Sales 100.00, Cr Shipping income 5.00, Cr Sales tax payable 8.00, Cr Tips payable 3.00.
    """
    sale = fact(
        Sale, amount=minor("106.00"), discount=minor("10.00"), shipping=minor("5.00"), tax=minor("8.00"), tip=minor("3.00"),
        fee=minor("3.37"), channel="online",
    )  # fmt: skip
    assert trial(*book(sale)) == {
        "clearing": "102.63",
        "discounts": "10.00",
        "merchant-fees": "3.37",
        "sales": "-100.00",
        "shipping-income": "-5.00",
        "sales-tax-payable": "-8.00",
        "tips-payable": "-3.00",
    }


def test_full_refund_of_that_sale():
    """Journal table: Dr Returns 90.00 (net of discount), Dr Sales tax 8.00, Dr Shipping 5.00, Dr Tips 3.00; Cr Clearing 106.00."""
    refund = fact(Refund, amount=minor("106.00"), shipping=minor("5.00"), tax=minor("8.00"), tip=minor("3.00"))
    assert trial(*book(refund)) == {
        "returns": "90.00",
        "sales-tax-payable": "8.00",
        "shipping-income": "5.00",
        "tips-payable": "3.00",
        "clearing": "-106.00",
    }


def test_refund_that_failed_leaves_nothing_behind():
    """Journal table: a failed refund reverses the refund's journal."""
    refund = fact(Refund, amount=minor("54.00"), tax=minor("4.00"), channel="store")
    failed = fact(RefundFailure, amount=minor("54.00"), tax=minor("4.00"), channel="store")
    assert trial(*book(refund), *book(failed)) == {}


def test_payment_of_an_invoice_earns_nothing_again():
    """Journal table, invoice sent and paid later: Dr Clearing 97.10, Dr Merchant fees 2.90; Cr Accounts receivable 100.00."""
    paid = fact(Sale, amount=minor("100.00"), fee=minor("2.90"), settles_invoice="INV-7", customer="Ada Quill")
    (entry,) = book(paid)
    assert trial(entry) == {"clearing": "97.10", "merchant-fees": "2.90", "ar": "-100.00"}
    assert entry.lines[-1].party == "Ada Quill"


def test_reserve_held_and_released_is_never_income():
    """Journal table: Dr Reserve; Cr Clearing, and the reverse on release."""
    held = book(fact(Reserve, amount=minor("250.00")))
    assert trial(*held) == {"reserve": "250.00", "clearing": "-250.00"}
    assert trial(*held, *book(fact(Reserve, amount=-minor("250.00")))) == {}


def test_processor_loan_advanced_and_partly_repaid():
    """Journal table: advance Dr Clearing; Cr Loan payable. Repayment Dr Loan payable; Cr Clearing."""
    advanced = book(fact(LoanMovement, amount=minor("5000.00")))
    repaid = book(fact(LoanMovement, amount=-minor("1200.00")))
    assert trial(*advanced, *repaid) == {"clearing": "3800.00", "loan-payable": "-3800.00"}


def test_negative_payout_takes_money_from_the_bank():
    """Journal table: Dr Clearing; Cr In transit, then Dr In transit; Cr Bank."""
    payout = fact(Payout, amount=-minor("80.00"), arrives_on=MARCH, payout_id="po_3")
    (sent,) = book(payout)
    assert lines(sent) == [("in-transit", "", "80.00"), ("clearing", "80.00", "")]
    assert trial(sent, payout_arrival(payout, MARCH, provider="acquirer")) == {"clearing": "80.00", "bank": "-80.00"}


def test_instant_payout_with_its_fee():
    """Journal table: Dr In transit 900.50; Cr Clearing 900.50, and Dr Merchant fees 9.00; Cr Clearing 9.00."""
    payout = fact(Payout, amount=minor("900.50"), fee=minor("9.00"), arrives_on=MARCH)
    assert trial(*book(payout)) == {"in-transit": "900.50", "merchant-fees": "9.00", "clearing": "-909.50"}


def test_returned_payout_never_arrives():
    with pytest.raises(Unbookable):
        payout_arrival(fact(Payout, amount=100, arrives_on=MARCH, stage="returned"), MARCH)


def test_a_payout_in_another_currency_arrives_as_what_was_under_way():
    """500.00 € at 1.0825 with a fee of 5.00 €: Dr In transit 541.25 | arrives Dr Bank 541.25; Cr In transit 541.25 (500.00 €)."""
    rated = {"rate": Decimal("1.0825"), "rate_source": "the acquirer"}
    for amount in ("500.00", "-500.00"):
        payout = fact(Payout, "EUR", amount=minor(amount), fee=minor("5.00"), arrives_on=MARCH, **rated)
        (sent,) = drafts(payout, provider="acquirer", home="USD")
        arrived = payout_arrival(payout, MARCH, provider="acquirer", home="USD")
        assert (arrived.currency, trial(sent, arrived).get("in-transit")) == ("USD", None)
        assert trial(arrived)["bank"] == ("541.25" if amount == "500.00" else "-541.25")
        foreign = {line.role: line.foreign and (line.foreign.amount, line.key) for line in arrived.lines}
        assert foreign == {"bank": None, "in-transit": (50_000, "acquirer EUR")}
    with pytest.raises(Unbookable, match="needs an exchange rate"):
        payout_arrival(fact(Payout, "EUR", amount=100, arrives_on=MARCH), MARCH, home="USD")
    cent = fact(Payout, "EUR", amount=1, arrives_on=MARCH, rate=Decimal("0.1"), rate_source="the acquirer")
    with pytest.raises(Unbookable, match="less than the smallest unit"):
        payout_arrival(cent, MARCH, home="USD")


@pytest.mark.parametrize(
    ("category", "role"),
    [
        ("", "merchant-fees"),
        ("radar", "merchant-fees"),
        ("dispute", "dispute-fees"),
        ("ads", "other-platform-costs"),
        ("shipping_label", "other-platform-costs"),
        ("SUBSCRIPTION_FEE", "other-platform-costs"),
        ("loan fee", "financing-cost"),
        ("automatic taxes", "merchant-fees"),
    ],
)
def test_fee_goes_where_its_category_says(category, role):
    """Journal table, fee and platform cost rows: Dr the cost; Cr Clearing."""
    assert trial(*book(fact(ProcessorFee, amount=700, category=category))) == {role: "7.00", "clearing": "-7.00"}


def test_tax_on_fees_is_input_tax():
    """A row that is all VAT: Dr Input tax 1.40; Cr Clearing 1.40."""
    assert trial(*book(fact(ProcessorFee, amount=0, tax=140, category="tax"))) == {
        "input-tax": "1.40",
        "clearing": "-1.40",
    }


def test_sale_in_march_refunded_in_april():
    """Cut-off: the refund after month end belongs to April; March keeps its full sale."""
    (sale,) = book(fact(Sale, on=date(2026, 3, 31), amount=minor("60.00")))
    (refund,) = book(fact(Refund, on=date(2026, 4, 2), amount=minor("60.00")))
    assert (sale.booked_on.month, refund.booked_on.month) == (3, 4)
    assert trial(sale) == {"clearing": "60.00", "sales": "-60.00"}
