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
from ledger.core.rules.booking import Source, Unbookable, draft, drafts, entry_of
from ledger.core.rules.tenders import own_tax, rounding_line, stated_tax, tax_lines, tender_lines

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
    """Dr clearing (net of fee) or the tenders, merchant fees, input tax, discounts; Cr sales, shipping, tax, tips, gift cards.

    A payment that settles an invoice credits receivables instead of income; one that settles an order books its fee alone.
    The price before tax is what remains of ``amount``, so a tax-inclusive price needs no other rule.
    """
    lines: tuple[DraftLine, ...]
    cost = record.fee + record.fee_tax
    fee = (*debit("merchant-fees", record.fee), *debit("input-tax", record.fee_tax))
    if record.settles_order:
        lines = (*fee, *credit("clearing", cost, source.provider))
    else:
        taken = (
            (
                *tender_lines(record.tenders, record.amount, source, location=record.location, party=record.customer),
                *credit("clearing", cost, source.provider),
            )
            if record.tenders
            else debit("clearing", record.amount - cost, source.provider)
        )
        discounts = () if record.settles_invoice else debit("discounts", record.discount, record.channel)
        lines = (*taken, *discounts, *fee, *_earned(record))
    return entry_of(record, "sale", record.memo or f"Sale {record.external_id}", lines)


def _earned(sale: Sale) -> tuple[DraftLine, ...]:
    if sale.settles_invoice:
        return credit("ar", sale.amount, memo=sale.settles_invoice, party=sale.customer)
    taxes = stated_tax(sale.tax, sale.taxes)
    rest = sale.shipping + own_tax(taxes) + sale.tip + sale.gift_cards_sold + sale.rounding
    return (
        *credit("sales", sale.amount + sale.discount - rest, sale.product or sale.channel, department=sale.location),
        *credit("shipping-income", sale.shipping, sale.channel),
        *tax_lines(taxes),
        *credit("tips-payable", sale.tip),
        *credit("gift-card-liability", sale.gift_cards_sold),
        *rounding_line(sale.rounding),
    )


@draft.register
def _refund(record: Refund, source: Source) -> tuple[DraftEntry, ...]:
    """Dr returns, sales tax, shipping, tips; Cr clearing or the tenders. What the refund cost, or the fee given back, on its
    own lines. A refund that pays out a credit note debits receivables; one of a booked order's refund moves its fee alone.
    """
    cost = (
        *debit("merchant-fees", record.fee),
        *debit("input-tax", record.fee_tax),
        *credit("clearing", record.fee + record.fee_tax, source.provider),
    )
    given: tuple[DraftLine, ...] = ()
    if not record.settles_order:
        given = tender_lines(
            record.tenders, record.amount, source, sign=-1, location=record.location, party=record.customer
        )
    lines = (*_returned(record), *cost, *given)
    return entry_of(record, "refund", record.memo or f"Refund {record.external_id}", lines)


def _returned(refund: Refund) -> tuple[DraftLine, ...]:
    if refund.settles_order:
        return ()
    if refund.settles_credit:
        return debit("ar", refund.amount, memo=refund.settles_credit, party=refund.customer)
    taxes = stated_tax(refund.tax, refund.taxes)
    goods = refund.amount - refund.shipping - own_tax(taxes) - refund.tip - refund.rounding
    return (
        *debit("returns", goods, refund.product or refund.channel, department=refund.location),
        *tax_lines(taxes, sign=-1),
        *debit("shipping-income", refund.shipping, refund.channel),
        *debit("tips-payable", refund.tip),
        *rounding_line(refund.rounding, sign=-1),
    )


@draft.register
def _refund_failure(record: RefundFailure, source: Source) -> tuple[DraftEntry, ...]:
    """The refund's mirror: Dr clearing; Cr returns, sales tax, shipping, tips. Nothing where an order's books hold the refund."""
    if record.settles_order:
        raise Unbookable(
            f"the refund of order {record.settles_order} came back: its own refund must be undone", record.amount
        )
    taxes = stated_tax(record.tax, record.taxes)
    goods = record.amount - record.shipping - own_tax(taxes) - record.tip
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit("returns", goods, record.product or record.channel, department=record.location),
        *tax_lines(taxes),
        *credit("shipping-income", record.shipping, record.channel),
        *credit("tips-payable", record.tip),
    )
    return entry_of(record, "refund-failure", record.memo or f"Refund came back {record.source_id}".strip(), lines)


@draft.register
def _dispute(record: Dispute, source: Source) -> tuple[DraftEntry, ...]:
    """Opened: Dr disputed funds and dispute fees; Cr clearing. Won: back. Lost: Dr chargeback losses; Cr disputed funds.

    A lost or accepted dispute moves no cash: its fee was booked when it opened and is not read again here. An inquiry makes
    no entry.
    """
    if record.stage == "inquiry":
        return ()
    memo = record.memo or f"Dispute {record.stage} {record.source_id}".strip()
    purpose = f"dispute-{record.stage}"
    if record.stage in ("lost", "accepted"):
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
    """Advanced: Dr clearing, financing cost (the fee at the grant); Cr loan payable. Repaid: the mirror."""
    lines = (
        *debit("clearing", record.amount, source.provider),
        *debit("financing-cost", record.fee, source.provider),
        *credit("loan-payable", record.amount + record.fee, source.provider),
    )
    return entry_of(record, "loan", record.memo or "Loan", lines)


def payout_arrival(payout: Payout, on: date, *, provider: str = "", bank: str = "", home: str = "") -> DraftEntry:
    """The payout at the bank: Dr bank; Cr in transit, dated like the bank line; ``bank`` names the account.

    A negative payout mirrors. With ``home`` a foreign one arrives as what the money under way stands for: home currency at
    the payout's own rate. Raises Unbookable for one of nil, for one that was returned (it never arrives), and for a foreign
    one without a rate.
    """
    if payout.stage == "returned" or not payout.amount:
        raise Unbookable(f"payout {payout.payout_id or payout.external_id} does not arrive at the bank", payout.amount)
    said = f"Payout {payout.payout_id or payout.external_id} arrived"
    if home and payout.currency.upper() != home:
        return DraftEntry("arrival", on, said, _arriving_at_home(payout, provider, bank, home), home)
    lines = (*debit("bank", payout.amount, bank), *credit("in-transit", payout.amount, provider))
    return DraftEntry("arrival", on, said, lines, payout.currency)


def _arriving_at_home(payout: Payout, provider: str, bank: str, home: str) -> tuple[DraftLine, ...]:
    """The line that stands for the money under way, taken back as it was booked; the bank's own line is of home currency."""
    sent = drafts(payout, provider=provider, home=home)
    on_way = next((line for entry in sent for line in entry.lines if line.role == "in-transit"), None)
    if on_way is None:
        raise Unbookable("the payout is worth less than the smallest unit of the home currency", payout.amount)
    return (
        *debit("bank", on_way.debit - on_way.credit, bank),
        on_way._replace(debit=on_way.credit, credit=on_way.debit),
    )
