"""What BILL knows of a company: vendors, bills, credits, and payment runs with what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, STORY_NOW, day_in, local_instant, on_or_after
from integrations.sandbox.world.chance import PLAIN, letters, stream

if TYPE_CHECKING:
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "bill"
BANK_ID, CARD_ID = "bac02OSPREYCHECKING1", "cca02OSPREYPAYCARD01"
CARD_NAME = "Pay card 8821"
#: (vendor, what it sells, department, least and most of a bill in cents, bills a month)
VENDORS = (
    ("Fenmark Survey Supply", "Materials", "Field", 42000, 165000, 3),
    ("Rookhill Equipment Hire", "Repairs and Maintenance", "Field", 28000, 96000, 3),
    ("Saltgrass Fuels", "Travel and Meals", "Field", 18000, 61000, 4),
    ("Bellwether Mapping", "Software", "Office", 9900, 24900, 2),
    ("Thistledown Print", "Marketing", "Office", 8500, 47000, 2),
    ("Coppergate Utilities", "Utilities", "Office", 21000, 38000, 2),
    ("Ninefold Legal", "Professional Fees", "Office", 60000, 140000, 1),
)
ACCOUNTS = tuple(dict.fromkeys(account for _, account, *_ in VENDORS))
DEPARTMENTS = ("Field", "Office")


@dataclass(frozen=True, slots=True)
class Bill:
    """Cents; ``splits`` are (account, department, cents). ``dead`` bills are archived: a double, typed by mistake."""

    id: str
    vendor: str
    number: str
    day: date
    due: date
    splits: tuple[tuple[str, str, int], ...]
    updated: datetime
    approval: str = "APPROVED"
    dead: bool = False

    @property
    def amount_minor(self) -> int:
        return sum(amount for _, _, amount in self.splits)

    @property
    def is_booked(self) -> bool:
        return self.approval == "APPROVED" and not self.dead


@dataclass(frozen=True, slots=True)
class Credit:
    """A vendor's credit note, cents."""

    id: str
    vendor: str
    number: str
    day: date
    account: str
    department: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payment:
    """One vendor paid on a process date; ``parts`` are (bill, cents). ``changed`` is when its last status was reached."""

    id: str
    vendor: str
    number: int
    process: date
    parts: tuple[tuple[str, int], ...]
    status: str
    changed: datetime
    by_card: bool = False

    @property
    def amount_minor(self) -> int:
        return sum(amount for _, amount in self.parts)

    @property
    def has_moved(self) -> bool:
        return self.status not in ("SCHEDULED", "CANCELED")


@dataclass(frozen=True, slots=True)
class Payables:
    """What the API serves."""

    bills: tuple[Bill, ...]
    credits: tuple[Credit, ...]
    payments: tuple[Payment, ...]


def vendor_id(name: str) -> str:
    place = [vendor for vendor, *_ in VENDORS].index(name) + 1
    return f"00902OSPREYVENDOR{place:03d}"


def plan(cast: Cast, seed: int) -> Payables:
    """Bills through each month, paid on Thursdays; each thing that can happen to a bill or a payment happens once."""
    bills = sorted(_bills(cast, seed), key=lambda bill: (bill.day, bill.id))
    bills = _odd(bills)
    payments = _payments(cast, seed, bills)
    return Payables(tuple(bills), tuple(_credits(cast, seed)), tuple(payments))


def _bills(cast: Cast, seed: int) -> list[Bill]:
    found = []
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, "bills", month)
        for vendor, account, department, low, high, count in VENDORS:
            for _ in range(count):
                day = day_in(month, rng.randint(1, 28))
                if date(2026, 1, 2) <= day <= HORIZON:
                    found.append(_bill(rng, vendor, day, (account, department, rng.randint(low, high))))
    return found


def _bill(rng: Random, vendor: str, day: date, split: tuple[str, str, int]) -> Bill:
    account, department, amount = split
    splits: tuple[tuple[str, str, int], ...] = ((account, department, amount),)
    if vendor == "Rookhill Equipment Hire":  # the crew's part and the office's
        here, there = telling.parts(amount, (7, 3))
        splits = ((account, "Field", here), ("Materials", "Office", there))
    number = f"{vendor[:2].upper()}-{rng.randint(2000, 9999)}"
    typed = min(local_instant(day + timedelta(days=1), 10, rng.randint(0, 59)), STORY_NOW - timedelta(hours=1))
    return Bill(f"00n02{letters(rng, 15, PLAIN)}", vendor, number, day, day + timedelta(days=14), splits, typed)


