"""Posted documents to exact, balanced lines, as far as the payload itself tells its accounts. Pure.

What a payload never holds stays ``missing`` and the general ledger is asked: the account behind an item when
``ItemAccountRef`` is absent, the tax agency's account, amounts in a foreign currency. The cost of inventory sold is
posted by QuickBooks outside the document: only the general ledger has it.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/journalentry
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from integrations.errors import PayloadError
from integrations.providers.quickbooks_online.entities import BY_KEY, DOCUMENT_KEYS, document_type
from integrations.providers.quickbooks_online.envelopes import is_non_posting, kind, type_name, unwrap
from integrations.providers.quickbooks_online.lines import (
    ROLES,
    Draft,
    entity,
    links,
    other_line,
    sell,
    settle,
    spend,
    tax,
    told,
)
from integrations.providers.quickbooks_online.lists import changed_on, deletion, is_deleted, reference
from integrations.records import LedgerDocument, LedgerLine, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from integrations.payload import Payload
    from integrations.provider import Context
    from integrations.records import Record

_METHODS: dict[str, Literal["", "check", "card", "cash"]] = {
    "Check": "check",
    "CreditCard": "card",
    "Cash": "cash",
    "Expense": "cash",
}


def read_documents(payload: Payload, context: Context) -> Iterator[Record]:
    """One document, one tombstone, or a reasoned skip for what never posts."""
    key, body = unwrap(payload)
    if is_deleted(body):
        yield deletion(payload, body, context)
    elif is_non_posting(key):
        yield Skipped(
            external_id=f"{type_name(key)}:{body.text('Id')}",
            booked_on=body.day("TxnDate") if body.has("TxnDate") else changed_on(body, context),
            currency=context.home_currency,
            reason=f"{type_name(key)} does not post",
        )
    elif key in DOCUMENT_KEYS:
        yield _document(key, body, payload, context)
    else:
        raise PayloadError(payload.path, f"{key} is not a document")


def is_document(item: Mapping[str, Any]) -> bool:
    found = kind(item)
    return found in DOCUMENT_KEYS or found == "Fault" or is_non_posting(found)


def _document(key: str, body: Payload, payload: Payload, context: Context) -> LedgerDocument:
    name = BY_KEY[key].name
    currency = reference(body, "CurrencyRef") or context.home_currency
    accounts = payload.object_or_none("accounts") if payload.path != body.path else None
    is_foreign = currency != context.home_currency
    draft = Draft(body, currency, accounts, department=reference(body, "DepartmentRef"), party=_party(body))
    _RULES[name](draft)
    if is_foreign:
        draft.lack(f"amounts in {currency}: only the general ledger has them in {context.home_currency}")
    elif not draft.missing and draft.total:
        draft.lack(f"an account for {draft.total} minor units that its lines do not explain")
    return LedgerDocument(
        external_id=f"{name}:{body.text('Id')}",
        booked_on=body.day("TxnDate"),
        currency=currency,
        occurred_at=_moment(body, "CreateTime"),
        type=name,
        lines=() if draft.missing else tuple(draft.lines),
        number=body.text("DocNumber", "") or body.text("PaymentRefNum", ""),
        note=body.text("PrivateNote", ""),
        party=draft.party,
        version=body.text("SyncToken", ""),
        due_on=body.day("DueDate") if body.has("DueDate") else None,
        open_amount=_open_amount(body, currency),
        updated_at=_moment(body, "LastUpdatedTime"),
        method=_METHODS.get(body.text("PaymentType", "") or body.text("PayType", ""), ""),
        missing="; ".join(draft.missing),
        department=draft.department,
        document_currency=currency if is_foreign else "",
        rate=_rate(body) if is_foreign else None,
        home_total=body.minor("HomeTotalAmt", context.home_currency) if body.has("HomeTotalAmt") else None,
        settles=_settles(draft) if name in {"Payment", "BillPayment"} else (),
        changed_by=_changed_by(body),
    )


def _settles(draft: Draft) -> tuple[tuple[str, int], ...]:
    """What a payment pays and which credits it uses, by document in the order of its lines: ``Line.LinkedTxn`` with the line's
    Amount, which is positive for both. A payment of nil applies credits alone.

    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
    """
    found: dict[str, int] = {}
    for amount, document in links(draft, back=frozenset()):
        found[document] = found.get(document, 0) + amount
    return tuple((document, amount) for document, amount in found.items() if amount > 0)


def _changed_by(body: Payload) -> str:
    """MetaData.LastModifiedByRef: the user's name where it is given, else the number alone; many answers have neither."""
    meta = body.object_or_none("MetaData")
    by = meta.object_or_none("LastModifiedByRef") if meta is not None else None
    return by.text("name", "") or by.text("value", "") if by is not None else ""


