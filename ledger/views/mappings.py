"""Where each category of each system lands: the rules in force and the draft beside them, one by one or by the dozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import mapping, mapping_bulk, mapping_rows, queries
from ledger.core import roles
from ledger.core.period import Month
from ledger.forms import RuleForm, SubmitForm, TemplateForm
from ledger.mapping import CASE, TAGS, MappingError
from ledger.mapping_bulk import LineError, Wanted
from ledger.models import MappingRule, MappingTemplate, MappingVersion
from ledger.views.framing import current_month, may, page_of, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.files.uploadedfile import UploadedFile

    from clients.models import Client
    from ledger.mapping_rows import Row

#: The first role of each area, in the order of the table of roles.
AREAS = {
    "bank": "Cash and bank",
    "clearing": "Sales and processors",
    "wages": "Payroll",
    "ar": "Receivables, payables, other",
}
#: Tab → its name, and the states of rows under it (all of them where none is named).
SHOW: dict[str, tuple[str, set[str]]] = {
    "all": ("All", set()),
    "unmapped": ("Unmapped", {"unmapped"}),
    "taken": ("To review", {"taken"}),
    "changed": ("Changed", {"changed", "new", "removed"}),
}
#: Rules on one page: a large mapping is read tab by tab.
PAGE = 200
#: Months back that a mapping can be tried on.
MONTHS = 6


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "ledger/mapping.html", page(request, client))


@classified(Right.PREPARE, methods=("POST",))
def set_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Put one rule into the draft; the draft begins as a copy of what is in force."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    by = membership_of(request).user
    form = RuleForm(request.POST, client=client)
    if form.is_valid():
        given = form.cleaned_data
        version = mapping.draft(client, by=by, effective_from=month_of(request, client).first)
        try:
            mapping.set_rule(version, by=by, **given)
        except MappingError as refusal:
            form.add_error(None, str(refusal))
    shown = page(request, client) | {"form": form, "problem": problem_of(form)}
    return render(request, "ledger/_mapping.html", shown, status=422 if form.errors else 200)


@classified(Right.PREPARE, methods=("POST",))
def drop_rule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    rule = MappingRule.objects.filter(client=client, pk=pk).select_related("version", "account").first()
    if rule is None:
        raise Http404
    problem = ""
    try:
        mapping.drop_rule(rule.version, rule, by=membership_of(request).user)
    except MappingError as refusal:
        problem = str(refusal)
    shown = page(request, client) | {"problem": problem}
    return render(request, "ledger/_mapping.html", shown, status=422 if problem else 200)


@classified(Right.PREPARE, methods=("POST",))
def keep_taken(request: HttpRequest, slug: str) -> HttpResponse:
    """Every item that a default took gets a rule of its own where it is: it has been looked at."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    by, month = membership_of(request).user, month_of(request, client)
    found = mapping_rows.rows(client, draft_of(client), approved_of(client), month)
    taken = [row for row in found if row.state == "taken" and row.account]
    if taken:
        blank = dict.fromkeys((*CASE, *TAGS), "")
        wanted = {
            row.case: Wanted(
                row.account, {name: (blank | row.case._asdict())[name] for name in CASE},
                dict.fromkeys(TAGS, ""), mapping_rows.KEPT,
            )
            for row in taken if row.account
        }  # fmt: skip
        version = mapping.draft(client, by=by, effective_from=month.first)
        mapping_bulk.put(version, list(wanted.values()), by=by, of="items kept where a default put them")
    return render(request, "ledger/_mapping.html", page(request, client))


@classified(Right.VIEW_DRAFTS)
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules of the draft, or of what is in force, as CSV that can be brought back."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    version = draft_of(client) or approved_of(client)
    rules = version.rules.select_related("account") if version else ()
    name = f"mapping-{slug}-v{version.number if version else 0}"
    return spreadsheet(name, tuple(mapping_bulk.COLUMNS), mapping_bulk.to_rows(rules))


