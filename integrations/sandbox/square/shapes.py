"""Square objects as the API of 2025-08-20 writes them. https://developer.squareup.com/reference/square"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.square.plan import CARD_VALUE, FLOAT, PLACES
from integrations.sandbox.world.calendar import HORIZON, STORY_NOW, local_instant

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.square.plan import Paid, Quarrel, Return, Row, Shift, Ticket
    from integrations.sandbox.square.story import Sent
    from integrations.sandbox.world.cast import Cast

Shape = dict[str, Any]
_SOURCES = {"card": "CARD", "gift": "CARD", "cash": "CASH", "check": "EXTERNAL"}
_TENDERS = {"card": "CARD", "gift": "SQUARE_GIFT_CARD", "cash": "CASH", "check": "OTHER"}


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(minor: int) -> Shape:
    return {"amount": minor, "currency": "USD"}


def merchant_id(cast: Cast) -> str:
    return f"ML{cast.slug.upper()}SQ"


def merchant(cast: Cast) -> Shape:
    return {
        "id": merchant_id(cast),
        "business_name": cast.name,
        "country": "US",
        "currency": "USD",
        "language_code": "en-US",
        "main_location_id": PLACES[0].id,
        "status": "ACTIVE",
        "created_at": "2025-11-03T18:20:11.000Z",
    }


def locations(cast: Cast) -> list[Shape]:
    return [
        {
            "id": place.id,
            "name": place.name,
            "business_name": cast.name,
            "timezone": place.zone,
            "merchant_id": merchant_id(cast),
            "country": "US",
            "currency": "USD",
            "language_code": "en-US",
            "status": "ACTIVE",
            "type": "PHYSICAL",
            "created_at": "2025-11-03T18:20:11Z",
        }
        for place in PLACES
    ]


def _card(*, gift: bool) -> Shape:
    return {"card_brand": "SQUARE_GIFT_CARD" if gift else "VISA", "last_4": "4477", "exp_month": 11, "exp_year": 2029}


def payment(ticket: Ticket, paid: Paid, refunded: int) -> Shape:
    """https://developer.squareup.com/reference/square/objects/Payment"""
    shape: Shape = {
        "id": paid.id,
        "created_at": stamp(ticket.at),
        "updated_at": stamp(ticket.at + timedelta(seconds=40)),
        "amount_money": money(paid.amount_minor - paid.tip_minor),
        "total_money": money(paid.amount_minor),
        "approved_money": money(paid.amount_minor),
        "status": "CANCELED" if paid.voided else "COMPLETED",
        "source_type": _SOURCES[paid.kind],
        "location_id": PLACES[ticket.place].id,
        "order_id": ticket.id,
        "application_details": {"square_product": "SQUARE_POS", "application_id": "sq0ids-tills"},
        "version_token": f"v{paid.id[:10]}",
    }
    if paid.tip_minor:
        shape["tip_money"] = money(paid.tip_minor)
    if refunded:
        shape["refunded_money"] = money(refunded)
    if paid.kind in ("card", "gift"):
        shape["card_details"] = {
            "status": "VOIDED" if paid.voided else "CAPTURED",
            "card": _card(gift=paid.kind == "gift"),
            "entry_method": "CONTACTLESS",
            "card_payment_timeline": {"authorized_at": stamp(ticket.at)}
            | ({} if paid.voided else {"captured_at": stamp(ticket.at + timedelta(seconds=2))}),
        }
    if paid.kind == "cash":
        shape["cash_details"] = {
            "buyer_supplied_money": money(paid.amount_minor + 45),
            "change_back_money": money(45),
        }
    if paid.kind == "check":
        shape["external_details"] = {"type": "CHECK", "source": "Paper check", "source_fee_money": money(0)}
    if paid.fee_minor:
        fee = {"effective_at": stamp(ticket.at + timedelta(hours=2)), "type": "INITIAL"}
        shape["processing_fee"] = [{**fee, "amount_money": money(paid.fee_minor)}]
    return shape


def order(ticket: Ticket) -> Shape:
    """https://developer.squareup.com/reference/square/objects/Order"""
    tips = sum(paid.tip_minor for paid in ticket.paid)
    is_closed = ticket.closed <= STORY_NOW and not ticket.is_void
    goods, gift = ticket.goods_minor, ticket.gift_minor
    lines = [_line("goods", "Goods", "ITEM", goods, ticket.discount_minor, ticket.tax_minor)] if goods else []
    if gift:
        lines.append(_line("card", "Gift card", "GIFT_CARD", gift, 0, 0))
    shape: Shape = {
        "id": ticket.id,
        "location_id": PLACES[ticket.place].id,
        "source": {"name": "Point of Sale"},
        "state": "COMPLETED" if is_closed else "CANCELED" if ticket.is_void else "OPEN",
        "version": 4,
        "created_at": stamp(ticket.at - timedelta(minutes=3)),
        "updated_at": stamp(ticket.closed if is_closed else ticket.at),
        "line_items": lines,
        "taxes": [
            {"uid": f"tax-{index}", "name": name, "type": "ADDITIVE", "scope": "ORDER", "applied_money": money(tax)}
            for index, (name, tax) in enumerate(ticket.taxes)
        ],
        "total_money": money(ticket.due_minor + tips),
        "total_tax_money": money(ticket.tax_minor),
        "total_discount_money": money(ticket.discount_minor),
        "total_tip_money": money(tips),
        "total_service_charge_money": money(0),
        "tenders": [_tender(ticket, paid) for paid in ticket.paid],
    }
    if is_closed:
        shape["closed_at"] = stamp(ticket.closed)
    if ticket.discount_minor:
        reduced = {"uid": "ten", "name": "Ten percent", "type": "FIXED_PERCENTAGE", "percentage": "10"}
        shape["discounts"] = [{**reduced, "scope": "ORDER", "applied_money": money(ticket.discount_minor)}]
    return shape


