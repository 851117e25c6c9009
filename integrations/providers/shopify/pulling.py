"""How Shopify's lists are read: cursors within bounded windows, oldest change first, with overlap.

https://shopify.dev/docs/api/usage/pagination-graphql
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Listed, all_of
from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.shopify import queries
from integrations.providers.shopify.wire import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.census import Days
    from integrations.provider import Api, Window

#: Orders a page: with their agreements and sales a query may cost 1000 points at most.
MOST_ORDERS, MOST = 5, 100
MOST_IDS = 250
MAX_PAGES = 5000
#: Search follows writing within seconds; a change is never missed by an hour.
OVERLAP = timedelta(hours=1)
SLICE = timedelta(days=31)
ROWS_SETTLE = timedelta(days=2)
#: A payout is scheduled, paid or failed within this; it is listed by its issue only.
PAYOUTS_CHANGE = timedelta(days=45)
SHIFTS_CHANGE = timedelta(days=7)


def whoami(api: Api) -> tuple[str, str]:
    """https://shopify.dev/docs/api/admin-graphql/2026-10/queries/shop"""
    shop = _ask(api, queries.SHOP, {}).object("shop")
    return shop.text("myshopifyDomain"), shop.text("name", "") or shop.text("myshopifyDomain")


def pull_orders(api: Api, window: Window) -> Iterator[Page]:
    """Orders changed in the window, whole. Once a day also which orders there are: deleted ones are in no list.

    https://shopify.dev/docs/api/admin-graphql/2026-10/queries/orders
    """
    for begin, end in _spans(window):
        query = f"updated_at:>='{_text(begin)}' AND updated_at:<='{_text(end)}'"
        for found in _pages(api, queries.ORDERS, ("orders",), MOST_ORDERS, query):
            yield Page(items=[_whole(api, order) for order in found])
        yield Page(items=[], cursor=_text(end))
    if window.cursor and window.reached.date() < window.now.astimezone(UTC).date():
        yield Page(items=[], only=_living(api, window), only_pulled=True)


def _living(api: Api, window: Window) -> frozenset[str]:
    query = f"updated_at:>='{_text(window.begin)}'"
    pages = _pages(api, queries.ORDER_IDS, ("orders",), MOST_IDS, query)
    return frozenset(str(one.raw("legacyResourceId")) for found in pages for one in found)


def list_orders(api: Api, days: Days) -> list[Listed]:
    """Orders by when they were processed, beside their exact number.

    https://shopify.dev/docs/api/admin-graphql/2026-10/queries/ordersCount
    """
    query = f"processed_at:>='{_text(days.begin)}' AND processed_at:<'{_text(days.end)}'"
    told = _ask(api, queries.ORDERS_COUNT, {"query": query}).object("ordersCount").integer("count")
    pages = _pages(api, queries.ORDER_IDS, ("orders",), MOST_IDS, query)
    rows = [one for found in pages for one in found]
    return all_of([Listed(str(one.raw("legacyResourceId")), one.text("processedAt")) for one in rows], told)


def _whole(api: Api, order: Payload) -> Mapping[str, Any]:
    """The order, with agreements and sales that the page left out."""
    agreements = order.object("agreements")
    lists = [agreements, *(one.object("sales") for one in agreements.objects("nodes"))]
    if not any(one.object("pageInfo").flag("hasNextPage", False) for one in lists):
        return order.data
    return {**order.data, "agreements": {"nodes": _agreements(api, order.text("id"))}}


