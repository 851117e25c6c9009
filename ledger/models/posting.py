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


class Rollback(models.Model):
    """A batch of entries that was taken back at once: a day or a pull of a connection, or all that a mapping version posted.

    Guarantees: a reason; undone at most once, by a person. Updates: ``undone_by`` and ``undone_at``. Deletion: never.
    """

    class Kind(models.TextChoices):
        DAYS = "days", "Records of some days"
        PULL = "pull", "What was read on a day"
        MAPPING = "mapping", "What a mapping version posted"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    subject = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["days", "pull", "mapping"]), name="rollback_is_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="rollback_has_a_reason"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="rollback_undone_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class RollbackMember(models.Model):
    """An entry of a batch and its reversal. An entry is taken back at most once. Updates and deletion: never."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    rollback = models.ForeignKey(Rollback, models.PROTECT, related_name="members")
    entry = models.ForeignKey("ledger.JournalEntry", models.DO_NOTHING, db_constraint=False, related_name="+")
    reversal = models.ForeignKey("ledger.JournalEntry", models.DO_NOTHING, db_constraint=False, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "entry"], name="rollback_entry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rollback_id} ← {self.entry_id}"


class MovedTraits(models.Model):
    """What the records said whose sums an adjusting entry of a mapping moved: the next mapping finds the sums by it.

    Guarantees: one for an entry. Updates and deletion: never.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    entry = models.OneToOneField(
        "ledger.JournalEntry", models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="moved_traits"
    )
    channel = models.TextField(blank=True)
    location = models.TextField(blank=True)
    tender = models.TextField(blank=True)
    product = models.TextField(blank=True)
    jurisdiction = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"entry {self.entry_id}: {self.channel} {self.location} {self.tender} {self.product} {self.jurisdiction}"
