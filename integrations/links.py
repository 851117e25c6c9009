"""Links to connect one system, mailed to whoever holds its login: no account here needed, a week, used up by success.

A link is an ``OAuthAttempt`` whose provider reads ``link:<slug>``, so that no callback can ever take it for a sign-in. Only the
token's hash is kept; the address it was sent to is in the vault.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from clients import audit
from clients.access import Right, allows, visible_clients
from clients.models import Membership
from clients.tenancy import client_context, system_context
from integrations import oauth, pasting, registry, vault
from integrations.models import Connection, OAuthAttempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User
    from integrations.provider import Provider

LIFE = timedelta(days=7)
PREFIX = "link:"


@dataclass(frozen=True, slots=True)
class Link:
    """An open link: who sent it, for which client and system, and to which address."""

    attempt: OAuthAttempt
    provider: Provider
    email: str

    @property
    def pk(self) -> int:
        return int(self.attempt.pk)

    @property
    def client(self) -> Client:
        return self.attempt.client


def send(client: Client, provider: Provider, email: str, *, by: User, connection: Connection | None = None) -> None:
    """Mail a link; earlier ones for the same system stop working. It renews ``connection``, unless that one was ended.

    Needs the client's context.
    """
    if connection is not None and connection.state not in {Connection.State.LIVE, Connection.State.NEEDS_RECONNECT}:
        connection = None
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    OAuthAttempt.objects.filter(
        client=client, provider=PREFIX + provider.slug, connection=connection, used_at=None
    ).update(used_at=now)
    sha256 = _digest(token)
    OAuthAttempt.objects.create(
        state_sha256=sha256,
        user=by,
        client=client,
        provider=PREFIX + provider.slug,
        connection=connection,
        verifier=vault.seal(email.encode(), oauth.place(client.pk, sha256)),
        expires_at=now + LIFE,
    )
    audit.record(client, by, "connection.link_sent", provider.slug, {"to": email})
    page = {
        "by": by,
        "client": client,
        "provider": provider,
        "again": connection is not None,
        "expires_at": now + LIFE,
        "address": settings.PUBLIC_URL.rstrip("/") + reverse("integrations:link", args=[token]),
    }
    text = render_to_string("integrations/mail/link.txt", page)
    send_mail(f"Connect {provider.name} for {client.name}", text, settings.DEFAULT_FROM_EMAIL, [email])


def sent(client: Client) -> list[OAuthAttempt]:
    """The open links of a client, newest first, in its context."""
    return list(
        OAuthAttempt.objects.filter(
            client=client, provider__startswith=PREFIX, used_at=None, expires_at__gt=datetime.now(UTC)
        )
        .select_related("user")
        .order_by("-pk")
    )


def find(token: str) -> Link | None:
    """The open link of a token, locked until the transaction ends; None for unknown, used, replaced or too old ones.

    A link dies with the right of the person who sent it.
    """
    return _open(state_sha256=_digest(token))


def begin(link: Link, asked: Mapping[str, str] | None = None, *, kind: str = "") -> str:
    """The address at the provider to send the holder to. Raises ConnectRefused."""
    with client_context(link.client.pk):
        return oauth.begin(
            link.attempt.user, link.client, link.provider, connection=link.attempt.connection, kind=kind, asked=asked
        )


def paste(link: Link, given: Mapping[str, str], *, kind: str = "") -> Connection:
    """Make the connection from what the holder typed, in the name of who sent the link, and use the link up.

    Raises ConnectRefused; the link then stays.
    """
    with client_context(link.client.pk):
        connection = pasting.connect(
            link.attempt.user, link.client, link.provider, given, kind=kind, connection=link.attempt.connection
        )
    _use_up(link, connection)
    return connection


def begun_for(user: User, slug: str, state: str) -> Client | None:
    """For which client this person began the sign-in of this state; None if they did not."""
    with system_context():
        found = OAuthAttempt.objects.select_related("client").filter(
            state_sha256=_digest(state), user=user, provider=slug
        )
        return next((attempt.client for attempt in found), None)


def waiting(pk: object, slug: str, state: str) -> Link | None:
    """The open link of this number if ``state`` is of a sign-in that was begun from it."""
    if not isinstance(pk, int) or not state:
        return None
    with system_context():
        begun = OAuthAttempt.objects.filter(state_sha256=_digest(state), provider=slug).first()
    link = _open(pk=pk)
    if begun is None or link is None or link.provider.slug != slug:
        return None
    same = ("client_id", "user_id", "connection_id")
    return link if all(getattr(begun, name) == getattr(link.attempt, name) for name in same) else None


def finish(link: Link, params: Mapping[str, str]) -> Connection:
    """Make the connection in the name of who sent the link, and use the link up. Raises ConnectRefused; the link then stays."""
    connection = oauth.finish(link.attempt.user, link.provider.slug, params)
    _use_up(link, connection)
    return connection


def _use_up(link: Link, connection: Connection) -> None:
    with client_context(link.client.pk):
        OAuthAttempt.objects.filter(pk=link.pk).update(used_at=datetime.now(UTC))
        detail = {"sent_to": link.email, "sent_by": str(link.attempt.user)}
        audit.record(link.client, None, "connection.by_link", f"{connection.provider} {connection.account_id}", detail)


def _open(**which: object) -> Link | None:
    with system_context():
        found = (
            OAuthAttempt.objects.select_for_update(of=("self",))
            .select_related("client__practice", "user", "connection")
            .filter(provider__startswith=PREFIX, used_at=None, expires_at__gt=datetime.now(UTC), **which)
            .first()
        )
    if found is None:
        return None
    provider = registry.all_providers().get(found.provider.removeprefix(PREFIX))
    with client_context(found.client_id):
        if provider is None or not _may_still(found.user, found.client):
            return None
        email = vault.unseal(found.verifier, oauth.place(found.client_id, found.state_sha256)).decode()
    return Link(found, provider, email)


def _may_still(user: User, client: Client) -> bool:
    memberships = Membership.objects.filter(user=user, practice_id=client.practice_id, is_active=True)
    return user.is_active and any(
        allows(membership, Right.CONNECT) and visible_clients(membership).filter(pk=client.pk).exists()
        for membership in memberships
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
