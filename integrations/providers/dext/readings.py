"""Items of Dext read as facts. Dext has no public API: a person exports its archive, which holds what was published.

Dates were read off pictures: a day and month that changed places show by a due date before the document's, or a document from
the future. Amounts are decimal text of the item's currency.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.records import (
    Attachment,
    BillPayment,
    CardPurchase,
    ExpenseSplit,
    Record,
    Skipped,
    Unknown,
    VendorBill,
    VendorCredit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.payload import Payload
    from integrations.provider import Context

#: What each document is where the item does not say how it was published.
_BY_TYPE = {"invoice": "Bill", "expense report": "Bill", "credit note": "Credit note"}
_TYPES = ("receipt", "invoice", "credit note", "statement", "expense report")
_ROADS = ("Bill", "Cash", "Cheque", "Credit card", "Credit note")
#: Sales tax is part of a cost here; elsewhere tax on a purchase comes back.
_TAX_IS_COST = frozenset(["USD"])


def item_id(payload: Payload) -> str:
    """Dext's id, or what tells an item apart where the export leaves it out: who, which document, when and how much."""
    if payload.text("itemId", ""):
        return payload.text("itemId")
    names = ("supplier", "documentReference", "documentDate", "totalAmount", "currency")
    said = "|".join(payload.text(name) for name in names)
    return f"item:{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def read_item(payload: Payload, context: Context) -> Iterator[Record]:
    """A published item as the document it became. https://help.dext.com/en/s/article/The-Costs-Workspace"""
    currency = payload.text("currency").upper()
    amount = payload.minor("totalAmount", currency)
    fields: dict[str, Any] = {
        "external_id": item_id(payload),
        "booked_on": payload.day("documentDate"),
        "currency": currency,
        "memo": payload.text("description", "")[:200],
    }
    kind = payload.text("documentType", "invoice")
    road = payload.text("publishTo", "") or _BY_TYPE.get(kind, "")
    if kind == "statement":
        yield Skipped(**fields, reason="a supplier's statement: its invoices are items of their own", amount=amount)
        return
    held = _held(payload, context, kind, road, amount)
    if held:
        yield Unknown(**fields, what=held, amount=amount)
    else:
        yield from _document(payload, context, road, fields, amount)


def _held(payload: Payload, context: Context, kind: str, road: str, amount: int) -> str:
    """Why a person must look at it; '' where nobody must."""
    if kind not in _TYPES:
        return f"Dext item of type {kind!r}"
    if road not in _ROADS:
        return f"Dext item published to {road!r}" if road else "a receipt that does not say how it was paid"
    if (kind == "credit note") != (road == "Credit note"):
        return f"the {kind} was published to {road!r}"
    if amount < 0 and road not in ("Credit card", "Credit note"):
        return f"a negative {kind}: what it gives back, a person says"
    return _misread(payload, context)


def _misread(payload: Payload, context: Context) -> str:
    """How the item's date shows that it cannot be right."""
    day = payload.day("documentDate")
    if payload.has("dueDate") and payload.day("dueDate") < day:
        return "an item due before its own date: day and month may have changed places"
    if day > context.as_of:
        return "an item dated after the day it was read: day and month may have changed places"
    return ""


def _document(payload: Payload, context: Context, road: str, fields: dict[str, Any], amount: int) -> Iterator[Record]:
    supplier, number = payload.text("supplier"), payload.text("documentReference")
    image, method = payload.text("imageUrl", ""), payload.text("paymentMethod", "")
    support = (Attachment(id=fields["external_id"], url=image),) if image else ()
    splits = _splits(payload, context, fields["currency"], amount)
    if road == "Credit card":
        yield CardPurchase(
            **fields, program=method or "card", amount=amount, splits=splits, merchant=supplier, support=support
        )
        return
    shared: dict[str, Any] = {**fields, "vendor": supplier, "amount": abs(amount), "number": number, "support": support}
    if road == "Credit note":
        # Some suppliers print a credit as a negative amount, some as a positive one.
        yield VendorCredit(**shared, splits=splits if amount >= 0 else tuple(map(_turned, splits)))
        return
    yield VendorBill(
        **shared,
        splits=splits,
        due_on=payload.day("dueDate") if payload.has("dueDate") else None,
    )
    if road in ("Cash", "Cheque"):
        yield BillPayment(
            **fields | {"external_id": f"{fields['external_id']}:sent"},
            vendor=supplier,
            amount=amount,
            paid_from="bank",
            account=method,
            method=road.lower(),
            payment_id=fields["external_id"],
            number=number,
        )


def _turned(split: ExpenseSplit) -> ExpenseSplit:
    return ExpenseSplit(
        amount=-split.amount,
        category=split.category,
        tax=-split.tax,
        department=split.department,
        klass=split.klass,
        memo=split.memo,
    )


def _splits(payload: Payload, context: Context, currency: str, amount: int) -> tuple[ExpenseSplit, ...]:
    """A split for each line, or one for the item. Parts that do not come to the total hold the item in the ledger."""
    lines = list(payload.objects("lineItems"))
    if lines:
        return tuple(_split(payload, line, context, currency) for line in lines)
    tax = payload.minor("taxAmount", currency, 0)
    net = payload.minor("netAmount", currency) if payload.has("netAmount") else amount - tax
    return (_made(payload, payload, context, net, tax),)


def _split(payload: Payload, line: Payload, context: Context, currency: str) -> ExpenseSplit:
    tax = line.minor("taxAmount", currency, 0)
    if not line.has("netAmount") and not line.has("totalAmount"):
        raise PayloadError(line.at("netAmount or totalAmount"), "is missing")
    net = line.minor("netAmount", currency) if line.has("netAmount") else line.minor("totalAmount", currency) - tax
    return _made(payload, line, context, net, tax)


def _made(payload: Payload, line: Payload, context: Context, net: int, tax: int) -> ExpenseSplit:
    is_cost = context.home_currency in _TAX_IS_COST
    return ExpenseSplit(
        amount=net + tax if is_cost else net,
        tax=0 if is_cost else tax,
        category=line.text("category", "") or payload.text("category", ""),
        department=line.text("project", ""),
        klass=line.text("class", ""),
        memo=line.text("description", "")[:200],
    )
