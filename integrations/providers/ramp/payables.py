"""Bills of Ramp Bill Pay and their payment, read as facts. Payments have no object of their own: they stand in their bill."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.providers.ramp.units import day_of, first_day, money, part_in, splits
from integrations.records import (
    Application,
    Attachment,
    BillPayment,
    ExpenseSplit,
    FundingPull,
    Record,
    Skipped,
    Unknown,
    VendorBill,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.payload import Payload
    from integrations.provider import Context

_WAITING = {
    "INITIALIZED": "waits for approval",
    "PENDING": "waits for approval",
    "REJECTED": "was not approved",
    "TERMINATED": "its approval was called off",
}
#: How the id of an invoice begins, before its bill and its place.
INVOICE = "bill:"
CARD = ("CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY")
_BANK = ("ACH", "CHECK", "DOMESTIC_WIRE", "INTERNATIONAL", "SWIFT")


def read_bill(payload: Payload, context: Context) -> Iterator[Record]:
    """A bill once it is approved, on its accounting date, by its lines; and what was paid on it.

    https://docs.ramp.com/developer-api/v1/api/bills
    """
    amount, currency = money(payload, "amount")
    vendor = payload.object("vendor")
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": first_day(payload, context, "accounting_date", "issued_at"),
        "currency": currency,
        "memo": payload.text("memo", "")[:200],
        **_rate(payload, currency, context),
    }
    name = vendor.text("name", "") or vendor.text("remote_name", "")
    quiet, held = _quiet(payload), _held(payload, name)
    found = _splits(payload, amount, currency)
    if quiet and not held:
        yield Skipped(**fields, reason=quiet, amount=amount)
        return
    if found is None:
        held = held or "a bill whose lines do not come to its amount"
    if held or found is None:
        yield Unknown(**fields, what=held, amount=amount)
        return
    yield VendorBill(
        **fields,
        vendor=name,
        amount=amount,
        splits=found,
        number=payload.text("invoice_number", ""),
        due_on=day_of(payload, "due_at", context) if payload.has("due_at") else None,
        vendor_id=vendor.text("id", ""),
        support=_invoices(payload),
    )
    yield from _paid(payload, fields, name, context)


def _rate(payload: Payload, currency: str, context: Context) -> dict[str, Any]:
    """Ramp's rate from the invoice's currency to the payer's, which is the home currency."""
    if currency == context.home_currency.upper() or not payload.has("fx_conversion_rate"):
        return {}
    rate = payload.decimal("fx_conversion_rate")
    return {"rate": rate, "rate_source": "Ramp"} if rate > Decimal(0) else {}


def _quiet(payload: Payload) -> str:
    if payload.has("archived_at"):
        return "archived in Ramp: it counts as deleted"
    return _WAITING.get(payload.text("approval_status", ""), "")


def _held(payload: Payload, vendor: str) -> str:
    """Why a person must look at it before it can be booked; '' where nobody must."""
    approval, status = payload.text("approval_status", ""), payload.text("status")
    if status not in ("OPEN", "PAID"):
        return f"Ramp bill of payment status {status!r}"
    if payload.has("archived_at") and status == "PAID":
        return "archived in Ramp although it was paid"
    if approval and approval != "APPROVED" and approval not in _WAITING:
        return f"Ramp bill of approval status {approval!r}"
    if not approval and not _was_begun(payload):
        return "a bill that does not say whether it was approved"
    return "" if vendor else "a bill that does not name its vendor"


def _was_begun(payload: Payload) -> bool:
    """Whether its payment was begun or made, which only an approved bill's is."""
    payment = payload.object_or_none("payment")
    begun = payment is not None and payment.has("effective_date")
    return begun or payload.has("paid_at") or payload.text("status") == "PAID"


