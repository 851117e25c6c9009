"""Shopify's money, ids and moments.

Money is decimal text; of a MoneyBag the shop's own currency is booked, what the shopper saw is not. Global ids end in the
number that the REST API calls the id. https://shopify.dev/docs/api/admin-graphql/latest/objects/MoneyBag
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError

if TYPE_CHECKING:
    from datetime import date, datetime

    from integrations.payload import Payload
    from integrations.provider import Context


class Unreadable(Exception):  # noqa: N818
    """Something nobody has told us how to book, in words."""


def number_of(gid: str) -> str:
    """``gid://shopify/Order/42`` → ``42``."""
    return gid.rpartition("/")[2].partition("?")[0]


def id_of(payload: Payload, name: str = "id") -> str:
    """The number within a global id. Raises PayloadError where there is none."""
    number = number_of(payload.text(name))
    if not number:
        raise PayloadError(payload.at(name), "is no id")
    return number


def currency_of(payload: Payload, name: str) -> str:
    """The currency of a MoneyV2 field. Raises PayloadError where it is none."""
    return payload.object(name).currency("currencyCode")


def minor(payload: Payload, name: str, currency: str) -> int:
    """A MoneyV2 in minor units, 0 where there is none. Raises PayloadError for another currency."""
    if not payload.has(name):
        return 0
    found = currency_of(payload, name)
    if found != currency:
        raise PayloadError(payload.object(name).at("currencyCode"), f"is {found}, and the rest is in {currency}")
    return payload.object(name).minor("amount", currency)


def shop_minor(payload: Payload, name: str, currency: str) -> int:
    """A MoneyBag's amount in the shop's currency, 0 where there is none."""
    return minor(payload.object(name), "shopMoney", currency) if payload.has(name) else 0


def book_day(moment: datetime, context: Context) -> date:
    """The client's own day."""
    return moment.astimezone(context.timezone).date()


def common(external_id: str, moment: datetime, currency: str, context: Context, memo: str = "") -> dict[str, Any]:
    """The fields all facts share."""
    return {
        "external_id": external_id,
        "booked_on": book_day(moment, context),
        "currency": currency,
        "occurred_at": moment,
        "memo": memo[:200],
    }
