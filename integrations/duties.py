"""Who books: changing what a stream is for. One person asks, a controller who is not that person agrees, from a day on.

The wish waits in the connection's ``settings``. A day that has come takes effect at once, a later one by a job at its midnight
in the client's zone. What was read before keeps the duty it was read under.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clients import audit
from clients.models import User
from integrations import connecting, jobs
from integrations.models import Connection, StreamState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from integrations.jobs import Lease
    from integrations.models import SyncJob

WISHES = "duty_wishes"
KIND = "duty"


class DutyRefused(Exception):  # noqa: N818 (the outcome's name)
    """The change cannot be asked for or agreed to; the text is for the person."""


def today(client: Client) -> date:
    """The client's own calendar day."""
    return datetime.now(ZoneInfo(client.timezone)).date()


def ask(connection: Connection, stream: str, duty: str, day: date, *, by: User) -> None:
    """Ask for another duty from a day on; replaces an earlier wish for the stream. Raises DutyRefused."""
    state = StreamState.objects.filter(connection=connection, stream=stream).first()
    if state is None or duty not in StreamState.Duty.values:
        raise DutyRefused("There is no such stream or duty.")
    if (state.duty == StreamState.Duty.MIRROR) != (duty == StreamState.Duty.MIRROR):
        raise DutyRefused("A ledger that is mirrored stays mirrored; other streams cannot become one.")
    if state.duty == duty:
        raise DutyRefused("That is its duty already.")
    if day < today(connection.client):
        raise DutyRefused("A duty changes from today or a later day; what was read before keeps its own.")
    wish = {"duty": duty, "from": day.isoformat(), "by": by.pk, "by_name": str(by)}
    _keep(connection, stream, wish)
    audit.record(connection.client, by, "connection.duty_asked", _subject(connection, stream), wish)


def agree(connection: Connection, stream: str, *, by: User) -> date:
    """A second person agrees; the day it takes effect. Raises DutyRefused."""
    wish = _wishes(connection).get(stream)
    if wish is None or wish.get("agreed_by"):
        raise DutyRefused("Nobody asks for a change of this stream now.")
    if wish["by"] == by.pk:
        raise DutyRefused("Who asked for the change does not also agree to it.")
    day = date.fromisoformat(wish["from"])
    if day <= today(connection.client):
        connecting.set_duty(connection, stream, wish["duty"], actor=by)
        _keep(connection, stream, None)
        return day
    key = uuid.uuid4().hex
    _keep(connection, stream, wish | {"agreed_by": by.pk, "agreed_name": str(by), "key": key})
    audit.record(connection.client, by, "connection.duty_agreed", _subject(connection, stream), wish)
    midnight = datetime.combine(day, time(), ZoneInfo(connection.client.timezone)).astimezone(UTC)
    jobs.enqueue(
        connection.client_id,
        KIND,
        f"{KIND}:{connection.pk}:{stream}:{key}",
        {"stream": stream, "key": key},
        connection_id=connection.pk,
        run_after=midnight,
    )
    return day


def withdraw(connection: Connection, stream: str, *, by: User) -> None:
    """The wish is gone, agreed or not; nothing if there is none."""
    if stream in _wishes(connection):
        _keep(connection, stream, None)
        audit.record(connection.client, by, "connection.duty_withdrawn", _subject(connection, stream))


def wishes(connection: Connection) -> Mapping[str, Mapping[str, Any]]:
    """What is asked for, by stream."""
    found = connection.settings.get(WISHES)
    return found if isinstance(found, dict) else {}


@jobs.handler(KIND, atomic=True)
def take_effect(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """The day has come: what was agreed takes effect, unless it was withdrawn or replaced since."""
    assert job.connection_id is not None
    connection = Connection.objects.select_related("client").get(pk=job.connection_id)
    stream = str(job.arguments["stream"])
    wish = _wishes(connection).get(stream)
    if wish is None or wish.get("key") != job.arguments["key"]:
        return {"changed": False}
    connecting.set_duty(connection, stream, wish["duty"], actor=User.objects.get(pk=wish["agreed_by"]))
    _keep(connection, stream, None)
    return {"changed": True}


def _wishes(connection: Connection) -> dict[str, dict[str, Any]]:
    """The wishes as they stand, the connection locked until the transaction ends."""
    locked = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
    connection.settings = locked.settings
    found = connection.settings.get(WISHES)
    return dict(found) if isinstance(found, dict) else {}


def _keep(connection: Connection, stream: str, wish: Mapping[str, Any] | None) -> None:
    found = _wishes(connection)
    found.pop(stream, None)
    if wish is not None:
        found[stream] = dict(wish)
    connection.settings[WISHES] = found
    connection.save(update_fields=["settings"])


def _subject(connection: Connection, stream: str) -> str:
    return f"{connection.provider} {connection.account_id} {stream}"
