"""Notices of providers: verified on the raw body, kept once each, and a job rung for. Nothing is believed but that they came."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection as database
from django.urls import reverse

from clients.tenancy import client_context, system_context
from integrations import granting, jobs, registry, tokens, transport, vault
from integrations.errors import PayloadError, ProviderError, Reconnect, RetryLater
from integrations.http import ProviderApi
from integrations.models import Connection, WebhookEvent
from integrations.payload import parse_json, render_json
from integrations.provider import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from integrations.provider import Greeting, Provider, Webhook

LIMIT_BYTES = 1024 * 1024
MAX_EVENTS = 1_000
#: How long a fetched public key is used before it is asked for again.
KEY_SECONDS = 3600
KEYS_KEPT = 32
#: Rows of this kind hold the secret of a subscription instead of a notice.
HANDED_OVER = "secret:"
SECRETS_TRIED = 10


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to give: the status, and how many of the events were new, known, or of an account nobody here holds."""

    status: int
    new: int = 0
    known: int = 0
    strange: int = 0
    answer: str = ""


_keys: dict[tuple[str, str], tuple[datetime, str]] = {}


def receive(
    slug: str, body: bytes, headers: Mapping[str, str], *, account_id: str = "", url: str = "", method: str = "POST"
) -> Receipt:
    """Take one delivery. 200 when it is authentic, whatever it says; 401 when not; 404, 413 for what is no webhook of ours.

    ``account_id`` is what the address says, for notices that do not name their account; ``url`` is the public address the
    delivery was sent to, query included (some signatures cover it).
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
    greeting = hook.greeting(body, headers) if hook.greeting is not None else None
    if greeting is not None:
        return _greet(provider, hook, greeting)
    known = secrets(provider, hook, headers, account_id)
    if not known or not _is_authentic(hook, Delivery(body, headers, url, method), known):
        return Receipt(401)
    try:
        events = list(hook.events(parse_json(body)))[:MAX_EVENTS]
    except PayloadError:
        # Authentic and not understood: keeping it is all that can be done.
        events = [("", account_id, ())]
    return _keep(provider, body, headers, [(name, account or account_id, streams) for name, account, streams in events])


def address(slug: str, query: str = "") -> str:
    """The public address notices of a provider are sent to."""
    path = reverse("integrations:webhook", args=[slug])
    return settings.PUBLIC_URL.rstrip("/") + path + (f"?{query}" if query else "")


def _is_authentic(hook: Webhook, delivery: Delivery, known: Sequence[str]) -> bool:
    now = datetime.now(UTC)
    if hook.verify_at is not None:
        return hook.verify_at(delivery, known, now)
    assert hook.verify is not None
    return hook.verify(delivery.body, delivery.headers, known, now)


def _greet(provider: Provider, hook: Webhook, greeting: Greeting) -> Receipt:
    """Answer what is no notice. A secret is kept only once the provider itself has confirmed it."""
    if not greeting.secret:
        return Receipt(200, answer=greeting.answer)
    if hook.confirm is None:
        return Receipt(401)
    try:
        hook.confirm(app_api(provider), greeting)
    except RetryLater:
        return Receipt(503)
    except ProviderError:
        return Receipt(401)
    _keep_secret(provider.slug, greeting)
    return Receipt(200, answer=greeting.answer)


def secrets(provider: Provider, hook: Webhook, headers: Mapping[str, str], account_id: str = "") -> Sequence[str]:
    """What signatures are checked with: the public key or certificate named, and the secrets that are in force."""
    if hook.key_path and hook.key_id is not None:
        return _public_key(provider, hook, headers)
    given = transport.setting(provider.slug, "WEBHOOK_SECRETS")
    found = [secret.strip() for secret in given.split(",") if secret.strip()]
    if hook.app_secret:
        found += _app_secret(provider)
    if hook.confirm is not None:
        found += _handed_over(provider.slug)
    if hook.secret_key and account_id:
        found += _of_connection(provider, hook.secret_key, account_id)
    if hook.key_url is None or not found:
        return found
    certificate = _certificate(provider, hook, headers)
    return [certificate, *found] if certificate else []


def _app_secret(provider: Provider) -> list[str]:
    try:
        return [transport.app_credentials(provider)[1]]
    except transport.Misconfigured:
        return []


def _of_connection(provider: Provider, key: str, account_id: str) -> list[str]:
    """The pasted secret of the connection the address names."""
    with system_context():
        found = Connection.objects.filter(provider=provider.slug, account_id=account_id).exclude(
            state=Connection.State.DISCONNECTED
        )
        holder = found.first()
    if holder is None:
        return []
    try:
        secret = tokens.held(holder).grant.keys.get(key, "")
    except Reconnect:
        return []
    return [secret] if secret else []


def _public_key(provider: Provider, hook: Webhook, headers: Mapping[str, str]) -> Sequence[str]:
    assert hook.key_id is not None
    try:
        name = hook.key_id(headers)
    except (PayloadError, ValueError):
        return []
    if not name or len(name) > 200:
        return []
    key = _kept_key(provider, name, lambda: _fetch_key(provider, hook, name))
    return [key] if key else []


def _certificate(provider: Provider, hook: Webhook, headers: Mapping[str, str]) -> str:
    """The certificate a delivery names, from the provider's own hosts only."""
    assert hook.key_url is not None
    url = hook.key_url(headers)
    if not url or len(url) > 500 or "://" not in url:
        return ""

    def fetch() -> str:
        try:
            return ProviderApi(provider, "").fetch(url)[:LIMIT_BYTES].decode("ascii", "replace")
        except ProviderError:
            return ""

    return _kept_key(provider, url, fetch)


