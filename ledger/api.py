"""The REST API, version 1: reading the books, and the few acts a machine may ask for. The same use cases as the pages.

Amounts are integer minor units; lists come in pages of fifty (``?page=``); errors are ``{"detail": …}``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponseNotAllowed
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from clients.access import Classification, Right, membership_of
from clients.api import PortalView
from ledger import exceptions_inbox, matches, posting, queries, statements, tracing
from ledger.core import statements as core
from ledger.core.period import Month
from ledger.mapping import MappingError
from ledger.models import Account, JournalEntry, LedgerException, Match
from ledger.models import Schedule as ScheduleRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from clients.models import Client, User

PAGE = 50


def endpoint(view: type[PortalView]) -> Any:
    """The view as a function that refuses other methods before it asks who is there."""
    made = view.as_view()
    methods = view.classification.methods

    @functools.wraps(made)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        return made(request, *args, **kwargs)  # type: ignore[no-any-return]

    # Django's own check of the form token answers before anything of the body is read.
    guarded.__dict__["csrf_exempt"] = False
    return guarded


class Reading(PortalView):
    """A GET about one client's books."""

    rights = {"GET": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "client", ("GET",))


class Acting(PortalView):
    """A POST that prepares one client's books."""

    rights = {"POST": Right.PREPARE}
    classification = Classification(Right.PREPARE, "client", ("POST",))


def _listed(request: Request, rows: Any, show: Callable[[Any], dict[str, Any]]) -> Response:
    page = Paginator(rows, PAGE).get_page(request.query_params.get("page"))
    return Response(
        {
            "count": page.paginator.count,
            "page": page.number,
            "pages": page.paginator.num_pages,
            "results": [show(row) for row in page],
        }
    )


# ---- reading -------------------------------------------------------------------------------------------------------------


class Accounts(Reading):
    """The chart of accounts."""

    def get(self, request: Request, **_where: Any) -> Response:
        return _listed(request, Account.objects.filter(client=self.client), _account)


class Entries(Reading):
    """Entries, newest first; ``?month=YYYY-MM``."""

    def get(self, request: Request, **_where: Any) -> Response:
        rows = JournalEntry.objects.filter(client=self.client)
        if wanted := request.query_params.get("month"):
            month = _month(wanted)
            rows = rows.filter(booked_on__range=(month.first, month.last))
        return _listed(request, rows, _entry)


class Entry(Reading):
    """One entry with its lines and its chain."""

    def get(self, _request: Request, pk: int, **_where: Any) -> Response:
        chosen = JournalEntry.objects.filter(client=self.client, pk=pk).first()
        if chosen is None:
            raise Http404
        chain = tracing.chain(self.client, chosen)
        source = (
            {
                "connection": str(chain.fact.connection),
                "stream": chain.fact.stream,
                "external_id": chain.fact.external_id,
            }
            if chain.fact
            else None
        )
        return Response(
            {
                **_entry(chosen),
                "lines": [_line(line) for line in chain.lines],
                "source": source,
                "mapping_version": chain.mapping.number if chain.mapping else None,
                "document": {"number": chain.outbox.marker, "id": chain.outbox.external_id, "state": chain.outbox.state}
                if chain.outbox
                else None,
                "reversed_by": chain.reversal.pk if chain.reversal else None,
            }
        )


class TrialBalance(Reading):
    """Every account with a balance at a month's end, on the side where it stands."""

    def get(self, _request: Request, month: str, **_where: Any) -> Response:
        of = _month(month)
        made = core.trial_balance(statements.load(self.client, through=of.first), of)
        rows = [
            {
                "account": row.account.key,
                "number": row.account.number,
                "name": row.account.name,
                "debit_minor": row.debit,
                "credit_minor": row.credit,
            }
            for row in made.rows
        ]
        totals = {"debit_minor": made.debits, "credit_minor": made.credits}
        return Response({"month": str(of), "currency": self.client.home_currency, "rows": rows, "totals": totals})


class Schedules(Reading):
    """Schedules that are not cancelled; ``?kind=prepaid``."""

    def get(self, request: Request, **_where: Any) -> Response:
        rows = ScheduleRow.objects.filter(client=self.client).exclude(state="cancelled")
        if kind := request.query_params.get("kind"):
            rows = rows.filter(kind=kind)
        return _listed(request, rows, _schedule)


