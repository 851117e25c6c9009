"""Looking for systems that nobody inventoried, in what the bank printed and what stands in the accounting system (N9).

Once a month by itself, and when somebody asks. What was set aside stays set aside.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db.models.functions import Now

from clients import audit, discovery, onboarding
from clients.discovery import Sighting
from clients.models import Client, StackItem, StackProposal
from integrations import jobs, schedule
from integrations.models import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clients.models import User
    from integrations.jobs import Lease
    from integrations.models import SyncJob

KIND = "discover"
#: How far back is looked: a year and what an annual fee may be late.
DAYS = 400
#: Bank lines by their words, documents that others wrote by their party, and by what their note says.
SEEN = """
SELECT 'bank', btrim(concat_ws(' ', description, counterparty)), count(*),
    coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
    coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0), min(posted_on), max(posted_on)
FROM ledger_bankitem WHERE client_id = %(client)s AND posted_on >= %(since)s AND state <> 'removed' GROUP BY 2
UNION ALL
SELECT 'vendor', party, count(*), 0, coalesce(sum(abs(total_minor)), 0), min(booked_on), max(booked_on)
FROM ledger_mirrordocument
WHERE client_id = %(client)s AND booked_on >= %(since)s AND NOT is_deleted AND party <> '' AND type = ANY(%(spending)s)
GROUP BY 2
UNION ALL
SELECT 'app', left(note, 120), count(*), 0, coalesce(sum(abs(total_minor)), 0), min(booked_on), max(booked_on)
FROM ledger_mirrordocument
WHERE client_id = %(client)s AND booked_on >= %(since)s AND NOT is_deleted AND note <> '' AND outbox_id IS NULL GROUP BY 2
"""
#: Documents of the accounting system whose party is somebody who was paid.
SPENDING = ["Bill", "Purchase", "BillPayment", "VendorCredit"]


def look(client: Client, *, now: datetime | None = None) -> int:
    """Propose what is seen and not inventoried, in the client's context; how many proposals are open afterwards."""
    moment = now or datetime.now(UTC)
    chosen = set(StackItem.objects.filter(client=client, dismissed=False).values_list("system", flat=True))
    found = discovery.propose(_sightings(client, moment), known=chosen)
    StackProposal.objects.bulk_create(
        [
            StackProposal(
                client=client, system=system, evidence=[each.as_json() for each in kinds], last_seen_at=moment
            )
            for system, kinds in found.items()
        ],
        update_conflicts=True,
        unique_fields=["client", "system"],
        update_fields=["evidence", "last_seen_at"],
    )
    # What was taken and is no longer chosen was put out again by a person: that is remembered as a no.
    gone = StackProposal.objects.filter(client=client, state=StackProposal.State.ACCEPTED).exclude(system__in=chosen)
    gone.update(state=StackProposal.State.DISMISSED)
    return (
        StackProposal.objects.filter(client=client, state=StackProposal.State.OPEN).exclude(system__in=chosen).count()
    )


def _sightings(client: Client, now: datetime) -> Iterator[Sighting]:
    since = (now - timedelta(days=DAYS)).date()
    with database.cursor() as cursor:
        cursor.execute(SEEN, {"client": client.pk, "since": since, "spending": SPENDING})
        for kind, text, count, came, left, first, last in cursor.fetchall():
            yield Sighting(kind, text, count, int(came), int(left), first, last)
    for held in Connection.objects.filter(client=client).exclude(state=Connection.State.DISCONNECTED):
        day = held.created_at.date()
        yield Sighting("connection", held.provider, 1, 0, 0, day, day)


def proposals(client: Client) -> list[StackProposal]:
    """What is proposed, then what was set aside; nothing that is in the inventory by now."""
    chosen = StackItem.objects.filter(client=client, dismissed=False).values("system")
    shown = [StackProposal.State.OPEN, StackProposal.State.DISMISSED]
    found = StackProposal.objects.filter(client=client, state__in=shown).exclude(system__in=chosen)
    return list(found.select_related("decided_by").order_by("-state", "system"))


def accept(proposal: StackProposal, *, by: User) -> None:
    """Take the system into the inventory."""
    _decide(proposal, StackProposal.State.ACCEPTED, by)
    onboarding.choose(proposal.client, proposal.system, chosen=True, by=by)


def dismiss(proposal: StackProposal, *, by: User) -> None:
    """Set it aside: it is not proposed again, whatever more is seen of it."""
    _decide(proposal, StackProposal.State.DISMISSED, by)
    audit.record(proposal.client, by, "stack.set_aside", proposal.system)


def bring_back(proposal: StackProposal, *, by: User) -> None:
    """Propose again what was set aside."""
    StackProposal.objects.filter(pk=proposal.pk).update(
        state=StackProposal.State.OPEN, decided_by=None, decided_at=None
    )
    audit.record(proposal.client, by, "stack.brought_back", proposal.system)


def _decide(proposal: StackProposal, state: str, by: User) -> None:
    StackProposal.objects.filter(pk=proposal.pk).update(state=state, decided_by=by, decided_at=Now())


@jobs.handler(KIND, atomic=True)
def discover(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """The monthly look of one client."""
    return {"open": look(Client.objects.get(pk=job.client_id))}


schedule.monthly(KIND, day=2, hour=4)
