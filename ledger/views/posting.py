"""How records go out: the mode of each stream, what became of each record, and what a document carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.models import Connection
from ledger import health, modes, streams
from ledger.core.period import Month
from ledger.models import JournalEntry, OutboxItem, PostingMode
from ledger.views.framing import PAGE, current_month, day_of, may, month_or_404, page_of, period, today

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clients.models import Client

#: Documents that the overview names.
RECENT = 10


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Every stream that is booked from here, how it goes out now, and from when otherwise."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    month = current_month(client)
    request.__dict__["month"] = month
    rows = streams.of(client, month, today=today(client))
    page = {
        "client": client,
        "month": month,
        "rows": [(row, health.name_of(row.connection), health.label(row.connection, row.stream)) for row in rows],
        "modes": PostingMode.Mode.choices,
        "first_open": month.first,
        "documents": OutboxItem.objects.filter(client=client).order_by("-booked_on", "-pk")[:RECENT],
        "waiting": sum(row.waiting for row in rows),
        "may_choose": may(request, Right.APPROVE),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/posting.html", page)


@classified(Right.APPROVE, methods=("POST",))
def choose(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    """Another way for a stream, from a day of an open month on."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    connection = _connection_or_404(client, pk)
    day = day_of(request.POST.get("from_day", ""))
    if day is None:
        messages.error(request, "From: give a date, like 2026-03-01.")
        return redirect("ledger:posting", slug=slug)
    try:
        made = modes.choose(connection, name, request.POST.get("mode", ""), day, by=membership_of(request).user)
    except modes.ModeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            f"{health.label(connection, name)}: {made.get_mode_display().lower()} from {day:%b} {day.day} on. "
            "What went out stays as it went.",
        )
    return redirect("ledger:posting", slug=slug)


@classified(Right.VIEW_DRAFTS)
def records(request: HttpRequest, slug: str, pk: int, name: str, month: str) -> HttpResponse:
    """What became of each record of one stream in one month, and why."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    wanted = month_or_404(request, month)
    connection = _connection_or_404(client, pk)
    status = request.GET.get("status", "")
    status = status if status in streams.STATUSES else ""
    number = request.GET.get("page", "1")
    at = max(int(number), 1) if number.isdecimal() and len(number) < 8 else 1
    found = streams.records(connection, name, wanted, status=status, offset=(at - 1) * PAGE)
    if at > 1 and not found.rows:
        at, found = 1, streams.records(connection, name, wanted, status=status)
    whole = sum(found.counts.values())
    page = {
        "client": client,
        "connection": connection,
        "name": health.name_of(connection),
        "label": health.label(connection, name),
        "stream": name,
        "month": wanted,
        "rows": found.rows,
        "page": Paginator(range(found.total), PAGE).get_page(at),
        "status": status,
        "choices": [
            (key, look[0], found.counts[key]) for key, look in streams.STATUSES.items() if found.counts.get(key)
        ],
        "whole": whole,
        "open": sum(found.counts.get(key, 0) for key in ("failed", "held", "pending", "ready")),
        "period": period(client, wanted, "ledger:records", pk=pk, name=name),
    }
    return render(request, "ledger/records.html", page)


@classified(Right.VIEW_DRAFTS)
def document(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One document with the entries it carries, each of which opens to its record."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    item = OutboxItem.objects.filter(client=client, pk=pk).select_related("connection", "approved_by").first()
    if item is None:
        raise Http404
    members = JournalEntry.objects.filter(client=client, sent_with__outbox=item).prefetch_related("lines__account")
    lines: dict[int, list[object]] = {}
    for entry in members:
        for line in entry.lines.all():
            held = lines.setdefault(line.account_id, [line.account, 0, 0])
            held[1], held[2] = held[1] + line.debit_minor, held[2] + line.credit_minor  # type: ignore[operator]
    page = {
        "client": client,
        "item": item,
        "settles": "#" in item.group_key,
        "month": Month.of(item.booked_on),
        "page": page_of(request, members.order_by("booked_on", "pk")),
        "lines": sorted(lines.values(), key=lambda row: str(row[0])),
    }
    request.__dict__["month"] = page["month"]
    return render(request, "ledger/document.html", page)


def _connection_or_404(client: Client, pk: int) -> Connection:
    connection = Connection.objects.filter(client=client, pk=pk).first()
    if connection is None:
        raise Http404
    connection.client = client
    return connection
