"""A batch is taken back at once and posted again without doubles; what a finished reconciliation counts is named, not broken."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import OwnTransfer
from ledger import booking, closed_months, modes, rollback
from ledger.core.period import Month
from ledger.models import (
    BankFeed,
    BankItem,
    JournalEntry,
    LedgerException,
    MappingVersion,
    Match,
    MatchMember,
    MonthlyBalance,
    Period,
    Rollback,
    RollbackMember,
    StatementBalance,
)
from ledger.rollback import Batch
from tests import builders
from tests.scene import arrive, sale

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
STREAM = "balance_transactions"
DAYS = Rollback.Kind.DAYS


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        yield standing[1]


def of_days(books, first=1, last=31, provider="stripe"):
    return Batch(DAYS, books.connections[provider], date(2026, 3, first), date(2026, 3, last))


def balances(books):
    rows = MonthlyBalance.objects.filter(client=books.client).order_by("account_id", "month")
    return {(row.account_id, row.month): row.debit_minor - row.credit_minor for row in rows}


def live(books, key=":txn_0001"):
    return JournalEntry.objects.filter(
        client=books.client, source_key__endswith=key, reverses__isnull=True, reversals__isnull=True
    )


def take(books, world, batch, **given):
    return rollback.take_back(books.client, batch, reason="Wrong accounts", by=world.bob, **given)


def test_a_batch_taken_back_and_posted_again_leaves_every_balance_as_it_was(books, world):
    before = balances(books)
    made = take(books, world, of_days(books, 1, 9))
    assert {fact.reason for fact in Fact.objects.filter(external_id__in=["txn_0001", "txn_0901"])} == {
        "Rolled back: Wrong accounts"
    }
    assert not live(books).exists()
    assert balances(books) != before
    again = rollback.post_again(books.client, made, by=world.bob)
    assert again.entries == made.members.count()
    assert live(books).get().revision == 1
    assert {place: net for place, net in balances(books).items() if net or place in before} == before


def test_posted_again_twice_is_refused_and_booking_doubles_nothing(books, world):
    made = take(books, world, of_days(books, 1, 3))
    rollback.post_again(books.client, made, by=world.bob)
    with pytest.raises(rollback.RollbackRefused, match="again already"):
        rollback.post_again(books.client, made, by=world.bob)
    assert booking.book(books.client).entries == 0
    assert live(books).count() == 1


def test_what_is_taken_back_stays_so_while_booking_goes_on(books, world):
    take(books, world, of_days(books, 1, 3))
    assert booking.book(books.client).entries == 0
    assert not live(books).exists()


def test_a_record_that_changed_meanwhile_is_posted_again_as_it_is_now(books, world):
    arrive(books.client, "stripe", STREAM, sale(1, channel="shop", booked_on=date(2026, 3, 3)))
    booking.book(books.client)
    made = take(books, world, of_days(books, 3, 3))
    arrive(books.client, "stripe", STREAM, sale(1, channel="shop", booked_on=date(2026, 3, 3), amount=7_700))
    booking.book(books.client)
    assert not live(books, ":txn_test_0001").exists(), "taken back until somebody posts it again"
    rollback.post_again(books.client, made, by=world.bob)
    entry = live(books, ":txn_test_0001").get()
    assert sum(line.credit_minor for line in entry.lines.filter(role="sales")) == 7_700


def finished(books, world):
    """The payroll's bank entries of March in a reconciliation that is done; gives (statement, an entry it counts)."""
    feed = BankFeed.objects.get(account_key="chk")
    statement, _ = StatementBalance.objects.update_or_create(
        client=books.client, feed=feed, month=MARCH.first,
        defaults={"ends_on": MARCH.last, "closing_minor": 0, "source": "typed", "finished_by": world.bob, "finished_at": timezone.now()},
    )  # fmt: skip
    return statement


def moved_to_the_bank(books):
    """A record whose entry stands on the checking account itself."""
    record = OwnTransfer(
        external_id="own", booked_on=date(2026, 3, 18), currency="USD", amount=900, to="bank", account="chk"
    )
    arrive(books.client, "stripe", STREAM, record)
    booking.book(books.client)
    return live(books, ":own").get()


