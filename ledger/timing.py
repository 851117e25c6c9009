"""The one register of timing differences at a month's end: what one side knows and the other does not yet, from every area.

Each item has a reason, a day it should clear, an owner and its age. It is computed from the books each time, so that it clears
itself: ``cleared_on`` and ``evidence`` come from what met it. What a person noted of an item (``TimingItem``) goes before what
is known of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min

from ledger import bank_position, finishing, mapping, payroll_proof, processor_proof, proving, undeposited
from ledger.core.period import Month
from ledger.models import Account, BankItem, JournalLine, TimingItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from clients.models import Client, User
    from ledger.bank_position import Position
    from ledger.processor_proof import ProcessorProof

PAYOUT, STATEMENT, DEPOSIT, CHEQUE, BANK, TAXES, CREDIT, FUNDS = (
    "payout",
    "statement",
    "deposit",
    "cheque",
    "bank",
    "taxes",
    "credit",
    "undeposited",
)
KINDS = {
    PAYOUT: "Payouts in transit",
    STATEMENT: "In a processor's open statement",
    DEPOSIT: "Deposits in transit",
    CHEQUE: "Outstanding checks and payments",
    BANK: "At the bank, not in the books",
    TAXES: "Payroll liabilities not remitted",
    CREDIT: "Unapplied credits and payments",
    FUNDS: "Undeposited funds",
}
#: Days after which an item of each kind must be explained (product.md §4); others by their expected day.
STALE_DAYS = {CHEQUE: 90, DEPOSIT: 5, FUNDS: 5}
#: Upper ends, in days, of the ages the register tells apart.
AGES = (30, 60, 90)


@dataclass(frozen=True, slots=True)
class Timing:
    """One item at a month's end. ``amount`` is minor units, positive into the account; ``subject`` is its identity in its kind.

    ``cleared_on`` after the month's end says that it is settled now, with the ``evidence`` that says so.
    """

    kind: str
    note_kind: str
    subject: str
    area: str
    label: str
    amount: int
    since: date
    age: int
    reason: str
    expected_on: date | None
    owner: User | None
    cleared_on: date | None = None
    evidence: str = ""
    note: TimingItem | None = None
    entry_id: int | None = None

    @property
    def is_explained(self) -> bool:
        """Settled since, noted by a person, or not old enough to ask."""
        limit = STALE_DAYS.get(self.kind)
        return bool(self.cleared_on or self.note) or (limit is not None and self.age <= limit)

    @property
    def state(self) -> str:
        """``cleared``, ``unexplained`` (old, and nobody said why) or ``waiting``."""
        if self.cleared_on:
            return "cleared"
        return "unexplained" if self.kind in STALE_DAYS and not self.is_explained else "waiting"

    @property
    def bucket(self) -> int:
        """Which age it is of: 0 to 30 days, to 60, to 90, older."""
        return sum(self.age > limit for limit in AGES)


def register(
    client: Client,
    month: Month,
    *,
    positions: Sequence[Position] | None = None,
    processors: Iterable[ProcessorProof] | None = None,
) -> list[Timing]:
    """Every timing difference at the month's end, the kinds in order, the oldest first. What was computed already is given."""
    notes = {
        (note.kind, note.subject): note
        for note in TimingItem.objects.filter(client=client).select_related("owner", "noted_by")
    }
    if positions is None:
        positions = [bank_position.position(client, feed, month) for feed in bank_position.feeds(client)]
    if processors is None:
        connections = processor_proof.connections(client)
        processors = [proof for one in connections for proof in processor_proof.prove_all(client, one, month)]
    processors = list(processors)
    found = [
        *_payouts(client, month, processors, notes),
        *_statements(client, month, processors, notes),
        *_bank(client, month, positions, notes),
        *_taxes(client, month, notes),
        *_credits(client, month, notes),
        *_funds(client, month, notes),
    ]
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), one.since, one.subject))


_Notes = dict[tuple[str, str], TimingItem]


def _row(
    client: Client,
    month: Month,
    kind: str,
    key: tuple[str, str],
    notes: _Notes,
    *,
    area: str,
    label: str,
    amount: int,
    since: date,
    reason: str,
    expected: date | None,
    cleared: date | None = None,
    evidence: str = "",
    entry_id: int | None = None,
) -> Timing:
    note = notes.get(key)
    return Timing(
        kind,
        *key,
        area,
        label,
        amount,
        since,
        (month.last - since).days,
        note.reason if note else reason,
        note.expected_on if note else expected,
        (note.owner or note.noted_by) if note else client.preparer,
        cleared,
        evidence,
        note,
        entry_id,
    )


