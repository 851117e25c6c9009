"""The exceptions inbox: what is held, at all clients, grouped so that one answer can clear many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404, membership_of, practice_page
from clients.models import Membership, Role, User
from clients.tenancy import client_context, use_board
from integrations import faults
from integrations.models import Connection, Fact
from integrations.registry import all_providers
from ledger import closed_months, exceptions_inbox, queries, settling, suggesting
from ledger.core import roles
from ledger.core.placing import Case
from ledger.mapping import MappingError
from ledger.models import LedgerException
from ledger.queries import ExceptionFilter
from ledger.templatetags.ledger import refined, spoken
from ledger.views.framing import day_of, may, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clients.models import Client

GROUPS = ("kind", "client", "source")
TABS = (("open", "Open"), ("mine", "Mine"), ("snoozed", "Snoozed"))
#: Kinds that come of a system's answer.
ANSWERED = ("login", "stale", "refused", "slowed")
#: Colour, icon and short heading of each kind.
LOOK = {
    "login": ("bad", "plug-connected-x", "Login expired"),
    "unmapped": ("warn", "route", "No mapping"),
    "duplicate": ("warn", "copy", "Possible duplicate"),
    "overlap": ("warn", "arrows-left-right", "Booked by another route"),
    "closed": ("warn", "lock", "Dated in a closed month"),
    "held": ("warn", "clock-pause", "Payout held until complete"),
    "unknown": ("warn", "help-circle", "Unknown type"),
    "payload": ("warn", "file-unknown", "Unreadable record"),
    "refused": ("bad", "ban", "Refused by the accounting system"),
    "uncertain": ("bad", "help-circle", "Sent, no answer"),
    "mirror": ("warn", "edit", "Changed in the accounting system"),
    "stale": ("warn", "clock-exclamation", "Not synced"),
    "slowed": ("info", "clock-pause", "Slowed by the provider"),
    "expiring": ("warn", "clock", "Access ends soon"),
    "missing": ("bad", "search", "Missing here"),
}


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
    row = _row_or_404(client, pk)
    rows = queries.alike(row)[:50]
    facts = Fact.objects.filter(client=client, pk__in=[one.fact_id for one in rows if one.fact_id]).in_bulk()
    plain = _plain(row, _systems([row]))
    page = {
        "row": row,
        "rows": [(one, facts.get(one.fact_id or 0)) for one in rows],
        "client": client,
        "look": LOOK[row.kind],
        "facts": _facts(row),
        "plain": plain,
        "step": faults.STEPS[plain.step] if plain else "",
        "people": _people(membership_of(request)),
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


@classified(Right.PREPARE, methods=("POST",))
def map_account(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put the account into the draft mapping for this category."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = _row_or_404(client, pk)
    account = queries.account_named(client, request.POST.get("account", ""))
    if account is None:
        return _answer(request, client, row, problem="Choose an account from the list.")

    def act() -> str:
        version = settling.map_to(row, account, by=membership_of(request).user)
        return f"{account} in draft v{version.number}. Posts when a controller approves it."

    return _try(request, client, row, act)


@classified(Right.PREPARE, methods=("POST",))
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The two answers of a duplicate or an overlap, and the one of a closed month."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, by = _row_or_404(client, pk), membership_of(request).user
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
    if row.kind not in acts:
        raise Http404
    return _try(request, client, row, acts[row.kind])


@classified(Right.PREPARE, methods=("POST",))
def retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    client = client_or_404(request, slug, right=Right.PREPARE)
    row = _row_or_404(client, pk)
    return _try(request, client, row, lambda: settling.retry(row, by=membership_of(request).user))


@classified(Right.PREPARE, methods=("POST",))
def assign(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """To somebody of the practice who may prepare; without a name, to oneself."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, me = _row_or_404(client, pk), membership_of(request)
    wanted = request.POST.get("to", "")
    to = _assignee(me, wanted)
    exceptions_inbox.assign(queries.alike(row), to=to, by=me.user)
    return _answer(request, client, _row_or_404(client, pk))


