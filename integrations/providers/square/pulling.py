"""How Square's lists are read: every location, bounded windows oldest first, an hour's overlap.

Lists default to the main location and the last year, so both are always said. Results are eventually consistent, and paging
keeps its place by an opaque cursor, good for minutes, with the same parameters repeated.
https://developer.squareup.com/docs/build-basics/common-api-patterns/pagination
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.square.sales import AT_ONCE, sold_by, waiting_in
from integrations.providers.square.standing import dispute_id
from integrations.providers.square.tenders import Unreadable
from integrations.providers.square.units import currency_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from integrations.provider import Api, Window

MOST, MOST_ORDERS, MOST_LOCATIONS = 100, 500, 10
MAX_PAGES = 2000
#: Offline sales come to Square up to 72 hours late, with the update time of their arrival; results settle within minutes.
OVERLAP = timedelta(hours=1)
#: A long history is read in slices, so that a pull that breaks off keeps what it has.
SLICE = timedelta(days=31)
#: Authorised cards are captured within a week; payments of before the cut-over may be completed after it.
CAPTURED_WITHIN = timedelta(days=8)
#: Payouts are listed by creation only; they are sent, paid or failed for a while, and come back as rows of later ones.
PAYOUTS_CHANGE = timedelta(days=45)
#: Rows of a payout are complete soon after it; this much of the last read payouts is read again.
ROWS_SETTLE = timedelta(days=2)
SHIFTS_CHANGE = timedelta(days=7)


def pull_payments(api: Api, window: Window) -> Iterator[Page]:
    """Payments changed in the window, each with its order and location, older than a quarter of an hour.

    https://developer.squareup.com/reference/square/payments-api/list-payments
    """
    places = _places(api)
    for begin, end in _spans(window):
        for place in places.values():
            params = {**_changed(window, begin, end), "location_id": place["id"]}
            for found in pages(api, "/v2/payments", params, "payments"):
                ripe = [one for one in found if window.now - one.instant("created_at") >= AT_ONCE]
                orders = _orders(api, [one.text("order_id", "") for one in ripe])
                yield Page(
                    items=[
                        {"payment": one.data, "order": orders.get(one.text("order_id", "")), "location": place}
                        for one in ripe
                    ]
                )
        yield Page(items=[], cursor=text(end))


def pull_orders(api: Api, window: Window) -> Iterator[Page]:
    """Completed orders changed in the window that were paid before, or that nobody had to pay. Filter and sort are of one field.

    https://developer.squareup.com/reference/square/orders-api/search-orders
    """
    places = _places(api)
    for begin, end in _spans(window):
        span = {"updated_at": {"start_at": text(begin), "end_at": text(end)}}
        for found in completed_orders(api, places, span, "UPDATED_AT"):
            yield Page(items=[_beside(places, "order", order) for order in found])
        yield Page(items=[], cursor=text(end))


def completed_orders(api: Api, places: Iterable[str], span: Mapping[str, Any], field: str) -> Iterator[list[Payload]]:
    """Completed orders of a span, by the one ``field`` it is of, that book something no payment of theirs does."""
    for some in _by(MOST_LOCATIONS, places):
        query = {
            "filter": {"date_time_filter": span, "state_filter": {"states": ["COMPLETED"]}},
            "sort": {"sort_field": field, "sort_order": "ASC"},
        }
        body = {"location_ids": some, "query": query, "limit": MOST_ORDERS, "return_entries": False}
        for found in _searched(api, "/v2/orders/search", body, "orders"):
            yield [order for order in found if _is_of_itself(order)]


def _is_of_itself(order: Payload) -> bool:
    """Whether the order books something that no payment of it does."""
    if list(order.objects("returns")) or not order.has("total_money"):
        return False
    try:
        sold = sold_by(order, currency_of(order, "total_money"))
        return bool(waiting_in(sold)) or (not sold.tenders and sold.discount > 0)
    except Unreadable:
        return True


def pull_refunds(api: Api, window: Window) -> Iterator[Page]:
    """Refunds changed in the window, each with its return and the order that was returned.

    https://developer.squareup.com/reference/square/refunds-api/list-payment-refunds
    """
    places = _places(api)
    for begin, end in _spans(window):
        for found in pages(api, "/v2/refunds", _changed(window, begin, end), "refunds"):
            orders = _orders(api, [one.text("order_id", "") for one in found])
            sources = {name: _source(order) for name, order in orders.items()}
            returned = _orders(api, [source for source in sources.values() if source])
            items = []
            for one in found:
                order_id = one.text("order_id", "")
                beside = {"order": orders.get(order_id), "source": returned.get(sources.get(order_id, ""))}
                items.append({**_beside(places, "refund", one), **beside})
            yield Page(items=items)
        yield Page(items=[], cursor=text(end))


def _source(order: Mapping[str, Any]) -> str:
    returns = Payload.of(order).objects("returns")
    return next((one.text("source_order_id") for one in returns if one.has("source_order_id")), "")


def pull_payouts(api: Api, window: Window) -> Iterator[Page]:
    """Payouts of every location, the last 45 days of them again each time.

    https://developer.squareup.com/reference/square/payouts-api/list-payouts
    """
    for place in _places(api).values():
        for found in _payouts(api, window, place):
            yield Page(items=[{"payout": one.data, "location": place} for one in found])
    yield Page(items=[], cursor=text(window.now))


def pull_payout_entries(api: Api, window: Window) -> Iterator[Page]:
    """The rows of payouts made since the last pull, and what they come to. A payout of type SIMPLE has none.

    https://developer.squareup.com/reference/square/payouts-api/list-payout-entries
    """
    fresh = (window.reached if window.cursor else window.begin) - ROWS_SETTLE
    for place in _places(api).values():
        payouts = [one for found in _payouts(api, window, place) for one in found]
        for payout in payouts:
            if payout.text("type", "BATCH") == "BATCH" and payout.instant("created_at") >= fresh:
                yield from _composition(api, payout, payouts, place)
    yield Page(items=[], cursor=text(window.now))


def _composition(api: Api, payout: Payload, payouts: list[Payload], place: Mapping[str, Any]) -> Iterator[Page]:
    total = 0
    path = f"/v2/payouts/{payout.text('id')}/payout-entries"
    for rows in pages(api, path, {"sort_order": "ASC", "limit": str(MOST)}, "payout_entries"):
        total += sum(row.object("net_amount_money").integer("amount") for row in rows)
        yield Page(items=[{"payout_entry": row.data, "location": place, "meant": _meant(row, payouts)} for row in rows])
    said = {name: payout.data[name] for name in ("id", "amount_money", "created_at") if name in payout.data}
    yield Page(items=[{"composition": said, "rows_net": total, "location": place}])


def _meant(row: Payload, payouts: list[Payload]) -> str:
    """The payout that a row is about: one that failed and came back, or one of type SIMPLE; '' for any other row.

    Square does not name it: it is the latest one of the same amount before the row.
    """
    kind = row.text("type")
    if kind not in ("RETURNED_PAYOUT", "MONEY_TRANSFER"):
        return ""
    net, at = row.object("net_amount_money").integer("amount"), row.instant("effective_at")
    wanted = ("status", "FAILED", net) if kind == "RETURNED_PAYOUT" else ("type", "SIMPLE", -net)
    found = [
        one
        for one in payouts
        if one.text(wanted[0], "") == wanted[1]
        and one.object("amount_money").integer("amount") == wanted[2]
        and one.instant("created_at") <= at
    ]
    return max(found, key=lambda one: one.instant("created_at")).text("id") if found else ""


def pull_disputes(api: Api, window: Window) -> Iterator[Page]:
    """All disputes of all locations: they change for months and are few.

    https://developer.squareup.com/reference/square/disputes-api/list-disputes
    """
    places = _places(api)
    there: list[str] = []
    for found in pages(api, "/v2/disputes", {}, "disputes"):
        there += [dispute_id(one) for one in found]
        yield Page(items=[_beside(places, "dispute", one) for one in found])
    yield Page(items=[], cursor=text(window.now), only=frozenset(there), only_pulled=True)


def pull_shifts(api: Api, window: Window) -> Iterator[Page]:
    """Drawers of every location by their opening, the last week of them again, with cash put in and taken out.

    https://developer.squareup.com/reference/square/cash-drawers-api/list-cash-drawer-shifts
    """
    begin = (window.reached if window.cursor else window.begin) - SHIFTS_CHANGE
    for place in _places(api).values():
        where = {"location_id": place["id"], "limit": str(MOST)}
        params = {**where, "begin_time": text(begin), "end_time": text(window.now), "sort_order": "ASC"}
        for found in pages(api, "/v2/cash-drawers/shifts", params, "cash_drawer_shifts"):
            items = [{"cash_drawer_shift": one.data, "location": place} for one in found]
            for one in found:
                path = f"/v2/cash-drawers/shifts/{one.text('id')}/events"
                for happened in pages(api, path, where, "cash_drawer_shift_events"):
                    paid = [event for event in happened if event.text("event_type") not in _TILL_TELLS]
                    items += [{"event": event.data, "location": place} for event in paid]
            yield Page(items=items)
    yield Page(items=[], cursor=text(window.now))


#: Drawer events that are read as payments and refunds already.
_TILL_TELLS = frozenset(
    [
        "NO_SALE",
        "CASH_TENDER_PAYMENT",
        "OTHER_TENDER_PAYMENT",
        "CASH_TENDER_CANCELLED_PAYMENT",
        "OTHER_TENDER_CANCELLED_PAYMENT",
        "CASH_TENDER_REFUND",
        "OTHER_TENDER_REFUND",
    ]
)


def pull_activities(api: Api, window: Window) -> Iterator[Page]:
    """Movements on gift cards, by their creation: they do not change.

    https://developer.squareup.com/reference/square/gift-card-activities-api/list-gift-card-activities
    """
    places = _places(api)
    for begin, end in _spans(window):
        params = {"begin_time": text(begin), "end_time": text(end), "sort_order": "ASC", "limit": str(MOST)}
        for found in pages(api, "/v2/gift-cards/activities", params, "gift_card_activities"):
            yield Page(items=[_beside(places, "gift_card_activity", one) for one in found])
        yield Page(items=[], cursor=text(end))


def pull_cards(api: Api, window: Window) -> Iterator[Page]:
    """What every gift card holds at this moment, without who has it. https://developer.squareup.com/reference/square/gift-cards-api/list-gift-cards"""
    cards = [
        {name: one.data[name] for name in ("id", "state", "balance_money") if name in one.data}
        for found in pages(api, "/v2/gift-cards", {"limit": "50"}, "gift_cards")
        for one in found
    ]
    yield Page(
        items=[{"gift_cards": cards, "read_at": window.now.astimezone(UTC).isoformat()}] if cards else [], cursor=""
    )