@classified(Right.PREPARE, methods=("POST",))
def bring(request: HttpRequest, slug: str) -> HttpResponse:
    """Rules from a CSV file into the draft: all of them, or none and every line that is wrong."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    given: UploadedFile[bytes] | None = request.FILES.get("file")
    content = given.read(settings.UPLOAD_LIMIT_BYTES + 1) if given else b""
    errors = [LineError(1, "Choose a file first.")] if given is None else []
    if len(content) > settings.UPLOAD_LIMIT_BYTES:
        errors = [LineError(1, "The file is too large.")]
    count = 0
    if not errors:
        first = month_of(request, client).first
        count, errors = mapping_bulk.take_file(client, content, by=membership_of(request).user, effective_from=first)
    if errors:
        shown = page(request, client) | {"line_errors": errors[:50], "more_errors": max(len(errors) - 50, 0)}
        return render(request, "ledger/mapping.html", shown, status=422)
    messages.success(request, f"{count} rule{'' if count == 1 else 's'} put into the draft.")
    return redirect("ledger:mapping", slug=slug)


# ---- the page ------------------------------------------------------------------------------------------------------------


def page(request: HttpRequest, client: Client) -> dict[str, Any]:
    draft, approved, month = draft_of(client), approved_of(client), month_of(request, client)
    request.__dict__["month"] = month
    rows = mapping_rows.rows(client, draft, approved, month)
    show = request.GET.get("show", "all") if request.GET.get("show") in SHOW else "all"
    counts = {name: sum(not states or row.state in states for row in rows) for name, (_, states) in SHOW.items()}
    states = SHOW[show][1]
    shown = page_of(request, _ordered(row for row in rows if not states or row.state in states), size=PAGE)
    me = membership_of(request)
    submitted = {name: getattr(draft, name) for name in ("note", "effective_from", "locked_months")} if draft else None
    return {
        "client": client,
        "draft": draft,
        "approved": approved,
        "month": month,
        "months": [current_month(client).shift(-step) for step in range(MONTHS)],
        "show": show,
        "tabs": [(name, label, counts[name]) for name, (label, _) in SHOW.items()],
        "counts": counts,
        "page": shown,
        "areas": _areas(shown),
        "held": sum(row.held for row in rows),
        "coverage": mapping_rows.coverage(client, month),
        "accounts": queries.accounts(client),
        "versions": MappingVersion.objects.filter(client=client).select_related("prepared_by", "approved_by")[:12],
        "templates": MappingTemplate.objects.filter(practice_id=client.practice_id),
        "form": RuleForm(client=client),
        "submit_form": SubmitForm(initial=submitted),
        "template_form": TemplateForm(),
        "may_prepare": may(request, Right.PREPARE),
        "may_approve": may(request, Right.APPROVE),
        "own_draft": bool(draft and mapping.is_own_work(draft, me.user)),
    }


def _ordered(rows: Iterable[Row]) -> list[Row]:
    order = {slug: place for place, slug in enumerate(roles.ROLES)}
    return sorted(rows, key=lambda row: order.get(row.case.role, len(order)))


def _areas(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    place, of = "", {}
    for slug in roles.ROLES:
        place = AREAS.get(slug, place)
        of[slug] = place
    areas: dict[str, list[Row]] = {title: [] for title in AREAS.values()}
    for row in rows:
        areas[of.get(row.case.role, AREAS["ar"])].append(row)
    return [(title, found) for title, found in areas.items() if found]


def draft_of(client: Client) -> MappingVersion | None:
    return MappingVersion.objects.filter(client=client, state="draft").select_related("prepared_by", "client").first()


def approved_of(client: Client) -> MappingVersion | None:
    return MappingVersion.objects.filter(client=client, state="approved").select_related("approved_by").first()


def month_of(request: HttpRequest, client: Client) -> Month:
    """The month asked for, the one being closed where none is."""
    try:
        return Month.parse(request.GET.get("month") or request.POST.get("month") or "")
    except ValueError:
        return current_month(client)


def problem_of(form: Any) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
