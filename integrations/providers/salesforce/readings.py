"""Salesforce's invoices, credit memos, payments and refunds read as facts, whichever of its two packages keeps them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.salesforce import wire
from integrations.providers.salesforce.objects import STREAMS
from integrations.records import (
    Application,
    CreditNote,
    CustomerInvoice,
    InvoiceLine,
    InvoicePayment,
    Record,
    Skipped,
    Tax,
    Unknown,
    WriteOff,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context
    from integrations.providers.salesforce.objects import Thing

    Fields = dict[str, Any]

#: Who owes what names no account.
DEBTOR = "Salesforce customers"
_THINGS = {thing.name: thing for things in STREAMS.values() for thing in things}
_OUTSIDE, _INSIDE = ("External",), ("Salesforce", "Electronic")
_NEGATIVE = ("NegativeInvoiceLineConversion", "Negative Lines Conversion")
_ACTIONS = (
    *("", "Invoice", "Standalone", "VoidPostedInvoice", "WriteOffPostedInvoice"),
    *("Manual", "Credit", "Invoice Line Credit", "Cancel & Rebill"),
)


# ---- what is owed --------------------------------------------------------------------------------------------------------


def read_invoice(payload: Payload, context: Context) -> Iterator[Record]:
    """An invoice from when it is posted. One that is voided or billed anew stands, for a credit of its own takes it back.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-invoice.html
    """
    thing, fields = begun(payload, context)
    aside = _aside(payload, thing, fields, "invoice")
    if aside is not None:
        yield aside
        return
    document = _document(payload, thing, fields, "invoice")
    if isinstance(document, Unknown):
        yield document
        return
    due = thing.fields["due"]
    yield CustomerInvoice(
        **fields,
        **document,
        due_on=payload.day(due) if payload.has(due) else None,
        customer_id=text(payload, thing, "customer_id"),
    )


def read_credit(payload: Payload, context: Context) -> Iterator[Record]:
    """A credit memo from when it is posted, applied or not; one that writes an invoice off is a loss.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-creditmemo.html
    """
    thing, fields = begun(payload, context)
    aside = _aside(payload, thing, fields, "credit memo") or _odd_credit(payload, thing, fields)
    if aside is not None:
        yield aside
        return
    invoice = text(payload, thing, "invoice")
    if text(payload, thing, "category") == "InvoiceWriteOff":
        amount = minor(payload, thing, "amount", fields)
        yield WriteOff(**fields, customer=customer(payload, thing), amount=amount, invoice=invoice)
        return
    document = _document(payload, thing, fields, "credit memo")
    yield document if isinstance(document, Unknown) else CreditNote(**fields, **document, invoice=invoice)


def _odd_credit(payload: Payload, thing: Thing, fields: Fields) -> Unknown | None:
    action, category = text(payload, thing, "action"), text(payload, thing, "category")
    if action in _NEGATIVE:
        what = "a credit made of an invoice's negative lines: whether the invoice still holds them is not told"
    elif action not in _ACTIONS:
        what = f"a credit memo made by {action!r}"
    elif category not in ("", "InvoiceWriteOff", "Referenced", "Standalone"):
        what = f"a credit memo of category {category!r}"
    else:
        return None
    return Unknown(**fields, what=what, amount=minor(payload, thing, "amount", fields, 0))


def _document(payload: Payload, thing: Thing, fields: Fields, noun: str) -> Fields | Unknown:
    """What an invoice and a credit memo have in common. Tax is that of the whole: lines of tax repeat it."""
    amount, tax = minor(payload, thing, "amount", fields), minor(payload, thing, "tax", fields, 0)
    part, lines = thing.parts["lines"], []
    for line in payload.objects("lines"):
        kind = text(line, part, "kind")
        if kind not in ("", "Charge", "Adjustment", "Tax"):
            return Unknown(**fields, what=f"a line of type {kind!r}", amount=amount)
        if kind != "Tax":
            lines.append(_line(line, part, fields))
    told = sum(line.amount for line in lines) + tax
    if lines and told != amount:
        what = f"the {noun}'s lines and taxes come to {told}, its total is {amount}: difference {amount - told}"
        return Unknown(**fields, what=what, amount=amount)
    return {
        "customer": customer(payload, thing),
        "amount": amount,
        "lines": tuple(lines),
        "taxes": (Tax(amount=tax),) if tax else (),
        "number": text(payload, thing, "number"),
    }


def _line(line: Payload, part: Thing, fields: Fields) -> InvoiceLine:
    first, last = (line.day(name) if line.has(name) else None for name in (part.fields["from"], part.fields["to"]))
    if first is not None and last is not None and last < first:
        raise PayloadError(line.at(part.fields["to"]), "ends before it begins")
    # What is for one day is given on it.
    over_time = first != last
    return InvoiceLine(
        amount=minor(line, part, "amount", fields),
        product=product(line, part),
        service_from=first if over_time else None,
        service_to=last if over_time else None,
    )


# ---- what was paid -------------------------------------------------------------------------------------------------------


def read_payment(payload: Payload, context: Context) -> Iterator[Record]:
    """A payment from when it is processed.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-payment.html
    """
    yield from _money(payload, context, 1, "payment")


def read_refund(payload: Payload, context: Context) -> Iterator[Record]:
    """Money paid back, from when it is processed.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-refund.html
    """
    yield from _money(payload, context, -1, "refund")


def _money(payload: Payload, context: Context, sign: int, noun: str) -> Iterator[Record]:
    thing, fields = begun(payload, context)
    aside = _aside(payload, thing, fields, noun)
    if aside is not None:
        yield aside
        return
    amount = sign * minor(payload, thing, "amount", fields)
    mode, gateway = text(payload, thing, "mode"), _key(text(payload, thing, "gateway"))
    if mode not in (*_OUTSIDE, *_INSIDE) or (mode in _INSIDE and not gateway):
        yield Unknown(**fields, what=f"a {noun}: who holds its money is not told", amount=amount)
        return
    applied = _applied(payload, thing, fields, amount)
    if isinstance(applied, Unknown):
        yield applied
        return
    yield InvoicePayment(
        **fields,
        customer=customer(payload, thing),
        amount=amount,
        into="clearing" if mode in _INSIDE else "undeposited",
        account=gateway if mode in _INSIDE else "",
        applications=applied,
        number=text(payload, thing, "number"),
        method=text(payload, thing, "method"),
    )


def _applied(payload: Payload, thing: Thing, fields: Fields, amount: int) -> tuple[Application, ...] | Unknown:
    """What of it paid which invoice; what is left is the customer's as a whole, and all of it where the figures do not fit."""
    if "applied" not in thing.parts:
        invoice = text(payload, thing, "invoice")
        return (Application(document=invoice, amount=amount),) if invoice else ()
    part, found = thing.parts["applied"], defaultdict[str, int](int)
    for one in payload.objects("applied"):
        kind = text(one, part, "kind")
        if kind not in ("Applied", "Unapplied"):
            return Unknown(**fields, what=f"a payment line of type {kind!r}", amount=amount)
        size = minor(one, part, "amount", fields)
        found[wire.long_id(one, part.fields["invoice"])] += size if kind == "Applied" else -size
    applied = {invoice: size for invoice, size in found.items() if size}
    rest = amount - sum(applied.values())
    if not applied or rest < 0 or min(applied.values()) < 0:
        return ()
    known = (Application(document=invoice, amount=size) for invoice, size in sorted(applied.items()))
    return (*known, *((Application(document="", amount=rest),) if rest else ()))


