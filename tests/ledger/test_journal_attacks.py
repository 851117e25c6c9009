"""The journal's triggers under attack: statements as an app's bug or an intruder might write them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from clients.tenancy import client_context
from ledger import posting
from ledger.models import Account, JournalEntry, JournalLine, MonthlyBalance
from tests import builders

MARCH = date(2026, 3, 14)
WRITE = """
WITH lines AS (
    INSERT INTO ledger_journalline (client_id, entry_id, no, account_id, booked_on, debit_minor, credit_minor, role, key, memo,
                                    party, department, foreign_currency)
    SELECT client, entry, no, account, day::date, debit, credit, '', '', '', '', '', ''
    FROM unnest(%(clients)s::bigint[], %(entries)s::bigint[], %(nos)s::smallint[], %(accounts)s::bigint[], %(days)s::date[],
                %(debits)s::bigint[], %(credits)s::bigint[]) AS l (client, entry, no, account, day, debit, credit))
INSERT INTO ledger_journalentry (id, client_id, booked_on, origin, source_key, purpose, revision, line_count, memo, reason, content_sha256)
SELECT id, %(client)s, %(day)s, 'manual', id::text, 'attack', 0, %(count)s, '', '', '' FROM unnest(%(ids)s::bigint[]) AS id
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def books():
    world = builders.world()
    with client_context(world.kestrel.pk):
        bank = Account.objects.create(client=world.kestrel, external_id="1", name="Checking", type="asset")
        sales = Account.objects.create(client=world.kestrel, external_id="2", name="Sales", type="income")
        posting.ensure_periods(world.kestrel.pk, [date(2026, 3, 1), date(2026, 4, 1)])
        yield world.kestrel, bank, sales


def write(client, lines, *, count=2, ids=(900_001,)):
    """One statement; a line is (entry, no, account, day, debit, credit)."""
    with transaction.atomic(), connection.cursor() as cursor:
        entries, nos, accounts, days, debits, credit = (list(column) for column in zip(*lines, strict=True))
        cursor.execute(
            WRITE,
            {
                "client": client.pk,
                "clients": [client.pk] * len(lines),
                "entries": entries,
                "nos": nos,
                "accounts": accounts,
                "days": days,
                "debits": debits,
                "credits": credit,
                "day": MARCH,
                "count": count,
                "ids": list(ids),
            },
        )


def pair(bank, sales, entry=900_001, *, day=MARCH, amount=5):
    return [(entry, 1, bank.pk, day, amount, 0), (entry, 2, sales.pk, day, 0, amount)]


def test_a_whole_entry_is_taken(books):
    client, bank, sales = books
    write(client, pair(bank, sales))
    assert JournalLine.objects.filter(entry_id=900_001).count() == 2


def test_lines_of_another_day_than_their_entry_are_refused(books):
    client, bank, sales = books
    with pytest.raises(IntegrityError, match="line_is_of_its_entrys_day"):
        write(client, pair(bank, sales, day=date(2026, 4, 1)))


def test_one_line_of_another_day_is_refused(books):
    client, bank, sales = books
    first, second = pair(bank, sales)
    with pytest.raises(IntegrityError, match="line_is_of_its_entrys_day"):
        write(client, [first, (*second[:3], date(2026, 3, 15), *second[4:])])


@pytest.mark.parametrize("numbers", [(1, 3), (2, 3), (0, 1)])
def test_lines_that_are_not_counted_from_one_are_refused(books, numbers):
    client, bank, sales = books
    lines = [(line[0], no, *line[2:]) for no, line in zip(numbers, pair(bank, sales), strict=True)]
    with pytest.raises(IntegrityError, match="entry_is_written_whole"):
        write(client, lines)


def test_fewer_lines_than_the_entry_says_are_refused(books):
    client, bank, sales = books
    with pytest.raises(IntegrityError, match="entry_is_written_whole"):
        write(client, pair(bank, sales), count=3)


def test_two_entries_that_only_balance_together_are_refused(books):
    client, bank, sales = books
    low, high = pair(bank, sales, 900_001, amount=5), pair(bank, sales, 900_002, amount=7)
    low[1], high[1] = (*low[1][:5], 7), (*high[1][:5], 5)
    with pytest.raises(IntegrityError, match="entry_balances"):
        write(client, low + high, ids=(900_001, 900_002))


def test_an_entry_among_others_without_lines_is_refused(books):
    client, bank, sales = books
    with pytest.raises(IntegrityError, match="entry 900002 has no lines"):
        write(client, pair(bank, sales), ids=(900_001, 900_002))


def test_lines_without_an_entry_are_refused(books):
    client, bank, sales = books
    with pytest.raises(IntegrityError, match="line_has_an_entry"):
        write(client, pair(bank, sales) + pair(bank, sales, 900_077))


def test_a_month_that_is_not_there_takes_no_entry(books):
    client, bank, sales = books
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="is not there"), transaction.atomic():
        cursor.execute(
            "WITH lines AS (INSERT INTO ledger_journalline (client_id, entry_id, no, account_id, booked_on, debit_minor,"
            " credit_minor, role, key, memo, party, department, foreign_currency) VALUES"
            " (%(c)s, 900001, 1, %(a)s, '2026-05-02', 5, 0, '', '', '', '', '', ''),"
            " (%(c)s, 900001, 2, %(b)s, '2026-05-02', 0, 5, '', '', '', '', '', ''))"
            " INSERT INTO ledger_journalentry (id, client_id, booked_on, origin, source_key, purpose, revision, line_count, memo,"
            " reason, content_sha256) VALUES (900001, %(c)s, '2026-05-02', 'manual', 'x', 'x', 0, 2, '', '', '')",
            {"c": client.pk, "a": bank.pk, "b": sales.pk},
        )


def test_what_is_refused_leaves_no_trace(books):
    client, bank, sales = books
    with pytest.raises(IntegrityError):
        write(client, pair(bank, sales), count=3)
    assert not JournalEntry.objects.filter(client=client).exists()
    assert not MonthlyBalance.objects.filter(client=client).exists()


def test_many_entries_with_some_known_post_the_rest(books):
    client, bank, sales = books
    every = [
        posting.Entry(MARCH, f"k\t{n}\\", "sale", [posting.Line(bank.pk, n), posting.Line(sales.pk, 0, n)])
        for n in range(1, 40)
    ]
    before = posting.post(client.pk, every[::3])
    after = posting.post(client.pk, every)
    assert (after.posted, after.known, after.changed) == (26, 13, [])
    assert [after.ids[n] for n in range(0, 39, 3)] == [before.ids[n] for n in range(13)]
    assert len(set(after.ids.values())) == 39