def _agreements(api: Api, order_id: str) -> list[dict[str, Any]]:
    """Every agreement of an order with all its sales, one after the other."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    sales_after: str | None = None
    for _ in range(MAX_PAGES):
        answer = _ask(api, queries.AGREEMENTS, {"id": order_id, "after": after, "sales": sales_after})
        page = answer.object("order").object("agreements")
        for one in page.objects("nodes"):
            sales = one.object("sales")
            rows = [sale.data for sale in sales.objects("nodes")]
            if sales_after:
                found[-1]["sales"]["nodes"] += rows
            else:
                found.append({**one.data, "sales": {"nodes": rows}})
            sales_after = _next(sales)
        if not sales_after:
            after = _next(page)
            if after is None:
                return found
    raise PayloadError("$.order.agreements", f"still there after {MAX_PAGES} pages")


def pull_balance_transactions(api: Api, window: Window) -> Iterator[Page]:
    """Rows of the balance by when they were processed; rows never change. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsBalanceTransaction"""
    for begin, end in _spans(window, ROWS_SETTLE):
        query = f"processed_at:>='{_text(begin)}' AND processed_at:<='{_text(end)}'"
        path = ("shopifyPaymentsAccount", "balanceTransactions")
        for found in _pages(api, queries.BALANCE_TRANSACTIONS, path, MOST, query):
            yield Page(items=[row.data for row in found])
        yield Page(items=[], cursor=_text(end))


def pull_payouts(api: Api, window: Window) -> Iterator[Page]:
    """Payouts by their issue, the last 45 days of them again. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsPayout"""
    begin = max(window.reached - PAYOUTS_CHANGE, window.begin) if window.cursor else window.begin
    query = f"issued_at:>='{_text(begin)}'"
    for found in _pages(api, queries.PAYOUTS, ("shopifyPaymentsAccount", "payouts"), MOST, query):
        yield Page(items=[payout.data for payout in found])
    yield Page(items=[], cursor=_text(window.now))


def pull_disputes(api: Api, window: Window) -> Iterator[Page]:
    """All disputes: they change for months and are few. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsDispute"""
    for found in _pages(api, queries.DISPUTES, ("shopifyPaymentsAccount", "disputes"), MOST):
        yield Page(items=[dispute.data for dispute in found])
    yield Page(items=[], cursor=_text(window.now))


def pull_balance(api: Api, window: Window) -> Iterator[Page]:
    """What Shopify Payments holds at this moment, in every currency. A shop without it has no account."""
    account = _ask(api, queries.BALANCE, {}).object_or_none("shopifyPaymentsAccount")
    held = account.raw("balance", []) if account is not None else []
    yield Page(items=[{"balance": held, "readAt": _text(window.now)}] if held else [], cursor="")


def pull_gift_cards(api: Api, window: Window) -> Iterator[Page]:
    """What all gift cards hold, and each card that a person has to decide on. https://shopify.dev/docs/api/admin-graphql/2026-10/queries/giftCards"""
    cards = [card for found in _pages(api, queries.GIFT_CARDS, ("giftCards",), MOST) for card in found]
    if not cards:
        yield Page(items=[], cursor="")
        return
    held = [{"id": card.text("id"), "balance": card.raw("balance")} for card in cards]
    told = [{"giftCard": card.data} for card in cards if _is_odd(card, window)]
    yield Page(items=[{"giftCards": held, "readAt": _text(window.now)}, *told], cursor="")


def _is_odd(card: Payload, window: Window) -> bool:
    """Whether more than its order tells of it, since the client's first day."""
    if not card.has("order") and card.instant("createdAt") >= window.begin:
        return True
    is_over = card.has("expiresOn") and card.day("expiresOn") < window.now.date()
    return bool(card.object("balance").decimal("amount")) and (is_over or card.has("deactivatedAt"))


def pull_cash_sessions(api: Api, window: Window) -> Iterator[Page]:
    """Drawers of the points of sale, the last week of them again. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/CashTrackingSession"""
    begin = (window.reached if window.cursor else window.begin) - SHIFTS_CHANGE
    query = f"opening_time:>='{_text(begin)}'"
    for found in _pages(api, queries.CASH_SESSIONS, ("cashTrackingSessions",), MOST_IDS // 10, query):
        yield Page(items=[session.data for session in found])
    yield Page(items=[], cursor=_text(window.now))


# ---- windows and pages ---------------------------------------------------------------------------------------------------


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _spans(window: Window, overlap: timedelta = OVERLAP) -> Iterator[tuple[datetime, datetime]]:
    """Bounds from the last pull, less the overlap, or the client's first day to now, in slices."""
    begin = window.reached - overlap if window.cursor else window.begin
    while begin + SLICE < window.now:
        yield begin, begin + SLICE
        begin += SLICE
    yield begin, window.now


def _ask(api: Api, query: str, variables: Mapping[str, Any]) -> Payload:
    answer = Payload.of(api.query(ANSWERS, {"query": query, "variables": dict(variables)}))
    return answer.object("data")


def _next(page: Payload) -> str | None:
    info = page.object("pageInfo")
    return info.text("endCursor") if info.flag("hasNextPage") else None


def _pages(
    api: Api, query: str, path: tuple[str, ...], most: int, search: str | None = None
) -> Iterator[list[Payload]]:
    """Each page of the connection at this path; none where Shopify Payments is not in use."""
    variables: dict[str, Any] = {"first": most, "after": None, **({"query": search} if search is not None else {})}
    for _ in range(MAX_PAGES):
        place: Payload | None = _ask(api, query, variables)
        for name in path:
            place = place.object_or_none(name) if place is not None else None
        if place is None:
            return
        yield list(place.objects("nodes", required=True))
        variables["after"] = _next(place)
        if variables["after"] is None:
            return
    raise PayloadError(f"$.data.{'.'.join(path)}", f"still there after {MAX_PAGES} pages")
