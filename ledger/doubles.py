"""The nightly sweep: documents of ours that stand twice in the accounting system. A person deletes the copy; no machine does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from django.db.models.functions import Now

from clients.models import Client
from clients.tenancy import client_context
from integrations import jobs, schedule
from ledger import accounting, exceptions_inbox, outbox
from ledger.exceptions_inbox import OPEN, Problem
from ledger.models import LedgerException, OutboxItem, OutboxMember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from integrations.jobs import Lease
    from integrations.models import SyncJob
    from ledger.accounting import Accounting

KIND = "doubles"
#: A second copy shows within this time of the answer, if it ever does; older documents are the mirror's business.
LOOKED_BACK = timedelta(days=3)
#: Documents that one night looks up; those that were tried more than once come first.
MOST = 400
_SUBJECT = "double:"


def sweep(client: Client, books: Accounting, renew: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Look up what went out lately by its marker, open an exception for each double, settle those that are single again.

    Call outside a transaction. Raises RetryLater or Reconnect of the accounting system.
    """
    with client_context(client.pk):
        members = Prefetch("members", OutboxMember.objects.order_by("entry_id"))
        sent = OutboxItem.objects.filter(client=client, state=OutboxItem.State.POSTED).prefetch_related(members)
        known = LedgerException.objects.filter(
            client=client, kind="mirror", identity__startswith=_SUBJECT, state__in=OPEN
        ).values_list("identity", flat=True)
        suspected = {int(identity.removeprefix(_SUBJECT)) for identity in known}
        lately = sent.filter(answered_at__gte=Now() - LOOKED_BACK).order_by("-tries", "-answered_at")[:MOST]
        items = {item.pk: item for item in [*lately, *sent.filter(pk__in=suspected)]}
    twice = []
    for number, item in enumerate(items.values()):
        if number % outbox.RENEW_EVERY == outbox.RENEW_EVERY - 1:
            renew()
        if stands_twice(books, item):
            twice.append(item)
    single = [f"{_SUBJECT}{pk}" for pk in suspected - {item.pk for item in twice}]
    with client_context(client.pk):
        exceptions_inbox.open_problems(client.pk, [_problem(books, item) for item in twice])
        if single:
            exceptions_inbox.settle(client.pk, ["mirror"], single, resolution="It stands once again.")
    return {"looked up": len(items), "doubles": len(twice), "settled": len(single)}


def stands_twice(books: Accounting, item: OutboxItem) -> bool:
    """Whether the document's marker is found more than once. Call outside a transaction."""
    return len(books.books.find(books.api, item.type, item.marker)) > 1


def _problem(books: Accounting, item: OutboxItem) -> Problem:
    member = next(iter(item.members.all()), None)
    return Problem(
        kind="mirror",
        identity=f"{_SUBJECT}{item.pk}",
        cause="a document stands twice",
        title=f"{item.type} {item.marker} stands twice in the accounting system: delete the copy there.",
        source=str(books.connection),
        amount_minor=item.total_minor,
        booked_on=item.booked_on,
        connection_id=books.connection.pk,
        entry_id=member.entry_id if member else None,
        detail={"marker": item.marker, "type": item.type},
    )


@jobs.handler(KIND)
def look(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """The sweep of one client."""
    with client_context(job.client_id):
        client = Client.objects.get(pk=job.client_id)
        books = accounting.open_books(client)
    if books is None or not books.connection.is_live:
        return {"waiting": "no accounting system to ask"}
    return sweep(client, books, lease.renew)


schedule.daily(KIND, hour=3)
