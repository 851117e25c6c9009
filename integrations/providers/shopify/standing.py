"""What has a life of its own at Shopify: disputes, gift cards, cash drawers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.shopify.units import book_day, common, currency_of, id_of, minor
from integrations.records import CashCount, Dispute, GiftCard, Record, Skipped, SystemBalance, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context

_QUIET = {
    "NEEDS_RESPONSE": "open: the row of the balance took the money",
    "UNDER_REVIEW": "open: the row of the balance took the money",
    "PREVENTED": "settled before it became a chargeback: rows of the balance tell what moved",
    "WON": "won: the row of the balance gives the money back",
}
_LOST = frozenset(["LOST", "ACCEPTED"])


def is_dispute(raw: Mapping[str, Any]) -> bool:
    return "initiatedAt" in raw or "evidence_due_by" in raw


def dispute_id(payload: Payload) -> str:
    if payload.has("legacyResourceId"):
        return str(payload.raw("legacyResourceId"))
    return id_of(payload) if isinstance(payload.data.get("id"), str) else str(payload.integer("id"))


def read_dispute(payload: Payload, context: Context) -> Iterator[Record]:
    """A dispute lost or accepted, which no row of the balance tells. An inquiry moves nothing.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsDispute
    """
    is_rest = "initiated_at" in payload.data
    started, ended = ("initiated_at", "finalized_on") if is_rest else ("initiatedAt", "finalizedOn")
    kind, status = payload.text("type").upper(), payload.text("status").upper()
    currency = payload.text("currency") if is_rest else currency_of(payload, "amount")
    amount = payload.minor("amount", currency) if is_rest else minor(payload, "amount", currency)
    identity, is_lost = dispute_id(payload), status in _LOST
    moment = payload.instant(ended if is_lost and payload.has(ended) else started)
    fields = common(f"{identity}:closed" if is_lost else identity, moment, currency, context)
    if kind not in ("CHARGEBACK", "INQUIRY"):
        yield Unknown(**fields, what=f"Shopify dispute of type {kind!r}", amount=amount)
    elif status not in _QUIET and not is_lost:
        yield Unknown(**fields, what=f"Shopify dispute of status {status!r}", amount=amount)
    elif kind == "INQUIRY":
        yield Skipped(**fields, reason="an inquiry moves no money", amount=amount)
    elif is_lost and not payload.has(ended):
        yield Unknown(**fields, what="a dispute that was lost: on which day is not told", amount=amount)
    elif is_lost:
        yield Dispute(**fields, stage="lost" if status == "LOST" else "accepted", amount=amount, source_id=identity)
    else:
        yield Skipped(**fields, reason=_QUIET[status], amount=amount)


# ---- gift cards ----------------------------------------------------------------------------------------------------------


def is_cards(raw: Mapping[str, Any]) -> bool:
    return isinstance(raw.get("giftCards"), list) or _card_in(raw) is not None


def _card_in(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A single card, in the envelope of our pull or bare, of either API."""
    card = raw.get("giftCard", raw)
    known = isinstance(card, dict) and ("initialValue" in card or "initial_value" in card)
    return card if known else None


def cards_id(payload: Payload) -> str:
    if isinstance(payload.data.get("giftCards"), list):
        return f"gift-cards:{payload.text('readAt', '')[:10]}"
    card = payload.object("giftCard") if "giftCard" in payload.data else payload
    return id_of(card) if isinstance(card.data.get("id"), str) else str(card.integer("id"))


def read_cards(payload: Payload, context: Context) -> Iterator[Record]:
    """What all cards together hold is owed to their holders; a card that its order does not explain is told apart.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/GiftCard
    """
    if not isinstance(payload.data.get("giftCards"), list):
        yield from _card(payload.object("giftCard") if "giftCard" in payload.data else payload, context)
        return
    read_at = payload.instant("readAt") if payload.has("readAt") else None
    day = book_day(read_at, context) if read_at else context.as_of
    sums: dict[str, int] = {}
    for card in payload.objects("giftCards"):
        currency = currency_of(card, "balance")
        sums[currency] = sums.get(currency, 0) + minor(card, "balance", currency)
    for currency, amount in sorted(sums.items()):
        fields: dict[str, Any] = {"external_id": f"gift-cards:{day}:{currency}", "booked_on": day, "currency": currency}
        yield SystemBalance(
            **fields, occurred_at=read_at, role="gift-card-liability", amount=amount, account="gift-cards"
        )


def _card(card: Payload, context: Context) -> Iterator[Record]:
    is_rest = "initial_value" in card.data
    names = ("initial_value", "created_at", "expires_on", "disabled_at", "order_id")
    value, created, expires, ended, order = (
        names if is_rest else ("initialValue", "createdAt", "expiresOn", "deactivatedAt", "order")
    )
    currency = card.text("currency") if is_rest else currency_of(card, value)
    held, first = (
        card.minor(name, currency) if is_rest else minor(card, name, currency) for name in ("balance", value)
    )
    identity, at = cards_id(card), card.instant(created)
    issued: dict[str, Any] = common(identity, at, currency, context)
    if card.has(order):
        yield Skipped(**issued, reason="sold in an order, which books it", amount=first)
    else:
        what = "a gift card issued outside of any order: at whose cost, a person says"
        yield Unknown(**issued, what=what, amount=first)
    day = card.day(expires) if card.has(expires) else None
    if day is not None and day < context.as_of and held:
        over: dict[str, Any] = {"external_id": f"{identity}:expired", "booked_on": day, "currency": currency}
        yield GiftCard(**over, stage="expired", amount=held, card=identity)
    elif card.has(ended) and held:
        closed = common(f"{identity}:deactivated", card.instant(ended), currency, context)
        what = "a gift card deactivated with a balance: what becomes of it, a person says"
        yield Unknown(**closed, what=what, amount=held)


# ---- cash drawers --------------------------------------------------------------------------------------------------------


def is_session(raw: Mapping[str, Any]) -> bool:
    return "openingTime" in raw and "registerName" in raw


def read_session(payload: Payload, context: Context) -> Iterator[Record]:
    """A drawer that was counted, against what should be in it; and cash put in or taken out, whose purpose a person names.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/CashTrackingSession
    """
    currency, identity = currency_of(payload, "openingBalance"), id_of(payload)
    place = payload.object_or_none("location")
    moment = payload.instant("closingTime" if payload.has("closingTime") else "openingTime")
    fields = common(identity, moment, currency, context, payload.text("registerName", ""))
    if not payload.has("closingTime"):
        yield Skipped(**fields, reason="the drawer is not counted yet")
    elif not payload.has("closingBalance") or not payload.has("expectedClosingBalance"):
        yield Unknown(**fields, what="a drawer that was closed and not counted")
    else:
        yield CashCount(
            **fields,
            location=place.text("name", "") if place is not None else "",
            expected=minor(payload, "expectedClosingBalance", currency),
            counted=minor(payload, "closingBalance", currency),
            shift=identity,
        )
    moved = payload.object_or_none("adjustments")
    for one in moved.objects("nodes") if moved is not None else ():
        amount = minor(one, "cash", currency)
        did = "put into" if amount > 0 else "taken out of"
        told = common(f"{identity}:{id_of(one)}", one.instant("time"), currency, context, one.text("note", ""))
        yield Unknown(**told, what=f"cash {did} a drawer: for what, a person says", amount=amount)


def session_id(payload: Payload) -> str:
    number = id_of(payload)
    if not number:
        raise PayloadError(payload.at("id"), "is no id")
    return number
