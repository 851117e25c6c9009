"""Intercompany pairs of a client: twelve months of differences, a new pair, taking one apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of, visible_clients
from clients.tenancy import client_context
from ledger import intercompany, queries
from ledger.intercompany import PairError
from ledger.models import Account, IntercompanyPair
from ledger.views import framing
from ledger.views.framing import may, month_or_404

if TYPE_CHECKING:
    from typing import Any

    from clients.models import Client


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Every pair with both balances and the difference of each of twelve months; ``partner`` offers its accounts."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    others = _others(request, client)
    chosen = next((one for one in others if one.slug == request.GET.get("partner")), None)
    proofs = intercompany.prove(client, of)
    seen = {one.pk for one in others}
    page = {
        "client": client,
        "month": of,
        "proofs": [proof for proof in proofs if proof.pair.partner_id in seen],
        "hidden": sum(proof.pair.partner_id not in seen for proof in proofs),
        "off": sum(bool(proof.difference) for proof in proofs),
        "others": others,
        "chosen": chosen,
        "accounts": queries.accounts(client, types=intercompany.PAIRED),
        "theirs": _accounts(chosen) if chosen else [],
        "may_prepare": may(request, Right.PREPARE),
        "period": framing.period(client, of, "ledger:intercompany"),
    }
    return render(request, "ledger/intercompany.html", page)


@classified(Right.PREPARE, methods=("POST",))
def pair(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Pair an account with one of another client whose books the person prepares too."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    partner = next((one for one in _others(request, client) if one.slug == request.POST.get("partner")), None)
    if partner is None:
        raise Http404
    account = Account.objects.filter(client=client, pk=_number(request, "account")).first()
    try:
        intercompany.pair(client, account, partner, _number(request, "theirs"), by=membership_of(request).user)
    except PairError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{account} is paired with {partner}.")
    return redirect("ledger:intercompany", slug=slug, month=str(of))


@classified(Right.PREPARE, methods=("POST",))
def part(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a pair apart."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    seen = {one.pk for one in _others(request, client)}
    found = IntercompanyPair.objects.filter(client=client, pk=pk, partner_id__in=seen)
    chosen = found.select_related("client", "account", "partner").first()
    if chosen is None:
        raise Http404
    intercompany.part(chosen, by=membership_of(request).user)
    messages.success(request, f"{chosen.account} is no longer paired.")
    return redirect("ledger:intercompany", slug=slug, month=str(of))


def _others(request: HttpRequest, client: Client) -> list[Client]:
    """The other clients that the person sees, those of the same group first; no pair shows the books of one that they do not."""
    seen = [one for one in visible_clients(membership_of(request)) if one.pk != client.pk]
    return sorted(seen, key=lambda one: client.group_id is None or one.group_id != client.group_id)


def _accounts(partner: Client) -> list[Any]:
    with client_context(partner.pk):
        return list(queries.accounts(partner, types=intercompany.PAIRED))


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0
