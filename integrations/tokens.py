"""The grant of a connection: read from the vault, renewed by one caller at a time, never spent twice.

A renewal holds the token's row, looks again after the wait whether somebody else renewed it, makes one call, and commits what
came back before anybody uses it. That a renewal is under way is committed before the call, so a lost answer is known.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db import transaction
from django.db.utils import OperationalError

from clients.tenancy import client_context
from integrations import connecting, crashpoints, registry, transport, vault
from integrations.errors import Reconnect, RetryLater, Unanswered
from integrations.models import Token
from integrations.provider import OAuth2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import Connection
    from integrations.provider import Provider

#: An access token this near its end is renewed before it is used.
EARLY = timedelta(seconds=120)
LOCK_TIMEOUT = "15s"
REFRESH_SECONDS = 10
#: Refusals of a refresh token within an hour after which nobody asks again.
MAX_REFUSALS = 3
TABLE, COLUMN = "token", "ciphertext"


class InsideTransactionError(RuntimeError):
    """A provider was called inside a transaction: what it answers could be rolled back after it happened."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a consent gave. ``previous`` is the refresh token before this one, kept until the next success."""

    access: str
    refresh: str = ""
    previous: str = ""

    def __repr__(self) -> str:
        return "Grant(…)"


@dataclass(frozen=True, slots=True)
class Held:
    """A grant with the version of its row and when its access ends (None: not told)."""

    grant: Grant
    version: int
    expires_at: datetime | None


def place(client_id: int, connection_id: int) -> vault.Place:
    return vault.Place(client_id, TABLE, COLUMN, str(connection_id))


def seal(client_id: int, connection_id: int, grant: Grant) -> bytes:
    return vault.seal(json.dumps(asdict(grant)).encode(), place(client_id, connection_id))


def unseal(token: Token) -> Grant:
    return Grant(**json.loads(vault.unseal(token.ciphertext, place(token.client_id, token.connection_id))))


def grant_of(answer: Mapping[str, Any], *, old: Grant | None = None) -> Grant:
    """The grant in a token answer; a refresh token that is not sent again stays. Raises RetryLater without an access token."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise RetryLater("the token answer holds no access token")
    before = old.refresh if old else ""
    new = refresh if isinstance(refresh, str) and refresh else before
    return Grant(access, new, before if new != before else (old.previous if old else ""))


def expiries(answer: Mapping[str, Any], now: datetime) -> dict[str, datetime | None]:
    """When access, refresh token and the whole grant end, for the Token's columns; None where not told."""

    def end(name: str) -> datetime | None:
        seconds = answer.get(name)
        return (
            now + timedelta(seconds=int(seconds))
            if isinstance(seconds, (int, str)) and str(seconds).isdecimal()
            else None
        )

    return {
        "access_expires_at": end("expires_in"),
        "refresh_expires_at": end("refresh_expires_in"),
        "hard_expires_at": end("hard_expires_in"),
    }


def store(connection: Connection, answer: Mapping[str, Any]) -> Grant:
    """Keep a new grant of the connection, in the running transaction."""
    grant = grant_of(answer)
    now = datetime.now(UTC)
    before = Token.objects.select_for_update().filter(connection_id=connection.pk).first()
    Token.objects.update_or_create(
        connection_id=connection.pk,
        defaults={
            "client_id": connection.client_id,
            "ciphertext": seal(connection.client_id, connection.pk, grant),
            "refreshed_at": now,
            "refresh_started_at": None,
            "refusals": 0,
            "refused_at": None,
            "version": before.version + 1 if before else 1,
            **expiries(answer, now),
        },
    )
    return grant


def held(connection: Connection) -> Held:
    """The grant as it stands. Raises Reconnect when there is none."""
    with client_context(connection.client_id):
        token = Token.objects.filter(connection_id=connection.pk).first()
    if token is None:
        raise Reconnect("there is no access to this account")
    return Held(unseal(token), token.version, token.access_expires_at)


def ends_soon(found: Held) -> bool:
    return found.expires_at is not None and found.expires_at <= datetime.now(UTC) + EARLY


def usable(connection: Connection) -> Held:
    """The grant, renewed first if its access is about to end."""
    found = held(connection)
    if ends_soon(found) and is_renewable(connection):
        return refresh(connection, failed=found.version)
    return found


def is_renewable(connection: Connection) -> bool:
    auth = registry.provider(connection.provider).auth
    return isinstance(auth, OAuth2) and auth.refreshes


