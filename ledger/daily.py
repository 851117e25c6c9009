"""Completeness day by day (N6): of one stream, what the source counts, what was fetched, what became of it, what the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db.models import Count, Sum

from integrations.models import ControlTotal, Fact

if TYPE_CHECKING:
    from datetime import date

    from integrations.models import Connection
    from ledger.core.period import Month

#: One look into the journal's unique index for each booked fact: by its identity, which a later version keeps.
DAYS = """
SELECT f.booked_on, count(DISTINCT f.external_id), coalesce(sum(f.amount_minor), 0),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'booked'),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'proof'),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'skipped'),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'exception'),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'new'),
    count(DISTINCT f.external_id) FILTER (WHERE f.state = 'booked' AND EXISTS (
        SELECT 1 FROM ledger_journalentry e WHERE e.client_id = f.client_id
        AND e.source_key = left(%(prefix)s || f.external_id, 200) COLLATE "C"))
FROM integrations_fact f
WHERE f.client_id = %(client)s AND f.connection_id = %(connection)s AND f.stream = %(stream)s
    AND f.booked_on BETWEEN %(first)s AND %(last)s AND f.state <> 'superseded'
GROUP BY f.booked_on
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a stream: counts of records, ``total`` and ``source_total`` in minor units of the home currency.

    ``source`` and ``source_total`` are the source's own, None where it gives none. ``ledger`` counts booked records that
    have their entry in the journal.
    """

    day: date
    source: int | None = None
    source_total: int | None = None
    here: int = 0
    total: int = 0
    booked: int = 0
    evidence: int = 0
    skipped: int = 0
    held: int = 0
    waiting: int = 0
    ledger: int = 0

    @property
    def state(self) -> str:
        """``short`` of the source, ``lost`` on the way to the ledger, ``waiting``, ``held``, ``unknown``, ``whole``, ``none``."""
        if self.source is not None and self.source != self.here:
            return "short"
        if self.ledger != self.booked:
            return "lost"
        if self.waiting or self.held:
            return "waiting" if self.waiting else "held"
        if not self.here:
            return "none"
        return "unknown" if self.source is None else "whole"


def days(connection: Connection, stream: str, month: Month) -> list[Day]:
    """Every day of the month, in order; in the client's context. Two queries."""
    span = (month.first, month.last)
    totals = ControlTotal.objects.filter(
        client_id=connection.client_id, connection=connection, stream=stream, day__range=span, count__isnull=False
    )
    counted = {
        day: (count, total)
        for day, count, total in totals.values_list("day").annotate(Sum("count"), Sum("total_minor"))
    }
    found = {row[0]: row[1:] for row in _rows(connection, stream, month)}
    empty = (0,) * 8
    return [Day(day, *counted.get(day, (None, None)), *found.get(day, empty)) for day in month.days()]


def _rows(connection: Connection, stream: str, month: Month) -> list[tuple[Any, ...]]:
    asked: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "stream": stream,
        "first": month.first,
        "last": month.last,
        "prefix": f"{connection.provider}:{connection.account_id}:{stream}:",
    }
    with database.cursor() as cursor:
        cursor.execute(DAYS, asked)
        return list(cursor.fetchall())


def total(rows: list[Day], day: date) -> Day:
    """The sum of all days; the source's figures only where it gives any."""
    names = [each.name for each in fields(Day) if each.name not in {"day", "source", "source_total"}]
    counts = [row.source for row in rows if row.source is not None]
    sums = [row.source_total for row in rows if row.source_total is not None]
    return Day(
        day,
        source=sum(counts) if counts else None,
        source_total=sum(sums) if sums else None,
        **{name: sum(getattr(row, name) for row in rows) for name in names},
    )


def reasons(connection: Connection, stream: str, month: Month) -> list[tuple[str, int]]:
    """Why records of the month are not booked, with how many, the most frequent first."""
    skipped = Fact.objects.filter(
        client_id=connection.client_id,
        connection_id=connection.pk,
        stream=stream,
        booked_on__range=(month.first, month.last),
        state=Fact.State.SKIPPED,
    )
    return list(skipped.values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason"))
