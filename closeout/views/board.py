"""The close board: one row a client for a month, read from the read model, whatever the number of clients in five queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme

from clients.access import Right, allows, classified, client_or_404, membership_of, practice_page
from clients.models import Client, Membership, Role
from closeout import board as read_model
from closeout import questions, workflow
from closeout.models import BoardRow, CloseRun
from closeout.views.framing import may_open
from integrations import jobs
from ledger.core.period import Month, due_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.core.paginator import Page

    from clients.models import User

PAGE = 50
#: Areas as columns: (heading, slugs of the checks' areas).
COLUMNS = (
    ("Sources", "sources"),
    ("Bank", "bank"),
    ("Sales", "processors"),
    ("Payroll", "payroll"),
    ("AP, AR", "payables"),
    ("Books", "books"),
    ("Review", "review"),
)
TABS = (
    ("all", "All clients"),
    ("mine", "Mine"),
    ("ready", "Ready to sign"),
    ("blocked", "Blocked or changed"),
    ("late", "Late or at risk"),
    ("client", "Waiting on client"),
    ("signed", "Signed off"),
)
ORDER = list(read_model.STATUSES)
#: Status → class of the strip's part.
STRIP = (
    ("signed", "s-ok"),
    ("ready", "s-rdy"),
    ("progress", "s-prog"),
    ("client", "s-wait"),
    ("blocked", "s-bad"),
    ("changed", "s-bad"),
    ("not_started", "s-nil"),
)
AT_RISK_DAYS = 2
#: How late a close was signed → (class, y, height) of its bar.
HEAT = {"h0": ("h0", 5, 8), "h1": ("h1", 3, 11), "h2": ("h2", 1, 14), "h3": ("h3", 0, 16), "hx": ("hx", 4, 9)}
HEAT_WORDS = (("h0", "on time"), ("h1", "1 day late"), ("h2", "2 to 3"), ("h3", "4 or more"), ("hx", "not signed"))


@dataclass(frozen=True, slots=True)
class Line:
    """One client in the month: its row of the read model, or None where the month was not opened."""

    client: Client
    row: BoardRow | None
    due: date
    today: date
    past: Sequence[tuple[int, str, int, int]] = ()

    @property
    def status(self) -> str:
        return self.row.status if self.row else "not_started"

    @property
    def days(self) -> int:
        return (self.due - self.today).days

    @property
    def late(self) -> int:
        return -self.days

    @property
    def is_at_risk(self) -> bool:
        return self.status != "signed" and self.days <= AT_RISK_DAYS

    @property
    def cells(self) -> list[tuple[str, str, int, int]]:
        """(heading, state, proven, all) by area."""
        areas = self.row.areas if self.row else {}
        cells = []
        for heading, area in COLUMNS:
            proven, failing, unknown, count = areas.get(area, [0, 0, 0, 0])
            state = (
                "none"
                if not count
                else "bad"
                if failing
                else "warn"
                if unknown
                else "ok"
                if proven == count
                else "part"
            )
            cells.append((heading, state, proven, count))
        return cells


@classified(Right.VIEW_SIGNED, scope="practice")
def index(request: HttpRequest) -> HttpResponse:
    """The board; someone of a client goes to their own company's page."""
    member = membership_of(request)
    clients = practice_page(request, Right.VIEW_SIGNED)
    if not allows(member, Right.VIEW_DRAFTS):
        return (
            redirect("closeout:client", slug=clients[0].slug) if clients else render(request, "closeout/no_client.html")
        )
    month = _month(request, clients)
    lines = _lines(clients, month)
    tab = request.GET.get("tab", "all") if request.GET.get("tab") in dict(TABS) else "all"
    shown = _filtered(_in_tab(lines, tab, member.user), request)
    counts = Counter(line.status for line in lines)
    page = {
        "month": month,
        "months": _months(month),
        "page": _with_past(Paginator(shown, PAGE).get_page(request.GET.get("page")), month),
        "columns": COLUMNS,
        "tabs": [(name, label, len(_in_tab(lines, name, member.user))) for name, label in TABS],
        "tab": tab,
        "counts": counts,
        "strip": _strip(counts),
        "heat": HEAT_WORDS,
        "proven": sum(line.row.proven for line in lines if line.row),
        "total": sum(line.row.total for line in lines if line.row),
        "now": _needs_now(lines, member.user),
        "people": _people(member) if allows(member, Right.PREPARE) else [],
        "statuses": read_model.STATUSES,
        "chosen": request.GET,
        "may_prepare": allows(member, Right.PREPARE),
        "late": sum(line.is_at_risk for line in lines),
        "questions": questions.counts(clients),
    }
    template = "closeout/_board.html" if request.headers.get("HX-Target") == "board" else "closeout/board.html"
    return render(request, template, page)


