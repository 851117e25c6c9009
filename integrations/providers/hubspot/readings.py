"""HubSpot's invoices, payments, credit memos and deals read as facts. Every property is text or null; amounts are decimal text.

https://developers.hubspot.com/docs/api-reference/latest/crm/objects
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.records import (
    Application,
    CreditNote,
    CustomerInvoice,
    InvoiceLine,
    InvoicePayment,
    InvoiceVoid,
    Record,
    Skipped,
    Tax,
    Unknown,
    WonDeal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.provider import Context

#: Who owes what names no company. Contacts are persons: they are not read.
DEBTOR = "HubSpot customers"
#: How often a line is billed → its time in (months, days): HubSpot bills the time that begins.
_PERIODS = {
    "weekly": (0, 7),
    "biweekly": (0, 14),
    "monthly": (1, 0),
    "quarterly": (3, 0),
    "per_six_months": (6, 0),
    "annually": (12, 0),
    "per_two_years": (24, 0),
    "per_three_years": (36, 0),
    "per_four_years": (48, 0),
    "per_five_years": (60, 0),
}
_UNPAID = {"processing": "under way", "failed": "it failed"}
_PAID = frozenset(["succeeded", "partially_refunded", "refunded", "processing_refund", "disputed_won"])
_DISPUTED = frozenset(["disputed_lost", "disputed_action_required", "disputed_awaiting_decision"])
#: Who has the money of a payment → where it is booked: own clearing, that of another system, or in the till.
_HOLDERS = {"hs_payments": ("clearing", ""), "byo_stripe": ("clearing", "stripe"), "none": ("undeposited", "")}
_ELSEWHERE = frozenset(["quickbooks", "xero"])
_CREDITED = frozenset(["unapplied", "partially_applied", "applied"])
#: Stages of the pipeline every account begins with; those of others say nothing by their names.
_STAGES = frozenset(
    ["appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent"]
) | {"closedwon", "closedlost"}


# ---- invoices ------------------------------------------------------------------------------------------------------------


def read_invoice(payload: Payload, context: Context) -> Iterator[Record]:
    """An invoice from when it is open; paid or not changes nothing here. A voided one is undone on the day it was.

    https://developers.hubspot.com/docs/api-reference/latest/crm/objects/invoices/guide
    """
    props = payload.object("properties")
    status, currency = props.text("hs_invoice_status"), props.currency("hs_currency")
    fields: dict[str, Any] = {"external_id": payload.text("id"), "currency": currency}
    if status == "draft":
        day, amount = _day(props, "hs_createdate", context), props.minor("hs_amount_billed", currency, 0)
        yield Skipped(**fields, booked_on=day, reason="a draft", amount=amount)
        return
    day, amount = _day(props, "hs_invoice_date", context), props.minor("hs_amount_billed", currency)
    fields["booked_on"] = day
    voided_on = _voided_on(payload, context) if status == "voided" else None
    lines, tax = tuple(_lines(payload, currency, day)), props.minor("hs_taxes_total", currency, 0)
    problem = _invoice_problem(payload, status, voided_on) or _difference(lines, tax, amount)
    if problem:
        yield Unknown(**fields, what=problem, amount=amount)
        return
    shared: dict[str, Any] = {
        "customer": _customer(payload),
        "amount": amount,
        "lines": lines,
        "taxes": (Tax(amount=tax),) if tax else (),
        "number": props.text("hs_number", ""),
    }
    due = _day(props, "hs_due_date", context) if props.has("hs_due_date") else None
    company = payload.object_or_none("company")
    yield CustomerInvoice(
        **fields, **shared, due_on=due, customer_id=company.text("id", "") if company is not None else ""
    )
    if voided_on is not None:
        void = fields | {"external_id": f"{fields['external_id']}:void", "booked_on": voided_on}
        yield InvoiceVoid(**void, **shared, invoice=fields["external_id"])


def _invoice_problem(payload: Payload, status: str, voided_on: date | None) -> str:
    if status not in ("open", "paid", "voided"):
        return f"HubSpot invoice of status {status!r}"
    if status == "voided" and voided_on is None:
        return "a voided invoice: on which day, HubSpot does not tell"
    for line in payload.objects("lines"):
        often = line.object("properties").text("recurringbillingfrequency", "")
        if often and often not in _PERIODS:
            return f"an invoice line billed {often!r}"
    return ""


def _difference(lines: tuple[InvoiceLine, ...], tax: int, amount: int) -> str:
    told = sum(line.amount for line in lines) + tax
    if not lines or told == amount:
        return ""
    return f"the invoice's lines and taxes come to {told}, billed is {amount}: difference {amount - told}"


def _lines(payload: Payload, currency: str, day: date) -> Iterator[InvoiceLine]:
    for line in payload.objects("lines"):
        props = line.object("properties")
        start, end = _service(props, day)
        product = props.text("hs_sku", "") or props.text("name", "")
        yield InvoiceLine(amount=props.minor("amount", currency), product=product, service_from=start, service_to=end)


def _service(props: Payload, day: date) -> tuple[date | None, date | None]:
    """The time a recurring line is for: one period from the invoice's day, or from its start where that is later."""
    period = _PERIODS.get(props.text("recurringbillingfrequency", ""))
    if period is None:
        return None, None
    name = "hs_recurring_billing_start_date"
    start = max(day, props.day(name)) if props.has(name) else day
    months, days = period
    try:
        years, month = divmod(start.month - 1 + months, 12)
        last = monthrange(start.year + years, month + 1)[1]
        end = date(start.year + years, month + 1, min(start.day, last)) + timedelta(days=days - 1)
    except (ValueError, OverflowError) as error:
        raise PayloadError(props.at(name), "is beyond the calendar") from error
    return start, end


