"""What the systems say of themselves: how many objects a day, and the balances they report. Kept beside what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.models import ControlTotal, Fact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from integrations.models import Connection

COUNT = "count"
#: Facts that report a balance, and the field that holds it.
BALANCES = {
    "ProcessorBalance": "amount",
    "SystemBalance": "amount",
    "BankAccount": "balance",
    "BankStatement": "closing",
    "CardStatement": "closing",
}
UNIQUE = ["client", "connection", "stream", "day", "source", "currency"]


def keep_totals(connection: Connection, stream: str, totals: Iterable[tuple[date, int, int | None]]) -> None:
    """Keep (day, how many, sum in minor units) as the provider reports them; a later report replaces an earlier one."""
    _keep(
        ControlTotal(
            client_id=connection.client_id,
            connection=connection,
            stream=stream,
            day=day,
            count=count,
            total_minor=total,
            currency=connection.client.home_currency,
            source=COUNT,
        )
        for day, count, total in totals
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
            update_fields=["count", "total_minor", "read_at"],
        )
