"""What was paid for an order and in which way.

An authorisation and its capture are two transactions: only SALE, CAPTURE, REFUND and CHANGE that succeeded moved money.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderTransaction
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from integrations.providers.shopify.units import Unreadable, id_of, number_of, shop_minor
from integrations.records import Tender

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.payload import Payload

#: Money that moves so soon after an agreement paid it; later money pays what is owed.
AT_ONCE = timedelta(hours=1)
_SIGNS = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
_QUIET = frozenset(["AUTHORIZATION", "EMV_AUTHORIZATION", "VOID", "SUGGESTED_REFUND"])
_NOTHING_MOVED = frozenset(["AWAITING_RESPONSE", "ERROR", "FAILURE", "PENDING"])
OWN = "shopify_payments"
_KINDS: dict[str, Literal["gift_card", "store_credit", "cash"]] = {
    "gift_card": "gift_card",
    "shopify_store_credit": "store_credit",
    "cash": "cash",
}


@dataclass(frozen=True, slots=True)
class Money:
    """Money that moved, in minor units of the shop's currency: positive came in. ``own`` went through Shopify Payments."""

    id: str
    at: datetime
    amount: int
    kind: Literal["processor", "gift_card", "store_credit", "cash"]
    name: str = ""
    location: str = ""
    reference: str = ""
    rounding: int = 0

    @property
    def own(self) -> bool:
        return self.kind == "processor" and not self.name


def money_of(order: Payload, currency: str) -> list[Money]:
    """What moved for an order, in order of time; change given is taken off the cash it was given for. Raises Unreadable."""
    found: dict[str, Money] = {}
    changes: list[tuple[str, Money]] = []
    for one in order.objects("transactions"):
        money = _money(one, currency)
        if money is None:
            continue
        if one.text("kind") == "CHANGE":
            parent = one.object_or_none("parentTransaction")
            changes.append((number_of(parent.text("id", "")) if parent is not None else "", money))
        else:
            found[money.id] = money
    for parent_id, change in changes:
        cash = next((one.id for one in found.values() if one.kind == "cash" and one.amount > 0), "")
        paid = found.get(parent_id) or found.get(cash)
        if paid is None:
            raise Unreadable("change was given for a payment that is not told")
        found[paid.id] = replace(paid, amount=paid.amount + change.amount)
    return sorted((one for one in found.values() if one.amount), key=lambda one: (one.at, one.id))


def _money(one: Payload, currency: str) -> Money | None:
    """A transaction that moved money, None for any other. Raises Unreadable for kinds and outcomes never heard of."""
    kind, status = one.text("kind"), one.text("status")
    if kind not in _SIGNS and kind not in _QUIET:
        raise Unreadable(f"Shopify transaction of kind {kind!r}")
    if status != "SUCCESS" and status not in _NOTHING_MOVED:
        raise Unreadable(f"Shopify transaction of status {status!r}")
    if kind in _QUIET or status != "SUCCESS" or one.flag("test", False):
        return None
    gateway = one.text("gateway", "")
    if not gateway:
        raise Unreadable("a payment that names no gateway")
    tender = _KINDS.get(gateway)
    # Only Shopify Payments tells fees.
    is_own = tender is None and (gateway == OWN or any(True for _ in one.objects("fees")))
    settled = one.text("settlementCurrency", currency)
    if is_own and settled != currency:
        raise Unreadable(f"sold in {currency} and paid out in {settled}: at which value, a person says")
    place = one.object_or_none("location")
    sign = _SIGNS[kind]
    return Money(
        id=id_of(one),
        at=one.instant("processedAt" if one.has("processedAt") else "createdAt"),
        amount=sign * shop_minor(one, "amountSet", currency),
        kind=tender or "processor",
        name="" if is_own or tender else "-".join(gateway.lower().split()),
        location=place.text("name", "") if place is not None and tender == "cash" else "",
        reference=one.text("paymentId", ""),
        rounding=sign * shop_minor(one, "amountRoundingSet", currency),
    )


def taken_for(
    amount: int, at: datetime, named: frozenset[str], waiting: list[Money]
) -> tuple[list[Money], list[Money]]:
    """(the money of its time that pays an agreement, what remains): that which a refund names first, then the oldest."""
    mine: list[Money] = []
    due = amount
    for one in sorted(waiting, key=lambda one: (one.id not in named, one.at, one.id)):
        if due * one.amount > 0 and one.at <= at + AT_ONCE:
            mine.append(one)
            due -= one.amount
    taken = {one.id for one in mine}
    return mine, [one for one in waiting if one.id not in taken]


def kept_back(mine: list[Money], marketplace: int) -> list[Money]:
    """The same money without the tax that a marketplace took out of its own payment. Raises Unreadable where it did not."""
    if not marketplace:
        return mine
    index = next((number for number, one in enumerate(mine) if one.kind == "processor" and not one.own), None)
    if index is None or abs(mine[index].amount) < abs(marketplace):
        raise Unreadable("tax that the channel remits was not paid to the channel: who owes it, a person says")
    short = replace(mine[index], amount=mine[index].amount - marketplace)
    return [*mine[:index], short, *mine[index + 1 :]]


def tenders_of(money: Iterable[Money]) -> tuple[Tender, ...]:
    """The same as tenders, signed; none of nil."""
    return tuple(
        Tender(
            kind=one.kind, amount=one.amount, name=one.name, location=one.location, reference=one.reference or one.id
        )
        for one in money
        if one.amount
    )
