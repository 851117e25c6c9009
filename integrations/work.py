"""What the jobs of this app do: read connections, hand grants back, keep grants alive, tidy up."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from clients.tenancy import client_context, system_context
from integrations import jobs, oauth, registry, syncing, tokens, webhooks
from integrations.errors import PayloadError, ProviderError, Reconnect, RetryLater
from integrations.models import Connection, OAuthAttempt, StreamState, Token, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.jobs import Lease
    from integrations.models import SyncJob
    from integrations.provider import Stream

#: Seconds a job reads before it lets others go first; under Celery's soft limit.
SLICE_SECONDS = 150
#: A grant that was not renewed for so long is renewed although nobody needs it.
IDLE_HOURS = 20
WEBHOOK_DAYS = 400


@jobs.handler("sync")
def sync(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Read the streams named in the arguments (all if none), in their order; one stream's trouble does not stop the others.

    The first trouble is raised at the end. A gone grant stops at once.
    """
    assert job.connection_id is not None
    connection = syncing.find(job.connection_id)
    streams = _streams(connection, job.arguments.get("streams"))
    was_away = _was_away(connection, streams)
    ends = datetime.now(UTC) + timedelta(seconds=SLICE_SECONDS)
    counts: dict[str, Any] = {}
    trouble: ProviderError | PayloadError | None = None
    for stream in streams:
        left = (ends - datetime.now(UTC)).total_seconds()
        if left <= 0:
            raise jobs.Again
        try:
            result = syncing.pull_stream(connection.pk, stream.name, lease=lease, seconds=left)
        except Reconnect:
            raise
        except (ProviderError, PayloadError) as error:
            trouble = trouble or error
            continue
        counts[stream.name] = asdict(result)
        if result.more:
            raise jobs.Again
    if trouble is not None:
        raise trouble
    with lease.finishing() as done:
        done.update(counts)
        WebhookEvent.objects.filter(
            connection_id=connection.pk, handled_at__isnull=True, received_at__lt=job.created_at + timedelta(seconds=1)
        ).update(handled_at=datetime.now(UTC))
        if was_away:
            syncing.look_again(connection.client_id)
        if was_away and jobs.has_handler(syncing.FACTS):
            # What was put off because this system was away is tried now, though there may be no new facts.
            jobs.wake(connection.client_id, syncing.FACTS, mended=True)
    return counts


def _was_away(connection: Connection, streams: list[Stream]) -> bool:
    """Whether the last reading of these met trouble, or somebody has signed in since: if this one ends well, that is mended."""
    read, names = connection.last_success_at, [stream.name for stream in streams]
    with client_context(connection.client_id):
        states = StreamState.objects.filter(connection_id=connection.pk, stream__in=names)
        troubled = states.exclude(last_problem="").exists()
    return troubled or read is None or (connection.connected_at is not None and connection.connected_at > read)


def _streams(connection: Connection, wanted: list[str] | None) -> list[Stream]:
    declared = sorted(registry.provider(connection.provider).pulled, key=lambda stream: stream.order)
    return [stream for stream in declared if not wanted or stream.name in wanted]


@jobs.handler("revoke")
def revoke(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Hand back the grant of a connection that was ended, then destroy it; a connection that lives again keeps its own."""
    assert job.connection_id is not None
    connection = syncing.find(job.connection_id)
    if connection.state != Connection.State.DISCONNECTED:
        return {"kept": True}
    try:
        oauth.revoke(connection)
    except RetryLater:
        raise
    except ProviderError:
        # It is not accepted there any more, which is what was wanted.
        pass
    with lease.finishing() as done:
        Token.objects.filter(connection_id=connection.pk).delete()
        done["revoked"] = True
    return {}


@jobs.handler("keep-alive")
def keep_alive(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Renew a grant nobody used for a day, so that it does not lapse."""
    assert job.connection_id is not None
    connection = syncing.find(job.connection_id)
    if not connection.is_live or not tokens.lapses_unused(connection):
        return {"renewed": False}
    with client_context(connection.client_id):
        token = Token.objects.get(connection_id=connection.pk)
    if token.refreshed_at > datetime.now(UTC) - timedelta(hours=IDLE_HOURS):
        return {"renewed": False}
    lease.renew()
    tokens.refresh(connection, failed=token.version)
    return {"renewed": True}


def tidy() -> dict[str, int]:
    """Delete what has served: done jobs after 35 days, sign-in attempts after a day, notices after 400 days."""
    now = datetime.now(UTC)
    with system_context():
        attempts, _ = OAuthAttempt.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
        old = WebhookEvent.objects.filter(received_at__lt=now - timedelta(days=WEBHOOK_DAYS))
        notices, _ = old.exclude(provider__startswith=webhooks.HANDED_OVER).delete()
    return {"jobs": jobs.tidy(), "attempts": attempts, "notices": notices}
