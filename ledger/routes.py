"""By which route does a system's money reach the books? Asked of each system before its first entry is made, and every month again.

Whatever stands in the accounting system and was not written from here may speak: documents whose note says that another route
brought them, lines on a balance-sheet account that bears the system's name, documents equal to its own records by number or by
party, amount and day. Where enough of them speak, nothing of the system is booked until a person says which route books; the
other one only proves. What was there when somebody answered is remembered: only what came since is asked about.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Max

from clients import audit
from clients.models import Client
from integrations import connecting, jobs, schedule
from integrations.models import Connection, StreamState
from integrations.registry import all_providers
from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import Account, JournalLine, MirrorDocument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clients.models import User
    from integrations.jobs import Lease
    from integrations.models import SyncJob
    from integrations.provider import Provider

#: Where a connection's settings keep the answer: {"books": whether Tieout books it, "after": the newest document that was there
#: then, "doubt": what has spoken against it since, as ``OtherRoute``'s fields}.
ANSWER = "route"
KIND = "routes"
#: So many documents speak loud enough, and of records found by identity so large a share (in percent).
ENOUGH = 3
SHARE_PERCENT = 50
EXAMPLES = 5
#: The accounting system is where the routes meet, and bank lines are matched one by one.
NEVER_ASKED = frozenset({"accounting", "bank"})
#: Accounts that hold money for or from a system; an expense account of its name only says that it was bought from.
HOLDING = ("asset", "liability")
#: What a document says of itself that another route brought.
_BROUGHT = r"synced|imported|exported|published|posted|created|pushed|summary|payout|settlement|journal"
EQUALS = """
SELECT count(*), count(m.external_id),
       (array_agg(m.external_id ORDER BY f.id) FILTER (WHERE m.external_id IS NOT NULL))[:%(examples)s]
FROM (
    SELECT id, client_id, booked_on, abs(amount_minor) AS amount, data->>'number' AS number,
           lower(coalesce(data->>'vendor', data->>'merchant', data->>'customer', data->>'employee', '')) AS party
    FROM integrations_fact
    WHERE client_id = %(client)s AND connection_id = %(connection)s AND state = ANY(%(states)s)
      AND amount_minor <> 0 AND booked_on >= %(since)s
      AND coalesce(data->>'number', data->>'vendor', data->>'merchant', data->>'customer', data->>'employee', '') <> ''
    ORDER BY id DESC LIMIT 300
) f
LEFT JOIN LATERAL (
    SELECT external_id FROM ledger_mirrordocument
    WHERE client_id = f.client_id AND id > %(after)s AND outbox_id IS NULL AND NOT is_deleted AND total_minor = f.amount
      AND booked_on BETWEEN f.booked_on - 3 AND f.booked_on + 3
      AND (number <> '' AND number = f.number OR party <> '' AND lower(party) = f.party)
    LIMIT 1
) m ON true
"""


@dataclass(frozen=True, slots=True)
class OtherRoute:
    """What says that somebody else books a system already: ``reason`` in words, how many documents, some of them."""

    reason: str
    count: int
    examples: tuple[str, ...]


class Gate:
    """Whether a client's systems may be booked; each is looked at once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._found: dict[int, Problem | None] = {}
        self._free: set[int] = set()

    def held_back(self, connection: Connection) -> Problem | None:
        """The question that a person has to answer first; None where the system is booked from here."""
        if connection.pk not in self._found:
            if ANSWER in connection.settings:
                other = doubt(connection)
            elif (other := find(self.client, connection)) is None:
                self._free.add(connection.pk)
            self._found[connection.pk] = _problem(connection, other) if other is not None else None
        return self._found[connection.pk]

    def remember(self) -> None:
        """Systems that nothing spoke against are not looked at again: from now on their entries are ours."""
        for pk in sorted(self._free):
            _keep(pk, _answer(self.client.pk, books=True))


def _problem(connection: Connection, other: OtherRoute) -> Problem:
    """One for each system, whatever the number of its records that wait."""
    return Problem(
        kind="overlap",
        identity=f"route:{connection.provider}:{connection.account_id}",
        cause="another route books it",
        title=f"{other.reason}. Nothing is booked from here until somebody says which route books.",
        source=str(connection),
        connection_id=connection.pk,
        detail={"route": connection.pk, "documents": list(other.examples), "count": other.count},
    )


def doubt(connection: Connection) -> OtherRoute | None:
    """What has spoken for another route since somebody answered, and nobody has answered yet."""
    kept = connection.settings.get(ANSWER, {}).get("doubt")
    return OtherRoute(kept["reason"], kept["count"], tuple(kept["examples"])) if kept else None


