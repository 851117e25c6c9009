"""Amazon's settlement reports, deferred sales, balances and payouts as facts and journals, and the traps of each."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from integrations import tables
from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.amazon import settlement
from integrations.providers.amazon.provider import PROVIDER
from integrations.records import (
    Order,
    OrderRefund,
    Payout,
    Reserve,
    Skipped,
    TaxMovement,
    Unknown,
)
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import (
    CONTRACTS,
    result_table,
)
from tests.integrations.providers.amazon_pages import (
    BACK,
    COLUMNS,
    NUMBER,
    OTHER,
    ROWS,
    SALE,
    SETTLEMENTS,
    facts,
    flat_file,
    lines,
)
from tests.integrations.providers.test_amazon import FACTS


def objects(content):
    return settlement.report_objects(content)


def one(*rows):
    """The facts of a settlement's events, for rows that come to its total."""
    total = sum(round(float(row[3]) * 100) for row in rows)
    return facts(flat_file(rows, total=f"{total / 100:.2f}"))[1:]


# ---- what is booked ------------------------------------------------------------------------------------------------------


def test_a_sale_is_booked_gross_with_its_fees_by_name_and_tax_that_amazon_remits_comes_to_nil():
    """Dr clearing 22.86, discounts 2.80, fees 8.32; Cr sales 27.99, shipping 5.99; marketplace tax 2.80 on both sides."""
    assert lines(one(*[row for row in ROWS if row[0] == SALE])) == [
        ("clearing", "amazon", 2286),
        ("discounts", "Amazon.com", 280),
        ("marketplace-tax", "Amazon.com", 0),
        ("merchant-fees", "Commission", 420),
        ("merchant-fees", "Commission on carriage", 90),
        ("merchant-fees", "FBA Per Unit Fulfillment Fee", 322),
        ("sales", "Amazon.com", -2799),
        ("shipping-income", "Amazon.com", -599),
    ]


def test_a_refund_gives_the_commission_back_and_keeps_its_own():
    """Dr returns 25.19, refund commission 0.84; Cr clearing 21.83, commission 4.20."""
    assert lines(one(*[row for row in ROWS if row[0] == BACK])) == [
        ("clearing", "amazon", -2183),
        ("marketplace-tax", "Amazon.com", 0),
        ("merchant-fees", "Commission", -420),
        ("merchant-fees", "Refund Commission", 84),
        ("returns", "Amazon.com", 2519),
    ]


def test_tax_that_nobody_withheld_is_the_sellers_to_remit():
    assert ("sales-tax-payable", "", -825) in lines(
        one((SALE, "ItemPrice", "Principal", "100.00"), (SALE, "ItemPrice", "Tax", "8.25"))
    )


def test_a_withholding_that_is_not_the_tax_leaves_the_rest_where_it_has_to_be_nil():
    """Never sales tax payable: the marketplace's account shows what Amazon kept otherwise."""
    found = one(
        (SALE, "ItemPrice", "Principal", "10.00"),
        (SALE, "ItemPrice", "Tax", "0.83"),
        (SALE, "ItemWithheldTax", "MarketplaceFacilitatorVAT-Principal", "-0.80"),
    )
    assert [type(fact) for fact in found] == [Order, TaxMovement]
    booked = lines(found)
    assert sum(amount for role, _, amount in booked if role == "marketplace-tax") == -3
    assert sum(amount for role, _, amount in booked if role == "clearing") == 1003


def test_taxes_set_off_against_the_sellers_own_are_recoverable():
    india = (SALE, "ItemWithheldTax", "TDS (Section 194-O)", "-1.00"), (SALE, "ItemWithheldTax", "TCS-IGST", "-0.50")
    assert ("input-tax", "", 150) in lines(one((SALE, "ItemPrice", "Principal", "100.00"), *india))


