"""Payments and orders read as sales. The payment is what was paid and how, its order what was sold, discounted and taxed.

A payment books its share of its order. One that came well before its order was complete is a deposit until then. Fees are
told by the rows of the balance (``balance``), never by a payment: its ``processing_fee`` comes late, can be adjusted, and
under gross settlement is charged on rows of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.providers.square.tenders import Unreadable, deposit_fields, paid_by
from integrations.providers.square.units import Share, common, currency_of, minor, place_of
from integrations.records import CustomerDeposit, Record, Sale, Skipped, Tax, Tender, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from integrations.payload import Payload
    from integrations.provider import Context

#: An order that is not complete so long after a payment was paid before delivery; payments are read when they are older.
AT_ONCE = timedelta(minutes=15)
_QUIET = {
    "APPROVED": "authorised only: no money has moved",
    "PENDING": "not complete yet",
    "CANCELED": "voided before any money moved",
    "FAILED": "failed: no money has moved",
}
_UNSOLD = {
    "OPEN": "not complete: what was paid waits as a deposit",
    "DRAFT": "a draft sells nothing",
    "CANCELED": "cancelled: what was paid waits for its refund",
}
_GONE = frozenset(["VOIDED", "FAILED"])


def read_payment(payload: Payload, context: Context) -> Iterator[Record]:
    """A completed payment: its share of the order's sale, tax by name, discount and gift cards sold; the tip is its own.

    https://developer.squareup.com/reference/square/objects/Payment
    """
    payment = payload.inside("payment")
    place = place_of(payload, payment, context)
    currency = currency_of(payment, "total_money")
    total, tip = minor(payment, "total_money", currency), minor(payment, "tip_money", currency)
    fields = common(payment, taken_at(payment), place, currency, payment.text("note", ""))
    status = payment.text("status")
    if status in _QUIET:
        yield Skipped(**fields, reason=_QUIET[status], amount=total)
        return
    if status != "COMPLETED":
        yield Unknown(**fields, what=f"Square payment of status {status!r}", amount=total)
        return
    if (goods := minor(payment, "amount_money", currency)) + tip != total:
        what = f"amount and tip come to {goods + tip}, the payment is {total}: difference {goods + tip - total}"
        yield Unknown(**fields, what=what, amount=total)
        return
    order = payload.object_or_none("order")
    try:
        tenders = paid_by(payment, total, place)
        sold = sold_by(order, currency) if order is not None else None
        share = _share_of(payment, sold)
        is_before = sold is not None and sold.is_open_at(sold.paid_at(payment))
    except Unreadable as problem:
        yield Unknown(**fields, what=str(problem), amount=total)
        return
    customer = payment.text("customer_id", "")
    if is_before:
        yield CustomerDeposit(**fields, amount=total, customer=customer, **deposit_fields(tenders))
        return
    parts = sold.parts([share]) if sold is not None and share is not None else {}
    yield Sale(
        **fields,
        **parts,
        amount=total,
        tip=tip,
        tenders=tenders,
        channel=_channel(payment),
        location=place.name,
        customer=customer,
        source_id=payment.text("order_id", ""),
    )


def taken_at(payment: Payload) -> datetime:
    """When the money was taken: at the till while it was offline, at capture, or when the payment was made."""
    offline = payment.object_or_none("offline_payment_details")
    if offline is not None and offline.has("client_created_at"):
        return offline.instant("client_created_at")
    card = payment.object_or_none("card_details")
    timeline = card.object_or_none("card_payment_timeline") if card is not None else None
    if timeline is not None and timeline.has("captured_at"):
        return timeline.instant("captured_at")
    return payment.instant("created_at")


def _channel(payment: Payload) -> str:
    """Which of Square's products took it: ``square_pos``, ``online_store`` …"""
    details = payment.object_or_none("application_details")
    return details.text("square_product", "").lower() if details is not None else ""


def _share_of(payment: Payload, sold: Sold | None) -> Share | None:
    if sold is None:
        if payment.text("order_id", ""):
            raise Unreadable("a payment without its order: what was sold and taxed is not told")
        return None
    share = sold.shares.get(payment.text("id"))
    if share is None:
        raise Unreadable("the order does not list this payment among its tenders")
    return share


# ---- orders --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sold:
    """What an order says of the sale behind its payments. ``shares`` are by payment id, without tips."""

    order: Payload
    currency: str
    taxes: tuple[Tax, ...]
    tax: int
    discount: int
    gift_cards: int
    rounding: int
    shares: dict[str, Share]
    tenders: tuple[Payload, ...]

    def parts(self, shares: Iterable[Share]) -> dict[str, Any]:
        """The fields of a sale that come from the order, for these shares of it together."""
        chosen = list(shares)

        def of(figure: int) -> int:
            return sum(share.of(figure) for share in chosen)

        taxes = tuple(Tax(amount=of(tax.amount), jurisdiction=tax.jurisdiction) for tax in self.taxes)
        named = tuple(tax for tax in taxes if tax.amount)
        return {
            "tax": sum(tax.amount for tax in named) if self.taxes else of(self.tax),
            "taxes": named,
            "discount": of(self.discount),
            "gift_cards_sold": of(self.gift_cards),
            "rounding": of(self.rounding),
        }

    def paid_at(self, payment: Payload) -> datetime:
        tender = next((one for one in self.tenders if tender_id(one) == payment.text("id")), payment)
        return (tender if tender.has("created_at") else payment).instant("created_at")

    def is_open_at(self, paid: datetime) -> bool:
        """Whether the order was not complete when its payment was made, nor soon after. Raises Unreadable."""
        state = self.order.text("state", "COMPLETED")
        if state in _UNSOLD:
            return True
        if state != "COMPLETED":
            raise Unreadable(f"Square order of state {state!r}")
        return self.order.has("closed_at") and self.order.instant("closed_at") - paid > AT_ONCE


