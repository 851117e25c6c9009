"""Amounts become whole minor units exactly, or are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.money import MOST_MINOR, Money, MoneyError, split, to_major, to_minor

WHOLE = st.integers(-MOST_MINOR, MOST_MINOR)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "USD", 1_234),
        ("-30.000", "USD", -3_000),
        ("1200", "JPY", 1_200),
        ("1.234", "KWD", 1_234),
        ("1E+2", "USD", 10_000),
        (7, "usd", 700),
        ("0e-999999999", "USD", 0),
    ],
)
def test_an_amount_is_scaled_by_its_own_currency(amount, currency, minor):
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize("amount", ["1.005", "0.001", "0.01" + "0" * 40 + "1"])
def test_more_decimals_than_the_currency_has_are_refused(amount):
    with pytest.raises(MoneyError, match="decimals"):
        to_minor(amount, "USD")


@pytest.mark.parametrize(("amount", "minor"), [("0.005", 0), ("0.015", 2), ("-0.025", -2)])
def test_rounding_when_asked_for_is_half_to_even(amount, minor):
    assert to_minor(amount, "USD", rounding=True) == minor


@pytest.mark.parametrize("amount", ["", "x", "NaN", "-Infinity", "1e-999999999", "0." + "1" * 200])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(MoneyError):
        to_minor(amount, "USD")


def test_a_float_is_not_money():
    with pytest.raises(MoneyError, match="float"):
        to_minor(1.5, "USD")  # type: ignore[arg-type]


def test_the_largest_amount_the_database_holds_is_the_largest_taken():
    assert to_minor("92233720368547758.07", "USD") == MOST_MINOR
    for amount in ("92233720368547758.08", "-92233720368547758.08", "9" * 5_000, Decimal("1e999999999")):
        with pytest.raises(MoneyError, match="more than a ledger line holds"):
            to_minor(amount, "USD")


def test_a_refusal_shows_no_more_of_an_amount_than_fits_a_line():
    with pytest.raises(MoneyError) as refused:
        to_minor("9" * 5_000, "USD")
    assert len(str(refused.value)) < 100


@given(minor=WHOLE, currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_major_and_back_is_the_same_amount(minor, currency):
    assert to_minor(to_major(minor, currency), currency) == minor


@given(total=WHOLE, weights=st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any))
def test_shares_come_to_the_total_and_none_strays_by_a_unit(total, weights):
    shares = split(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_weights_that_share_nothing_are_refused(weights):
    with pytest.raises(MoneyError):
        split(100, weights)


def test_two_currencies_are_never_added():
    with pytest.raises(MoneyError, match="cannot add"):
        Money(1, "USD") + Money(1, "CAD")


@pytest.mark.parametrize("code", ["", "US", "USDT", "U5D", "ÜSD"])
def test_what_is_no_currency_code_is_refused(code):
    with pytest.raises(MoneyError, match="currency"):
        to_minor("1", code)
