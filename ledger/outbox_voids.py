"""Reversals of what the accounting system can void: the document itself is taken back there, once, where nobody touched it.

Everything else goes out as the entry it is: a journal entry, a bill or a document that somebody paid, applied, deposited or
edited is reversed and never deleted, for what is deleted vanishes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from clients.tenancy import client_context
from ledger import outbox
from ledger.models import ChangedAfterClose, JournalEntry, OutboxItem, OutboxMember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from ledger.accounting import Accounting

#: Documents that can be voided as they stand, by the id of the entry that reverses theirs.
Voids = dict[int, OutboxItem]


def find(client: Client, accounting: Accounting) -> Voids:
    """Those of the waiting reversals that may void their document. Call outside a transaction: each is read there first.

    Raises RetryLater and Reconnect of the accounting system.
    """
    with client_context(client.pk):
        candidates = _candidates(client, accounting)
    return {
        entry_id: item
        for entry_id, item in candidates.items()
        if accounting.books.is_untouched(accounting.api, item.external_id, item.version)
    }


def prepare(client: Client, accounting: Accounting, voids: Voids) -> int:
    """Freeze the void of each of these documents, as far as somebody stands behind the reversal; gives how many."""
    approvers = outbox.approvers_of(client)
    reversals = JournalEntry.objects.filter(client=client, pk__in=voids).prefetch_related("approvals")
    done = 0
    for entry in reversals.order_by("pk"):
        approver, voided = outbox.approver_of(entry, approvers), voids[entry.pk]
        if approver is None:
            continue
        key = f"void:{voided.pk}"
        payload = outbox.canonical(accounting.books.void_payload(voided.external_id, voided.version))
        item = OutboxItem.objects.create(
            client=client,
            connection=accounting.connection,
            type=voided.type,
            booked_on=entry.booked_on,
            group_key=key,
            marker=outbox.marker_for(key, entry.booked_on, entry.pk),
            payload=payload.decode(),
            payload_sha256=sha256(payload).digest(),
            request_id=uuid4(),
            total_minor=voided.total_minor,
            voids=voided,
            approved_by_id=approver,
        )
        OutboxMember.objects.create(client=client, outbox=item, entry=entry)
        done += 1
    return done


def _candidates(client: Client, accounting: Accounting) -> Voids:
    """Reversals on the very day of a document of ours that carries nothing else; what was changed there meanwhile is left."""
    reversals = JournalEntry.objects.filter(
        client=client, origin__in=["source", "manual"], sent_with__isnull=True, reverses__isnull=False
    )
    days = dict(reversals.values_list("reverses_id", "booked_on"))
    ids = dict(reversals.values_list("reverses_id", "id"))
    items = OutboxItem.objects.filter(
        client=client,
        connection=accounting.connection,
        state=OutboxItem.State.POSTED,
        type__in=accounting.books.voidable,
        members__entry__in=list(ids),
        voids__isnull=True,
        voided_by__isnull=True,
    )
    changed = ChangedAfterClose.objects.filter(client=client, state="open", document__outbox__in=items)
    held = set(changed.values_list("document__outbox_id", flat=True))
    found: Voids = {}
    for item in items.prefetch_related("members"):
        members: Sequence[int | None] = [member.entry_id for member in item.members.all()]
        entry_id = members[0] or 0
        if len(members) == 1 and item.pk not in held and days.get(entry_id) == item.booked_on:
            found[ids[entry_id]] = item
    return found
