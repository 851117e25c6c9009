"""The end of a reconciliation: timing items noted, refused suggestions put aside, the month finished."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils import timezone

from clients import audit
from ledger import bank_position
from ledger.core.period import Month
from ledger.matches import ReconcilingError
from ledger.models import JournalEntry, JournalLine, Match, MatchMember, Period, StatementBalance, TimingItem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clients.models import Client, User
    from ledger.bank_position import Position
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
    owner: User | None = None,
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
            "owner": owner or by,
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


def set_statement(
    client: Client, feed: BankFeed, month: Month, *, closing: int, by: User, ends_on: date | None = None
) -> StatementBalance:
    """Type the balance printed on the statement, where neither a feed nor a file says it. Raises ReconcilingError.

    ``ends_on``: the statement's own last day within the month (None: the month's end); what the bank printed after it is
    rolled forward.
    """
    row = StatementBalance.objects.filter(client=client, feed=feed, month=month.first).first()
    if row is not None and row.source == "file":
        raise ReconcilingError("The statement file says its own balance.")
    if row is not None and row.finished_at:
        raise ReconcilingError("This month is finished.")
    if ends_on is not None and not month.first <= ends_on <= month.last:
        raise ReconcilingError(f"The statement must end in {month.label}.")
    row, _ = StatementBalance.objects.update_or_create(
        client=client,
        feed=feed,
        month=month.first,
        defaults={"ends_on": ends_on or month.last, "closing_minor": closing, "source": "typed"},
    )
    audit.record(client, by, "statement.typed", f"{feed} {month}", {"closing_minor": closing})
    return row


def against_finishing(position: Position) -> list[str]:
    """Why the month cannot be marked prepared; empty when it can."""
    reasons = []
    if position.statement is None:
        reasons.append("the statement balance is not known")
    elif position.closing is None:
        reasons.append("the bank's lines after the statement are not known to the month's end")
    elif position.is_off:
        reasons.append("the books and the statement differ")
    if position.bank_only:
        count = len(position.bank_only)
        reasons.append(f"{count} bank line{'s' if count > 1 else ''} {'wait' if count > 1 else 'waits'} for a decision")
    return reasons


def finish(client: Client, feed: BankFeed, month: Month, *, by: User) -> StatementBalance:
    """Mark a reconciled month as prepared and keep what it stands on. Raises ReconcilingError with the reasons."""
    position = bank_position.position(client, feed, month)
    if reasons := against_finishing(position):
        raise ReconcilingError("Not yet: " + "; ".join(reasons) + ".")
    row = position.statement
    assert row is not None
    if row.finished_at:
        raise ReconcilingError("This month is finished; reopen it first.")
    lines = stands_on(position)
    row.finished_by, row.finished_at = by, timezone.now()
    newest = JournalEntry.objects.filter(client=client).aggregate(newest=Max("pk"))["newest"] or 0
    row.finished_lines, row.finished_sha256 = {"entries_to": newest, "lines": lines}, _digest(lines)
    row.save(update_fields=["finished_by", "finished_at", "finished_sha256", "finished_lines"])
    audit.record(client, by, "reconciliation.finished", f"{feed} {month}", {"closing_minor": row.closing_minor})
    return row


def reopen(client: Client, feed: BankFeed, month: Month, *, reason: str, by: User) -> StatementBalance:
    """Take "prepared" back from a month, with a reason, so that its matches can be changed. Raises ReconcilingError.

    What a later reading told of the balance meanwhile becomes the balance.
    """
    row = StatementBalance.objects.filter(client=client, feed=feed, month=month.first).first()
    if row is None or not row.finished_at:
        raise ReconcilingError("This month is not finished.")
    if not reason.strip():
        raise ReconcilingError("Reopening needs a reason.")
    if Period.objects.filter(client=client, month=month.first).exclude(state=Period.State.OPEN).exists():
        raise ReconcilingError(f"The books of {month.label} are closed; reopen the month first.")
    before = {"by": str(row.finished_by), "sha256": bytes(row.finished_sha256 or b"").hex()}
    row.finished_by = row.finished_at = row.finished_sha256 = row.finished_lines = None
    row.closing_minor, row.told_minor = row.closing_minor if row.told_minor is None else row.told_minor, None
    row.save()
    audit.record(client, by, "reconciliation.reopened", f"{feed} {month}", {"reason": reason.strip()[:300], **before})
    return row


def is_unchanged(position: Position) -> bool:
    """Whether a finished month still stands on exactly what it stood on."""
    row = position.statement
    return bool(row and row.finished_sha256 and bytes(row.finished_sha256) == _digest(stands_on(position)))


def stands_on(position: Position) -> list[list[object]]:
    """[what, id, day, minor units, words] of both balances, the month's bank lines with their matches, and what is outstanding."""
    month, row = position.month, position.statement
    ends = str(row.ends_on) if row else ""
    lines: list[list[object]] = [
        ["statement", 0, ends, row.closing_minor if row else None, ""],
        ["books", 0, str(month.last), position.book, ""],
        ["early", 0, str(month.last), position.bank_early, ""],
    ]
    members = MatchMember.objects.filter(
        client_id=position.feed.client_id,
        item__feed=position.feed,
        is_live=True,
        item__posted_on__range=(month.first, month.last),
    ).select_related("item")
    for member in members.order_by("item__posted_on", "item_id"):
        assert member.item is not None
        lines.append(
            ["bank", member.item_id, str(member.item.posted_on), member.amount_minor, member.item.description[:80]]
        )
    lines += [
        ["outstanding", f"{x.line.entry_id}:{x.line.no}", str(x.line.booked_on), x.amount, x.line.entry.memo[:80]]
        for x in position.outstanding
    ]
    return lines


def _digest(lines: list[list[object]]) -> bytes:
    """SHA-256 of what a reconciliation stands on."""
    return sha256(json.dumps(lines, separators=(",", ":")).encode()).digest()


def finished_with(client: Client, entry_ids: Iterable[int]) -> list[tuple[StatementBalance, int]]:
    """(finished reconciliation, entry) for each entry that a finished month of a bank account counts in its books.

    The first such month of each account and entry; reversing the entry on its own day would break it.
    """
    rows = StatementBalance.objects.filter(client=client, finished_at__isnull=False).select_related("feed")
    by_account: dict[int, list[StatementBalance]] = {}
    for row in rows.order_by("month"):
        if row.feed.account_id is not None:
            by_account.setdefault(row.feed.account_id, []).append(row)
    lines = JournalLine.objects.filter(client=client, entry_id__in=list(entry_ids), account_id__in=by_account)
    found: dict[tuple[int, int], StatementBalance] = {}
    for entry_id, account_id, on in lines.values_list("entry_id", "account_id", "booked_on").order_by("entry_id"):
        month = on.replace(day=1)
        first = next((row for row in by_account[account_id] if row.month >= month), None)
        if first is not None:
            found.setdefault((first.feed_id, entry_id), first)
    return [(row, entry_id) for (_, entry_id), row in found.items()]


def refuse_finished(client: Client, entry_ids: Iterable[int]) -> None:
    """Raises ReconcilingError where a finished reconciliation stands on one of the entries."""
    for row, _ in finished_with(client, entry_ids):
        month = Month.of(row.month).label
        raise ReconcilingError(f"The reconciliation of {row.feed} for {month} stands on this entry; reopen it first.")
