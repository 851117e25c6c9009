"""How connections are: one problem each that settles itself, what is missing by its id, and what a break costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client as Browser

from clients.tenancy import client_context
from closeout.checks import CHECKS, Scope
from closeout.workflow import open_close
from integrations import jobs, schedule, syncing
from integrations.errors import RetryLater
from integrations.models import Connection, ControlTotal, Fact, StreamState, SyncJob, Token
from integrations.provider import Page
from ledger import exceptions_inbox, health, impact
from ledger.core.period import Month
from ledger.models import LedgerException
from tests import builders
from tests.integrations import scripted
from tests.integrations.scripted import NOW, sale

pytestmark = pytest.mark.django_db
DAYS = "/c/kestrel/completeness/2026-03/{}/rows/"


@pytest.fixture
def script(monkeypatch):
    found = scripted.Scripted()
    scripted.install(monkeypatch, found.provider())
    return found


@pytest.fixture
def held(world, script):
    """Kestrel's connection with two sales of March 14, read just now."""
    script.give(sale(1, 5_000), sale(2, 1_000))
    made = scripted.connection(world.kestrel, name="Till")
    syncing.pull_stream(made.pk, "rows", now=NOW)
    return made


def review(world, now=NOW):
    with client_context(world.kestrel.pk):
        return health.review(world.kestrel, now=now)


def told(world, **where):
    with client_context(world.kestrel.pk):
        return list(
            LedgerException.objects.filter(client=world.kestrel, **where)
            .order_by("pk")
            .values_list("kind", "title", "state")
        )


def change(world, held, **fields):
    with client_context(world.kestrel.pk):
        Connection.objects.filter(pk=held.pk).update(**fields)


def test_a_clean_connection_has_no_problem(world, held):
    assert review(world) == {"opened": 0, "settled": 0}


def test_a_gone_login_is_one_problem_however_often_it_is_seen(world, held):
    change(world, held, state="needs_reconnect")
    assert review(world) == {"opened": 1, "settled": 0}
    assert review(world, NOW + timedelta(days=1)) == {"opened": 0, "settled": 0}
    assert told(world) == [
        ("login", "Scripted (Till): somebody has to sign in again; nothing is whole after Apr 3", "open")
    ]


def test_it_settles_itself_after_a_clean_reading_and_opens_again_when_it_comes_back(world, held):
    change(world, held, state="needs_reconnect")
    review(world)
    change(world, held, state="live")
    assert review(world) == {"opened": 0, "settled": 1}
    change(world, held, state="needs_reconnect")
    assert review(world) == {"opened": 1, "settled": 0}
    assert [state for _kind, _title, state in told(world)] == ["resolved", "open"]


def test_what_is_muted_stays_muted_while_it_lasts_and_is_gone_when_mended(world, held):
    change(world, held, state="needs_reconnect")
    review(world)
    with client_context(world.kestrel.pk):
        exceptions_inbox.snooze([LedgerException.objects.get()], until=date(2026, 5, 1), by=world.bob)
    review(world, NOW + timedelta(days=1))
    assert [state for *_rest, state in told(world)] == ["snoozed"]
    change(world, held, state="live")
    review(world)
    assert [state for *_rest, state in told(world)] == ["resolved"]


def run_the_look(world):
    """The one job that was asked for, now instead of in two seconds."""
    with client_context(world.kestrel.pk):
        (job,) = SyncJob.objects.filter(kind="health", state="due")
        jobs.hurry(job.pk, NOW)
    jobs.run(job.pk)


def test_a_failing_stream_wakes_the_look_and_so_does_its_recovery(world, held, script):
    script.pages = [RetryLater("the system is away", retry_after=60)]
    with pytest.raises(RetryLater):
        syncing.pull_stream(held.pk, "rows", now=NOW)
    run_the_look(world)
    ((kind, title, _state),) = told(world)
    assert kind == "stale"
    assert "Rows not read (the system is away)" in title
    script.give(sale(1, 5_000))
    syncing.pull_stream(held.pk, "rows", now=datetime.now(UTC))
    run_the_look(world)
    assert [state for *_rest, state in told(world, kind="stale")] == ["resolved"]


