"""Suspect pairs side by side with their reasons, and names that look alike; each decision can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import duplicates, exceptions_inbox, names, settling
from ledger.corrections import CorrectionError
from ledger.models import JournalEntry, LedgerException, NameDecision
from ledger.posting import PostingError
from ledger.views.framing import may, page_of, send_soon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client

SHOWN = {"open": "To decide", "decided": "Decided"}


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Open or decided pairs, the most probable first, fifty a page; four queries for any number."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    show = "decided" if request.GET.get("show") == "decided" else "open"
    rows = LedgerException.objects.filter(client=client, kind="duplicate")
    waiting = rows.filter(state__in=exceptions_inbox.OPEN)
    decided = rows.filter(resolved_by__isnull=False).select_related("resolved_by")
    counts = {"open": waiting.count(), "decided": decided.count()}
    shown = decided.order_by("-resolved_at") if show == "decided" else waiting.order_by("-detail__percent", "booked_on")
    page = page_of(request, shown)
    frame = {
        "client": client,
        "page": page,
        "pairs": _sides(client, list(page)),
        "show": show,
        "choices": [(name, label, counts[name]) for name, label in SHOWN.items()],
        "counts": counts,
        "certain": len(duplicates.certain(client)) if show == "open" else 0,
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/duplicates.html", frame)


def _sides(client: Client, rows: Sequence[LedgerException]) -> list[dict[str, Any]]:
    """Each pair with both entries and its reasons, those that speak for it first."""
    wanted = {row.detail.get(f"{which}_entry") for row in rows for which in ("first", "second")}
    entries = JournalEntry.objects.filter(client=client, pk__in=wanted - {None}).prefetch_related("mirrored")
    found = {entry.pk: entry for entry in entries}
    return [
        {
            "row": row,
            "sides": [
                (which, found.get(row.detail.get(f"{which}_entry")), row.detail.get(which))
                for which in ("first", "second")
            ],
            "reasons": sorted(
                (reason for reason in row.detail.get("reasons", []) if isinstance(reason, list)),
                key=lambda reason: -reason[1],
            ),
        }
        for row in rows
    ]


@classified(Right.PREPARE, methods=("POST",))
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Reverse one of the two, remember that both are real, or take the decision back."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = LedgerException.objects.filter(client=client, pk=pk, kind="duplicate").select_related("client").first()
    if row is None:
        raise Http404
    by, answer = membership_of(request).user, request.POST.get("answer", "")
    try:
        if answer == "undo":
            duplicates.undo(row, by=by)
            said = "The decision is taken back. The pair waits for another."
        else:
            said = settling.decide_duplicate(row, answer=answer, by=by)
    except (CorrectionError, PostingError, settling.SettlingError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
        send_soon(client)
    return redirect(_page(client) + ("?show=decided" if request.POST.get("back") == "decided" else ""))


@classified(Right.PREPARE, methods=("POST",))
def settle_certain(request: HttpRequest, slug: str) -> HttpResponse:
    """Reverse the later one of every pair that leaves no doubt; those that cannot be reversed stay and say why."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    by, done = membership_of(request).user, 0
    for row in duplicates.certain(client):
        try:
            settling.decide_duplicate(row, answer="second", by=by)
        except settling.SettlingError as error:
            messages.error(request, f"{row.title} {error}")
        else:
            done += 1
    if done:
        messages.success(request, f"{done} {'copies are' if done > 1 else 'copy is'} reversed. Each can be taken back.")
        send_soon(client)
    return redirect(_page(client))


def _page(client: Client) -> str:
    return f"/c/{client.slug}/duplicates/"


@classified(Right.VIEW_DRAFTS)
def alike(request: HttpRequest, slug: str) -> HttpResponse:
    """Vendors and customers with near-equal names, and what was decided about them."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    frame = {
        "client": client,
        "page": page_of(request, names.proposals(client)),
        "decided": NameDecision.objects.filter(client=client).select_related("decided_by"),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/names.html", frame)


@classified(Right.PREPARE, methods=("POST",))
def decide_names(request: HttpRequest, slug: str) -> HttpResponse:
    """Two names are one (``kept`` says which stays) or two."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    given = {name: request.POST.get(name, "")[:200] for name in ("kind", "first", "second", "kept")}
    try:
        made = names.decide(client, **given, by=membership_of(request).user)
    except names.NamesRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            f"{made.other} is kept under {made.kept} from now on." if made.kept else "They are two, and stay two.",
        )
        send_soon(client)
    return redirect("ledger:names", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def undo_names(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    decision = NameDecision.objects.filter(client=client, pk=pk).select_related("client").first()
    if decision is None:
        raise Http404
    names.undo(decision, by=membership_of(request).user)
    messages.success(request, "The decision is taken back.")
    return redirect("ledger:names", slug=slug)
