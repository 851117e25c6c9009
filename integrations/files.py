"""Files people bring, of banks and of systems: shown first, stored only when a person has confirmed what was shown.

Each bank account of a file is a connection of its own (provider ``bank-file``) with the streams ``lines`` and ``statements``, and
the same rules as any other. Overlapping files give the same lines, once.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.functions import Now

from clients import audit
from integrations import bankfiles, evidence, jobs, registry, systemfiles
from integrations.bankfiles import CsvLayout, LayoutNeeded
from integrations.errors import PayloadError
from integrations.models import Connection, FileImport, StreamState
from integrations.payload import Payload
from integrations.records_json import to_json
from integrations.storing import Item, Shape, Stored, canonical, store
from integrations.syncing import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clients.models import Client, User
    from integrations.provider import Provider
    from integrations.records import BankStatement

PROVIDER = "bank-file"
LINES, STATEMENTS = "lines", "statements"
LAYOUT = "layout"
SHOWN_LINES = 10


class FileRefused(Exception):  # noqa: N818
    """The file cannot be taken as it is; the message is for the person who brought it."""


def preview(
    user: User,
    client: Client,
    *,
    filename: str,
    content: bytes,
    connection: Connection | None = None,
    layout: CsvLayout | None = None,
    system: Provider | None = None,
) -> FileImport:
    """Read a file and keep it with a summary of what it holds; nothing reaches the books. Needs the client's context.

    ``connection`` is the account it belongs to, where that is known: its remembered layout is then used. ``system`` says whose
    export file it is; a file that one system's layout alone knows needs no saying. ``summary`` has ``accounts``, ``system``
    or, where a person must first settle the layout, ``questions`` and ``rows``. Raises FileRefused.
    """
    if len(content) > settings.UPLOAD_LIMIT_BYTES:
        raise FileRefused("the file is larger than 10 MiB")
    if not content:
        raise FileRefused("the file is empty")
    brought = FileImport(
        client=client, connection=connection, filename=filename[:200], content=content, created_by=user
    )
    brought.sha256 = hashlib.sha256(content).hexdigest()
    known = _of_system(brought, system)
    if known is not None:
        _summarise_system(brought, known)
        brought.save()
        return brought
    remembered = connection.settings.get(LAYOUT) if connection is not None else None
    brought.mapping = layout.to_json() if layout else remembered or {}
    _summarise(brought)
    brought.save()
    return brought


def answer(brought: FileImport, layout: Mapping[str, Any]) -> FileImport:
    """Read a previewed file again with the layout a person settled. Raises FileRefused."""
    if brought.state != FileImport.State.PREVIEW:
        raise FileRefused("this file was settled already")
    try:
        brought.mapping = CsvLayout.from_json(dict(layout)).to_json()
    except PayloadError as error:
        raise FileRefused(str(error)) from error
    _summarise(brought)
    brought.save(update_fields=["mapping", "summary", "format"])
    return brought


def discard(brought: FileImport, *, actor: User) -> None:
    """Put a previewed file away; it stays as evidence of what was brought."""
    if FileImport.objects.filter(pk=brought.pk, state=FileImport.State.PREVIEW).update(
        state=FileImport.State.DISCARDED
    ):
        audit.record(brought.client, actor, "file.discarded", brought.filename, {"sha256": brought.sha256})


def confirm(brought: FileImport, *, actor: User, account: str = "") -> list[Connection]:
    """Store the lines of a previewed file, in the running transaction; the accounts they went to.

    ``account`` names the account of a file that does not say which it is. Raises FileRefused.
    """
    locked = (
        FileImport.objects.select_for_update(of=("self",)).select_related("client", "connection").get(pk=brought.pk)
    )
    if locked.state != FileImport.State.PREVIEW:
        raise FileRefused("this file was settled already")
    if "system" in locked.summary:
        total, connections = _confirm_system(locked, actor, account)
    elif "accounts" in locked.summary:
        total, connections = _confirm_statements(locked, actor, account)
    else:
        raise FileRefused("the layout of the file has to be settled first")
    locked.state, locked.confirmed_by, locked.confirmed_at = FileImport.State.CONFIRMED, actor, Now()
    locked.connection = locked.connection or next(iter(connections), None)
    locked.summary |= {"stored": {"new": total.new, "changed": total.changed, "unchanged": total.unchanged}}
    locked.save(update_fields=["state", "confirmed_by", "confirmed_at", "connection", "summary"])
    if total.facts and jobs.has_handler(FACTS):
        jobs.wake(locked.client_id, FACTS)
    audit.record(locked.client, actor, "file.confirmed", locked.filename, {"sha256": locked.sha256, "new": total.new})
    return connections


def _confirm_statements(brought: FileImport, actor: User, account: str) -> tuple[Stored, list[Connection]]:
    try:
        statements = _read(brought)
    except LayoutNeeded as needed:
        raise FileRefused("the layout of the file has to be settled first") from needed
    named = [(statement, _account_of(brought, statement, account)) for statement in statements]
    total, connections = Stored(), []
    for statement, account_id in named:
        connection = _connection(brought, account_id, actor)
        total.add(_store(connection, statement, brought))
        connections.append(connection)
    return total, connections


def _confirm_system(brought: FileImport, actor: User, account: str) -> tuple[Stored, list[Connection]]:
    known = of_system(brought)
    connection = brought.connection
    if connection is None and not account:
        raise FileRefused("the file does not say which account it is of: name it")
    if connection is None:
        connection = systemfiles.connection_for(brought.client, known.provider, account, actor=actor)
    return systemfiles.keep(connection, known, brought), [connection]


def of_system(brought: FileImport) -> systemfiles.Brought:
    """A kept export file of a system, read again by the layout it was shown with. Raises FileRefused."""
    found = _of_system(brought, registry.all_providers().get(str(brought.mapping.get("provider"))))
    if found is None:
        raise FileRefused("no system we know exports such a file")
    return found


def _of_system(brought: FileImport, system: Provider | None) -> systemfiles.Brought | None:
    """What the file is as an export of a system; None for a bank's."""
    of = brought.connection
    if of is not None and of.provider == PROVIDER:
        return None
    if system is None and of is not None:
        system = registry.all_providers().get(of.provider)
    try:
        return systemfiles.recognise(bytes(brought.content), brought.filename, system=system)
    except PayloadError as error:
        raise FileRefused(f"the file cannot be read: {error}") from error


