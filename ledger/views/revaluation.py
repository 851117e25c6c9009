"""Month-end revaluation: balances in other currencies, the rate of the last day, and the entry that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import posting, rates, revaluing
from ledger.forms import RateForm
from ledger.models import Period
from ledger.views.framing import may, month_or_404, period, send_soon

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clients.models import Client
    from ledger.core.period import Month


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Each currency that money is kept in at the month's end, with what it is worth."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    wanted = month_or_404(request, month)
    return render(request, "ledger/revaluation.html", _page(request, client, wanted, None))


@classified(Right.PREPARE, methods=("POST",))
def rate(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Keep the rate of the month's last day for one currency."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    wanted = month_or_404(request, month)
    form = RateForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = rates.keep(
                client, given["currency"], wanted.last, given["rate"], given["source"], by=membership_of(request).user
            )
        except rates.RateRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{made}.")
            return redirect("ledger:revaluation", slug=slug, month=month)
    return render(request, "ledger/revaluation.html", _page(request, client, wanted, form), status=422)


@classified(Right.PREPARE, methods=("POST",))
def book(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Book the month's revaluation and its reversal, or put right what was booked with other figures."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    wanted = month_or_404(request, month)
    try:
        with transaction.atomic():
            count = revaluing.book(client, wanted, by=membership_of(request).user)
            send_soon(client)
    except (revaluing.RevaluationRefused, posting.PostingError) as refusal:
        messages.error(request, str(refusal))
    else:
        said = f"{count} entr{'y' if count == 1 else 'ies'} booked; each is back on {wanted.next.first:%b} 1."
        messages.success(request, said if count else "Nothing to book: the books carry it as it is.")
    return redirect("ledger:revaluation", slug=slug, month=month)


def _page(request: HttpRequest, client: Client, month: Month, form: RateForm | None) -> dict[str, object]:
    found = revaluing.of(client, month)
    closed = Period.objects.filter(client=client, month__in=[month.first, month.next.first]).exclude(state="open")
    unrated = [one.code for one in found if one.rate is None and one.positions]
    gains = [one.gain for one in found]
    return {
        "client": client,
        "month": month,
        "period": period(client, month, "ledger:revaluation"),
        "found": found,
        "form": form or RateForm(initial={"currency": unrated[0] if unrated else ""}),
        "gain": None if None in gains else sum(gain for gain in gains if gain is not None),
        "unrated": unrated,
        "is_booked": all(one.is_booked for one in found),
        "is_closed": closed.exists(),
        "may_prepare": may(request, Right.PREPARE),
    }
