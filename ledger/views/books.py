"""The statements and reports of a period, each figure a link to what is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404
from ledger import drill, reports, statements
from ledger.core import comparing
from ledger.core.period import first_day, last_day
from ledger.models import Account
from ledger.views import downloads, framing
from ledger.views.asking import PERIODS, Given, read
from ledger.views.framing import may, month_or_404

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.core.sheets import Sheet

#: Statements as the tabs show them; the rest is under "More".
TABS = ("pl", "bs", "tb", "cf")
#: Open documents of one party that are shown at once.
DOCUMENTS = 60


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """``statement``, ``period`` (with ``from`` and ``to``), ``compare``, ``basis``, ``by``; ``format`` downloads it; ``open`` and
    ``at`` show what is behind a figure.
    """
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    given = read(request, client, of)
    form = request.GET.get("format", "")
    if form in downloads.BOOKS:
        return downloads.books(client, given.asked.span, form)
    sheet = reports.sheet(client, given.asked)
    if form in downloads.SHEETS:
        return downloads.sheet(client, given.asked, sheet, form)
    return render(request, "ledger/statements.html", _page(request, client, of, given, sheet))


def _page(request: HttpRequest, client: Client, of: Month, given: Given, sheet: Sheet) -> dict[str, Any]:
    asked = given.asked
    known = comparing.KNOWN.get(asked.slug, ())
    traced = statements.traced_basis_points(client, asked.span.first, asked.span.last)
    names = [(slug, name) for slug, name in reports.STATEMENTS.items() if _is_shown(request, slug)]
    return {
        "client": client,
        "month": of,
        "asked": asked,
        "given": given,
        "sheet": sheet,
        "label": _label(asked),
        "is_trial": asked.slug == "tb",
        "tabs": [item for item in names if item[0] in TABS],
        "more": [item for item in names if item[0] not in TABS],
        "periods": PERIODS,
        "compares": [(name, label) for name, label, _change in comparing.COMPARISONS if name in known],
        "ways": reports.BREAKDOWNS.get(asked.slug, ()),
        "not_by_tag": reports.NOT_BY_TAG if asked.slug in {"bs", "tb", "cf"} else "",
        "has_bases": asked.slug in reports.BOTH_BASES,
        "kept": _kept(request),
        "traced": framing.percent(traced, whole=True),
        "is_traced": traced == 10_000,
        "period": framing.period(client, of, "ledger:statements"),
        "rail": _rail(request, client, given, sheet),
        "numbers": dict(Account.objects.filter(client=client).values_list("pk", "number")),
    }


def _is_shown(request: HttpRequest, slug: str) -> bool:
    return slug not in reports.OF_PAY or may(request, Right.VIEW_PAYROLL)


def _label(asked: reports.Asked) -> str:
    """``March 2026``; a balance by its day; other periods as people say them."""
    last = last_day(asked.span.last)
    if asked.slug in {*comparing.BALANCES, "ar", "ap"}:
        return framing.long_day(last)
    first = asked.span.first
    if asked.span.is_whole and first == asked.span.last:
        return f"{first_day(first):%B} {last.year}"
    return asked.span.label


def _kept(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """What each small form of the page passes on of the others."""
    owns = {
        "period": {"period", "from", "to", "open", "at", "format", "page"},
        "compare": {"compare", "open", "at", "format", "page"},
    }
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    return {form: [pair for pair in pairs if pair[0] not in own] for form, own in owns.items()}


def _rail(request: HttpRequest, client: Client, given: Given, sheet: Sheet) -> dict[str, Any] | None:
    """What is behind the figure that was opened; None where nothing was."""
    key = request.GET.get("open", "")
    if not key:
        return None
    if key.startswith("party:") and given.asked.slug in {"ar", "ap"}:
        party = drill.party(client, given.asked, key.removeprefix("party:"))
        day = last_day(given.asked.span.last)
        return party and {
            "party": party,
            "key": key,
            "items": [(item, item.days_late(day)) for item in party.items[:DOCUMENTS]],
            "more": max(len(party.items) - DOCUMENTS, 0),
        }
    place = request.GET.get("at", "0")
    at = int(place) if place.isdecimal() and len(place) < 4 else 0
    if at >= len(sheet.columns):
        return None
    column = sheet.columns[at]
    found = drill.behind(client, given.asked, column, key)
    if found is None:
        return None
    return {
        "behind": found,
        "key": key,
        "column": column,
        "span": drill.span_of(column),
        "traced": framing.percent(found.traced_basis_points, whole=True),
        "is_traced": found.traced_basis_points == 10_000,
        "first": first_day(column.first).isoformat(),
        "last": last_day(column.last).isoformat(),
        "month": f"{last_day(column.last):%Y-%m}",
    }
