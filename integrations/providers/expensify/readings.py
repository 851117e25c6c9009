"""Expensify's reports read as facts, from its export jobs or from a file a person exports; both give one object.

Amounts are whole cents of the report's currency, positive for money spent, negative for a refund. What a person changed stands
beside the original in a field ``modified…`` and wins. Days are printed without a zone and taken as they are printed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.money import exponent
from integrations.records import (
    Attachment,
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

_CURRENCY = re.compile(r"[A-Z]{3}")
_WAITING, _APPROVED = ("Open", "Processing"), ("Approved", "Reimbursed", "Closed")
_BASES = {"": "receipt", "expense": "receipt", "distance": "mileage"}
#: Sales tax is part of a cost here; elsewhere tax on a purchase comes back.
_TAX_IS_COST = frozenset(["USD"])


def read_report(payload: Payload, context: Context) -> Iterator[Record]:
    """A report from its approval on: what the employee is owed as one fact, each purchase with a company card as one.

    https://integrations.expensify.com/Integration-Server/doc/export_report_template.html
    """
    report, currency, status = payload.text("reportID"), _currency(payload), payload.text("status")
    lines = list(payload.objects("transactionList", required=True))
    fields = _fields(payload, _day(payload, "approved", "submitted", "created"), currency)
    amount = payload.integer("total", 0)
    if status in _WAITING:
        yield Skipped(**fields, reason="not approved, or not any more", amount=amount)
        return
    if held := _held(payload, status, currency, lines):
        yield Unknown(**fields, what=held, amount=amount)
        return
    owed = []
    for line in lines:
        if what := _line_held(line, currency, context):
            marked = fields | {"external_id": f"{report}:{line.text('transactionID')}"}
            yield Unknown(**marked, what=what, amount=_amount(line, currency) or 0)
        elif line.flag("reimbursable"):
            owed.append(_owed(line, currency, context))
        else:
            yield _charged(payload, line, fields, context)
    if owed:
        yield ExpenseReport(
            **fields,
            employee=_employee(payload),
            lines=tuple(owed),
            number=report,
            title=payload.text("reportName", ""),
            employee_id=payload.text("accountEmail", ""),
            approved_by=payload.text("managerEmail", ""),
        )


def _fields(payload: Payload, day: date, currency: str) -> dict[str, Any]:
    return {"external_id": payload.text("reportID"), "booked_on": day, "currency": currency}


def _currency(payload: Payload) -> str:
    found = payload.text("currency").upper()
    if not _CURRENCY.fullmatch(found):
        raise PayloadError(payload.at("currency"), f"{found[:12]!r} is not a currency code")
    return found


def _day(payload: Payload, *names: str) -> date:
    """The first of these days that is there."""
    return payload.day(next((name for name in names if payload.text(name, "")), names[-1]))


def _employee(payload: Payload) -> str:
    submitter = payload.object_or_none("submitter")
    name = submitter.text("fullName", "") if submitter is not None else ""
    return name or payload.text("accountEmail")


def _held(payload: Payload, status: str, currency: str, lines: list[Payload]) -> str:
    """Why a person must look at the report as a whole; '' where nobody must."""
    if status not in _APPROVED:
        return f"Expensify report of status {status!r}"
    if not payload.text("approved", ""):
        return "a report that was closed without an approval: from which day it counts, a person says"
    if exponent(currency) != 2:
        return f"Expensify counts in hundredths, and {currency} has none"
    marks = [line.text("transactionID") for line in lines]
    if len(set(marks)) != len(marks):
        raise PayloadError(payload.at("transactionList.transactionID"), "is there twice")
    amounts = {line.text("transactionID"): _amount(line, currency) for line in lines}
    if None in amounts.values():
        return "an expense in foreign money without its amount in the report's"
    return _difference(payload, lines, amounts)


def _difference(payload: Payload, lines: list[Payload], amounts: dict[str, int | None]) -> str:
    """How the lines do not come to the total. It is not told whether that counts what nobody is paid back for."""
    if not payload.has("total"):
        return ""
    whole = sum(amount or 0 for amount in amounts.values())
    owed = sum(amounts[line.text("transactionID")] or 0 for line in lines if line.flag("reimbursable"))
    total = payload.integer("total")
    return "" if total in (whole, owed) else f"the report's lines come to {whole} cents, not to {total}"


def _amount(line: Payload, currency: str) -> int | None:
    """Cents of the report's currency; None where only the foreign amount is told."""
    if line.text("currency", "").upper() not in ("", currency):
        return line.integer("convertedAmount") if line.has("convertedAmount") else None
    return line.integer("modifiedAmount") if line.has("modifiedAmount") else line.integer("amount")


def _line_held(line: Payload, currency: str, context: Context) -> str:
    """Why a person must look at one expense."""
    kind = line.text("type", "")
    if kind == "time":
        return "hours on an expense report: whether they are wages, a person says"
    if kind not in _BASES:
        return f"Expensify expense of type {kind!r}"
    if not line.flag("reimbursable") and not line.text("bank", ""):
        return "an expense that nobody is paid back for and no card paid"
    is_foreign = line.text("currency", "").upper() not in ("", currency)
    if is_foreign and line.integer("taxAmount", 0) and context.home_currency not in _TAX_IS_COST:
        return "tax on an expense in foreign money: in which of the two, Expensify does not tell"
    return ""