def look(client: Client) -> int:
    """Every system that is booked from here once more, for what came since; how many are asked about. In its context."""
    found = []
    for connection in Connection.objects.filter(client=client, state=Connection.State.LIVE).order_by("pk"):
        kept = connection.settings.get(ANSWER, {})
        if not kept.get("books") or kept.get("doubt"):
            continue
        other = find(client, connection, after=kept.get("after", 0), states=("new", "exception", "booked"))
        if other is not None:
            _keep(connection.pk, kept | {"doubt": asdict(other)})
            found.append(_problem(connection, other))
    exceptions_inbox.open_problems(client.pk, found)
    return len(found)


def find(
    client: Client, connection: Connection, *, after: int = 0, states: tuple[str, ...] = ("new", "exception")
) -> OtherRoute | None:
    """The loudest sign that another route books this system since the cut-over, among documents that came after this one."""
    provider = all_providers().get(connection.provider)
    if provider is None or provider.category in NEVER_ASKED:
        return None  # figures given by hand have no other route
    return next((route for route in _signs(client, connection, provider, after, states) if route is not None), None)


def _signs(
    client: Client, connection: Connection, provider: Provider, after: int, states: tuple[str, ...]
) -> Iterator[OtherRoute | None]:
    since = connection.cut_over_on or client.cut_over_on
    foreign = MirrorDocument.objects.filter(client=client, outbox__isnull=True, is_deleted=False, pk__gt=after)
    if since is not None:
        foreign = foreign.filter(booked_on__gte=since)
    name = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in names(provider))})\b")
    brought = re.compile(_BROUGHT, re.IGNORECASE)
    said = [
        document.external_id
        for document in foreign.exclude(note="").only("external_id", "note").order_by("booked_on", "pk")
        if name.search(document.note) and brought.search(document.note)
    ]
    yield _loud(f"{len(said)} documents there say that they come from {provider.name}", said)
    accounts = [
        account.pk
        for account in Account.objects.filter(client=client, type__in=HOLDING).only("pk", "name")
        if name.search(account.name)
    ]
    lines = JournalLine.objects.filter(client=client, account__in=accounts, entry__origin="ledger")
    if since is not None:
        lines = lines.filter(booked_on__gte=since)
    entries = lines.filter(entry__reverses__isnull=True, entry__reversals__isnull=True).values("entry")
    held = list(foreign.filter(entry__in=entries).order_by("booked_on", "pk").values_list("external_id", flat=True))
    yield _loud(f"{len(held)} documents there stand on the account that bears the name of {provider.name}", held)
    with database.cursor() as cursor:
        asked: dict[str, Any] = {"client": client.pk, "connection": connection.pk, "examples": EXAMPLES, "after": after}
        cursor.execute(EQUALS, asked | {"since": since or "-infinity", "states": list(states)})
        looked, equal, examples = cursor.fetchone()
    if equal * 100 >= looked * SHARE_PERCENT:
        yield _loud(f"{equal} of {looked} records stand there already, with the same amount", examples or [], equal)


def names(provider: Provider) -> set[str]:
    """How a document names a system: by its name, or as banks print it. As written: ``BILL`` is a system, a bill is none.

    A first word that names the accounting system as well tells nothing.
    """
    ledgers = {other.name.split()[0] for other in all_providers().values() if other.category == "accounting"}
    return {provider.name, *({provider.name.split()[0]} - ledgers), *provider.descriptors}


def _loud(reason: str, documents: list[str], count: int | None = None) -> OtherRoute | None:
    count = len(documents) if count is None else count
    return OtherRoute(reason, count, tuple(documents[:EXAMPLES])) if count >= ENOUGH else None


@transaction.atomic
def answer(connection: Connection, *, books: bool, by: User) -> None:
    """A person says which route books: Tieout, or the other one, so that every stream of the system only proves."""
    if not books:
        for state in StreamState.objects.filter(connection=connection, duty=StreamState.Duty.BOOK):
            connecting.set_duty(connection, state.stream, StreamState.Duty.PROVE, actor=by)
    _keep(connection.pk, _answer(connection.client_id, books=books))
    subject = f"{connection.provider} {connection.account_id}"
    audit.record(
        connection.client, by, "connection.route", subject, {"books": "tieout" if books else "the other route"}
    )


def _answer(client_id: int, *, books: bool) -> dict[str, Any]:
    newest = MirrorDocument.objects.filter(client_id=client_id).aggregate(pk=Max("pk"))["pk"]
    return {"books": books, "after": newest or 0}


def _keep(pk: int, answer: dict[str, Any]) -> None:
    connection = Connection.objects.select_for_update(of=("self",)).get(pk=pk)
    connection.settings[ANSWER] = answer
    connection.save(update_fields=["settings"])


@jobs.handler(KIND, atomic=True)
def ask_again(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """The monthly look at one client's systems."""
    return {"asked": look(Client.objects.get(pk=job.client_id))}


schedule.monthly(KIND, day=3, hour=4)
