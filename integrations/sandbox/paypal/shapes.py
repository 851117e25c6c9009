"""PayPal's objects as its live answers write them: moments as ``+0000``, money as text, empty parts left out.

https://developer.paypal.com/docs/api/transaction-search/v1/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.world.chance import PLAIN, letters, stream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from integrations.sandbox.paypal.plan import Quarrel, Row
    from integrations.sandbox.world.cast import Cast

Shape = dict[str, Any]


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+0000"


def milli(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def money(minor: int) -> Shape:
    sign = "-" if minor < 0 else ""
    return {"currency_code": "USD", "value": f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"}


def account_id(cast: Cast) -> str:
    return letters(stream(0, cast.slug, "paypal account"), 13, PLAIN)


def detail(row: Row) -> Shape:
    """https://developer.paypal.com/docs/api/transaction-search/v1/#definition-transaction_details"""
    amounts = {
        "fee_amount": row.fee_minor,
        "discount_amount": row.discount_minor,
        "sales_tax_amount": row.tax_minor,
        "shipping_amount": row.shipping_minor,
    }
    texts = {
        "paypal_reference_id": row.reference,
        "paypal_reference_id_type": "TXN" if row.reference else "",
        "bank_reference_id": row.bank_reference,
        "invoice_id": row.invoice,
    }
    info = {
        "transaction_id": row.id,
        "transaction_event_code": row.code,
        "transaction_initiation_date": stamp(row.at),
        "transaction_updated_date": stamp(row.at),
        "transaction_amount": money(row.amount_minor),
        "transaction_status": row.status,
        "protection_eligibility": "02",
        **{
            name: money(value)
            for name, value in amounts.items()
            if value or (name == "sales_tax_amount" and row.invoice)
        },
        **{name: value for name, value in texts.items() if value},
    }
    shape: Shape = {"transaction_info": info}
    if row.party:
        given, _, surname = row.party.partition(" ")
        name = {"given_name": given, "surname": surname, "alternate_full_name": row.party}
        shape["payer_info"] = {"account_id": "BUYER22222222", "address_status": "N", "payer_name": name}
    if row.item:
        shape["cart_info"] = {"item_details": [{"item_name": row.item, "item_quantity": "1"}]}
    return shape


def balances(cast: Cast, now: datetime, free: int, withheld: int) -> Shape:
    """https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get"""
    parts = {"total_balance": free + withheld, "available_balance": free, "withheld_balance": withheld}
    one = {"currency": "USD", "primary": True, **{name: money(value) for name, value in parts.items()}}
    moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    return {"balances": [one], "account_id": account_id(cast), "as_of_time": moment, "last_refresh_time": moment}


def dispute(quarrel: Quarrel, now: datetime, base: str, *, whole: bool) -> Shape:
    """As the list gives it, or whole. https://developer.paypal.com/docs/api/customer-disputes/v1/#definition-dispute"""
    is_closed = bool(quarrel.outcome) and quarrel.closed <= now
    shape: Shape = {
        "dispute_id": quarrel.id,
        "create_time": milli(quarrel.at),
        "update_time": milli(quarrel.closed if is_closed else quarrel.at),
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "RESOLVED" if is_closed else "UNDER_REVIEW",
        "dispute_amount": money(quarrel.sale.amount_minor),
        "dispute_life_cycle_stage": quarrel.stage,
        "dispute_channel": "INTERNAL",
        "links": [{"href": f"{base}/v1/customer/disputes/{quarrel.id}", "rel": "self", "method": "GET"}],
    }
    if not whole:
        return {**shape, "dispute_state": "RESOLVED" if is_closed else "UNDER_PAYPAL_REVIEW"}
    sale = quarrel.sale
    paid = {"seller_transaction_id": sale.id, "create_time": milli(sale.at), "gross_amount": money(sale.amount_minor)}
    return {**shape, "disputed_transactions": [paid], **(_closing(quarrel) if is_closed else {})}


def _closing(quarrel: Quarrel) -> Shape:
    is_lost = quarrel.outcome == "RESOLVED_BUYER_FAVOUR"
    verdict = "RECOVER_FROM_SELLER" if is_lost else "DENY_BUYER"
    closing: Shape = {
        "dispute_outcome": {"outcome_code": quarrel.outcome},
        "adjudications": [{"type": verdict, "adjudication_time": milli(quarrel.closed)}],
    }
    if is_lost:
        closing["dispute_outcome"]["amount_refunded"] = money(quarrel.sale.amount_minor)
        closing["money_movements"] = list(_moves(quarrel))
    return closing


def _moves(quarrel: Quarrel) -> Iterable[Shape]:
    for party, kind in (("SELLER", "DEBIT"), ("BUYER", "CREDIT")):
        yield {
            "affected_party": party,
            "amount": money(quarrel.sale.amount_minor),
            "initiated_time": milli(quarrel.closed),
            "type": kind,
            "reason": "DISPUTE_SETTLEMENT",
        }
