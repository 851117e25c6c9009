"""Readings of the company's lists: its profile, the chart of accounts, vendors and customers. Pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from integrations.errors import PayloadError
from integrations.providers.quickbooks_online.envelopes import kind, type_name, unwrap
from integrations.records import CompanyProfile, LedgerAccount, LedgerDeletion, LedgerParty, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from typing import Any

    from integrations.payload import Payload
    from integrations.provider import Context
    from integrations.records import Record

AccountClass = Literal["asset", "liability", "equity", "income", "expense"]

#: The fifteen posting types and what they are to an accountant.
ACCOUNT_TYPES: dict[str, AccountClass] = {
    "Bank": "asset",
    "Accounts Receivable": "asset",
    "Other Current Asset": "asset",
    "Fixed Asset": "asset",
    "Other Asset": "asset",
    "Accounts Payable": "liability",
    "Credit Card": "liability",
    "Other Current Liability": "liability",
    "Long Term Liability": "liability",
    "Equity": "equity",
    "Income": "income",
    "Other Income": "income",
    "Cost of Goods Sold": "expense",
    "Expense": "expense",
    "Other Expense": "expense",
}
#: Where a type stands on the statements.
ACCOUNT_GROUPS: dict[str, str] = {
    "Bank": "bank",
    "Accounts Receivable": "receivable",
    "Other Current Asset": "current-assets",
    "Fixed Asset": "fixed-assets",
    "Other Asset": "other-assets",
    "Accounts Payable": "payable",
    "Credit Card": "card",
    "Other Current Liability": "current-liabilities",
    "Long Term Liability": "long-term-liabilities",
    "Equity": "equity",
    "Income": "income",
    "Other Income": "other-income",
    "Cost of Goods Sold": "cost-of-goods-sold",
    "Expense": "expenses",
    "Other Expense": "other-expenses",
}
#: QuickBooks' own five words, used when a country has a type that is not in the list above.
CLASSIFICATIONS: dict[str, AccountClass] = {
    "Asset": "asset",
    "Liability": "liability",
    "Equity": "equity",
    "Revenue": "income",
    "Expense": "expense",
}
_DELETED = re.compile(r" \(deleted(-\d+)?\)$")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def reference(payload: Payload, name: str) -> str:
    """The id inside a reference; '' if there is none. Requests in the wild also hold the id as a number."""
    inner = payload.object_or_none(name)
    if inner is None:
        return ""
    value = inner.raw("value")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PayloadError(inner.at("value"), "expected an id")
    return str(value)


def plain_name(name: str) -> str:
    """A name without what QuickBooks appends to inactive ones: their flag says so already."""
    return _DELETED.sub("", name)


def changed_on(body: Payload, context: Context) -> date:
    """The client's day on which the object last changed; a tombstone without times has the day it was read."""
    meta = body.object_or_none("MetaData")
    for name in ("LastUpdatedTime", "CreateTime"):
        if meta is not None and meta.has(name):
            return meta.instant(name).astimezone(context.timezone).date()
    return context.as_of


def is_deleted(body: Payload) -> bool:
    return body.data.get("status") == "Deleted"


def identify(payload: Payload) -> str:
    """``<type>:<id>``; an account is its bare id, which is what every posted line names."""
    key, body = unwrap(payload)
    number = body.text("Id")
    return number if key == "Account" else f"{type_name(key)}:{number}"


def deletion(payload: Payload, body: Payload, context: Context) -> LedgerDeletion:
    return LedgerDeletion(
        external_id=identify(payload),
        booked_on=changed_on(body, context),
        currency=context.home_currency,
    )


# ---- accounts ------------------------------------------------------------------------------------------------------------


def account_class(body: Payload) -> AccountClass | None:
    """One of our five types from AccountType, else from Classification; None if neither is known."""
    by_type = ACCOUNT_TYPES.get(body.text("AccountType", ""))
    return by_type or CLASSIFICATIONS.get(body.text("Classification", ""))


def account_balance(body: Payload, currency: str) -> int:
    """``CurrentBalance`` in minor units, debit positive. QuickBooks reports 0 on every profit-and-loss account."""
    return body.minor("CurrentBalance", currency, 0)


