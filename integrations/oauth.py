"""Connecting: the sign-in at the provider, begun by one person for one client, finished once, bound to its state.

``begin`` gives the address to send the browser to, ``finish`` takes what the callback brought. ``disconnect`` ends it; the
grant is handed back by a job.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from clients import audit
from clients.tenancy import client_context, system_context
from integrations import (
    asking,
    connecting,
    granting,
    jobs,
    linking,
    postedkeys,
    registry,
    tokens,
    transport,
    vault,
)
from integrations.asking import ConnectRefused
from integrations.errors import PayloadError, ProviderError
from integrations.http import ProviderApi
from integrations.linking import Granted
from integrations.models import Connection, OAuthAttempt, Token
from integrations.provider import Credentials, HostedLink, OAuth2, PostedKeys, SessionLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User
    from integrations.provider import Provider, Scheme

__all__ = ["ConnectRefused", "begin", "callback", "disconnect", "finish", "keep", "place", "prove", "revoke"]

ATTEMPT_MINUTES = 10
#: Hosted pages take longer than a consent click.
LINK_MINUTES = 30
TABLE, COLUMN = "oauthattempt", "verifier"


def place(client_id: int, state_sha256: str) -> vault.Place:
    """Where an attempt's secret (verifier, or the hosted page's token) lives."""
    return vault.Place(client_id, TABLE, COLUMN, state_sha256)


def begin(
    user: User,
    client: Client,
    provider: Provider,
    *,
    connection: Connection | None = None,
    hint: str = "",
    kind: str = "",
    asked: Mapping[str, str] | None = None,
) -> str:
    """The address at the provider to send this person to. ``connection`` is one to be mended; ``hint`` preselects an account.

    ``kind`` chooses among the provider's schemes, ``asked`` answers its questions; a connection to be mended has both.
    Needs the client's context. Raises ConnectRefused when an answer is wrong or the provider cannot be asked.
    """
    scheme = provider.scheme(
        kind or (connection.scheme if connection is not None and not connection.is_by_file else "")
    )
    where = asking.where(provider, asked, connection)
    state = secrets.token_urlsafe(32)
    try:
        kept, address = _open(client, provider, scheme, where, state, connection, hint)
    except ProviderError as error:
        raise ConnectRefused(f"{provider.name} cannot be asked now: {error}") from error
    minutes = ATTEMPT_MINUTES if isinstance(scheme, OAuth2) else LINK_MINUTES
    sha256 = _sha256(state)
    attempt = {"kept": kept, "where": where, "kind": scheme.kind}
    OAuthAttempt.objects.create(
        state_sha256=sha256,
        user=user,
        client=client,
        provider=provider.slug,
        connection=connection,
        verifier=vault.seal(json.dumps(attempt).encode(), place(client.pk, sha256)),
        expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
    )
    if isinstance(scheme, PostedKeys):
        postedkeys.expect(user, client, provider, kept, minutes=minutes)
    return address


def _open(
    client: Client,
    provider: Provider,
    scheme: Scheme,
    where: Mapping[str, str],
    state: str,
    connection: Connection | None,
    hint: str,
) -> tuple[str, str]:
    """(what is kept until the browser returns, the address it is sent to)."""
    if isinstance(scheme, HostedLink):
        access = tokens.held(connection).grant.access if connection is not None else ""
        return linking.open_page(provider, client, callback(provider.slug, state), access)
    if isinstance(scheme, PostedKeys):
        reference = secrets.token_urlsafe(32)
        query = scheme.query(reference, callback(provider.slug, state), postedkeys.address(provider.slug))
        return reference, _address(provider, scheme.authorize_url, where, query)
    if not isinstance(scheme, OAuth2):
        raise ConnectRefused(f"{provider.name} is not connected by leaving this page")
    verifier = secrets.token_urlsafe(64)
    return verifier, _authorise_url(provider, scheme, where, state, verifier, hint)


def callback(slug: str, state: str = "") -> str:
    """Where the provider sends the browser back to; hosted pages carry the state in it."""
    try:
        path = reverse("integrations:callback", args=[slug])
    except NoReverseMatch:
        path = f"/connect/{slug}/callback/"
    return settings.PUBLIC_URL.rstrip("/") + path + (f"?{urlencode({'state': state})}" if state else "")


def _authorise_url(
    provider: Provider, auth: OAuth2, where: Mapping[str, str], state: str, verifier: str, hint: str
) -> str:
    client_id, _ = transport.app_credentials(provider, auth)
    if auth.client_id_setting:
        client_id = transport.setting(provider.slug, auth.client_id_setting) or client_id
    query = {
        "response_type": "code",
        auth.client_id_key: client_id,
        "redirect_uri": callback(provider.slug),
        "scope": auth.scope_separator.join(auth.scopes),
        "state": state,
        **auth.authorize_extra,
    }
    if auth.pkce:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    if hint:
        query["login_hint"] = hint
    return _address(provider, auth.authorize_url, where, query)


def _address(provider: Provider, path: str, where: Mapping[str, str], query: Mapping[str, str]) -> str:
    base = transport.place(transport.base_urls(provider, where)["authorize"], path)
    return f"{base}{'&' if '?' in base else '?'}{urlencode(query)}"


def finish(user: User, slug: str, params: Mapping[str, str]) -> Connection:
    """Make the connection from what the callback brought. The state must be this person's, for this provider, and unused.

    Raises ConnectRefused for a forged, old or used state, a refused consent, another account than the one to be mended, or
    an account that another client holds.
    """
    attempt = _take_attempt(user, slug, params.get("state", ""))
    provider = registry.provider(slug)
    if params.get("error") or params.get("success") == "0":
        raise ConnectRefused(f"{provider.name} was not allowed to share: the consent was declined")
    with client_context(attempt.client_id):
        begun = json.loads(vault.unseal(attempt.verifier, place(attempt.client_id, attempt.state_sha256)))
        old = attempt.connection
        try:
            granted = _redeem(provider, begun, params, old)
        except (ProviderError, PayloadError) as error:
            raise ConnectRefused(f"{provider.name} did not complete the sign-in: {error}") from error
        return keep(user, attempt.client, provider, granted, old)


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


def _redeem(provider: Provider, begun: Mapping[str, Any], params: Mapping[str, str], old: Connection | None) -> Granted:
    scheme, where, kept = provider.scheme(begun["kind"]), begun["where"], begun["kept"]
    if isinstance(scheme, HostedLink):
        return replace(linking.collect(provider, kept, old), kind=scheme.kind, where=where)
    if isinstance(scheme, PostedKeys):
        return prove(provider, scheme, postedkeys.collect(provider, kept), where)
    assert isinstance(scheme, OAuth2)
    client_id, secret = transport.app_credentials(provider, scheme)
    if scheme.verify_callback is not None:
        credentials = Credentials(client_id=client_id, secret=secret, settings=where, kind=scheme.kind)
        if not scheme.verify_callback(params, credentials):
            raise ConnectRefused(f"what came back is not signed by {provider.name}")
    code = params.get(scheme.code_key, "")
    if not code:
        raise ConnectRefused(f"{provider.name} sent no code")
    where = {**where, **granting.kept(scheme, params)}
    answer = _exchange(provider, scheme, where, code, kept)
    where |= granting.kept(scheme, answer)
    account_id, name = _account(provider, scheme, answer, params, where)
    ends_at = datetime.now(UTC) + timedelta(days=scheme.consent_days) if scheme.consent_days else None
    return Granted(answer, account_id, name, where=where, kind=scheme.kind, ends_at=ends_at)


def _exchange(
    provider: Provider, auth: OAuth2, where: Mapping[str, str], code: str, verifier: str
) -> Mapping[str, Any]:
    if provider.tokens is not None:
        client_id, secret = transport.app_credentials(provider, auth)
        return provider.tokens.exchange(
            transport.session(),
            transport.base_urls(provider, where),
            client_id=client_id,
            secret=secret,
            code=code,
            redirect_uri=callback(provider.slug),
        )
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback(provider.slug)}
    return granting.token_call(provider, auth, fields | ({"code_verifier": verifier} if auth.pkce else {}), where)


def _account(
    provider: Provider,
    auth: OAuth2,
    answer: Mapping[str, Any],
    params: Mapping[str, str],
    where: Mapping[str, str],
) -> tuple[str, str]:
    """Which account was granted, and its name; both as the provider says."""
    account = {"callback": params, "token": answer, "call": {}}[auth.account_in].get(auth.account_key, "")
    account_id = str(account) if isinstance(account, (str, int)) else ""
    if provider.whoami is None:
        named = (account_id, "")
    else:
        access = tokens.grant_of(answer).access
        named = provider.whoami(ProviderApi(provider, access, account_id, scheme=auth, where=where))
    if not named[0] or (account_id and named[0] != account_id):
        raise ConnectRefused(f"{provider.name} did not say which account was granted")
    return named


def prove(provider: Provider, scheme: Scheme, keys: Mapping[str, str], where: Mapping[str, str]) -> Granted:
    """Get an access by keys and let the provider say whose it is. Raises ConnectRefused and what the calls raise."""
    assert provider.whoami is not None
    answer = granting.obtain(provider, scheme, keys, where)
    access = tokens.grant_of(answer).access
    account_id, name = provider.whoami(ProviderApi(provider, access, scheme=scheme, keys=keys, where=where))
    if not account_id:
        raise ConnectRefused(f"{provider.name} did not say whose the keys are")
    return Granted(answer, account_id, name, keys=keys, where=where, kind=scheme.kind)


def keep(user: User, client: Client, provider: Provider, granted: Granted, old: Connection | None) -> Connection:
    """The live connection of this account with its grant stored: the client's old row if it ever had one.

    A connection by file that is mended becomes this account's. Needs the client's context. Raises ConnectRefused.
    """
    account_id = granted.account_id
    if old is not None and old.account_id != account_id and not old.is_by_file:
        raise ConnectRefused(f"this is another account at {provider.name} than the one to be reconnected")
    _keep_one_ledger(client, provider, account_id)
    held = ConnectRefused(f"this account at {provider.name} is already connected to another client")
    with system_context():
        others = Connection.objects.filter(provider=provider.slug, account_id=account_id).exclude(client=client)
        if others.exclude(state=Connection.State.DISCONNECTED).exists():
            raise held
    try:
        with transaction.atomic():
            connection = _row(client, provider, account_id, old)
            connection.name = (
                named(client, provider, granted.name) or connection.name or f"{provider.name} {account_id}"
            )
            connection.settings |= {"account": dict(granted.where), "scheme": granted.kind}
            connecting.go_live(connection, provider, actor=user)
            tokens.store(connection, granted.answer, keys=granted.keys, ends_at=granted.ends_at)
    except IntegrityError as error:
        raise _second_ledger(client) if "connection_one_ledger" in str(error) else held from error
    audit.record(client, user, "connection.live", f"{provider.slug} {account_id}", {"name": connection.name})
    jobs.enqueue(
        client.pk, "sync", f"connect:{connection.pk}:{connection.connected_at}", {}, connection_id=connection.pk
    )
    return connection


def _keep_one_ledger(client: Client, provider: Provider, account_id: str) -> None:
    """A client has one set of books: another company file is refused while one is connected, or once it was read.

    Raises ConnectRefused. Needs the client's context.
    """
    if provider.category != "accounting":
        return
    slugs = [slug for slug, declared in registry.all_providers().items() if declared.category == "accounting"]
    others = Connection.objects.filter(client=client, provider__in=slugs).exclude(
        provider=provider.slug, account_id=account_id
    )
    is_kept = ~Q(state__in=[Connection.State.DISCONNECTED, Connection.State.PENDING])
    other = others.filter(is_kept | Q(streams__last_success_at__isnull=False)).first()
    if other is not None:
        raise _second_ledger(client, f"{other} ({other.account_id})")


def _second_ledger(client: Client, kept: str = "another company file") -> ConnectRefused:
    return ConnectRefused(
        f"the books of {client.name} are kept in {kept}: one client has one ledger, so another company needs a client of its own"
    )


def named(client: Client, provider: Provider, said: str) -> str:
    """What people call a connection: a bank by its name; another system by its own, and the account's where that says more.

    Most accounts bear the client's name, which would call all systems of a client the same. '' where nothing was said.
    """
    if not said or provider.category == "bank" or said.startswith(provider.name):
        return said
    return provider.name if said.casefold() == client.name.casefold() else f"{provider.name}, {said}"


def _row(client: Client, provider: Provider, account_id: str, old: Connection | None) -> Connection:
    rows = Connection.objects.select_for_update(of=("self",)).filter(client=client, provider=provider.slug)
    if old is not None and old.is_by_file and not rows.filter(account_id=account_id).exists():
        connection = rows.get(pk=old.pk)
        connection.account_id = account_id
        return connection
    connection, _ = rows.get_or_create(account_id=account_id, defaults={"client": client, "provider": provider.slug})
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
    provider, scheme = registry.provider(connection.provider), tokens.scheme_of(connection)
    found = tokens.held(connection)
    grant, where = found.grant, found.where
    api = ProviderApi(
        provider,
        grant.access,
        connection.account_id,
        scheme=scheme,
        keys=grant.keys,
        where=where,
        refresh=grant.refresh,
    )
    if provider.revoke is not None:
        provider.revoke(api, api.credentials)
    elif isinstance(scheme, HostedLink):
        linking.remove(provider, grant.access)
    elif isinstance(scheme, SessionLogin) and scheme.logout_path:
        api.post(scheme.logout_path, {})
    elif isinstance(scheme, OAuth2):
        _revoke_token(provider, scheme, connection, grant.refresh or grant.access, where)


def _revoke_token(
    provider: Provider, auth: OAuth2, connection: Connection, token: str, where: Mapping[str, str]
) -> None:
    if provider.tokens is not None:
        client_id, secret = transport.app_credentials(provider, auth)
        provider.tokens.revoke(
            transport.session(), transport.base_urls(provider, where), client_id=client_id, secret=secret, token=token
        )
    elif auth.revoke_url:
        fields = {"token": token}
        if auth.account_key:
            fields[auth.account_key] = connection.account_id
        granting.revoke_call(provider, auth, fields, where)


def _sha256(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
