"""Bank lines meet the books: what is sure is matched, what is not waits for a person, and nothing is matched twice."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

import pytest

from clients.tenancy import client_context
from ledger import bank_position, corrections, expected, finishing, mapping, matches, reconciling
from ledger.core.period import Month
from ledger.matches import ReconcilingError
from ledger.models import BankItem, JournalEntry, JournalLine, Match
from tests import builders
from tests.ledger import scene
from tests.ledger.bank_desk import balance, bob, books, check, day, match_of, net, payout, printed, state

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


# ---- accepting -----------------------------------------------------------------------------------------------------------


def test_a_sure_match_with_a_standing_line_posts_nothing(books):
    line, item = (
        check(books, day(4), 77_700, "Harbour Yard Estates"),
        printed(books, day(6), -77_700, "CHECK 7001", "c1"),
    )
    before = JournalEntry.objects.count()
    reconciling.suggest(books.client)
    match = match_of(item)
    assert (match.state, match.accepted_by, JournalEntry.objects.count()) == ("accepted", None, before)
    assert list(match.members.values_list("entry_id", "line_no").exclude(entry=None)) == [(line.entry_id, line.no)]
    assert state(item) == "matched"


def test_an_unsure_match_waits_for_a_person_who_accepts_it(books, bob):
    check(books, day(4), 77_700, "Harbour Yard Estates", number="")
    item = printed(books, day(6), -77_700, "SOMETHING ELSE", "c1")
    reconciling.suggest(books.client)
    match = match_of(item)
    assert (match.state, state(item)) == ("suggested", "open")
    matches.accept(match, by=bob)
    match.refresh_from_db()
    assert (match.state, match.accepted_by, state(item)) == ("accepted", bob, "matched")
    with pytest.raises(ReconcilingError, match="no longer waiting"):
        matches.accept(match, by=bob)


def test_a_payout_met_by_its_trace_is_posted_on_the_banks_day(books):
    key = payout(books, 1, 31_313, day(24), trace="TRCX77001")
    item = printed(books, day(27), 31_313, "STRIPE TRANSFER TRCX77001", "p1")
    in_transit = balance(books, "1220")
    reconciling.suggest(books.client)
    entry = JournalEntry.objects.get(client=books.client, source_key=f"{key}:arrival")
    assert (entry.booked_on, net(entry.pk)) == (day(27), {"1010": 31_313, "1220": -31_313})
    assert balance(books, "1220") == in_transit - 31_313
    assert expected.find(books.client, key) is None
    assert state(item) == "matched"


def test_two_payouts_that_came_as_one_deposit_are_one_match_of_two_entries(books, bob):
    keys = [payout(books, number, amount, day(24)) for number, amount in ((1, 31_313), (2, 22_424))]
    item = printed(books, day(26), 53_737, "STRIPE TRANSFER", "p1")
    reconciling.suggest(books.client)
    match = match_of(item)
    assert (match.method, sorted(match.plan["expected"])) == ("many-to-one", keys)
    if match.state == "suggested":
        matches.accept(match, by=bob)
    posted = JournalEntry.objects.filter(client=books.client, source_key__in=[f"{key}:arrival" for key in keys])
    assert sorted(net(entry.pk)["1010"] for entry in posted) == [22_424, 31_313]
    assert match.members.filter(is_live=True).count() == 3


def test_what_a_rule_knows_is_booked_by_it_with_its_version(books):
    item = printed(books, day(30), -2_500, "MONTHLY SERVICE FEE EXTRA", "f1")
    reconciling.suggest(books.client)
    match = match_of(item)
    entry = match.members.exclude(entry=None).get().entry
    assert (match.method, net(entry.pk)) == ("rule", {"1010": -2_500, "6520": 2_500})
    assert entry.mapping_version_id == mapping.load(books.client.pk).on(day(30)).version_id


def test_nothing_is_accepted_that_the_bank_changed_meanwhile(books, bob):
    check(books, day(4), 77_700, "Harbour Yard Estates", number="")
    item = printed(books, day(6), -77_700, "SOMETHING ELSE", "c1")
    reconciling.suggest(books.client)
    match = match_of(item)
    BankItem.objects.filter(pk=item.pk).update(amount_minor=-77_701)
    with pytest.raises(ReconcilingError, match="not the same amount"):
        matches.accept(match, by=bob)
    BankItem.objects.filter(pk=item.pk).update(state="removed")
    with pytest.raises(ReconcilingError, match="taken back by the bank"):
        matches.accept(match, by=bob)
    assert match_of(item).state == "suggested"


def test_a_line_that_another_match_took_is_refused_by_name(books, bob):
    line = check(books, day(4), 77_700, "Harbour Yard Estates", number="")
    item = printed(books, day(6), -77_700, "SOMETHING ELSE", "c1")
    other = printed(books, day(6), -77_700, "ANOTHER", "c2")
    reconciling.suggest(books.client)
    waiting = match_of(item, "suggested") or match_of(other, "suggested")
    left = other if waiting.members.filter(item=item).exists() else item
    matches.match_by_hand([left], [line], by=bob)
    with pytest.raises(ReconcilingError, match="matched already"):
        matches.accept(waiting, by=bob)


def test_money_that_has_come_meanwhile_is_refused(books, bob):
    key = payout(books, 1, 31_313, day(24))
    item = printed(books, day(26), 31_313, "DEPOSIT", "p1")
    match = Match.objects.create(
        client=books.client, feed=item.feed, method="one-to-one", confidence_bp=5_000, plan={"expected": [key]}
    )
    match.members.create(client=books.client, item=item, amount_minor=31_313)
    matches.match_by_hand([printed(books, day(26), 31_313, "STRIPE", "p2")], [], awaited=[key], by=bob)
    with pytest.raises(ReconcilingError, match="settled meanwhile"):
        matches.accept(match, by=bob)


# ---- by hand -------------------------------------------------------------------------------------------------------------


def test_several_lines_of_the_bank_and_the_books_are_matched_by_hand(books, bob):
    lines = [check(books, day(4), 10_100, "One", "7101"), check(books, day(4), 20_200, "Two", "7102")]
    items = [printed(books, day(9), -15_150, "BATCH A", "h1"), printed(books, day(9), -15_150, "BATCH B", "h2")]
    match = matches.match_by_hand(items, lines, by=bob)
    assert (match_of(items[0]).pk, match_of(items[1]).pk) == (match.pk, match.pk)
    assert {state(item) for item in items} == {"matched"}


def test_expected_money_is_matched_by_hand_and_posted(books, bob):
    key = payout(books, 1, 31_313, day(24))
    item = printed(books, day(29), 31_313, "WIRE", "p1")
    matches.match_by_hand([item], [], awaited=[key], by=bob)
    assert JournalEntry.objects.get(source_key=f"{key}:arrival").booked_on == day(29)
    with pytest.raises(ReconcilingError, match="settled meanwhile"):
        matches.match_by_hand([printed(books, day(29), 31_313, "WIRE", "p2")], [], awaited=[key], by=bob)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nothing", "at least one"),
        ("another amount", "same amount"),
        ("another account", "one account"),
        ("the same line twice", "same amount"),
        ("a matched line", "matched already"),
        ("a reversed entry", "reversed"),
    ],
)
def test_what_cannot_be_matched_by_hand_is_refused_and_nothing_changes(books, bob, given, said):
    line = check(books, day(4), 30_300, "One", "7101")
    items, lines = [printed(books, day(9), -30_300, "BATCH", "h1")], [line]
    if given == "nothing":
        lines = []
    elif given == "another amount":
        lines = [check(books, day(4), 30_301, "Two", "7102")]
    elif given == "another account":
        lines = [JournalLine.objects.get(entry_id=line.entry_id, account=books.account("6310"))]
    elif given == "the same line twice":
        items, lines = items * 2, [line, check(books, day(4), 30_300, "Two", "7102")]
    elif given == "a matched line":
        matches.match_by_hand([printed(books, day(9), -30_300, "OTHER", "h2")], lines, by=bob)
    else:
        corrections.reverse(JournalEntry.objects.get(pk=line.entry_id), reason="wrong", by=bob)
    with pytest.raises(ReconcilingError, match=said):
        matches.match_by_hand(items, lines, by=bob)
    assert state(items[0]) == "open"
    assert match_of(items[0]) is None


def test_a_matched_bank_line_is_not_matched_again(books, bob):
    item = printed(books, day(9), -30_300, "BATCH", "h1")
    matches.match_by_hand([item], [check(books, day(4), 30_300, "One", "7101")], by=bob)
    for act in (
        lambda: matches.match_by_hand([item], [check(books, day(4), 30_300, "Two", "7102")], by=bob),
        lambda: matches.create_entry(item, account=books.account("6400"), by=bob),
    ):
        with pytest.raises(ReconcilingError, match="matched already"):
            act()


def test_a_line_is_booked_straight_to_an_account(books, bob):
    item = printed(books, day(9), -4_242, "CORNER STORE", "e1")
    match = matches.create_entry(item, account=books.account("6400"), by=bob, memo="Tea for the shop")
    entry = match.members.exclude(entry=None).get().entry
    assert (entry.booked_on, net(entry.pk), entry.posted_by) == (day(9), {"6400": 4_242, "1010": -4_242}, bob)
    assert (state(item), match.reasons) == ("matched", ["Tea for the shop"])


def test_money_in_can_be_booked_to_an_asset(books, bob):
    item = printed(books, day(9), 4_242, "UNKNOWN DEPOSIT", "e1")
    entry = matches.create_entry(item, account=books.account("1900"), by=bob).members.exclude(entry=None).get().entry
    assert net(entry.pk) == {"1010": 4_242, "1900": -4_242}


def test_a_line_the_client_is_asked_about_stays_to_be_matched(books, bob):
    line, item = check(books, day(4), 77_700, "Harbour"), printed(books, day(6), -77_700, "CHECK 7001", "c1")
    finishing.asked(item, by=bob)
    assert state(item) == "asked"
    position = bank_position.position(books.client, item.feed, MARCH)
    assert item in position.bank_only
    matches.match_by_hand([item], [line], by=bob)
    finishing.asked(BankItem.objects.get(pk=item.pk), by=bob)
    assert state(item) == "matched"


# ---- on the page ---------------------------------------------------------------------------------------------------------


def test_the_page_offers_expected_money_and_refuses_a_double(standing, db, client):
    world, made = standing
    with client_context(made.client.pk):
        key = payout(made, 1, 31_313, day(24))
        item = printed(made, day(29), 31_313, "WIRE", "p1")
    browser = builders.sign_in(client, world.bob)
    address = f"/c/kestrel/reconciliation/2026-03/lines/{item.pk}"
    assert key in browser.get(f"{address}/candidates/").content.decode()
    for status in (200, 422):
        answer = browser.post(f"{address}/match/", {"expected": [key]}, headers={"HX-Request": "true"})
        assert answer.status_code == status
    with client_context(made.client.pk):
        assert JournalEntry.objects.filter(source_key=f"{key}:arrival").count() == 1
