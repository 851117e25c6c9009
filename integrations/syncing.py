"""Reading one stream of one connection: page by page, each page's rows and its cursor in one commit.

A pull may die anywhere and be repeated: what is here is recognised by identity and hash, and the cursor never runs ahead of the
rows it stands for. Pages are fetched outside of transactions.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clients.tenancy import client_context, system_context
from integrations import counting, crashpoints, evidence, jobs, registry, tombstones
from integrations.errors import ProviderError, Reconnect, RetryLater, StaleCursor
from integrations.http import ConnectionApi
from integrations.models import Connection, StreamState
from integrations.provider import Context, Window
from integrations.redaction import redact
from integrations.storing import Shape, Stored, collector_at_rest, prepare, store

if TYPE_CHECKING:
    from datetime import date

    from integrations.census import Census
    from integrations.jobs import Lease
    from integrations.provider import Api, Page, Stream
    from integrations.storing import Item

#: Pages of one pull; more is a provider that never ends.
MAX_PAGES = 20_000
#: Times a pull begins again when the provider drops its cursor; the last one reads from the start.
MAX_RESTARTS = 3
#: Without a cut-over date, how far back is read.
DEFAULT_DAYS = 365
#: Hashes of pages kept to recognise an unchanged one.
MAX_HASHES = 2_000
#: What upper apps may register a job handler for: new facts are here.
FACTS = "refresh"
#: And another: how a connection is has changed, for the better or the worse.
HEALTH = "health"


@dataclass(slots=True)
class PullResult:
    """Counts of a pull. ``fetched`` is objects seen; ``more`` that it stopped at its time limit with more to read."""

    fetched: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    facts: int = 0
    exceptions: int = 0
    pages: int = 0
    more: bool = False

    def add(self, fetched: int, stored: Stored) -> None:
        self.pages += 1
        self.fetched += fetched
        for name in ("new", "changed", "unchanged", "facts", "exceptions"):
            setattr(self, name, getattr(self, name) + getattr(stored, name))


@dataclass(slots=True)
class Pull:
    """One reading of one stream: what it needs to know, and how far it is."""

    connection: Connection
    stream: Stream
    now: datetime
    duty: str
    cursor: str
    lease: Lease | None
    result: PullResult = field(default_factory=PullResult)
    pages: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    only: frozenset[str] | None = None

    @property
    def shape(self) -> Shape:
        context = context_of(self.connection)
        stream = self.stream
        return Shape(
            stream.name, lambda payload: stream.to_records(payload, context), stream.identify, stream.version, self.duty
        )

    def transaction(self) -> AbstractContextManager[Any]:
        """The client's context; under the job's fence when there is a job."""
        return self.lease.transaction() if self.lease else client_context(self.connection.client_id)


def context_of(connection: Connection) -> Context:
    """What the pure readings need to know of the client."""
    client = connection.client
    return Context(
        timezone=ZoneInfo(client.timezone), home_currency=client.home_currency, account_id=connection.account_id
    )


def find(connection_id: int) -> Connection:
    """The connection with its client, from any context."""
    with system_context():
        return Connection.objects.select_related("client").get(pk=connection_id)


def pull_stream(
    connection_id: int,
    stream: str,
    *,
    now: datetime | None = None,
    lease: Lease | None = None,
    seconds: float | None = None,
    api: Api | None = None,
) -> PullResult:
    """Read a stream from where it stands to its end, or for ``seconds``; safe to repeat at any point.

    Raises RetryLater, Reconnect, Refused, PayloadError (an envelope nobody can read), LeaseLost. A stream whose duty is
    off, and a connection that is paused or ended, give an empty result.
    """
    connection = find(connection_id)
    declared = registry.provider(connection.provider).stream(stream)
    if connection.state == Connection.State.NEEDS_RECONNECT:
        raise Reconnect(connection.problem or "somebody has to sign in again")
    state = _state(connection, declared)
    if not connection.is_live or connection.is_by_file or declared.pull is None or state.duty == StreamState.Duty.OFF:
        return PullResult()
    moment = now or datetime.now(UTC)
    deadline = None if seconds is None else time.monotonic() + seconds
    api = api or ConnectionApi(connection)
    result = PullResult()
    for restart in range(MAX_RESTARTS):
        if restart:
            state = _state(connection, declared, forget=restart == MAX_RESTARTS - 1)
        pull = Pull(connection, declared, moment, state.duty, state.cursor, lease, result)
        try:
            _read(pull, api, deadline)
        except StaleCursor:
            continue
        except ProviderError as error:
            _note(pull, error)
            raise
        return result
    raise RetryLater("the provider keeps changing its data while it is read", retry_after=300)


def _state(connection: Connection, stream: Stream, *, forget: bool = False) -> StreamState:
    """Where the stream stands; ``forget`` drops a cursor the provider no longer takes."""
    with client_context(connection.client_id):
        state, _ = StreamState.objects.get_or_create(
            client_id=connection.client_id, connection=connection, stream=stream.name, defaults={"duty": stream.duty}
        )
        if forget and state.cursor:
            state.cursor = ""
            state.save(update_fields=["cursor"])
    return state


def _read(pull: Pull, api: Api, deadline: float | None) -> None:
    assert pull.stream.pull is not None
    window = Window(cursor=pull.cursor, since=_since(pull.connection, pull.now), now=pull.now)
    for number, page in enumerate(pull.stream.pull(api, window), start=1):
        crashpoints.reach("after-fetch")
        _commit(pull, page)
        pull.marks += page.acknowledge
        if number >= MAX_PAGES:
            raise RetryLater("the provider's pages do not end", retry_after=3600)
        if deadline is not None and time.monotonic() > deadline and page.cursor is not None:
            pull.result.more = True
            return
    _complete(pull)
    if pull.stream.census is not None:
        _count(pull, pull.stream.census, api)
    if pull.stream.acknowledge is not None and pull.marks and pull.duty == StreamState.Duty.BOOK:
        pull.stream.acknowledge(api, tuple(pull.marks))


def _count(pull: Pull, census: Census, api: Api) -> None:
    """Hold what is here against what the system counts. What was missing a day ago as well is looked for from the start, by the
    next pull: it is in nothing that has changed since.
    """
    outcome = counting.count(pull.connection, pull.stream.name, census, api, now=pull.now)
    if outcome.off:
        with client_context(pull.connection.client_id):
            look_again(pull.connection.client_id)
    if outcome.is_lost:
        with pull.transaction():
            state = _hold(pull)
            state.cursor = ""
            state.save(update_fields=["cursor"])
        pull.cursor = ""


def _since(connection: Connection, now: datetime) -> date:
    return connection.cut_over_on or connection.client.cut_over_on or (now - timedelta(days=DEFAULT_DAYS)).date()


def _commit(pull: Pull, page: Page) -> None:
    """One page's rows and its cursor, or nothing."""
    with collector_at_rest(len(page.items)):
        _store_page(pull, page)
    crashpoints.reach("after-cursor")


