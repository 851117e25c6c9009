"""CRM and billing: invoices earned at once or over time, their payments, credits, voids and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import (
    CreditNote,
    CustomerInvoice,
    InvoicePayment,
    InvoiceVoid,
    SettlementDifference,
    WriteOff,
)
from ledger.core.entry import DraftEntry, DraftLine, credit, debit, merge
from ledger.core.rules.booking import Source, Unbookable, agree, draft, entry_of
from ledger.core.rules.payables import mirrored
from ledger.core.rules.tenders import own_tax, tax_lines

if TYPE_CHECKING:
    from datetime import date

    from integrations.records import InvoiceLine
    from ledger.core.period import Month

#: Where an invoice payment went: role, and whether the system's own slug is its key when no account is named.
_INTO = {
    "undeposited": ("undeposited", False),
    "clearing": ("clearing", True),
    "bank": ("bank", False),
    "deposit": ("customer-deposits", False),
    "contract": ("contract-liability", False),
}


@draft.register
def _invoice(record: CustomerInvoice, source: Source) -> tuple[DraftEntry, ...]:
    """Dr accounts receivable; Cr revenue by product, contract liability for service over time, sales tax.

    A shop's or processor's invoice earns sales.
    """
    lines = (
        *debit("ar", record.amount, memo=record.number, party=record.customer),
        *_earned(record, source),
    )
    return entry_of(record, "invoice", record.memo or f"Invoice {record.number} {record.customer}", lines)


@draft.register
def _credit_note(record: CreditNote, source: Source) -> tuple[DraftEntry, ...]:
    """Dr revenue or contract liability, sales tax; Cr accounts receivable."""
    return _taken_back(record, source, "credit-note", "Credit note")


@draft.register
def _void(record: InvoiceVoid, source: Source) -> tuple[DraftEntry, ...]:
    """As a credit note for the whole of an open invoice."""
    return _taken_back(record, source, "invoice-void", "Void of invoice")


def _taken_back(record: CreditNote | InvoiceVoid, source: Source, purpose: str, word: str) -> tuple[DraftEntry, ...]:
    lines = (
        *mirrored(_earned(record, source)),
        *credit("ar", record.amount, memo=record.invoice or record.number, party=record.customer),
    )
    return entry_of(
        record, purpose, record.memo or f"{word} {record.number or record.invoice} {record.customer}", lines
    )


def _earned(record: CustomerInvoice | CreditNote | InvoiceVoid, source: Source) -> tuple[DraftLine, ...]:
    """Raises Unbookable where lines and taxes do not come to the amount, or one line has half of its service time."""
    if not record.lines:
        raise Unbookable("the system names no lines: what was sold is not known", record.amount)
    agree("invoice", record.amount, sum(line.amount for line in record.lines) + own_tax(record.taxes))
    income = "sales" if source.category in ("processor", "commerce") else "revenue"
    lines: list[DraftLine] = []
    for line in record.lines:
        role = "contract-liability" if _is_over_time(line) else income
        lines += credit(role, line.amount, line.product, memo=line.memo, department=line.department)
    return (*lines, *tax_lines(record.taxes))


def _is_over_time(line: InvoiceLine) -> bool:
    if (line.service_from is None) != (line.service_to is None):
        raise Unbookable(f"the service time of {line.product or 'a line'} has only one end", line.amount)
    return line.service_from is not None


@draft.register
def _payment(record: InvoicePayment, source: Source) -> tuple[DraftEntry, ...]:
    """Dr undeposited funds, clearing, bank or what was paid before, and the fee kept; Cr accounts receivable by invoice.

    Paid back after a credit note: the mirror.
    """
    role, own = _INTO[record.into]
    party = record.customer if record.into in ("deposit", "contract") else ""
    applied = record.applications
    if applied:
        agree("applications", record.amount, sum(application.amount for application in applied))
    lines = (
        *debit(role, record.amount - record.fee, record.account or (source.provider if own else ""), party=party),
        *debit("merchant-fees", record.fee),
        *(
            line
            for application in applied
            for line in credit("ar", application.amount, memo=application.document, party=record.customer)
        ),
        *(() if applied else credit("ar", record.amount, party=record.customer)),
    )
    return entry_of(record, "invoice-payment", record.memo or f"Payment {record.number} {record.customer}", lines)


@draft.register
def _write_off(record: WriteOff, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr bad debt; Cr accounts receivable."""
    lines = (
        *debit("bad-debt", record.amount, party=record.customer),
        *credit("ar", record.amount, memo=record.invoice, party=record.customer),
    )
    return entry_of(record, "write-off", record.memo or f"Written off {record.invoice} {record.customer}", lines)


@draft.register
def _difference(record: SettlementDifference, _source: Source) -> tuple[DraftEntry, ...]:
    """Gained: Dr receivables (or payables); Cr exchange. Lost: the mirror."""
    role = "ar" if record.side == "receivable" else "ap"
    lines = (
        *debit(role, record.amount, memo=record.document, party=record.party),
        *credit("fx", record.amount),
    )
    return entry_of(record, "settlement-difference", record.memo or f"Exchange difference {record.document}", lines)


def recognition_entry(invoice: CustomerInvoice, month: Month) -> DraftEntry | None:
    """What of an invoice's service over time is earned in a month: Dr contract liability; Cr revenue, by day of service.

    Worked out as earned to the month's end less earned to its beginning, so that the months sum to the line. What was
    earned before the invoice was opened falls into its month. None where nothing is earned.
    """
    start = month.previous.last if invoice.booked_on < month.first else None
    if invoice.booked_on > month.last:
        return None
    lines: list[DraftLine] = []
    for line in invoice.lines:
        if not _is_over_time(line):
            continue
        earned = _earned_by(line, month.last) - (_earned_by(line, start) if start else 0)
        lines += debit("contract-liability", earned, line.product, department=line.department)
        lines += credit("revenue", earned, line.product, department=line.department)
    merged = merge(lines)
    if not merged:
        return None
    said = f"Earned of invoice {invoice.number} {invoice.customer}".replace("  ", " ").strip()
    return DraftEntry(f"recognition-{month.first:%Y-%m}", month.last, said, merged, invoice.currency)


def _earned_by(line: InvoiceLine, day: date) -> int:
    """What of the line is earned by the end of a day, rounded down toward nil until the last day gives the rest."""
    if line.service_from is None or line.service_to is None:
        raise Unbookable("a line without service time is earned at once", line.amount)
    days = (line.service_to - line.service_from).days + 1
    if days <= 0:
        raise Unbookable(f"the service time of {line.product or 'a line'} ends before it begins", line.amount)
    done = min(max((day - line.service_from).days + 1, 0), days)
    sign = -1 if line.amount < 0 else 1
    return sign * (abs(line.amount) * done // days)
