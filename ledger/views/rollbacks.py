"""Batches taken back at once: what a batch holds before it is, and posting it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import posting, rollback
from ledger.forms import BatchForm
from ledger.matches import ReconcilingError
from ledger.models import Rollback
from ledger.views.framing import send_soon

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

#: Entries and lines that a preview names, and batches that the page lists.
NAMED, LISTED = 20, 50


@classified(Right.PREPARE)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Batches so far, and the preview of one that is asked for."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    form = BatchForm(request.GET or None, client=client)
    found = rollback.preview(client, form.batch) if form.is_bound and form.is_valid() else None
    page = {
        "client": client,
        "form": form,
        "found": found,
        "broken": found.broken[:NAMED] if found else [],
        "entries": found.entries[:NAMED] if found else [],
        "done": Rollback.objects.filter(client=client).select_related("made_by", "undone_by")[:LISTED],
    }
    return render(request, "ledger/rollbacks.html", page, status=422 if form.is_bound and form.errors else 200)


@classified(Right.PREPARE, methods=("POST",))
def take_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the batch back, once somebody saw what it holds and said why."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    form = BatchForm(request.POST, client=client)
    if not form.is_valid():
        messages.error(request, "The batch is no longer what was shown; look at it again.")
        return redirect("ledger:rollbacks", slug=slug)
    try:
        with transaction.atomic():
            made = rollback.take_back(
                client,
                form.batch,
                reason=request.POST.get("reason", ""),
                by=membership_of(request).user,
                leave_out=request.POST.get("leave_out") == "yes",
            )
            send_soon(client)
    except (rollback.RollbackRefused, posting.PostingError, ReconcilingError) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{made.members.count():,} entries of {made.subject} are taken back.")
    return redirect("ledger:rollbacks", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def post_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Undo: book the batch's records again as rules and mapping say now."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    made = Rollback.objects.filter(client=client, pk=pk).first()
    if made is None:
        raise Http404
    try:
        with transaction.atomic():
            done = rollback.post_again(client, made, by=membership_of(request).user)
            send_soon(client)
    except (rollback.RollbackRefused, posting.PostingError) as refusal:
        messages.error(request, str(refusal))
    else:
        held = f", {done.held} wait in the inbox" if done.held else ""
        messages.success(request, f"{made.subject}: {done.entries:,} entries posted again{held}.")
    return redirect("ledger:rollbacks", slug=slug)