def _payouts(client: Client, month: Month, proofs: Iterable[ProcessorProof], notes: _Notes) -> Iterator[Timing]:
    for proof in proofs:
        waiting = [row for row in proof.payouts.rows if row.state in {"in transit", "late"}]
        arrived = processor_proof.arrivals(client, proof.connection, proof.currency) if waiting else {}
        for row in waiting:
            key = row.payout.payout_id or row.payout.external_id
            on, amount = arrived.get(key, (None, 0))
            yield _row(
                client,
                month,
                PAYOUT,
                (finishing.PAYOUT, key),
                notes,
                area=proof.title,
                label=f"Payout {key}",
                amount=row.payout.amount,
                since=row.payout.booked_on,
                reason="Left the processor, not at the bank yet",
                expected=row.payout.arrives_on,
                cleared=on,
                evidence=f"Bank deposit of {_day(on)}" + ("" if amount == row.payout.amount else ", of another amount")
                if on
                else "",
            )


def _statements(client: Client, month: Month, proofs: Iterable[ProcessorProof], notes: _Notes) -> Iterator[Timing]:
    """What processors held of statements that had not closed: the rows of such a one come with it, on their own days."""
    for proof in proofs:
        if proof.open is not None:
            yield _row(
                client,
                month,
                STATEMENT,
                (STATEMENT, f"{proof.subject}:{month}"),
                notes,
                area=proof.title,
                label=f"{proof.open.count} movement{'' if proof.open.count == 1 else 's'} since {_day(proof.open.since)}",
                amount=proof.open.amount,
                since=proof.open.since,
                reason="At the processor, in a statement that has not closed yet",
                expected=None,
            )


def _bank(client: Client, month: Month, positions: Sequence[Position], notes: _Notes) -> Iterator[Timing]:
    for position in positions:
        for item in position.outstanding:
            line, is_deposit = item.line, item.amount > 0
            yield _row(
                client,
                month,
                DEPOSIT if is_deposit else CHEQUE,
                (finishing.BOOK, f"{line.entry_id}:{line.no}"),
                notes,
                area=str(position.feed),
                label=line.entry.memo or line.memo or "Entry",
                amount=item.amount,
                since=line.booked_on,
                reason="Booked, not at the bank yet" if is_deposit else "Not presented at the bank yet",
                expected=line.booked_on + timedelta(STALE_DAYS[DEPOSIT if is_deposit else CHEQUE]),
                cleared=item.cleared_on,
                evidence=f"Bank line of {_day(item.cleared_on)}" if item.cleared_on else "",
                entry_id=line.entry_id,
            )
        yield from _noted_lines(client, month, position, notes)


def _noted_lines(client: Client, month: Month, position: Position, notes: _Notes) -> Iterator[Timing]:
    """Lines of the bank that a person said the books will follow; they clear when they are matched."""
    subjects = [int(subject) for kind, subject in notes if kind == finishing.BANK]
    if not subjects:
        return
    matched = BankItem.State.MATCHED
    items = BankItem.objects.filter(client=client, feed=position.feed, pk__in=subjects, posted_on__lte=month.last)
    met = items.filter(state=matched, members__is_live=True).annotate(
        booked=Min("members__match__members__entry__booked_on")
    )
    booked = {item.pk: item.booked for item in met}
    for item in items.exclude(state="removed"):
        on = booked.get(item.pk)
        if on is not None and on <= month.last:
            continue
        yield _row(
            client,
            month,
            BANK,
            (finishing.BANK, str(item.pk)),
            notes,
            area=str(position.feed),
            label=item.description,
            amount=item.amount_minor,
            since=item.posted_on,
            reason="",
            expected=None,
            cleared=on,
            evidence=f"Entry of {_day(on)}" if on else "",
        )


