"""The life of a connection: its states, why it stands where it stands, and what its streams are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from clients import audit
from integrations.models import Connection, StreamState
from integrations.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clients.models import User
    from integrations.provider import Provider

#: What a person reads where a connection is not live: by state, in plain words with the next step.
PROBLEMS = {
    Connection.State.PENDING: "The sign-in was begun and not finished. Begin it again.",
    Connection.State.NEEDS_RECONNECT: "The system no longer accepts our access. Someone with a login there has to sign in again.",
    Connection.State.PAUSED: "Paused here. Nothing is read until it is resumed.",
    Connection.State.DISCONNECTED: "Disconnected. What was read so far stays.",
}


def problem_text(connection: Connection) -> str:
    """Why the connection is not live, or what last went wrong; '' when all is well."""
    plain = PROBLEMS.get(Connection.State(connection.state), "")
    return f"{plain} ({connection.problem})" if plain and connection.problem else plain or connection.problem


def needs_reconnect(connection_id: int, problem: str) -> bool:
    """Mark a live connection as waiting for a person; whether it was live. Needs the client's context."""
    changed = Connection.objects.filter(pk=connection_id, state=Connection.State.LIVE).update(
        state=Connection.State.NEEDS_RECONNECT, problem=redact(problem)
    )
    return changed == 1


def go_live(connection: Connection, provider: Provider, *, actor: User) -> None:
    """Make the connection live and give each of its streams a state; duties that were set before stay."""
    connection.state = Connection.State.LIVE
    connection.problem = ""
    connection.keeps_books = provider.category == "accounting"
    connection.connected_by = actor
    connection.connected_at = Now()
    connection.cut_over_on = connection.cut_over_on or connection.client.cut_over_on
    connection.save()
    connection.refresh_from_db(fields=["connected_at"])
    known = set(connection.streams.values_list("stream", flat=True))
    StreamState.objects.bulk_create(
        StreamState(
            client_id=connection.client_id,
            connection=connection,
            stream=stream.name,
            duty=stream.duty,
        )
        for stream in provider.streams
        if stream.name not in known
    )


def move(connection: Connection, told: Mapping[str, str]) -> Connection:
    """Keep where the account answers, as the provider tells it; gives the row as it now stands. Needs the client's context."""
    locked = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
    if locked.where | dict(told) != locked.where:
        locked.settings["account"] = locked.where | dict(told)
        locked.save(update_fields=["settings"])
    return locked


def set_duty(connection: Connection, stream: str, duty: str, *, actor: User) -> None:
    """A person confirms or changes what a stream is for; audited."""
    state = StreamState.objects.select_for_update().get(connection=connection, stream=stream)
    before, state.duty = state.duty, StreamState.Duty(duty)
    state.save(update_fields=["duty"])
    _record(connection, actor, "connection.duty", stream=stream, before=before, after=duty)


def pause(connection: Connection, *, actor: User) -> None:
    """Read nothing until it is resumed."""
    _move(connection, Connection.State.LIVE, Connection.State.PAUSED, actor)


def resume(connection: Connection, *, actor: User) -> None:
    """Read again from where it stopped."""
    _move(connection, Connection.State.PAUSED, Connection.State.LIVE, actor)


def set_cut_over(connection: Connection, day: date, *, actor: User) -> None:
    """From which day on this connection is read."""
    before, connection.cut_over_on = connection.cut_over_on, day
    connection.save(update_fields=["cut_over_on"])
    _record(connection, actor, "connection.cut-over", before=str(before), after=str(day))


def _move(connection: Connection, before: str, after: str, actor: User) -> None:
    changed = Connection.objects.filter(pk=connection.pk, state=before).update(state=after, problem="")
    connection.refresh_from_db(fields=["state", "problem"])
    if changed:
        _record(connection, actor, f"connection.{after}")


def _record(connection: Connection, actor: User, action: str, **detail: Any) -> None:
    audit.record(connection.client, actor, action, f"{connection.provider} {connection.account_id}", detail)
