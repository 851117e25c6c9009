"""Worked cases of IRS Publication 15 sections 11 and 14: when employment taxes are due, and which payment paid what."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.core.payroll_deposits import (
    Payment,
    by_month,
    carried,
    futa_dues,
    is_business_day,
    kind_of,
    legal_holidays,
    lookback,
    return_due,
    schedule,
    settle,
)


def dues(days, kind, **more):
    return [(due.liability, due.due_on, due.rule) for due in schedule(days, kind, **more)]


def test_the_lookback_period_decides_the_schedule():
    """Table 1: for 2020 it runs from 1 July 2018 to 30 June 2019; 50,000.00 is still monthly."""
    assert lookback(2020) == ((2018, 3), (2018, 4), (2019, 1), (2019, 2))
    at_limit = dict(zip(lookback(2020), (12_000_00, 12_000_00, 13_000_00, 13_000_00), strict=True))
    assert kind_of(2020, at_limit) == "monthly"
    assert kind_of(2020, at_limit | {(2019, 2): 13_000_01}) == "semiweekly"
    assert kind_of(2020, at_limit, had_next_day=True) == "semiweekly"


def test_a_quarter_that_is_not_known_leaves_the_schedule_open_unless_the_others_decide():
    assert kind_of(2020, {(2018, 3): 1_00}) is None
    assert kind_of(2020, {(2018, 3): 50_000_01}) == "semiweekly"


def test_a_monthly_depositor_deposits_a_months_paydays_by_the_15th():
    """Spruce Co. pays wages each Friday in May 2020 and none in June: one deposit, due June 15."""
    fridays = {date(2020, 5, day): 1_000_00 for day in (1, 8, 15, 22, 29)}
    assert dues(fridays, "monthly", before=9_000_00) == [(5_000_00, date(2020, 6, 15), "monthly")]


def test_a_semiweekly_depositor_has_three_business_days_after_the_period():
    """Green, Inc.: payday Friday, April 24, 2020, due Wednesday, April 29. A Tuesday payday is due on Friday."""
    assert dues({date(2020, 4, 24): 9_000_00}, "semiweekly") == [(9_000_00, date(2020, 4, 29), "semiweekly")]
    assert dues({date(2026, 3, 10): 9_000_00}, "semiweekly") == [(9_000_00, date(2026, 3, 13), "semiweekly")]


def test_a_holiday_in_those_three_days_gives_one_more():
    """Payday Friday, January 16, 2026; Monday is the birthday of Martin Luther King, Jr.: Thursday instead of Wednesday."""
    assert dues({date(2026, 1, 16): 9_000_00}, "semiweekly")[0][1] == date(2026, 1, 22)


def test_a_period_over_a_quarters_end_makes_two_deposits_of_one_day():
    """Monday, September 30 and Tuesday, October 1, 2024 are one semiweekly period of two returns: both due on Friday."""
    found = schedule({date(2024, 9, 30): 4_000_00, date(2024, 10, 1): 5_000_00}, "semiweekly")
    assert [(due.quarter, due.liability, due.due_on) for due in found] == [
        ((2024, 3), 4_000_00, date(2024, 10, 4)),
        ((2024, 4), 5_000_00, date(2024, 10, 4)),
    ]


def test_100_000_of_a_day_are_due_on_the_next_business_day_and_what_follows_counts_anew():
    """Fir Co.: 110,000.00 on Monday are due on Tuesday; Tuesday's 30,000.00 are due on Friday."""
    days = {date(2012, 5, 14): 110_000_00, date(2012, 5, 15): 30_000_00}
    assert dues(days, "semiweekly") == [
        (110_000_00, date(2012, 5, 15), "next day"),
        (30_000_00, date(2012, 5, 18), "semiweekly"),
    ]


def test_a_monthly_depositor_that_accumulates_100_000_becomes_a_semiweekly_one():
    """Elm, Inc.: 40,000.00 on May 4 and 60,000.00 on May 11, 2012: 100,000.00 are due on Monday, May 14."""
    days = {date(2012, 5, 4): 40_000_00, date(2012, 5, 11): 60_000_00, date(2012, 5, 18): 20_000_00}
    assert dues(days, "monthly") == [
        (100_000_00, date(2012, 5, 14), "next day"),
        (20_000_00, date(2012, 5, 23), "semiweekly"),
    ]


