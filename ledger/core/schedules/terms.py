"""What a schedule is agreed to be, and one row of its table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ledger.core.period import Month

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

#: Each kind with its methods, the usual one first.
KINDS: dict[str, tuple[str, ...]] = {
    "prepaid": ("months", "days"),
    "asset": ("straight-line", "declining", "units"),
    "loan": ("annuity", "fixed-principal", "interest-only"),
    "deferred": ("months", "days", "milestones"),
    "accrual": ("once",),
}
METHODS: tuple[str, ...] = tuple(dict.fromkeys(method for methods in KINDS.values() for method in methods))
CONVENTIONS = ("full-month", "next-month", "mid-month", "half-year")
#: A million is 100 %.
MILLION = 1_000_000
#: Nothing runs longer than a century of months.
MOST_MONTHS = 1200
#: From this day on a month that begins a schedule is left to the rest, and one that ends it is counted.
MID_MONTH = 15


class ScheduleError(ValueError):
    """Terms that do not make a table; ``field`` names the one to mend."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Row:
    """One due line: ``amount`` lowers the balance (a negative one raises it), ``interest`` is paid beside it, ``closing`` is left.

    ``catch_up`` is the part of ``amount`` that belongs to earlier months, which were closed or not yet known.
    """

    on: date
    amount: int
    interest: int = 0
    closing: int = 0
    catch_up: int = 0

    @property
    def month(self) -> Month:
        return Month.of(self.on)

    @property
    def payment(self) -> int:
        return self.amount + self.interest


class Step(NamedTuple):
    """What a person says of one date: a milestone's amount, the units used, or a lender's statement (principal and interest)."""

    on: date
    amount: int
    interest: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The agreement. Money in minor units; ``rate_millionths`` is a loan's yearly rate, or how many times straight line a
    declining balance writes off (2,000,000 = double).

    ``residual`` is an asset's salvage value or a loan's last, larger payment. ``months`` is an asset's life or a loan's number
    of payments; ``units`` what an asset makes in its life. ``steps`` are milestones, units used or a lender's statements.
    ``fiscal_year_start`` is the month (1–12) with which the client's year begins, for conventions that go by the year.
    """

    kind: str
    method: str
    amount: int
    starts_on: date
    ends_on: date | None = None
    months: int = 0
    residual: int = 0
    rate_millionths: int = 0
    payment: int = 0
    units: int = 0
    convention: str = "full-month"
    switches: bool = False
    fiscal_year_start: int = 1
    steps: tuple[Step, ...] = field(default=())

    @property
    def total(self) -> int:
        """What all rows together come to."""
        return self.amount - self.residual if self.kind == "asset" else 0 if self.kind == "accrual" else self.amount


def problems(terms: Terms) -> dict[str, str]:
    """What does not hold, by field, in words for the person who typed it."""
    found: dict[str, str] = {}
    if terms.method not in KINDS.get(terms.kind, ()):
        found["method"] = "Not a method of this kind of schedule."
    if terms.amount <= 0:
        found["amount"] = "More than nil."
    if terms.residual < 0 or (terms.residual and terms.residual >= terms.amount):
        found["residual"] = "Not below nil, and less than the amount."
    if terms.residual and terms.kind not in {"asset", "loan"}:
        found["residual"] = "Only an asset has a salvage value and only a loan a larger last payment."
    found |= _dates(terms)
    if (
        not found
        and terms.kind in {"asset", "loan"}
        and terms.method != "units"
        and not (1 <= terms.months <= MOST_MONTHS)
    ):
        found["months"] = f"From 1 to {MOST_MONTHS:,} months."
    return found or _by_method(terms)


def _dates(terms: Terms) -> dict[str, str]:
    needs_end = terms.method in {"months", "days", "once"}
    if needs_end and terms.ends_on is None:
        return {"ends_on": "Say when it ends."}
    if terms.ends_on is None:
        return {}
    if terms.ends_on < terms.starts_on:
        return {"ends_on": "Not before it begins."}
    if terms.kind == "accrual" and Month.of(terms.ends_on) == Month.of(terms.starts_on):
        return {"ends_on": "Reversed in a later month than it is accrued in."}
    if Month.of(terms.ends_on).index - Month.of(terms.starts_on).index >= MOST_MONTHS:
        return {"ends_on": "Within a hundred years."}
    return {}


def _by_method(terms: Terms) -> dict[str, str]:
    """The first rule of the method that does not hold."""
    steps = sum(step.amount for step in terms.steps)
    is_declining, is_milestones = terms.method == "declining", terms.method == "milestones"
    rules = (
        ("convention", terms.convention not in CONVENTIONS, "Not a convention."),
        (
            "rate",
            is_declining and not MILLION <= terms.rate_millionths <= 10 * MILLION,
            "From 1 to 10 times straight line; 2 is double declining.",
        ),
        (
            "convention",
            is_declining and terms.convention == "mid-month",
            "A declining balance counts whole months or half years.",
        ),
        (
            "rate",
            terms.kind == "loan" and not 0 <= terms.rate_millionths < MILLION,
            "A yearly rate from 0 to below 100 %.",
        ),
        (
            "units",
            terms.method == "units" and (terms.units <= 0 or steps > terms.units),
            "The units of its whole life, and no more of them used.",
        ),
        ("steps", is_milestones and steps != terms.amount, "The milestones come to the amount exactly."),
        ("steps", any(step.amount < 0 or step.interest < 0 for step in terms.steps), "No figure below nil."),
        (
            "steps",
            is_milestones and any(step.on < terms.starts_on for step in terms.steps),
            "No milestone before it begins.",
        ),
    )
    return next(({field: said} for field, is_broken, said in rules if is_broken), {})


def running(rows: Iterable[Row], total: int) -> list[Row]:
    """The rows in order, each with what is left of ``total`` after it."""
    left, made = total, []
    for row in sorted(rows, key=lambda row: row.on):
        left -= row.amount
        made.append(Row(row.on, row.amount, row.interest, left, row.catch_up))
    return made


def shared(total: int, weights: Mapping[date, int]) -> list[Row]:
    """``total`` over dates by weight, each rounded down, the last one taking the rest; dates that come to nothing are left out."""
    whole, rows, left = sum(weights.values()), [], total
    dates = sorted(weights)
    for on in dates[:-1]:
        part = abs(total) * weights[on] // whole * (1 if total >= 0 else -1)
        left -= part
        rows.append(Row(on, part))
    rows.append(Row(dates[-1], left))
    return [row for row in rows if row.amount]
