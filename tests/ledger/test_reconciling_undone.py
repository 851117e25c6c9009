"""A match taken apart stays apart: what was posted for it goes, what was refused is not said again, signed months stand."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

import pytest

from integrations.models import StreamState
from integrations.records import BankLineRemoved
from ledger import bank_intake, bank_position, bank_rules, corrections, expected, finishing, matches, reconciling
from ledger.core.period import Month
from ledger.matches import ReconcilingError
from ledger.models import BankFeed, BankRule, JournalEntry, JournalLine, StatementBalance
from ledger.posting import PostingError
from tests.ledger import scene
from tests.ledger.bank_desk import balance, bob, books, check, day, match_of, net, payout, printed, state
from tests.scene import arrive
from tests.scene import close as lock

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


# ---- undoing, declining --------------------------------------------------------------------------------------------------


def test_undoing_a_match_reverses_what_it_posted_and_the_money_is_expected_again(books, bob):
    key = payout(books, 1, 31_313, day(24))
    item = printed(books, day(26), 31_313, "DEPOSIT", "p1")
    before = balance(books, "1010")
    match = matches.match_by_hand([item], [], awaited=[key], by=bob)
    matches.undo(match, by=bob)
    match.refresh_from_db()
    assert (match.state, match.undone_by, state(item)) == ("undone", bob, "open")
    assert balance(books, "1010") == before
    assert expected.find(books.client, key).amount == 31_313
    again = matches.match_by_hand([item], [], awaited=[key], by=bob)
    assert again.members.exclude(entry=None).get().entry.revision == 1
    with pytest.raises(ReconcilingError, match="Only an accepted"):
        matches.undo(match, by=bob)


def test_undoing_leaves_an_entry_that_stood_before(books, bob):
    """One deposit holds a payout, which the match posts, and a refund somebody booked: only the payout's entry goes."""
    key = payout(books, 1, 31_313, day(24))
    made = scene.mirrored(books, "Deposit", day(25), "", "Vendor", ("1010", 1_000), ("6400", -1_000))
    line = JournalLine.objects.get(entry_id=made.entry_id, account=books.account("1010"))
    match = matches.match_by_hand([printed(books, day(26), 32_313, "BOTH", "p1")], [line], awaited=[key], by=bob)
    matches.undo(match, by=bob)
    assert not JournalEntry.objects.filter(reverses_id=made.entry_id).exists()
    arrival = JournalEntry.objects.get(source_key=f"{key}:arrival", reverses=None)
    assert arrival.reversals.count() == 1


def test_a_match_whose_entry_was_reversed_can_still_be_undone(books, bob):
    item = printed(books, day(9), -4_242, "CORNER STORE", "e1")
    match = matches.create_entry(item, account=books.account("6400"), by=bob)
    entry = match.members.exclude(entry=None).get().entry
    corrections.reverse(entry, reason="wrong account", by=bob)
    lock(books.client, MARCH.first)
    matches.undo(match, by=bob)
    assert state(item) == "open"
    assert entry.reversals.count() == 1


def test_an_undone_match_is_not_made_again_by_the_next_run(books, bob):
    line, item = (
        check(books, day(4), 77_700, "Harbour Yard Estates"),
        printed(books, day(6), -77_700, "CHECK 7001", "c1"),
    )
    reconciling.suggest(books.client)
    matches.undo(match_of(item, "accepted"), by=bob)
    for _ in range(2):
        reconciling.suggest(books.client)
    assert (match_of(item), state(item)) == (None, "open")
    matches.match_by_hand([item], [line], by=bob)
    assert state(item) == "matched"


def test_a_declined_match_is_not_offered_again_but_another_is(books, bob):
    first = check(books, day(4), 77_700, "Harbour Yard Estates", number="")
    item = printed(books, day(6), -77_700, "SOMETHING ELSE", "c1")
    reconciling.suggest(books.client)
    finishing.decline(match_of(item), by=bob)
    reconciling.suggest(books.client)
    assert match_of(item) is None
    second = check(books, day(5), 77_700, "Quayside Lettings", number="")
    reconciling.suggest(books.client)
    offered = set(match_of(item).members.exclude(entry=None).values_list("entry_id", flat=True))
    assert offered == {second.entry_id}
    assert first.entry_id not in offered


def test_a_payout_taken_from_the_wrong_deposit_is_not_put_back(books, bob):
    key = payout(books, 1, 31_313, day(24))
    item = printed(books, day(26), 31_313, "STRIPE TRANSFER", "p1")
    reconciling.suggest(books.client)
    matches.undo(match_of(item, "accepted"), by=bob)
    reconciling.suggest(books.client)
    assert match_of(item) is None
    right = printed(books, day(27), 31_313, "STRIPE TRANSFER", "p2")
    reconciling.suggest(books.client)
    assert match_of(right).plan["expected"] == [key]


