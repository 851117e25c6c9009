"""From the body a caller sends to the body QuickBooks keeps: required fields, references, lines, totals, defaults."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import BadAmountError, cents, number
from integrations.sandbox.quickbooks.catalogue import ENTITY_KINDS, KINDS, REF_KINDS
from integrations.sandbox.quickbooks.faults import INACTIVE, QuickBooksFault, broken_rule, missing
from integrations.sandbox.quickbooks.postings import entity_of, ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.quickbooks.books import Books

Body = dict[str, Any]
OWNED_BY_SERVICE = ("Id", "SyncToken", "MetaData", "domain", "sparse", "status")
REQUIRED = {
    "Bill": ("VendorRef", "Line"),
    "VendorCredit": ("VendorRef", "Line"),
    "BillPayment": ("VendorRef", "PayType", "TotalAmt"),
    "Purchase": ("PaymentType", "AccountRef", "Line"),
    "Deposit": ("DepositToAccountRef", "Line"),
    "Transfer": ("FromAccountRef", "ToAccountRef", "Amount"),
    "CreditCardPaymentTxn": ("BankAccountRef", "CreditCardAccountRef", "Amount"),
    "Invoice": ("CustomerRef", "Line"),
    "Payment": ("CustomerRef", "TotalAmt"),
    "SalesReceipt": ("Line",),
    "RefundReceipt": ("DepositToAccountRef", "Line"),
    "CreditMemo": ("CustomerRef", "Line"),
    "JournalEntry": ("Line",),
    "Item": ("Name", "Type", "IncomeAccountRef"),
    "Class": ("Name",),
    "Department": ("Name",),
    "Term": ("Name",),
    "PaymentMethod": ("Name",),
}
_LINE_DETAILS = {
    "Bill": ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"),
    "VendorCredit": ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"),
    "Purchase": ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"),
    "Deposit": ("DepositLineDetail",),
    "Invoice": ("SalesItemLineDetail", "DiscountLineDetail"),
    "SalesReceipt": ("SalesItemLineDetail", "DiscountLineDetail"),
    "RefundReceipt": ("SalesItemLineDetail", "DiscountLineDetail"),
    "CreditMemo": ("SalesItemLineDetail", "DiscountLineDetail"),
    "JournalEntry": ("JournalEntryLineDetail",),
}
SALES_FORMS = frozenset({"Invoice", "SalesReceipt", "RefundReceipt", "CreditMemo"})
LONGEST_DOC_NUMBER, LONGEST_NOTE = 21, 4000


def amount_of(body: Body, key: str) -> int:
    """Cents of a field; 2010 when it is no amount."""
    try:
        return cents(body.get(key) if body.get(key) is not None else 0)
    except BadAmountError as error:
        raise QuickBooksFault("2010", f"Property {key}: {error}", element=key) from error


def prepare_document(kind: str, body: Body, books: Books, today: date) -> tuple[Body, date]:
    """The body to keep and the book date. Raises `QuickBooksFault` for what QuickBooks would refuse in the body itself."""
    content = {key: value for key, value in body.items() if key not in OWNED_BY_SERVICE and value is not None}
    for key in REQUIRED[kind]:
        if content.get(key) in (None, "", []):
            raise missing(f"{kind}.{key}")
    on = _book_date(content, today)
    _check_lengths(content)
    if "Line" in content or kind == "Payment":
        content["Line"] = _lines(kind, content)
    check_references(content, books)
    _TOTALS.get(kind, _no_total)(content)
    _defaults(kind, content, books, on)
    return content, on


def _book_date(content: Body, today: date) -> date:
    try:
        on = date.fromisoformat(str(content.setdefault("TxnDate", today.isoformat()))[:10])
    except ValueError as error:
        raise QuickBooksFault("2010", f"Invalid date: {content['TxnDate']}", element="TxnDate") from error
    content["TxnDate"] = on.isoformat()
    return on


def _check_lengths(content: Body) -> None:
    if len(str(content.get("DocNumber") or "")) > LONGEST_DOC_NUMBER:
        raise QuickBooksFault("2050", f"DocNumber : max length {LONGEST_DOC_NUMBER}", element="DocNumber")
    if len(str(content.get("PrivateNote") or "")) > LONGEST_NOTE:
        raise QuickBooksFault("2050", f"PrivateNote : max length {LONGEST_NOTE}", element="PrivateNote")


def _lines(kind: str, content: Body) -> list[Body]:
    """Lines with ids and one known detail each; the subtotal line of sales forms is written again at the end."""
    sent = [line for line in content.get("Line") or () if line.get("DetailType") != "SubTotalLineDetail"]
    if not sent and kind != "Payment":
        raise missing(f"{kind}.Line")
    used = [int(line["Id"]) for line in sent if str(line.get("Id") or "").isdigit()]
    first = 0 if kind == "JournalEntry" else 1
    following = max(used, default=first - 1) + 1
    lines = []
    for position, line in enumerate(sent, 1):
        kept = dict(line)
        _check_detail(kind, kept)
        if kind not in {"BillPayment", "Payment"}:
            if not str(kept.get("Id") or "").isdigit():
                kept["Id"] = str(following)
                following += 1
            if kind != "JournalEntry":
                kept["LineNum"] = position
        if "Amount" in kept:
            kept["Amount"] = number(amount_of(kept, "Amount"))
        lines.append(kept)
    if kind in SALES_FORMS:
        subtotal = sum(_sales_amount(line) for line in lines if line["DetailType"] == "SalesItemLineDetail")
        lines.append({"Amount": number(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    return lines


def _check_detail(kind: str, line: Body) -> None:
    allowed = _LINE_DETAILS.get(kind)
    if allowed is None:
        return
    if line.get("LinkedTxn") and kind == "Deposit":
        return
    detail_type = line.get("DetailType") or next((name for name in allowed if name in line), None)
    if detail_type in {"DescriptionOnly", "DescriptionLineDetail"}:
        return
    if detail_type not in allowed:
        raise QuickBooksFault(
            "2170", f"Line.DetailType {detail_type} is not supported for {kind}", element="DetailType"
        )
    if not isinstance(line.get(detail_type), dict):
        raise missing(f"Line.{detail_type}")
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    line["DetailType"] = detail_type


def _sales_amount(line: Body) -> int:
    """Cents of a sales line; refused when Qty × UnitPrice says otherwise."""
    amount = cents(line["Amount"])
    detail = line.get("SalesItemLineDetail") or {}
    if "Qty" in detail and "UnitPrice" in detail:
        price = Decimal(str(detail["UnitPrice"])) * Decimal(str(detail["Qty"])) * 100
        if abs(price - amount) >= 1:
            raise broken_rule("Amount is not equal to UnitPrice * Qty. Supplied value:" + str(line["Amount"]))
    return amount


# -- references -------------------------------------------------------------------------------------------------------


def references(body: Any) -> Iterator[tuple[str, Body]]:
    """(kind, reference) for everything in a body that points to a list object."""
    if isinstance(body, list):
        for item in body:
            yield from references(item)
        return
    if not isinstance(body, dict):
        return
    for key, value in body.items():
        if isinstance(value, dict):
            if kind := REF_KINDS.get(key):
                yield kind, value
            elif key in {"Entity", "EntityRef"}:
                yield from _entity_reference(key, value, body)
            else:
                yield from references(value)
        elif isinstance(value, list):
            yield from references(value)


def _entity_reference(key: str, value: Body, parent: Body) -> Iterator[tuple[str, Body]]:
    pair = entity_of(value if key == "Entity" else {**value, "Type": value.get("type") or parent.get("Type")})
    if pair and pair[0] in ENTITY_KINDS:
        yield pair[0], value.get("EntityRef") or value


def check_references(content: Body, books: Books) -> None:
    """2500 for an id the company never had, 610 for one that was made inactive; fills in each name."""
    for kind, reference in references(content):
        identifier = str(reference.get("value") or "")
        held = books.find(kind, identifier)
        if held is None:
            text = f"Invalid Reference Id : {kind}s element id {identifier} not found"
            raise QuickBooksFault("2500", text, element=f"{kind}Ref")
        if not held.content.get("Active", True):
            raise QuickBooksFault("610", f"Object Not Found : {INACTIVE}", element=f"{kind}Ref")


def name_of(content: Body, kind: str) -> str:
    name = str(content.get("FullyQualifiedName") or content.get(KINDS[kind].name_field) or "")
    return name if content.get("Active", True) else f"{name} (deleted)"


# -- totals -----------------------------------------------------------------------------------------------------------


def _no_total(content: Body) -> None:
    if "Amount" in content:
        amount = amount_of(content, "Amount")
        if amount <= 0:
            raise broken_rule("The amount must be greater than zero.")
        content["Amount"] = number(amount)


def _sum_of_lines(content: Body) -> None:
    content["TotalAmt"] = number(sum(amount_of(line, "Amount") for line in content["Line"]))


def _sales_total(content: Body) -> None:
    total = amount_of(content.get("TxnTaxDetail") or {}, "TotalTax")
    for line in content["Line"]:
        if line["DetailType"] == "SalesItemLineDetail":
            total += amount_of(line, "Amount")
        elif line["DetailType"] == "DiscountLineDetail":
            total -= amount_of(line, "Amount")
    content["TotalAmt"] = number(total)
    content["TxnTaxDetail"] = {"TotalTax": 0, **(content.get("TxnTaxDetail") or {})}


def _journal_balance(content: Body) -> None:
    """At least two sides, positive amounts, equal to the cent; the answer carries TotalAmt 0 as QuickBooks' does."""
    sides = {"Debit": 0, "Credit": 0}
    count = 0
    for line in content["Line"]:
        detail = line.get("JournalEntryLineDetail")
        if not detail:
            continue
        if detail.get("PostingType") not in sides:
            raise QuickBooksFault("2170", f"PostingType: {detail.get('PostingType')}", element="PostingType")
        if not ref(detail, "AccountRef"):
            raise missing("Line.JournalEntryLineDetail.AccountRef")
        amount = amount_of(line, "Amount")
        if amount < 0:
            raise broken_rule("The amount of a journal entry line must be positive.")
        sides[detail["PostingType"]] += amount
        count += 1
    if count < 2:
        raise broken_rule("You must fill out at least two detail lines.")
    if sides["Debit"] != sides["Credit"]:
        raise broken_rule("Please balance debits and credits.")
    content["TotalAmt"] = 0
    content.setdefault("Adjustment", False)
    content.setdefault("TxnTaxDetail", {})