def _splits(payload: Payload, amount: int, currency: str) -> tuple[ExpenseSplit, ...] | None:
    """The lines; with the inventory's where only both together are the bill."""
    plain, stock = list(payload.objects("line_items")), list(payload.objects("inventory_line_items"))
    for lines in (plain, plain + stock, stock):
        amounts = [part for line in lines if (part := part_in(line, currency, "amount")) is not None]
        if lines and len(amounts) == len(lines) and sum(amounts) == amount:
            return splits(amounts, lines, payload)
    return None if plain or stock else splits([amount], [payload], payload)


def _invoices(payload: Payload) -> tuple[Attachment, ...]:
    """Known by bill and place: their addresses are signed anew at each reading."""
    listed = payload.raw("invoice_urls", [])
    count = len(listed) if isinstance(listed, list) else 0
    return tuple(Attachment(id=f"{INVOICE}{payload.text('id')}:{number}") for number in range(count))


# ---- payments --------------------------------------------------------------------------------------------------------------


def _paid(payload: Payload, fields: dict[str, Any], vendor: str, context: Context) -> Iterator[Record]:
    """The money Ramp takes from the bank once the payment was begun, for each bill by itself; and the payment once it is made.

    Until then it may come back, and the bill stays owed. What a Ramp card paid is told by the card's own transaction.
    https://docs.ramp.com/developer-api/v1/guides/bill-pay
    """
    payment, is_paid = payload.object_or_none("payment"), payload.text("status") == "PAID"
    told = {**fields, "external_id": f"{fields['external_id']}:payment"}
    if payment is None:
        if is_paid:
            yield Unknown(**told, what="a bill that was paid, and Ramp does not say how")
        return
    amount, currency = money(payment, "amount")
    method, details = payment.text("payment_method", ""), payment.object_or_none("details")
    reason, held = _elsewhere(method, details), _unpayable(method, details, currency, fields["currency"])
    if not is_paid and not payment.has("effective_date"):
        yield Skipped(**told, reason="scheduled: nothing has moved", amount=amount)
    elif held:
        yield Unknown(**{**told, "currency": currency}, what=held, amount=amount)
    elif reason:
        yield Skipped(**told, reason=reason, amount=amount)
    else:
        days = [day_of(payment, "effective_date", context)] if payment.has("effective_date") else []
        if is_paid:
            days.append(day_of(payload, "paid_at", context) if payload.has("paid_at") or not days else days[0])
            yield _payment(payload, {**fields, "booked_on": days[-1]}, vendor, amount, method)
        pull = {**fields, "external_id": f"{fields['external_id']}:pull", "booked_on": days[0]}
        yield FundingPull(**pull, amount=amount, arrives_on=days[0], covers=(fields["external_id"],))


def _payment(payload: Payload, fields: dict[str, Any], vendor: str, amount: int, method: str) -> BillPayment:
    mark = fields["external_id"]
    return BillPayment(
        **{**fields, "external_id": f"{mark}:sent"},
        vendor=vendor,
        amount=amount,
        applications=(Application(document=mark, amount=amount),),
        method=method,
        payment_id=mark,
        vendor_id=payload.object("vendor").text("id", ""),
        number=payload.text("invoice_number", ""),
    )


def _elsewhere(method: str, details: Payload | None) -> str:
    """Where a payment shows that Ramp's own money did not make."""
    if method in CARD:
        return "paid with a Ramp card: its transaction pays it"
    if method == "PAID_MANUALLY":
        how = details.text("manual_payment_method", "") if details is not None else ""
        return f"paid outside of Ramp ({how or 'not said how'}): the bank's line or the books' own payment shows it"
    return ""


def _unpayable(method: str, details: Payload | None, currency: str, owed_in: str) -> str:
    if method in CARD:
        named = details.raw("transaction_ids", []) if details is not None else []
        return "" if named else "a bill paid with a Ramp card, and Ramp does not name the transaction"
    if method == "VENDOR_CREDIT":
        return "a bill settled with a vendor credit, which Ramp's API does not list"
    if method == "PAID_MANUALLY":
        return ""
    if method not in _BANK:
        return f"a bill paid by {method or 'no method that is named'!r}"
    return "" if currency == owed_in else f"a bill in {owed_in} paid in {currency}: a person says at which rate"
