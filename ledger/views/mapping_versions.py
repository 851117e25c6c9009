"""A draft mapping on its way: tested on a past month, what it would move, put up, approved, taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import booking, mapping, mapping_rows, placement, rehearsing, remapping, settling
from ledger.forms import SubmitForm
from ledger.mapping import MappingError
from ledger.models import JournalLine, MappingVersion
from ledger.views.framing import current_month, may
from ledger.views.mappings import MONTHS, draft_of, month_of, problem_of


@classified(Right.VIEW_DRAFTS)
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft tried on a past month; nothing is posted."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "ledger/_mapping_trial.html", _trial(request, client))


@classified(Right.PREPARE, methods=("POST",))
def test(request: HttpRequest, slug: str) -> HttpResponse:
    """The same, and the draft remembers that it was tested as it stands: only then it can be approved."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    shown = _trial(request, client)
    if shown["draft"] is not None:
        mapping.mark_tested(shown["draft"], shown["month"].first, by=membership_of(request).user)
    return render(request, "ledger/_mapping_trial.html", shown)


@classified(Right.VIEW_DRAFTS)
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What was posted already and would move once the draft is approved."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    target, draft = mapping.load_draft(client.pk), draft_of(client)
    if target is None or draft is None:
        return HttpResponse("")
    found = remapping.preview(client, target)
    adjusts = draft.locked_months == MappingVersion.LockedMonths.ADJUST
    months = [
        {
            "of": month,
            "entries": len(month.entries),
            "net_income": found.net_income(month),
            "adjusts_on": booking.first_open_day(client.pk, month.month.last) if month.is_closed and adjusts else None,
        }
        for month in found.months
    ]
    shown = {"client": client, "draft": draft, "preview": found, "rows": months, "changes": found.changes()}
    return render(request, "ledger/_mapping_preview.html", shown)


@classified(Right.VIEW_DRAFTS)
def why(request: HttpRequest, slug: str, pk: int, no: int) -> HttpResponse:
    """Why a posted line stands on its account."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    line = JournalLine.objects.filter(client=client, entry_id=pk, no=no).select_related("entry", "account").first()
    if line is None:
        raise Http404
    found = placement.why(client, line.entry, line)
    rules = [found.rule, *found.others] if found.rule else list(found.others)
    rows = [(rule, mapping_rows.only_for(rule.case)) for rule in rules]
    return render(request, "ledger/_why.html", {"client": client, "why": found, "rows": rows})


@classified(Right.PREPARE, methods=("POST",))
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what the draft changes, from when, and what becomes of closed months."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    draft, form = draft_of(client), SubmitForm(request.POST)
    if draft is None:
        raise Http404
    if form.is_valid():
        try:
            mapping.submit(draft, by=membership_of(request).user, **form.cleaned_data)
        except MappingError as refusal:
            form.add_error(None, str(refusal))
    if form.errors:
        messages.error(request, problem_of(form))
    else:
        messages.success(request, f"v{draft.number} waits for a controller.")
    return redirect("ledger:mapping", slug=slug)


@classified(Right.APPROVE, methods=("POST",))
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """A second person puts the draft in force; what was posted follows, and what was held for want of it is tried again."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    draft = draft_of(client)
    if draft is None:
        raise Http404
    try:
        remapping.put_in_force(draft, by=membership_of(request).user)
    except MappingError as refusal:
        messages.error(request, str(refusal))
    else:
        settling.retry_client(client)
        said = "What was posted before follows it, and what was held for want of it is being booked."
        messages.success(request, f"v{draft.number} is in force. {said}")
    return redirect("ledger:mapping", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def revert(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put the rules of an earlier version into the draft, from the day on that the version in force counts from."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    to = MappingVersion.objects.filter(client=client, pk=pk).select_related("client").first()
    if to is None:
        raise Http404
    newest = MappingVersion.objects.filter(client=client, state="approved").first()
    first = newest.effective_from if newest else to.effective_from
    try:
        made = mapping.revert(to, by=membership_of(request).user, effective_from=first)
    except MappingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"v{made.number} says what v{to.number} said, once a controller approves it.")
    return redirect("ledger:mapping", slug=slug)


def _trial(request: HttpRequest, client: Any) -> dict[str, Any]:
    month = month_of(request, client)
    return {
        "client": client,
        "trial": rehearsing.rehearse(client, month),
        "draft": draft_of(client),
        "months": [current_month(client).shift(-step) for step in range(MONTHS)],
        "month": month,
        "is_closed": booking.first_open_day(client.pk, month.last) != month.last,
        "may_prepare": may(request, Right.PREPARE),
    }