def refresh(connection: Connection, *, failed: int) -> Held:
    """Renew the grant unless somebody did since version ``failed``. One call, under the row's lock.

    Raises Reconnect when the provider refuses the refresh token (the connection is then marked), RetryLater when the
    lock or the provider cannot be had now.
    """
    if database.in_atomic_block:
        raise InsideTransactionError("tokens are renewed outside of transactions")
    if not _announce(connection, failed):
        return held(connection)
    crashpoints.reach("before-refresh")
    failure: Reconnect | RetryLater | None = None
    with client_context(connection.client_id):
        token = _lock(connection)
        if token.version != failed:
            return Held(unseal(token), token.version, token.access_expires_at)
        try:
            _renew(connection, token)
        except Reconnect as error:
            _count_refusal(connection, token, error)
            failure = error
        except Unanswered:
            raise
        except RetryLater as error:
            token.refresh_started_at = None
            token.save(update_fields=["refresh_started_at"])
            failure = error
    if failure is not None:
        raise failure
    return Held(unseal(token), token.version, token.access_expires_at)


def _announce(connection: Connection, failed: int) -> bool:
    """Commit that a renewal is about to leave; False when it is no longer needed."""
    with client_context(connection.client_id):
        token = _lock(connection)
        if token.version != failed:
            return False
        if (
            token.refusals >= MAX_REFUSALS
            and token.refused_at
            and token.refused_at > datetime.now(UTC) - timedelta(hours=1)
        ):
            raise Reconnect("the provider refused the sign-in several times within an hour")
        # An earlier start that never ended is kept: its answer was lost with its worker.
        token.refresh_started_at = token.refresh_started_at or datetime.now(UTC)
        token.save(update_fields=["refresh_started_at"])
    return True


def _lock(connection: Connection) -> Token:
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            token = Token.objects.select_for_update().filter(connection_id=connection.pk).first()
    except OperationalError as error:
        raise RetryLater("the access is being renewed elsewhere", retry_after=15) from error
    if token is None:
        raise Reconnect("there is no access to this account")
    return token


def _renew(connection: Connection, token: Token) -> None:
    old = unseal(token)
    provider = registry.provider(connection.provider)
    answer = _ask(provider, old)
    crashpoints.reach("after-refresh-answer")
    now = datetime.now(UTC)
    token.ciphertext = seal(token.client_id, token.connection_id, grant_of(answer, old=old))
    for name, value in expiries(answer, now).items():
        setattr(token, name, value or (getattr(token, name) if name == "hard_expires_at" else None))
    token.version += 1
    token.refreshed_at, token.refresh_started_at, token.refusals, token.refused_at = now, None, 0, None
    token.save()


def _ask(provider: Provider, old: Grant) -> Mapping[str, Any]:
    """One call with the present refresh token; if that is refused, one with the one before it."""
    try:
        return _call(provider, old.refresh)
    except Reconnect:
        if not old.previous:
            raise
        return _call(provider, old.previous)


def _call(provider: Provider, refresh_token: str) -> Mapping[str, Any]:
    assert isinstance(provider.auth, OAuth2)
    if not refresh_token:
        raise Reconnect("the provider gave no way to renew the access")
    client_id, secret = transport.app_credentials(provider)
    crashpoints.reach("inside-refresh")
    if provider.tokens is not None:
        return provider.tokens.refresh(
            transport.session(),
            transport.base_urls(provider),
            client_id=client_id,
            secret=secret,
            refresh_token=refresh_token,
        )
    return token_call(provider, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def token_call(provider: Provider, fields: Mapping[str, str], *, path: str = "") -> Mapping[str, Any]:
    """A plain OAuth 2 token call with the app's credentials where the provider wants them.

    Raises Reconnect for invalid_grant, Refused for a wrong app, RetryLater otherwise; no answer's text is repeated.
    """
    assert isinstance(provider.auth, OAuth2)
    client_id, secret = transport.app_credentials(provider)
    url = transport.place(transport.base_urls(provider)["token"], path or provider.auth.token_url)
    headers: dict[str, str] = dict(provider.headers)
    body = dict(fields)
    if provider.auth.client_auth == "basic":
        headers["Authorization"] = transport.basic(client_id, secret)
    else:
        body |= {"client_id": client_id, "client_secret": secret}
    how: dict[str, Any] = {"json": body} if provider.auth.client_auth == "json" else {"form": body}
    answer = transport.send("POST", url, headers=headers, seconds=REFRESH_SECONDS, **how)
    return transport.token_answer(answer)


def _count_refusal(connection: Connection, token: Token, error: Reconnect) -> None:
    now = datetime.now(UTC)
    recent = token.refused_at is not None and token.refused_at > now - timedelta(hours=1)
    started = token.refresh_started_at
    lost = started is not None and started < now - timedelta(seconds=2 * REFRESH_SECONDS)
    token.refusals = token.refusals + 1 if recent else 1
    token.refused_at, token.refresh_started_at = now, None
    token.save(update_fields=["refusals", "refused_at", "refresh_started_at"])
    why = "; the answer to an earlier renewal was lost" if lost else ""
    connecting.needs_reconnect(connection.pk, f"{error}{why}")
