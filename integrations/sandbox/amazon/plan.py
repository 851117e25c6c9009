"""What happened in the seller's account, before any of it is a report, a shape or a posting. Cents; a credit is positive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import CUT_OVER, book_date, day_in, local_instant
from integrations.sandbox.world.chance import share, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG, MARKET = "amazon", "Amazon.com"
TAX_BP, REFERRAL_BP, CARRIAGE, WRAP = 825, 1500, 599, 399
#: Settlements close every second Wednesday; the first, of one week, costs more than it brings.
FIRST_CLOSE, EVERY, CLOSES_AT = date(2026, 1, 7), timedelta(days=14), 20
RESERVED = (0, 9000, 21250, 18700, 32000, 27510, 24905, 30120)
#: What is kept back at a settlement's end is free again shortly before the next one's.
KEPT_FOR = timedelta(days=13, hours=12)

Component = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that Amazon posted: its components as (amount type, description, amount). ``deferred_at`` is when the sale
    was posted that Amazon released only at ``at``.
    """

    at: datetime
    type: str
    components: tuple[Component, ...]
    order: str = ""
    adjustment: str = ""
    shipment: str = ""
    sku: str = ""
    deferred_at: datetime | None = None

    @property
    def net_minor(self) -> int:
        return sum(amount for _, _, amount in self.components)

    @property
    def id(self) -> str:
        """What tells it apart for ever."""
        return f"{self.at:%Y%m%d%H%M%S}-{self.type}-{self.order or self.components[0][1]}".replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Closed:
    """A settlement: what was posted in it, its total, and when that is sent (None: nothing is)."""

    number: str
    start: datetime
    end: datetime
    sent_at: datetime | None
    events: tuple[Event, ...]

    @property
    def total_minor(self) -> int:
        return sum(event.net_minor for event in self.events)


# ---- sales and refunds ---------------------------------------------------------------------------------------------------


def sales_of(cast: Cast, seed: int) -> list[Event]:
    """About forty-five a month; some are deferred until they are delivered, a week and more after they were posted."""
    found = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for number, at in enumerate(telling.moments(rng, month, 45)):
            found.append(_sale(rng, number, at, owes_tax=number == 7 and month == "2026-02"))
    return found


def _sale(rng: Random, number: int, at: datetime, *, owes_tax: bool) -> Event:
    goods, is_own = rng.randint(1500, 9000), number % 4 == 0
    carriage, wrap = (CARRIAGE if is_own else 0), (WRAP if number % 11 == 5 else 0)
    promotion = share(goods, 1000) if number % 9 == 2 else 0
    tax, carriage_tax = share(goods - promotion, TAX_BP), share(carriage, TAX_BP)
    collected = () if owes_tax else (("Principal", -tax), ("Shipping", -carriage_tax))
    components = (
        ("ItemPrice", "Principal", goods),
        ("ItemPrice", "Shipping", carriage),
        ("ItemPrice", "GiftWrap", wrap),
        ("ItemPrice", "Tax", tax),
        ("ItemPrice", "ShippingTax", carriage_tax),
        ("Promotion", "Principal", -promotion),
        ("Promotion", "Shipping", -carriage if number % 8 == 0 else 0),
        *(("ItemWithheldTax", f"MarketplaceFacilitatorTax-{part}", amount) for part, amount in collected),
        ("ItemFees", "Commission", -share(goods, REFERRAL_BP)),
        ("ItemFees", "ShippingHB" if is_own else "FBAPerUnitFulfillmentFee", -90 if is_own else -rng.randint(322, 610)),
    )
    deferred = at if number % 6 == 1 else None
    return Event(
        at + timedelta(days=rng.randint(8, 11)) if deferred else at,
        "Order",
        tuple(one for one in components if one[2]),
        order=f"11{rng.randint(1, 4)}-{rng.randint(10**6, 10**7 - 1)}-{rng.randint(10**6, 10**7 - 1)}",
        shipment=f"D{rng.randint(10**7, 10**8 - 1)}",
        sku=f"TT-{rng.randint(100, 130)}",
        deferred_at=deferred,
    )


