"""Purchases, rewards, payments and statements of the card, read as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.providers.ramp.units import (
    PROGRAM,
    currency_in,
    day_of,
    first_day,
    moment,
    money,
    part_in,
    splits,
)
from integrations.records import (
    Application,
    Attachment,
    BillPayment,
    CardPayment,
    CardPurchase,
    CardStatement,
    Cashback,
    ExpenseSplit,
    Record,
    Skipped,
    SystemBalance,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.payload import Payload
    from integrations.provider import Context

# ---- purchases -------------------------------------------------------------------------------------------------------------

#: Nothing of these is owed yet: a pending one may change its amount, or vanish.
_QUIET = {
    "PENDING": "authorised and not cleared: it may change or vanish",
    "PENDING_INITIATION": "not sent to the card network yet",
    "COMPLETION": "being completed: not cleared",
    "DECLINED": "declined: nothing was spent",
}
_DISPUTES = {
    "CREATED_MERCHANT_ERROR": "disputed as an error of the merchant",
    "CREATED_UNRECOGNIZED_CHARGE": "disputed as not recognised",
    "RESOLVED_BY_RAMP": "a dispute that Ramp resolved",
    "CANCELLED_BY_CUSTOMER": "a dispute that was taken back",
    "CANCELLED_BY_RAMP": "a dispute that Ramp closed",
}


def read_transaction(payload: Payload, context: Context) -> Iterator[Record]:
    """A purchase once it cleared, on the day it settled, by its splits; a refund is negative.

    Whatever accounting date Ramp's preferences give it: the statement counts it by settlement. One that paid a bill of Bill
    Pay pays what is owed to the vendor, and is no cost of its own.
    https://docs.ramp.com/developer-api/v1/api/transactions
    """
    bought = payload.inside("transaction")
    state = bought.text("state")
    cleared = state == "CLEARED"
    currency = currency_in(bought, "currency_code", "" if cleared else context.home_currency)
    amount = bought.minor("amount", currency) if cleared else bought.minor("amount", currency, 0)
    days = ("settlement_date", "accounting_date") if cleared else ("user_transaction_time", "accounting_date")
    fields: dict[str, Any] = {
        "external_id": bought.text("id"),
        "booked_on": first_day(bought, context, *days),
        "currency": currency,
        "memo": bought.text("memo", "")[:200],
        "occurred_at": moment(bought, "user_transaction_time") if bought.has("user_transaction_time") else None,
    }
    if state in _QUIET:
        yield Skipped(**fields, reason=_QUIET[state], amount=amount)
    elif not cleared:
        yield Unknown(**fields, what=f"Ramp transaction in the state {state!r}", amount=amount)
    elif payload.has("bill"):
        yield _paid_bill(payload.object("bill"), fields, amount)
    else:
        yield _purchase(bought, fields, amount)
        yield from _disputes(bought, fields, amount, context)


def _purchase(bought: Payload, fields: dict[str, Any], amount: int) -> Record:
    holder = bought.object_or_none("card_holder")
    found = _parts(bought, fields["currency"], amount, holder.text("department_name", "") if holder is not None else "")
    if found is None:
        return Unknown(
            **fields, what="a purchase whose splits are in other money than it was settled in", amount=amount
        )
    spent = money(bought, "original_transaction_amount") if bought.has("original_transaction_amount") else None
    abroad = spent is not None and spent[1] != fields["currency"]
    return CardPurchase(
        **fields,
        program=PROGRAM,
        amount=amount,
        splits=found,
        merchant=bought.text("merchant_name", "") or bought.text("merchant_descriptor", ""),
        cardholder=_name(holder),
        card=bought.text("card_id", ""),
        spent_amount=spent[0] if spent is not None and abroad else None,
        spent_currency=spent[1] if spent is not None and abroad else "",
        statement_id=bought.text("statement_id", ""),
        support=attached(bought),
    )


def _parts(bought: Payload, currency: str, amount: int, department: str) -> tuple[ExpenseSplit, ...] | None:
    lines = list(bought.objects("line_items"))
    if not lines:
        return splits([amount], [bought], bought, department)
    amounts = [part_in(line, currency, "amount", "converted_amount") for line in lines]
    known = [part for part in amounts if part is not None]
    return splits(known, lines, bought, department) if len(known) == len(lines) else None


def _name(holder: Payload | None) -> str:
    return "" if holder is None else f"{holder.text('first_name', '')} {holder.text('last_name', '')}".strip()


def attached(payload: Payload) -> tuple[Attachment, ...]:
    """The receipts of a purchase or reimbursement: their files are kept by the stream of receipts."""
    listed = payload.raw("receipts", [])
    return tuple(Attachment(id=one) for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


def _paid_bill(bill: Payload, fields: dict[str, Any], amount: int) -> BillPayment:
    """Money back on a bill that a card paid makes it owed again. One that is matched later was a cost of its own till then."""
    stage: Any = "sent" if amount >= 0 else "voided"
    return BillPayment(
        **{**fields, "external_id": f"{fields['external_id']}:bill"},
        vendor=bill.text("vendor"),
        amount=abs(amount),
        stage=stage,
        applications=(Application(document=bill.text("id"), amount=abs(amount)),),
        paid_from="card",
        account=PROGRAM,
        payment_id=fields["external_id"],
        method="CARD",
    )


def _disputes(bought: Payload, fields: dict[str, Any], amount: int, context: Context) -> Iterator[Record]:
    """What is won comes back as a transaction of its own: a dispute books nothing."""
    for dispute in bought.objects("disputes"):
        kind = dispute.text("type", "")
        told = {
            **fields,
            "external_id": f"{fields['external_id']}:dispute:{dispute.text('id')}",
            "booked_on": day_of(dispute, "created_at", context),
            "occurred_at": None,
            "memo": dispute.text("memo", "")[:200],
        }
        if kind in _DISPUTES:
            reason = f"{_DISPUTES[kind]}: money back comes as a transaction of its own"
            yield Skipped(**told, reason=reason, amount=amount)
        else:
            yield Unknown(**told, what=f"Ramp dispute of type {kind!r}", amount=amount)


# ---- rewards and payments --------------------------------------------------------------------------------------------------


def _fields(thing: Payload, context: Context) -> tuple[dict[str, Any], int]:
    amount, currency = money(thing, "amount")
    day = day_of(thing, "created_at", context)
    return {"external_id": thing.text("id"), "booked_on": day, "currency": currency}, amount


def read_cashback(payload: Payload, context: Context) -> Iterator[Record]:
    """A reward, taken off what is owed. https://docs.ramp.com/developer-api/v1/api/cashbacks"""
    fields, amount = _fields(payload.inside("cashback"), context)
    yield Cashback(**fields, program=PROGRAM, amount=amount)


