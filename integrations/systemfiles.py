"""Export files of systems: known by their header row, shown as facts, and kept as documents of a stream like any that were pulled.

A system without access to its API has a connection of its own all the same, "by file": the same duties, the same proofs, and a
month that is missing until its file is in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from integrations import evidence, registry, tables
from integrations.errors import PayloadError
from integrations.models import Connection, SourceDocument, StreamState
from integrations.money import MoneyError
from integrations.payload import Payload
from integrations.records import Record, Unknown
from integrations.storing import Shape, Stored, prepare, store
from integrations.syncing import context_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client, User
    from integrations.models import FileImport
    from integrations.provider import Context, FileLayout, Provider, Stream
    from integrations.tables import Table

SHOWN_FACTS = 10
LONGEST_NAME = 150
NOT_BOOKED = {"Unknown": "Not understood", "Skipped": "Not to be booked"}


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that is known: whose, by which layout, its rows, and the raw objects they make."""

    provider: Provider
    layout: FileLayout
    table: Table
    objects: tuple[Mapping[str, Any], ...]

    @property
    def stream(self) -> Stream:
        return self.provider.stream(self.layout.stream)


def recognise(content: bytes, filename: str, *, system: Provider | None = None) -> Brought | None:
    """What export file this is; None where no layout, or more than one, knows it. Only ``system``'s where that is given.

    Raises PayloadError for rows nobody can read, and for a file that is none of ``system``'s.
    """
    try:
        opened = list(tables.sheets(content, filename))
    except PayloadError:
        if system is not None:
            raise
        return None
    providers = [system] if system is not None else list(registry.all_providers().values())
    found = [
        (provider, layout, table)
        for provider in providers
        for layout in provider.files
        if (table := tables.find_in(opened, filename, layout.recognise)) is not None
    ]
    if len(found) == 1:
        ((provider, layout, table),) = found
        return Brought(provider, layout, table, tuple(layout.objects(table)))
    if system is None:
        return None
    known = ", ".join(layout.label for layout in system.files) or "nothing"
    raise PayloadError("$", f"this is no export file of {system.name} we know ({known})")


def summary(brought: Brought, client: Client, connection: Connection | None) -> dict[str, Any]:
    """What a person sees before confirming: facts by kind with their sums, the days, what is held back, the first ones."""
    facts, problems = _facts(brought, _context(client, connection))
    days = [fact.booked_on for fact in facts]
    held = [fact.what for fact in facts if isinstance(fact, Unknown)]
    return {
        "system": {
            "provider": brought.provider.slug,
            "name": brought.provider.name,
            "layout": brought.layout.name,
            "label": brought.layout.label,
            "sheet": brought.table.sheet,
            "rows": len(brought.table.rows),
            "objects": len(brought.objects),
            "kinds": _kinds(facts),
            "held": sorted(set(held))[:SHOWN_FACTS],
            "held_count": len(held) + len(problems),
            "problems": problems[:SHOWN_FACTS],
            "first": str(min(days)) if days else None,
            "last": str(max(days)) if days else None,
            "shown": [_line(fact) for fact in facts[:SHOWN_FACTS]],
        }
    }


def _facts(brought: Brought, context: Context) -> tuple[list[Record], list[str]]:
    """The facts of all objects, and why some cannot be read."""
    facts: list[Record] = []
    problems: list[str] = []
    for raw in brought.objects:
        try:
            facts += brought.stream.to_records(Payload.of(raw), context)
        except (PayloadError, MoneyError) as error:
            problems.append(str(error))
    return facts, problems


def _kinds(facts: Sequence[Record]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for fact in facts:
        found = counts[type(fact).__name__, fact.currency]
        found[0] += 1
        found[1] += getattr(fact, "amount", 0) or 0
    return [
        {"kind": _words(kind), "currency": currency, "count": count, "sum_minor": total}
        for (kind, currency), (count, total) in sorted(counts.items())
    ]


def _words(name: str) -> str:
    """``ProcessorFee`` as people read it: ``Processor fee``."""
    if name in NOT_BOOKED:
        return NOT_BOOKED[name]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _line(fact: Record) -> dict[str, Any]:
    return {
        "day": str(fact.booked_on),
        "kind": _words(type(fact).__name__),
        "id": fact.external_id,
        "memo": str(getattr(fact, "memo", "") or getattr(fact, "what", ""))[:100],
        "amount": getattr(fact, "amount", None),
        "currency": fact.currency,
    }


def _context(client: Client, connection: Connection | None) -> Context:
    holder = connection or Connection(client=client, account_id="")
    return context_of(holder)


def known(brought: Brought, connection: Connection | None) -> int:
    """How many of its objects are here already, by identity."""
    if connection is None:
        return 0
    ids = [item.external_id for item in prepare(brought.objects, brought.stream.identify)]
    return SourceDocument.objects.filter(
        client_id=connection.client_id,
        connection=connection,
        stream=brought.layout.stream,
        version=1,
        external_id__in=ids,
    ).count()


def accounts(client: Client, provider: Provider) -> list[Connection]:
    """The client's connections of a system that a file can be of."""
    found = Connection.objects.filter(client=client, provider=provider.slug)
    return list(found.exclude(state=Connection.State.DISCONNECTED).order_by("name", "pk"))


def connection_for(client: Client, provider: Provider, account: str, *, actor: User) -> Connection:
    """The connection an account's file goes to: one that is named so, or a new one by file."""
    name = " ".join(account.split())[:LONGEST_NAME]
    for held in accounts(client, provider):
        if name in {held.name, held.account_id}:
            return held
    made, _ = Connection.objects.get_or_create(
        client=client,
        provider=provider.slug,
        # An account known by its name only: the name is the client's own, so its number goes with it.
        account_id=f"file:{client.pk}:{name}",
        defaults={"name": name, "connected_by": actor, "connected_at": Now(), "settings": {"scheme": "file"}},
    )
    if not made.is_live:
        made.state = Connection.State.LIVE
        made.cut_over_on = made.cut_over_on or client.cut_over_on
        made.save(update_fields=["state", "cut_over_on"])
    return made


def keep(connection: Connection, brought: Brought, source: FileImport) -> Stored:
    """Store the objects as documents of their stream, in the running transaction of the client's context."""
    now, stream = datetime.now(UTC), brought.stream
    state = _state(connection, stream)
    # The day of reading dates what carries no day of its own; the file is read as of its confirmation.
    context = replace(context_of(connection), as_of=now.date())
    shape = Shape(
        stream.name,
        lambda payload: stream.to_records(payload, context),
        stream.identify,
        lambda payload: stream.version(payload) or f"file {source.pk}",
        state.duty,
    )
    stored = store(connection, shape, prepare(brought.objects, stream.identify), at=now)
    state.last_success_at, state.last_problem = now, ""
    last = _last_day(brought, context)
    if last is not None:
        state.complete_through = max(state.complete_through or last, last)
    state.save(update_fields=["last_success_at", "last_problem", "complete_through"])
    Connection.objects.filter(pk=connection.pk).update(last_success_at=now)
    evidence.keep_balances(connection, stream.name, at=now)
    return stored


def _last_day(brought: Brought, context: Context) -> date | None:
    days: Iterable[date] = (fact.booked_on for fact in _facts(brought, context)[0])
    return max(days, default=None)


def _state(connection: Connection, stream: Stream) -> StreamState:
    """The stream's row, locked."""
    StreamState.objects.get_or_create(
        client_id=connection.client_id,
        connection=connection,
        stream=stream.name,
        defaults={"duty": stream.duty},
    )
    return StreamState.objects.select_for_update().get(connection=connection, stream=stream.name)
