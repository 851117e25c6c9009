"""Stripe's reporting categories, and the older ``type`` where an answer has no category.

https://docs.stripe.com/reports/reporting-categories · https://docs.stripe.com/reports/balance-transaction-types
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.payload import Payload

_ADVANCE = "an instant payout's advance and its funding net to nil and are left out together"

SKIPPED = {"advance": _ADVANCE, "advance_funding": _ADVANCE}

#: A platform's own movements with its connected accounts: whose money it is cannot be told from the row.
CONNECT = {
    "transfer": "money passed on to a connected account",
    "transfer_reversal": "money taken back from a connected account",
    "platform_earning": "fee earned from a connected account",
    "platform_earning_refund": "fee given back to a connected account",
    "connect_reserved_funds": "funds held against connected accounts",
    "connect_collection_transfer": "funds collected for a connected account's debt",
}

FEE_TYPES = frozenset(["stripe_fee", "application_fee", "payment_method_passthrough_fee", "tax"])

#: What ``type`` says where there is no category (API versions before 2019); types not listed are their own category.
_BY_TYPE = {
    "payment": "charge",
    "payment_refund": "refund",
    "payment_failure_refund": "charge_failure",
    "payment_reversal": "charge_failure",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "transfer_cancel": "transfer_reversal",
    "transfer_failure": "transfer_reversal",
    "transfer_refund": "transfer_reversal",
    "reserve_transaction": "risk_reserved_funds",
    "reserved_funds": "connect_reserved_funds",
    "tax_fee": "tax",
}


def category_of(row: Payload) -> str:
    """The reporting category; without one, what the type (and an adjustment's source) says; '' if nothing does.

    Only tax on Stripe's own fees (``tax_fee``) stays a ``tax``; other movements under that name are another matter.
    """
    told, kind = row.text("reporting_category", ""), row.text("type", "")
    if told:
        return told if told != "tax" or kind in ("", "tax_fee") else f"tax_of_{kind}"
    if kind == "adjustment":
        return _adjustment(row)
    return _BY_TYPE.get(kind, kind)


def _adjustment(row: Payload) -> str:
    source = row.data.get("source")
    source_id = source.get("id", "") if isinstance(source, dict) else source or ""
    if str(source_id).startswith(("dp_", "du_")):
        return "dispute" if row.integer("amount") < 0 else "dispute_reversal"
    if str(source_id).startswith(("re_", "pyr_")):
        return "refund_failure"
    return "other_adjustment"
