"""Worked cases: shops, marketplaces and tills. The journal table of the processors' and shops' contracts, row by row."""

from __future__ import annotations

import pytest
from trial import fact, lines, minor, sides, trial

from integrations.records import (
    CashCount,
    CashMovement,
    CustomerDeposit,
    CustomerInvoice,
    Fee,
    GiftCard,
    Goods,
    InvoiceLine,
    Order,
    OrderRefund,
    Refund,
    Sale,
    StoreCredit,
    Tax,
    Tender,
)
from ledger.core.rules import Unbookable, breakage_entry, drafts

GOODS = (Goods(amount=minor("100.00"), product="coffee", discount=minor("10.00")),)
REST = {"shipping": minor("5.00"), "taxes": (Tax(amount=minor("8.00"), jurisdiction="CA"),), "tip": minor("3.00")}


def book(record):
    return drafts(record, provider="shop", category="commerce", home="USD")


def order(amount="106.00", goods=GOODS, **fields):
    return fact(Order, **{"amount": minor(amount), "goods": goods, "channel": "online", **REST, **fields})


def test_standard_sale_gross():
    """Sale, gross: goods 100.00, discount 10.00, shipping 5.00, tax 8.00, tip 3.00; the customer pays 106.00.

    Dr Clearing 106.00, Dr Discounts 10.00;
    Cr Sales 100.00, Cr Shipping income 5.00, Cr Sales tax payable 8.00, Cr Tips payable 3.00.
    """
    (entry,) = book(order())
    assert sides(entry) == [
        "clearing[shop] Dr 106.00",
        "discounts[online] Dr 10.00",
        "sales[coffee] Cr 100.00",
        "shipping-income[online] Cr 5.00",
        "sales-tax-payable[CA] Cr 8.00",
        "tips-payable Cr 3.00",
    ]


def test_fee_on_it():
    """Fee on the sale: Dr Merchant fees 3.37; Cr Clearing 3.37 (VAT part of the fee: Dr Input tax)."""
    fees = (Fee(amount=minor("3.37"), tax=minor("0.64")),)
    (entry,) = book(order(fees=fees))
    assert sides(entry)[-3:] == ["merchant-fees Dr 3.37", "input-tax Dr 0.64", "clearing[shop] Cr 4.01"]


def test_processor_alone_knows_no_lines():
    """Processor-only sale: Dr Clearing 97.10, Dr Merchant fees 2.90; Cr Sales 100.00."""
    (entry,) = book(fact(Sale, amount=minor("100.00"), fee=minor("2.90")))
    assert sides(entry) == ["clearing[shop] Dr 97.10", "merchant-fees Dr 2.90", "sales Cr 100.00"]


def test_price_that_includes_its_tax():
    """Tax-inclusive price: Sales = total − tax. 119.00 with 19.00 in it."""
    taxes = (Tax(amount=minor("19.00"), jurisdiction="DE"),)
    (entry,) = book(fact(Sale, amount=minor("119.00"), taxes=taxes))
    assert sides(entry) == ["clearing[shop] Dr 119.00", "sales Cr 100.00", "sales-tax-payable[DE] Cr 19.00"]


@pytest.mark.parametrize("kind", [Order, Sale])
def test_tax_that_the_marketplace_collects_nets_to_nil(kind):
    """Marketplace-collected tax: Cr Marketplace tax 8.00; Dr Marketplace tax 8.00, never Sales tax payable."""
    taxes = (Tax(amount=minor("8.00"), jurisdiction="WA", collected_by_marketplace=True),)
    fields = {"goods": (Goods(amount=minor("100.00")),)} if kind is Order else {}
    (entry,) = book(fact(kind, amount=minor("100.00"), taxes=taxes, **fields))
    shown = [side for side in sides(entry) if side.startswith("marketplace-tax")]
    assert sorted(shown) == ["marketplace-tax[WA] Cr 8.00", "marketplace-tax[WA] Dr 8.00"]
    assert trial(entry) == {"clearing": "100.00", "sales": "-100.00"}


