"""The inventory of a client's stack: every system with its coverage, what it gives the books and what is to be collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from clients import catalogue
from clients.access import Right, classified, client_or_404
from ledger import coverage
from ledger.views.framing import may

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole inventory, or the systems of one state where ``show`` names a choice of the filter."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    rows = coverage.of(client)
    show = request.GET.get("show", "all")
    show = show if show in coverage.GROUPS else "all"
    counts = coverage.counts(rows)
    shown = [row for row in rows if show in {"all", row.look[3]}]
    page = {
        "client": client,
        "now": timezone.now(),
        "rows": rows,
        "show": show,
        "choices": [(key, label, counts[key]) for key, label in coverage.GROUPS.items()],
        "counts": counts,
        "groups": [
            (label, icon, found)
            for category, (label, icon) in catalogue.CATEGORIES.items()
            if (found := [row for row in shown if row.system.category == category])
        ],
        "due": coverage.clock(client),
        "may_connect": may(request, Right.CONNECT),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/stack.html", page)
