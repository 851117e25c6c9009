"""What a person does with a row of the inbox, each act answered with the row as it stands then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404, membership_of
from integrations import links, registry
from integrations.forms import LinkForm
from integrations.models import Connection
from ledger import activating, closed_months, exceptions_inbox, queries, redating, settling
from ledger.exceptions_inbox import CLOSED_THROUGH
from ledger.mapping import MappingError
from ledger.models import LedgerException
from ledger.views import exception_rows
from ledger.views.framing import day_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from clients.models import Client, Membership, User


@classified(Right.PREPARE, methods=("POST",))
def map_account(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put the account into the draft mapping for this category."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = exception_rows.row_or_404(client, pk)
    account = queries.account_named(client, request.POST.get("account", ""))
    if account is None:
        return _answer(request, client, row, problem="Choose an account from the list.")

    def act() -> str:
        version = settling.map_to(row, account, by=membership_of(request).user)
        return f"{account} in draft v{version.number}. Posts when a controller approves it."

    return _try(request, client, row, act)


@classified(Right.PREPARE, methods=("POST",))
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The answers of a duplicate or an overlap, of a closed month, and of a document whose day is closed there."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, by = exception_rows.row_or_404(client, pk), membership_of(request).user
    given = request.POST.get("answer")
    reverse = given == "reverse"
    acts: dict[str, Callable[[], str]] = {
        "duplicate": lambda: settling.decide_duplicate(row, answer=given or "", by=by),
        "overlap": lambda: (
            settling.decide_route(row, books=given == "book", by=by)
            if given in {"book", "prove"}
            else settling.decide_overlap(row, reverse=reverse, by=by)
        ),
        "closed": lambda: (
            closed_months.leave(row, by=by)
            if given == "keep"
            else closed_months.post_on_open_day(row, by=by, on=day_of(request.POST.get("on", "")))
        ),
    }
    if CLOSED_THROUGH in row.detail:
        acts["refused"] = lambda: redating.redate(row, by=by, on=_day_given(request))
    if row.kind not in acts:
        raise Http404
    return _try(request, client, row, acts[row.kind])


def _day_given(request: HttpRequest) -> date | None:
    """The day typed, None for none. Raises SettlingError for what is no date."""
    typed = request.POST.get("on", "").strip()
    day = day_of(typed)
    if typed and day is None:
        raise settling.SettlingError(f"{typed} is no date; give one like 2026-04-01, or none for the first open day.")
    return day


@classified(Right.PREPARE, methods=("POST",))
def retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = exception_rows.row_or_404(client, pk)
    return _try(request, client, row, lambda: settling.retry(row, by=membership_of(request).user))


@classified(Right.PREPARE, methods=("POST",))
def assign(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """To somebody of the practice who may prepare; without a name, to oneself."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, me = exception_rows.row_or_404(client, pk), membership_of(request)
    wanted = request.POST.get("to", "")
    to = _assignee(me, wanted)
    exceptions_inbox.assign(queries.alike(row), to=to, by=me.user)
    return _answer(request, client, exception_rows.row_or_404(client, pk))


@classified(Right.PREPARE, methods=("POST",))
def snooze(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Out of sight until a day within 90 days; without one, a week."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, now = exception_rows.row_or_404(client, pk), datetime.now(UTC).date()
    given = request.POST.get("until", "")
    until = day_of(given) if given else now + timedelta(7)
    if until is None or not now < until <= now + timedelta(90):
        return _answer(request, client, row, problem="Choose a day within the next 90 days.")
    exceptions_inbox.snooze(queries.alike(row), until=until, by=membership_of(request).user)
    return _gone(request, client, row, f"Snoozed until {until:%b} {until.day}. It still blocks the close of its month.")


@classified(Right.PREPARE, methods=("POST",))
def resolve(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Settle by hand, with a note that stays in the audit trail."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = exception_rows.row_or_404(client, pk)
    note = " ".join(request.POST.get("note", "").split())
    if not note:
        return _answer(request, client, row, problem="A note says how it was settled.")
    exceptions_inbox.resolve_all(queries.alike(row), by=membership_of(request).user, resolution=note)
    return _gone(request, client, row, "Settled by hand.")


@classified(Right.CONNECT, methods=("POST",))
def send_link(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Mail a link that renews the system's access to whoever holds its login."""
    client = client_or_404(request, slug, right=Right.CONNECT)
    row, form = exception_rows.row_or_404(client, pk), LinkForm(request.POST)
    connection = Connection.objects.filter(client=client, pk=row.connection_id or 0).first()
    provider = registry.all_providers().get(connection.provider) if connection else None
    if connection is None or provider is None:
        raise Http404
    if not form.is_valid():
        return _answer(request, client, row, problem="No link was sent: that is not an e-mail address.")
    email = form.cleaned_data["email"]
    links.send(client, provider, email, by=membership_of(request).user, connection=connection)
    return _answer(request, client, row, said=f"A link is on its way to {email}. It works for seven days.")


@classified(Right.PREPARE, methods=("POST",))
def activate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make active in the accounting system what a refused document names."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = exception_rows.row_or_404(client, pk)
    return _try(request, client, row, lambda: activating.ask(row, by=membership_of(request).user))


def _answer(
    request: HttpRequest, client: Client, row: LedgerException, *, problem: str = "", said: str = ""
) -> HttpResponse:
    """The row as it stands now, with what was said or went wrong."""
    rows = queries.alike(row)
    amounts = [one.amount_minor for one in rows if one.amount_minor is not None]
    group = {"n": len(rows), "amount": sum(amounts) if amounts else None, "oldest": min(one.opened_at for one in rows)}
    page = {
        "line": exception_rows.lines([(client, row, group)])[0],
        "problem": problem,
        "said": said,
        "may_prepare": True,
        "people": exception_rows.people(membership_of(request)),
        "next_week": datetime.now(UTC).date() + timedelta(7),
    }
    response = render(request, "ledger/_exception_row.html", page, status=422 if problem else 200)
    if not problem:
        response["HX-Trigger"] = "counts-changed"
    return response


def _gone(request: HttpRequest, client: Client, row: LedgerException, said: str) -> HttpResponse:
    """The row's place, saying what was done."""
    response = render(request, "ledger/_exception_gone.html", {"row": row, "said": said, "company": client})
    response["HX-Trigger"] = "counts-changed"
    return response


def _try(request: HttpRequest, client: Client, row: LedgerException, act: Callable[[], str]) -> HttpResponse:
    try:
        said = act()
    except (settling.SettlingError, activating.NothingInactive, MappingError) as refusal:
        return _answer(request, client, row, problem=str(refusal))
    row.refresh_from_db()
    if row.state in exceptions_inbox.OPEN:
        return _answer(request, client, row, said=said)
    return _gone(request, client, row, said)


def _assignee(me: Membership, wanted: str) -> User | None:
    """Whom a typed value names: an id, ``none`` for nobody, blank for oneself."""
    if wanted == "none":
        return None
    return _person(me, int(wanted)) if wanted.isdecimal() else me.user


def _person(me: Membership, pk: int) -> User:
    found = next((person for person in exception_rows.people(me) if person.pk == pk), None)
    if found is None:
        raise Http404
    return found
