"""Payment processors: every row moves the provider's clearing account, whose balance is what the provider holds.

Fees are booked gross: sales at the full price, the fee as a cost, never the net alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import (
    Dispute,
    LoanMovement,
    Payout,
    ProcessorFee,
    Refund,
    RefundFailure,
    Reserve,
    Sale,
)
from ledger.core.entry import DraftEntry, DraftLine, credit, debit
from ledger.core.rules.booking import Source, Unbookable, draft, entry_of

if TYPE_CHECKING:
    from datetime import date

#: Words in a fee's category that make it something else than a cost of taking payments; the first that fits decides.
_FEE_ROLES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("dispute", "chargeback"), "dispute-fees"),
    (("payroll",), "payroll-fees"),
    (("loan", "financing", "capital", "lending"), "financing-cost"),
    (
        (
            "ads",
            "advert",
            "storage",
            "label",
            "shipping",
            "subscription",
            "platform",
            "billing",
            "paid_service",
            "third",
        ),
        "other-platform-costs",
    ),
)
#: What a fee is when its category says nothing, by the category of the system that charged it.
_PLAIN_FEE = {"payroll": "payroll-fees", "bank": "bank-fees", "payables": "fees", "expenses": "fees", "crm": "fees"}


def fee_role(fee_category: str, source_category: str = "") -> str:
    """The role of a fee by its own category's words, else by the kind of system that charged it."""
    words = fee_category.lower().replace("-", "_").replace(" ", "_")
    if words in ("tax", "input_tax", "vat"):
        return "input-tax"
    for signs, role in _FEE_ROLES:
        if any(_has_word(words, sign) for sign in signs):
            return role
    return _PLAIN_FEE.get(source_category, "merchant-fees")


def _has_word(words: str, sign: str) -> bool:
    """``sign`` begins a word of ``words``; three-letter signs must be the whole word ("ads", not "adsorb")."""
    if len(sign) <= 3:
        return sign in words.split("_")
    return words.startswith(sign) or f"_{sign}" in words


@draft.register
def _sale(record: Sale, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing (net of fee), merchant fees, input tax, discounts; Cr sales, shipping, sales tax, tips.

    A payment that settles an invoice credits receivables instead of income. The price before tax is what remains of
    ``amount``, so a tax-inclusive price needs no other rule.
    """
    goods = record.amount + record.discount - record.shipping - record.tax - record.tip
    if record.settles_invoice:
        earned = credit("ar", record.amount, memo=record.settles_invoice, party=record.customer)
        taken: tuple[DraftLine, ...] = ()
    else:
        earned = (
            *credit("sales", goods, record.channel),
            *credit("shipping-income", record.shipping, record.channel),
            *credit("sales-tax-payable", record.tax),
            *credit("tips-payable", record.tip),
        )
        taken = debit("discounts", record.discount, record.channel)
    lines = (
        *debit("clearing", record.amount - record.fee - record.fee_tax, source.provider),
        *taken,
        *debit("merchant-fees", record.fee),
        *debit("input-tax", record.fee_tax),
        *earned,
    )
    return entry_of(record, "sale", record.memo or f"Sale {record.external_id}", lines)


@draft.register
def _refund(record: Refund, source: Source) -> tuple[DraftEntry, ...]:
    """Dr returns, sales tax, shipping, tips; Cr clearing. What the refund cost, or the fee given back, on its own lines."""
    goods = record.amount - record.shipping - record.tax - record.tip
    lines = (
        *debit("returns", goods, record.channel),
        *debit("sales-tax-payable", record.tax),
        *debit("shipping-income", record.shipping, record.channel),
        *debit("tips-payable", record.tip),
        *debit("merchant-fees", record.fee),
        *credit("clearing", record.fee, source.provider),
        *credit("clearing", record.amount, source.provider),
    )
    return entry_of(record, "refund", record.memo or f"Refund {record.external_id}", lines)


@draft.register
def _refund_failure(record: RefundFailure, source: Source) -> tuple[DraftEntry, ...]:
    """The refund's mirror: Dr clearing; Cr returns and sales tax."""
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit("returns", record.amount - record.tax, record.channel),
        *credit("sales-tax-payable", record.tax),
    )
    return entry_of(record, "refund-failure", record.memo or f"Refund came back {record.source_id}".strip(), lines)


