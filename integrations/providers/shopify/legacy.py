"""The shapes of the REST API, in which notices and exports still come, turned into those that readings know.

It has no ledger of an order: the sale is made up of its lines, and counts only where they come to the order's total.
https://shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.providers.shopify.units import Unreadable, common
from integrations.records import Goods, OrderRefund, Record, Skipped, Tax, Tender, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Context

_NIL = Decimal(0)
#: Not paid yet, by its own word; of any other order the payments must be told.
_UNPAID = frozenset(["pending", "authorized", "voided", "expired"])
_PARTS = (
    ("refund", ("refund_line_items", "order_id")),
    ("transaction", ("kind", "gateway", "order_id")),
    ("tender", ("payment_method", "remote_reference", "order_id")),
)


def is_order(raw: Mapping[str, Any]) -> bool:
    return "line_items" in raw and "financial_status" in raw


def is_part(raw: Mapping[str, Any]) -> bool:
    """Whether it is a refund, a transaction or a tender that came without its order."""
    return any(all(name in raw for name in names) for _, names in _PARTS)


def part_of(payload: Payload) -> str:
    """Which of them."""
    return next(kind for kind, names in _PARTS if all(name in payload.data for name in names))


def as_graphql(order: Payload) -> Payload:
    """The order as the GraphQL API would show it, with an agreement made of its lines and one of each refund."""
    currency = order.text("currency")
    at = order.raw("processed_at", None) or order.raw("created_at")
    sales = [_sale(line, order, currency) for line in order.objects("line_items", required=True)]
    sales += [_shipping(line, order, currency) for line in order.objects("shipping_lines")]
    whole_tax = _sum(order.objects("tax_lines"), "price")
    if whole_tax and not any(sale["taxes"] for sale in sales):
        is_included = order.flag("taxes_included", False)
        sales.append(_made("PRODUCT", _NIL if is_included else whole_tax, list(order.objects("tax_lines")), currency))
    agreement = {"__typename": "OrderAgreement", "id": "order", "happenedAt": at, "sales": {"nodes": sales}}
    place = order.raw("location_id", None)
    return Payload(
        {
            "currencyCode": currency,
            "processedAt": at,
            "name": order.text("name", ""),
            "test": order.raw("test", False),
            "sourceName": order.text("source_name", ""),
            "retailLocation": {"name": str(place)} if place else None,
            "totalPriceSet": _bag(order.decimal("total_price"), currency),
            "transactions": [_transaction(one, currency) for one in order.objects("transactions")],
            "agreements": {"nodes": [agreement]},
        },
        order.path,
    )


def check(order: Payload) -> None:
    """Raises Unreadable where the order's lines do not come to its total, or its payments or refunds are not told."""
    (agreement,) = as_graphql(order).object("agreements").objects("nodes")
    bags = (sale.object("totalAmount").object("shopMoney") for sale in agreement.object("sales").objects("nodes"))
    lines, total = sum((bag.decimal("amount") for bag in bags), _NIL), order.decimal("total_price")
    if lines != total:
        raise Unreadable(f"the order's lines come to {lines}, its total is {total}: difference {lines - total}")
    if order.raw("refunds", []):
        raise Unreadable("an order with refunds in the REST API's shape: its agreements alone tell what was refunded")
    status = order.text("financial_status", "") or "none"
    if status not in _UNPAID and not order.raw("transactions", []):
        raise Unreadable(f"an order that is {status!r} without its transactions: how it was paid is not told")


def read_part(payload: Payload, context: Context) -> Iterator[Record]:
    """A refund by its lines where they come to what was given back; a transaction or tender is told by its order.

    https://shopify.dev/docs/api/admin-rest/latest/resources/refund
    """
    kind, identity = part_of(payload), f"{part_of(payload)}:{payload.integer('id')}"
    moment = payload.instant("processed_at" if payload.has("processed_at") else "created_at")
    if kind == "refund":
        yield _refund(payload, identity, context)
        return
    currency = payload.text("currency", context.home_currency)
    amount = payload.minor("amount", currency)
    fields = common(identity, moment, currency, context)
    yield Skipped(**fields, reason="its order tells how it was paid", amount=amount)


