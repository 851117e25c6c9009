"""Reimbursements both ways: what employees are paid back, and what they pay back of private purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.ramp.cards import attached
from integrations.providers.ramp.units import PROGRAM, currency_in, day_of, first_day, part_in, split
from integrations.records import (
    CardPurchase,
    ExpenseReport,
    ExpenseSplit,
    FundingPull,
    Record,
    Reimbursement,
    ReportLine,
    Skipped,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context

_WAITING = ("INIT", "DRAFT", "PENDING")
_ENDED = {"CANCELED": "was canceled", "DELETED": "was deleted", "REJECTED": "was not approved"}
#: Approved, and no money has moved.
_OWED = (
    "APPROVED",
    "AWAITING_EXPORT",
    "AWAITING_PAYMENT",
    "AWAITING_PUSH_PAYMENT",
    "EXPORTED",
    "EXPORT_FAILED",
    "EXPORT_INITIATED",
    "EXPORT_SUCCESSFUL",
    "FAILED_REIMBURSEMENT",
    "PROCESSING",
    "PUSH_PAYMENT_FAILED",
    "PUSH_PAYMENT_INITIATED",
)
#: Waits for the employee's bank details, before or after its approval.
_NO_BANK = "MISSING_ACH"
BY_RAMP = ("REIMBURSED", "REIMBURSED_VIA_PUSH")
_OUTSIDE = "MANUALLY_REIMBURSED"
_BASES = {"OUT_OF_POCKET": "receipt", "MILEAGE": "mileage", "PER_DIEM": "per_diem"}
_PAYBACKS = ("PAYBACK_FULL", "PAYBACK_PARTIAL")
TO_EMPLOYEE, FROM_EMPLOYEE = "BUSINESS_TO_USER", "USER_TO_BUSINESS"


def read_reimbursement(payload: Payload, context: Context) -> Iterator[Record]:
    """What an employee laid out, from its approval on, and its payment once money has moved; or the other way round.

    Ramp does not tell the day of the payment: the last change to what is paid stands for it.
    https://docs.ramp.com/developer-api/v1/api/reimbursements
    """
    state, kind, direction = payload.text("state"), payload.text("type"), payload.text("direction")
    currency = currency_in(payload, "currency")
    amount = payload.minor("amount", currency)
    fields: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": first_day(payload, context, "approved_at", "accounting_date", "transaction_date", "created_at"),
        "currency": currency,
        "memo": payload.text("memo", "")[:200],
    }
    held, quiet = _held(payload, amount, currency), _quiet(payload, state)
    if state not in (*_WAITING, *_ENDED, *_OWED, *BY_RAMP, _NO_BANK, _OUTSIDE):
        held = f"Ramp reimbursement in the state {state!r}"
    if held:
        yield Unknown(**fields, what=held, amount=amount)
    elif quiet:
        yield Skipped(**fields, reason=quiet, amount=amount)
    else:
        report = _report if direction == TO_EMPLOYEE else _private
        yield report(payload, fields, amount, kind)
        if state in (*BY_RAMP, _OUTSIDE):
            yield _moved(payload, fields, amount, day_of(payload, "updated_at", context))


def _quiet(payload: Payload, state: str) -> str:
    if state in _WAITING or (state == _NO_BANK and not payload.has("approved_at")):
        return "waits for approval"
    return _ENDED.get(state, "")


def _held(payload: Payload, amount: int, currency: str) -> str:
    """Why a person must look at it; '' where nobody must."""
    kind, direction = payload.text("type"), payload.text("direction")
    fits = {TO_EMPLOYEE: tuple(_BASES), FROM_EMPLOYEE: _PAYBACKS}.get(direction, ())
    if kind not in fits:
        return f"Ramp reimbursement of type {kind!r} and direction {direction!r}"
    if amount < 0:
        return "a reimbursement of less than nothing"
    lines = _lines(payload)
    if len(lines) == 1:
        return ""
    amounts = [part_in(line, currency, "amount") for line in lines]
    if None in amounts:
        return f"a reimbursement in {currency} whose lines are in other money"
    told = sum(part for part in amounts if part is not None)
    return "a reimbursement whose lines do not come to its amount" if told != amount else ""


def _lines(payload: Payload) -> list[Payload]:
    return list(payload.objects("line_items")) or [payload]


def _parts(payload: Payload, amount: int, currency: str) -> Iterator[dict[str, Any]]:
    """A split for each line; one line is the whole, in whatever money it was laid out."""
    lines = _lines(payload)
    for line in lines:
        part = part_in(line, currency, "amount") if len(lines) > 1 else amount
        yield split(part or 0, line, payload)


def _who(payload: Payload) -> str:
    return payload.text("user_full_name", "") or payload.text("user_email", "") or payload.text("user_id")


def _report(payload: Payload, fields: dict[str, Any], amount: int, kind: str) -> ExpenseReport:
    """An allowance for distance or days has no receipt."""
    merchant, basis = payload.text("merchant", ""), _BASES[kind]
    shared: dict[str, Any] = {
        "basis": basis,
        "merchant": merchant,
        "spent_on": payload.day("transaction_date") if payload.has("transaction_date") else None,
    }
    return ExpenseReport(
        **fields,
        employee=_who(payload),
        lines=tuple(ReportLine(**part, **shared) for part in _parts(payload, amount, fields["currency"])),
        title=merchant,
        employee_id=payload.text("user_id", ""),
        support=attached(payload),
    )


def _private(payload: Payload, fields: dict[str, Any], amount: int, _kind: str) -> CardPurchase:
    """A purchase, or part of one, that the employee agreed was private: its cost is the employee's debt. The card owes the same."""
    parts = list(_parts(payload, amount, fields["currency"]))
    costs = tuple(ExpenseSplit(**{**part, "amount": -part["amount"]}) for part in parts)
    owed = tuple(ExpenseSplit(amount=part["amount"], kind="personal", memo=part["memo"]) for part in parts)
    return CardPurchase(
        **{**fields, "external_id": f"{fields['external_id']}:private"},
        program=PROGRAM,
        amount=0,
        splits=(*costs, *owed),
        merchant=payload.text("merchant", ""),
        cardholder=_who(payload),
        support=attached(payload),
    )


