"""What Square lists by creation, beside the lists by change that are pulled. It gives no number with any list.

A day costs a request for each hundred objects of a location (five hundred orders, refunds and cards of all locations at once).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.census import Census, Listed
from integrations.providers.square import pulling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.census import Days
    from integrations.payload import Payload
    from integrations.provider import Api


def _census(name: str, key: str, path: str, *, by_location: bool = False, made: str = "created_at") -> Census:
    """Of a list, under its ``key``, that takes ``begin_time`` and ``end_time`` of creation; ``by_location`` where one location
    must be named.
    """

    def listed(api: Api, days: Days) -> Iterator[Listed]:
        for where in pulling.locations(api) if by_location else [{}]:
            for found in pulling.pages(api, path, {**_within(days), **where}, key):
                yield from _told(found, made, days)

    return Census((name, made), listed, is_told=False)


def _within(days: Days) -> dict[str, str]:
    begin, end = pulling.text(days.begin), pulling.text(days.end)
    return {"begin_time": begin, "end_time": end, "sort_order": "ASC", "limit": str(pulling.MOST)}


def _told(found: list[Payload], made: str, days: Days) -> Iterator[Listed]:
    """Square's end of a span belongs to it; ours is the next day's first moment."""
    return (Listed(one.text("id"), one.text(made)) for one in found if one.instant(made) < days.end)


def _orders(api: Api, days: Days) -> Iterator[Listed]:
    """Completed orders that the pull keeps, by creation."""
    places = [where["location_id"] for where in pulling.locations(api)]
    span = {"start_at": pulling.text(days.begin), "end_at": pulling.text(days.end)}
    for found in pulling.completed_orders(api, places, {"created_at": span}, "CREATED_AT"):
        yield from _told(found, "created_at", days)


PAYMENTS = _census("payment", "payments", "/v2/payments", by_location=True)
REFUNDS = _census("refund", "refunds", "/v2/refunds")
PAYOUTS = _census("payout", "payouts", "/v2/payouts", by_location=True)
ACTIVITIES = _census("gift_card_activity", "gift_card_activities", "/v2/gift-cards/activities")
SHIFTS = _census(
    "cash_drawer_shift", "cash_drawer_shifts", "/v2/cash-drawers/shifts", by_location=True, made="opened_at"
)
ORDERS = Census(("order", "created_at"), _orders, is_told=False)