def test_a_line_taken_out_of_its_rule_stays_out_until_the_rule_changes(books, bob, standing):
    item = printed(books, day(30), -2_500, "MONTHLY SERVICE FEE EXTRA", "f1")
    reconciling.suggest(books.client)
    matches.undo(match_of(item, "accepted"), by=bob)
    reconciling.suggest(books.client)
    assert (match_of(item), state(item)) == (None, "open")
    bank_rules.stop(BankRule.objects.get(client=books.client), by=bob)
    other = BankRule(client=books.client, words="MONTHLY SERVICE FEE", role="bank-fees", account=books.account("6530"))
    bank_rules.let_book(bank_rules.make(other, by=bob), by=standing[0].alice)
    reconciling.suggest(books.client)
    assert net(match_of(item).members.exclude(entry=None).get().entry_id) == {"1010": -2_500, "6530": 2_500}


# ---- finished and closed months ------------------------------------------------------------------------------------------


def closing(books, amount=-500):
    feed = BankFeed.objects.get(client=books.client, account_key="sav")
    return feed, bank_position.position(books.client, feed, MARCH).expected + amount


def test_a_month_that_does_not_tie_is_not_finished(books, bob):
    feed, amount = closing(books)
    finishing.set_statement(books.client, feed, MARCH, closing=amount, by=bob)
    with pytest.raises(ReconcilingError, match="the books and the statement differ"):
        finishing.finish(books.client, feed, MARCH, by=bob)


def test_a_finished_statement_is_not_typed_over(books, bob):
    feed, amount = closing(books, 0)
    finishing.set_statement(books.client, feed, MARCH, closing=amount, by=bob)
    row = finishing.finish(books.client, feed, MARCH, by=bob)
    assert finishing.is_unchanged(bank_position.position(books.client, feed, MARCH))
    with pytest.raises(ReconcilingError, match="finished"):
        finishing.set_statement(books.client, feed, MARCH, closing=amount + 1, by=bob)
    assert StatementBalance.objects.get(pk=row.pk).closing_minor == amount


def test_a_finished_month_shows_that_something_was_booked_into_it_later(books, bob):
    feed, amount = closing(books, 0)
    finishing.set_statement(books.client, feed, MARCH, closing=amount, by=bob)
    finishing.finish(books.client, feed, MARCH, by=bob)
    scene.mirrored(books, "Transfer", day(30), "", "", ("1020", 700), ("1010", -700))
    position = bank_position.position(books.client, feed, MARCH)
    assert not finishing.is_unchanged(position)
    assert [item.amount for item in position.outstanding] == [700]


def test_a_statement_of_a_file_is_not_typed_over(books, bob):
    feed, amount = closing(books, 0)
    finishing.set_statement(books.client, feed, MARCH, closing=amount, by=bob)
    StatementBalance.objects.filter(feed=feed, month=MARCH.first).update(source="file")
    with pytest.raises(ReconcilingError, match="statement file"):
        finishing.set_statement(books.client, feed, MARCH, closing=1, by=bob)


def test_a_match_of_a_closed_month_stands(books, bob):
    item = printed(books, day(9), -30_300, "BATCH", "h1")
    match = matches.match_by_hand([item], [check(books, day(4), 30_300, "One", "7101")], by=bob)
    lock(books.client, MARCH.first)
    with pytest.raises(ReconcilingError, match="March 2026 are closed"):
        matches.undo(match, by=bob)
    assert (match_of(item).state, state(item)) == ("accepted", "matched")


def test_a_closed_month_takes_no_entry_from_the_bank_and_stops_no_run(books, bob):
    """Lines of a month that closed meanwhile: what a rule or a trace would book waits for a person, the rest goes on."""
    key = payout(books, 1, 31_313, day(24), trace="TRCX77001")
    deposit = printed(books, day(27), 31_313, "STRIPE TRANSFER TRCX77001", "p1")
    fee = printed(books, day(30), -2_500, "MONTHLY SERVICE FEE EXTRA", "f1")
    april = printed(books, day(2, 4), -2_600, "MONTHLY SERVICE FEE EXTRA", "f2")
    lock(books.client, MARCH.first)
    reconciling.suggest(books.client)
    assert (match_of(deposit).state, match_of(deposit).plan["expected"]) == ("suggested", [key])
    assert match_of(fee) is None
    assert match_of(april).state == "accepted"
    with pytest.raises(PostingError, match="closed"):
        matches.accept(match_of(deposit), by=bob)


def test_a_line_the_bank_took_back_asks_for_no_match(books):
    check(books, day(4), 77_700, "Harbour Yard Estates")
    item = printed(books, day(6), -77_700, "CHECK 7001", "c1")
    StreamState.objects.filter(client=books.client, stream="transactions").update(duty="book")
    gone = BankLineRemoved(external_id="c1", booked_on=day(7), currency="USD")
    arrive(books.client, "plaid", "transactions", gone)
    bank_intake.take(books.client)
    reconciling.suggest(books.client)
    assert (state(item), match_of(item)) == ("removed", None)
