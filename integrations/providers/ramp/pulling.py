"""How Ramp's lists are read. Only reimbursements can be asked for by change, so the rest is read again and compared by hash:
the last sixty days each time, and once a day everything since the cut-over, which also shows what is no longer there.

Nothing is ever written: ``accounting/syncs`` would take objects away from whatever accounting connection the business has.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError, Refused, RetryLater
from integrations.payload import Payload
from integrations.provider import Api, Page, Window
from integrations.providers.ramp.payables import CARD, INVOICE
from integrations.providers.ramp.people import BY_RAMP, FROM_EMPLOYEE, TO_EMPLOYEE
from integrations.providers.ramp.units import currency_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

V1 = "/developer/v1"
PAGE_SIZE = 100
MAX_PAGES = 2000
#: Purchases are coded, split and disputed long after they cleared.
AGAIN = timedelta(days=60)
#: A purchase may clear, and a bill be entered, so long before the cut-over and matter after it.
LATE = timedelta(days=45)
OVERLAP = timedelta(hours=1)
#: A larger file is kept by its hash alone.
LARGEST_FILE = 6_000_000


def pull_transactions(api: Api, window: Window) -> Iterator[Page]:
    """Everything but declined purchases, each with the bill it paid. https://docs.ramp.com/developer-api/v1/api/transactions"""
    bills, whole, seen = _paid_by_card(api), _is_whole(window), set()
    for found in _pages(api, "/transactions", {"from_date": _text(_begin(window)), **_scope(api)}):
        items = [_with_bill(one, bills) for one in found]
        seen |= {one.text("id") for one in found}
        yield Page(items=items)
    yield _last(window, seen if whole else None)