def _month(request: HttpRequest, clients: list[Client]) -> Month:
    """The month asked for; else the newest with a close still open, the newest with any, or last month."""
    try:
        return Month.parse(request.GET.get("month", ""))
    except ValueError:
        rows = BoardRow.objects.filter(client__in=clients)
        found = (
            rows.exclude(status="signed").aggregate(open=Max("month"))["open"]
            or rows.aggregate(any=Max("month"))["any"]
        )
        return Month.of(found) if found else Month.of(datetime.now(UTC).date()).previous


def _months(month: Month) -> list[Month]:
    newest = max(month.next, Month.of(datetime.now(UTC).date()))
    return [newest.shift(-step) for step in range(14)]


def _lines(clients: list[Client], month: Month) -> list[Line]:
    rows = {row.client_id: row for row in BoardRow.objects.filter(client__in=clients, month=month.first)}
    today = datetime.now(UTC).date()
    lines = []
    for client in clients:
        row = rows.get(client.pk)
        if row is not None or (client.stage == Client.Stage.LIVE and may_open(client, month)):
            lines.append(Line(client, row, row.due_on if row else due_on(month, client.close_due_days), today))
    return sorted(lines, key=lambda line: (ORDER.index(line.status), line.due, line.client.name))


def _with_past(page: Page[Line], month: Month) -> Page[Line]:
    """The twelve closes before, for the clients of the page: how late each was signed; one query."""
    lines = list(page.object_list)
    since = month.shift(-12)
    rows = BoardRow.objects.filter(
        client__in=[line.client for line in lines], month__gte=since.first, month__lt=month.first
    ).values_list("client_id", "month", "due_on", "signed_at")
    past: dict[int, dict[date, str]] = defaultdict(dict)
    for client_id, first, due, signed in rows:
        past[client_id][first] = _heat(due, signed)
    months = since.through(month.previous)
    page.object_list = [
        replace(line, past=[(at * 10, *HEAT[past[line.client.pk].get(m.first, "hx")]) for at, m in enumerate(months)])
        for line in lines
    ]
    return page


def _heat(due: date, signed: datetime | None) -> str:
    if signed is None:
        return "hx"
    late = (signed.date() - due).days
    return "h0" if late <= 0 else "h1" if late == 1 else "h2" if late <= 3 else "h3"


def _in_tab(lines: list[Line], tab: str, user: User) -> list[Line]:
    tests: dict[str, Callable[[Line], bool]] = {
        "all": lambda _line: True,
        "mine": lambda line: user.pk in {line.client.preparer_id, line.client.controller_id},
        "ready": lambda line: line.status == "ready",
        "blocked": lambda line: line.status in {"blocked", "changed"},
        "late": lambda line: line.is_at_risk,
        "client": lambda line: bool(line.row and line.row.questions_waiting),
        "signed": lambda line: line.status == "signed",
    }
    return [line for line in lines if tests[tab](line)]


def _filtered(lines: list[Line], request: HttpRequest) -> list[Line]:
    given = request.GET
    if wanted := set(given.getlist("status")):
        lines = [line for line in lines if line.status in wanted]
    if who := given.get("who", ""):
        lines = [line for line in lines if line.row and who in {line.row.preparer, line.row.controller}]
    if connection := given.get("connection", ""):
        lines = [line for line in lines if line.row and line.row.connections == connection]
    if said := given.get("q", "").strip().casefold():
        lines = [line for line in lines if said in line.client.name.casefold()]
    return lines


