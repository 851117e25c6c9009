"""Figures that people typed, with their evidence, until a second person has verified them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class ManualFigure(models.Model):
    """What one form said (``integrations.byhand``): minor units of ``currency``, of the client's date ``booked_on``.

    Guarantees: what was typed never changes (the grant says so); who entered it does not verify it; a decision has its
    person and moment, a rejection its reason; versions of one ``identity`` count from 1, one of them waits at most and one is
    verified at most. A correction is a new version, and the old one counts until the new one is verified. Deletion: never.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "To be verified"
        VERIFIED = "verified", "Verified"
        REJECTED = "rejected", "Rejected"
        REPLACED = "replaced", "Replaced"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    system = models.SlugField(max_length=60)
    form = models.SlugField(max_length=30)
    account = models.CharField(max_length=60)
    identity = models.CharField(max_length=150)
    version = models.PositiveIntegerField(default=1)
    booked_on = models.DateField()
    currency = models.CharField(max_length=3)
    values = models.JSONField()
    evidence_name = models.CharField(max_length=200)
    evidence = models.BinaryField()
    evidence_sha256 = models.CharField(max_length=64)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "verified", "rejected", "replaced"]), name="figure_state"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("entered_by")), name="figure_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="replaced")
                | Q(state__in=["verified", "rejected"], decided_by__isnull=False, decided_at__isnull=False),
                name="figure_decision_has_its_person",
            ),
            models.CheckConstraint(condition=~Q(state="rejected") | ~Q(reason=""), name="figure_rejection_says_why"),
            models.UniqueConstraint(fields=["client", "system", "identity", "version"], name="figure_version_once"),
            models.UniqueConstraint(
                fields=["client", "system", "identity"], condition=Q(state="waiting"), name="figure_one_waits"
            ),
            models.UniqueConstraint(
                fields=["client", "system", "identity"], condition=Q(state="verified"), name="figure_one_counts"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "system", "-booked_on"], name="figure_by_system")]

    def __str__(self) -> str:
        return f"{self.system} {self.account} {self.booked_on}"
