"""Making an account or name active again in the accounting system, because a document that waits names it.

A person asks for it from the inbox; a job does it there, and whatever was refused for its sake goes out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from clients import audit
from clients.models import Client, User
from clients.tenancy import client_context
from integrations import jobs, schedule
from integrations.errors import NotSupported, Refused
from integrations.models import SyncJob
from ledger import accounting, exceptions_inbox, outbox
from ledger.exceptions_inbox import INACTIVE
from ledger.models import LedgerException, OutboxItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.jobs import Lease

JOB = "activate"


class NothingInactive(ValueError):  # noqa: N818
    """The exception is not about something inactive; nothing was asked for."""


def ask(row: LedgerException, *, by: User) -> str:
    """Queue what makes active all that the exception's document needs; gives what is said. Raises NothingInactive."""
    if not row.detail.get(INACTIVE):
        raise NothingInactive("Nothing that this needs is inactive.")
    waiting = SyncJob.objects.filter(client=row.client, kind=JOB, state=SyncJob.State.DUE, arguments__row=row.pk)
    if not waiting.exists():
        arguments = {"row": row.pk, "by": by.pk}
        jobs.enqueue(row.client_id, JOB, f"{JOB}:{uuid4()}", arguments, connection_id=row.connection_id)
    return "Being made active in the accounting system. What waits for it goes out again."


@jobs.handler(JOB)
def activate(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Make active what one exception names, then send again everything refused for its sake.

    What the accounting system has against it is said in the row. Raises RetryLater, Reconnect.
    """
    with client_context(job.client_id):
        client = Client.objects.get(pk=job.client_id)
        by = User.objects.get(pk=job.arguments["by"])
        row = LedgerException.objects.get(client=client, pk=job.arguments["row"])
        books = accounting.open_books(client)
    if books is None or row.state not in exceptions_inbox.OPEN:
        return {"active": 0}
    names, problem = [], ""
    for external_id in row.detail[INACTIVE]:
        request = str(uuid5(NAMESPACE_URL, f"{books.connection.pk}|{job.dedupe_key}|{external_id}"))
        try:
            names.append(books.books.activate(books.api, external_id, request_id=request))
        except (Refused, NotSupported) as refusal:
            problem = f"Could not be made active: {refusal}."
    with lease.finishing() as done:
        done["active"] = len(names)
        if names:
            audit.record(client, by, "ledger.activated", ", ".join(names), {"for": row.title})
            _send_again(client, row.detail[INACTIVE])
            schedule.soon(books.connection, reason="activated")
        if problem:
            LedgerException.objects.filter(pk=row.pk).update(title=problem[:300])
    return {}


def _send_again(client: Client, ids: list[str]) -> None:
    """Every document refused for one of these, and the names and items that are made before the next sending."""
    rows = LedgerException.objects.filter(
        client=client, kind="refused", outbox_id__isnull=False, state__in=exceptions_inbox.OPEN
    )
    waiting = {row.outbox_id or 0 for row in rows if set(ids) & set(row.detail.get(INACTIVE, []))}
    for item in OutboxItem.objects.filter(client=client, pk__in=waiting):
        outbox.retry(item)
    jobs.wake(client.pk, "refresh", mended=True)
