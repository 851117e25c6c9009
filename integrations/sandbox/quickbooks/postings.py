"""Double entry of each document: which accounts it debits and credits. Pure.

An amount is signed cents, debit positive. A document's postings always sum to zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from integrations.sandbox.quickbooks.amounts import cents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Body = dict[str, Any]
Entity = tuple[str, str] | None


class Posting(NamedTuple):
    """One side of a document on one account; `entity` is (Vendor|Customer|Employee, id)."""

    account: str
    amount: int
    entity: Entity = None
    memo: str = ""
    klass: str = ""
    department: str = ""
    line_id: str = ""
    currency: str = ""
    foreign: int = 0

    @property
    def own(self) -> int:
        """Cents in the document's currency, debit positive; ``amount`` is always in home currency."""
        return self.foreign if self.currency else self.amount


class Chart(Protocol):
    """What postings need to know beyond the document itself."""

    def role(self, name: str, currency: str = "") -> str:
        """The id of the company's account for `receivable`, `payable`, `undeposited` or `sales_tax`, in that currency."""

    def item_account(self, item_id: str, side: str) -> str:
        """The id of an item's account; side is `income` or `expense`."""


def ref(body: Body, key: str) -> str:
    """The id inside a reference, empty when the reference is absent."""
    return str((body.get(key) or {}).get("value") or "")


def entity_of(body: Body) -> Entity:
    """Who a reference with a type points to, in either spelling (`type`, or `Type` beside `EntityRef`)."""
    inner = body.get("EntityRef") or body
    kind = str(body.get("Type") or inner.get("type") or "").capitalize()
    value = str(inner.get("value") or "")
    return (kind, value) if kind and value else None


def _detail(line: Body) -> Body:
    found = line.get(str(line.get("DetailType") or ""))
    return found if isinstance(found, dict) else {}


def _line(account: str, amount: int, line: Body, entity: Entity, body: Body) -> Posting:
    detail = _detail(line)
    return Posting(
        account,
        amount,
        entity,
        str(line.get("Description") or ""),
        ref(detail, "ClassRef"),
        ref(detail, "DepartmentRef") or ref(body, "DepartmentRef"),
        str(line.get("Id") or ""),
    )


def _spending(body: Body, chart: Chart, entity: Entity, sign: int) -> Iterator[Posting]:
    for line in body.get("Line") or ():
        detail = _detail(line)
        if "AccountRef" in detail:
            account = ref(detail, "AccountRef")
        elif "ItemRef" in detail:
            account = chart.item_account(ref(detail, "ItemRef"), "expense")
        else:
            continue
        customer = ref(detail, "CustomerRef")
        yield _line(
            account,
            sign * cents(line["Amount"]),
            line,
            ("Customer", customer) if customer and entity is None else entity,
            body,
        )