def read_accounts(payload: Payload, context: Context) -> Iterator[Record]:
    """https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account"""
    _, body = unwrap(payload)
    if is_deleted(body):
        yield deletion(payload, body, context)
        return
    currency = reference(body, "CurrencyRef") or context.home_currency
    booked_on = changed_on(body, context)
    found = account_class(body)
    if body.text("AccountType") == "Non-Posting":
        reason = "a non-posting account"
        yield Skipped(external_id=body.text("Id"), booked_on=booked_on, currency=currency, reason=reason)
        return
    if found is None:
        what = f"account type {body.text('AccountType')!r} of {body.text('Name')!r}"
        yield Unknown(external_id=body.text("Id"), booked_on=booked_on, currency=currency, what=what)
        return
    yield LedgerAccount(
        external_id=body.text("Id"),
        booked_on=booked_on,
        currency=currency,
        name=plain_name(body.text("FullyQualifiedName", "") or body.text("Name")),
        type=found,
        group=ACCOUNT_GROUPS.get(body.text("AccountType", ""), ""),
        subtype=body.text("AccountSubType", "") or body.text("AccountType", ""),
        number=body.text("AcctNum", ""),
        parent_id=reference(body, "ParentRef"),
        is_active=body.flag("Active", True),
        version=body.text("SyncToken", ""),
    )


# ---- vendors and customers -----------------------------------------------------------------------------------------------


def read_parties(payload: Payload, context: Context) -> Iterator[Record]:
    """https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/vendor"""
    key, body = unwrap(payload)
    if is_deleted(body):
        yield deletion(payload, body, context)
        return
    yield LedgerParty(
        external_id=f"{key}:{body.text('Id')}",
        booked_on=changed_on(body, context),
        currency=reference(body, "CurrencyRef") or context.home_currency,
        kind="vendor" if key == "Vendor" else "customer",
        name=plain_name(body.text("FullyQualifiedName", "") or body.text("DisplayName")),
        is_active=body.flag("Active", True),
        is_reported=body.flag("Vendor1099", False),
    )


# ---- the company itself --------------------------------------------------------------------------------------------------


def month_number(body: Payload, name: str) -> int:
    word = body.text(name)
    if word not in MONTHS:
        raise PayloadError(body.at(name), f"{word!r} is not a month")
    return MONTHS.index(word) + 1


def closing_date(preferences: Payload) -> date | None:
    """The date through which the books are closed; an empty text is an open company."""
    books = preferences.object("AccountingInfoPrefs")
    return books.day("BookCloseDate") if books.text("BookCloseDate", "") else None


def read_company(payload: Payload, context: Context) -> Iterator[Record]:
    """CompanyInfo and Preferences read together: a profile without its closing date would claim open books.

    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences
    """
    if not payload.has("CompanyInfo") or not payload.has("Preferences"):
        key, body = unwrap(payload)
        yield Skipped(
            external_id=key,
            booked_on=changed_on(body, context),
            currency=context.home_currency,
            reason=f"{key} alone does not tell the whole company: name and closing date come together",
        )
        return
    info, preferences = payload.object("CompanyInfo"), payload.object("Preferences")
    currency = preferences.object_or_none("CurrencyPrefs")
    yield CompanyProfile(
        external_id="company",
        booked_on=changed_on(info, context),
        currency=(reference(currency, "HomeCurrency") if currency else "") or context.home_currency,
        name=info.text("CompanyName"),
        country=info.text("Country", ""),
        fiscal_year_start_month=month_number(info, "FiscalYearStartMonth"),
        closed_through=closing_date(preferences),
        is_multicurrency=bool(currency and currency.flag("MultiCurrencyEnabled", False)),
    )


def identify_company(payload: Payload) -> str:
    del payload
    return "company"


def is_company(item: Mapping[str, Any]) -> bool:
    return kind(item) in {"CompanyInfo", "Preferences"}


def is_account(item: Mapping[str, Any]) -> bool:
    return kind(item) == "Account"


def is_vendor(item: Mapping[str, Any]) -> bool:
    return kind(item) == "Vendor"


def is_customer(item: Mapping[str, Any]) -> bool:
    return kind(item) == "Customer"
