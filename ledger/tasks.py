"""Job handlers of the ledger; registered when the app is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations import jobs
from ledger import activating, discovering, doubles, health, refreshing, routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.jobs import Lease
    from integrations.models import SyncJob


__all__ = ["activating", "discovering", "doubles", "health", "refresh", "routes"]
#: How soon to look again while another refresh of the client runs.
BUSY_SECONDS = 3


@jobs.handler("refresh")
def refresh(job: SyncJob, lease: Lease) -> Mapping[str, Any]:
    """Bring the client's books up to date from everything that was pulled; one at a time for a client."""
    with refreshing.alone(job.client_id) as is_alone:
        if not is_alone:
            raise jobs.Again(BUSY_SECONDS)
        return refreshing.refresh(job.client_id, renew=lease.renew)
