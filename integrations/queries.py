"""Reading the state of connections, for pages, boards and the gates of the close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Min, Q, Sum

from clients import catalogue
from integrations import registry
from integrations.byhand.forms import FORMS
from integrations.connecting import problem_text
from integrations.models import Connection, Fact, SourceDocument, SyncJob, Token, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client

#: A live connection that was not read for so long is behind.
STALE_HOURS = 26
#: Days before a grant's end at which a person is told.
WARN_DAYS = (60, 30, 7)


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """One stream: when it was last read, up to which day it is complete, and what is in it."""

    stream: str
    label: str
    duty: str
    last_success_at: datetime | None
    complete_through: date | None
    problem: str
    documents: int
    facts: int
    exceptions: int


@dataclass(frozen=True, slots=True)
class Health:
    """One connection. ``reconnect_by`` is when the grant ends whatever is done, None when it does not."""

    connection: Connection
    provider_name: str
    problem: str
    is_stale: bool
    reconnect_by: datetime | None
    streams: tuple[StreamHealth, ...]
    waiting_jobs: int
    failed_jobs: int

    @property
    def is_well(self) -> bool:
        return self.connection.is_live and not self.problem and not self.is_stale

    def warn_days(self, now: datetime) -> int | None:
        """The tightest of 60, 30 and 7 days within which the grant ends; None when there is time."""
        return warn_days(self.reconnect_by, now)


def warn_days(ends: datetime | None, now: datetime) -> int | None:
    """The tightest of 60, 30 and 7 days within which a grant ends; None when there is time, or no end."""
    if ends is None:
        return None
    return min((days for days in WARN_DAYS if ends <= now + timedelta(days=days)), default=None)


def health_of_client(client: Client, *, now: datetime | None = None) -> list[Health]:
    """Every connection of a client, in its context."""
    moment = now or datetime.now(UTC)
    connections = Connection.objects.filter(client=client).prefetch_related("streams").order_by("provider", "pk")
    return [health(connection, now=moment) for connection in connections]


def health(connection: Connection, *, now: datetime) -> Health:
    """How a connection is, in the client's context."""
    last = connection.last_success_at
    jobs = SyncJob.objects.filter(connection=connection).aggregate(
        waiting=Count("pk", filter=Q(state__in=["due", "leased"])), failed=Count("pk", filter=Q(state="failed"))
    )
    return Health(
        connection=connection,
        provider_name=provider_name(connection.provider),
        problem=problem_text(connection),
        is_stale=connection.is_live and (last is None or last < now - timedelta(hours=STALE_HOURS)),
        reconnect_by=_grant_end(connection),
        streams=_streams(connection),
        waiting_jobs=jobs["waiting"],
        failed_jobs=jobs["failed"],
    )


def provider_name(slug: str) -> str:
    """The name people know it by; banks' files have no provider, nor have systems that are captured by hand."""
    declared = registry.all_providers().get(slug)
    if declared is None and slug != "bank-file" and slug in catalogue.BY_SLUG:
        return catalogue.name_of(slug)
    return declared.name if declared else "Bank files"


def _grant_end(connection: Connection) -> datetime | None:
    return grant_end(Token.objects.filter(connection=connection).only("refresh_expires_at", "hard_expires_at").first())


def grant_end(token: Token | None) -> datetime | None:
    """When a grant ends whatever is done; None when it does not."""
    ends = [end for end in (token.refresh_expires_at, token.hard_expires_at) if end] if token else []
    return min(ends, default=None)


def _streams(connection: Connection) -> tuple[StreamHealth, ...]:
    declared = registry.all_providers().get(connection.provider)
    labels = {stream.name: stream.label for stream in declared.streams} if declared else {}
    if connection.is_by_hand:
        labels = {form.key: form.title for form in FORMS.values()}
    of = {"client_id": connection.client_id, "connection_id": connection.pk}
    documents = dict(SourceDocument.objects.filter(**of, version=1).values_list("stream").annotate(Count("pk")))
    facts: dict[str, tuple[int, int]] = {
        row["stream"]: (row["all"], row["stuck"])
        for row in Fact.objects.filter(**of)
        .exclude(state=Fact.State.SUPERSEDED)
        .values("stream")
        .annotate(all=Count("pk"), stuck=Count("pk", filter=Q(state=Fact.State.EXCEPTION)))
    }
    return tuple(
        StreamHealth(
            stream=state.stream,
            label=labels.get(state.stream, state.stream),
            duty=state.duty,
            last_success_at=state.last_success_at,
            complete_through=state.complete_through,
            problem=state.last_problem,
            documents=documents.get(state.stream, 0),
            facts=facts.get(state.stream, (0, 0))[0],
            exceptions=facts.get(state.stream, (0, 0))[1],
        )
        for state in sorted(connection.streams.all(), key=lambda state: state.stream)
    )


def received(connection: Connection, stream: str, first: date, last: date) -> dict[str, Any]:
    """What is here of a stream between two book dates: how many facts, their sum in minor units, first and last day."""
    return (
        Fact.objects.filter(
            client_id=connection.client_id, connection_id=connection.pk, stream=stream, booked_on__range=(first, last)
        )
        .exclude(state=Fact.State.SUPERSEDED)
        .aggregate(count=Count("pk"), total_minor=Sum("amount_minor"), first=Min("booked_on"), last=Max("booked_on"))
    )


def quarantined() -> Sequence[WebhookEvent]:
    """Notices of accounts nobody here holds, newest first; in the system context."""
    found = WebhookEvent.objects.filter(connection__isnull=True).exclude(provider__startswith="secret:")
    return list(found.order_by("-received_at")[:200])


def oldest_due(now: datetime) -> timedelta | None:
    """How long the oldest waiting job has been due, in the system context; None when nothing waits."""
    oldest = SyncJob.objects.filter(state=SyncJob.State.DUE, run_after__lte=now).aggregate(oldest=Min("run_after"))[
        "oldest"
    ]
    return now - oldest if oldest else None
