"""How a stream's rows go out is chosen from a day on, a payout waits for its rows, and each record says what became of it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import Sale
from ledger import accounting, booking, modes, outbox, streams
from ledger.core.period import Month
from ledger.models import JournalEntry, LedgerException, OutboxItem, OutboxMember, Period, PostingMode
from tests import builders
from tests.ledger.scene import fact

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
STREAM = "balance_transactions"
APRIL = date(2026, 4, 7)


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    """The month with only the processor's rows waiting to go out, open to the client."""
    scene = standing[1]
    with client_context(scene.client.pk):
        yield scene


def stripe(books):
    found = books.connections["stripe"]
    found.client = books.client
    return found


def waiting(books):
    rows = JournalEntry.objects.filter(client=books.client, source_key__startswith="stripe:", sent_with__isnull=True)
    return list(rows.exclude(purpose="arrival").prefetch_related("lines__account").order_by("pk"))


def choose(books, world, mode, day=MARCH.first):
    return modes.choose(stripe(books), STREAM, mode, day, by=world.alice)


def test_a_day_goes_out_by_channel_until_something_else_is_chosen(books):
    groups = modes.gather(books.client, waiting(books), today=APRIL).groups
    ninth = {group.key.rpartition("/")[2] for group in groups if group.day == date(2026, 3, 9)}
    assert {"online", "shop"} & ninth
    assert len(ninth) == 2


def test_from_the_chosen_day_on_a_payout_takes_its_rows(books, world):
    choose(books, world, "payout", date(2026, 3, 10))
    plan = modes.gather(books.client, waiting(books), today=APRIL)
    groups = plan.groups
    assert [group.day.day for group in groups if group.settles] == [13, 20]
    assert [one.payout for one in plan.waiting] == ["po_8844"], "two sales of its days are held"
    assert all(group.day < date(2026, 3, 10) for group in groups if not group.settles)


def test_documents_by_payout_come_to_the_books_and_show_the_deposit(books, world):
    for row in Fact.objects.filter(state="exception", connection=stripe(books)):
        Fact.objects.filter(pk=row.pk).update(state="skipped", reason="left out")
    choose(books, world, "payout")
    own = {entry.pk for entry in waiting(books)}
    outbox.prepare(books.client, accounting.open_books(books.client), today=APRIL)
    items = OutboxItem.objects.filter(members__entry__in=own).distinct()
    deposit = next(item for item in items if "Payout po_8842" in item.payload)
    assert '"Amount":2800.00' in deposit.payload
    assert OutboxMember.objects.filter(entry__in=own).count() == len(own)
    assert len(items) == 4
    again = outbox.prepare(books.client, accounting.open_books(books.client), today=APRIL)
    assert again == 0 or not OutboxMember.objects.filter(entry__in=own).exclude(outbox__in=items).exists()


def held(books):
    return list(LedgerException.objects.filter(client=books.client, kind="held", state="open"))


def test_a_payout_with_a_record_missing_is_held_with_the_reason_and_goes_by_itself(books, world):
    choose(books, world, "payout")
    missing = Sale(
        external_id="txn_late", booked_on=date(2026, 3, 10), currency="USD", amount=500, tip=100, channel="shop"
    )
    fact(books, "stripe", STREAM, missing)
    booking.book(books.client)
    before = modes.gather(books.client, waiting(books), today=APRIL)
    assert sorted(one.payout for one in before.waiting if one.payout) == ["po_8842", "po_8844"]
    row = next(row for row in held(books) if row.detail["payout"] == "po_8842")
    assert row.title == "Payout po_8842 is held. 1 record of this payout wait: No account for Tips payable."
    Fact.objects.filter(client=books.client, state="exception").update(state="skipped", reason="a test decided")
    after = modes.gather(books.client, waiting(books), today=APRIL)
    assert after.waiting == ()
    assert held(books) == []


def test_days_not_read_yet_hold_the_payout_too(books, world):
    choose(books, world, "payout")
    Fact.objects.filter(client=books.client, state="exception").update(state="skipped", reason="a test decided")
    from integrations.models import StreamState

    StreamState.objects.filter(connection=stripe(books), stream=STREAM).update(complete_through=date(2026, 3, 12))
    plan = modes.gather(books.client, waiting(books), today=APRIL)
    assert {one.reason for one in plan.waiting} == {"Its records are read through Mar 12 only."}


def test_a_closed_month_keeps_its_mode_and_the_database_says_so_too(books, world):
    Period.objects.filter(client=books.client, month=MARCH.first).update(state="locked")
    with pytest.raises(modes.ModeRefused, match="March 2026 are closed"):
        choose(books, world, "payout")
    with pytest.raises(IntegrityError, match="open month"), transaction.atomic():
        PostingMode.objects.create(
            client=books.client, connection=stripe(books), stream=STREAM, mode="day", effective_from=MARCH.first,
            chosen_by=world.alice,
        )  # fmt: skip


