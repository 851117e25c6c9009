"""Stripe objects as the API writes them (docs.stripe.com/api, version 2026-10-28.endive). Amounts in cents."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from integrations.sandbox.world.calendar import STORY_NOW, utc_midnight

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payouts import Payout
    from integrations.sandbox.world.sales import Charge, Dispute, Refund, Row

API_VERSION = "2026-10-28.endive"
Shape = dict[str, Any]

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)
_NOBODY = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def row_shape(row: Row) -> Shape:
    """A balance transaction. https://docs.stripe.com/api/balance_transactions/object"""
    what = "Stripe processing fees" if row.category == "charge" else "Dispute fee"
    fee = {"amount": row.fee_minor, "application": None, "currency": "usd", "description": what, "type": "stripe_fee"}
    return {
        "id": row.id,
        "object": "balance_transaction",
        "amount": row.amount_minor,
        "available_on": seconds(row.available_on),
        "balance_type": "payments",
        "created": seconds(row.created),
        "currency": "usd",
        "description": row.description,
        "exchange_rate": None,
        "fee": row.fee_minor,
        "fee_details": [fee] if row.fee_minor else [],
        "net": row.net_minor,
        "reporting_category": row.category,
        "source": row.source,
        "status": "available" if row.available_on <= STORY_NOW else "pending",
        "type": row.type,
    }


def _card(charge: Charge) -> Shape:
    checks = {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"}
    return {
        "brand": charge.brand,
        "checks": checks,
        "country": "US",
        "exp_month": 8,
        "exp_year": 2029,
        "fingerprint": hashlib.sha256(charge.last4.encode()).hexdigest()[:16],
        "funding": "credit",
        "installments": None,
        "last4": charge.last4,
        "mandate": None,
        "network": charge.brand,
        "three_d_secure": None,
        "wallet": None,
    }


def charge_shape(charge: Charge, refunded_minor: int, *, disputed: bool) -> Shape:
    """https://docs.stripe.com/api/charges/object; channel, tax and tip ride in the shop's own metadata."""
    metadata = {"channel": charge.channel, "order_id": charge.order}
    if charge.tax_minor:
        metadata["tax_cents"] = str(charge.tax_minor)
    if charge.tip_minor:
        metadata["tip_cents"] = str(charge.tip_minor)
    billing = {"address": dict(_NOBODY), "email": None, "name": None, "phone": None, "tax_id": None}
    return {
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount_minor,
        "amount_captured": charge.amount_minor,
        "amount_refunded": refunded_minor,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": charge.row_id,
        "billing_details": billing,
        "calculated_statement_descriptor": "SHOP",
        "captured": True,
        "created": seconds(charge.created),
        "currency": "usd",
        "customer": None,
        "description": f"Order {charge.order}",
        "disputed": disputed,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": metadata,
        "on_behalf_of": None,
        "outcome": None,
        "paid": True,
        "payment_intent": charge.intent_id,
        "payment_method": charge.method_id,
        "payment_method_details": {"card": _card(charge), "type": "card"},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": refunded_minor == charge.amount_minor,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund_shape(refund: Refund) -> Shape:
    """https://docs.stripe.com/api/refunds/object"""
    metadata = {}
    if refund.tax_minor:
        metadata["tax_cents"] = str(refund.tax_minor)
    if refund.tip_minor:
        metadata["tip_cents"] = str(refund.tip_minor)
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_minor,
        "balance_transaction": refund.row_id,
        "charge": refund.charge_id,
        "created": seconds(refund.created),
        "currency": "usd",
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": refund.intent_id,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute_shape(dispute: Dispute, rows: list[Row], brand: str) -> Shape:
    """https://docs.stripe.com/api/disputes/object"""
    over = dispute.closed <= STORY_NOW
    details: Shape = {
        "due_by": None if over else seconds(dispute.created) + 9 * 86400,
        "enhanced_eligibility": {},
        "has_evidence": True,
        "past_due": False,
        "submission_count": 1,
    }
    card = {"brand": brand, "case_type": "chargeback", "network_reason_code": "13.1"}
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "balance_transactions": [row_shape(row) for row in rows],
        "charge": dispute.charge_id,
        "created": seconds(dispute.created),
        "currency": "usd",
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": details,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.intent_id,
        "payment_method_details": {"card": card, "type": "card"},
        "reason": "product_not_received",
        "status": dispute.outcome if over else "under_review",
    }


def payout_shape(payout: Payout) -> Shape:
    """https://docs.stripe.com/api/payouts/object; the arrival date is the processor's word, not the bank's."""
    arrival = utc_midnight(payout.expected_on)
    arrived = arrival <= STORY_NOW
    return {
        "id": payout.id,
        "object": "payout",
        "amount": payout.amount_minor,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": seconds(arrival),
        "automatic": True,
        "balance_transaction": payout.row.id,
        "created": seconds(payout.created),
        "currency": "usd",
        "description": "STRIPE PAYOUT",
        "destination": f"ba_1T{payout.id[5:13]}",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": payout.bank_text,
        "status": "paid" if arrived else "in_transit",
        "trace_id": {"status": "supported" if arrived else "pending", "value": payout.trace if arrived else None},
        "type": "bank_account",
    }


def event_shape(kind: str, at: datetime, shape: Shape, account: str) -> Shape:
    """https://docs.stripe.com/api/events/object; the id follows from what happened, so a repeat has the same id."""
    digest = hashlib.sha256(f"{kind}|{shape['id']}|{at.isoformat()}".encode()).hexdigest()[:24]
    return {
        "id": f"evt_1{digest}",
        "object": "event",
        "account": account,
        "api_version": API_VERSION,
        "created": seconds(at),
        "data": {"object": shape},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def account_shape(cast: Cast) -> Shape:
    """https://docs.stripe.com/api/accounts/object"""
    return {
        "id": cast.stripe_account,
        "object": "account",
        "business_profile": {"mcc": "5699", "name": cast.name, "support_email": cast.email, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": 1733097600,
        "default_currency": "usd",
        "details_submitted": True,
        "email": cast.email,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
            "card_payments": {
                "statement_descriptor_prefix": "SHOP",
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "payments": dict.fromkeys(
                ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji")
            ),
            "dashboard": {"display_name": cast.name, "timezone": "America/Los_Angeles"},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "type": "standard",
    }


def balance_shape(available_minor: int, pending_minor: int) -> Shape:
    """https://docs.stripe.com/api/balance/balance_object"""
    return {
        "object": "balance",
        "available": [{"amount": available_minor, "currency": "usd", "source_types": {"card": available_minor}}],
        "livemode": False,
        "pending": [{"amount": pending_minor, "currency": "usd", "source_types": {"card": pending_minor}}],
    }
