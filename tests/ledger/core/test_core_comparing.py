"""Periods, what they are compared with, and what is said of months without data."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.core import comparing, sheets
from ledger.core.accounts import Account
from ledger.core.comparing import Span
from ledger.core.period import Month
from ledger.core.statements import Books, month_column

MARCH = Month(2026, 3)
Q1 = Span(Month(2026, 1), MARCH)
DAYS = Span(date(2026, 3, 10), date(2026, 4, 15))


def test_prior_period_is_as_long_and_ends_the_day_before():
    assert comparing.prior(Span(MARCH, MARCH)) == (Month(2026, 2), Month(2026, 2))
    assert comparing.prior(Q1) == (Month(2025, 10), Month(2025, 12))
    assert comparing.prior(DAYS) == (date(2026, 2, 1), date(2026, 3, 9))


def test_a_year_earlier_keeps_to_the_month():
    assert comparing.year_earlier(Q1) == (Month(2025, 1), Month(2025, 3))
    assert comparing.year_earlier(Span(date(2028, 2, 10), date(2028, 2, 29))).last == date(2027, 2, 28)


def test_year_to_date_begins_with_the_fiscal_year():
    assert comparing.year_to_date(Span(MARCH, MARCH), 7) == (Month(2025, 7), MARCH)
    assert comparing.trailing_year(Span(MARCH, MARCH)) == (Month(2025, 4), MARCH)
    assert comparing.trailing_year(DAYS) == (date(2025, 4, 16), date(2026, 4, 15))


def test_days_that_are_whole_months_are_months():
    assert comparing.span_of_days(date(2026, 1, 1), date(2026, 3, 31)) == Q1
    assert comparing.span_of_days(date(2026, 1, 1), date(2026, 3, 30)).is_whole is False


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2016-03-01", "2026-03-01")])
def test_a_period_out_of_order_or_too_long_is_refused(first, last):
    with pytest.raises(ValueError, match=r"day|ten years"):
        comparing.span_of_days(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("span", "label"),
    [
        (Span(MARCH, MARCH), "Mar 2026"),
        (Q1, "Jan to Mar 2026"),
        (Span(Month(2025, 12), MARCH), "Dec 2025 to Mar 2026"),
        (DAYS, "Mar 10 to Apr 15, 2026"),
    ],
)
def test_a_period_is_named_as_people_say_it(span, label):
    assert span.label == label


def test_a_statement_shows_only_the_comparisons_it_knows():
    asked = ["budget", "ytd", "prior-month", "moon"]
    assert comparing.columns("pl", Q1, asked)[1] == ["", "prior-month", "budget", "ytd"]
    made, names = comparing.columns("bs", Q1, asked)
    assert names == ["", "prior-month"]
    assert [column.label for column in made] == ["Mar 31, 2026", "Dec 31, 2025"]


def test_columns_by_month_keep_the_days_of_the_ends():
    made = comparing.by_month("pl", DAYS)
    assert [(column.first, column.last) for column in made] == [
        (date(2026, 3, 10), MARCH),
        (Month(2026, 4), date(2026, 4, 15)),
        (date(2026, 3, 10), date(2026, 4, 15)),
    ]
    assert [column.label for column in comparing.by_month("bs", Q1)] == ["Jan 31, 2026", "Feb 28, 2026", "Mar 31, 2026"]
    assert comparing.edges(made) == [date(2026, 3, 9), date(2026, 4, 15)]


ACCOUNTS = (
    Account(key="1", name="Bank", type="asset", is_cash=True),
    Account(key="2", name="Fees", type="income"),
    Account(key="3", name="Rent", type="expense"),
    Account(key="4", name="Goods", type="expense", group="cost-of-goods-sold"),
)


def books(**months):
    return Books(
        accounts=ACCOUNTS,
        activity={
            Month(2026, int(name[1:])): {key: (max(raw, 0), max(-raw, 0)) for key, raw in rows.items()}
            for name, rows in months.items()
        },
    )


COMPANY = books(m1={"1": 900, "2": -1000, "3": 100}, m3={"1": 500, "2": -900, "3": 300, "4": 100})


def test_months_without_data_are_named():
    made, _names = comparing.columns("pl", Q1, ["prior-year"])
    assert comparing.without_data(COMPANY, made) == [
        "Jan to Mar 2025: before the books begin in January 2026.",
        "Nothing is booked in February 2026.",
    ]
    assert comparing.without_data(COMPANY, [month_column(MARCH)]) == []
    assert comparing.without_data(books(), made) == []


def test_more_cost_is_unfavourable_and_more_income_favourable():
    made, _names = comparing.columns("pl", Span(MARCH, MARCH), ["prior-year", "budget"])
    budget = books(m3={"2": -800, "3": 250})
    made[2] = made[2]._replace(books=budget)
    sheet = sheets.profit_and_loss(COMPANY, made, sheets.Wish(frozenset({2})))
    said = {line.label: line.cells[3] for line in sheet.lines if line.cells}
    assert (said["Fees"].amount, said["Fees"].is_good) == (100, True)
    assert (said["Rent"].amount, said["Rent"].is_good) == (50, False)
    assert (said["Net income"].amount, said["Net income"].is_good) == (-50, False)


def test_shares_are_of_each_columns_own_income():
    made, _names = comparing.columns("pl", Span(MARCH, MARCH), ["ytd"])
    sheet = sheets.profit_and_loss(COMPANY, made, sheets.Wish(shares=True))
    assert [head.label for head in sheet.heads] == ["Mar 2026", "% income", "Year to date", "% income"]
    rent = next(line for line in sheet.lines if line.label == "Rent")
    assert [cell.amount for cell in rent.cells] == [300, 3333, 400, 2105]


@pytest.mark.parametrize("make", [sheets.profit_and_loss, sheets.balance_sheet, sheets.cash_flow, sheets.trial_balance])
def test_every_total_is_the_sum_of_the_lines_it_names(make):
    made, _names = comparing.columns("pl", Span(MARCH, MARCH), ["prior-month"])
    sheet = make(COMPANY, made, sheets.Wish(frozenset({1})))
    totals = [line for line in sheet.lines if line.style in ("sub", "tot")]
    assert totals
    for line in totals:
        for at, head in enumerate(sheet.heads):
            if head.kind == "figure":
                assert (
                    sum(sign * (sheet.lines[place].cells[at].amount or 0) for sign, place in line.adds)
                    == line.cells[at].amount
                )
    assert sheet.proof is None or sheet.proof.difference == 0


def test_the_general_ledger_leads_from_opening_to_closing():
    sheet = sheets.general_ledger(COMPANY, month_column(MARCH))
    rows = {line.label: [cell.amount for cell in line.cells] for line in sheet.lines}
    assert rows["Bank"] == [900, 500, 0, 1400]
    assert rows["Fees"] == [-1000, 0, 900, -1900]
    assert rows["All accounts"] == [0, 900, 900, 0]
