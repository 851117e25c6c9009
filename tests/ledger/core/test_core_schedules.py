"""Schedules keep their sums whatever the terms, and closed months whatever changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.period import FiscalYear, Month
from ledger.core.schedules import ScheduleError, Terms, ended, last_charge, plan, problems, settled
from ledger.core.schedules.terms import Step

AMOUNTS = st.integers(1, 10**9)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@st.composite
def spreads(draw):
    starts_on = draw(DAYS)
    method, kind = draw(st.sampled_from(["months", "days"])), draw(st.sampled_from(["prepaid", "deferred"]))
    ends_on = starts_on + timedelta(days=draw(st.integers(0, 1500)))
    return Terms(kind=kind, method=method, amount=draw(AMOUNTS), starts_on=starts_on, ends_on=ends_on)


@st.composite
def assets(draw):
    amount, method = draw(st.integers(2, 10**9)), draw(st.sampled_from(["straight-line", "declining"]))
    conventions = ["full-month", "next-month", "half-year"] + (["mid-month"] if method == "straight-line" else [])
    return Terms(
        kind="asset",
        method=method,
        amount=amount,
        starts_on=draw(DAYS),
        months=draw(st.integers(1, 130)),
        residual=draw(st.integers(0, amount - 1)),
        rate_millionths=draw(st.integers(1_000_000, 3_000_000)),
        convention=draw(st.sampled_from(conventions)),
        switches=draw(st.booleans()),
        fiscal_year_start=draw(st.integers(1, 12)),
    )


@st.composite
def loans(draw):
    amount = draw(st.integers(10_000, 10**9))
    return Terms(
        kind="loan",
        method=draw(st.sampled_from(["annuity", "fixed-principal", "interest-only"])),
        amount=amount,
        starts_on=draw(DAYS),
        months=draw(st.integers(1, 120)),
        rate_millionths=draw(st.integers(0, 250_000)),
        residual=draw(st.integers(0, amount // 2)),
    )


ANY = st.one_of(spreads(), assets(), loans())


@given(ANY)
def test_the_rows_come_to_the_total_and_never_below_nil(terms):
    rows = plan(terms)
    assert sum(row.amount for row in rows) == terms.total
    assert all(row.amount >= 0 and row.interest >= 0 and row.closing >= 0 for row in rows)
    assert not rows or rows[-1].closing == 0
    assert [row.on for row in rows] == sorted({row.on for row in rows})
    assert len({row.month for row in rows}) == len(rows)


@given(spreads())
def test_equal_months_differ_by_their_rounding_only(terms):
    rows = plan(terms)
    if terms.method == "months" and len(rows) > 1:
        assert {row.amount for row in rows[:-1]} == {rows[0].amount}
        assert 0 <= rows[-1].amount - rows[0].amount < len(rows)


@given(ANY, ANY, st.integers(0, 60), st.booleans())
def test_what_closed_months_hold_stays_and_the_sum_is_that_of_the_new_terms(before, after, months, carries):
    held = plan(before)
    first_open = Month.of(before.starts_on).shift(months)
    rows = settled(plan(after), held, first_open, spreads=carries)
    assert [(row.on, row.amount) for row in rows if row.month < first_open] == [
        (row.on, row.amount) for row in held if row.month < first_open
    ]
    assert sum(row.amount for row in rows) == after.total
    assert all(row.month == first_open for row in rows if row.catch_up)


@given(ANY, st.integers(0, 60))
def test_the_same_terms_change_nothing(terms, months):
    rows = plan(terms)
    assert settled(rows, rows, Month.of(terms.starts_on).shift(months)) == rows


@given(assets())
def test_half_a_year_is_taken_in_the_first_and_each_later_year_but_the_last_is_whole(terms):
    terms = replace(terms, convention="half-year", method="straight-line")
    first = FiscalYear.of(Month.of(terms.starts_on), terms.fiscal_year_start)
    years: dict[FiscalYear, int] = {}
    for row in plan(terms):
        year = FiscalYear.of(row.month, terms.fiscal_year_start)
        years[year] = years.get(year, 0) + row.amount
        assert row.month >= Month.of(terms.starts_on)
    off = {
        at: abs(years.get(FiscalYear(first.first.shift(12 * at)), 0) * terms.months - terms.total * worth)
        for at, worth in enumerate([min(6, terms.months), *[12] * ((terms.months - 6) // 12)])
    }
    assert all(each <= terms.months for each in off.values())
    assert max(years, default=first) <= FiscalYear(first.first.shift(12 * ((terms.months + 17) // 12 - 1)))


@given(ANY, st.integers(0, 40))
def test_what_leaves_and_what_was_booked_are_the_whole(terms, months):
    rows, on = plan(terms), Month.of(terms.starts_on).shift(months).last
    charge = last_charge(terms, rows, on) if terms.kind == "asset" else 0
    kept, left = ended(rows, on, charge=charge)
    assert left >= 0
    assert len({row.month for row in kept}) == len(kept)
    assert not kept or kept[-1].closing == left
    assert sum(row.amount for row in kept) + left == terms.total
    assert sum(row.amount for row in kept) + left == terms.total


@pytest.mark.parametrize(
    ("starts", "ends", "count"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), 12),
        (date(2026, 1, 15), date(2027, 1, 14), 12),
        (date(2026, 1, 20), date(2027, 1, 19), 12),
        (date(2026, 1, 20), date(2026, 1, 25), 1),
        (date(2026, 1, 16), date(2026, 2, 14), 1),
    ],
)
def test_which_months_count(starts, ends, count):
    rows = plan(Terms(kind="prepaid", method="months", amount=12_000, starts_on=starts, ends_on=ends))
    assert len(rows) == count


def test_a_late_item_catches_up_in_the_first_open_month():
    rows = plan(
        Terms(kind="prepaid", method="months", amount=12_000, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    )
    late = settled(rows, [], Month(2026, 4))
    assert [(row.month, row.amount, row.catch_up) for row in late[:2]] == [
        (Month(2026, 4), 4_000, 3_000),
        (Month(2026, 5), 1_000, 0),
    ]


def test_an_item_that_ran_out_lands_in_the_first_open_month_whole():
    rows = plan(
        Terms(kind="prepaid", method="days", amount=500, starts_on=date(2025, 11, 1), ends_on=date(2025, 12, 31))
    )
    assert [(row.on, row.amount, row.catch_up) for row in settled(rows, [], Month(2026, 2))] == [
        (date(2026, 2, 28), 500, 500)
    ]


def made(kind="prepaid", method="months", amount=100, **fields):
    given_ = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), **fields}
    return Terms(kind=kind, method=method, amount=amount, **given_)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (made(amount=0), "amount"),
        (made(method="annuity"), "method"),
        (made(ends_on=None), "ends_on"),
        (made(ends_on=date(2025, 12, 31)), "ends_on"),
        (made(ends_on=date(2226, 12, 31)), "ends_on"),
        (made(residual=10), "residual"),
        (made("asset", "straight-line", months=0), "months"),
        (made("asset", "straight-line", months=12, residual=100), "residual"),
        (made("asset", "declining", months=12, rate_millionths=2), "rate"),
        (made("asset", "declining", months=12, rate_millionths=2_000_000, convention="mid-month"), "convention"),
        (made("asset", "straight-line", months=12, convention="never"), "convention"),
        (made("asset", "units"), "units"),
        (made("loan", "annuity", months=12, rate_millionths=1_000_000), "rate"),
        (made("deferred", "milestones", steps=(Step(date(2026, 2, 1), 99),)), "steps"),
        (made("deferred", "milestones", steps=(Step(date(2025, 2, 1), 100),)), "steps"),
        (made("loan", "annuity", months=2, steps=(Step(date(2026, 2, 1), -1),)), "steps"),
        (made("accrual", "once", ends_on=date(2026, 1, 1)), "ends_on"),
    ],
)
def test_terms_that_do_not_hold_name_their_field(terms, field):
    assert set(problems(terms)) == {field}
    with pytest.raises(ScheduleError) as refused:
        plan(terms)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"payment": 5}, "payment"),
        ({"steps": (Step(date(2026, 1, 1), 200_000),)}, "steps"),
        ({"steps": (Step(date(2026, 3, 1), 10),)}, "months"),
    ],
)
def test_a_loan_that_is_never_repaid_is_refused(fields, field):
    terms = made("loan", "annuity", 100_000, ends_on=None, months=3, rate_millionths=120_000, **fields)
    with pytest.raises(ScheduleError) as refused:
        plan(terms)
    assert refused.value.field == field
