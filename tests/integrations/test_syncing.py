"""Reading a stream: each object once, whatever is repeated, interrupted or broken."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import jobs, syncing
from integrations.errors import Reconnect, RetryLater, StaleCursor
from integrations.models import Connection, Fact, SourceDocument, StreamState, SyncJob
from integrations.provider import Page
from integrations.syncing import FACTS
from tests.integrations import scripted
from tests.integrations.scripted import NOW, sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(monkeypatch: Any) -> scripted.Scripted:
    made = scripted.Scripted()
    scripted.install(monkeypatch, made.provider())
    return made


@pytest.fixture
def live(world: Any, script: Any) -> Connection:
    return scripted.connection(world.kestrel)


def pull(connection: Connection, **options: Any) -> syncing.PullResult:
    return syncing.pull_stream(connection.pk, "rows", now=options.pop("now", NOW), api=object(), **options)


def counts(result: syncing.PullResult) -> tuple[int, int, int, int]:
    return result.new, result.changed, result.unchanged, result.facts


def rows(connection: Connection, model: Any, *fields: str, **where: Any) -> list[Any]:
    with client_context(connection.client_id):
        return list(model.objects.filter(connection_id=connection.pk, **where).order_by("id").values_list(*fields))


def state(connection: Connection) -> StreamState:
    with client_context(connection.client_id):
        return StreamState.objects.get(connection=connection)


def test_new_objects_become_documents_and_facts(live, script):
    script.give(sale(1), sale(2, 250))
    assert counts(pull(live)) == (2, 0, 0, 2)
    assert rows(live, SourceDocument, "external_id", "version") == [("row-1", 1), ("row-2", 1)]
    assert rows(live, Fact, "kind", "amount_minor", "booked_on", "state") == [
        ("Sale", 1000, date(2026, 3, 14), "new"),
        ("Sale", 250, date(2026, 3, 14), "new"),
    ]


def test_the_same_again_writes_nothing(live, script):
    script.give(sale(1), sale(2))
    pull(live)
    assert counts(pull(live)) == (0, 0, 2, 0)
    script.give(sale(2), sale(1))
    assert counts(pull(live)) == (0, 0, 2, 0)
    assert len(rows(live, SourceDocument, "id")) == len(rows(live, Fact, "id")) == 2


def test_a_changed_object_is_a_new_version_and_supersedes_what_was_not_booked(live, script):
    script.give(sale(1), sale(2))
    pull(live)
    with client_context(live.client_id):
        Fact.objects.filter(external_id="row-2").update(state="booked")
    script.give(sale(1, 1100), sale(2, 1200))
    assert counts(pull(live)) == (0, 2, 0, 2)
    assert rows(live, SourceDocument, "external_id", "version", external_id="row-1") == [("row-1", 1), ("row-1", 2)]
    assert rows(live, Fact, "state", "amount_minor", external_id="row-1") == [("superseded", 1000), ("new", 1100)]
    assert rows(live, Fact, "state", "amount_minor", external_id="row-2") == [("booked", 1000), ("new", 1200)]


def test_a_change_and_its_undoing_are_both_kept(live, script):
    for amount in (1000, 2000, 1000):
        script.give(sale(1, amount))
        pull(live)
    assert rows(live, Fact, "amount_minor", "state") == [(1000, "superseded"), (2000, "superseded"), (1000, "new")]


def test_one_identity_twice_in_a_page_keeps_both_versions(live, script):
    script.give(sale(1, 1), sale(1, 2), sale(1, 2))
    assert counts(pull(live)) == (1, 1, 1, 2)
    assert rows(live, SourceDocument, "version") == [(1,), (2,)]


def test_numbers_are_kept_exactly(live, script):
    script.give(sale(1, rate=Decimal("0.10"), big=10**30, text="a\tb\\c\nd\x00e\ud800"))
    pull(live)
    with client_context(live.client_id):
        kept = SourceDocument.objects.get().payload
    assert kept["text"] == "a\tb\\c\nd\ufffde?"
    assert kept["big"] == 10**30


def test_decimals_keep_their_digits_in_the_database(live, script):
    from django.db import connection as database

    script.give(sale(1, rate=Decimal("0.10")))
    pull(live)
    with client_context(live.client_id), database.cursor() as cursor:
        cursor.execute("SELECT payload->>'rate' FROM integrations_sourcedocument")
        assert cursor.fetchone() == ("0.10",)


BROKEN = [
    {"id": "b1", "day": "2026-03-14"},
    {"id": "b2", "day": "2026-02-30", "amount": 1},
    {"id": "b3", "amount": 1},
    {"id": "b4", "day": "2026-03-14", "amount": "12"},
    {"id": "b5", "day": "2026-03-14", "amount": True},
    {"id": "b6", "day": "2026-03-14", "amount": 2**63},
    {"id": "b7", "day": "2026-03-14", "kind": "twice"},
    {"id": "", "day": "2026-03-14", "amount": 1},
    {"id": "x" * 301, "day": "2026-03-14", "amount": 1},
    {"id": 7, "day": "2026-03-14", "amount": 1},
    {"day": "2026-03-14", "amount": 1},
    {},
    {"id": "nul\x00", "day": "2026-03-14", "amount": 1},
]


def test_broken_objects_are_listed_with_their_reason_and_stop_no_other(live, script):
    script.give(*[sale(number) for number in range(100)], *BROKEN)
    result = pull(live)
    found = rows(live, Fact, "kind", "state", "reason", state="exception")
    assert (result.new, result.exceptions) == (100 + len(BROKEN), len(BROKEN))
    assert len(found) == len(BROKEN)
    assert {kind for kind, _, _ in found} == {"Unreadable"}
    assert all(reason.startswith("$") for _, _, reason in found)


def test_a_mended_object_leaves_the_exceptions(live, script):
    script.give({"id": "row-1", "day": "2026-03-14"})
    pull(live)
    script.give(sale(1))
    pull(live)
    assert rows(live, Fact, "kind", "state") == [("Unreadable", "superseded"), ("Sale", "new")]


def test_what_is_not_understood_or_not_booked_says_why(live, script):
    script.give(sale(1, kind="gift"), sale(2, kind="skip"))
    pull(live)
    assert rows(live, Fact, "kind", "state", "reason") == [
        ("Unknown", "exception", "rows of kind gift"),
        ("Skipped", "skipped", "a test row"),
    ]


def test_facts_of_a_proved_stream_are_evidence_only(world, script):
    proving = scripted.connection(world.quillfeather, duty="prove")
    script.give(sale(1))
    pull(proving)
    assert rows(proving, Fact, "state") == [("proof",)]


@pytest.mark.parametrize("changes", [{"duty": "off"}, {"state": "paused"}, {"state": "disconnected"}])
def test_what_is_off_or_paused_is_not_asked(live, script, changes):
    with client_context(live.client_id):
        model = StreamState if "duty" in changes else Connection
        model.objects.update(**changes)
    script.give(sale(1))
    assert counts(pull(live)) == (0, 0, 0, 0)
    assert script.windows == []


def test_a_connection_that_waits_for_a_person_is_not_asked(live, script):
    with client_context(live.client_id):
        Connection.objects.update(state="needs_reconnect", problem="login required")
    with pytest.raises(Reconnect, match="login required"):
        pull(live)


def test_the_cursor_moves_with_its_page_and_no_further(live, script):
    script.pages = [
        Page(items=[sale(1)], cursor="one"),
        Page(items=[sale(2)], cursor="two"),
        RetryLater("busy", retry_after=1),
    ]
    with pytest.raises(RetryLater):
        pull(live)
    assert state(live).cursor == "two"
    assert state(live).last_problem == "busy"
    assert state(live).last_success_at is None
    script.give(sale(3), cursor="three")
    pull(live)
    assert script.windows[-1].cursor == "two"
    assert len(rows(live, Fact, "id")) == 3


def test_a_page_without_a_cursor_leaves_the_stored_one(live, script):
    script.give(sale(1), cursor="here")
    pull(live)
    script.give(sale(2))
    pull(live)
    assert state(live).cursor == "here"


def test_rows_and_cursor_of_a_page_fail_together(live, script, monkeypatch):
    script.give(sale(1), cursor="one")

    def broken(*_given: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("integrations.syncing.jobs.wake", broken)
    with pytest.raises(RuntimeError):
        pull(live)
    assert state(live).cursor == ""
    assert rows(live, SourceDocument, "id") == []


def test_a_second_reader_that_is_ahead_stops_the_first(live, script):
    def overtake(_number: int) -> None:
        with client_context(live.client_id):
            StreamState.objects.update(cursor="elsewhere")

    script.before_page = overtake
    script.give(sale(1), cursor="one")
    with pytest.raises(RetryLater, match="ahead"):
        pull(live)
    assert rows(live, SourceDocument, "id") == []
    assert state(live).cursor == "elsewhere"


def test_a_dropped_cursor_starts_the_window_again(live, script):
    with client_context(live.client_id):
        StreamState.objects.update(cursor="start")
    script.pages = [Page(items=[sale(1)]), StaleCursor("changed while paging"), Page(items=[sale(2)], cursor="end")]
    pull(live)
    assert [window.cursor for window in script.windows] == ["start", "start"]
    assert state(live).cursor == "end"
    assert len(rows(live, Fact, "id")) == 2


def test_a_cursor_that_is_refused_again_is_forgotten(live, script):
    with client_context(live.client_id):
        StreamState.objects.update(cursor="old")
    script.pages = [StaleCursor("expired"), StaleCursor("expired"), Page(items=[sale(1)], cursor="new")]
    pull(live)
    assert [window.cursor for window in script.windows] == ["old", "old", ""]
    assert state(live).cursor == "new"


def test_a_provider_that_never_settles_is_tried_later(live, script):
    script.pages = [StaleCursor("changed") for _ in range(3)]
    with pytest.raises(RetryLater):
        pull(live)


def test_a_deletion_is_a_tombstone(live, script):
    script.give(sale(1, kind="document"))
    pull(live)
    script.give(sale(1, kind="gone"))
    pull(live)
    assert rows(live, SourceDocument, "version", "is_deleted") == [(1, False), (2, True)]
    assert rows(live, Fact, "kind", "state") == [("LedgerDocument", "superseded"), ("LedgerDeletion", "new")]


def test_what_a_full_list_lacks_is_gone(live, script):
    script.give(*[sale(number, kind="document") for number in range(3)])
    pull(live)
    script.give(sale(1, kind="document"), only=frozenset(["row-1"]))
    result = pull(live)
    assert (result.unchanged, result.changed) == (1, 2)
    gone = rows(live, Fact, "external_id", kind="LedgerDeletion")
    assert sorted(gone) == [("row-0",), ("row-2",)]
    assert counts(pull(live)) == (0, 0, 1, 0)


def test_what_comes_back_after_its_deletion_lives_again(live, script):
    script.give(sale(1))
    pull(live)
    script.give(only=frozenset())
    pull(live)
    script.give(sale(1))
    assert counts(pull(live)) == (0, 1, 0, 1)
    assert rows(live, SourceDocument, "is_deleted") == [(False,), (True,), (False,)]


def test_an_unchanged_page_is_recognised_without_looking_at_its_rows(live, script, monkeypatch):
    script.pages = [Page(items=[sale(number) for number in range(9)])]
    pull(live)
    monkeypatch.setattr("integrations.syncing.store", lambda *_given, **_named: pytest.fail("the rows were looked at"))
    assert counts(pull(live)) == (0, 0, 9, 0)


def test_a_page_seen_before_a_change_is_looked_at_again(live, script):
    script.give(sale(1, 1))
    pull(live)
    script.give(sale(1, 2))
    pull(live)
    script.give(sale(1, 1))
    assert counts(pull(live)) == (0, 1, 0, 1)


def test_a_finished_pull_is_complete_through_the_clients_yesterday(live, script):
    script.give(sale(1))
    pull(live, now=NOW.replace(hour=3))
    assert state(live).complete_through == date(2026, 4, 2)
    with client_context(live.client_id):
        assert Connection.objects.get().last_success_at is not None


def test_a_pull_reads_from_the_cut_over_on(live, script):
    script.give()
    pull(live)
    assert script.windows[-1].since == date(2026, 1, 1)


def test_new_facts_wake_one_job_and_repeats_none(live, script, monkeypatch):
    monkeypatch.setitem(jobs._handlers, FACTS, (lambda _job, _lease: None, False))
    script.pages = [Page(items=[sale(1)]), Page(items=[sale(2)])]
    pull(live)
    pull(live)
    with client_context(live.client_id):
        assert SyncJob.objects.filter(kind=FACTS).count() == 1


def test_a_pull_stops_at_its_time_and_says_there_is_more(live, script):
    script.pages = [Page(items=[sale(1)], cursor="one"), Page(items=[sale(2)], cursor="two")]
    result = pull(live, seconds=0)
    assert (result.more, result.pages) == (True, 1)
    assert state(live).cursor == "one"
    assert state(live).complete_through is None


def test_one_path_for_one_and_for_many(world, script):
    one = scripted.connection(world.kestrel)
    many = scripted.connection(world.quillfeather)
    listed = [sale(number, number) for number in range(1000)]
    for row in listed:
        script.pages = [*([] if row is listed[0] else script.pages), Page(items=[row])][:40]
    pull(one)
    script.give(*listed)
    result = pull(many)
    few = rows(one, Fact, "external_id", "amount_minor", "data", "state")
    assert rows(many, Fact, "external_id", "amount_minor", "data", "state")[: len(few)] == few
    assert asdict(result)["new"] == 1000
