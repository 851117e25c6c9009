"""An object as QuickBooks answers it: the kept body, names on references, computed balances and links, metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import cents, number
from integrations.sandbox.quickbooks.catalogue import ENTITY_KINDS, KINDS, REF_KINDS
from integrations.sandbox.quickbooks.currencies import home_figures, is_foreign
from integrations.sandbox.quickbooks.preparing import name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.books import Books, Held

Body = dict[str, Any]
#: The one user of a company here, by the number that QuickBooks gives instead of a name, and what has been seen to carry it
#: (``contracts/quickbooks-online/samples/recorded-2026``).
USER = "9341457021722234"
NAMES_ITS_USER = frozenset({"Bill", "Invoice"})


def stamp(at: datetime, zone: ZoneInfo) -> str:
    """MetaData's spelling of a moment: the company's own offset, whole seconds."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def answer_time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def render(held: Held, books: Books, zone: ZoneInfo) -> Body:
    body: Body = _named(held.content, books)
    extra = _COMPUTED.get(held.kind)
    if extra is not None:
        body.update(extra(held, books))
    if held.on is not None and is_foreign(held.content, books):
        body.update(home_figures(held.content, cents(body["Balance"]) if "Balance" in body else None))
    body["domain"] = "QBO"
    body["sparse"] = False
    body["Id"] = held.id
    body["SyncToken"] = str(held.token)
    body["MetaData"] = {"CreateTime": stamp(held.created_at, zone), "LastUpdatedTime": stamp(held.updated_at, zone)}
    if held.kind in NAMES_ITS_USER:
        body["MetaData"]["LastModifiedByRef"] = {"value": USER}
    entry = KINDS[held.kind]
    if entry.is_list and not held.content.get("Active", True):
        for key in (entry.name_field, "FullyQualifiedName"):
            if key in body:
                body[key] = f"{body[key]} (deleted)"
    return body


def tombstone(identifier: str, deleted_at: datetime, zone: ZoneInfo) -> Body:
    """What change data capture tells of a deleted object."""
    updated = {"LastUpdatedTime": stamp(deleted_at, zone)}
    return {"domain": "QBO", "status": "Deleted", "Id": identifier, "MetaData": updated}


def _named(value: Any, books: Books) -> Any:
    if isinstance(value, list):
        return [_named(item, books) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _reference(key, item, value, books) if isinstance(item, dict) else _named(item, books)
        for key, item in value.items()
    }


def _reference(key: str, reference: Body, parent: Body, books: Books) -> Body:
    kind = REF_KINDS.get(key)
    if kind is None and key in {"EntityRef", "Entity"} and "value" in reference:
        kind = str(reference.get("type") or parent.get("Type") or "").capitalize()
        kind = kind if kind in ENTITY_KINDS else None
    held = books.find(kind, str(reference.get("value"))) if kind else None
    if kind is None or held is None:
        named: Body = _named(reference, books)
        return named
    return {**reference, "name": name_of(held.content, kind)}


# -- computed figures -------------------------------------------------------------------------------------------------


def _account(held: Held, books: Books) -> Body:
    """Debit-positive on balance-sheet accounts, always 0 on profit-and-loss accounts, as recorded companies show it."""
    own = _shown_balance(held.id, books)
    below = [child for child in books.held["Account"].values() if _is_child(child, held.id)]
    return {
        "CurrentBalance": number(own),
        "CurrentBalanceWithSubAccounts": number(own + sum(_shown_balance(child.id, books) for child in below)),
    }


def _shown_balance(account_id: str, books: Books) -> int:
    """In the account's own currency, as QuickBooks shows it."""
    if books.account_type(account_id).is_profit_and_loss:
        return 0
    kept = str((books.held["Account"][account_id].content.get("CurrencyRef") or {}).get("value") or books.home)
    if kept == books.home:
        return books.balance(account_id)
    moved = (posting for held in books.documents.values() for posting in held.postings if posting.account == account_id)
    return sum(posting.own for posting in moved)


def _is_child(held: Held, parent_id: str) -> bool:
    return str((held.content.get("ParentRef") or {}).get("value") or "") == parent_id


def _vendor(held: Held, books: Books) -> Body:
    return {"Balance": number(-books.entity_balances.get(("Vendor", held.id), 0))}


def _customer(held: Held, books: Books) -> Body:
    balance = number(books.entity_balances.get(("Customer", held.id), 0))
    return {"Balance": balance, "BalanceWithJobs": balance}


def _open_item(held: Held, books: Books) -> Body:
    body: Body = {"Balance": number(cents(held.content["TotalAmt"]) - books.applied(held.id))}
    if held.kind == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
    if linked := _linked(held, books):
        body["LinkedTxn"] = linked
    return body


def _linked(held: Held, books: Books) -> list[Body]:
    return [{"TxnId": source, "TxnType": link_type(books.documents[source])} for source in books.links.get(held.id, {})]


def link_type(held: Held) -> str:
    """How LinkedTxn names a document: bill payments by how they were paid."""
    if held.kind == "BillPayment":
        return "BillPaymentCheck" if held.content["PayType"] == "Check" else "BillPaymentCreditCard"
    return held.kind


def _receipt(held: Held, books: Books) -> Body:
    body: Body = {"Balance": 0} if held.kind == "SalesReceipt" else {"UnappliedAmt": number(unapplied(held.content))}
    if linked := _linked(held, books):
        body["LinkedTxn"] = linked
    return body


def unapplied(content: Body) -> int:
    """Cents of a customer's payment not yet set against an invoice."""
    used = 0
    for line in content.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            sign = {"Invoice": 1, "CreditMemo": -1}.get(str(link.get("TxnType")), 0)
            used += sign * cents(line["Amount"])
    return cents(content["TotalAmt"]) - used


_COMPUTED: dict[str, Callable[[Held, Books], Body]] = {
    "Account": _account,
    "Vendor": _vendor,
    "Customer": _customer,
    "Bill": _open_item,
    "Invoice": _open_item,
    "VendorCredit": _open_item,
    "CreditMemo": _open_item,
    "Payment": _receipt,
    "SalesReceipt": _receipt,
}
