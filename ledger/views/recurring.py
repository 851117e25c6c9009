"""Entries that come again: the list with what waits, one template, and the acts on its dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import recurring, typed_lines
from ledger.forms import RecurringForm
from ledger.models import EntryTemplate, TemplateDate, TemplateLine
from ledger.views.by_hand import REFUSALS, files_of, page
from ledger.views.framing import current_month, may, page_of, plain, send_soon

if TYPE_CHECKING:
    from clients.models import Client


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits to be posted, and every template with its amount and its next date."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    request.__dict__["month"] = current_month(client)
    templates = EntryTemplate.objects.filter(client=client).annotate(total=_total("pk"))
    waits = TemplateDate.objects.filter(client=client, state=TemplateDate.State.PROPOSED)
    waits = waits.select_related("template").annotate(total=_total("template_id"))
    context = {
        "client": client,
        "page": page_of(request, templates.order_by("-is_active", "name", "pk")),
        "waits": waits[:100],
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/recurring.html", context)


@classified(Right.PREPARE, methods=("GET", "POST"))
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new template."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    return _edit(request, client, None)


@classified(Right.PREPARE, methods=("GET", "POST"))
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One template, changed for the dates to come."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    return _edit(request, client, _template_or_404(client, pk))


@classified(Right.PREPARE, methods=("POST",))
def stop(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """No further dates."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    recurring.stop(_template_or_404(client, pk), by=membership_of(request).user)
    messages.success(request, "Stopped. What was posted stands.")
    return redirect("ledger:recurring", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Post a proposed date, or leave it out."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    one = TemplateDate.objects.filter(client=client, pk=pk).first()
    if one is None:
        raise Http404
    by = membership_of(request).user
    try:
        with transaction.atomic():
            if "skip" in request.POST:
                recurring.skip(one, by=by)
                messages.success(request, "Left out, this once.")
                return redirect("ledger:recurring", slug=slug)
            made = recurring.post(client, one, by=by, files=files_of(request.FILES.get("file")))
            send_soon(client)
    except (*REFUSALS, recurring.RecurringRefused) as refusal:
        messages.error(request, str(refusal))
        return redirect("ledger:recurring", slug=slug)
    messages.success(request, "Posted.")
    return redirect("ledger:entry", slug=slug, pk=made)


def _edit(request: HttpRequest, client: Client, template: EntryTemplate | None) -> HttpResponse:
    request.__dict__["month"] = current_month(client)
    extra = {"template": template}
    if request.method == "GET":
        names = ("name", "memo", "reason", "every", "first_on", "last_on", "reverses", "posts_itself")
        form = RecurringForm(initial={name: getattr(template, name) for name in names} if template else {})
        kept = template.lines.select_related("account") if template else []
        rows = typed_lines.rows_from(kept, lambda minor: plain(minor, client.home_currency))
        return render(request, "ledger/recurring_edit.html", page(client, form, rows) | extra)
    form, rows = RecurringForm(request.POST), typed_lines.rows_of(request.POST)
    lines = typed_lines.read(typed_lines.Chart(client), rows, client.home_currency)
    problem = typed_lines.whole(rows, lines)
    if "more" in request.POST:
        return render(request, "ledger/recurring_edit.html", page(client, form, rows, empty=6) | extra)
    if form.is_valid() and not problem:
        try:
            asked = recurring.Recurring(lines=lines, **form.cleaned_data)
            recurring.keep(client, asked, by=membership_of(request).user, template=template)
        except recurring.RecurringRefused as refusal:
            problem = str(refusal)
        else:
            recurring.run(client)
            send_soon(client)
            messages.success(request, "Kept.")
            return redirect("ledger:recurring", slug=client.slug)
    return render(request, "ledger/recurring_edit.html", page(client, form, rows, problem) | extra, status=422)


def _total(template: str) -> Subquery:
    """The debits of a template, by the name that leads to it."""
    sums = TemplateLine.objects.filter(template=OuterRef(template)).order_by().values("template_id")
    return Subquery(sums.annotate(total=Sum("debit_minor")).values("total"))


def _template_or_404(client: Client, pk: int) -> EntryTemplate:
    found = EntryTemplate.objects.filter(client=client, pk=pk).select_related("client").first()
    if found is None:
        raise Http404
    return found
