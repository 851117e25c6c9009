"""The vocabulary in which a provider is declared. A provider is data plus pure functions; the dance exists once, elsewhere.

A provider folder holds ``provider.py`` with a module constant ``PROVIDER`` and ``fixtures/<stream>.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from integrations.records import LedgerBalances, LedgerDocument, OpenItems, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from requests import Session

    from integrations.payload import Payload


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


class Api(Protocol):
    """The authorised HTTP session of one connection. Answers are parsed JSON with exact numbers.

    Raises RetryLater, Reconnect, Forbidden, StaleCursor, Refused (see ``integrations.errors``).
    """

    account_id: str

    def get(self, path: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Any: ...

    def post(self, path: str, json: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What one pull shall cover: the stored cursor ('' at first), the cut-over date, and the provider-independent now."""

    cursor: str
    since: date
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Raw objects of one answer. ``cursor`` is stored together with the page's rows; None leaves the stored one untouched.

    ``only``, when given, is every external id the provider now has in this stream: stored ones outside it are gone (a change
    feed that was missed for too long cannot name its deletions any more).
    """

    items: Sequence[Mapping[str, Any]]
    cursor: str | None = None
    only: frozenset[str] | None = None
    #: What the provider itself says it has: (day, how many, sum in minor units or None). Kept as evidence of completeness.
    totals: tuple[tuple[date, int, int | None], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One kind of object a provider gives.

    ``to_records`` is pure: one raw object to facts. ``identify`` gives the object's external id, ``recognise`` says whether
    a stray payload is of this stream (``manage.py explain … auto``). ``version`` gives the provider's own version, '' for
    none (the content hash then decides). ``order`` ranks streams within a pull (accounts before documents).
    """

    name: str
    label: str
    pull: Callable[[Api, Window], Iterator[Page]]
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuth2:
    """OAuth 2 authorisation code. Paths are relative to the provider's base URL of that purpose."""

    authorize_url: str
    token_url: str
    revoke_url: str = ""
    scopes: tuple[str, ...] = ()
    #: How client id and secret go to the token endpoint.
    client_auth: Literal["basic", "form", "json"] = "basic"
    pkce: bool = False
    #: Refresh answers carry a new refresh token that replaces the old one at once.
    rotates: bool = True
    refreshes: bool = True
    #: Key of the account id in the callback query ("realmId") or the token answer ("stripe_user_id").
    account_key: str = ""
    account_in: Literal["callback", "token", "call"] = "token"


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
class HostedLink:
    """A provider whose own hosted page issues a one-time public token that is exchanged for a standing one (Plaid Link).

    All three are POSTs signed by ``Provider.authorise``. ``body`` makes the one that opens the page from (a reference of
    the client, the callback URL, the access token of a connection to be mended or ''). The result and exchange calls send
    ``{token_key: …}`` and ``{public_key: …}``; the keys say where the answers hold what is needed, at any depth.
    """

    create_path: str
    result_path: str
    exchange_path: str
    body: Callable[[str, str, str], dict[str, Any]] | None = None
    remove_path: str = ""
    token_key: str = "link_token"  # noqa: S105 (the name of a field)
    url_key: str = "hosted_link_url"
    public_key: str = "public_token"
    access_key: str = "access_token"
    account_key: str = "item_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """Requests per period per connection, kept below the published limit; ``concurrent`` calls at once."""

    requests: int
    seconds: int
    concurrent: int = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """How the provider's notices are verified and read.

    ``verify(body, headers, secrets, now)`` is constant-time on the raw body; header names in any case. ``events(payload)``
    gives (event id, account id, stream names to look at again) for each notice in the body. An empty event id: the notice
    has none, so the receiver takes the SHA-256 of body and signature header. An empty account id: the address tells whose.
    Where ``key_path`` is set, ``key_id(headers)`` names the public key, a POST of ``{"key_id": …}`` with the app's
    credentials fetches it, and the answer's JSON text is the one secret given to ``verify``.
    """

    verify: Callable[[bytes, Mapping[str, str], Sequence[str], datetime], bool]
    events: Callable[[Any], Iterable[tuple[str, str, tuple[str, ...]]]]
    #: Path of the key look-up for signatures with public keys; '' for shared secrets.
    key_path: str = ""
    key_id: Callable[[Mapping[str, str]], str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenDocument:
    """What the accounting system holds after a write or a look-up: its id (``<type>:<id>``), version and exact lines."""

    external_id: str
    version: str
    document: LedgerDocument
    raw: Mapping[str, Any]
    trace: str = ""


class Books(Protocol):
    """What an accounting system can do beyond giving streams: be written to, asked for proofs, and locked.

    Every write is one document with the request id the outbox froze; ``marker`` is the document number by which a lost
    answer is looked up. Raises Refused (with the provider's code), Unanswered, RetryLater, Reconnect.
    """

    def payload(self, document: LedgerDocument, *, marker: str, context: Context) -> dict[str, Any]:
        """The exact body that will be sent for this document; pure, so that it can be frozen and hashed at approval."""
        ...

    def write(self, api: Api, type_: str, payload: Mapping[str, Any], *, request_id: str) -> WrittenDocument: ...

    def find(self, api: Api, type_: str, marker: str) -> list[WrittenDocument]:
        """Documents carrying this marker, newest first; two of them are a double."""
        ...

    def read(self, api: Api, external_id: str) -> WrittenDocument | None:
        """The document as it stands now; None if it is gone."""
        ...

    def ledger_month(self, api: Api, month: date, context: Context) -> list[LedgerDocument]:
        """Every posted document dated in the month with exact lines, from the general ledger report."""
        ...

    def balances(self, api: Api, on: date, context: Context) -> LedgerBalances: ...

    def open_items(self, api: Api, side: Literal["receivable", "payable"], on: date, context: Context) -> OpenItems: ...

    def close_through(self, api: Api, on: date | None) -> date | None:
        """Set the closing date (None opens all) and give back the date the system itself reports afterwards."""
        ...

    def closed_through(self, api: Api) -> date | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One system. ``base_urls`` by purpose: ``api``, ``authorize``, ``token``; settings ``TIEOUT_<SLUG>_BASE_URL`` replaces all."""

    slug: str
    name: str
    category: Literal["accounting", "payroll", "processor", "commerce", "payables", "expenses", "bank", "crm"]
    base_urls: Mapping[str, str]
    auth: OAuth2 | HostedLink
    streams: tuple[Stream, ...]
    rate: RateLimit
    webhook: Webhook | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: How an error answer is read: (status, headers, parsed body or None) to the error to raise, or None for success.
    read_error: Callable[[int, Mapping[str, str], Any], Exception | None] | None = None
    #: Adds the token to a request: (headers, json body) given the access token and app credentials.
    authorise: Callable[[dict[str, str], dict[str, Any] | None, str, str, str], None] | None = None
    #: Cheap call that proves the grant and names the account: (api) -> (account id, display name).
    whoami: Callable[[Api], tuple[str, str]] | None = None
    #: Words banks print for this system's money, for matching and discovery.
    descriptors: tuple[str, ...] = ()
    books: Books | None = None
    #: Token calls through the provider's own package instead of the plain ones of ``auth``.
    tokens: TokenExchange | None = None
    #: Opens any answer of this API (nested envelopes, single objects) into the raw objects its streams read.
    open_answer: Callable[[Any], Iterable[Mapping[str, Any]]] | None = None
    seen_live: bool = False
    notes: str = ""

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
