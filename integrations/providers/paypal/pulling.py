"""How PayPal's lists are read: spans of 31 days, halved where they hold more than 10,000 rows, days and weeks again.

Rows appear up to three hours late, and ``last_refreshed_datetime`` says how far a list is complete. Status and holds change for
weeks: each pull reads three days again, and once a week 45. https://developer.paypal.com/docs/api/transaction-search/v1/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Listed, all_of
from integrations.errors import PayloadError, Refused
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.paypal.groups import held, together
from integrations.providers.paypal.readings import row_id
from integrations.providers.paypal.units import stamp
from integrations.providers.paypal.wire import NOT_YET, TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.census import Days
    from integrations.provider import Api, Window

TRANSACTIONS, BALANCES, DISPUTES = "/v1/reporting/transactions", "/v1/reporting/balances", "/v1/customer/disputes"
MOST, MOST_DISPUTES, MAX_PAGES = 500, 50, 400
#: The widest span of one query, a second less; and how far back PayPal goes.
SPAN, HISTORY = timedelta(days=31) - timedelta(seconds=1), timedelta(days=3 * 365 - 1)
LATE = timedelta(hours=3)
#: Its reports have been known to stop for days.
UNSETTLED = timedelta(days=14)
AGAIN, DEEPLY, DEEPLY_AFTER = timedelta(days=3), timedelta(days=45), timedelta(days=7)
#: Disputes are told for 180 days.
DISPUTES_KEPT, DISPUTES_AGAIN = timedelta(days=179), timedelta(days=2)
SECOND = timedelta(seconds=1)


def whoami(api: Api) -> tuple[str, str]:
    """The balances name the account; PayPal's reports do not tell its name."""
    account = Payload.of(api.get(BALANCES)).text("account_id")
    return account, account


# ---- rows of the balance -------------------------------------------------------------------------------------------------


def pull_transactions(api: Api, window: Window) -> Iterator[Page]:
    """Rows that moved the balance, with cart and payer. The cursor is (how far the list was complete, when 45 days were read).

    https://developer.paypal.com/docs/api/transaction-search/v1/#transactions_get
    """
    begin, deep = _from(window)
    prefixes = [one.strip() for one in api.settings.get("order_prefix", "").split(",") if one.strip()]
    while begin <= window.now:
        end = frontier = min(begin + SPAN, window.now)
        for told in _halved(api, begin, end, "all"):
            frontier = min(frontier, told.refreshed or window.now - LATE)
            yield Page(items=[_marked(row, prefixes) for row in together(told.rows)])
        yield Page(items=[], cursor=f"{stamp(frontier)} {stamp(deep)}")
        if frontier < end:
            return  # nothing is told of what came after
        begin = end + SECOND


def _from(window: Window) -> tuple[datetime, datetime]:
    """Where to begin, and when the last deep reading was."""
    start = max(window.begin, window.now - HISTORY).replace(microsecond=0)
    if not window.cursor:
        return start, window.now
    kept = Payload(dict(zip(("frontier", "deep"), window.cursor.split(" "), strict=False)))
    frontier, deep = kept.instant("frontier"), kept.instant("deep")
    if window.now - deep >= DEEPLY_AFTER:
        return max(start, frontier - DEEPLY), window.now
    return max(start, frontier - AGAIN), deep


def list_transactions(api: Api, days: Days) -> Iterator[Listed]:
    """Every row of the days, against the number that PayPal tells with its first page; both rows of an exchange are one object."""
    begin, last = days.begin, days.end - SECOND
    while begin <= last:
        end = min(begin + SPAN, last)
        try:
            for told in _halved(api, begin, end, "transaction_info"):
                yield from map(_listed, together(all_of(told.rows, told.count)))
        except Refused as refusal:
            if refusal.code != NOT_YET:
                raise
            return
        begin = end + SECOND