def test_a_line_of_a_finished_reconciliation_is_named_before_anything_moves(books, world):
    entry = moved_to_the_bank(books)
    statement = finished(books, world)
    found = rollback.preview(books.client, of_days(books, 18, 18))
    assert [(one.entry, one.statement) for one in found.broken] == [(entry, statement)]
    with pytest.raises(
        rollback.RollbackRefused, match=f"JE-{entry.pk} .* in the reconciliation of {statement.feed}, March 2026"
    ):
        take(books, world, of_days(books, 18, 18))
    assert Rollback.objects.count() == 0
    take(books, world, of_days(books, 18, 18), leave_out=True)
    assert live(books, ":own").get() == entry, "what the reconciliation counts stays"
    assert not live(books, ":txn_0018").exists()


def test_a_match_with_a_bank_line_is_taken_apart_first(books, world):
    entry = moved_to_the_bank(books)
    line = entry.lines.get(account=books.account("1010"))
    feed = BankFeed.objects.get(account_key="chk")
    item = BankItem.objects.create(
        client=books.client, feed=feed, fact_id=1, external_id="own", posted_on=entry.booked_on, amount_minor=900,
        description="TRANSFER", state="matched",
    )  # fmt: skip
    match = Match.objects.create(client=books.client, feed=feed, state="accepted", method="hand", confidence_bp=10_000)
    common = {"client": books.client, "match": match, "amount_minor": 900, "is_live": True}
    MatchMember.objects.create(item=item, **common)
    MatchMember.objects.create(entry=entry, line_no=line.no, **common)
    assert rollback.preview(books.client, of_days(books, 18, 18)).matches == 1
    take(books, world, of_days(books, 18, 18))
    match.refresh_from_db()
    item.refresh_from_db()
    assert (match.state, item.state) == ("undone", "open")


def test_closed_months_stay_and_are_left_out_only_by_choice(books, world):
    Period.objects.filter(client=books.client, month=MARCH.first).update(state="locked")
    with pytest.raises(rollback.RollbackRefused, match="in closed months"):
        take(books, world, of_days(books))
    with pytest.raises(rollback.RollbackRefused, match="Nothing of this stands"):
        take(books, world, of_days(books), leave_out=True)


def test_a_mapping_versions_work_is_taken_back_whole(books, world):
    version = MappingVersion.objects.get(client=books.client)
    made = take(books, world, Batch(Rollback.Kind.MAPPING, version=version))
    left = JournalEntry.objects.filter(
        mapping_version_id=version.pk, purpose__in=["sale", "payroll"], reverses__isnull=True, reversals__isnull=True
    )
    assert not left.exists()
    assert made.subject == f"Mapping v{version.number}"


def test_a_pull_is_what_was_read_on_the_day(books, world):
    today = timezone.localdate()  # the scene may have been read just before midnight
    batch = Batch(Rollback.Kind.PULL, books.connections["stripe"], today - timedelta(days=1), today)
    found = rollback.preview(books.client, batch)
    assert {entry.source_key.split(":")[0] for entry in found.entries} == {"stripe"}
    early = Batch(Rollback.Kind.PULL, books.connections["stripe"], date(2026, 3, 1), date(2026, 3, 31))
    assert rollback.preview(books.client, early).entries == []


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_rollback_without_a_reason_is_refused_by_both(books, world, reason):
    with pytest.raises(rollback.RollbackRefused, match="Reason"):
        rollback.take_back(books.client, of_days(books), reason=reason, by=world.bob)
    with pytest.raises(IntegrityError, match="rollback_has_a_reason"), transaction.atomic():
        Rollback.objects.create(client=books.client, kind="days", subject="x", reason="", made_by=world.bob)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_rollback SET subject = 'other'",
        "DELETE FROM ledger_rollback",
        "UPDATE ledger_rollbackmember SET entry_id = 1",
        "UPDATE ledger_rollback SET undone_at = now()",
    ],
)
def test_what_a_batch_was_cannot_be_rewritten(books, world, statement):
    from django.db import DatabaseError

    take(books, world, of_days(books, 1, 2))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_entry_is_a_member_of_one_batch_only(books, world):
    made = take(books, world, of_days(books, 1, 2))
    member = made.members.first()
    with pytest.raises(IntegrityError, match="rollback_entry_once"), transaction.atomic():
        RollbackMember.objects.create(client=books.client, rollback=made, entry_id=member.entry_id, reversal_id=1)


