"""What is done with schedules: booked, approved, ended, taken up again, cancelled; and the client's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import posting, queries, schedule_booking, schedule_proof, schedules, watching
from ledger.models import Schedule, ScheduleLine, WatchedAccount
from ledger.schedule_drawing import ScheduleRefused
from ledger.views.framing import current_month, day_of, may, month_or_404, plain, send_soon
from ledger.views.schedules import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.models import Client, User


@classified(Right.PREPARE, methods=("POST",))
def book(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Book every line that is due by the month's end and waits."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    try:
        with transaction.atomic():
            made = schedule_booking.book(client, month=of, by=membership_of(request).user)
            send_soon(client)
    except posting.PostingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{made} {'entry' if made == 1 else 'entries'} booked.")
    return redirect("ledger:schedules", slug=slug, month=month)


@classified(Right.PREPARE, methods=("POST",))
def book_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Book a line anew whose entry a person reversed."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    line = ScheduleLine.objects.filter(client=client, pk=pk).first()
    if line is None:
        raise Http404
    return _acted(
        request, client, line.schedule_id, "Booked again.", lambda by: schedule_booking.book_again(line, by=by)
    )


@classified(Right.APPROVE, methods=("POST",))
def approve(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The second person of a schedule above the client's limit."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    of = _schedule_or_404(client, pk)
    return _acted(request, client, pk, "Approved. What is due is booked.", lambda by: schedules.approve(of, by=by))


@classified(Right.PREPARE, methods=("POST",))
def end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Sold, scrapped, paid off or stopped, on a day of an open month."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, given = _schedule_or_404(client, pk), request.POST

    def act(by: User) -> object:
        on, proceeds = day_of(given.get("on", "")), minor_of(given.get("proceeds", "") or "0", client.home_currency)
        accounts = {name: queries.account_named(client, given.get(name, "")) for name in ("received", "result")}
        if on is None or proceeds is None:
            raise ScheduleRefused("Say the day, and the proceeds as an amount.")
        if any(given.get(name, "").strip() and account is None for name, account in accounts.items()):
            raise ScheduleRefused("Choose an account from the list.")
        ending = schedules.Ending(
            on=on,
            reason=given.get("reason", ""),
            proceeds=proceeds,
            proceeds_account=accounts["received"],
            result_account=accounts["result"],
        )
        return schedules.end(of, ending, by=by)

    return _acted(request, client, pk, "Ended. What was left is off the books.", act)


@classified(Right.PREPARE, methods=("POST",))
def resume(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back the end."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = _schedule_or_404(client, pk)
    return _acted(request, client, pk, "It runs again.", lambda by: schedules.resume(of, by=by))


@classified(Right.PREPARE, methods=("POST",))
def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It should never have been."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, reason = _schedule_or_404(client, pk), request.POST.get("reason", "")
    said = "Cancelled. All it booked is reversed."
    return _acted(request, client, pk, said, lambda by: schedules.cancel(of, by=by, reason=reason))


@classified(Right.VIEW_DRAFTS, methods=("GET", "POST"))
def limits(request: HttpRequest, slug: str) -> HttpResponse:
    """Above how much a bill is an asset or a prepaid, and the expense accounts that are looked through for such bills."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    request.__dict__["month"] = current_month(client)
    problem, given = "", request.POST
    if request.method == "POST":
        client_or_404(request, slug, right=Right.PREPARE)
        amounts = {
            name: minor_of(given[name], client.home_currency) if given.get(name, "").strip() else None
            for name in ("asset", "prepaid")
        }
        if any(given.get(name, "").strip() and (amount or 0) <= 0 for name, amount in amounts.items()):
            problem = "An amount above nil, or nothing for no such rule."
        else:
            watched = {
                int(key[6:]): str(value) for key, value in given.items() if key[:6] == "watch-" and key[6:].isdecimal()
            }
            watching.keep(
                client,
                asset=amounts["asset"],
                prepaid=amounts["prepaid"],
                watched=watched,
                by=membership_of(request).user,
            )
            messages.success(request, "Kept. The checks read it when they run next.")
            return redirect("ledger:schedule_limits", slug=slug)
    kept = schedule_proof.limits(client)
    watched_now = dict(WatchedAccount.objects.filter(client=client).values_list("account_id", "rather"))
    suggested = {} if kept else watching.suggested(client)
    context = {
        "client": client,
        "problem": problem,
        "asset": given.get("asset") or (plain(kept.asset_over_minor) if kept and kept.asset_over_minor else ""),
        "prepaid": given.get("prepaid") or (plain(kept.prepaid_over_minor) if kept and kept.prepaid_over_minor else ""),
        "rows": [
            (account, watched_now.get(account.pk, suggested.get(account.pk, "")))
            for account in watching.expenses(client)
        ],
        "is_new": kept is None,
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/schedule_limits.html", context, status=422 if problem else 200)


def _acted(request: HttpRequest, client: Client, pk: int, said: str, act: Callable[[User], object]) -> HttpResponse:
    try:
        with transaction.atomic():
            act(membership_of(request).user)
            send_soon(client)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("ledger:schedule", slug=client.slug, pk=pk)


def _schedule_or_404(client: Client, pk: int) -> Schedule:
    found = Schedule.objects.filter(client=client, pk=pk).select_related("client").first()
    if found is None:
        raise Http404
    return found
