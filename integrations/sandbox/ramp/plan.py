"""What Ramp knows of a company: purchases, statements and what pays them, bills, and money between it and its employees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import (
    CUT_OVER,
    HORIZON,
    STORY_NOW,
    book_date,
    day_in,
    local_instant,
    month_end,
    month_of,
    month_start,
    next_business_day,
    on_or_after,
)
from integrations.sandbox.world.chance import share, stream, uuid_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.cast import Cast

SLUG = "ramp"
#: (merchant, account, least and most of a purchase in cents)
MERCHANTS = (
    ("Ridgeback Outfitters", "Materials", 1900, 38000),
    ("Pelican Fuel Stop", "Travel and Meals", 2400, 9800),
    ("Lodestone Hosting", "Software", 1500, 12900),
    ("Marigold Canteen", "Travel and Meals", 900, 6400),
    ("Quickset Fasteners", "Repairs and Maintenance", 1100, 21000),
    ("Larkspur Signs", "Marketing", 4500, 33000),
)
ABROAD = ("Maison Boussole", "Software", "EUR")
#: (vendor, account, least and most of a bill in cents, day of the month)
VENDORS = (
    ("Hartwell Geotech", "Professional Fees", 48000, 96000, 3),
    ("Copperleaf Crane Hire", "Repairs and Maintenance", 61000, 118000, 9),
    ("Winterbourne Storage", "Utilities", 22500, 22500, 12),
    ("Nightingale Drones", "Materials", 35000, 74000, 20),
    ("Saffron Training", "Professional Fees", 18000, 42000, 25),
)
STAFF = ("Torsten Vale", "Wilhelmina Stroud", "Ansel Kirkbride", "Odette Lacey")
DEPARTMENTS = {name: "Office" if name == "Odette Lacey" else "Field" for name in STAFF}
CASHBACK_BP = 150


@dataclass(frozen=True, slots=True)
class Purchase:
    """Cents, negative for a refund; ``parts`` are (account, cents). ``settled`` is None while it is pending."""

    id: str
    at: datetime
    merchant: str
    holder: str
    parts: tuple[tuple[str, int], ...]
    settled: datetime | None
    state: str = "CLEARED"
    spent: tuple[int, str] | None = None
    dispute: str = ""
    bill: str = ""
    has_receipt: bool = False

    @property
    def amount_minor(self) -> int:
        return sum(amount for _, amount in self.parts)

    @property
    def day(self) -> date:
        return book_date(self.settled or self.at)

    @property
    def is_booked(self) -> bool:
        return self.state == "CLEARED"


@dataclass(frozen=True, slots=True)
class Bill:
    """Cents; ``method`` is '' while nobody has said how it is paid, ``begun`` is the day its payment was, ``paid`` the day it
    was made.
    """

    id: str
    vendor: str
    number: str
    day: date
    parts: tuple[tuple[str, int], ...]
    approval: str = "APPROVED"
    method: str = "ACH"
    begun: date | None = None
    paid: date | None = None
    is_archived: bool = False

    @property
    def amount_minor(self) -> int:
        return sum(amount for _, amount in self.parts)

    @property
    def is_booked(self) -> bool:
        return self.approval == "APPROVED" and not self.is_archived


@dataclass(frozen=True, slots=True)
class Claim:
    """A reimbursement, cents; ``account`` is '' for one that nobody coded. ``moved`` is the day of its payment."""

    id: str
    employee: str
    kind: str
    spent: date
    approved: date | None
    amount_minor: int
    account: str
    state: str
    moved: date | None = None
    batch: str = ""

    @property
    def is_payback(self) -> bool:
        return self.kind.startswith("PAYBACK")


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment of the card, cents."""

    id: str
    day: date
    amount_minor: int
    status: str = "COMPLETED"


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of the card, cents, all positive for money owed."""

    id: str
    month: str
    opening: int
    charges: int
    credits: int
    payments: int

    @property
    def closing(self) -> int:
        return self.opening + self.charges - self.credits - self.payments

    @property
    def ends(self) -> date:
        return month_end(self.month)


@dataclass(frozen=True, slots=True)
class Spending:
    """What the API serves."""

    purchases: tuple[Purchase, ...]
    bills: tuple[Bill, ...]
    claims: tuple[Claim, ...]
    cashbacks: tuple[Transfer, ...]
    transfers: tuple[Transfer, ...]
    statements: tuple[Statement, ...]


def plan(cast: Cast, seed: int) -> Spending:
    """Purchases through each month; the card is paid by the twelfth of the next. What can happen to each thing happens once."""
    bills = list(_bills(cast, seed))
    purchases = sorted([*_purchases(cast, seed), *_by_card(bills, seed)], key=lambda one: (one.at, one.id))
    statements, cashbacks, transfers = _statements(purchases, seed)
    return Spending(tuple(purchases), tuple(bills), tuple(_claims(cast, seed)), cashbacks, transfers, statements)


# ---- the card ----------------------------------------------------------------------------------------------------------------

#: Place in the month → what is odd about its purchase.
SPLIT, FOREIGN, REFUNDED, DISPUTED, REFUSED = 4, 7, 9, 12, 15


def _purchases(cast: Cast, seed: int) -> Iterator[Purchase]:
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, "card", month)
        for place, at in enumerate(telling.moments(rng, month, 26)):
            merchant, account, low, high = rng.choice(MERCHANTS)
            mark, holder = uuid_from(seed, SLUG, month, str(place)), rng.choice(STAFF)
            parts: tuple[tuple[str, int], ...] = ((account, rng.randint(low, high)),)
            # In the evening, which is the next day already where times are written.
            settled = local_instant(book_date(at) + timedelta(days=rng.randint(1, 3)), 18)
            one = Purchase(mark, at, merchant, holder, parts, settled, has_receipt=place % 3 == 0)
            if settled >= STORY_NOW:
                yield replace(one, settled=None, state="PENDING")
            else:
                yield from _odd(one, place, month, seed)


def _odd(one: Purchase, place: int, month: str, seed: int) -> Iterator[Purchase]:
    amount = one.amount_minor
    if place == REFUSED:
        yield replace(one, state="DECLINED", settled=None)
    elif place == SPLIT:
        here, there = telling.parts(amount, (3, 2))
        yield replace(one, parts=((one.parts[0][0], here), ("Materials", there)))
    elif place == FOREIGN:
        merchant, account, currency = ABROAD
        yield replace(one, merchant=merchant, parts=((account, amount),), spent=(share(amount, 9200), currency))
    elif place in (REFUNDED, DISPUTED) and (place == REFUNDED or month == telling.MONTHS[0]):
        yield one if place == REFUNDED else replace(one, dispute="CREATED_MERCHANT_ERROR")
        assert one.settled is not None
        back = one.settled + timedelta(days=9 if place == REFUNDED else 24)
        if back < STORY_NOW:
            parts = tuple((account, -part) for account, part in one.parts)
            mark = uuid_from(seed, SLUG, month, str(place), "back")
            yield replace(one, id=mark, at=back - timedelta(days=1), settled=back, parts=parts, has_receipt=False)
    else:
        yield one


def _by_card(bills: list[Bill], seed: int) -> Iterator[Purchase]:
    """The card's side of bills that it paid."""
    for bill in bills:
        if bill.method == "CARD" and bill.begun is not None:
            mark, settled = uuid_from(seed, SLUG, bill.id, "card"), local_instant(bill.begun, 12)
            at = settled - timedelta(days=1)
            yield Purchase(mark, at, bill.vendor, STAFF[3], bill.parts, settled, bill=bill.id)


