"""What has a life of its own at Square: disputes, cash drawers, gift cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.providers.square.units import common, currency_of, minor, place_of
from integrations.records import CashCount, Dispute, GiftCard, Record, Skipped, SystemBalance, Tender, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.payload import Payload
    from integrations.provider import Context

#: Dispute states that move no money of their own, and why.
_QUIET = {
    "EVIDENCE_REQUIRED": "open: the row of the balance took the money",
    "PROCESSING": "open: the row of the balance took the money",
    "WON": "won: the row of the balance gives the money back",
    "INQUIRY_EVIDENCE_REQUIRED": "an inquiry moves no money",
    "INQUIRY_PROCESSING": "an inquiry moves no money",
    "INQUIRY_CLOSED": "an inquiry moves no money",
}


def dispute_id(payload: Payload) -> str:
    dispute = payload.inside("dispute")
    return dispute.text("id", "") or dispute.text("dispute_id")


def read_dispute(payload: Payload, context: Context) -> Iterator[Record]:
    """A dispute lost or accepted: the only turns no row of the balance tells. The others are told by rows.

    https://developer.squareup.com/reference/square/objects/Dispute
    """
    dispute = payload.inside("dispute")
    place = place_of(payload, dispute, context)
    currency, state = currency_of(dispute, "amount_money"), dispute.text("state")
    amount = minor(dispute, "amount_money", currency)
    is_lost = state in ("LOST", "ACCEPTED")
    moment = dispute.instant("updated_at" if is_lost else "created_at")
    fields: dict[str, Any] = {
        "external_id": f"{dispute_id(payload)}:closed" if is_lost else dispute_id(payload),
        "booked_on": place.day(moment),
        "currency": currency,
        "occurred_at": moment,
        "memo": f"Dispute {state.lower()}: {dispute.text('reason', 'no reason given').lower()}",
    }
    paid = dispute.object_or_none("disputed_payment")
    if state in _QUIET:
        yield Skipped(**fields, reason=_QUIET[state], amount=amount)
    elif is_lost:
        source = paid.text("payment_id", "") if paid is not None else ""
        yield Dispute(**fields, stage="lost" if state == "LOST" else "accepted", amount=amount, source_id=source)
    else:
        yield Unknown(**fields, what=f"Square dispute of state {state!r}", amount=amount)


# ---- cash drawers --------------------------------------------------------------------------------------------------------

#: Events of a drawer that its payments and refunds tell already, or that move nothing.
_TOLD = {
    "NO_SALE": "the drawer was opened, nothing moved",
    "CASH_TENDER_PAYMENT": "its payment books it",
    "OTHER_TENDER_PAYMENT": "its payment books it",
    "CASH_TENDER_CANCELLED_PAYMENT": "its payment was voided",
    "OTHER_TENDER_CANCELLED_PAYMENT": "its payment was voided",
    "CASH_TENDER_REFUND": "its refund books it",
    "OTHER_TENDER_REFUND": "its refund books it",
}
_PAID = {"PAID_IN": "put into", "PAID_OUT": "taken out of"}


def read_shift(payload: Payload, context: Context) -> Iterator[Record]:
    """A drawer that was counted, against what should be in it; and cash put in or taken out, whose purpose a person names.

    https://developer.squareup.com/reference/square/objects/CashDrawerShiftSummary
    """
    if "event_type" in payload.inside("event").data:
        yield _drawer_event(payload, context)
        return
    shift = payload.inside("cash_drawer_shift")
    place = place_of(payload, shift, context)
    currency, state = currency_of(shift, "opened_cash_money"), shift.text("state")
    moment = shift.instant("closed_at" if shift.has("closed_at") else "opened_at")
    fields = common(shift, moment, place, currency, shift.text("description", ""))
    if state in ("OPEN", "ENDED"):
        yield Skipped(**fields, reason="the drawer is not counted yet")
    elif state != "CLOSED":
        yield Unknown(**fields, what=f"Square cash drawer of state {state!r}")
    elif not shift.has("closed_cash_money") or not shift.has("expected_cash_money"):
        yield Unknown(**fields, what="a drawer that was closed and not counted")
    else:
        yield CashCount(
            **fields,
            location=place.name,
            expected=minor(shift, "expected_cash_money", currency),
            counted=minor(shift, "closed_cash_money", currency),
            shift=fields["external_id"],
        )


def _drawer_event(payload: Payload, context: Context) -> Record:
    """https://developer.squareup.com/reference/square/objects/CashDrawerShiftEvent"""
    event = payload.inside("event")
    place, kind = place_of(payload, event, context), event.text("event_type")
    currency = currency_of(event, "event_money")
    amount = minor(event, "event_money", currency)
    fields = common(event, event.instant("created_at"), place, currency, event.text("description", ""))
    if kind in _TOLD:
        return Skipped(**fields, reason=_TOLD[kind], amount=amount)
    did = _PAID.get(kind)
    what = f"cash {did} a drawer: for what, a person says" if did else f"Square cash drawer event of type {kind!r}"
    return Unknown(**fields, what=what, amount=amount)


