"""Expensify's part in a company's story: reports of its people, a card program, and what is paid back by bank transfer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import CUT_OVER, HORIZON, day_in, next_business_day
from integrations.sandbox.world.chance import letters, share, stream
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.people import Employee

SLUG = "expensify"
CLEARING, CARD, OWED = "Expensify Clearing", "Expensify Card", "Employee Reimbursements Payable"
FEED, TRAVEL = "Expensify Card", "Travel and Meals"
#: (category, its GL code, the account it means, least and most cents, merchants); names as people type them.
CATEGORIES = (
    ("Meals", "6130", TRAVEL, 900, 7400, ('"Salt & Barley" Kitchen', "Pinefork Diner", "Café Orgeat")),
    ("Parking", "", TRAVEL, 400, 3200, ("Stonewharf Garage",)),
    ("Supplies", "5200", "Packaging", 1100, 18400, ("Wickham Paper Goods", "Tape\u2028and Twine")),
    ("Repairs", "", "Repairs and Maintenance", 2500, 26000, ("Alder Hardware",)),
    ("Ads", "6010", "Marketing", 3000, 12000, ("Harbor Flyer \\ Print",)),
)
REFUND, FOREIGN, MODIFIED = date(2026, 2, 10), date(2026, 2, 20), date(2026, 1, 16)
OUTSIDE = date(2026, 2, 23)
MILE_MINOR, RECEIPT_FROM_MINOR = 70, 7500


@dataclass(frozen=True, slots=True)
class Expense:
    """One expense; cents of the report's currency. ``original_minor`` is in ``foreign``, or what was there before a change."""

    id: str
    day: date
    merchant: str
    category: str
    gl: str
    account: str
    tag: str
    amount_minor: int
    by_card: bool
    kind: str = "expense"
    foreign: str = ""
    original_minor: int | None = None
    first_merchant: str = ""

    @property
    def has_receipt(self) -> bool:
        """The workspace asks for one from a certain amount on."""
        return self.kind == "expense" and self.amount_minor >= RECEIPT_FROM_MINOR


@dataclass(frozen=True, slots=True)
class Report:
    """A report of one person. Days past the horizon have not come yet."""

    id: str
    old_id: str
    person: str
    email: str
    created: date
    submitted: date
    approved: date
    repaid: date
    by_tool: bool
    entry_id: str
    expenses: tuple[Expense, ...]

    @property
    def is_approved(self) -> bool:
        return self.approved <= HORIZON

    @property
    def owed_minor(self) -> int:
        return sum(one.amount_minor for one in self.expenses if not one.by_card)

    @property
    def is_repaid(self) -> bool:
        return bool(self.owed_minor) and self.repaid <= HORIZON

    @property
    def status(self) -> str:
        if not self.is_approved:
            return "Processing" if self.submitted <= HORIZON else "Open"
        return "Closed" if not self.owed_minor else "Reimbursed" if self.is_repaid else "Approved"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the API serves."""

    reports: tuple[Report, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over."""
    known = Workspace(tuple(_reports(cast, seed)))
    approved = [report for report in known.reports if report.is_approved]
    return Told(
        data=known,
        events=(*(event for report in approved for event in _events(report)), *_card_paid(approved)),
        accounts=(
            (CLEARING, "Other Current Asset", "OtherCurrentAssets"),
            (CARD, "Credit Card", "CreditCard"),
            (OWED, "Other Current Liability", "OtherCurrentLiabilities"),
        ),
        mapping=(
            Rule("reimb-payable", OWED),
            Rule("clearing", CLEARING),
            Rule("card", CARD, key=FEED),
            Rule("expense", TRAVEL, key="travel"),
            *(Rule("expense", account, key=gl or name) for name, gl, account, *_ in CATEGORIES),
            Rule("card", CARD, words="EXPENSIFY CARD AUTOPAY"),
            Rule("reimb-payable", OWED, words="STAFF EXPENSES BY TRANSFER"),
        ),
        balances=(
            *telling.held(_under_way(approved), (CLEARING,), name="Paying back"),
            *telling.held(_charged(approved), (CARD,), name="Card"),
            *telling.held(_owed(approved), (OWED,), name="Owed to people"),
        ),
        seen=tuple(_seen(known)),
    )


# ---- the reports ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Odd:
    """Days from which the next fitting expense is a refund, in foreign money, changed by a person; or is paid back outside."""

    refund: list[date] = field(default_factory=lambda: [REFUND])
    foreign: list[date] = field(default_factory=lambda: [FOREIGN])
    modified: list[date] = field(default_factory=lambda: [MODIFIED])
    outside: list[date] = field(default_factory=lambda: [OUTSIDE])

    @staticmethod
    def takes(days: list[date], day: date) -> bool:
        return bool(days) and day >= days[0] and bool(days.pop(0))


def _reports(cast: Cast, seed: int) -> Iterator[Report]:
    """Each person hands in two reports a month; the second is approved and paid back in the month after."""
    odd, number = _Odd(), 0
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for first, last in ((1, 14), (16, 30)):
            for person in cast.employees:
                days = sorted(day_in(month, rng.randint(first, last)) for _ in range(rng.randint(3, 5)))
                days = [max(day, CUT_OVER + timedelta(days=1)) for day in days if day <= HORIZON]
                if days:
                    number += 1
                    yield _report(rng, odd, person, days, number)


