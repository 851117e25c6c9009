"""The queue. A job's row is the truth: claimed by one UPDATE, leased by the database's clock, fenced, done with its effects.

A message carries only the job's id and may be lost, doubled or late. A worker that lost its lease can change nothing: each of
its transactions begins by finding ``fence`` still its own.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from clients.tenancy import client_context, system_context
from integrations import crashpoints
from integrations.leases import MAX_FAILURES, Again, Attempt, Lease, LeaseLost
from integrations.models import SyncJob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Handler: TypeAlias = "Callable[[SyncJob, Lease], Mapping[str, Any] | None]"

#: Jobs of one client that may run at the same time.
PER_CLIENT = 2
#: Jobs due later than this are left to the sweep.
SOON_SECONDS = 30
#: Jobs one sweep rings for.
SWEEP_LIMIT = 200

__all__ = [
    "Again",
    "Lease",
    "LeaseLost",
    "claim",
    "due",
    "enqueue",
    "handler",
    "has_handler",
    "hurry",
    "ring",
    "run",
    "sweep",
    "tidy",
    "wake",
]
log = logging.getLogger(__name__)
_handlers: dict[str, tuple[Handler, bool]] = {}


def handler(kind: str, *, atomic: bool = False) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of this kind. It gives back counts for the job's result.

    ``atomic``: it runs inside the transaction that completes the job (no network in it). Otherwise it runs outside of any
    and writes in ``with lease.transaction():`` or, for the last effects, ``with lease.finishing() as result:``.
    """

    def register(function: Handler) -> Handler:
        known = _handlers.get(kind)
        if known is not None and known[0].__qualname__ != function.__qualname__:
            raise RuntimeError(f"two handlers for {kind!r}")
        _handlers[kind] = (function, atomic)
        return function

    return register


def has_handler(kind: str) -> bool:
    return kind in _handlers


