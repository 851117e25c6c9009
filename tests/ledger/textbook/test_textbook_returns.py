"""Worked cases: Form 941 by quarter and the W-3 of the year from payroll registers (IRS Form 941 and its instructions)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from integrations.records import PayItem, PayrollRun, Payslip
from ledger.core.contractors import contractors
from ledger.core.futa import form_940
from ledger.core.payroll_returns import payroll_year


def tax(wage, rate):
    return (wage * rate + 5_000) // 10_000


def slip(who, gross, *, income=0, benefit=0, taxed=None, social=None, medicare_extra=0):
    """One employee; Social Security and Medicare are taken from ``taxed`` (gross less the benefit unless said)."""
    wage = gross - benefit if taxed is None else taxed
    social = wage if social is None else social
    employee = [
        ("Federal Income Tax", income),
        ("Social Security", tax(social, 620)),
        ("Medicare", tax(wage, 145) + medicare_extra),
    ]
    employer = [("Social Security", tax(social, 620)), ("Medicare", tax(wage, 145)), ("FUTA", 100)]
    return Payslip(
        employee_id=who, employee=who, department="", net_pay=0,
        earnings=(PayItem(name="Regular", amount=gross),),
        employee_taxes=tuple(PayItem(name=name, amount=amount) for name, amount in employee),
        employer_taxes=tuple(PayItem(name=name, amount=amount) for name, amount in employer),
        deductions=(PayItem(name="Health", amount=benefit, kind="benefit"),) if benefit else (),
    )  # fmt: skip


def run(on, *slips, reverses=""):
    return PayrollRun(
        external_id=f"run {on} {reverses}", booked_on=on, currency="USD", period_start=on, period_end=on, kind="regular",
        payslips=slips, reverses=reverses,
    )  # fmt: skip


def test_a_quarter_of_two_employees_makes_the_lines_of_form_941():
    """Two employees of 5,000.00 a month for a quarter, 500.00 income tax each: lines 2, 3, 5a, 5c, 6.

    5a: 30,000.00 x 12.4 % = 3,720.00. 5c: 30,000.00 x 2.9 % = 870.00. 6: 3,000.00 + 3,720.00 + 870.00 = 7,590.00.
    """
    runs = [run(date(2026, month, 28), *(slip(who, 5_000_00, income=500_00) for who in "ab")) for month in (1, 2, 3)]
    first = payroll_year(runs, 2026).quarters[0]
    assert len(first.employees) == 2
    assert first.lines() == {
        "2": 30_000_00, "3": 3_000_00, "5a": 30_000_00, "5a tax": 3_720_00, "5c": 30_000_00, "5c tax": 870_00,
        "5d": 0, "5d tax": 0, "6": 7_590_00, "7": 0, "12": 7_590_00,
    }  # fmt: skip
    assert payroll_year(runs, 2026).quarters[1].lines()["6"] == 0


def test_social_security_stops_at_the_years_base_and_additional_medicare_begins():
    """One employee of 25,000.00 a month in 2026: the base of 184,500.00 is reached in August, 200,000.00 in August too.

    Box 3 is 184,500.00, box 5 is 300,000.00, and 100,000.00 bear the additional 0.9 % (IRS Topic 560).
    """
    runs, earned = [], 0
    for month in range(1, 13):
        social = max(min(25_000_00, 184_500_00 - earned), 0)
        earned += 25_000_00
        extra = tax(max(min(earned - 200_000_00, 25_000_00), 0), 90)
        runs.append(run(date(2026, month, 28), slip("a", 25_000_00, social=social, medicare_extra=extra)))
    year = payroll_year(runs, 2026)
    assert [one.ss_wages for one in year.quarters] == [75_000_00, 75_000_00, 34_500_00, 0]
    assert [one.additional_wages for one in year.quarters] == [0, 0, 25_000_00, 75_000_00]
    assert year.boxes() == {
        "1": 300_000_00, "2": 0, "3": 184_500_00, "4": 11_439_00, "5": 300_000_00, "6": 5_250_00
    }  # fmt: skip
    assert year.from_941s() == year.boxes()


def test_a_benefit_that_is_not_taxed_lowers_the_taxable_wage_and_one_that_is_does_not():
    """Section 125 health (4,700.00 taxed of 5,000.00) and a deferral that only income tax spares (5,000.00 taxed)."""
    spared = payroll_year([run(date(2026, 1, 28), slip("a", 5_000_00, benefit=300_00))], 2026).quarters[0]
    assert (spared.ss_wages, spared.medicare_wages, spared.wages_low, spared.wages_high) == (
        4_700_00, 4_700_00, 4_700_00, 5_000_00,
    )  # fmt: skip
    taxed = payroll_year([run(date(2026, 1, 28), slip("a", 5_000_00, benefit=300_00, taxed=5_000_00))], 2026).quarters[
        0
    ]
    assert (taxed.ss_wages, taxed.medicare_wages, taxed.wages_low) == (5_000_00, 5_000_00, 4_700_00)


def test_of_two_benefits_the_one_that_the_taxes_spare_is_taken_off():
    """5,000.00 less 300.00 of section 125 health are taxed, the 250.00 deferred of a 401(k) too."""
    paid = slip("a", 5_000_00, benefit=300_00)
    both = replace(paid, deductions=(*paid.deductions, PayItem(name="401(k)", amount=250_00, kind="benefit")))
    first = payroll_year([run(date(2026, 1, 28), both)], 2026).quarters[0]
    assert (first.ss_wages, first.medicare_wages, first.wages_low, first.line_7) == (4_700_00, 4_700_00, 4_450_00, 0)


def test_fractions_of_cents_stand_on_line_7():
    """Three slips of 333.33: 6.2 % is 20.67 each (20.666…), so both halves hold 124.02 where line 5a makes 124.00."""
    runs = [run(date(2026, month, 28), slip("a", 333_33)) for month in (1, 2, 3)]
    first = payroll_year(runs, 2026).quarters[0]
    assert (first.ss_employee + first.ss_employer, first.line_5a) == (124_02, 124_00)
    assert first.line_7 == first.line_10 - first.line_6
    assert first.lines()["12"] == first.ss_employee * 2 + first.medicare_employee * 2
    assert not first.is_more_than_fractions
    half = replace(runs[0], payslips=(replace(runs[0].payslips[0], employee_taxes=()),))
    assert payroll_year([half], 2026).quarters[0].is_more_than_fractions


def test_a_reversed_run_takes_its_figures_back():
    paid = run(date(2026, 1, 28), slip("a", 5_000_00, income=500_00))
    back = run(date(2026, 4, 3), slip("a", 5_000_00, income=500_00), reverses="x")
    year = payroll_year([paid, back], 2026)
    assert (year.quarters[0].line_6, year.quarters[1].line_6) == (1_265_00, -1_265_00)
    assert set(year.boxes().values()) == {0}


def whole(name, amount):
    """100.00 of pay with one employer's tax, named as some registers name it."""
    return Payslip(
        employee_id="a", employee="a", department="", net_pay=0, earnings=(PayItem(name="Regular", amount=100_00),),
        employer_taxes=(PayItem(name=name, amount=amount),),
    )  # fmt: skip