class Schedule(Reading):
    """One schedule with its table."""

    def get(self, _request: Request, pk: int, **_where: Any) -> Response:
        chosen = ScheduleRow.objects.filter(client=self.client, pk=pk).first()
        if chosen is None:
            raise Http404
        lines = [
            {
                "on": line.on.isoformat(),
                "amount_minor": line.amount_minor,
                "interest_minor": line.interest_minor,
                "closing_minor": line.closing_minor,
                "catch_up_minor": line.catch_up_minor,
                "entry": line.entry_id,
            }
            for line in chosen.lines.order_by("on")
        ]
        return Response({**_schedule(chosen), "lines": lines})


class Exceptions(PortalView):
    """Open exceptions of every client the person sees."""

    rights = {"GET": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "practice", ("GET",))

    def get(self, request: Request) -> Response:
        names = {client.pk: client.slug for client in self.clients}
        rows = LedgerException.objects.filter(client__in=self.clients, state__in=exceptions_inbox.OPEN).order_by(
            "opened_at", "pk"
        )
        return _listed(request, rows, lambda row: _exception(row, names[row.client_id]))


# ---- acting --------------------------------------------------------------------------------------------------------------


class ResolveException(Acting):
    """Settle one exception (and those alike) with a ``note``."""

    def post(self, request: Request, pk: int, **_where: Any) -> Response:
        row = LedgerException.objects.filter(client=self.client, pk=pk, state__in=exceptions_inbox.OPEN).first()
        if row is None:
            raise Http404
        note = " ".join(_text(request, "note").split())
        if not note:
            raise ValidationError({"note": "A note says how it was settled."})
        rows = queries.alike(row)
        exceptions_inbox.resolve_all(rows, by=_person(request), resolution=note)
        return Response({"resolved": [one.pk for one in rows]})


class AcceptMatch(Acting):
    """Take a suggested match."""

    def post(self, request: Request, pk: int, **_where: Any) -> Response:
        return _on_match(self.client, pk, lambda match: matches.accept(match, by=_person(request)))


class UndoMatch(Acting):
    """Take an accepted match apart."""

    def post(self, request: Request, pk: int, **_where: Any) -> Response:
        return _on_match(self.client, pk, lambda match: matches.undo(match, by=_person(request)))


def _person(request: Request) -> User:
    return membership_of(request._request).user  # noqa: SLF001 (the door takes Django's request)


def _on_match(client: Client, pk: int, act: Callable[[Match], None]) -> Response:
    match = Match.objects.filter(client=client, pk=pk).first()
    if match is None:
        raise Http404
    try:
        act(match)
    except (matches.ReconcilingError, posting.PostingError, MappingError) as refusal:
        raise ValidationError(str(refusal)) from refusal
    match.refresh_from_db()
    return Response({"id": match.pk, "state": match.state})


def _text(request: Request, name: str) -> str:
    value = request.data.get(name, "") if isinstance(request.data, dict) else ""
    return value if isinstance(value, str) else ""


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise Http404 from error


def _account(row: Account) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "name": row.name,
        "type": row.type,
        "is_active": row.is_active,
        "external_id": row.external_id,
    }


def _entry(row: JournalEntry) -> dict[str, Any]:
    return {
        "id": row.pk,
        "booked_on": row.booked_on.isoformat(),
        "origin": row.origin,
        "purpose": row.purpose,
        "memo": row.memo,
        "reverses": row.reverses_id,
        "posted_at": row.posted_at.isoformat(),
    }


def _line(row: Any) -> dict[str, Any]:
    return {
        "no": row.no,
        "account": row.account_id,
        "account_name": str(row.account),
        "debit_minor": row.debit_minor,
        "credit_minor": row.credit_minor,
        "department": row.department,
        "memo": row.memo,
    }


def _schedule(row: ScheduleRow) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "method": row.method,
        "name": row.name,
        "state": row.state,
        "waits_for_approval": not row.is_ready,
        "amount_minor": row.amount_minor,
        "residual_minor": row.residual_minor,
        "account": row.account_id,
        "counter_account": row.counter_account_id,
        "contra_account": row.contra_account_id,
        "added_on": row.added_on.isoformat(),
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
        "ended_on": row.ended_on.isoformat() if row.ended_on else None,
    }


def _exception(row: LedgerException, slug: str) -> dict[str, Any]:
    return {
        "id": row.pk,
        "client": slug,
        "kind": row.kind,
        "cause": row.cause,
        "title": row.title,
        "state": row.state,
        "amount_minor": row.amount_minor,
        "booked_on": row.booked_on.isoformat() if row.booked_on else None,
        "opened_at": row.opened_at.isoformat(),
    }
