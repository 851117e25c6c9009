"""Jobs of the kill tests, for a worker to include: each leaves one visible effect, which a second run would double."""

from __future__ import annotations

import time
from typing import Any

from clients import audit
from integrations import jobs
from integrations.models import SyncJob


@jobs.handler("kill-test")
def leave_a_mark(job: SyncJob, lease: jobs.Lease) -> dict[str, Any]:
    """Work for a moment, renew, then the effect and the completion in one commit."""
    time.sleep(0.02)
    lease.renew()
    time.sleep(0.02)
    with lease.finishing() as result:
        audit.record(job.client, None, "kill-test", str(job.pk))
        time.sleep(0.02)
        result["marked"] = True
    return {}