_UNDER_WAY = (
    "UPLOADED",
    "NOT_ACKED",
    "PROCESSING_BY_ODFI",
    "SUBMITTED_TO_FED",
    "SUBMITTED_TO_RDFI",
    "ACH_CONFIRMED",
    "COMPLETED",
)
_NOTHING_MOVED = {
    "INITIATED": "written down and not sent to a bank yet",
    "CANCELED": "canceled before anything moved",
    "UNNECESSARY": "nothing was owed",
    "ERROR": "it failed: another payment follows",
    "REJECTED_BY_ODFI": "rejected before it was sent: another payment follows",
    "NOT_ENOUGH_FUNDS": "the bank account did not hold enough: another payment follows",
}


def read_transfer(payload: Payload, context: Context) -> Iterator[Record]:
    """What pays the card, as Ramp sees it. https://docs.ramp.com/developer-api/v1/guides/transfers"""
    transfer = payload.inside("transfer")
    fields, amount = _fields(transfer, context)
    status = transfer.text("status")
    if status in _UNDER_WAY:
        yield CardPayment(**fields, program=PROGRAM, amount=amount, trace=transfer.text("payment_id", ""))
    elif status in _NOTHING_MOVED:
        yield Skipped(**fields, reason=_NOTHING_MOVED[status], amount=amount)
    elif status == "RETURNED_BY_RDFI":
        what = "the bank sent a payment of the card back: what it shows of it, a person says"
        yield Unknown(**fields, what=what, amount=amount)
    else:
        yield Unknown(**fields, what=f"Ramp transfer of status {status!r}", amount=amount)


# ---- statements ------------------------------------------------------------------------------------------------------------

_SUMS = ("opening_balance", "charges", "credits", "payments", "ending_balance")


def read_statement(payload: Payload, context: Context) -> Iterator[Record]:
    """A statement, once it adds up and its transactions come to its charges: evidence of what the card owes.

    opening + charges − credits − payments = ending. https://docs.ramp.com/developer-api/v1/api/statements
    """
    statement = payload.inside("statement")
    told = _section(statement, payload.text("entity_id", "")) or statement
    sums = {name: money(told, name) for name in _SUMS}
    opening, charges, credits_, payments, closing = (amount for amount, _ in sums.values())
    currency = sums["ending_balance"][1]
    fields: dict[str, Any] = {
        "external_id": statement.text("id"),
        "booked_on": day_of(statement, "end_date", context),
        "currency": currency,
    }
    held = _mismatch(payload, [amount for amount, _ in sums.values()])
    if {told for _, told in sums.values()} != {currency}:
        held = "a Ramp statement in several currencies"
    if held:
        yield Unknown(**fields, what=held, amount=closing)
        return
    yield CardStatement(
        **fields,
        program=PROGRAM,
        opening=opening,
        charges=charges,
        credits=credits_,
        payments=payments,
        closing=closing,
        starts_on=day_of(statement, "start_date", context),
    )
    owed = {**fields, "external_id": f"{fields['external_id']}:balance"}
    yield SystemBalance(**owed, role="card", key=PROGRAM, amount=closing, account=PROGRAM)


def _section(statement: Payload, entity: str) -> Payload | None:
    """One entity's part of a statement that several share."""
    sections = statement.objects("balance_sections")
    return next((one for one in sections if entity and one.text("entity_id") == entity), None)


def _mismatch(payload: Payload, sums: list[int]) -> str:
    """What does not add up, '' where all does. Ramp does not say whether refunds lower the charges or are credits."""
    opening, charges, credits_, payments, closing = sums
    if opening + charges - credits_ - payments != closing:
        off = opening + charges - credits_ - payments - closing
        return f"a Ramp statement that does not add up: it is off by {off} in minor units"
    listed = payload.object_or_none("listed")
    if listed is not None:
        bought, refunded = listed.integer("charges"), listed.integer("refunds")
        if charges not in (bought, bought - refunded):
            return f"a Ramp statement with charges of {charges}, and its transactions come to {bought} in minor units"
    return ""