def refunds_of(cast: Cast, seed: int, sales: list[Event]) -> Iterator[Event]:
    """Every fourteenth sale comes back, each second of those by half; the commission is given back but for a part of it."""
    rng = stream(seed, cast.slug, SLUG, "refunds")
    for number, sale in enumerate(sales[6::14]):
        part = 2 if number % 2 else 1
        # Halves towards nil, so that what was collected and what was withheld stay each other's mirror.
        given = [(kind, what, -int(amount / part)) for kind, what, amount in sale.components if kind != "ItemFees"]
        commission = next(-amount for _, what, amount in sale.components if what == "Commission") // part
        kept = min(500, share(commission, 2000))
        yield replace(
            sale,
            at=sale.at + timedelta(days=rng.randint(2, 9), minutes=11),
            type="A-to-z Guarantee Refund" if number == 7 else "Refund",
            components=(*given, ("ItemFees", "Commission", commission), ("ItemFees", "RefundCommission", -kept)),
            adjustment=f"{rng.randint(10**11, 10**12 - 1)}",
            deferred_at=None,
        )


# ---- what Amazon charges and gives ---------------------------------------------------------------------------------------


def _other(month: str, day: int, kind: str, what: str, amount: int, type_: str = "other-transaction") -> Event:
    return Event(local_instant(day_in(month, day), 5, day, 7), type_, ((kind, what, amount),))


def charges_of(cast: Cast, seed: int) -> Iterator[Event]:
    """Advertising twice a month, the subscription and the storage once, and what warehouses lose."""
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, "charges", month)
        first = 95000 if month == "2026-01" else rng.randint(4000, 9000)
        yield _other(month, 2, "other-transaction", "Subscription Fee", -3999)
        yield _other(month, 3, "Cost of Advertising", "TransactionTotalAmount", -first, "ServiceFee")
        if month not in telling.PROVEN:
            continue
        yield _other(month, 8, "other-transaction", "Storage Fee", -rng.randint(2200, 6100))
        ads = rng.randint(4000, 9000)
        yield _other(month, 31, "Cost of Advertising", "TransactionTotalAmount", -ads, "ServiceFee")
    yield _other("2026-02", 12, "FBA Inventory Reimbursement", "WAREHOUSE_DAMAGE", 4250)
    yield _other("2026-02", 18, "CouponRedemptionFee", "Save on trail goods", -180, "CouponRedemptionFee")
    yield _other("2026-03", 9, "FBA Inventory Reimbursement", "REVERSAL_REIMBURSEMENT", -2125)
    yield _other("2026-03", 11, "other-transaction", "RemovalComplete", -520)
    yield _other("2026-03", 20, "other-transaction", "SAFE-T Reimbursement", 1800)


# ---- settlements ---------------------------------------------------------------------------------------------------------


def settlements_of(events: list[Event]) -> list[Closed]:
    """Every settlement that has closed: with what is kept back at its end and given free in the next, and with what an
    earlier one was short of. One that comes to less than nothing sends nothing.
    """
    start, end = local_instant(CUT_OVER, 0), local_instant(FIRST_CLOSE, CLOSES_AT)
    found: list[Closed] = []
    for index, reserved in enumerate(RESERVED):
        posted = [event for event in events if start <= event.at < end]
        before = found[-1].total_minor if found else 0
        if index and RESERVED[index - 1]:
            posted.append(_kept(start + KEPT_FOR, "Previous Reserve Amount Balance", RESERVED[index - 1]))
        if before < 0:
            posted.append(_kept(start, "Repayment of negative Amazon balance", before))
        if reserved:
            posted.append(_kept(end - timedelta(seconds=1), "Current Reserve Amount", -reserved))
        number = str(20601000011 + 1700 * index)
        closed = Closed(number, start, end, end + timedelta(days=2), tuple(sorted(posted, key=lambda one: one.at)))
        found.append(closed if closed.total_minor > 0 else replace(closed, sent_at=None))
        start, end = end, local_instant(book_date(end) + EVERY, CLOSES_AT)
    return found


def _kept(at: datetime, what: str, amount: int) -> Event:
    return Event(at, "other-transaction", (("other-transaction", what, amount),))