def _taxes(client: Client, month: Month, notes: _Notes) -> Iterator[Timing]:
    """What payroll liabilities held at the month's end, and the payment after it that came to all of it."""
    if not payroll_proof.connections(client):
        return
    ids = mapping.accounts_by_roles(client.pk, payroll_proof.LIABILITIES, month.last)
    for account in Account.objects.filter(client=client, pk__in=ids).order_by("name"):
        owed = -bank_position.book_balance(client, account.pk, month)
        if owed <= 0:
            continue
        paid_on = _paid_by(client, account.pk, owed, month.last)
        since = month.first
        yield _row(
            client,
            month,
            TAXES,
            ("liability", f"{account.pk}:{month}"),
            notes,
            area="Payroll",
            label=account.name,
            amount=-owed,
            since=since,
            reason="Withheld or accrued, not remitted yet",
            expected=month.next.last,
            cleared=paid_on,
            evidence=f"Paid by {_day(paid_on)}" if paid_on else "",
        )


def _paid_by(client: Client, account_id: int, owed: int, after: date) -> date | None:
    """The day by which debits after a month's end came to all that was owed then."""
    lines = JournalLine.objects.filter(
        client=client,
        account_id=account_id,
        booked_on__gt=after,
        debit_minor__gt=0,
        entry__reverses__isnull=True,
        entry__reversals__isnull=True,
    )
    for on, paid in lines.order_by("booked_on", "entry_id", "no").values_list("booked_on", "debit_minor"):
        owed -= paid
        if owed <= 0:
            return on
    return None


def _credits(client: Client, month: Month, notes: _Notes) -> Iterator[Timing]:
    """Parties whose open items are negative: money paid or credited that no bill or invoice has taken yet."""
    for kind, side in proving.OPEN_ITEMS.items():
        now = proving.reported(client, kind, month.next.last)
        for row in proving.reported(client, kind, month.last).values():
            if row.amount_minor >= 0:
                continue
            later = now.get(row.subject)
            is_applied = bool(now) and (later is None or later.amount_minor >= 0)
            yield _row(
                client,
                month,
                CREDIT,
                (kind, row.subject),
                notes,
                area="Receivables" if side == "receivable" else "Payables",
                label=row.name,
                amount=row.amount_minor,
                since=month.first,
                reason="Credit or payment not applied yet",
                expected=month.next.last,
                cleared=month.next.last if is_applied else None,
                evidence=f"No credit is left at {_day(month.next.last)}" if is_applied else "",
            )


def _funds(client: Client, month: Month, notes: _Notes) -> Iterator[Timing]:
    """Money received and not yet taken to the bank, oldest first: what later deposits have not taken is still there."""
    for account_id in sorted(undeposited.accounts(client, month)):
        for line, deposited_on in undeposited.open_receipts(client, account_id, month):
            yield _row(
                client,
                month,
                FUNDS,
                (finishing.BOOK, f"{line.entry_id}:{line.no}"),
                notes,
                area="Undeposited funds",
                label=line.party or line.entry.memo or "Receipt",
                amount=line.debit_minor,
                since=line.booked_on,
                reason="Received, not taken to the bank yet",
                expected=line.booked_on + timedelta(STALE_DAYS[FUNDS]),
                cleared=deposited_on,
                evidence=f"Deposit of {_day(deposited_on)}" if deposited_on else "",
                entry_id=line.entry_id,
            )


def ages(rows: Iterable[Timing]) -> list[tuple[str, list[int]]]:
    """For each kind that has open items, their absolute sums by age: to 30 days, to 60, to 90, older."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        if row.cleared_on is None:
            sums.setdefault(row.kind, [0, 0, 0, 0])[row.bucket] += abs(row.amount)
    return [(KINDS[kind], amounts) for kind, amounts in sums.items()]


def clear_noted(client: Client) -> int:
    """Write into the notes that still wait what has cleared them since, with its evidence; gives how many.

    Each is looked up at the end of the month it began in. Running it twice changes nothing.
    """
    waiting = TimingItem.objects.filter(client=client, cleared_on__isnull=True)
    cleared = 0
    for month in sorted({Month.of(since) for since in waiting.values_list("since", flat=True)}):
        for row in register(client, month):
            if row.note and row.cleared_on and row.note.cleared_on is None:
                row.note.cleared_on, row.note.evidence = row.cleared_on, row.evidence[:200]
                row.note.save(update_fields=["cleared_on", "evidence"])
                cleared += 1
    return cleared


def _day(day: date | None) -> str:
    return f"{day:%b} {day.day}" if day else ""