def test_a_reading_that_is_behind_is_a_problem_and_one_by_file_is_not(world, held):
    assert review(world, NOW + timedelta(hours=25))["opened"] == 0
    assert review(world, NOW + timedelta(hours=27))["opened"] == 1
    with client_context(world.kestrel.pk):
        held.settings["scheme"] = "file"
        held.save()
    assert review(world, NOW + timedelta(hours=27))["settled"] == 1


@pytest.mark.parametrize(
    ("days", "said"), [(90, ""), (59, "within 60 days"), (29, "within 30 days"), (6, "within 7 days")]
)
def test_the_end_of_access_is_told_before(world, held, days, said):
    with client_context(world.kestrel.pk):
        Token.objects.create(
            connection=held, client=world.kestrel, ciphertext=b"x", hard_expires_at=NOW + timedelta(days=days, hours=-1)
        )
    review(world)
    found = told(world, kind="expiring")
    assert [said in title for _kind, title, _state in found] == ([True] if said else [])


def test_the_warning_tightens_in_place_and_goes_with_a_new_sign_in(world, held):
    with client_context(world.kestrel.pk):
        token = Token.objects.create(
            connection=held, client=world.kestrel, ciphertext=b"x", hard_expires_at=NOW + timedelta(days=20)
        )
    review(world)
    change(world, held, last_success_at=NOW + timedelta(days=15))
    review(world, NOW + timedelta(days=15))
    ((_kind, title, _state),) = told(world, kind="expiring")
    assert "within 7 days" in title
    with client_context(world.kestrel.pk):
        token.hard_expires_at = NOW + timedelta(days=380)
        token.save()
    review(world, NOW + timedelta(days=15))
    assert [state for *_rest, state in told(world, kind="expiring")] == ["resolved"]


# ---- what is missing -----------------------------------------------------------------------------------------------------


def compare(held, script, *ids, rows=(), covers=True):
    """A full compare and the reading after it."""
    script.pages = [Page(items=rows), Page(items=[], only=frozenset(ids), only_pulled=covers)]
    syncing.pull_stream(held.pk, "rows", now=NOW)
    script.give()
    syncing.pull_stream(held.pk, "rows", now=NOW)


def test_an_object_that_the_source_lists_and_we_lack_is_named(world, held, script):
    compare(held, script, "row-1", "row-2", "row-3")
    with client_context(world.kestrel.pk):
        listed = StreamState.objects.get(connection=held).listed
        assert SyncJob.objects.filter(kind="health").exists()
    assert (listed["there"], listed["here"], listed["missing"]) == (3, 2, ["row-3"])
    review(world)
    assert told(world) == [("missing", "Scripted (Till): Rows: 3 there, 2 here, missing row-3", "open")]


def test_an_object_that_the_next_reading_brings_was_never_missing(world, held, script):
    script.pages = [Page(items=[], only=frozenset(["row-1", "row-2", "row-3"]), only_pulled=True)]
    syncing.pull_stream(held.pk, "rows", now=NOW)
    assert review(world)["opened"] == 0
    script.give(sale(3))
    syncing.pull_stream(held.pk, "rows", now=NOW)
    assert review(world)["opened"] == 0
    with client_context(world.kestrel.pk):
        assert StreamState.objects.get(connection=held).listed == {"there": 3, "here": 3, "absent": [], "missing": []}


def test_a_list_that_reaches_further_back_than_the_reading_names_nothing(world, held, script):
    compare(held, script, "row-1", "row-2", "row-0", covers=False)
    with client_context(world.kestrel.pk):
        assert StreamState.objects.get(connection=held).listed == {}


def test_it_settles_itself_once_the_object_has_come(world, held, script):
    compare(held, script, "row-1", "row-2", "row-3")
    review(world)
    compare(held, script, "row-1", "row-2", "row-3", rows=[sale(3)])
    review(world)
    assert [state for *_rest, state in told(world)] == ["resolved"]


def count(world, held, number, total=None):
    with client_context(world.kestrel.pk):
        ControlTotal.objects.update_or_create(
            client=world.kestrel, connection=held, stream="rows", day=date(2026, 3, 14), source="count", currency="USD",
            defaults={
                "count": number, "here": 2, "total_minor": total, "here_minor": None if total is None else 6_000,
                "missing": ["row-3"][: number - 2],
            },
        )  # fmt: skip


