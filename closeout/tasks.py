"""Job handlers of the close; registered when the app is ready.

From a signature to a published package in steps that each commit and may each be repeated: closing date set and read back →
seal → PDF → published. A worker may die between any two; the next claim finds what is there and goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.models import Client
from clients.tenancy import client_context
from closeout import locking, notices, package, questions, seal, sentinel, workflow
from closeout.models import CloseRun, Seal, SignOff
from integrations import crashpoints, jobs, schedule
from ledger.core.period import Month
from ledger.models import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.jobs import Lease
    from integrations.models import SyncJob


class NotClosed(RuntimeError):  # noqa: N818
    """The accounting system does not report the closing date it was given."""


@jobs.handler("checks", atomic=True)
def checks(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """Run the checks named in the arguments (all if none) of a close; those of a signed month stand as they were signed."""
    close = CloseRun.objects.select_related("client").get(pk=job.arguments["close"])
    if Period.objects.filter(client=close.client, month=close.month).exclude(state="open").exists():
        return {"signed": True}
    results = workflow.run_checks(close, only=job.arguments.get("only"))
    return {"results": len(results)}


@jobs.handler("seal")
def seal_month(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Close the accounting system through the month, read it back, seal what was signed, and queue the package."""
    with client_context(job.client_id):
        row = SignOff.objects.select_related("close__client__practice", "client", "signer").get(
            pk=job.arguments["signoff"]
        )
        row.close.client = row.client
        month = Month.of(row.close.month)
        made = Seal.objects.filter(signoff=row).first()
        open_again = Period.objects.get(client=row.client, month=row.close.month).state == Period.State.OPEN
    if open_again:
        return {"reopened": True}
    if made is None:
        stands = locking.close_through(row.client, month.last)
        if stands is not None and stands < month.last:
            raise NotClosed(f"The closing date reads {stands}, not {month.last}.")
    lease.renew()
    crashpoints.reach("before-seal")
    with lease.finishing() as result:
        made = seal.make(row)
        result["code"] = made.code
        jobs.enqueue(job.client_id, "package", f"package:{made.pk}", {"seal": made.pk})
    crashpoints.reach("after-seal")
    return {}


@jobs.handler("package")
def make_package(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Set the PDF of a seal, keep it, publish it, and tell the client."""
    with client_context(job.client_id):
        row = Seal.objects.select_related("client__practice", "close", "previous").get(pk=job.arguments["seal"])
        content, pages = package.render(row)
    with lease.finishing() as result:
        made = package.publish(row, content, pages)
        row.close.client = row.client
        notices.published(row)
        result.update({"sha256": made.sha256, "pages": made.pages})
    return {}


@jobs.handler("unlock")
def unlock(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """After a reopening: the accounting system's closing date moves back to the month before, if the month still is open."""
    month = Month.parse(job.arguments["month"])
    with client_context(job.client_id):
        client = Client.objects.get(pk=job.client_id)
        is_open = Period.objects.filter(client=client, month=month.first, state=Period.State.OPEN).exists()
    if not is_open:
        return {"closed": True}
    return {"closing date": str(locking.open_after(client, month.previous.last))}


@jobs.handler("sentinel", atomic=True)
def watch(job: SyncJob, _lease: Lease) -> Mapping[str, Any]:
    """Each day: do the seals stand, did a signed month change, and which questions went unanswered past their day?"""
    client = Client.objects.get(pk=job.client_id)
    return {**sentinel.watch(client), "defaults": questions.apply_defaults(client)}


schedule.daily("sentinel", hour=4)

__all__ = ["checks", "make_package", "seal_month", "unlock", "watch"]
