"""What the components of a sale or refund add up to, whether a settlement's rows told them or a transaction's breakdown.

Components come signed from the seller's side: a credit is positive. Tax that Amazon collects and remits stands in them twice,
in and out: it nets to nil and is never the seller's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.records import Fee, Goods, Order, OrderRefund, Record, Tax, TaxMovement

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A component of an item's price → what it is for the books; ``tax`` is what the buyer paid.
PRICES = {
    "principal": "goods",
    "goodwill": "goods",
    "restockingfee": "goods",
    "shipping": "shipping",
    "giftwrap": "shipping",
    "tax": "tax",
    "shippingtax": "tax",
    "giftwraptax": "tax",
}
PROMOTIONS = {"principal": "discount", "shipping": "discount", "giftwrap": "discount", "taxdiscount": "tax"}
#: Taxes withheld from the seller that are set off against the seller's own: recoverable.
_RECOVERABLE = re.compile(r"(TCS|TDS)\b", re.IGNORECASE)
#: Collected and remitted by Amazon.
_COLLECTED = re.compile(r"(MarketplaceFacilitator(Tax|VAT)|LowValueGoodsTax)\b", re.IGNORECASE)
#: Charges on shipping and wrapping that are commissions, under names that do not read as labels or storage.
_RENAMED = {"shippinghb": "Commission on carriage", "shippingchargeback": "Carriage charged back"}


@dataclass(slots=True)
class Parts:
    """Sums of one event, in minor units from the seller's side; ``fees`` by their names, costs positive."""

    goods: int = 0
    shipping: int = 0
    discount: int = 0
    tax: int = 0
    collected: int = 0
    fees: dict[str, int] = field(default_factory=dict)

    def add(self, part: str, amount: int, name: str = "") -> None:
        if part == "fee":
            self.fees[name] = self.fees.get(name, 0) - amount
        else:
            setattr(self, part, getattr(self, part) + amount)


def fee_name(described: str) -> str:
    """What a fee is called: the words in its description, so that storage and labels are known as such."""
    known = _RENAMED.get(described.casefold())
    return known or re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", described)


def withheld_part(described: str) -> str:
    """Which part a withheld tax is; '' for one nobody has told us of."""
    return "fee" if _RECOVERABLE.match(described) else "collected" if _COLLECTED.match(described) else ""


def facts_of(parts: Parts, fields: dict[str, Any], *, channel: str, number: str, back: bool) -> Iterator[Record]:
    """The sale, or the refund (``back``), that the parts are; and what of the marketplace's tax does not come to nil.

    Where Amazon withheld anything of the tax it is the marketplace's; otherwise the seller owes it.
    """
    own = 0 if parts.collected else parts.tax
    passed = parts.tax if parts.collected else 0
    sign = -1 if back else 1
    taxes = (
        *((Tax(amount=sign * own),) if own else ()),
        *((Tax(amount=sign * passed, jurisdiction=channel, collected_by_marketplace=True),) if passed else ()),
    )
    common: dict[str, Any] = {
        "amount": sign * (parts.goods + parts.shipping + parts.discount + own),
        "goods": (Goods(amount=sign * parts.goods),) if parts.goods else (),
        "discount": -sign * parts.discount,
        "shipping": sign * parts.shipping,
        "taxes": taxes,
        "fees": tuple(Fee(amount=amount, category=name) for name, amount in parts.fees.items() if amount),
        "channel": channel,
        "number": number,
    }
    yield OrderRefund(**fields, **common, order=number) if back else Order(**fields, **common)
    if parts.collected and (rest := parts.tax + parts.collected):
        fields = {**fields, "external_id": f"{fields['external_id']}:tax", "memo": "Tax Amazon kept back differently"}
        yield TaxMovement(**fields, amount=rest, kind="marketplace", jurisdiction=channel)