def test_paid_by_cash_and_card_at_the_till():
    """Paid by cash: Dr Cash drawer; Cr as sale. The rest by card: Dr Clearing. The fee is the card's alone."""
    tenders = (
        Tender(kind="cash", amount=minor("40.00"), location="Pier 9"),
        Tender(kind="processor", amount=minor("66.00")),
    )
    sale = fact(Sale, amount=minor("106.00"), tax=minor("8.00"), fee=minor("2.01"), tenders=tenders, location="Pier 9")
    (entry,) = book(sale)
    assert sides(entry) == [
        "cash-drawer[Pier 9] Dr 40.00",
        "clearing[shop] Dr 66.00",
        "clearing[shop] Cr 2.01",
        "merchant-fees Dr 2.01",
        "sales Cr 98.00",
        "sales-tax-payable Cr 8.00",
    ]
    assert {line.department for line in entry.lines if line.role == "sales"} == {"Pier 9"}


@pytest.mark.parametrize(("counted", "printed"), [("498.50", ("Cr", "Dr")), ("501.50", ("Dr", "Cr"))])
def test_drawer_count_difference(counted, printed):
    """Drawer count difference → Cash over/short: 500.00 expected, 1.50 short or over."""
    count = fact(CashCount, location="Pier 9", expected=minor("500.00"), counted=minor(counted))
    (entry,) = book(count)
    assert sides(entry) == [f"cash-drawer[Pier 9] {printed[0]} 1.50", f"cash-over-short[Pier 9] {printed[1]} 1.50"]


def test_drawer_that_agrees_makes_no_entry():
    assert book(fact(CashCount, location="Pier 9", expected=500, counted=500)) == ()


def test_cash_rounding():
    """Rounding → Rounding: 9.98 paid in cash as 10.00 where the smallest coin is five cents."""
    (entry,) = book(
        fact(Order, amount=1000, goods=(Goods(amount=998),), rounding=2, tenders=(Tender(kind="cash", amount=1000),))
    )
    assert sides(entry) == ["cash-drawer Dr 10.00", "sales Cr 9.98", "rounding Cr 0.02"]


def test_a_difference_is_no_rounding():
    with pytest.raises(Unbookable, match="rounding"):
        book(fact(Order, amount=1000, goods=(Goods(amount=900),), rounding=100))


def test_cash_banked_and_cash_spent():
    """Drawer emptied into the bank: a single line waits in In transit. Paid out of the drawer: a cost."""
    (banked,) = book(fact(CashMovement, kind="banked", amount=minor("300.00"), location="Pier 9"))
    (spent,) = book(fact(CashMovement, kind="spent", amount=minor("12.00"), location="Pier 9", category="Cleaning"))
    assert sides(banked) == ["in-transit[cash] Dr 300.00", "cash-drawer[Pier 9] Cr 300.00"]
    assert sides(spent) == ["expense[Cleaning] Dr 12.00", "cash-drawer[Pier 9] Cr 12.00"]


def test_invoice_sent_and_paid_later():
    """Invoice sent, paid later: Dr Accounts receivable; Cr Sales, tax. On charge Dr Clearing; Cr Accounts receivable."""
    taxes = (Tax(amount=minor("8.00"), jurisdiction="CA"),)
    sent = fact(
        CustomerInvoice, customer="Ada Quill", amount=minor("108.00"), number="INV-7", taxes=taxes,
        lines=(InvoiceLine(amount=minor("100.00"), product="coffee"),),
    )  # fmt: skip
    paid = fact(Sale, amount=minor("108.00"), settles_invoice="INV-7", customer="Ada Quill")
    (invoice,), (charge,) = book(sent), book(paid)
    assert sides(invoice) == ["ar Dr 108.00", "sales[coffee] Cr 100.00", "sales-tax-payable[CA] Cr 8.00"]
    assert sides(charge) == ["clearing[shop] Dr 108.00", "ar Cr 108.00"]


def test_deposit_before_delivery():
    """Deposit: Dr Clearing; Cr Customer deposits; on fulfilment Dr Customer deposits; Cr Sales."""
    (taken,) = book(fact(CustomerDeposit, amount=minor("50.00"), customer="Ada Quill"))
    tenders = (Tender(kind="deposit", amount=minor("50.00")),)
    (used,) = book(fact(Order, amount=minor("50.00"), goods=(Goods(amount=minor("50.00")),), tenders=tenders))
    assert sides(taken) == ["clearing[shop] Dr 50.00", "customer-deposits Cr 50.00"]
    assert sides(used) == ["customer-deposits Dr 50.00", "sales Cr 50.00"]


