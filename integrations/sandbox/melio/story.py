"""Melio's part in a company's story: suppliers' bills, each paid by a debit of its own or with a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import (
    HORIZON,
    book_date,
    day_in,
    local_instant,
    next_business_day,
    on_or_after,
)
from integrations.sandbox.world.chance import share, stream, uuid_from
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "melio"
CLEARING, CARD, OWED, FEES = "Melio Clearing", "Fernbank Rewards Card", "Accounts Payable", "Bank Charges"
COST = "Materials"
VENDORS = (
    "Larkfield Textiles",
    "Opal Coast Ceramics",
    "Sundry Bay Candles",
    "Wickham Paper Goods",
    "Zinnia Seed Company",
)
#: How a payment travels and what Melio takes for it, cents: free, a paper check, a faster transfer.
DELIVERIES = (("ach", 0), ("ach", 0), ("check", 150), ("expedited-ach", 1000))
CARD_FEE_BP = 290
FAILS, CARDS, HALVES = date(2026, 2, 9), (date(2026, 1, 12), date(2026, 3, 9)), date(2026, 2, 23)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a bill, cents. ``changed`` is when its status was reached."""

    id: str
    day: date
    amount_minor: int
    status: str
    delivery: str
    fee_minor: int
    changed: datetime
    by_card: bool = False

    @property
    def moved_minor(self) -> int:
        """What left the bank or the card; nothing in the end where it failed."""
        return self.amount_minor + self.fee_minor if self.status in ("completed", "in-progress") else 0


@dataclass(frozen=True, slots=True)
class Bill:
    id: str
    vendor: str
    number: str
    at: datetime
    due: date
    amount_minor: int
    payments: tuple[Payment, ...]

    @property
    def paid_minor(self) -> int:
        return sum(payment.amount_minor for payment in self.payments if payment.moved_minor)


