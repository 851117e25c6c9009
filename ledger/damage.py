"""What happened to a finished reconciliation since: which entry or line was edited, deleted, re-dated or added, where, by whom.

The journal is append-only, so what changed since a month was finished is what was posted after the last entry of that hour.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from integrations.models import Connection
from integrations.registry import all_providers
from ledger import changed_by
from ledger.models import BankItem, ChangedAfterClose, JournalEntry, JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from clients.models import Client
    from ledger.bank_position import Position


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``amount``: what it moved on the account, debit − credit; ``who``: a person, or the system it was made in."""

    what: str
    label: str
    who: str
    at: datetime | None
    amount: int
    entry_id: int | None = None


def since_finished(position: Position) -> list[Change]:
    """Every change since the month was finished, oldest first; empty for one that is not finished."""
    row = position.statement
    if row is None or row.finished_at is None:
        return []
    stood = row.finished_lines or {"entries_to": 0, "lines": []}
    found = [*_journal(position, stood["entries_to"]), *_held(position), *_bank(position, stood["lines"])]
    if row.told_minor is not None:
        said = "The bank's balance changed"
        found.append(
            Change(
                said, str(position.feed), str(position.feed.connection), row.read_at, row.told_minor - row.closing_minor
            )
        )
    return found


def _journal(position: Position, newest: int) -> list[Change]:
    feed, last = position.feed, position.month.last
    assert feed.account_id is not None, "a feed is reconciled once it stands for an account"
    ours = JournalLine.objects.filter(client_id=feed.client_id, account_id=feed.account_id).values("entry_id")
    later = (
        JournalEntry.objects.filter(client_id=feed.client_id, pk__gt=newest, pk__in=ours)
        .filter(Q(booked_on__lte=last) | Q(reverses__booked_on__lte=last))
        .select_related("reverses", "posted_by")
        .order_by("pk")
    )
    entries = list(later)
    taken = {entry.reverses_id: entry for entry in entries if entry.reverses_id}
    replaced = _replacements(feed.client, [entry.reverses for entry in taken.values() if entry.reverses])
    amounts = _amounts(position, [*(entry.pk for entry in entries), *taken, *(one.pk for one in replaced.values())])
    words = _Words(feed.client, [*entries, *(one.reverses for one in entries if one.reverses)])
    shown = {one.pk for one in replaced.values()}
    found = []
    for entry in entries:
        if entry.reverses is not None:
            if entry.reverses.pk <= newest:
                found.append(_undone(entry, entry.reverses, replaced.get(entry.reverses.source_key), amounts, words))
        elif entry.pk not in shown and entry.pk not in taken:
            found.append(_change("Added", entry, amounts[entry.pk], words, entry))
    return found


def _undone(
    reversal: JournalEntry,
    before: JournalEntry,
    after: JournalEntry | None,
    amounts: dict[int, int],
    words: _Words,
) -> Change:
    held, moved = amounts[before.pk], -amounts[before.pk]
    if after is None:
        return _change("Deleted", before, moved, words, reversal, is_gone=True)
    if after.booked_on != before.booked_on and amounts[after.pk] == held:
        said = f"Re-dated from {_day(before.booked_on)} to {_day(after.booked_on)}"
        return _change(
            said,
            before,
            0 if after.booked_on.replace(day=1) == before.booked_on.replace(day=1) else moved,
            words,
            reversal,
        )
    return _change("Edited", before, amounts[after.pk] - held, words, reversal)


def _change(
    what: str, shown: JournalEntry, amount: int, words: _Words, act: JournalEntry, *, is_gone: bool = False
) -> Change:
    who = words.who(act, shown, is_gone=is_gone)
    return Change(what, shown.memo or "Entry", who, act.posted_at, amount, act.pk)


def _replacements(client: Client, undone: list[JournalEntry]) -> dict[str, JournalEntry]:
    """By source key, the entry that stands in the place of a reversed one."""
    keys = {entry.source_key for entry in undone}
    standing = JournalEntry.objects.filter(
        client=client, source_key__in=keys, reverses__isnull=True, reversals__isnull=True
    )
    return {entry.source_key: entry for entry in standing}


def _amounts(position: Position, entry_ids: list[int]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    assert position.feed.account_id is not None, "a feed is reconciled once it stands for an account"
    lines = JournalLine.objects.filter(
        client_id=position.feed.client_id, account_id=position.feed.account_id, entry_id__in=entry_ids
    )
    for entry_id, debit, credit in lines.values_list("entry_id", "debit_minor", "credit_minor"):
        sums[entry_id] += debit - credit
    return sums


class _Words:
    """Who made an entry: the person, or the connected system it came from and whom that names."""

    def __init__(self, client: Client, entries: Iterable[JournalEntry]) -> None:
        known = all_providers()
        rows = Connection.objects.filter(client=client)
        self.names = {(one.provider, one.account_id): known[one.provider].name for one in rows}
        keys = [_parts(entry.source_key) for entry in entries if entry.posted_by is None]
        self.editors = changed_by.last_editors(client, [external_id for *_, external_id in keys if external_id])

    def who(self, act: JournalEntry, shown: JournalEntry, *, is_gone: bool = False) -> str:
        if act.posted_by is not None:
            return str(act.posted_by)
        for entry in (act, shown):
            provider, account, external_id = _parts(entry.source_key)
            system = self.names.get((provider, account))
            if system and entry.origin == JournalEntry.Origin.LEDGER:
                by = "" if is_gone else self.editors.get((provider, account, external_id), "")
                return changed_by.said(system, by)
            if system:
                return f"in {system}"
        return "by itself"


def _parts(source_key: str) -> tuple[str, str, str]:
    """Provider, account there and id of a source key; '' for what it has not."""
    provider, _, rest = source_key.partition(":")
    account, _, external_id = rest.partition(":")
    return provider, account, external_id


def _held(position: Position) -> list[Change]:
    """Changes of the accounting system to a signed month: the journal keeps what was sealed, but the bank account moved there."""
    feed, month = position.feed, position.month
    rows = ChangedAfterClose.objects.filter(
        client_id=feed.client_id, month__lte=month.first, state=ChangedAfterClose.State.OPEN
    ).select_related("document__connection")
    changes = list(rows.order_by("pk"))
    editors = changed_by.last_editors(feed.client, [row.document.external_id for row in changes])
    found = []
    for row in changes:
        moved = sum(delta for account, delta in row.deltas if account == feed.account_id)
        if moved:
            document = row.document
            said = f"{row.kind.capitalize()} after the month was signed"
            label = " · ".join(filter(None, [document.type, document.number, document.party]))
            place = document.connection.provider, document.connection.account_id, document.external_id
            by = "" if document.is_deleted else editors.get(place, "")
            who = changed_by.said(str(document.connection), by)
            found.append(Change(said, label, who, row.found_at, moved))
    return found


def _bank(position: Position, lines: list[list[object]]) -> list[Change]:
    """Lines of the bank that came, or came to be matched, after the month was finished."""
    stood = {line[1] for line in lines if line[0] == "bank"}
    items = BankItem.objects.filter(
        client_id=position.feed.client_id,
        feed=position.feed,
        posted_on__range=(position.month.first, position.month.last),
    ).exclude(state="removed")
    return [
        Change("Bank line came later", item.description, f"in {position.feed.connection}", None, item.amount_minor)
        for item in items
        if item.pk not in stood
    ]


def _day(day: date) -> str:
    return f"{day:%b} {day.day}"