def test_a_preview_asks_no_more_for_more_entries(books):
    with CaptureQueriesContext(connection) as few:
        rollback.preview(books.client, of_days(books, 1, 2))
    with CaptureQueriesContext(connection) as many:
        rollback.preview(books.client, of_days(books))
    assert len(few) == len(many)


def test_a_bookkeeper_sees_what_a_batch_holds_takes_it_back_and_posts_it_again(books, world, client):
    browser = builders.sign_in(client, world.bob)
    page, asked = (
        "/c/kestrel/rollbacks/",
        {"kind": "days", "connection": books.connections["stripe"].pk, "first": "2026-03-01"},
    )
    assert "Kestrel online, Mar 1, 2026: 1 entry" in browser.get(page, asked).content.decode()
    wrong = browser.get(page, {"kind": "days", "first": "2026-03-05", "last": "2026-03-01"})
    assert (wrong.status_code, "The last day is before the first." in wrong.content.decode()) == (422, True)
    assert "Choose the system." in wrong.content.decode()
    refused = browser.post(page + "take-back/", asked, follow=True).content.decode()
    assert "Reason: say why the batch is taken back." in refused
    done = browser.post(page + "take-back/", asked | {"reason": "Wrong day"}, follow=True).content.decode()
    assert "1 entries of Kestrel online, Mar 1, 2026 are taken back." in done
    with client_context(books.client.pk):
        made = Rollback.objects.get()
    again = browser.post(f"{page}{made.pk}/again/", follow=True).content.decode()
    assert "1 entries posted again" in again


# ---- closed months -------------------------------------------------------------------------------------------------------


def closed(books, day=date(2026, 3, 5), **later):
    """A sale that was booked in March, which closed, and which the source then tells otherwise; gives the exception."""
    arrive(books.client, "stripe", STREAM, sale(1, channel="shop", booked_on=day))
    booking.book(books.client)
    Period.objects.filter(client=books.client, month=MARCH.first).update(state="locked")
    arrive(books.client, "stripe", STREAM, sale(1, channel="shop", booked_on=day, **later))
    booking.book(books.client)
    return LedgerException.objects.get(client=books.client, kind="closed", identity__endswith=":txn_test_0001")


def _net(books, month):
    row = MonthlyBalance.objects.filter(client=books.client, account=books.account("4010"), month=month.first).first()
    return row.credit_minor - row.debit_minor if row else 0


def test_a_change_of_a_signed_month_is_adjusted_on_the_first_open_day(books, world):
    row = closed(books, amount=7_700)
    march, april = _net(books, MARCH), _net(books, MARCH.next)
    assert closed_months.post_on_open_day(row, by=world.bob) == "Adjusted on Apr 1; the closed month stays as it is."
    assert _net(books, MARCH) == march
    assert _net(books, MARCH.next) - april == 7_700 - 5_000
    states = Fact.objects.filter(external_id="txn_test_0001").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["superseded", "booked"]
    assert live(books, ":txn_test_0001").get().revision == 1
    assert booking.book(books.client).entries == 0


def test_a_signed_month_can_be_left_as_it_was_signed(books, world):
    row = closed(books, amount=7_700)
    before = JournalEntry.objects.count()
    closed_months.leave(row, by=world.bob)
    booking.book(books.client)
    assert not LedgerException.objects.filter(kind="closed", identity=row.identity, state="open").exists()
    assert JournalEntry.objects.count() == before
    row.refresh_from_db()
    assert row.state == "ignored"


def test_every_choice_keeps_the_documents_of_an_entry_once(books, world):
    row = closed(books, amount=7_700)
    closed_months.post_on_open_day(row, by=world.bob)
    entries = list(
        JournalEntry.objects.filter(source_key__endswith=":txn_test_0001")
        .prefetch_related("lines__account")
        .order_by("pk")
    )
    groups = modes.gather(books.client, entries, today=date(2026, 5, 1)).groups
    assert sorted(pk for group in groups for pk in group.entries) == [entry.pk for entry in entries]
