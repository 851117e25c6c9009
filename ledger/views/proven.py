"""A system that another route books: each of its records of a month beside the document that stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404
from ledger import health, source_proof
from ledger.views import framing
from ledger.views.framing import month_or_404, page_of

if TYPE_CHECKING:
    from integrations.models import Connection


@classified(Right.VIEW_DRAFTS)
def system(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Record, amount, document and difference; those that differ first, or alone."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    found: Connection | None = next((one for one in source_proof.connections(client) if one.pk == pk), None)
    if found is None:
        raise Http404
    proof = source_proof.prove(client, found, of)
    rows = sorted(proof.rows, key=lambda row: (row.state == "equal", row.fact.booked_on, row.fact.pk))
    show = "off" if request.GET.get("show") == "off" else "all"
    page = {
        "client": client,
        "month": of,
        "proof": proof,
        "name": health.name_of(found),
        "page": page_of(request, list(proof.off) if show == "off" else rows),
        "show": show,
        "period": framing.period(client, of, "ledger:proven", pk=pk),
    }
    return render(request, "ledger/proven.html", page)