def _moved(payload: Payload, fields: dict[str, Any], amount: int, on: date) -> Reimbursement:
    to_employee = payload.text("direction") == TO_EMPLOYEE
    return Reimbursement(
        **{**fields, "external_id": f"{fields['external_id']}:paid", "booked_on": on},
        employee=_who(payload),
        amount=amount,
        direction="to_employee" if to_employee else "from_employee",
        through="outside" if payload.text("state") == _OUTSIDE else "tool",
        reports=(fields["external_id"],),
        employee_id=payload.text("user_id", ""),
    )


# ---- what the bank shows of them -------------------------------------------------------------------------------------------


def batch_id(payload: Payload) -> str:
    batch = payload.object("reimbursement_batch")
    return f"{batch.text('payment')}:{batch.text('direction')}"


def read_batch(payload: Payload, context: Context) -> Iterator[Record]:
    """The sum of a payment batch: Ramp takes it from the bank, or gives it there. Our pull puts it together."""
    batch = payload.object("reimbursement_batch")
    direction, currency = batch.text("direction"), currency_in(batch, "currency")
    if direction not in (TO_EMPLOYEE, FROM_EMPLOYEE):
        raise PayloadError(batch.at("direction"), f"{direction[:30]!r} is no direction")
    parts = list(batch.objects("parts", required=True))
    if not parts:
        raise PayloadError(batch.at("parts"), "is empty")
    total = sum(part.minor("amount", currency) for part in parts)
    on = max(day_of(part, "updated_at", context) for part in parts)
    yield FundingPull(
        external_id=batch_id(payload),
        booked_on=on,
        currency=currency,
        memo="Employees paid back" if direction == TO_EMPLOYEE else "Paid back by employees",
        amount=total if direction == TO_EMPLOYEE else -total,
        arrives_on=on,
        covers=tuple(part.text("id") for part in parts),
    )
