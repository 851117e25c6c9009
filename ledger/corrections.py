"""Entries made by hand: reversals of what stands, and manual entries, with their reason and a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from clients import audit
from ledger import booking, finishing, posting, revisions
from ledger import support as support_files
from ledger.matches import ReconcilingError
from ledger.models import EntryApproval, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client, User


#: Purposes of an entry by hand, and of the one that takes it back on a day agreed beforehand.
MANUAL, BACK = "manual", "manual-back"


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
    reverses_on: date | None = None,
    files: Sequence[tuple[str, bytes]] = (),
    identity: str = "",
) -> int:
    """Post an entry made by hand. Up to the client's materiality its maker stands for it; above, a second person must, and a
    file supports it. ``reverses_on``: the day on which it is taken back, by an entry of its own. ``identity`` tells an entry of
    a file from every other, so that the same file is not posted twice.

    Raises CorrectionError without a reason or the file it needs, SupportRefused for a file that cannot be kept, PostingError
    when the books refuse.
    """
    if not reason.strip():
        raise CorrectionError("An entry by hand needs a reason.")
    is_small = sum(line.debit for line in lines) <= client.materiality_minor
    if not is_small and not files:
        raise CorrectionError("Above the limit an entry needs a file that supports it.")
    if reverses_on is not None and reverses_on <= booked_on:
        raise CorrectionError("It is reversed on a later day than it is booked.")
    entry = posting.Entry(
        booked_on=booked_on,
        source_key=f"manual:{identity or uuid4()}",
        purpose=MANUAL,
        origin="manual",
        lines=lines,
        memo=memo,
        reason=reason if is_small or not support else f"{reason} Support: {support}",
    )
    entries = [entry] if reverses_on is None else [entry, _back(entry, reverses_on)]
    done = posting.post(client.pk, entries, actor_id=by.pk)
    if not done.posted:
        raise CorrectionError("This was posted already.")
    entry_id = done.ids[0]
    if is_small:
        EntryApproval.objects.bulk_create(
            EntryApproval(client=client, entry_id=each, approved_by=by, support=support[:500])
            for each in done.ids.values()
        )
    _attach(client, entry_id, files, by)
    audit.record(client, by, "entry.posted", f"entry {entry_id}", {"memo": memo, "reason": reason})
    return entry_id


def _back(entry: posting.Entry, on: date) -> posting.Entry:
    """The entry that takes another back on a later day, as agreed when it was made."""
    lines = [line._replace(debit=line.credit, credit=line.debit) for line in entry.lines]
    return entry._replace(booked_on=on, purpose=BACK, lines=lines, memo=f"Reversal of {entry.memo}"[:500])


def _attach(client: Client, entry_id: int, files: Sequence[tuple[str, bytes]], by: User) -> None:
    if files:
        made = JournalEntry.objects.select_related("client").get(client=client, pk=entry_id)
        for name, content in files:
            support_files.add(made, name=name, content=content, by=by)


def its_other_half(entry: JournalEntry) -> JournalEntry | None:
    """The entry that takes this one back on the day agreed, or the one that this takes back."""
    if entry.origin != JournalEntry.Origin.MANUAL or entry.purpose not in {MANUAL, BACK}:
        return None
    same = JournalEntry.objects.filter(
        client_id=entry.client_id, source_key=entry.source_key, purpose__in=(MANUAL, BACK), reverses__isnull=True
    )
    return same.exclude(pk=entry.pk).first()


def approve(entry: JournalEntry, *, by: User, support: str = "") -> None:
    """The second person stands behind a manual entry, and the entry that takes it back; they then go out.

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
    if (other := its_other_half(entry)) is not None:
        EntryApproval.objects.get_or_create(
            client_id=entry.client_id, entry=other, defaults={"approved_by": by, "support": support[:500]}
        )
    audit.record(entry.client, by, "entry.approved", f"entry {entry.pk}", {"support": support})
