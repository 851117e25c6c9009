"""A settlement and its events as facts. Every row of it is booked, skipped with its reason, or put before a person.

Credits to the seller are positive. An event is dated by when Amazon posted it, not by when the settlement closed, so that a month
has what happened in it. https://developer-docs.amazon.com/sp-api/docs/report-type-values-settlement
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from integrations.errors import PayloadError
from integrations.money import MoneyError, to_minor
from integrations.providers.amazon.parts import PRICES, PROMOTIONS, Parts, facts_of, fee_name, withheld_part
from integrations.providers.amazon.settlement import (
    AMOUNT,
    ID,
    KIND,
    POSTED_AT,
    POSTED_DAY,
    REFUNDS,
    REPORT,
    SALES,
    TOTAL,
    TYPE,
    WHAT,
)
from integrations.providers.amazon.units import book_day, printed_moment
from integrations.records import (
    BalanceFunding,
    Payout,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Reserve,
    Skipped,
    StatementClosed,
    Unknown,
)
from integrations.tables import printed_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context

#: Report statuses under which nothing will come of it.
LOST = frozenset(["CANCELLED", "FATAL"])
END = "settlement-end-date"
WAITING = frozenset(["IN_PROGRESS", "IN_QUEUE"])
CARRIED = "an earlier settlement's negative balance, carried on: that settlement's own rows are booked"
#: Amount type → what the row is, whatever its description; (what it is, the name of a cost).
_BY_KIND = {
    "cost of advertising": ("fee", "Advertising"),
    "couponredemptionfee": ("fee", "Platform coupons"),
    "fba inventory reimbursement": ("reimbursed", ""),
}
#: Amount description → the same, for the amount types that say no more than "other".
_BY_WORDS = {
    "storage fee": ("fee", "Storage"),
    "storagerenewalbilling": ("fee", "Storage renewal"),
    "subscription fee": ("fee", "Subscription"),
    "removalcomplete": ("fee", "Platform removals"),
    "disposalcomplete": ("fee", "Platform disposals"),
    "shipping label purchase": ("fee", "Shipping labels"),
    "nonsubscriptionfeeadj": ("fee", "Adjustment of fees"),
    "manual processing fee reimbursement": ("fee", "Manual processing"),
    "safe-t reimbursement": ("protected", ""),
    "current reserve amount": ("reserve", ""),
    "previous reserve amount balance": ("reserve", ""),
    "successful charge": ("charged", ""),
    "repayment of negative amazon balance": ("carried", ""),
}
_CREDITS: Mapping[str, Literal["inventory_reimbursement", "seller_protection"]] = {
    "reimbursed": "inventory_reimbursement",
    "protected": "seller_protection",
}


def is_settlement_object(raw: Mapping[str, Any]) -> bool:
    return is_report(raw) or (ID in raw and ("rows-total" in raw or "event" in raw))


def is_report(raw: Mapping[str, Any]) -> bool:
    return raw.get("reportType") == REPORT and "reportId" in raw and "processingStatus" in raw


def object_id(payload: Payload) -> str:
    """A settlement has one number; its events are told apart within it."""
    if is_report(payload.data):
        return f"report:{payload.text('reportId')}"
    event = payload.text("event", "")
    return f"{payload.text(ID)}:{event}" if event else payload.text(ID)


def read_settlement(payload: Payload, context: Context) -> Iterator[Record]:
    """The payout of a settlement, or the facts of one event in it."""
    if is_report(payload.data):
        yield _lost_report(payload, context)
    elif "event" in payload.data:
        yield from _event(payload, context)
    else:
        yield _settlement(payload, context)
        if payload.text(END, ""):
            yield _end(payload, context)


def _lost_report(report: Payload, context: Context) -> Record:
    """A report that Amazon could not make: what is in it must come as a file. (Others are told by what is in them.)"""
    moment = report.instant("createdTime")
    fields: dict[str, Any] = {
        "external_id": object_id(report),
        "booked_on": book_day(moment.date(), moment, context),
        "currency": context.home_currency,
        "occurred_at": moment,
    }
    status = report.text("processingStatus")
    if status == "DONE" or status in WAITING:
        return Skipped(**fields, reason="a report: its document tells what is in it")
    return Unknown(**fields, what=f"settlement report of status {status!r}: bring it as a file")


# ---- the settlement ------------------------------------------------------------------------------------------------------


def _settlement(payload: Payload, context: Context) -> Record:
    """What was paid out. A settlement whose rows do not come to its total pays nothing here: a person looks at it."""
    currency, number = payload.currency("currency"), payload.text(ID)
    total = _printed(payload, TOTAL, currency)
    rows = payload.minor("rows-total", currency)
    has_deposit = bool(payload.text("deposit-date", ""))
    on, at = printed_moment(payload, "deposit-date" if has_deposit else END)
    fields: dict[str, Any] = {
        "external_id": number,
        "booked_on": book_day(on, at, context),
        "currency": currency,
        "occurred_at": at,
        "memo": f"Settlement {number}",
    }
    if rows != total:
        what = f"settlement {number}: its rows come to {rows}, its total is {total}: difference {rows - total}"
        return Unknown(**fields, what=what, amount=total)
    if total <= 0:
        return Skipped(**fields, reason="nothing is paid out: what is owed is carried on", amount=total)
    if not has_deposit:
        return Unknown(**fields, what=f"settlement {number} has a total and no deposit date", amount=total)
    return Payout(**fields, amount=total, arrives_on=fields["booked_on"], payout_id=number)


def _end(payload: Payload, context: Context) -> Record:
    """Until when this settlement tells everything in its currency; the next one begins there."""
    on, at = printed_moment(payload, END)
    return StatementClosed(
        external_id=f"{payload.text(ID)}:closed",
        booked_on=book_day(on, at, context),
        currency=payload.currency("currency"),
        occurred_at=at,
    )


# ---- an event ------------------------------------------------------------------------------------------------------------


def _event(payload: Payload, context: Context) -> Iterator[Record]:
    rows = list(payload.objects("rows", required=True))
    if not rows:
        raise PayloadError(payload.at("rows"), "is empty")
    currency, mark = payload.currency("currency"), payload.text("mark")
    on, at = printed_moment(rows[0], POSTED_AT if rows[0].has(POSTED_AT) else POSTED_DAY)
    fields: dict[str, Any] = {
        "external_id": object_id(payload),
        "booked_on": book_day(on, at, context),
        "currency": currency,
        "occurred_at": at,
    }
    amounts = [_printed(row, AMOUNT, currency, mark) for row in rows]
    kind = rows[0].text(TYPE, "").casefold()
    if kind in SALES or kind in REFUNDS:
        yield from _sale(rows, amounts, fields, back=kind in REFUNDS)
        return
    for index, (row, amount) in enumerate(zip(rows, amounts, strict=True)):
        yield _alone(
            row, amount, fields if not index else {**fields, "external_id": f"{fields['external_id']}:{index}"}
        )


def _sale(rows: list[Payload], amounts: list[int], fields: dict[str, Any], *, back: bool) -> Iterator[Record]:
    """A sale or refund by its rows; a row of a kind that nobody told us of stands beside it, for a person."""
    parts, strangers = Parts(), []
    for index, (row, amount) in enumerate(zip(rows, amounts, strict=True)):
        part, name = _part(row)
        if part:
            parts.add(part, amount, name)
        else:
            external_id = f"{fields['external_id']}:row:{index}"
            strangers.append(Unknown(**{**fields, "external_id": external_id}, what=_unknown(row), amount=amount))
    number, channel = rows[0].text("order-id", ""), rows[0].text("marketplace-name", "")
    named = {**fields, "memo": f"{rows[0].text(TYPE)} {number}".strip()}
    if len(strangers) < len(rows):
        yield from facts_of(parts, named, channel=channel, number=number, back=back)
    yield from strangers


def _part(row: Payload) -> tuple[str, str]:
    """(which part of a sale the row is, the name of a fee); ('', '') for one nobody has told us of."""
    kind, what = row.text(KIND, "").casefold(), row.text(WHAT, "")
    if kind == "itemprice":
        return PRICES.get(what.casefold(), ""), ""
    if kind == "promotion":
        return PROMOTIONS.get(what.casefold(), ""), ""
    if kind == "itemfees" and what:
        return "fee", fee_name(what)
    if kind == "itemwithheldtax":
        return withheld_part(what), "input tax"
    return "", ""


def _alone(row: Payload, amount: int, fields: dict[str, Any]) -> Record:
    """A row that is an event by itself: a cost, a credit, the reserve, a payout made apart."""
    words, kind = row.text(WHAT, ""), row.text(KIND, "")
    described = {**fields, "memo": f"{words or kind} {row.text('order-id', '')}".strip()}
    if row.text(TYPE, "").casefold() == "transfer":
        stage: Literal["sent", "returned"] = "sent" if amount < 0 else "returned"
        return Payout(**described, stage=stage, amount=abs(amount), arrives_on=fields["booked_on"])
    what, name = _BY_KIND.get(kind.casefold()) or _BY_WORDS.get(words.casefold(), ("", ""))
    if what == "fee":
        return ProcessorFee(**described, amount=-amount, category=name)
    if what in _CREDITS:
        source = row.text("order-id", "") or row.text("sku", "")
        return ProcessorCredit(**described, amount=amount, kind=_CREDITS[what], source_id=source)
    return _between(what, described, amount) or Unknown(**described, what=_unknown(row), amount=amount)


def _between(what: str, fields: dict[str, Any], amount: int) -> Record | None:
    """Money that is neither earned nor spent: kept back, carried on, or taken from the seller's card."""
    if what == "reserve":
        return Reserve(**fields, amount=-amount)
    if what == "charged":
        return BalanceFunding(**fields, amount=amount, funded_by="card", account="amazon")
    return Skipped(**fields, reason=CARRIED, amount=amount) if what == "carried" else None


def _unknown(row: Payload) -> str:
    said = " / ".join(row.text(name, "") for name in (TYPE, KIND, WHAT))
    return f"Amazon row {said[:150]!r}"


def _printed(payload: Payload, name: str, currency: str, mark: str = "") -> int:
    """Minor units of a printed amount. Raises PayloadError naming the field."""
    path = payload.at(name)
    try:
        return to_minor(printed_amount(payload.text(name), path, mark=mark or payload.text("mark")), currency)
    except MoneyError as error:
        raise PayloadError(path, str(error)) from error
