"""Entries that go out together, as the document that carries them to the accounting system."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from integrations.dimensions import Dimensions
from integrations.records import LedgerDocument, LedgerLine
from ledger import outbox_dimensions, outbox_parties
from ledger.outbox_items import Items
from ledger.outbox_links import PAYABLE, RECEIVABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clients.models import Client
    from ledger.core.documents import Group
    from ledger.models import JournalEntry, JournalLine
    from ledger.outbox_links import Links
    from ledger.outbox_parties import Parties

#: Purposes with two balance-sheet lines that are one move of money.
MOVES = {"arrival", "transfer", "card-payment"}
#: Purposes of payables, expenses and receivables: each entry is about one name, so each is a document of its own.
OWN = {
    "bill", "vendor-credit", "bill-payment", "card-purchase", "cashback", "expense-report", "reimbursement",
    "invoice", "invoice-payment", "invoice-void", "credit-note", "customer-payment", "write-off", "settlement-difference",
}  # fmt: skip


def balance_of(entry: JournalEntry) -> str:
    """The processor account (``provider:account``) whose balance the entry is a row of; '' for an entry that is none.

    What a customer or vendor owes is never summed with other rows: the accounting system wants its name.
    """
    lines = entry.lines.all()
    is_own = entry.purpose in OWN or entry.purpose.startswith("bill-payment-")
    if (
        entry.origin == "source"
        and entry.fact_id
        and not is_own
        and any(line.role == "clearing" for line in lines)
        and not any(outbox_parties.kind_of(line.account) for line in lines)
    ):
        return ":".join(entry.source_key.split(":", 2)[:2])
    return ""


def document(
    client: Client, group: Group, entries: Sequence[JournalEntry], marker: str, known: Known
) -> LedgerDocument:
    """The document for a group of entries; its lines come to theirs, account by account, to the unit."""
    first, day = entries[0], group.day
    memo = first.memo if len(entries) == 1 else _memo(group, entries)
    machine = f"pp1|{group.key}|{first.source_key[:80]}|{first.pk}|{bytes(first.content_sha256).hex()[:16]}"
    lines = _summed((line for entry in entries for line in entry.lines.all()), known, settles=group.settles)
    plain = LedgerDocument(
        external_id="",
        booked_on=day,
        currency=client.home_currency,
        memo=memo,
        type="JournalEntry",
        lines=lines,
        number=marker,
        note=f"{machine}\n{memo}",
    )
    shaped = _shaped(plain, first, known) if len(entries) == 1 else plain
    return outbox_dimensions.placed(shaped)


def _memo(group: Group, entries: Sequence[JournalEntry]) -> str:
    said = f"{len(entries)} records"
    account, _, settled = group.key.partition("#")
    if not settled:
        _, _, channel = account.rpartition("/")
        return f"{said} of {group.day:%b} {group.day.day}" + (f", {channel}" if "/" in account else "")
    if settled.startswith("to "):
        return f"{said} not paid out by {group.day:%b} {group.day.day}, carried forward"
    return f"Payout {settled}, {said}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the entries themselves do not tell: ids of names and items, numbers, and the bills and invoices that payments
    settle.
    """

    parties: Parties
    links: Links
    items: Items = field(default_factory=Items)
    dimensions: Dimensions = field(default_factory=Dimensions)

    def waits(self, entry: JournalEntry) -> bool:
        """Whether a name, a class, an item or the bill that it settles is still to be made."""
        return (
            outbox_parties.unknown(entry, self.parties)
            or outbox_dimensions.unknown(entry, self.dimensions)
            or self.items.waits(entry)
            or self.links.waits(entry)
        )


