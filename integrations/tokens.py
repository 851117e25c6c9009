"""The grant of a connection: read from the vault, renewed by one caller at a time, never spent twice.

A renewal holds the token's row, looks again after the wait whether somebody else renewed it, makes one call, and commits what
came back before anybody uses it. That a renewal is under way is committed before the call, so a lost answer is known.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db import transaction
from django.db.utils import OperationalError

from clients.tenancy import client_context
from integrations import connecting, crashpoints, granting, registry, transport, vault
from integrations.errors import Reconnect, RetryLater, Unanswered
from integrations.models import Token
from integrations.provider import ClientCredentials, OAuth2, SessionLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import Connection
    from integrations.provider import Provider, Scheme

#: An access token this near its end is renewed before it is used.
EARLY = timedelta(seconds=120)
LOCK_TIMEOUT = "15s"
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
    #: Pasted or posted keys, by the name of their field; never changed by a renewal.
    keys: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Grant(…)"


@dataclass(frozen=True, slots=True)
class Held:
    """A grant with the version of its row, when its access ends (None: not told), and where the account is."""

    grant: Grant
    version: int
    expires_at: datetime | None
    where: Mapping[str, str] = field(default_factory=dict)


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
    previous = before if new != before else (old.previous if old else "")
    return Grant(access, new, previous, dict(old.keys) if old else {})


def expiries(answer: Mapping[str, Any], now: datetime) -> dict[str, datetime | None]:
    """When access, refresh token and the whole grant end, for the Token's columns; None where not told."""

    def end(*names: str) -> datetime | None:
        told = (_end(answer.get(name), now) for name in names)
        return next((moment for moment in told if moment), None)

    return {
        "access_expires_at": end("expires_in", "expires_at"),
        "refresh_expires_at": end("refresh_expires_in", "refresh_token_expires_in", "refresh_token_expires_at"),
        "hard_expires_at": end("hard_expires_in"),
    }


def _end(told: object, now: datetime) -> datetime | None:
    """A moment given as seconds from now or as ISO time with its offset."""
    if isinstance(told, bool) or not isinstance(told, (int, str)):
        return None
    if str(told).isdecimal():
        return now + timedelta(seconds=int(told))
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def store(
    connection: Connection,
    answer: Mapping[str, Any],
    *,
    keys: Mapping[str, str] | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Keep a new grant of the connection, in the running transaction. ``ends_at``: when it lapses whatever is done."""
    grant = replace(grant_of(answer), keys=dict(keys or {}))
    now = datetime.now(UTC)
    before = Token.objects.select_for_update().filter(connection_id=connection.pk).first()
    ends = expiries(answer, now)
    ends["hard_expires_at"] = min(filter(None, (ends["hard_expires_at"], ends_at)), default=None)
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
            **ends,
        },
    )
    return grant


def held(connection: Connection) -> Held:
    """The grant as it stands. Raises Reconnect when there is none."""
    with client_context(connection.client_id):
        token = Token.objects.select_related("connection").filter(connection_id=connection.pk).first()
    if token is None:
        raise Reconnect("there is no access to this account")
    return _held(token)


def _held(token: Token) -> Held:
    return Held(unseal(token), token.version, token.access_expires_at, token.connection.where)


def ends_soon(found: Held) -> bool:
    return found.expires_at is not None and found.expires_at <= datetime.now(UTC) + EARLY


def usable(connection: Connection) -> Held:
    """The grant, renewed first if its access is about to end."""
    found = held(connection)
    if ends_soon(found) and is_renewable(connection):
        return refresh(connection, failed=found.version)
    return found


def scheme_of(connection: Connection) -> Scheme:
    """By which of the provider's schemes the connection was made."""
    return registry.provider(connection.provider).scheme(connection.scheme)


def is_renewable(connection: Connection) -> bool:
    """Whether a new access can be had without a person."""
    scheme = scheme_of(connection)
    return isinstance(scheme, (ClientCredentials, SessionLogin)) or (isinstance(scheme, OAuth2) and scheme.refreshes)


def lapses_unused(connection: Connection) -> bool:
    """Whether the grant has to be renewed now and then even if nobody needs it."""
    return isinstance(scheme_of(connection), OAuth2) and is_renewable(connection)


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
            return _held(token)
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
    return _held(token)


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
            token = (
                Token.objects.select_for_update(of=("self",))
                .select_related("connection")
                .filter(connection_id=connection.pk)
                .first()
            )
    except OperationalError as error:
        raise RetryLater("the access is being renewed elsewhere", retry_after=15) from error
    if token is None:
        raise Reconnect("there is no access to this account")
    return token


def _renew(connection: Connection, token: Token) -> None:
    old = unseal(token)
    provider, scheme = registry.provider(connection.provider), scheme_of(connection)
    answer = _ask(provider, scheme, old, token.connection.where)
    told = granting.kept(scheme, answer)
    crashpoints.reach("after-refresh-answer")
    now = datetime.now(UTC)
    token.ciphertext = seal(token.client_id, token.connection_id, grant_of(answer, old=old))
    for name, value in expiries(answer, now).items():
        setattr(token, name, value or (getattr(token, name) if name == "hard_expires_at" else None))
    token.version += 1
    token.refreshed_at, token.refresh_started_at, token.refusals, token.refused_at = now, None, 0, None
    token.save()
    if told:
        token.connection = connecting.move(token.connection, told)


def _ask(provider: Provider, scheme: Scheme, old: Grant, where: Mapping[str, str]) -> Mapping[str, Any]:
    """One call with what renews the access; a refresh token that is refused, and then the one before it."""
    if not isinstance(scheme, OAuth2):
        crashpoints.reach("inside-refresh")
        return granting.obtain(provider, scheme, old.keys, where)
    try:
        return _call(provider, scheme, old.refresh, where)
    except Reconnect:
        if not old.previous:
            raise
        return _call(provider, scheme, old.previous, where)


def _call(provider: Provider, scheme: OAuth2, refresh_token: str, where: Mapping[str, str]) -> Mapping[str, Any]:
    if not refresh_token:
        raise Reconnect("the provider gave no way to renew the access")
    client_id, secret = transport.app_credentials(provider, scheme)
    crashpoints.reach("inside-refresh")
    if provider.tokens is not None:
        return provider.tokens.refresh(
            transport.session(),
            transport.base_urls(provider, where),
            client_id=client_id,
            secret=secret,
            refresh_token=refresh_token,
        )
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return granting.token_call(provider, scheme, fields, where)


def _count_refusal(connection: Connection, token: Token, error: Reconnect) -> None:
    now = datetime.now(UTC)
    recent = token.refused_at is not None and token.refused_at > now - timedelta(hours=1)
    started = token.refresh_started_at
    lost = started is not None and started < now - timedelta(seconds=2 * granting.TOKEN_SECONDS)
    token.refusals = token.refusals + 1 if recent else 1
    token.refused_at, token.refresh_started_at = now, None
    token.save(update_fields=["refusals", "refused_at", "refresh_started_at"])
    why = "; the answer to an earlier renewal was lost" if lost else ""
    connecting.needs_reconnect(connection.pk, f"{error}{why}")
