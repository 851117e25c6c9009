"""Orders and refunds of a WooCommerce store. It tells what was sold; the money is told by the gateway's own system.

A gateway's payment goes into the clearing account of that gateway, which its connection clears; a transfer, a cheque or cash
on delivery is owed until the bank shows it. Fees of gateways are not read: their own systems tell them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.money import MoneyError, split, to_minor
from integrations.payload import Payload
from integrations.records import Goods, Order, OrderRefund, Record, Skipped, Tax, Tender, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from integrations.provider import Context

#: Who owes what was not paid through a gateway. Names of buyers are not read.
DEBTOR = "WooCommerce customers"
_SOLD = frozenset(["processing", "completed", "refunded"])
_UNSOLD = {
    "pending": "not paid",
    "on-hold": "waits for its payment",
    "failed": "its payment failed",
    "cancelled": "cancelled before it was paid",
    "trash": "in the bin",
    "checkout-draft": "a draft of the checkout",
    "auto-draft": "a draft",
}
#: Paid outside of any gateway: owed until the bank shows it.
_OWED = frozenset(["bacs", "cheque", "cod"])
#: How a gateway's name begins → the system that holds its money.
_GATEWAYS = (("stripe", "stripe"), ("ppcp", "paypal"), ("ppec", "paypal"), ("paypal", "paypal"), ("square", "square"))
#: What header and lines may differ by: tax is rounded by line or in all.
MOST_ROUNDING = 5


def order_in(payload: Payload) -> Payload:
    """The order, in the envelope of our pull or bare."""
    return payload.object("order") if isinstance(payload.data.get("order"), dict) else payload


def is_order(raw: Mapping[str, Any]) -> bool:
    found = raw.get("order", raw)
    named = isinstance(found, dict) and "payment_method" in found and "line_items" in found
    return named or ("refunded_payment" in raw and "amount" in raw)


def order_id(payload: Payload) -> str:
    order = order_in(payload)
    return f"{'refund:' if 'refunded_payment' in order.data else ''}{order.integer('id')}"


@dataclass(frozen=True, slots=True)
class Parts:
    """Lines in minor units: goods before discount, taxes by label. ``sum`` is what they come to."""

    goods: int
    discount: int
    fees: int
    shipping: int
    taxes: tuple[Tax, ...]

    @property
    def sum(self) -> int:
        return self.goods - self.discount + self.fees + self.shipping + sum(tax.amount for tax in self.taxes)

    def fields(self, sign: int, extra: int = 0) -> dict[str, Any]:
        """The fields of an order, or with sign −1 of a refund. ``extra`` is given back without a line."""
        lines = (
            Goods(amount=sign * self.goods + extra, discount=sign * self.discount),
            Goods(amount=sign * self.fees, product="fees"),
        )
        return {
            "goods": tuple(line for line in lines if line.amount or line.discount),
            "shipping": sign * self.shipping,
            "taxes": tuple(Tax(amount=sign * tax.amount, jurisdiction=tax.jurisdiction) for tax in self.taxes),
        }


def read_order(payload: Payload, context: Context) -> Iterator[Record]:
    """An order that was sold, and each of its refunds. https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties"""
    order = order_in(payload)
    if "refunded_payment" in order.data:
        yield _bare_refund(order, context)
        return
    currency, status, identity = order.currency("currency"), order.text("status"), order_id(payload)
    total, method = _minor(order, "total", currency), order.text("payment_method", "")
    fields = _common(identity, sold_at(order), currency, context)
    refunds = list(payload.objects("refunds")) if order is not payload else []
    is_paid = order.has("date_paid_gmt")
    if status in _UNSOLD and not (is_paid and status in ("on-hold", "cancelled")) and not refunds:
        yield Skipped(**fields, reason=_UNSOLD[status], amount=total)
        return
    parts = _parts(order, currency)
    problem = _problem(order, status, total - parts.sum, total, method)
    if problem:
        yield Unknown(**fields, what=problem, amount=total)
        return
    shared: dict[str, Any] = {
        "number": order.text("number", ""),
        "channel": order.text("created_via", ""),
        "customer": DEBTOR,
    }
    yield Order(
        **fields,
        **shared,
        **parts.fields(1),
        amount=total,
        rounding=total - parts.sum,
        tenders=_tenders(order, method, total),
    )
    for refund in refunds:
        yield _refund(refund, order, parts, {"order": identity, **shared}, currency, context)


def sold_at(order: Payload) -> datetime:
    """When it was paid; cash on delivery is sold when it is ordered, for it is paid at the door, days later."""
    is_paid = order.has("date_paid_gmt") and order.text("payment_method", "") != "cod"
    return _instant(order, "date_paid_gmt" if is_paid else "date_created_gmt")


def _problem(order: Payload, status: str, off: int, total: int, method: str) -> str:
    if status == "cancelled":
        return "an order that was cancelled after it was paid: whether its money went back, a person says"
    if status not in _SOLD and status != "on-hold":
        return f"WooCommerce order of status {status!r}"
    if abs(off) > MOST_ROUNDING:
        return f"the order's lines come to {total - off}, its total is {total}: difference {-off}"
    if total and not method:
        return "an order that names no way of payment"
    # Orders that only refund something, or extensions that sell through a parent order.
    return "an order within another order" if order.integer("parent_id", 0) else ""


def _tenders(order: Payload, method: str, amount: int) -> tuple[Tender, ...]:
    if not amount:
        return ()
    if method in _OWED:
        return (Tender(kind="on_account", amount=amount),)
    name = next((slug for start, slug in _GATEWAYS if method.startswith(start)), "-".join(method.lower().split()))
    return (Tender(kind="processor", amount=amount, name=name, reference=order.text("transaction_id", "")),)


# ---- refunds -------------------------------------------------------------------------------------------------------------


def _refund(
    refund: Payload, order: Payload, sold: Parts, shared: dict[str, Any], currency: str, context: Context
) -> Record:
    """Lines of a refund are negative. Without lines it is an amount, its tax by the order's proportion, for a person to see.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#order-refund-properties
    """
    amount = abs(_minor(refund, "amount", currency))
    fields = _common(f"{shared['order']}:refund:{refund.integer('id')}", _refunded_at(refund), currency, context)
    parts, method = _parts(refund, currency), order.text("payment_method", "")
    given, review = -parts.sum, ""
    total = sold.sum
    if not given and amount:
        parts, review = _in_proportion(sold, amount, total), "refunded without lines"
        given = -parts.sum
    extra = amount - given
    if extra < -MOST_ROUNDING:
        what = f"the refund's lines come to {given}, given back was {amount}: difference {-extra}"
        return Unknown(**fields, what=what, amount=amount)
    rounding = extra if abs(extra) <= MOST_ROUNDING else 0
    if extra and not rounding:
        review = "refunded without lines, in part"
    if not review and method not in _OWED and not refund.flag("refunded_payment", False):
        review = "refunded by hand: where the money came from is not told"
    return OrderRefund(
        **fields,
        **shared,
        **parts.fields(-1, extra - rounding),
        amount=amount,
        rounding=rounding,
        tenders=_tenders(order, method, amount),
        review=review,
    )


def _in_proportion(sold: Parts, amount: int, total: int) -> Parts:
    """The order's tax in the proportion of what is given back, the rest as goods; negative, like lines of a refund."""
    weights = [tax.amount for tax in sold.taxes]
    if total <= 0 or not sum(weights) or min(weights) < 0:
        return Parts(goods=-amount, discount=0, fees=0, shipping=0, taxes=())
    tax = min(amount, total) * sum(weights) // total
    taxes = tuple(
        Tax(amount=-part, jurisdiction=one.jurisdiction)
        for one, part in zip(sold.taxes, split(tax, weights), strict=True)
        if part
    )
    return Parts(goods=tax - amount, discount=0, fees=0, shipping=0, taxes=taxes)


