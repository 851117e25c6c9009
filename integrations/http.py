"""The authorised session of one connection: token, pace, retries, and errors named by what to do about them.

Never used inside a transaction: a token renewed there could be rolled back after the provider has changed it.
"""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from integrations import addresses, limits, registry, sessions, tokens, transport
from integrations.errors import Reconnect, RetryLater
from integrations.provider import Credentials, Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.models import Connection
    from integrations.provider import Part, Provider, Scheme
    from integrations.transport import Answer

    Params = Mapping[str, str | Sequence[str]]

#: Tries of a reading call within one call; anything longer is the job's business.
GET_TRIES = 3
#: The longest Retry-After that is waited out here, in seconds.
SHORT_WAIT = 5


class ProviderApi:
    """A session with a given access token: signs, calls, and reads errors the provider's way.

    ``keys`` are the pasted ones of its scheme, ``where`` says where the account is. Implements ``integrations.provider.Api``.
    """

    def __init__(
        self,
        provider: Provider,
        access: str,
        account_id: str = "",
        *,
        scheme: Scheme | None = None,
        keys: Mapping[str, str] | None = None,
        where: Mapping[str, str] | None = None,
        refresh: str = "",
    ) -> None:
        self.provider = provider
        self.account_id = account_id
        self.scheme = scheme or provider.auth
        self._access, self._refresh = access, refresh
        self._keys = dict(keys or {})
        self._settle(where or {})

    def _settle(self, where: Mapping[str, str]) -> None:
        self.settings: Mapping[str, str] = MappingProxyType(dict(where))
        self._base = addresses.base_urls(self.provider, where)["api"]

    @property
    def credentials(self) -> Credentials:
        client_id, secret = addresses.app_credentials(self.provider, self.scheme)
        return Credentials(
            access=self._access,
            refresh=self._refresh,
            keys=self._keys,
            client_id=client_id,
            secret=secret,
            account_id=self.account_id,
            settings=self.settings,
            kind=self.scheme.kind,
        )

    # ---- reading -----------------------------------------------------------------------------------------------------

    def get(self, path: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """The parsed answer, None for an empty one. Tried again a few times when the provider is briefly away."""
        return self._read("GET", path, params=params, headers=headers).body

    def get_with_headers(self, path: str, params: Params | None = None) -> tuple[Any, Mapping[str, str]]:
        """The parsed answer and its headers."""
        answer = self._read("GET", path, params=params)
        return answer.body, answer.headers

    def query(self, path: str, json: Mapping[str, Any] | None = None, *, form: Mapping[str, str] | None = None) -> Any:
        """The parsed answer of a POST that changes nothing; tried again like a GET."""
        return self._read("POST", path, json=json, form=form).body

    def fetch(self, url: str, params: Params | None = None, *, form: Mapping[str, str] | None = None) -> bytes:
        """A file's bytes, unpacked. Nothing of the connection goes to a whole address."""
        if "://" not in url:
            return self._read("POST" if form is not None else "GET", url, params=params, form=form, raw=True).raw or b""
        place = addresses.file_place(self.provider, self._base, url)
        return _patiently(lambda: self._fetch(place, params)).raw or b""

    def _fetch(self, url: str, params: Params | None) -> Answer:
        # A presigned address is another service: its refusals are not in the provider's words.
        answer = transport.send("GET", url, headers={}, params=params, raw=True)
        error = transport.status_error(answer) if answer.status >= 400 else None
        if isinstance(error, Reconnect):
            raise RetryLater("the address of a file has run out", retry_after=5, trace=answer.trace)
        if error is not None:
            raise error
        return answer

    # ---- writing -----------------------------------------------------------------------------------------------------

    def post(
        self,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The parsed answer; sent once. Raises Unanswered when it may have arrived."""
        return self._call("POST", path, json=json, form=form, headers=headers).body

    def upload(self, path: str, parts: Sequence[Part]) -> Any:
        """The parsed answer of a multipart POST; sent once. Raises Unanswered when it may have arrived."""
        return self._call("POST", path, parts=parts).body

    def put(self, path: str, json: Mapping[str, Any]) -> Any:
        """The parsed answer, None for an empty one; sent once."""
        return self._call("PUT", path, json=json).body

    def delete(self, path: str) -> Any:
        """The parsed answer, None for an empty one; sent once."""
        return self._call("DELETE", path).body

    # ---- the call itself ---------------------------------------------------------------------------------------------

    def _read(self, method: str, path: str, **what: Any) -> Answer:
        return _patiently(lambda: self._call(method, path, reads=True, **what))

    def _call(self, method: str, path: str, *, reads: bool = False, **what: Any) -> Answer:
        answer = self._send(method, path, reads=reads, **what)
        error = self._error(method, answer, reads=reads)
        if error is not None:
            raise error
        return answer

    def _error(self, method: str, answer: Answer, *, reads: bool) -> Exception | None:
        empty_is_well = method in {"PUT", "DELETE"}
        return transport.error_of(self.provider, answer, reads=reads, may_be_empty=empty_is_well)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        parts: Sequence[Part] | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
        raw: bool = False,
    ) -> Answer:
        request = Outgoing(
            method=method,
            path=path,
            headers=dict(self.provider.headers),
            params=dict(params or {}),
            json=dict(json) if json is not None else None,
            form=dict(form) if form is not None else None,
        )
        if self.provider.authorise is not None:
            self.provider.authorise(request, self.credentials)
        else:
            request.headers["Authorization"] = f"Bearer {self._access}"
        with self._turn():
            return transport.send(
                method,
                addresses.place(self._base, path),
                headers={**request.headers, **(headers or {})},
                params=request.params or None,
                json=request.json,
                form=request.form,
                parts=parts,
                reads=reads,
                raw=raw,
                through=sessions.fitting(self.provider, self.scheme, self._keys),
            )

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext()


def _patiently(call: Any) -> Answer:
    """The answer of a call that only reads, tried a few times."""
    for attempt in range(1, GET_TRIES + 1):
        try:
            answer: Answer = call()
        except RetryLater as error:
            if attempt == GET_TRIES or error.retry_after > SHORT_WAIT:
                raise
            time.sleep(max(error.retry_after, random.uniform(0.1, 0.5) * attempt))  # noqa: S311 (jitter)
        else:
            return answer
    raise AssertionError("the last try raises or answers")


class ConnectionApi(ProviderApi):
    """The session of a connection: its token from the vault, renewed when needed, its pace shared by all processes.

    ``account_id`` is the connection's.
    """

    def __init__(self, connection: Connection) -> None:
        provider = registry.provider(connection.provider)
        super().__init__(
            provider,
            "",
            connection.account_id,
            scheme=provider.scheme(connection.scheme),
            where=connection.where,
        )
        self.connection = connection
        self._held: tokens.Held | None = None

    def _call(self, method: str, path: str, *, reads: bool = False, **what: Any) -> Answer:
        if database.in_atomic_block:
            raise tokens.InsideTransactionError("providers are called outside of transactions")
        if self._held is None or tokens.ends_soon(self._held):
            self._use(tokens.usable(self.connection))
        answer = self._send(method, path, reads=reads, **what)
        if self._is_over(answer) and self._renew():
            answer = self._send(method, path, reads=reads, **what)
        error = self._error(method, answer, reads=reads)
        if answer.status == 429 and isinstance(error, RetryLater):
            pause = min(error.retry_after, limits.PATIENCE_SECONDS)
            limits.hold_off(self.connection, pause)
            if self.provider.app_rate is not None:
                # The answer does not say whose limit it was.
                limits.hold_off_app(self.provider.slug, pause)
        if error is not None:
            raise error
        return answer

    def _is_over(self, answer: Answer) -> bool:
        if self.provider.is_over is not None:
            return self.provider.is_over(answer.status, answer.body)
        return answer.status == 401

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
        self._held, self._access, self._refresh = found, found.grant.access, found.grant.refresh
        self._keys = dict(found.grant.keys)
        if found.where != self.settings:
            self._settle(found.where)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with ExitStack() as turns:
            turns.enter_context(limits.slot(self.connection, self.provider.rate))
            if self.provider.app_rate is not None:
                turns.enter_context(limits.app_slot(self.provider.slug, self.provider.app_rate))
            yield
