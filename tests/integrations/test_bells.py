"""Nothing that can be done waits for the sweep: each job that becomes due has its bell, and a wish is never taken for an older one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.tenancy import client_context, system_context
from integrations import jobs, schedule, syncing, tasks
from integrations.errors import RetryLater
from integrations.models import Connection, StreamState, SyncJob
from tests.integrations import scripted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(transactional_db: None) -> Any:
    from tests import builders

    return builders.world()


@pytest.fixture
def bells(monkeypatch: Any) -> list[tuple[int, datetime | None]]:
    """The messages that left for the broker: the job and when its bell is to sound (None: now)."""
    sent: list[tuple[int, datetime | None]] = []

    def send(arguments: tuple[int], *, retry: bool, eta: datetime | None = None) -> None:
        sent.append((arguments[0], eta))

    monkeypatch.setattr(tasks.ring, "apply_async", send)
    return sent


@pytest.fixture
def outcomes(monkeypatch: Any) -> list[Any]:
    """What jobs of kind ``refresh`` and ``test`` come to, in turn: an exception, or (when there is none left) done."""
    script: list[Any] = []

    def do(_job: SyncJob, _lease: jobs.Lease) -> dict[str, Any]:
        if script:
            raise script.pop(0)
        return {}

    for kind in ("refresh", "test"):
        monkeypatch.setitem(jobs._handlers, kind, (do, False))
    return script


def put(client: Any, key: str = "one", **options: Any) -> int:
    job = jobs.enqueue(client.pk, options.pop("kind", "test"), key, **options)
    assert job is not None
    return job.pk


def row(job_id: int) -> SyncJob:
    with system_context():
        return SyncJob.objects.get(pk=job_id)


def waiting(kind: str) -> list[int]:
    with system_context():
        return list(SyncJob.objects.filter(kind=kind, state="due").order_by("pk").values_list("pk", flat=True))


def make_due(job_id: int) -> None:
    with system_context():
        SyncJob.objects.filter(pk=job_id).update(run_after=datetime.now(UTC) - timedelta(seconds=1))


# ---- given back ----------------------------------------------------------------------------------------------------------


def test_a_job_that_asks_for_a_moment_is_rung_for_at_its_time(people, bells, outcomes):
    job_id = put(people.kestrel)
    outcomes.append(jobs.Again(3))
    bells.clear()
    assert jobs.run(job_id)
    ((rung, at),) = bells
    assert rung == job_id
    assert at is not None
    assert abs(at - row(job_id).run_after) < timedelta(seconds=1)


def test_a_job_put_off_for_seconds_is_rung_for_and_one_put_off_for_long_is_left_to_the_sweep(people, bells, outcomes):
    short, long = put(people.kestrel, "short"), put(people.kestrel, "long")
    outcomes += [RetryLater("busy", retry_after=10), RetryLater("busy", retry_after=900)]
    bells.clear()
    jobs.run(short)
    assert [rung for rung, at in bells if at] == [short]
    jobs.run(long)
    assert [rung for rung, at in bells if at] == [short]


def test_a_bell_that_sounds_too_early_is_rung_again_for_the_jobs_time(people, bells, outcomes):
    job_id = put(people.kestrel, run_after=datetime.now(UTC) + timedelta(seconds=20))
    bells.clear()
    assert not jobs.run(job_id)
    ((rung, at),) = bells
    assert (rung, at is not None and at > datetime.now(UTC) + timedelta(seconds=15)) == (job_id, True)


def test_a_second_message_for_a_job_that_runs_or_is_done_rings_nothing(people, bells, outcomes):
    job_id = put(people.kestrel)
    assert jobs.claim(job_id)
    bells.clear()
    assert not jobs.run(job_id)
    with system_context():
        SyncJob.objects.filter(pk=job_id).update(state="done")
    assert not jobs.run(job_id)
    assert bells == []


def test_what_found_no_room_is_rung_for_as_soon_as_there_is_some(people, bells, outcomes):
    running, last, *without_room = (put(people.kestrel, str(number)) for number in range(4))
    lease = jobs.claim(running)
    assert lease is not None
    assert jobs.claim(last) is not None
    assert [jobs.run(job_id) for job_id in without_room] == [False, False]
    with lease.finishing():
        pass
    with system_context():
        SyncJob.objects.filter(pk=last).update(state="due", lease_until=None)
    bells.clear()
    assert jobs.run(last)
    assert [rung for rung, _at in bells] == without_room


def test_a_long_reading_that_goes_well_leaves_no_long_pause_behind_it(people, bells, outcomes):
    job_id = put(people.kestrel)
    outcomes += [*(jobs.Again() for _ in range(12)), RetryLater("busy", retry_after=5)]
    for _ in range(13):
        make_due(job_id)
        assert jobs.run(job_id)
    assert row(job_id).run_after < datetime.now(UTC) + timedelta(seconds=30)


# ---- woken ---------------------------------------------------------------------------------------------------------------


def troubled(client: Any, outcomes: list[Any]) -> int:
    """A refresh that the accounting system's trouble put off for a quarter of an hour."""
    job_id = put(client, kind="refresh")
    outcomes.append(RetryLater("the accounting system is away", retry_after=900))
    jobs.run(job_id)
    return job_id


