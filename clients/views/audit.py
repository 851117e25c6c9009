"""The audit trail: filter, page through, export."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clients import acts, audit
from clients.access import Right, classified, membership_of, practice_page
from clients.models import AuditEvent
from clients.tenancy import client_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from clients.models import Client

PAGE = 50
EXPORT_LIMIT = 100_000
#: Signs with which a spreadsheet takes a text for a formula.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(value: object) -> str:
    """A text a spreadsheet will not run: what looks like a formula gets a leading apostrophe."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


@classified(Right.READ_AUDIT, scope="practice")
def index(request: HttpRequest) -> HttpResponse:
    clients = practice_page(request, Right.READ_AUDIT)
    events = _filtered(request, clients)
    before = request.GET.get("before", "")
    if before.isdecimal():
        events = events.filter(pk__lt=min(int(before), 2**62))
    shown = list(events[: PAGE + 1])
    page = {
        "events": shown[:PAGE],
        "older": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "clients": clients,
        "actions": sorted(set(_recent_actions(request)), key=acts.words),
        "chosen": request.GET,
    }
    template = "clients/_audit_rows.html" if request.headers.get("HX-Request") else "clients/audit.html"
    return render(request, template, page)


@classified(Right.MANAGE_PEOPLE, scope="practice", methods=("GET",))
def export(request: HttpRequest) -> HttpResponse:
    """The filtered trail as CSV, with the hashes, so that the chain can be checked outside."""
    clients = practice_page(request, Right.MANAGE_PEOPLE)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "client", "number", "actor", "action", "subject", "detail", "previous_sha256", "sha256"])
    count = 0
    for event in _filtered(request, clients)[:EXPORT_LIMIT]:
        where = event.client.slug if event.client else ""
        who = event.actor.email if event.actor else "system"
        row = [
            event.at.astimezone(UTC).isoformat(),
            where,
            event.number,
            who,
            event.action,
            event.subject,
            event.detail,
        ]
        writer.writerow([*map(safe_cell, row), event.previous_sha256, event.sha256])
        count += 1
    membership = membership_of(request)
    audit.record_practice(membership.practice, membership.user, "audit.exported", "", {"rows": count})
    headers = {"Content-Disposition": 'attachment; filename="audit-trail.csv"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@classified(Right.READ_AUDIT, scope="practice")
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute every chain of the practice and say where one is broken."""
    clients = practice_page(request, Right.READ_AUDIT)
    practice = membership_of(request).practice
    found: list[tuple[str, int | None]] = [(practice.name, audit.verify_practice(practice))]
    for client in clients:
        with client_context(client.pk):
            found.append((client.name, audit.verify(client)))
    broken = [(name, number) for name, number in found if number is not None]
    return render(request, "clients/_audit_verified.html", {"broken": broken, "chains": len(found)})


def _recent_actions(request: HttpRequest) -> list[str]:
    """The acts of the last lines, for the filter; a distinct over the whole trail would read all of it."""
    recent = AuditEvent.objects.filter(practice=membership_of(request).practice).order_by("-pk")
    return list(recent.values_list("action", flat=True)[:2000])


def _filtered(request: HttpRequest, clients: Sequence[Client]) -> QuerySet[AuditEvent]:
    """The trail by client, action, person and days; each parameter is read by name, none reaches the database as a key."""
    events = AuditEvent.objects.filter(practice=membership_of(request).practice).select_related("client", "actor")
    given = request.GET
    if slug := given.get("client", ""):
        events = events.filter(client_id__in=[client.pk for client in clients if client.slug == slug])
    if action := given.get("action", ""):
        events = events.filter(action=action[:60])
    if who := given.get("who", "").replace("\x00", ""):
        events = events.filter(actor__email__icontains=who[:100])
    if since := _day(given.get("since", "")):
        events = events.filter(at__gte=since)
    if until := _day(given.get("until", "")):
        events = events.filter(at__lt=until + timedelta(days=1))
    return events.order_by("-pk")


def _day(text: str) -> datetime | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(found, time(), UTC) if 1970 <= found.year <= 9000 else None
