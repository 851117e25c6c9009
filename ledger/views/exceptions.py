"""The exceptions inbox: what is held, at all clients, grouped so that one answer can clear many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404, membership_of, practice_page
from clients.tenancy import client_context, use_board
from integrations import faults
from integrations.models import Fact
from ledger import queries, settling, suggesting
from ledger.core import roles
from ledger.core.placing import Case
from ledger.models import LedgerException
from ledger.queries import ExceptionFilter
from ledger.views import exception_rows
from ledger.views.framing import may, page_of

if TYPE_CHECKING:
    from clients.models import Client

GROUPS = ("kind", "client", "source")
TABS = (("open", "Open"), ("mine", "Mine"), ("snoozed", "Snoozed"))


@classified(Right.VIEW_DRAFTS, scope="practice")
def index(request: HttpRequest) -> HttpResponse:
    """All open exceptions of the clients the person sees, alike ones in one row, fifty rows a page."""
    clients = practice_page(request, Right.VIEW_DRAFTS)
    template = "ledger/_exceptions.html" if request.headers.get("HX-Target") == "inbox" else "ledger/exceptions.html"
    return render(request, template, _page(request, clients))


@classified(Right.VIEW_DRAFTS, scope="practice")
def summary(request: HttpRequest) -> HttpResponse:
    """The heading with its counts, fetched again after each answer."""
    clients = practice_page(request, Right.VIEW_DRAFTS)
    return render(request, "ledger/_exceptions_summary.html", _summary(request, clients) | {"is_update": True})


@classified(Right.VIEW_DRAFTS, scope="practice")
def count(request: HttpRequest) -> HttpResponse:
    """The number beside the navigation's entry; nothing when there is none."""
    clients = practice_page(request, Right.VIEW_DRAFTS)
    open_ = LedgerException.objects.filter(client__in=clients, state=LedgerException.State.OPEN).count()
    return HttpResponse(str(open_) if open_ else "")


@classified(Right.PREPARE, scope="practice", methods=("POST",))
def retry_all(request: HttpRequest) -> HttpResponse:
    """Queue a retry for every client that has something to retry."""
    clients = practice_page(request, Right.PREPARE)
    waiting = set(
        LedgerException.objects.filter(client__in=clients, state="open", kind__in=queries.RETRYABLE).values_list(
            "client_id", flat=True
        )
    )
    for client in clients:
        if client.pk in waiting:
            with client_context(client.pk):
                settling.retry_client(client)
    use_board(client.pk for client in clients)
    page = _page(request, clients) | {
        "said": f"Trying again at {len(waiting)} client{'s' if len(waiting) != 1 else ''}."
    }
    return render(request, "ledger/_exceptions.html", page)


@classified(Right.VIEW_DRAFTS)
def detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What is behind a row: each exception alike, its record as stored, and what can be done."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    row = exception_rows.row_or_404(client, pk)
    rows = queries.alike(row)[:50]
    facts = Fact.objects.filter(client=client, pk__in=[one.fact_id for one in rows if one.fact_id]).in_bulk()
    plain = exception_rows.plain_of(row, exception_rows.systems_of([row]))
    page = {
        "row": row,
        "rows": [(one, facts.get(one.fact_id or 0)) for one in rows],
        "client": client,
        "look": exception_rows.LOOK[row.kind],
        "facts": exception_rows.facts(row),
        "plain": plain,
        "step": faults.STEPS[plain.step] if plain else "",
        "people": exception_rows.people(membership_of(request)),
        "may_prepare": may(request, Right.PREPARE),
    }
    return render(request, "ledger/_exception_detail.html", page)


@classified(Right.VIEW_DRAFTS)
def account_options(request: HttpRequest, slug: str) -> HttpResponse:
    """The accounts of a client as options, those of the role's type first; fetched when a picker is first used."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    said, key = request.GET.get("role", ""), request.GET.get("key", "")
    role = roles.ROLES.get(said)
    accounts = list(queries.accounts(client, types=[role.type] if role else [])[:1000])
    (suggestion,) = suggesting.suggest(client, [Case(said, key)]) if role else (None,)
    proposed = next((one for one in accounts if suggestion and one.pk == suggestion.account), None)
    page = {"accounts": accounts, "proposed": proposed, "reason": suggestion.reason if suggestion else ""}
    return render(request, "ledger/_account_options.html", page)


# ---- the page and its rows -------------------------------------------------------------------------------------------------


def filter_of(request: HttpRequest, clients: list[Client]) -> ExceptionFilter:
    """The filter in the address; clients by slug, unknown values mean none."""
    given = request.GET
    slugs = set(given.getlist("client"))
    tab = given.get("tab", "open")
    return ExceptionFilter(
        tab=tab if tab in dict(TABS) else "open",
        clients=tuple(client.pk for client in clients if client.slug in slugs),
        kind=given.get("kind", "") if given.get("kind") in queries.KINDS else "",
        who=given.get("who", ""),
        cause=given.get("cause", "")[:200],
    )


def _page(request: HttpRequest, clients: list[Client]) -> dict[str, Any]:
    me = membership_of(request)
    wanted = filter_of(request, clients)
    by = request.GET.get("group", "kind") if request.GET.get("group") in GROUPS else "kind"
    rows = wanted.apply(LedgerException.objects.filter(client__in=clients), me.user)
    page = page_of(request, queries.exception_groups(rows, by=by))
    names = {client.pk: client for client in clients}
    firsts = LedgerException.objects.select_related("assigned_to").in_bulk([row["first"] for row in page])
    return {
        **_summary(request, clients),
        "page": page,
        "groups": _groups(
            exception_rows.lines([(names[row["client_id"]], firsts[row["first"]], row) for row in page]), by
        ),
        "filter": wanted,
        "group": by,
        "choices": [(client, client.pk in wanted.clients) for client in clients],
        "people": exception_rows.people(me),
        "may_prepare": may(request, Right.PREPARE),
        "next_week": datetime.now(UTC).date() + timedelta(7),
    }


def _summary(request: HttpRequest, clients: list[Client]) -> dict[str, Any]:
    counts = queries.exception_counts([client.pk for client in clients], membership_of(request).user)
    return {
        "counts": counts,
        "tabs": [(name, label, counts[name]) for name, label in TABS],
        "stats": [row | {"look": exception_rows.LOOK[row["kind"]]} for row in counts["kinds"]],
    }


def _groups(lines: list[dict[str, Any]], by: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    heads: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for line in lines:
        row, client = line["row"], line["company"]
        key = {"kind": row.kind, "client": client.slug, "source": row.source}[by]
        look = (
            exception_rows.LOOK[row.kind]
            if by == "kind"
            else ("", "building-store" if by == "client" else "plug-connected", "")
        )
        label = look[2] or (client.name if by == "client" else row.source or "No system")
        heads.setdefault(
            key, ({"key": key, "look": look, "label": label, "kind": row.kind if by == "kind" else ""}, [])
        )[1].append(line)
    if lines:
        lines[0]["first"] = True
    return list(heads.values())
