"""How a payment was made and where a refund went: through Square's balance, the drawer, a gift card, or outside of Square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.records import Tender

if TYPE_CHECKING:
    from integrations.payload import Payload
    from integrations.providers.square.units import Place

#: Paid through Square: what is paid out later.
OWN = frozenset(["CARD", "BANK_ACCOUNT", "WALLET", "BUY_NOW_PAY_LATER"])
#: How it was paid outside of Square. https://developer.squareup.com/docs/payments-api/take-payments/external-payments
EXTERNAL = frozenset(
    [
        "CHECK",
        "BANK_TRANSFER",
        "OTHER_GIFT_CARD",
        "CRYPTO",
        "SQUARE_CASH",
        "SOCIAL",
        "EXTERNAL",
        "EMONEY",
        "CARD",
        "STORED_BALANCE",
        "FOOD_VOUCHER",
        "OTHER",
    ]
)
GIFT_CARD = "SQUARE_GIFT_CARD"
#: What is paid in which way goes into a deposit's account: tender kind → (the deposit's ``into``).
INTO = {"cash": "cash-drawer", "gift_card": "gift-card-liability", "processor": "clearing"}


class Unreadable(Exception):  # noqa: N818
    """A way of paying nobody has told us how to book, in words."""


def paid_by(payment: Payload, amount: int, place: Place) -> tuple[Tender, ...]:
    """The tender of a payment; none where all of it goes into Square's own balance. Raises Unreadable.

    A Square gift card is a card of its own brand: the money came when the card was sold.
    https://developer.squareup.com/reference/square/objects/Payment
    """
    source = payment.text("source_type")
    details = payment.object_or_none("card_details")
    if source == "CARD" and details is not None and _brand(details) == GIFT_CARD:
        return (Tender(kind="gift_card", amount=amount, reference=payment.text("id")),)
    return _tender("payment", source, payment.object_or_none("external_details"), amount, place, payment)


def given_back_by(refund: Payload, amount: int, place: Place) -> tuple[Tender, ...]:
    """Where a refund went; older answers say no type and tell of refunds through Square only. Raises Unreadable.

    https://developer.squareup.com/reference/square/objects/PaymentRefund
    """
    kind = refund.text("destination_type", "CARD")
    details = refund.object_or_none("destination_details")
    card = details.object_or_none("card_details") if details is not None else None
    if kind == "CARD" and card is not None and _brand(card) == GIFT_CARD:
        return (Tender(kind="gift_card", amount=amount, reference=refund.text("id")),)
    external = details.object_or_none("external_details") if details is not None else None
    return _tender("refund", kind, external, amount, place, refund)


def _tender(
    what: str, kind: str, external: Payload | None, amount: int, place: Place, thing: Payload
) -> tuple[Tender, ...]:
    if kind in OWN:
        return ()
    if kind == "CASH":
        return (Tender(kind="cash", amount=amount, location=place.name),)
    if kind == "EXTERNAL":
        told = external.text("type", "OTHER") if external is not None else "OTHER"
        if told not in EXTERNAL:
            raise Unreadable(f"Square {what} outside of Square by {told!r}")
        return (Tender(kind="processor", amount=amount, name=f"external-{told.lower()}", reference=thing.text("id")),)
    if kind == "SQUARE_ACCOUNT":
        raise Unreadable(f"Square {what} on a house account: who owes it is not told")
    raise Unreadable(f"Square {what} by {kind!r}")


def _brand(details: Payload) -> str:
    card = details.object_or_none("card")
    return card.text("card_brand", "") if card is not None else ""


def deposit_fields(tenders: tuple[Tender, ...]) -> dict[str, Any]:
    """Where money paid before delivery went, as a deposit says it."""
    if not tenders:
        return {"into": "clearing"}
    tender = tenders[0]
    return {"into": INTO[tender.kind], "account": tender.location or tender.name}
