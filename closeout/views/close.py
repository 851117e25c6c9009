"""The close workspace: what is proven, what stands in the way, and the acts that clear it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date

from clients import audit
from clients.access import Right, allows, classified, membership_of
from clients.models import AuditEvent
from closeout import flux, notices, reopening, signoff, workflow
from closeout.checks.registry import AREAS
from closeout.models import CheckResult, CloseRun, Explanation, Override, Question, Seal, Task
from closeout.views import framing
from closeout.workflow import CloseError
from integrations import jobs
from integrations.models import SyncJob
from ledger import statements
from ledger.core.period import Month
from ledger.models import LedgerException, Period
from ledger.views.framing import period, today

if TYPE_CHECKING:
    from clients.models import Client

#: Checks whose items count as settled once somebody wrote why.
EXPLAINED = ("K08", "K19", "K20", "K39", "K41", "K42")
OVERRIDE_DAYS = 45


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    client, asked, close = framing.close_of(request, slug, month, right=Right.VIEW_DRAFTS)
    page: dict[str, Any] = {"period": period(client, asked, "closeout:close"), "month": asked}
    if close is None:
        page["may_open"] = framing.may_open(client, asked) and allows(membership_of(request), Right.PREPARE)
        return render(request, "closeout/not_open.html", page)
    return render(request, "closeout/close.html", page | _body(request, close))


@classified(Right.VIEW_DRAFTS)
def body(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The page's moving part; asked for again while checks run."""
    close = framing.close_of(request, slug, month, right=Right.VIEW_DRAFTS)[2]
    return _answer(request, close) if close else redirect("closeout:close", slug=slug, month=month)


