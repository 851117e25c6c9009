"""What arrives without being fetched: notices of providers, and files of people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class WebhookEvent(models.Model):
    """A verified notice, once. It is a hint: the state is fetched afterwards.

    Guarantees: one row per (provider, event id). An account nobody holds leaves client and connection null (quarantine).
    Updates: ``handled_at`` once. Deletion: after 400 days.
    """

    provider = models.CharField(max_length=60)
    event_id = models.CharField(max_length=200)
    account_id = models.CharField(max_length=200, blank=True)
    client = models.ForeignKey("clients.Client", models.PROTECT, null=True, related_name="+")
    connection = models.ForeignKey("integrations.Connection", models.CASCADE, null=True, related_name="+")
    streams = models.JSONField(default=list)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once")]
        indexes = [models.Index(fields=["received_at"], name="webhook_received")]


class FileImport(models.Model):
    """A file somebody brought: shown first, stored as lines only once confirmed.

    ``mapping`` is the CSV layout in use, ``summary`` what the file holds. Guarantees: the content never changes and is
    confirmed at most once. Deletion: never.
    """

    class State(models.TextChoices):
        PREVIEW = "preview", "To be confirmed"
        CONFIRMED = "confirmed", "Confirmed"
        DISCARDED = "discarded", "Discarded"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    connection = models.ForeignKey("integrations.Connection", models.CASCADE, null=True, related_name="files")
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    format = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.PREVIEW)
    mapping = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["preview", "confirmed", "discarded"]), name="file_import_state"
            ),
        ]
        indexes = [models.Index(fields=["client", "-created_at"], name="file_import_by_client")]
