"""Square: tills, online orders and their payouts, location by location. https://developer.squareup.com/reference/square"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.provider import Api, OAuth2, Provider, RateLimit, Stream, Webhook
from integrations.providers.square import census, pulling
from integrations.providers.square.balance import read_entry, read_payout
from integrations.providers.square.faults import FAULTS
from integrations.providers.square.refunds import read_refund
from integrations.providers.square.sales import read_order, read_payment
from integrations.providers.square.standing import (
    cards_id,
    dispute_id,
    read_activity,
    read_cards,
    read_dispute,
    read_shift,
)
from integrations.providers.square.wire import events, read_error, revoke, verify
from integrations.recognising import has_fields, id_in

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "2025-08-20"
_REFERENCE = "https://developer.squareup.com/reference/square/objects"


def whoami(api: Api) -> tuple[str, str]:
    """https://developer.squareup.com/reference/square/merchants-api/list-merchants"""
    merchant = next(Payload.of(api.get("/v2/merchants")).objects("merchant", required=True), Payload({}))
    return merchant.text("id"), merchant.text("business_name", "") or merchant.text("id")


def _is_row(raw: Mapping[str, Any]) -> bool:
    return "composition" in raw or has_fields("payout_entry", "payout_id", "net_amount_money")(raw)


def _row_id(payload: Payload) -> str:
    composed = payload.object_or_none("composition")
    return f"{composed.text('id')}:rows" if composed is not None else payload.inside("payout_entry").text("id")


_IS_DRAWER = has_fields("cash_drawer_shift", "opened_cash_money", "state")
_IS_EVENT = has_fields("event", "event_type", "event_money")


def _is_shift(raw: Mapping[str, Any]) -> bool:
    return _IS_DRAWER(raw) or _IS_EVENT(raw)


def _shift_id(payload: Payload) -> str:
    return payload.inside("cash_drawer_shift").inside("event").text("id")


def _is_cards(raw: Mapping[str, Any]) -> bool:
    return isinstance(raw.get("gift_cards"), list)


PROVIDER = Provider(
    slug="square",
    name="Square",
    category="processor",
    base_urls=dict.fromkeys(("api", "authorize", "token"), "https://connect.squareup.com"),
    auth=OAuth2(
        authorize_url="/oauth2/authorize",
        token_url="/oauth2/token",  # noqa: S106 (a path)
        client_auth="json",
        scopes=(
            "MERCHANT_PROFILE_READ",
            "PAYMENTS_READ",
            "ORDERS_READ",
            "PAYOUTS_READ",
            "DISPUTES_READ",
            "GIFTCARDS_READ",
            "CASH_DRAWER_READ",
        ),
        authorize_extra={"session": "false"},
        rotates=False,
        account_key="merchant_id",
        account_in="token",
    ),
    headers={"Square-Version": API_VERSION},
    # Square publishes no limit; its answers beyond it are obeyed.
    rate=RateLimit(requests=8, seconds=1),
    webhook=Webhook(verify_at=verify, events=events),
    read_error=read_error,
    faults=FAULTS,
    whoami=whoami,
    revoke=revoke,
    descriptors=("SQUARE INC", "SQ *", "SQUARE"),
    streams=(
        Stream(
            name="payments",
            label="Payments with what was sold",
            pull=pulling.pull_payments,
            census=census.PAYMENTS,
            to_records=read_payment,
            identify=id_in("payment"),
            recognise=has_fields("payment", "total_money", "amount_money", "source_type"),
            reference=f"{_REFERENCE}/Payment",
            scopes=("PAYMENTS_READ", "ORDERS_READ", "MERCHANT_PROFILE_READ"),
            envelope=("payments",),
        ),
        Stream(
            name="orders",
            label="Orders paid before they were complete",
            pull=pulling.pull_orders,
            census=census.ORDERS,
            to_records=read_order,
            identify=id_in("order"),
            recognise=has_fields("order", "location_id", "total_money", without=("amount_money", "payment", "refund")),
            reference=f"{_REFERENCE}/Order",
            scopes=("ORDERS_READ",),
            envelope=("orders",),
        ),
        Stream(
            name="refunds",
            label="Refunds with what was returned",
            pull=pulling.pull_refunds,
            census=census.REFUNDS,
            to_records=read_refund,
            identify=id_in("refund"),
            recognise=has_fields("refund", "amount_money", "payment_id", "status", without=("total_money",)),
            reference=f"{_REFERENCE}/PaymentRefund",
            scopes=("PAYMENTS_READ",),
            envelope=("refunds",),
        ),
        Stream(
            name="payouts",
            label="Payouts",
            pull=pulling.pull_payouts,
            census=census.PAYOUTS,
            to_records=read_payout,
            identify=id_in("payout"),
            recognise=has_fields("payout", "amount_money", "arrival_date", "status"),
            reference=f"{_REFERENCE}/Payout",
            scopes=("PAYOUTS_READ",),
            envelope=("payouts",),
        ),
        Stream(
            name="payout_entries",
            label="Fees and other rows of payouts",
            pull=pulling.pull_payout_entries,
            instead="The rows of each payout must come to its amount.",
            to_records=read_entry,
            identify=_row_id,
            recognise=_is_row,
            reference=f"{_REFERENCE}/PayoutEntry",
            every_minutes=180,
            scopes=("PAYOUTS_READ",),
            envelope=("payout_entries",),
        ),
        Stream(
            name="disputes",
            label="Disputes",
            pull=pulling.pull_disputes,
            to_records=read_dispute,
            identify=dispute_id,
            recognise=has_fields("dispute", "disputed_payment", "state", "amount_money"),
            reference=f"{_REFERENCE}/Dispute",
            scopes=("DISPUTES_READ",),
            envelope=("disputes",),
        ),
        Stream(
            name="cash_drawers",
            label="Cash drawers",
            pull=pulling.pull_shifts,
            census=census.SHIFTS,
            to_records=read_shift,
            identify=_shift_id,
            recognise=_is_shift,
            reference=f"{_REFERENCE}/CashDrawerShiftSummary",
            scopes=("CASH_DRAWER_READ",),
            envelope=("cash_drawer_shifts",),
        ),
        Stream(
            name="gift_card_activities",
            label="Gift card activities",
            pull=pulling.pull_activities,
            census=census.ACTIVITIES,
            to_records=read_activity,
            identify=id_in("gift_card_activity"),
            recognise=has_fields("gift_card_activity", "gift_card_balance_money", "type"),
            reference=f"{_REFERENCE}/GiftCardActivity",
            scopes=("GIFTCARDS_READ",),
            envelope=("gift_card_activities",),
        ),
        Stream(
            name="gift_cards",
            label="Gift cards outstanding",
            pull=pulling.pull_cards,
            instead="One answer tells every card: there is nothing to count.",
            to_records=read_cards,
            identify=cards_id,
            recognise=_is_cards,
            duty="prove",
            reference=f"{_REFERENCE}/GiftCard",
            every_minutes=720,
            scopes=("GIFTCARDS_READ",),
        ),
    ),
    contract_only=True,
    no_balance="Square reports no balance of its own: each payout is the sum of its rows, and clearing holds what is not paid out.",
    notes=(
        "What gift cards hold is proven against their liability. Fees are booked with the rows of the payout. Invoices are "
        "income when they are paid."
    ),
)
