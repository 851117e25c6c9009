"""How well a client's inventory is covered: for each system what reaches us, what is due, and the next step (ON3).

One query gathers what is known of all systems; the judging is pure. The month that counts is the last whole one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection as database

from clients import catalogue
from clients.models import StackItem
from integrations import queries
from integrations.byhand.forms import form_of
from integrations.registry import all_providers
from ledger.core.period import Month, due_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.catalogue import System
    from clients.models import Client

#: State: (colour, icon, word, group of the filter).
STATES: dict[str, tuple[str, str, str, str]] = {
    "connected": ("ok", "plug-connected", "Connected", "covered"),
    "ledger": ("ok", "table", "In the ledger", "covered"),
    "file-in": ("ok", "file-text", "File in", "covered"),
    "needs": ("bad", "plug-connected-x", "Needs you", "needs"),
    "behind": ("warn", "clock-exclamation", "Behind", "needs"),
    "file-due": ("warn", "file-upload", "File due", "needs"),
    "file-overdue": ("bad", "file-upload", "File overdue", "needs"),
    "verified": ("ok", "circle-check", "By hand, verified", "covered"),
    "to-verify": ("wait", "user-question", "To be verified", "needs"),
    "hand-due": ("warn", "edit", "By hand, due", "needs"),
    "hand-overdue": ("bad", "edit", "By hand, overdue", "needs"),
    "by-hand": ("mute", "edit", "By hand", "covered"),
    "uncovered": ("bad", "circle-dashed", "Not covered", "uncovered"),
}
GROUPS = {"all": "All", "covered": "Covered", "needs": "To do", "uncovered": "Not covered"}
ROUTES: dict[str, str] = dict(StackItem.Route.choices)
#: Each system with the connections that bring its figures: its own, or that of the system it comes with.
GATHER = """
SELECT item.system, item.owner, item.access_state, c.id, c.provider, coalesce(c.name, ''), c.state, c.problem,
    c.last_success_at, c.provider = %(bank_file)s OR c.settings ->> 'scheme' = 'file', s.through, s.trouble,
    c.settings ->> 'scheme' = 'hand', f.in_month, f.waiting, f.newest
FROM clients_stackitem item
LEFT JOIN (SELECT * FROM unnest(%(systems)s::text[], %(carriers)s::text[])) AS carried (system, carrier)
    ON carried.system = item.system
LEFT JOIN integrations_connection c ON c.client_id = item.client_id AND c.state <> 'disconnected'
    AND c.provider = coalesce(carried.carrier, item.system)
