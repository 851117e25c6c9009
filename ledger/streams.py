"""What became of each record of a stream, and why: held, skipped, booked, on its way, in the accounting system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db.models import Count, Q

from integrations.models import Connection, Fact, StreamState
from ledger import accounting, modes
from ledger.core.documents import NEXT_PAYOUT, mode_on
from ledger.models import PostingMode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clients.models import Client
    from ledger.core.documents import Choice, Mode
    from ledger.core.period import Month

#: Each status with its label and look, what needs somebody first.
STATUSES = {
    "failed": ("Failed", "bad", "circle-x"),
    "held": ("Held", "warn", "alert-triangle"),
    "warned": ("Posted with warnings", "warn", "circle-check"),
    "pending": ("Pending", "info", "progress"),
    "ready": ("Ready", "info", "send"),
    "posted": ("Posted", "ok", "circle-check"),
    "cancelled": ("Cancelled here", "mute", "history"),
    "evidence": ("Evidence only", "mute", "file-text"),
    "skipped": ("Skipped", "mute", "ban"),
}
#: One look into each unique index a record: its entry by identity, the document that carries the entry.
RECORDS = """
WITH told AS (
    SELECT f.id, f.external_id, f.kind, f.booked_on, f.amount_minor, f.currency, f.state, f.reason,
        coalesce(f.data->>'review', '') AS review, e.id AS entry_id, o.id AS outbox_id, o.marker, o.state AS sent, o.problem,
        (SELECT x.title FROM ledger_ledgerexception x WHERE x.client_id = f.client_id AND x.state IN ('open', 'snoozed')
            AND x.kind = 'held' AND x.entry_id = e.id LIMIT 1) AS held,
        (SELECT x.title FROM ledger_ledgerexception x WHERE x.client_id = f.client_id AND x.state IN ('open', 'snoozed')
            AND x.kind IN ('duplicate', 'mirror', 'closed') AND (x.entry_id = e.id OR x.fact_id = f.id) LIMIT 1) AS warning,
        (o.id IS NULL OR o.state = 'dropped') AND EXISTS (
            SELECT FROM ledger_journalentry r WHERE r.client_id = f.client_id AND r.reverses_id = e.id AND r.booked_on = e.booked_on
                AND NOT EXISTS (SELECT FROM ledger_outboxmember rm WHERE rm.client_id = f.client_id AND rm.entry_id = r.id)
        ) AS undone
    FROM integrations_fact f
    LEFT JOIN LATERAL (
        SELECT e.id, e.booked_on FROM ledger_journalentry e
        WHERE e.client_id = f.client_id AND e.source_key = left(%(prefix)s || f.external_id, 200) COLLATE "C"
            AND e.reverses_id IS NULL
        ORDER BY e.revision DESC, e.id DESC LIMIT 1) e ON f.state = 'booked'
    LEFT JOIN ledger_outboxmember m ON m.client_id = f.client_id AND m.entry_id = e.id
    LEFT JOIN ledger_outboxitem o ON o.id = m.outbox_id
    WHERE f.client_id = %(client)s AND f.connection_id = %(connection)s AND f.stream = %(stream)s
        AND f.booked_on BETWEEN %(first)s AND %(last)s AND f.state <> 'superseded'),
judged AS (
    SELECT *, CASE
        WHEN state = 'new' THEN 'pending'
        WHEN state = 'exception' THEN 'held'
        WHEN state = 'proof' THEN 'evidence'
        WHEN state = 'skipped' THEN 'skipped'
        WHEN undone AND NOT %(kept_here)s THEN 'cancelled'
        WHEN sent IN ('rejected', 'uncertain', 'dropped') THEN 'failed'
        WHEN held IS NOT NULL THEN 'held'
        WHEN (sent = 'posted' OR %(kept_here)s) AND (warning IS NOT NULL OR review <> '') THEN 'warned'
        WHEN sent = 'posted' OR %(kept_here)s THEN 'posted'
        ELSE 'ready' END AS status
    FROM told)
"""
COUNTS = "SELECT status, count(*) FROM judged GROUP BY status"
PAGE = """
SELECT id, external_id, kind, booked_on, amount_minor, currency, state, reason, review, entry_id, outbox_id, marker, sent,
    problem, held, warning, status
