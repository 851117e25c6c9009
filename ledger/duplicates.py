"""Suspect pairs: two entries that may be the same money. Found by evidence (``core.pairing``), decided by a person, and each
decision can be taken back; a genuine second equal purchase is remembered and never asked about again.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from django.db import transaction
from django.utils import timezone

from clients import audit
from ledger import candidates, corrections, exceptions_inbox, revisions, support
from ledger.core.pairing import suspects
from ledger.corrections import CorrectionError
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, LedgerException, MirrorDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client, User
    from ledger.candidates import Held
    from ledger.core.pairing import Judgement
    from ledger.core.period import Month

Which: TypeAlias = Literal["first", "second"]
BOTH_ARE_REAL = "Both are real."


class Pair(NamedTuple):
    """Two entries, why they are suspect, and what was decided ('' while open)."""

    identity: str
    label: str
    amount: int
    first_entry: int
    second_entry: int
    is_open: bool
    decision: str


def find(client: Client, month: Month) -> int:
    """Look for new suspect pairs whose later record is dated in a month, and open an exception for each; gives how many are new.

    An open pair that is none any more, because one of the two was changed or deleted, settles itself; a decided one is never
    asked about again.
    """
    found = list(_suspects(client, month))
    rows = LedgerException.objects.filter(client=client, kind="duplicate")
    decided = set(rows.filter(resolved_by__isnull=False).values_list("identity", flat=True))
    waiting = rows.filter(state__in=exceptions_inbox.OPEN, booked_on__range=(month.first, month.last))
    gone = set(waiting.values_list("identity", flat=True)) - {problem.identity for problem in found}
    exceptions_inbox.settle(
        client.pk, ["duplicate"], gone, resolution="One of the two was changed, deleted or reversed."
    )
    return exceptions_inbox.open_problems(client.pk, [problem for problem in found if problem.identity not in decided])


def _suspects(client: Client, month: Month) -> Iterator[Problem]:
    held = candidates.standing(client, month.first, month.last)
    for one, two, judgement in suspects([each.candidate for each in held.values()]):
        if month.contains(two.on):
            yield _problem(held[one.id], held[two.id], judgement)


def _problem(one: Held, two: Held, judgement: Judgement) -> Problem:
    party = two.candidate.party or one.candidate.party or "Nobody named"
    said = [reason.said for reason in judgement.reasons if reason.bits > 0]
    return Problem(
        kind="duplicate",
        identity=_identity(one.candidate.id, two.candidate.id),
        cause="possible duplicate",
        title=f"{party}, {', '.join(said)}.",
        source=" and ".join(dict.fromkeys((one.candidate.type, two.candidate.type))),
        amount_minor=two.candidate.amount,
        booked_on=two.candidate.on,
        entry_id=two.entry_id,
        detail={
            "first": one.candidate.id,
            "second": two.candidate.id,
            "first_entry": one.entry_id,
            "second_entry": two.entry_id,
            "percent": judgement.percent,
            "verdict": judgement.verdict,
            "reasons": [[reason.said, reason.bits] for reason in judgement.reasons],
        },
    )


def _identity(one: str, two: str) -> str:
    """Both identities in order; hashed where they would not fit."""
    joined = "=".join(sorted((one, two)))
    return joined if len(joined) <= 200 else sha256(joined.encode()).hexdigest()


def pairs(client: Client, month: Month) -> list[Pair]:
    """Every suspect pair dated in the month, open and decided."""
    rows = LedgerException.objects.filter(client=client, kind="duplicate", booked_on__range=(month.first, month.last))
    return [
        Pair(
            row.identity,
            row.title,
            row.amount_minor or 0,
            row.detail.get("first_entry") or 0,
            row.detail.get("second_entry") or 0,
            row.state in {"open", "snoozed"},
            row.resolution,
        )
        for row in rows
    ]


def both_are_real(row: LedgerException, *, by: User) -> None:
    """Remember that the two are two; the pair is never asked about again."""
    exceptions_inbox.resolve(row, by=by, resolution=BOTH_ARE_REAL, ignored=True)


@transaction.atomic
def reverse(row: LedgerException, *, which: Which, by: User) -> int:
    """Undo one of the two by a reversal, which goes to the accounting system; gives the reversal's id.

    The papers of the one that goes are kept with the one that stays too. Raises CorrectionError where either is gone or
    undone already.
    """
    gone = _standing(row, which)
    kept = _standing(row, "first" if which == "second" else "second")
    if gone is None:
        raise CorrectionError("The copy is no longer in the accounting system.")
    if kept is None:
        raise CorrectionError("The other one is no longer in the accounting system: nothing would be left.")
    reversal = corrections.reverse(gone, reason=f"Duplicate: {row.title}"[:500], by=by)
    support.carry(gone, kept, by=by)
    row.detail = {**row.detail, "reversed": which, "reversal": reversal, "kept_entry": kept.pk}
    said = "The copy was reversed." if which == "second" else "The first was reversed, the later one stays."
    exceptions_inbox.resolve(row, by=by, resolution=said)
    return reversal


@transaction.atomic
def undo(row: LedgerException, *, by: User) -> None:
    """Take a decision back: what was reversed stands again, and the pair is asked about anew. Raises CorrectionError."""
    if row.state in exceptions_inbox.OPEN or row.resolved_by_id is None:
        raise CorrectionError("Nobody has decided this pair.")
    if which := row.detail.get("reversed"):
        entry = JournalEntry.objects.filter(client=row.client, pk=row.detail["reversal"]).first()
        if entry is None:
            raise CorrectionError("The reversal is no longer in the books.")
        corrections.restore(entry, reason=f"Not a duplicate after all: {row.title}"[:500], by=by)
        row.detail = {
            key: value for key, value in row.detail.items() if key not in {"reversed", "reversal", "kept_entry"}
        }
        audit.record(row.client, by, "duplicate.restored", row.title, {"which": which})
    row.state = LedgerException.State.OPEN
    row.resolved_at = row.resolved_by = None
    row.resolution = ""
    row.opened_at = timezone.now()
    row.save()
    audit.record(row.client, by, "duplicate.reopened", row.title, {})


def _standing(row: LedgerException, which: Which) -> JournalEntry | None:
    """What stands for a side today, as it may have been revised since the pair was found; None where nothing does."""
    identity: str = row.detail[which]
    document = MirrorDocument.objects.filter(client=row.client, external_id=identity).select_related("entry").first()
    if document is not None:
        entry = None if document.is_deleted else document.entry
    else:
        found = JournalEntry.objects.filter(client=row.client, pk=row.detail[f"{which}_entry"]).first()
        entry = found and revisions.newest_entry(row.client_id, found.source_key, found.purpose)
    return entry and revisions.tip(entry)


def certain(client: Client) -> list[LedgerException]:
    """Open pairs whose evidence leaves no doubt, oldest first: offered to be answered together."""
    rows: Any = LedgerException.objects.filter(client=client, kind="duplicate", state=LedgerException.State.OPEN)
    return list(rows.filter(detail__verdict="same").order_by("booked_on", "pk"))
