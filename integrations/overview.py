"""What the connections page shows: every system with its state in words, its last readings, its next one, and its timeline."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.urls import NoReverseMatch, reverse

from clients import catalogue
from integrations import queries, registry, schedule
from integrations.models import Connection, Fact, SyncJob
from integrations.queries import Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client
    from integrations.provider import Provider

BARS = 16
TIMELINE = 20
BAR_STEP, BAR_TALLEST, BAR_FLOOR = 6, 19, 22
#: A job due later than this does not show a system as being read.
SOON = timedelta(minutes=2)
PATHS = {
    "api": ("api", "Direct API"),
    "feed": ("building-bank", "Bank feed"),
    "file": ("file-upload", "File"),
    "hand": ("edit", "By hand"),
}
WORDS = {
    "accounting": "Ledger",
    "payroll": "Payroll",
    "processor": "Card payments",
    "commerce": "Online store",
    "payables": "Bills",
    "expenses": "Expenses",
    "bank": "Bank",
    "crm": "Customers",
}
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True, slots=True)
class Bar:
    """One reading in the small chart; ``css`` is '' for a good one."""

    x: int
    y: int
    height: int
    css: str


@dataclass(frozen=True, slots=True)
class Row:
    """One system of the table. ``ends_in`` are whole days until the grant ends, None when it does not."""

    health: Health
    provider: Provider | None
    path: tuple[str, str]
    kind: str
    bars: tuple[Bar, ...]
    is_reading: bool
    next_at: datetime | None
    ends_in: int | None

    @property
    def connection(self) -> Connection:
        return self.health.connection

    @property
    def initials(self) -> str:
        return initials(self.health.provider_name)

    @property
    def is_ended(self) -> bool:
        return self.connection.state == Connection.State.DISCONNECTED

    @property
    def impact(self) -> str:
        return impact_address(self.connection)

    @property
    def documents(self) -> int:
        return sum(stream.documents for stream in self.health.streams)

    @property
    def held(self) -> int:
        return sum(stream.exceptions for stream in self.health.streams)

    @property
    def state(self) -> tuple[str, str, str]:
        """(colour, icon, words): the first that holds of broken, behind, in trouble, with held objects, well."""
        state = self.connection.state
        if state != Connection.State.LIVE:
            return {
                "pending": ("wait", "clock", "Sign-in not finished"),
                "needs_reconnect": ("bad", "plug-connected-x", "Needs a login"),
                "paused": ("warn", "clock-pause", "Paused"),
                "disconnected": ("mute", "ban", "Disconnected"),
            }[state]
        if trouble := [stream for stream in self.health.streams if stream.problem]:
            return "warn", "alert-triangle", f"{trouble[0].label}: trouble"
        if self.health.is_stale and not self.connection.is_by_file:
            return "warn", "clock-exclamation", "Not read yet" if not self.connection.last_success_at else "Behind"
        if self.health.problem:
            return "warn", "alert-triangle", "Trouble"
        if self.held:
            return "warn", "alert-triangle", f"{self.held} held"
        return "ok", "circle-check", "Healthy"

    @property
    def failed_bars(self) -> int:
        return sum(bar.css == "bad" for bar in self.bars)

    @property
    def warned_bars(self) -> int:
        return sum(bar.css == "warn" for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; ``css`` is t-ok, t-bad or ''."""

    at: datetime
    text: str
    detail: str
    css: str


def rows(client: Client, *, now: datetime | None = None) -> list[Row]:
    """Every system of a client, broken ones first, ended ones last; in its context."""
    moment = now or datetime.now(UTC)
    found = queries.health_of_client(client, now=moment)
    jobs = _jobs(client)
    made = [_row(health, jobs[health.connection.pk], moment) for health in found]
    return sorted(made, key=_rank)


def row(connection: Connection, *, now: datetime | None = None) -> Row:
    moment = now or datetime.now(UTC)
    jobs = _jobs(connection.client, connection)
    return _row(queries.health(connection, now=moment), jobs[connection.pk], moment)


