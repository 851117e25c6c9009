"""Notices of providers: verified on the raw body, kept once each, and a job rung for. Nothing is believed but that they came."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection as database

from clients.tenancy import client_context, system_context
from integrations import jobs, registry, transport
from integrations.errors import PayloadError, ProviderError
from integrations.http import ProviderApi
from integrations.models import Connection
from integrations.payload import parse_json, render_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.provider import Provider, Webhook

LIMIT_BYTES = 1024 * 1024
MAX_EVENTS = 1_000
#: How long a fetched public key is used before it is asked for again.
KEY_SECONDS = 3600
KEYS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to give: the status, and how many of the events were new, known, or of an account nobody here holds."""

    status: int
    new: int = 0
    known: int = 0
    strange: int = 0


_keys: dict[tuple[str, str], tuple[datetime, str]] = {}


def receive(slug: str, body: bytes, headers: Mapping[str, str], *, account_id: str = "") -> Receipt:
    """Take one delivery. 200 when it is authentic, whatever it says; 401 when not; 404, 413 for what is no webhook of ours.

    ``account_id`` is what the address says, for notices that do not name their account.
    """
    if len(body) > LIMIT_BYTES:
        return Receipt(413)
    try:
        provider = registry.provider(slug)
    except registry.UnknownProvider:
        return Receipt(404)
    hook = provider.webhook
    if hook is None:
        return Receipt(404)
    known = secrets(provider, hook, headers)
    if not known or not hook.verify(body, headers, known, datetime.now(UTC)):
        return Receipt(401)
    try:
        events = list(hook.events(parse_json(body)))[:MAX_EVENTS]
    except PayloadError:
        # Authentic and not understood: keeping it is all that can be done.
        events = [("", account_id, ())]
    return _keep(provider, body, headers, [(name, account or account_id, streams) for name, account, streams in events])


def secrets(provider: Provider, hook: Webhook, headers: Mapping[str, str]) -> Sequence[str]:
    """What signatures are checked with: shared secrets of the setting (two while one is replaced), or the public key named."""
    if not hook.key_path or hook.key_id is None:
        given = transport.setting(provider.slug, "WEBHOOK_SECRETS")
        return [secret.strip() for secret in given.split(",") if secret.strip()]
    try:
        name = hook.key_id(headers)
    except (PayloadError, ValueError):
        return []
    if not name or len(name) > 200:
        return []
    fetched_at, key = _keys.get((provider.slug, name), (datetime.min.replace(tzinfo=UTC), ""))
    if not key or (datetime.now(UTC) - fetched_at).total_seconds() > KEY_SECONDS:
        key = _fetch_key(provider, hook, name)
        if not key:
            return []
        while len(_keys) >= KEYS_KEPT:
            del _keys[next(iter(_keys))]
        _keys[provider.slug, name] = (datetime.now(UTC), key)
    return [key]


def _fetch_key(provider: Provider, hook: Webhook, name: str) -> str:
    try:
        return render_json(ProviderApi(provider, "").post(hook.key_path, {"key_id": name})).decode()
    except ProviderError:
        return ""


def _keep(
    provider: Provider, body: bytes, headers: Mapping[str, str], events: Sequence[tuple[str, str, tuple[str, ...]]]
) -> Receipt:
    accounts = {account for _, account, _ in events}
    counts = {"new": 0, "known": 0, "strange": 0}
    with system_context():
        found = Connection.objects.filter(provider=provider.slug, account_id__in=accounts).exclude(
            state=Connection.State.DISCONNECTED
        )
        holders = {connection.account_id: connection for connection in found}
        for number, (event, account, streams) in enumerate(events):
            holder = holders.get(account)
            name = event or _fingerprint(body, headers, number)
            if not _insert(provider.slug, name, account, holder, streams, body):
                counts["known"] += 1
                continue
            counts["new" if holder else "strange"] += 1
            if holder is not None:
                _ring(holder, name, streams)
    return Receipt(200, **counts)


def _insert(
    slug: str, event: str, account: str, holder: Connection | None, streams: Sequence[str], body: bytes
) -> bool:
    """Keep the event; False if it is here already."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_webhookevent (provider, event_id, account_id, client_id, connection_id, streams, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (provider, event_id) DO NOTHING",
            [
                slug,
                event[:200],
                account[:200],
                holder.client_id if holder else None,
                holder.pk if holder else None,
                json.dumps(list(streams)),
                body,
            ],
        )
        return bool(cursor.rowcount)


def _ring(holder: Connection, event: str, streams: Sequence[str]) -> None:
    if holder.is_live:
        key = f"hook:{hashlib.sha256(event.encode()).hexdigest()[:40]}"
        with client_context(holder.client_id):
            jobs.enqueue(holder.client_id, "sync", key, {"streams": list(streams)}, connection_id=holder.pk)


def _fingerprint(body: bytes, headers: Mapping[str, str], number: int) -> str:
    """An identity for a notice without one: its body and its signature."""
    signs = sorted(
        value for name, value in headers.items() if "signature" in name.lower() or "verification" in name.lower()
    )
    return hashlib.sha256(body + "\0".join(signs).encode()).hexdigest() + (f":{number}" if number else "")