def _applied_total(content: Body) -> None:
    content["TotalAmt"] = number(amount_of(content, "TotalAmt"))


_TOTALS = {
    "Bill": _sum_of_lines,
    "VendorCredit": _sum_of_lines,
    "Purchase": _sum_of_lines,
    "Deposit": _sum_of_lines,
    "Invoice": _sales_total,
    "SalesReceipt": _sales_total,
    "RefundReceipt": _sales_total,
    "CreditMemo": _sales_total,
    "JournalEntry": _journal_balance,
    "BillPayment": _applied_total,
    "Payment": _applied_total,
}


def _defaults(kind: str, content: Body, books: Books, on: date) -> None:
    if kind in {"Bill", "VendorCredit"}:
        content.setdefault("APAccountRef", {"value": books.role("payable", ref(content, "CurrencyRef"))})
    if kind in {"Bill", "Invoice"} and "DueDate" not in content:
        term = books.find("Term", ref(content, "SalesTermRef"))
        days = int(term.content.get("DueDays") or 0) if term else 0
        content["DueDate"] = (on + timedelta(days=days)).isoformat()
    if kind in {"Bill", "VendorCredit", "Purchase"}:
        for line in content["Line"]:
            detail = line.get(line.get("DetailType", ""), {})
            if detail:
                detail.setdefault("BillableStatus", "NotBillable")
                detail.setdefault("TaxCodeRef", {"value": "NON"})
    if kind in SALES_FORMS:
        content.setdefault("PrintStatus", "NotSet")
        content.setdefault("EmailStatus", "NotSet")
    if kind == "Purchase":
        content.setdefault("Credit", False)
    if kind == "Payment":
        content.setdefault("DepositToAccountRef", {"value": books.role("undeposited")})
        content.setdefault("ProcessPayment", False)
