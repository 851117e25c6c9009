"""PayPal's money, moments and identities.

Amounts are decimal text beside their currency code; yen, forint and Taiwan dollars come without decimals. Moments are sent as
``2019-06-04T01:27:43+0000`` or ``…Z``, which PayPal's own pattern does not allow; both are read.
https://developer.paypal.com/docs/api/transaction-search/v1/
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from integrations.errors import PayloadError

if TYPE_CHECKING:
    from datetime import date, datetime

    from integrations.payload import Payload
    from integrations.provider import Context


def currency_of(payload: Payload, name: str) -> str:
    """The currency of a money field. Raises PayloadError where it is none."""
    return payload.object(name).currency("currency_code")


def minor(payload: Payload, name: str, currency: str) -> int:
    """Minor units of a money field, 0 where there is none. Raises PayloadError for another currency."""
    if not payload.has(name):
        return 0
    found = currency_of(payload, name)
    if found != currency:
        raise PayloadError(payload.object(name).at("currency_code"), f"is {found}, and the rest is in {currency}")
    return payload.object(name).minor("value", currency)


def day_of(moment: datetime, context: Context) -> date:
    """The client's day."""
    return moment.astimezone(context.timezone).date()


def stamp(moment: datetime) -> str:
    """A moment as PayPal asks for it: with seconds and an offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def identity(info: Payload) -> str:
    """``transaction_id`` is not unique in reporting: event code, currency and direction tell the rows under one id apart."""
    currency = currency_of(info, "transaction_amount")
    sign = "-" if minor(info, "transaction_amount", currency) < 0 else "+"
    return f"{info.text('transaction_id')}:{info.text('transaction_event_code')}:{currency}:{sign}"
