"""How fast a connection may be called, over all processes: one row a connection, one UPDATE before a call, one after it.

The rate is even with a burst of a tenth, so that no window of the period ever holds more than the declared number.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from clients.tenancy import client_context
from integrations.errors import RetryLater
from integrations.models import RateBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.models import Connection
    from integrations.provider import RateLimit

#: The longest a caller waits in line before the job is better done later.
PATIENCE_SECONDS = 20
#: After this a call whose process died no longer counts as under way.
CALL_SECONDS = 90
#: Between two looks for a free place.
LOOK_SECONDS = 0.05

# `calls` holds the ends of the calls under way; `free_at` moves by one step for each call admitted.
TAKE = """
UPDATE integrations_ratebudget SET
    free_at = greatest(free_at, clock_timestamp()) + %(step)s,
    calls = array_append(
        ARRAY(SELECT ends FROM unnest(calls) AS ends WHERE ends > clock_timestamp()), clock_timestamp() + %(call)s)
WHERE connection_id = %(connection)s
  AND (SELECT count(*) FROM unnest(calls) AS ends WHERE ends > clock_timestamp()) < %(concurrent)s
  AND free_at <= clock_timestamp() + %(burst)s + %(patience)s
RETURNING extract(epoch FROM free_at - %(step)s - %(burst)s - clock_timestamp()), calls[cardinality(calls)]
"""
GIVE_BACK = """
UPDATE integrations_ratebudget SET calls = array_remove(calls, %(ends)s) WHERE connection_id = %(connection)s
"""
HOLD_OFF = """
UPDATE integrations_ratebudget SET free_at = greatest(free_at, clock_timestamp() + %(pause)s)
WHERE connection_id = %(connection)s
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """A declared limit as an even rate: ``burst`` calls at once, then one every ``step``; together never above the limit."""

    step: timedelta
    burst: timedelta
    concurrent: int

    @classmethod
    def of(cls, limit: RateLimit) -> Pace:
        at_once = max(1, limit.requests // 10)
        # A microsecond more: the division rounds.
        step = timedelta(seconds=limit.seconds) / max(1, limit.requests - at_once) + timedelta(microseconds=1)
        return cls(step, step * (at_once - 1), limit.concurrent)


@contextmanager
def slot(connection: Connection, limit: RateLimit) -> Iterator[None]:
    """Wait for the connection's turn, and hold a place while the call lasts. Raises RetryLater when the line is too long."""
    wait, ends = _take(connection, Pace.of(limit))
    if wait > 0:
        time.sleep(wait)
    try:
        yield
    finally:
        _run(connection, GIVE_BACK, ends=ends)


def hold_off(connection: Connection, seconds: float) -> None:
    """Let nobody call for so long: the provider asked for it."""
    _run(connection, HOLD_OFF, pause=timedelta(seconds=seconds))


def _take(connection: Connection, pace: Pace) -> tuple[float, datetime]:
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        row = _run(
            connection,
            TAKE,
            step=pace.step,
            burst=pace.burst,
            concurrent=pace.concurrent,
            call=timedelta(seconds=CALL_SECONDS),
            patience=timedelta(seconds=PATIENCE_SECONDS),
        )
        if row is not None:
            return float(row[0]), row[1]
        if not _exists(connection):
            continue
        if time.monotonic() > gives_up:
            raise RetryLater("too many calls of this connection are waiting", retry_after=30)
        time.sleep(LOOK_SECONDS)


def _exists(connection: Connection) -> bool:
    """Whether the budget row was there already; makes it if not."""
    with client_context(connection.client_id):
        _, made = RateBudget.objects.get_or_create(connection_id=connection.pk, client_id=connection.client_id)
    return not made


def _run(connection: Connection, statement: str, **values: Any) -> tuple[Any, datetime] | None:
    with client_context(connection.client_id), database.cursor() as cursor:
        # A lost reservation costs nothing; waiting for the disk before each call would.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(statement, {"connection": connection.pk, **values})
        return cursor.fetchone() if cursor.description else None
