"""Melio's bills and payments read as facts, from its platform API or from the files a person exports; both give one object.

Amounts are whole cents. Melio keeps dollars only; another currency is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.records import (
    Application,
    Attachment,
    BillPayment,
    FundingPull,
    Record,
    ServiceFee,
    Skipped,
    Unknown,
    VendorBill,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context

DOLLARS = "USD"
_INTENT_STATUSES = ("unpaid", "paid", "partially-paid", "scheduled")
_MOVED = ("in-progress", "completed", "failed")
#: Where the money of a payment came from, by the type of its funding source.
_FROM = {"bank-account": "clearing", "plaid": "clearing", "card": "card"}


def _currency(thing: Payload) -> str:
    found = thing.text("currency", DOLLARS)
    if found != DOLLARS:
        raise PayloadError(thing.at("currency"), f"is {found[:12]!r}: Melio keeps dollars only")
    return found


def _day(thing: Payload, name: str, context: Context) -> date:
    """A day of the thing's history: as a file prints it, or the client's day of the instant."""
    history = thing.object("history")
    written = history.text(name)
    return history.day(name) if len(written) == 10 else history.instant(name).astimezone(context.timezone).date()


def _is_deleted(thing: Payload) -> bool:
    history = thing.object_or_none("history")
    return history is not None and history.has("deletedAt")


# ---- bills ---------------------------------------------------------------------------------------------------------------


def read_bill(payload: Payload, context: Context) -> Iterator[Record]:
    """A bill that was entered. Melio tells neither its invoice's date nor an account: it has the day it was entered on and is
    one uncategorised sum. Whether it is paid changes nothing here.

    https://github.com/melio/melio-platform-api-client-ruby, PaymentIntent
    """
    told = payload.object("billInfo")
    vendor, invoice = told.object("vendor"), told.object("invoice")
    amount, status, file_id = told.integer("amount"), payload.text("status", "unpaid"), invoice.text("fileId", "")
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": _day(payload, "createdAt", context),
        "currency": _currency(told),
        "memo": payload.text("noteToVendor", "")[:200],
    }
    if _is_deleted(payload):
        yield Skipped(**fields, reason="deleted in Melio", amount=amount)
    elif status not in _INTENT_STATUSES:
        yield Unknown(**fields, what=f"Melio bill of status {status!r}", amount=amount)
    else:
        yield VendorBill(
            **fields,
            vendor=vendor.text("name"),
            amount=amount,
            number=invoice.text("number"),
            due_on=told.day("dueDate") if told.has("dueDate") else None,
            vendor_id=vendor.text("id", ""),
            support=(Attachment(id=file_id),) if file_id else (),
        )


# ---- payments ------------------------------------------------------------------------------------------------------------


def read_payment(payload: Payload, context: Context) -> Iterator[Record]:
    """A payment from the day it was taken on: the bill, Melio's fees, and what the bank will show; a failed one is undone.

    https://github.com/melio/melio-platform-api-client-ruby, Payment and PaymentFee
    """
    payment = payload.object("payment") if payload.has("payment") else payload
    status, amount = payment.text("status"), payment.integer("amount")
    fields: dict[str, Any] = {
        "external_id": payment.text("id"),
        "booked_on": payment.day("scheduledDate"),
        "currency": _currency(payment),
        "memo": payment.text("note", "")[:200],
    }
    held = _held(payload, status)
    if _is_deleted(payment):
        yield Skipped(**fields, reason="deleted in Melio before anything moved", amount=amount)
    elif status == "scheduled":
        yield Skipped(**fields, reason="scheduled: nothing has moved", amount=amount)
    elif held:
        yield Unknown(**fields, what=held, amount=amount)
    else:
        yield from _moved(payload, payment, fields)
        if status == "failed":
            on = _day(payment, "updatedAt", context)
            yield _paid(payload, payment, fields | {"booked_on": on}, "failed")


def _held(payload: Payload, status: str) -> str:
    """Why a person must look at it; '' where nobody must."""
    source, intent = payload.object_or_none("source"), payload.object_or_none("intent")
    if status == "blocked":
        return "a payment that Melio has blocked: whether its money was taken, a person says"
    if status not in (*_MOVED, "scheduled"):
        return f"Melio payment of status {status!r}"
    if source is None or intent is None:
        return "a payment without its bill or its funding source"
    return "" if source.text("type") in _FROM else f"a payment from a funding source of type {source.text('type')!r}"


def _moved(payload: Payload, payment: Payload, fields: dict[str, Any]) -> Iterator[Record]:
    """Paid, with its fees; a failed one gives its fees back with the money, so only the payment is told."""
    yield _paid(payload, payment, fields, "sent")
    if payment.text("status") == "failed":
        return
    source: Any
    source, account = _paid_from(payload)
    fees = list(payment.objects("fees"))
    for place, fee in enumerate(fees):
        if fee.integer("amount"):
            yield ServiceFee(
                **fields | {"external_id": f"{fields['external_id']}:fee:{place}"},
                amount=fee.integer("amount"),
                category=fee.text("type"),
                paid_from=source,
                account=account,
            )
    if source == "clearing":
        yield FundingPull(
            **fields | {"external_id": f"{fields['external_id']}:pull"},
            amount=payment.integer("amount") + sum(fee.integer("amount") for fee in fees),
            arrives_on=fields["booked_on"],
            covers=(fields["external_id"],),
            account=payload.object("source").text("id"),
        )


def _paid_from(payload: Payload) -> tuple[str, str]:
    """(clearing or card, the card's name: the key of its liability account)."""
    source = payload.object("source")
    where = _FROM[source.text("type")]
    return where, (source.text("displayName", "") or source.text("id")) if where == "card" else ""


def _paid(payload: Payload, payment: Payload, fields: dict[str, Any], stage: Any) -> BillPayment:
    intent, amount = payload.object("intent"), payment.integer("amount")
    source: Any
    source, account = _paid_from(payload)
    vendor = intent.object("vendor")
    return BillPayment(
        **fields | {"external_id": f"{fields['external_id']}:{stage}"},
        vendor=vendor.text("name"),
        amount=amount,
        stage=stage,
        applications=(Application(document=intent.text("id"), amount=amount),),
        paid_from=source,
        account=account,
        payment_id=fields["external_id"],
        vendor_id=vendor.text("id", ""),
    )


def payment_id(payload: Payload) -> str:
    return (payload.object("payment") if payload.has("payment") else payload).text("id")
