"""Rows of the Shopify Payments balance by their type, payouts, and what the balance comes to.

Orders earn the income and put the payment into clearing; a row of type CHARGE or REFUND brings its fee alone.
https://shopify.dev/docs/api/admin-graphql/2026-10/enums/ShopifyPaymentsTransactionType
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from integrations.errors import PayloadError
from integrations.providers.shopify.units import book_day, common, currency_of, id_of, minor, number_of
from integrations.records import (
    Dispute,
    LoanMovement,
    Payout,
    ProcessorBalance,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Refund,
    RefundFailure,
    Reserve,
    Sale,
    Skipped,
    TaxMovement,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context


@dataclass(frozen=True, slots=True)
class Row:
    """One row in minor units of its currency: ``net`` = ``amount`` − ``fee`` moves the balance, positive into it."""

    fields: dict[str, Any]
    amount: int
    fee: int
    net: int
    order: str
    source: str


def _charge(row: Row) -> Record | None:
    if not row.order:
        return Unknown(**row.fields, what="a charge without an order: what was sold is not told", amount=row.net)
    return Sale(**row.fields, amount=row.amount, fee=row.fee, settles_order=row.order, source_id=row.source)


def _refund(row: Row) -> Record | None:
    if not row.order:
        return Unknown(**row.fields, what="a refund without an order: what was given back is not told", amount=row.net)
    return Refund(**row.fields, amount=-row.amount, fee=row.fee, settles_order=row.order, source_id=row.source)


def _refund_failure(row: Row) -> Record | None:
    """Held for a person: the order's books still show the refund."""
    return RefundFailure(**row.fields, amount=row.net, settles_order=row.order or "not told", source_id=row.source)


def _dispute(row: Row) -> Record | None:
    if row.amount < 0:
        return Dispute(**row.fields, stage="opened", amount=-row.amount, fee=row.fee, source_id=row.source)
    return Dispute(**row.fields, stage="won", amount=row.amount, fee=-row.fee, source_id=row.source)


def _fee(category: str) -> Callable[[Row], Record | None]:
    return lambda row: ProcessorFee(**row.fields, amount=-row.net, category=category)


def _reserve(row: Row) -> Record | None:
    return Reserve(**row.fields, amount=-row.net)


def _loan(row: Row) -> Record | None:
    return LoanMovement(**row.fields, amount=row.net)


def _tax(kind: Literal["sales", "duty"], jurisdiction: str) -> Callable[[Row], Record | None]:
    return lambda row: TaxMovement(**row.fields, amount=row.net, kind=kind, jurisdiction=jurisdiction)


def _credit(kind: Literal["seller_protection", "reward"]) -> Callable[[Row], Record | None]:
    return lambda row: ProcessorCredit(**row.fields, amount=row.net, kind=kind, source_id=row.source)


def _returned(row: Row) -> Record | None:
    """A payout that failed or was cancelled is back in the balance; a later one pays it again."""
    day = row.fields["booked_on"]
    return Payout(**row.fields, amount=row.net, arrives_on=day, stage="returned", payout_id=row.source, status="failed")


def _told(reason: str) -> Callable[[Row], Record | None]:
    return lambda row: Skipped(**row.fields, reason=reason, amount=row.net)


