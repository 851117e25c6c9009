"""How entries go out together, and batches of them that were taken back."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class PostingMode(models.Model):
    """How the rows of one stream are gathered into documents, from a day on.

    Guarantees (by the database): the day lies in a month that is not closed when the choice is made. What went out before
    stays as it went. Updates and deletion: never; of two choices for one day the later made counts.
    """

    class Mode(models.TextChoices):
        EVENT = "event", "One document for each record"
        DAY = "day", "One document a day for each channel"
        PAYOUT = "payout", "One document a payout, equal to the deposit"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT, related_name="+")
    stream = models.CharField(max_length=60)
    mode = models.CharField(max_length=6, choices=Mode.choices)
    effective_from = models.DateField()
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["effective_from", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(mode__in=["event", "day", "payout"]), name="posting_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.mode} from {self.effective_from}"
