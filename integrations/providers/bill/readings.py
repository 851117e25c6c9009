"""Bills, credits, payments and the lumps BILL takes for them, read as facts.

Amounts are decimal dollars. A bill in other money carries an exchange rate but no currency, so it waits for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.records import (
    Application,
    BillPayment,
    ExpenseSplit,
    FundingPull,
    Record,
    Skipped,
    Unknown,
    VendorBill,
    VendorCredit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context

#: BILL keeps organizations of the United States.
DOLLARS = "USD"
#: Unassigned: no approval is asked for in this organization.
_APPROVED = ("APPROVED", "UNASSIGNED")
_WAITING = {"ASSIGNED": "waits for approval", "APPROVING": "waits for approval", "DENIED": "was not approved"}
_PAYMENT_STATUSES = ("PAID", "UNPAID", "PARTIAL", "SCHEDULED", "UNDEFINED")


def _dated(payload: Payload, name: str, context: Context) -> date:
    """The client's day of an instant."""
    return payload.instant(name).astimezone(context.timezone).date()


# ---- bills and credits ---------------------------------------------------------------------------------------------------


def read_bill(payload: Payload, context: Context) -> Iterator[Record]:
    """A bill once it is approved, split by its lines. https://developer.bill.com/reference/listbills

    The invoice date is a calendar day, however much of a time it is written with. What was paid or is scheduled changes
    nothing here: payments are facts of their own.
    """
    del context
    bill = payload.inside("bill")
    invoice = bill.object("invoice")
    vendor, status = bill.text("vendorName", ""), bill.text("paymentStatus", "UNDEFINED")
    number, memo = invoice.text("invoiceNumber", ""), bill.text("description", "")
    fields = _fields(bill, invoice.day("invoiceDate"), memo)
    held = _held(bill, vendor, "bill")
    if held is None and status not in _PAYMENT_STATUSES:
        held = f"BILL bill with the payment status {status!r}"
    yield _document(bill, fields, held) or VendorBill(
        **fields,
        vendor=vendor,
        amount=bill.minor("amount", DOLLARS),
        splits=_splits(payload, bill, "billLineItems"),
        number=number,
        due_on=bill.day("dueDate") if bill.has("dueDate") else None,
        vendor_id=bill.text("vendorId"),
    )


def read_credit(payload: Payload, context: Context) -> Iterator[Record]:
    """A vendor's credit once it is approved. Which bills it lowers is no entry: both stand with the vendor.

    https://developer.bill.com/docs/ap-vendor-credits
    """
    del context
    credit = payload.inside("vendorCredit")
    vendor = credit.text("vendorName", "")
    fields = _fields(credit, credit.day("creditDate"), credit.text("description", ""))
    yield _document(credit, fields, _held(credit, vendor, "credit")) or VendorCredit(
        **fields,
        vendor=vendor,
        amount=credit.minor("amount", DOLLARS),
        splits=_splits(payload, credit, "vendorCreditLineItems"),
        number=credit.text("referenceNumber", ""),
        vendor_id=credit.text("vendorId"),
    )


def _fields(thing: Payload, day: date, memo: str) -> dict[str, Any]:
    return {"external_id": thing.text("id"), "booked_on": day, "currency": DOLLARS, "memo": memo[:200]}


def _held(thing: Payload, vendor: str, kind: str) -> str | None:
    """Why a person must look at it before it can be booked."""
    rate = thing.decimal("exchangeRate", None) if thing.has("exchangeRate") else None
    if rate is not None and rate != 1:
        return f"a {kind} in other money: BILL tells the rate and not the currency"
    if not vendor:
        return f"a {kind} that does not name its vendor"
    approval = thing.text("approvalStatus", "")
    if approval not in _APPROVED and approval not in _WAITING:
        return f"BILL {kind} of approval status {approval!r}"
    return None


