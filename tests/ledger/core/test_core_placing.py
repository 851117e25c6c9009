"""Which rule of a mapping counts for a line, and what it puts on it. No database."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest

from integrations.records import CardPurchase, Goods, Order, Sale, Tax, Tender
from ledger.core.entry import DraftLine
from ledger.core.placing import CONDITIONS, Case, Rule, Rulebook, Traits, traits_of
from ledger.mapping import posted

#: A line of which everything is known, and the rule's value of each condition that fits it.
LINE = DraftLine("expense", 500, key="Meals", party="Cobalt Rope Works", department="Shop")
TRAITS = Traits(channel="online", location="Harbour Road", tender="afterpay", product="Rope", jurisdiction="Maine")
FITTING = {
    "key": "Meals",
    "party": "cobalt  rope works",
    "product": "rope",
    "jurisdiction": "maine",
    "tender": "Afterpay",
    "department": "Shop",
    "location": "harbour road",
    "channel": "Online",
    "provider": "spender",
}


def found(*cases, line=LINE, traits=TRAITS, provider="spender"):
    """Number of the case that counts, from 1; None where none fits."""
    rule = Rulebook.of(Rule(case, number) for number, case in enumerate(cases, 1)).find(line, provider, traits)
    return rule.account_id if rule else None


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_fits_the_line_that_says_it_and_no_other(name):
    assert found(Case("expense", **{name: FITTING[name]})) == 1
    assert found(Case("expense", **{name: "something else"})) is None


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_line_that_says_nothing_fits_no_condition(name):
    bare = DraftLine("expense", 500)
    assert found(Case("expense", **{name: FITTING[name]}), line=bare, traits=Traits(), provider="") is None


@pytest.mark.parametrize(("more", "less"), list(combinations(CONDITIONS, 2)))
def test_the_more_telling_condition_wins_whatever_the_order_of_the_rules(more, less):
    one, other = Case("expense", **{more: FITTING[more]}), Case("expense", **{less: FITTING[less]})
    assert (found(other, one), found(one, other)) == (2, 1)


@pytest.mark.parametrize(("one", "other"), list(combinations(CONDITIONS, 2)))
def test_two_conditions_beat_either_alone(one, other):
    both = Case("expense", **{one: FITTING[one], other: FITTING[other]})
    assert found(Case("expense", **{one: FITTING[one]}), Case("expense", **{other: FITTING[other]}), both) == 3


def test_all_rules_that_fit_are_named_the_one_that_counts_first():
    cases = [Case("expense"), Case("expense", party="Cobalt Rope Works"), Case("expense", key="Rent"), Case("sales")]
    book = Rulebook.of(Rule(case, number) for number, case in enumerate(cases, 1))
    assert [rule.account_id for rule in book.fitting(LINE, "spender", TRAITS)] == [2, 1]


def test_a_class_stands_in_for_a_department():
    tagged = LINE._replace(department="", klass="Retail")
    assert found(Case("expense", department="Retail"), line=tagged) == 1


def test_the_party_of_the_record_counts_for_lines_that_name_none():
    record = CardPurchase(
        external_id="1", booked_on=date(2026, 3, 1), currency="USD", amount=1, program="blue", merchant="Larch Hosting"
    )
    line = DraftLine("fees", 500, key="fx")
    assert found(Case("fees", party="Larch Hosting"), line=line, traits=traits_of(record)) == 1


def test_a_sale_with_one_tender_has_it_as_trait_and_one_with_two_has_none():
    day = date(2026, 3, 1)
    cash, card = Tender(kind="cash", amount=1), Tender(kind="processor", name="afterpay", amount=1)
    one = Order(external_id="1", booked_on=day, currency="USD", amount=1, tenders=(card,), channel="online")
    two = Sale(external_id="2", booked_on=day, currency="USD", amount=2, tenders=(cash, card), location="Pier")
    assert traits_of(one) == Traits(channel="online", tender="afterpay")
    assert traits_of(two) == Traits(location="Pier")
    assert traits_of(Order(external_id="3", booked_on=day, currency="USD", amount=1, tenders=(cash,))).tender == "cash"


def test_a_rule_puts_its_tags_on_the_line_and_leaves_the_others():
    rule = Rule(Case("expense"), 7, klass="Retail", party="Cobalt")
    placed = posted(LINE, rule)
    assert (placed.account_id, placed.klass, placed.department, placed.party) == (7, "Retail", "Shop", "Cobalt")
    assert (placed.debit, placed.role, placed.key) == (500, "expense", "Meals")


@pytest.mark.parametrize(
    ("products", "places", "said"),
    [
        (["Rope"], ["Maine"], ("Rope", "Maine")),
        (["Rope", "Rope"], ["Maine", "Maine"], ("Rope", "Maine")),
        (["Rope", "Sails"], ["Maine", "Portland"], ("", "")),
        (["Rope", ""], ["Maine", ""], ("", "")),
        ([], [], ("", "")),
    ],
)
def test_goods_of_one_type_and_taxes_of_one_jurisdiction_are_traits_and_several_are_none(products, places, said):
    record = Order(
        external_id="1", booked_on=date(2026, 3, 1), currency="USD", amount=1,
        goods=tuple(Goods(amount=1, product=name) for name in products),
        taxes=tuple(Tax(amount=1, jurisdiction=name) for name in places),
    )  # fmt: skip
    assert (traits_of(record).product, traits_of(record).jurisdiction) == said


def test_a_line_of_tax_says_its_own_jurisdiction_whatever_else_its_record_names():
    case = Case("sales-tax-payable", jurisdiction="Portland")
    line = DraftLine("sales-tax-payable", credit=5, key="Portland")
    assert found(case, line=line, traits=Traits(jurisdiction="Maine")) == 1
    assert found(case, line=line._replace(key="Maine"), traits=Traits(jurisdiction="Portland")) is None