_LABEL, _ADS, _SHOP_CASH, _BILLING = _fee("shipping_label"), _fee("ads"), _fee("ads_shop_cash"), _fee("subscription")
_PROCESSING, _CHANNEL = _fee("processing"), _fee("marketplace")
_DUTY, _IMPORT, _VAT = _tax("duty", "customs"), _tax("duty", "import"), _tax("sales", "VAT")
_PROTECTED, _REWARD, _ADVANCE = (
    _credit("seller_protection"),
    _credit("reward"),
    _told("an advance and its funding come to nil"),
)
#: Type without ``_REVERSAL`` → how it is read. What is not here waits for a person.
READINGS: Mapping[str, Callable[[Row], Record | None]] = {
    "CHARGE": _charge,
    "REFUND": _refund,
    "REFUND_FAILURE": _refund_failure,
    "DISPUTE_WITHDRAWAL": _dispute,
    "DISPUTE": _dispute,
    "CHARGEBACK_FEE": _fee("dispute"),
    "CHARGEBACK_FEE_REFUND": _fee("dispute"),
    "CHARGEBACK_HOLD": _reserve,
    "CHARGEBACK_HOLD_RELEASE": _reserve,
    "RESERVED_FUNDS": _reserve,
    "RESERVED_FUNDS_WITHDRAWAL": _reserve,
    "TRANSFER": _told("the payout itself tells this"),
    "TRANSFER_FAILURE": _returned,
    "TRANSFER_CANCEL": _returned,
    "ADVANCE": _ADVANCE,
    "ADVANCE_FUNDING": _ADVANCE,
    "SHIPPING_LABEL": _LABEL,
    "SHIPPING_LABEL_ADJUSTMENT": _LABEL,
    "SHIPPING_LABEL_ADJUSTMENT_BASE": _LABEL,
    "SHIPPING_LABEL_ADJUSTMENT_SURCHARGE": _LABEL,
    "SHIPPING_OTHER_CARRIER_CHARGE_ADJUSTMENT": _LABEL,
    "SHIPPING_RETURN_TO_ORIGIN_ADJUSTMENT": _LABEL,
    "ADS_PUBLISHER_CREDIT": _ADS,
    "SHOP_CASH_BILLING_DEBIT": _SHOP_CASH,
    "SHOP_CASH_CAMPAIGN_BILLING_CREDIT": _SHOP_CASH,
    "SHOP_CASH_CAMPAIGN_BILLING_DEBIT": _SHOP_CASH,
    "SHOP_CASH_CREDIT": _SHOP_CASH,
    "SHOP_CASH_REFUND_DEBIT": _SHOP_CASH,
    "BILLING_DEBIT": _BILLING,
    "LENDING_CAPITAL_REFUND": _loan,
    "LENDING_CAPITAL_REMITTANCE": _loan,
    "LENDING_CREDIT": _loan,
    "LENDING_CREDIT_REFUND": _loan,
    "LENDING_CREDIT_REMITTANCE": _loan,
    "LENDING_DEBIT": _loan,
    "IMPORT_TAX": _IMPORT,
    "IMPORT_TAX_ADJUSTMENT": _IMPORT,
    "IMPORT_TAX_REFUND": _IMPORT,
    "CUSTOMS_DUTY": _DUTY,
    "CUSTOMS_DUTY_ADJUSTMENT": _DUTY,
    "VAT_REFUND_CREDIT": _VAT,
    "SELLER_PROTECTION_CREDIT": _PROTECTED,
    "CHARGEBACK_PROTECTION_CREDIT": _PROTECTED,
    "CHARGEBACK_PROTECTION_DEBIT": _PROTECTED,
    "MERCHANT_GOODWILL_CREDIT": _REWARD,
    "PROMOTION_CREDIT": _REWARD,
    "CHANNEL_PROMOTION_CREDIT": _REWARD,
    "STRIPE_FEE": _PROCESSING,
    "APPLICATION_FEE_REFUND": _PROCESSING,
    "ACH_BANK_FAILURE_DEBIT_FEE": _PROCESSING,
    "ACH_BANK_FAILURE_DEBIT_REVERSAL_FEE": _PROCESSING,
    "REFERRAL_FEE": _fee("referral"),
    "REFERRAL_FEE_TAX": _fee("tax"),
    "MARKETPLACE_FEE_CREDIT": _CHANNEL,
}
#: Types whose row holds its fee within the fact; of others it is a fact of its own.
_WITH_FEE = frozenset(["CHARGE", "REFUND", "DISPUTE_WITHDRAWAL", "DISPUTE"])
#: Types of the REST API → those of the GraphQL API.
_REST = {
    "charge": "CHARGE",
    "refund": "REFUND",
    "dispute": "DISPUTE",
    "reserve": "RESERVED_FUNDS",
    "payout": "TRANSFER",
    "payout_failure": "TRANSFER_FAILURE",
    "payout_cancellation": "TRANSFER_CANCEL",
    "seller_protection_credit": "SELLER_PROTECTION_CREDIT",
    "seller_protection_credit_reversal": "SELLER_PROTECTION_CREDIT_REVERSAL",
}


def is_row(raw: Mapping[str, Any]) -> bool:
    return all(name in raw for name in ("net", "fee", "type")) and ("transactionDate" in raw or "payout_id" in raw)


def row_id(payload: Payload) -> str:
    return id_of(payload) if isinstance(payload.data.get("id"), str) else str(payload.integer("id"))


def read_row(payload: Payload, context: Context) -> Iterator[Record]:
    """One row by its type; a reversal is the mirror, which its sign tells.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsBalanceTransaction
    """
    kind, row = _rest(payload, context) if "payout_id" in payload.data else _row(payload, context)
    if payload.flag("test", False):
        yield Skipped(**row.fields, reason="a row of test mode", amount=row.net)
        return
    if row.amount - row.fee != row.net:
        what = f"amount less fee comes to {row.amount - row.fee}, the row moves {row.net}"
        yield Unknown(**row.fields, what=what, amount=row.net)
        return
    base = kind.removesuffix("_REVERSAL")
    reading = READINGS.get(base)
    fact = reading(row) if reading is not None else None
    if fact is None:
        yield Unknown(**row.fields, what=f"Shopify balance row of type {kind!r}", amount=row.net)
        return
    yield fact


