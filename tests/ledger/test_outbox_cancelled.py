"""What never reached the accounting system: cancelled in pairs that come to nil, or dated anew where its day is closed there."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from clients.models import AuditEvent
from clients.tenancy import client_context
from integrations.models import Connection
from ledger import corrections, outbox_cancelled, posting, redating, streams
from ledger.core.period import Month
from ledger.models import JournalEntry, JournalLine, LedgerException, OutboxItem
from ledger.settling import SettlingError
from tests.ledger.outbox_desk import DAY, STREAM, Desk, bill
from tests.scene import close, sale

APRIL, MAY = Month(2026, 4), Month(2026, 5)
CLOSED = date(2026, 4, 30)


@pytest.fixture
def desk(books):
    return Desk(books)


def entries(desk, purpose="sale", **more):
    with client_context(desk.client.pk):
        found = JournalEntry.objects.filter(
            client=desk.client, purpose=purpose, source_key__contains=":txn_test_", **more
        )
        return list(found.order_by("pk"))


def take_back(desk, entry):
    with client_context(desk.client.pk):
        return corrections.reverse(entry, reason="A test order.", by=desk.by)


def differences(desk, month):
    """Accounts whose balance here is not what the accounting system's trial balance says, income and expense of the year."""
    rows = desk.books.books.balances(desk.books.api, month.last, desk.books.context).rows
    theirs = {account: debit - credit for account, _name, debit, credit in rows}
    ours = defaultdict(int)
    with client_context(desk.client.pk):
        lines = JournalLine.objects.filter(client=desk.client, booked_on__lte=month.last).select_related("account")
        for line in lines.exclude(account__type__in=["income", "expense", "equity"]):
            ours[line.account.external_id] += line.net_minor
    return {key: amount - theirs.get(key, 0) for key, amount in ours.items() if amount != theirs.get(key, 0)}


def refused(desk):
    with client_context(desk.client.pk):
        return list(LedgerException.objects.filter(kind="refused", state="open").order_by("pk"))


def status(desk, month=APRIL):
    with client_context(desk.client.pk):
        stripe = Connection.objects.get(client=desk.client, provider="stripe")
        return {row.external_id: (row.status, row.why) for row in streams.records(stripe, STREAM, month).rows}


def test_an_entry_reversed_before_it_went_and_its_reversal_stay_here(desk):
    desk.send()
    before = differences(desk, APRIL)
    desk.book(sale(1), sale(2))
    take_back(desk, entries(desk)[0])
    desk.send()
    (item,) = desk.items()
    with client_context(desk.client.pk):
        assert [member.entry_id for member in item.members.all()] == [entries(desk)[1].pk]
        assert not outbox_cancelled.going(desk.client).exists()
        assert outbox_cancelled.is_cancelled(desk.client, entries(desk)[0])
    said, why = status(desk)["txn_test_0001"]
    assert (said, "they come to nil" in why) == ("cancelled", True)
    assert differences(desk, APRIL) == before == {}


def test_a_reversal_on_a_later_day_goes_with_what_it_reverses(desk):
    desk.book(sale(1))
    with client_context(desk.client.pk):
        (entry,) = entries(desk)
        posting.reverse(entry, reason="Back in May.", booked_on=MAY.first)
        assert outbox_cancelled.going(desk.client).count() == 2
    desk.send()
    assert sorted(item.booked_on for item in desk.items()) == [entry.booked_on, MAY.first]


def test_what_may_have_arrived_is_reversed_there_too(desk, books):
    desk.book(sale(1))
    books.fault("drop_after", path="/journalentry")
    desk.send()
    (item,) = desk.items()
    assert item.state == "sending"
    take_back(desk, entries(desk)[0])
    with client_context(desk.client.pk):
        with pytest.raises(IntegrityError, match="may be in the accounting system"), transaction.atomic():
            OutboxItem.objects.filter(pk=item.pk).update(state="dropped")
        OutboxItem.objects.filter(pk=item.pk).update(sent_at="2026-01-01T00:00:00Z")
    desk.send()
    assert [item.state for item in desk.items()] == ["posted", "posted"]
    assert differences(desk, APRIL) == {}


def test_a_document_that_never_left_is_taken_off_the_list(desk, books):
    from ledger import outbox

    desk.book(sale(1))
    with client_context(desk.client.pk):
        outbox.prepare(desk.client, desk.books)
    take_back(desk, entries(desk)[0])
    desk.send()
    assert [(item.state, item.tries) for item in desk.items()] == [("dropped", 0)]
    assert status(desk)["txn_test_0001"][0] == "cancelled"
    assert differences(desk, APRIL) == {}


# ---- closed there --------------------------------------------------------------------------------------------------------


def test_what_is_refused_for_its_date_goes_on_the_first_open_day(desk):
    desk.book(sale(1), sale(2, booked_on=date(2026, 4, 6)))
    desk.books.books.close_through(desk.books.api, CLOSED)
    desk.send()
    rows = refused(desk)
    assert [row.detail["closed_through"] for row in rows] == ["2026-04-30"] * 2
    with client_context(desk.client.pk):
        said = [redating.redate(row, by=desk.by) for row in rows]
        assert AuditEvent.objects.filter(action="outbox.redated").count() == 2
    assert said == ["Dated May 1, with its own date in the memo. It goes with the next sending."] * 2
    assert refused(desk) == []
    assert desk.send()["rejected"] == 0
    assert sorted(item.state for item in desk.items()) == ["dropped", "dropped", "posted"], "one day's rows go together"
    (sent,) = [item for item in desk.items() if item.state == "posted"]
    raw = desk.books.books.read(desk.books.api, sent.external_id).raw
    assert raw["TxnDate"] == "2026-05-01"
    anew = entries(desk, revision=1)
    assert {entry.memo[-15:] for entry in anew} == {"(of 2026-04-05)", "(of 2026-04-06)"}
    assert differences(desk, APRIL) == differences(desk, MAY) == {}
    assert status(desk)["txn_test_0001"][0] == "posted"


def test_a_day_is_open_here_and_there_or_nothing_changes(desk):
    desk.book(sale(1))
    desk.books.books.close_through(desk.books.api, CLOSED)
    desk.send()
    (row,) = refused(desk)
    with client_context(desk.client.pk):
        close(desk.client, MAY.first)
        for day, said in ((CLOSED, "choose a later day"), (date(2026, 5, 3), "May 2026 are closed here")):
            with pytest.raises(SettlingError, match=said):
                redating.redate(row, by=desk.by, on=day)
        assert entries(desk, revision=1) == []
        redating.redate(row, by=desk.by, on=date(2026, 6, 2))
    desk.send()
    assert [(item.state, item.booked_on) for item in desk.items()][1:] == [("posted", date(2026, 6, 2))]


def test_a_month_closed_here_too_is_for_whoever_keeps_the_books_there(desk):
    desk.book(sale(1))
    desk.books.books.close_through(desk.books.api, CLOSED)
    desk.send()
    (row,) = refused(desk)
    with client_context(desk.client.pk):
        close(desk.client, APRIL.first)
        with pytest.raises(SettlingError, match="closed here with it"):
            redating.redate(row, by=desk.by)


def test_a_bill_dated_anew_is_a_bill(desk):
    desk.book(bill())
    desk.books.books.close_through(desk.books.api, CLOSED)
    desk.send()
    (row,) = refused(desk)
    with client_context(desk.client.pk):
        redating.redate(row, by=desk.by)
    desk.send()
    old, new = desk.items()
    assert (old.type, old.state, new.type, new.state) == ("Bill", "dropped", "Bill", "posted")
    assert new.booked_on > DAY
