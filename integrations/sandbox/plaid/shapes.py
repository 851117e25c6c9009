"""Plaid objects as the API writes them (plaid.com/docs/api, version 2020-09-14). Amounts are dollars, positive = out."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

from integrations.sandbox.plaid.items import INSTITUTION, INSTITUTION_NAME
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from integrations.sandbox.plaid.items import Item
    from integrations.sandbox.world import CompanyWorld
    from integrations.sandbox.world.journal import Movement

Shape = dict[str, Any]
CARD_LIMIT_MINOR = 2500000
# account name in the story → (name, official name, type, subtype, mask)
ACCOUNTS = {
    "Checking": ("Business Checking", "Larkfield Business Checking", "depository", "checking", "4410"),
    "Savings": ("Business Savings", "Larkfield Business Savings", "depository", "savings", "7725"),
    "Business Visa": ("Business Visa", "Larkfield Business Visa", "credit", "credit card", "3098"),
}
_DETAILED = {
    "BANK_FEES": "BANK_FEES_OTHER_BANK_FEES",
    "FOOD_AND_DRINK": "FOOD_AND_DRINK_RESTAURANT",
    "GENERAL_MERCHANDISE": "GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE",
    "GENERAL_SERVICES": "GENERAL_SERVICES_OTHER_GENERAL_SERVICES",
    "GOVERNMENT_AND_NON_PROFIT": "GOVERNMENT_AND_NON_PROFIT_TAX_PAYMENT",
    "HOME_IMPROVEMENT": "HOME_IMPROVEMENT_HARDWARE",
    "INCOME": "INCOME_OTHER_INCOME",
    "LOAN_PAYMENTS": "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT",
    "TRANSFER_IN": "TRANSFER_IN_DEPOSIT",
    "TRANSFER_OUT": "TRANSFER_OUT_ACCOUNT_TRANSFER",
}
_NOWHERE = dict.fromkeys(("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number"))
_PAYMENT = dict.fromkeys(
    (
        "by_order_of",
        "payee",
        "payer",
        "payment_method",
        "payment_processor",
        "ppd_id",
        "reason",
        "reference_number",
    )
)


def _opaque(*parts: str) -> str:
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return base64.b64encode(digest, altchars=b"xz").decode()[:37]


def account_id(item: Item, account: str) -> str:
    """New with every item: linking a bank again gives other ids for the same accounts."""
    return _opaque("account", item.id, account)


def transaction_id(item: Item, line: Movement, *, pending: bool) -> str:
    return _opaque("transaction", item.id, line.key, "pending" if pending else "posted")


def _channel(line: Movement) -> str:
    if line.account == "Business Visa" and line.category != "LOAN_PAYMENTS":
        return "online" if line.category == "GENERAL_SERVICES" else "in store"
    return "other"


def transaction_shape(item: Item, line: Movement, *, pending: bool) -> Shape:
    """https://plaid.com/docs/api/products/transactions/#transactions-sync-response-added"""
    was_pending = line.pending_from is not None and not pending
    day: date = line.pending_from if pending and line.pending_from else line.posted_on
    authorized = line.booked_on.isoformat() if line.account == "Business Visa" else None
    merchant = {"name": line.merchant, "type": "merchant", "logo_url": None, "website": None, "entity_id": None}
    return {
        "transaction_id": transaction_id(item, line, pending=pending),
        "account_id": account_id(item, line.account),
        "account_owner": None,
        "amount": dollars(-line.amount_minor),
        "authorized_date": authorized,
        "authorized_datetime": None,
        "category": None,
        "category_id": None,
        "check_number": line.check_number or None,
        "counterparties": [{**merchant, "confidence_level": "HIGH"}] if line.merchant else [],
        "date": day.isoformat(),
        "datetime": None,
        "iso_currency_code": "USD",
        "location": dict(_NOWHERE),
        "logo_url": None,
        "merchant_entity_id": None,
        "merchant_name": line.merchant or None,
        "name": line.text,
        "payment_channel": _channel(line),
        "payment_meta": dict(_PAYMENT),
        "pending": pending,
        "pending_transaction_id": transaction_id(item, line, pending=True) if was_pending else None,
        "personal_finance_category": {
            "primary": line.category,
            "detailed": _DETAILED[line.category],
            "confidence_level": "HIGH",
        },
        "personal_finance_category_icon_url": f"https://icons.plaid.example/{line.category}.png",
        "transaction_code": None,
        "transaction_type": "place" if _channel(line) == "in store" else "special",
        "unofficial_currency_code": None,
        "website": None,
    }


def balance_minor(company: CompanyWorld, account: str, day: date) -> int:
    """The statement balance in the books' sign at the end of a day."""
    moved = sum(line.amount_minor for line in company.movements if line.account == account and line.posted_on <= day)
    return dict(company.cast.opening)[account] + moved


def account_shape(item: Item, company: CompanyWorld, account: str) -> Shape:
    """https://plaid.com/docs/api/accounts/; a card's current balance is what is owed."""
    name, official, kind, subtype, mask = ACCOUNTS[account]
    balance = balance_minor(company, account, item.today)
    card = kind == "credit"
    current = -balance if card else balance
    return {
        "account_id": account_id(item, account),
        "balances": {
            "available": dollars(CARD_LIMIT_MINOR - current if card else current),
            "current": dollars(current),
            "iso_currency_code": "USD",
            "limit": dollars(CARD_LIMIT_MINOR) if card else None,
            "unofficial_currency_code": None,
        },
        "holder_category": "business",
        "mask": mask,
        "name": name,
        "official_name": official,
        "persistent_account_id": _opaque("persistent", company.cast.slug, account),
        "subtype": subtype,
        "type": kind,
    }


def item_shape(item: Item) -> Shape:
    """https://plaid.com/docs/api/items/#itemget"""
    return {
        "item_id": item.id,
        "institution_id": INSTITUTION,
        "institution_name": INSTITUTION_NAME,
        "webhook": item.webhook or None,
        "auth_method": None,
        "error": login_error() if item.login_required else None,
        "available_products": ["balance"],
        "billed_products": ["transactions"],
        "products": ["transactions"],
        "consented_products": ["transactions"],
        "consent_expiration_time": None,
        "update_type": "background",
    }


def login_error() -> Shape:
    text = (
        "the login details of this item have changed (credentials, MFA, or required user action) and a user login is "
        "required to update this information. use Link's update mode to restore the item to a good state"
    )
    return {
        "error_type": "ITEM_ERROR",
        "error_code": "ITEM_LOGIN_REQUIRED",
        "error_message": text,
        "display_message": "The bank asks you to log in again.",
        "status": 400,
    }


def institution_shape() -> Shape:
    return {
        "institution_id": INSTITUTION,
        "name": INSTITUTION_NAME,
        "products": ["transactions", "balance"],
        "country_codes": ["US"],
        "url": "https://larkfieldbank.example",
        "primary_color": None,
        "logo": None,
        "routing_numbers": ["011000138"],
        "dtc_numbers": [],
        "oauth": False,
    }


def link_account(shape: Shape) -> Shape:
    """An account as Link's session results show it."""
    kept = {key: shape[key] for key in ("mask", "name", "subtype", "type")}
    return {"id": shape["account_id"], **kept, "verification_status": None, "class_type": None}