def _line(uid: str, name: str, kind: str, goods: int, discount: int, tax: int) -> Shape:
    return {
        "uid": uid,
        "name": name,
        "quantity": "1",
        "item_type": kind,
        "base_price_money": money(goods),
        "gross_sales_money": money(goods),
        "total_discount_money": money(discount),
        "total_tax_money": money(tax),
        "total_money": money(goods - discount + tax),
    }


def _tender(ticket: Ticket, paid: Paid) -> Shape:
    shape = {
        "id": paid.id,
        "payment_id": paid.id,
        "location_id": PLACES[ticket.place].id,
        "transaction_id": ticket.id,
        "created_at": stamp(ticket.at),
        "amount_money": money(paid.amount_minor),
        "tip_money": money(paid.tip_minor),
        "type": _TENDERS[paid.kind],
    }
    if paid.kind == "card":
        shape["card_details"] = {"status": "VOIDED" if paid.voided else "CAPTURED", "entry_method": "CONTACTLESS"}
    return shape


def refund(back: Return) -> Shape:
    """https://developer.squareup.com/reference/square/objects/PaymentRefund"""
    shape: Shape = {
        "id": back.id,
        "status": "COMPLETED",
        "location_id": PLACES[back.ticket.place].id,
        "destination_type": "CASH" if back.kind == "cash" else "CARD",
        "amount_money": money(back.amount_minor),
        "payment_id": back.ticket.paid[0].id,
        "order_id": back.order_id,
        "reason": "Returned goods",
        "created_at": stamp(back.at),
        "updated_at": stamp(back.at + timedelta(seconds=50)),
    }
    if back.fee_minor:
        fee = {"effective_at": stamp(back.at), "type": "INITIAL", "amount_money": money(-back.fee_minor)}
        shape["processing_fee"] = [fee]
    return shape


def return_order(back: Return) -> Shape:
    """The order of an itemised return."""
    tax = sum(amount for _, amount in back.taxes)
    amounts = {
        "total_money": money(back.amount_minor),
        "tax_money": money(tax),
        "discount_money": money(0),
        "tip_money": money(back.tip_minor),
        "service_charge_money": money(0),
    }
    line = {
        "uid": "back",
        "source_line_item_uid": "goods",
        "name": "Goods",
        "quantity": "1",
        "item_type": "ITEM",
        "gross_return_money": money(back.goods_minor),
        "total_tax_money": money(tax),
        "total_money": money(back.goods_minor + tax),
    }
    taxes = [
        {"uid": f"back-{index}", "name": name, "type": "ADDITIVE", "scope": "ORDER", "applied_money": money(amount)}
        for index, (name, amount) in enumerate(back.taxes)
    ]
    returned = {
        "uid": "return",
        "source_order_id": back.ticket.id,
        "return_line_items": [line],
        "return_taxes": taxes,
        "return_amounts": amounts,
    }
    return {
        "id": back.order_id,
        "location_id": PLACES[back.ticket.place].id,
        "state": "COMPLETED",
        "version": 2,
        "created_at": stamp(back.at),
        "updated_at": stamp(back.at),
        "closed_at": stamp(back.at),
        "returns": [returned],
        "return_amounts": amounts,
        "total_money": money(0),
        "refunds": [
            {
                "id": back.id,
                "location_id": PLACES[back.ticket.place].id,
                "tender_id": back.ticket.paid[0].id,
                "created_at": stamp(back.at),
                "reason": "Returned goods",
                "amount_money": money(back.amount_minor),
                "status": "APPROVED",
            }
        ],
    }


def payout(sent: Sent) -> Shape:
    """https://developer.squareup.com/reference/square/objects/Payout"""
    made = sent_at(sent)
    arrived = sent.payout.arrives_on <= HORIZON
    shape: Shape = {
        "id": sent.id,
        "status": "FAILED" if sent.failed else "PAID" if arrived else "SENT",
        "location_id": PLACES[sent.place].id,
        "created_at": stamp(made),
        "updated_at": stamp(made),
        "amount_money": money(sent.payout.amount_minor),
        "destination": {"type": "CARD", "id": "ccof:tills"}
        if sent.instant
        else {"type": "BANK_ACCOUNT", "id": "bact:tills"},
        "version": 2 if arrived else 1,
        "type": "BATCH",
        "arrival_date": sent.payout.arrives_on.isoformat(),
        "end_to_end_id": sent.trace,
    }
    fees = [-row.gross_minor for row in sent.payout.items if row.kind == "DEPOSIT_FEE"]
    if fees:
        shape["payout_fee"] = [{"amount_money": money(sum(fees)), "effective_at": stamp(made), "type": "TRANSFER_FEE"}]
    return shape