def _row(payload: Payload, context: Context) -> tuple[str, Row]:
    currency = currency_of(payload, "net")
    order, payout = payload.object_or_none("associatedOrder"), payload.object_or_none("associatedPayout")
    source = str(payload.integer("sourceId")) if payload.has("sourceId") else ""
    kind = payload.text("type")
    if kind.startswith("TRANSFER") and not source and payout is not None:
        source = number_of(payout.text("id", ""))
    fields = common(id_of(payload), payload.instant("transactionDate"), currency, context)
    amount, fee, net = (minor(payload, name, currency) for name in ("amount", "fee", "net"))
    return kind, Row(fields, amount, fee, net, id_of(order) if order is not None else "", source)


def _rest(payload: Payload, context: Context) -> tuple[str, Row]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/transactions"""
    currency, kind = payload.text("currency"), payload.text("type")
    fields = common(row_id(payload), payload.instant("processed_at"), currency, context)
    order, source = (str(payload.raw(name, "")) for name in ("source_order_id", "source_id"))
    amount, fee, net = (payload.minor(name, currency) for name in ("amount", "fee", "net"))
    return _REST.get(kind, kind), Row(fields, amount, fee, net, order, source)


# ---- payouts -------------------------------------------------------------------------------------------------------------

_STATUSES = frozenset(["SCHEDULED", "IN_TRANSIT", "PAID", "FAILED", "CANCELED"])


def is_payout(raw: Mapping[str, Any]) -> bool:
    return "issuedAt" in raw or ("summary" in raw and "date" in raw)


def payout_id(payload: Payload) -> str:
    return str(payload.raw("legacyResourceId")) if payload.has("legacyResourceId") else row_id(payload)


def read_payout(payload: Payload, context: Context) -> Iterator[Record]:
    """Money on its way to the bank, or taken from it by a withdrawal. One that failed comes back by its row.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsPayout
    """
    identity = payout_id(payload)
    fields, amount, direction = _sent(payload, identity, context)
    status = payload.text("status").upper()
    if status not in _STATUSES:
        yield Unknown(**fields, what=f"Shopify payout of status {payload.text('status')!r}", amount=amount)
    elif direction not in ("DEPOSIT", "WITHDRAWAL"):
        yield Unknown(**fields, what=f"Shopify payout in direction {direction!r}", amount=amount)
    else:
        yield Payout(
            **fields,
            # A withdrawal is told with either sign.
            amount=-abs(amount) if direction == "WITHDRAWAL" else amount,
            arrives_on=fields["booked_on"],
            payout_id=identity,
            trace=payload.text("externalTraceId", ""),
            status=status.lower(),
        )


def _sent(payload: Payload, identity: str, context: Context) -> tuple[dict[str, Any], int, str]:
    if payload.has("issuedAt"):
        currency = currency_of(payload, "net")
        fields = common(identity, payload.instant("issuedAt"), currency, context)
        return fields, minor(payload, "net", currency), payload.text("transactionType")
    currency = payload.text("currency")
    rest = {"external_id": identity, "booked_on": payload.day("date"), "currency": currency}
    return rest, payload.minor("amount", currency), "DEPOSIT"


# ---- the balance itself --------------------------------------------------------------------------------------------------


def is_balance(raw: Mapping[str, Any]) -> bool:
    return isinstance(raw.get("balance"), list)


def balance_id(payload: Payload) -> str:
    """One a day: a balance has no identity but its moment."""
    return f"balance:{payload.text('readAt', '')[:10]}"


def read_balance(payload: Payload, context: Context) -> Iterator[Record]:
    """What is held at the moment of reading, by currency: all of it is to be paid out.

    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsAccount
    """
    read_at = payload.instant("readAt") if payload.has("readAt") else None
    day = book_day(read_at, context) if read_at else context.as_of
    for held in payload.objects("balance", required=True):
        currency = held.text("currency" if held.has("currency") else "currencyCode")
        if len(currency) != 3:
            raise PayloadError(held.at("currencyCode"), "is not a currency code")
        amount = held.minor("amount", currency)
        fields: dict[str, Any] = {"external_id": f"balance:{day}:{currency}", "booked_on": day, "currency": currency}
        yield ProcessorBalance(**fields, occurred_at=read_at, amount=amount, available=amount, pending=0)
