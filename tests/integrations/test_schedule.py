"""The clock's jobs: each slot once, whoever asks, and each local day once across every change of the clocks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.models import Client
from clients.tenancy import client_context, system_context
from integrations import jobs, schedule
from integrations.models import Connection, SyncJob
from tests.integrations import scripted

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: Any) -> None:
    monkeypatch.setattr(jobs, "ring", lambda *_given: None)
    monkeypatch.setattr(schedule, "_daily", {})


@pytest.fixture
def live(world: Any, monkeypatch: Any) -> Connection:
    scripted.install(monkeypatch, scripted.Scripted().provider())
    return scripted.connection(world.kestrel)


def keys(kind: str) -> list[str]:
    with system_context():
        return list(SyncJob.objects.filter(kind=kind).order_by("pk").values_list("dedupe_key", flat=True))


def finish_all() -> None:
    with system_context():
        SyncJob.objects.update(state="done")


def test_a_live_connection_is_read_once_a_slot(live):
    for minutes in (0, 1, 30, 59):
        schedule.make_due(NOON + timedelta(minutes=minutes))
        finish_all()
    assert len(keys("sync")) == 1
    schedule.make_due(NOON + timedelta(minutes=60))
    assert len(keys("sync")) == 2


def test_a_job_that_still_waits_is_not_queued_behind_itself(live):
    for hours in range(24):
        schedule.make_due(NOON + timedelta(hours=hours))
    assert len(keys("sync")) == 1


@pytest.mark.parametrize("state", ["paused", "disconnected", "needs_reconnect", "pending"])
def test_a_connection_that_is_not_live_is_left_alone(live, state):
    with client_context(live.client_id):
        Connection.objects.update(state=state)
    assert schedule.make_due(NOON) == 0


def test_a_connection_of_files_is_not_scheduled(world):
    scripted.connection(world.kestrel, provider="bank-file")
    assert schedule.make_due(NOON) == 0


def test_a_client_that_left_gets_no_daily_job(world):
    schedule.daily("close", hour=2)
    Client.objects.update(stage="left")
    assert schedule.make_due(NOON) == 0


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Los_Angeles", datetime(2026, 3, 8)),
        ("America/Los_Angeles", datetime(2026, 11, 1)),
        ("Europe/Berlin", datetime(2026, 3, 29)),
        ("Europe/Berlin", datetime(2026, 10, 25)),
        ("Australia/Lord_Howe", datetime(2026, 4, 5)),
        ("Asia/Kathmandu", datetime(2026, 6, 1)),
        ("Pacific/Apia", datetime(2026, 4, 5)),
    ],
)
def test_a_daily_job_runs_once_each_local_day_across_a_change_of_the_clocks(world, zone, day):
    Client.objects.exclude(pk=world.kestrel.pk).update(stage="left")
    Client.objects.update(timezone=zone)
    schedule.daily("close", hour=2)
    began = (day - timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for hour in range(3 * 24):
        schedule.make_due(began + timedelta(minutes=60 * hour + 5))
    for hour in range(0, 3 * 24, 8):
        schedule.make_due(began + timedelta(hours=hour))
    made = Counter(keys("close"))
    expected = [f"close:{(day + timedelta(days=offset)).date()}" for offset in (-1, 0, 1)]
    assert made == Counter(expected)
