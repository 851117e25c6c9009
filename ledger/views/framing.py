"""What the ledger's pages share: the month of an address, the switch between months, pages of fifty, spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date

from clients.access import allows, membership_of
from clients.templatetags.portal import DECIMALS
from clients.tenancy import client_context
from clients.views.audit import safe_cell
from integrations import jobs
from ledger import groups
from ledger.core.period import Month
from ledger.models import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from django.core.paginator import Page

    from clients.access import Right
    from clients.models import Client

PAGE = 50
#: Months the switch offers before and after the one shown.
BEFORE, AFTER = 11, 1
#: State of a period → status on the page.
STATES = {"open": "progress", "locked": "signed", "sealed": "signed"}


def month_or_404(request: HttpRequest, text: str) -> Month:
    """The month of an address; Http404 for anything else. The client's tabs then stay in this month."""
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise Http404 from error
    request.__dict__["month"] = month
    return month


def send_soon(client: Client) -> None:
    """What a page just booked goes to the accounting system with the next refresh: see to it that one comes now."""
    jobs.wake(client.pk, "refresh")


def today(client: Client) -> date:
    """The client's own calendar day."""
    return datetime.now(ZoneInfo(client.timezone)).date()


def current_month(client: Client) -> Month:
    """The month being closed, see ``being_closed``."""
    states = Period.objects.filter(client=client).order_by("month").values_list("month", "state")
    return being_closed([(Month.of(month), state) for month, state in states], Month.of(today(client)).previous)


def being_closed(states: Sequence[tuple[Month, str]], last: Month) -> Month:
    """The first month open after one that was signed; before any was, the newest with books. Never later than ``last``.

    ``states``: months that have books with their state, oldest first. ``last``: the last complete month.
    """
    signed = [month for month, state in states if state != "open"]
    waiting = [month for month, state in states if signed and state == "open" and month > signed[0]]
    newest = signed[-1].next if signed else states[-1][0] if states else last
    return min(last, waiting[0] if waiting else newest)


def period(client: Client, month: Month, view: str, **kwargs: Any) -> dict[str, Any]:
    """The month switch: before, after, and the months around with their state."""
    states = dict(Period.objects.filter(client=client).values_list("month", "state"))
    made = switch(month, view, states, slug=client.slug, **kwargs)
    return made | {"state": states.get(month.first, "open")}


def switch(month: Month, view: str, states: Mapping[date, str], **kwargs: Any) -> dict[str, Any]:
    """The months around one with their state, each a link to the view; ``kwargs`` are the rest of its address."""

    def link(of: Month) -> dict[str, Any]:
        url = reverse(view, kwargs={"month": str(of), **kwargs})
        return {"month": of, "url": url, "state": STATES.get(states.get(of.first, ""), "todo"), "here": of == month}

    months = [link(of) for of in reversed(month.shift(-BEFORE).through(month.shift(AFTER)))]
    return {"month": month, "previous": link(month.previous), "next": link(month.next), "months": months}


def group_switch(companies: Sequence[Client], month: Month, view: str, pk: int) -> dict[str, Any]:
    """The month switch of a group, with each company's state of the month: a month is signed when it is so everywhere."""
    by_company = groups.month_states(companies)
    known = {first for states in by_company.values() for first in states}
    whole = {
        first: "sealed" if all(states.get(first, "open") != "open" for states in by_company.values()) else "open"
        for first in known
    }
    states = {company.pk: by_company[company.pk].get(month.first, "open") for company in companies}
    return switch(month, view, whole, pk=pk) | {"states": states}


def group_month(companies: Sequence[Client]) -> Month:
    """The month being closed in a group: the earliest of its companies'."""
    found = []
    for company in companies:
        with client_context(company.pk):
            found.append(current_month(company))
    return min(found)


def page_of(request: HttpRequest, rows: Any, *, size: int = PAGE) -> Page[Any]:
    """The asked page of the rows, the nearest one for a number that is none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def may(request: HttpRequest, right: Right) -> bool:
    return allows(membership_of(request), right)


def day_of(text: str) -> date | None:
    """A typed date (YYYY-MM-DD); None for anything else."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def long_day(day: date) -> str:
    """``March 31, 2026``."""
    return f"{day:%B} {day.day}, {day.year}"


def percent(basis_points: int | None, *, whole: bool = False) -> str:
    """``8.2%``; negatives in parentheses, over ten times as ``>999%``, nothing as a dash. ``whole``: ``100%`` for 100.0."""
    if not basis_points:
        return "–" if basis_points == 0 and not whole else "0%" if whole else ""
    tenths = (abs(basis_points) + 5) // 10
    if whole and basis_points < 10_000:
        tenths = min(tenths, 999)
    text = f"{tenths // 10}.{tenths % 10}%" if tenths < 10_000 else ">999%"
    text = text.replace(".0%", "%") if whole else text
    return f"({text})" if basis_points < 0 else text


def plain(minor: int, currency: str = "USD") -> str:
    """A figure for a spreadsheet: no grouping, a minus sign, the currency's decimals."""
    return str(Decimal(minor).scaleb(-DECIMALS.get(currency.upper(), 2)))


def spreadsheet(filename: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A CSV attachment whose texts no spreadsheet will run; numbers given as Decimal text keep their minus sign."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell if _is_figure(cell) else safe_cell(cell) for cell in row])
    headers = {"Content-Disposition": f'attachment; filename="{filename}.csv"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _is_figure(cell: object) -> bool:
    text = str(cell)
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()
