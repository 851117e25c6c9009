"""Entries: the list, one entry with its chain from source to bank, its reversal and its approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import corrections, posting, tracing
from ledger.core.period import Month
from ledger.models import JournalEntry, JournalLine
from ledger.views.framing import current_month, may, page_of, send_soon

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from clients.models import Client

ORIGINS = (("source", "From a system"), ("ledger", "From the accounting system"), ("manual", "By hand"))


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Entries, newest first, by words, amount, month, origin and whether they wait for a second person."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    request.__dict__["month"] = current_month(client)
    given = request.GET
    rows = _filtered(
        client,
        given.get("q", "").strip()[:100],
        given.get("origin", ""),
        given.get("month", ""),
        given.get("state", ""),
    )
    page = page_of(request, rows)
    months = JournalEntry.objects.filter(client=client).order_by().dates("booked_on", "month", order="DESC")[:36]
    context = {
        "client": client,
        "page": page,
        "origins": ORIGINS,
        "given": given,
        "months": [Month.of(day) for day in months],
        "is_filtered": any(given.get(name) for name in ("q", "origin", "month", "state")),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/entries.html", context)


@classified(Right.VIEW_DRAFTS)
def entry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One entry: its lines, what it came from, where it went, where its figures show."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "ledger/entry.html", _page(request, client, _entry_or_404(client, pk)))


@classified(Right.PREPARE, methods=("POST",))
def reverse(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Undo an entry by a reversal with a reason."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    chosen = _entry_or_404(client, pk)
    try:
        with transaction.atomic():
            reversal = corrections.reverse(
                chosen, reason=request.POST.get("reason", ""), by=membership_of(request).user
            )
            send_soon(client)
    except (corrections.CorrectionError, posting.PostingError) as refusal:
        messages.error(request, str(refusal))
        return redirect("ledger:entry", slug=slug, pk=pk)
    messages.success(request, "Reversed. This is the reversal; it goes to the accounting system.")
    return redirect("ledger:entry", slug=slug, pk=reversal)


@classified(Right.APPROVE, methods=("POST",))
def approve(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The second person of an entry made by hand."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    chosen = _entry_or_404(client, pk)
    if chosen.origin != "manual":
        raise Http404
    try:
        corrections.approve(chosen, by=membership_of(request).user, support=request.POST.get("support", ""))
    except corrections.CorrectionError as refusal:
        messages.error(request, str(refusal))
    else:
        send_soon(client)
        messages.success(request, "Approved. It goes to the accounting system now.")
    return redirect("ledger:entry", slug=slug, pk=pk)


# ---- lists and forms -------------------------------------------------------------------------------------------------------


def _filtered(client: Client, q: str, origin: str, month: str, state: str) -> QuerySet[JournalEntry]:
    totals = (
        JournalLine.objects.filter(client=client, entry=OuterRef("pk"))
        .order_by()
        .values("entry_id")
        .annotate(total=Sum("debit_minor"))
    )
    rows = (
        JournalEntry.objects.filter(client=client)
        .annotate(total=Subquery(totals.values("total")))
        .select_related("posted_by")
    )
    rows = rows.prefetch_related("reversals", "approvals")
    if q:
        rows = rows.filter(_said(client, q))
    if origin in dict(ORIGINS):
        rows = rows.filter(origin=origin)
    if month:
        try:
            of = Month.parse(month)
        except ValueError as error:
            raise Http404 from error
        rows = rows.filter(booked_on__range=(of.first, of.last))
    if state == "waiting":
        rows = rows.filter(origin="manual", approvals__isnull=True)
    elif state == "reversed":
        rows = rows.filter(reversals__isnull=False)
    return rows


def _said(client: Client, q: str) -> Q:
    """Words of memo, source or party; an amount finds every entry with such a line; a number its id."""
    found = Q(memo__icontains=q) | Q(source_key__icontains=q)
    amount = minor_of(q, client.home_currency)
    if amount:
        lines = JournalLine.objects.filter(client=client).filter(
            Q(debit_minor=abs(amount)) | Q(credit_minor=abs(amount))
        )
        found |= Q(pk__in=lines.order_by().values("entry_id"))
    if q.isdecimal() and len(q) < 18:
        found |= Q(pk=int(q))
    return found


def _page(request: HttpRequest, client: Client, chosen: JournalEntry) -> dict[str, Any]:
    month = Month.of(chosen.booked_on)
    request.__dict__["month"] = month
    may_see = may(request, Right.VIEW_PAYROLL)
    chain = tracing.chain(client, chosen)
    membership = membership_of(request)
    hides = chain.is_payroll and not may_see
    return {
        "client": client,
        "entry": chosen,
        "chain": chain,
        "month": month,
        "hides": hides,
        "payload": "" if hides else tracing.pretty(chain.document),
        "shows_in": tracing.shows_in(client, chosen, month),
        "may_prepare": may(request, Right.PREPARE) and not hides,
        "other_half": corrections.its_other_half(chosen),
        "may_attach": may(request, Right.PREPARE) and not hides,
        "may_reverse": may(request, Right.PREPARE) and not chain.reversal and chosen.reverses_id is None,
        "may_approve": chain.needs_approval
        and may(request, Right.APPROVE)
        and chosen.posted_by_id != membership.user_id,
    }


def _entry_or_404(client: Client, pk: int) -> JournalEntry:
    chosen = JournalEntry.objects.filter(client=client, pk=pk).select_related("client", "posted_by").first()
    if chosen is None:
        raise Http404
    return chosen
