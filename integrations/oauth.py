"""Connecting: the sign-in at the provider, begun by one person for one client, finished once, bound to its state.

``begin`` gives the address to send the browser to, ``finish`` takes what the callback brought. ``disconnect`` ends it; the
grant is handed back by a job.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import NoReverseMatch, reverse

from clients import audit
from clients.tenancy import client_context, system_context
from integrations import connecting, jobs, linking, registry, tokens, transport, vault
from integrations.errors import PayloadError, ProviderError
from integrations.http import ProviderApi
from integrations.linking import Granted
from integrations.models import Connection, OAuthAttempt, Token
from integrations.provider import HostedLink, OAuth2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User
    from integrations.provider import Provider

ATTEMPT_MINUTES = 10
#: Hosted pages take longer than a consent click.
LINK_MINUTES = 30
TABLE, COLUMN = "oauthattempt", "verifier"


class ConnectRefused(Exception):  # noqa: N818
    """The connection cannot be made; the message is for the person who tried and holds nothing secret."""


def place(client_id: int, state_sha256: str) -> vault.Place:
    """Where an attempt's secret (verifier, or the hosted page's token) lives."""
    return vault.Place(client_id, TABLE, COLUMN, state_sha256)


def begin(
    user: User, client: Client, provider: Provider, *, connection: Connection | None = None, hint: str = ""
) -> str:
    """The address at the provider to send this person to. ``connection`` is one to be mended; ``hint`` preselects an account.

    Needs the client's context. Raises ConnectRefused when the provider cannot be asked.
    """
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(64)
    kept = verifier
    try:
        if isinstance(provider.auth, HostedLink):
            access = tokens.held(connection).grant.access if connection is not None else ""
            kept, address = linking.open_page(provider, client, callback(provider.slug, state), access)
        else:
            address = _authorise_url(provider, provider.auth, state, verifier, hint)
    except ProviderError as error:
        raise ConnectRefused(f"{provider.name} cannot be asked now: {error}") from error
    minutes = LINK_MINUTES if isinstance(provider.auth, HostedLink) else ATTEMPT_MINUTES
    sha256 = _sha256(state)
    OAuthAttempt.objects.create(
        state_sha256=sha256,
        user=user,
        client=client,
        provider=provider.slug,
        connection=connection,
        verifier=vault.seal(kept.encode(), place(client.pk, sha256)),
        expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
    )
    return address


def callback(slug: str, state: str = "") -> str:
    """Where the provider sends the browser back to; hosted pages carry the state in it."""
    try:
        path = reverse("integrations:callback", args=[slug])
    except NoReverseMatch:
        path = f"/connect/{slug}/callback/"
    return settings.PUBLIC_URL.rstrip("/") + path + (f"?{urlencode({'state': state})}" if state else "")


def _authorise_url(provider: Provider, auth: OAuth2, state: str, verifier: str, hint: str) -> str:
    client_id, _ = transport.app_credentials(provider)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": callback(provider.slug),
        "scope": " ".join(auth.scopes),
        "state": state,
    }
    if auth.pkce:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    if hint:
        query["login_hint"] = hint
    base = transport.place(transport.base_urls(provider)["authorize"], auth.authorize_url)
    return f"{base}{'&' if '?' in base else '?'}{urlencode(query)}"


def finish(user: User, slug: str, params: Mapping[str, str]) -> Connection:
    """Make the connection from what the callback brought. The state must be this person's, for this provider, and unused.

    Raises ConnectRefused for a forged, old or used state, a refused consent, another account than the one to be mended, or
    an account that another client holds.
    """
    attempt = _take_attempt(user, slug, params.get("state", ""))
    provider = registry.provider(slug)
    if params.get("error"):
        raise ConnectRefused(f"{provider.name} was not allowed to share: the consent was declined")
    with client_context(attempt.client_id):
        kept = vault.unseal(attempt.verifier, place(attempt.client_id, attempt.state_sha256)).decode()
        old = attempt.connection
        try:
            granted = _redeem(provider, kept, params, old)
        except (ProviderError, PayloadError) as error:
            raise ConnectRefused(f"{provider.name} did not complete the sign-in: {error}") from error
        if old is not None and old.account_id != granted.account_id:
            raise ConnectRefused(f"this is another account at {provider.name} than the one to be reconnected")
        return _keep(user, attempt.client, provider, granted)


def _take_attempt(user: User, slug: str, state: str) -> OAuthAttempt:
    """Use up the attempt with this state. Raises ConnectRefused unless it is this person's, open and in time."""
    with system_context():
        found = (
            OAuthAttempt.objects.select_for_update(of=("self",))
            .select_related("client", "connection")
            .filter(state_sha256=_sha256(state), user=user, provider=slug)
            .first()
        )
        if found is None or found.used_at is not None or found.expires_at <= datetime.now(UTC):
            raise ConnectRefused("this sign-in was not begun here, is used or is too old: begin again")
        found.used_at = datetime.now(UTC)
        found.save(update_fields=["used_at"])
    return found


