"""Entries that go out together, as the document that carries them to the accounting system."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from integrations.dimensions import Dimensions
from integrations.money import split
from integrations.records import LedgerDocument, LedgerLine
from ledger import outbox_currencies, outbox_dimensions, outbox_parties
from ledger.outbox_items import Items
from ledger.outbox_links import PAYABLE, RECEIVABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal

    from clients.models import Client
    from ledger.core.documents import Group
    from ledger.models import JournalEntry, JournalLine
    from ledger.outbox_links import Bill, Links
    from ledger.outbox_parties import Parties

#: Account, name, department, class, whether a debit, and whether the line says its amount in the document's currency.
_Key = tuple[str, str, str, str, bool, bool]
#: Purposes with two balance-sheet lines that are one move of money.
MOVES = {"arrival", "transfer", "card-payment"}
#: Purposes of payables, expenses and receivables: each entry is about one name, so each is a document of its own.
OWN = {
    "bill", "vendor-credit", "bill-payment", "card-purchase", "cashback", "expense-report", "reimbursement",
    "invoice", "invoice-payment", "invoice-void", "credit-note", "customer-payment", "write-off", "settlement-difference",
}  # fmt: skip


def balance_of(entry: JournalEntry) -> str:
    """The processor account (``provider:account``) whose balance the entry is a row of; '' for an entry that is none.

    What a customer or vendor owes is never summed with other rows: the accounting system wants its name. Nor is
    what moves an account kept in a foreign currency: each has its own rate.
    """
    lines = entry.lines.all()
    is_own = entry.purpose in OWN or entry.purpose.startswith("bill-payment-")
    if (
        entry.origin == "source"
        and entry.fact_id
        and not is_own
        and any(line.role == "clearing" for line in lines)
        and not any(outbox_parties.kind_of(line.account) for line in lines)
        and not any(line.foreign_currency and line.foreign_currency == line.account.currency for line in lines)
    ):
        return ":".join(entry.source_key.split(":", 2)[:2])
    return ""


def document(
    client: Client, group: Group, entries: Sequence[JournalEntry], marker: str, known: Known
) -> LedgerDocument:
    """The document for a group of entries; its lines come to theirs, account by account, to the unit.

    Raises NotSupported for what cannot be one document in one currency.
    """
    first, day, home = entries[0], group.day, client.home_currency
    memo = first.memo if len(entries) == 1 else _memo(group, entries)
    machine = f"pp1|{group.key}|{first.source_key[:80]}|{first.pk}|{bytes(first.content_sha256).hex()[:16]}"
    all_lines = [line for entry in entries for line in entry.lines.all()]
    own = outbox_currencies.of(all_lines, home)
    rate = outbox_currencies.rate_of(all_lines, own) if own else None
    lines = _summed(all_lines, known, own, rate, settles=group.settles)
    plain = LedgerDocument(
        external_id="",
        booked_on=day,
        currency=home,
        rate=rate,
        document_currency=own or (home if known.is_multicurrency else ""),
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
    home: str = ""
    is_multicurrency: bool = False
    #: Entries that say anew what a document carried already.
    revised: frozenset[int] = frozenset()

    def waits(self, entry: JournalEntry) -> bool:
        """Whether a name, a class, an item or the bill that it settles is still to be made."""
        return (
            outbox_parties.unknown(entry, self.parties, self.home)
            or outbox_dimensions.unknown(entry, self.dimensions)
            or (entry.pk not in self.revised and self.items.waits(entry))
            or self.links.waits(entry)
        )


def _shaped(plain: LedgerDocument, entry: JournalEntry, known: Known) -> LedgerDocument:
    """The kind of document a bookkeeper would write; a journal entry where none says exactly this."""
    if entry.line_count == 2 and entry.purpose in MOVES:
        return replace(plain, type="Transfer")
    shape = _SHAPES.get(entry.purpose)
    if shape is None or entry.origin != "source" or entry.reverses_id or entry.pk in known.revised:
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
    if method is None or sum(minor for _bill, minor in settled) != own_minor(paid[0]):
        return None
    known.links.take(entry)
    lines = _parts(payable, settled)
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
    lines = _parts(owed[0], settled)
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


def own_minor(line: LedgerLine) -> int:
    """Minor units of a line in the currency of its document."""
    return line.foreign or line.debit or line.credit


def _parts(line: LedgerLine, settled: Sequence[tuple[Bill, int]]) -> tuple[LedgerLine, ...]:
    """A line cut by what it settles, in the document's currency; its worth at home is shared in proportion."""
    minors = [minor for _bill, minor in settled]
    homes = split(line.debit or line.credit, minors) if line.foreign else minors
    return tuple(
        replace(
            line,
            debit=home if line.debit else 0,
            credit=home if line.credit else 0,
            foreign=minor if line.foreign else 0,
            settles=bill.target,
        )
        for (bill, minor), home in zip(settled, homes, strict=True)
    )


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


def _summed(
    lines: Iterable[JournalLine], known: Known, own: str, rate: Decimal | None, *, settles: bool
) -> tuple[LedgerLine, ...]:
    """Lines of one account, name, department, class and side in one; the two sides stay apart so that gross stays gross.

    In a settlement the clearing account stands net, so that what is left is the deposit. Only what is owed keeps its name:
    elsewhere the accounting system asks for none. With ``own`` each has its amount in that currency beside it, at ``rate``.
    """
    sums: dict[_Key, list[int | str]] = {}
    kept: dict[str, str] = {}
    for line in lines:
        party = outbox_parties.id_of(line, known.parties, known.home)
        is_net = settles and line.role == "clearing"
        is_told = bool(own) and line.foreign_currency == own
        tags = ("", "") if is_net else (line.department, line.klass)
        key = (line.account.external_id, party, *tags, is_net or line.debit_minor > 0, is_told)
        held = sums.setdefault(key, [0, line.memo, 0])
        held[0] = int(held[0]) + (line.net_minor if is_net else line.debit_minor + line.credit_minor)
        held[2] = int(held[2]) + ((line.foreign_minor or 0) if is_told else 0)
        if held[1] != line.memo:
            held[1] = ""
        kept[line.account.external_id] = outbox_currencies.kept_in(line.account, known.home)
    found = tuple(
        LedgerLine(
            account_id=account,
            debit=max(int(amount), 0) if is_debit else 0,
            credit=max(-int(amount), 0) if is_debit else int(amount),
            memo=str(memo),
            party=party,
            department=known.dimensions.department_ids.get(Dimensions.compared(department), ""),
            klass=known.dimensions.class_ids.get(Dimensions.compared(klass), ""),
            foreign=int(foreign),
        )
        for (account, party, department, klass, is_debit, _told), (amount, memo, foreign) in sums.items()
        if amount
    )
    if rate is None:
        return found
    told = [key[5] for key, held in sums.items() if held[0]]
    placed = [(line, is_told, kept[line.account_id]) for line, is_told in zip(found, told, strict=True)]
    amounts = outbox_currencies.completed(placed, rate, currency=own, home=known.home)
    return tuple(replace(line, foreign=minor) for line, minor in zip(found, amounts, strict=True))
