"""The story's things as the Admin GraphQL API shows them, version 2026-10."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from integrations.sandbox.shopify.graphql import connection, counted
from integrations.sandbox.shopify.plan import GIFT, OWN
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from integrations.sandbox.shopify.plan import Deal, Line, Paid, Purchase, Quarrel, Row
    from integrations.sandbox.shopify.story import Sent, Shop

Shape = dict[str, Any]
#: Terms of a query for orders → the field compared with.
ORDER_TIMES = {"updated_at": "updatedAt", "created_at": "createdAt", "processed_at": "processedAt"}


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def money(minor: int) -> Shape:
    """Cents as Shopify writes them: ``10.5``, ``10.0``."""
    text = f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"
    return {"amount": text.removesuffix("0"), "currencyCode": "USD"}


def bag(minor: int) -> Shape:
    return {"shopMoney": money(minor), "presentmentMoney": money(minor)}


def order(purchase: Purchase) -> Shape:
    return {
        "id": gid("Order", purchase.id),
        "legacyResourceId": str(purchase.id),
        "name": f"#{purchase.number}",
        "test": False,
        "currencyCode": "USD",
        "processedAt": stamp(purchase.at),
        "createdAt": stamp(purchase.at),
        "updatedAt": stamp(purchase.updated),
        "sourceName": "web",
        "retailLocation": None,
        "totalPriceSet": bag(purchase.deals[0].total_minor),
        "transactions": lambda _arguments: [transaction(one) for one in purchase.paid],
        "agreements": connection([agreement(deal) for deal in purchase.deals]),
    }


def agreement(deal: Deal) -> Shape:
    reason = {"OrderAgreement": "ORDER", "OrderEditAgreement": "ORDER_EDIT", "RefundAgreement": "REFUND"}[deal.type]
    found = {
        "__typename": deal.type,
        "id": gid(deal.type, deal.id),
        "happenedAt": stamp(deal.at),
        "reason": reason,
        "sales": connection([_sale(deal, number, line) for number, line in enumerate(deal.lines)]),
    }
    if deal.type == "RefundAgreement":
        named = connection([{"id": gid("OrderTransaction", one.id)} for one in deal.paid])
        found["refund"] = {"id": gid("Refund", deal.id), "transactions": named}
    return found


def _sale(deal: Deal, number: int, line: Line) -> Shape:
    return {
        "id": gid("Sale", deal.id * 10 + number),
        "actionType": line.action,
        "lineType": line.kind,
        "totalAmount": bag(line.total_minor),
        "totalTaxAmount": bag(line.tax_minor),
        "totalDiscountAmountBeforeTaxes": bag(line.discount_minor),
        "taxes": [
            {"amount": bag(tax), "taxLine": {"title": title, "channelLiable": False}} for title, tax in line.taxes
        ],
    }


def transaction(one: Paid) -> Shape:
    is_own = one.gateway == OWN
    return {
        "id": gid("OrderTransaction", one.id),
        "kind": one.kind,
        "status": "SUCCESS",
        "test": False,
        "gateway": one.gateway,
        "createdAt": stamp(one.at),
        "processedAt": stamp(one.at),
        "paymentId": f"rP{one.id}",
        "settlementCurrency": "USD" if is_own else None,
        "amountSet": bag(one.amount_minor),
        "amountRoundingSet": None,
        "fees": [{"id": gid("TransactionFee", one.id)}] if is_own and one.kind in ("SALE", "CAPTURE") else [],
        "parentTransaction": {"id": gid("OrderTransaction", one.parent)} if one.parent else None,
        "location": None,
    }


_SOURCES = {"CHARGE": "CHARGE", "REFUND": "REFUND", "DISPUTE": "DISPUTE", "TRANSFER": "TRANSFER"}


def balance_row(row: Row) -> Shape:
    source = _SOURCES.get(row.kind.partition("_")[0], "ADJUSTMENT")
    is_order = source in ("CHARGE", "REFUND")
    payout = gid("ShopifyPaymentsPayout", row.source) if source == "TRANSFER" else None
    return {
        "id": gid("ShopifyPaymentsBalanceTransaction", row.id),
        "type": row.kind,
        "test": False,
        "transactionDate": stamp(row.at),
        "sourceId": row.source or None,
        "sourceType": source,
        "sourceOrderTransactionId": row.source if is_order else None,
        "adjustmentReason": None,
        "amount": money(row.amount_minor),
        "fee": money(row.fee_minor),
        "net": money(row.net_minor),
        "associatedOrder": {"id": gid("Order", row.order), "name": f"#{row.order}"} if row.order else None,
        "associatedPayout": {"id": payout, "status": "PAID" if payout else "PENDING"},
    }


def payout(sent: Sent) -> Shape:
    amount, arrived = sent.payout.amount_minor, sent.payout.arrives_on <= STORY_NOW.date()
    return {
        "id": gid("ShopifyPaymentsPayout", sent.id),
        "legacyResourceId": str(sent.id),
        "issuedAt": stamp(sent.at),
        "status": "FAILED" if sent.failed else "PAID" if arrived else "SCHEDULED",
        "transactionType": "DEPOSIT" if amount >= 0 else "WITHDRAWAL",
        "externalTraceId": sent.trace,
        "net": money(amount),
    }


def dispute(quarrel: Quarrel) -> Shape:
    return {
        "id": gid("ShopifyPaymentsDispute", quarrel.id),
        "legacyResourceId": str(quarrel.id),
        "type": "CHARGEBACK",
        "status": quarrel.outcome,
        "initiatedAt": stamp(quarrel.at),
        "finalizedOn": stamp(quarrel.closed),
        "amount": money(quarrel.amount_minor),
        "order": {"id": gid("Order", quarrel.purchase.id)},
        "reasonDetails": {"reason": "FRAUDULENT", "networkReasonCode": "4837"},
    }


def gift_cards(shop: Shop) -> Iterator[Shape]:
    """Each card sold, redeemed in the order they were sold in."""
    used = sum(one.amount_minor for purchase in shop.purchases for one in purchase.paid if one.gateway == GIFT)
    sold = [
        (purchase, line.net_minor)
        for purchase in shop.purchases
        for deal in purchase.deals
        for line in deal.lines
        if line.kind == "GIFT_CARD"
    ]
    for number, (purchase, value) in enumerate(sold):
        taken = min(value, used)
        used -= taken
        yield {
            "id": gid("GiftCard", 11001 + number),
            "createdAt": stamp(purchase.at),
            "deactivatedAt": None,
            "enabled": True,
            "expiresOn": None,
            "initialValue": money(value),
            "balance": money(value - taken),
            "order": {"id": gid("Order", purchase.id)},
        }


def root(shop: Shop, name: str, domain: str) -> Shape:
    """Everything one shop answers."""
    orders = sorted((order(one) for one in shop.purchases), key=lambda one: (one["updatedAt"], one["id"]))
    by_id = {one["id"]: one for one in orders}
    account = {
        "balance": [money(sum(row.net_minor for row in shop.rows))],
        "balanceTransactions": connection([balance_row(row) for row in shop.rows], {"processed_at": "transactionDate"}),
        "payouts": connection([payout(sent) for sent in shop.payouts], {"issued_at": "issuedAt"}),
        "disputes": connection([dispute(one) for one in shop.quarrels], {"initiated_at": "initiatedAt"}),
    }
    return {
        "shop": {
            "id": gid("Shop", 690933842),
            "name": name,
            "myshopifyDomain": domain,
            "currencyCode": "USD",
            "ianaTimezone": "America/Los_Angeles",
        },
        "orders": connection(orders, ORDER_TIMES),
        "ordersCount": counted(orders, ORDER_TIMES),
        "order": lambda arguments: by_id.get(arguments.get("id", "")),
        "shopifyPaymentsAccount": account,
        "giftCards": connection(list(gift_cards(shop))),
        "cashTrackingSessions": connection([], {"opening_time": "openingTime"}),
    }