LEFT JOIN LATERAL (
    SELECT min(complete_through) AS through, max(last_problem) AS trouble FROM integrations_streamstate
    WHERE client_id = c.client_id AND connection_id = c.id AND duty <> 'off'
) s ON true
LEFT JOIN LATERAL (
    SELECT bool_or(state = 'verified' AND booked_on BETWEEN %(first)s AND %(last)s) AS in_month,
        max(id) FILTER (WHERE state = 'waiting') AS waiting, max(booked_on) FILTER (WHERE state = 'verified') AS newest
    FROM integrations_manualfigure WHERE client_id = item.client_id AND system = item.system
) f ON true
WHERE item.client_id = %(client)s AND NOT item.dismissed
ORDER BY item.id, c.id
"""


class Seen(NamedTuple):
    """What is known of one system and one connection that brings its figures; ``connection`` is None without any.

    Figures typed by hand: ``in_month`` whether some of the month are verified, ``waiting`` the newest that are not decided
    on, ``newest`` the last day of verified ones.
    """

    system: str
    owner: str
    access: str
    connection: int | None
    provider: str | None
    name: str
    state: str | None
    problem: str | None
    last_success_at: datetime | None
    is_by_file: bool | None
    through: date | None
    trouble: str | None
    is_by_hand: bool | None
    in_month: bool | None
    waiting: int | None
    newest: date | None


@dataclass(frozen=True, slots=True)
class Clock:
    """The time by which files and figures are judged: ``month`` is the last whole one, due on ``due``."""

    now: datetime
    today: date
    month: Month
    due: date
    ended_at: datetime
    begins: date | None

    @property
    def is_asked(self) -> bool:
        """Whether anything of the month is wanted; not of one before the cut-over."""
        return self.begins is None or self.month.last >= self.begins


@dataclass(frozen=True, slots=True)
class Covered:
    """One system of the inventory with its state, and the connection to open where there is one."""

    system: System
    state: str
    detail: str
    seen: Seen

    @property
    def look(self) -> tuple[str, str, str, str]:
        return STATES[self.state]

    @property
    def route(self) -> str:
        return ROUTES[self.system.route]

    @property
    def can_connect(self) -> bool:
        found = all_providers().get(self.system.slug)
        return self.seen.connection is None and found is not None and found.auth.kind != "file"

    @property
    def can_capture(self) -> bool:
        """Whether its figures can be typed: that is its road, or nothing else is there."""
        by_hand = self.system.route == "hand" or bool(self.seen.is_by_hand) or self.state == "uncovered"
        return by_hand and form_of(self.system) is not None

    @property
    def can_bring_file(self) -> bool:
        """Whether an export file of it can be read: its connector says how, or it is a bank's."""
        found = all_providers().get(self.system.slug)
        return self.system.route == "file" or (found is not None and bool(found.files))

    @property
    def file_of(self) -> str:
        """The choice of the upload page: its account, or a new one of its system."""
        if self.seen.connection is not None:
            return str(self.seen.connection)
        return f"new:{self.system.slug}" if self.system.slug in all_providers() else ""


def clock(client: Client, *, now: datetime | None = None) -> Clock:
    moment = now or datetime.now(UTC)
    zone = ZoneInfo(client.timezone)
    today = moment.astimezone(zone).date()
    month = Month.of(today).previous
    ended = datetime.combine(month.last + timedelta(days=1), time.min, zone).astimezone(UTC)
    return Clock(moment, today, month, due_on(month, client.close_due_days), ended, client.cut_over_on)


def of(client: Client, *, now: datetime | None = None) -> list[Covered]:
    """Every system of the inventory, in the order of the catalogue; in the client's context. One query."""
    at = clock(client, now=now)
    by_system: dict[str, list[Seen]] = defaultdict(list)
    for seen in _gather(client, at):
        by_system[seen.system].append(seen)
    return [judge(system, by_system[system.slug], at) for system in catalogue.SYSTEMS if system.slug in by_system]


def counts(rows: Iterable[Covered]) -> dict[str, int]:
    """How many rows each choice of the filter shows."""
    found = dict.fromkeys(GROUPS, 0)
    for row in rows:
        found["all"] += 1
        found[row.look[3]] += 1
    return found


def _gather(client: Client, at: Clock) -> list[Seen]:
    pairs = [(system.slug, carrier) for system in catalogue.SYSTEMS for carrier in _carriers(system)]
    asked: dict[str, Any] = {
        "client": client.pk,
        "bank_file": "bank-file",
        "first": at.month.first,
        "last": at.month.last,
        "systems": [system for system, _carrier in pairs],
        "carriers": [carrier for _system, carrier in pairs],
    }
    with database.cursor() as cursor:
        cursor.execute(GATHER, asked)
        return list(map(Seen._make, cursor.fetchall()))


def _carriers(system: System) -> Sequence[str]:
    """Whose connection brings its figures, where that is not its own: one system's, or the ledger's it writes into."""
    if system.carried_by:
        return [system.carried_by, system.slug]
    if system.route == "app":
        return [slug for slug, provider in all_providers().items() if provider.category == "accounting"]
    return ()


def _carries(system: System, seen: Seen) -> bool:
    """Whether this connection is of the system: a feed of many banks is of the one it is named for."""
    if system.category != "bank" or not system.carried_by or seen.provider == system.slug:
        return True
    return system.name.lower() in seen.name.lower()