@pytest.mark.parametrize(
    ("kind", "what", "amount", "role", "key"),
    [
        ("Cost of Advertising", "TransactionTotalAmount", "-20.00", "other-platform-costs", "Advertising"),
        ("CouponRedemptionFee", "Save on goods", "-0.60", "other-platform-costs", "Platform coupons"),
        ("other-transaction", "Storage Fee", "-6.10", "other-platform-costs", "Storage"),
        ("other-transaction", "StorageRenewalBilling", "-6.10", "other-platform-costs", "Storage renewal"),
        ("other-transaction", "Subscription Fee", "-39.99", "other-platform-costs", "Subscription"),
        ("other-transaction", "Shipping label purchase", "-8.00", "other-platform-costs", "Shipping labels"),
        ("other-transaction", "RemovalComplete", "-1.00", "other-platform-costs", "Platform removals"),
        ("other-transaction", "DisposalComplete", "-1.00", "other-platform-costs", "Platform disposals"),
        ("other-transaction", "NonSubscriptionFeeAdj", "1.50", "merchant-fees", "Adjustment of fees"),
        ("other-transaction", "Manual Processing Fee Reimbursement", "3.00", "merchant-fees", "Manual processing"),
        ("FBA Inventory Reimbursement", "REVERSAL_REIMBURSEMENT", "-4.00", "other-income", "inventory reimbursement"),
        ("other-transaction", "SAFE-T Reimbursement", "3.00", "chargeback-losses", ""),
        ("other-transaction", "Current Reserve Amount", "-10.00", "reserve", "amazon"),
        ("other-transaction", "Previous Reserve Amount Balance", "10.00", "reserve", "amazon"),
        ("other-transaction", "Successful charge", "5.27", "card", "amazon"),
    ],
)
def test_a_row_by_itself_is_booked_against_what_it_names(kind, what, amount, role, key):
    minor = round(float(amount) * 100)
    assert lines(one((OTHER, kind, what, amount))) == sorted(
        [("clearing", "amazon", minor), (role, key, -minor)], key=lambda line: line[0]
    )


def test_storage_and_labels_among_the_fees_of_a_sale_are_platform_costs():
    found = one((SALE, "ItemFees", "LongTermStorageFee", "-2.00"), (SALE, "ItemFees", "ShippingChargeback", "-1.00"))
    assert {role for role, _, _ in lines(found)} == {"clearing", "merchant-fees", "other-platform-costs"}


# ---- the total row, and what comes of a settlement -----------------------------------------------------------------------


def test_the_total_row_is_the_payout_and_the_rows_come_to_it():
    first = objects(flat_file())[0]
    assert (first["rows"], first["rows-total"], first["total-amount"]) == (len(ROWS), "87.69", "87.69")
    (payout,) = [fact for fact in facts(flat_file()) if isinstance(fact, Payout) and fact.stage == "sent"]
    assert (payout.payout_id, payout.amount, payout.booked_on) == (NUMBER, 8769, date(2026, 3, 17))
    assert lines([payout]) == [("clearing", "amazon", -8769), ("in-transit", "amazon", 8769)]


def test_rows_that_do_not_come_to_the_total_pay_nothing_and_are_put_before_a_person():
    found = facts(flat_file(total="87.70"))
    assert isinstance(found[0], Unknown)
    assert "difference -1" in found[0].what
    assert len(found) == len(FACTS), "its events are booked all the same"


def test_a_file_without_its_total_row_or_with_two_is_refused():
    content = flat_file()
    cut = b"\n".join([content.splitlines()[0], *content.splitlines()[2:]])
    with pytest.raises(PayloadError, match=f"settlement {NUMBER} has 0 rows"):
        objects(cut)
    with pytest.raises(PayloadError, match="has 2 rows that hold its total"):
        objects(content + content.splitlines()[1])


def test_settlement_dates_printed_on_each_row_change_nothing():
    plain = flat_file().decode().splitlines()
    dates = plain[1].split("\t")[1:6]
    repeated = [
        plain[0],
        plain[1],
        *("\t".join([row.split("\t")[0], *dates, *row.split("\t")[6:]]) for row in plain[2:]),
    ]
    assert objects("\n".join(repeated).encode()) == objects(flat_file())