def _refund(refund: Payload, identity: str, context: Context) -> Record:
    money = [one for one in refund.objects("transactions") if one.text("status", "") == "success"]
    currency = money[0].text("currency", context.home_currency) if money else context.home_currency
    fields = common(identity, refund.instant("created_at"), currency, context)
    given = sum(one.minor("amount", currency) for one in money)
    lines = list(refund.objects("refund_line_items"))
    goods = sum(Payload({"x": _line_price(line)}, line.path).minor("x", currency) for line in lines)
    tax = sum(Payload({"x": _line_tax(line)}, line.path).minor("x", currency) for line in lines)
    for one in refund.objects("order_adjustments"):
        goods -= one.minor("amount", currency)
        tax -= one.minor("tax_amount", currency, Decimal(0))
    if goods + tax != given:
        what = f"the refund's lines come to {goods + tax}, given back was {given}: difference {goods + tax - given}"
        return Unknown(**fields, what=what, amount=given)
    return OrderRefund(
        **fields,
        amount=given,
        goods=(Goods(amount=goods),),
        taxes=(Tax(amount=tax),) if tax else (),
        tenders=tuple(
            Tender(kind="processor", amount=one.minor("amount", currency), name=one.text("gateway", ""))
            for one in money
        ),
        order=str(refund.integer("order_id")),
        review="" if lines else "refunded without lines",
    )


def _line_price(line: Payload) -> Decimal:
    """What goes back for a line without tax; older answers tell its price only."""
    if line.has("subtotal"):
        return line.decimal("subtotal")
    sold = line.object("line_item")
    return sold.decimal("price") * line.integer("quantity")


def _line_tax(line: Payload) -> Decimal:
    return (
        line.decimal("total_tax")
        if line.has("total_tax")
        else _sum(line.object("line_item").objects("tax_lines"), "price")
    )


# ---- made up of lines ----------------------------------------------------------------------------------------------------


def _sum(objects: Iterator[Payload], name: str) -> Decimal:
    return sum((one.decimal(name) for one in objects), _NIL)


def _bag(amount: Decimal, currency: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(amount), "currencyCode": currency}}


def _sale(line: Payload, order: Payload, currency: str) -> dict[str, Any]:
    taxes = list(line.objects("tax_lines"))
    discount = _sum(line.objects("discount_allocations"), "amount") or line.decimal("total_discount", _NIL)
    price = line.decimal("price") * line.integer("quantity") - discount
    total = price if order.flag("taxes_included", False) else price + _sum(iter(taxes), "price")
    kind = "GIFT_CARD" if line.flag("gift_card", False) else "TIP" if line.has("tip") else "PRODUCT"
    return _made(kind, total, taxes, currency, discount)


def _shipping(line: Payload, order: Payload, currency: str) -> dict[str, Any]:
    taxes = list(line.objects("tax_lines"))
    price = line.decimal("price") - _sum(line.objects("discount_allocations"), "amount")
    total = price if order.flag("taxes_included", False) else price + _sum(iter(taxes), "price")
    return _made("SHIPPING", total, taxes, currency)


def _made(kind: str, total: Decimal, taxes: list[Payload], currency: str, discount: Decimal = _NIL) -> dict[str, Any]:
    return {
        "id": kind.lower(),
        "actionType": "ORDER",
        "lineType": kind,
        "totalAmount": _bag(total, currency),
        "totalTaxAmount": _bag(_sum(iter(taxes), "price"), currency),
        "totalDiscountAmountBeforeTaxes": _bag(discount, currency),
        "taxes": [
            {
                "amount": _bag(tax.decimal("price"), currency),
                "taxLine": {"title": tax.text("title", ""), "channelLiable": tax.raw("channel_liable", False)},
            }
            for tax in taxes
        ],
    }


def _transaction(one: Payload, currency: str) -> dict[str, Any]:
    parent = one.raw("parent_id", None)
    return {
        "id": str(one.integer("id")),
        "kind": one.text("kind").upper(),
        "status": one.text("status").upper(),
        "test": one.raw("test", False),
        "gateway": one.text("gateway", ""),
        "processedAt": one.raw("processed_at", None) or one.raw("created_at"),
        "amountSet": _bag(one.decimal("amount"), one.text("currency", currency)),
        "parentTransaction": {"id": str(parent)} if parent else None,
        "paymentId": one.raw("payment_id", None),
    }
