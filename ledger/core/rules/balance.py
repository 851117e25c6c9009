"""Rows of a processor's balance that are neither sale nor payout: exchange, purchases, funding, own transfers, credits, tax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.money import to_major
from integrations.records import (
    BalanceFunding,
    BalancePurchase,
    Conversion,
    OwnTransfer,
    ProcessorCredit,
    TaxMovement,
    Unknown,
)
from ledger.core.currency import foreign_line, home_value
from ledger.core.entry import DraftEntry, DraftLine, credit, debit
from ledger.core.rules.booking import Source, Unbookable, draft, entry_of, rate_of, sane_rate

if TYPE_CHECKING:
    from decimal import Decimal

#: What a credit of the system is, by its kind: role and key.
_CREDITS = {
    "seller_protection": ("chargeback-losses", ""),
    "fee_waiver": ("merchant-fees", ""),
    "inventory_reimbursement": ("other-income", "inventory reimbursement"),
    "reward": ("other-income", "reward"),
    "interest": ("interest-income", ""),
    "platform_fees": ("revenue", "platform fees"),
}
#: Where money moved to another own account goes: its role; the key is the account, or the provider where none is named.
_OWN = {
    "bank": "bank",
    "in_transit": "in-transit",
    "payroll": "net-pay-clearing",
    "card": "card",
    "gift_cards": "gift-card-liability",
}
_TAXES = {
    "sales": "sales-tax-payable",
    "marketplace": "marketplace-tax",
    "duty": "sales-tax-payable",
    "input": "input-tax",
}


@draft.register
def _conversion(record: Conversion, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing of the currency that came, at its home value; Cr clearing of the one that left, at what it stands for in
    the books; the difference is exchange gained or lost. Both in home currency, the foreign amounts beside them.

    Raises Unbookable where neither currency is home and no rate is given, or a side is not positive.
    """
    home = source.home or record.currency.upper()
    if record.amount <= 0 or record.sold_amount <= 0 or record.currency.upper() == record.sold_currency.upper():
        raise Unbookable("an exchange takes one currency and gives another", record.amount)
    value = _home_value_of(record, home)
    sold_at = record.sold_amount if record.sold_currency.upper() == home else record.carrying_amount
    sold_at = value if sold_at is None else sold_at
    lines = (
        _kept(source, "debit", record.amount, record.currency.upper(), value, home),
        _kept(source, "credit", record.sold_amount, record.sold_currency.upper(), sold_at, home),
        *credit("fx", value - sold_at),
    )
    memo = record.memo or f"Exchange of {record.sold_currency} for {record.currency}"
    return (DraftEntry("conversion", record.booked_on, memo, lines, home),)


def _home_value_of(record: Conversion, home: str) -> int:
    """What came, in home currency: itself, else by the rate, else what was given for it in home currency."""
    if record.currency.upper() == home:
        return record.amount
    if record.rate is None and record.sold_currency.upper() == home:
        return record.sold_amount
    return home_value(record.amount, record.currency, home, rate_of(record, home))


def _kept(source: Source, side: str, amount: int, currency: str, value: int, home: str) -> DraftLine:
    """One side of the exchange on the clearing account of its currency."""
    made = (
        debit("clearing", amount, source.provider) if side == "debit" else credit("clearing", amount, source.provider)
    )
    return made[0] if currency == home else foreign_line(made[0], value, currency, _rate(amount, currency, value, home))


def _rate(amount: int, currency: str, value: int, home: str) -> Decimal:
    return sane_rate(to_major(value, home) / to_major(amount, currency), currency, home)


@draft.register
def _purchase(record: BalancePurchase, source: Source) -> tuple[DraftEntry, ...]:
    """Dr expense by category, input tax; Cr clearing. Money back: the mirror."""
    lines = (
        *debit(
            "expense",
            record.amount - record.tax,
            record.category,
            department=record.department,
            party=record.supplier,
        ),
        *debit("input-tax", record.tax),
        *credit("clearing", record.amount, source.provider),
    )
    return entry_of(record, "purchase", record.memo or f"Purchase {record.supplier}".strip(), lines)


@draft.register
def _funding(record: BalanceFunding, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing; Cr the card's liability, or in transit until the bank's line shows. Never income."""
    by_card = record.funded_by == "card"
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit("card" if by_card else "in-transit", record.amount, record.account if by_card else source.provider),
    )
    return entry_of(record, "balance-funding", record.memo or f"Funded by {record.funded_by}", lines)


@draft.register
def _own_transfer(record: OwnTransfer, source: Source) -> tuple[DraftEntry, ...]:
    """Dr the other account of the same owner; Cr clearing. Into the balance: the mirror."""
    key = "" if record.to == "gift_cards" else record.account or source.provider
    lines = (*debit(_OWN[record.to], record.amount, key), *credit("clearing", record.amount, source.provider))
    return entry_of(record, "own-transfer", record.memo or "Transfer to own account", lines)


@draft.register
def _credit(record: ProcessorCredit, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing; Cr what the credit's reason names: chargeback losses, merchant fees, other income. Taken back: the mirror."""
    role, key = _CREDITS[record.kind]
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit(role, record.amount, source.provider if role == "interest-income" else key),
    )
    return entry_of(record, "credit", record.memo or record.kind.replace("_", " ").capitalize(), lines)


@draft.register
def _tax_movement(record: TaxMovement, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing; Cr the tax that came in. Out of the balance: the mirror."""
    key = {"duty": record.jurisdiction or "duties", "input": ""}.get(record.kind, record.jurisdiction)
    lines = (
        *debit("clearing", record.amount, source.provider),
        *credit(_TAXES[record.kind], record.amount, key),
    )
    return entry_of(record, "tax", record.memo or f"Tax {record.jurisdiction}".strip(), lines)


def suspense_entry(record: Unknown, *, provider: str = "") -> DraftEntry:
    """A row nobody understands, once a person decides that it waits in suspense: into the balance Dr clearing; Cr suspense.

    Raises Unbookable for one of nil.
    """
    lines = (*debit("clearing", record.amount, provider), *credit("suspense", record.amount, provider))
    if not lines:
        raise Unbookable("a row of nil moves nothing")
    return DraftEntry("suspense", record.booked_on, record.memo or record.what, lines, record.currency)
