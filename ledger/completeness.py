"""Nothing missing: per connection and stream what the source counts, what is here, and what became of it (N6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from django.db.models import Count, Min, Q, Sum

from clients.catalogue import BY_SLUG
from clients.models import StackItem
from integrations.byhand.forms import FORMS, form_of
from integrations.evidence import COUNT, OFF
from integrations.models import Connection, ControlTotal, Fact, ManualFigure, StreamState
from integrations.registry import all_providers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clients.models import Client
    from integrations.provider import Provider, Stream
    from ledger.core.period import Month

#: Missing ids that are named in one line.
NAMED = 3


class _Counts(TypedDict):
    """Facts of one stream by what became of them."""

    connection_id: int
    stream: str
    n: int
    booked: int
    evidence: int
    skipped: int
    held: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What the source counts of a stream in a month, what of it is ``here``, how many days are ``off``, and the ids we lack.

    ``there`` is None where the source gives no count. ``is_compared`` says that it tells no number and lists its ids instead:
    all of them, or those of each day, which are then counted here.
    """

    there: int | None = None
    here: int | None = None
    off: int = 0
    missing: tuple[str, ...] = ()
    is_compared: bool = False


@dataclass(frozen=True, slots=True)
class StreamMonth:
    """One stream in one month: what the source counts, and what became of the ``fetched`` records."""

    connection: Connection
    stream: str
    label: str
    counted: Counted
    fetched: int
    booked: int
    evidence: int
    skipped: int
    held: int
    waiting: int
    is_incomplete: bool
    #: Where there is nothing to count: what stands for it, in words.
    instead: str = ""

    @property
    def handled(self) -> int:
        return self.booked + self.evidence + self.skipped + self.held

    @property
    def is_short(self) -> bool:
        return bool(self.counted.off or self.counted.missing)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing tells how much there is."""
        return self.counted.there is None and not self.counted.is_compared and not self.instead

    @property
    def difference(self) -> str:
        """What is short, in words: "412 there, 411 here: missing 5011"."""
        named = ", ".join(self.counted.missing[:NAMED])
        more = len(self.counted.missing) - NAMED
        lost = f": missing {named}" + (f" and {more} more" if more > 0 else "") if named else ""
        if self.counted.off and self.counted.there != self.counted.here:
            return f"{self.counted.there:,} there, {self.counted.here:,} here{lost}"
        days = f"{self.counted.off} day{'s' if self.counted.off != 1 else ''} with another count or sum there"
        return f"{days}{lost}" if self.counted.off else lost.removeprefix(": ")


def connections(client: Client) -> list[Connection]:
    """Every connection that counts towards completeness."""
    return list(
        Connection.objects.filter(client=client).exclude(state__in=["pending", "disconnected"]).order_by("provider")
    )


def unconnected_systems(client: Client) -> list[str]:
    """Systems of the inventory that should be connected and are not."""
    held = set(
        Connection.objects.filter(client=client)
        .exclude(state__in=["pending", "disconnected"])
        .values_list("provider", flat=True)
    )
    names = {slug: provider.name for slug, provider in all_providers().items()}
    wanted = StackItem.objects.filter(client=client, dismissed=False, route__in=["api", "feed", "file"]).values_list(
        "system", flat=True
    )
    return sorted(names.get(system, system) for system in wanted if system not in held and system in names)


def uncaptured_systems(client: Client, month: Month) -> list[tuple[str, str]]:
    """(slug, name) of systems by hand whose figures of the month nobody has verified; only what is due every month."""
    chosen = StackItem.objects.filter(client=client, dismissed=False, route="hand").values_list("system", flat=True)
    due = [
        system
        for slug in chosen
        if (system := BY_SLUG.get(slug)) and (form := form_of(system)) is not None and form.is_monthly
    ]
    if not due:
        return []
    there = set(
        ManualFigure.objects.filter(
            client=client,
            state=ManualFigure.State.VERIFIED,
            booked_on__range=(month.first, month.last),
            system__in=[system.slug for system in due],
        ).values_list("system", flat=True)
    )
    return sorted((system.slug, system.name) for system in due if system.slug not in there)


def known_through(connection: Connection) -> date | None:
    """The last day nothing is missing of: its streams' last complete day, or, once broken, its last record's day."""
    if connection.state != Connection.State.LIVE:
        newest = Fact.objects.filter(client_id=connection.client_id, connection=connection, kind="BankLine").order_by(
            "-booked_on"
        )
        if (last := newest.values_list("booked_on", flat=True).first()) is not None:
            return last
    days = StreamState.objects.filter(
        client_id=connection.client_id, connection=connection, complete_through__isnull=False
    )
    first: date | None = days.aggregate(first=Min("complete_through"))["first"]
    return first


def month(client: Client, month: Month) -> list[StreamMonth]:
    """Every stream that has facts in the month, or a count of the source, with what became of them."""
    providers = all_providers()
    by_id = {connection.pk: connection for connection in connections(client)}
    states = {(s.connection_id, s.stream): s for s in StreamState.objects.filter(client=client)}
    streams = {key: said for key in states if key[0] in by_id and (said := declared(by_id[key[0]], key[1])) is not None}
    counted, facts = (
        _counted(client, month, states, streams),
        {(row["connection_id"], row["stream"]): row for row in _facts(client, month)},
    )
    wanted = {*facts, *(key for key, count in counted.items() if count.there or count.missing)}
    rows = []
    for key in sorted(wanted):
        pk, stream = key
        connection = by_id.get(pk)
        if connection is None:
            continue
        through = states[key].complete_through if key in states else None
        # What is typed is of its own days; whether the month is there is K01's question.
        is_behind = through is not None and through < month.last and not connection.is_by_hand
        row = facts.get(key)
        numbers = (
            (row["n"], row["booked"], row["evidence"], row["skipped"], row["held"], row["waiting"]) if row else (0,) * 6
        )
        label = _label(connection, providers.get(connection.provider), stream)
        count = counted.get(key, Counted())
        instead = streams[key].instead if key in streams else ""
        is_incomplete = connection.state != "live" or is_behind
        rows.append(StreamMonth(connection, stream, label, count, *numbers, is_incomplete, instead))
    return rows


def _counted(
    client: Client,
    month: Month,
    states: Mapping[tuple[int, str], StreamState],
    streams: Mapping[tuple[int, str], Stream],
) -> dict[tuple[int, str], Counted]:
    """By connection and stream: the counts of the month's days, or else whether all ids were compared."""
    totals = ControlTotal.objects.filter(client=client, day__range=(month.first, month.last), source=COUNT)
    found = {
        key: Counted(is_compared=True, missing=tuple(state.listed.get("missing", ())))
        for key, state in states.items()
        if state.listed
    }
    rows = totals.values_list("connection_id", "stream").annotate(
        Sum("count"), Sum("here"), off=Count("pk", filter=OFF)
    )
    lost: dict[tuple[int, str], list[str]] = {}
    for pk, stream, missing in (
        totals.exclude(missing=[]).order_by("day").values_list("connection_id", "stream", "missing")
    ):
        lost.setdefault((pk, stream), []).extend(missing)
    return found | {
        (pk, stream): Counted(
            there, here, off, tuple(lost.get((pk, stream), ())), is_compared=is_listed(streams.get((pk, stream)))
        )
        for pk, stream, there, here, off in rows
    }


