"""The jobs of this app against the sandbox: everything is read, and one stream's trouble is its own."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from clients.tenancy import client_context
from integrations import jobs, registry, tokens
from integrations.models import Connection, Fact, SourceDocument, StreamState, SyncJob, Token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(transactional_db: None, monkeypatch: Any) -> Any:
    from tests import builders

    monkeypatch.setattr(jobs, "ring", lambda *_given: None)
    return builders.world()


def first_sync(connection: Connection) -> SyncJob:
    with client_context(connection.client_id):
        job = SyncJob.objects.get(connection=connection, kind="sync")
    assert jobs.run(job.pk)
    with client_context(connection.client_id):
        job.refresh_from_db()
    return job


def counts(connection: Connection) -> tuple[int, int]:
    with client_context(connection.client_id):
        return SourceDocument.objects.count(), Fact.objects.count()


@pytest.mark.parametrize("slug", ["stripe", "gusto", "plaid", "quickbooks-online"])
def test_the_first_job_reads_every_stream_and_the_next_one_finds_nothing_new(people, connect, slug):
    connection = connect(people.bob, people.kestrel, slug)
    job = first_sync(connection)
    assert (job.state, job.problem) == ("done", "")
    assert set(job.result) == {stream.name for stream in registry.provider(slug).streams}
    before = counts(connection)
    assert before[0] > 0
    with client_context(connection.client_id):
        again = jobs.enqueue(connection.client_id, "sync", "again", connection_id=connection.pk)
        assert not StreamState.objects.filter(complete_through__isnull=True).exists()
    assert again is not None
    jobs.run(again.pk)
    after = counts(connection)
    with client_context(connection.client_id):
        again.refresh_from_db()
    assert again.state == "done"
    assert after[0] - before[0] == sum(result["new"] + result["changed"] for result in again.result.values())
    assert after[0] - before[0] <= 3, "only balances of the moment may be new"


def test_trouble_of_one_stream_does_not_stop_the_others(people, connect, sandbox):
    connection = connect(people.bob, people.kestrel, "stripe")
    fault = {"provider": "stripe", "path_regex": "payouts", "kind": "status", "status": 503, "times": 50}
    requests.post(f"{sandbox.url}/_control/faults", json=fault, timeout=10).raise_for_status()
    job = first_sync(connection)
    with client_context(connection.client_id):
        read = set(StreamState.objects.filter(last_success_at__isnull=False).values_list("stream", flat=True))
        problem = StreamState.objects.get(stream="payouts").last_problem
    assert (job.state, job.failures) == ("due", 0)
    assert "balance_transactions" in read
    assert "payouts" not in read
    assert problem


def test_a_login_that_lapsed_makes_the_connection_wait_for_a_person(people, connect, sandbox):
    connection = connect(people.bob, people.kestrel, "plaid")
    requests.post(f"{sandbox.url}/_control/companies/kestrel/expire-login", json={}, timeout=10).raise_for_status()
    job = first_sync(connection)
    with client_context(connection.client_id):
        connection.refresh_from_db()
    assert job.state == "failed"
    assert connection.state == "needs_reconnect"
    assert connection.problem


def test_an_idle_grant_is_renewed_once_a_day(people, connect):
    from datetime import UTC, datetime, timedelta

    connection = connect(people.bob, people.kestrel, "gusto")
    for key, version in (("fresh", 1), ("idle", 2)):
        with client_context(connection.client_id):
            if key == "idle":
                Token.objects.update(refreshed_at=datetime.now(UTC) - timedelta(hours=30))
            job = jobs.enqueue(connection.client_id, "keep-alive", key, connection_id=connection.pk)
        assert job is not None
        jobs.run(job.pk)
        assert tokens.held(connection).version == version
