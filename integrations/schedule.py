"""Which jobs the clock asks for. Running it twice, or on two machines, makes each job once: the dedupe key names its slot.

Hourly and shorter rhythms count slots of absolute time; daily ones count the client's own calendar days, so that a change of the
clocks neither skips nor repeats a day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import connection as database

from clients.models import Client
from clients.tenancy import system_context
from integrations import jobs, registry, tokens, work
from integrations.models import Connection, SyncJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Provider

DAY_MINUTES = 24 * 60
#: In this hour (UTC) what has served is put away.
TIDY_HOUR = 3


@dataclass(frozen=True, slots=True)
class Daily:
    """A job of every client once a day, from this local hour on; ``day`` asks for once a month, from that day on."""

    kind: str
    hour: int
    day: int = 0

    def slot(self, local: datetime) -> str:
        """What names the day or month of a local moment; '' before its hour, or its day."""
        if local.hour < self.hour or local.day < self.day:
            return ""
        return f"{local.date():%Y-%m}" if self.day else str(local.date())


_daily: dict[str, Daily] = {}


def daily(kind: str, *, hour: int) -> None:
    """Register a job of every client that is not gone: once each of its calendar days, not before this local hour."""
    _daily[kind] = Daily(kind, hour)


def monthly(kind: str, *, day: int, hour: int) -> None:
    """The same once each of its calendar months, not before this day and local hour."""
    _daily[kind] = Daily(kind, hour, day)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job the clock asks for."""

    client_id: int
    kind: str
    key: str
    arguments: dict[str, object]
    connection_id: int | None = None


def make_due(now: datetime | None = None) -> int:
    """Put in the queue what is due at ``now`` and not yet there; how many jobs were made."""
    moment = now or datetime.now(UTC)
    wanted = [*_connection_jobs(moment), *_daily_jobs(moment)]
    made = sum(
        jobs.enqueue(job.client_id, job.kind, job.key, job.arguments, connection_id=job.connection_id) is not None
        for job in _missing(wanted)
    )
    if moment.hour == TIDY_HOUR:
        work.tidy()
    return made


def _missing(wanted: list[Wanted]) -> list[Wanted]:
    """Those that are not in the queue yet: one look for all of them."""
    with system_context(), database.cursor() as cursor:
        cursor.execute(
            "SELECT client_id, dedupe_key FROM integrations_syncjob"
            " JOIN unnest(%s::bigint[], %s::text[]) AS wanted (client_id, dedupe_key) USING (client_id, dedupe_key)",
            [[job.client_id for job in wanted], [job.key for job in wanted]],
        )
        known = set(cursor.fetchall())
    return [job for job in wanted if (job.client_id, job.key) not in known]


def _connection_jobs(now: datetime) -> Iterator[Wanted]:
    """A reading of each rhythm's streams in its slot, unless the last one still waits; and a daily renewal of the grant."""
    providers = registry.all_providers()
    with system_context():
        live = Connection.objects.filter(state=Connection.State.LIVE, provider__in=list(providers))
        connections = [found for found in live.select_related("client") if not found.is_by_file]
        unfinished = SyncJob.objects.filter(kind="sync", state__in=["due", "leased"])
        busy = {key.rpartition(":")[0] for key in unfinished.values_list("dedupe_key", flat=True)}
    for connection in connections:
        day = _local_day(connection.client, now)
        for minutes, streams in _by_rhythm(providers[connection.provider]).items():
            prefix = f"sync:{connection.pk}:{minutes}"
            if prefix not in busy:
                key = f"{prefix}:{_slot(day, minutes, now)}"
                yield Wanted(connection.client_id, "sync", key, {"streams": streams}, connection.pk)
        if tokens.lapses_unused(connection):
            yield Wanted(connection.client_id, "keep-alive", f"keep-alive:{connection.pk}:{day}", {}, connection.pk)


def _daily_jobs(now: datetime) -> Iterator[Wanted]:
    for client in Client.objects.exclude(stage=Client.Stage.LEFT) if _daily else ():
        local = now.astimezone(ZoneInfo(client.timezone))
        for each in _daily.values():
            if slot := each.slot(local):
                yield Wanted(client.pk, each.kind, f"{each.kind}:{slot}", {"day": str(local.date())})


def _by_rhythm(provider: Provider) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for stream in provider.pulled:
        found[stream.every_minutes].append(stream.name)
    return found


def _slot(day: date, minutes: int, now: datetime) -> int:
    """The slot's number: of absolute time, or for days and more of the client's calendar."""
    if minutes >= DAY_MINUTES:
        return day.toordinal() // (minutes // DAY_MINUTES)
    return int(now.timestamp()) // (minutes * 60)


def _local_day(client: Client, now: datetime) -> date:
    return now.astimezone(ZoneInfo(client.timezone)).date()


def soon(connection: Connection, *, reason: str) -> None:
    """A person wants the connection read now; needs the client's context. A reading that waits, for whatever, starts now;

    one that runs may be past what is wanted, so that another follows it.
    """
    now, prefix = datetime.now(UTC), f"{reason}:{connection.pk}:"
    waiting = SyncJob.objects.filter(
        client=connection.client_id, connection=connection, state=SyncJob.State.DUE, dedupe_key__startswith=prefix
    ).first()
    if waiting is None:
        jobs.enqueue(connection.client_id, "sync", f"{prefix}{uuid4()}", connection_id=connection.pk)
    elif waiting.run_after > now:
        jobs.hurry(waiting.pk, now)


__all__ = ["daily", "make_due", "monthly", "soon"]
