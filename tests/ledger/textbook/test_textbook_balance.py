"""Worked cases: rows of a processor's balance that are neither sale nor payout, and currencies within it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from trial import fact, minor, sides, trial

from integrations.records import (
    BalanceFunding,
    BalancePurchase,
    BankLine,
    Conversion,
    Dispute,
    LoanMovement,
    OwnTransfer,
    ProcessorCredit,
    ProcessorFee,
    RefundFailure,
    Reserve,
    Sale,
    Skipped,
    Tax,
    TaxMovement,
    Unknown,
)
from ledger.core.entry import Foreign
from ledger.core.rules import Unbookable, bank_line_entry, drafts, suspense_entry


def book(record, home="USD"):
    return drafts(record, provider="wallet", category="processor", home=home)


def test_purchase_abroad_on_a_card_leaves_both_clearings_at_nil():
    """Wallet, recorded: T0006 −140.00 USD, T0200 −2870.44 MXN and +140.00 USD, T0700 +2870.44 MXN.

    Dr expense 140.00 USD (2870.44 MXN); the pair moves clearing MXN → USD; Dr Clearing MXN 2870.44; Cr Card liability 2870.44.
    """
    rate = Decimal("140.00") / Decimal("2870.44")
    bought = fact(BalancePurchase, amount=minor("140.00"), supplier="Taller Azul", category="Tools")
    pair = fact(Conversion, amount=minor("140.00"), sold_currency="MXN", sold_amount=minor("2870.44"))
    funded = fact(BalanceFunding, "MXN", amount=minor("2870.44"), funded_by="card", account="visa", rate=rate)
    assert sides(book(bought)[0]) == ["expense[Tools] Dr 140.00", "clearing[wallet] Cr 140.00"]
    assert sides(book(pair)[0]) == ["clearing[wallet] Dr 140.00", "clearing[wallet MXN] Cr 140.00"]
    assert sides(book(funded)[0]) == ["clearing[wallet MXN] Dr 140.00", "card[visa] Cr 140.00"]
    assert [line.foreign for line in book(funded)[0].lines] == [Foreign(287044, "MXN", 48773)] * 2
    assert trial(*book(bought), *book(pair), *book(funded), keyed=True) == {
        "expense:Tools": "140.00",
        "card:visa": "-140.00",
    }


def test_exchange_gained_on_currency_held():
    """Currency conversion: Dr Clearing B (home value at the day's rate); Cr Clearing A (carrying value); difference FX."""
    pair = fact(
        Conversion,
        amount=minor("110.00"),
        sold_currency="EUR",
        sold_amount=minor("100.00"),
        carrying_amount=minor("108.00"),
    )
    assert sides(book(pair)[0]) == ["clearing[wallet] Dr 110.00", "clearing[wallet EUR] Cr 108.00", "fx Cr 2.00"]


def test_home_currency_sold_for_another():
    """The other way: what came is worth what was given, or what the provider's rate says."""
    pair = {"amount": minor("100.00"), "sold_currency": "USD", "sold_amount": minor("110.00")}
    assert sides(book(fact(Conversion, "EUR", **pair))[0]) == [
        "clearing[wallet EUR] Dr 110.00",
        "clearing[wallet] Cr 110.00",
    ]
    rated = book(fact(Conversion, "EUR", **pair, rate=Decimal("1.09")))[0]
    assert sides(rated) == ["clearing[wallet EUR] Dr 109.00", "clearing[wallet] Cr 110.00", "fx Dr 1.00"]


def test_exchange_between_two_foreign_currencies_needs_a_rate():
    pair = fact(Conversion, "EUR", amount=100, sold_currency="GBP", sold_amount=90)
    with pytest.raises(Unbookable, match="EUR needs an exchange rate to USD"):
        book(pair)


def test_shopper_pays_in_another_currency():
    """Book the settlement amount; keep what the shopper saw as memo."""
    (entry,) = book(fact(Sale, amount=minor("53.10"), memo="shopper paid 49.00 EUR"))
    assert (sides(entry), entry.memo) == (["clearing[wallet] Dr 53.10", "sales Cr 53.10"], "shopper paid 49.00 EUR")


def test_foreign_sale_at_the_providers_rate():
    """Sale of 500.00 EUR, fee 7.25 and 1.67 VAT, at 1.0823: each side comes to 541.15, what rounding leaves on the largest."""
    sale = fact(Sale, "EUR", amount=50000, fee=725, fee_tax=167, rate=Decimal("1.0823"), rate_source="processor")
    (entry,) = book(sale)
    assert entry.currency == "USD"
    assert sides(entry) == [
        "clearing[wallet EUR] Dr 531.49",
        "merchant-fees Dr 7.85",
        "input-tax Dr 1.81",
        "sales Cr 541.15",
    ]
    assert entry.lines[0].foreign == Foreign(49108, "EUR", 1_082_300)


def test_yen_have_no_cents():
    """10,000 JPY at 0.00667 are 66.70 USD."""
    (entry,) = book(fact(Sale, "JPY", amount=10_000, rate=Decimal("0.00667")))
    assert sides(entry) == ["clearing[wallet JPY] Dr 66.70", "sales Cr 66.70"]


@pytest.mark.parametrize("rate", ["0", "-1.1", "1e12"])
def test_what_is_no_rate_is_held(rate):
    with pytest.raises(Unbookable, match="no exchange rate"):
        book(fact(Sale, "EUR", amount=100, rate=Decimal(rate)))


def test_money_back_for_a_purchase():
    """T0006 with the other sign: the mirror of the purchase, recoverable tax on its own line."""
    (entry,) = book(fact(BalancePurchase, amount=-minor("119.00"), tax=-minor("19.00"), category="Postage"))
    assert sides(entry) == ["expense[Postage] Cr 100.00", "input-tax Cr 19.00", "clearing[wallet] Dr 119.00"]


def test_bank_funds_the_balance():
    """T03: Dr Clearing; Cr In transit until the bank line shows."""
    (entry,) = book(fact(BalanceFunding, amount=minor("80.00"), funded_by="bank"))
    assert sides(entry) == ["clearing[wallet] Dr 80.00", "in-transit[wallet] Cr 80.00"]


@pytest.mark.parametrize(
    ("to", "account", "line"),
    [
        ("bank", "savings", "bank[savings] Dr 60.00"),
        ("in_transit", "", "in-transit[wallet] Dr 60.00"),
        ("payroll", "paymaster", "net-pay-clearing[paymaster] Dr 60.00"),
        ("card", "visa", "card[visa] Dr 60.00"),
        ("gift_cards", "", "gift-card-liability Dr 60.00"),
    ],
)
def test_transfers_to_own_accounts(to, account, line):
    """Savings, payroll, card repayment, gift card pool: Dr the own account or what it settles; Cr Clearing."""
    (entry,) = book(fact(OwnTransfer, amount=minor("60.00"), to=to, account=account))
    assert sides(entry) == [line, "clearing[wallet] Cr 60.00"]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("seller_protection", "chargeback-losses Cr 20.00"),
        ("fee_waiver", "merchant-fees Cr 20.00"),
        ("inventory_reimbursement", "other-income[inventory reimbursement] Cr 20.00"),
        ("reward", "other-income[reward] Cr 20.00"),
        ("interest", "interest-income[wallet] Cr 20.00"),
        ("platform_fees", "revenue[platform fees] Cr 20.00"),
    ],
)
def test_credits_go_where_their_reason_says(kind, line):
    """Seller protection → Chargeback losses; free processing → Merchant fees; inventory reimbursement → other income;
    application fee of the client's platform → fee income. Dr Clearing.
    """
    (entry,) = book(fact(ProcessorCredit, amount=minor("20.00"), kind=kind))
    assert sides(entry) == ["clearing[wallet] Dr 20.00", line]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("sales", "sales-tax-payable[CA] Cr 4.00"),
        ("marketplace", "marketplace-tax[CA] Cr 4.00"),
        ("duty", "sales-tax-payable[CA] Cr 4.00"),
        ("input", "input-tax Cr 4.00"),
    ],
)
def test_rows_of_tax_alone(kind, line):
    """Import tax, duty, VAT refund, tax withheld on its own row: tax payable, marketplace tax, input tax against clearing."""
    (entry,) = book(fact(TaxMovement, amount=minor("4.00"), kind=kind, jurisdiction="CA"))
    assert sides(entry) == ["clearing[wallet] Dr 4.00", line]


