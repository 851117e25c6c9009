"""Nothing missing: per connection and stream what the source counts, what is here, and what became of it (N6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from django.db.models import Count, Min, Q, Sum

from clients.catalogue import BY_SLUG
from clients.models import StackItem
from integrations.byhand.forms import FORMS, form_of
from integrations.models import Connection, ControlTotal, Fact, ManualFigure, StreamState
from integrations.registry import all_providers

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client
    from integrations.provider import Provider
    from ledger.core.period import Month


class _Counts(TypedDict):
    """Facts of one stream by what became of them."""

    connection_id: int
    stream: str
    n: int
    booked: int
    evidence: int
    skipped: int
    held: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StreamMonth:
    """One stream in one month. ``source`` is the provider's own count, None where it gives none."""

    connection: Connection
    stream: str
    label: str
    source: int | None
    fetched: int
    booked: int
    evidence: int
    skipped: int
    held: int
    waiting: int
    is_incomplete: bool

    @property
    def handled(self) -> int:
        return self.booked + self.evidence + self.skipped + self.held

    @property
    def is_short(self) -> bool:
        return self.source is not None and self.source != self.fetched


def connections(client: Client) -> list[Connection]:
    """Every connection that counts towards completeness."""
    return list(
        Connection.objects.filter(client=client).exclude(state__in=["pending", "disconnected"]).order_by("provider")
    )


def unconnected_systems(client: Client) -> list[str]:
    """Systems of the inventory that should be connected and are not."""
    held = set(
        Connection.objects.filter(client=client)
        .exclude(state__in=["pending", "disconnected"])
        .values_list("provider", flat=True)
    )
    names = {slug: provider.name for slug, provider in all_providers().items()}
    wanted = StackItem.objects.filter(client=client, dismissed=False, route__in=["api", "feed", "file"]).values_list(
        "system", flat=True
    )
    return sorted(names.get(system, system) for system in wanted if system not in held and system in names)


def uncaptured_systems(client: Client, month: Month) -> list[tuple[str, str]]:
    """(slug, name) of systems by hand whose figures of the month nobody has verified; only what is due every month."""
    chosen = StackItem.objects.filter(client=client, dismissed=False, route="hand").values_list("system", flat=True)
    due = [
        system
        for slug in chosen
        if (system := BY_SLUG.get(slug)) and (form := form_of(system)) is not None and form.is_monthly
    ]
    if not due:
        return []
    there = set(
        ManualFigure.objects.filter(
            client=client,
            state=ManualFigure.State.VERIFIED,
            booked_on__range=(month.first, month.last),
            system__in=[system.slug for system in due],
        ).values_list("system", flat=True)
    )
    return sorted((system.slug, system.name) for system in due if system.slug not in there)


def known_through(connection: Connection) -> date | None:
    """The last day nothing is missing of: its streams' last complete day, or, once broken, its last record's day."""
    if connection.state != Connection.State.LIVE:
        newest = Fact.objects.filter(client_id=connection.client_id, connection=connection, kind="BankLine").order_by(
            "-booked_on"
        )
        if (last := newest.values_list("booked_on", flat=True).first()) is not None:
            return last
    days = StreamState.objects.filter(
        client_id=connection.client_id, connection=connection, complete_through__isnull=False
    )
    first: date | None = days.aggregate(first=Min("complete_through"))["first"]
    return first


def month(client: Client, month: Month) -> list[StreamMonth]:
    """Every stream that has facts in the month, with what became of them."""
    providers = all_providers()
    by_id = {connection.pk: connection for connection in connections(client)}
    states = {(s.connection_id, s.stream): s for s in StreamState.objects.filter(client=client)}
    counted = {
        (row["connection_id"], row["stream"]): row["n"]
        for row in ControlTotal.objects.filter(client=client, day__range=(month.first, month.last), count__isnull=False)
        .values("connection_id", "stream")
        .annotate(n=Sum("count"))
    }
    rows = []
    for row in _facts(client, month):
        connection = by_id.get(row["connection_id"])
        if connection is None:
            continue
        provider = providers.get(connection.provider)
        label = _label(connection, provider, row["stream"])
        state = states.get((connection.pk, row["stream"]))
        through = state.complete_through if state else None
        rows.append(
            StreamMonth(
                connection,
                row["stream"],
                label,
                counted.get((connection.pk, row["stream"])),
                row["n"],
                row["booked"],
                row["evidence"],
                row["skipped"],
                row["held"],
                row["waiting"],
                connection.state != "live"
                # What is typed is of its own days; whether the month is there is K01's question.
                or (through is not None and through < month.last and not connection.is_by_hand),
            )
        )
    return rows


def _label(connection: Connection, provider: Provider | None, stream: str) -> str:
    if connection.is_by_hand and stream in FORMS:
        return FORMS[stream].title
    return provider.stream(stream).label if provider else stream


def _facts(client: Client, month: Month) -> list[_Counts]:
    facts = Fact.objects.filter(client=client, booked_on__range=(month.first, month.last)).exclude(state="superseded")
    rows = (
        facts.values("connection_id", "stream")
        .annotate(
            n=Count("external_id", distinct=True),
            booked=Count("external_id", distinct=True, filter=Q(state="booked")),
            evidence=Count("external_id", distinct=True, filter=Q(state="proof")),
            skipped=Count("external_id", distinct=True, filter=Q(state="skipped")),
            held=Count("external_id", distinct=True, filter=Q(state="exception")),
            waiting=Count("external_id", distinct=True, filter=Q(state="new")),
        )
        .order_by("connection_id", "stream")
    )
    return cast("list[_Counts]", list(rows))
