"""The exceptions inbox: what could not be booked, posted or read, until somebody settles it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class LedgerException(models.Model):
    """One thing that needs a person (or time). ``cause`` groups equals; ``identity`` keeps one row per problem.

    Guarantees: at most one open row per (client, kind, identity). Updates: amount, detail and age follow the problem;
    it resolves itself when the cause is gone. Deletion: never.
    """

    class Kind(models.TextChoices):
        UNMAPPED = "unmapped", "No account mapped"
        UNKNOWN = "unknown", "Unknown type"
        PAYLOAD = "payload", "Unreadable record"
        DUPLICATE = "duplicate", "Possible duplicate"
        OVERLAP = "overlap", "Booked by another route"
        CLOSED = "closed", "Dated in a closed month"
        HELD = "held", "Payout held until it is complete"
        REFUSED = "refused", "Refused by the accounting system"
        UNCERTAIN = "uncertain", "Posted or not, nobody answered"
        LOGIN = "login", "Login expired"
        STALE = "stale", "Not synced"
        SLOWED = "slowed", "Slowed by the provider"
        EXPIRING = "expiring", "Access ends soon"
        MISSING = "missing", "Missing here"
        MIRROR = "mirror", "Changed in the accounting system"

    class State(models.TextChoices):
        OPEN = "open"
        SNOOZED = "snoozed"
        RESOLVED = "resolved"
        IGNORED = "ignored"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    identity = models.CharField(max_length=200)
    cause = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    source = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    booked_on = models.DateField(null=True, blank=True)
    connection_id = models.BigIntegerField(null=True, blank=True)
    fact_id = models.BigIntegerField(null=True, blank=True)
    outbox_id = models.BigIntegerField(null=True, blank=True)
    entry_id = models.BigIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    assigned_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    snoozed_until = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["kind", "cause", "booked_on", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "kind", "identity"],
                condition=Q(state__in=["open", "snoozed"]),
                name="exception_one_open_per_problem",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "state", "kind"], name="exception_by_state")]

    def __str__(self) -> str:
        return self.title
