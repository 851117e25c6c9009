"""Figures by hand: typing them with their evidence, and a second person who verifies or rejects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from clients import catalogue
from clients.access import Right, classified, client_or_404, membership_of
from integrations import capturing, figureforms
from integrations.byhand.forms import FORMS, form_of
from integrations.capturing import CaptureRefused
from integrations.figureforms import CaptureForm
from integrations.models import ManualFigure
from integrations.views.connections import show

if TYPE_CHECKING:
    from clients.catalogue import System
    from clients.models import Client
    from integrations.byhand import Form

LISTED = 24


def _captured(system: str) -> tuple[System, Form]:
    found = catalogue.BY_SLUG.get(system)
    form = form_of(found) if found else None
    if found is None or form is None:
        raise Http404
    return found, form


def _figure(client: Client, pk: int) -> ManualFigure:
    found = ManualFigure.objects.filter(client=client, pk=pk).select_related("client", "entered_by", "decided_by")
    figure = found.defer("evidence").first()
    if figure is None:
        raise Http404
    return figure


@classified(Right.PREPARE, methods=("GET", "POST"))
def capture(request: HttpRequest, slug: str, system: str) -> HttpResponse:
    """The form of a system; ``corrects`` names the figures that it begins with and takes the place of."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    found, declared = _captured(system)
    given = request.GET.get("corrects", "")
    old = _figure(client, int(given)) if given.isdecimal() else None
    if old is not None and (old.system, old.form) != (system, declared.key):
        raise Http404
    if request.method != "POST":
        begun = {"account": old.account, "booked_on": old.booked_on} if old else {}
        begun |= figureforms.initial(declared, old.values) if old else {}
        return _page(
            request, client, found, CaptureForm(form=declared, currency=client.home_currency, initial=begun), old
        )
    form = CaptureForm(request.POST, request.FILES, form=declared, currency=client.home_currency)
    if not form.is_valid():
        return _page(request, client, found, form, old, status=422)
    brought = form.cleaned_data["evidence"]
    try:
        made = capturing.enter(
            membership_of(request).user,
            client,
            found,
            declared,
            account=form.cleaned_data["account"],
            booked_on=form.cleaned_data["booked_on"],
            values=form.values(),
            filename=brought.name or "evidence",
            content=brought.read(),
            corrects=old,
        )
    except CaptureRefused as refusal:
        form.add_error(None, f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.")
        return _page(request, client, found, form, old, status=422)
    messages.success(request, "Kept. The figures count once a controller has verified them.")
    return redirect("integrations:figure", slug=slug, pk=made.pk)


def _page(
    request: HttpRequest, client: Client, system: System, form: CaptureForm, old: ManualFigure | None, status: int = 200
) -> HttpResponse:
    before = ManualFigure.objects.filter(client=client, system=system.slug).defer("evidence")
    page = {
        "system": system,
        "form": form,
        "old": old,
        "before": before.select_related("entered_by").order_by("-booked_on", "-pk")[:LISTED],
        "known_accounts": sorted(set(before.values_list("account", flat=True))),
    }
    return show(request, client, "integrations/capture.html", page, status)


@classified(Right.VIEW_DRAFTS)
def figure(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What was typed beside its evidence, to be verified, rejected or corrected."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    found = _figure(client, pk)
    return _show(request, client, found)


def _show(request: HttpRequest, client: Client, found: ManualFigure, problem: str = "") -> HttpResponse:
    declared = FORMS[found.form]
    typed = capturing.typed_of(found)
    versions = ManualFigure.objects.filter(client=client, system=found.system, identity=found.identity)
    page = {
        "figure": found,
        "declared": declared,
        "system": catalogue.BY_SLUG[found.system],
        "rows": [(each, _shown(found, each.name, each.kind)) for each in declared.fields if each.name in found.values],
        "sums": [(each, each.difference(typed)) for each in declared.sums],
        "versions": versions.defer("evidence").select_related("entered_by", "decided_by").order_by("-version"),
        "is_own": found.entered_by_id == membership_of(request).user_id,
        "problem": problem,
    }
    return show(request, client, "integrations/figure.html", page, 422 if problem else 200)


def _shown(found: ManualFigure, name: str, kind: str) -> Any:
    return [(what, amount) for what, amount in found.values[name]] if kind == "lines" else found.values[name]


@classified(Right.APPROVE, methods=("POST",))
def verify(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.APPROVE)
    found = _figure(client, pk)
    try:
        capturing.verify(found, by=membership_of(request).user)
    except CaptureRefused as refusal:
        return _show(request, client, found, str(refusal))
    messages.success(request, "Verified. The figures are booked and proven like any other.")
    return redirect("integrations:figure", slug=slug, pk=pk)


@classified(Right.APPROVE, methods=("POST",))
def reject(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.APPROVE)
    found = _figure(client, pk)
    try:
        capturing.reject(found, by=membership_of(request).user, reason=request.POST.get("reason", ""))
    except CaptureRefused as refusal:
        return _show(request, client, found, str(refusal))
    messages.success(request, "Rejected. Nothing of it counts; whoever typed it sees why.")
    return redirect("integrations:figure", slug=slug, pk=pk)


@classified(Right.VIEW_DRAFTS)
def evidence(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The file as it was brought, always as a download."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    found = _figure(client, pk)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.evidence_name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(found.evidence), content_type="application/octet-stream", headers=headers)
