"""The connections of a client: how each is, connecting, mending, pausing and ending, and what each stream is for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from clients.access import Right, allows, classified, client_or_404, membership_of
from integrations import connecting, duties, links, oauth, overview, pasting, queries, registry, schedule
from integrations.forms import DutyForm, LinkForm
from integrations.models import Connection, StreamState
from integrations.oauth import ConnectRefused
from integrations.views import asking
from integrations.views.leaving import leave

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from integrations.forms import AccessForm
    from integrations.provider import Provider
    from integrations.queries import StreamHealth
    from integrations.views.asking import Way


def _connection(client: Client, pk: int) -> Connection:
    found = Connection.objects.select_related("client").filter(client=client, pk=pk).first()
    if found is None:
        raise Http404
    return found


def _name(of: Connection) -> str:
    return f"{queries.provider_name(of.provider)} ({of})"


def _provider(slug: str) -> Provider:
    found = registry.all_providers().get(slug)
    if found is None:
        raise Http404
    return found


def show(request: HttpRequest, client: Client, template: str, page: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of a client, its times in the client's zone."""
    membership = membership_of(request)
    page |= {
        "client": client,
        "may_connect": allows(membership, Right.CONNECT),
        "may_prepare": allows(membership, Right.PREPARE),
        "may_approve": allows(membership, Right.APPROVE),
        "me": membership.user,
        "now": timezone.now(),
    }
    with timezone.override(ZoneInfo(client.timezone)):
        return render(request, template, page, status=status)


def back(request: HttpRequest, client: Client, connection: Connection | None = None) -> HttpResponse:
    """To the page of the connections, also for htmx."""
    if connection is not None:
        return _go(request, reverse("integrations:connection", args=[client.slug, connection.pk]))
    return _go(request, reverse("integrations:connections", args=[client.slug]))


