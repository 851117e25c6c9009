"""The queue: the table is the truth, a message only rings the bell."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class SyncJob(models.Model):
    """One piece of work of one client.

    Guarantees: one row per (client, dedupe key); a lease is counted by the database's clock; ``fence`` rises with every claim
    and every effect is committed only while it still is the claimant's. ``tries`` counts claims, ``failures`` claims that
    ended in an error or a dead worker. Updates: by ``jobs`` only. Deletion: done jobs by the nightly sweep after 35 days.
    """

    class State(models.TextChoices):
        DUE = "due", "Waiting"
        LEASED = "leased", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    connection = models.ForeignKey("integrations.Connection", models.CASCADE, null=True, related_name="jobs")
    kind = models.CharField(max_length=60)
    dedupe_key = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=6, choices=State, default=State.DUE)
    run_after = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "dedupe_key"], name="job_dedupe_key_once"),
            models.CheckConstraint(condition=models.Q(state__in=["due", "leased", "done", "failed"]), name="job_state"),
            models.CheckConstraint(
                condition=~models.Q(state="leased") | models.Q(lease_until__isnull=False), name="job_lease_has_an_end"
            ),
        ]
        indexes = [
            models.Index(fields=["run_after"], condition=models.Q(state="due"), name="job_due"),
            models.Index(fields=["client", "lease_until"], condition=models.Q(state="leased"), name="job_leased"),
            models.Index(fields=["client", "-created_at"], name="job_by_client"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
