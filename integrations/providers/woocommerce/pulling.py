"""How a store's orders are read: by number within a fixed window of changes, so that pages do not drift while orders come.

https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Listed, all_of
from integrations.errors import PayloadError
from integrations.headers import header
from integrations.payload import Payload
from integrations.provider import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.census import Days
    from integrations.provider import Api, Window

ORDERS = "/wp-json/wc/v3/orders"
MOST, MAX_PAGES = 100, 5000
#: A store's clock may be off, and extensions save orders in the background.
OVERLAP = timedelta(hours=1)
SLICE = timedelta(days=31)
#: Orders in the bin are in no list unless they are asked for.
STATUSES = "any,trash"


def whoami(api: Api) -> tuple[str, str]:
    """The store is known by its address alone; that the keys read orders is what has to be proven."""
    api.get(ORDERS, {"per_page": "1"})
    store = api.settings.get("store", api.account_id)
    return store, store.removeprefix("https://")


def pull_orders(api: Api, window: Window) -> Iterator[Page]:
    """Orders changed in the window with all their refunds; once a day also which orders there are."""
    for begin, end in _spans(window):
        bounds = {"modified_after": _text(begin), "modified_before": _text(end), "dates_are_gmt": "true"}
        for found in _pages(api, ORDERS, {**bounds, "status": STATUSES}):
            yield Page(items=[{"order": order.data, "refunds": _refunds(api, order)} for order in found])
        yield Page(items=[], cursor=_stored(end))
    if window.cursor and window.reached.date() < window.now.astimezone(UTC).date():
        living = {
            "modified_after": _text(window.begin),
            "dates_are_gmt": "true",
            "status": STATUSES,
            "_fields": "id",
        }
        ids = (str(one.integer("id")) for found in _pages(api, ORDERS, living) for one in found)
        yield Page(items=[], only=frozenset(ids), only_pulled=True)


def list_orders(api: Api, days: Days) -> list[Listed]:
    """Orders by when they were placed; a header tells how many. Both bounds are outside of what is found.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#pagination
    """
    bounds = {"after": _text(days.begin - timedelta(seconds=1)), "before": _text(days.end), "dates_are_gmt": "true"}
    asked = {**bounds, "status": STATUSES, "_fields": "id,date_created_gmt"}
    _body, headers = api.get_with_headers(ORDERS, {**asked, "per_page": "1"})
    told = header(headers, "X-WP-Total")
    if not told.isdigit():
        raise PayloadError("X-WP-Total", "is no number")
    rows = [one for found in _pages(api, ORDERS, asked) for one in found]
    return all_of([Listed(str(one.integer("id")), one.text("date_created_gmt")) for one in rows], int(told))


def _refunds(api: Api, order: Payload) -> list[Mapping[str, Any]]:
    """An order lists its refunds without their lines. https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-refunds"""
    if not order.raw("refunds", []):
        return []
    path = f"{ORDERS}/{order.integer('id')}/refunds"
    return [refund.data for found in _pages(api, path, {}) for refund in found]


def _pages(api: Api, path: str, params: Mapping[str, str]) -> Iterator[list[Payload]]:
    """Pages by number; how many there are stands in a header. Amounts come with four decimals: two would be rounded."""
    said: dict[str, str | Sequence[str]] = {**params, "orderby": "id", "order": "asc", "per_page": str(MOST), "dp": "4"}
    for number in range(1, MAX_PAGES):
        body, headers = api.get_with_headers(path, {**said, "page": str(number)})
        yield list(Payload({"answer": body}).objects("answer", required=True))
        told = header(headers, "X-WP-TotalPages")
        if not told.isdigit() or number >= int(told):
            return
    raise PayloadError("$", f"still there after {MAX_PAGES} pages")


def _text(moment: datetime) -> str:
    """UTC without a zone, as the store compares it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")


def _stored(moment: datetime) -> str:
    return f"{_text(moment)}Z"


def _spans(window: Window) -> Iterator[tuple[datetime, datetime]]:
    begin = window.reached - OVERLAP if window.cursor else window.begin
    while begin + SLICE < window.now:
        yield begin, begin + SLICE
        begin += SLICE
    yield begin, window.now
