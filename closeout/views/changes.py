"""Changes to signed months: held, priced, decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from clients.access import Right, allows, classified, client_or_404, membership_of
from closeout import sentinel
from closeout.workflow import CloseError
from ledger.models import ChangedAfterClose

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    page = {
        "prices": sentinel.open_changes(client),
        "decided": sentinel.decided(client),
        "may_approve": allows(membership_of(request), Right.APPROVE),
    }
    return render(request, "closeout/changes.html", page)


@classified(Right.APPROVE, methods=("POST",))
def accept(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a change into the open month, with a reason."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    row = get_object_or_404(ChangedAfterClose.objects.filter(client=client).select_related("client", "document"), pk=pk)
    try:
        sentinel.accept(row, by=membership_of(request).user, reason=request.POST.get("reason", ""))
    except CloseError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Taken into the open month. The signed month stays as it was sealed.")
    return redirect("closeout:changes", slug=slug)
