"""Creating, changing, deleting and voiding: the one path by which a company's books move.

Deterministic: the same requests with the same times on the same seed give the same ids, tokens and answers.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks import currencies
from integrations.sandbox.quickbooks.books import ROLES, Books, Held, links_of
from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.faults import QuickBooksFault, closed_period, missing, not_found, stale
from integrations.sandbox.quickbooks.listing import prepare_listed
from integrations.sandbox.quickbooks.postings import postings, ref
from integrations.sandbox.quickbooks.preparing import OWNED_BY_SERVICE, SALES_FORMS, prepare_document
from integrations.sandbox.quickbooks.profile import WARNED_NUMBERS
from integrations.sandbox.quickbooks.ruling import (
    check_accounts,
    check_links,
    check_not_deposited,
    check_number,
    check_still_covered,
)

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.postings import Posting

Body = dict[str, Any]
API, USER = "api", "user"
_NUMBERED = frozenset({"JournalEntry", "Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Bill"})
_NEEDS = {
    "Bill": ("payable",), "VendorCredit": ("payable",), "BillPayment": ("payable",),
    "Invoice": ("receivable",), "CreditMemo": ("receivable",), "Payment": ("receivable", "undeposited"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A write: operation is create, update, delete or void; a `user` works in the browser, past the API's limits."""

    kind: str
    operation: str
    body: Body
    at: datetime
    author: str = API
    allow_duplicate_number: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did; operation is Create, Update, Delete, Void or Merge (``gone`` is then the id that is no more)."""

    kind: str
    id: str
    operation: str
    at: datetime
    token: int
    gone: str = ""


class Writer:
    def __init__(self, books: Books, zone: ZoneInfo) -> None:
        self.books = books
        self.zone = zone

    def write(self, request: Request) -> Change:
        """Carry out one write. Raises `QuickBooksFault` and changes nothing when QuickBooks would refuse it."""
        operation = {"create": self._create, "update": self._update, "delete": self._delete, "void": self._void}
        return operation[request.operation](request)

    # -- operations -----------------------------------------------------------------------------------------------

    def _create(self, request: Request) -> Change:
        if KINDS[request.kind].family == "single":
            raise QuickBooksFault("500", f"Operation create is not supported for {request.kind}")
        content, on = self._prepared(request, request.body, None)
        if request.kind in SALES_FORMS:
            content.setdefault("DocNumber", self._next_number())
        held = Held(request.kind, self.books.next_id(request.kind), content, request.at, request.at, on=on)
        self._store(held)
        return Change(held.kind, held.id, "Create", request.at, held.token)

    def _update(self, request: Request) -> Change:
        held = self._current(request)
        base = held.content if request.body.get("sparse") else {}
        if KINDS[held.kind].family == "single":
            body = _merged(held.content, request.body)
        else:
            body = {**copy.deepcopy(base), **request.body}
        if KINDS[held.kind].is_document:
            check_not_deposited(held, self.books)
        self._check_open(request, held.on)
        content, on = self._prepared(request, body, held)
        check_still_covered(held, content, self.books)
        self._replace(held, content, on, request.at)
        return Change(held.kind, held.id, "Update", request.at, held.token)

    def _delete(self, request: Request) -> Change:
        held = self._current(request)
        if KINDS[held.kind].family not in {"document", "note"}:
            raise QuickBooksFault("500", f"Operation delete is not supported for {held.kind}: send Active false")
        check_not_deposited(held, self.books)
        self._check_open(request, held.on)
        self._unlink(held, request.at)
        self.books.take(held)
        self._touch(_targets(held), held.postings, request.at)
        self.books.tombstones[held.kind][held.id] = request.at
        return Change(held.kind, held.id, "Delete", request.at, held.token)

    def _void(self, request: Request) -> Change:
        held = self._current(request)
        if not KINDS[held.kind].void:
            raise QuickBooksFault("500", f"Operation void is not supported for {held.kind}")
        check_not_deposited(held, self.books)
        self._check_open(request, held.on)
        self._unlink(held, request.at)
        self._replace(held, _voided(held.content), held.on, request.at)
        return Change(held.kind, held.id, "Void", request.at, held.token)

    # -- steps ----------------------------------------------------------------------------------------------------

    def _current(self, request: Request) -> Held:
        identifier = str(request.body.get("Id") or "")
        held = self.books.find(request.kind, identifier)
        if held is None:
            raise not_found()
        if request.author == API:
            if "SyncToken" not in request.body:
                raise missing(f"{request.kind}.SyncToken")
            if str(request.body["SyncToken"]) != str(held.token):
                raise stale()
        return held

    def _prepared(self, request: Request, body: Body, changing: Held | None) -> tuple[Body, date | None]:
        kind = KINDS[request.kind]
        if kind.is_list:
            return prepare_listed(kind.name, body, self.books, changing=changing), None
        if not kind.is_document:
            return {key: value for key, value in body.items() if key not in OWNED_BY_SERVICE}, None
        body = dict(body)
        currencies.place_currency(body, self.books)
        self._ensure_roles(kind.name, body, request.at)
        today = request.at.astimezone(self.zone).date()
        content, on = prepare_document(kind.name, body, self.books, today)
        self._check_open(request, on)
        check_accounts(kind.name, content, self.books)
        currencies.check_currencies(content, postings(kind.name, content, self.books), self.books)
        check_links(kind.name, content, self.books, changing)
        if request.author == API and kind.name in _NUMBERED and self._wants_unique_numbers(request):
            check_number(kind.name, content, self.books, changing)
        return content, on

    def _check_open(self, request: Request, on: date | None) -> None:
        closed = self.close_date()
        if request.author == API and on is not None and closed is not None and on.isoformat() <= closed:
            raise closed_period()

    def _wants_unique_numbers(self, request: Request) -> bool:
        """The company's preference, which the caller may overrule for one write."""
        preferences = self.books.find("Preferences", "1")
        pairs = preferences.content.get("OtherPrefs", {}).get("NameValue", []) if preferences else []
        asked = any(pair["Name"] == WARNED_NUMBERS and pair["Value"] == "true" for pair in pairs)
        return asked and not request.allow_duplicate_number

    def close_date(self) -> str | None:
        """The company's closing date as text, None while the books are open."""
        preferences = self.books.find("Preferences", "1")
        found = preferences.content["AccountingInfoPrefs"].get("BookCloseDate") if preferences else None
        return str(found) if found else None

    def _store(self, held: Held) -> None:
        if held.on is not None:
            held.postings = postings(held.kind, held.content, self.books)
            if currencies.is_foreign(held.content, self.books):
                held.postings, held.reliefs = currencies.valued(held.kind, held.content, held.postings, self.books)
        self.books.put(held)
        self._touch(_targets(held), held.postings, held.updated_at)

    def _replace(self, held: Held, content: Body, on: date | None, at: datetime) -> None:
        before, moved = _targets(held), held.postings
        self.books.take(held)
        held.content, held.on, held.updated_at, held.token = content, on, at, held.token + 1
        self._store(held)
        self._touch(before - _targets(held), moved, at)

    def _touch(self, targets: set[str], moved: tuple[Posting, ...], at: datetime) -> None:
        """A document moves its linked documents (new SyncToken) and its accounts' and parties' times (same token)."""
        for target in targets:
            other = self.books.documents.get(target)
            if other is not None:
                other.updated_at, other.token = at, other.token + 1
        for posting in moved:
            self._stamp("Account", posting.account, at)
            if posting.entity:
                self._stamp(*posting.entity, at)

    def _stamp(self, kind: str, identifier: str, at: datetime) -> None:
        other = self.books.find(kind, identifier)
        if other is None or (kind == "Account" and self.books.account_type(identifier).is_profit_and_loss):
            return
        other.updated_at = max(other.updated_at, at)

    def _unlink(self, held: Held, at: datetime) -> None:
        """Payments that settled a document stay, unapplied, when it goes away."""
        for source in [self.books.documents[key] for key in self.books.links.get(held.id, {})]:
            self.books.take(source)
            kept = [line for line in source.content.get("Line") or () if not _points_to(line, held.id)]
            source.content = {**source.content, "Line": kept}
            source.updated_at, source.token = at, source.token + 1
            self.books.put(source)

    def _next_number(self) -> str:
        return str(1000 + int(self.books.next_id_of("sales form number")))

    def _ensure_roles(self, kind: str, body: Body, at: datetime) -> None:
        needed = list(_NEEDS.get(kind, ()))
        if kind == "SalesReceipt" and not ref(body, "DepositToAccountRef"):
            needed.append("undeposited")
        if kind == "Deposit" and any(line.get("LinkedTxn") for line in body.get("Line") or ()):
            needed.append("undeposited")
        if (body.get("TxnTaxDetail") or {}).get("TotalTax"):
            needed.append("sales_tax")
        currency = ref(body, "CurrencyRef")
        for role in needed:
            self.ensure_role(role, at, currency if role in {"payable", "receivable"} else "")
        if kind in {"BillPayment", "Payment"} and currencies.is_foreign(body, self.books):
            self.ensure_role("exchange", at)

    def ensure_role(self, role: str, at: datetime, currency: str = "") -> None:
        """QuickBooks opens its own accounts the first time a document needs one: receivables and payables by currency."""
        if self.books.has_role(role, currency):
            return
        account_type, sub_type, name = ROLES[role]
        body: Body = {"Name": name, "AccountType": account_type, **({"AccountSubType": sub_type} if sub_type else {})}
        if currency not in {"", self.books.home}:
            body |= {"Name": f"{name} - {currency}", "CurrencyRef": currencies.reference(currency)}
        self.write(Request("Account", "create", body, at, USER))


def _targets(held: Held) -> set[str]:
    return {target for target, _ in links_of(held.content)}


def _points_to(line: Body, identifier: str) -> bool:
    return any(str(link.get("TxnId")) == identifier for link in line.get("LinkedTxn") or ())


def _merged(kept: Body, sent: Body) -> Body:
    """Settings change one leaf at a time; an explicit null or empty text clears it."""
    result = dict(kept)
    for key, value in sent.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        elif value in (None, ""):
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _voided(content: Body) -> Body:
    """The document stays with every amount at zero and says so in its note."""
    note = str(content.get("PrivateNote") or "")
    lines = [{**line, "Amount": 0} for line in content.get("Line") or () if not line.get("LinkedTxn")]
    for line in lines:
        if "SalesItemLineDetail" in line:
            line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 0}
    return {
        **content,
        "Line": lines,
        "TotalAmt": 0,
        "PrivateNote": f"Voided - {note}" if note else "Voided",
        **({"TxnTaxDetail": {"TotalTax": 0}} if "TxnTaxDetail" in content else {}),
    }