def _bare_refund(refund: Payload, context: Context) -> Record:
    """A refund alone says neither its order nor its currency."""
    fields = _common(order_id(refund), _refunded_at(refund), context.home_currency, context)
    what = "a refund without its order: what was given back, and how, is not told"
    return Unknown(**fields, what=what, amount=abs(_minor(refund, "amount", context.home_currency)))


def _refunded_at(refund: Payload) -> datetime:
    return _instant(refund, "date_created_gmt")


# ---- lines ---------------------------------------------------------------------------------------------------------------


def _parts(thing: Payload, currency: str) -> Parts:
    """Lines are without tax, whether or not prices contain it; ``price`` is a number and is not read."""
    goods = discount = 0
    for line in thing.objects("line_items"):
        total = _minor(line, "total", currency)
        before = _minor(line, "subtotal", currency) if line.has("subtotal") else total
        goods, discount = goods + before, discount + before - total
    fees = sum(_minor(line, "total", currency) for line in thing.objects("fee_lines"))
    shipping = sum(_minor(line, "total", currency) for line in thing.objects("shipping_lines"))
    return Parts(goods=goods, discount=discount, fees=fees, shipping=shipping, taxes=_taxes(thing, currency))


def _taxes(thing: Payload, currency: str) -> tuple[Tax, ...]:
    """Tax by label; a refund without tax lines tells it on its lines, which may have six decimals."""
    found: dict[str, int] = {}
    for line in thing.objects("tax_lines"):
        label = line.text("label", "") or line.text("rate_code", "")
        tax = _minor(line, "tax_total", currency) + _minor(line, "shipping_tax_total", currency)
        found[label] = found.get(label, 0) + tax
    if not found:
        lines = (line for name in ("line_items", "fee_lines", "shipping_lines") for line in thing.objects(name))
        found[""] = sum(_minor(line, "total_tax", currency) for line in lines)
    return tuple(Tax(amount=amount, jurisdiction=label) for label, amount in found.items() if amount)


def _minor(payload: Payload, name: str, currency: str) -> int:
    """Minor units of decimal text with more places than the currency has, half to even; 0 where there is none."""
    if not payload.has(name) or payload.raw(name) == "":
        return 0
    try:
        return to_minor(payload.decimal(name), currency, rounding=True)
    except MoneyError as error:
        raise PayloadError(payload.at(name), str(error)) from error


def _instant(payload: Payload, name: str) -> datetime:
    """A time of the ``_gmt`` fields: UTC, written without saying so. The others are the site's own clock."""
    return Payload({name: f"{payload.text(name).removesuffix('Z')}Z"}, payload.path).instant(name)


def _common(external_id: str, moment: datetime, currency: str, context: Context) -> dict[str, Any]:
    day = moment.astimezone(context.timezone).date()
    return {"external_id": external_id, "booked_on": day, "currency": currency, "occurred_at": moment}