def test_a_negative_settlement_pays_nothing_and_its_repayment_in_the_next_is_not_booked_again():
    """Clearing after both: −20.00 of the first stands until the second's sales have paid it."""
    short = facts(flat_file([(OTHER, "other-transaction", "Storage Fee", "-20.00")], total="-20.00"))
    assert isinstance(short[0], Skipped)
    rows = (
        (SALE, "ItemPrice", "Principal", "50.00"),
        (OTHER, "other-transaction", "Repayment of negative Amazon balance", "-20.00"),
    )
    after = facts(flat_file(rows, total="30.00", number="11000000002"))
    assert sum(amount for role, _, amount in lines([*short, *after]) if role == "clearing") == 0
    assert [fact.amount for fact in after if isinstance(fact, Payout)] == [3000]


def test_a_negative_settlement_charged_to_the_card_leaves_nothing_either():
    short = facts(flat_file([(OTHER, "other-transaction", "Storage Fee", "-20.00")], total="-20.00"))
    rows = (
        (OTHER, "other-transaction", "Successful charge", "20.00"),
        (OTHER, "other-transaction", "Repayment of negative Amazon balance", "-20.00"),
    )
    after = facts(flat_file(rows, total="0.00", number="11000000002"))
    assert sum(amount for role, _, amount in lines([*short, *after]) if role == "clearing") == 0


def test_a_reserve_and_its_release_in_the_next_settlement_come_to_nil():
    kept = one((OTHER, "other-transaction", "Current Reserve Amount", "-55.00"))
    freed = one((OTHER, "other-transaction", "Previous Reserve Amount Balance", "55.00"))
    assert [fact.amount for fact in (*kept, *freed) if isinstance(fact, Reserve)] == [5500, -5500]
    assert {role for role, _, _ in lines([*kept, *freed])} == {"clearing", "reserve"}


def test_a_total_without_a_deposit_is_put_before_a_person():
    found = facts(flat_file(dates=("2026-03-01 07:00:00 UTC", "2026-03-15 07:00:00 UTC", "")))
    assert isinstance(found[0], Unknown)
    assert "no deposit date" in found[0].what


# ---- rows, dates and numbers ---------------------------------------------------------------------------------------------


def test_an_unknown_row_of_a_sale_stands_beside_it_and_nothing_of_either_is_lost():
    found = one((SALE, "ItemPrice", "Principal", "10.00"), (SALE, "ItemPrice", "SomethingNew", "1.50"))
    assert [(type(fact), fact.amount) for fact in found] == [(Order, 1000), (Unknown, 150)]
    assert "Order / ItemPrice / SomethingNew" in found[1].what


def test_equal_rows_are_two_events_and_the_same_file_twice_gives_the_same():
    twice = flat_file([(OTHER, "other-transaction", "Storage Fee", "-5.00")] * 2, total="-10.00")
    ids = [SETTLEMENTS.identify(Payload.of(raw)) for raw in objects(twice)]
    assert len(set(ids)) == 3
    assert ids == [SETTLEMENTS.identify(Payload.of(raw)) for raw in objects(twice)]


@pytest.mark.parametrize(
    ("day", "moment", "booked"),
    [
        ("2026-03-02", "2026-03-02 06:23:00 UTC", date(2026, 3, 1)),
        ("2026-03-02", "2026-03-02T06:23:00+00:00", date(2026, 3, 1)),
        ("2026-03-02", "2026-03-02T06:23:00Z", date(2026, 3, 1)),
        ("02.03.2026", "02.03.2026 06:23:00 UTC", date(2026, 3, 1)),
        ("2026/03/02", "2026/03/02 15:23:00 JST", date(2026, 3, 1)),
        ("2026-03-02", "", date(2026, 3, 2)),
        ("02.03.2026", "", date(2026, 3, 2)),
    ],
)
def test_dates_are_read_as_reports_print_them_and_a_bare_day_is_not_moved(day, moment, booked):
    (fact,) = facts(flat_file([(OTHER, "other-transaction", "Storage Fee", "-5.00")], total="-5.00", at=(day, moment)))[
        1:
    ]
    assert fact.booked_on == booked