def _voided_on(payload: Payload, context: Context) -> date | None:
    told = payload.object_or_none("propertiesWithHistory")
    changes = told.objects("hs_invoice_status") if told is not None else iter(())
    days = [_day(one, "timestamp", context) for one in changes if one.text("value", "") == "voided"]
    return min(days, default=None)


# ---- payments ------------------------------------------------------------------------------------------------------------


def read_payment(payload: Payload, context: Context) -> Iterator[Record]:
    """A payment of an invoice, and each refund of it. The fee is HubSpot's where its own payments hold the money.

    https://developers.hubspot.com/docs/api-reference/latest/crm/objects/commerce-payments/guide
    """
    props = payload.object("properties")
    status, currency = props.text("hs_latest_status"), props.currency("hs_currency_code")
    amount, holder = props.minor("hs_initial_amount", currency), props.text("hs_processor_type", "none")
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": _day(props, "hs_initiated_date", context),
        "currency": currency,
    }
    if status in _UNPAID:
        yield Skipped(**fields, reason=_UNPAID[status], amount=amount)
        return
    if holder in _ELSEWHERE:
        yield Skipped(**fields, reason="recorded in the accounting system, which told HubSpot of it", amount=amount)
        return
    fee = props.minor("hs_fees_amount", currency, 0) if holder == "hs_payments" else 0
    problem = _payment_problem(payload, status, holder) or _net_problem(props, holder, currency, amount - fee)
    if problem:
        yield Unknown(**fields, what=problem, amount=amount)
        return
    into, account = _HOLDERS[holder]
    shared: dict[str, Any] = {
        "customer": _customer(payload),
        "into": into,
        "account": account,
        "method": props.text("hs_payment_method_type", ""),
        "reference": props.text("hs_reference_number", ""),
    }
    yield InvoicePayment(**fields, **shared, amount=amount, fee=fee, applications=_applied(payload, amount))
    yield from _refunds(payload, fields, shared, context)
    if status in _DISPUTED:
        dispute = fields | {"external_id": f"{fields['external_id']}:dispute"}
        yield Unknown(**dispute, what="a disputed payment: what was taken for it, HubSpot does not tell", amount=amount)


def _payment_problem(payload: Payload, status: str, holder: str) -> str:
    if status not in _PAID | _DISPUTED:
        return f"HubSpot payment of status {status!r}"
    if holder not in _HOLDERS:
        return f"HubSpot payment collected by {holder!r}"
    return "" if _invoices(payload) else "a payment of no invoice: what was sold, HubSpot does not tell"


def _net_problem(props: Payload, holder: str, currency: str, net: int) -> str:
    """HubSpot's own payments settle in one currency, and say what was left after the fee."""
    if holder != "hs_payments":
        return ""
    settled = props.text("hs_settlement_currency_code", currency)
    if settled != currency:
        return f"paid in {currency}, settled in {settled[:3]}"
    told = props.minor("hs_net_amount", currency, net)
    return "" if told == net else f"amount less fee comes to {net}, HubSpot tells {told}"


