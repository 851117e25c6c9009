"""A group of companies: the month's closes side by side, the accounts between them, headline figures of the combination."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, SeenGroup, allows, classified, group_or_404, membership_of
from closeout import groups
from ledger import groups as books
from ledger.core.period import Month
from ledger.views import framing
from ledger.views.framing import month_or_404


@classified(Right.VIEW_DRAFTS, scope="practice")
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the month that is being closed in the group."""
    seen = group_or_404(request, pk, right=Right.VIEW_DRAFTS)
    return redirect("closeout:group_month", pk=pk, month=str(framing.group_month(seen.companies)))


@classified(Right.VIEW_DRAFTS, scope="practice")
def month(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    seen = group_or_404(request, pk, right=Right.VIEW_DRAFTS)
    return render(request, "closeout/group.html", _page(request, seen, month_or_404(request, month)))


def _page(request: HttpRequest, seen: SeenGroup, of: Month) -> dict[str, Any]:
    found = groups.side_by_side(seen.companies, of)
    figures, held = groups.headlines(seen.companies, of, hidden=seen.hidden)
    proofs, outside = books.pairs(seen.companies, of)
    return {
        "group": seen.group,
        "seen": seen,
        "month": of,
        "companies": found,
        "signed": sum(one.status == "signed" for one in found),
        "figures": figures,
        "currency": seen.companies[0].home_currency,
        "is_added": held.combination.is_added,
        "notes": held.notes,
        "proofs": proofs,
        "off": sum(bool(proof.difference) for _company, proof in proofs),
        "outside": outside,
        "may_edit": allows(membership_of(request), Right.APPROVE),
        "period": framing.group_switch(seen.companies, of, "closeout:group_month", seen.group.pk),
    }
