"""Won deals: the list, and one deal with the invoice that a person makes of it and a second one approves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from integrations.records import InvoiceLine
from ledger import deals
from ledger.forms import InvoiceForm, invoice_rows
from ledger.models import DealInvoice, JournalEntry
from ledger.views.framing import day_of, may, page_of, plain, send_soon

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from clients.models import Client, User
    from integrations.models import Fact
    from integrations.records import WonDeal

#: Lines of the form that stand empty beside those of the deal.
EMPTY_LINES = 2
USUAL_DAYS = 30


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Every won deal since the cut-over with what was made of it, the newest first."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    page = page_of(request, deals.won(client).select_related("connection"))
    facts = list(page.object_list)
    known = deals.decisions(client, facts)
    rows = [_row(fact, known.get((fact.connection_id, fact.external_id))) for fact in facts]
    return render(request, "ledger/deals.html", {"client": client, "page": page, "rows": rows})


def _row(fact: Fact, row: DealInvoice | None) -> dict[str, Any]:
    deal = deals.deal_of(fact)
    changed = deals.difference(row, fact) if row is not None else ""
    return {"fact": fact, "deal": deal, "row": row, "changed": changed}


@classified(Right.VIEW_DRAFTS)
def deal(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One deal: what its system says, the invoice of it, and what is left to do."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return render(request, "ledger/deal.html", _page(request, client, _fact_or_404(client, pk)))


@classified(Right.PREPARE, methods=("POST",))
def prepare(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep the invoice as typed for a second person; each line with its own errors."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    fact = _fact_or_404(client, pk)
    form, rows = InvoiceForm(request.POST), invoice_rows(request.POST)
    lines = _read_lines(rows, deals.deal_of(fact).currency)
    problem = "Some lines are not right yet." if any(row["error"] for row in rows) else ""
    if form.is_valid() and not problem:
        given = form.cleaned_data
        due = given["invoiced_on"] + timedelta(days=given["terms"])
        draft = deals.Draft(given["customer"], given["number"], given["invoiced_on"], due, lines)
        try:
            deals.prepare(client, fact, draft, by=membership_of(request).user)
        except deals.DealError as refusal:
            problem = str(refusal)
        else:
            messages.success(request, "Kept. A second person approves it before it is booked and sent.")
            return redirect("ledger:deal", slug=slug, pk=pk)
    page = _page(request, client, fact) | {"form": form, "lines": rows, "problem": problem}
    return render(request, "ledger/deal.html", page, status=422)


@classified(Right.APPROVE, methods=("POST",))
def approve(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The second person: the invoice is booked and goes to the accounting system."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    return _decided(
        request, client, pk, "Approved. It goes to the accounting system now.",
        lambda fact, by: deals.approve(client, fact, by=by),
    )  # fmt: skip


@classified(Right.PREPARE, methods=("POST",))
def dismiss(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """No invoice of this deal, with a reason."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    return _decided(
        request, client, pk, "Set aside. Preparing an invoice takes it up again.",
        lambda fact, by: deals.dismiss(client, fact, reason=request.POST.get("reason", ""), by=by),
    )  # fmt: skip


@classified(Right.PREPARE, methods=("POST",))
def leave(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A changed deal was looked at, and what was decided stands."""
    client = client_or_404(request, slug, right=Right.PREPARE)

    def left(fact: Fact, by: User) -> None:
        row = deals.decisions(client, [fact]).get((fact.connection_id, fact.external_id))
        if row is None:
            raise deals.DealError("Nothing was decided on this deal yet.")
        deals.leave_as_it_is(client, row, fact, reason=request.POST.get("reason", ""), by=by)

    return _decided(request, client, pk, "What was decided stands.", left)


def _decided(
    request: HttpRequest, client: Client, pk: int, said: str, act: Callable[[Fact, User], object]
) -> HttpResponse:
    fact = _fact_or_404(client, pk)
    try:
        with transaction.atomic():
            act(fact, membership_of(request).user)
            send_soon(client)
    except deals.DealError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("ledger:deal", slug=client.slug, pk=pk)


def _fact_or_404(client: Client, pk: int) -> Fact:
    fact = deals.won(client).select_related("connection").filter(pk=pk).first()
    if fact is None:
        raise Http404
    return fact


def _page(request: HttpRequest, client: Client, fact: Fact) -> dict[str, Any]:
    deal = deals.deal_of(fact)
    row = deals.decisions(client, [fact]).get((fact.connection_id, fact.external_id))
    is_approved = row is not None and row.state == DealInvoice.State.APPROVED
    return {
        "client": client,
        "fact": fact,
        "deal": deal,
        "row": row,
        "changed": deals.difference(row, fact) if row is not None else "",
        "entry": _entry(client, fact) if is_approved else None,
        "form": InvoiceForm(initial=_initial(deal, row)),
        "lines": _typed(deal, row),
        "is_mine": row is not None and row.prepared_by_id == membership_of(request).user.pk,
        "may_prepare": may(request, Right.PREPARE) and not is_approved,
        "may_approve": may(request, Right.APPROVE),
        "may_leave": may(request, Right.PREPARE),
    }


def _entry(client: Client, fact: Fact) -> JournalEntry | None:
    key = f"{fact.connection.provider}:{fact.connection.account_id}:{deals.STREAM}:{fact.external_id}"
    return (
        JournalEntry.objects.filter(client=client, source_key=key[:200], purpose="invoice")
        .order_by("-revision")
        .first()
    )


def _initial(deal: WonDeal, row: DealInvoice | None) -> dict[str, Any]:
    if row is None or row.invoiced_on is None or row.due_on is None:
        return {"customer": deal.customer, "invoiced_on": deal.booked_on, "terms": USUAL_DAYS}
    days = (row.due_on - row.invoiced_on).days
    return {"customer": row.customer, "number": row.number, "invoiced_on": row.invoiced_on, "terms": days}


def _typed(deal: WonDeal, row: DealInvoice | None) -> list[dict[str, Any]]:
    """The invoice's lines as they were typed, or the deal's own to begin with."""
    told = deals.lines_of(row) if row is not None and row.lines else deal.lines
    lines = told or (InvoiceLine(amount=deal.amount, product=deal.name),)
    return [
        {
            "product": line.product,
            "amount": plain(line.amount, deal.currency),
            "department": line.department,
            "from": line.service_from.isoformat() if line.service_from else "",
            "to": line.service_to.isoformat() if line.service_to else "",
            "error": "",
        }
        for line in lines
    ] + [{"error": ""} for _ in range(EMPTY_LINES)]


def _read_lines(rows: list[dict[str, Any]], currency: str) -> tuple[InvoiceLine, ...]:
    """The lines typed; what is wrong with a line is written into its row."""
    found = []
    for row in rows:
        amount = minor_of(row["amount"], currency) if row["amount"] else None
        days = [day_of(row[name]) for name in ("from", "to")]
        row["error"] = _wrong(row, amount, days)
        if not row["error"] and amount is not None:
            found.append(InvoiceLine(amount=amount, product=row["product"][:120], department=row["department"][:120],
                                     service_from=days[0], service_to=days[1]))  # fmt: skip
    return tuple(found)


def _wrong(row: dict[str, Any], amount: int | None, days: list[date | None]) -> str:
    if not row["product"]:
        return "Say what is sold."
    if amount is None:
        return "That is no amount."
    if any(row[name] and day is None for name, day in zip(("from", "to"), days, strict=True)):
        return "That is no date."
    if (days[0] is None) != (days[1] is None):
        return "A line earned over time needs both days."
    if days[0] and days[1] and days[1] < days[0]:
        return "It cannot end before it begins."
    return ""
