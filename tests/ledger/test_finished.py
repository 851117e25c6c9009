"""A finished reconciliation protects what it stands on, and says who changed what since."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from integrations.models import StreamState
from integrations.records import BankLine, LedgerDocument
from ledger import bank_intake, bank_position, corrections, damage, finishing, matches, posting, reconciling
from ledger.core.period import Month
from ledger.corrections import CorrectionError
from ledger.matches import ReconcilingError
from ledger.models import BankFeed, JournalEntry, StatementBalance
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books, check, day, match_of, printed

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


def feed_of(books, key="chk"):
    return BankFeed.objects.get(client=books.client, account_key=key)


def finished(books, bob):
    """The savings account with one cheque matched, March finished on it."""
    system = books.connections["quickbooks-online"]
    lines = [posting.Line(books.account("6310").pk, 77_700, 0), posting.Line(books.account("1020").pk, 0, 77_700)]
    key = f"{system.provider}:{system.account_id}:Check:7001"
    entry = posting.Entry(day(4), key, "mirror", lines, origin="ledger", memo="Check · 7001 · Harbour Yard")
    entry_id = posting.post(books.client.pk, [entry]).ids[0]
    feed = feed_of(books, "sav")
    scene.fact(books, "plaid", "transactions", BankLine(
        external_id="s1", booked_on=day(6), currency="USD", account="sav", amount=-77_700, description="CHECK 7001"))  # fmt: skip
    bank_intake.take(books.client)
    reconciling.suggest(books.client)
    expected = bank_position.position(books.client, feed, MARCH).expected
    finishing.set_statement(books.client, feed, MARCH, closing=expected, by=bob)
    finishing.finish(books.client, feed, MARCH, by=bob)
    return feed, JournalEntry.objects.get(pk=entry_id)


def changes(books, feed):
    return [
        (one.what, one.who, one.amount)
        for one in damage.since_finished(bank_position.position(books.client, feed, MARCH))
    ]


def test_nothing_is_said_of_a_month_that_stands(books, bob):
    feed, _ = finished(books, bob)
    assert changes(books, feed) == []
    assert finishing.is_unchanged(bank_position.position(books.client, feed, MARCH))


def test_its_matches_stay_until_it_is_reopened_with_a_reason(books, bob):
    feed, made = finished(books, bob)
    match = matches.Match.objects.get(members__entry=made, state="accepted")
    with pytest.raises(ReconcilingError, match="March 2026 is finished; reopen it first"):
        matches.undo(match, by=bob)
    with pytest.raises(ReconcilingError, match="finished; reopen it first"):
        finishing.finish(books.client, feed, MARCH, by=bob)
    with pytest.raises(ReconcilingError, match="needs a reason"):
        finishing.reopen(books.client, feed, MARCH, reason=" ", by=bob)
    finishing.reopen(books.client, feed, MARCH, reason="The rent was paid twice.", by=bob)
    matches.undo(match, by=bob)
    with pytest.raises(ReconcilingError, match="not finished"):
        finishing.reopen(books.client, feed, MARCH, reason="Again.", by=bob)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE ledger_matchmember SET is_live = false WHERE item_id IS NOT NULL AND is_live",
        "DELETE FROM ledger_matchmember WHERE is_live",
        "UPDATE ledger_bankitem SET amount_minor = amount_minor + 1 WHERE external_id = 's1'",
        "UPDATE ledger_bankitem SET state = 'removed' WHERE external_id = 's1'",
        "UPDATE ledger_statementbalance SET closing_minor = closing_minor + 1 WHERE finished_at IS NOT NULL",
        "UPDATE ledger_statementbalance SET ends_on = ends_on - 1 WHERE finished_at IS NOT NULL",
    ],
)
def test_the_database_refuses_to_change_what_it_stands_on(books, bob, attack):
    finished(books, bob)
    with (
        pytest.raises(IntegrityError, match="finished reconciliation"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attack)


def test_an_entry_it_stands_on_is_not_reversed_here(books, bob):
    _, made = finished(books, bob)
    with pytest.raises(CorrectionError, match="Savings for March 2026 stands on this entry"):
        corrections.reverse(made, reason="Wrong month.", by=bob)


def said_again(books, before, on, amount):
    """The same document as the accounting system says it now: the entry is reversed and booked anew."""
    posting.reverse(before, reason="Changed there.", booked_on=before.booked_on, origin="ledger")
    if amount:
        lines = [posting.Line(books.account("6310").pk, amount, 0), posting.Line(books.account("1020").pk, 0, amount)]
        entry = posting.Entry(on, before.source_key, "mirror", lines, origin="ledger", revision=before.revision + 1)
        posting.post(books.client.pk, [entry])


@pytest.mark.parametrize(
    ("on", "amount", "said"),
    [
        (day(4), 77_000, ("Edited", 700)),
        (day(9), 77_700, ("Re-dated from Mar 4 to Mar 9", 0)),
        (day(9, 4), 77_700, ("Re-dated from Mar 4 to Apr 9", 77_700)),
        (day(4), 0, ("Deleted", 77_700)),
    ],
)
def test_what_was_done_to_an_entry_elsewhere_is_named(books, bob, on, amount, said):
    feed, made = finished(books, bob)
    said_again(books, made, on, amount)
    assert changes(books, feed) == [(said[0], "in QuickBooks Online, which does not name the user", said[1])]
    assert not finishing.is_unchanged(bank_position.position(books.client, feed, MARCH))


@pytest.mark.parametrize(
    ("by", "amount", "said"),
    [
        ("9341457021722234", 77_000, "in QuickBooks Online by user 9341457021722234"),
        ("Ines Faro", 77_000, "in QuickBooks Online by Ines Faro"),
        ("Ines Faro", 0, "in QuickBooks Online, which does not name the user"),
    ],
)
def test_who_changed_an_entry_elsewhere_is_named_where_it_is_told(books, bob, by, amount, said):
    """A deletion does not say by whom: the last to edit is not named for it."""
    feed, made = finished(books, bob)
    scene.fact(books, "quickbooks-online", "documents", LedgerDocument(
        external_id="Check:7001", booked_on=day(4), currency="USD", type="Check", lines=(), changed_by=by))  # fmt: skip
    said_again(books, made, day(4), amount)
    assert [who for _what, who, _amount in changes(books, feed)] == [said]


def test_what_was_booked_into_it_later_is_named_with_its_maker(books, bob):
    feed, _ = finished(books, bob)
    lines = [posting.Line(books.account("1020").pk, 700, 0), posting.Line(books.account("1010").pk, 0, 700)]
    posting.post(
        books.client.pk, [posting.Entry(day(30), "manual:x", "manual", lines, origin="manual")], actor_id=bob.pk
    )
    assert changes(books, feed) == [("Added", str(bob), 700)]


def test_a_balance_told_later_is_kept_beside_the_finished_one(books, bob):
    feed, _ = finished(books, bob)
    row = StatementBalance.objects.get(client=books.client, feed=feed, month=MARCH.first)
    bank_intake._keep_balance(books.client, feed, MARCH, MARCH.last, row.closing_minor + 25, "file")
    row.refresh_from_db()
    assert (row.told_minor - row.closing_minor, changes(books, feed)[0][::2]) == (
        25,
        ("The bank's balance changed", 25),
    )
    finishing.reopen(books.client, feed, MARCH, reason="The bank corrected its statement.", by=bob)
    row.refresh_from_db()
    assert (row.told_minor, finishing.against_finishing(bank_position.position(books.client, feed, MARCH))) == (
        None,
        ["the books and the statement differ"],
    )


def test_a_statement_that_ends_within_the_month_is_rolled_forward(books, bob):
    feed = feed_of(books, "sav")
    at_end = bank_position.position(books.client, feed, MARCH).expected
    scene.fact(books, "plaid", "transactions", BankLine(
        external_id="s2", booked_on=day(28), currency="USD", account="sav", amount=4_200, description="INTEREST"))  # fmt: skip
    bank_intake.take(books.client)
    finishing.set_statement(books.client, feed, MARCH, closing=at_end, ends_on=day(25), by=bob)
    StreamState.objects.filter(connection=feed.connection).update(complete_through=day(26))
    position = bank_position.position(books.client, feed, MARCH)
    assert (position.closing, position.difference) == (None, None)
    assert finishing.against_finishing(position)[0].startswith("the bank's lines after the statement are not known")
    StreamState.objects.filter(connection=feed.connection).update(complete_through=MARCH.last)
    position = bank_position.position(books.client, feed, MARCH)
    assert (position.rolled, position.closing, position.difference) == (4_200, at_end + 4_200, 0)
    with pytest.raises(ReconcilingError, match="must end in March 2026"):
        finishing.set_statement(books.client, feed, MARCH, closing=1, ends_on=day(1, 4), by=bob)
