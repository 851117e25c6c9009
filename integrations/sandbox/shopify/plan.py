"""What happened in the online shop, before any of it is a shape or a posting. Cents throughout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, day_in, local_instant
from integrations.sandbox.world.chance import share, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "shopify"
RATES = (("State sales tax", 600), ("County sales tax", 125))
OWN, GIFT, CREDIT = "shopify_payments", "gift_card", "shopify_store_credit"
CARD_VALUE, REDEEMED, CREDIT_USED, DISPUTE_FEE = 5000, 3000, 1500, 1500


@dataclass(frozen=True, slots=True)
class Line:
    """One sale of an agreement, signed: ``net_minor`` is after discount and before tax."""

    kind: str
    net_minor: int
    taxes: tuple[tuple[str, int], ...] = ()
    discount_minor: int = 0
    action: str = "ORDER"

    @property
    def tax_minor(self) -> int:
        return sum(tax for _, tax in self.taxes)

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class Paid:
    """One transaction of an order: always positive, its kind says the direction."""

    id: int
    kind: str
    gateway: str
    amount_minor: int
    at: datetime
    parent: int = 0


@dataclass(frozen=True, slots=True)
class Deal:
    """One agreement and the transactions of its time."""

    id: int
    type: str
    at: datetime
    lines: tuple[Line, ...]
    paid: tuple[Paid, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order. ``later`` is money that moved apart from any agreement."""

    id: int
    number: int
    at: datetime
    deals: tuple[Deal, ...]
    later: tuple[Paid, ...] = ()

    @property
    def paid(self) -> tuple[Paid, ...]:
        return (*(one for deal in self.deals for one in deal.paid), *self.later)

    @property
    def updated(self) -> datetime:
        return max(*(deal.at for deal in self.deals), *(one.at for one in self.paid))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the balance: its net moves it."""

    id: int
    at: datetime
    kind: str
    amount_minor: int
    fee_minor: int = 0
    order: int = 0
    source: int = 0

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True, slots=True)
class Quarrel:
    """A dispute; ``outcome`` "LOST" or "WON" on ``closed``."""

    id: int
    purchase: Purchase
    at: datetime
    closed: datetime
    outcome: str

    @property
    def amount_minor(self) -> int:
        return next(one.amount_minor for one in self.purchase.paid if one.gateway == OWN)


def purchases_of(cast: Cast, seed: int) -> list[Purchase]:
    """Some forty orders a month, each odd thing at a fixed place of the month."""
    found: list[Purchase] = []
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, month)
        for place, at in enumerate(telling.moments(rng, month, 40, hours=(6, 17))):
            found.append(_until_horizon(_purchase(rng, index, place, at)))
    return found


def _purchase(rng: Random, index: int, place: int, at: datetime) -> Purchase:
    base = (index + 1) * 100_000 + place * 100
    sold = tuple(_sold(rng, place))
    due = sum(line.total_minor for line in sold)
    paid = tuple(_paid(base, index, place, at, due))
    deals = [Deal(base + 1, "OrderAgreement", at, sold, paid)]
    later: tuple[Paid, ...] = ()
    if paid[0].kind == "AUTHORIZATION":
        later = (Paid(base + 15, "CAPTURE", OWN, due, at + timedelta(days=3), paid[0].id),)
    elif place == 10:
        extra = Line("PRODUCT", 2500, telling.taxes(2500, RATES), action="UPDATE")
        when = at + timedelta(days=1)
        deals.append(
            Deal(
                base + 2, "OrderEditAgreement", when, (extra,), (Paid(base + 16, "SALE", OWN, extra.total_minor, when),)
            )
        )
    back = _returned(sold[0], place)
    if back is not None and len(paid) == 1:
        when, gateway = at + timedelta(days=rng.randint(2, 6)), CREDIT if place == 18 else OWN
        given = Paid(base + 17, "REFUND", gateway, -back.total_minor, when, paid[0].id)
        deals.append(Deal(base + 3, "RefundAgreement", when, (back,), (given,)))
    return Purchase(5_800_000_000_000 + base, 1001 + index * 60 + place, at, tuple(deals), later)


def _sold(rng: Random, place: int) -> Iterator[Line]:
    goods = rng.randint(1500, 14000)
    discount = share(goods, 1000) if place % 6 == 0 else 0
    yield Line("PRODUCT", goods - discount, telling.taxes(goods - discount, RATES), discount)
    if goods < 9000:
        yield Line("SHIPPING", 695)
    if place % 11 == 5:
        yield Line("TIP", 300)
    if place == 7:
        yield Line("GIFT_CARD", CARD_VALUE)
    if place == 13:
        yield Line("DUTY", 640)


def _paid(base: int, index: int, place: int, at: datetime, due: int) -> Iterator[Paid]:
    """By card; from the second month on, once by a gift card and once by store credit of before, the rest by card."""
    if place == 16:
        yield Paid(base + 11, "AUTHORIZATION", OWN, due, at)
        return
    other = {20: (GIFT, REDEEMED), 22: (CREDIT, CREDIT_USED)}.get(place) if index else None
    part = min(other[1], due) if other else 0
    if other:
        yield Paid(base + 12, "SALE", other[0], part, at)
    if due > part:
        yield Paid(base + 11, "SALE", OWN, due - part, at)


def _returned(sold: Line, place: int) -> Line | None:
    """All of the goods, half of them, or an amount without lines."""
    if place == 15:
        return Line("ADJUSTMENT", -500, action="RETURN")
    if place % 12 in (3, 9) or place == 18:
        whole = place % 12 == 3
        net = sold.net_minor if whole else sold.net_minor // 2
        discount = sold.discount_minor if whole else sold.discount_minor // 2
        taxes = sold.taxes if whole else telling.taxes(net, RATES)
        return Line("PRODUCT", -net, tuple((name, -tax) for name, tax in taxes), -discount, "RETURN")
    return None


def _until_horizon(purchase: Purchase) -> Purchase:
    deals = tuple(deal for deal in purchase.deals if book_date(deal.at) <= HORIZON)
    return replace(purchase, deals=deals, later=tuple(one for one in purchase.later if book_date(one.at) <= HORIZON))


def quarrels_of(purchases: list[Purchase]) -> list[Quarrel]:
    """One of January that is lost, one of February that is won."""
    plain = {purchase.number: purchase for purchase in purchases}
    return [
        Quarrel(
            3001, plain[1003], local_instant(day_in("2026-01", 25), 9), local_instant(day_in("2026-02", 27), 9), "LOST"
        ),
        Quarrel(
            3002, plain[1063], local_instant(day_in("2026-02", 24), 9), local_instant(day_in("2026-03", 16), 9), "WON"
        ),
    ]


def rows_of(purchases: list[Purchase], quarrels: list[Quarrel]) -> list[Row]:
    """Every row of the balance but the payouts."""
    rows = [row for purchase in purchases for row in _of_order(purchase)]
    for quarrel in quarrels:
        order, amount, base = quarrel.purchase.id, quarrel.amount_minor, 8_000_000 + quarrel.id * 10
        rows.append(Row(base, quarrel.at, "DISPUTE_WITHDRAWAL", -amount, DISPUTE_FEE, order, quarrel.id))
        if quarrel.outcome == "WON":
            rows.append(Row(base + 1, quarrel.closed, "DISPUTE_REVERSAL", amount, -DISPUTE_FEE, order, quarrel.id))
    for index, month in enumerate(telling.MONTHS):
        rows += _of_month(index, month)
    return sorted((row for row in rows if book_date(row.at) <= HORIZON), key=lambda row: (row.at, row.id))


def _of_order(purchase: Purchase) -> Iterator[Row]:
    for one in purchase.paid:
        base = 8_000_000_000 + (purchase.id % 1_000_000) * 100 + one.id % 100
        if one.gateway == OWN and one.kind in ("SALE", "CAPTURE"):
            fee = share(one.amount_minor, 290) + 30
            yield Row(base, one.at, "CHARGE", one.amount_minor, fee, purchase.id, one.id)
        elif one.gateway == OWN and one.kind == "REFUND":
            yield Row(base, one.at, "REFUND", -one.amount_minor, 0, purchase.id, one.id)


def _of_month(index: int, month: str) -> Iterator[Row]:
    base = 8_100_000 + index * 100
    planned = [
        (2, "BILLING_DEBIT", -3900),
        *((day, "SHIPPING_LABEL", -(820 + day * 11)) for day in (4, 11, 18, 25)),
        (26, "LENDING_CREDIT_REMITTANCE", -60000),
        *(((12, "LENDING_CREDIT", 300000),) if month == "2026-01" else ()),
        *(((10, "RESERVED_FUNDS", -20000),) if month == "2026-02" else ()),
        *(
            ((10, "RESERVED_FUNDS_REVERSAL", 20000), (20, "SELLER_PROTECTION_CREDIT", 4200))
            if month == "2026-03"
            else ()
        ),
    ]
    for number, (day, kind, amount) in enumerate(planned):
        yield Row(base + number, local_instant(day_in(month, day), 4), kind, amount)
