"""A document refused because its day is closed in the accounting system: its entries on an open day, chosen by a person.

The date is never changed in silence: the memo names the record's own day, and the old entry and its reversal stay here, where
they come to nil. Neither goes there, as nothing of them arrived.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from ledger import exceptions_inbox, posting
from ledger.closed_months import open_day
from ledger.exceptions_inbox import CLOSED_THROUGH
from ledger.models import EntryApproval, JournalEntry, LedgerException, MatchMember, OutboxItem, Period, SupportFile
from ledger.settling import SettlingError, must_be, retry_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client, User

#: What a file behind an entry is, without how far it is on its way.
FILE = ("client", "name", "content_type", "content", "sha256", "size", "connection", "source_id", "url", "added_by")


@transaction.atomic
def redate(row: LedgerException, *, by: User, on: date | None = None) -> str:
    """Post the entries of a refused document on a day that is open here and there (the first one), and send them anew.

    Raises SettlingError, also for a day that is closed, for an entry of a month that is closed here, for one that is matched
    with a bank line, and for one that was computed for its day.
    """
    must_be(row, LedgerException.Kind.REFUSED)
    item = OutboxItem.objects.select_for_update().filter(client=row.client, pk=row.outbox_id or 0).first()
    if item is None or item.state != OutboxItem.State.REJECTED or CLOSED_THROUGH not in row.detail:
        raise SettlingError("Only a document that was refused for its date can get another.")
    entries = list(JournalEntry.objects.filter(client=row.client, sent_with__outbox=item).prefetch_related("lines"))
    closed = date.fromisoformat(row.detail[CLOSED_THROUGH])
    first = max(item.booked_on, closed + timedelta(days=1))
    day = open_day(row.client, first, on, too_early=f"{closed} and what lies before it is closed there")
    _refuse_others(row.client, item, entries)
    said = f"{item.booked_on} is closed in the accounting system."
    try:
        with transaction.atomic():
            ids = _post_on(row.client, entries, day, said, by)
    except posting.PostingError as error:
        raise SettlingError(str(error)) from error
    exceptions_inbox.resolve(row, by=by, resolution=f"Dated {day} instead of {item.booked_on}.")
    audit.record(row.client, by, "outbox.redated", item.marker, {"from": str(item.booked_on), "to": str(day)})
    retry_client(row.client)
    by_hand = sum(entry.origin == JournalEntry.Origin.MANUAL for entry in entries)
    waits = EntryApproval.objects.filter(client=row.client, entry__in=ids).count() < by_hand
    goes = "It goes once a second person approves it." if waits else "It goes with the next sending."
    return f"Dated {day:%b} {day.day}, with its own date in the memo. {goes}"


def _refuse_others(client: Client, item: OutboxItem, entries: Sequence[JournalEntry]) -> None:
    """Raises SettlingError for entries that belong to their day."""
    if item.voids_id is not None or not entries:
        raise SettlingError("It takes back or settles another document: open the period there, then send it again.")
    if Period.objects.filter(client=client, month__in={entry.booked_on.replace(day=1) for entry in entries}).exclude(
        state="open"
    ):
        raise SettlingError("Its month is closed here with it: open the period there, then send it again.")
    if any(entry.reverses_id or (entry.origin == "source" and not entry.fact_id) for entry in entries):
        raise SettlingError("It is computed for its own day: open the period there, then send it again.")
    if MatchMember.objects.filter(client=client, entry__in=entries, is_live=True).exists():
        raise SettlingError("A bank line of its day is matched with it: open the period there, then send it again.")


def _post_on(client: Client, entries: Sequence[JournalEntry], day: date, reason: str, by: User) -> list[int]:
    """Reverse the entries on their own day and post them again on another; gives the new ids, in order."""
    back = [posting.mirror_of(entry, reason=reason, booked_on=entry.booked_on) for entry in entries]
    posting.post(client.pk, back, actor_id=by.pk)
    again = [
        posting.again(entry, booked_on=day, reason=reason)._replace(memo=f"{entry.memo} (of {entry.booked_on})")
        for entry in entries
    ]
    done = posting.post(client.pk, again, actor_id=by.pk)
    ids = [done.ids[index] for index in range(len(entries))]
    for entry, new in zip(entries, ids, strict=True):
        _stand_behind(client, entry, new, by)
    return ids


def _stand_behind(client: Client, entry: JournalEntry, new: int, by: User) -> None:
    """The papers of an entry stand behind the new one too; one by hand above the limit waits for a second person again."""
    files = SupportFile.objects.filter(client=client, entry=entry)
    SupportFile.objects.bulk_create(
        SupportFile(entry_id=new, **{name: getattr(file, name) for name in FILE}) for file in files
    )
    total = sum(line.debit_minor for line in entry.lines.all())
    if entry.origin == JournalEntry.Origin.MANUAL and total <= client.materiality_minor:
        EntryApproval.objects.create(client=client, entry_id=new, approved_by=by, support=f"As JE-{entry.pk}")
