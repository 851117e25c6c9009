"""What is shown of a connection's health."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import connecting, queries, syncing, tokens
from integrations.errors import RetryLater
from integrations.models import Connection, StreamState, Token
from integrations.provider import Page
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


def health(world: Any) -> queries.Health:
    with client_context(world.kestrel.pk):
        return queries.health_of_client(world.kestrel, now=NOW)[0]


def pull(connection: Connection) -> None:
    syncing.pull_stream(connection.pk, "rows", now=NOW, api=object())


def test_a_connection_that_was_read_is_well(world, live, script):
    script.give(sale(1), sale(2, kind="gift"))
    pull(live)
    found = health(world)
    (stream,) = found.streams
    assert found.is_well
    assert (stream.documents, stream.facts, stream.exceptions) == (2, 2, 1)
    assert (stream.last_success_at, stream.complete_through, stream.problem) == (NOW, date(2026, 4, 3), "")


def test_a_connection_never_read_is_stale(world, live):
    assert health(world).is_stale
    assert not health(world).is_well


def test_a_problem_of_a_stream_is_shown_until_it_reads_again(world, live, script):
    script.pages = [RetryLater("the provider answered 503"), Page(items=[sale(1)])]
    with pytest.raises(RetryLater):
        pull(live)
    assert health(world).streams[0].problem == "the provider answered 503"
    pull(live)
    assert health(world).streams[0].problem == ""


def test_a_lost_grant_is_told_in_plain_words_with_the_cause(world, live):
    with client_context(live.client_id):
        assert connecting.needs_reconnect(live.pk, "revoked by the user")
        assert not connecting.needs_reconnect(live.pk, "again")
    assert health(world).problem.endswith("has to sign in again. (revoked by the user)")


@pytest.mark.parametrize(("days", "warning"), [(90, None), (59, 60), (30, 30), (6, 7), (-1, 7)])
def test_the_end_of_a_grant_is_warned_of(world, live, days, warning):
    with client_context(live.client_id):
        tokens.store(live, {"access_token": "a"})
        Token.objects.update(hard_expires_at=NOW + timedelta(days=days), refresh_expires_at=NOW + timedelta(days=200))
    assert health(world).warn_days(NOW) == warning


def test_what_is_here_between_two_days_is_counted_without_what_was_replaced(world, live, script):
    script.give(sale(1, 100), sale(2, 200), sale(3, 400, day="2026-04-01"))
    pull(live)
    script.give(sale(1, 150))
    pull(live)
    with client_context(live.client_id):
        march = queries.received(live, "rows", date(2026, 3, 1), date(2026, 3, 31))
    assert (march["count"], march["total_minor"]) == (2, 350)


def test_changing_a_duty_is_on_record(world, live):
    from clients.models import AuditEvent

    with client_context(live.client_id):
        connecting.set_duty(live, "rows", "prove", actor=world.bob)
        assert StreamState.objects.get().duty == "prove"
        assert AuditEvent.objects.get(action="connection.duty").detail["before"] == "book"


def test_a_paused_connection_resumes_where_it_stopped(world, live):
    with client_context(live.client_id):
        connecting.pause(live, actor=world.bob)
        assert live.state == "paused"
        connecting.resume(live, actor=world.bob)
        assert live.state == "live"
