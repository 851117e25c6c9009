"""What account is proposed for a category without a rule, and why. No database."""

from __future__ import annotations

from ledger.core.placing import Case
from ledger.core.suggestions import Known, Precedent, suggest

CHART = [
    Known(1, "Online store sales", "income"),
    Known(2, "Shop sales", "income"),
    Known(3, "Tips owed to staff", "liability"),
    Known(4, "Sales tax payable", "liability"),
    Known(5, "Rent", "expense"),
    Known(6, "Software", "expense"),
    Known(7, "Suspense", "asset"),
]


def test_the_same_item_elsewhere_in_the_books_comes_first():
    precedents = [Precedent(2, 9, "sales", "online"), Precedent(1, 2, "shipping-income", "online")]
    found = suggest(Case("shipping-income", "online"), CHART, precedents)
    assert (found.account, found.reason) == (1, "the same item went there 2 times")
    other = suggest(Case("returns", "Online"), CHART, precedents)
    assert (other.account, other.reason) == (2, "“online” as sales went there 9 times")


def test_a_party_counts_where_most_of_its_lines_agree():
    most = [Precedent(6, 11, party="Larch Hosting"), Precedent(5, 1, party="Larch Hosting")]
    found = suggest(Case("expense", party="larch hosting"), CHART, most)
    assert (found.account, found.reason) == (6, "Larch Hosting went there 11 of 12 times")
    halves = [Precedent(6, 1, party="Larch Hosting"), Precedent(5, 1, party="Larch Hosting")]
    assert suggest(Case("expense", party="Larch Hosting"), CHART, halves) is None


def test_names_alike_of_the_right_type_are_proposed():
    assert suggest(Case("sales", "online"), CHART, []).account == 1
    assert suggest(Case("tips-payable"), CHART, []).account == 3
    assert suggest(Case("expense", "software licences"), CHART, []).reason == "it is called alike"


def test_an_account_of_another_type_is_never_proposed():
    wrong = [Precedent(5, 40, "wages", "online")]
    assert suggest(Case("sales", "online"), CHART, wrong).account == 1
    assert suggest(Case("owner-draw", "Rent"), CHART, []) is None


def test_the_only_account_of_its_type_is_proposed_and_nothing_is_guessed_among_several():
    assert suggest(Case("in-transit", "stripe"), CHART, []).reason == "it is the only asset account"
    assert suggest(Case("merchant-fees", "radar"), CHART, []) is None