def test_a_tax_of_both_halves_is_split_where_the_rates_make_just_its_amount():
    """7.65 % of 100.00 is 7.65: 6.20 of Social Security, 1.45 of Medicare."""
    year = payroll_year([run(date(2026, 1, 28), whole("Social Security and Medicare", 7_65))], 2026)
    first = year.quarters[0]
    assert (first.ss_employer, first.medicare_employer, first.ss_wages, year.unread) == (6_20, 1_45, 100_00, ())


@pytest.mark.parametrize(("name", "amount"), [("Social Security and Medicare", 9_00), ("Employer taxes", 12_00)])
def test_taxes_in_one_figure_that_no_rate_makes_are_named_as_unread(name, amount):
    year = payroll_year([run(date(2026, 1, 28), whole(name, amount))], 2026)
    assert (year.unread, year.quarters[0].line_10) == ((name,), 0)


def test_the_runs_make_the_quarter_and_the_pay_days_its_liability():
    runs = [run(date(2026, month, 28), *(slip(who, 5_000_00, income=500_00) for who in "ab")) for month in (1, 2, 3)]
    year = payroll_year(runs, 2026)
    first = year.quarters[0]
    assert first.days == {date(2026, month, 28): 2_530_00 for month in (1, 2, 3)}
    assert sum(one.line_10 for one in year.runs) == sum(first.days.values()) == first.lines()["12"]
    assert [one.futa_wages for one in year.runs] == [10_000_00, 4_000_00, 0]