def _rank(each: Row) -> tuple[int, str]:
    order = {"needs_reconnect": 0, "pending": 3, "disconnected": 4}
    return order.get(each.connection.state, 1), each.health.provider_name


def _row(health: Health, jobs: Sequence[SyncJob], now: datetime) -> Row:
    connection = health.connection
    provider = registry.all_providers().get(connection.provider)
    path = PATHS[_path(connection, provider)]
    ends = health.reconnect_by
    return Row(
        health=health,
        provider=provider,
        path=path,
        kind=_kind(connection, provider),
        bars=_bars(jobs),
        is_reading=any(_is_now(job, now) for job in jobs),
        next_at=_next(connection, provider, jobs, now),
        ends_in=max((ends - now).days, 0) if ends else None,
    )


def _path(connection: Connection, provider: Provider | None) -> str:
    if connection.is_by_hand:
        return "hand"
    if connection.is_by_file:
        return "file"
    return "feed" if provider and provider.category == "bank" else "api"


def _kind(connection: Connection, provider: Provider | None) -> str:
    if provider:
        return WORDS.get(provider.category, "")
    system = catalogue.BY_SLUG.get(connection.provider)
    return catalogue.CATEGORIES[system.category][0] if system and connection.is_by_hand else "Bank"


def _is_now(job: SyncJob, now: datetime) -> bool:
    return job.state == SyncJob.State.LEASED or (job.state == SyncJob.State.DUE and job.run_after <= now + SOON)


def _jobs(client: Client, connection: Connection | None = None) -> Mapping[int, list[SyncJob]]:
    """The last readings of each connection, newest first."""
    wanted = SyncJob.objects.filter(client=client, kind="sync", connection__isnull=False).order_by("-created_at", "-pk")
    found: dict[int, list[SyncJob]] = defaultdict(list)
    for job in wanted.filter(connection=connection)[:200] if connection else wanted[:600]:
        if job.connection_id is not None and len(found[job.connection_id]) < BARS + 4:
            found[job.connection_id].append(job)
    return found


def _bars(jobs: Sequence[SyncJob]) -> tuple[Bar, ...]:
    """The last sixteen readings, oldest first; taller for more that was new."""
    ended = [job for job in jobs if job.state in {SyncJob.State.DONE, SyncJob.State.FAILED} or job.problem][:BARS]
    made = []
    for place, job in enumerate(reversed(ended)):
        height = min(BAR_TALLEST, 5 + 2 * _news(job).bit_length())
        css = "bad" if job.state == SyncJob.State.FAILED else "warn" if job.failures or job.problem else ""
        made.append(Bar(place * BAR_STEP, BAR_FLOOR - height, height, css))
    return tuple(made)


def _counts(job: SyncJob, *names: str) -> int:
    streams: Iterable[Any] = job.result.values() if isinstance(job.result, dict) else ()
    return sum(int(stream.get(name) or 0) for stream in streams if isinstance(stream, dict) for name in names)


def _news(job: SyncJob) -> int:
    return _counts(job, "new", "changed")


