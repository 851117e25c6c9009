"""What the client sees: where the books stand in plain words, what we wait for, the signed packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, allows, classified, client_or_404, membership_of
from closeout import charts, manifest, package, questions
from closeout.models import CheckResult, CloseRun, Package, Seal
from closeout.views.signing import attachment
from integrations.models import Connection
from integrations.overview import initials
from ledger.core.period import Month
from ledger.models import Period
from ledger.views.framing import current_month, today

if TYPE_CHECKING:
    from clients.models import Client


@classified(Right.VIEW_SIGNED)
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The client's page; the practice's own people go on to the close unless they ask to see what the client sees."""
    client = client_or_404(request, slug, right=Right.VIEW_SIGNED)
    if membership_of(request).is_staff_side and request.GET.get("see") != "client":
        return redirect("closeout:close", slug=slug, month=str(current_month(client)))
    closes = list(CloseRun.objects.filter(client=client).select_related("controller").order_by("-month")[:24])
    states = dict(Period.objects.filter(client=client).values_list("month", "state"))
    current = next((close for close in reversed(closes) if states.get(close.month) == "open"), None)
    packages, systems = package.published(client)[:24], _systems(client)
    page = {
        "client": client,
        "current": current,
        "status": _status(client, current) if current else None,
        "waiting": questions.waiting(client),
        "latest": packages[0] if packages else None,
        "numbers": _numbers(packages[0].seal) if packages else None,
        "packages": packages,
        "systems": systems,
        "logins": [system for system in systems if not system["works"]],
        "may_answer": allows(membership_of(request), Right.ANSWER),
    }
    return render(request, "closeout/client.html", page)


def _status(client: Client, close: CloseRun) -> dict[str, Any]:
    """How far the month is, in steps a client knows."""
    month = Month.of(close.month)
    rows = CheckResult.objects.filter(close=close).exclude(state="not_applicable").exclude(check_id__in=["K49", "K50"])
    done = rows.filter(state="pass").count()
    collected = not rows.filter(area="sources").exclude(state="pass").exists() and close.checked_at is not None
    prepared = close.state == CloseRun.State.PREPARED
    steps = [
        ("Collected", collected, f"{len(_systems(client))} systems"),
        ("Checked", prepared, f"{done} of {rows.count()} checks" if close.checked_at else "not yet"),
        ("Signed off", False, f"by {close.controller}" if close.controller else "by your controller"),
        ("Sent to you", False, f"due {close.due_on:%B} {close.due_on.day}"),
    ]
    if prepared:
        line = f"The {month.label} books are prepared and wait for the signature of your controller."
    elif collected:
        line = f"We have everything for {month.label} and are checking it."
    else:
        line = f"We are collecting {month.label} from your systems."
    if close.state == CloseRun.State.REOPENED:
        line = f"{month.label} was opened again for a correction. You get a new package when it is signed."
    return {"month": month, "line": line, "steps": steps, "due": close.due_on, "is_late": close.due_on < today(client)}


def _numbers(seal: Seal) -> dict[str, Any] | None:
    """The figures of a signed month as they were sealed, with the months before for the charts."""
    try:
        said = manifest.opened(seal)
    except manifest.BrokenSealError:
        return None
    book = said["reports"]
    figures = {kpi["name"]: kpi for kpi in book["kpis"]}
    blocks = {part["group"]["title"]: part["group"]["totals"][0] for part in book["profit"] if part["group"]}
    change = next(part["line"]["figures"][0] for part in book["flow"] if part["line"])
    return {
        "book": book,
        "cash": figures["Cash"]["figure"],
        "cash_change": change,
        "cash_more": abs(change),
        "net": figures["Net income"]["figure"],
        "net_before": book["profit"][-1]["total"]["figures"][1],
        "sold": blocks.get("Income", 0),
        "making": -blocks.get("Cost of goods sold", 0),
        "running": -blocks.get("Operating expenses", 0),
        "other": blocks.get("Other income", 0) - blocks.get("Other expenses", 0),
        "labor": figures.get("Labor"),
        "owed": figures["Owed to you"],
        "cash_chart": charts.curve(book["charts"]["cash"], label="Cash at month end, last 12 months"),
        "sales_chart": charts.bars(book["charts"]["sales"], label="Sales by account, last 12 months"),
        "legend": charts.legend(book["charts"]["sales"]),
    }


def _systems(client: Client) -> list[dict[str, Any]]:
    rows = Connection.objects.filter(client=client).exclude(state__in=["pending", "disconnected"]).order_by("provider")
    return [
        {
            "name": str(row),
            "initials": initials(str(row)),
            "at": row.last_success_at,
            "works": row.state == Connection.State.LIVE,
        }
        for row in rows
    ]


@classified(Right.VIEW_SIGNED)
def packages(request: HttpRequest, slug: str) -> HttpResponse:
    """Every published package, newest first; one that was replaced says by which."""
    client = client_or_404(request, slug, right=Right.VIEW_SIGNED)
    rows = package.published(client)
    newer = {row.seal.previous_id: row.seal.code for row in rows if row.seal.previous_id}
    page = {
        "client": client,
        "rows": [{"package": row, "newer": newer.get(row.seal_id, "")} for row in rows],
    }
    return render(request, "closeout/packages.html", page)


@classified(Right.VIEW_SIGNED)
def download(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """The PDF as it was sealed, as a file."""
    client = client_or_404(request, slug, right=Right.VIEW_SIGNED)
    row = (
        Package.objects.filter(client=client, seal__code=code, published_at__isnull=False)
        .select_related("seal__close")
        .first()
    )
    if row is None:
        raise Http404
    return attachment(bytes(row.content), f"{client.slug}-{row.seal.close}-{row.seal.code}.pdf")