def _selling(body: Body, chart: Chart, entity: Entity, sign: int) -> Iterator[Posting]:
    for line in body.get("Line") or ():
        detail = _detail(line)
        if line.get("DetailType") == "SalesItemLineDetail":
            account = ref(detail, "ItemAccountRef") or chart.item_account(ref(detail, "ItemRef"), "income")
            yield _line(account, -sign * cents(line["Amount"]), line, entity, body)
        elif line.get("DetailType") == "DiscountLineDetail":
            yield _line(ref(detail, "DiscountAccountRef"), sign * cents(line["Amount"]), line, entity, body)
    tax = cents((body.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
    if tax:
        yield Posting(chart.role("sales_tax"), -sign * tax, entity, "Sales tax")


def _bill(body: Body, chart: Chart, sign: int = 1) -> Iterator[Posting]:
    vendor = ("Vendor", ref(body, "VendorRef"))
    payable = ref(body, "APAccountRef") or chart.role("payable", ref(body, "CurrencyRef"))
    yield Posting(payable, -sign * cents(body["TotalAmt"]), vendor, department=ref(body, "DepartmentRef"))
    yield from _spending(body, chart, vendor, sign)


def _vendor_credit(body: Body, chart: Chart) -> Iterator[Posting]:
    return _bill(body, chart, -1)


def _bill_payment(body: Body, chart: Chart) -> Iterator[Posting]:
    vendor = ("Vendor", ref(body, "VendorRef"))
    total = cents(body["TotalAmt"])
    yield Posting(ref(body, "APAccountRef") or chart.role("payable", ref(body, "CurrencyRef")), total, vendor)
    cheque, card = body.get("CheckPayment") or {}, body.get("CreditCardPayment") or {}
    yield Posting(ref(cheque, "BankAccountRef") or ref(card, "CCAccountRef"), -total, vendor)


def _purchase(body: Body, chart: Chart) -> Iterator[Posting]:
    entity = entity_of(body.get("EntityRef") or {})
    sign = -1 if body.get("Credit") else 1
    yield Posting(ref(body, "AccountRef"), -sign * cents(body["TotalAmt"]), entity)
    yield from _spending(body, chart, entity, sign)


def _deposit(body: Body, chart: Chart) -> Iterator[Posting]:
    back = body.get("CashBack") or {}
    given = cents(back.get("Amount") or 0)
    yield Posting(ref(body, "DepositToAccountRef"), cents(body["TotalAmt"]) - given)
    if given:
        yield Posting(ref(back, "AccountRef"), given, memo=str(back.get("Memo") or ""))
    for line in body.get("Line") or ():
        detail = _detail(line)
        account = chart.role("undeposited") if line.get("LinkedTxn") else ref(detail, "AccountRef")
        entity = entity_of(detail.get("Entity") or {})
        yield _line(account, -cents(line["Amount"]), line, entity, body)


def _transfer(body: Body, chart: Chart) -> Iterator[Posting]:
    del chart
    amount = cents(body["Amount"])
    yield Posting(ref(body, "ToAccountRef"), amount)
    yield Posting(ref(body, "FromAccountRef"), -amount)


def _card_payment(body: Body, chart: Chart) -> Iterator[Posting]:
    del chart
    amount = cents(body["Amount"])
    vendor = ref(body, "VendorRef")
    entity = ("Vendor", vendor) if vendor else None
    yield Posting(ref(body, "CreditCardAccountRef"), amount, entity)
    yield Posting(ref(body, "BankAccountRef"), -amount, entity)


def _invoice(body: Body, chart: Chart, sign: int = 1) -> Iterator[Posting]:
    customer = ("Customer", ref(body, "CustomerRef"))
    receivable = ref(body, "ARAccountRef") or chart.role("receivable", ref(body, "CurrencyRef"))
    yield Posting(receivable, sign * cents(body["TotalAmt"]), customer)
    yield from _selling(body, chart, customer, sign)


def _credit_memo(body: Body, chart: Chart) -> Iterator[Posting]:
    return _invoice(body, chart, -1)


def _payment(body: Body, chart: Chart) -> Iterator[Posting]:
    customer = ("Customer", ref(body, "CustomerRef"))
    total = cents(body["TotalAmt"])
    yield Posting(ref(body, "DepositToAccountRef") or chart.role("undeposited"), total, customer)
    yield Posting(ref(body, "ARAccountRef") or chart.role("receivable", ref(body, "CurrencyRef")), -total, customer)


def _sales_receipt(body: Body, chart: Chart, sign: int = 1) -> Iterator[Posting]:
    customer = ref(body, "CustomerRef")
    entity = ("Customer", customer) if customer else None
    account = ref(body, "DepositToAccountRef") or chart.role("undeposited")
    yield Posting(account, sign * cents(body["TotalAmt"]), entity)
    yield from _selling(body, chart, entity, sign)


def _refund_receipt(body: Body, chart: Chart) -> Iterator[Posting]:
    return _sales_receipt(body, chart, -1)


def _journal_entry(body: Body, chart: Chart) -> Iterator[Posting]:
    del chart
    for line in body.get("Line") or ():
        detail = line.get("JournalEntryLineDetail")
        if not detail:
            continue
        sign = 1 if detail["PostingType"] == "Debit" else -1
        entity = entity_of(detail.get("Entity") or {})
        yield _line(ref(detail, "AccountRef"), sign * cents(line["Amount"]), line, entity, body)


_RULES: dict[str, Callable[[Body, Chart], Iterator[Posting]]] = {
    "Bill": _bill,
    "VendorCredit": _vendor_credit,
    "BillPayment": _bill_payment,
    "Purchase": _purchase,
    "Deposit": _deposit,
    "Transfer": _transfer,
    "CreditCardPaymentTxn": _card_payment,
    "Invoice": _invoice,
    "CreditMemo": _credit_memo,
    "Payment": _payment,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund_receipt,
    "JournalEntry": _journal_entry,
}


def postings(kind: str, body: Body, chart: Chart) -> tuple[Posting, ...]:
    """Every side with an amount in the document's currency, document side first; the sum is zero by construction."""
    found = tuple(posting for posting in _RULES[kind](body, chart) if posting.amount)
    assert sum(posting.amount for posting in found) == 0, (kind, body)
    return found
