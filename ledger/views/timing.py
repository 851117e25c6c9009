"""The register of timing differences at a month's end: by kind and age, with reasons, and what cleared them since."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import finishing, timing
from ledger.matches import ReconcilingError
from ledger.views import framing
from ledger.views.framing import day_of, may, month_or_404, plain, spreadsheet
from ledger.views.standing import owners

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.timing import Timing

AGES = ("0 to 30 days", "31 to 60", "61 to 90", "Over 90")


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The whole register; ``show=open`` leaves out what has cleared since, ``format=csv`` gives the rows."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    rows = timing.register(client, of)
    if request.GET.get("format") == "csv":
        return _csv(client, of, rows)
    only = request.GET.get("show") == "open"
    seen = [row for row in rows if not only or not row.cleared_on]
    page = {
        "client": client,
        "month": of,
        "rows": rows,
        "only": only,
        "open": sum(not row.cleared_on for row in rows),
        "unexplained": sum(row.state == "unexplained" for row in rows),
        "groups": [(timing.KINDS[kind], list(some)) for kind, some in groupby(seen, key=lambda row: row.kind)],
        "ages": timing.ages(rows),
        "age_heads": AGES,
        "owners": owners(client),
        "may_prepare": may(request, Right.PREPARE),
        "period": framing.period(client, of, "ledger:timing"),
    }
    return render(request, "ledger/timing.html", page)


@classified(Right.PREPARE, methods=("POST",))
def note(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Say why an item of the register is open, when it will clear, and who sees to it."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    kind, _, subject = request.POST.get("item", "").partition("/")
    row = next((one for one in timing.register(client, of) if (one.note_kind, one.subject) == (kind, subject)), None)
    if row is None:
        raise Http404
    owner = owners(client).filter(pk=int(who)).first() if (who := request.POST.get("owner", "")).isdecimal() else None
    try:
        finishing.note_timing(
            client,
            kind=kind,
            subject=subject,
            label=row.label,
            amount=row.amount,
            since=row.since,
            reason=request.POST.get("reason", ""),
            expected_on=day_of(request.POST.get("expected_on", "")),
            by=membership_of(request).user,
            owner=owner,
        )
    except ReconcilingError as refusal:
        messages.error(request, f"{row.label}: {refusal}")
    else:
        messages.success(request, f"{row.label} is explained.")
    return redirect("ledger:timing", slug=slug, month=month)


def _csv(client: Client, of: Month, rows: list[Timing]) -> HttpResponse:
    head = [
        "kind",
        "area",
        "item",
        "since",
        "age_days",
        "reason",
        "expected_on",
        "owner",
        "cleared_on",
        "evidence",
        "amount",
    ]
    lines = [
        (
            timing.KINDS[row.kind],
            row.area,
            row.label,
            row.since,
            row.age,
            row.reason,
            row.expected_on or "",
            row.owner or "",
            row.cleared_on or "",
            row.evidence,
            plain(row.amount, client.home_currency),
        )
        for row in rows
    ]
    return spreadsheet(f"timing-{client.slug}-{of}", head, lines)
