"""Nothing missing: of one month, what each source says it has, what is here, and what became of it, also day by day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from clients.access import Right, classified, client_or_404
from integrations.evidence import COUNT, OFF
from integrations.models import Connection, ControlTotal, Fact, StreamState
from ledger import completeness, daily, exceptions_inbox, health
from ledger.core.period import Month
from ledger.models import LedgerException
from ledger.views.exception_rows import LOOK
from ledger.views.framing import month_or_404, period

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clients.models import Client

#: How long, and how many, problems that settled themselves are still told.
SETTLED_DAYS, SETTLED_SHOWN = 7, 5


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a connection. ``source`` is what the provider counts, None where it gives no count for the day."""

    day: date
    source: int | None
    here: int
    is_off: bool = False

    @property
    def level(self) -> str:
        """How a small square shows it: short, nothing, some."""
        if self.is_off:
            return "h3"
        return "h1" if self.here else "hx"

    @property
    def text(self) -> str:
        counted = "" if self.source is None else f"{self.source:,} there, "
        return f"{self.day:%b} {self.day.day}: {counted}{self.here:,} here"

    @property
    def x(self) -> int:
        return (self.day.day - 1) * 12


@classified(Right.VIEW_DRAFTS)
def month(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """A part of a page: the figures of one month, of one connection where ``connection`` names it."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    try:
        wanted = Month.parse(month)
    except ValueError as error:
        raise Http404 from error
    given = request.GET.get("connection", "")
    connection = None
    if given:
        connection = Connection.objects.filter(client=client, pk=int(given)).first() if given.isdecimal() else None
        if connection is None:
            raise Http404
    rows = [
        row for row in completeness.month(client, wanted) if connection is None or row.connection.pk == connection.pk
    ]
    page = {
        "client": client,
        "month": wanted,
        "rows": rows,
        "short": sum(row.is_short for row in rows),
        "counted": sum(not row.is_unknown for row in rows),
        "days": _days(client, connection, wanted) if connection else [],
        "width": 12 * wanted.last.day,
        "query": f"?connection={connection.pk}" if connection else "",
        "previous": reverse("ledger:completeness", args=[slug, str(wanted.previous)]),
        "next": reverse("ledger:completeness", args=[slug, str(wanted.next)]),
        "several": connection is None,
    }
    return render(request, "ledger/_completeness.html", page)


def _days(client: Client, connection: Connection, month: Month) -> list[Day]:
    """Each day of the month: objects the source counts and those of them here, or where it counts none, records here."""
    span = (month.first, month.last)
    totals = ControlTotal.objects.filter(client=client, connection=connection, day__range=span, source=COUNT)
    counted = {
        day: (there, here, bool(off))
        for day, there, here, off in totals.values_list("day").annotate(
            Sum("count"), Sum("here"), off=Count("pk", filter=OFF)
        )
    }
    facts = Fact.objects.filter(client=client, connection_id=connection.pk, booked_on__range=span)
    here: Counter[date | None] = Counter(
        dict(facts.exclude(state="superseded").values_list("booked_on").annotate(Count("external_id", distinct=True)))
    )
    return [Day(day, *counted.get(day, (None, here[day], False))) for day in month.days()]


@classified(Right.VIEW_DRAFTS)
def days(request: HttpRequest, slug: str, month: str, pk: int, name: str) -> HttpResponse:
    """The page of one stream: each day of a month, from the source's count to the ledger, and what is missing by its id."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    wanted = month_or_404(request, month)
    connection = Connection.objects.filter(client=client, pk=pk).first()
    if connection is None:
        raise Http404
    state = StreamState.objects.filter(client=client, connection=connection, stream=name).first()
    rows = daily.days(connection, name, wanted)
    if state is None and not any(row.here for row in rows):
        raise Http404
    whole = daily.total(rows, wanted.last)
    stream = completeness.declared(connection, name)
    page = {
        "client": client,
        "connection": connection,
        "name": health.name_of(connection),
        "label": health.label(connection, name),
        "rows": [row for row in rows if row.state != "none"],
        "short": [row for row in rows if row.state in {"short", "lost"}],
        "whole": whole,
        "totals": whole.source_total is not None,
        "reasons": daily.reasons(connection, name, wanted),
        "listed": (state.listed if state else {}) or None,
        "through": state.complete_through if state else None,
        "stream": name,
        "by_day": completeness.is_listed(stream),
        "instead": stream.instead if stream else "",
        "month": wanted,
        "period": period(client, wanted, "ledger:completeness_days", pk=pk, name=name),
    }
    return render(request, "ledger/days.html", page)


@classified(Right.VIEW_DRAFTS)
def issues(request: HttpRequest, slug: str) -> HttpResponse:
    """A part of a page: what is wrong with the client's connections now, and what settled itself lately."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    rows = LedgerException.objects.filter(client=client, kind__in=health.KINDS)
    lately = timezone.now() - timedelta(days=SETTLED_DAYS)
    page = {
        "client": client,
        "issues": [(row, LOOK[row.kind]) for row in rows.filter(state__in=exceptions_inbox.OPEN).order_by("opened_at")],
        "settled": rows.filter(state="resolved", resolved_at__gte=lately).order_by("-resolved_at")[:SETTLED_SHOWN],
    }
    return render(request, "ledger/_issues.html", page)