def sent_at(sent: Sent) -> datetime:
    return local_instant(sent.payout.sent_on, 6, 20 + sent.place)


def entry(sent: Sent, row: Row) -> Shape:
    """https://developer.squareup.com/reference/square/objects/PayoutEntry"""
    shape: Shape = {
        "id": row.id,
        "payout_id": sent.id,
        "effective_at": stamp(row.at),
        "type": row.kind,
        "gross_amount_money": money(row.gross_minor),
        "fee_amount_money": money(row.fee_minor),
        "net_amount_money": money(row.net_minor),
    }
    if row.about:
        shape[f"type_{row.kind.lower()}_details"] = dict(row.about)
    return shape


def dispute(quarrel: Quarrel) -> Shape:
    """https://developer.squareup.com/reference/square/objects/Dispute"""
    over = quarrel.closed <= STORY_NOW
    return {
        "id": quarrel.id,
        "dispute_id": quarrel.id,
        "amount_money": money(quarrel.amount_minor),
        "reason": "NO_KNOWLEDGE",
        "state": quarrel.outcome if over else "PROCESSING",
        "due_at": stamp(quarrel.at + timedelta(days=14)),
        "disputed_payment": {"payment_id": quarrel.ticket.paid[0].id},
        "card_brand": "VISA",
        "created_at": stamp(quarrel.at),
        "updated_at": stamp(quarrel.closed if over else quarrel.at),
        "brand_dispute_id": quarrel.id[:12],
        "reported_at": stamp(quarrel.at),
        "version": 3 if over else 1,
        "location_id": PLACES[quarrel.ticket.place].id,
    }


def shift(one: Shift) -> Shape:
    """https://developer.squareup.com/reference/square/objects/CashDrawerShiftSummary"""
    return {
        "id": one.id,
        "state": "CLOSED",
        "opened_at": stamp(one.opened),
        "ended_at": stamp(one.closed),
        "closed_at": stamp(one.closed),
        "description": "Monthly count",
        "opened_cash_money": money(FLOAT),
        "expected_cash_money": money(one.expected_minor),
        "closed_cash_money": money(one.counted_minor),
        "created_at": stamp(one.opened),
        "updated_at": stamp(one.closed),
        "location_id": PLACES[one.place].id,
    }


def shift_events(one: Shift) -> list[Shape]:
    cash = one.expected_minor - FLOAT
    kinds = (("CASH_TENDER_PAYMENT", max(cash, 0)), ("CASH_TENDER_REFUND", max(-cash, 0)), ("NO_SALE", 0))
    return [
        {
            "id": f"{one.id}-{number}",
            "event_type": kind,
            "event_money": money(amount),
            "created_at": stamp(one.closed),
            "description": "",
        }
        for number, (kind, amount) in enumerate(kinds)
    ]


def activities(tickets: list[Ticket]) -> list[Shape]:
    """Cards sold and redeemed; the n-th that is redeemed is the n-th that was sold."""
    found, redeemed, sold = [], 0, 0
    for ticket in tickets:
        if ticket.gift_minor:
            sold += 1
            about = {"amount_money": money(CARD_VALUE), "order_id": ticket.id, "line_item_uid": "card"}
            found.append(_activity(ticket, sold, "ACTIVATE", about, CARD_VALUE))
        for paid in ticket.paid:
            if paid.kind == "gift":
                redeemed += 1
                about = {"amount_money": money(paid.amount_minor), "payment_id": paid.id, "status": "COMPLETED"}
                found.append(_activity(ticket, redeemed, "REDEEM", about, CARD_VALUE - paid.amount_minor))
    return found


def _activity(ticket: Ticket, card: int, kind: str, about: Shape, balance: int) -> Shape:
    return {
        "id": f"gcact_{ticket.id}",
        "type": kind,
        "location_id": PLACES[ticket.place].id,
        "created_at": stamp(ticket.at),
        "gift_card_id": f"gftc:{card:08d}",
        "gift_card_gan": f"77833200{card:08d}",
        "gift_card_balance_money": money(balance),
        f"{kind.lower()}_activity_details": about,
    }


def gift_cards(happened: list[Shape]) -> list[Shape]:
    """Every card with what its last activity left on it."""
    found: dict[str, Shape] = {}
    for one in happened:
        card = found.setdefault(
            one["gift_card_id"],
            {
                "id": one["gift_card_id"],
                "type": "DIGITAL",
                "gan_source": "SQUARE",
                "state": "ACTIVE",
                "gan": one["gift_card_gan"],
                "created_at": one["created_at"],
            },
        )
        card["balance_money"] = one["gift_card_balance_money"]
    return list(found.values())
