"""Ramp's objects as its developer API writes them: plain amounts in dollars, those with a currency beside them in cents."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.ramp.plan import DEPARTMENTS, SLUG
from integrations.sandbox.world.calendar import STORY_NOW, local_instant, month_end, month_start
from integrations.sandbox.world.chance import uuid_from
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from datetime import date

    from integrations.sandbox.ramp.plan import Bill, Claim, Purchase, Spending, Statement, Transfer

Shape = dict[str, Any]
ENTITY = uuid_from(0, SLUG, "entity")
BUSINESS = uuid_from(0, SLUG, "business")


def made(*names: str) -> str:
    return uuid_from(0, SLUG, *names)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def midnight(day: date) -> str:
    """A calendar day, written as a time."""
    return stamp(datetime.combine(day, time(), UTC))


def cents(amount: int) -> Shape:
    return {"amount": amount, "currency_code": "USD"}


def _coded(account: str) -> list[Shape]:
    field = {"id": made("field"), "external_id": "Category", "name": "Category", "type": "GL_ACCOUNT"}
    chosen = {"id": made("option", account), "external_id": made("erp", account)[:4], "name": account}
    return [{**chosen, "type": "GL_ACCOUNT", "category_info": field}] if account else []


def _person(name: str) -> Shape:
    first, last = name.split(" ", 1)
    named = {"first_name": first, "last_name": last, "user_id": made("user", name)}
    department = DEPARTMENTS[name]
    return {**named, "department_id": made("department", department), "department_name": department}


def business(name: str) -> Shape:
    return {"id": BUSINESS, "business_name_legal": name, "active": True, "is_reimbursements_enabled": True}


# ---- the card ----------------------------------------------------------------------------------------------------------------


def receipt_id(one: Purchase) -> str:
    return made("receipt", one.id)


def transaction(known: Spending, one: Purchase) -> Shape:
    spent, currency = one.spent or (one.amount_minor, "USD")
    split = len(one.parts) > 1
    told: Shape = {
        "id": one.id,
        "state": one.state,
        "amount": dollars(one.amount_minor),
        "currency_code": "USD",
        "original_transaction_amount": {"amount": spent, "currency_code": currency},
        "card_id": made("card", one.holder),
        "card_present": False,
        "card_holder": _person(one.holder),
        "merchant_id": made("merchant", one.merchant),
        "merchant_name": one.merchant,
        "merchant_descriptor": one.merchant.upper(),
        "sk_category_id": 41,
        "sk_category_name": "Other",
        "accounting_date": midnight(one.day) if one.is_booked else None,
        "accounting_field_selections": [] if split else _coded(one.parts[0][0]),
        "line_items": [
            {
                "amount": cents(amount),
                "converted_amount": cents(amount),
                "memo": "",
                "accounting_field_selections": _coded(account),
            }
            for account, amount in one.parts
            if split
        ],
        "disputes": _disputes(one),
        "entity_id": ENTITY,
        "memo": None,
        "policy_violations": [],
        "receipts": [receipt_id(one)] if one.has_receipt else [],
        "sync_status": "NOT_SYNC_READY",
        "synced_at": None,
        "user_transaction_time": stamp(one.at),
    }
    if one.settled is not None:
        told["settlement_date"] = stamp(one.settled)
    statement_id = _statement_of(known, one)
    return told | ({"statement_id": statement_id} if statement_id else {})


def _statement_of(known: Spending, one: Purchase) -> str:
    month = f"{one.day:%Y-%m}"
    return next((found.id for found in known.statements if found.month == month and one.is_booked), "")


def _disputes(one: Purchase) -> list[Shape]:
    if not one.dispute or one.settled is None:
        return []
    said = {"id": made("dispute", one.id), "type": one.dispute, "memo": "The parts were broken"}
    return [{**said, "created_at": stamp(one.settled + timedelta(days=4))}]


def receipt(one: Purchase, url: str) -> Shape:
    told = {"id": receipt_id(one), "transaction_id": one.id, "user_id": made("user", one.holder)}
    return {**told, "created_at": stamp(one.at + timedelta(hours=1)), "receipt_url": url}


def cashback(one: Transfer) -> Shape:
    told = {"id": one.id, "amount": cents(one.amount_minor), "entity_id": ENTITY, "sync_status": "SYNC_READY"}
    return {**told, "created_at": stamp(local_instant(one.day, 3))}


def transfer(one: Transfer) -> Shape:
    return {**cashback(one), "status": one.status, "payment_id": made("payment", one.id)}


def statement(known: Spending, one: Statement, url: str) -> Shape:
    ends = local_instant(month_end(one.month), 23, 59, 59)
    sums = {
        "opening_balance": cents(one.opening),
        "charges": cents(one.charges),
        "credits": cents(one.credits),
        "payments": cents(one.payments),
        "ending_balance": cents(one.closing),
    }
    lines = [
        {
            "id": bought.id,
            "type": "CARD_TRANSACTION",
            "created_at": stamp(bought.at),
            "cleared_at": stamp(bought.settled),
        }
        for bought in known.purchases
        if bought.settled is not None and _statement_of(known, bought) == one.id
    ]
    return {
        "id": one.id,
        "start_date": stamp(local_instant(month_start(one.month), 0)),
        "end_date": stamp(ends),
        **sums,
        "balance_sections": [{"id": made("section", one.id), "entity_id": ENTITY, **sums}],
        "statement_lines": lines,
        "statement_url": url,
    }


# ---- bills and employees -------------------------------------------------------------------------------------------------------


def bill(known: Spending, one: Bill, url: str) -> Shape:
    told: Shape = {
        "id": one.id,
        "status": "PAID" if one.paid is not None else "OPEN",
        "approval_status": one.approval,
        "amount": cents(one.amount_minor),
        "accounting_date": midnight(one.day),
        "issued_at": midnight(one.day),
        "due_at": midnight(one.day + timedelta(days=30)),
        "created_at": stamp(local_instant(one.day, 9)),
        "archived_at": stamp(local_instant(one.day, 15)) if one.is_archived else None,
        "invoice_number": one.number,
        "invoice_urls": [url],
        "line_items": [
            {"amount": cents(amount), "memo": "", "accounting_field_selections": _coded(account)}
            for account, amount in one.parts
        ],
        "inventory_line_items": [],
        "accounting_field_selections": [],
        "memo": "",
        "vendor": {"id": made("vendor", one.vendor), "name": one.vendor, "type": "BUSINESS"},
        "vendor_contact_id": None,
        "bill_owner": {"id": made("user", "Odette Lacey"), "first_name": "Odette", "last_name": "Lacey"},
        "entity_id": ENTITY,
        "fx_conversion_rate": "1.0",
        "sync_status": "NOT_SYNCED",
        "payment": _payment(known, one),
    }
    if one.paid is not None:
        told["paid_at"] = stamp(local_instant(one.paid, 10))
    return told


def _payment(known: Spending, one: Bill) -> Shape | None:
    if not one.method:
        return None
    details: Shape = {"approval_status": "APPROVED", "source_bank_account_id": None, "vendor_account_id": None}
    if one.method == "CARD":
        ids = [bought.id for bought in known.purchases if bought.bill == one.id]
        details = {"spend_limit_id": made("limit", one.id), "transaction_ids": ids}
    begun = midnight(one.begun) if one.begun is not None and one.method == "ACH" else None
    return {
        "amount": cents(one.amount_minor),
        "details": details,
        "payment_method": one.method,
        "payment_date": midnight(one.begun or one.day + timedelta(days=14)),
        "effective_date": begun,
        "trace_id": None,
    }


def reimbursement(one: Claim) -> Shape:
    typed = local_instant(one.spent, 17)
    changed = (
        local_instant(one.moved, 16)
        if one.moved is not None
        else min(typed + timedelta(days=1), STORY_NOW - timedelta(hours=2))
    )
    told: Shape = {
        "id": one.id,
        "type": one.kind,
        "direction": "USER_TO_BUSINESS" if one.is_payback else "BUSINESS_TO_USER",
        "state": one.state,
        "amount": dollars(one.amount_minor),
        "currency": "USD",
        "original_reimbursement_amount": cents(one.amount_minor),
        "payee_amount": cents(one.amount_minor),
        "transaction_date": one.spent.isoformat(),
        "accounting_date": midnight(one.spent),
        "created_at": stamp(typed),
        "submitted_at": stamp(typed),
        "updated_at": stamp(changed),
        "distance": 42 if one.kind == "MILEAGE" else None,
        "start_location": None,
        "end_location": None,
        "waypoints": [],
        "user_id": made("user", one.employee),
        "user_full_name": one.employee,
        "user_email": f"{one.employee.split()[0].lower()}@ospreyfield.example",
        "merchant": "" if one.kind in ("MILEAGE", "PER_DIEM") else "Counter sale",
        "merchant_id": None,
        "memo": "",
        "line_items": [
            {"amount": cents(one.amount_minor), "memo": "", "accounting_field_selections": _coded(one.account)}
        ],
        "accounting_field_selections": _coded(one.account),
        "receipts": [],
        "spend_limit_id": None,
        "payment_id": one.batch or None,
        "entity_id": ENTITY,
        "sync_status": "NOT_SYNC_READY",
        "synced_at": None,
    }
    return told | ({"approved_at": stamp(local_instant(one.approved, 11))} if one.approved is not None else {})
