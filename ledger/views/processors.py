"""Processors proven for a month: the balance rolls forward, every payout is one deposit, sales and fees stand in the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.models import Connection, Fact
from ledger import finishing, mapping, processor_proof
from ledger.matches import ReconcilingError
from ledger.models import TimingItem
from ledger.views import framing
from ledger.views.framing import day_of, may, month_or_404

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.processor_proof import ProcessorProof

NAMES = {
    "sales": "Sales",
    "refunds": "Refunds",
    "fees": "Fees",
    "disputes": "Disputes",
    "reserves": "Reserves",
    "loans": "Lending",
    "purchases": "Purchases from the balance",
    "credits": "Credits",
    "taxes": "Taxes",
    "transfers": "Own transfers",
    "exchange": "Currency exchanged",
    "payouts": "Payouts to the bank",
}


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Every processor account with its proof in a line."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    proofs = [
        proof
        for connection in processor_proof.connections(client)
        for proof in processor_proof.prove_all(client, connection, of)
    ]
    page = {
        "client": client,
        "month": of,
        "rows": [{"proof": proof, "state": _state(proof)} for proof in proofs],
        "proven": sum(_state(proof) == "pass" for proof in proofs),
        "period": framing.period(client, of, "ledger:processors"),
    }
    return render(request, "ledger/processors.html", page)


@classified(Right.VIEW_DRAFTS)
def processor(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """One processor account in a currency: roll-forward, payouts and deposits, the bridge from its sales to the books."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of, connection = month_or_404(request, month), _connection_or_404(client, pk)
    known = processor_proof.currencies(client, connection)
    currency = request.GET.get("currency") or known[0]
    if currency not in known:
        raise Http404
    proof = processor_proof.prove(client, connection, of, currency)
    given = {"provider": connection.provider, "currency": currency}
    notes = {note.subject: note for note in TimingItem.objects.filter(client=client, kind=finishing.PAYOUT)}
    facts = dict(
        Fact.objects.filter(client=client, connection=connection, kind="Payout")
        .exclude(state="superseded")
        .order_by("pk")
        .values_list("external_id", "pk")
    )
    payouts: list[dict[str, Any]] = [
        {
            "row": row,
            "key": row.payout.payout_id or row.payout.external_id,
            "note": notes.get(row.payout.payout_id or row.payout.external_id),
            "fact_id": facts.get(row.payout.external_id),
        }
        for row in proof.payouts.rows
    ]
    page = {
        "client": client,
        "month": of,
        "proof": proof,
        "state": _state(proof),
        "currencies": known,
        "payouts": payouts,
        "movements": [(NAMES[name], amount) for name, amount in proof.roll.movements if amount],
        "clearing": sorted(mapping.accounts_by_role(client.pk, "clearing", of.last, **given)),
        "transit": sorted(mapping.accounts_by_role(client.pk, "in-transit", of.last, **given)),
        "late": [one for one in payouts if one["row"].state == "late" and not one["note"]],
        "bridge_off": sum(abs(line.difference) for line in proof.bridge),
        "period": framing.period(client, of, "ledger:processor", pk=pk),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/processor.html", page)


@classified(Right.PREPARE, methods=("POST",))
def timing(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Note why a payout has not arrived and when it will."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, connection = month_or_404(request, month), _connection_or_404(client, pk)
    wanted = request.POST.get("payout", "")
    rows: list[Any] = [
        row
        for proof in processor_proof.prove_all(client, connection, of)
        for row in proof.payouts.rows
        if wanted in {row.payout.payout_id, row.payout.external_id} and wanted
    ]
    if not rows:
        raise Http404
    payout = rows[0].payout
    try:
        finishing.note_timing(
            client,
            kind=finishing.PAYOUT,
            subject=payout.payout_id or payout.external_id,
            label=f"Payout {wanted}, {connection}",
            amount=payout.amount,
            since=payout.booked_on,
            reason=request.POST.get("reason", ""),
            expected_on=day_of(request.POST.get("expected_on", "")),
            by=membership_of(request).user,
        )
    except ReconcilingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Payout {wanted} is noted as a timing item.")
    return redirect("ledger:processor", slug=slug, month=month, pk=pk)


def _state(proof: ProcessorProof) -> str:
    if not proof.can_tell:
        return "unknown"
    bridge = any(line.difference for line in proof.bridge)
    return "pass" if proof.rolls and proof.payouts.ties and not bridge and not proof.held else "fail"


def _connection_or_404(client: Client, pk: int) -> Connection:
    found = next((connection for connection in processor_proof.connections(client) if connection.pk == pk), None)
    if found is None:
        raise Http404
    return found
