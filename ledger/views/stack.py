"""The inventory of a client's stack: every system with its coverage, what it gives the books and what is to be collected."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from clients import catalogue
from clients.access import Right, classified, client_or_404, membership_of
from clients.models import StackProposal
from ledger import coverage, discovering
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
        "proposals": [_proposal(found) for found in discovering.proposals(client)],
        "due": coverage.clock(client),
        "may_connect": may(request, Right.CONNECT),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/stack.html", page)


def _proposal(found: StackProposal) -> dict[str, object]:
    """A proposal with its system, and its evidence with days instead of texts."""
    evidence = [
        {**each, "first": date.fromisoformat(each["first"]), "last": date.fromisoformat(each["last"])}
        for each in found.evidence
    ]
    system = catalogue.BY_SLUG.get(found.system)
    return {"row": found, "system": system, "name": catalogue.name_of(found.system), "evidence": evidence}


@classified(Right.PREPARE, methods=("POST",))
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """Look for systems that are not inventoried now."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    count = discovering.look(client)
    said = (
        f"{count} system{'s' if count > 1 else ''} seen that the inventory does not hold"
        if count
        else "Nothing new is seen"
    )
    messages.success(request, f"{said}.")
    return redirect("ledger:stack", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def decide(request: HttpRequest, slug: str, system: str) -> HttpResponse:
    """A proposed system is taken in, set aside, or brought back."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    found = StackProposal.objects.filter(client=client, system=system).first()
    act = {"accept": discovering.accept, "dismiss": discovering.dismiss, "back": discovering.bring_back}.get(
        request.POST.get("act", "")
    )
    if found is None or act is None or system not in catalogue.BY_SLUG:
        raise Http404
    act(found, by=membership_of(request).user)
    return redirect("ledger:stack", slug=slug)