@pytest.mark.parametrize(
    ("into", "account", "line"),
    [
        ("cash-drawer", "Pier 9", "cash-drawer[Pier 9] Dr 50.00"),
        ("gift-card-liability", "", "gift-card-liability Dr 50.00"),
        ("undeposited", "", "undeposited Dr 50.00"),
    ],
)
def test_deposit_taken_at_the_till(into, account, line):
    """Deposit in cash, with a gift card or by cheque: Dr where it went; Cr Customer deposits."""
    (entry,) = book(fact(CustomerDeposit, amount=minor("50.00"), into=into, account=account))
    assert sides(entry) == [line, "customer-deposits Cr 50.00"]


def test_full_refund():
    """Refund, full: Dr Returns 90.00 (net of discount), Dr Sales tax payable 8.00, Dr Shipping income 5.00, Dr Tips payable
    3.00; Cr Clearing 106.00.
    """
    (entry,) = book(fact(OrderRefund, amount=minor("106.00"), goods=GOODS, channel="online", order="1001", **REST))
    assert sorted(sides(entry)) == sorted(
        [
            "returns[coffee] Dr 90.00",
            "sales-tax-payable[CA] Dr 8.00",
            "shipping-income[online] Dr 5.00",
            "tips-payable Dr 3.00",
            "clearing[shop] Cr 106.00",
        ]
    )


def test_refund_without_lines_takes_tax_by_the_orders_proportion():
    """Refund without lines: Dr Returns full, tax by the order's proportion (54.00 of 108.00 with 8.00 tax), for review."""
    refund = fact(Refund, amount=minor("54.00"), tax=minor("4.00"), review="the refund names no lines")
    assert sides(book(refund)[0]) == ["returns Dr 50.00", "sales-tax-payable Dr 4.00", "clearing[shop] Cr 54.00"]


def test_fee_given_back_less_what_the_marketplace_keeps():
    """Fee given back: Dr Clearing; Cr Merchant fees. Amazon: less RefundCommission: Dr Merchant fees; Cr Clearing."""
    fees = (Fee(amount=-minor("15.00"), category="Commission"), Fee(amount=minor("3.00"), category="RefundCommission"))
    goods = (Goods(amount=minor("100.00")),)
    (entry,) = book(fact(OrderRefund, amount=minor("100.00"), goods=goods, fees=fees))
    assert trial(entry, keyed=True) == {
        "returns": "100.00",
        "clearing:shop": "-88.00",
        "merchant-fees:Commission": "-15.00",
        "merchant-fees:RefundCommission": "3.00",
    }


def test_gift_card_sold():
    """Gift card sold: Dr Clearing 25.00; Cr Gift card liability 25.00 (no tax, not revenue). Alone, or among an order's goods."""
    (alone,) = book(fact(GiftCard, stage="sold", amount=minor("25.00"), card="…4411"))
    assert sides(alone) == ["clearing[shop] Dr 25.00", "gift-card-liability Cr 25.00"]
    (among,) = book(
        fact(Order, amount=minor("35.00"), goods=(Goods(amount=minor("10.00")),), gift_cards_sold=minor("25.00"))
    )
    assert sides(among) == ["clearing[shop] Dr 35.00", "sales Cr 10.00", "gift-card-liability Cr 25.00"]


def test_gift_card_redeemed():
    """Gift card redeemed: in the sale Dr Gift card liability 25.00, Dr Clearing rest; Cr Sales."""
    tenders = (
        Tender(kind="gift_card", amount=minor("25.00")),
        Tender(kind="processor", amount=minor("15.00"), name="acquirer"),
    )
    (entry,) = book(fact(Order, amount=minor("40.00"), goods=(Goods(amount=minor("40.00")),), tenders=tenders))
    assert sides(entry) == ["gift-card-liability Dr 25.00", "clearing[acquirer] Dr 15.00", "sales Cr 40.00"]


def test_expired_gift_card_is_a_proposal():
    """Gift card expired (policy!): Dr Gift card liability; Cr breakage income, only once a person approves."""
    expired = fact(GiftCard, stage="expired", amount=minor("25.00"))
    with pytest.raises(Unbookable, match="a person decides"):
        book(expired)
    assert lines(breakage_entry(expired)) == [("gift-card-liability", "25.00", ""), ("breakage-income", "", "25.00")]
    with pytest.raises(Unbookable):
        breakage_entry(fact(GiftCard, stage="sold", amount=1))