FROM judged WHERE %(wanted)s = '' OR status = %(wanted)s ORDER BY booked_on DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record: ``amount_minor`` in minor units of ``currency`` as the source said it, None where it has none."""

    pk: int
    external_id: str
    kind: str
    booked_on: date
    amount_minor: int | None
    currency: str
    state: str
    reason: str
    review: str
    entry_id: int | None
    outbox_id: int | None
    marker: str | None
    sent: str | None
    problem: str | None
    held: str | None
    warning: str | None
    status: str
    mode: Mode

    @property
    def look(self) -> tuple[str, str, str]:
        return STATUSES[self.status]

    @property
    def why(self) -> str:
        """The status explained."""
        if self.status == "failed":
            said = {"uncertain": "Sent three times without an answer.", "dropped": "Taken off the list."}
            return said.get(self.sent or "", f"Refused: {self.problem or 'no reason given'}")
        if self.status == "held":
            return self.held or self.reason or "Waits for a person."
        if self.status == "warned":
            return self.warning or self.review
        return {
            "pending": "Read, and not booked yet.",
            "posted": f"In document {self.marker}." if self.marker else "In the books kept here.",
            "cancelled": "Reversed here on its own day before it went out. Neither goes, for together they come to nil.",
            "evidence": "Proves what another record books.",
            "skipped": self.reason or "Not booked.",
            "ready": f"In document {self.marker}, on its way." if self.marker else f"Booked; {self.waits_for}.",
        }[self.status]

    @property
    def waits_for(self) -> str:
        return NEXT_PAYOUT if self.mode == "payout" else "goes out with the next sending"


@dataclass(frozen=True, slots=True)
class Records:
    """A page of records: ``counts`` by status of the whole month, ``total`` those of the status that is shown."""

    rows: tuple[RecordRow, ...]
    counts: Mapping[str, int]
    total: int


def records(
    connection: Connection, stream: str, month: Month, *, status: str = "", offset: int = 0, limit: int = 50
) -> Records:
    """The month's records of a stream, newest first; three queries for any number. In the client's context."""
    asked: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "stream": stream,
        "first": month.first,
        "last": month.last,
        "prefix": f"{connection.provider}:{connection.account_id}:{stream}:",
        "kept_here": accounting.connection_of(connection.client) is None,
        "wanted": status,
        "limit": limit,
        "offset": offset,
    }
    with database.cursor() as cursor:
        cursor.execute(RECORDS + COUNTS, asked)
        counts = dict(cursor.fetchall())
        cursor.execute(RECORDS + PAGE, asked)
        found = cursor.fetchall()
    chosen = modes.choices(connection.client).get((connection.pk, stream), [])
    rows = tuple(RecordRow(*(*row, mode_on(chosen, row[3]))) for row in found)
    return Records(rows, counts, counts.get(status, 0) if status else sum(counts.values()))


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One booked stream: its mode today, a later choice that waits for its day, whether its rows can be gathered at all."""

    connection: Connection
    stream: str
    mode: Mode
    chosen: tuple[Choice, ...]
    planned: Choice | None
    gathers: bool
    records: int
    waiting: int

    @property
    def mode_label(self) -> str:
        return str(PostingMode.Mode(self.mode).label) if self.gathers else "One document for each record"


def of(client: Client, month: Month, *, today: date) -> list[StreamRow]:
    """Every stream that is booked from here, with the month's records; in the client's context, a constant number of queries."""
    states = StreamState.objects.filter(client=client, duty=StreamState.Duty.BOOK).select_related("connection")
    found = Fact.objects.filter(client=client, booked_on__range=(month.first, month.last)).exclude(state="superseded")
    counts = {
        (connection_id, stream): (number, waiting)
        for connection_id, stream, number, waiting in found.order_by()
        .values_list("connection_id", "stream")
        .annotate(number=Count("pk"), waiting=Count("pk", filter=Q(state__in=["new", "exception"])))
    }
    chosen = modes.choices(client)
    rows = []
    for state in states.exclude(connection__state="disconnected").order_by(
        "connection__provider", "connection_id", "stream"
    ):
        own = tuple(chosen.get((state.connection_id, state.stream), ()))
        later = sorted(choice for choice in own if choice.effective_from > today)
        rows.append(
            StreamRow(
                state.connection,
                state.stream,
                mode_on(own, today),
                own,
                later[0] if later else None,
                modes.gathers(state.connection),
                *counts.get((state.connection_id, state.stream), (0, 0)),
            )
        )
    return rows