def judge(system: System, seen: Sequence[Seen], at: Clock) -> Covered:
    """The state of a system: the worst of its connections; without any, what its route leaves to do. ``seen`` is not empty."""
    held = [one for one in seen if one.connection is not None and not one.is_by_hand and _carries(system, one)]
    if not held and (system.route == "hand" or any(one.is_by_hand for one in seen)):
        state, detail = _of_figures(system, seen[0], at)
        return Covered(system, state, detail, seen[0])
    if not held:
        state, detail = _unconnected(system, at)
        return Covered(system, state, detail, seen[0]._replace(connection=None))
    judged = [(*_of_connection(system, one, at), one) for one in held]
    order = ("bad", "warn", "mute", "ok")
    state, detail, one = min(judged, key=lambda found: order.index(STATES[found[0]][0]))
    return Covered(system, state, detail, one)


def _unconnected(system: System, at: Clock) -> tuple[str, str]:
    if system.route == "file":
        return _file_due(at, "No file was brought yet")
    if system.route == "app":
        whose = catalogue.name_of(system.carried_by) if system.carried_by else "The accounting system"
        return "uncovered", f"{whose} is not connected"
    return "uncovered", "Not connected"


def _of_figures(system: System, one: Seen, at: Clock) -> tuple[str, str]:
    """Figures by hand: those to verify first, then whether the month's are there."""
    form = form_of(system)
    last = f"Verified up to {one.newest:%b} {one.newest.day}" if one.newest else "Nothing is captured yet"
    if one.waiting:
        return "to-verify", "A controller compares them with the evidence"
    if form is None:
        return "by-hand", "Typed as opening balances"
    if one.in_month or (one.newest and one.newest >= at.month.last):
        return "verified", last
    if not form.is_monthly:
        return "by-hand", last if one.newest else "Typed when there is one"
    if not at.is_asked:
        return "hand-due", f"From the cut-over on {at.begins:%b} {at.begins.day}" if at.begins else last
    state = "hand-overdue" if at.today > at.due else "hand-due"
    return state, f"{last}; {at.month.label} due {at.due:%b} {at.due.day}"


def _of_connection(system: System, one: Seen, at: Clock) -> tuple[str, str]:
    if one.state != "live":
        return "needs", {"pending": "Sign-in not finished", "paused": "Paused here"}.get(
            one.state or "", "Needs a login"
        )
    if one.is_by_file:
        return _of_file(one, at)
    if trouble := _trouble(one, at):
        return "behind", trouble
    if system.route == "app" and not system.carried_by:
        return "ledger", "Writes itself there; proven with its statement"
    whole = f"Whole up to {one.through:%b} {one.through.day}" if one.through else ""
    return "connected", whole if one.provider == system.slug else f"By {catalogue.name_of(system.carried_by)}"


def _of_file(one: Seen, at: Clock) -> tuple[str, str]:
    """Brought after the month was over or holding its last day, the month's file is in."""
    said = f"In up to {one.through:%b} {one.through.day}" if one.through else "No file was brought yet"
    read = one.last_success_at is not None and one.last_success_at >= at.ended_at
    if not at.is_asked or read or (one.through is not None and one.through >= at.month.last):
        return "file-in", said
    return _file_due(at, said)


def _trouble(one: Seen, at: Clock) -> str:
    """What keeps a live connection from being up to date; '' for nothing."""
    if one.last_success_at is None:
        return "Not read yet"
    is_old = one.last_success_at < at.now - timedelta(hours=queries.STALE_HOURS)
    return one.trouble or ("Not read lately" if is_old else "")


def _file_due(at: Clock, said: str) -> tuple[str, str]:
    if not at.is_asked:
        return "file-due", f"From the cut-over on {at.begins:%b} {at.begins.day}" if at.begins else said
    state = "file-overdue" if at.today > at.due else "file-due"
    return state, f"{said}; {at.month.label} due {at.due:%b} {at.due.day}"
