"""Which jobs the clock asks for. Running it twice, or on two machines, makes each job once: the dedupe key names its slot.

Hourly and shorter rhythms count slots of absolute time; daily ones count the client's own calendar days, so that a change of the
clocks neither skips nor repeats a day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection as database

from clients.models import Client
from clients.tenancy import system_context
from integrations import jobs, registry, work
from integrations.models import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.provider import Provider

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Daily:
    """A job of every client once a day, from this local hour on."""

    kind: str
    hour: int


_daily: dict[str, Daily] = {}


def daily(kind: str, *, hour: int) -> None:
    """Register a job of every client that is not gone: once each of its calendar days, not before this local hour."""
    _daily[kind] = Daily(kind, hour)


def make_due(now: datetime | None = None) -> int:
    """Put in the queue what is due at ``now`` and not yet there; how many jobs were made."""
    moment = now or datetime.now(UTC)
    providers = registry.all_providers()
    with system_context():
        connections = list(Connection.objects.filter(state=Connection.State.LIVE).select_related("client"))
        busy = _busy()
    made = sum(
        _connection_jobs(connection, providers[connection.provider], moment, busy)
        for connection in connections
        if connection.provider in providers
    )
    clients = Client.objects.exclude(stage=Client.Stage.LEFT)
    made += sum(_daily_job(client, each, moment) for client in clients for each in _daily.values())
    if moment.hour == 3:
        work.tidy()
    return made


def _busy() -> set[tuple[int, str]]:
    """Connections with an unfinished job of a kind: another one behind it would find nothing."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT connection_id, dedupe_key FROM integrations_syncjob"
            " WHERE state IN ('due', 'leased') AND connection_id IS NOT NULL AND kind = 'sync'"
        )
        return {(row[0], row[1].rsplit(":", 1)[0]) for row in cursor.fetchall()}


def _connection_jobs(connection: Connection, provider: Provider, now: datetime, busy: set[tuple[int, str]]) -> int:
    made = 0
    for minutes, streams in _by_rhythm(provider).items():
        prefix = f"sync:{connection.pk}:{minutes}"
        slot = _slot(connection, minutes, now)
        if (connection.pk, prefix) not in busy:
            made += _put(connection, "sync", f"{prefix}:{slot}", {"streams": streams})
    day = _local_day(connection.client, now)
    return made + _put(connection, "keep-alive", f"keep-alive:{connection.pk}:{day}", {})


def _by_rhythm(provider: Provider) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for stream in provider.streams:
        found[stream.every_minutes].append(stream.name)
    return found


def _slot(connection: Connection, minutes: int, now: datetime) -> str:
    if minutes >= DAY_MINUTES:
        days = minutes // DAY_MINUTES
        return str(_local_day(connection.client, now).toordinal() // days)
    return str(int(now.timestamp()) // (minutes * 60))


def _local_day(client: Client, now: datetime) -> date:
    return now.astimezone(ZoneInfo(client.timezone)).date()


def _put(connection: Connection, kind: str, key: str, arguments: Mapping[str, object]) -> bool:
    job = jobs.enqueue(connection.client_id, kind, key, arguments, connection_id=connection.pk)
    return job is not None


def _daily_job(client: Client, each: Daily, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(client.timezone))
    if local.hour < each.hour:
        return False
    key = f"{each.kind}:{local.date()}"
    return jobs.enqueue(client.pk, each.kind, key, {"day": str(local.date())}) is not None


def soon(connection: Connection, *, reason: str) -> None:
    """A person wants the connection read now; needs the client's context. Asking again within a minute is the same wish."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    jobs.enqueue(
        connection.client_id, "sync", f"{reason}:{connection.pk}:{minute:%Y%m%dT%H%M}", {}, connection_id=connection.pk
    )


__all__ = ["daily", "make_due", "soon"]