def _statements(
    purchases: list[Purchase], seed: int
) -> tuple[tuple[Statement, ...], tuple[Transfer, ...], tuple[Transfer, ...]]:
    """Each month's statement; what it comes to is paid in the next, and rewarded."""
    statements: list[Statement] = []
    cashbacks: list[Transfer] = []
    transfers: list[Transfer] = []
    owed = charges = 0
    for month in telling.MONTHS:
        reward = paid = 0
        if statements:
            reward, paid = share(charges, CASHBACK_BP), owed
            cashbacks.append(Transfer(uuid_from(seed, SLUG, "cashback", month), day_in(month, 4), reward))
            transfers += _payments(month, paid, seed)
        booked = [one.amount_minor for one in purchases if one.is_booked and month_of(one.day) == month]
        charges, refunds = sum(one for one in booked if one > 0), -sum(one for one in booked if one < 0)
        if month in telling.PROVEN:
            mark = uuid_from(seed, SLUG, "statement", month)
            statements.append(Statement(mark, month, owed, charges, refunds + reward, paid))
            owed = statements[-1].closing
    return tuple(statements), tuple(cashbacks), tuple(one for one in transfers if one.day <= HORIZON)


def _payments(month: str, amount: int, seed: int) -> Iterator[Transfer]:
    """Drawn on the twelfth; once the bank had too little and it was drawn again. The last is written down already."""
    mark, day = uuid_from(seed, SLUG, "transfer", month), on_or_after(day_in(month, 11))
    if month_end(month) > HORIZON:
        yield Transfer(mark, on_or_after(month_start(month)), amount, "INITIATED")
        return
    if month == telling.MONTHS[2]:
        early = uuid_from(seed, SLUG, "transfer", month, "early")
        yield Transfer(early, on_or_after(day_in(month, 6)), amount, "NOT_ENOUGH_FUNDS")
    yield Transfer(mark, day, amount)


