"""Foreign balances at a month's end: what moves is what the rate says, and it is back the next day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.entry import balances
from ledger.core.period import Month
from ledger.core.revaluing import Position, revaluation

MARCH = Month(2026, 3)
AMOUNTS = st.integers(-(10**9), 10**9)
RATES = st.decimals("0.001", "200", places=6)
POSITIONS = st.lists(
    st.builds(
        Position, st.just(1), st.sampled_from(["clearing", "reserve", "in-transit"]), st.sampled_from(["stripe EUR", "b EUR"]),
        st.just("EUR"), AMOUNTS, AMOUNTS,
    ),
    max_size=4,
    unique_by=lambda one: (one.role, one.key),
)  # fmt: skip


def test_a_euro_balance_carried_at_an_older_rate():
    """IAS 21.28: EUR 1,000.00 carried at 1,080.00 is worth 1,100.00 on March 31.

    Mar 31: Dr clearing 20.00; Cr exchange gain or loss 20.00. Apr 1: the mirror.
    """
    euros = Position(1, "clearing", "stripe EUR", "EUR", 100_000, 108_000)
    there, back = revaluation([euros], "EUR", "USD", Decimal("1.10"), MARCH)
    assert [(line.role, line.key, line.debit, line.credit) for line in there.lines] == [
        ("clearing", "stripe EUR", 2_000, 0),
        ("fx", "", 0, 2_000),
    ]
    assert (there.booked_on, there.reverses_on, back.booked_on) == (
        date(2026, 3, 31),
        date(2026, 4, 1),
        date(2026, 4, 1),
    )
    assert there.lines[0].foreign is not None
    assert there.lines[0].foreign.amount == 0, "the euros stay what they are"


def test_yen_have_no_decimals_and_a_card_that_owes_gains_when_they_fall():
    """JPY 50,000 owed, carried at 350.00, worth 325.00: Dr card 25.00; Cr exchange gain or loss 25.00."""
    card = Position(1, "card", "travel", "JPY", -50_000, -35_000)
    there, _back = revaluation([card], "JPY", "USD", Decimal("0.0065"), MARCH)
    assert [(line.role, line.raw) for line in there.lines] == [("card", 2_500), ("fx", -2_500)]


def test_a_gain_and_a_loss_of_one_size_need_no_exchange_line():
    two = [Position(1, "clearing", "a EUR", "EUR", 100, 90), Position(1, "reserve", "a EUR", "EUR", 100, 110)]
    there, _back = revaluation(two, "EUR", "USD", Decimal(1), MARCH)
    assert [(line.role, line.raw) for line in there.lines] == [("clearing", 10), ("reserve", -10)]


@given(POSITIONS, RATES)
def test_afterwards_each_balance_stands_at_what_it_is_worth(positions, rate):
    entries = revaluation(positions, "EUR", "USD", rate, MARCH)
    moved = {(line.role, line.key): line.raw for line in entries[0].lines} if entries else {}
    for one in positions:
        assert one.carried + moved.get((one.role, one.key), 0) == one.worth("USD", rate)


@given(POSITIONS, RATES)
def test_the_reversal_takes_all_of_it_back(positions, rate):
    entries = revaluation(positions, "EUR", "USD", rate, MARCH)
    assert set(balances(entries).values()) <= {0}
    assert len(entries) in {0, 2}


@given(POSITIONS, RATES)
def test_what_is_worth_what_it_is_carried_at_moves_nothing(positions, rate):
    fair = [
        Position(one.account, one.role, one.key, one.currency, one.foreign, one.worth("USD", rate)) for one in positions
    ]
    assert revaluation(fair, "EUR", "USD", rate, MARCH) == ()
