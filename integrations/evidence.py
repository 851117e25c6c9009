"""What the systems say of themselves: how many objects a day, and the balances they report. Kept beside what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q

from integrations.models import ControlTotal, Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from integrations.models import Connection

COUNT = "count"
#: Which counts differ from what is here, in number or in sum.
OFF = ~Q(count=F("here")) | Q(total_minor__isnull=False) & ~Q(total_minor=F("here_minor"))
#: Missing ids that are kept by name; more are counted.
NAMED = 50
#: Facts that report a balance, and the field that holds it.
BALANCES = {
    "ProcessorBalance": "amount",
    "SystemBalance": "amount",
    "BankAccount": "balance",
    "BankStatement": "closing",
    "CardStatement": "closing",
}
UNIQUE = ["client", "connection", "stream", "day", "source", "currency"]


@dataclass(frozen=True, slots=True)
class Count:
    """One day of a stream: how many objects the provider has and how many of that day are ``here``, their sums in minor units
    (both None where it tells none), and the ids of those we lack.
    """

    day: date
    there: int
    total: int | None
    here: int
    here_total: int | None = None
    missing: Sequence[str] = ()


def keep_counts(connection: Connection, stream: str, counts: Iterable[Count], *, at: datetime) -> None:
    """Keep what the provider counts beside what is here; a later count replaces an earlier one. Fifty ids are named at most."""
    _keep(
        ControlTotal(
            client_id=connection.client_id,
            connection=connection,
            stream=stream,
            day=each.day,
            count=each.there,
            here=each.here,
            missing=list(each.missing)[:NAMED],
            total_minor=each.total,
            here_minor=each.here_total,
            currency=connection.client.home_currency,
            source=COUNT,
            read_at=at,
        )
        for each in counts
    )


def keep_balances(connection: Connection, stream: str, *, at: datetime) -> None:
    """Keep the balances among the facts of this pull as control totals of their day."""
    facts = Fact.objects.filter(
        client_id=connection.client_id,
        connection_id=connection.pk,
        stream=stream,
        kind__in=BALANCES,
        document__fetched_at=at,
    ).order_by("id")
    latest = {
        (fact.booked_on, fact.external_id, fact.currency): ControlTotal(
            client_id=connection.client_id,
            connection=connection,
            stream=stream,
            day=fact.booked_on,
            total_minor=fact.data[BALANCES[fact.kind]],
            currency=fact.currency,
            source=f"balance:{fact.data.get('account', '') or fact.external_id}"[:60],
        )
        for fact in facts
        if fact.booked_on is not None and fact.data.get(BALANCES[fact.kind]) is not None
    }
    _keep(latest.values())


def _keep(totals: Iterable[ControlTotal]) -> None:
    found = {(total.stream, total.day, total.source, total.currency): total for total in totals}
    if found:
        ControlTotal.objects.bulk_create(
            found.values(),
            update_conflicts=True,
            unique_fields=UNIQUE,
            update_fields=["count", "here", "missing", "total_minor", "here_minor", "read_at"],
        )
