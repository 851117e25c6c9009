"""Completeness of sources: connected, complete, nothing held or doubled, what others book proven (K01–K04, K29)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import completeness, duplicates, health, source_proof
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.models import Connection
    from ledger.source_proof import SourceProof


@check("K01", area="sources", title="Every system is connected and synced past month end")
def every_system_is_connected(scope: Scope) -> Result:
    """Each inventoried system has a live connection (or this period's file, or figures that a second person verified) with
    a success after the period's end.
    """
    connections = [one for one in completeness.connections(scope.client) if not one.is_by_hand]
    untyped = completeness.uncaptured_systems(scope.client, scope.month)
    missing = completeness.unconnected_systems(scope.client)
    page = scope.url("connections")
    items = [
        *(
            Item(label=f"{name} is in the inventory and not connected", url=page, key=f"stack:{name}")
            for name in missing
        ),
        *(
            Item(
                label=f"{name}: no figures of {scope.month.label} are verified",
                url=scope.url("stack", slug, "capture"),
                key=f"hand:{slug}",
            )
            for slug, name in untyped
        ),
        *(item for connection in connections if (item := _connection_item(scope, connection))),
    ]
    oldest = min((c.last_success_at for c in connections if c.last_success_at), default=None)
    if not connections and not missing and not untyped:
        return Result(state="cannot_tell", summary="No system is connected or inventoried.", evidence=page)
    ok = not items
    return Result(
        state="pass" if ok else "fail",
        unit="count",
        expected=len(connections) + len(missing) + len(untyped),
        actual=len(connections) + len(missing) + len(untyped) - len(items),
        items=tuple(items),
        evidence=page,
        as_of=oldest,
        summary=many(
            len(connections), f"# system|systems, all synced past {scope.month.last:%b} {scope.month.last.day}."
        )
        if ok
        else "; ".join(item.label for item in items)[:480],
    )


def _connection_item(scope: Scope, connection: Connection) -> Item | None:
    page = scope.url("connections")
    if connection.state != "live":
        since = completeness.known_through(connection)
        said = f", nothing after {since:%b} {since.day}" if since else ""
        return Item(
            label=f"{connection}: {connection.problem or connection.get_state_display()}{said}",
            url=page,
            key=f"connection:{connection.pk}",
        )
    end = datetime.combine(scope.month.next.first, time.min, ZoneInfo(scope.client.timezone)).astimezone(UTC)
    if connection.last_success_at is None or connection.last_success_at < end:
        return Item(
            label=f"{connection} was not synced after the month's end", url=page, key=f"connection:{connection.pk}"
        )
    return None


@check("K02", area="sources", title="Counts and totals match at every source")
def every_stream_is_complete(scope: Scope) -> Result:
    """Per stream: what the source counts = what was fetched = booked + evidence + skipped with a reason + exceptions listed."""
    rows = completeness.month(scope.client, scope.month)
    if not rows:
        return Result(state="not_applicable", summary="Nothing was fetched for this month.")
    items = tuple(
        Item(
            label=f"{row.connection} {row.label}: {row.difference}"
            if row.is_short
            else f"{row.connection} {row.label}: {row.waiting} not handled yet",
            url=scope.url("completeness", scope.month, row.connection.pk, row.stream),
            key=f"stream:{row.connection.pk}:{row.stream}",
        )
        for row in rows
        if row.is_short or row.waiting
    )
    fetched = sum(row.fetched for row in rows)
    handled = sum(row.handled for row in rows)
    unknown = [row for row in rows if row.is_unknown]
    state: State
    if items:
        state, summary = "fail", items[0].label
    elif any(row.is_incomplete for row in rows):
        names = sorted({str(row.connection) for row in rows if row.is_incomplete})
        state, summary = "cannot_tell", f"{', '.join(names)} may lack records to the month's end."
    else:
        state = "pass"
        summary = f"{fetched} records: all booked, kept as evidence or skipped with a reason." + (
            many(len(unknown), " # stream gives|streams give no count of its|their own.") if unknown else ""
        )
    return Result(
        state=state,
        summary=summary,
        unit="count",
        expected=fetched,
        actual=handled,
        items=items,
        evidence=scope.url("connections"),
    )


@check("K03", area="sources", title="No open exception dated in the month")
def no_open_exception(scope: Scope) -> Result:
    """No open or snoozed exception dated to the month's end; each is listed with its amount. Duplicates are K04's, how the
    connections are K01's and K02's.
    """
    rows = (
        LedgerException.objects.filter(client=scope.client, state__in=["open", "snoozed"])
        .filter(Q(booked_on__lte=scope.month.last) | Q(booked_on__isnull=True))
        .exclude(kind__in=["duplicate", *health.KINDS])
    )
    items = tuple(
        Item(
            label=f"{row.get_kind_display()}: {row.title}",
            amount=row.amount_minor,
            url=f"/exceptions/?client={scope.client.slug}#e{row.pk}",
            key=f"exception:{row.pk}",
        )
        for row in rows[:200]
    )
    count = rows.count()
    return Result(
        state="fail" if count else "pass",
        summary=many(count, "# exception|exceptions is|are open.") if count else "Nothing is held.",
        unit="count",
        expected=0,
        actual=count,
        items=items,
        evidence=f"/exceptions/?client={scope.client.slug}",
    )


@check("K04", area="sources", title="No undecided duplicate")
def no_undecided_duplicate(scope: Scope) -> Result:
    """Every suspect pair dated in the month is decided; decided ones are listed."""
    pairs = duplicates.pairs(scope.client, scope.month)
    items = tuple(
        Item(
            label=pair.label,
            amount=pair.amount,
            url=f"/c/{scope.client.slug}/duplicates/",
            key=pair.identity,
            is_open=pair.is_open,
            note=pair.decision,
        )
        for pair in pairs
    )
    undecided = sum(pair.is_open for pair in pairs)
    return Result(
        state="fail" if undecided else "pass",
        summary=many(undecided, "# suspect pair|pairs waits|wait for a decision.")
        if undecided
        else many(len(pairs), "# suspect pair|pairs, all decided."),
        unit="count",
        expected=0,
        actual=undecided,
        items=items,
        evidence=f"/c/{scope.client.slug}/duplicates/",
    )


@check("K29", area="sources", title="What another route books is what the system reports")
def proven_stands_there(scope: Scope) -> Iterator[Result] | Result:
    """Every record of a system that only proves stands in the accounting system once, with its amount."""
    found = source_proof.connections(scope.client)
    if not found:
        return Result(
            state="not_applicable", summary="Every system is booked from here, or proven by a proof of its own."
        )
    return (_proven(scope, source_proof.prove(scope.client, connection, scope.month)) for connection in found)


def _proven(scope: Scope, proof: SourceProof) -> Result:
    said = {"missing": "not in the accounting system", "differs": "another amount there"}
    items = tuple(
        Item(
            label=f"{row.label}: {said[row.state]}",
            amount=row.difference,
            url=scope.url("sources", row.fact.pk),
            key=f"proof:{row.fact.stream}:{row.fact.external_id}"[:160],
        )
        for row in proof.off
    )
    return Result(
        state="fail" if items else "pass",
        summary=many(len(items), "# record|records does|do not stand there as the system reports it|them.")
        if items
        else many(len(proof.rows), "# record|records, each once in the accounting system."),
        expected=proof.reported,
        actual=proof.there,
        items=items,
        evidence=scope.url("proven", scope.month, proof.connection.pk),
        subject=str(proof.connection.pk),
        title=f"{health.name_of(proof.connection)}: what another route books is what it reports",
    )
