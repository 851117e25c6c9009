"""Questions to clients: asked and settled by staff, answered in place by the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date

from clients.access import Right, allows, classified, client_or_404, membership_of, practice_page
from closeout import questions
from closeout.models import Question
from closeout.workflow import CloseError
from integrations.money import minor_of
from ledger.core.period import Month
from ledger.views.framing import current_month, page_of

if TYPE_CHECKING:
    from clients.models import Client


@classified(Right.VIEW_DRAFTS, scope="practice")
def everyone(request: HttpRequest) -> HttpResponse:
    """Every open question of the practice's clients, the most money first."""
    clients = practice_page(request, Right.VIEW_DRAFTS)
    tab = request.GET.get("tab", "waiting")
    state = tab if tab in Question.State.values else Question.State.WAITING
    rows = questions.ranked(Question.objects.filter(client__in=clients, state=state)).select_related(
        "client", "asked_by"
    )
    waiting, answered = questions.counts(clients)
    page = {"page": page_of(request, rows), "tab": state, "waiting": waiting, "answered": answered}
    return render(request, "closeout/all_questions.html", page)


@classified(Right.VIEW_DRAFTS, scope="practice")
def count(request: HttpRequest) -> HttpResponse:
    """The bare number for the navigation: answers nobody has settled."""
    _waiting, answered = questions.counts(practice_page(request, Right.VIEW_DRAFTS))
    return HttpResponse(str(answered) if answered else "")


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "closeout/questions.html", _page(request, client))


def _page(request: HttpRequest, client: Client) -> dict[str, Any]:
    rows = Question.objects.filter(client=client).select_related("asked_by", "answered_by")
    return {
        "waiting": questions.ranked(rows.filter(state=Question.State.WAITING)),
        "answered": questions.ranked(rows.filter(state=Question.State.ANSWERED)),
        "settled": rows.filter(state=Question.State.SETTLED).order_by("-asked_at")[:50],
        "may_prepare": allows(membership_of(request), Right.PREPARE),
        "month": current_month(client),
        "months": [current_month(client).shift(-step) for step in range(6)],
    }


@classified(Right.PREPARE, methods=("POST",))
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    given = request.POST
    try:
        month = Month.parse(given.get("month", ""))
        until = parse_date(given.get("default_on", "")) if given.get("default_on") else None
    except ValueError:
        month, until = current_month(client), None
    typed = given.get("amount", "").strip()
    amount = minor_of(typed, client.home_currency) if typed else None
    if typed and amount is None:
        messages.error(request, "The amount is not a figure.")
        return redirect("closeout:questions", slug=slug)
    try:
        questions.ask(
            client,
            month,
            by=membership_of(request).user,
            text=given.get("text", ""),
            amount=amount,
            about=given.get("about", ""),
            default=given.get("default", ""),
            default_on=until,
        )
    except CloseError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Asked. The client gets an e-mail.")
    return redirect("closeout:questions", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    sent = questions.remind(client, by=membership_of(request).user)
    messages.success(request, f"Reminded of {sent}." if sent else "Nothing waits for the client.")
    return redirect("closeout:questions", slug=slug)


@classified(Right.ANSWER, methods=("POST",))
def answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Someone of the client answers in their own words, or staff for them."""
    client = client_or_404(request, slug, right=Right.ANSWER)
    row = get_object_or_404(Question.objects.filter(client=client), pk=pk)
    row.client = client
    try:
        row = questions.answer(row, by=membership_of(request).user, text=request.POST.get("answer", ""))
    except CloseError as refusal:
        return render(
            request, "closeout/_question.html", {"question": row, "client": client, "problem": str(refusal)}, status=422
        )
    if request.headers.get("HX-Request"):
        return render(request, "closeout/_question.html", {"question": row, "client": client})
    return redirect("closeout:client", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def settle(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = get_object_or_404(Question.objects.filter(client=client), pk=pk)
    row.client = client
    try:
        questions.settle(row, by=membership_of(request).user, note=request.POST.get("note", ""))
    except CloseError as refusal:
        messages.error(request, str(refusal))
    return redirect("closeout:questions", slug=slug)