# ---- windows and pages ---------------------------------------------------------------------------------------------------


def text(moment: datetime) -> str:
    """A moment as Square asks for it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _spans(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """Bounds from the last pull, less the overlap, or the client's first day to now, in slices."""
    begin = window.reached - OVERLAP if window.cursor else window.begin
    while begin + SLICE < window.now:
        yield begin, begin + SLICE
        begin += SLICE
    yield begin, window.now


def _changed(window: Window, begin: datetime, end: datetime) -> dict[str, str]:
    return {
        "begin_time": text(window.begin - CAPTURED_WITHIN),
        "end_time": text(window.now),
        "updated_at_begin_time": text(begin),
        "updated_at_end_time": text(end),
        "sort_field": "UPDATED_AT",
        "sort_order": "ASC",
        "limit": str(MOST),
    }


def _payouts(api: Api, window: Window, place: Mapping[str, Any]) -> Iterator[list[Payload]]:
    begin = max(window.reached - PAYOUTS_CHANGE, window.begin) if window.cursor else window.begin
    params = {"begin_time": text(begin), "end_time": text(window.now), "sort_order": "ASC", "limit": str(MOST)}
    return pages(api, "/v2/payouts", {**params, "location_id": str(place["id"])}, "payouts")


def _places(api: Api) -> dict[str, dict[str, Any]]:
    """Every location, closed ones too, with what readings need of it. https://developer.squareup.com/reference/square/locations-api/list-locations"""
    found = Payload.of(api.get("/v2/locations")).objects("locations")
    return {
        one.text("id"): {"id": one.text("id"), "name": one.text("name", ""), "timezone": one.text("timezone", "UTC")}
        for one in found
    }


