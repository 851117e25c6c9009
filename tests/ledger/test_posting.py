"""The journal: what the database refuses, and that posting is set-based and idempotent."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from clients.tenancy import client_context
from ledger import posting
from ledger.models import Account, JournalEntry, JournalLine, MonthlyBalance, Period
from ledger.posting import Entry, Line
from tests import builders

MARCH = date(2026, 3, 14)
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return builders.world()


@pytest.fixture
def books(world):
    with client_context(world.kestrel.pk):
        bank = Account.objects.create(client=world.kestrel, external_id="1", name="Checking", type="asset")
        sales = Account.objects.create(client=world.kestrel, external_id="2", name="Sales", type="income")
        yield world.kestrel, bank, sales


def entry(bank, sales, *, amount=1000, key="k1", on=MARCH, **fields):
    return Entry(on, key, "sale", [Line(bank.pk, debit=amount), Line(sales.pk, credit=amount)], **fields)


def raw(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_posted_entry_moves_the_monthly_balances(books):
    client, bank, sales = books
    posting.post(client.pk, [entry(bank, sales), entry(bank, sales, key="k2", amount=250)])
    rows = {row.account_id: (row.debit_minor, row.credit_minor) for row in MonthlyBalance.objects.filter(client=client)}
    assert rows == {bank.pk: (1250, 0), sales.pk: (0, 1250)}


def test_the_same_entry_again_is_a_no_op(books):
    client, bank, sales = books
    first = posting.post(client.pk, [entry(bank, sales)])
    again = posting.post(client.pk, [entry(bank, sales)])
    assert (again.posted, again.known, again.ids) == (0, 1, first.ids)
    assert JournalEntry.objects.filter(client=client).count() == 1


def test_the_same_identity_with_other_content_is_reported_and_left_alone(books):
    client, bank, sales = books
    first = posting.post(client.pk, [entry(bank, sales)])
    again = posting.post(client.pk, [entry(bank, sales, amount=999)])
    assert again.changed == [(0, first.ids[0])]
    assert JournalLine.objects.filter(client=client, debit_minor=1000).exists()


def test_an_unbalanced_entry_is_refused_by_the_database(books):
    client, bank, sales = books
    unbalanced = Entry(MARCH, "k", "sale", [Line(bank.pk, debit=1000), Line(sales.pk, credit=999)])
    with pytest.raises(posting.PostingError) as refusal, transaction.atomic():
        posting.post(client.pk, [unbalanced])
    assert refusal.value.rule == "entry_balances"


def test_an_entry_without_lines_is_refused_by_the_database(books):
    client, *_ = books
    with pytest.raises(IntegrityError, match="has no lines"):
        raw(
            "INSERT INTO ledger_journalentry (client_id, booked_on, origin, source_key, purpose, revision, line_count, memo, reason, content_sha256) "
            "VALUES (%s, %s, 'manual', 'x', 'x', 0, 2, '', '', '')",
            client.pk, MARCH,
        )  # fmt: skip


def test_a_line_cannot_be_added_to_a_posted_entry(books):
    client, bank, sales = books
    entry_id = posting.post(client.pk, [entry(bank, sales)]).ids[0]
    with pytest.raises(IntegrityError, match="entry_is_written_whole"):
        raw(
            "INSERT INTO ledger_journalline (client_id, entry_id, no, account_id, booked_on, debit_minor, credit_minor, role, key, memo, party, department, foreign_currency) "
            "VALUES (%s, %s, 3, %s, %s, 5, 0, '', '', '', '', '', ''), (%s, %s, 4, %s, %s, 0, 5, '', '', '', '', '', '')",
            client.pk, entry_id, bank.pk, MARCH, client.pk, entry_id, sales.pk, MARCH,
        )  # fmt: skip


def test_an_account_of_another_client_is_refused(world, books):
    client, bank, _sales = books
    with client_context(world.quillfeather.pk):
        foreign = Account.objects.create(client=world.quillfeather, name="Theirs", type="income")
    with pytest.raises(posting.PostingError) as refusal, client_context(client.pk):
        posting.post(client.pk, [Entry(MARCH, "k", "sale", [Line(bank.pk, debit=1), Line(foreign.pk, credit=1)])])
    assert refusal.value.rule == "line_account_is_of_the_client"


@pytest.mark.parametrize("state", ["locked", "sealed"])
def test_a_closed_month_takes_no_entry(books, state):
    client, bank, sales = books
    Period.objects.create(client=client, month=date(2026, 3, 1), state=state)
    with pytest.raises(posting.PeriodClosed) as refusal, transaction.atomic():
        posting.post(client.pk, [entry(bank, sales)])
    assert refusal.value.detail == "2026-03"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_journalentry SET memo = 'changed'",
        "DELETE FROM ledger_journalentry",
        "TRUNCATE ledger_journalline",
        "UPDATE ledger_journalline SET debit_minor = 1",
        "DELETE FROM ledger_journalline",
        "UPDATE ledger_monthlybalance SET debit_minor = 1",
    ],
)
def test_history_cannot_be_changed_by_the_app(books, statement):
    client, bank, sales = books
    posting.post(client.pk, [entry(bank, sales)])
    with pytest.raises(DatabaseError):
        raw(statement)


def test_a_reversal_mirrors_and_happens_once(books):
    client, bank, sales = books
    entry_id = posting.post(client.pk, [entry(bank, sales)]).ids[0]
    original = JournalEntry.objects.get(pk=entry_id)
    posting.reverse(original, reason="typed twice", booked_on=MARCH)
    balances = MonthlyBalance.objects.filter(client=client)
    assert all(row.debit_minor == row.credit_minor for row in balances)
    with pytest.raises(posting.PostingError), transaction.atomic():
        posting.post(
            client.pk,
            [
                Entry(
                    MARCH,
                    "other",
                    "reversal",
                    [Line(sales.pk, debit=1000), Line(bank.pk, credit=1000)],
                    reason="again",
                    reverses=entry_id,
                )
            ],
        )


def test_a_revision_needs_the_one_before_it_reversed(books):
    client, bank, sales = books
    entry_id = posting.post(client.pk, [entry(bank, sales)]).ids[0]
    with pytest.raises(posting.PostingError) as refusal, transaction.atomic():
        posting.post(client.pk, [entry(bank, sales, amount=5, revision=1)])
    assert refusal.value.rule == "entry_one_live_per_source_and_purpose"
    posting.reverse(JournalEntry.objects.get(pk=entry_id), reason="changed", booked_on=MARCH)
    assert posting.post(client.pk, [entry(bank, sales, amount=5, revision=1)]).posted == 1


def test_text_with_tabs_and_backslashes_arrives_as_it_was(books):
    client, bank, sales = books
    memo = "a\tb\\c\nd é \\N"
    entry_id = posting.post(client.pk, [entry(bank, sales, memo=memo)]).ids[0]
    assert JournalEntry.objects.get(pk=entry_id).memo == memo


def test_an_amount_of_another_clients_context_is_refused(world, books):
    client, bank, sales = books
    with pytest.raises(DatabaseError), client_context(world.quillfeather.pk):
        posting.post(client.pk, [entry(bank, sales)])
