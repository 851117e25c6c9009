"""``manage.py ingest``: a file of entries goes into the books once, whatever of it is there already."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from clients.tenancy import client_context
from ledger import posting
from ledger.models import Account, JournalEntry, MonthlyBalance
from ledger.posting import Entry, Line
from tests import builders

TILL = [
    {"source": "till", "id": "a-1", "date": "2026-03-14", "memo": "Till", "lines": [["1000", 250], ["4000", -250]]},
    {
        "source": "till",
        "id": 'b\t"2\\',
        "date": "2026-04-01",
        "lines": [["1000", 100], ["1000", 50], ["4000", -150]],
    },
    {"source": "till", "id": "a-3", "date": "2026-04-02", "lines": [["4000", 7], ["1000", -7]]},
]


@pytest.fixture
def client():
    found = builders.world().kestrel
    with client_context(found.pk):
        Account.objects.create(client=found, number="1000", name="Till", type="asset", external_id="1")
        Account.objects.create(client=found, number="4000", name="Sales", type="income", external_id="2")
    return found


@pytest.fixture
def ingest(client, tmp_path):
    def run(*objects):
        path, out = tmp_path / "entries.jsonl", io.StringIO()
        path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
        call_command("ingest", client=client.slug, file=path, json=True, stdout=out)
        said = json.loads(out.getvalue())
        return said["posted"], said["known"], said["changed"]

    return run


def balances(client):
    with client_context(client.pk):
        rows = MonthlyBalance.objects.filter(client=client).order_by("month", "account__number")
        return [(str(row.month), row.account.number, row.debit_minor, row.credit_minor) for row in rows]


@pytest.mark.django_db
def test_the_same_file_again_is_a_no_op(client, ingest):
    assert ingest(*TILL) == (3, 0, 0)
    once = balances(client)
    assert once == [
        ("2026-03-01", "1000", 250, 0),
        ("2026-03-01", "4000", 0, 250),
        ("2026-04-01", "1000", 150, 7),
        ("2026-04-01", "4000", 7, 150),
    ]
    assert ingest(*TILL) == (0, 3, 0)
    assert balances(client) == once


@pytest.mark.django_db
def test_only_what_is_new_is_posted_and_other_content_is_left_alone(client, ingest, monkeypatch):
    monkeypatch.setattr(posting, "BATCH", 3)
    assert ingest(TILL[0], TILL[2]) == (2, 0, 0)
    dearer = TILL[2] | {"lines": [["4000", 8], ["1000", -8]]}
    moved = TILL[0] | {"date": "2026-03-15"}
    assert ingest(moved, TILL[1], dearer, TILL[2] | {"memo": "told differently"}) == (1, 1, 2)
    with client_context(client.pk):
        assert list(
            JournalEntry.objects.filter(client=client).order_by("source_key").values_list("source_key", "booked_on")
        ) == [("till:a-1", date(2026, 3, 14)), ("till:a-3", date(2026, 4, 2)), ('till:b\t"2\\', date(2026, 4, 1))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"lines": [["9999", 1], ["1000", -1]]}, "line 2: '9999' is missing"),
        ({"date": "2026-02-30"}, "line 2: day is out of range"),
        ({"date": None}, "line 2: fromisoformat"),
        ({"lines": None}, "line 2: 'NoneType'"),
        ({"lines": [["1000", 5], ["4000", -4]]}, "nothing was posted: entry"),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_posted(client, ingest, broken, said):
    with pytest.raises(CommandError, match=said):
        ingest(TILL[0], TILL[1] | broken)
    assert balances(client) == []


@given(st.dates(), st.lists(st.tuples(st.integers(1, 10**9), st.integers().filter(bool)), max_size=5))
def test_an_entry_is_told_by_the_same_digest_before_it_is_built(day, moves):
    lines = [Line(account, max(net, 0), max(-net, 0)) for account, net in moves]
    numbers = {f"no {account}": account for account, _net in moves}
    told = [(f"no {account}", net) for account, net in moves]
    assert posting.plain_digest(day.isoformat(), told, numbers) == Entry(day, "k", "entry", lines).digest()
