"""The objects of an org as its API shows them: by the name of the object, every field, related ones within."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.salesforce.story import ACCOUNTS, PRODUCTS
from integrations.sandbox.world.calendar import CUT_OVER, book_date, local_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from integrations.sandbox.salesforce.story import Credit, Deal, Invoice, Org, Payment

Row = dict[str, Any]
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_STAGES = {"Prospecting": False, "Negotiation/Review": False, "Closed Won": True, "Closed Lost": False}
#: What a credit memo is for → (category, the action that made it).
_KINDS = {
    "void": ("Referenced", "VoidPostedInvoice"),
    "credit": ("Referenced", "Invoice"),
    "write-off": ("InvoiceWriteOff", "WriteOffPostedInvoice"),
}


def objects(known: Org, org: str, name: str) -> dict[str, list[Row]]:
    """Every object of the org by its kind."""
    begun = local_instant(CUT_OVER, 8)
    found: dict[str, list[Row]] = {
        "Organization": [_row("Organization", "00D", org, begun, Name=name)],
        "OpportunityStage": [
            _row("OpportunityStage", "01J", number, begun, ApiName=stage, MasterLabel=stage, IsWon=won)
            for number, (stage, won) in enumerate(_STAGES.items())
        ],
        "Account": [_row("Account", "001", number, begun, Name=one) for number, one in enumerate(ACCOUNTS)],
        "Invoice": [_invoice(one) for one in known.invoices],
        "CreditMemo": [_memo(one, credit) for one in known.invoices for credit in one.credits],
        "Payment": [_money(one, "Payment", "0aQ") for one in known.payments if one.amount_minor > 0],
        "Refund": [_money(one, "Refund", "0dS") for one in known.payments if one.amount_minor < 0],
        "PaymentLineInvoice": [row for one in known.payments for row in _applied(one)],
        "Opportunity": [_deal(one) for one in known.deals],
        "OpportunityHistory": [row for one in known.deals for row in _steps(one)],
        "Order": [_order(*one) for one in known.orders],
    }
    for kind, row in _all_lines(known):
        found.setdefault(kind, []).append(row)
    return found


def described(rows: list[Row]) -> Row:
    """The fields of an object, and by which names others are reached through it."""
    fields: dict[str, Row] = {}
    for name, value in rows[0].items():
        if name == "attributes":
            continue
        if isinstance(value, dict):
            fields[f"{name}Id"] = {"name": f"{name}Id", "type": "reference", "relationshipName": name}
        else:
            fields.setdefault(name, {"name": name, "relationshipName": None})
    return {"name": rows[0]["attributes"]["type"], "queryable": True, "fields": list(fields.values())}


def id_of(prefix: str, number: int | str) -> str:
    """The 18 characters of an id: the last three tell which of the others are capitals."""
    mark = f"{prefix}dM{number:0>10}"
    parts = (mark[start : start + 5] for start in (0, 5, 10))
    return mark + "".join(_LETTERS[sum(1 << at for at, one in enumerate(part) if one.isupper())] for part in parts)


def _row(
    kind: str, prefix: str, number: int | str, at: datetime, changed: datetime | None = None, **fields: Any
) -> Row:
    mark = id_of(prefix, number)
    return {
        "attributes": {"type": kind, "url": f"/services/data/v64.0/sobjects/{kind}/{mark}"},
        "Id": mark,
        "IsDeleted": False,
        "CurrencyIsoCode": "USD",
        "CreatedDate": _stamp(at),
        "SystemModstamp": _stamp(changed or at),
        **fields,
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _day(moment: datetime) -> str:
    return book_date(moment).isoformat()


def _money_of(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def _account(name: str) -> Row:
    return {"attributes": {"type": "Account", "url": ""}, "Id": id_of("001", ACCOUNTS.index(name)), "Name": name}


def _product(code: str) -> Row:
    mark = id_of("01t", list(PRODUCTS).index(code))
    return {"attributes": {"type": "Product2", "url": ""}, "Id": mark, "ProductCode": code, "Name": code.title()}


def _all_lines(known: Org) -> Iterator[tuple[str, Row]]:
    """Every line of a document or deal, by the kind of object it is."""
    for invoice in known.invoices:
        fields: Row = {"InvoiceId": id_of("3tt", invoice.id), "Type": "Charge"}
        fields |= {"InvoiceLineStartDate": _day(invoice.at), "InvoiceLineEndDate": _day(invoice.at)}
        yield from _lines("InvoiceLine", "5TV", invoice, "LineAmount", fields)
        for credit in invoice.credits:
            fields = {"CreditMemoId": id_of("50g", credit.id), "Type": "Charge", "StartDate": None, "EndDate": None}
            yield from _lines("CreditMemoLine", "50i", credit, "LineAmount", fields)
    for deal in known.deals:
        fields = {"OpportunityId": id_of("006", deal.id), "Quantity": 1}
        yield from _lines("OpportunityLineItem", "00k", deal, "TotalPrice", fields)


def _lines(kind: str, prefix: str, of: Invoice | Credit | Deal, amount: str, fields: Row) -> Iterator[tuple[str, Row]]:
    for number, (code, minor) in enumerate(of.lines):
        told: Row = {amount: _money_of(minor), "Product2": _product(code)}
        yield kind, _row(kind, prefix, 10 * of.id + number, of.at, **told, **fields)


def _invoice(one: Invoice) -> Row:
    fields: Row = {
        "DocumentNumber": f"INV-{one.id:06d}",
        "InvoiceNumber": f"SF-{one.id:06d}",
        "Status": one.status,
        "InvoiceDate": _day(one.at),
        "DueDate": (book_date(one.at) + timedelta(days=30)).isoformat(),
        "PostedDate": None if one.is_draft else _day(one.at),
        "Balance": _money_of(one.total_minor - sum(credit.total_minor for credit in one.credits)),
        "TotalTaxAmount": _money_of(one.tax_minor),
        "TotalAmountWithTax": _money_of(one.total_minor),
        "BillingAccount": _account(one.account),
    }
    changed = max([one.at, *(credit.at for credit in one.credits)])
    return _row("Invoice", "3tt", one.id, one.at, changed, **fields)


def _memo(invoice: Invoice, one: Credit) -> Row:
    category, action = _KINDS[one.kind]
    fields: Row = {
        "DocumentNumber": f"CM-{one.id:06d}",
        "Status": "Posted",
        "CreditDate": _day(one.at),
        "Category": category,
        "SourceAction": action,
        "ReferenceEntityId": id_of("3tt", invoice.id),
        "TotalTaxAmount": _money_of(one.tax_minor),
        "TotalAmountWithTax": _money_of(one.total_minor),
        "BillingAccount": _account(invoice.account),
    }
    return _row("CreditMemo", "50g", one.id, one.at, **fields)


def _money(one: Payment, kind: str, prefix: str) -> Row:
    fields: Row = {
        f"{kind}Number": f"{kind[0]}-{one.id:06d}",
        "Status": "Processed",
        "Amount": _money_of(abs(one.amount_minor)),
        "ProcessingMode": "External",
        "Date": _stamp(one.at),
        "EffectiveDate": None,
        "CancellationDate": None,
        "Account": _account(one.account),
        "PaymentGateway": {"attributes": {"type": "PaymentGateway", "url": ""}, "Id": None, "PaymentGatewayName": None},
    }
    return _row(kind, prefix, one.id, one.at, **fields)


def _applied(one: Payment) -> Iterator[Row]:
    for number, (invoice, minor) in enumerate(one.applied):
        if minor > 0:
            fields: Row = {"PaymentId": id_of("0aQ", one.id), "InvoiceId": id_of("3tt", invoice), "Type": "Applied"}
            yield _row("PaymentLineInvoice", "1PL", 10 * one.id + number, one.at, Amount=_money_of(minor), **fields)


def _deal(one: Deal) -> Row:
    fields: Row = {
        "Name": f"{one.account} {one.id}",
        "StageName": one.stage,
        "IsClosed": one.stage.startswith("Closed"),
        "IsWon": one.stage == "Closed Won",
        "Amount": _money_of(one.amount_minor),
        "CurrencyIsoCode": one.currency,
        "CloseDate": _day(one.at),
        "Probability": None,
        "OwnerId": id_of("005", 1),
        "IsDeleted": one.is_deleted,
        "Account": _account(one.account),
    }
    return _row("Opportunity", "006", one.id, one.at, **fields)


def _steps(one: Deal) -> Iterator[Row]:
    for number, stage in enumerate(("Prospecting", one.stage)):
        at = one.at - timedelta(days=2 - 2 * number)
        fields: Row = {"OpportunityId": id_of("006", one.id), "StageName": stage, "Amount": _money_of(one.amount_minor)}
        fields |= {"CloseDate": _day(one.at), "IsDeleted": one.is_deleted}
        yield _row("OpportunityHistory", "008", 10 * one.id + number, at, **fields)


def _order(number: int, account: str, at: datetime, minor: int, status: str) -> Row:
    fields: Row = {
        "OrderNumber": f"{number:08d}",
        "Status": status,
        "StatusCode": status,
        "EffectiveDate": _day(at),
        "TotalAmount": _money_of(minor),
        "OpportunityId": None,
        "Account": _account(account),
    }
    return _row("Order", "801", number, at, **fields)