def test_marketplace_tax_on_two_rows_nets_to_nil():
    """Tax + in one row, withheld − in another: nothing is owed."""
    came = fact(TaxMovement, amount=minor("8.00"), kind="marketplace", jurisdiction="WA")
    withheld = fact(TaxMovement, amount=-minor("8.00"), kind="marketplace", jurisdiction="WA")
    assert trial(*book(came), *book(withheld)) == {}


def test_loan_with_its_fee_at_the_grant():
    """Loan advance: Dr Clearing 5000.00, fee part at grant Dr Financing cost 600.00; Cr Loan payable 5600.00."""
    (entry,) = book(fact(LoanMovement, amount=minor("5000.00"), fee=minor("600.00")))
    assert sides(entry) == [
        "clearing[wallet] Dr 5000.00",
        "financing-cost[wallet] Dr 600.00",
        "loan-payable[wallet] Cr 5600.00",
    ]
    repaid = book(fact(LoanMovement, amount=-minor("5600.00")))
    assert trial(entry, *repaid) == {"clearing": "-600.00", "financing-cost": "600.00"}


def test_inquiry_makes_no_entry_and_an_accepted_dispute_is_lost():
    """Inquiry/warning: no entry. Accepted: Dr Chargeback losses; Cr Disputed funds."""
    assert book(fact(Dispute, stage="inquiry", amount=100)) == ()
    (accepted,) = book(fact(Dispute, stage="accepted", amount=minor("100.00")))
    assert sides(accepted) == ["chargeback-losses Dr 100.00", "disputed-funds Cr 100.00"]


