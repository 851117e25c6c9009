"""A story as a system's folder would tell it: a till whose card sales are paid out, with refunds and a monthly fee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import book_date, day_in, local_instant
from integrations.sandbox.world.chance import letters, share, stream
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.telling import Settlement

SLUG = "till"
CLEARING, TRANSIT = "Till Clearing", "Till Payouts in Transit"
RATES = (("State", 600), ("County", 125))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the till's balance in cents: "sale", "refund" or "fee"; what the customer paid, and what the till kept."""

    id: str
    at: datetime
    kind: str
    goods_minor: int
    taxes: tuple[tuple[str, int], ...]
    fee_minor: int

    @property
    def net_minor(self) -> int:
        return self.goods_minor + sum(tax for _, tax in self.taxes) - self.fee_minor


@dataclass(frozen=True, slots=True)
class Till:
    """What the API serves."""

    rows: tuple[Row, ...]
    payouts: tuple[Settlement[Row], ...]


def _rows(cast: Cast, seed: int) -> list[Row]:
    rows = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for at in telling.moments(rng, month, 40):
            goods = rng.randint(900, 9000)
            taxes = telling.taxes(goods, RATES)
            fee = share(goods + sum(tax for _, tax in taxes), 260) + 10
            rows.append(Row(f"T{letters(rng, 10)}", at, "sale", goods, taxes, fee))
            if rng.random() < 0.05:  # returned at once, the fee is kept
                back = tuple((name, -tax) for name, tax in taxes)
                rows.append(Row(f"R{letters(rng, 10)}", at, "refund", -goods, back, 0))
        rows.append(Row(f"F{month}", local_instant(day_in(month, 3), 6), "fee", 0, (), 2900))
    return sorted(rows, key=lambda row: (row.at, row.id))


def _event(row: Row) -> Event:
    account = "Refunds and Discounts" if row.kind == "refund" else "Store Sales"
    lines = [(CLEARING, row.net_minor), (account, -row.goods_minor), ("Merchant Fees", row.fee_minor)]
    lines += [("Sales Tax Payable", -tax) for _, tax in row.taxes]
    return Event(postings=entry(book_date(row.at), SLUG, row.id, *lines))


def tell(cast: Cast, seed: int) -> Told:
    """The till's sales, refunds and fees, paid out on Mondays and Thursdays; a payout arrives two business days later."""
    rows = _rows(cast, seed)
    paid = telling.settle(
        rows, net=lambda row: row.net_minor, ready=lambda row: book_date(row.at), weekdays=(0, 3), travels=2
    )
    events = [_event(row) for row in rows]
    movements = [(book_date(row.at), row.net_minor) for row in rows]
    for payout in paid:
        key, text = f"till-payout-{payout.number}", f"TILLWRIGHT DEP {payout.number:04d}"
        events.append(telling.payout_event(SLUG, key, payout, clearing=CLEARING, transit=TRANSIT, text=text))
        movements.append((payout.sent_on, -payout.amount_minor))
    return Told(
        data=Till(tuple(rows), tuple(paid)),
        events=tuple(events),
        accounts=(
            (CLEARING, "Other Current Asset", "OtherCurrentAssets"),
            (TRANSIT, "Other Current Asset", "OtherCurrentAssets"),
        ),
        mapping=(
            Rule("clearing", CLEARING),
            Rule("in-transit", TRANSIT),
            Rule("sales", "Store Sales"),
            Rule("returns", "Refunds and Discounts"),
            Rule("merchant-fees", "Merchant Fees"),
            Rule("sales-tax-payable", "Sales Tax Payable"),
        ),
        balances=telling.held(movements, (CLEARING,)),
        seen=tuple(("rows", book_date(row.at)) for row in rows),
    )