def tender_id(tender: Payload) -> str:
    """A tender's id is that of its payment."""
    return tender.text("payment_id", "") or tender.text("id", "")


def sold_by(order: Payload, currency: str) -> Sold:
    """An order taken apart. Raises Unreadable where it takes goods back too, or its taxes are not its total tax.

    https://developer.squareup.com/reference/square/objects/Order
    """
    lines = list(order.objects("line_items"))
    if list(order.objects("returns")):
        raise Unreadable("an exchange: one order sells and takes back")
    taxes = tuple(
        Tax(amount=minor(tax, "applied_money", currency), jurisdiction=tax.text("name", ""))
        for tax in order.objects("taxes")
    )
    tax, told = sum(one.amount for one in taxes), minor(order, "total_tax_money", currency)
    if taxes and order.has("total_tax_money") and tax != told:
        raise Unreadable(f"the order's taxes come to {tax}, its total tax is {told}: difference {tax - told}")
    cards = sum(minor(line, "total_money", currency) for line in lines if _item_type(line) == "GIFT_CARD")
    adjustment = order.object_or_none("rounding_adjustment")
    tenders = tuple(
        sorted(
            (tender for tender in order.objects("tenders") if not _is_gone(tender)),
            key=lambda tender: (tender.text("created_at", ""), tender_id(tender)),
        )
    )
    return Sold(
        order=order,
        currency=currency,
        taxes=taxes,
        tax=told,
        discount=minor(order, "total_discount_money", currency),
        gift_cards=cards,
        rounding=minor(adjustment, "amount_money", currency) if adjustment is not None else 0,
        shares=_shares(order, tenders, currency),
        tenders=tenders,
    )


def _item_type(line: Payload) -> str:
    kind = line.text("item_type", "ITEM")
    if kind not in ("ITEM", "CUSTOM_AMOUNT", "GIFT_CARD"):
        raise Unreadable(f"Square line item of type {kind!r}")
    return kind


def _is_gone(tender: Payload) -> bool:
    details = tender.object_or_none("card_details")
    return details is not None and details.text("status", "") in _GONE


def _shares(order: Payload, tenders: tuple[Payload, ...], currency: str) -> dict[str, Share]:
    """Each tender's share of the order without tips, one after the other: a later tender changes no earlier one."""
    whole = minor(order, "total_money", currency) - minor(order, "total_tip_money", currency)
    shares, before = {}, 0
    for tender in tenders:
        weight = minor(tender, "amount_money", currency) - minor(tender, "tip_money", currency)
        shares[tender_id(tender)] = Share(before, weight, whole)
        before += weight
    if before > max(whole, 0):
        raise Unreadable(f"the tenders come to {before}, the order to {whole}: difference {before - whole}")
    return shares


def read_order(payload: Payload, context: Context) -> Iterator[Record]:
    """A completed order whose payments came before: they are earned now. One that nobody had to pay shows its discount.

    https://developer.squareup.com/reference/square/objects/Order
    """
    order = payload.inside("order")
    place = place_of(payload, order, context)
    currency = currency_of(order, "total_money")
    total, state = minor(order, "total_money", currency), order.text("state")
    closed = order.instant("closed_at" if order.has("closed_at") else "created_at")
    fields = common(order, closed, place, currency, order.text("ticket_name", ""))
    if state in _UNSOLD:
        yield Skipped(**fields, reason=_UNSOLD[state], amount=total)
        return
    if state != "COMPLETED":
        yield Unknown(**fields, what=f"Square order of state {state!r}", amount=total)
        return
    if list(order.objects("returns")):
        yield Skipped(**fields, reason="a return: its refunds book it", amount=total)
        return
    try:
        sold = sold_by(order, currency)
        waiting = waiting_in(sold)
    except Unreadable as problem:
        yield Unknown(**fields, what=str(problem), amount=total)
        return
    if not waiting and (sold.tenders or total or not sold.discount):
        yield Skipped(**fields, reason="its payments book it", amount=total)
        return
    paid = sum(minor(tender, "amount_money", currency) for tender in waiting)
    shares = [sold.shares[tender_id(tender)] for tender in waiting] or [Share(0, 1, 1)]
    yield Sale(
        **fields,
        **sold.parts(shares),
        amount=paid,
        tip=sum(minor(tender, "tip_money", currency) for tender in waiting),
        tenders=(Tender(kind="deposit", amount=paid),) if waiting else (),
        location=place.name,
        customer=order.text("customer_id", ""),
        source_id=fields["external_id"],
    )


def waiting_in(sold: Sold) -> list[Payload]:
    """The tenders that were paid before the order was complete. Raises Unreadable."""
    return [
        tender for tender in sold.tenders if tender.has("created_at") and sold.is_open_at(tender.instant("created_at"))
    ]
