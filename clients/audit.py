"""The audit trail: insert-only, one hash chain per client and one per practice for what concerns no client."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from clients.models import AuditEvent, AuditHead, Client, Practice, User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

BATCH = 5_000


def record(
    client: Client, actor: User | None, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> AuditEvent:
    """Append to the client's chain; inside its context. ``actor`` is None for the system itself."""
    return _append(client.practice_id, client.pk, actor, action, subject, detail or {})


def record_practice(
    practice: Practice, actor: User | None, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> AuditEvent:
    """Append to the practice's own chain (people, rights, sign-ins); inside ``practice_context`` or a request."""
    return _append(practice.pk, None, actor, action, subject, detail or {})


def verify(client: Client) -> int | None:
    """The first number at which the client's chain is broken, or None; inside its context."""
    return _verify(client.practice_id, client.pk)


def verify_practice(practice: Practice) -> int | None:
    """The same for the practice's own chain; inside ``practice_context``."""
    return _verify(practice.pk, None)


def _append(
    practice_id: int, client_id: int | None, actor: User | None, action: str, subject: str, detail: Mapping[str, Any]
) -> AuditEvent:
    AuditHead.objects.bulk_create([AuditHead(practice_id=practice_id, client_id=client_id)], ignore_conflicts=True)
    head = AuditHead.objects.select_for_update().get(_of(practice_id, client_id))
    event = AuditEvent(
        practice_id=practice_id,
        client_id=client_id,
        number=head.number + 1,
        at=timezone.now(),
        actor=actor,
        action=action,
        subject=subject[:200],
        detail=json.loads(json.dumps(detail, default=str)),
        previous_sha256=head.sha256,
    )
    event.sha256 = link(event)
    event.save(force_insert=True)
    head.number, head.sha256 = event.number, event.sha256
    head.save(update_fields=["number", "sha256"])
    return event


def link(event: AuditEvent) -> str:
    """SHA-256 over everything the row says and the hash of the row before it."""
    at: datetime = event.at
    said = [
        event.previous_sha256,
        event.practice_id,
        event.client_id,
        event.number,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.action,
        event.subject,
        event.detail,
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _of(practice_id: int, client_id: int | None) -> Q:
    """The rows of one chain; the practice's own has no client."""
    return Q(practice_id=practice_id) & (Q(client__isnull=True) if client_id is None else Q(client_id=client_id))


def _chain(practice_id: int, client_id: int | None) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(_of(practice_id, client_id)).order_by("number")


def _verify(practice_id: int, client_id: int | None) -> int | None:
    expected, previous = 1, "0" * 64
    while batch := list(_chain(practice_id, client_id).filter(number__gte=expected)[:BATCH]):
        for event in batch:
            if event.number != expected or event.previous_sha256 != previous or event.sha256 != link(event):
                return expected
            expected, previous = expected + 1, event.sha256
    head = AuditHead.objects.filter(_of(practice_id, client_id)).first()
    whole = (
        head is None if expected == 1 else head is not None and (head.number, head.sha256) == (expected - 1, previous)
    )
    return None if whole else expected