def _document(thing: Payload, fields: dict[str, Any], held: str | None) -> Record | None:
    """What is said of a bill or credit instead of booking it; None for one that is booked."""
    amount = thing.minor("amount", DOLLARS)
    if thing.has("archived") and thing.flag("archived"):
        # Archived is BILL's way of deleting. Of one with money behind it that cannot be meant.
        if thing.has("paidAmount") and thing.minor("paidAmount", DOLLARS):
            return Unknown(**fields, what="archived in BILL although money was paid on it", amount=amount)
        return Skipped(**fields, reason="archived in BILL: it counts as deleted", amount=amount)
    if held is not None:
        return Unknown(**fields, what=held, amount=amount)
    waiting = _WAITING.get(thing.text("approvalStatus"))
    return Skipped(**fields, reason=waiting, amount=amount) if waiting else None


def _splits(payload: Payload, thing: Payload, name: str) -> tuple[ExpenseSplit, ...]:
    """A split for each line; a line without an account takes the bill's. Names come from the lists our pull read."""
    lines = list(thing.objects(name)) or [thing]
    return tuple(_split(payload, thing, line) for line in lines)


def _split(payload: Payload, thing: Payload, line: Payload) -> ExpenseSplit:
    named = payload.object_or_none("names")

    def name(kind: str) -> str:
        for place in (line, thing):
            marks = place.object_or_none("classifications")
            if marks is not None and marks.text(kind, ""):
                return (named.text(marks.text(kind), "") if named is not None else "") or marks.text(kind)
        return ""

    return ExpenseSplit(
        amount=line.minor("amount", DOLLARS),
        category=name("chartOfAccountId"),
        department=name("departmentId") or name("locationId"),
        klass=name("accountingClassId"),
        memo=line.text("description", "")[:200],
    )


# ---- payments ------------------------------------------------------------------------------------------------------------

#: What each status says of the money: not moved yet, moved, moved and undone. The vendor's own words beside each.
_QUIET = {
    "SCHEDULED": "scheduled: nothing has moved",
    "CANCELED": "canceled before anything moved",
}
#: Funding started on the process date. A payment on hold, or not yet cashed, has left the company's hands all the same.
_MOVED = ("FUNDING_STARTED", "PROCESSED", "SENT", "DELIVERED", "CLEARED", "DISBURSEMENT_ON_HOLD")
_UNDONE = {
    # The money came back to BILL and waits there until the payer decides.
    "DISBURSEMENT_FAILED_ACTION_NEEDED": ("failed",),
    "DISBURSEMENT_FAILED_VENDOR_BANK_REJECTED": ("failed",),
    "VOIDED": ("voided",),
    # Nothing was taken, so nothing is given back.
    "FUNDING_FAILED_VOIDED": ("voided",),
    "FUNDS_ESCHEATED": ("stopped", "escheated"),
}
#: The vendor has the money although the bank refused BILL: the bill is paid, and BILL waits for a wire.
_UNFUNDED = "FUNDING_FAILED_ACTION_NEEDED"
#: Statuses of payments whose money BILL took from the bank.
PULLED = frozenset([*_MOVED, *(status for status in _UNDONE if status != "FUNDING_FAILED_VOIDED")])

_FROM = {"BANK_ACCOUNT": "clearing", "WALLET": "clearing", "CARD_ACCOUNT": "card", "AP_CARD": "card"}
_BY_BILL = ("BDC", "BILL_AUTOPAY", "RECURRING_PAYMENT")


def read_payment(payload: Payload, context: Context) -> Iterator[Record]:
    """A payment from its process date on, bill by bill, and what undid it on the day BILL said so.

    https://developer.bill.com/docs/single-status-payment-values · https://developer.bill.com/reference/listpayments
    """
    payload = payload.inside("payment")
    status, day = payload.text("singleStatus"), payload.day("processDate")
    fields = _fields(payload, day, payload.text("description", ""))
    amount = payload.minor("amount", DOLLARS)
    held = _payment_held(payload, status)
    if held is not None:
        yield Unknown(**fields, what=held, amount=amount)
        return
    if status in _QUIET:
        yield Skipped(**fields, reason=_QUIET[status], amount=amount)
        return
    yield _stage(payload, "sent", day)
    if status == _UNFUNDED:
        what = "BILL paid the vendor and could not take the money from the bank: it waits for a wire"
        yield Unknown(**fields, what=what, amount=amount)
    for stage in _UNDONE.get(status, ()):
        yield _stage(payload, stage, _dated(payload, "updatedTime", context))
    if status == "VOIDED" and _paid_from(payload)[0] == "clearing":
        yield _given_back(payload, amount, _dated(payload, "updatedTime", context))


