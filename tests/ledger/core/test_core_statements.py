"""Statements hold for any books: they balance, they agree with each other, columns add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import sheets
from ledger.core.accounts import GROUPS, Account, natural, raw_of, reading_order
from ledger.core.cashflow import cash_flow
from ledger.core.period import Month
from ledger.core.sheets import Wish
from ledger.core.statements import (
    Books,
    Column,
    balance_sheet,
    income_statement,
    month_column,
    more_is_good,
    trial_balance,
    variance,
    year_to_date,
)

ACCOUNTS = tuple(
    Account(
        key=f"{slug}{number}",
        name=slug,
        type=GROUPS[slug][0],
        group=slug,
        is_cash=slug == "current-assets" and number == 0,
    )
    for slug in GROUPS
    for number in (0, 1)
)
FIRST = Month(2024, 11)


@st.composite
def any_books(draw):
    """Fourteen months of random two-line entries, in which debits equal credits."""
    activity = {}
    for _ in range(draw(st.integers(1, 25))):
        month = FIRST.shift(draw(st.integers(0, 13)))
        amount = draw(st.integers(1, 10**8))
        rows = activity.setdefault(month, {})
        for key, side in ((draw(st.sampled_from(ACCOUNTS)).key, 0), (draw(st.sampled_from(ACCOUNTS)).key, 1)):
            held = list(rows.get(key, (0, 0)))
            held[side] += amount
            rows[key] = tuple(held)
    kept = draw(st.sampled_from(["", "equity0"]))
    return Books(
        accounts=ACCOUNTS, activity=activity, fiscal_year_start=draw(st.integers(1, 12)), retained_earnings=kept
    )


COLUMNS = [month_column(FIRST.shift(step)) for step in range(14)]


@given(any_books())
def test_trial_balance_and_balance_sheet_balance_every_month(books):
    assert balance_sheet(books, COLUMNS).differences == (0,) * 14
    for column in COLUMNS:
        assert trial_balance(books, column.last).difference == 0
        assert trial_balance(books, column.last, carry_profit=False).difference == 0


@given(any_books())
def test_cash_flow_ends_at_the_cash_accounts(books):
    assert cash_flow(books, COLUMNS).differences == (0,) * 14


@given(any_books())
def test_months_add_up_to_the_year(books):
    months = income_statement(books, COLUMNS).net_income
    whole = income_statement(books, [Column("all", FIRST, COLUMNS[-1].last)]).net_income
    assert sum(months) == whole[0]


@given(any_books())
def test_trial_balance_agrees_with_the_statements(books):
    month = COLUMNS[-1].last
    raw = trial_balance(books, month).raw()
    year = year_to_date(month, books.fiscal_year_start)
    profit = -sum(raw.get(account.key, 0) for account in ACCOUNTS if account.type in ("income", "expense"))
    assert profit == income_statement(books, [year]).net_income[0]


@given(st.integers(), st.sampled_from(["debit", "credit"]))
def test_natural_and_raw_are_inverse(raw, side):
    assert raw_of(natural(raw, side), side) == raw


@pytest.mark.parametrize(
    ("section", "this", "that", "favourable"),
    [
        ("income", 110, 100, True),
        ("expenses", 110, 100, False),
        ("expenses", 90, 100, True),
        ("income", 100, 100, None),
    ],
)
def test_variance_is_favourable_by_what_it_is(section, this, that, favourable):
    assert variance(this, that, more_is_good=more_is_good(section)).favourable is favourable


def test_variance_against_nil_has_no_share():
    assert variance(5, 0, more_is_good=True).basis_points is None
    assert variance(2, -3, more_is_good=True).basis_points == 16667


def test_account_in_a_group_of_another_type_is_refused():
    with pytest.raises(ValueError, match="no group"):
        Account(key="x", name="X", type="asset", group="income")


@given(any_books())
def test_each_total_of_the_balance_sheet_is_the_sum_of_what_it_names(books):
    sheet = sheets.balance_sheet(books, COLUMNS[-2:], Wish())
    for line in sheet.lines:
        for at in range(2) if line.adds else ():
            assert line.cells[at].amount == sum(sign * sheet.lines[place].cells[at].amount for sign, place in line.adds)
    labels = [line.label for line in sheet.lines if line.style]
    places = [labels.index(GROUPS[slug][1]) for slug in GROUPS if GROUPS[slug][1] in labels]
    assert places == sorted(places)


def test_accounts_are_listed_as_accountants_do():
    """By group, then number, then name; depreciation after what is depreciated."""
    chart = [
        Account(key="1", name="Accumulated depreciation", type="asset", group="fixed-assets", flow="operating"),
        Account(key="2", name="Vehicles", type="asset", group="fixed-assets"),
        Account(key="3", name="Visa", type="liability", group="card"),
        Account(key="4", name="Savings", type="asset", group="bank", number="1020"),
        Account(key="5", name="Till", type="asset", group="bank", number="1010"),
        Account(key="6", name="Accounts payable", type="liability", group="payable"),
        Account(key="7", name="Prepaid", type="asset"),
        Account(key="8", name="Deposits", type="asset"),
        Account(key="9", name="Capital", type="equity"),
        Account(key="10", name="Loan", type="liability", group="long-term-liabilities"),
        Account(key="11", name="Tax owed", type="liability"),
    ]
    assert [account.name for account in sorted(chart, key=reading_order)] == [
        "Till", "Savings", "Deposits", "Prepaid", "Vehicles", "Accumulated depreciation",
        "Accounts payable", "Visa", "Tax owed", "Loan", "Capital",
    ]  # fmt: skip