def _odd(bills: list[Bill]) -> list[Bill]:
    """A double that was archived, a bill that was refused, and one that still waits for its approval."""
    first = bills[2]
    double = replace(first, id=f"{first.id[:-1]}0", dead=True, updated=first.updated + timedelta(days=1))
    refused = next(bill for bill in bills if bill.day >= date(2026, 2, 10))
    waiting = next(bill for bill in bills if bill.day >= date(2026, 3, 24))
    found = [replace(bill, approval="DENIED") if bill is refused else bill for bill in bills]
    found = [replace(bill, approval="ASSIGNED") if bill is waiting else bill for bill in found]
    return [*found, double]


def _credits(cast: Cast, seed: int) -> list[Credit]:
    found = []
    for month in telling.PROVEN:
        rng = stream(seed, cast.slug, SLUG, "credits", month)
        vendor, account, department, *_ = VENDORS[rng.randint(0, 2)]
        number = f"CM-{rng.randint(100, 999)}"
        day = day_in(month, rng.randint(8, 24))
        found.append(
            Credit(f"vcr02{letters(rng, 15, PLAIN)}", vendor, number, day, account, department, rng.randint(2500, 9900))
        )
    return found


# ---- payments --------------------------------------------------------------------------------------------------------------

#: What becomes of the payment that is the first on or after a day: (day, last status, when it was reached).
FATES = (
    (date(2026, 1, 22), "VOIDED", date(2026, 2, 3)),
    (date(2026, 2, 19), "DISBURSEMENT_FAILED_ACTION_NEEDED", date(2026, 2, 26)),
    (date(2026, 3, 5), "CANCELED", date(2026, 3, 3)),
    (date(2026, 3, 26), "DISBURSEMENT_ON_HOLD", date(2026, 3, 26)),
)
#: The first payment on or after this day is made with a card.
CARD_FROM = date(2026, 1, 29)
#: The first payment on or after this day pays half; the rest follows on the next run.
HALF_FROM = date(2026, 2, 5)


def _payments(cast: Cast, seed: int, bills: list[Bill]) -> list[Payment]:
    """Every Thursday what is due within the week, one payment for each vendor."""
    rng = stream(seed, cast.slug, SLUG, "payments")
    waiting = {bill.id: (bill, bill.amount_minor) for bill in bills if bill.is_booked}
    found: list[Payment] = []
    fates, halves, cards = list(FATES), [HALF_FROM], [CARD_FROM]
    for day in (*telling.story_days(business=True), on_or_after(HORIZON + timedelta(days=4))):
        if day.weekday() != 3:
            continue
        due = [(bill, left) for bill, left in waiting.values() if bill.due <= day + timedelta(days=6)]
        for vendor in dict.fromkeys(bill.vendor for bill, _ in due):
            parts = [(bill.id, left) for bill, left in due if bill.vendor == vendor]
            if halves and day >= halves[0]:
                halves.pop()
                parts[0] = (parts[0][0], parts[0][1] // 2)
            status, changed = "CLEARED", local_instant(min(day + timedelta(days=4), HORIZON), 9, 30)
            if day > HORIZON:
                status, changed = "SCHEDULED", local_instant(HORIZON, 9, 30)
            elif fates and day >= fates[0][0]:
                _, status, on = fates.pop(0)
                changed = local_instant(on, 14)
            by_card = bool(cards) and day >= cards[0] and status == "CLEARED"
            if by_card:
                cards.pop()
            number = len(found) + 1
            found.append(
                Payment(f"stp02{letters(rng, 15, PLAIN)}", vendor, number, day, tuple(parts), status, changed, by_card)
            )
            _settle(waiting, parts)
    return found


def _settle(waiting: dict[str, tuple[Bill, int]], parts: list[tuple[str, int]]) -> None:
    for mark, amount in parts:
        bill, left = waiting.pop(mark)
        if left > amount:
            waiting[mark] = (bill, left - amount)