@pytest.mark.parametrize("printed", ["02/03/2026", "3 Mar 2026", "2026-03-02 06:23:00 XST", "2026-02-30", "0000-01-01"])
def test_a_date_nobody_can_tell_for_certain_is_a_named_problem(printed):
    content = flat_file(
        [(OTHER, "other-transaction", "Storage Fee", "-5.00")], total="-5.00", at=("2026-03-02", printed)
    )
    with pytest.raises(PayloadError, match="posted-date-time"):
        facts(content)


def test_a_file_of_europe_has_commas_and_a_file_of_both_is_refused():
    """Its facts are in euros: a foreign currency waits for its rate."""
    german = facts(flat_file(currency="EUR", mark=","))
    assert [fact.amount for fact in german] == [fact.amount for fact in facts(flat_file())]
    thousand = [(OTHER, "other-transaction", "Storage Fee", "-1.234,50")]
    assert facts(flat_file(thousand, total="-1.234,50"))[1].amount == 123450
    with pytest.raises(PayloadError, match=r"line 3, amount: .* comma and with a decimal point"):
        objects(flat_file([(OTHER, "other-transaction", "Storage Fee", "-1,50")], total="-1.50"))
    with pytest.raises(Unbookable, match="EUR needs an exchange rate"):
        drafts(german[1], provider="amazon", category="commerce", home="USD")


def test_several_currencies_are_several_settlements_each_in_its_own():
    yen = flat_file([(SALE, "ItemPrice", "Principal", "2799")], total="2799", currency="JPY", number="11000000003")
    both = flat_file() + b"\n".join(yen.splitlines()[1:])
    found = {fact.currency: fact.amount for fact in facts(both) if isinstance(fact, Payout) and fact.stage == "sent"}
    assert found == {"USD": 8769, "JPY": 2799}


def test_a_month_has_what_was_posted_in_it_whenever_the_settlement_closed():
    rows = [(SALE, "ItemPrice", "Principal", "10.00")]
    content = flat_file(rows, total="10.00", at=("2026-01-31", "2026-02-01 07:59:59 UTC"))
    payout, sale = facts(content)
    assert (sale.booked_on, payout.booked_on) == (date(2026, 1, 31), date(2026, 3, 17))


def test_the_deprecated_first_version_is_no_settlement_we_read():
    path = CONTRACTS / "amazon/samples/settlement-flat-file-v1-head.tsv"
    assert tables.find(path.read_bytes(), path.name, settlement.is_settlement) is None
    with pytest.raises(PayloadError, match="no settlement report V2"):
        objects(path.read_bytes())


@pytest.mark.contracts
def test_every_column_and_word_of_the_schema_is_read_or_put_before_a_person():
    schema = json.loads((CONTRACTS / "amazon/settlement-flat-file-v2.schema.json").read_bytes())
    assert tuple(schema["x-column-order"]) == COLUMNS
    words = schema["x-vocabulary-observed"]
    held = set()
    for kind, descriptions in words["amount-type"].items():
        for what in descriptions or [""]:
            shared = SALE if kind.startswith(("Item", "Promotion")) else OTHER
            held |= {(kind, what)} if isinstance(one((shared, kind, what, "-1.00"))[0], Unknown) else set()
    assert held == set()
    kinds = {kind: one(((kind, *SALE[1:]), "ItemPrice", "Principal", "-1.00"))[0] for kind in words["transaction-type"]}
    assert {kind: type(fact) for kind, fact in kinds.items()} == {
        **dict.fromkeys(("Order", "Order_Retrocharge", "Liquidations"), Order),
        **dict.fromkeys(("Refund", "Chargeback Refund", "A-to-z Guarantee Refund", "Refund_Retrocharge"), OrderRefund),
        **dict.fromkeys(("ServiceFee", "other-transaction"), Unknown),
        "Transfer": Payout,
    }


# ---- published samples ---------------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {said}\n" for name, said in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "amazon.txt").read_text(encoding="utf-8")
