"""Periods and what they are compared with: the columns of a statement. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ledger.core.period import FiscalYear, Month, Point, first_day, last_day, month_of
from ledger.core.statements import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.core.statements import Books

#: Comparisons in the order of their columns: name, what a person reads, whether a change against the period is shown.
COMPARISONS: tuple[tuple[str, str, bool], ...] = (
    ("prior-month", "Prior period", True),
    ("prior-year", "Same period last year", True),
    ("budget", "Budget", True),
    ("ytd", "Year to date", False),
    ("t12", "Trailing 12 months", False),
)
#: Which of them a statement knows: a balance is of a day and has no year to date, and budgets are of income and expenses.
KNOWN: dict[str, tuple[str, ...]] = {
    "pl": ("prior-month", "prior-year", "budget", "ytd", "t12"),
    "cf": ("prior-month", "prior-year", "ytd", "t12"),
    "bs": ("prior-month", "prior-year"),
    "tb": ("prior-month", "prior-year"),
}
#: Statements of a day, not of a time.
BALANCES = frozenset({"bs", "tb"})
#: Months of a custom period, and columns by month, at most.
LONGEST_MONTHS, MOST_COLUMNS = 120, 24
_DAY = timedelta(days=1)


class Span(NamedTuple):
    """A period: whole months, or days. Raises nothing; ``span_of_days`` makes one from what a person typed."""

    first: Point
    last: Point

    @property
    def is_whole(self) -> bool:
        """Whether it is made of whole months."""
        return isinstance(self.first, Month) and isinstance(self.last, Month)

    @property
    def months(self) -> list[Month]:
        """The months it touches."""
        return month_of(self.first).through(month_of(self.last))

    @property
    def label(self) -> str:
        first, last = first_day(self.first), last_day(self.last)
        if not self.is_whole:
            start = f"{first:%b} {first.day}" + (f", {first.year}" if first.year != last.year else "")
            return f"{start} to {last:%b} {last.day}, {last.year}"
        if self.first == self.last:
            return f"{first:%b} {first.year}"
        return f"{first:%b}" + (f" {first.year}" if first.year != last.year else "") + f" to {last:%b} {last.year}"


def span_of_days(first: date, last: date) -> Span:
    """Days as a period, as whole months where they are. Raises ValueError for days out of order or more than ten years."""
    if first > last:
        raise ValueError("The first day is after the last.")
    if Month.of(last).index - Month.of(first).index >= LONGEST_MONTHS:
        raise ValueError("A period is at most ten years.")
    if first == Month.of(first).first and last == Month.of(last).last:
        return Span(Month.of(first), Month.of(last))
    return Span(first, last)


def prior(span: Span) -> Span:
    """The period of the same length before this one: as many months, or as many days."""
    if isinstance(span.first, Month) and isinstance(span.last, Month):
        count = span.last.index - span.first.index + 1
        return Span(span.first.shift(-count), span.last.shift(-count))
    first, last = first_day(span.first), last_day(span.last)
    return Span(first - (last - first) - _DAY, first - _DAY)


def year_earlier(span: Span) -> Span:
    return Span(_year_earlier(span.first), _year_earlier(span.last))


def _year_earlier(point: Point) -> Point:
    if isinstance(point, Month):
        return point.year_before
    return min(
        point.replace(day=1, year=point.year - 1) + timedelta(days=point.day - 1), Month.of(point).year_before.last
    )


def year_to_date(span: Span, fiscal_year_start: int) -> Span:
    return Span(FiscalYear.of(month_of(span.last), fiscal_year_start).first, span.last)


def trailing_year(span: Span) -> Span:
    """Twelve months that end where the period ends."""
    if isinstance(span.last, Month):
        return Span(span.last.shift(-11), span.last)
    earlier = _year_earlier(span.last)
    assert isinstance(earlier, date)
    return Span(earlier + _DAY, span.last)


def columns(
    statement: str, span: Span, names: Iterable[str], *, fiscal_year_start: int = 1
) -> tuple[list[Column], list[str]]:
    """The period's column and one for each comparison the statement knows; with their names, the period's being ''.

    The column of a budget has no books yet: ``with_books`` gives them.
    """
    others = {
        "prior-month": prior(span),
        "prior-year": year_earlier(span),
        "budget": span,
        "ytd": year_to_date(span, fiscal_year_start),
        "t12": trailing_year(span),
    }
    wanted = set(names)
    chosen = [name for name, _label, _change in COMPARISONS if name in wanted and name in KNOWN.get(statement, ())]
    made = [column(statement, span), *(column(statement, others[name]) for name in chosen)]
    labels = {"budget": "Budget", "ytd": "Year to date", "t12": "Trailing 12 months"}
    return [one._replace(label=labels.get(name, one.label)) for one, name in zip(made, ["", *chosen], strict=True)], [
        "",
        *chosen,
    ]


def column(statement: str, span: Span) -> Column:
    """One period as a column; a balance is headed by its day."""
    if statement in BALANCES:
        day = last_day(span.last)
        return Column(f"{day:%b} {day.day}, {day.year}", span.first, span.last)
    return Column(span.label, span.first, span.last)


def by_month(statement: str, span: Span) -> list[Column]:
    """A column for each month of the period (the last ``MOST_COLUMNS``), and the whole of it where it is a sum."""
    months = span.months[-MOST_COLUMNS:]
    first, last = span
    made = [
        column(statement, Span(first if month == months[0] and month == month_of(first) else month, month))
        if month != month_of(last)
        else column(statement, Span(first if len(months) == 1 else month, last))
        for month in months
    ]
    if statement in BALANCES or len(made) == 1:
        return made
    return [*made, Column("Total", made[0].first, last)]


def edges(made: Iterable[Column]) -> list[date]:
    """The days inside months at which columns begin or end: the last day of each part."""
    days: set[date] = set()
    for one in made:
        for day in (first_day(one.first) - _DAY, last_day(one.last)):
            if day != Month.of(day).last:
                days.add(day)
    return sorted(days)


def without_data(
    books: Books, made: Sequence[Column], *, balances: bool = False, begun: Month | None = None
) -> list[str]:
    """What the reader should know of the columns: months in which nothing was booked, by name, and columns before the books.

    ``begun`` is the first month of the books where these hold none of it.
    """
    booked = {month_of(point) for point, rows in books.activity.items() if rows} or ({begun} if begun else set())
    if not booked:
        return []
    begun = min(booked)
    empty: list[Month] = []
    early: list[str] = []
    for one in made:
        if one.books is not None:
            continue
        months = month_of(one.first).through(month_of(one.last))
        if month_of(one.last) < begun:
            early.append(one.label)
        elif not balances:
            empty += [month for month in months if month > begun and month not in booked and month not in empty]
    said = []
    if early:
        said.append(f"{listed(early)}: before the books begin in {begun.label}.")
    if empty:
        said.append(f"Nothing is booked in {listed([month.label for month in sorted(empty)])}.")
    return said


def listed(names: Sequence[str]) -> str:
    """``a, b and c``; of more than six the first five and how many more."""
    shown = [*names[:5], f"{len(names) - 5} more"] if len(names) > 6 else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
