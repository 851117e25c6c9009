"""A payroll year: Form 941 by quarter, W-2 and W-3 boxes, contractors, each beside what was filed and what the books hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import payroll_proof, payroll_year
from ledger.core.payroll_tax import TAX_YEARS
from ledger.payroll_year import BOXES, LINES_941, ReturnError
from ledger.views import framing
from ledger.views.framing import day_of, may

if TYPE_CHECKING:
    from django.http import QueryDict


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """The year's returns from the registers, beside the filed ones and the books."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    if year not in TAX_YEARS:
        raise Http404
    page = {
        "client": client,
        "year": year,
        "years": sorted(TAX_YEARS),
        "proof": payroll_year.prove(client, year),
        "is_connected": bool(payroll_proof.connections(client)),
        "limit": TAX_YEARS[year].nec_threshold,
        "lines_941": LINES_941,
        "box_names": BOXES,
        "may_prepare": may(request, Right.PREPARE),
        "today": framing.today(client),
    }
    return render(request, "ledger/payroll_year.html", page)


@classified(Right.PREPARE, methods=("POST",))
def file(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """Keep a return as it was filed."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    form, quarter = request.POST.get("form", ""), request.POST.get("quarter", "")
    filed_on = day_of(request.POST.get("filed_on", ""))
    try:
        lines = _lines(request.POST, client.home_currency)
        row = payroll_year.keep_return(
            client,
            form,
            year,
            int(quarter) if quarter.isdecimal() else 0,
            lines=lines,
            filed_on=filed_on,
            by=membership_of(request).user,
        )
    except ReturnError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{row} is kept as filed.")
    return redirect("ledger:payroll_year", slug=slug, year=year)


def _lines(data: QueryDict, currency: str) -> dict[str, int]:
    """The typed lines by number; those left empty are left out. Raises ReturnError naming the line that is no amount."""
    found = {}
    for name, text in data.items():
        if name.startswith("line-") and str(text).strip():
            amount = minor_of(str(text), currency)
            if amount is None:
                raise ReturnError(f"Line {name.removeprefix('line-')}: “{str(text)[:30]}” is no amount.")
            found[name.removeprefix("line-")] = amount
    return found