# ---- bills -----------------------------------------------------------------------------------------------------------------


def _bills(cast: Cast, seed: int) -> Iterator[Bill]:
    """What comes of each vendor's bill: paid by ACH two weeks on, but for the odd ones."""
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, "bills", month)
        for place, (vendor, account, low, high, on) in enumerate(VENDORS):
            day = day_in(month, on)
            if not CUT_OVER < day <= HORIZON:
                continue
            amount, number = rng.randint(low, high), f"{vendor[:2].upper()}-{rng.randint(3000, 9999)}"
            here, there = telling.parts(amount, (3, 1))
            parts = ((account, here), ("Materials", there)) if place == 1 else ((account, amount),)
            mark = uuid_from(seed, SLUG, "bill", month, str(place))
            begun = on_or_after(day + timedelta(days=14))
            # Drawn in one month, made in the next.
            begun = day_in(month, 29) if month == telling.MONTHS[0] and place == 2 else begun
            paid = next_business_day(begun, 2)
            bill = Bill(mark, vendor, number, day, parts, begun=begun, paid=paid if paid <= HORIZON else None)
            bill = replace(bill, begun=None) if begun > HORIZON else bill
            yield _fate(bill, index, place)
        if index == 1:
            double = uuid_from(seed, SLUG, "bill", month, "double")
            yield replace(bill, id=double, begun=None, paid=None, is_archived=True, approval="INITIALIZED")


def _fate(bill: Bill, index: int, place: int) -> Bill:
    """What else may become of a bill: one of each."""
    if place == 3 and index < 2:
        return replace(bill, method="CARD", paid=bill.begun)
    unpaid = replace(bill, begun=None, paid=None)
    fates = {
        (1, 4): replace(unpaid, approval="REJECTED"),
        (2, 3): replace(unpaid, method=""),
        (2, 4): replace(unpaid, approval="PENDING", method=""),
    }
    return fates.get((index, place), bill)


# ---- employees -------------------------------------------------------------------------------------------------------------

#: (kind, account, least and most in cents)
_CLAIMS = (
    ("OUT_OF_POCKET", "Travel and Meals", 1200, 8900),
    ("MILEAGE", "", 900, 6700),
    ("OUT_OF_POCKET", "Repairs and Maintenance", 2500, 14000),
    ("PER_DIEM", "", 5900, 11800),
    ("OUT_OF_POCKET", "Materials", 1800, 9900),
)
#: (month, place) → another end than being paid by Ramp.
_ENDS = {
    (1, 0): "MANUALLY_REIMBURSED",
    (1, 2): "FAILED_REIMBURSEMENT",
    (2, 4): "CANCELED",
    (2, 2): "REIMBURSED_VIA_PUSH",
}
_NEVER_APPROVED = ("PENDING", "CANCELED")


def _claims(cast: Cast, seed: int) -> Iterator[Claim]:
    """Approved within days and paid on the next Friday; once an employee pays back what was private."""
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, "claims", month)
        for place, (kind, account, low, high) in enumerate(_CLAIMS):
            spent, amount = day_in(month, 4 + 5 * place), rng.randint(low, high)
            approved = on_or_after(spent + timedelta(days=3))
            if spent <= HORIZON:
                mark = uuid_from(seed, SLUG, "claim", month, str(place))
                state = "PENDING" if approved > HORIZON else _ENDS.get((index, place), "REIMBURSED")
                one = Claim(mark, STAFF[place % 4], kind, spent, approved, amount, account, state)
                yield _paid(replace(one, approved=None) if state in _NEVER_APPROVED else one, seed)
        if index == 1:
            spent = day_in(month, 10)
            mark = uuid_from(seed, SLUG, "payback", month)
            bought = Claim(mark, STAFF[1], "PAYBACK_FULL", spent, spent, 4315, "Travel and Meals", "REIMBURSED")
            yield _paid(bought, seed)


def _paid(one: Claim, seed: int) -> Claim:
    if one.approved is None or one.state == "FAILED_REIMBURSEMENT":
        return one
    friday = one.approved + timedelta(days=(4 - one.approved.weekday()) % 7 or 7)
    if friday > HORIZON:
        return replace(one, state="AWAITING_PAYMENT")
    batch = uuid_from(seed, SLUG, "batch", friday.isoformat(), "in" if one.is_payback else "out")
    return replace(one, moved=friday, batch="" if one.state == "MANUALLY_REIMBURSED" else batch)


def at_bank(day: date) -> date:
    """When the bank shows what Ramp did on a day."""
    return next_business_day(day)
