"""A practice's templates of mappings: kept from one client, put into the drafts of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from clients.access import Right, classified, client_or_404, membership_of, practice_page
from clients.tenancy import client_context, use_board
from ledger import mapping_bulk
from ledger.forms import TemplateForm
from ledger.mapping import MappingError
from ledger.models import MappingTemplate
from ledger.views.framing import current_month, may
from ledger.views.mappings import approved_of, draft_of, month_of, problem_of

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.mapping_bulk import Applied


@classified(Right.VIEW_DRAFTS, scope="practice")
def index(request: HttpRequest) -> HttpResponse:
    """All templates, and the clients they can be put into."""
    clients = practice_page(request, Right.VIEW_DRAFTS)
    return render(request, "ledger/mapping_templates.html", _page(request, clients))


@classified(Right.PREPARE, scope="practice", methods=("POST",))
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a template into the drafts of the chosen clients; what each client says for itself stays."""
    clients = practice_page(request, Right.PREPARE)
    template = _template_or_404(request, pk)
    chosen = set(request.POST.getlist("client"))
    applied: list[Applied] = []
    for client in clients:
        if client.slug in chosen:
            with client_context(client.pk):
                first = current_month(client).first
            by = membership_of(request).user
            applied.append(mapping_bulk.apply_template(template, client, by=by, effective_from=first))
    use_board(client.pk for client in clients)
    shown = _page(request, clients) | {"template": template, "applied": applied}
    if not applied:
        shown["problem"] = "Choose the clients that it is put into."
    return render(request, "ledger/mapping_templates.html", shown, status=200 if applied else 422)


@classified(Right.PREPARE, scope="practice", methods=("POST",))
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a template; what it put into mappings stays there."""
    practice_page(request, Right.PREPARE)
    template = _template_or_404(request, pk)
    template.delete()
    messages.success(request, f"“{template.name}” is gone. What it put into mappings stays.")
    return redirect("ledger:mapping_templates")


@classified(Right.PREPARE, methods=("POST",))
def save(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a client's rules as a template of the practice."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    version, form = draft_of(client) or approved_of(client), TemplateForm(request.POST)
    if version is None:
        raise Http404
    if form.is_valid():
        try:
            kept = mapping_bulk.save_template(
                client, form.cleaned_data["name"], version, by=membership_of(request).user
            )
        except MappingError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{len(kept.rules)} rules are kept as “{kept.name}”.")
    else:
        messages.error(request, problem_of(form))
    return redirect("ledger:mapping", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def use(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a template into this client's draft."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    given = request.POST.get("template", "")
    template = _template_or_404(request, int(given) if given.isdecimal() else 0)
    done = mapping_bulk.apply_template(
        template, client, by=membership_of(request).user, effective_from=month_of(request, client).first
    )
    said = f"{done.put} rules of “{template.name}” put into the draft; {done.kept} cases keep what the client says."
    (messages.warning if done.missing else messages.success)(request, f"{said}{_missing(done)}")
    return redirect("ledger:mapping", slug=slug)


def _missing(done: Applied) -> str:
    names = ", ".join(dict.fromkeys(done.missing))
    return f" This client has no account {names}." if names else ""


def _page(request: HttpRequest, clients: list[Client]) -> dict[str, object]:
    templates = MappingTemplate.objects.filter(practice_id=membership_of(request).practice_id)
    return {
        "templates": templates.select_related("changed_by"),
        "choices": clients,
        "may_prepare": may(request, Right.PREPARE),
    }


def _template_or_404(request: HttpRequest, pk: int) -> MappingTemplate:
    return get_object_or_404(MappingTemplate, practice_id=membership_of(request).practice_id, pk=pk)