def test_less_than_2_500_of_a_quarter_may_be_paid_with_the_return():
    assert dues({date(2026, 2, 13): 2_499_99}, "monthly") == [(2_499_99, date(2026, 4, 30), "with the return")]
    assert dues({date(2026, 2, 13): 2_500_00}, "monthly") == [(2_500_00, date(2026, 3, 16), "monthly")]
    assert dues({date(2026, 2, 13): 2_500_00}, "monthly", before=2_499_99)[0][2] == "with the return"


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 4, 16), False),  # Emancipation Day of the District of Columbia
        (date(2026, 7, 3), False),  # July 4, 2026 is a Saturday
        (date(2021, 12, 31), False),  # January 1, 2022 is a Saturday
        (date(2027, 7, 5), False),  # July 4, 2027 is a Sunday
        (date(2026, 7, 6), True),
    ],
)
def test_deposits_are_due_on_business_days_of_the_district_of_columbia(day, is_open):
    assert is_business_day(day) is is_open
    assert (day in legal_holidays(day.year)) is not is_open


def test_a_return_is_due_at_the_end_of_the_month_after_its_quarter():
    """January 31, 2027 is a Sunday."""
    assert [return_due((2026, number)) for number in (1, 2, 3, 4)] == [
        date(2026, 4, 30), date(2026, 7, 31), date(2026, 11, 2), date(2027, 2, 1),
    ]  # fmt: skip


def test_a_decrease_is_carried_to_the_next_liability():
    """Pine Co.: 2,000.00 a month and 2,500.00 taken back in February: 2,000.00, nil, 1,500.00 (Form 941 line 16)."""
    days = {
        date(2026, 1, 30): 2_000_00,
        date(2026, 2, 6): -2_500_00,
        date(2026, 2, 27): 2_000_00,
        date(2026, 3, 27): 2_000_00,
    }
    assert by_month(days, (2026, 1)) == (2_000_00, 0, 1_500_00)
    assert carried({date(2026, 1, 30): 1_00, date(2026, 2, 6): -2_00}) == {
        date(2026, 1, 30): 1_00,
        date(2026, 2, 6): -2_00,
    }


def test_unemployment_tax_up_to_500_is_carried_to_the_next_quarter():
    """Publication 15 section 14: 300.00 and 300.00 are 600.00, due July 31; 150.00 left go with Form 940."""
    found = futa_dues({(2026, 1): 300_00, (2026, 2): 300_00, (2026, 3): 100_00, (2026, 4): 50_00})
    assert [(due.liability, due.due_on, due.rule) for due in found] == [
        (600_00, date(2026, 7, 31), "quarterly"),
        (150_00, date(2027, 2, 1), "with the return"),
    ]
    assert [due.rule for due in futa_dues({(2026, 4): 500_01})] == ["quarterly"]


def test_a_payment_of_a_pay_day_pays_its_own_period_and_others_the_oldest():
    found = schedule({date(2026, 1, 30): 5_000_00, date(2026, 2, 27): 6_000_00}, "monthly")
    settled, rest = settle(
        found, [Payment(date(2026, 2, 26), 6_000_00, date(2026, 2, 27)), Payment(date(2026, 2, 20), 5_100_00)]
    )
    assert [(one.paid, one.outstanding, one.was_late) for one in settled] == [(5_000_00, 0, True), (6_000_00, 0, False)]
    assert rest == [(1, 100_00)]


def test_what_is_short_is_overdue_from_its_day_on():
    (one,), rest = settle(schedule({date(2026, 1, 30): 5_000_00}, "monthly"), [Payment(date(2026, 2, 10), 4_000_00)])
    assert (one.outstanding, one.is_overdue(date(2026, 2, 17)), one.is_overdue(date(2026, 2, 16)), rest) == (
        1_000_00,
        True,
        False,
        [],
    )


def test_money_that_comes_back_for_a_run_taken_back_leaves_nothing_owed():
    days = {date(2026, 1, 30): 5_000_00, date(2026, 2, 6): -5_000_00}
    paid = [
        Payment(date(2026, 1, 29), 5_000_00, date(2026, 1, 30)),
        Payment(date(2026, 2, 9), -5_000_00, date(2026, 2, 6)),
    ]
    settled, rest = settle(schedule(days, "semiweekly"), paid)
    assert ([one.outstanding for one in settled], rest) == ([0, 0], [])


def test_less_than_a_dollar_need_not_be_paid():
    """Form 941 line 14: fractions of cents leave 0.99 of a deposit open, and nothing is owed."""
    (one,), _ = settle(schedule({date(2026, 1, 30): 5_000_00}, "monthly"), [Payment(date(2026, 2, 10), 4_999_01)])
    assert (one.outstanding, one.is_owed, one.is_overdue(date(2026, 12, 31))) == (99, False, False)