def _next(connection: Connection, provider: Provider | None, jobs: Sequence[SyncJob], now: datetime) -> datetime | None:
    """When it is read again by itself: a waiting job, or the next slot of its shortest rhythm."""
    if provider is None or not connection.is_live or connection.is_by_file or not provider.pulled:
        return None
    waiting = [job.run_after for job in jobs if job.state == SyncJob.State.DUE and job.run_after > now]
    shortest = min(stream.every_minutes for stream in provider.pulled)
    if shortest < schedule.DAY_MINUTES:
        seconds = shortest * 60
        slot = datetime.fromtimestamp((int(now.timestamp()) // seconds + 1) * seconds, UTC)
    else:
        zone = ZoneInfo(connection.client.timezone)
        slot = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    return min([*waiting, slot])


def headline(found: Sequence[Row]) -> str:
    """``Nine systems, one needs a login``: the finding, not the page's name."""
    counted = [each for each in found if not each.is_ended]
    if not counted:
        return "No system is connected"
    broken = sum(each.connection.state == Connection.State.NEEDS_RECONNECT for each in counted)
    trouble = sum(each.state[0] in {"warn", "wait"} for each in counted)
    text = f"{_number(len(counted))} system{'s' if len(counted) > 1 else ''}"
    if broken:
        return f"{text}, {_number(broken).lower()} {'needs' if broken == 1 else 'need'} a login"
    if trouble:
        return f"{text}, {_number(trouble).lower()} to look at"
    return f"{text}, all healthy"


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def initials(name: str) -> str:
    """Two letters that stand for a system."""
    words = name.split()
    return words[0][:1].upper() + words[1][:1].upper() if len(words) > 1 else name[:2].title()


def unconnected(found: Sequence[Row]) -> list[tuple[Provider, str, str, bool]]:
    """Every provider that can be connected: (provider, its letters, what it is, whether an account is connected already)."""
    held = {each.connection.provider for each in found if not each.is_ended}
    return [
        (provider, initials(provider.name), WORDS[provider.category], slug in held)
        for slug, provider in registry.all_providers().items()
    ]


def timeline(client: Client, connection: Connection | None = None) -> list[Moment]:
    """The last twenty jobs that touched a system, newest first, in words; in the client's context."""
    jobs = SyncJob.objects.filter(client=client, connection__isnull=False).exclude(kind="duty")
    if connection is not None:
        jobs = jobs.filter(connection=connection)
    return [_moment(job) for job in jobs.select_related("connection").order_by("-created_at", "-pk")[:TIMELINE]]


def _moment(job: SyncJob) -> Moment:
    assert job.connection is not None
    name = queries.provider_name(job.connection.provider)
    at = job.finished_at or job.created_at
    if job.state == SyncJob.State.FAILED:
        return Moment(at, f"{name}: {_act(job)} failed", job.problem, "t-bad")
    if job.state != SyncJob.State.DONE:
        what = "running" if job.state == SyncJob.State.LEASED else "waiting"
        return Moment(at, f"{name}: {_act(job)} {what}", job.problem, "")
    after = f"after {job.failures} failed {'tries' if job.failures > 1 else 'try'}" if job.failures else ""
    return Moment(at, f"{name}: {_done(job)}", after, "t-ok" if _news(job) or after else "")


def _act(job: SyncJob) -> str:
    return {"sync": "reading", "revoke": "handing back access", "keep-alive": "renewing access"}.get(job.kind, job.kind)


def _done(job: SyncJob) -> str:
    if job.kind == "sync":
        parts = [f"{_counts(job, name):,} {name}" for name in ("new", "changed") if _counts(job, name)]
        return " and ".join(parts) or "nothing new"
    if job.kind == "keep-alive":
        return "access renewed" if job.result.get("renewed") else "access still good"
    if job.kind == "revoke":
        return "access handed back" if job.result.get("revoked") else "access kept"
    return _act(job)


def completeness_address(client: Client, connection: Connection, *, now: datetime | None = None) -> str:
    """Where the figures of completeness are fetched from, for the last whole month that has any; '' when nobody answers."""
    today = (now or datetime.now(UTC)).astimezone(ZoneInfo(client.timezone)).date()
    last = today.replace(day=1) - timedelta(days=1)
    dated = Fact.objects.filter(client=client, connection_id=connection.pk, booked_on__lte=last)
    newest = dated.aggregate(newest=Max("booked_on"))["newest"] or last
    try:
        return reverse("ledger:completeness", args=[client.slug, f"{newest:%Y-%m}"]) + f"?connection={connection.pk}"
    except NoReverseMatch:
        return ""


def impact_address(connection: Connection) -> str:
    """Where it is told what the connection's absence costs; '' when nobody answers."""
    try:
        return reverse("closeout:impact", args=[connection.client.slug, connection.pk])
    except NoReverseMatch:
        return ""


def issues_address(client: Client) -> str:
    """Where the problems of the connections are fetched from; '' when nobody keeps any."""
    try:
        return reverse("ledger:issues", args=[client.slug])
    except NoReverseMatch:
        return ""


def is_file(connection: Connection) -> bool:
    """Whether it is brought as files instead of being read."""
    return connection.is_by_file
