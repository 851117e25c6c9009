"""Amounts of a document in its own currency, where some lines were booked at home only."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.currency import own_amounts

RATE = Decimal("1.085")


def own(nets, told, rate=RATE, currency="EUR"):
    return own_amounts(nets, told, rate, currency=currency, home="USD")


def test_what_was_told_stays_and_the_rest_is_valued():
    assert own([10_850, -10_850], [10_000, None]) == [10_000, -10_000]
    assert own([10_850, -10_000, -850], [10_000, None, None]) == [10_000, -9_217, -783]


def test_what_rounding_leaves_goes_to_the_largest_line_that_was_not_told():
    assert own([109, -73, -36], [100, None, None]) == [100, -67, -33]
    assert own([109, -54, -55], [100, None, None]) == [100, -50, -50]


def test_yen_have_no_cents():
    assert own([650, -650], [None, -1_000], Decimal("0.0065"), "JPY") == [1_000, -1_000]


def test_amounts_that_do_not_balance_or_are_worth_nothing_are_none():
    assert own([100, -100], [92, -91]) is None
    assert own([100, -99, -1], [92, -92, None], Decimal(3)) is None


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=6), st.decimals("0.01", "100", places=6))
def test_they_always_balance(amounts, rate):
    nets = [*(-amount for amount in amounts), sum(amounts)]
    found = own(nets, [None] * len(nets), rate)
    assert found is None or sum(found) == 0