@dataclass(frozen=True, slots=True)
class Payables:
    """What the API serves."""

    bills: tuple[Bill, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over."""
    known = Payables(tuple(_bills(cast, seed)))
    return Told(
        data=known,
        events=tuple(_events(known)),
        accounts=((CLEARING, "Other Current Asset", "OtherCurrentAssets"), (CARD, "Credit Card", "CreditCard")),
        vendors=VENDORS,
        mapping=(
            Rule("ap", OWED),
            Rule("clearing", CLEARING),
            Rule("card", CARD, key=CARD),
            Rule("expense", COST),
            Rule("fees", FEES),
            Rule("card", CARD, words="FERNBANK CARD AUTOPAY"),
        ),
        balances=(
            *telling.held(_floating(known), (CLEARING,), name="Under way"),
            *telling.held(_charged(known), (CARD,), name="Rewards card"),
        ),
        seen=(
            *(("bills", book_date(bill.at)) for bill in known.bills),
            *(("payments", payment.day) for payment in _payments(known)),
        ),
    )


def _bills(cast: Cast, seed: int) -> Iterator[Bill]:
    found = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        found += [(at, rng.randint(9000, 88000), rng.choice(VENDORS)) for at in telling.moments(rng, month, 18)]
    rng = stream(seed, cast.slug, SLUG, "payments")
    odd = _Odd([FAILS], list(CARDS), [HALVES])
    for number, (at, amount, vendor) in enumerate(found, 1):
        mark = uuid_from(seed, cast.slug, SLUG, str(number))
        due = book_date(at) + timedelta(days=rng.randint(10, 25))
        paid = tuple(_paid(rng, odd, mark, amount, on_or_after(due - timedelta(days=3))))
        yield Bill(mark, vendor, f"{vendor[0]}{1000 + 7 * number}", at, due, amount, paid)


@dataclass(slots=True)
class _Odd:
    """Days from which the next payment fails, is made with a card, or pays half."""

    fails: list[date]
    cards: list[date]
    halves: list[date]

    @staticmethod
    def takes(days: list[date], day: date) -> bool:
        return bool(days) and day >= days[0] and bool(days.pop(0))


def _paid(rng: Random, odd: _Odd, mark: str, amount: int, day: date) -> Iterator[Payment]:
    """One payment; after one that failed another; two where only half was paid first."""
    delivery, fee = rng.choice(DELIVERIES)
    parts = [amount]
    if odd.takes(odd.halves, day):
        parts = telling.parts(amount, (1, 1))
    elif odd.takes(odd.fails, day):
        yield _payment(f"{mark[:-1]}f", day, amount, "failed", (delivery, fee))
        parts, day = [amount], next_business_day(day, 8)
    for place, part in enumerate(parts):
        on = next_business_day(day, 5 * place) if place else day
        if on > HORIZON:
            yield _payment(f"{mark[:-1]}{place}", on, part, "scheduled", (delivery, fee))
        elif odd.takes(odd.cards, on):
            yield _payment(
                f"{mark[:-1]}{place}", on, part, "completed", ("virtual", share(part, CARD_FEE_BP)), card=True
            )
        else:
            status = "completed" if on < HORIZON - timedelta(days=4) else "in-progress"
            yield _payment(f"{mark[:-1]}{place}", on, part, status, (delivery, fee))


def _payment(mark: str, day: date, amount: int, status: str, how: tuple[str, int], *, card: bool = False) -> Payment:
    changed = next_business_day(day, 3) if status in ("completed", "failed") else min(day, HORIZON)
    return Payment(mark, day, amount, status, *how, local_instant(min(changed, HORIZON), 10), card)


def _payments(known: Payables) -> Iterator[Payment]:
    for bill in known.bills:
        yield from bill.payments


def _events(known: Payables) -> Iterator[Event]:
    for bill in known.bills:
        lines = (COST, bill.amount_minor), (OWED, -bill.amount_minor)
        yield Event(postings=entry(book_date(bill.at), SLUG, bill.id, *lines))
        for payment in bill.payments:
            yield from _paid_out(bill, payment)
    for day, amount in _card_paid(known):
        text = "FERNBANK CARD AUTOPAY"
        yield telling.cash_event(f"melio-card-{day}", day, CARD, -amount, text, merchant="Fernbank")


def _paid_out(bill: Bill, payment: Payment) -> Iterator[Event]:
    source, amount, key = (CARD if payment.by_card else CLEARING), payment.amount_minor, f"melio-{payment.id}"
    if payment.status == "scheduled":
        return
    yield Event(postings=entry(payment.day, SLUG, f"{key}:sent", (OWED, amount), (source, -amount)))
    if payment.status == "failed":
        day = book_date(payment.changed)
        yield Event(postings=entry(day, SLUG, f"{key}:failed", (source, amount), (OWED, -amount)))
        return
    fee = payment.fee_minor
    yield Event(postings=entry(payment.day, SLUG, f"{key}:fee", (FEES, fee), (source, -fee)))
    if not payment.by_card:
        text = f"{bill.vendor.upper()} MELIO CCD"
        yield telling.cash_event(key, _at_bank(payment), CLEARING, -payment.moved_minor, text, merchant="Melio")


def _at_bank(payment: Payment) -> date:
    return next_business_day(payment.day)


def _card_paid(known: Payables) -> Iterator[tuple[date, int]]:
    """The card is paid in full on the fifteenth of the month after."""
    for payment in _payments(known):
        if payment.by_card:
            month = telling.MONTHS[telling.MONTHS.index(f"{payment.day:%Y-%m}") + 1]
            yield day_in(month, 15), payment.moved_minor


# ---- what Melio and the card say -----------------------------------------------------------------------------------------------


def _floating(known: Payables) -> Iterator[tuple[date, int]]:
    for payment in _payments(known):
        if payment.moved_minor and not payment.by_card:
            yield payment.day, -payment.moved_minor
            yield _at_bank(payment), payment.moved_minor
        elif payment.status == "failed":
            yield payment.day, -payment.amount_minor
            yield book_date(payment.changed), payment.amount_minor


def _charged(known: Payables) -> Iterator[tuple[date, int]]:
    yield from ((payment.day, -payment.moved_minor) for payment in _payments(known) if payment.by_card)
    yield from _card_paid(known)
