"""The health of a client's connections as problems in the inbox: one a problem and connection, which settle themselves (CN4).

Broken logins, readings that are behind, access that ends, and records the source has and we have not. Looked at after each
reading that changes something, and once a day.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clients.models import Client
from clients.templatetags.portal import whole
from integrations import jobs, queries, registry, schedule
from integrations.byhand.forms import FORMS
from integrations.models import Connection, StreamState, Token
from integrations.syncing import HEALTH
from ledger import completeness, exceptions_inbox, impact
from ledger.core.period import Month
from ledger.exceptions_inbox import OPEN, Problem
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.jobs import Lease
    from integrations.models import SyncJob

KINDS = ("login", "stale", "expiring", "missing")
#: Months whose counts are compared besides the one that runs.
MONTHS_BACK = 1
#: Missing ids that a title names.
NAMED = 3


def review(client: Client, *, now: datetime | None = None) -> dict[str, int]:
    """Open what is wrong with the client's connections and settle what is mended, in its context; counts of both."""
    found = list(problems(client, now=now or datetime.now(UTC)))
    opened = exceptions_inbox.open_problems(client.pk, found)
    wrong = {(problem.kind, problem.identity) for problem in found}
    rows = LedgerException.objects.filter(client=client, kind__in=KINDS, state__in=OPEN).values_list("kind", "identity")
    mended = [(kind, identity) for kind, identity in rows if (kind, identity) not in wrong]
    settled = sum(
        exceptions_inbox.settle(client.pk, [kind], [identity], resolution="Settled itself: the reading is clean again.")
        for kind, identity in mended
    )
    return {"opened": opened, "settled": settled}


def problems(client: Client, *, now: datetime) -> Iterator[Problem]:
    """What is wrong now, connection by connection; those by file and by hand are the inventory's business."""
    held = Connection.objects.filter(client=client).exclude(state__in=["pending", "disconnected", "paused"])
    tokens = {token.connection_id: token for token in Token.objects.filter(client=client).defer("ciphertext")}
    states = list(StreamState.objects.filter(client=client).exclude(duty="off"))
    short = _short(client, now)
    for connection in held.order_by("pk"):
        if connection.is_by_file:
            continue
        connection.client = client
        own = [state for state in states if state.connection_id == connection.pk]
        yield from _reading(connection, own, now)
        yield from _ending(connection, tokens.get(connection.pk), now)
        yield from _missing(connection, own, short.get(connection.pk, []))


def _problem(connection: Connection, kind: str, cause: str, title: str, **more: Any) -> Problem:
    return Problem(
        kind=kind,
        identity=f"connection:{connection.pk}",
        cause=cause,
        title=f"{name_of(connection)}: {title}"[:300],
        source=str(connection),
        connection_id=connection.pk,
        **more,
    )


def name_of(connection: Connection) -> str:
    """The system, and the account where that says more."""
    system = queries.provider_name(connection.provider)
    return system if connection.name in ("", system) else f"{system} ({connection.name})"


def _reading(connection: Connection, states: list[StreamState], now: datetime) -> Iterator[Problem]:
    """A login that is gone, or readings that fail or lag: what is missing since, and what it is usually worth."""
    if connection.state == Connection.State.NEEDS_RECONNECT:
        yield _cut_off(connection, "login", "login gone", "somebody has to sign in again", now)
        return
    troubled = sorted({state.stream for state in states if state.last_problem})
    if troubled:
        said = next(state.last_problem for state in states if state.stream == troubled[0])
        labels = ", ".join(label(connection, stream) for stream in troubled)
        yield _cut_off(connection, "stale", "reading fails", f"{labels} not read ({said})", now)
        return
    last = connection.last_success_at or connection.connected_at or connection.created_at
    if last < now - timedelta(hours=queries.STALE_HOURS):
        local = last.astimezone(ZoneInfo(connection.client.timezone))
        yield _cut_off(connection, "stale", "not read", f"not read since {local:%b} {local.day}", now)


def _cut_off(connection: Connection, kind: str, cause: str, said: str, now: datetime) -> Problem:
    gap = impact.of(connection, today=now.astimezone(ZoneInfo(connection.client.timezone)).date())
    since = f"; nothing is whole after {gap.since:%b} {gap.since.day}" if gap.since else ""
    currency = connection.client.home_currency
    worth = f"; about {whole(gap.missing_minor, currency)} {currency} would be here by now" if gap.missing_minor else ""
    return _problem(
        connection,
        kind,
        cause,
        f"{said}{since}{worth}",
        booked_on=gap.since + timedelta(days=1) if gap.since else None,
        detail={"since": str(gap.since or ""), "usual_minor": gap.usual_minor, "estimate_minor": gap.missing_minor},
    )


def _ending(connection: Connection, token: Token | None, now: datetime) -> Iterator[Problem]:
    """Access that ends whatever is done: told 60, 30 and 7 days before."""
    ends = queries.grant_end(token)
    within = queries.warn_days(ends, now)
    if ends is None or within is None or connection.state != Connection.State.LIVE:
        return
    local = ends.astimezone(ZoneInfo(connection.client.timezone))
    said = f"access ends {local:%b} {local.day}, {local.year}, within {within} days"
    yield _problem(connection, "expiring", f"access ends within {within} days", said, detail={"ends": str(ends.date())})


def _missing(connection: Connection, states: list[StreamState], short: list[str]) -> Iterator[Problem]:
    """Records that the source lists or counts and we do not have."""
    said, ids = list(short), []
    for state in states:
        if lost := list(state.listed.get("missing") or ()):
            there, here = state.listed.get("there", 0), state.listed.get("here", 0)
            named = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED} more" if len(lost) > NAMED else "")
            said.append(f"{label(connection, state.stream)}: {there:,} there, {here:,} here, missing {named}")
            ids += lost
    if said:
        yield _problem(connection, "missing", "missing here", "; ".join(said), detail={"ids": ids[:50]})


def _short(client: Client, now: datetime) -> Mapping[int, list[str]]:
    """Connection → what its sources count otherwise, in this month and the one before."""
    month = Month.of(now.astimezone(ZoneInfo(client.timezone)).date())
    found: dict[int, list[str]] = {}
    for each in month.shift(-MONTHS_BACK).through(month):
        for row in completeness.month(client, each):
            if row.counted.off:
                text = f"{row.label} in {each.label}: {row.difference}"
                found.setdefault(row.connection.pk, []).append(text)
    return found


def label(connection: Connection, stream: str) -> str:
    """What people call a stream."""
    if connection.is_by_hand and stream in FORMS:
        return FORMS[stream].title
    provider = registry.all_providers().get(connection.provider)
    labels = {each.name: each.label for each in provider.streams} if provider else {}
    return labels.get(stream, stream.replace("-", " ").capitalize())


@jobs.handler(HEALTH, atomic=True)
def check(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """Look at one client's connections."""
    return review(Client.objects.get(pk=job.client_id))


schedule.daily(HEALTH, hour=6)
