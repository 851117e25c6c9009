"""Telling a provider what was taken: after the rows are here, as often as it takes, and only of what is booked."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import syncing
from integrations.errors import RetryLater
from integrations.models import SourceDocument, StreamState
from integrations.provider import Page
from tests.integrations import scripted
from tests.integrations.scripted import NOW, sale

pytestmark = pytest.mark.django_db


class Office:
    """A provider that is told, and what was kept here at that moment."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.told: list[tuple[tuple[str, ...], int]] = []
        self.failures: list[Exception] = []

    def acknowledge(self, _api: Any, marks: Any) -> None:
        if self.failures:
            raise self.failures.pop()
        with client_context(self.client.pk):
            assert StreamState.objects.get().last_success_at == NOW
            self.told.append((tuple(marks), SourceDocument.objects.count()))


@pytest.fixture
def office(world: Any) -> Office:
    return Office(world.kestrel)


@pytest.fixture
def script(monkeypatch: Any, office: Office) -> scripted.Scripted:
    made = scripted.Scripted()
    plain = made.provider()
    stream = dataclasses.replace(plain.streams[0], acknowledge=office.acknowledge)
    scripted.install(monkeypatch, made.provider(streams=(stream,)))
    return made


def pages(script: scripted.Scripted, *more: Exception) -> None:
    script.pages = [
        Page(items=[sale(1)], cursor="1", acknowledge=("row-1",)),
        *more,
        Page(items=[sale(2)], cursor="2", acknowledge=("row-2",)),
    ]


def pull(connection: Any) -> None:
    syncing.pull_stream(connection.pk, "rows", now=NOW, api=object())  # type: ignore[arg-type]


def test_the_provider_is_told_once_all_rows_are_here(world, script, office):
    pages(script)
    pull(scripted.connection(world.kestrel))
    assert office.told == [(("row-1", "row-2"), 2)]


def test_a_pull_that_dies_tells_nothing_and_the_next_one_tells_all(world, script, office):
    live = scripted.connection(world.kestrel)
    pages(script, RetryLater("gone"))
    with pytest.raises(RetryLater):
        pull(live)
    assert office.told == []
    pull(live)
    assert office.told == [(("row-1", "row-2"), 2)]


def test_what_could_not_be_told_is_kept_and_told_by_the_next_pull(world, script, office):
    live = scripted.connection(world.kestrel)
    pages(script)
    office.failures = [RetryLater("busy")]
    with pytest.raises(RetryLater):
        pull(live)
    with client_context(live.client_id):
        assert SourceDocument.objects.count() == 2
        assert StreamState.objects.get().last_problem == "busy"
    pull(live)
    assert office.told == [(("row-1", "row-2"), 2)]


def test_what_is_only_proven_is_another_systems_to_tell(world, script, office):
    pages(script)
    pull(scripted.connection(world.kestrel, duty="prove"))
    assert office.told == []
