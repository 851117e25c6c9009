"""Completeness day by day (N6): of one stream, what the source counts, what was fetched, what became of it, what the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db.models import Count

from integrations.evidence import COUNT
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


#: What the source says of a day and what was here then; None where it says nothing.
COUNTED = ("source", "fetched", "source_total", "fetched_total")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a stream: counts of records, ``total`` and ``source_total`` in minor units of the home currency.

    ``source`` and ``source_total`` are the source's own, None where it gives none; ``fetched`` are the objects of that day that
    were here when it counted, ``missing`` names those that were not. ``ledger`` counts booked records that have their entry in
    the journal.
    """

    day: date
    source: int | None = None
    fetched: int | None = None
    source_total: int | None = None
    fetched_total: int | None = None
    missing: tuple[str, ...] = ()
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
        if self.source != self.fetched or self.source_total != self.fetched_total:
            return "short"
        if self.ledger != self.booked:
            return "lost"
        if self.waiting or self.held:
            return "waiting" if self.waiting else "held"
        if not self.here and not self.source:
            return "none"
        return "unknown" if self.source is None else "whole"


def days(connection: Connection, stream: str, month: Month) -> list[Day]:
    """Every day of the month, in order; in the client's context. Two queries."""
    span = (month.first, month.last)
    totals = ControlTotal.objects.filter(
        client_id=connection.client_id, connection=connection, stream=stream, day__range=span, source=COUNT
    )
    counted = {
        total.day: (total.count, total.here, total.total_minor, total.here_minor, tuple(total.missing))
        for total in totals
    }
    found = {row[0]: row[1:] for row in _rows(connection, stream, month)}
    empty = (0,) * 8
    return [Day(day, *counted.get(day, (None, None, None, None, ())), *found.get(day, empty)) for day in month.days()]


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
    names = [each.name for each in fields(Day) if each.name not in {"day", "missing", *COUNTED}]
    told = {name: [number for row in rows if (number := getattr(row, name)) is not None] for name in COUNTED}
    figures: dict[str, Any] = {name: sum(numbers) if numbers else None for name, numbers in told.items()}
    figures |= {name: sum(getattr(row, name) for row in rows) for name in names}
    return Day(day, missing=tuple(external_id for row in rows for external_id in row.missing), **figures)


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