def enqueue(
    client_id: int,
    kind: str,
    dedupe_key: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    connection_id: int | None = None,
    run_after: datetime | None = None,
) -> SyncJob | None:
    """Put a job in the queue and ring for it after the commit; None if this dedupe key was already used for the client."""
    with client_context(client_id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_syncjob (client_id, connection_id, kind, dedupe_key, arguments, state, run_after,"
            " fence, tries, failures, problem, result)"
            " VALUES (%s, %s, %s, %s, %s, 'due', coalesce(%s, clock_timestamp()), 0, 0, 0, '', '{}')"
            " ON CONFLICT (client_id, dedupe_key) DO NOTHING RETURNING id",
            [client_id, connection_id, kind, dedupe_key, json.dumps(dict(arguments or {}), default=str), run_after],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        transaction.on_commit(partial(ring, row[0], run_after), robust=True)
        return SyncJob.objects.get(pk=row[0])


def ring(job_id: int, at: datetime | None = None) -> None:
    """Send the bell, to sound at that time. A broker that is away costs nothing but time: the sweep rings again."""
    from kombu.exceptions import OperationalError

    from integrations.tasks import ring as task

    if at is not None and at > datetime.now(UTC) + timedelta(seconds=SOON_SECONDS):
        return
    options: dict[str, Any] = {"eta": at} if at else {}
    try:
        task.apply_async((job_id,), retry=False, **options)
    except (OperationalError, OSError) as error:
        log.warning("the bell could not be rung (%s)", type(error).__name__, extra={"job_id": job_id})


def wake(client_id: int, kind: str, *, seconds: float = 2, mended: bool = False) -> None:
    """See to it that a job of this kind starts after the running transaction has committed; one that waits already will do.

    Many calls make few jobs: a waiting one is locked, so that it cannot be claimed before this commit, and is brought forward
    where it would start later. One that a trouble put off keeps its pause, unless what was wrong is ``mended``.
    """
    soon = datetime.now(UTC) + timedelta(seconds=seconds)
    with client_context(client_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, run_after > %s AND (problem = '' OR %s) FROM integrations_syncjob"
            " WHERE client_id = %s AND kind = %s AND state = 'due' ORDER BY run_after LIMIT 1 FOR UPDATE SKIP LOCKED",
            [soon, mended, client_id, kind],
        )
        waiting = cursor.fetchone()
        if waiting is None:
            enqueue(client_id, kind, f"{kind}:{uuid.uuid4()}", run_after=soon)
        elif waiting[1]:
            hurry(waiting[0], soon)


def hurry(job_id: int, at: datetime) -> None:
    """Let a waiting job start at that time instead of its own; needs the client's context. It is rung for after the commit."""
    if SyncJob.objects.filter(pk=job_id, state=SyncJob.State.DUE).update(run_after=at):
        transaction.on_commit(partial(ring, job_id, at), robust=True)


CLAIM = f"""
UPDATE integrations_syncjob AS job
SET state = 'leased', lease_until = clock_timestamp() + %(lease)s * interval '1 second', fence = fence + 1, tries = tries + 1,
    failures = failures + (state = 'leased')::int
WHERE id = %(id)s
  AND ((state = 'due' AND run_after <= clock_timestamp()) OR (state = 'leased' AND lease_until < clock_timestamp()))
  AND (SELECT count(*) FROM integrations_syncjob AS other
       WHERE other.client_id = job.client_id AND other.state = 'leased' AND other.lease_until >= clock_timestamp()
         AND other.id <> job.id) < {PER_CLIENT}
RETURNING client_id, fence, tries, failures, connection_id
"""  # noqa: S608


def claim(job_id: int) -> Lease | None:
    """Take the job if it is due or its worker is dead, and the client has room; None otherwise."""
    with system_context(), connection.cursor() as cursor:
        # One claim at a time per client, so that two cannot both take the last place.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('integrations-claim', client_id))"
            " FROM integrations_syncjob WHERE id = %s",
            [job_id],
        )
        cursor.execute(CLAIM, {"id": job_id, "lease": settings.JOB_LEASE_SECONDS})
        row = cursor.fetchone()
        if row is None:
            return None
        lease = Lease(job_id, *row)
        if lease.failures > MAX_FAILURES:
            lease.give_up(f"given up after {lease.failures} failures; the last worker died at it")
            return None
    return lease


def run(job_id: int) -> bool:
    """Claim and do one job; whether it was claimed. Afterwards the client's next due jobs are rung for.

    A job that is due in a moment, for it was given back or its bell came early, is rung for again: nobody waits for the sweep.
    """
    lease = claim(job_id)
    if lease is None:
        _ring_later(job_id)
        return False
    crashpoints.reach("after-claim")
    with Attempt(lease):
        with client_context(lease.client_id):
            job = SyncJob.objects.select_related("connection").get(pk=job_id)
        _do(job, lease)
    _ring_later(job_id)
    ring_next(lease.client_id)
    return True


def _do(job: SyncJob, lease: Lease) -> None:
    known = _handlers.get(job.kind)
    if known is None:
        raise RuntimeError(f"no handler for jobs of kind {job.kind!r}")
    function, atomic = known
    if atomic:
        with lease.finishing() as result:
            result.update(function(job, lease) or {})
        return
    counts = function(job, lease) or {}
    if not lease.is_finished:
        with lease.finishing() as result:
            result.update(counts)


DUE = """
WITH waiting AS (
    SELECT id, client_id, run_after,
           row_number() OVER (PARTITION BY client_id ORDER BY run_after, id) AS place
    FROM integrations_syncjob
    WHERE (state = 'due' AND run_after <= clock_timestamp()) OR (state = 'leased' AND lease_until < clock_timestamp())
), busy AS (
    SELECT client_id, count(*) AS running FROM integrations_syncjob
    WHERE state = 'leased' AND lease_until >= clock_timestamp() GROUP BY client_id
)
SELECT waiting.id FROM waiting LEFT JOIN busy USING (client_id)
WHERE waiting.place + coalesce(busy.running, 0) <= %(places)s AND (%(client)s::bigint IS NULL OR client_id = %(client)s)
ORDER BY waiting.place, waiting.run_after LIMIT %(limit)s
"""


def due(*, client_id: int | None = None, limit: int = SWEEP_LIMIT) -> list[int]:
    """Ids of the jobs that may start now, each client's first ones first and never more than it has room for."""
    with system_context(), connection.cursor() as cursor:
        cursor.execute(DUE, {"places": PER_CLIENT, "client": client_id, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def sweep() -> int:
    """Ring for every job that may start: lost messages, dead workers, jobs whose time has come. How many."""
    waiting = due()
    for job_id in waiting:
        ring(job_id)
    return len(waiting)


def ring_next(client_id: int) -> None:
    """Ring for as many of the client's jobs as it has room for, so that its queue does not wait for the sweep."""
    for job_id in due(client_id=client_id, limit=PER_CLIENT):
        ring(job_id)


def _ring_later(job_id: int) -> None:
    """Ring for a job that waits for its time, if that is soon; counted by the database's clock, whatever this machine's says."""
    with system_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM run_after - clock_timestamp()) FROM integrations_syncjob"
            " WHERE id = %s AND state = 'due' AND run_after > clock_timestamp()",
            [job_id],
        )
        row = cursor.fetchone()
    if row is not None:
        ring(job_id, datetime.now(UTC) + timedelta(seconds=float(row[0])))


def tidy(*, days: int = 35) -> int:
    """Delete jobs that were done ``days`` ago; how many. Failed ones stay until a person looked."""
    with system_context():
        gone, _ = SyncJob.objects.filter(
            state=SyncJob.State.DONE, finished_at__lt=_now() - timedelta(days=days)
        ).delete()
    return gone


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
