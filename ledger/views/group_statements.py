"""The combined statements of a group: a column a company, eliminations, the total; a company's figures lead to its own books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from clients.access import Right, classified, group_or_404
from ledger import groups
from ledger.core import comparing
from ledger.core.combined_statements import ELIMINATIONS
from ledger.core.comparing import Span
from ledger.views import downloads, framing
from ledger.views.framing import month_or_404

if TYPE_CHECKING:
    from clients.access import SeenGroup
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.core.sheets import Line
    from ledger.groups import Combined

PERIODS = (("month", "Month"), ("ytd", "Year to date"), ("t12", "Trailing 12 months"))
#: The state of a company's month as its column says it.
DRAFT = "open"


@classified(Right.VIEW_DRAFTS, scope="practice")
def index(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    """``statement``: one of ``groups.STATEMENTS``; ``period`` of a profit and loss; ``format`` downloads it."""
    seen = group_or_404(request, pk, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    slug = request.GET.get("statement", "pl")
    slug = slug if slug in groups.STATEMENTS else "pl"
    period, span = _span(request, seen, slug, of)
    made = groups.combined(seen.companies, slug, span, hidden=seen.hidden)
    label = framing.long_day(of.last) if slug in comparing.BALANCES else of.label if period == "month" else span.label
    form = request.GET.get("format", "")
    if form in downloads.SHEETS:
        currencies = sorted({company.home_currency for company in seen.companies})
        titles = [
            seen.group.name,
            f"{made.combination.sheet.title}, {label}",
            f"Accrual basis. {', '.join(currencies)}.",
        ]
        return downloads.combined(made, titles, f"{slug}-group-{seen.group.pk}-{of}", form)
    return render(request, "ledger/group_statements.html", _page(seen, of, made, slug, period, label))


def _span(request: HttpRequest, seen: SeenGroup, slug: str, month: Month) -> tuple[str, Span]:
    """The period asked for; a year to date only where the companies' years begin together. A balance is of the month's end."""
    asked = request.GET.get("period", "")
    whole = Span(month, month)
    starts = {company.fiscal_year_start_month for company in seen.companies}
    if slug in comparing.BALANCES:
        return "month", whole
    if asked == "ytd" and len(starts) == 1:
        return "ytd", comparing.year_to_date(whole, starts.pop())
    return ("t12", comparing.trailing_year(whole)) if asked == "t12" else ("month", whole)


def _page(seen: SeenGroup, month: Month, made: Combined, slug: str, period: str, label: str) -> dict[str, Any]:
    starts = {company.fiscal_year_start_month for company in seen.companies}
    switch = framing.group_switch(seen.companies, month, "ledger:group_statements", seen.group.pk)
    sheet = made.combination.sheet
    asked = {"statement": slug} | ({"period": period} if slug == "pl" else {})
    return {
        "group": seen.group,
        "seen": seen,
        "month": month,
        "made": made,
        "sheet": sheet,
        "label": label,
        "slug": slug,
        "statements": groups.STATEMENTS.items(),
        "span": period,
        "periods": [one for one in PERIODS if slug == "pl" and (one[0] != "ytd" or len(starts) == 1)],
        "heads": _heads(seen, month, made, switch["states"]),
        "rows": [
            (line, made.combination.numbers.get(line.key, ""), _cells(line, made, seen.companies, month, asked))
            for line in sheet.lines
        ],
        "period": switch,
    }


def _heads(seen: SeenGroup, month: Month, made: Combined, states: dict[int, str]) -> list[dict[str, Any]]:
    """Each column's name; a company's leads to its close and says whether the month is still a draft."""
    heads: list[dict[str, Any]] = []
    for at, head in enumerate(made.combination.sheet.heads):
        company = seen.companies[at] if at < len(seen.companies) else None
        url = reverse("closeout:close", args=[company.slug, month]) if company else ""
        draft = company is not None and states[company.pk] == DRAFT
        heads.append({"head": head, "url": url, "is_company": company is not None, "draft": draft})
    return heads


def _cells(
    line: Line, made: Combined, companies: list[Client], month: Month, asked: dict[str, str]
) -> list[dict[str, Any]]:
    """A line's figures with the address that each leads to: the company's own statement, opened at the account."""
    cells = []
    for at, cell in enumerate(line.cells):
        head, url = made.combination.sheet.heads[at], ""
        if at < len(companies):
            account = made.combination.opens[at].get(line.key, "")
            query = urlencode(asked | ({"open": account, "at": "0"} if account else {}))
            url = f"{reverse('ledger:statements', args=[companies[at].slug, month])}?{query}"
        elif head.label == ELIMINATIONS and cell.amount:
            url = reverse("closeout:group_month", args=[made.companies[0].group_id, month]) + "#pairs"
        currency = head.currency or companies[0].home_currency
        cells.append({"cell": cell, "head": head, "url": url, "currency": currency})
    return cells