def _payment_held(payload: Payload, status: str) -> str | None:
    funding, disbursed = payload.object_or_none("funding"), payload.object_or_none("disbursement")
    account = funding.object_or_none("fundingAccount") if funding is not None else None
    kind = account.text("type") if account is not None else ""
    billing = payload.text("billingType", "BDC")
    for side in (funding, disbursed):
        currency = side.text("currency", DOLLARS) if side is not None else DOLLARS
        if currency != DOLLARS:
            return f"a payment in {currency[:12]}: what it is in dollars, a person says"
    if status not in (*_QUIET, *_MOVED, *_UNDONE, _UNFUNDED):
        return f"BILL payment of status {status!r}"
    if billing not in _BY_BILL:
        return f"a payment of billing type {billing!r}: whether the books have it already, a person says"
    if kind and kind not in _FROM:
        return f"BILL payment from a funding account of type {kind!r}"
    return None


def _paid_from(payload: Payload) -> tuple[str, str]:
    """(clearing or card, the card's name: the key of its liability account)."""
    funding = payload.object_or_none("funding")
    account = funding.object_or_none("fundingAccount") if funding is not None else None
    where = _FROM[account.text("type")] if account is not None else "clearing"
    return where, (account.text("name", "") or account.text("id")) if account is not None and where == "card" else ""


def _stage(payload: Payload, stage: Any, day: date) -> BillPayment:
    source: Any
    source, account = _paid_from(payload)
    vendor, disbursed = payload.object_or_none("vendor"), payload.object_or_none("disbursement")
    target = disbursed.object_or_none("disbursementAccount") if disbursed is not None else None
    vendor_id = (vendor.text("id", "") if vendor is not None else "") or payload.text("vendorId", "")
    return BillPayment(
        external_id=f"{payload.text('id')}:{stage}",
        booked_on=day,
        currency=DOLLARS,
        memo=payload.text("description", "")[:200],
        vendor=(vendor.text("name", "") if vendor is not None else "") or vendor_id,
        amount=payload.minor("amount", DOLLARS),
        stage=stage,
        applications=tuple(
            Application(document=part.text("billId"), amount=part.minor("amount", DOLLARS))
            for part in payload.objects("billPayments")
        ),
        paid_from=source,
        account=account,
        method=target.text("type", "") if target is not None else "",
        payment_id=payload.text("id"),
        vendor_id=vendor_id,
        number=payload.text("confirmationNumber", ""),
    )


def _given_back(payload: Payload, amount: int, day: date) -> FundingPull:
    """A voided payment is credited to the payer: the bank shows it some days later."""
    return FundingPull(
        external_id=f"{payload.text('id')}:credit",
        booked_on=day,
        currency=DOLLARS,
        memo="Credit for a voided payment",
        amount=-amount,
        arrives_on=day,
        covers=(payload.text("id"),),
    )


def read_pull(payload: Payload, _context: Context) -> Iterator[Record]:
    """What BILL takes from one bank account on one process date: one sum for its payments. Our pull puts them together.

    https://developer.bill.com/docs/payments
    """
    pull = payload.object("pull")
    day, account = pull.day("processDate"), pull.object("fundingAccount")
    payments = list(pull.objects("payments", required=True))
    yield FundingPull(
        external_id=pull_id(payload),
        booked_on=day,
        currency=DOLLARS,
        amount=sum(payment.minor("amount", DOLLARS) for payment in payments),
        arrives_on=day,
        covers=tuple(payment.text("id") for payment in payments),
        account=account.text("id"),
    )


def pull_id(payload: Payload) -> str:
    pull = payload.object("pull")
    return f"{pull.text('processDate')}:{pull.object('fundingAccount').text('id')}"
