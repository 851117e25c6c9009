"""Companies combined: the columns are each company's own statement, what is eliminated nets to nothing, the total adds up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core.accounts import Account
from ledger.core.combined_statements import Company, Pair, Side, combine
from ledger.core.comparing import Span
from ledger.core.period import Month
from ledger.core.statements import Books, Column, balance_sheet, income_statement, trial_balance

FEBRUARY, MARCH = Month(2026, 2), Month(2026, 3)
SPAN = Span(MARCH, MARCH)
PAIRS = (Pair(Side(0, "due"), Side(1, "owed")), Pair(Side(0, "fees"), Side(1, "paid")))


def account(key, name, kind, group="", number=""):
    return Account(key=key, name=name, type=kind, group=group, number=number)


PARENT = (
    account("bank", "Checking", "asset", number="1010"),
    account("due", "Due from Shop", "asset"),
    account("capital", "Capital", "equity"),
    account("kept", "Retained Earnings", "equity"),
    account("fees", "Management fees", "income"),
    account("rent", "Rent", "expense"),
)
SHOP = (
    account("cash", "checking ", "asset", number="1000"),
    account("owed", "Due to Parent", "liability"),
    account("stock", "Capital", "equity"),
    account("sales", "Sales", "income"),
    account("lease", "Rent", "expense"),
    account("paid", "Management fees", "expense"),
)


def books(accounts, entries, **fields):
    """``entries``: (month, debited, credited, amount)."""
    activity = {}
    for month, debited, credited, amount in entries:
        rows = activity.setdefault(month, {})
        for key, sides in ((debited, (amount, 0)), (credited, (0, amount))):
            before = rows.get(key, (0, 0))
            rows[key] = (before[0] + sides[0], before[1] + sides[1])
    return Books(accounts=accounts, activity=activity, **fields)


def parent(due=50_000, fees=8_000, **fields):
    said = [
        (FEBRUARY, "bank", "capital", 900_000),
        (FEBRUARY, "due", "bank", due),
        (FEBRUARY, "rent", "bank", 30_000),
        (MARCH, "bank", "fees", fees),
    ]
    return books(PARENT, said, retained_earnings="kept", **fields)


def shop(owed=50_000, paid=8_000, **fields):
    said = [
        (FEBRUARY, "cash", "owed", owed),
        (FEBRUARY, "cash", "stock", 100_000),
        (MARCH, "cash", "sales", 70_000),
        (MARCH, "paid", "cash", paid),
        (MARCH, "lease", "cash", 20_000),
    ]
    return books(SHOP, said, **fields)


def two(one=None, other=None, currencies=("USD", "USD")):
    return [Company("Parent", currencies[0], one or parent()), Company("Shop", currencies[1], other or shop())]


def rows(made):
    """Label → figures; of two lines of one label the last."""
    return {line.label: tuple(cell.amount for cell in line.cells) for line in made.sheet.lines if line.cells}


def test_accounts_of_one_name_stand_in_one_line_and_pairs_are_taken_out():
    """Due from Shop 500 = due to Parent 500; both banks in one line, whatever the case or number."""
    said = rows(combine("bs", SPAN, two(), PAIRS))
    assert said["Checking"] == (828_000, 192_000, 0, 1_020_000)
    assert said["Due from Shop"] == (50_000, 0, -50_000, 0)
    assert said["Due to Parent"] == (0, 50_000, -50_000, 0)
    assert said["Total assets"] == (878_000, 192_000, -50_000, 1_020_000)
    assert said["Liabilities and equity"] == said["Total assets"]


def test_what_companies_earn_from_each_other_is_no_income_of_both():
    said = rows(combine("pl", SPAN, two(), PAIRS))
    assert said["Total income"] == (8_000, 70_000, -8_000, 70_000)
    assert said["Net income"] == (8_000, 42_000, 0, 50_000)
    assert said["Rent"] == (0, 20_000, 0, 20_000)


def test_a_number_is_shown_where_companies_have_it_in_common():
    shared = (*SHOP[:1], account("owed", "Due to Parent", "liability", number="2100"), *SHOP[2:])
    made = combine("bs", SPAN, two(other=books(shared, [(MARCH, "cash", "owed", 500)])), PAIRS)
    numbers = {line.label.strip(): made.numbers.get(line.key, "") for line in made.sheet.lines if line.key}
    assert numbers["Checking"] == ""
    assert numbers["Due to Parent"] == "2100"


def test_a_line_opens_at_each_companys_own_account():
    made = combine("tb", SPAN, two(), PAIRS)
    (line,) = [line for line in made.sheet.lines if line.label == "Checking"]
    assert [opens.get(line.key) for opens in made.opens] == ["bank", "cash"]
    assert [head.label for head in made.sheet.heads] == ["Parent", "Shop", "Eliminations", "Combined"]


def test_a_pair_that_differs_is_taken_out_as_far_as_both_agree():
    made = combine("bs", SPAN, two(other=shop(owed=42_500)), PAIRS)
    assert [(one.amount, one.difference) for one in made.eliminated] == [(42_500, 7_500)]
    assert rows(made)["Due from Shop"] == (50_000, 0, -42_500, 7_500)
    assert rows(made)["Due to Parent"] == (0, 42_500, -42_500, 0)
    assert made.sheet.proof.difference == 0


def test_a_pair_with_both_on_one_side_takes_nothing_out():
    made = combine("bs", SPAN, two(other=shop(owed=-50_000)), PAIRS)
    assert [(one.amount, one.difference) for one in made.eliminated] == [(0, 100_000)]
    assert rows(made)["Due from Shop"] == (50_000, 0, 0, 50_000)


def test_currencies_are_not_added_up():
    made = combine("bs", SPAN, two(currencies=("USD", "CAD")), PAIRS)
    assert not made.is_added
    assert made.eliminated == ()
    assert [(head.label, head.currency) for head in made.sheet.heads] == [("Parent", "USD"), ("Shop", "CAD")]
    assert rows(made)["Total assets"] == (878_000, 192_000)


def test_two_accounts_of_one_name_in_one_company_keep_a_line_each():
    chart = (*SHOP, account("till", "Checking", "asset"))
    other = books(chart, [(MARCH, "cash", "sales", 300), (MARCH, "till", "sales", 40)])
    made = combine("tb", SPAN, [Company("Parent", "USD", parent()), Company("Shop", "USD", other)], ())
    found = [
        tuple(cell.amount for cell in line.cells)
        for line in made.sheet.lines
        if line.label.strip().lower() == "checking"
    ]
    assert found == [(828_000, 300, 0, 828_300), (0, 40, 0, 40)]


def test_another_statement_is_refused():
    with pytest.raises(KeyError):
        combine("cf", SPAN, two(), ())


amounts = st.integers(-(10**7), 10**7)


@settings(max_examples=30)
@given(due=amounts, owed=amounts, fees=amounts, paid=amounts, starts=st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_whatever_the_books_columns_are_own_statements_and_totals_add_up(due, owed, fees, paid, starts):
    one, other = parent(due, fees, fiscal_year_start=starts[0]), shop(owed, paid, fiscal_year_start=starts[1])
    companies = two(one, other)
    for slug in ("tb", "bs", "pl"):
        made = combine(slug, SPAN, companies, PAIRS)
        assert made.sheet.proof is None or made.sheet.proof.difference == 0
        for figures in rows(made).values():
            assert figures[-1] == sum(figures[:-1])
    balance, sheet, earned = (rows(combine(slug, SPAN, companies, PAIRS)) for slug in ("tb", "bs", "pl"))
    for at, own in enumerate((one, other)):
        column = Column("", MARCH, MARCH)
        assert earned["Net income"][at] == income_statement(own, [column]).net_income[0]
        assert sheet.get("Total assets", (0, 0))[at] == balance_sheet(own, [column]).assets[0]
        assert sheet.get("Total equity", (0, 0))[at] == balance_sheet(own, [column]).equity[0]
        held = [line.cells[at].amount for line in combine("tb", SPAN, companies, PAIRS).sheet.lines if line.key]
        assert sorted(filter(None, held)) == sorted(trial_balance(own, MARCH).raw().values())
    assert balance["Debits − credits"] == (0, 0, 0, 0)
    assert sheet.get("Total assets", (0, 0, 0, 0))[2] == sheet.get("Liabilities and equity", (0, 0, 0, 0))[2]
