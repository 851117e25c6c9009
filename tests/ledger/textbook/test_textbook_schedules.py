"""Worked cases: prepaids, depreciation, loans, deferred revenue and accruals.

Pioneer Advertising Agency (chapter 3), Barb's Florists and Wright Company (chapter 9) are of Weygandt, Kimmel and Kieso,
*Accounting Principles*; figures are the book's, to the cent where it rounds to the dollar. Half years and their tables are of
IRS Publication 946, *How to Depreciate Property*.
"""

from __future__ import annotations

from datetime import date

import pytest
from trial import minor

from ledger.core.period import FiscalYear, Month
from ledger.core.schedules import Terms, current_portion, disposal, ended, last_charge, plan, settled
from ledger.core.schedules.loans import usual_payment
from ledger.core.schedules.terms import Step

OCTOBER = date(2026, 10, 1)


def terms(kind, method, amount, starts_on=OCTOBER, **fields):
    return Terms(kind=kind, method=method, amount=minor(amount), starts_on=starts_on, **fields)


def printed(amount):
    return f"{amount / 100:.2f}"


def by_year(rows):
    """What each twelve rows come to."""
    return [printed(sum(row.amount for row in rows[at : at + 12])) for at in range(0, len(rows), 12)]


def test_prepaid_insurance():
    """Pioneer, October 4: $600 for a year from October 1. October 31: Dr Insurance expense 50; Cr Prepaid insurance 50."""
    rows = plan(terms("prepaid", "months", "600", ends_on=date(2027, 9, 30)))
    assert [printed(row.amount) for row in rows] == ["50.00"] * 12
    assert (rows[0].on, printed(rows[0].closing), rows[-1].closing) == (date(2026, 10, 31), "550.00", 0)


def test_depreciation_of_equipment_by_the_month():
    """Pioneer: equipment of $5,000, $480 a year. October 31: Dr Depreciation expense 40; Cr Accumulated depreciation 40."""
    rows = plan(terms("asset", "straight-line", "5,000", months=120, residual=minor("200")))
    assert {printed(row.amount) for row in rows} == {"40.00"}
    assert len(rows) == 120


def test_revenue_earned_from_an_advance():
    """Pioneer: $1,200 received, $400 earned by October 31. Dr Unearned service revenue 400; Cr Service revenue 400."""
    milestones = tuple(Step(date(2026, month, day), minor("400")) for month, day in ((10, 31), (12, 31), (11, 30)))
    rows = plan(terms("deferred", "milestones", "1,200", steps=milestones))
    assert [(printed(row.amount), printed(row.closing)) for row in rows] == [
        ("400.00", "800.00"),
        ("400.00", "400.00"),
        ("400.00", "0.00"),
    ]


def test_note_payable_interest():
    """Pioneer: $5,000 at 12 % for three months: interest of 50 each month, principal at the end."""
    rows = plan(
        terms("loan", "interest-only", "5,000", date(2026, 10, 31), months=3, rate_millionths=120_000),
    )
    assert [(printed(row.interest), printed(row.amount)) for row in rows] == [
        ("50.00", "0.00"),
        ("50.00", "0.00"),
        ("50.00", "5000.00"),
    ]


def test_accrued_salaries_and_their_reversal():
    """Pioneer: $1,200 accrued on October 31; reversed on November 1: Dr Salaries payable 1,200; Cr Salaries expense 1,200."""
    rows = plan(terms("accrual", "once", "1,200", date(2026, 10, 31), ends_on=date(2026, 11, 1)))
    assert [(row.on.isoformat(), printed(row.amount), printed(row.closing)) for row in rows] == [
        ("2026-10-31", "-1200.00", "1200.00"),
        ("2026-11-01", "1200.00", "0.00"),
    ]


TRUCK = {"starts_on": date(2026, 1, 1), "residual": minor("1,000")}


def test_straight_line_truck():
    """Barb's Florists: $13,000, salvage $1,000, five years: $2,400 a year."""
    assert by_year(plan(terms("asset", "straight-line", "13,000", months=60, **TRUCK))) == ["2400.00"] * 5


