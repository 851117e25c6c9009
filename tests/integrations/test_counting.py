"""Whether all is here: the source's count of each day beside what is held, and the ids that are missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.tenancy import client_context
from integrations import counting, syncing
from integrations.census import Census, Days, Listed, all_of
from integrations.errors import RetryLater
from integrations.models import ControlTotal
from tests.integrations import scripted
from tests.integrations.scripted import sale

WEST = ZoneInfo("America/Los_Angeles")
MARCH = Days(date(2026, 3, 1), date(2026, 3, 31), WEST)


def test_days_are_the_clients_and_not_those_of_utc():
    assert MARCH.begin == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert MARCH.end == datetime(2026, 4, 1, 7, tzinfo=UTC)  # summer time has begun meanwhile
    assert len(list(MARCH)) == 31


def test_a_list_that_is_not_as_long_as_the_system_counts_is_no_count():
    found = [Listed("row-1", "2026-03-14")]
    assert all_of(found, 1) == found
    with pytest.raises(RetryLater, match="2 were counted and 1 listed"):
        all_of(found, 2)


@pytest.mark.parametrize(
    ("made", "day"),
    [
        ("2026-03-15T06:30:00Z", date(2026, 3, 14)),
        ("2026-03-15T06:30:00", date(2026, 3, 14)),
        ("2026-03-15T06:30:00.000+0000", date(2026, 3, 14)),
        ("2026-03-15", date(2026, 3, 15)),
    ],
)
def test_an_object_is_of_the_day_it_was_made_on(made, day):
    assert counting.day_of(made, WEST) == day


@pytest.fixture
def counted(world: Any, monkeypatch: Any) -> Any:
    """Kestrel's scripted connection, whose source lists what ``there`` says: id → day."""
    script = scripted.Scripted()
    there = {"row-1": "2026-03-14", "row-2": "2026-03-14"}
    asked: list[Days] = []

    def listed(_api: Any, days: Days) -> list[Listed]:
        asked.append(days)
        wanted = set(map(str, days))
        return [Listed(name, day, 1000, "USD") for name, day in there.items() if day in wanted]

    provider = script.provider()
    (stream,) = provider.streams
    scripted.install(monkeypatch, script.provider(streams=(replace(stream, census=Census(("day",), listed)),)))
    script.give(sale(1), sale(2))
    made = scripted.connection(world.kestrel)

    def pull(hours: int = 0) -> dict[str, tuple[Any, ...]]:
        syncing.pull_stream(made.pk, "rows", now=scripted.NOW + timedelta(hours=hours))
        with client_context(world.kestrel.pk):
            rows = ControlTotal.objects.filter(source="count").exclude(count=0, here=0)
            fields = ("count", "here", "total_minor", "here_minor", "missing")
            return {str(day): tuple(told) for day, *told in rows.values_list("day", *fields)}

    return script, there, asked, pull


@pytest.mark.django_db
def test_a_day_that_agrees_is_counted_once_and_the_last_days_every_day(counted):
    _script, _there, asked, pull = counted
    assert pull() == {"2026-03-14": (2, 2, 2000, 2000, [])}
    pull(1)
    assert len(asked) == 1
    pull(24)
    assert [str(day) for day in asked[1]] == ["2026-04-02", "2026-04-03", "2026-04-04"]


@pytest.mark.django_db
def test_what_is_missing_is_named_until_it_has_come(counted):
    script, there, asked, pull = counted
    there["row-3"] = "2026-03-14"
    assert pull() == {"2026-03-14": (3, 2, 3000, 2000, ["row-3"])}
    pull(1)
    assert (asked[1].first, asked[1].last) == (date(2026, 3, 14), date(2026, 3, 14)), "only that day is asked again"
    script.give(sale(3))
    assert pull(2) == {"2026-03-14": (3, 3, 3000, 3000, [])}


@pytest.mark.django_db
def test_another_sum_is_a_difference_though_the_number_is_the_same(counted):
    script, _there, _asked, pull = counted
    script.give(sale(1), sale(2, 900))
    assert pull() == {"2026-03-14": (2, 2, 2000, 1900, [])}
