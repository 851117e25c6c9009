"""Signing and reopening: what will be signed is shown first, a fresh second factor is asked for, and refusals say why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from clients.access import Right, allows, classified, membership_of, proven_at
from closeout import binder, pdf, reopening, signoff, workflow
from closeout.models import CheckResult, Reopening
from closeout.views import framing
from closeout.workflow import CloseError
from ledger.core.period import Month
from ledger.views.framing import period

if TYPE_CHECKING:
    from closeout.models import CloseRun


@classified(Right.VIEW_DRAFTS)
def preview(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Everything a signature would bind, its hash, and what still stands against it."""
    client, asked, close = framing.close_of(request, slug, month, right=Right.VIEW_DRAFTS)
    page: dict[str, Any] = {"period": period(client, asked, "closeout:sign_preview"), "month": asked}
    if close is None or close.is_baseline:
        page["may_open"] = False
        return render(request, "closeout/not_open.html", page)
    return render(request, "closeout/sign.html", page | _shown(request, close))


def _shown(request: HttpRequest, close: CloseRun) -> dict[str, Any]:
    member = membership_of(request)
    results = CheckResult.objects.filter(close=close).exclude(check_id__in=["K49", "K50"])
    return {
        "close": close,
        "month": Month.of(close.month),
        "book": binder.freeze(close),
        "shown": signoff.shown(close),
        "statement": signoff.statement(close),
        "reasons": signoff.reasons_against(close, by=member.user if allows(member, Right.SIGN) else None),
        "results": results,
        "overrides": close.overrides.filter(granted_by__isnull=False).select_related("asked_by", "granted_by"),
        "may_sign": allows(member, Right.SIGN),
        "is_fresh": datetime.now(UTC).timestamp() - proven_at(request) < settings.STEP_UP_SECONDS - 30,
        "url": close.client.slug,
        "let": workflow.overrides_in_force(close),
    }


@classified(Right.SIGN)
def confirm(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Asks for the second factor if it is not fresh, and comes back to what will be signed."""
    framing.close_of(request, slug, month, right=Right.SIGN)
    return redirect("closeout:sign_preview", slug=slug, month=month)


@classified(Right.SIGN, methods=("POST",))
def sign(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Sign what was shown: the form carries the hash of it."""
    close = framing.close_or_404(request, slug, month, right=Right.SIGN)
    factor, factor_at = _factor(request)
    try:
        signoff.sign(
            close,
            by=framing.me(request),
            shown_sha256=request.POST.get("shown", ""),
            factor=factor,
            factor_at=factor_at,
        )
    except signoff.SigningRefused as refusal:
        for reason in refusal.reasons:
            messages.error(request, reason)
        return redirect("closeout:sign_preview", slug=slug, month=month)
    messages.success(request, f"{Month.of(close.month).label} is signed. It is being locked and sealed now.")
    return redirect("closeout:close", slug=slug, month=month)


def _factor(request: HttpRequest) -> tuple[str, datetime]:
    """The second factor this session showed last, and when."""
    records = [row for row in get_authentication_records(request, request.user) if row.get("method") == "mfa"]
    last = max(records, key=lambda row: row["at"], default=None)
    if last is None:
        return "", datetime.fromtimestamp(0, UTC)
    return str(last.get("type", "")), datetime.fromtimestamp(proven_at(request), UTC)


@classified(Right.VIEW_DRAFTS)
def draft(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The package as it would be now, marked as a draft on every page."""
    client, asked, close = framing.close_of(request, slug, month, right=Right.VIEW_DRAFTS)
    if close is None or close.is_baseline:
        messages.info(request, f"{asked.label} has no package to draft.")
        return redirect("closeout:close", slug=slug, month=month)
    content, _pages = pdf.draft(close)
    return attachment(content, f"{client.slug}-{asked}-draft.pdf")


def attachment(content: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@classified(Right.REOPEN, methods=("POST",))
def reopen(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Ask to open a signed month again; a sealed one waits for a second person."""
    close = framing.close_or_404(request, slug, month, right=Right.REOPEN)
    try:
        row = reopening.ask(close, by=framing.me(request), reason=request.POST.get("reason", ""))
    except CloseError as refusal:
        messages.error(request, str(refusal))
    else:
        said = "The month is open again." if row.granted_at else "Asked. A second person has to grant it."
        messages.success(request, said)
    return redirect("closeout:close", slug=slug, month=month)


@classified(Right.REOPEN, methods=("POST",))
def grant_reopening(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    close = framing.close_or_404(request, slug, month, right=Right.REOPEN)
    row = get_object_or_404(Reopening.objects.filter(close=close).select_related("asked_by"), pk=pk)
    row.close, row.client = close, close.client
    try:
        reopening.grant(row, by=framing.me(request))
    except CloseError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The month is open again. Its old seal stays.")
    return redirect("closeout:close", slug=slug, month=month)
