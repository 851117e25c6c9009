"""Queue real jobs for the worker and wait for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clients.tenancy import client_context, system_context
from integrations import jobs
from integrations.models import SyncJob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client
    from integrations.models import Connection

PATIENCE_SECONDS = 600
#: How often to look whether the worker is done, and how long to trust the bell before due jobs are rung for again.
LOOK_SECONDS, TRUST_SECONDS = 0.15, 1.0


class JobFailed(RuntimeError):  # noqa: N818
    """A job of the demonstration failed or took too long; the text says which and why."""


def run(client: Client, kind: str, *, connection: Connection | None = None, **arguments: Any) -> dict[str, Any]:
    """Queue one job and wait for its result."""
    return wait([queue(client, kind, connection=connection, **arguments)])[0]


def queue(client: Client, kind: str, *, connection: Connection | None = None, **arguments: Any) -> int:
    """Queue one job for the worker; gives its id."""
    job = jobs.enqueue(
        client.pk, kind, f"demo:{kind}:{time.time_ns()}", arguments, connection_id=connection.pk if connection else None
    )
    assert job is not None
    return job.pk


def wait(ids: Iterable[int]) -> list[dict[str, Any]]:
    """Wait until every job is done; gives their results in order. Raises JobFailed."""
    wanted = list(ids)
    ends = time.monotonic() + PATIENCE_SECONDS
    rung = time.monotonic()
    while True:
        with system_context():
            rows = {job.pk: job for job in SyncJob.objects.filter(pk__in=wanted)}
        failed = [job for job in rows.values() if job.state == SyncJob.State.FAILED]
        if failed:
            raise JobFailed(f"{failed[0].kind} of client {failed[0].client_id}: {failed[0].problem}")
        if all(job.state == SyncJob.State.DONE for job in rows.values()):
            return [rows[job_id].result for job_id in wanted]
        if time.monotonic() > ends:
            waiting = next(job for job in rows.values() if job.state != SyncJob.State.DONE)
            raise JobFailed(f"{waiting.kind} of client {waiting.client_id} is still {waiting.state}: {waiting.problem}")
        if time.monotonic() - rung > TRUST_SECONDS:
            jobs.sweep()  # the bell may be lost; the table is the truth
            rung = time.monotonic()
        time.sleep(LOOK_SECONDS)


def quiet(client: Client) -> None:
    """Wait until nothing of a client is due or running."""
    ends, rung = time.monotonic() + PATIENCE_SECONDS, 0.0
    while time.monotonic() < ends:
        if time.monotonic() - rung > TRUST_SECONDS:
            jobs.sweep()
            rung = time.monotonic()
        with client_context(client.pk):
            if not SyncJob.objects.filter(client=client, state__in=["due", "leased"]).exists():
                return
        time.sleep(LOOK_SECONDS)
    raise JobFailed(f"client {client.slug} never came to rest")