def _refunds(payload: Payload, fields: dict[str, Any], shared: dict[str, Any], context: Context) -> Iterator[Record]:
    """What was given back, step by step: HubSpot keeps the sum, and its history tells when it grew."""
    currency, mark, before = fields["currency"], fields["external_id"], 0
    told = payload.object_or_none("propertiesWithHistory")
    changes = list(told.objects("hs_refunds_amount")) if told is not None else []
    total = payload.object("properties").minor("hs_refunds_amount", currency, 0)
    changes.sort(key=lambda one: _moment(one, "timestamp"))
    steps = [one.minor("value", currency, 0) for one in changes]
    if total != (steps[-1] if steps else 0):
        what = "refunded, and HubSpot's history does not tell when"
        yield Unknown(**fields | {"external_id": f"{mark}:refunds"}, what=what, amount=total)
        return
    for number, (after, one) in enumerate(zip(steps, changes, strict=True), 1):
        if after != before:
            back = before - after
            refund = fields | {"external_id": f"{mark}:refund:{number}", "booked_on": _day(one, "timestamp", context)}
            yield InvoicePayment(**refund, **shared, amount=back, applications=_applied(payload, back))
        before = after


def _invoices(payload: Payload) -> list[str]:
    found = payload.raw("invoices", [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise PayloadError(payload.at("invoices"), "expected a list of ids")
    return found


def _applied(payload: Payload, amount: int) -> tuple[Application, ...]:
    """How much of it paid which of several invoices is not told: then it is the customer's as a whole."""
    marks = _invoices(payload)
    return (Application(document=marks[0], amount=amount),) if len(marks) == 1 else ()


# ---- credit memos and deals ----------------------------------------------------------------------------------------------


def read_credit(payload: Payload, context: Context) -> Iterator[Record]:
    """A credit memo by its sum, for the file names no products. Whether it is applied changes nothing here.

    https://knowledge.hubspot.com/invoices/manage-credit-memos
    """
    props = payload.object("properties")
    status, currency = props.text("hs_credit_memo_status"), props.currency("hs_currency")
    amount, tax = props.minor("hs_amount_credited", currency), props.minor("hs_taxes_total", currency, 0)
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": _day(props, "hs_credit_memo_date", context),
        "currency": currency,
    }
    if status in ("draft", "voided"):
        yield Skipped(**fields, reason="a draft" if status == "draft" else "voided", amount=amount)
    elif status not in _CREDITED:
        yield Unknown(**fields, what=f"HubSpot credit memo of status {status!r}", amount=amount)
    else:
        yield CreditNote(
            **fields,
            customer=_customer(payload),
            amount=amount,
            lines=(InvoiceLine(amount=amount - tax),),
            taxes=(Tax(amount=tax),) if tax else (),
            number=props.text("hs_number", ""),
        )


def read_deal(payload: Payload, context: Context) -> Iterator[Record]:
    """A won deal as a proposal. One that is moved back, or whose amount is changed, is a new version of it.

    https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals/guide
    """
    props = payload.object("properties")
    currency = props.currency("deal_currency_code") if props.has("deal_currency_code") else context.home_currency
    is_won, amount = _is_won(props), props.minor("amount", currency, 0)
    name = "closedate" if props.has("closedate") else "createdate"
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": _day(props, name, context),
        "currency": currency,
    }
    if not is_won:
        yield Skipped(**fields, reason="not won", amount=amount)
    elif not props.has("amount"):
        yield Unknown(**fields, what="a won deal without an amount")
    else:
        yield WonDeal(
            **fields,
            customer=_customer(payload),
            amount=amount,
            name=props.text("dealname", ""),
            owner=props.text("hubspot_owner_id", ""),
            invoice=next(iter(_invoices(payload)), ""),
        )


def _is_won(props: Payload) -> bool:
    """Stages have names of the account's own: whether one is won is a property of the deal."""
    stage = props.text("dealstage", "")
    if not props.has("hs_is_closed_won") and (not stage or stage in _STAGES):
        return stage == "closedwon"
    told = props.text("hs_is_closed_won")
    if told not in ("true", "false"):
        raise PayloadError(props.at("hs_is_closed_won"), f"{told[:12]!r} is neither true nor false")
    return told == "true"


# ---- what all have -------------------------------------------------------------------------------------------------------


def _customer(payload: Payload) -> str:
    company = payload.object_or_none("company")
    return (company.text("name", "") if company is not None else "") or DEBTOR


def _moment(props: Payload, name: str) -> datetime:
    """ISO 8601, or milliseconds since 1970 as text."""
    written = props.text(name)
    if written.isascii() and written.isdigit() and len(written) < 16:
        return Payload({name: int(written) // 1000}, props.path).epoch(name)
    return props.instant(name)


def _day(props: Payload, name: str, context: Context) -> date:
    """A date is midnight UTC or has no time; anything else is the client's day of the instant."""
    if len(props.text(name)) == 10:
        return props.day(name)
    moment = _moment(props, name)
    if moment.time() == time():
        return moment.date()
    return moment.astimezone(context.timezone).date()
