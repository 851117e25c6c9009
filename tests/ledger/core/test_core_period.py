"""Months, fiscal years and business days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.period import (
    FiscalYear,
    Month,
    add_business_days,
    bank_holidays,
    business_days_between,
    due_on,
    quarter,
    weekdays_between,
)

MONTHS = st.builds(Month, st.integers(1990, 2100), st.integers(1, 12))


@given(MONTHS, st.integers(-600, 600))
def test_shifting_there_and_back_is_the_same_month(month, steps):
    assert month.shift(steps).shift(-steps) == month


@given(MONTHS)
def test_text_round_trip(month):
    assert Month.parse(str(month)) == month


@given(MONTHS)
def test_next_month_begins_the_day_after(month):
    assert (month.next.first - month.last).days == 1
    assert len(list(month.days())) == month.last.day


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "26-03", "2026/03", "2026-03-01", "", "٢٠٢٦-٠٣", "2026-00"])
def test_other_texts_are_no_month(text):
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


def test_month_contains_its_days_only():
    assert date(2024, 2, 29) in Month(2024, 2)
    assert date(2024, 3, 1) not in Month(2024, 2)


def test_fiscal_year_that_starts_in_july_is_named_by_its_end():
    year = FiscalYear.of(Month(2026, 3), 7)
    assert (year.first, year.last, year.label) == (Month(2025, 7), Month(2026, 6), "FY2026")
    assert year.quarter_of(Month(2026, 3)) == 3


@given(MONTHS, st.integers(1, 12))
def test_every_month_lies_in_its_fiscal_year(month, start):
    assert month in FiscalYear.of(month, start).months()


def test_quarter_of_payroll_returns():
    assert quarter(Month(2026, 5)) == (Month(2026, 4), Month(2026, 6))


def test_bank_holidays_of_2026():
    """Federal Reserve schedule 2026: 4 July is a Saturday and is not moved."""
    assert date(2026, 11, 26) in bank_holidays(2026)
    assert date(2026, 5, 25) in bank_holidays(2026)
    assert date(2026, 7, 3) not in bank_holidays(2026)


def test_sunday_holiday_is_kept_on_monday():
    assert date(2023, 1, 2) in bank_holidays(2023)


def test_close_is_due_after_business_days():
    assert due_on(Month(2025, 12), 5) == date(2026, 1, 8)


def test_business_days_backwards():
    assert add_business_days(date(2026, 3, 16), -1) == date(2026, 3, 13)


def test_days_between_count_both_ends():
    assert business_days_between(date(2026, 1, 1), date(2026, 1, 2)) == 1
    assert weekdays_between(date(2026, 3, 23), date(2026, 4, 3)) == 10
    assert weekdays_between(date(2026, 3, 24), date(2026, 3, 23)) == 0
