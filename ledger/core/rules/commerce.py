"""Shops, marketplaces and tills: a sale by its lines, its mirror, gift cards, store credit and the cash drawer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import (
    CashCount,
    CashMovement,
    CustomerDeposit,
    GiftCard,
    Order,
    OrderRefund,
    StoreCredit,
)
from ledger.core.entry import DraftEntry, DraftLine, credit, debit
from ledger.core.rules.booking import Source, Unbookable, agree, draft, entry_of
from ledger.core.rules.processor import fee_role
from ledger.core.rules.tenders import own_tax, rounding_line, tax_lines, tender_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.records import Fee


@draft.register
def _order(record: Order, source: Source) -> tuple[DraftEntry, ...]:
    """Dr the tenders, discounts, fees; Cr sales by product, shipping, sales tax by jurisdiction, tips, gift cards sold.

    What a marketplace collects in tax stands on both sides. Raises Unbookable where lines or tenders do not come to the
    amount paid.
    """
    agree("order", record.amount, _worth(record))
    lines = (
        *tender_lines(record.tenders, record.amount, source, location=record.location, party=record.customer),
        *_discounts(record),
        *(
            line
            for goods in record.goods
            for line in credit("sales", goods.amount, goods.product or record.channel, department=record.location)
        ),
        *_besides(record, sign=1),
        *fee_lines(record.fees, source),
    )
    said = record.memo or f"{'Edit of order' if record.edits else 'Order'} {record.number or record.external_id}"
    return entry_of(record, "order", said, lines)


@draft.register
def _order_refund(record: OrderRefund, source: Source) -> tuple[DraftEntry, ...]:
    """Dr returns by product (net of discount), sales tax, shipping, tips; Cr the tenders. Fees on their own lines.

    Store credit as a tender is what the shop owes from then on. Raises Unbookable as an order does.
    """
    agree("refund", record.amount, _worth(record))
    lines = (
        *(
            line
            for goods in record.goods
            for line in debit(
                "returns", goods.amount - goods.discount, goods.product or record.channel, department=record.location
            )
        ),
        *credit("returns", record.discount, record.channel, department=record.location),
        *_besides(record, sign=-1),
        *tender_lines(record.tenders, record.amount, source, sign=-1, location=record.location, party=record.customer),
        *fee_lines(record.fees, source),
    )
    said = record.memo or f"Refund of order {record.order or record.number or record.external_id}"
    return entry_of(record, "order-refund", said, lines)


def _worth(record: Order | OrderRefund) -> int:
    return (
        sum(goods.amount - goods.discount for goods in record.goods)
        - record.discount
        + record.shipping
        + record.tip
        + record.duties
        + own_tax(record.taxes)
        + record.gift_cards_sold
        + record.rounding
    )


def _discounts(order: Order) -> tuple[DraftLine, ...]:
    given = order.discount + sum(goods.discount for goods in order.goods)
    return debit("discounts", given, order.channel)


def _besides(record: Order | OrderRefund, *, sign: int) -> tuple[DraftLine, ...]:
    """What is sold beside the goods."""
    return (
        *credit("shipping-income", sign * record.shipping, record.channel),
        *tax_lines(record.taxes, sign=sign),
        *credit("sales-tax-payable", sign * record.duties, "duties"),
        *credit("tips-payable", sign * record.tip),
        *credit("gift-card-liability", sign * record.gift_cards_sold),
        *rounding_line(record.rounding, sign=sign),
    )


def fee_lines(fees: Sequence[Fee], source: Source) -> tuple[DraftLine, ...]:
    """Dr the cost each fee's category names, and input tax; Cr clearing. Given back: the mirror."""
    lines: list[DraftLine] = []
    for fee in fees:
        role = fee_role(fee.category, source.category)
        lines += debit(role, fee.amount, "" if role == "input-tax" else fee.category)
        lines += debit("input-tax", fee.tax)
        lines += credit("clearing", fee.amount + fee.tax, source.provider)
    return tuple(lines)


@draft.register
def _gift_card(record: GiftCard, source: Source) -> tuple[DraftEntry, ...]:
    """Sold: Dr the tenders; Cr gift card liability, neither revenue nor taxed. Expired: a person decides (``breakage_entry``)."""
    if record.stage == "expired":
        raise Unbookable(
            f"a person decides whether an expired gift card is income: {record.card}".rstrip(": "), record.amount
        )
    lines = (
        *tender_lines(record.tenders, record.amount, source, location=record.location),
        *credit("gift-card-liability", record.amount),
    )
    return entry_of(record, "gift-card", record.memo or f"Gift card {record.card}".strip(), lines)


@draft.register
def _store_credit(record: StoreCredit, _source: Source) -> tuple[DraftEntry, ...]:
    """Issued: Dr returns; Cr store credit liability. Expired: a person decides (``breakage_entry``)."""
    if record.stage == "expired":
        raise Unbookable("a person decides whether expired store credit is income", record.amount)
    lines = (
        *debit("returns", record.amount, record.channel),
        *credit("store-credit-liability", record.amount, party=record.customer),
    )
    return entry_of(record, "store-credit", record.memo or "Store credit", lines)


def breakage_entry(record: GiftCard | StoreCredit) -> DraftEntry:
    """What expired, once a person decided that the client's policy and law make it income: Dr the liability; Cr breakage.

    Raises Unbookable for one that did not expire.
    """
    if record.stage != "expired" or record.amount <= 0:
        raise Unbookable("only what expired can be income", record.amount)
    role = "gift-card-liability" if isinstance(record, GiftCard) else "store-credit-liability"
    lines = (*debit(role, record.amount), *credit("breakage-income", record.amount))
    return DraftEntry("breakage", record.booked_on, record.memo or "Expired", lines, record.currency)


@draft.register
def _cash_count(record: CashCount, _source: Source) -> tuple[DraftEntry, ...]:
    """Too much in the drawer: Dr cash drawer; Cr over and short. Too little: the mirror. Nothing where it agrees."""
    over = record.counted - record.expected
    lines = (*debit("cash-drawer", over, record.location), *credit("cash-over-short", over, record.location))
    return entry_of(record, "cash-count", record.memo or f"Drawer counted {record.location}".strip(), lines)


@draft.register
def _cash_movement(record: CashMovement, _source: Source) -> tuple[DraftEntry, ...]:
    """Banked: Dr in transit; Cr cash drawer. Spent: Dr expense by category; Cr cash drawer. Put in: the mirror."""
    taken = (
        debit("in-transit", record.amount, "cash")
        if record.kind == "banked"
        else debit("expense", record.amount, record.category, department=record.location, party=record.party)
    )
    lines = (*taken, *credit("cash-drawer", record.amount, record.location))
    return entry_of(record, "cash-movement", record.memo or f"Cash {record.kind}", lines)


@draft.register
def _deposit(record: CustomerDeposit, source: Source) -> tuple[DraftEntry, ...]:
    """Dr clearing, undeposited funds or bank; Cr customer deposits, or the contract liability of a billing system."""
    owed = "customer-deposits" if record.held_as == "deposit" else "contract-liability"
    key = record.account or (source.provider if record.into == "clearing" else "")
    lines = (*debit(record.into, record.amount, key), *credit(owed, record.amount, party=record.customer))
    return entry_of(record, "deposit", record.memo or f"Deposit {record.customer}".strip(), lines)