def _shaped(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument:
    """The kind of document a bookkeeper would write; a journal entry where none says exactly this."""
    if entry.line_count == 2 and entry.purpose in MOVES:
        return replace(plain, type="Transfer")
    shape = _SHAPES.get(entry.purpose)
    if shape is None or entry.origin != "source" or entry.reverses_id or entry.revision:
        return plain
    return shape(plain, entry, known) or plain


def _bill(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument | None:
    """What is owed to one supplier, under the supplier's number; a credit is the mirror."""
    kind, side = ("Bill", "credit") if entry.purpose == "bill" else ("VendorCredit", "debit")
    owed = [line for line in plain.lines if line.party]
    if len(owed) != 1 or not getattr(owed[0], side):
        return None
    due = known.links.due(entry)
    return replace(
        plain,
        type=kind,
        lines=_led_by(owed[0], plain.lines),
        party=owed[0].party,
        number=known.links.number(entry),
        due_on=date.fromisoformat(due) if due else None,
    )


def _bill_payment(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument | None:
    """Money to one supplier for bills that stand there; anything beside them (a discount, an unknown bill) is no payment."""
    paid = [line for line in plain.lines if not line.party]
    parties = {line.party for line in plain.lines if line.party}
    methods = {line.account.external_id: PAYABLE.money.get(line.account.group) for line in entry.lines.all()}
    settled = known.links.settled(entry)
    if len(paid) != 1 or len(parties) != 1 or not paid[0].credit or not settled:
        return None
    method, payable = methods[paid[0].account_id], next(line for line in plain.lines if line.party)
    if method is None or sum(minor for _bill, minor in settled) != paid[0].credit:
        return None
    known.links.take(entry)
    lines = [replace(payable, debit=minor, settles=bill.target) for bill, minor in settled]
    return replace(plain, type="BillPayment", lines=(paid[0], *lines), party=payable.party, method=method)


def _invoice(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument | None:
    """What one customer owes, item by item, under the number the customer knows; a credit is the mirror."""
    kind, side = ("Invoice", "debit") if entry.purpose == RECEIVABLE.purpose else ("CreditMemo", "credit")
    owed = [line for line in plain.lines if line.party]
    if len(owed) != 1 or not getattr(owed[0], side):
        return None
    due = known.links.due(entry)
    lines = [
        replace(line, is_tax=True)
        if line.account_id == known.items.tax
        else replace(line, item=known.items.by_account[line.account_id])
        for line in plain.lines
        if line is not owed[0]
    ]
    return replace(
        plain,
        type=kind,
        lines=(owed[0], *lines),
        party=owed[0].party,
        number=known.links.number(entry),
        due_on=date.fromisoformat(due) if due else None,
    )


def _payment(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument | None:
    """Money of one customer for invoices that stand there; whole on the customer's account where one does not.

    A fee kept, or money that was paid before, is no receipt.
    """
    came = [line for line in plain.lines if not line.party]
    owed = [line for line in plain.lines if line.party]
    groups = {line.account.external_id: line.account.group for line in entry.lines.all()}
    if len(came) != 1 or len(owed) != 1 or not came[0].debit or groups[came[0].account_id] not in RECEIVABLE.money:
        return None
    settled = known.links.settled(entry)
    lines = tuple(replace(owed[0], credit=minor, settles=bill.target) for bill, minor in settled)
    if settled:
        known.links.take(entry)
    return replace(plain, type="Payment", lines=(came[0], *(lines or owed)), party=owed[0].party)


def _purchase(plain: LedgerDocument, entry: JournalEntry, _known: Known) -> LedgerDocument | None:
    """One charge or refund of a card."""
    cards = {line.account.external_id for line in entry.lines.all() if line.account.group == "card"}
    own = [line for line in plain.lines if line.account_id in cards]
    if len(own) != 1 or any(line.party for line in plain.lines):
        return None
    return replace(plain, type="Purchase", lines=_led_by(own[0], plain.lines), method="card")


def _led_by(own: LedgerLine, lines: tuple[LedgerLine, ...]) -> tuple[LedgerLine, ...]:
    return (own, *(line for line in lines if line is not own))


_SHAPES: dict[str, Callable[[LedgerDocument, JournalEntry, Known], LedgerDocument | None]] = {
    "bill": _bill,
    "vendor-credit": _bill,
    "bill-payment": _bill_payment,
    "card-purchase": _purchase,
    "invoice": _invoice,
    "credit-note": _invoice,
    "invoice-void": _invoice,
    "invoice-payment": _payment,
    "customer-payment": _payment,
}


def _summed(lines: Iterable[JournalLine], known: Known, *, settles: bool) -> tuple[LedgerLine, ...]:
    """Lines of one account, name, department, class and side in one; the two sides stay apart so that gross stays gross.

    In a settlement the clearing account stands net, so that what is left is the deposit. Only what is owed keeps its name:
    elsewhere the accounting system asks for none.
    """
    sums: dict[tuple[str, str, str, str, bool], list[int | str]] = {}
    for line in lines:
        party = outbox_parties.id_of(line, known.parties)
        is_net = settles and line.role == "clearing"
        tags = ("", "") if is_net else (line.department, line.klass)
        key = (line.account.external_id, party, *tags, is_net or line.debit_minor > 0)
        held = sums.setdefault(key, [0, line.memo])
        held[0] = int(held[0]) + (line.net_minor if is_net else line.debit_minor + line.credit_minor)
        if held[1] != line.memo:
            held[1] = ""
    return tuple(
        LedgerLine(
            account_id=account,
            debit=max(int(amount), 0) if is_debit else 0,
            credit=max(-int(amount), 0) if is_debit else int(amount),
            memo=str(memo),
            party=party,
            department=known.dimensions.department_ids.get(Dimensions.compared(department), ""),
            klass=known.dimensions.class_ids.get(Dimensions.compared(klass), ""),
        )
        for (account, party, department, klass, is_debit), (amount, memo) in sums.items()
        if amount
    )