def _rate(body: Payload) -> Decimal | None:
    """Home currency per unit of the document's own. Raises PayloadError for what is no rate."""
    if not body.has("ExchangeRate"):
        return None
    value = body.raw("ExchangeRate")
    try:
        rate = Decimal(str(value))
    except InvalidOperation as error:
        raise PayloadError(body.at("ExchangeRate"), f"{value!r} is not a rate") from error
    if isinstance(value, bool) or not rate.is_finite() or rate <= 0:
        raise PayloadError(body.at("ExchangeRate"), f"{value!r} is not a rate")
    return rate


def _moment(body: Payload, name: str) -> datetime | None:
    meta = body.object_or_none("MetaData")
    return meta.instant(name) if meta is not None and meta.has(name) else None


def _open_amount(body: Payload, currency: str) -> int | None:
    for name in ("Balance", "UnappliedAmt"):
        if body.has(name):
            return body.minor(name, currency)
    return None


def _party(body: Payload) -> str:
    for name, label in (("VendorRef", "Vendor"), ("CustomerRef", "Customer")):
        if found := reference(body, name):
            return f"{label}:{found}"
    return entity(body, "EntityRef")


# ---- one rule per document -----------------------------------------------------------------------------------------------


def _journal_entry(draft: Draft) -> None:
    for line in draft.body.objects("Line", required=True):
        detail = line.object_or_none("JournalEntryLineDetail")
        if detail is None:
            other_line(draft, line)
            continue
        side = detail.text("PostingType")
        if side not in {"Debit", "Credit"}:
            raise PayloadError(detail.at("PostingType"), f"{side!r} is neither Debit nor Credit")
        amount = line.minor("Amount", draft.currency)
        account = reference(detail, "AccountRef")
        if not account:
            raise PayloadError(detail.at("AccountRef"), "is missing")
        draft.add(account, amount if side == "Debit" else -amount, lacking="", line=told(line, detail))
    tax(draft)
    if draft.total and not draft.missing:
        raise PayloadError(draft.body.at("Line"), f"debits and credits differ by {abs(draft.total)} minor units")


def _bill(draft: Draft, sign: int = 1) -> None:
    account = draft.role("payable", reference(draft.body, "APAccountRef"))
    draft.add(account, -sign * draft.amount("TotalAmt"), lacking=ROLES["payable"])
    spend(draft, sign)


def _vendor_credit(draft: Draft) -> None:
    _bill(draft, -1)


def _bill_payment(draft: Draft) -> None:
    total = draft.amount("TotalAmt")
    cheque, card = draft.body.object_or_none("CheckPayment"), draft.body.object_or_none("CreditCardPayment")
    paid_from = reference(cheque, "BankAccountRef") if cheque else ""
    paid_from = paid_from or (reference(card, "CCAccountRef") if card else "")
    draft.add(paid_from, -total, lacking="the account it was paid from")
    account = draft.role("payable", reference(draft.body, "APAccountRef"))
    settle(draft, account, total, 1, links(draft, back=frozenset({"VendorCredit"})), lacking=ROLES["payable"])


def _purchase(draft: Draft) -> None:
    sign = -1 if draft.body.flag("Credit", False) else 1
    draft.add(
        reference(draft.body, "AccountRef"), -sign * draft.amount("TotalAmt"), lacking="the account it was paid from"
    )
    spend(draft, sign)