def _split(line: Payload, currency: str, context: Context) -> dict[str, Any]:
    """What an expense is for. The category's GL code names the account where the workspace has one."""
    whole, tax = _amount(line, currency) or 0, line.integer("taxAmount", 0)
    is_cost = context.home_currency in _TAX_IS_COST
    return {
        "amount": whole if is_cost else whole - tax,
        "tax": 0 if is_cost else tax,
        "category": line.text("categoryGlCode", "") or line.text("category", ""),
        "department": line.text("tag", ""),
        "memo": line.text("comment", "")[:200],
    }


def _owed(line: Payload, currency: str, context: Context) -> ReportLine:
    basis: Any = _BASES[line.text("type", "")]
    return ReportLine(
        **_split(line, currency, context),
        basis=basis,
        merchant=_merchant(line),
        spent_on=_day(line, "modifiedCreated", "created"),
        support=_receipt(line),
    )


def _charged(payload: Payload, line: Payload, fields: dict[str, Any], context: Context) -> CardPurchase:
    """A purchase with a company card, dated when it was made; the card feed is the key of the card's account."""
    currency = fields["currency"]
    is_foreign = line.text("currency", "").upper() not in ("", currency)
    spent = ("modifiedAmount" if line.has("modifiedAmount") else "amount") if is_foreign else ""
    return CardPurchase(
        external_id=f"{fields['external_id']}:{line.text('transactionID')}",
        booked_on=_day(line, "modifiedCreated", "created"),
        currency=currency,
        program=line.text("bank"),
        amount=_amount(line, currency) or 0,
        splits=(ExpenseSplit(**_split(line, currency, context)),),
        merchant=_merchant(line),
        cardholder=_employee(payload),
        card=line.text("cardName", "") or line.text("cardID", ""),
        spent_amount=line.integer(spent) if spent else None,
        spent_currency=line.text("currency").upper() if is_foreign else "",
        report=fields["external_id"],
        support=_receipt(line),
    )


def _merchant(line: Payload) -> str:
    return line.text("modifiedMerchant", "") or line.text("merchant", "")


def _receipt(line: Payload) -> tuple[Attachment, ...]:
    """The picture behind an expense; an allowance for distance may have none."""
    receipt = line.object_or_none("receiptObject")
    url = receipt.text("url", "") if receipt is not None else ""
    mark = line.text("receiptID", "") or (line.text("transactionID") if url else "")
    if not mark:
        return ()
    kind = receipt.text("type", "") if receipt is not None else ""
    return (Attachment(id=mark, file_name=line.text("receiptFilename", ""), content_type=kind, url=url),)


# ---- what was paid back --------------------------------------------------------------------------------------------------


def inside(payload: Payload) -> Payload:
    """The report that a reimbursement is of."""
    return payload.object("reimbursement")


def read_reimbursement(payload: Payload, _context: Context) -> Iterator[Record]:
    """What Expensify itself paid back by bank transfer, and what the bank shows of it; otherwise how a payment outside is known.

    https://integrations.expensify.com/Integration-Server/doc/export_report_template.html
    """
    report = inside(payload)
    status, currency = report.text("status"), _currency(report)
    fields = _fields(report, _day(report, "reimbursed", "approved", "submitted", "created"), currency)
    if status in ("Approved", "Closed", *_WAITING):
        yield Skipped(**fields, reason="not paid back by Expensify")
        return
    amount = _repaid(report, currency) if status == "Reimbursed" and exponent(currency) == 2 else None
    if held := _repaid_held(report, status, amount):
        yield Unknown(**fields, what=held, amount=amount or 0)
    elif not amount:
        yield Skipped(**fields, reason="nothing of it was to be paid back")
    else:
        yield from _paid_back(report, fields, amount)


def _repaid(report: Payload, currency: str) -> int | None:
    """Cents: what the file says, or the expenses that are paid back; None where one of them is in foreign money only."""
    if report.has("reimbursable"):
        return report.integer("reimbursable")
    lines = [line for line in report.objects("transactionList", required=True) if line.flag("reimbursable")]
    amounts = [_amount(line, currency) for line in lines]
    return None if None in amounts else sum(amount or 0 for amount in amounts)


def _repaid_held(report: Payload, status: str, amount: int | None) -> str:
    if status != "Reimbursed":
        return f"Expensify report of status {status!r}"
    if not report.text("reimbursed", ""):
        return "a report that was paid back on no day"
    if amount is None:
        return "what was paid back cannot be told in the report's currency"
    return "a report that was paid back with less than nothing" if amount < 0 else ""


def _paid_back(report: Payload, fields: dict[str, Any], amount: int) -> Iterator[Record]:
    by_tool = report.flag("isACHReimbursed", False)
    yield Reimbursement(
        **fields,
        employee=_employee(report),
        amount=amount,
        through="tool" if by_tool else "outside",
        reports=(fields["external_id"],),
        employee_id=report.text("accountEmail", ""),
    )
    if by_tool:
        yield FundingPull(
            **fields | {"external_id": f"{fields['external_id']}:pull"},
            amount=amount,
            arrives_on=fields["booked_on"],
            covers=(fields["external_id"],),
            trace=report.text("entryID", ""),
        )
