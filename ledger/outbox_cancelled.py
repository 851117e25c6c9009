"""Entries that were reversed on their own day before they were in the accounting system: neither half goes there.

Together they come to nil on every day, so that both sides' balances stay equal. Whatever may have arrived is no such entry:
an attempt without a clear answer sends the reversal after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from clients.tenancy import client_context
from ledger import exceptions_inbox
from ledger.models import JournalEntry, OutboxItem, OutboxMember

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from clients.models import Client
    from ledger.accounting import Accounting

#: What was made here, by a source or a person; the rest came from there.
OURS = ("source", "manual")
#: Never left, or turned away with a clear answer.
NOT_THERE = Q(state=OutboxItem.State.NEW, sent_at__isnull=True) | Q(state=OutboxItem.State.REJECTED)


def going(client: Client) -> QuerySet[JournalEntry]:
    """The entries made here that no document carries yet and that have to go."""
    entries = JournalEntry.objects.filter(client=client, origin__in=OURS, sent_with__isnull=True)
    return entries.exclude(among(client, "pk"))


def among(client: Client, field: str) -> Q:
    """That ``field``, an entry's id, is that of either half of a pair that does not go."""
    pairs = _undone(client).filter(
        Q(reverses__sent_with__isnull=True) | Q(reverses__sent_with__outbox__state=OutboxItem.State.DROPPED)
    )
    return Q(**{f"{field}__in": pairs.values("pk")}) | Q(**{f"{field}__in": pairs.values("reverses_id")})


def _undone(client: Client) -> QuerySet[JournalEntry]:
    """Reversals that no document carries, of entries made here, on the very day of what they reverse."""
    return JournalEntry.objects.filter(
        client=client,
        origin__in=OURS,
        sent_with__isnull=True,
        reverses__client=client,
        reverses__origin__in=OURS,
        reverses__reverses__isnull=True,
        booked_on=F("reverses__booked_on"),
    ).order_by()


def is_cancelled(client: Client, entry: JournalEntry) -> bool:
    """Whether an entry is half of such a pair."""
    return JournalEntry.objects.filter(among(client, "pk"), client=client, pk=entry.pk).exists()


def drop(client: Client, accounting: Accounting) -> int:
    """Take documents off the list whose entries were all reversed before they were there; gives how many.

    One that was tried more than once is looked up first. Call outside a transaction. Raises RetryLater and Reconnect of the
    accounting system.
    """
    with client_context(client.pk):
        undone = _undone(client).values("reverses_id")
        members = OutboxMember.objects.filter(client=client, outbox=OuterRef("pk"))
        items = OutboxItem.objects.filter(
            NOT_THERE, client=client, connection=accounting.connection, voids__isnull=True
        )
        found = list(items.filter(Exists(members)).exclude(Exists(members.exclude(entry__in=undone))))
    gone = [
        item.pk
        for item in found
        if item.tries <= 1 or not accounting.books.find(accounting.api, item.type, item.marker)
    ]
    if not gone:
        return 0
    with client_context(client.pk):
        dropped = OutboxItem.objects.filter(NOT_THERE, client=client, pk__in=gone).update(
            state=OutboxItem.State.DROPPED
        )
        identities = [f"outbox:{pk}" for pk in gone]
        exceptions_inbox.settle(client.pk, ["refused"], identities, resolution="Reversed here before it was there.")
    return dropped


def revised(client: Client, entries: Iterable[JournalEntry]) -> frozenset[int]:
    """Those of the entries that say anew what a document carried already; the others are told for the first time."""
    later = [entry for entry in entries if entry.revision]
    if not later:
        return frozenset()
    members = OutboxMember.objects.filter(
        client=client,
        entry__client=client,
        entry__source_key__in={entry.source_key for entry in later},
        entry__reverses__isnull=True,
    ).exclude(outbox__state=OutboxItem.State.DROPPED)
    told: dict[tuple[str, str], int] = {}
    for key, purpose, revision in members.values_list("entry__source_key", "entry__purpose", "entry__revision"):
        told[key, purpose] = min(revision, told.get((key, purpose), revision))
    return frozenset(
        entry.pk for entry in later if told.get((entry.source_key, entry.purpose), entry.revision) < entry.revision
    )