def test_store_credit_has_its_own_liability():
    """Store credit: refund to credit Dr Returns; Cr Store credit liability; used like a gift card."""
    tender = (Tender(kind="store_credit", amount=minor("30.00")),)
    goods = (Goods(amount=minor("30.00")),)
    (given,) = book(fact(OrderRefund, amount=minor("30.00"), goods=goods, tenders=tender, customer="Ada Quill"))
    (used,) = book(fact(Order, amount=minor("30.00"), goods=goods, tenders=tender))
    (alone,) = book(fact(StoreCredit, stage="issued", amount=minor("5.00")))
    assert sides(given) == ["returns Dr 30.00", "store-credit-liability Cr 30.00"]
    assert sides(used) == ["store-credit-liability Dr 30.00", "sales Cr 30.00"]
    assert sides(alone) == ["returns Dr 5.00", "store-credit-liability Cr 5.00"]
    expired = fact(StoreCredit, stage="expired", amount=minor("5.00"))
    with pytest.raises(Unbookable, match="a person decides"):
        book(expired)
    assert sides(breakage_entry(expired)) == ["store-credit-liability Dr 5.00", "breakage-income Cr 5.00"]


def test_unpaid_order_is_a_receivable():
    """Shop without a gateway (bank transfer, cheque, on delivery): Accounts receivable until the bank line."""
    tenders = (Tender(kind="on_account", amount=minor("40.00")),)
    (entry,) = book(
        fact(Order, amount=minor("40.00"), goods=(Goods(amount=minor("40.00")),), tenders=tenders, customer="Ada Quill")
    )
    assert sides(entry) == ["ar Dr 40.00", "sales Cr 40.00"]
    assert entry.lines[0].party == "Ada Quill"


def test_order_edit_is_a_signed_delta():
    """An edit that removes goods and gives the money back mirrors that part of the sale."""
    goods = (Goods(amount=-minor("20.00"), product="coffee"),)
    taxes = (Tax(amount=-minor("1.60"), jurisdiction="CA"),)
    (entry,) = book(fact(Order, amount=-minor("21.60"), goods=goods, taxes=taxes, edits="1001"))
    assert sides(entry) == ["clearing[shop] Cr 21.60", "sales[coffee] Dr 20.00", "sales-tax-payable[CA] Dr 1.60"]


def test_revenue_is_booked_once_when_shop_and_processor_both_report_it():
    """Three books, never one: the order earns the income into clearing, the processor's row adds its fee alone."""
    tenders = (Tender(kind="processor", amount=minor("106.00"), name="acquirer", reference="ch_1"),)
    sold = book(order(tenders=tenders))
    charge = fact(Sale, amount=minor("106.00"), fee=minor("3.37"), settles_order="1001")
    charged = drafts(charge, provider="acquirer", category="processor")
    back = fact(Refund, amount=minor("106.00"), fee=-minor("3.37"), settles_order="1001")
    assert sides(charged[0]) == ["merchant-fees Dr 3.37", "clearing[acquirer] Cr 3.37"]
    assert trial(*sold, *charged, keyed=True)["clearing:acquirer"] == "102.63"
    assert sides(drafts(back, provider="acquirer")[0]) == ["merchant-fees Cr 3.37", "clearing[acquirer] Dr 3.37"]


def test_duties_are_owed_like_tax():
    """Import tax and customs duty → tax payable."""
    (entry,) = book(fact(Order, amount=minor("47.00"), goods=(Goods(amount=minor("40.00")),), duties=minor("7.00")))
    assert sides(entry) == ["clearing[shop] Dr 47.00", "sales Cr 40.00", "sales-tax-payable[duties] Cr 7.00"]


@pytest.mark.parametrize(
    "record",
    [
        order(amount="107.00"),
        order(tenders=(Tender(kind="cash", amount=1),)),
        fact(Sale, amount=100, tax=8, taxes=(Tax(amount=9),)),
        fact(Sale, amount=100, tenders=(Tender(kind="gift_card", amount=99),)),
    ],
)
def test_parts_that_do_not_come_to_the_amount_are_held(record):
    with pytest.raises(Unbookable, match="difference"):
        book(record)