def test_double_declining_truck():
    """Barb's Florists: 40 % of book value: 5,200, 3,120, 1,872, 1,123, and 685 in the last year, down to the salvage value."""
    rows = plan(terms("asset", "declining", "13,000", months=60, rate_millionths=2_000_000, **TRUCK))
    assert by_year(rows) == ["5200.00", "3120.00", "1872.00", "1123.20", "684.80"]


def test_units_of_activity_truck():
    """Barb's Florists: 100,000 miles at $0.12: 15,000, 30,000, 20,000, 25,000 and 10,000 miles."""
    miles = (15_000, 30_000, 20_000, 25_000, 10_000)
    steps = tuple(Step(date(2026 + year, 12, 31), used) for year, used in enumerate(miles))
    rows = plan(terms("asset", "units", "13,000", units=100_000, steps=steps, **TRUCK))
    assert [printed(row.amount) for row in rows] == ["1800.00", "3600.00", "2400.00", "3000.00", "1200.00"]


def test_a_changed_estimate_is_carried_by_the_years_to_come():
    """Barb's Florists after three years: one year longer, salvage $700: (5,800 − 700) ÷ 3 = $1,700 a year.

    By the month that is 141.66, and the last month takes the rest.
    """
    before = plan(terms("asset", "straight-line", "13,000", months=60, **TRUCK))
    anew = plan(terms("asset", "straight-line", "13,000", months=72, **(TRUCK | {"residual": minor("700")})))
    rows = settled(anew, before, Month(2029, 1), spreads=True)
    assert by_year(rows) == ["2400.00"] * 3 + ["1699.92", "1699.92", "1700.16"]


def by_fiscal_year(rows, start=1):
    sums = {}
    for row in rows:
        year = FiscalYear.of(row.month, start).label
        sums[year] = sums.get(year, 0) + row.amount
    return [printed(amount) for amount in sums.values()]


@pytest.mark.parametrize(
    ("years", "times", "percents"),
    [
        (3, "2", "33.33 44.45 14.81 7.41"),
        (5, "2", "20.00 32.00 19.20 11.52 11.52 5.76"),
        (7, "2", "14.29 24.49 17.49 12.49 8.93 8.92 8.93 4.46"),
        (15, "1.5", "5.00 9.50 8.55 7.70 6.93 6.23 5.90 5.90 5.91 5.90 5.91 5.90 5.91 5.90 5.91 2.95"),
    ],
)
@pytest.mark.parametrize("month", [1, 8, 12])
def test_half_year_convention_by_the_tables(years, times, percents, month):
    """Publication 946, table A-1: 3-, 5-, 7- and 15-year property, whatever the month it is placed in service."""
    rate = round(float(times) * 1_000_000)
    fields = {"months": 12 * years, "rate_millionths": rate, "switches": True, "convention": "half-year"}
    found = by_fiscal_year(plan(terms("asset", "declining", "1,000,000", date(2026, month, 20), **fields)))
    wanted = [float(percent) * 10_000 for percent in percents.split()]
    assert len(found) == len(wanted)
    # The tables are rounded to hundredths of a percent and made to come to 100 %.
    assert max(abs(float(one) - other) for one, other in zip(found, wanted, strict=True)) <= 100


def test_half_year_straight_line():
    """Publication 946, table A-8, five years: 10 %, 20, 20, 20, 20 and 10. A year from October holds three months of March on."""
    fields = {"months": 60, "convention": "half-year", "fiscal_year_start": 10}
    rows = plan(terms("asset", "straight-line", "10,000", date(2027, 7, 3), **fields))
    assert by_fiscal_year(rows, 10) == ["1000.00", *["2000.00"] * 4, "1000.00"]
    assert [printed(row.amount) for row in rows[:4]] == ["333.33", "333.33", "333.34", "166.66"]
    assert (rows[2].month, rows[-1].month) == (Month(2027, 9), Month(2032, 3))