def _key(gateway: str) -> str:
    """A gateway's name as the key of its clearing account: ``Stripe`` is that of Stripe."""
    return re.sub(r"[^a-z0-9]+", "-", gateway.lower()).strip("-")[:60]


# ---- what all have -------------------------------------------------------------------------------------------------------


def recognises(stream: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an object is of a stream: each says what it is."""
    names = [thing.name for thing in STREAMS[stream]]

    def recognise(raw: Mapping[str, Any]) -> bool:
        attributes = raw.get("attributes")
        return isinstance(attributes, dict) and attributes.get("type") in names

    return recognise


def begun(payload: Payload, context: Context) -> tuple[Thing, Fields]:
    """What kind of object it is, and what every fact of it has. Raises PayloadError."""
    attributes = payload.object("attributes")
    thing = _THINGS.get(attributes.text("type"))
    if thing is None:
        raise PayloadError(attributes.at("type"), "is no object that is read")
    # What does not count yet may have no day but that on which it was written.
    counts = text(payload, thing, "status") in thing.booked or "status" not in thing.fields
    day = next((name for name in thing.days if payload.has(name)), thing.days[0] if counts else "CreatedDate")
    fields = {
        "external_id": wire.long_id(payload),
        "booked_on": _day(payload, day, context),
        "currency": _currency(payload, context),
    }
    return thing, fields


def _aside(payload: Payload, thing: Thing, fields: Fields, noun: str) -> Skipped | Unknown | None:
    """Why an object does not count: it does not yet, it never did, or it did and no more, which a person has to look at."""
    status, amount = text(payload, thing, "status"), minor(payload, thing, "amount", fields, 0)
    gone = payload.flag("IsDeleted", False)
    if status in thing.booked:
        return Unknown(**fields, what=f"a posted {noun} was deleted", amount=amount) if gone else None
    if status in thing.waiting or gone:
        return Skipped(**fields, reason="deleted" if gone else "not posted yet", amount=amount)
    if status in thing.ended and not (thing.posted and payload.has(thing.posted)):
        return Skipped(**fields, reason="it never came to be", amount=amount)
    what = f"Salesforce {noun} of status {status!r}, once posted" if status in thing.ended else ""
    return Unknown(**fields, what=what or f"Salesforce {noun} of status {status!r}", amount=amount)


def text(payload: Payload, thing: Thing, word: str) -> str:
    """A field under our word, '' where there is none; through a relationship if it is of another object."""
    first, _, inner = thing.fields.get(word, "").partition(".")
    if not inner:
        return payload.text(first, "") if first else ""
    related = payload.object_or_none(first)
    return related.text(inner, "") if related is not None else ""


def minor(payload: Payload, thing: Thing, word: str, fields: Fields, *default: int) -> int:
    """An amount under our word in minor units."""
    found: int = payload.minor(thing.fields[word], fields["currency"], *default)
    return found


def customer(payload: Payload, thing: Thing) -> str:
    """The account's name."""
    return text(payload, thing, "customer") or DEBTOR


def product(line: Payload, part: Thing) -> str:
    """The product's code, or its name."""
    return text(line, part, "product") or text(line, part, "label")


def _currency(payload: Payload, context: Context) -> str:
    """An org of one currency does not name it: then it is the one that was told at the sign-in, or that of the books."""
    name = "CurrencyIsoCode"
    return payload.currency(name) if payload.has(name) else context.home_currency


def _day(payload: Payload, name: str, context: Context) -> date:
    """A date as it is; of an instant the client's day."""
    if len(payload.text(name)) == 10:
        return payload.day(name)
    return payload.instant(name).astimezone(context.timezone).date()