def _deposit(draft: Draft) -> None:
    lines = list(draft.body.objects("Line"))
    gross = sum(line.minor("Amount", draft.currency) for line in lines)
    back = draft.body.object_or_none("CashBack")
    kept = back.minor("Amount", draft.currency, 0) if back else 0
    if draft.amount("TotalAmt") not in {gross, gross - kept}:
        draft.lack("what makes its total differ from its lines")
    draft.add(reference(draft.body, "DepositToAccountRef"), gross - kept, lacking="the account it was deposited to")
    if back is not None:
        memo = LedgerLine(account_id="", memo=back.text("Memo", ""))
        draft.add(reference(back, "AccountRef"), kept, lacking="the account of the cash kept", line=memo)
    for line in lines:
        _deposit_line(draft, line)
    tax(draft)


def _deposit_line(draft: Draft, line: Payload) -> None:
    detail, link = line.object_or_none("DepositLineDetail"), next(line.objects("LinkedTxn"), None)
    words = told(line, detail) if detail else LedgerLine(account_id="", memo=line.text("Description", ""))
    account = reference(detail, "AccountRef") if detail else ""
    amount = -line.minor("Amount", draft.currency)
    if link is None:
        draft.add(account, amount, lacking="the account of a line", line=words)
        return
    settles = f"{document_type(link.text('TxnType'))}:{link.text('TxnId')}"
    account = draft.role("undeposited", account)
    draft.add(account, amount, lacking=ROLES["undeposited"], line=replace(words, settles=settles))


def _transfer(draft: Draft) -> None:
    amount = draft.amount("Amount")
    draft.add(reference(draft.body, "ToAccountRef"), amount, lacking="the account it went to")
    draft.add(reference(draft.body, "FromAccountRef"), -amount, lacking="the account it came from")


def _card_payment(draft: Draft) -> None:
    amount = draft.amount("Amount")
    draft.add(reference(draft.body, "CreditCardAccountRef"), amount, lacking="the card's account")
    draft.add(reference(draft.body, "BankAccountRef"), -amount, lacking="the account it was paid from")


def _payment(draft: Draft) -> None:
    total = draft.amount("TotalAmt")
    bank = draft.role("undeposited", reference(draft.body, "DepositToAccountRef"))
    draft.add(bank, total, lacking=ROLES["undeposited"])
    account = draft.role("receivable", reference(draft.body, "ARAccountRef"))
    settle(draft, account, total, -1, links(draft, back=frozenset({"CreditMemo"})), lacking=ROLES["receivable"])


def _invoice(draft: Draft, sign: int = 1) -> None:
    account = draft.role("receivable", reference(draft.body, "ARAccountRef"))
    if draft.body.minor("Deposit", draft.currency, 0):
        draft.lack("the account of the deposit taken on it")
    draft.add(account, sign * draft.amount("TotalAmt"), lacking=ROLES["receivable"])
    sell(draft, -sign)


def _credit_memo(draft: Draft) -> None:
    _invoice(draft, -1)


def _sales_receipt(draft: Draft, sign: int = 1) -> None:
    account = draft.role("undeposited", reference(draft.body, "DepositToAccountRef"))
    draft.add(account, sign * draft.amount("TotalAmt"), lacking=ROLES["undeposited"])
    sell(draft, -sign)


def _refund_receipt(draft: Draft) -> None:
    _sales_receipt(draft, -1)


_RULES: dict[str, Callable[[Draft], None]] = {
    "JournalEntry": _journal_entry,
    "Bill": _bill,
    "VendorCredit": _vendor_credit,
    "BillPayment": _bill_payment,
    "Purchase": _purchase,
    "Deposit": _deposit,
    "Transfer": _transfer,
    "CreditCardPayment": _card_payment,
    "Invoice": _invoice,
    "Payment": _payment,
    "SalesReceipt": _sales_receipt,
    "RefundReceipt": _refund_receipt,
    "CreditMemo": _credit_memo,
}