# ---- gift cards ----------------------------------------------------------------------------------------------------------

_SOLD = frozenset(["ACTIVATE", "LOAD"])
#: Activities that the document behind them books, or that move nothing between the seller and its customers.
_ELSEWHERE = {
    "BLOCK": "blocked for a time: nothing moves",
    "UNBLOCK": "in use again: nothing moves",
    "TRANSFER_BALANCE_FROM": "from card to card: what is owed stays the same",
    "TRANSFER_BALANCE_TO": "from card to card: what is owed stays the same",
}
_BY_PAYMENT = {"REDEEM": "its payment books it", "REFUND": "its refund books it"}
_NAMED = {
    "REDEEM": "a gift card redeemed outside of Square's payments: for which sale, a person says",
    "REFUND": "a gift card credited outside of Square's refunds: for which return, a person says",
    "CLEAR_BALANCE": "a gift card set to nil: why, a person says",
    "DEACTIVATE": "a gift card taken out of use: what becomes of its balance, a person says",
    "ADJUST_INCREMENT": "money put on a gift card by hand: at whose cost, a person says",
    "ADJUST_DECREMENT": "money taken off a gift card by hand: to whose benefit, a person says",
    "UNLINKED_ACTIVITY_REFUND": "a gift card credited outside of Square's refunds: for which return, a person says",
    "IMPORT": "a gift card brought from another system: its opening balance, a person books",
    "IMPORT_REVERSAL": "a gift card brought from another system taken back: its opening balance, a person books",
}


def read_activity(payload: Payload, context: Context) -> Iterator[Record]:
    """A movement on a gift card. Sold and redeemed in orders of Square they are booked by their payments.

    https://developer.squareup.com/reference/square/objects/GiftCardActivity
    """
    activity = payload.inside("gift_card_activity")
    place = place_of(payload, activity, context)
    currency, kind = currency_of(activity, "gift_card_balance_money"), activity.text("type")
    fields = common(activity, activity.instant("created_at"), place, currency)
    details = activity.object_or_none(f"{kind.lower()}_activity_details")
    amount = minor(details, "amount_money", currency) if details is not None else 0
    linked = any(one.text("payment_id", "") for one in (activity, *([details] if details is not None else [])))
    if kind in _ELSEWHERE or (kind in _BY_PAYMENT and linked):
        yield Skipped(**fields, reason=_ELSEWHERE.get(kind, "") or _BY_PAYMENT[kind], amount=amount)
    elif kind in _SOLD and details is not None and details.text("order_id", ""):
        yield Skipped(**fields, reason="sold in an order: its payment books it", amount=amount)
    elif kind in _SOLD:
        paid = Tender(kind="processor", amount=amount, name="external-other")
        card = activity.text("gift_card_id", "")
        yield GiftCard(**fields, stage="sold", amount=amount, card=card, tenders=(paid,), location=place.name)
    else:
        yield Unknown(
            **fields, what=_NAMED.get(kind, "") or f"Square gift card activity of type {kind!r}", amount=amount
        )


def cards_id(payload: Payload) -> str:
    """One document a day: a list of balances has no identity but its day."""
    return f"gift-cards:{payload.text('read_at', '')[:10]}"


def read_cards(payload: Payload, context: Context) -> Iterator[Record]:
    """What all gift cards together hold, by currency: what the seller owes to their holders.

    The list has no date; the pull writes ``read_at`` into it. https://developer.squareup.com/reference/square/objects/GiftCard
    """
    read_at = payload.instant("read_at") if payload.has("read_at") else None
    day: date = read_at.astimezone(context.timezone).date() if read_at else context.as_of
    sums: dict[str, int] = {}
    for card in payload.objects("gift_cards", required=True):
        if card.has("balance_money"):
            currency = currency_of(card, "balance_money")
            sums[currency] = sums.get(currency, 0) + minor(card, "balance_money", currency)
    for currency, amount in sorted(sums.items()):
        yield SystemBalance(
            external_id=f"gift-cards:{day}:{currency}",
            booked_on=day,
            currency=currency,
            occurred_at=read_at,
            role="gift-card-liability",
            amount=amount,
            account="gift-cards",
        )
