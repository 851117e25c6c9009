"""What a person asks of a statement, read from the address: period, basis, comparisons, columns. Bad input is said, never lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from clients.access import Right
from ledger.core import comparing
from ledger.core.comparing import Span
from ledger.core.period import first_day, last_day, quarter
from ledger.reports import BOTH_BASES, BREAKDOWNS, OF_PAY, STATEMENTS, Asked, Basis, By
from ledger.views.framing import day_of, may

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest

    from clients.models import Client
    from ledger.core.period import Month

PERIODS = (
    ("month", "Month"),
    ("quarter", "Quarter to date"),
    ("ytd", "Year to date"),
    ("t12", "Trailing 12 months"),
    ("days", "From and to"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What was asked, and how the form says it: ``period`` one of PERIODS, ``first`` and ``last`` as typed, what is wrong."""

    asked: Asked
    period: str
    first: str
    last: str
    problem: str


def read(request: HttpRequest, client: Client, month: Month) -> Given:
    """Raises PermissionDenied for a statement of people's pay without the right to it."""
    given = request.GET
    slug = given.get("statement", "pl")
    slug = slug if slug in STATEMENTS else "pl"
    if slug in OF_PAY and not may(request, Right.VIEW_PAYROLL):
        raise PermissionDenied
    period, span, problem = _span(request, client, month)
    compare = tuple(given.getlist("compare") or ["prior-month"])
    ways = dict(BREAKDOWNS.get(slug, ()))
    by: By = next((name for name in ways if name == given.get("by")), "")
    basis: Basis = "cash" if given.get("basis") == "cash" and slug in BOTH_BASES else "accrual"
    asked = Asked(slug, span, compare, basis, by, shares="no-share" not in compare)
    typed = (given.get("from", "").strip()[:10], given.get("to", "").strip()[:10])
    first, last = typed if period == "days" else (first_day(span.first).isoformat(), last_day(span.last).isoformat())
    return Given(asked, period, first, last, problem)


def _span(request: HttpRequest, client: Client, month: Month) -> tuple[str, Span, str]:
    """Which period, its months or days, and what is wrong with it; the month of the address where it is none."""
    whole = Span(month, month)
    period = request.GET.get("period", "month")
    spans = {
        "quarter": Span(quarter(month)[0], month),
        "ytd": comparing.year_to_date(whole, client.fiscal_year_start_month),
        "t12": comparing.trailing_year(whole),
    }
    if period != "days":
        return (period, spans[period], "") if period in spans else ("month", whole, "")
    days: list[date] = []
    for name, word in (("from", "From"), ("to", "To")):
        day = day_of(request.GET.get(name, "").strip())
        if day is None or not 1990 <= day.year <= 2200:
            return period, whole, f"{word}: write a day such as {month.first.isoformat()}. Shown is {month.label}."
        days.append(day)
    try:
        return period, comparing.span_of_days(days[0], days[1]), ""
    except ValueError as error:
        return period, whole, f"{error} Shown is {month.label}."
