"""What people decided about names of vendors and customers that look alike."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class NameDecision(models.Model):
    """Two names of one kind: one and the same (``kept`` says under which), or two (``kept`` is '').

    Guarantees: one decision per pair; ``first`` sorts before ``second``; ``kept`` is one of them. Updates: never; a decision
    taken back is deleted, the audit trail keeps it.
    """

    class Kind(models.TextChoices):
        VENDOR = "Vendor"
        CUSTOMER = "Customer"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    first = models.CharField(max_length=200, db_collation="C")
    second = models.CharField(max_length=200, db_collation="C")
    kept = models.CharField(max_length=200, blank=True, db_collation="C")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["kind", "first", "second"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "kind", "first", "second"], name="name_decided_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="name_pair_in_order"),
            models.CheckConstraint(
                condition=Q(kept="") | Q(kept=F("first")) | Q(kept=F("second")), name="name_kept_is_one_of_them"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} = {self.second}" if self.kept else f"{self.first} ≠ {self.second}"

    @property
    def other(self) -> str:
        """The name that is not used any more."""
        return self.second if self.kept == self.first else self.first