def declared(connection: Connection, stream: str) -> Stream | None:
    """What the provider says of a stream that is read from its API; None for one that comes by files or by hand."""
    provider = None if connection.is_by_file else all_providers().get(connection.provider)
    return next((one for one in provider.pulled if one.name == stream), None) if provider else None


def is_listed(stream: Stream | None) -> bool:
    """Whether the source tells no number of its own, and what it lists of each day is counted."""
    return stream is not None and stream.census is not None and not stream.census.is_told


def _label(connection: Connection, provider: Provider | None, stream: str) -> str:
    if connection.is_by_hand and stream in FORMS:
        return FORMS[stream].title
    labels = {each.name: each.label for each in provider.streams} if provider else {}
    return labels.get(stream, stream.replace("-", " ").capitalize())


def _facts(client: Client, month: Month) -> list[_Counts]:
    facts = Fact.objects.filter(client=client, booked_on__range=(month.first, month.last)).exclude(state="superseded")
    rows = (
        facts.values("connection_id", "stream")
        .annotate(
            n=Count("external_id", distinct=True),
            booked=Count("external_id", distinct=True, filter=Q(state="booked")),
            evidence=Count("external_id", distinct=True, filter=Q(state="proof")),
            skipped=Count("external_id", distinct=True, filter=Q(state="skipped")),
            held=Count("external_id", distinct=True, filter=Q(state="exception")),
            waiting=Count("external_id", distinct=True, filter=Q(state="new")),
        )
        .order_by("connection_id", "stream")
    )
    return cast("list[_Counts]", list(rows))
