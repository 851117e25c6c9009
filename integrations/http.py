"""The authorised session of one connection: token, pace, retries, and errors named by what to do about them.

Never used inside a transaction: a token renewed there could be rolled back after the provider has changed it.
"""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from integrations import limits, registry, tokens, transport
from integrations.errors import RetryLater

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.models import Connection
    from integrations.provider import Provider
    from integrations.transport import Answer

#: Tries of a GET within one call; anything longer is the job's business.
GET_TRIES = 3
#: The longest Retry-After that is waited out here, in seconds.
SHORT_WAIT = 5


class ProviderApi:
    """A session with a given access token: signs, calls, and reads errors the provider's way."""

    def __init__(self, provider: Provider, access: str, account_id: str = "") -> None:
        self.provider = provider
        self.account_id = account_id
        self._access = access
        self._base = transport.base_urls(provider)["api"]

    def get(self, path: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Any:
        """The parsed answer. Tried again a few times when the provider is briefly away."""
        for attempt in range(1, GET_TRIES + 1):
            try:
                return self._call("GET", path, params=params)
            except RetryLater as error:
                if attempt == GET_TRIES or error.retry_after > SHORT_WAIT:
                    raise
                time.sleep(max(error.retry_after, random.uniform(0.1, 0.5) * attempt))  # noqa: S311 (jitter)
        raise AssertionError("the last try raises or answers")

    def post(self, path: str, json: Mapping[str, Any]) -> Any:
        """The parsed answer; sent once. Raises Unanswered when it may have arrived."""
        return self._call("POST", path, json=json)

    def _call(self, method: str, path: str, **what: Any) -> Any:
        answer = self._send(method, path, **what)
        error = transport.error_of(self.provider, method, answer)
        if error is not None:
            raise error
        return answer.body

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> Answer:
        headers = dict(self.provider.headers)
        body = dict(json) if json is not None else None
        if self.provider.authorise is not None:
            client_id, secret = transport.app_credentials(self.provider)
            self.provider.authorise(headers, body, self._access, client_id, secret)
        else:
            headers["Authorization"] = f"Bearer {self._access}"
        with self._turn():
            return transport.send(method, transport.place(self._base, path), headers=headers, params=params, json=body)

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext()


class ConnectionApi(ProviderApi):
    """The session of a connection: its token from the vault, renewed when needed, its pace shared by all processes.

    ``account_id`` is the connection's. Implements ``integrations.provider.Api``.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(registry.provider(connection.provider), "", connection.account_id)
        self.connection = connection
        self._held: tokens.Held | None = None

    def _call(self, method: str, path: str, **what: Any) -> Any:
        if database.in_atomic_block:
            raise tokens.InsideTransactionError("providers are called outside of transactions")
        if self._held is None or tokens.ends_soon(self._held):
            self._use(tokens.usable(self.connection))
        answer = self._send(method, path, **what)
        if answer.status == 401 and self._renew():
            answer = self._send(method, path, **what)
        error = transport.error_of(self.provider, method, answer)
        if answer.status == 429 and isinstance(error, RetryLater):
            limits.hold_off(self.connection, min(error.retry_after, limits.PATIENCE_SECONDS))
        if error is not None:
            raise error
        return answer.body

    def _renew(self) -> bool:
        """After a 401: use a token somebody else renewed meanwhile, or renew it; False when that cannot help."""
        assert self._held is not None
        now = tokens.held(self.connection)
        if now.version == self._held.version:
            if not tokens.is_renewable(self.connection):
                return False
            now = tokens.refresh(self.connection, failed=now.version)
        self._use(now)
        return True

    def _use(self, found: tokens.Held) -> None:
        self._held, self._access = found, found.grant.access

    def _turn(self) -> AbstractContextManager[None]:
        return limits.slot(self.connection, self.provider.rate)
