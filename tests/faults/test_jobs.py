"""The queue: each job once, whoever else tries, and an error is what its name says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from clients.tenancy import client_context, system_context
from integrations import jobs, leases
from integrations.errors import PayloadError, Reconnect, Refused, RetryLater
from integrations.models import Connection, SyncJob

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(monkeypatch: Any) -> list[Any]:
    """A handler for ``test`` jobs that does what is put here, in turn: an exception to raise or a result."""
    script: list[Any] = []

    def do(job: SyncJob, lease: jobs.Lease) -> dict[str, Any]:
        outcome = script.pop(0) if script else {}
        if callable(outcome):
            outcome = outcome(job, lease)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome or {}

    monkeypatch.setitem(jobs._handlers, "test", (do, False))
    monkeypatch.setattr(jobs, "ring", lambda *_given: None)
    return script


def put(client: Any, key: str = "one", **options: Any) -> SyncJob:
    job = jobs.enqueue(client.pk, "test", key, **options)
    assert job is not None
    return job


def now_of(job: SyncJob) -> SyncJob:
    with system_context():
        job.refresh_from_db()
    return job


def let_lapse(job: SyncJob) -> None:
    with system_context():
        SyncJob.objects.filter(pk=job.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))


def test_a_dedupe_key_makes_one_job(world, work):
    put(world.kestrel)
    assert jobs.enqueue(world.kestrel.pk, "test", "one") is None
    with system_context():
        assert SyncJob.objects.count() == 1


def test_two_clients_may_use_the_same_key(world, work):
    put(world.kestrel)
    put(world.wren)


def test_a_job_is_done_once_however_often_it_is_rung_for(world, work):
    job = put(world.kestrel)
    work.append({"rows": 3})
    assert [jobs.run(job.pk) for _ in range(4)] == [True, False, False, False]
    job = now_of(job)
    assert (job.state, job.result, job.tries, job.failures) == ("done", {"rows": 3}, 1, 0)
    assert job.finished_at is not None


def test_a_job_that_is_not_due_yet_is_not_claimed(world, work):
    job = put(world.kestrel, run_after=datetime.now(UTC) + timedelta(hours=1))
    assert not jobs.run(job.pk)


def test_a_message_without_a_job_does_nothing(db, work):
    assert not jobs.run(987654321)


def test_a_leased_job_is_not_claimed_until_its_lease_ends(world, work):
    job = put(world.kestrel)
    lease = jobs.claim(job.pk)
    assert lease is not None
    assert jobs.claim(job.pk) is None
    let_lapse(job)
    second = jobs.claim(job.pk)
    assert second is not None
    assert second.fence > lease.fence


def test_a_worker_that_lost_its_lease_changes_nothing(world, work):
    job = put(world.kestrel)
    frozen = jobs.claim(job.pk)
    assert frozen is not None
    let_lapse(job)
    jobs.run(job.pk)
    for act in (frozen.renew, lambda: frozen.give_up("late"), lambda: frozen.reschedule(seconds=1)):
        with pytest.raises(jobs.LeaseLost):
            act()
    with pytest.raises(jobs.LeaseLost), frozen.finishing():
        pass
    assert now_of(job).state == "done"


def test_effects_and_completion_fail_together(world, work):
    job = put(world.kestrel)

    def effect_then_lapse(job: SyncJob, lease: jobs.Lease) -> None:
        with lease.finishing():
            Connection.objects.create(client=world.kestrel, provider="effect", account_id="1")
            with database.cursor() as cursor:
                cursor.execute("UPDATE integrations_syncjob SET fence = fence + 1 WHERE id = %s", [job.pk])

    work.append(effect_then_lapse)
    jobs.run(job.pk)
    with system_context():
        assert not Connection.objects.exists()
    assert now_of(job).state == "leased"


def test_an_atomic_handler_leaves_nothing_of_a_failure(world, monkeypatch, work):
    def do(job: SyncJob, _lease: jobs.Lease) -> None:
        Connection.objects.create(client_id=job.client_id, provider="effect", account_id="1")
        raise RuntimeError("after the effect")

    monkeypatch.setitem(jobs._handlers, "test", (do, True))
    job = put(world.kestrel)
    jobs.run(job.pk)
    with system_context():
        assert not Connection.objects.exists()
    assert (now_of(job).state, now_of(job).failures) == ("due", 1)


def test_a_busy_provider_is_tried_again_for_ever_and_never_sooner_than_it_said(world, work):
    job = put(world.kestrel)
    for _ in range(leases.MAX_FAILURES + 3):
        with system_context():
            SyncJob.objects.filter(pk=job.pk).update(run_after=datetime.now(UTC) - timedelta(seconds=1))
        work.append(RetryLater("the provider answered 503", retry_after=900))
        assert jobs.run(job.pk)
    job = now_of(job)
    assert (job.state, job.failures, job.problem) == ("due", 0, "the provider answered 503")
    assert job.run_after > datetime.now(UTC) + timedelta(seconds=850)


def test_a_gone_grant_marks_the_connection_and_ends_the_job(world, work):
    with client_context(world.kestrel.pk):
        connection = Connection.objects.create(client=world.kestrel, provider="x", account_id="1", state="live")
    job = put(world.kestrel, connection_id=connection.pk)
    work.append(Reconnect("revoked, access_token=abcdef123456"))
    jobs.run(job.pk)
    with client_context(world.kestrel.pk):
        connection.refresh_from_db()
    assert (connection.state, connection.problem) == ("needs_reconnect", "revoked, access_token=[secret]")
    assert now_of(job).state == "failed"


@pytest.mark.parametrize(
    "error", [PayloadError("$.lines", "is missing"), Refused("no", code="610"), RuntimeError("a bug"), KeyError("x")]
)
def test_another_error_is_tried_some_times_and_then_given_up_with_its_reason(world, work, error):
    job = put(world.kestrel)
    for _ in range(leases.MAX_FAILURES):
        with system_context():
            SyncJob.objects.filter(pk=job.pk, state="due").update(run_after=datetime.now(UTC) - timedelta(seconds=1))
        work.append(error)
        assert jobs.run(job.pk)
    job = now_of(job)
    assert (job.state, job.tries) == ("failed", leases.MAX_FAILURES)
    assert job.problem
    assert not jobs.run(job.pk)


def test_a_job_that_kills_its_workers_is_given_up(world, work):
    job = put(world.kestrel)
    for _ in range(leases.MAX_FAILURES + 1):
        assert jobs.claim(job.pk) is not None
        let_lapse(job)
    assert jobs.claim(job.pk) is None
    job = now_of(job)
    assert job.state == "failed"
    assert "worker died" in job.problem


def test_a_problem_holds_no_secret(world, work):
    job = put(world.kestrel)
    work.append(
        RuntimeError("Authorization: Bearer abc.def-123 client_secret=xyz ssn 123-45-6789 account 4000123412341234")
    )
    jobs.run(job.pk)
    problem = now_of(job).problem
    for secret in ("abc.def", "xyz", "123-45-6789", "4000123412341234"):
        assert secret not in problem


def test_a_job_may_go_on_later_without_being_a_failure(world, work):
    job = put(world.kestrel)
    work.extend([jobs.Again(0), {"done": 1}])
    assert jobs.run(job.pk)
    assert (now_of(job).state, now_of(job).failures) == ("due", 0)
    assert jobs.run(job.pk)
    assert now_of(job).state == "done"


def test_a_client_has_two_jobs_at_once_at_most(world, work):
    first, second, third = (put(world.kestrel, str(number)) for number in range(3))
    other = put(world.wren)
    assert jobs.claim(first.pk)
    assert jobs.claim(second.pk)
    assert jobs.claim(third.pk) is None
    assert jobs.claim(other.pk)


def test_the_sweep_is_fair(world, work):
    for number in range(50):
        put(world.kestrel, str(number))
    late = put(world.wren)
    due = jobs.due()
    assert late.pk in due
    assert len(due) == 3


def test_the_sweep_rings_for_dead_workers(world, work):
    job = put(world.kestrel)
    jobs.claim(job.pk)
    assert jobs.due() == []
    let_lapse(job)
    assert jobs.due() == [job.pk]


def test_a_broker_that_is_away_loses_no_job(world, monkeypatch):
    from kombu.exceptions import OperationalError

    from integrations import tasks

    def away(*_given: Any, **_named: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.ring, "apply_async", away)
    job = put(world.kestrel)
    jobs.ring(job.pk)
    assert jobs.due() == [job.pk]


def test_waking_twice_makes_one_job(world, work):
    for _ in range(3):
        jobs.wake(world.kestrel.pk, "test")
    with system_context():
        assert SyncJob.objects.filter(kind="test", state="due").count() == 1


def test_waking_while_one_runs_makes_another(world, work):
    jobs.wake(world.kestrel.pk, "test", seconds=0)
    with system_context():
        running = SyncJob.objects.get()
    assert jobs.claim(running.pk)
    jobs.wake(world.kestrel.pk, "test")
    with system_context():
        assert SyncJob.objects.filter(kind="test").count() == 2


def test_pauses_grow_with_jitter_and_stay_bounded():
    for tries in range(1, 40):
        expected = min(leases.LONGEST_PAUSE, leases.FIRST_PAUSE * 2 ** (tries - 1))
        assert expected / 2 <= leases.pause(tries) <= expected
    assert leases.pause(1, least=100) >= 100


def test_done_jobs_are_put_away_and_failed_ones_stay(world, work):
    done, failed = put(world.kestrel, "done"), put(world.kestrel, "failed")
    long_ago = datetime.now(UTC) - timedelta(days=40)
    with system_context():
        SyncJob.objects.filter(pk=done.pk).update(state="done", finished_at=long_ago)
        SyncJob.objects.filter(pk=failed.pk).update(state="failed", finished_at=long_ago)
    assert jobs.tidy() == 1
    with system_context():
        assert list(SyncJob.objects.values_list("pk", flat=True)) == [failed.pk]


def test_two_handlers_for_one_kind_are_refused(monkeypatch):
    monkeypatch.setattr(jobs, "_handlers", {})
    jobs.handler("x")(test_pauses_grow_with_jitter_and_stay_bounded)
    with pytest.raises(RuntimeError, match="two handlers"):
        jobs.handler("x")(test_the_sweep_is_fair)
