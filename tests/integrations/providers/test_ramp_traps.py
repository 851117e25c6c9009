"""Every trap that Ramp's documentation sets."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from decimal import Decimal

import pytest

from integrations.errors import PayloadError
from integrations.records import (
    BillPayment,
    CardPurchase,
    FundingPull,
    Skipped,
    Unknown,
    VendorBill,
)
from ledger.core.rules import Unbookable
from tests.integrations.providers.ramp_pages import (
    changed,
    facts,
    lines,
    mark,
    page,
)

# ---- traps -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("90.0", "USD", 9000), (90, "JPY", 90), ("1.234", "KWD", 1234), ("0.1", "USD", 10)],
)
def test_plain_amounts_are_major_units_and_those_beside_a_currency_minor(amount, currency, minor):
    told = {
        "amount": {"amount": minor, "currency_code": currency},
        "converted_amount": {"amount": 1, "currency_code": "ZZZ"},
    }
    raw = changed("transactions", amount=Decimal(amount), currency_code=currency, line_items=[told])
    (bought,) = facts("transactions", raw)
    assert (bought.amount, bought.splits[0].amount, bought.currency) == (minor, minor, currency)


def test_more_decimals_than_the_currency_has_are_refused_by_name():
    with pytest.raises(PayloadError, match="amount"):
        facts("transactions", changed("transactions", amount=Decimal("1.005")))


def test_splits_are_read_in_the_money_of_the_purchase_or_wait():
    other = {"amount": {"amount": 8000, "currency_code": "EUR"}}
    raw = changed("transactions", line_items=[other | {"converted_amount": {"amount": 9000, "currency_code": "USD"}}])
    assert facts("transactions", raw)[0].splits[0].amount == 9000
    (held,) = facts("transactions", changed("transactions", line_items=[other]))
    assert "other money" in held.what


def test_a_coding_is_known_by_its_field_whatever_the_option_calls_itself():
    raw = page("transactions")
    raw["transaction"]["accounting_field_selections"][0]["type"] = "Category"
    assert facts("transactions", raw)[0].splits[0].category == "Supplies"


def test_splits_that_do_not_come_to_the_purchase_hold_it():
    with pytest.raises(Unbookable):
        lines("transactions", changed("transactions", 1, amount=Decimal("75.51")))


def test_what_was_spent_abroad_is_kept_beside_what_was_settled():
    (bought,) = facts("transactions", page("transactions", 3))
    assert (bought.amount, bought.spent_amount, bought.spent_currency) == (2725, 2500, "EUR")
    assert bought.merchant == "COBBLE HARDWARE 114"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-03T00:00:00+00:00", date(2026, 3, 3)),  # a calendar day, written as a time
        ("2026-03-03T00:00:00Z", date(2026, 3, 3)),
        ("2026-03-03", date(2026, 3, 3)),
        ("2026-03-03T00:00:00.000", date(2026, 3, 3)),
        ("2026-03-03T01:30:00+00:00", date(2026, 3, 2)),  # evening of the day before in California
        ("2026-03-03T01:30:00", date(2026, 3, 2)),  # no zone: UTC
        ("2026-03-03T23:30:00-08:00", date(2026, 3, 3)),
    ],
)
def test_days_are_the_clients_and_a_midnight_is_the_day_it_says(written, day):
    assert facts("transactions", changed("transactions", settlement_date=written))[0].booked_on == day


def test_the_day_of_settlement_counts_and_not_the_accounting_date_of_a_preference():
    raw = changed("transactions", accounting_date="2026-02-27T00:00:00+00:00")
    assert facts("transactions", raw)[0].booked_on == date(2026, 3, 3)
    (bill, *_) = facts("bills", page("bills"))
    assert bill.booked_on == date(2026, 3, 2)  # not the invoice's own date, which Ramp's accounting date replaces


def test_a_dispute_books_nothing_and_one_of_a_new_kind_is_shown():
    bought, known, unknown = facts("transactions", page("transactions", 7))
    assert [type(one) for one in (bought, known, unknown)] == [CardPurchase, Skipped, Unknown]
    assert "SOMETHING_NEW" in unknown.what


def test_receipts_are_evidence_of_their_purchase():
    (bought,) = facts("transactions", page("transactions"))
    (kept,) = facts("receipts", page("receipts"))
    assert [one.id for one in bought.support] == [kept.external_id] == [mark("f3", 1)]
    file = page("receipts")["file"]
    assert hashlib.sha256(base64.b64decode(file["content"])).hexdigest() == file["sha256"]
    (missing,) = facts("receipts", page("receipts", 1))
    assert isinstance(missing, Unknown)


def test_stock_counts_only_where_the_bill_is_both():
    (bill,) = facts("bills", page("bills", 1))
    assert [(split.category, split.amount) for split in bill.splits] == [("Equipment Hire", 15000), ("Stock", 25000)]
    raw = page("bills", 1) | {"amount": {"amount": 15000, "currency_code": "USD"}}
    assert [split.amount for split in facts("bills", raw)[0].splits] == [15000]
    (held,) = facts("bills", raw | {"amount": {"amount": 1, "currency_code": "USD"}})
    assert "lines" in held.what


def test_a_payment_takes_money_once_begun_and_pays_the_bill_once_made():
    _, waits = facts("bills", page("bills", 2))
    assert isinstance(waits, Skipped)
    begun = page("bills", 2)
    begun["payment"]["effective_date"] = "2026-03-30T00:00:00+00:00"
    assert [type(fact) for fact in facts("bills", begun)] == [VendorBill, FundingPull]
    made = begun | {"status": "PAID", "paid_at": "2026-04-02T17:00:00+00:00"}
    _, paid, pulled = facts("bills", made)
    assert (pulled.booked_on, paid.booked_on) == (date(2026, 3, 30), date(2026, 4, 2))


def test_what_is_undone_is_no_longer_said():
    archived = page("bills") | {"archived_at": "2026-03-05T10:00:00+00:00", "status": "OPEN"}
    for name, raw in (("bills", archived), ("reimbursements", changed("reimbursements", state="CANCELED"))):
        assert [type(fact) for fact in facts(name, raw)] == [Skipped], name
    cost, matched = changed("transactions", 8), page("transactions", 8)
    del cost["bill"]
    assert {type(fact) for raw in (cost, matched) for fact in facts("transactions", raw)} == {CardPurchase, BillPayment}
    assert facts("transactions", cost)[0].external_id != facts("transactions", matched)[0].external_id


def test_a_foreign_bill_has_ramps_rate_and_its_payment_in_dollars_waits():
    bill, paid = facts("bills", page("bills", 11))
    assert (bill.currency, bill.rate, bill.rate_source) == ("EUR", Decimal("1.0842"), "Ramp")
    assert (type(paid), paid.currency, paid.amount) == (Unknown, "USD", 54210)


def test_a_card_paid_bill_without_its_transaction_waits_for_a_person():
    raw = page("bills", 3)
    raw["payment"]["details"]["transaction_ids"] = []
    assert isinstance(facts("bills", raw)[1], Unknown)


def test_a_claim_in_other_money_is_paid_in_the_payers():
    report, paid = facts("reimbursements", page("reimbursements", 10))
    assert ([line.amount for line in report.lines], paid.amount, report.currency) == ([5421], 5421, "USD")


@pytest.mark.parametrize(
    ("index", "fields", "said"),
    [
        (9, {}, "direction"),
        (11, {}, "other money"),
        (6, {"amount": Decimal("81.00")}, "come to its amount"),
        (0, {"amount": Decimal("-1.00")}, "less than nothing"),
    ],
)
def test_a_reimbursement_that_is_not_plain_waits_for_a_person(index, fields, said):
    (held,) = facts("reimbursements", changed("reimbursements", index, **fields))
    assert isinstance(held, Unknown)
    assert said in held.what


def test_one_entity_of_several_has_its_own_part_of_a_statement():
    raw = page("statements")
    part = raw["statement"]["balance_sections"][0]
    for name, amount in (
        ("opening_balance", 0),
        ("charges", 7000),
        ("credits", 0),
        ("payments", 0),
        ("ending_balance", 7000),
    ):
        part[name] = {"amount": amount, "currency_code": "USD"}
    raw |= {"entity_id": part["entity_id"], "listed": {"charges": 7000, "refunds": 0, "count": 1}}
    assert [getattr(fact, "closing", 0) or fact.amount for fact in facts("statements", raw)] == [7000, 7000]