def _report(rng: Random, odd: _Odd, person: Employee, days: list[date], number: int) -> Report:
    submitted = days[-1] + timedelta(days=rng.randint(1, 2))
    approved = next_business_day(submitted, rng.randint(1, 2))
    expenses = tuple(_expense(rng, odd, person, day, f"{7_000_000 + number * 10 + n}") for n, day in enumerate(days))
    repaid = next_business_day(approved, 2)
    return Report(
        id=f"R00{letters(rng, 9)}",
        old_id=str(40_000_000 + number * 113),
        person=person.name,
        email=f"{person.first}.{person.last}@tamaracktrading.example".lower(),
        created=days[0],
        submitted=submitted,
        approved=approved,
        repaid=repaid,
        by_tool=not odd.takes(odd.outside, repaid),
        entry_id=str(88_000_000_000 + number * 7919),
        expenses=expenses,
    )


def _expense(rng: Random, odd: _Odd, person: Employee, day: date, mark: str) -> Expense:
    if rng.random() < 0.12:
        miles = rng.randint(8, 90)
        return Expense(
            mark, day, f"{miles} mi", "", "", TRAVEL, person.department, miles * MILE_MINOR, False, "distance"
        )
    category, gl, account, low, high, merchants = rng.choice(CATEGORIES)
    amount, merchant = rng.randint(low, high), rng.choice(merchants)
    made = (mark, day, merchant, category, gl, account, person.department)
    by_card = rng.random() < 0.45
    if by_card and odd.takes(odd.refund, day):
        return Expense(*made, -amount, True)
    if not by_card and odd.takes(odd.foreign, day):
        return Expense(*made, share(amount, 10840), False, foreign="EUR", original_minor=amount)
    if not by_card and odd.takes(odd.modified, day):
        return Expense(*made, amount, False, original_minor=amount * 10, first_merchant=f"{merchant.upper()[:9]} 0042")
    return Expense(*made, amount, by_card)


# ---- what must come of them ----------------------------------------------------------------------------------------------


def _events(report: Report) -> Iterator[Event]:
    owed = [one for one in report.expenses if not one.by_card]
    lines = [(one.account, one.amount_minor) for one in owed]
    yield Event(postings=entry(report.approved, SLUG, report.id, *lines, (OWED, -report.owed_minor)))
    for one in report.expenses:
        if one.by_card:
            key, amount = f"{report.id}:{one.id}", one.amount_minor
            yield Event(postings=entry(one.day, SLUG, key, (one.account, amount), (CARD, -amount)))
    if not report.is_repaid:
        return
    day, amount, key = report.repaid, report.owed_minor, f"{report.id}:repaid"
    if report.by_tool:
        yield Event(postings=entry(day, SLUG, key, (OWED, amount), (CLEARING, -amount)))
        text = f"EXPENSIFY INC REIMBURSEMENT {report.entry_id}"
        yield telling.cash_event(key, next_business_day(day), CLEARING, -amount, text, merchant="Expensify")
    else:
        yield telling.cash_event(key, day, OWED, -amount, "STAFF EXPENSES BY TRANSFER", merchant=report.person)


def _card_paid(reports: list[Report]) -> Iterator[Event]:
    for day, amount in _autopay(reports):
        text = "EXPENSIFY CARD AUTOPAY"
        yield telling.cash_event(f"expensify-card-{day}", day, CARD, -amount, text, merchant="Expensify")


def _autopay(reports: list[Report]) -> Iterator[tuple[date, int]]:
    """The card is paid in full on the fifteenth of the month after."""
    for month, following in zip(telling.MONTHS, telling.MONTHS[1:], strict=False):
        charged = [one for report in reports for one in report.expenses if one.by_card]
        yield day_in(following, 15), sum(one.amount_minor for one in charged if f"{one.day:%Y-%m}" == month)


# ---- what Expensify and the card say -------------------------------------------------------------------------------------


def _under_way(reports: list[Report]) -> Iterator[tuple[date, int]]:
    for report in reports:
        if report.is_repaid and report.by_tool:
            yield report.repaid, -report.owed_minor
            yield next_business_day(report.repaid), report.owed_minor


def _charged(reports: list[Report]) -> Iterator[tuple[date, int]]:
    yield from ((one.day, -one.amount_minor) for report in reports for one in report.expenses if one.by_card)
    yield from _autopay(reports)


def _owed(reports: list[Report]) -> Iterator[tuple[date, int]]:
    for report in reports:
        yield report.approved, -report.owed_minor
        if report.is_repaid:
            yield report.repaid, report.owed_minor


def _seen(known: Workspace) -> Iterator[tuple[str, date]]:
    """Each object by the day its first fact is booked on."""
    for report in known.reports:
        if report.is_approved:
            yield "reports", report.approved
            yield "reimbursements", report.repaid if report.is_repaid else report.approved
        else:
            yield "reports", report.submitted if report.submitted <= HORIZON else report.created
