"""What the shop itself wrote into a charge's or refund's metadata.

Our convention with the shop: ``channel`` names the income channel, ``tax_cents`` and ``tip_cents`` the tax and the tip
contained in the amount, in the object's minor units. Without them the whole amount is the sale.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.stripe.units import currency_of, expanded, in_iso, minor

if TYPE_CHECKING:
    from integrations.payload import Payload


@dataclass(frozen=True, slots=True)
class Shop:
    """In the row's currency. ``by_share``: the row is a part of the whole, or in another currency, and so are these."""

    channel: str = ""
    tax: int = 0
    tip: int = 0
    by_share: bool = False


def shop_of(source: Payload | None, amount: int) -> Shop:
    """What a charge's or refund's metadata says of a row of ``amount``; a silent refund takes its charge's, in proportion."""
    if source is None:
        return Shop()
    said = metadata_of(source)
    charge = expanded(source, "charge")
    if charge is None:
        return _share(amount, source, said)
    of_charge = metadata_of(charge)
    if {"tax_cents", "tip_cents"} & set(said):
        return _share(amount, source, {"channel": of_charge.get("channel", ""), **said})
    return _share(amount, charge, {**of_charge, **said})


def _share(amount: int, whole: Payload, said: dict[str, Any]) -> Shop:
    """Tax and tip of ``whole`` as far as the row's amount goes: another currency or a part of it scale alike."""
    values = [_cents(whole, said, name) for name in ("tax_cents", "tip_cents")]
    if not any(values):
        return Shop(channel=str(said.get("channel", "")))
    total = minor(whole, "amount", currency_of(whole))
    if sum(values) > total:
        raise PayloadError(f"{whole.at('metadata')}.tax_cents", "tax and tip are more than the amount")
    tax, tip = (_scaled(value, abs(amount), total) for value in values)
    return Shop(channel=str(said.get("channel", "")), tax=tax, tip=tip, by_share=abs(amount) != total)


def _scaled(value: int, part: int, whole: int) -> int:
    return int((Decimal(value * part) / whole).to_integral_value(ROUND_HALF_EVEN))


def metadata_of(source: Payload) -> dict[str, Any]:
    """What the shop wrote, {} where that is nothing (older answers give an empty text)."""
    found = source.data.get("metadata")
    return found if isinstance(found, dict) else {}


def _cents(whole: Payload, said: dict[str, Any], name: str) -> int:
    value = said.get(name, "0") or "0"
    if not str(value).isascii() or not str(value).isdigit():
        raise PayloadError(f"{whole.at('metadata')}.{name}", "expected a whole number of minor units")
    return in_iso(int(value), currency_of(whole), f"{whole.at('metadata')}.{name}")
