"""Celery's entry points. A message carries a job's id and nothing else; the handlers are registered by importing this."""

from __future__ import annotations

from celery import shared_task

from integrations import jobs, schedule, work

__all__ = ["make_due", "ring", "sweep", "work"]


@shared_task(name="integrations.tasks.ring")
def ring(job_id: int) -> None:
    """Do this job if it is still to be done."""
    jobs.run(job_id)


@shared_task(name="integrations.tasks.sweep")
def sweep() -> int:
    """Ring for all that is due."""
    return jobs.sweep()


@shared_task(name="integrations.tasks.schedule")
def make_due() -> int:
    """Put today's and this hour's jobs in the queue; twice does nothing."""
    return schedule.make_due()
