"""The exchange rates a company with several currencies keeps: steady figures a currency, moved a little by the day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

#: Home currency (USD) for one unit.
RATES = {
    "EUR": Decimal("1.0850"),
    "GBP": Decimal("1.2700"),
    "CAD": Decimal("0.7300"),
    "AUD": Decimal("0.6600"),
    "MXN": Decimal("0.0550"),
    "JPY": Decimal("0.0067"),
}


def rate_on(currency: str, day: date) -> Decimal | None:
    """The rate of a day; None for a currency the company does not keep."""
    base = RATES.get(currency.upper())
    return None if base is None else base + base * Decimal(day.day - 15) / 1000
