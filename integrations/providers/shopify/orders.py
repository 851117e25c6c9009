"""Orders read as sales: each of an order's agreements is a fact of its own, paid by the transactions of its time.

An agreement is what was sold, changed, returned or refunded at one moment, signed, with its taxes: the order's own ledger.
Money that moves later (a capture after an authorisation, a refund that takes days) moves what is owed.
https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from integrations.providers.shopify import legacy
from integrations.providers.shopify.tenders import Money, kept_back, money_of, taken_for, tenders_of
from integrations.providers.shopify.units import Unreadable, common, id_of, number_of, shop_minor
from integrations.records import Goods, Order, OrderRefund, Record, Skipped, Tax, Tender, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from integrations.payload import Payload
    from integrations.provider import Context

#: Who owes what an order has not been paid yet. Nothing is asked of Shopify about persons.
DEBTOR = "Shopify customers"
_KINDS = {
    "OrderAgreement": "order",
    "OrderEditAgreement": "edit",
    "ReturnAgreement": "refund",
    "RefundAgreement": "refund",
}
_GOODS = frozenset(["PRODUCT", "ADJUSTMENT", "FEE", "ADDITIONAL_FEE"])
_FIELDS = {"SHIPPING": "shipping", "TIP": "tip", "DUTY": "duties"}
_ACTIONS = frozenset(["ORDER", "RETURN", "UPDATE"])


@dataclass(frozen=True, slots=True)
class Deal:
    """One agreement in minor units, signed: positive is sold. ``sums`` by the fields of an order; ``amount`` is to be paid."""

    id: str
    kind: str
    at: datetime
    amount: int
    sums: dict[str, int]
    taxes: tuple[Tax, ...]
    has_lines: bool
    transactions: frozenset[str] = field(default=frozenset())

    def parts(self, sign: int, rounding: int) -> dict[str, Any]:
        """The fields of an order, or with sign −1 of a refund."""
        goods = Goods(amount=sign * self.sums.get("goods", 0), discount=sign * self.sums.get("goods_discount", 0))
        named = {
            name: sign * self.sums.get(name, 0) for name in ("shipping", "tip", "duties", "gift_cards_sold", "discount")
        }
        return {
            **named,
            "amount": sign * (self.amount + rounding),
            "goods": (goods,) if goods.amount or goods.discount else (),
            "taxes": tuple(replace(tax, amount=sign * tax.amount) for tax in self.taxes),
            "rounding": sign * rounding,
        }


def order_id(payload: Payload) -> str:
    """The number that both APIs know an order by; that of a bare refund or transaction names its kind."""
    if legacy.is_order(payload.data):
        return str(payload.integer("id"))
    if legacy.is_part(payload.data):
        return f"{legacy.part_of(payload)}:{payload.integer('id')}"
    return str(payload.raw("legacyResourceId")) if payload.has("legacyResourceId") else id_of(payload)


def read_order(payload: Payload, context: Context) -> Iterator[Record]:
    """An order: its sale, edits and refunds, and money that moved apart from them.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
    """
    if legacy.is_part(payload.data):
        yield from legacy.read_part(payload, context)
        return
    order = legacy.as_graphql(payload) if legacy.is_order(payload.data) else payload
    currency, identity = order.text("currencyCode"), order_id(payload)
    fields = common(identity, order.instant("processedAt"), currency, context)
    if order.flag("test", False):
        yield Skipped(**fields, reason="a test order")
        return
    try:
        if order is not payload:
            legacy.check(payload)
        facts = list(_facts(order, identity, currency, context))
    except Unreadable as problem:
        yield Unknown(**fields, what=str(problem), amount=shop_minor(order, "totalPriceSet", currency))
        return
    yield from facts or [Skipped(**fields, reason="nothing was sold")]


def _facts(order: Payload, identity: str, currency: str, context: Context) -> Iterator[Record]:
    deals = sorted(
        (_deal(order, one, currency) for one in order.object("agreements").objects("nodes", required=True)),
        key=lambda deal: (deal.at, deal.id),
    )
    waiting = money_of(order, currency)
    place = order.object_or_none("retailLocation")
    shared: dict[str, Any] = {
        "channel": order.text("sourceName", ""),
        "location": place.text("name", "") if place is not None else "",
        "customer": DEBTOR,
        "number": order.text("name", ""),
    }
    for deal in deals:
        if not deal.amount and not any(deal.sums.values()) and not deal.taxes:
            continue
        mine, waiting = taken_for(deal.amount, deal.at, deal.transactions, waiting)
        yield _fact(deal, mine, identity, shared, common(f"{identity}:{deal.id}", deal.at, currency, context))
    for one in waiting:
        owed = Tender(kind="on_account", amount=-one.amount)
        moved = common(f"{identity}:paid:{one.id}", one.at, currency, context, f"Order {shared['number']} paid apart")
        yield Order(**moved, **shared, amount=0, tenders=(*tenders_of([one]), owed), edits=identity)


def _fact(deal: Deal, mine: list[Money], identity: str, shared: dict[str, Any], fields: dict[str, Any]) -> Record:
    """The agreement as an order, an edit of one, or a refund; what no money of its time paid is owed."""
    marketplace = sum(tax.amount for tax in deal.taxes if tax.collected_by_marketplace)
    paid = kept_back(mine, marketplace)
    missing = deal.amount - sum(one.amount for one in paid)
    # Cash is rounded to the smallest coin: what is missing by exactly that was never to be paid.
    rounding = -missing if missing and missing == -sum(one.rounding for one in mine) else 0
    is_refund = deal.kind == "refund" and deal.amount <= 0
    sign = -1 if is_refund else 1
    owed = (Tender(kind="on_account", amount=missing),) if missing and not rounding else ()
    tenders = tuple(replace(tender, amount=sign * tender.amount) for tender in (*tenders_of(paid), *owed))
    parts = {**deal.parts(sign, rounding), "tenders": tenders, **fields, **shared}
    if is_refund:
        return OrderRefund(**parts, order=identity, review="" if deal.has_lines else "refunded without lines")
    return Order(**parts, edits="" if deal.kind == "order" else identity)


def _deal(order: Payload, agreement: Payload, currency: str) -> Deal:
    """An agreement added up. Raises Unreadable for what is of no known kind, or where taxes do not sum to their total."""
    kind = _KINDS.get(agreement.text("__typename"))
    if kind is None:
        raise Unreadable(f"Shopify agreement of type {agreement.text('__typename')!r}")
    sums: dict[str, int] = {}
    taxes: dict[tuple[str, bool], int] = {}
    whole, has_lines = 0, False
    for sale in agreement.object("sales").objects("nodes", required=True):
        total, tax = shop_minor(sale, "totalAmount", currency), shop_minor(sale, "totalTaxAmount", currency)
        whole += total
        has_lines |= sale.text("lineType") != "ADJUSTMENT"
        for name, amount in _parts(sale, total - tax, currency).items():
            sums[name] = sums.get(name, 0) + amount
        for key, amount in _taxes(sale, tax, currency).items():
            taxes[key] = taxes.get(key, 0) + amount
    refund = agreement.object_or_none("refund")
    named = refund.object_or_none("transactions") if refund is not None else None
    named_ids = (number_of(one.text("id")) for one in named.objects("nodes")) if named is not None else ()
    remitted = sum(amount for (_, liable), amount in taxes.items() if liable)
    # An imported order happened when it was processed elsewhere, not when it came to Shopify.
    at = order.instant("processedAt") if kind == "order" else agreement.instant("happenedAt")
    return Deal(
        id=id_of(agreement),
        kind=kind,
        at=at,
        amount=whole - remitted,
        sums=sums,
        taxes=tuple(
            Tax(amount=amount, jurisdiction=title, collected_by_marketplace=liable)
            for (title, liable), amount in taxes.items()
            if amount
        ),
        has_lines=has_lines,
        transactions=frozenset(named_ids),
    )


def _parts(sale: Payload, net: int, currency: str) -> dict[str, int]:
    """A sale's price without tax, as the fields of an order. Prices that contain tax do so in ``totalAmount`` alone."""
    action, kind = sale.text("actionType"), sale.text("lineType")
    if action not in _ACTIONS:
        raise Unreadable(f"Shopify sale with action {action!r}")
    discount = shop_minor(sale, "totalDiscountAmountBeforeTaxes", currency)
    if kind in _GOODS:
        return {"goods": net + discount, "goods_discount": discount}
    if kind == "GIFT_CARD":
        return {"gift_cards_sold": net + discount, "discount": discount}
    if kind in _FIELDS:
        return {_FIELDS[kind]: net}
    raise Unreadable(f"Shopify sale of line type {kind!r}")


def _taxes(sale: Payload, total: int, currency: str) -> dict[tuple[str, bool], int]:
    """Tax by title; of those a marketplace remits itself apart. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/TaxLine"""
    found: dict[tuple[str, bool], int] = {}
    for one in sale.objects("taxes"):
        line = one.object("taxLine")
        key = line.text("title", ""), line.flag("channelLiable", False)
        found[key] = found.get(key, 0) + shop_minor(one, "amount", currency)
    if found and sum(found.values()) != total:
        difference = sum(found.values()) - total
        raise Unreadable(
            f"the taxes of a sale come to {sum(found.values())}, their total is {total}: difference {difference}"
        )
    return found or ({("", False): total} if total else {})
