"""Schedules: the list with its roll-forward, one schedule with its table, and the form with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import posting, queries, schedule_booking, schedule_proof, schedule_rolls, schedules
from ledger.core.schedules import current_portion
from ledger.models import JournalEntry, JournalLine, Schedule
from ledger.schedule_drawing import ScheduleRefused, draw, rows_of
from ledger.views.framing import current_month, may, month_or_404, page_of, period, send_soon
from ledger.views.schedule_form import ScheduleForm, initial, kind_for, proposed

if TYPE_CHECKING:
    from clients.models import Client

REFUSALS = (ScheduleRefused, posting.PostingError)


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Schedules by kind, what is left of each at the month's end, when the next line is due; and each account's roll-forward."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    rows = Schedule.objects.filter(client=client).select_related("account")
    if kind in Schedule.Kind.values:
        rows = rows.filter(kind=kind)
    rows = rows.filter(state=state) if state in Schedule.State.values else rows.exclude(state="cancelled")
    page = page_of(request, rows.order_by("kind", "starts_on", "pk"))
    shown = [each.pk for each in page]
    due, left = schedule_proof.next_due(client, shown, of.first), schedule_rolls.left(client, of, shown)
    kinds = Schedule.Kind.values
    context = {
        "client": client,
        "page": page,
        "listed": [(each, left.get(each.pk, 0), due.get(each.pk)) for each in page],
        "totals": list(rows.order_by().values("kind").annotate(amount=Sum("amount_minor"), count=Count("pk"))),
        "kinds": Schedule.Kind.choices,
        "states": Schedule.State.choices,
        "kind": kind,
        "state": state,
        "proofs": schedule_proof.proofs(client, of, [kind] if kind in kinds else ()),
        "unbooked": schedule_proof.unbooked(client, of, kinds),
        "period": period(client, of, "ledger:schedules"),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/schedules.html", context)


@classified(Right.VIEW_DRAFTS)
def schedule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One schedule: its terms, its table with the entries that booked it, and what can be done."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    chosen = _schedule_or_404(client, pk)
    month = current_month(client)
    request.__dict__["month"] = month
    lines = list(chosen.lines.order_by("on"))
    undone = set(
        JournalEntry.objects.filter(client=client, reverses_id__in=[line.entry_id for line in lines]).values_list(
            "reverses_id", flat=True
        )
    )
    is_active, prepares = chosen.state == Schedule.State.ACTIVE, may(request, Right.PREPARE)
    context = {
        "client": client,
        "schedule": chosen,
        "lines": [(line, line.entry_id in undone) for line in lines],
        "entries": schedule_booking.standing(chosen),
        "month": month,
        "left": schedule_rolls.left(client, month, [chosen.pk]).get(chosen.pk, 0),
        "portion": current_portion(rows_of(lines), month.last) if chosen.kind == Schedule.Kind.LOAN else None,
        "is_loan": chosen.kind == Schedule.Kind.LOAN,
        "waits": is_active and not chosen.is_ready,
        "may_change": prepares and is_active,
        "may_end": prepares and is_active and chosen.is_ready and chosen.kind != Schedule.Kind.ACCRUAL,
        "may_resume": prepares and chosen.state == Schedule.State.ENDED,
        "may_cancel": prepares and chosen.state != Schedule.State.CANCELLED,
        "may_approve": is_active
        and not chosen.is_ready
        and may(request, Right.APPROVE)
        and chosen.made_by_id != membership_of(request).user_id,
        "may_prepare": prepares,
        "accounts": queries.accounts(client),
    }
    return render(request, "ledger/schedule.html", context)


@classified(Right.PREPARE, methods=("GET", "POST"))
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new schedule: the form, then the whole table as it would be booked, then kept."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    request.__dict__["month"] = current_month(client)
    line = _line(client, request)
    kind = request.GET.get("kind", "") or (kind_for(line) if line else Schedule.Kind.PREPAID.value)
    if kind not in Schedule.Kind.values:
        raise Http404
    source = (line.entry_id, line.no) if line else None
    if request.method == "GET":
        form = ScheduleForm(client=client, kind=kind, initial=proposed(line, kind) if line else {})
        return render(request, "ledger/schedule_edit.html", _form(client, form, kind, line=line))
    form = ScheduleForm(request.POST, client=client, kind=kind)
    return _save(request, client, form, None, source, _form(client, form, kind, line=line))


@classified(Right.PREPARE, methods=("GET", "POST"))
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Other terms from the first open month on, with the table before anything is kept."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    request.__dict__["month"] = current_month(client)
    chosen = _schedule_or_404(client, pk)
    if request.method == "GET":
        form = ScheduleForm(
            client=client, kind=chosen.kind, is_new=False, initial=initial(chosen, client.home_currency)
        )
        return render(request, "ledger/schedule_edit.html", _form(client, form, chosen.kind, of=chosen))
    form = ScheduleForm(request.POST, client=client, kind=chosen.kind, is_new=False)
    return _save(request, client, form, chosen, None, _form(client, form, chosen.kind, of=chosen))


def _save(
    request: HttpRequest,
    client: Client,
    form: ScheduleForm,
    chosen: Schedule | None,
    source: tuple[int, int] | None,
    context: dict[str, Any],
) -> HttpResponse:
    """The preview, or the act; a refusal stands at the field it names."""
    if not form.is_valid():
        return render(request, "ledger/schedule_edit.html", context, status=422)
    asked, by = form.asked(source), membership_of(request).user
    try:
        with transaction.atomic():
            context["rows"] = draw(client, asked, chosen)
            if "keep" not in request.POST:
                return render(request, "ledger/schedule_edit.html", context)
            kept = schedules.change(chosen, asked, by=by) if chosen is not None else schedules.add(client, asked, by=by)
            send_soon(client)
    except REFUSALS as refusal:
        field = getattr(refusal, "field", "")
        form.add_error(field if field in form.fields else None, str(refusal))
        return render(request, "ledger/schedule_edit.html", context, status=422)
    messages.success(
        request,
        "Kept. What is due is booked." if kept.is_ready else "Kept. A second person approves it before it is booked.",
    )
    return redirect("ledger:schedule", slug=client.slug, pk=kept.pk)


def _form(
    client: Client, form: ScheduleForm, kind: str, *, of: Schedule | None = None, line: JournalLine | None = None
) -> dict[str, Any]:
    return {
        "client": client,
        "form": form,
        "kind": kind,
        "kinds": Schedule.Kind.choices,
        "schedule": of,
        "line": line,
        "is_loan": kind == Schedule.Kind.LOAN,
        "accounts": queries.accounts(client),
    }


def _line(client: Client, request: HttpRequest) -> JournalLine | None:
    """The line of the books that the schedule is proposed from; Http404 for one that is not there."""
    entry, no = request.GET.get("entry", ""), request.GET.get("line", "")
    if not entry:
        return None
    if not (entry.isdecimal() and no.isdecimal() and len(entry) < 18 and len(no) < 5):
        raise Http404
    lines = JournalLine.objects.filter(client=client, entry_id=int(entry), no=int(no))
    found = lines.select_related("account", "entry").first()
    if found is None:
        raise Http404
    return found


def _schedule_or_404(client: Client, pk: int) -> Schedule:
    found = (
        Schedule.objects.filter(client=client, pk=pk)
        .select_related(
            "client", "account", "counter_account", "contra_account", "moved_from", "made_by", "approved_by",
            "proceeds_account", "result_account",
        )
        .prefetch_related("steps")
        .first()
    )  # fmt: skip
    if found is None:
        raise Http404
    return found