def _listed(row: Mapping[str, Any]) -> Listed:
    one = Payload.of(row)
    first = next(iter(one.objects("conversion")), one)
    return Listed(row_id(one), first.object("transaction_info").text("transaction_initiation_date"))


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows of a span, how many PayPal counts in it, and how far its list is complete (None where it does not say)."""

    rows: list[dict[str, Any]]
    count: int
    refreshed: datetime | None


def _halved(api: Api, begin: datetime, end: datetime, fields: str) -> Iterator[_Told]:
    """The rows of a span; where they are too many, those of its halves. One second with too many is beyond help."""
    try:
        told = _rows(api, begin, end, fields)
    except Refused as refusal:
        if refusal.code != TOO_LARGE or end - begin < SECOND:
            raise
        middle = begin + timedelta(seconds=int((end - begin).total_seconds()) // 2)
        yield from _halved(api, begin, middle, fields)
        yield from _halved(api, min(middle + SECOND, end), end, fields)
        return
    yield told


def _rows(api: Api, begin: datetime, end: datetime, fields: str) -> _Told:
    said = {"start_date": stamp(begin), "end_date": stamp(end), "fields": fields, "page_size": str(MOST)}
    found: list[dict[str, Any]] = []
    count = 0
    for page in range(1, MAX_PAGES):
        answer = Payload.of(api.get(TRANSACTIONS, {**said, "balance_affecting_records_only": "Y", "page": str(page)}))
        found += [dict(row.data) for row in answer.objects("transaction_details")]
        count = count or answer.integer("total_items", 0)
        if page >= answer.integer("total_pages", 1):
            name = "last_refreshed_datetime"
            return _Told(found, count, answer.instant(name) if answer.has(name) else None)
    raise PayloadError("$.total_pages", f"still more after {MAX_PAGES} pages")


def _marked(row: dict[str, Any], prefixes: list[str]) -> Mapping[str, Any]:
    """A payment whose order another system books says so: the account's settings tell by which invoice numbers."""
    info = row.get("transaction_info")
    invoice = info.get("invoice_id") if isinstance(info, dict) else None
    is_booked = isinstance(invoice, str) and any(invoice.startswith(prefix) for prefix in prefixes)
    return {**row, "settles_order": invoice} if is_booked else row


# ---- what has a life of its own ------------------------------------------------------------------------------------------


def pull_disputes(api: Api, window: Window) -> Iterator[Page]:
    """Disputes changed since the last pull; a resolved one with its details, which tell what was taken and when.

    https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_list
    """
    params = {"page_size": str(MOST_DISPUTES)}
    if window.cursor:
        since = window.reached - DISPUTES_AGAIN
        # Without it PayPal goes back as far as it can; an older one it refuses.
        params |= {"update_time_after": _milli(since)} if window.now - since < DISPUTES_KEPT else {}
    for found in _disputes(api, params):
        yield Page(items=[_whole(api, one) for one in found])
    yield Page(items=[], cursor=stamp(window.now))


def list_disputes(api: Api, days: Days) -> Iterator[Listed]:
    """Every dispute made within the days that PayPal still tells of. It gives no number of them."""
    for found in _disputes(api, {"page_size": str(MOST_DISPUTES)}):
        made = [one for one in found if days.begin <= one.instant("create_time") < days.end]
        yield from (Listed(one.text("dispute_id"), one.text("create_time")) for one in made)


def _disputes(api: Api, params: Mapping[str, str]) -> Iterator[list[Payload]]:
    path = DISPUTES
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(path, params))
        yield list(answer.objects("items"))
        following = [link.text("href") for link in answer.objects("links") if link.text("rel", "") == "next"]
        if not following:
            return
        path, params = following[0], {}
    raise PayloadError("$.links", f"still a next page after {MAX_PAGES}")


def _milli(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _whole(api: Api, dispute: Payload) -> Mapping[str, Any]:
    """https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_get"""
    if dispute.text("status", "") != "RESOLVED":
        return dispute.data
    told = Payload.of(api.get(f"{DISPUTES}/{dispute.text('dispute_id')}"))
    # What people wrote to each other is nobody's business here.
    return {name: value for name, value in told.data.items() if name not in ("messages", "evidences", "links")}


def pull_balances(api: Api, _window: Window) -> Iterator[Page]:
    """What is held, in each currency. https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get"""
    yield Page(items=[held(Payload.of(api.get(BALANCES)).data)], cursor="")
