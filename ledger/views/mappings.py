"""Where each category of each system lands: the rules in force, the draft beside them, its test, its approval."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import messages
from django.db.models import OuterRef, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.models import Fact
from integrations.registry import all_providers
from ledger import mapping, queries, rehearsing, settling
from ledger.core import roles
from ledger.core.period import Month
from ledger.forms import RuleForm, SubmitForm
from ledger.mapping import MappingError
from ledger.models import JournalLine, LedgerException, MappingRule, MappingVersion
from ledger.views.framing import current_month, may, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client

#: The first role of each area, in the order of the table of roles.
AREAS = {
    "bank": "Cash and bank",
    "clearing": "Sales and processors",
    "wages": "Payroll",
    "ar": "Receivables, payables, other",
}
SHOW = ("all", "unmapped", "changed")
#: Role, key, department and provider of lines; None stands for any.
Part = tuple[str, str | None, str | None, str | None]


class Case(NamedTuple):
    """What a rule is about: blanks match everything."""

    role: str
    key: str
    department: str
    provider: str
    words: str


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "ledger/mapping.html", _page(request, client))


@classified(Right.VIEW_DRAFTS)
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft tried on a past month; nothing is posted."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    month = _month(request, client)
    page = {
        "client": client,
        "trial": rehearsing.rehearse(client, month),
        "draft": _draft(client),
        "months": _months(client),
        "month": month,
    }
    return render(request, "ledger/_mapping_trial.html", page)


@classified(Right.PREPARE, methods=("POST",))
def set_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Put one rule into the draft; the draft begins as a copy of what is in force."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    by = membership_of(request).user
    form = RuleForm(request.POST, client=client)
    if form.is_valid():
        given = form.cleaned_data
        version = mapping.draft(client, by=by, effective_from=_month(request, client).first)
        try:
            mapping.set_rule(version, by=by, **given)
        except MappingError as refusal:
            form.add_error(None, str(refusal))
    page = _page(request, client) | {"form": form, "problem": _problem(form)}
    return render(request, "ledger/_mapping.html", page, status=422 if form.errors else 200)


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
    return render(
        request, "ledger/_mapping.html", _page(request, client) | {"problem": problem}, status=422 if problem else 200
    )


@classified(Right.PREPARE, methods=("POST",))
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what the draft changes and from when."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    draft, form = _draft(client), SubmitForm(request.POST)
    if draft is None:
        raise Http404
    if form.is_valid():
        try:
            mapping.submit(draft, by=membership_of(request).user, **form.cleaned_data)
        except MappingError as refusal:
            form.add_error(None, str(refusal))
    if form.errors:
        messages.error(request, _problem(form))
    else:
        messages.success(request, f"v{draft.number} waits for a controller.")
    return redirect("ledger:mapping", slug=slug)


@classified(Right.APPROVE, methods=("POST",))
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """A second person puts the draft in force; what was held for want of it is tried again."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    draft = _draft(client)
    if draft is None:
        raise Http404
    try:
        mapping.approve(draft, by=membership_of(request).user)
    except MappingError as refusal:
        messages.error(request, str(refusal))
    else:
        settling.retry_client(client)
        messages.success(request, f"v{draft.number} is in force. What was held for want of it is being booked.")
    return redirect("ledger:mapping", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def revert(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put the rules of an earlier version into the draft, from the month shown on."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    to = MappingVersion.objects.filter(client=client, pk=pk).select_related("client").first()
    if to is None:
        raise Http404
    try:
        made = mapping.revert(to, by=membership_of(request).user, effective_from=_month(request, client).first)
    except MappingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"v{made.number} says what v{to.number} said, once a controller approves it.")
    return redirect("ledger:mapping", slug=slug)


@classified(Right.VIEW_DRAFTS)
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules of the draft, or of what is in force, as CSV."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    version = _draft(client) or _approved(client)
    rules = version.rules.select_related("account") if version else ()
    rows = [
        (
            roles.label(rule.role),
            rule.role,
            rule.key,
            rule.department,
            rule.provider,
            rule.words,
            rule.account.number,
            rule.account.name,
            rule.reason,
        )
        for rule in rules
    ]
    head = ("category", "role", "key", "department", "system", "words", "account number", "account", "reason")
    return spreadsheet(f"mapping-{slug}-v{version.number if version else 0}", head, rows)


# ---- the page ------------------------------------------------------------------------------------------------------------


def _page(request: HttpRequest, client: Client) -> dict[str, Any]:
    draft, approved, month = _draft(client), _approved(client), _month(request, client)
    request.__dict__["month"] = month
    rows = _rows(client, draft, approved, month)
    show = request.GET.get("show", "all") if request.GET.get("show") in SHOW else "all"
    counts = {
        "all": len(rows),
        "unmapped": sum(not row["account"] for row in rows),
        "changed": sum(row["state"] in {"changed", "new", "removed"} for row in rows),
    }
    shown = [
        row
        for row in rows
        if show == "all"
        or (show == "unmapped" and not row["account"])
        or (show == "changed" and row["state"] in {"changed", "new", "removed"})
    ]
    membership = membership_of(request)
    return {
        "client": client,
        "draft": draft,
        "approved": approved,
        "month": month,
        "months": _months(client),
        "show": show,
        "counts": counts,
        "areas": _areas(shown),
        "mapped": len(rows) - counts["unmapped"],
        "total": len(rows),
        "held": sum(row["held"] for row in rows),
        "money": sum(abs(row["money"] or 0) for row in rows),
        "accounts": queries.accounts(client),
        "versions": MappingVersion.objects.filter(client=client).select_related("prepared_by", "approved_by")[:12],
        "form": RuleForm(client=client),
        "submit_form": SubmitForm(
            initial={"note": draft.note, "effective_from": draft.effective_from} if draft else None
        ),
        "may_prepare": may(request, Right.PREPARE),
        "may_approve": may(request, Right.APPROVE),
        "own_draft": bool(draft and mapping.is_own_work(draft, membership.user)),
    }


def _rows(
    client: Client, draft: MappingVersion | None, approved: MappingVersion | None, month: Month
) -> list[dict[str, Any]]:
    """Every case with its account in force and in the draft, the month's money, and the cases nothing is mapped for."""
    old, new = _rules(approved), _rules(draft) if draft else {}
    money = _money(client, month)
    rows = []
    for case in sorted(old.keys() | new.keys()):
        before, after = old.get(case), new.get(case)
        state = (
            "in force" if draft is None or (before and after and before.account_id == after.account_id) else "changed"
        )
        if draft and before is None:
            state = "new"
        elif draft and after is None:
            state = "removed"
        rule = after or before
        assert rule is not None
        rows.append(
            {
                "case": case,
                "rule": after,
                "account": rule.account,
                "before": before.account if before and state == "changed" else None,
                "state": state,
                "money": money.get((case.role, case.key or None, case.department or None, case.provider or None)),
                "held": 0,
            }
        )
    known = {(case.role, case.key) for case in (new or old)} | {(case.role, "") for case in (new or old)}
    return rows + _missing(client, known)


def _rules(version: MappingVersion | None) -> dict[Case, MappingRule]:
    rules = version.rules.select_related("account") if version else ()
    return {Case(rule.role, rule.key, rule.department, rule.provider, rule.words): rule for rule in rules}


def _money(client: Client, month: Month) -> dict[Part, int]:
    """Debit − credit of the month by role, key, department and provider, natural to the role's side; None stands for any."""
    lines = JournalLine.objects.filter(client=client, booked_on__range=(month.first, month.last)).exclude(role="")
    booked = Fact.objects.filter(client=client, pk=OuterRef("entry__fact_id")).values("connection__provider")[:1]
    sums: dict[Part, int] = defaultdict(int)
    by = lines.order_by().annotate(by=Subquery(booked)).values("role", "key", "department", "by")
    for row in by.annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor")):
        role = roles.ROLES.get(row["role"])
        net = (row["debit"] - row["credit"]) * (-1 if role and role.side == "credit" else 1)
        for key, department, provider in product({row["key"], None}, {row["department"], None}, {row["by"], None}):
            sums[row["role"], key, department, provider] += net
    return sums


def _missing(client: Client, known: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Categories that are held because nothing is mapped for them, once each."""
    held = LedgerException.objects.filter(client=client, kind="unmapped", state__in=["open", "snoozed"])
    rows: dict[Case, dict[str, Any]] = {}
    for one in held:
        case = Case(one.detail.get("role", ""), one.detail.get("key", ""), "", "", "")
        if case.role and (case.role, case.key) not in known and (case.role, "") not in known:
            row = rows.setdefault(
                case,
                {
                    "case": case,
                    "rule": None,
                    "account": None,
                    "before": None,
                    "state": "unmapped",
                    "money": 0,
                    "held": 0,
                },
            )
            row["held"] += abs(one.amount_minor or 0)
    return list(rows.values())


def _areas(rows: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    areas: dict[str, list[dict[str, Any]]] = {title: [] for title in AREAS.values()}
    place, of = "", {}
    for slug in roles.ROLES:
        place = AREAS.get(slug, place)
        of[slug] = place
    order = list(roles.ROLES)
    for row in sorted(rows, key=lambda row: order.index(row["case"].role) if row["case"].role in order else 999):
        case = row["case"]
        row["label"] = roles.label(case.role)
        role = roles.ROLES.get(case.role)
        by = role.refined_by if role else ""
        key = _system(case.key) if by == "provider" else case.key
        system = _system(case.provider)
        what = f"any {by}" if by and not key and not (by == "provider" and system) else ""
        words = f"“{case.words}”" if case.words else ""
        row["narrowed"] = [part for part in (key, case.department, system, words, what) if part]
        areas[of.get(case.role, AREAS["ar"])].append(row)
    return [(title, found) for title, found in areas.items() if found]


def _system(slug: str) -> str:
    """The name of a provider; what is none stays as it is."""
    declared = all_providers().get(slug)
    return declared.name if declared else slug


def _draft(client: Client) -> MappingVersion | None:
    return MappingVersion.objects.filter(client=client, state="draft").select_related("prepared_by").first()


def _approved(client: Client) -> MappingVersion | None:
    return MappingVersion.objects.filter(client=client, state="approved").select_related("approved_by").first()


def _months(client: Client) -> list[Month]:
    last = current_month(client)
    return [last.shift(-step) for step in range(6)]


def _month(request: HttpRequest, client: Client) -> Month:
    try:
        return Month.parse(request.GET.get("month", ""))
    except ValueError:
        return current_month(client)


def _problem(form: Any) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
