"""How a sale was paid and taxed: the lines that orders, tills and processors share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import Tax
from ledger.core.entry import DraftLine, credit, debit
from ledger.core.rules.booking import Source, Unbookable, agree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.records import Tender

#: What a till or a header may be off by: half of the smallest coin. More is a mistake, not rounding.
MOST_ROUNDING = 50


def tender_lines(
    tenders: Sequence[Tender],
    amount: int,
    source: Source,
    *,
    sign: int = 1,
    location: str = "",
    party: str = "",
) -> tuple[DraftLine, ...]:
    """Dr each tender's account by its part of ``amount``; all of it the system's own clearing where no tender is named.

    ``sign`` −1 gives it back. Raises Unbookable where the tenders do not sum to the amount.
    """
    if not tenders:
        return debit("clearing", sign * amount, source.provider)
    agree("tenders", amount, sum(tender.amount for tender in tenders))
    return tuple(
        line
        for tender in tenders
        for line in debit(*_place(tender, sign * tender.amount, source, location), party=_owner(tender, party))
    )


def _place(tender: Tender, amount: int, source: Source, location: str) -> tuple[str, int, str]:
    match tender.kind:
        case "processor":
            return "clearing", amount, tender.name or source.provider
        case "cash":
            return "cash-drawer", amount, tender.location or location
        case "gift_card":
            return "gift-card-liability", amount, ""
        case "store_credit":
            return "store-credit-liability", amount, ""
        case "on_account":
            return "ar", amount, ""
        case "deposit":
            return "customer-deposits", amount, ""


def _owner(tender: Tender, party: str) -> str:
    return party if tender.kind in ("on_account", "deposit", "store_credit") else ""


def own_tax(taxes: Sequence[Tax]) -> int:
    """The tax that the seller owes: what a marketplace collects is none of it."""
    return sum(tax.amount for tax in taxes if not tax.collected_by_marketplace)


def stated_tax(tax: int, taxes: Sequence[Tax]) -> tuple[Tax, ...]:
    """The taxes by jurisdiction, or the one figure as a tax of none. Raises Unbookable where both are given and disagree."""
    if not taxes:
        return (Tax(amount=tax),)
    if tax:
        agree("taxes", tax, own_tax(taxes))
    return tuple(taxes)


def tax_lines(taxes: Sequence[Tax], *, sign: int = 1) -> tuple[DraftLine, ...]:
    """Cr sales tax by jurisdiction; what a marketplace collects stands on both sides and comes to nil. ``sign`` −1 mirrors."""
    lines: list[DraftLine] = []
    for tax in taxes:
        if tax.collected_by_marketplace:
            lines += credit("marketplace-tax", sign * tax.amount, tax.jurisdiction)
            lines += debit("marketplace-tax", sign * tax.amount, tax.jurisdiction)
        else:
            lines += credit("sales-tax-payable", sign * tax.amount, tax.jurisdiction)
    return tuple(lines)


def rounding_line(rounding: int, *, sign: int = 1) -> tuple[DraftLine, ...]:
    """Cr what a sale was rounded up by. Raises Unbookable for more than rounding can be."""
    if abs(rounding) > MOST_ROUNDING:
        raise Unbookable(f"{rounding} is more than rounding can be", rounding)
    return credit("rounding", sign * rounding)
