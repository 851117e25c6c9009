"""A limit of the app as a whole: all connections of a provider stand in one line."""

from __future__ import annotations

from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import http, limits, syncing, tokens
from integrations.errors import RetryLater
from integrations.models import AppBudget
from integrations.provider import RateLimit
from tests.integrations import scripted
from tests.integrations.test_http import _server, in_threads, ok, server

__all__ = ["_server", "server"]


@pytest.fixture
def two(transactional_db: None, server: Any, monkeypatch: Any) -> list[Any]:
    """Connections of two clients with a provider that lets the app call ten times an hour."""
    from tests import builders

    world = builders.world()
    app = RateLimit(requests=10, seconds=3600, concurrent=1)
    rate = RateLimit(requests=1000, seconds=1, concurrent=8)
    scripted.install(monkeypatch, scripted.Scripted().provider(rate=rate, app_rate=app))
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0)
    found = []
    for client in (world.kestrel, world.quillfeather):
        connection = scripted.connection(client)
        with client_context(client.pk):
            tokens.store(connection, {"access_token": "x"})
        found.append(syncing.find(connection.pk))
    return found


def test_two_clients_use_up_one_budget(two, server):
    first, second = (http.ConnectionApi(connection) for connection in two)
    first.post("/rows", {})
    with pytest.raises(RetryLater, match="waiting"):
        second.post("/rows", {})
    assert len(server.asked) == 1
    budget = AppBudget.objects.get()
    assert (budget.provider, budget.calls) == ("scripted", [])


def test_no_more_calls_are_open_at_once_than_the_app_may(two, server, monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 20)
    monkeypatch.setattr(
        limits.Pace,
        "of",
        classmethod(lambda cls, limit: cls(limits.timedelta(0), limits.timedelta(0), limit.concurrent)),
    )
    server.answers = [lambda _request: (limits.time.sleep(0.02), ok())[1] for _ in range(8)]
    results = in_threads(4, lambda: [http.ConnectionApi(connection).post("/rows", {}) for connection in two])
    assert not [result for result in results if isinstance(result, Exception)]
    assert server.most_open == 1
