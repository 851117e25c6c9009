"""A worker's right to a job: fenced transactions, completion with the last effects, and what becomes of an error."""

from __future__ import annotations

import json
import logging
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection

from clients.tenancy import client_context
from integrations import connecting, crashpoints
from integrations.errors import Reconnect, RetryLater
from integrations.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

#: Claims that ended in an error or a dead worker before a job is given up.
MAX_FAILURES = 8
#: Seconds before the second try, and the longest pause between tries.
FIRST_PAUSE, LONGEST_PAUSE = 15, 3600

log = logging.getLogger(__name__)


class LeaseLost(Exception):  # noqa: N818
    """Another worker has the job now: stop, change nothing."""


class Again(Exception):  # noqa: N818
    """The handler did a part and wants to go on later; not a failure."""

    def __init__(self, seconds: float = 0) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


@dataclass(slots=True)
class Lease:
    """A claimant's right to a job until the database's clock says otherwise."""

    job_id: int
    client_id: int
    fence: int
    tries: int = 1
    failures: int = 0
    connection_id: int | None = None
    is_finished: bool = field(default=False)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction of the client's context that commits only if the lease is still ours; renews it. Raises LeaseLost."""
        with client_context(self.client_id):
            self.change("lease_until = clock_timestamp() + %s * interval '1 second'", settings.JOB_LEASE_SECONDS)
            yield

    def renew(self) -> None:
        """Begin the lease anew, before a long piece of work without the database. Raises LeaseLost."""
        with self.transaction():
            pass

    @contextmanager
    def finishing(self) -> Iterator[dict[str, Any]]:
        """The last effects and the job's completion in one commit; what is put into the yielded dict is its result."""
        result: dict[str, Any] = {}
        with self.transaction():
            yield result
            self.change(
                "state = 'done', lease_until = NULL, problem = '', finished_at = clock_timestamp(), result = %s",
                json.dumps(result, default=str),
            )
            crashpoints.reach("before-finish")
        self.is_finished = True
        crashpoints.reach("after-finish")

    def reschedule(self, *, seconds: float, problem: str = "", failed: bool = False, tries: int | None = None) -> None:
        """Give the job back, due again after ``seconds``; ``failed`` counts it as a failure, ``tries`` sets the count anew."""
        with client_context(self.client_id):
            self.change(
                "state = 'due', lease_until = NULL, run_after = clock_timestamp() + %s * interval '1 second', problem = %s,"
                " failures = failures + %s, tries = coalesce(%s, tries)",
                seconds,
                problem,
                int(failed),
                tries,
            )

    def give_up(self, problem: str) -> None:
        """End the job as failed, with the reason a person will read."""
        with client_context(self.client_id):
            self.change("state = 'failed', lease_until = NULL, finished_at = clock_timestamp(), problem = %s", problem)

    def change(self, assignments: str, *values: Any) -> None:
        """Change the job's row while the fence is ours. Raises LeaseLost."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE integrations_syncjob SET {assignments} WHERE id = %s AND fence = %s AND state = 'leased'",  # noqa: S608
                [*values, self.job_id, self.fence],
            )
            if cursor.rowcount != 1:
                raise LeaseLost(f"job {self.job_id}")


def pause(tries: int, *, least: float = 0) -> float:
    """Seconds before try ``tries`` + 1: doubling with jitter, never under ``least``, at most an hour beyond it."""
    longest = float(min(LONGEST_PAUSE, FIRST_PAUSE << min(max(tries, 1) - 1, 12)))
    return max(least, longest / 2) + random.uniform(0, longest / 2)  # noqa: S311 (jitter, no secret)


@dataclass(frozen=True, slots=True)
class Attempt:
    """``with Attempt(lease):`` is the outermost frame of a job: it turns an error into what the error's name asks for.

    RetryLater: again later, for ever. Reconnect: the connection waits for a person. Anything else: again later,
    ``MAX_FAILURES`` times, then failed. Never ends a worker; a lost lease is silent.
    """

    lease: Lease

    def __enter__(self) -> Lease:
        return self.lease

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        try:
            self._settle(error)
        except LeaseLost:
            log.info("lease lost", extra={"job_id": self.lease.job_id})
        return True

    def _settle(self, error: Exception) -> None:
        text = redact(str(error) or type(error).__name__)
        if isinstance(error, LeaseLost):
            raise error
        if isinstance(error, Again):
            self.lease.reschedule(
                seconds=error.seconds, tries=0
            )  # it goes well: the pauses of a later trouble begin anew
        elif isinstance(error, RetryLater):
            self.lease.reschedule(seconds=pause(self.lease.tries, least=error.retry_after), problem=text)
        elif isinstance(error, Reconnect):
            self._ask_for_a_person(text)
        else:
            self._count(error, text)

    def _ask_for_a_person(self, text: str) -> None:
        with client_context(self.lease.client_id):
            if self.lease.connection_id is not None:
                connecting.needs_reconnect(self.lease.connection_id, text)
            self.lease.give_up(text)

    def _count(self, error: Exception, text: str) -> None:
        log.error("job failed: %s", type(error).__name__, exc_info=error, extra={"job_id": self.lease.job_id})
        if isinstance(error, SoftTimeLimitExceeded):
            text = "ran longer than the time limit"
        if self.lease.failures + 1 >= MAX_FAILURES:
            self.lease.give_up(text)
        else:
            self.lease.reschedule(seconds=pause(self.lease.failures + 1), problem=text, failed=True)