def test_dispute_fee_comes_back():
    """Dispute won, fee back: Dr Clearing; Cr Dispute fees."""
    opened = book(fact(Dispute, stage="opened", amount=minor("100.00"), fee=minor("15.00")))
    won = book(fact(Dispute, stage="won", amount=minor("100.00"), fee=minor("15.00")))
    assert trial(*opened, *won) == {}


def test_refund_that_failed_mirrors_all_of_its_lines():
    """Refund failed: reverse the refund journal, tax by jurisdiction and shipping too."""
    failed = fact(
        RefundFailure, amount=minor("116.00"), shipping=minor("5.00"), tip=minor("3.00"), taxes=(Tax(amount=minor("8.00"), jurisdiction="CA"),)
    )  # fmt: skip
    assert sides(book(failed)[0]) == [
        "clearing[wallet] Dr 116.00",
        "returns Cr 100.00",
        "sales-tax-payable[CA] Cr 8.00",
        "shipping-income Cr 5.00",
        "tips-payable Cr 3.00",
    ]


def test_refund_of_an_order_that_failed_waits_for_a_person():
    with pytest.raises(Unbookable, match="order 1001"):
        book(fact(RefundFailure, amount=100, settles_order="1001"))


@pytest.mark.parametrize("category", ["ads", "storage fee", "shipping_label", "subscription"])
def test_costs_of_the_platform(category):
    """Ads, storage, labels, subscription: Dr Other platform costs; Cr Clearing."""
    (entry,) = book(fact(ProcessorFee, amount=minor("9.00"), category=category))
    assert sides(entry) == [f"other-platform-costs[{category}] Dr 9.00", "clearing[wallet] Cr 9.00"]


def test_partner_fee_of_a_merchant_is_part_of_merchant_fees():
    """Application/partner fee, at the merchant: part of Merchant fees."""
    (entry,) = book(fact(ProcessorFee, amount=minor("1.50"), category="application_fee"))
    assert sides(entry) == ["merchant-fees[application_fee] Dr 1.50", "clearing[wallet] Cr 1.50"]


def test_adjustment_by_its_reason():
    """Adjustment, known: by its reason; here money held back."""
    assert sides(book(fact(Reserve, amount=minor("5.00")))[0]) == [
        "reserve[wallet] Dr 5.00",
        "clearing[wallet] Cr 5.00",
    ]


def test_adjustment_nobody_understands():
    """Adjustment, unknown: an open question; in suspense against clearing only when a person says so."""
    row = fact(Unknown, what="ADJUSTMENT without a reason", amount=-minor("7.00"))
    with pytest.raises(Unbookable, match="without a reason"):
        book(row)
    assert sides(suspense_entry(row, provider="wallet")) == ["clearing[wallet] Cr 7.00", "suspense[wallet] Dr 7.00"]
    with pytest.raises(Unbookable):
        suspense_entry(fact(Unknown, what="nil"))


def test_advance_pair_is_skipped_together():
    """Advance pair: nets to nil, both rows skipped together with the reason."""
    assert book(fact(Skipped, reason="advance and its funding net to nil")) == ()


@pytest.mark.parametrize(
    ("role", "amount", "printed"),
    [
        ("ap", "-80.00", ["bank[checking] Cr 80.00", "ap Dr 80.00"]),
        ("ar", "80.00", ["bank[checking] Dr 80.00", "ar Cr 80.00"]),
        ("suspense", "-80.00", ["bank[checking] Cr 80.00", "suspense Dr 80.00"]),
    ],
)
def test_bank_line_that_pays_a_document_or_is_not_understood(role, amount, printed):
    """Bank line matching a bill or invoice: Dr Accounts payable; Cr Bank / Dr Bank; Cr Accounts receivable. Unmatched: Suspense."""
    line = fact(BankLine, account="checking", amount=minor(amount), description="line")
    assert sides(bank_line_entry(line, role)) == printed