@draft.register
def _dispute(record: Dispute, source: Source) -> tuple[DraftEntry, ...]:
    """Opened: Dr disputed funds and dispute fees; Cr clearing. Won: back. Lost: Dr chargeback losses; Cr disputed funds.

    A lost dispute moves no cash: its fee was booked when it opened and is not read again here.
    """
    memo = record.memo or f"Dispute {record.stage} {record.source_id}".strip()
    purpose = f"dispute-{record.stage}"
    if record.stage == "lost":
        return entry_of(
            record,
            purpose,
            memo,
            (*debit("chargeback-losses", record.amount), *credit("disputed-funds", record.amount)),
        )
    sign = 1 if record.stage == "opened" else -1
    lines = (
        *debit("disputed-funds", sign * record.amount),
        *debit("dispute-fees", sign * record.fee),
        *credit("clearing", sign * (record.amount + record.fee), source.provider),
    )
    return entry_of(record, purpose, memo, lines)


@draft.register
def _fee(record: ProcessorFee, source: Source) -> tuple[DraftEntry, ...]:
    """Dr the cost its category names (merchant fees if none does) and input tax; Cr clearing. Given back: the mirror."""
    role = fee_role(record.category, source.category)
    lines = (
        *debit(role, record.amount, "" if role == "input-tax" else record.category),
        *debit("input-tax", record.tax),
        *credit("clearing", record.amount + record.tax, source.provider),
    )
    return entry_of(record, "fee", record.memo or f"Fee {record.category}".strip(), lines)


@draft.register
def _payout(record: Payout, source: Source) -> tuple[DraftEntry, ...]:
    """Sent: Dr in transit; Cr clearing. Negative and returned payouts mirror. A fee for paying out at once on its own lines."""
    sign = -1 if record.stage == "returned" else 1
    lines = (
        *debit("in-transit", sign * record.amount, source.provider),
        *credit("clearing", sign * record.amount, source.provider),
        *debit("merchant-fees", record.fee, "payout"),
        *credit("clearing", record.fee, source.provider),
    )
    said = record.memo or f"Payout {record.stage} {record.payout_id or record.external_id}"
    return entry_of(record, "payout" if sign > 0 else "payout-returned", said, lines)


@draft.register
def _reserve(record: Reserve, source: Source) -> tuple[DraftEntry, ...]:
    """Held: Dr reserve; Cr clearing. Released: the mirror. Never income or expense."""
    lines = (*debit("reserve", record.amount, source.provider), *credit("clearing", record.amount, source.provider))
    return entry_of(record, "reserve", record.memo or "Reserve", lines)


@draft.register
def _loan(record: LoanMovement, source: Source) -> tuple[DraftEntry, ...]:
    """Advanced: Dr clearing; Cr loan payable. Repaid: the mirror."""
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit("loan-payable", record.amount, source.provider),
    )
    return entry_of(record, "loan", record.memo or "Loan", lines)


def payout_arrival(payout: Payout, on: date, *, provider: str = "", bank: str = "") -> DraftEntry:
    """The payout at the bank: Dr bank; Cr in transit, dated like the bank line; ``bank`` names the account.

    A negative payout mirrors. Raises Unbookable for one of nil and for one that was returned (it never arrives).
    """
    if payout.stage == "returned" or not payout.amount:
        raise Unbookable(f"payout {payout.payout_id or payout.external_id} does not arrive at the bank", payout.amount)
    lines = (*debit("bank", payout.amount, bank), *credit("in-transit", payout.amount, provider))
    return DraftEntry("arrival", on, f"Payout {payout.payout_id or payout.external_id} arrived", lines, payout.currency)