def _summarise_system(brought: FileImport, known: systemfiles.Brought) -> None:
    held = systemfiles.accounts(brought.client, known.provider)
    if brought.connection is None and len(held) == 1:
        brought.connection = held[0]
    brought.format = "xlsx" if known.table.sheet else "csv"
    brought.mapping = {"provider": known.provider.slug, "layout": known.layout.name}
    brought.summary = systemfiles.summary(known, brought.client, brought.connection)
    brought.summary["was_brought_before"] = _was_brought(brought)


def _was_brought(brought: FileImport) -> bool:
    """Whether this very file was kept before."""
    same = FileImport.objects.filter(client=brought.client, sha256=brought.sha256, state=FileImport.State.CONFIRMED)
    return same.exists()


def _read(brought: FileImport) -> Sequence[BankStatement]:
    layout = CsvLayout.from_json(brought.mapping) if brought.mapping else None
    try:
        return bankfiles.read(
            bytes(brought.content), filename=brought.filename, layout=layout, currency=brought.client.home_currency
        )
    except PayloadError as error:
        raise FileRefused(f"the file cannot be read: {error}") from error


def _summarise(brought: FileImport) -> None:
    try:
        brought.format = bankfiles.detect(bytes(brought.content), brought.filename)
        statements = _read(brought)
    except PayloadError as error:
        raise FileRefused(f"the file cannot be read: {error}") from error
    except LayoutNeeded as needed:
        brought.mapping = needed.proposal.to_json()
        brought.summary = {"questions": list(needed.questions), "rows": [list(row) for row in needed.rows]}
        return
    accounts = [_account(statement) for statement in statements]
    brought.summary = {"accounts": accounts, "was_brought_before": _was_brought(brought)}


def _account(statement: BankStatement) -> dict[str, Any]:
    """What a person compares with the paper before confirming."""
    days = [line.booked_on for line in statement.lines]
    return {
        "account": statement.account,
        "currency": statement.currency,
        "lines": len(statement.lines),
        "in_minor": sum(line.amount for line in statement.lines if line.amount > 0),
        "out_minor": sum(line.amount for line in statement.lines if line.amount < 0),
        "opening_minor": statement.opening,
        "closing_minor": statement.closing,
        "first": str(min(days)) if days else None,
        "last": str(max(days)) if days else None,
        "warnings": list(statement.warnings),
        "shown": [to_json(line) for line in statement.lines[:SHOWN_LINES]],
    }


def _account_of(brought: FileImport, statement: BankStatement, account: str) -> str:
    own = brought.connection.account_id if brought.connection is not None else ""
    found = own or statement.account or account
    if own and statement.account and statement.account != own:
        raise FileRefused("the file is of another account than the one it was brought for")
    if not found:
        raise FileRefused("the file does not say which account it is of: choose one")
    return found[:200]


def _connection(brought: FileImport, account_id: str, actor: User) -> Connection:
    connection, made = Connection.objects.get_or_create(
        client=brought.client,
        provider=PROVIDER,
        account_id=account_id,
        defaults={"name": f"Account ending {account_id[-4:]}", "connected_by": actor, "connected_at": Now()},
    )
    connection.state = Connection.State.LIVE
    if brought.mapping:
        connection.settings[LAYOUT] = brought.mapping
    connection.save(update_fields=["state", "settings"])
    if made:
        StreamState.objects.bulk_create(
            StreamState(client=brought.client, connection=connection, stream=stream, duty=duty)
            for stream, duty in ((LINES, StreamState.Duty.BOOK), (STATEMENTS, StreamState.Duty.PROVE))
        )
    return connection


def _store(connection: Connection, statement: BankStatement, brought: FileImport) -> Stored:
    """The lines and the statement itself, by the path all documents take."""
    now = datetime.now(UTC)
    states = {state.stream: state for state in StreamState.objects.select_for_update().filter(connection=connection)}
    source = f"file {brought.pk}"
    lines = [_item(to_json(line), line.external_id, (line,)) for line in statement.lines]
    stored = store(connection, _shape(LINES, states, source), lines, at=now)
    frame = replace(statement, lines=())
    head = _item(to_json(frame) | {"count": len(lines)}, statement.external_id, (frame,))
    store(connection, _shape(STATEMENTS, states, source), [head], at=now)
    for state in states.values():
        state.last_success_at, state.last_problem = now, ""
        state.complete_through = max(state.complete_through or statement.booked_on, statement.booked_on)
        state.save(update_fields=["last_success_at", "last_problem", "complete_through"])
    Connection.objects.filter(pk=connection.pk).update(last_success_at=now)
    evidence.keep_balances(connection, STATEMENTS, at=now)
    return stored


def _shape(stream: str, states: Mapping[str, StreamState], source: str) -> Shape:
    return Shape(stream, lambda _payload: (), lambda _payload: "", lambda _payload: source, states[stream].duty)


def _item(data: dict[str, Any], external_id: str, facts: tuple[Any, ...]) -> Item:
    body = canonical(data)
    return Item(external_id, body, hashlib.sha256(body).digest(), Payload(data), facts=facts)
