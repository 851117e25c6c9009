"""Change data capture: full objects changed since a moment, stubs for deleted ones, at most 30 days and 1,000 objects.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.catalogue import BY_QUERY_NAME, Kind
from integrations.sandbox.quickbooks.faults import QuickBooksFault, missing
from integrations.sandbox.quickbooks.rendering import render, tombstone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.books import Books

LOOK_BACK = timedelta(days=30)
MOST_OBJECTS = 1000


def captured(books: Books, zone: ZoneInfo, entities: str, since: str, now: datetime) -> list[dict[str, Any]]:
    """One QueryResponse per entity asked for, in that order; an empty object where nothing changed."""
    kinds = _kinds(entities)
    moment = _moment(since)
    if moment < now - LOOK_BACK:
        text = f"Operation cdc with changedSince date {since} which is older than fixed days is not supported."
        raise QuickBooksFault("4001", text)
    answers, room = [], MOST_OBJECTS
    for kind in kinds:
        rows = _rows(books, zone, kind, moment)[:room]
        room -= len(rows)
        totals = {"startPosition": 1, "maxResults": len(rows), "totalCount": len(rows)}
        answers.append({kind.name: rows, **totals} if rows else {})
    return answers


def _kinds(entities: str) -> list[Kind]:
    names = [name.strip() for name in entities.split(",") if name.strip()]
    if not names:
        raise missing("entities")
    kinds = []
    for name in names:
        kind = BY_QUERY_NAME.get(name.lower())
        if kind is None or not kind.in_cdc:
            raise QuickBooksFault("4001", f"Entity {name} is not supported by change data capture")
        kinds.append(kind)
    return kinds


def _moment(since: str) -> datetime:
    if not since:
        raise missing("changedSince")
    try:
        # A plus sign in an unescaped query string arrives as a blank.
        moment = datetime.fromisoformat(since.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError as error:
        raise QuickBooksFault("4001", f"changedSince {since} is not a date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rows(books: Books, zone: ZoneInfo, kind: Kind, moment: datetime) -> list[dict[str, Any]]:
    """Oldest change first, so that a cut answer loses the newest."""
    found = [
        (held.updated_at, int(held.id) if held.id.isdigit() else 0, held.id)
        for held in books.held[kind.name].values()
        if held.updated_at >= moment
    ]
    gone = [
        (deleted_at, int(identifier), identifier)
        for identifier, deleted_at in books.tombstones[kind.name].items()
        if deleted_at >= moment
    ]
    rows = []
    for at, _, identifier in sorted(found + gone):
        held = books.find(kind.name, identifier)
        rows.append(render(held, books, zone) if held else tombstone(identifier, at, zone))
    return rows
