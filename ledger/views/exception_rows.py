"""How a row of the exceptions inbox looks: its words and colour, what a system's answer means, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404

from clients.models import Assignment, Membership, Role, User
from integrations import faults
from integrations.models import Connection
from integrations.registry import all_providers
from ledger import exceptions_inbox, queries
from ledger.exceptions_inbox import CLOSED_THROUGH, INACTIVE
from ledger.models import LedgerException
from ledger.templatetags.ledger import refined, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client

#: Kinds that come of a system's answer.
ANSWERED = ("login", "stale", "refused", "slowed")
#: Kinds that whoever holds the login can mend through a link.
LINKED = ("login", "expiring")
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


def systems_of(rows: Iterable[LedgerException]) -> dict[int, str]:
    """The provider of each row's connection; one query."""
    asked = {row.connection_id for row in rows if row.connection_id and row.kind in ANSWERED}
    return dict(Connection.objects.filter(pk__in=asked).values_list("pk", "provider")) if asked else {}


def plain_of(row: LedgerException, systems: dict[int, str]) -> faults.Plain | None:
    """What the system's answer means: of its code, or of the first known code in what was said."""
    if row.kind not in ANSWERED:
        return None
    provider = all_providers().get(systems.get(row.connection_id or 0, ""))
    own = provider.faults if provider else {}
    code = str(row.detail.get("code") or "")
    return faults.explain(code, own) if code else faults.explain_text(row.title, own)


def lines(found: Sequence[tuple[Client, LedgerException, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of a page: each of a client, what stands for all alike, and how many they are with what they sum up to."""
    systems = systems_of(row for _client, row, _group in found)
    made = [_line(client, row, group, systems) for client, row, group in found]
    asked = {line["company"].pk for line in made if line["takes_link"]}
    owners = _owners(asked) if asked else {}
    for line in made:
        line["owners"] = owners.get(line["company"].pk, [])
    return made


def _line(client: Client, row: LedgerException, group: Mapping[str, Any], systems: dict[int, str]) -> dict[str, Any]:
    plain = plain_of(row, systems)
    return {
        "plain": plain,
        "step": faults.STEPS[plain.step] if plain else "",
        "takes_link": bool(row.connection_id)
        and (row.kind in LINKED or (plain is not None and plain.step == "reconnect")),
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
        "inactive": bool(row.detail.get(INACTIVE)),
        "closed_through": row.detail.get(CLOSED_THROUGH, ""),
        "is_name": row.identity.startswith("party:"),
    }


def _owners(clients: Iterable[int]) -> dict[int, list[str]]:
    """The addresses of each client's own people; one query."""
    found: dict[int, list[str]] = {}
    places = Assignment.objects.filter(client__in=clients, membership__role=Role.CLIENT, membership__is_active=True)
    for client_id, email in places.order_by("pk").values_list("client_id", "membership__user__email"):
        found.setdefault(client_id, []).append(email)
    return found


def facts(row: LedgerException) -> list[tuple[str, Any, bool]]:
    """(name, value, is an amount) of what is known about an exception, without our own ids."""
    role, key = str(row.detail.get("role") or ""), str(row.detail.get("key") or "")
    shown: list[tuple[str, Any, bool]] = [("category", refined(role, key), False)] if role else []
    for name, value in row.detail.items():
        if role and name in {"role", "key"}:
            continue
        if name == "kind":
            shown.append(("kind", spoken(str(value)), False))
        elif value and name not in {"drafted", INACTIVE} and not name.endswith(("_entry", "entry_id")):
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown.append((name.removesuffix("_minor").replace("_", " "), said, name.endswith("_minor")))
    return shown


def people(me: Membership) -> list[User]:
    """Everyone of the practice who can take an exception."""
    places = Membership.objects.filter(
        practice_id=me.practice_id, is_active=True, role__in=[Role.STAFF, Role.CONTROLLER]
    )
    return [place.user for place in places.select_related("user").order_by("user__name")]


def row_or_404(client: Client, pk: int) -> LedgerException:
    row = (
        LedgerException.objects.select_related("assigned_to", "client")
        .filter(client=client, pk=pk, state__in=exceptions_inbox.OPEN)
        .first()
    )
    if row is None:
        raise Http404
    return row