def locations(api: Api) -> list[dict[str, str]]:
    """What names each location in a question."""
    return [{"location_id": name} for name in _places(api)]


def _beside(places: Mapping[str, Any], name: str, thing: Payload) -> dict[str, Any]:
    place = places.get(thing.text("location_id", ""))
    return {name: thing.data, **({"location": place} if place else {})}


def _by(count: int, ids: Iterable[str]) -> Iterator[list[str]]:
    some = list(ids)
    for start in range(0, len(some), count):
        yield some[start : start + count]


def _orders(api: Api, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Orders by id, a hundred a call. https://developer.squareup.com/reference/square/orders-api/batch-retrieve-orders"""
    wanted = sorted({one for one in ids if one})
    found: dict[str, Mapping[str, Any]] = {}
    for some in _by(MOST, wanted):
        answer = Payload.of(api.query("/v2/orders/batch-retrieve", {"order_ids": some}))
        found |= {order.text("id"): order.data for order in answer.objects("orders")}
    return found


def pages(api: Api, path: str, params: Mapping[str, str], key: str) -> Iterator[list[Payload]]:
    """Every page of a list under its ``key``."""
    after: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(path, {**params, **after}))
        yield list(answer.objects(key))
        if not answer.text("cursor", ""):
            return
        after = {"cursor": answer.text("cursor")}
    raise PayloadError("$.cursor", f"still there after {MAX_PAGES} pages")


def _searched(api: Api, path: str, body: Mapping[str, Any], key: str) -> Iterator[list[Payload]]:
    after: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.query(path, {**body, **after}))
        yield list(answer.objects(key))
        if not answer.text("cursor", ""):
            return
        after = {"cursor": answer.text("cursor")}
    raise PayloadError("$.cursor", f"still there after {MAX_PAGES} pages")
