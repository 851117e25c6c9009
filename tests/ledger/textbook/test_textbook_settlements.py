"""Worked cases: settlements that equal the deposit, one split at a month's end, and a balance in another currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from trial import fact, lines, minor, trial

from integrations.records import Order, Payout, ProcessorFee, Refund, Sale, Tax, Tender
from integrations.records.commerce import Goods
from ledger.core.documents import Move, Row, plan, shown
from ledger.core.period import Month
from ledger.core.revaluing import Position, revaluation
from ledger.core.rules import drafts

NAMES: dict[str, int] = {}


def book(record, home="USD"):
    return drafts(record, provider="acquirer", category="processor", home=home)


def settle(*entries, today=date(2026, 12, 31)):
    """The documents of entries by payout: (day, printed lines by role, debit positive)."""
    rows = [
        Row(
            number,
            entry.booked_on,
            "acquirer:1",
            mode="payout",
            payout=f"po_{number}" if entry.purpose == "payout" else "",
        )
        for number, entry in enumerate(entries)
    ]
    printed = []
    for group in plan(rows, today=today).groups:
        moves = [
            Move(NAMES.setdefault(line.role, len(NAMES)), line.raw, line.role == "clearing")
            for number in group.entries
            for line in entries[number].lines
        ]
        names = {number: role for role, number in NAMES.items()}
        document = {}
        for (account, is_debit), amount in shown(moves, settles=group.settles).items():
            document[names[account], "Dr" if is_debit else "Cr"] = f"{Decimal(amount).scaleb(-2):.2f}"
        printed.append((group.day, document))
    return printed


def sent(amount, day):
    return book(fact(Payout, "USD", day, amount=minor(amount), arrives_on=day))[0]


def test_a_settlement_of_a_sale_with_tax_tip_and_a_gift_card_is_the_deposit():
    """A2X's settlement entry: Sale 118.00 of which tax 8.00 and tip 10.00, fee 3.00; refund 20.00; service fee 5.00; paid 90.00.

    Dr In transit 90.00, Dr Merchant fees 3.00, Dr Returns 20.00, Dr Platform costs 5.00;
    Cr Sales 100.00, Cr Sales tax 8.00, Cr Tips payable 10.00. Clearing is at nil and does not show.
    """
    day = date(2026, 3, 2)
    entries = [
        *book(fact(Sale, "USD", day, amount=minor("118.00"), tax=minor("8.00"), tip=minor("10.00"), fee=minor("3.00"))),
        *book(fact(Refund, "USD", day, amount=minor("20.00"))),
        *book(fact(ProcessorFee, "USD", day, amount=minor("5.00"), category="subscription")),
        sent("90.00", date(2026, 3, 4)),
    ]
    assert settle(*entries) == [
        (
            date(2026, 3, 4),
            {
                ("in-transit", "Dr"): "90.00",
                ("merchant-fees", "Dr"): "3.00",
                ("returns", "Dr"): "20.00",
                ("other-platform-costs", "Dr"): "5.00",
                ("sales", "Cr"): "100.00",
                ("sales-tax-payable", "Cr"): "8.00",
                ("tips-payable", "Cr"): "10.00",
            },
        )
    ]


def test_a_settlement_over_a_months_end_is_two_documents_with_the_balance_carried_forward():
    """A2X's split month: Jan 30 sale 200.00, fee 6.00; Feb 2 sale 50.00, fee 2.00; Feb 3 paid 242.00.

    Jan 31: Dr Clearing 194.00, Dr Merchant fees 6.00; Cr Sales 200.00.
    Feb 3:  Dr In transit 242.00, Dr Merchant fees 2.00; Cr Sales 50.00, Cr Clearing 194.00.
    """
    entries = [
        *book(fact(Sale, "USD", date(2026, 1, 30), amount=minor("200.00"), fee=minor("6.00"))),
        *book(fact(Sale, "USD", date(2026, 2, 2), amount=minor("50.00"), fee=minor("2.00"))),
        sent("242.00", date(2026, 2, 3)),
    ]
    carried, settled = settle(*entries)
    assert carried == (
        date(2026, 1, 31),
        {("clearing", "Dr"): "194.00", ("merchant-fees", "Dr"): "6.00", ("sales", "Cr"): "200.00"},
    )
    assert settled == (
        date(2026, 2, 3),
        {
            ("clearing", "Cr"): "194.00",
            ("in-transit", "Dr"): "242.00",
            ("merchant-fees", "Dr"): "2.00",
            ("sales", "Cr"): "50.00",
        },
    )
    assert trial(*entries) == {"in-transit": "242.00", "merchant-fees": "8.00", "sales": "-250.00"}


def test_a_reserve_of_the_settlement_stays_on_clearing():
    """Sale 100.00, of which the processor pays 75.00 and keeps the rest for later: Dr Clearing 25.00 is what it still holds."""
    entries = [*book(fact(Sale, "USD", date(2026, 3, 2), amount=minor("100.00"))), sent("75.00", date(2026, 3, 4))]
    ((_day, document),) = settle(*entries)
    assert document == {("in-transit", "Dr"): "75.00", ("clearing", "Dr"): "25.00", ("sales", "Cr"): "100.00"}


def test_tax_of_two_jurisdictions_and_the_marketplaces_own():
    """Goods 100.00; state tax 6.00 and city tax 1.50 are the seller's, 4.00 the marketplace remits itself.

    Dr Clearing 107.50; Cr Sales 100.00, Cr Sales tax (state) 6.00, Cr Sales tax (city) 1.50; marketplace tax nets to nil.
    """
    taxes = (
        Tax(amount=minor("6.00"), jurisdiction="Ohio"),
        Tax(amount=minor("1.50"), jurisdiction="Akron"),
        Tax(amount=minor("4.00"), jurisdiction="Texas", collected_by_marketplace=True),
    )
    order = fact(Order, amount=minor("107.50"), goods=(Goods(amount=minor("100.00"), product="mug"),), taxes=taxes)
    assert trial(*book(order), keyed=True) == {
        "clearing:acquirer": "107.50",
        "sales:mug": "-100.00",
        "sales-tax-payable:Ohio": "-6.00",
        "sales-tax-payable:Akron": "-1.50",
    }


def test_a_deposit_a_gift_card_and_store_credit_pay_for_one_order():
    """Order 100.00 paid by deposit 40.00, gift card 25.00, store credit 15.00 and card 20.00: what was owed is owed no more."""
    kinds = (("deposit", "40.00"), ("gift_card", "25.00"), ("store_credit", "15.00"), ("processor", "20.00"))
    tenders = tuple(Tender(kind=kind, amount=minor(amount)) for kind, amount in kinds)
    order = fact(Order, amount=minor("100.00"), goods=(Goods(amount=minor("100.00"), product="desk"),), tenders=tenders)
    assert trial(*book(order)) == {
        "customer-deposits": "40.00",
        "gift-card-liability": "25.00",
        "store-credit-liability": "15.00",
        "clearing": "20.00",
        "sales": "-100.00",
    }


def test_euros_held_over_a_months_end_gain_on_paper_and_then_for_real():
    """IAS 21.28: EUR 100.00 sold at 1.08, worth 1.10 at Mar 31, exchanged on Apr 2 at 1.12 by the processor.

    Mar 31: Dr Clearing 2.00; Cr Exchange 2.00. Apr 1: the mirror. What is made real in the end is the whole 4.00, once.
    """
    from integrations.records import Conversion

    (sale,) = book(fact(Sale, "EUR", date(2026, 3, 20), amount=minor("100.00"), rate=Decimal("1.08")))
    held = Position(1, "clearing", "acquirer EUR", "EUR", minor("100.00"), minor("108.00"))
    there, back = revaluation([held], "EUR", "USD", Decimal("1.10"), Month(2026, 3))
    assert lines(there) == [("clearing", "2.00", ""), ("fx", "", "2.00")]
    (exchange,) = book(
        fact(
            Conversion, "USD", date(2026, 4, 2), amount=minor("112.00"), sold_amount=minor("100.00"), sold_currency="EUR",
            carrying_amount=minor("108.00"),
        )
    )  # fmt: skip
    assert trial(sale, there) == {"clearing": "110.00", "sales": "-108.00", "fx": "-2.00"}
    assert trial(sale, there, back, exchange) == {"clearing": "112.00", "sales": "-108.00", "fx": "-4.00"}