def _kept_key(provider: Provider, name: str, fetch: Callable[[], str]) -> str:
    fetched_at, key = _keys.get((provider.slug, name), (datetime.min.replace(tzinfo=UTC), ""))
    if not key or (datetime.now(UTC) - fetched_at).total_seconds() > KEY_SECONDS:
        key = fetch()
        if not key:
            return ""
        while len(_keys) >= KEYS_KEPT:
            del _keys[next(iter(_keys))]
        _keys[provider.slug, name] = (datetime.now(UTC), key)
    return key


def _fetch_key(provider: Provider, hook: Webhook, name: str) -> str:
    try:
        return render_json(ProviderApi(provider, "").query(hook.key_path, {"key_id": name})).decode()
    except ProviderError:
        return ""


def app_api(provider: Provider) -> ProviderApi:
    """A session of the app itself, by ``Provider.app_grant``. Raises Reconnect, RetryLater, Misconfigured."""
    scheme = provider.app_grant
    if scheme is None:
        return ProviderApi(provider, "")
    return ProviderApi(provider, tokens.grant_of(granting.obtain(provider, scheme, {}, {})).access, scheme=scheme)


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
    return Receipt(200, counts["new"], counts["known"], counts["strange"])


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


# ---- secrets that a provider handed over -------------------------------------------------------------------------------


def secret_place(slug: str) -> vault.Place:
    """Where a handed-over secret lives: it is of the app, of no client."""
    return vault.Place(0, "webhookevent", "body", slug)


def _keep_secret(slug: str, greeting: Greeting) -> None:
    """A confirmed secret is kept like a notice, its body sealed; a later one of the subscription replaces it."""
    sealed = vault.seal(greeting.secret.encode(), secret_place(slug))
    with system_context():
        WebhookEvent.objects.update_or_create(
            provider=HANDED_OVER + slug,
            event_id=greeting.subscription[:200],
            defaults={"body": sealed, "handled_at": datetime.now(UTC), "received_at": datetime.now(UTC)},
        )


def _handed_over(slug: str) -> list[str]:
    with system_context():
        rows = WebhookEvent.objects.filter(provider=HANDED_OVER + slug).order_by("-received_at")[:SECRETS_TRIED]
        sealed = [bytes(body) for body in rows.values_list("body", flat=True)]
    return [vault.unseal(each, secret_place(slug)).decode() for each in sealed]
