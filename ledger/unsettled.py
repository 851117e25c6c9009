"""What a processor's balance holds that none of its statements has told yet: the rows of a statement still open.

Some systems book nothing until a statement closes and announce its rows before. What was announced since the last statement
closed is, to the cent, what their balance shows more than the rows here: a timing difference, which clears itself when the
statement closes and its rows are booked on the days they happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integrations.models import Fact
from integrations.records import Announced
from integrations.records_json import from_json

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client
    from integrations.models import Connection
    from integrations.records import Record
    from ledger.core.period import Month

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """At a month's end, in minor units of the balance's currency: the sum and number of announced movements, and since when."""

    amount: int
    count: int
    since: date


def at_end(client: Client, connection: Connection, currency: str, month: Month) -> Unsettled | None:
    """What was announced up to a month's end and no statement known today reaches; None where nothing is open.

    Without any closed statement nobody knows where the open one began: then nothing is said to be in it.
    """
    facts = Fact.objects.filter(client=client, connection=connection, currency__iexact=currency)
    facts = facts.exclude(state="superseded")
    closed = [from_json(fact.kind, fact.data) for fact in facts.filter(kind="StatementClosed")]
    if not closed:
        return None
    last = max(closed, key=_ends)
    told = facts.filter(kind="Announced", booked_on__range=(last.booked_on, month.last))
    records = [from_json(fact.kind, fact.data) for fact in told]
    amounts = [record.amount for record in records if isinstance(record, Announced) and _is_after(record, last)]
    return Unsettled(sum(amounts), len(amounts), last.booked_on) if amounts else None


def _ends(statement: Record) -> tuple[date, bool, datetime]:
    """Orders statements by their end; one without a time lasts to the end of its day."""
    return statement.booked_on, statement.occurred_at is None, statement.occurred_at or _EVER


def _is_after(record: Record, statement: Record) -> bool:
    if record.occurred_at and statement.occurred_at:
        return record.occurred_at >= statement.occurred_at
    return record.booked_on > statement.booked_on