def _go(request: HttpRequest, where: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": where})
    return redirect(where)


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    found = overview.rows(client)
    return show(request, client, "integrations/connections.html", _page(client, found, next(iter(found), None)))


@classified(Right.VIEW_DRAFTS)
def connection(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same page with one system opened; htmx is given the opened part alone."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    opened = _connection(client, pk)
    if request.headers.get("HX-Target") == "chosen":
        chosen = overview.row(opened)
        return show(request, client, "integrations/_chosen.html", _chosen(client, chosen))
    found = overview.rows(client)
    chosen = next(each for each in found if each.connection.pk == opened.pk)
    return show(request, client, "integrations/connections.html", _page(client, found, chosen) | {"is_opened": True})


def _page(client: Client, found: list[overview.Row], chosen: overview.Row | None) -> dict[str, Any]:
    return {
        "rows": found,
        "headline": overview.headline(found),
        "broken": [row for row in found if row.connection.state == Connection.State.NEEDS_RECONNECT],
        "ending": [
            row
            for row in found
            if row.connection.is_live and (days := row.health.warn_days(timezone.now())) is not None and days <= 30
        ],
        "issues": overview.issues_address(client),
        "unconnected": overview.unconnected(found),
        "links_sent": [
            (queries.provider_name(sent.provider.removeprefix(links.PREFIX)), sent) for sent in links.sent(client)
        ],
        **(_chosen(client, chosen) if chosen else {}),
    }


def _chosen(client: Client, row: overview.Row) -> dict[str, Any]:
    wishes = duties.wishes(row.connection)
    return {
        "chosen": row,
        "streams": [_stream(stream, wishes.get(stream.stream)) for stream in row.health.streams],
        "duty_choices": [choice for choice in StreamState.Duty.choices if choice[0] != StreamState.Duty.MIRROR],
        "today": duties.today(client),
        "timeline": overview.timeline(client, row.connection),
        "completeness": overview.completeness_address(client, row.connection),
    }


def _stream(
    stream: StreamHealth, wish: Mapping[str, Any] | None
) -> tuple[StreamHealth, dict[str, Any] | None, str, str]:
    """A stream with what is asked for it, and both duties in words."""
    words: dict[str, str] = dict(StreamState.Duty.choices)
    if wish is None:
        return stream, None, words[stream.duty], ""
    return stream, {**wish, "day": date.fromisoformat(wish["from"])}, words[stream.duty], words[wish["duty"]]


@classified(Right.VIEW_DRAFTS)
def row(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One row; asked for again while the system is being read."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return show(request, client, "integrations/_row.html", {"row": overview.row(_connection(client, pk))})


@classified(Right.VIEW_DRAFTS, methods=("POST",))
def sync(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Read one system now."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    wanted = _connection(client, pk)
    if not wanted.is_live or overview.is_file(wanted):
        messages.error(request, f"{_name(wanted)} is not connected; nothing was read.")
        return back(request, client, wanted)
    schedule.soon(wanted, reason="by-hand")
    if request.headers.get("HX-Request"):
        return show(request, client, "integrations/_row.html", {"row": overview.row(wanted)})
    return back(request, client, wanted)


@classified(Right.VIEW_DRAFTS, methods=("POST",))
def sync_all(request: HttpRequest, slug: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    live = Connection.objects.filter(client=client, state=Connection.State.LIVE)
    asked = [each for each in live if not overview.is_file(each)]
    for each in asked:
        schedule.soon(each, reason="by-hand")
    if not asked:
        messages.error(request, "No system is connected that could be read.")
    return back(request, client)


@classified(Right.CONNECT, methods=("GET", "POST"))
def connect(request: HttpRequest, slug: str, provider: str) -> HttpResponse:
    """Connect a new account: by a form of our own, or by leaving for the provider's sign-in."""
    client = client_or_404(request, slug, right=Right.CONNECT)
    return _connect(request, client, _provider(provider), None)


@classified(Right.CONNECT, methods=("GET", "POST"))
def reconnect(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same, to mend this connection; its rows, streams and duties stay."""
    client = client_or_404(request, slug, right=Right.CONNECT)
    old = _connection(client, pk)
    mends = old.is_by_file or old.state in {Connection.State.LIVE, Connection.State.NEEDS_RECONNECT}
    return _connect(request, client, _provider(old.provider), old if mends else None)


def _connect(request: HttpRequest, client: Client, provider: Provider, old: Connection | None) -> HttpResponse:
    chosen = asking.way(provider, request.GET.get("by", ""), old)
    if chosen is None:
        raise Http404
    if request.method != "POST":
        return _form(request, client, chosen, chosen.form()) if chosen.needs_form else back(request, client, old)
    if not chosen.needs_form:
        return _leave(request, client, chosen, {})
    if "given" not in request.POST:
        return _go(request, request.get_full_path())
    form = chosen.form(request.POST)
    if not form.is_valid():
        return _form(request, client, chosen, form)
    if chosen.is_direct:
        return _paste(request, client, chosen, form)
    return _leave(request, client, chosen, form.values(), form)


def _paste(request: HttpRequest, client: Client, chosen: Way, form: AccessForm) -> HttpResponse:
    by, provider, kind = membership_of(request).user, chosen.provider, chosen.scheme.kind
    try:
        made = pasting.connect(by, client, provider, form.values(), kind=kind, connection=chosen.old)
    except ConnectRefused as refusal:
        return _form(request, client, chosen, form, asking.refused(form, refusal))
    messages.success(request, f"{made.name} is connected. The first reading has begun.")
    return back(request, client, made)


def _form(request: HttpRequest, client: Client, chosen: Way, form: AccessForm, problem: str = "") -> HttpResponse:
    bad = (problem or form.errors) and not request.headers.get("HX-Request")
    return show(request, client, "integrations/access.html", chosen.page(form, problem), 422 if bad else 200)


def _leave(
    request: HttpRequest, client: Client, chosen: Way, asked: Mapping[str, str], form: AccessForm | None = None
) -> HttpResponse:
    by, provider, old = membership_of(request).user, chosen.provider, chosen.old
    try:
        address = oauth.begin(by, client, provider, connection=old, kind=chosen.scheme.kind, asked=asked)
    except ConnectRefused as refusal:
        if form is not None:
            return _form(request, client, chosen, form, asking.refused(form, refusal))
        messages.error(request, f"Nothing was connected: {refusal}.")
        return back(request, client, old)
    return leave(request, address, provider.name)


@classified(Right.CONNECT, methods=("POST",))
def pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.CONNECT)
    paused = _connection(client, pk)
    connecting.pause(paused, actor=membership_of(request).user)
    messages.success(request, f"{_name(paused)} is paused. Nothing is read until it is resumed.")
    return back(request, client, paused)


@classified(Right.CONNECT, methods=("POST",))
def resume(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.CONNECT)
    resumed = _connection(client, pk)
    connecting.resume(resumed, actor=membership_of(request).user)
    if resumed.is_live and not overview.is_file(resumed):
        schedule.soon(resumed, reason="resumed")
    messages.success(request, f"{_name(resumed)} is read again from where it stopped.")
    return back(request, client, resumed)


@classified(Right.CONNECT, methods=("POST",))
def disconnect(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.CONNECT)
    ended = _connection(client, pk)
    if ended.state != Connection.State.DISCONNECTED:
        oauth.disconnect(ended, actor=membership_of(request).user)
        messages.success(
            request, f"{_name(ended)} is disconnected. What was read stays; our access is being handed back."
        )
    return back(request, client)


@classified(Right.CONNECT, methods=("POST",))
def send_link(request: HttpRequest, slug: str, provider: str) -> HttpResponse:
    """Mail a link to whoever holds the login; with ``connection`` it renews that one."""
    client = client_or_404(request, slug, right=Right.CONNECT)
    wanted, form = _provider(provider), LinkForm(request.POST)
    given = request.POST.get("connection", "")
    old = _connection(client, int(given)) if given.isdecimal() else None
    if old is not None and old.provider != wanted.slug:
        raise Http404
    if not form.is_valid():
        messages.error(request, "No link was sent: that is not an e-mail address.")
        return back(request, client, old)
    email = form.cleaned_data["email"]
    links.send(client, wanted, email, by=membership_of(request).user, connection=old)
    messages.success(request, f"A link for {wanted.name} is on its way to {email}. It works for seven days.")
    return back(request, client, old)


@classified(Right.PREPARE, methods=("POST",))
def ask_duty(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    """Ask for another duty of a stream from a day on."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, form = _connection(client, pk), DutyForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a duty and the day from which it holds.")
        return back(request, client, of)
    duty, day = form.cleaned_data["duty"], form.cleaned_data["from_day"]
    try:
        duties.ask(of, name, duty, day, by=membership_of(request).user)
    except duties.DutyRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Asked. It holds once a controller has agreed.")
    return back(request, client, of)


@classified(Right.APPROVE, methods=("POST",))
def agree_duty(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.APPROVE)
    of = _connection(client, pk)
    try:
        day = duties.agree(of, name, by=membership_of(request).user)
    except duties.DutyRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Agreed, from {day:%b} {day.day}, {day.year} on.")
    return back(request, client, of)


@classified(Right.PREPARE, methods=("POST",))
def withdraw_duty(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = _connection(client, pk)
    duties.withdraw(of, name, by=membership_of(request).user)
    messages.success(request, "The change is no longer asked for.")
    return back(request, client, of)
