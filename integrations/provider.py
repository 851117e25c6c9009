"""The vocabulary in which a provider is declared. A provider is data plus pure functions; the dance exists once, elsewhere.

A provider folder holds ``provider.py`` with a module constant ``PROVIDER`` and ``fixtures/<stream>.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from integrations.arrivals import Delivery, FileLayout, Greeting, Webhook
from integrations.records import LedgerDocument, Record
from integrations.schemes import (
    Ask,
    ClientCredentials,
    Credentials,
    FileOnly,
    HostedLink,
    OAuth2,
    Outgoing,
    PastedKeys,
    PostedKeys,
    Scheme,
    SessionLogin,
)
from integrations.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from requests import Session

    from integrations.books import Books
    from integrations.census import Census
    from integrations.faults import Plain
    from integrations.payload import Payload

__all__ = [
    "Api",
    "Ask",
    "ClientCredentials",
    "Context",
    "Credentials",
    "Delivery",
    "FileLayout",
    "FileOnly",
    "Greeting",
    "HostedLink",
    "OAuth2",
    "Outgoing",
    "Page",
    "PastedKeys",
    "PostedKeys",
    "Provider",
    "RateLimit",
    "Scheme",
    "SessionLogin",
    "Stream",
    "TokenExchange",
    "Webhook",
    "Window",
    "WrittenDocument",
]

#: Envelopes within envelopes that are opened when looking for objects in an answer.
DEEPEST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What a pure reading needs to know of the client: time zone for book dates, home currency, the connected account.

    ``as_of`` is the day the answer was read: the date of what carries none of its own (a balance, a line taken back).
    """

    timezone: ZoneInfo
    home_currency: str
    account_id: str = ""
    as_of: date = field(default_factory=lambda: datetime.now(UTC).date())


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a multipart body: a field, or a file where it has a file name."""

    name: str
    content: bytes
    content_type: str
    file_name: str = ""


class Api(Protocol):
    """The authorised HTTP session of one connection. Answers are parsed JSON with exact numbers; None where there is no body (204).

    ``settings`` says where the account is: what was asked before the sign-in, and what the token answer told. ``headers`` are
    those of one call, over the provider's own. A path may be a whole address of the same host (a next-page link).
    Raises RetryLater, Reconnect, Forbidden, StaleCursor, Refused (see ``integrations.errors``); a write also Unanswered.
    """

    account_id: str
    settings: Mapping[str, str]

    def get(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any: ...

    def get_with_headers(
        self, path: str, params: Mapping[str, str | Sequence[str]] | None = None
    ) -> tuple[Any, Mapping[str, str]]:
        """Also the answer's headers, to be read in any case (paging by ``Link`` or ``X-WP-TotalPages``)."""
        ...

    def query(self, path: str, json: Mapping[str, Any] | None = None, *, form: Mapping[str, str] | None = None) -> Any:
        """A POST that only reads (a search, GraphQL): repeated like a GET, and never Unanswered."""
        ...

    def fetch(
        self,
        url: str,
        params: Mapping[str, str | Sequence[str]] | None = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> bytes:
        """A file as it is (unpacked if it is gzip): a path of the provider, signed (a POST where ``form`` is given), or a whole
        address of one of ``Provider.file_hosts``, to which nothing of the connection is sent.
        """
        ...

    def post(
        self,
        path: str,
        json: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any: ...

    def upload(self, path: str, parts: Sequence[Part]) -> Any:
        """A multipart POST, sent once like any write."""
        ...

    def put(self, path: str, json: Mapping[str, Any]) -> Any: ...

    def delete(self, path: str) -> Any: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Raw objects of one answer. ``cursor`` is stored together with the page's rows; None leaves the stored one untouched.

    ``only``, when given, is every external id the provider now has in this stream: stored ones outside it are gone (a change
    feed that was missed for too long cannot name its deletions any more).
    """

    items: Sequence[Mapping[str, Any]]
    cursor: str | None = None
    only: frozenset[str] | None = None
    #: Whether ``only`` lists nothing older than what is pulled: then an id of it that no reading brings is missing here.
    only_pulled: bool = False
    #: Whether what is stored outside ``only`` is gone; otherwise the list is only compared.
    buries: bool = True
    #: What ``Stream.acknowledge`` shall tell the provider of, once the pull is here to its end.
    acknowledge: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One kind of object a provider gives.

    ``to_records`` is pure: one raw object to facts. ``identify`` gives the object's external id, ``recognise`` says whether
    a stray payload is of this stream (``manage.py explain … auto``). ``version`` gives the provider's own version, '' for
    none (the content hash then decides). ``order`` ranks streams within a pull (accounts before documents).
    """

    name: str
    label: str
    #: None for a stream that comes by files alone.
    pull: Callable[[Api, Window], Iterator[Page]] | None
    to_records: Callable[[Payload, Context], Iterable[Record]]
    identify: Callable[[Payload], str]
    recognise: Callable[[Mapping[str, Any]], bool]
    version: Callable[[Payload], str] = field(default=lambda _payload: "")
    duty: Literal["book", "prove", "mirror"] = "book"
    reference: str = ""
    every_minutes: int = 60
    order: int = 50
    scopes: tuple[str, ...] = ()
    #: Objects inside an envelope: the key of the list in a page ("data", "added"); the explain command opens it.
    envelope: tuple[str, ...] = ()
    #: Tells the provider what was taken (the marks of the pages), after their rows are committed and only where the stream is
    #: booked. A pull that dies before it is repeated with the same marks, so it must do no harm twice.
    acknowledge: Callable[[Api, Sequence[str]], None] | None = None
    #: How the provider counts the objects itself; without it completeness is a compare of ids, or unknown.
    census: Census | None = None
    #: Where there is nothing to count: what stands for it, in words.
    instead: str = ""


class TokenExchange(Protocol):
    """Overrides the plain token calls of an ``OAuth2`` provider (its own package, headers or answers).

    Tokens are ``access_token``, ``refresh_token``, ``expires_in`` and, where told, ``refresh_expires_in`` (rolling) and
    ``hard_expires_in`` (whatever is refreshed), in seconds. Every call goes through ``session`` with a time-out, once.
    Raises Reconnect (grant gone), Refused (app credentials), RetryLater, Unanswered.
    """

    def exchange(
        self,
        session: Session,
        base_urls: Mapping[str, str],
        *,
        client_id: str,
        secret: str,
        code: str,
        redirect_uri: str,
    ) -> dict[str, Any]: ...

    def refresh(
        self, session: Session, base_urls: Mapping[str, str], *, client_id: str, secret: str, refresh_token: str
    ) -> dict[str, Any]: ...

    def revoke(
        self, session: Session, base_urls: Mapping[str, str], *, client_id: str, secret: str, token: str
    ) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """Requests per period per connection, kept below the published limit; ``concurrent`` calls at once."""

    requests: int
    seconds: int
    concurrent: int = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenDocument:
    """What the accounting system holds after a write or a look-up: its id (``<type>:<id>``), version and exact lines."""

    external_id: str
    version: str
    document: LedgerDocument
    raw: Mapping[str, Any]
    trace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One system. ``base_urls`` by purpose: ``api``, ``authorize``, ``token``; settings ``TIEOUT_<SLUG>_BASE_URL`` replaces all."""

    slug: str
    name: str
    category: Literal["accounting", "payroll", "processor", "commerce", "payables", "expenses", "bank", "crm"]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    auth: Scheme
    streams: tuple[Stream, ...]
    rate: RateLimit = field(default_factory=lambda: RateLimit(requests=60, seconds=60))
    #: Other ways to the same data, for those who cannot go the first.
    alternatives: tuple[Scheme, ...] = ()
    #: What is asked before the sign-in: where the account is. Kept readable; never a secret.
    asks: tuple[Ask, ...] = ()
    #: Addresses by purpose that depend on the account, from its settings; hosts must fit one of ``hosts`` whole.
    addresses: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    hosts: tuple[str, ...] = ()
    #: Whole patterns of further hosts that files are fetched from, unsigned.
    file_hosts: tuple[str, ...] = ()
    webhook: Webhook | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: How an error answer is read: (status, headers, parsed body or None) to the error to raise, or None for success.
    read_error: Callable[[int, Mapping[str, str], Any], Exception | None] | None = None
    #: The provider's own error codes in plain words, beside those that many systems share (``faults.COMMON``).
    faults: Mapping[str, Plain] = field(default_factory=dict)
    #: Signs a request in place; without it the access goes as a bearer token.
    authorise: Callable[[Outgoing, Credentials], None] | None = None
    #: Whether an answer (status, body) says that the access is over and a new one may help; without it, status 401.
    is_over: Callable[[int, Any], bool] | None = None
    #: Cheap call that proves the grant and names the account: (api) -> (account id, display name).
    whoami: Callable[[Api], tuple[str, str]] | None = None
    #: Hands the grant back with calls of its own, where ``revoke_url``, ``remove_path`` or ``logout_path`` does not say it all.
    revoke: Callable[[Api, Credentials], None] | None = None
    #: Access of the app itself (not of a connection), for what concerns all its connections.
    app_grant: ClientCredentials | None = None
    #: A limit shared by all connections of the app, beside each connection's ``rate``.
    app_rate: RateLimit | None = None
    #: Words banks print for this system's money, for matching and discovery.
    descriptors: tuple[str, ...] = ()
    #: The address of a receipt by its id, where facts tell none: (api, ``Attachment.id``) → what ``Api.fetch`` takes.
    receipt: Callable[[Api, str], str] | None = None
    books: Books | None = None
    #: Token calls through the provider's own package instead of the plain ones of ``auth``.
    tokens: TokenExchange | None = None
    #: Opens any answer of this API (nested envelopes, single objects) into the raw objects its streams read.
    open_answer: Callable[[Any], Iterable[Mapping[str, Any]]] | None = None
    #: Export files of the provider that can be brought instead.
    files: tuple[FileLayout, ...] = ()
    #: Which agreement with the vendor the access needs, in words; '' if anyone can have it.
    needs_partner: str = ""
    seen_live: bool = False
    #: The shapes come from documentation alone, no recorded answer was seen.
    contract_only: bool = False
    notes: str = ""
    #: Why a system that holds money cannot say how much, in words; '' where it can.
    no_balance: str = ""

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        return (self.auth, *self.alternatives)

    def scheme(self, kind: str) -> Scheme:
        """The way of this kind; the first where there is none such."""
        return next((scheme for scheme in self.schemes if scheme.kind == kind), self.auth)

    @property
    def pulled(self) -> tuple[Stream, ...]:
        """The streams that are read from the API."""
        return tuple(stream for stream in self.streams if stream.pull is not None)

    def stream(self, name: str) -> Stream:
        return next(stream for stream in self.streams if stream.name == name)

    def recognised(self, answer: Any) -> Iterator[tuple[Stream, Mapping[str, Any]]]:
        """Every object of this provider's streams in any answer, list or envelope, the outermost that is recognised."""
        yield from self._within(answer if self.open_answer is None else list(self.open_answer(answer)), DEEPEST)

    def _within(self, answer: Any, depth: int) -> Iterator[tuple[Stream, Mapping[str, Any]]]:
        if isinstance(answer, dict):
            stream = next((stream for stream in self.streams if stream.recognise(answer)), None)
            if stream is not None:
                yield stream, answer
                return
        inner = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
        for value in inner if depth else ():
            if isinstance(value, (dict, list)):
                yield from self._within(value, depth - 1)
