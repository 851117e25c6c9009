"""How fast a connection, and an app as a whole, may be called, over all processes: one row each, one UPDATE around a call.

The rate is even with a burst of a tenth, so that no window of the period ever holds more than the declared number.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db import transaction

from clients.tenancy import client_context
from integrations.errors import RetryLater
from integrations.models import AppBudget, RateBudget

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
UPDATE {table} SET
    free_at = greatest(free_at, clock_timestamp()) + %(step)s,
    calls = array_append(
        ARRAY(SELECT ends FROM unnest(calls) AS ends WHERE ends > clock_timestamp()), clock_timestamp() + %(call)s)
WHERE {key} = %(whose)s
  AND (SELECT count(*) FROM unnest(calls) AS ends WHERE ends > clock_timestamp()) < %(concurrent)s
  AND free_at <= clock_timestamp() + %(burst)s + %(patience)s
RETURNING extract(epoch FROM free_at - %(step)s - %(burst)s - clock_timestamp()), calls[cardinality(calls)]
"""
GIVE_BACK = "UPDATE {table} SET calls = array_remove(calls, %(ends)s) WHERE {key} = %(whose)s"
HOLD_OFF = "UPDATE {table} SET free_at = greatest(free_at, clock_timestamp() + %(pause)s) WHERE {key} = %(whose)s"


@dataclass(frozen=True, slots=True)
class Budget:
    """Whose calls are counted: a connection's, or those of an app (``client_id`` None)."""

    table: str
    key: str
    whose: int | str
    client_id: int | None = None

    @classmethod
    def of(cls, connection: Connection) -> Budget:
        return cls("integrations_ratebudget", "connection_id", connection.pk, connection.client_id)

    @classmethod
    def of_app(cls, slug: str) -> Budget:
        return cls("integrations_appbudget", "provider", slug)

    def make(self) -> bool:
        """Whether the row had to be made."""
        with self.context():
            if self.client_id is None:
                return AppBudget.objects.get_or_create(provider=self.whose)[1]
            return RateBudget.objects.get_or_create(connection_id=self.whose, client_id=self.client_id)[1]

    def context(self) -> AbstractContextManager[Any]:
        """A transaction that may see the row."""
        return transaction.atomic() if self.client_id is None else client_context(self.client_id)


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


def slot(connection: Connection, limit: RateLimit) -> AbstractContextManager[None]:
    """Wait for the connection's turn, and hold a place while the call lasts. Raises RetryLater when the line is too long."""
    return _slot(Budget.of(connection), limit)


def app_slot(slug: str, limit: RateLimit) -> AbstractContextManager[None]:
    """The same for all connections of a provider together."""
    return _slot(Budget.of_app(slug), limit)


@contextmanager
def _slot(budget: Budget, limit: RateLimit) -> Iterator[None]:
    wait, ends = _take(budget, Pace.of(limit))
    if wait > 0:
        time.sleep(wait)
    try:
        yield
    finally:
        _run(budget, GIVE_BACK, ends=ends)


def hold_off(connection: Connection, seconds: float) -> None:
    """Let nobody call for so long: the provider asked for it."""
    _run(Budget.of(connection), HOLD_OFF, pause=timedelta(seconds=seconds))


def hold_off_app(slug: str, seconds: float) -> None:
    """Let no connection of a provider call for so long: what it limits is the app."""
    _run(Budget.of_app(slug), HOLD_OFF, pause=timedelta(seconds=seconds))


def _take(budget: Budget, pace: Pace) -> tuple[float, datetime]:
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        row = _run(
            budget,
            TAKE,
            step=pace.step,
            burst=pace.burst,
            concurrent=pace.concurrent,
            call=timedelta(seconds=CALL_SECONDS),
            patience=timedelta(seconds=PATIENCE_SECONDS),
        )
        if row is not None:
            return float(row[0]), row[1]
        if budget.make():
            continue
        if time.monotonic() > gives_up:
            raise RetryLater("too many calls are waiting their turn", retry_after=30)
        time.sleep(LOOK_SECONDS)


def _run(budget: Budget, statement: str, **values: Any) -> tuple[Any, datetime] | None:
    with budget.context(), database.cursor() as cursor:
        # A lost reservation costs nothing; waiting for the disk before each call would.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(statement.format(table=budget.table, key=budget.key), {"whose": budget.whose, **values})
        return cursor.fetchone() if cursor.description else None
