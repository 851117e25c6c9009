"""A payroll year: Form 941 by quarter, W-2 and W-3 boxes, contractors, each beside what was filed and what the books hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import contractors, payroll_proof, payroll_year, payroll_year_runs
from ledger.core.payroll_deposits import quarter_of
from ledger.core.payroll_forms import BOXES, LINES_940, LINES_941
from ledger.core.payroll_tax import TAX_YEARS
from ledger.core.period import Month
from ledger.payroll_year import Line, ReturnError, YearProof
from ledger.views import framing
from ledger.views.framing import day_of, may

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.core.files.uploadedfile import UploadedFile
    from django.http import QueryDict

#: Forms as they are typed: name, words for a line, lines, and whether there is one each quarter.
FORMS_TYPED = (("941", "Line", LINES_941, True), ("940", "Line", LINES_940, False), ("W-3", "Box", BOXES, False))


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """The year's returns from the registers, beside the filed ones and the books."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    if year not in TAX_YEARS:
        raise Http404
    proof, sees = payroll_year.prove(client, year), may(request, Right.VIEW_PAYROLL)
    page = {
        "client": client,
        "year": year,
        "years": sorted(TAX_YEARS),
        "proof": proof,
        "rows_941": _rows(LINES_941, [quarter.lines for quarter in proof.quarters]),
        "rows_940": proof.unemployment.lines,
        "periods": [(period, proof.deposits.of_941.of(period)) for period in proof.deposits.of_941.periods],
        "futa_periods": [(period, proof.deposits.of_940.of(period)) for period in proof.deposits.of_940.periods],
        "overdue": sum(one.outstanding for one in proof.deposits.overdue(framing.today(client) - timedelta(1))),
        "differing": proof.differing,
        "books_month": min(Month.of(framing.today(client)), Month(year, 12)),
        "lookback_from": year - 2,
        "lookback_to": year - 1,
        "lookback_total": _known_sum(proof),
        "lookback_missing": [one.quarter for one in proof.deposits.lookback if one.amount is None],
        "is_connected": bool(payroll_proof.connections(client)),
        "limit": TAX_YEARS[year].nec_threshold,
        "forms": FORMS_TYPED,
        "payees": [
            (one, f"••• {one.w9.last_four}" if sees and one.w9 and one.w9.last_four else "") for one in proof.payees
        ],
        "may_prepare": may(request, Right.PREPARE),
        "today": framing.today(client),
    }
    return render(request, "ledger/payroll_year.html", page)


def _rows(names: Mapping[str, str], columns: Sequence[Sequence[Line]]) -> list[tuple[str, str, list[Line]]]:
    """A table's rows: number, words and a cell for each return."""
    found = [{line.number: line for line in column} for column in columns]
    return [(number, words, [column[number] for column in found]) for number, words in names.items()]


def _known_sum(proof: YearProof) -> int:
    return sum(one.amount for one in proof.deposits.lookback if one.amount is not None)


@classified(Right.VIEW_DRAFTS)
def runs(request: HttpRequest, slug: str, year: int, quarter: int) -> HttpResponse:
    """The runs behind a quarter's return, or with 0 behind the year's, and the liability of each pay day."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    if year not in TAX_YEARS or quarter not in range(5):
        raise Http404
    proof = payroll_year.prove(client, year)
    rows, total = payroll_year_runs.runs_of(client, year, quarter, through=date(year, 12, 31))
    own = proof.quarters[quarter - 1] if quarter else None
    page = {
        "client": client,
        "year": year,
        "quarter": quarter,
        "rows": rows,
        "total": total,
        "proof": own,
        "deposits": proof.deposits,
        "undivided": [one for one in proof.deposits.undivided if not quarter or quarter_of(one.paid_on)[1] == quarter],
    }
    return render(request, "ledger/payroll_year_runs.html", page)


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


@classified(Right.PREPARE, methods=("POST",))
def w9(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """Record a contractor's Form W-9; the file is read for its fingerprint and not kept."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    given: UploadedFile[bytes] | None = request.FILES.get("file")
    said = {name: request.POST.get(name, "").strip() for name in ("contractor", "last_four", "kept_at")}
    try:
        row = contractors.keep_w9(
            client,
            said["contractor"][:120],
            received_on=day_of(request.POST.get("received_on", "")),
            name=(given.name or "") if given else "",
            content=given.read(settings.UPLOAD_LIMIT_BYTES + 1) if given else b"",
            last_four=said["last_four"],
            kept_at=said["kept_at"][:200],
            today=framing.today(client),
            by=membership_of(request).user,
        )
    except contractors.W9Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The W-9 of {row.contractor} is on file; the form itself was not kept here.")
    return redirect("ledger:payroll_year", slug=slug, year=year)
