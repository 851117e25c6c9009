"""Bank lines that no book line explains: transfers, fees and bank rules, each offered with its reason."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from integrations.records import BankLine
from ledger import bank_intake, bank_position, bank_rules, finishing, matches, reconciling
from ledger.bank_rules import BankRuleError
from ledger.core.period import Month
from ledger.models import BankFeed, BankItem, BankRule, JournalLine, Match
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books, check, day, match_of, net, printed, state

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


@pytest.fixture
def alice(standing):
    return standing[0].alice


def saved(books, on, amount, description, key):
    """A line the bank printed on the savings account."""
    scene.fact(books, "plaid", "transactions", BankLine(
        external_id=key, booked_on=on, currency="USD", account="sav", amount=amount, description=description))  # fmt: skip
    bank_intake.take(books.client)
    return BankItem.objects.get(client=books.client, external_id=key)


def posted(match):
    return [net(entry) for entry in match.plan["posted"]]


def test_a_transfer_both_banks_name_is_booked_once_and_met_on_both_sides(books):
    out = printed(books, day(30), -40_404, "ONLINE TRANSFER TO SAVINGS", "t1")
    into = saved(books, day(1, 4), 40_404, "TRANSFER FROM CHECKING", "t2")
    reconciling.suggest(books.client)
    match = match_of(out, "accepted")
    assert match == match_of(into, "accepted")
    assert (match.method, posted(match)) == ("transfer", [{"1010": -40_404, "1020": 40_404}])
    savings = BankFeed.objects.get(client=books.client, account_key="sav")
    (waiting,) = bank_position.position(books.client, savings, MARCH).outstanding
    assert (waiting.amount, waiting.cleared_on) == (40_404, day(1, 4))


def test_a_transfer_without_a_word_of_it_waits_and_is_not_offered_again_once_refused(books, bob):
    out, into = printed(books, day(20), -40_404, "ACME", "t1"), saved(books, day(20), 40_404, "ACME", "t2")
    reconciling.suggest(books.client)
    match = match_of(out)
    assert (match.method, match.state, state(into)) == ("transfer", "suggested", "open")
    finishing.decline(match, by=bob)
    reconciling.suggest(books.client)
    assert match_of(out) is None


def test_a_line_short_of_its_fee_is_accepted_with_the_fee_booked(books, bob):
    deposit = scene.mirrored(
        books, "Deposit", day(10), "", "Harbour Marina", ("1010", 1_000_00), ("4010", -1_000_00), memo="Marina"
    )  # fmt: skip
    item = printed(books, day(11), 985_00, "WIRE HARBOUR MARINA", "w1")
    reconciling.suggest(books.client)
    match = match_of(item)
    assert (match.method, match.state, match.plan["fee"]) == ("with-fee", "suggested", 15_00)
    matches.accept(match, by=bob)
    match.refresh_from_db()
    assert posted(match) == [{"1010": -15_00, "6520": 15_00}]
    assert deposit.entry_id in match.members.values_list("entry_id", flat=True)
    matches.undo(match, by=bob)
    assert state(item) == "open"


def rule(books, **more):
    given = {"words": "ORCHARD HOSTING", "account": books.account("6310"), "party": "Orchard Hosting"}
    return BankRule(client=books.client, **(given | more))


def test_a_rule_offers_until_somebody_else_lets_it_book(books, bob, alice):
    made = bank_rules.make(rule(books), by=bob)
    item = printed(books, day(20), -4_900, "ORCHARD  HOSTING 0320", "r1")
    reconciling.suggest(books.client)
    match = match_of(item)
    assert (match.method, match.state, match.reasons) == ("rule", "suggested", ["rule “ORCHARD HOSTING”"])
    with pytest.raises(BankRuleError, match="Somebody else"):
        bank_rules.let_book(made, by=bob)
    bank_rules.let_book(made, by=alice)
    reconciling.suggest(books.client)
    match = match_of(item, "accepted")
    assert posted(match) == [{"1010": -4_900, "6310": 4_900}]
    assert (
        match.members.exclude(entry=None).get().entry.lines.get(account=books.account("6310")).party
        == "Orchard Hosting"
    )


def test_a_rule_that_was_undone_for_a_line_stays_away_from_it(books, bob, alice):
    bank_rules.let_book(bank_rules.make(rule(books), by=bob), by=alice)
    item = printed(books, day(20), -4_900, "ORCHARD HOSTING", "r1")
    reconciling.suggest(books.client)
    matches.undo(match_of(item, "accepted"), by=bob)
    reconciling.suggest(books.client)
    assert match_of(item) is None


@pytest.mark.parametrize(
    ("knobs", "fits"),
    [
        ({}, True),
        ({"direction": "out"}, True),
        ({"direction": "in"}, False),
        ({"least_minor": 4_900, "most_minor": 4_900}, True),
        ({"least_minor": 4_901}, False),
        ({"most_minor": 4_899}, False),
        ({"words": "orchard hosting"}, True),
        ({"words": "ORCHARD HOSTINGS"}, False),
    ],
)
def test_each_condition_of_a_rule_narrows_it(books, knobs, fits):
    item = BankItem(description="Orchard Hosting 0320", amount_minor=-4_900, feed_id=1)
    assert bank_rules.fits(rule(books, **knobs), item) is fits


def test_the_most_telling_rule_wins_and_the_preview_says_where_lines_went(books, bob):
    bank_rules.make(rule(books, words="ORCHARD"), by=bob)
    longer = bank_rules.make(rule(books), by=bob)
    item = printed(books, day(20), -4_900, "ORCHARD HOSTING", "r1")
    assert bank_rules.fitting(bank_rules.active(books.client), item) == longer
    assert [(one.item, one.went_to) for one in bank_rules.preview(longer)[1]] == [(item, None)]
    matches.create_entry(item, account=books.account("6530"), by=bob)
    count, (one,) = bank_rules.preview(longer)
    assert (count, one.went_to) == (1, books.account("6530"))


def test_what_a_rule_books_is_of_its_category_and_nothing_before_the_cut_over(books, bob, alice, monkeypatch):
    made = bank_rules.make(rule(books, role="loan-payable", account=books.account("2230")), by=bob)
    bank_rules.let_book(made, by=alice)
    monkeypatch.setattr(books.client, "cut_over_on", day(15))
    before, after = (printed(books, day(on), -4_900, "ORCHARD HOSTING", f"r{on}") for on in (14, 15))
    reconciling.suggest(books.client)
    assert (match_of(before), state(before)) == (None, "open")
    (entry,) = match_of(after, "accepted").plan["posted"]
    assert set(JournalLine.objects.filter(entry_id=entry).values_list("role", "account__number")) == {
        ("bank", "1010"), ("loan-payable", "2230"),
    }  # fmt: skip


def test_what_somebody_let_a_rule_book_is_surer_than_a_line_less_a_fee(books, bob, alice):
    scene.mirrored(
        books, "Deposit", day(10), "", "Harbour Marina", ("1010", 1_000_00), ("4010", -1_000_00), memo="Marina"
    )  # fmt: skip
    made = bank_rules.make(rule(books, words="HARBOUR MARINA"), by=bob)
    offered = printed(books, day(11), 985_00, "WIRE HARBOUR MARINA", "w1")
    reconciling.suggest(books.client)
    assert match_of(offered).method == "with-fee"
    bank_rules.let_book(made, by=alice)
    reconciling.suggest(books.client)
    assert match_of(offered, "accepted").method == "rule"


def test_a_category_is_one_of_the_list_and_never_the_bank_itself(books, bob):
    for role in ("bank", "no-such-role"):
        with pytest.raises(BankRuleError, match="category of the list"):
            bank_rules.make(rule(books, role=role), by=bob)


@pytest.mark.parametrize("knobs", [{"words": "A B"}, {"words": "ACME", "least_minor": 2, "most_minor": 1}])
def test_a_rule_that_fits_anything_or_nothing_is_refused(books, bob, knobs):
    with pytest.raises(BankRuleError):
        bank_rules.make(rule(books, **knobs), by=bob)


@pytest.mark.parametrize(
    ("attack", "name"),
    [
        ("UPDATE ledger_bankrule SET is_automatic = true", "bank_rule_automatic_is_approved"),
        ("UPDATE ledger_bankrule SET approved_by_id = made_by_id", "bank_rule_approver_is_not_its_maker"),
        ("UPDATE ledger_bankrule SET words = ''", "bank_rule_has_words"),
        ("UPDATE ledger_bankrule SET least_minor = 2, most_minor = 1", "bank_rule_least_to_most"),
        ("UPDATE ledger_bankrule SET account_id = 0", "bank_rule_account_of_client|account"),
    ],
)
def test_the_database_holds_what_a_rule_is(books, bob, attack, name):
    bank_rules.make(rule(books), by=bob)
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{attack}; SET CONSTRAINTS ALL IMMEDIATE")