def _store_page(pull: Pull, page: Page) -> None:
    items = prepare(page.items, pull.stream.identify)
    digest = _digest(items)
    with pull.transaction():
        state = _hold(pull)
        unchanged = page.only is None and digest in state.pages
        stored = Stored(unchanged=len(items)) if unchanged else store(pull.connection, pull.shape, items, at=pull.now)
        if page.only is not None:
            if page.only_pulled:
                pull.only = (pull.only or frozenset()) | page.only
            if page.buries:
                stored.add(tombstones.bury(pull.connection, pull.shape, page.only, at=pull.now))
        crashpoints.reach("after-insert")
        moved = {"cursor"} if page.cursor is not None and page.cursor != state.cursor else set()
        if (stored.new or stored.changed) and state.pages:
            # What the hashes of the last pull stood for is no longer the latest.
            state.pages, moved = [], moved | {"pages"}
        if stored.facts and jobs.has_handler(FACTS):
            jobs.wake(pull.connection.client_id, FACTS)
        if page.cursor is not None:
            state.cursor = page.cursor
        crashpoints.reach("before-cursor")
        if moved:
            state.save(update_fields=moved)
    pull.cursor = state.cursor
    pull.pages.append(digest)
    pull.result.add(len(items), stored)


def _hold(pull: Pull) -> StreamState:
    """The stream's row, locked. Raises RetryLater if another pull moved the cursor under this one."""
    state = StreamState.objects.select_for_update().get(
        client_id=pull.connection.client_id, connection=pull.connection, stream=pull.stream.name
    )
    if state.cursor != pull.cursor:
        raise RetryLater("another reading of this stream is ahead", retry_after=5)
    return state


def _digest(items: list[Item]) -> str:
    return hashlib.sha256(b"".join(item.sha256 for item in items)).hexdigest()[:32]


def _complete(pull: Pull) -> None:
    """Everything up to yesterday is here."""
    yesterday = pull.now.astimezone(ZoneInfo(pull.connection.client.timezone)).date() - timedelta(days=1)
    with pull.transaction():
        state = _hold(pull)
        was, lost = bool(state.last_problem), state.listed.get("missing", [])
        if pull.only is not None:
            state.listed = tombstones.compare(pull.connection, pull.stream.name, pull.only, state.listed)
        else:
            state.listed = tombstones.confirm(pull.connection, pull.stream.name, state.listed)
        state.pages = pull.pages[-MAX_HASHES:]
        state.last_success_at, state.last_problem = pull.now, ""
        state.complete_through = max(state.complete_through or yesterday, yesterday)
        state.save(update_fields=["pages", "last_success_at", "last_problem", "complete_through", "listed"])
        if was or lost != state.listed.get("missing", []):
            look_again(pull.connection.client_id)
        Connection.objects.filter(pk=pull.connection.pk).update(last_success_at=pull.now, problem="")
        evidence.keep_balances(pull.connection, pull.stream.name, at=pull.now)


def look_again(client_id: int) -> None:
    """How a connection of the client is has changed: whoever keeps its health looks soon. Needs the client's context."""
    if jobs.has_handler(HEALTH):
        jobs.wake(client_id, HEALTH)


def _note(pull: Pull, error: ProviderError) -> None:
    with client_context(pull.connection.client_id):
        look_again(pull.connection.client_id)
        StreamState.objects.filter(connection=pull.connection, stream=pull.stream.name).update(
            last_problem=redact(str(error))
        )
