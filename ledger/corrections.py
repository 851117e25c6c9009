"""Entries made by hand: reversals of what stands, and manual entries, with their reason and a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from clients import audit
from ledger import booking, finishing, posting, revisions
from ledger.matches import ReconcilingError
from ledger.models import EntryApproval, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client, User


class CorrectionError(ValueError):
    """A correction that may not be: no reason, one's own entry approved, an entry already approved or reversed."""


def reverse(entry: JournalEntry, *, reason: str, by: User) -> int:
    """Post the mirror of an entry on its own day, or on the next open day; it goes to the accounting system once approved.

    A reversal needs no second person: it undoes what another person or system made. Raises CorrectionError.
    """
    if not reason.strip():
        raise CorrectionError("A reversal needs a reason.")
    if JournalEntry.objects.filter(client_id=entry.client_id, reverses=entry).exists():
        raise CorrectionError("This entry is already reversed.")
    try:
        finishing.refuse_finished(entry.client, [entry.pk])
    except ReconcilingError as refusal:
        raise CorrectionError(str(refusal)) from refusal
    day = booking.first_open_day(entry.client_id, entry.booked_on)
    reversal = posting.reverse(entry, reason=reason, booked_on=day, actor_id=by.pk, origin="manual")
    EntryApproval.objects.create(client_id=entry.client_id, entry_id=reversal, approved_by=by, support=reason[:500])
    audit.record(entry.client, by, "entry.reversed", f"entry {entry.pk}", {"reason": reason, "reversal": reversal})
    return reversal


def restore(reversal: JournalEntry, *, reason: str, by: User) -> int:
    """Take a reversal back; gives the entry that stands for the reversed one from now on. Raises CorrectionError.

    What came from a source is said again as its next revision, so that the source can go on changing it; what was made in the
    accounting system or by hand stands again by the reversal of its reversal.
    """
    undone = reversal.reverses
    if undone is None:
        raise CorrectionError("Only a reversal can be taken back.")
    if undone.origin != JournalEntry.Origin.SOURCE:
        return reverse(reversal, reason=reason, by=by)
    newest = revisions.newest_entry(undone.client_id, undone.source_key, undone.purpose)
    if newest is None or newest.pk != undone.pk:
        raise CorrectionError("The source has said it anew meanwhile.")
    again = posting.again(undone, booked_on=booking.first_open_day(undone.client_id, undone.booked_on), reason=reason)
    entry_id = posting.post(undone.client_id, [again], actor_id=by.pk).ids[0]
    audit.record(undone.client, by, "entry.restored", f"entry {undone.pk}", {"reason": reason, "entry": entry_id})
    return entry_id


def post_manual(
    client: Client,
    *,
    booked_on: date,
    memo: str,
    lines: Sequence[posting.Line],
    by: User,
    reason: str,
    support: str = "",
) -> int:
    """Post an entry made by hand. Up to the client's materiality its maker stands for it; above, a second person must.

    What supports it stays with it either way. Raises CorrectionError without a reason, PostingError when the books refuse.
    """
    if not reason.strip():
        raise CorrectionError("An entry by hand needs a reason.")
    is_small = sum(line.debit for line in lines) <= client.materiality_minor
    entry = posting.Entry(
        booked_on=booked_on,
        source_key=f"manual:{uuid4()}",
        purpose="manual",
        origin="manual",
        lines=lines,
        memo=memo,
        reason=reason if is_small or not support else f"{reason} Support: {support}",
    )
    entry_id = posting.post(client.pk, [entry], actor_id=by.pk).ids[0]
    if is_small:
        EntryApproval.objects.create(client=client, entry_id=entry_id, approved_by=by, support=support[:500])
    audit.record(client, by, "entry.posted", f"entry {entry_id}", {"memo": memo, "reason": reason})
    return entry_id


def approve(entry: JournalEntry, *, by: User, support: str = "") -> None:
    """The second person stands behind a manual entry, which then goes out.

    Raises CorrectionError for its maker, for an entry that somebody stands behind already, and for one not made by hand.
    """
    if entry.origin != JournalEntry.Origin.MANUAL:
        raise CorrectionError("Only an entry made by hand needs an approval.")
    if entry.posted_by_id == by.pk:
        raise CorrectionError("Whoever made an entry cannot approve it.")
    _, made = EntryApproval.objects.get_or_create(
        client_id=entry.client_id, entry=entry, defaults={"approved_by": by, "support": support[:500]}
    )
    if not made:
        raise CorrectionError("This entry is approved already.")
    audit.record(entry.client, by, "entry.approved", f"entry {entry.pk}", {"support": support})
