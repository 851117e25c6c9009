"""The end of a reconciliation: timing items noted, refused suggestions put aside, the month finished."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from django.utils import timezone

from clients import audit
from ledger import bank_position
from ledger.matches import ReconcilingError
from ledger.models import Match, MatchMember, StatementBalance, TimingItem

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client, User
    from ledger.bank_position import Position
    from ledger.core.period import Month
    from ledger.models import BankFeed, BankItem

PAYOUT, BOOK, BANK = "payout", "book-line", "bank-line"


def note_timing(
    client: Client,
    *,
    kind: str,
    subject: str,
    label: str,
    amount: int,
    since: date,
    reason: str,
    expected_on: date | None,
    by: User,
) -> TimingItem:
    """Write into the timing register why money is known to one side only, and when it will clear. Raises ReconcilingError.

    ``amount`` in minor units, positive into the account. The same subject again replaces the note.
    """
    if not reason.strip():
        raise ReconcilingError("A timing item needs a reason.")
    if expected_on is None:
        raise ReconcilingError("Say when it should clear.")
    if expected_on < since:
        raise ReconcilingError("It cannot clear before it began.")
    item, _ = TimingItem.objects.update_or_create(
        client=client,
        kind=kind,
        subject=subject[:160],
        defaults={
            "label": label[:200],
            "amount_minor": amount,
            "since": since,
            "reason": reason.strip()[:300],
            "expected_on": expected_on,
            "noted_by": by,
            "cleared_on": None,
            "evidence": "",
        },
    )
    audit.record(client, by, "timing.noted", label[:200], {"reason": reason[:300], "expected": str(expected_on)})
    return item


def decline(match: Match, *, by: User) -> None:
    """Put a suggestion aside: its lines wait to be matched another way. Raises ReconcilingError."""
    if match.state != Match.State.SUGGESTED:
        raise ReconcilingError("This match is no longer waiting.")
    match.state, match.undone_by, match.undone_at = Match.State.UNDONE, by, timezone.now()
    match.save(update_fields=["state", "undone_by", "undone_at"])
    audit.record(match.client, by, "match.declined", str(match), {"reasons": match.reasons})


def asked(item: BankItem, *, by: User) -> None:
    """The client was asked about a bank line; it stays to be matched."""
    type(item).objects.filter(pk=item.pk, state="open").update(state="asked")
    audit.record(item.client, by, "bank-line.asked", str(item), {})


def set_statement(client: Client, feed: BankFeed, month: Month, *, closing: int, by: User) -> StatementBalance:
    """Type the balance printed on the statement, where neither a feed nor a file says it. Raises ReconcilingError."""
    row = StatementBalance.objects.filter(client=client, feed=feed, month=month.first).first()
    if row is not None and row.source == "file":
        raise ReconcilingError("The statement file says its own balance.")
    if row is not None and row.finished_at:
        raise ReconcilingError("This month is finished.")
    row, _ = StatementBalance.objects.update_or_create(
        client=client,
        feed=feed,
        month=month.first,
        defaults={"ends_on": month.last, "closing_minor": closing, "source": "typed"},
    )
    audit.record(client, by, "statement.typed", f"{feed} {month}", {"closing_minor": closing})
    return row


def against_finishing(position: Position) -> list[str]:
    """Why the month cannot be marked prepared; empty when it can."""
    reasons = []
    if position.statement is None:
        reasons.append("the statement balance is not known")
    elif position.difference:
        reasons.append("the books and the statement differ")
    if position.bank_only:
        count = len(position.bank_only)
        reasons.append(f"{count} bank line{'s' if count > 1 else ''} {'wait' if count > 1 else 'waits'} for a decision")
    return reasons


def finish(client: Client, feed: BankFeed, month: Month, *, by: User) -> StatementBalance:
    """Mark a reconciled month as prepared, with a hash of what was matched. Raises ReconcilingError with the reasons."""
    position = bank_position.position(client, feed, month)
    if reasons := against_finishing(position):
        raise ReconcilingError("Not yet: " + "; ".join(reasons) + ".")
    row = position.statement
    assert row is not None
    row.finished_by, row.finished_at, row.finished_sha256 = by, timezone.now(), _digest(position)
    row.save(update_fields=["finished_by", "finished_at", "finished_sha256"])
    audit.record(client, by, "reconciliation.finished", f"{feed} {month}", {"closing_minor": row.closing_minor})
    return row


def is_unchanged(position: Position) -> bool:
    """Whether a finished month still stands on exactly what it stood on."""
    row = position.statement
    return bool(row and row.finished_sha256 and bytes(row.finished_sha256) == _digest(position))


def _digest(position: Position) -> bytes:
    """SHA-256 of balances, outstanding lines and every match of the feed's lines up to the month's end."""
    members = MatchMember.objects.filter(
        client_id=position.feed.client_id,
        match__feed=position.feed,
        is_live=True,
        item__posted_on__lte=position.month.last,
    ).order_by("match_id", "id")
    parts = [f"{position.book}|{position.statement.closing_minor if position.statement else ''}|{position.bank_early}"]
    parts += [f"{x.line.entry_id}:{x.line.no}:{x.amount}" for x in position.outstanding]
    parts += [
        f"{match}:{item}:{amount}" for match, item, amount in members.values_list("match_id", "item_id", "amount_minor")
    ]
    return sha256("\n".join(parts).encode()).digest()