def test_three_employees_of_20_000_pay_unemployment_tax_on_7_000_each():
    """Instructions for Schedule A (Form 940), example 1: 60,000.00 paid, 21,000.00 taxed; here 126.00 at 0.6 %.

    In a credit-reduction state of 2.7 % (0.027) line 11 is 567.00, which belongs to the fourth quarter.
    """
    runs = [run(date(2026, month, 15), *(slip(who, 5_000_00) for who in "abc")) for month in (2, 5, 8, 11)]
    form = form_940(payroll_year(runs, 2026))
    assert form.lines() == {
        "3": 60_000_00, "4": 0, "5": 39_000_00, "6": 39_000_00, "7": 21_000_00, "8": 126_00, "12": 126_00,
        "16a": 90_00, "16b": 36_00, "16c": 0, "16d": 0,
    }  # fmt: skip
    reduced = form_940(payroll_year(runs, 2026), {"11": 567_00})
    assert (reduced.line_12, reduced.lines()["16d"]) == (693_00, 567_00)


def test_health_of_section_125_is_exempt_of_unemployment_tax_and_a_deferral_is_not():
    """Form 940 line 4: 300.00 of 5,000.00; a 401(k) deferral that Medicare taxes stays on line 7."""
    spared = form_940(payroll_year([run(date(2026, 1, 28), slip("a", 5_000_00, benefit=300_00))], 2026))
    assert (spared.line_4, spared.line_5, spared.line_7) == (300_00, 0, 4_700_00)
    deferred = payroll_year([run(date(2026, 1, 28), slip("a", 5_000_00, benefit=300_00, taxed=5_000_00))], 2026)
    assert (form_940(deferred).line_4, form_940(deferred).line_7) == (0, 5_000_00)


def test_a_reversed_run_gives_its_room_under_7_000_back():
    runs = [
        run(date(2026, 1, 28), slip("a", 6_000_00)),
        run(date(2026, 2, 2), slip("a", 6_000_00), reverses="x"),
        run(date(2026, 2, 28), slip("a", 6_000_00)),
    ]
    assert [one.futa_wages for one in payroll_year(runs, 2026).runs] == [6_000_00, -6_000_00, 6_000_00]


@pytest.mark.parametrize(
    ("year", "amount", "reported"), [(2025, 600_00, True), (2026, 600_00, False), (2026, 2_000_00, True)]
)
def test_contractors_are_reported_from_the_years_threshold_on(year, amount, reported):
    """IRS instructions for Forms 1099-MISC and 1099-NEC: 600.00 to 2025, 2,000.00 for payments of 2026."""
    (one,) = contractors({"Iris Linnet": amount}, {"Iris Linnet": amount}, year)
    assert (one.reported, one.difference) == (reported, 0)


def test_what_the_books_hold_beside_what_was_paid_is_named_by_payee():
    found = contractors({"Iris Linnet": 900_00}, {"Iris Linnet": 400_00, "Cash paid": 50_00}, 2026)
    assert [(one.name, one.difference) for one in found] == [("Iris Linnet", -500_00), ("Cash paid", 50_00)]


def test_one_paid_by_bill_alone_is_reported_too_and_what_names_nobody_is_not():
    """P.L. 119-21 section 70433: from 2,000.00 paid after December 31, 2025, by whatever way but a card."""
    found = contractors({}, {"Iris Linnet": 2_000_00, "No party": 9_000_00}, 2026)
    assert {one.name: (one.reported, one.amount) for one in found} == {
        "Iris Linnet": (True, 2_000_00), "No party": (False, 9_000_00),
    }  # fmt: skip
