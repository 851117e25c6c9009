"""The papers behind entries: receipts that systems hold, and files people bring; each goes to the accounting system once."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q


class SupportFile(models.Model):
    """A file behind an entry, and how far it is on its way to the document that carries the entry.

    ``source_id`` is the provider's own id of a receipt, '' for a file that a person brought; ``content`` is null until it was
    fetched. States: new → sending → posted | failed. Guarantees: one row per receipt and entry, and per content and entry; the
    request id never changes. Updates: state and content. Deletion: never.
    """

    class State(models.TextChoices):
        NEW = "new", "Not in the accounting system yet"
        SENDING = "sending", "On its way"
        POSTED = "posted", "In the accounting system"
        FAILED = "failed", "Could not be attached"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    entry = models.ForeignKey(
        "ledger.JournalEntry", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="support"
    )
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100, blank=True)
    content = models.BinaryField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT, null=True, blank=True)
    source_id = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=2000, blank=True, help_text="Where the system shows it; may have run out.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    request_id = models.UUIDField(default=uuid4, unique=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.NEW)
    tries = models.PositiveSmallIntegerField(default=0)
    send_after = models.DateTimeField(db_default=models.functions.Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=60, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "entry", "source_id"], condition=~Q(source_id=""), name="support_one_per_receipt"
            ),
            models.UniqueConstraint(
                fields=["client", "entry", "sha256"], condition=Q(source_id=""), name="support_one_per_content"
            ),
            models.CheckConstraint(condition=~Q(state="posted") | ~Q(external_id=""), name="support_posted_has_an_id"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["client", "entry"], name="support_by_entry"),
            models.Index(
                fields=["client", "send_after"], condition=Q(state__in=["new", "sending"]), name="support_due"
            ),
        ]

    def __str__(self) -> str:
        return self.name