def test_waking_brings_a_waiting_job_forward(people, bells, outcomes):
    job_id = put(people.kestrel, kind="refresh", run_after=datetime.now(UTC) + timedelta(minutes=10))
    bells.clear()
    jobs.wake(people.kestrel.pk, "refresh")
    assert waiting("refresh") == [job_id]
    assert row(job_id).run_after < datetime.now(UTC) + timedelta(seconds=3)
    assert [rung for rung, _at in bells] == [job_id]


def test_waking_leaves_a_job_its_pause_that_the_provider_asked_for(people, bells, outcomes):
    job_id = troubled(people.kestrel, outcomes)
    bells.clear()
    jobs.wake(people.kestrel.pk, "refresh")
    assert waiting("refresh") == [job_id]
    assert row(job_id).run_after > datetime.now(UTC) + timedelta(minutes=10)
    assert bells == []


def test_what_is_mended_ends_the_pause(people, bells, outcomes):
    job_id = troubled(people.kestrel, outcomes)
    bells.clear()
    jobs.wake(people.kestrel.pk, "refresh", mended=True)
    assert row(job_id).run_after < datetime.now(UTC) + timedelta(seconds=3)
    assert [rung for rung, _at in bells] == [job_id]


def test_a_bell_is_rung_after_the_commit_only(people, bells, outcomes):
    with client_context(people.kestrel.pk):
        put(people.kestrel)
        jobs.wake(people.kestrel.pk, "refresh")
        assert bells == []
    assert len(bells) == 2


# ---- a new sign-in -------------------------------------------------------------------------------------------------------


@pytest.fixture
def script(monkeypatch: Any) -> scripted.Scripted:
    given = scripted.Scripted()
    scripted.install(monkeypatch, given.provider())
    monkeypatch.setattr(syncing, "ConnectionApi", lambda _connection: None)
    return given


def read(connection: Connection, key: str) -> SyncJob:
    job_id = put(connection.client, key, kind="sync", connection_id=connection.pk)
    jobs.run(job_id)
    return row(job_id)


def test_the_first_reading_after_a_new_sign_in_ends_the_refreshs_pause_though_nothing_is_new(
    people, bells, outcomes, script
):
    long_ago = datetime.now(UTC) - timedelta(days=1)
    connection = scripted.connection(
        people.kestrel, connected_at=long_ago, last_success_at=long_ago + timedelta(hours=1)
    )
    script.give()
    job_id = troubled(people.kestrel, outcomes)
    assert read(connection, "before").state == "done"
    assert row(job_id).run_after > datetime.now(UTC) + timedelta(minutes=10), "nothing was mended"
    with client_context(people.kestrel.pk):
        Connection.objects.filter(pk=connection.pk).update(connected_at=datetime.now(UTC))
    assert read(connection, "after").state == "done"
    assert row(job_id).run_after < datetime.now(UTC) + timedelta(seconds=3)


def test_a_refresh_that_was_given_up_comes_back_once_the_system_is_read_again(people, bells, outcomes, script):
    connection = scripted.connection(people.kestrel, last_success_at=datetime.now(UTC))
    with client_context(people.kestrel.pk):
        StreamState.objects.update(last_problem="the provider answered 503")
    script.give()
    assert read(connection, "one").state == "done"
    assert len(waiting("refresh")) == 1
    with client_context(people.kestrel.pk):
        assert StreamState.objects.get().last_problem == ""


def test_a_reading_that_meets_trouble_wakes_nothing(people, bells, outcomes, script):
    connection = scripted.connection(people.kestrel)
    script.pages = [RetryLater("the provider answered 503", retry_after=900)]
    assert read(connection, "one").state == "due"
    assert waiting("refresh") == []


# ---- a person's wish -----------------------------------------------------------------------------------------------------


def wish(connection: Connection) -> None:
    with client_context(connection.client_id):
        schedule.soon(connection, reason="by-hand")


def test_asking_twice_before_anybody_began_is_one_wish(people, bells, outcomes, script):
    connection = scripted.connection(people.kestrel)
    for _ in range(3):
        wish(connection)
    assert len(waiting("sync")) == 1


def test_asking_for_a_reading_that_was_put_off_starts_it(people, bells, outcomes, script):
    connection = scripted.connection(people.kestrel)
    script.pages = [RetryLater("the provider answered 503", retry_after=900)]
    wish(connection)
    (job_id,) = waiting("sync")
    jobs.run(job_id)
    bells.clear()
    wish(connection)
    assert waiting("sync") == [job_id]
    assert row(job_id).run_after <= datetime.now(UTC)
    assert [rung for rung, _at in bells] == [job_id]


@pytest.mark.parametrize("state", ["leased", "done", "failed"])
def test_asking_again_after_the_reading_began_is_another_wish(people, bells, outcomes, script, state):
    connection = scripted.connection(people.kestrel)
    wish(connection)
    (begun,) = waiting("sync")
    with system_context():
        SyncJob.objects.filter(pk=begun).update(state=state, lease_until=datetime.now(UTC) + timedelta(minutes=1))
    for _ in range(3):
        wish(connection)
    assert len(waiting("sync")) == 1