def _with_bill(one: Payload, bills: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    bill = bills.get(one.text("id"))
    return {"transaction": one.data, "bill": bill} if bill is not None else {"transaction": one.data}


def _paid_by_card(api: Api) -> dict[str, dict[str, str]]:
    """Transaction → the bill that a Ramp card paid with it."""
    found: dict[str, dict[str, str]] = {}
    for method in CARD:
        for bills in _pages(api, "/bills", {"payment_method": method, **_scope(api)}):
            for bill in bills:
                payment, vendor = bill.object_or_none("payment"), bill.object("vendor")
                details = payment.object_or_none("details") if payment is not None else None
                ids = details.raw("transaction_ids", []) if details is not None else []
                name = vendor.text("name", "") or vendor.text("remote_name", "")
                found |= {str(one): {"id": bill.text("id"), "vendor": name} for one in ids}
    return found


def pull_bills(api: Api, window: Window) -> Iterator[Page]:
    """Bills that are open, new, paid of late, or archived. https://docs.ramp.com/developer-api/v1/api/bills"""
    begin, whole = _text(_begin(window)), _is_whole(window)
    archived = {"is_archived": "true"} if whole else {"is_archived": "true", "from_created_at": begin}
    seen: set[str] = set()
    for asked in ({"payment_status": "OPEN"}, {"from_created_at": begin}, {"from_paid_at": begin}, archived):
        for found in _pages(api, "/bills", {**asked, **_scope(api)}):
            fresh = [one for one in found if one.text("id") not in seen]
            seen |= {one.text("id") for one in fresh}
            yield Page(items=[_without_signatures(one.data) for one in fresh])
    yield _last(window, seen if whole else None)


def _without_signatures(bill: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's addresses are signed anew at each reading: without that, nothing has changed."""
    urls = bill.get("invoice_urls")
    kept = [url.partition("?")[0] if isinstance(url, str) else url for url in urls] if isinstance(urls, list) else urls
    return {**bill, "invoice_urls": kept}


def pull_reimbursements(api: Api, window: Window) -> Iterator[Page]:
    """Changed since, of both directions: the list leaves repayments out unless they are asked for.

    https://docs.ramp.com/developer-api/v1/api/reimbursements
    """
    since = window.reached - OVERLAP if window.cursor else window.begin
    for direction in (TO_EMPLOYEE, FROM_EMPLOYEE):
        asked = {"direction": direction, "updated_after": _text(since), **_scope(api)}
        for found in _pages(api, "/reimbursements", asked):
            yield Page(items=[one.data for one in found])
    yield _last(window)


def pull_batches(api: Api, window: Window) -> Iterator[Page]:
    """What was paid together, by the batch's id: a batch is one sum at the bank."""
    since = max(window.begin, window.reached - AGAIN) if window.cursor else window.begin
    for direction in (TO_EMPLOYEE, FROM_EMPLOYEE):
        asked = {"direction": direction, "updated_after": _text(since), **_scope(api)}
        paid = [one for found in _pages(api, "/reimbursements", asked) for one in found]
        yield Page(items=_batches(direction, [one for one in paid if one.text("state") in BY_RAMP]))
    yield _last(window)


def _batches(direction: str, paid: Iterable[Payload]) -> list[dict[str, Any]]:
    """One that names no batch was paid by itself; a batch holds one currency."""
    sums: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in paid:
        part = {"id": one.text("id"), "amount": one.raw("amount"), "updated_at": one.text("updated_at")}
        sums[one.text("payment_id", "") or one.text("id"), currency_in(one, "currency")].append(part)
    return [
        {"reimbursement_batch": {"payment": payment, "direction": direction, "currency": currency, "parts": parts}}
        for (payment, currency), parts in sums.items()
    ]


def pull_cashbacks(api: Api, window: Window) -> Iterator[Page]:
    """All since the cut-over: they are few. https://docs.ramp.com/developer-api/v1/api/cashbacks"""
    yield from _few(api, window, "cashback")


def pull_transfers(api: Api, window: Window) -> Iterator[Page]:
    """All since the cut-over: they are few, and change for days. https://docs.ramp.com/developer-api/v1/api/transfers"""
    yield from _few(api, window, "transfer")


def _few(api: Api, window: Window, name: str) -> Iterator[Page]:
    seen: set[str] = set()
    for found in _pages(api, f"/{name}s", {"from_date": _text(window.begin), **_scope(api)}):
        seen |= {one.text("id") for one in found}
        yield Page(items=[{name: one.data} for one in found])
    yield _last(window, seen)


def pull_statements(api: Api, window: Window) -> Iterator[Page]:
    """Statements that ended, each with what its transactions come to. https://docs.ramp.com/developer-api/v1/api/statements"""
    for found in _pages(api, "/statements", {"from_date": _text(_begin(window))}):
        yield Page(items=[_proven(api, one) for one in found])
    yield _last(window)


def _proven(api: Api, statement: Payload) -> dict[str, Any]:
    """The PDF's address is signed anew at each reading, so it is left out."""
    told = {name: value for name, value in statement.data.items() if name not in ("statement_url", "statement_lines")}
    listed = {"charges": 0, "refunds": 0, "count": 0}
    for found in _pages(api, "/transactions", {"statement_id": statement.text("id"), **_scope(api)}):
        for one in found:
            amount = one.minor("amount", currency_in(one, "currency_code"))
            listed["charges" if amount >= 0 else "refunds"] += abs(amount)
            listed["count"] += 1
    return {"statement": told, "listed": listed, **_scope(api)}


# ---- receipts --------------------------------------------------------------------------------------------------------------


def pull_receipts(api: Api, window: Window) -> Iterator[Page]:
    """New receipts with their files, fetched at once: the address of a file is good for an hour.

    https://docs.ramp.com/developer-api/v1/api/receipts
    """
    since = window.reached - OVERLAP if window.cursor else window.begin
    for found in _pages(api, "/receipts", {"created_after": _text(since)}):
        yield Page(items=[_with_file(api, one) for one in found])
    yield _last(window)


def _with_file(api: Api, receipt: Payload) -> dict[str, Any]:
    told = {name: value for name, value in receipt.data.items() if name != "receipt_url"}
    try:
        content = _fetched(api, receipt)
    except Refused:
        return {"receipt": told, "file": None}
    file: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    if len(content) <= LARGEST_FILE:
        file["content"] = base64.b64encode(content).decode()
    return {"receipt": told, "file": file}


def _fetched(api: Api, receipt: Payload) -> bytes:
    """The file; by a fresh address where the first has run out."""
    try:
        return api.fetch(receipt.text("receipt_url"))
    except RetryLater:
        again = Payload.of(api.get(f"{V1}/receipts/{receipt.text('id')}"))
        return api.fetch(again.text("receipt_url"))


def receipt_address(api: Api, name: str) -> str:
    """Where the file of a receipt can be fetched now, or that of a bill's invoice. Raises PayloadError where it is gone."""
    if not name.startswith(INVOICE):
        return Payload.of(api.get(f"{V1}/receipts/{name}")).text("receipt_url")
    bill, _, number = name.removeprefix(INVOICE).partition(":")
    urls = Payload.of(api.get(f"{V1}/bills/{bill}")).raw("invoice_urls", [])
    if not isinstance(urls, list) or not number.isdigit() or int(number) >= len(urls):
        raise PayloadError("$.invoice_urls", "no longer holds the invoice")
    return Payload({"url": urls[int(number)]}, "$.invoice_urls").text("url")


# ---- lists and times -------------------------------------------------------------------------------------------------------


def _pages(api: Api, path: str, params: Mapping[str, str]) -> Iterator[list[Payload]]:
    """Pages by keyset: the next one's whole address is told. https://docs.ramp.com/developer-api/v1/pagination"""
    address, asked = f"{V1}{path}", {**params, "page_size": str(PAGE_SIZE)}
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(address, asked))
        yield list(answer.objects("data", required=True))
        following = answer.object("page").text("next", "")
        if not following:
            return
        address, asked = following, {}
    raise PayloadError("$.page.next", f"still there after {MAX_PAGES} pages")


def _scope(api: Api) -> dict[str, str]:
    """The one entity that is meant, where several share an account."""
    entity = api.settings.get("entity_id", "")
    return {"entity_id": entity} if entity else {}


def _is_whole(window: Window) -> bool:
    """Whether this is the first reading of a day."""
    return not window.cursor or window.reached.date() != window.now.astimezone(UTC).date()


def _begin(window: Window) -> datetime:
    """What is read again: the last sixty days, and once a day everything that may matter."""
    start = window.begin - LATE
    return start if _is_whole(window) else max(start, window.now - AGAIN)


def _last(window: Window, only: set[str] | None = None) -> Page:
    living = frozenset(only) if only is not None else None
    return Page(items=[], cursor=_text(window.now), only=living, only_pulled=living is not None)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
