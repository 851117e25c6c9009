"""What happened at the tills, before any of it is a shape or a posting. Cents throughout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, day_in, local_instant, month_end
from integrations.sandbox.world.chance import letters, share, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "square"
RATES = (("State sales tax", 600), ("County sales tax", 125))
CARD_VALUE = 5000
FLOAT = 15000


@dataclass(frozen=True, slots=True)
class Place:
    """A location. The second one's clocks are an hour ahead of the company's."""

    id: str
    name: str
    zone: str


PLACES = (
    Place("LTAMARACK0HARB", "Harbor Street", "America/Los_Angeles"),
    Place("LTAMARACK0ALDR", "Alder Market", "America/Denver"),
)


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment: "card", "cash", "gift" or "check"; ``amount_minor`` holds the tip, ``voided`` took nothing."""

    id: str
    kind: str
    amount_minor: int
    tip_minor: int = 0
    voided: bool = False

    @property
    def fee_minor(self) -> int:
        return share(self.amount_minor, 260) + 10 if self.kind == "card" and not self.voided else 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """One order. ``closed`` is when it was complete: minutes after the payment, or days where it was paid before."""

    id: str
    at: datetime
    closed: datetime
    place: int
    goods_minor: int
    discount_minor: int
    gift_minor: int
    taxes: tuple[tuple[str, int], ...]
    paid: tuple[Paid, ...]

    @property
    def tax_minor(self) -> int:
        return sum(tax for _, tax in self.taxes)

    @property
    def due_minor(self) -> int:
        """What is to be paid, without tips."""
        return self.goods_minor - self.discount_minor + self.gift_minor + self.tax_minor

    @property
    def was_before(self) -> bool:
        return self.closed - self.at > timedelta(hours=1)

    @property
    def is_void(self) -> bool:
        return all(paid.voided for paid in self.paid)


@dataclass(frozen=True, slots=True)
class Return:
    """A refund with its return order. ``goods_minor`` is net of discount; ``fee_minor`` is what came back of the fee."""

    id: str
    order_id: str
    ticket: Ticket
    at: datetime
    goods_minor: int
    taxes: tuple[tuple[str, int], ...]
    tip_minor: int
    kind: str
    fee_minor: int = 0

    @property
    def amount_minor(self) -> int:
        return self.goods_minor + sum(tax for _, tax in self.taxes) + self.tip_minor


@dataclass(frozen=True, slots=True)
class Quarrel:
    """A disputed payment; ``outcome`` "LOST" or "WON" on ``closed``."""

    id: str
    ticket: Ticket
    at: datetime
    closed: datetime
    outcome: str

    @property
    def amount_minor(self) -> int:
        return self.ticket.paid[0].amount_minor


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the balance: net = gross − fee. ``about`` are ids its details name."""

    id: str
    at: datetime
    place: int
    kind: str
    gross_minor: int
    fee_minor: int = 0
    about: tuple[tuple[str, str], ...] = ()

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.fee_minor


@dataclass(frozen=True, slots=True)
class Shift:
    """A drawer counted at the end of a week. ``expected_minor`` is the float and the week's cash."""

    id: str
    place: int
    opened: datetime
    closed: datetime
    expected_minor: int
    counted_minor: int


def tickets_of(cast: Cast, seed: int) -> list[Ticket]:
    """About sixty a month, each kind of sale among them."""
    found: list[Ticket] = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for number, at in enumerate(telling.moments(rng, month, 60)):
            found.append(_ticket(rng, number, at))
    return found


def _ticket(rng: Random, number: int, at: datetime) -> Ticket:
    place = 1 if number == 20 or rng.random() < 0.35 else 0
    goods = {3: 0, 7: 2400, 20: 98000}.get(number) or (0 if number == 3 else rng.randint(1200, 14000))
    discount = share(goods, 1000) if number % 9 == 2 else 0
    gift = CARD_VALUE if number == 3 else 0
    closed = at + (timedelta(days=3) if number == 15 else timedelta(minutes=2))
    order = Ticket(
        letters(rng, 27), at, closed, place, goods, discount, gift, telling.taxes(goods - discount, RATES), ()
    )
    return replace(order, paid=_paid(rng, number, order))


def _paid(rng: Random, number: int, order: Ticket) -> tuple[Paid, ...]:
    due, first, second = order.due_minor, letters(rng, 25), letters(rng, 25)
    if number == 10:
        cash = due // 3
        return Paid(first, "cash", cash), Paid(second, "card", due - cash)
    kind = {7: "gift", 12: "check"}.get(number) or ("cash" if number % 8 == 1 else "card")
    tip = share(due, 1500) if kind == "card" and number % 4 == 0 and number not in (20, 24) else 0
    return (Paid(first, kind, due + tip, tip, voided=number == 18),)


