"""What moved the wallet, before any of it is a shape or a posting. Cents throughout; into the wallet positive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import book_date, day_in, local_instant
from integrations.sandbox.world.chance import PLAIN, letters, share, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "paypal"
RATES = (("State", 600), ("County", 125))
SHIPPING, SUBSCRIPTION = 795, 2900
FUNDED, DEPOSITED = 4200, 50000
BUYERS = ("Wren Halloway", "Otis Marlowe", "Juniper Vale", "Hazel Thornbury", "Rowan Pike")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the balance. ``fee_minor`` is negative as a cost; the parts are without sign."""

    id: str
    at: datetime
    code: str
    amount_minor: int
    fee_minor: int = 0
    status: str = "S"
    reference: str = ""
    bank_reference: str = ""
    party: str = ""
    item: str = ""
    invoice: str = ""
    tax_minor: int = 0
    shipping_minor: int = 0
    discount_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What it did to the balance; nothing while it is pending or when it was denied."""
        return self.amount_minor + self.fee_minor if self.status in ("S", "V") else 0


@dataclass(frozen=True, slots=True)
class Quarrel:
    """A dispute; ``outcome`` is decided on ``closed``."""

    id: str
    sale: Row
    at: datetime
    closed: datetime
    stage: str
    outcome: str


def row_id(rng: Random) -> str:
    return letters(rng, 17, PLAIN)


def sales_of(cast: Cast, seed: int) -> list[Row]:
    """About fifty a month: orders with tax and shipping, subscriptions, one that was denied, in March one that is pending."""
    found = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for number, at in enumerate(telling.moments(rng, month, 50)):
            found.append(_sale(rng, month, number, at))
    return found


def _sale(rng: Random, month: str, number: int, at: datetime) -> Row:
    goods, party = rng.randint(1500, 16000), rng.choice(BUYERS)
    row = Row(
        row_id(rng), at, "T0006", 0, party=party, item="Trail goods", invoice=f"TT-{month[2:4]}{month[5:]}{number:03d}"
    )
    if number % 10 == 4:
        paid = replace(row, code="T0002", amount_minor=SUBSCRIPTION, item="Trail club")
    else:
        discount = share(goods, 1000) if number % 9 == 2 else 0
        tax = sum(one for _, one in telling.taxes(goods - discount, RATES))
        shipping = SHIPPING if number % 3 == 0 else 0
        amount = goods - discount + tax + shipping
        paid = replace(row, amount_minor=amount, tax_minor=tax, shipping_minor=shipping, discount_minor=discount)
    status = "D" if number == 18 else "P" if number == 19 and month == "2026-03" else "S"
    return replace(paid, fee_minor=-share(paid.amount_minor, 349) - 49, status=status)


def refunds_of(cast: Cast, seed: int, sales: list[Row]) -> tuple[list[Row], list[Row]]:
    """The sales as they stand after their refunds, and the refunds: whole and half; the fee is kept but for one in February."""
    found, turned = [], {}
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, "refunds", month)
        mine = [row for row in sales if f"{book_date(row.at):%Y-%m}" == month]
        for number in (5, 21, 31, 41):
            if number >= len(mine):
                continue
            sale, part = mine[number], 2 if number == 21 else 1
            fee = -sale.fee_minor if number == 41 and month == "2026-02" else 0
            tax, shipping = sale.tax_minor // part, sale.shipping_minor // part
            back = replace(
                sale,
                id=row_id(rng),
                at=sale.at + timedelta(days=rng.randint(1, 3), minutes=7),
                code="T1107",
                amount_minor=-(sale.amount_minor // part),
                fee_minor=fee,
                reference=sale.id,
                tax_minor=tax,
                shipping_minor=shipping,
                discount_minor=0,
            )
            found.append(back)
            if part == 1:
                turned[sale.id] = replace(sale, status="V")
    return [turned.get(row.id, row) for row in sales], found


def quarrels_of(cast: Cast, seed: int, sales: list[Row]) -> list[Quarrel]:
    """January's claim is lost, February's chargeback is won, March's is open at the end."""
    found = []
    for month, stage, outcome, days in (
        ("2026-01", "INQUIRY", "RESOLVED_BUYER_FAVOUR", 14),
        ("2026-02", "CHARGEBACK", "RESOLVED_SELLER_FAVOUR", 20),
        ("2026-03", "CHARGEBACK", "", 60),
    ):
        rng = stream(seed, cast.slug, SLUG, "disputes", month)
        sale = [row for row in sales if f"{book_date(row.at):%Y-%m}" == month and row.status == "S"][8]
        at = sale.at + timedelta(days=6)
        found.append(
            Quarrel(
                f"PP-R-{letters(rng, 3, PLAIN)}-{rng.randint(10**7, 10**8)}",
                sale,
                at,
                at + timedelta(days=days),
                stage,
                outcome,
            )
        )
    return found


def rows_of_quarrels(cast: Cast, seed: int, quarrels: list[Quarrel]) -> Iterator[Row]:
    """A claim holds the money and then takes it; a chargeback takes it at once and costs a fee."""
    for quarrel in quarrels:
        rng = stream(seed, cast.slug, SLUG, "disputed", quarrel.id)
        amount = quarrel.sale.amount_minor
        row = Row(row_id(rng), quarrel.at, "T1201", -amount, reference=quarrel.sale.id)
        if quarrel.stage == "INQUIRY":
            yield replace(row, code="T1110")
            yield replace(row, id=row_id(rng), at=quarrel.closed, code="T1111", amount_minor=amount)
            yield replace(row, id=row_id(rng), at=quarrel.closed, code="T1106")
            continue
        yield row
        yield replace(row, id=row_id(rng), code="T0106", amount_minor=-2000)
        if quarrel.outcome == "RESOLVED_SELLER_FAVOUR":
            yield replace(row, id=row_id(rng), at=quarrel.closed, code="T1202", amount_minor=amount)


def rows_of_itself(cast: Cast, seed: int) -> Iterator[Row]:
    """Fees, things bought from the balance and by the card behind it, people paid, a reserve, a reward, a deposit."""
    rng = stream(seed, cast.slug, SLUG, "rows")

    def row(month: str, day: int, code: str, amount: int, **more: Any) -> Row:
        return replace(Row(row_id(rng), local_instant(day_in(month, day), 6, day), code, amount), **more)

    yield row("2026-01", 2, "T0300", DEPOSITED, bank_reference="PPACH7400113")
    for month in telling.PROVEN:
        yield row(month, 5, "T0101", -3000)
        bought = row(month, 8, "T0003", -1900, party="Lintel Software", item="Stock photographs")
        yield bought
        if month == "2026-02":
            yield row(month, 12, "T1107", 1900, party="Lintel Software", reference=bought.id)
        funded = row(month, 20, "T0003", -FUNDED, party="Gable Hosting", item="Web hosting")
        yield funded
        yield row(month, 20, "T0700", FUNDED, reference=funded.id)
        yield row(month, 25, "T0001", -25000, fee_minor=-100, party="Ferris Quill", item="Photography")
    yield row("2026-02", 19, "T2103", -15000)
    yield row("2026-03", 5, "T2104", 15000)
    yield row("2026-03", 11, "T0800", 1200)