@classified(Right.PREPARE, methods=("POST",))
def open_month(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    client, asked, _close = framing.close_of(request, slug, month, right=Right.PREPARE)
    if not framing.may_open(client, asked):
        raise Http404
    close = workflow.open_close(client, asked, by=framing.me(request))
    _queue(close, [])
    return redirect("closeout:close", slug=slug, month=month)


@classified(Right.PREPARE, methods=("POST",))
def rerun(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Run one check, or all of them, in the background; the page looks again until they are done."""
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    if _is_closed(close):
        return _answer(request, close, problem="This month is signed; its checks stand as they were signed.")
    wanted = request.POST.get("check", "")
    _queue(close, [wanted] if wanted else [])
    return _answer(request, close)


def _queue(close: CloseRun, only: list[str]) -> None:
    moment = datetime.now(UTC).replace(microsecond=0).isoformat()
    key = f"checks:{close.pk}:{','.join(only)}:{moment}"
    jobs.enqueue(close.client_id, "checks", key, {"close": close.pk, "only": only or None})


@classified(Right.PREPARE, methods=("POST",))
def explain(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Why an item is as it is; it counts while the amount stands. The check is run again at once."""
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    check_id, key = request.POST.get("check", ""), request.POST.get("key", "")[:160]
    text = " ".join(request.POST.get("text", "").split())[:500]
    if check_id not in EXPLAINED or not key:
        raise Http404
    if _is_closed(close):
        return _answer(request, close, problem="This month is signed.")
    items = [item for row in CheckResult.objects.filter(close=close, check_id=check_id) for item in row.items]
    item = next((item for item in items if item["key"] == key), None)
    if item is None:
        return _answer(request, close, problem="The item is gone; the checks have run again since.")
    if text:
        Explanation.objects.update_or_create(
            close=close,
            check_id=check_id,
            item_key=key,
            defaults={
                "client": close.client,
                "amount_minor": item["amount"],
                "text": text,
                "written_by": framing.me(request),
            },
        )
        audit.record(close.client, framing.me(request), "item.explained", f"{check_id} {key}", {"text": text})
        workflow.run_checks(close, only=[check_id])
    return _answer(request, close)


@classified(Right.PREPARE, methods=("POST",))
def note(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The note to the owner, printed in the package."""
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    if _is_closed(close):
        return _answer(request, close, problem="This month is signed; its note is printed.")
    close.note = request.POST.get("note", "").strip()[:4000]
    close.save(update_fields=["note"])
    audit.record(close.client, framing.me(request), "close.note", str(close), {"characters": len(close.note)})
    return _answer(request, close, said="Saved.")


@classified(Right.PREPARE, methods=("POST",))
def prepare(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Hand the month to the controller, who hears of it."""
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    if _is_closed(close):
        return _answer(request, close, problem="This month is signed.")
    try:
        workflow.run_checks(close)
        workflow.prepare(close, by=framing.me(request))
    except CloseError as refusal:
        return _answer(request, close, problem=str(refusal))
    notices.ready(close)
    return _answer(request, close, said="Handed to the controller.")


@classified(Right.PREPARE, methods=("POST",))
def task(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    row = get_object_or_404(Task.objects.filter(close=close), pk=pk)
    row.close, row.client = close, close.client
    try:
        workflow.tick(row, by=framing.me(request), done=request.POST.get("done") == "1")
    except CloseError as refusal:
        return _answer(request, close, problem=str(refusal))
    return _answer(request, close)


@classified(Right.PREPARE, methods=("POST",))
def ask_override(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Ask that a check be let through, with a reason and an end; a second person grants it."""
    close = framing.close_or_404(request, slug, month, right=Right.PREPARE)
    row = CheckResult.objects.filter(
        close=close, check_id=request.POST.get("check", ""), subject=request.POST.get("subject", "")
    ).first()
    if row is None:
        raise Http404
    now = datetime.now(UTC).date()
    try:
        until = parse_date(request.POST.get("until", "")) or now + timedelta(OVERRIDE_DAYS)
    except ValueError:
        until = now + timedelta(OVERRIDE_DAYS)
    if _is_closed(close) or not now <= until <= now + timedelta(365):
        return _answer(request, close, problem="An override ends within a year, and only an open month takes one.")
    try:
        workflow.ask_override(
            close, row, by=framing.me(request), reason=request.POST.get("reason", "").strip()[:500], expires_on=until
        )
    except CloseError as refusal:
        return _answer(request, close, problem=str(refusal))
    return _answer(request, close, said="Asked. A second person has to grant it.")


@classified(Right.APPROVE, methods=("POST",))
def grant_override(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    close = framing.close_or_404(request, slug, month, right=Right.APPROVE)
    row = get_object_or_404(Override.objects.filter(close=close), pk=pk)
    row.close, row.client = close, close.client
    if _is_closed(close):
        return _answer(request, close, problem="This month is signed.")
    try:
        workflow.grant_override(row, by=framing.me(request))
    except CloseError as refusal:
        return _answer(request, close, problem=str(refusal))
    return _answer(request, close)


# ---- the page ----------------------------------------------------------------------------------------------------------------


def _is_closed(close: CloseRun) -> bool:
    return Period.objects.filter(client=close.client, month=close.month).exclude(state="open").exists()


def _answer(request: HttpRequest, close: CloseRun, *, problem: str = "", said: str = "") -> HttpResponse:
    if not request.headers.get("HX-Request") and request.method == "POST" and not problem:
        return redirect("closeout:close", slug=close.client.slug, month=str(close))
    page = {**_body(request, close), "problem": problem, "said": said}
    if not request.headers.get("HX-Request"):
        page |= {"period": period(close.client, Month.of(close.month), "closeout:close")}
        return render(request, "closeout/close.html", page, status=422 if problem else 200)
    return render(request, "closeout/_close.html", page, status=422 if problem else 200)


def _body(request: HttpRequest, close: CloseRun) -> dict[str, Any]:
    member, client, month = membership_of(request), close.client, Month.of(close.month)
    results = list(CheckResult.objects.filter(close=close))
    overrides = {(row.check_id, row.subject): row for row in close.overrides.select_related("asked_by", "granted_by")}
    titles = {(row.check_id, row.subject): row.title for row in results}
    closed = _is_closed(close)
    tasks = list(close.tasks.select_related("done_by"))
    counted = [row for row in results if row.check_id not in {"K49", "K50"}]
    signer = allows(member, Right.SIGN)
    return {
        "close": close,
        "month": month,
        "areas": [_area(area, title, results, overrides, tasks) for area, title in AREAS.items()],
        "stats": _stats(client, close, counted),
        "variances": _variances(close, month) if not close.is_baseline else [],
        "blocking": [] if closed else workflow.blockers(close),
        "reasons": [] if closed else signoff.reasons_against(close, by=member.user if signer else None),
        "waiting_overrides": [
            (row, titles.get((row.check_id, row.subject), row.check_id))
            for row in overrides.values()
            if row.granted_by_id is None
        ],
        "granted": len([row for row in overrides.values() if row.granted_by_id]),
        "closed": closed,
        "seals": list(
            Seal.objects.filter(close=close).select_related("signoff__signer", "package").defer("package__content")
        ),
        "signature": close.signoffs.select_related("signer").first(),
        "reopening": reopening.waiting(close),
        "is_running": _is_running(client),
        "explained": EXPLAINED,
        "may_prepare": allows(member, Right.PREPARE) and not closed,
        "may_approve": allows(member, Right.APPROVE) and not closed,
        "may_sign": signer,
        "may_read_audit": allows(member, Right.READ_AUDIT),
        "me": member.user,
        "activity": list(AuditEvent.objects.filter(client=client).select_related("actor").order_by("-number")[:8]),
        "url": reverse("closeout:close", kwargs={"slug": client.slug, "month": str(close)}),
    }


def _is_running(client: Client) -> bool:
    return SyncJob.objects.filter(
        client=client, kind__in=["checks", "seal", "package"], state__in=["due", "leased"]
    ).exists()


def _area(
    area: str, title: str, results: list[CheckResult], overrides: dict[tuple[str, str], Override], tasks: list[Task]
) -> dict[str, Any]:
    mine = [row for row in results if row.area == area]
    rows = [
        {"row": row, "override": overrides.get((row.check_id, row.subject)), "can_explain": row.check_id in EXPLAINED}
        for row in mine
    ]
    applying = [row for row in mine if row.state != "not_applicable"]
    proven = sum(row.state == "pass" for row in applying)
    own = [task for task in tasks if task.area == area]
    return {
        "slug": area,
        "title": title,
        "rows": rows,
        "tasks": own,
        "proven": proven,
        "total": len(applying),
        "is_open": proven < len(applying) or any(task.done_at is None for task in own),
    }


def _stats(client: Client, close: CloseRun, results: list[CheckResult]) -> dict[str, Any]:
    month = Month.of(close.month)
    applying = [row for row in results if row.state != "not_applicable"]
    flow = statements.cash_flow(client, month)
    errors = LedgerException.objects.filter(client=client, state="open").order_by("opened_at")
    oldest = errors.first()
    days = (close.due_on - today(client)).days
    return {
        "proven": sum(row.state == "pass" for row in applying),
        "total": len(applying),
        "fails": sum(row.state == "fail" for row in applying),
        "unknown": sum(row.state == "cannot_tell" for row in applying),
        "net_income": statements.net_income(client, month),
        "cash": flow.closing,
        "cash_change": flow.net_change,
        "traced": (statements.traced_basis_points(client, month) + 5) // 10,
        "errors": errors.count(),
        "oldest": oldest.opened_at if oldest else None,
        "days": days,
        "late": -days,
        "questions": Question.objects.filter(client=client, month=close.month, state="waiting").count(),
    }


def _variances(close: CloseRun, month: Month) -> list[dict[str, Any]]:
    said = {
        row.item_key: row
        for row in Explanation.objects.filter(close=close, check_id="K42").select_related("written_by")
    }
    rows = []
    for found in flux.variances(close.client, month):
        text = said.get(found.key)
        rows.append({"variance": found, "text": text, "holds": text is not None and text.amount_minor == found.change})
    return rows