def returns_of(cast: Cast, seed: int, tickets: list[Ticket]) -> list[Return]:
    """Whole and partial returns by card, one in cash, and one whose fee Square gave back."""
    found: list[Return] = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, "returns", month)
        mine = [ticket for ticket in tickets if f"{book_date(ticket.at):%Y-%m}" == month]
        for number, ticket in enumerate(mine):
            if number not in (5, 24, 31, 41, 44):
                continue
            at = ticket.at + timedelta(days=rng.randint(1, 3))
            if book_date(at) > HORIZON:
                continue
            paid, whole = ticket.paid[0], number != 24
            goods = ticket.goods_minor - ticket.discount_minor
            goods = goods if whole else goods // 2
            back = Return(
                id=f"{paid.id}_{letters(rng, 20)}",
                order_id=letters(rng, 27),
                ticket=ticket,
                at=at,
                goods_minor=goods,
                taxes=ticket.taxes if whole else telling.taxes(goods, RATES),
                tip_minor=paid.tip_minor if whole else 0,
                kind=paid.kind,
                fee_minor=paid.fee_minor if number == 44 and month == "2026-02" else 0,
            )
            found.append(back)
    return found


def quarrels_of(cast: Cast, seed: int, tickets: list[Ticket]) -> list[Quarrel]:
    """January's is lost, February's won, March's still open at the end."""
    found = []
    for month, outcome, days in (("2026-01", "LOST", 24), ("2026-02", "WON", 21), ("2026-03", "LOST", 40)):
        rng = stream(seed, cast.slug, SLUG, "disputes", month)
        ticket = next(t for t in tickets if t.goods_minor == 98000 and f"{book_date(t.at):%Y-%m}" == month)
        at = ticket.at + timedelta(days=6)
        found.append(Quarrel(letters(rng, 20), ticket, at, at + timedelta(days=days), outcome))
    return found


def rows_of(cast: Cast, seed: int, tickets: list[Ticket], returns: list[Return], quarrels: list[Quarrel]) -> list[Row]:
    """What all this did to the balance, and what Square did by itself: its subscription, a hold, its loan's repayment."""
    rng = stream(seed, cast.slug, SLUG, "rows")
    rows = [
        Row("", ticket.at, ticket.place, "CHARGE", paid.amount_minor, paid.fee_minor, (("payment_id", paid.id),))
        for ticket in tickets
        for paid in ticket.paid
        if paid.kind == "card" and not paid.voided
    ]
    for back in returns:
        if back.kind == "card":
            about = (("payment_id", back.ticket.paid[0].id), ("refund_id", back.id))
            rows.append(Row("", back.at, back.ticket.place, "REFUND", -back.amount_minor, -back.fee_minor, about))
    for quarrel in quarrels:
        about = (("payment_id", quarrel.ticket.paid[0].id), ("dispute_id", quarrel.id))
        if book_date(quarrel.at) <= HORIZON:
            rows.append(Row("", quarrel.at, quarrel.ticket.place, "DISPUTE", -quarrel.amount_minor, 0, about))
        if quarrel.outcome == "WON":
            rows.append(Row("", quarrel.closed, quarrel.ticket.place, "DISPUTE", quarrel.amount_minor, 0, about))
    rows += list(_of_itself())
    return [
        replace(row, id=f"poe_{letters(rng, 27)}")
        for row in sorted(rows, key=lambda row: (row.at, row.kind, row.place))
    ]


def _of_itself() -> Iterator[Row]:
    for month in telling.PROVEN:
        yield Row("", local_instant(day_in(month, 5), 6), 0, "SUBSCRIPTION_FEE", -6000)
        yield Row("", local_instant(day_in(month, 16), 6), 0, "SQUARE_CAPITAL_PAYMENT", -24000)
    yield Row("", local_instant(day_in("2026-02", 19), 6), 0, "HOLD_ADJUSTMENT", -18000)
    yield Row("", local_instant(day_in("2026-03", 5), 6), 0, "RELEASE_ADJUSTMENT", 18000)
    yield Row("", local_instant(day_in("2026-03", 11), 6), 0, "FREE_PROCESSING", 475)
    yield Row("", local_instant(day_in("2026-03", 18), 6), 0, "DEPOSIT_FEE", -525)


def shifts_of(cast: Cast, seed: int, tickets: list[Ticket], returns: list[Return]) -> list[Shift]:
    """A drawer a place and month, opened on its first day and counted on its last; now and then a little is missing."""
    found = []
    for month in telling.PROVEN:
        rng = stream(seed, cast.slug, SLUG, "drawers", month)
        for place in range(len(PLACES)):
            opened = local_instant(day_in(month, 1), 8)
            closed = local_instant(month_end(month), 20)
            cash = sum(amount for at, amount in cash_in(tickets, returns, place) if opened <= at <= closed)
            expected = FLOAT + cash
            counted = expected + rng.choice((-275, -120, 0, 140))
            identity = f"{letters(rng, 8)}-{letters(rng, 4)}"
            found.append(Shift(identity, place, opened, closed, expected, counted))
    return found


def cash_in(tickets: list[Ticket], returns: list[Return], place: int) -> Iterator[tuple[datetime, int]]:
    """Cash into a place's drawer, out of it negative."""
    for ticket in tickets:
        if ticket.place == place:
            yield from ((ticket.at, paid.amount_minor) for paid in ticket.paid if paid.kind == "cash")
    for back in returns:
        if back.ticket.place == place and back.kind == "cash":
            yield back.at, -back.amount_minor