def _strip(counts: Counter[str]) -> list[dict[str, Any]]:
    """Parts of the strip, ten units a client; where each begins and how wide it is."""
    parts, at = [], 0
    for status, css in STRIP:
        if counts[status]:
            parts.append({"status": status, "css": css, "x": at, "width": counts[status] * 10, "n": counts[status]})
            at += counts[status] * 10
    return parts


def _needs_now(lines: list[Line], user: User) -> list[dict[str, Any]]:
    """What this person should look at first, at most four."""
    found: list[dict[str, Any]] = []
    sign = [line for line in lines if line.status == "ready" and line.client.controller_id == user.pk]
    if sign:
        many = f"{len(sign)} closes wait" if len(sign) > 1 else f"{sign[0].client.name} waits"
        found.append({"icon": "signature", "css": "info", "text": f"{many} for your signature", "line": sign[0]})
    found += [
        {"icon": "alert-triangle", "css": "warn", "text": f"{line.client.name}: {line.row.reason}", "line": line}
        for line in lines
        if line.status == "changed" and line.row
    ]
    found += [
        {"icon": "plug-connected-x", "css": "bad", "text": f"{line.client.name} needs a reconnect", "line": line}
        for line in lines
        if line.row and line.row.connections == "needs_reconnect"
    ]
    found += [
        {
            "icon": "clock-exclamation",
            "css": "bad",
            "text": f"{line.client.name} is {line.late} days late",
            "line": line,
        }
        for line in lines
        if line.status != "signed" and line.late > 0
    ]
    return found[:4]


def _people(member: Membership) -> list[User]:
    rows = Membership.objects.filter(
        practice_id=member.practice_id, is_active=True, role__in=[Role.STAFF, Role.CONTROLLER]
    )
    return [row.user for row in rows.select_related("user").order_by("user__name")]


# ---- many at once ------------------------------------------------------------------------------------------------------------


@classified(Right.PREPARE, scope="practice", methods=("POST",))
def bulk(request: HttpRequest) -> HttpResponse:
    """Assign, move the due date, run the checks again, or remind, for the chosen clients of a month."""
    practice_page(request, Right.PREPARE)
    act = request.POST.get("act", "")
    if act not in {"assign", "due", "rerun", "remind"}:
        raise Http404
    try:
        month = Month.parse(request.POST.get("month", ""))
    except ValueError as error:
        raise Http404 from error
    slugs = request.POST.getlist("client")[:PAGE]
    done = sum(_act(request, client_or_404(request, slug, right=Right.PREPARE), month, act) for slug in slugs)
    if done:
        words = {"assign": "assigned", "due": "moved", "rerun": "checking again", "remind": "reminded"}
        messages.success(request, f"{done} {'client' if done == 1 else 'clients'} {words[act]}.")
    else:
        messages.info(request, "Nothing to do: choose clients whose month is open, and what to set.")
    back = request.headers.get("Referer", "")
    fine = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if fine else reverse("closeout:board"))


def _act(request: HttpRequest, client: Client, month: Month, act: str) -> bool:
    user = membership_of(request).user
    if act == "remind":
        return questions.remind(client, by=user) > 0
    close = CloseRun.objects.filter(client=client, month=month.first).first()
    if close is None and may_open(client, month):
        close = workflow.open_close(client, month, by=user)
    if close is None or close.state == CloseRun.State.SIGNED:
        return False
    close.client = client
    if act == "rerun":
        moment = datetime.now(UTC).replace(microsecond=0).isoformat()
        return jobs.enqueue(client.pk, "checks", f"checks:{close.pk}::{moment}", {"close": close.pk}) is not None
    return _set(request, close, act, _people(membership_of(request)))


def _set(request: HttpRequest, close: CloseRun, act: str, people: Iterable[User]) -> bool:
    if act == "due":
        try:
            day = parse_date(request.POST.get("due", ""))
        except ValueError:
            day = None
        if day is None:
            return False
        close.due_on = day
    else:
        chosen = next((person for person in people if str(person.pk) == request.POST.get("person", "")), None)
        if chosen is None or chosen.pk == close.controller_id:
            return False
        close.preparer = chosen
    close.save(update_fields=["due_on", "preparer"])
    read_model.refresh(close.client, close)
    return True