@classified(Right.PREPARE, methods=("POST",))
def snooze(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Out of sight until a day within 90 days; without one, a week."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    row, now = _row_or_404(client, pk), datetime.now(UTC).date()
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
    row = _row_or_404(client, pk)
    note = " ".join(request.POST.get("note", "").split())
    if not note:
        return _answer(request, client, row, problem="A note says how it was settled.")
    exceptions_inbox.resolve_all(queries.alike(row), by=membership_of(request).user, resolution=note)
    return _gone(request, client, row, "Settled by hand.")


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
    systems = _systems(firsts.values())
    return {
        **_summary(request, clients),
        "page": page,
        "groups": _groups([_line(names[row["client_id"]], firsts[row["first"]], row, systems) for row in page], by),
        "filter": wanted,
        "group": by,
        "choices": [(client, client.pk in wanted.clients) for client in clients],
        "people": _people(me),
        "may_prepare": may(request, Right.PREPARE),
        "next_week": datetime.now(UTC).date() + timedelta(7),
    }


def _summary(request: HttpRequest, clients: list[Client]) -> dict[str, Any]:
    counts = queries.exception_counts([client.pk for client in clients], membership_of(request).user)
    return {
        "counts": counts,
        "tabs": [(name, label, counts[name]) for name, label in TABS],
        "stats": [row | {"look": LOOK[row["kind"]]} for row in counts["kinds"]],
    }


def _groups(lines: list[dict[str, Any]], by: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    heads: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for line in lines:
        row, client = line["row"], line["company"]
        key = {"kind": row.kind, "client": client.slug, "source": row.source}[by]
        look = LOOK[row.kind] if by == "kind" else ("", "building-store" if by == "client" else "plug-connected", "")
        label = look[2] or (client.name if by == "client" else row.source or "No system")
        heads.setdefault(
            key, ({"key": key, "look": look, "label": label, "kind": row.kind if by == "kind" else ""}, [])
        )[1].append(line)
    if lines:
        lines[0]["first"] = True
    return list(heads.values())


def _systems(rows: Iterable[LedgerException]) -> dict[int, str]:
    """The provider of each row's connection; one query."""
    asked = {row.connection_id for row in rows if row.connection_id and row.kind in ANSWERED}
    return dict(Connection.objects.filter(pk__in=asked).values_list("pk", "provider")) if asked else {}


def _plain(row: LedgerException, systems: dict[int, str]) -> faults.Plain | None:
    """What the system's answer means: of its code, or of the first known code in what was said."""
    if row.kind not in ANSWERED:
        return None
    provider = all_providers().get(systems.get(row.connection_id or 0, ""))
    own = provider.faults if provider else {}
    code = str(row.detail.get("code") or "")
    return faults.explain(code, own) if code else faults.explain_text(row.title, own)


def _line(client: Client, row: LedgerException, group: dict[str, Any], systems: dict[int, str]) -> dict[str, Any]:
    plain = _plain(row, systems)
    return {
        "plain": plain,
        "step": faults.STEPS[plain.step] if plain else "",
        "row": row,
        "company": client,
        "n": group["n"],
        "amount": group["amount"],
        "oldest": group["oldest"],
        "look": LOOK[row.kind],
        "can_retry": row.kind in queries.RETRYABLE,
        "drafted": row.detail.get("drafted"),
        "role": row.detail.get("role", ""),
        "key": row.detail.get("key", ""),
    }


def _facts(row: LedgerException) -> list[tuple[str, Any, bool]]:
    """(name, value, is an amount) of what is known about an exception, without our own ids."""
    role, key = str(row.detail.get("role") or ""), str(row.detail.get("key") or "")
    shown: list[tuple[str, Any, bool]] = [("category", refined(role, key), False)] if role else []
    for name, value in row.detail.items():
        if role and name in {"role", "key"}:
            continue
        if name == "kind":
            shown.append(("kind", spoken(str(value)), False))
        elif value and name != "drafted" and not name.endswith(("_entry", "entry_id")):
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown.append((name.removesuffix("_minor").replace("_", " "), said, name.endswith("_minor")))
    return shown


def _answer(
    request: HttpRequest, client: Client, row: LedgerException, *, problem: str = "", said: str = ""
) -> HttpResponse:
    """The row as it stands now, with what was said or went wrong."""
    rows = queries.alike(row)
    amounts = [one.amount_minor for one in rows if one.amount_minor is not None]
    group = {"n": len(rows), "amount": sum(amounts) if amounts else None, "oldest": min(one.opened_at for one in rows)}
    page = {
        "line": _line(client, row, group, _systems([row])),
        "problem": problem,
        "said": said,
        "may_prepare": True,
        "people": _people(membership_of(request)),
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
    except (settling.SettlingError, MappingError) as refusal:
        return _answer(request, client, row, problem=str(refusal))
    row.refresh_from_db()
    if row.state in exceptions_inbox.OPEN:
        return _answer(request, client, row, said=said)
    return _gone(request, client, row, said)


def _row_or_404(client: Client, pk: int) -> LedgerException:
    row = (
        LedgerException.objects.select_related("assigned_to", "client")
        .filter(client=client, pk=pk, state__in=exceptions_inbox.OPEN)
        .first()
    )
    if row is None:
        raise Http404
    return row


def _people(me: Membership) -> list[User]:
    """Everyone of the practice who can take an exception."""
    places = Membership.objects.filter(
        practice_id=me.practice_id, is_active=True, role__in=[Role.STAFF, Role.CONTROLLER]
    )
    return [place.user for place in places.select_related("user").order_by("user__name")]


def _assignee(me: Membership, wanted: str) -> User | None:
    """Whom a typed value names: an id, ``none`` for nobody, blank for oneself."""
    if wanted == "none":
        return None
    return _person(me, int(wanted)) if wanted.isdecimal() else me.user


def _person(me: Membership, pk: int) -> User:
    found = next((person for person in _people(me) if person.pk == pk), None)
    if found is None:
        raise Http404
    return found