@pytest.mark.parametrize("statement", ["UPDATE ledger_postingmode SET mode = 'day'", "DELETE FROM ledger_postingmode"])
def test_a_choice_once_made_stands(books, world, statement):
    choose(books, world, "payout")
    from django.db import DatabaseError

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("provider", "stream", "mode", "said"),
    [
        ("stripe", STREAM, "weekly", "three ways"),
        ("stripe", "payouts", "day", "booked from here"),
        ("gusto", "payrolls", "payout", "document of its own"),
        ("stripe", STREAM, "day", "already"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(books, world, provider, stream, mode, said):
    chosen = books.connections[provider]
    chosen.client = books.client
    with pytest.raises(modes.ModeRefused, match=said):
        modes.choose(chosen, stream, mode, MARCH.first, by=world.alice)


# ---- what became of each record ------------------------------------------------------------------------------------------


def statuses(books, **given):
    return streams.records(stripe(books), STREAM, MARCH, **given)


def test_each_record_says_what_became_of_it(books):
    found = statuses(books, limit=100)
    assert sum(found.counts.values()) == len(found.rows) == Fact.objects.filter(stream=STREAM).count()
    whys = {row.status: row.why for row in found.rows}
    assert whys["held"] == "No account for Tips payable."
    assert whys["ready"] == "Booked; goes out with the next sending."


@pytest.mark.parametrize(
    ("state", "status", "why"),
    [
        ("posted", "posted", "In document"),
        ("rejected", "failed", "Refused: Account is inactive"),
        ("uncertain", "failed", "three times"),
        ("new", "ready", "on its way"),
    ],
)
def test_the_document_of_a_record_decides_its_status(books, state, status, why):
    entry = JournalEntry.objects.get(purpose="sale", source_key__endswith=":txn_0001")
    outbox.prepare(books.client, accounting.open_books(books.client), today=APRIL)
    OutboxItem.objects.filter(members__entry=entry).update(
        state=state, external_id="JournalEntry:9", problem="Account is inactive"
    )
    row = next(row for row in statuses(books, limit=100).rows if row.external_id == "txn_0001")
    assert (row.status, why in row.why) == (status, True)


def test_a_posted_record_that_looks_like_a_double_is_posted_with_a_warning(books):
    entry = JournalEntry.objects.get(purpose="sale", source_key__endswith=":txn_0001")
    outbox.prepare(books.client, accounting.open_books(books.client), today=APRIL)
    OutboxItem.objects.filter(members__entry=entry).update(state="posted", external_id="JournalEntry:9")
    LedgerException.objects.create(
        client=books.client,
        kind="duplicate",
        identity="pair",
        cause="pair",
        title="Looks like a double",
        entry_id=entry.pk,
    )
    row = next(row for row in statuses(books, status="warned").rows)
    assert (row.external_id, row.why) == ("txn_0001", "Looks like a double")


def test_more_records_ask_no_more_of_the_database(books):
    with CaptureQueriesContext(connection) as few:
        statuses(books, limit=2)
    with CaptureQueriesContext(connection) as many:
        statuses(books, limit=100)
    assert len(few) == len(many) <= 5


def test_a_controller_changes_the_mode_on_the_page_and_is_told(books, world, client):
    browser = builders.sign_in(client, world.alice)
    address = f"/c/kestrel/posting/{stripe(books).pk}/{STREAM}/mode/"
    said = browser.post(address, {"mode": "payout", "from_day": "2026-03-10"}, follow=True).content.decode()
    assert "one document a payout, equal to the deposit from Mar 10 on" in said
    refused = browser.post(address, {"mode": "payout", "from_day": "soon"}, follow=True).content.decode()
    assert "From: give a date, like 2026-03-01." in refused
    with client_context(books.client.pk):
        assert PostingMode.objects.count() == 1


def test_a_document_opens_to_every_member_and_its_record(books, world, client):
    outbox.prepare(books.client, accounting.open_books(books.client), today=APRIL)
    item = OutboxItem.objects.filter(members__entry__source_key__endswith=":txn_0001").get()
    members = list(JournalEntry.objects.filter(sent_with__outbox=item))
    page = builders.sign_in(client, world.bob).get(f"/c/kestrel/documents/{item.pk}/").content.decode()
    assert members
    for entry in members:
        assert f"/c/kestrel/entries/{entry.pk}/" in page
        assert f"/c/kestrel/sources/{entry.fact_id}/" in page
