"""What a system's rows sold, took back and cost, to be laid beside what their entries put on income and costs. Pure.

Each figure is (role, product or channel, amount) in minor units of the row's currency; income and costs are positive, what
was taken back negative. What settles an invoice, a credit note or an order that is booked already earned nothing here: it
costs its fee.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.records import (
    Order,
    OrderRefund,
    Payout,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Refund,
    RefundFailure,
    Sale,
    StoreCredit,
)
from ledger.core.rules.processor import fee_role
from ledger.core.rules.tenders import own_tax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Figures = Iterator[tuple[str, str, int]]

#: Roles whose figures a system reports too, and what they are called.
BRIDGED = {"sales": "Sales", "returns": "Refunds", "merchant-fees": "Fees", "other-platform-costs": "Platform costs"}


def gross_figures(record: Record, category: str) -> Figures:
    """The figures of one row of a system of this category; nothing for rows that neither earn nor cost."""
    figures = _FIGURES.get(type(record))
    if figures is not None:
        yield from (figure for figure in figures(record, category) if figure[0] in BRIDGED)


def _tax(record: Sale | Refund | RefundFailure) -> int:
    return own_tax(record.taxes) if record.taxes else record.tax


def _sale(sale: Sale, _category: str) -> Figures:
    yield "merchant-fees", "", sale.fee
    if not sale.settles_invoice and not sale.settles_order:
        besides = sale.shipping + _tax(sale) + sale.tip + sale.gift_cards_sold + sale.rounding
        yield "sales", sale.product or sale.channel, sale.amount + sale.discount - besides


def _refund(refund: Refund, _category: str) -> Figures:
    yield "merchant-fees", "", refund.fee
    if not refund.settles_credit and not refund.settles_order:
        besides = refund.shipping + _tax(refund) + refund.tip + refund.rounding
        yield "returns", refund.product or refund.channel, besides - refund.amount


def _refund_failure(failure: RefundFailure, _category: str) -> Figures:
    if not failure.settles_order:
        besides = failure.shipping + _tax(failure) + failure.tip
        yield "returns", failure.product or failure.channel, failure.amount - besides


def _order(order: Order, category: str) -> Figures:
    for goods in order.goods:
        yield "sales", goods.product or order.channel, goods.amount
    yield from _fees(order, category)


def _order_refund(refund: OrderRefund, category: str) -> Figures:
    for goods in refund.goods:
        yield "returns", goods.product or refund.channel, goods.discount - goods.amount
    yield "returns", refund.channel, refund.discount
    yield from _fees(refund, category)


def _fees(record: Order | OrderRefund, category: str) -> Figures:
    yield from ((fee_role(fee.category, category), "", fee.amount) for fee in record.fees)


def _store_credit(given: StoreCredit, _category: str) -> Figures:
    if given.stage == "issued":
        yield "returns", given.channel, -given.amount


def _credit(credit: ProcessorCredit, _category: str) -> Figures:
    if credit.kind == "fee_waiver":
        yield "merchant-fees", "", -credit.amount


_FIGURES: dict[type[Record], Callable[[Any, str], Figures]] = {
    Sale: _sale,
    Refund: _refund,
    RefundFailure: _refund_failure,
    Order: _order,
    OrderRefund: _order_refund,
    StoreCredit: _store_credit,
    ProcessorCredit: _credit,
    ProcessorFee: lambda fee, category: iter([(fee_role(fee.category, category), "", fee.amount)]),
    Payout: lambda payout, _category: iter([("merchant-fees", "", payout.fee)]),
}