def _redeem(provider: Provider, kept: str, params: Mapping[str, str], old: Connection | None) -> Granted:
    if isinstance(provider.auth, HostedLink):
        return linking.collect(provider, kept, old)
    code = params.get("code", "")
    if not code:
        raise ConnectRefused(f"{provider.name} sent no code")
    answer = _exchange(provider, provider.auth, code, kept)
    return Granted(answer, *_account(provider, provider.auth, answer, params))


def _exchange(provider: Provider, auth: OAuth2, code: str, verifier: str) -> Mapping[str, Any]:
    if provider.tokens is not None:
        client_id, secret = transport.app_credentials(provider)
        return provider.tokens.exchange(
            transport.session(),
            transport.base_urls(provider),
            client_id=client_id,
            secret=secret,
            code=code,
            redirect_uri=callback(provider.slug),
        )
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback(provider.slug)}
    return tokens.token_call(provider, fields | ({"code_verifier": verifier} if auth.pkce else {}))


def _account(provider: Provider, auth: OAuth2, answer: Mapping[str, Any], params: Mapping[str, str]) -> tuple[str, str]:
    """Which account was granted, and its name; both as the provider says."""
    account = {"callback": params, "token": answer, "call": {}}[auth.account_in].get(auth.account_key, "")
    account_id = str(account) if isinstance(account, (str, int)) else ""
    if provider.whoami is None:
        named = (account_id, "")
    else:
        named = provider.whoami(ProviderApi(provider, tokens.grant_of(answer).access, account_id))
    if not named[0] or (account_id and named[0] != account_id):
        raise ConnectRefused(f"{provider.name} did not say which account was granted")
    return named


def _keep(user: User, client: Client, provider: Provider, granted: Granted) -> Connection:
    """The live connection of this account with its grant stored: the client's old row if it ever had one."""
    account_id = granted.account_id
    held = ConnectRefused(f"this account at {provider.name} is already connected to another client")
    with system_context():
        others = Connection.objects.filter(provider=provider.slug, account_id=account_id).exclude(client=client)
        if others.exclude(state=Connection.State.DISCONNECTED).exists():
            raise held
    try:
        with transaction.atomic():
            connection, _ = Connection.objects.select_for_update(of=("self",)).get_or_create(
                client=client, provider=provider.slug, account_id=account_id
            )
            connection.name = granted.name or connection.name or f"{provider.name} {account_id}"
            connecting.go_live(connection, provider, actor=user)
            tokens.store(connection, granted.answer)
    except IntegrityError as error:
        raise held from error
    audit.record(client, user, "connection.live", f"{provider.slug} {account_id}", {"name": connection.name})
    jobs.enqueue(
        client.pk, "sync", f"connect:{connection.pk}:{connection.connected_at}", {}, connection_id=connection.pk
    )
    return connection


def disconnect(connection: Connection, *, actor: User) -> None:
    """End the connection now; the grant is handed back to the provider by a job, then destroyed. Needs the client's context."""
    Connection.objects.filter(pk=connection.pk).update(state=Connection.State.DISCONNECTED, problem="")
    connection.refresh_from_db(fields=["state", "problem"])
    audit.record(connection.client, actor, "connection.disconnected", f"{connection.provider} {connection.account_id}")
    token = Token.objects.filter(connection_id=connection.pk).first()
    if token is not None:
        jobs.enqueue(
            connection.client_id,
            "revoke",
            f"revoke:{connection.pk}:{token.version}:{datetime.now(UTC):%Y%m%d%H%M%S}",
            connection_id=connection.pk,
        )


def revoke(connection: Connection) -> None:
    """Hand the grant back at the provider; a grant it no longer knows counts as handed back. Raises RetryLater."""
    provider = registry.provider(connection.provider)
    grant = tokens.held(connection).grant
    if isinstance(provider.auth, HostedLink):
        linking.remove(provider, grant.access)
        return
    client_id, secret = transport.app_credentials(provider)
    token = grant.refresh or grant.access
    if provider.tokens is not None:
        provider.tokens.revoke(
            transport.session(), transport.base_urls(provider), client_id=client_id, secret=secret, token=token
        )
    elif provider.auth.revoke_url:
        fields = {"token": token}
        if provider.auth.account_key:
            fields[provider.auth.account_key] = connection.account_id
        tokens.token_call(provider, fields, path=provider.auth.revoke_url)


def _sha256(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