@pytest.mark.parametrize(
    ("convention", "on", "years"),
    [
        ("half-year", date(2028, 2, 10), ["2000.00", "3200.00", "960.00"]),
        ("half-year", date(2028, 11, 10), ["2000.00", "3200.00", "960.00"]),
        ("half-year", date(2026, 9, 10), ["0.00"]),
        ("full-month", date(2027, 2, 10), ["2333.31", "333.33"]),
        ("next-month", date(2027, 2, 10), ["1999.98", "666.66"]),
    ],
)
def test_a_disposal_takes_what_the_convention_says(convention, on, years):
    """Publication 946, "Dispositions": 5-year property of $10,000 sold in its third year takes half of that year's 19.20 %,
    sold in its first year nothing. By the month, the month of the sale is left out unless the month of the start was.
    """
    of = terms(
        "asset", "declining", "10,000", date(2026, 6, 1), months=60, rate_millionths=2_000_000, switches=True,
        convention=convention,
    )  # fmt: skip
    rows = plan(of)
    kept, left = ended(rows, on, charge=last_charge(of, rows, on))
    assert by_fiscal_year(kept) == years
    assert left == minor("10,000") - sum(row.amount for row in kept)


def test_a_disposal_by_the_mid_month_convention():
    """Publication 946, mid-month: $390,000 over 39 years, 833.33 a month, half of it in the first month and in that of the sale."""
    of = terms("asset", "straight-line", "390,000", date(2026, 5, 9), months=468, convention="mid-month")
    rows = plan(of)
    kept, _left = ended(rows, date(2026, 8, 30), charge=last_charge(of, rows, date(2026, 8, 30)))
    assert [printed(row.amount) for row in kept] == ["416.66", "833.33", "833.33", "416.66"]
    assert last_charge(of, rows, date(2026, 5, 30)) == 0


@pytest.mark.parametrize(("proceeds", "gain"), [("16,000", "5000.00"), ("9,000", "-2000.00")])
def test_sale_of_furniture(proceeds, gain):
    """Wright Company sells on July 1: cost 60,000, accumulated 49,000, book value 11,000; gain 5,000 or loss 2,000."""
    rows = plan(terms("asset", "straight-line", "60,000", date(2026, 5, 1), months=60))
    rows = [row for row in rows if row.on <= date(2030, 5, 31)]
    kept, left = ended(rows, date(2030, 6, 1))
    found = disposal(minor("60,000"), kept, date(2030, 6, 1), minor(proceeds))
    assert (left, found.book_value, printed(found.gain)) == (0, minor("11,000"), gain)


def test_annuity_loan():
    """$10,000 at 12 % over twelve months: 888.49 a month; the last payment takes the rounding (888.45).

    Brealey, Myers and Allen's annuity formula; the payment is that of every published amortisation table.
    """
    of = terms("loan", "annuity", "10,000", date(2026, 1, 31), months=12, rate_millionths=120_000)
    rows = plan(of)
    assert printed(usual_payment(of)) == "888.49"
    assert [(printed(row.amount), printed(row.interest)) for row in rows[:2]] == [
        ("788.49", "100.00"),
        ("796.37", "92.12"),
    ]
    assert [row.on.isoformat() for row in rows[:3]] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert rows[-1].closing == 0
    assert abs(rows[-1].payment - minor("888.49")) < 12
    assert current_portion(rows, date(2026, 6, 30)) == rows[5].closing


def test_mortgage_payment():
    """$100,000 at 6 % over thirty years: $599.55 a month, the figure of every mortgage table."""
    assert printed(usual_payment(terms("loan", "annuity", "100,000", months=360, rate_millionths=60_000))) == "599.55"


def test_a_lenders_statement_stands_and_the_rest_follows():
    """The borrower pays 1,000 more principal in February: from March on interest is of what is really owed."""
    said = (Step(date(2026, 2, 28), minor("1,796.37"), minor("92.12")),)
    rows = plan(
        terms("loan", "annuity", "10,000", date(2026, 1, 31), months=12, rate_millionths=120_000, steps=said),
    )
    assert printed(rows[1].closing) == "7415.14"
    assert printed(rows[2].interest) == "74.15"
    assert sum(row.amount for row in rows) == minor("10,000")
