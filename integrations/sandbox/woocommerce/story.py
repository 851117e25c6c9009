"""WooCommerce's part in a company's story: orders of other shops, paid by transfer, cheque or at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, STORY_NOW, book_date, next_business_day
from integrations.sandbox.world.chance import share, stream
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from integrations.sandbox.world.cast import Cast

SLUG = "woocommerce"
OWED, SHIPPING, ROUNDING = "WooCommerce Orders Owed", "WooCommerce Shipping Income", "WooCommerce Rounding"
RATES = (("State sales tax", 600), ("County sales tax", 125))
#: Place in the month → the state an order ends in without being sold.
UNSOLD = {6: "on-hold", 14: "cancelled", 19: "failed", 27: "trash"}


@dataclass(frozen=True, slots=True)
class Back:
    """A refund; ``whole`` is one without lines."""

    id: int
    at: datetime
    goods_minor: int
    taxes: tuple[tuple[str, int], ...]
    shipping_minor: int = 0
    whole: bool = False

    @property
    def amount_minor(self) -> int:
        return self.goods_minor + self.shipping_minor + sum(tax for _, tax in self.taxes)


@dataclass(frozen=True, slots=True)
class Sold:
    """One order; ``paid`` is None until it was. ``off_minor`` is what the total differs by from its lines."""

    id: int
    at: datetime
    paid: datetime | None
    status: str
    method: str
    goods_minor: int
    discount_minor: int
    fee_minor: int
    shipping_minor: int
    taxes: tuple[tuple[str, int], ...]
    off_minor: int = 0
    backs: tuple[Back, ...] = ()

    @property
    def total_minor(self) -> int:
        lines = self.goods_minor - self.discount_minor + self.fee_minor + self.shipping_minor
        return lines + sum(tax for _, tax in self.taxes) + self.off_minor

    @property
    def sold_at(self) -> datetime:
        return self.at if self.paid is None or self.method == "cod" else self.paid

    @property
    def is_sold(self) -> bool:
        return self.status in ("processing", "completed", "refunded")

    @property
    def modified(self) -> datetime:
        return max(self.at, self.paid or self.at, *(back.at for back in self.backs))


@dataclass(frozen=True, slots=True)
class Store:
    """What the API serves."""

    orders: tuple[Sold, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Every order of the store since the cut-over."""
    store = Store(tuple(_orders(cast, seed)))
    return Told(
        data=store,
        events=tuple(_events(store)),
        accounts=(
            (OWED, "Other Current Asset", "OtherCurrentAssets"),
            (SHIPPING, "Income", "ServiceFeeIncome"),
            (ROUNDING, "Expense", "OtherMiscellaneousServiceCost"),
        ),
        mapping=(
            Rule("ar", OWED),
            Rule("ar", OWED, words="WOO ORDER"),
            Rule("sales", "Online Sales"),
            Rule("discounts", "Refunds and Discounts"),
            Rule("returns", "Refunds and Discounts"),
            Rule("shipping-income", SHIPPING),
            Rule("sales-tax-payable", "Sales Tax Payable"),
            Rule("rounding", ROUNDING),
        ),
        seen=tuple(("orders", book_date(sold.sold_at)) for sold in store.orders),
    )


def _orders(cast: Cast, seed: int) -> Iterator[Sold]:
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, month)
        for place, at in enumerate(telling.moments(rng, month, 30, hours=(6, 17))):
            goods, days = rng.randint(4000, 26000), rng.randint(1, 3)
            discount = share(goods, 1500) if place % 8 == 3 else 0
            shipping = 950 if place % 3 else 0
            method = "cod" if place % 5 == 4 else "cheque" if place % 7 == 5 else "bacs"
            status = UNSOLD.get(place, "completed" if place % 2 else "processing")
            paid = at + timedelta(days=days)
            if method != "cod" and status == "processing" and paid > STORY_NOW:
                status = "on-hold"
            sold = Sold(
                id=20_000 + index * 1000 + place * 10,
                at=at,
                paid=paid if status in ("processing", "completed") and paid <= STORY_NOW else None,
                status=status,
                method=method,
                goods_minor=goods,
                discount_minor=discount,
                fee_minor=400 if place == 8 else 0,
                shipping_minor=shipping,
                taxes=telling.taxes(goods - discount + shipping, RATES),
                off_minor=1 if place == 12 else 0,
            )
            yield _with_refunds(sold, place)


def _with_refunds(sold: Sold, place: int) -> Sold:
    """Half of the goods, or all of it without lines; what the buyer has not paid yet is refunded to nobody."""
    if sold.paid is None or place not in (2, 11):
        return sold
    at = sold.paid + timedelta(days=5)
    if at > STORY_NOW:
        return sold
    half = (sold.goods_minor - sold.discount_minor) // 2
    if place == 2:
        back = Back(sold.id + 1, at, half, telling.taxes(half, RATES))
    else:
        net = sold.goods_minor - sold.discount_minor
        back = Back(sold.id + 1, at, net, sold.taxes, sold.shipping_minor, whole=True)
    status = "refunded" if back.whole else sold.status
    return replace(sold, status=status, backs=(back,))


def _events(store: Store) -> Iterator[Event]:
    for sold in store.orders:
        if not sold.is_sold:
            continue
        taxes = [("Sales Tax Payable", -tax) for _, tax in sold.taxes]
        lines = [
            (OWED, sold.total_minor),
            ("Refunds and Discounts", sold.discount_minor),
            ("Online Sales", -sold.goods_minor - sold.fee_minor),
            (SHIPPING, -sold.shipping_minor),
            (ROUNDING, -sold.off_minor),
        ]
        yield Event(postings=entry(book_date(sold.sold_at), SLUG, f"woo-{sold.id}", *lines, *taxes))
        if sold.paid is not None:
            day = next_business_day(book_date(sold.paid))
            yield from _banked(f"woo-{sold.id}-paid", day, sold.total_minor, f"WOO ORDER {sold.id}")
        for back in sold.backs:
            yield from _refunded(sold, back)


def _refunded(sold: Sold, back: Back) -> Iterator[Event]:
    """A refund without lines is goods but for its tax: shipping is not told apart."""
    taxes = [("Sales Tax Payable", tax) for _, tax in back.taxes]
    goods = back.goods_minor + (back.shipping_minor if back.whole else 0)
    lines = [(OWED, -back.amount_minor), ("Refunds and Discounts", goods)]
    yield Event(postings=entry(book_date(back.at), SLUG, f"woo-{back.id}", *lines, *taxes))
    day = next_business_day(book_date(back.at))
    yield from _banked(f"woo-{back.id}-back", day, -back.amount_minor, f"WOO ORDER {sold.id} REFUND")


def _banked(key: str, day: date, amount: int, text: str) -> Iterator[Event]:
    if day <= HORIZON:
        yield telling.cash_event(key, day, OWED, amount, text)