def test_a_source_that_counts_more_is_a_problem_of_its_month(world, held):
    count(world, held, 3)
    review(world)
    assert told(world) == [("missing", "Scripted (Till): Rows in March 2026: 3 there, 2 here: missing row-3", "open")]
    count(world, held, 2)
    assert review(world)["settled"] == 1


def look(world, address):
    return builders.sign_in(Browser(), world.bob).get(address)


def test_the_page_of_the_days_names_what_is_missing(world, held, script):
    count(world, held, 3, 7_000)
    compare(held, script, "row-1", "row-2", "row-3")
    page = look(world, DAYS.format(held.pk)).content.decode()
    assert "1 day of March 2026 differs" in page
    assert "3 there, 2 here" in page
    assert "Missing: row-3" in page
    assert "70.00" in page
    assert "60.00" in page


def test_a_booked_record_without_its_entry_is_not_in_the_ledger(world, held):
    count(world, held, 2)
    with client_context(world.kestrel.pk):
        Fact.objects.filter(external_id="row-1").update(state="booked")
        Fact.objects.filter(external_id="row-2").update(state="skipped", reason="a test row")
    page = look(world, DAYS.format(held.pk)).content.decode()
    assert "Not in the ledger" in page
    assert "a test row" in page


def test_a_day_that_agrees_is_whole(world, held):
    count(world, held, 2)
    with client_context(world.kestrel.pk):
        Fact.objects.update(state="proof")
    page = look(world, DAYS.format(held.pk)).content.decode()
    assert "Rows: nothing missing in March 2026" in page
    assert "Whole" in page


def test_a_stream_that_is_none_and_a_strange_connection_are_not_found(world, held):
    assert look(world, f"/c/kestrel/completeness/2026-03/{held.pk}/none/").status_code == 404
    assert look(world, f"/c/quillfeather/completeness/2026-03/{held.pk}/rows/").status_code == 404


# ---- what a break costs --------------------------------------------------------------------------------------------------


def test_the_usual_day_prices_what_is_missing(world, held):
    with client_context(world.kestrel.pk):
        Fact.objects.update(state="booked")
        held.client = world.kestrel
        found = impact.of(held, today=date(2026, 4, 14), whole=True)
    assert (found.since, found.days) == (date(2026, 4, 3), 10)
    assert found.usual_minor == 6_000 // 60
    assert found.missing_minor == 1_000
    assert found.months == (Month(2026, 4),)


def test_the_problem_says_what_would_be_here_by_now(world, held):
    with client_context(world.kestrel.pk):
        Fact.objects.update(state="booked")
    change(world, held, state="needs_reconnect")
    review(world, NOW + timedelta(days=10))
    ((_kind, title, _state),) = told(world)
    assert title.endswith("nothing is whole after Apr 3; about 10 USD would be here by now")


def test_a_connection_that_never_read_has_no_price(world, script):
    made = scripted.connection(world.kestrel)
    with client_context(world.kestrel.pk):
        assert impact.of(made, today=date(2026, 4, 14), whole=True) == impact.Impact(None, 0, 0, 0)


def test_the_page_of_connections_tells_cost_and_problems(world, held):
    change(world, held, state="needs_reconnect")
    review(world)
    page = look(world, "/c/kestrel/connections/").content.decode()
    assert f'hx-get="/c/kestrel/connections/{held.pk}/impact/"' in page
    part = look(world, f"/c/kestrel/connections/{held.pk}/impact/").content.decode()
    assert "Apr 3, 2026" in part
    assert "K12" in part
    assert "1 problem with the connections" in look(world, "/c/kestrel/issues/").content.decode()
    change(world, held, state="live")
    review(world)
    assert "by itself" in look(world, "/c/kestrel/issues/").content.decode()
    assert look(world, "/c/quillfeather/issues/").content.strip() == b""


def test_how_connections_are_is_no_exception_of_the_month(world, held):
    change(world, held, state="needs_reconnect")
    review(world)
    with client_context(world.kestrel.pk):
        month = Month(2026, 4)
        scope = Scope(world.kestrel, month, open_close(world.kestrel, month))
        (found,) = CHECKS["K03"].run(scope)
    assert found.state == "pass"


def test_the_look_is_daily(world):
    schedule.make_due(datetime(2026, 4, 4, 20, tzinfo=UTC))
    with client_context(world.kestrel.pk):
        assert SyncJob.objects.filter(kind="health").values_list("dedupe_key", flat=True).get() == "health:2026-04-04"
