"""What the systems said, and what it means.

These tables grow large: their references are checked by one statement trigger an insert, not by a foreign key a row.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class SourceDocument(models.Model):
    """A raw object exactly as its system gave it, one row for each version of it that was seen.

    Guarantees: append-only; ``sha256`` is of the canonical JSON; versions of one identity count from 1; the connection is of
    the same client. ``is_deleted`` marks a tombstone. Deletion: never by the app.
    """

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    connection = models.ForeignKey(
        "integrations.Connection", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    stream = models.CharField(max_length=60)
    external_id = models.CharField(max_length=300)
    version = models.PositiveIntegerField()
    provider_version = models.CharField(max_length=100, blank=True)
    payload = models.JSONField()
    sha256 = models.BinaryField()
    fetched_at = models.DateTimeField(db_default=Now())
    is_deleted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "connection", "stream", "external_id", "version"], name="source_document_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.external_id} v{self.version}"


class Fact(models.Model):
    """A neutral record (``integrations.records``) read from a source document; the ledger works from these.

    ``kind`` is the record's class name and ``data`` its fields. ``amount_minor`` is the record's ``amount``, null where it has
    none. Guarantees: one row per document, identity and kind. Updates: ``state`` and ``reason`` only (the grant says so).
    A newer version of the document supersedes what was not booked. Deletion: never by the app.
    """

    class State(models.TextChoices):
        NEW = "new", "To be handled"
        BOOKED = "booked", "Booked"
        SKIPPED = "skipped", "Not booked, with a reason"
        EXCEPTION = "exception", "Exception"
        PROOF = "proof", "Evidence only"
        SUPERSEDED = "superseded", "Replaced by a newer version"

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    connection = models.ForeignKey(
        "integrations.Connection", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    document = models.ForeignKey(
        SourceDocument, models.DO_NOTHING, related_name="facts", db_constraint=False, db_index=False
    )
    stream = models.CharField(max_length=60)
    external_id = models.CharField(max_length=300)
    kind = models.CharField(max_length=40)
    booked_on = models.DateField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    data = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "external_id", "kind"], name="fact_once_a_document"),
            models.CheckConstraint(
                condition=models.Q(state__in=["new", "booked", "skipped", "exception", "proof", "superseded"]),
                name="fact_state",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "connection", "stream", "external_id"], name="fact_by_identity"),
            models.Index(fields=["client", "kind", "booked_on"], name="fact_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class WaitingFact(models.Model):
    """A fact that is still to be handled (``new`` or ``exception``): the short list that a run begins with.

    Kept by a trigger with every change of a state; readable and never written by the app. With the list beside them no index
    of the facts holds their state, so that a fact's state changes in place.
    """

    pk = models.CompositePrimaryKey("client_id", "fact_id")
    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    fact = models.ForeignKey(Fact, models.DO_NOTHING, related_name="to_handle", db_constraint=False, db_index=False)


class ControlTotal(models.Model):
    """What a system itself says it has for one day: how many objects and their sum in minor units. Evidence for completeness.

    ``source`` says where it was read (``count`` of a stream, a balance, a statement). A count has ``here``, the objects of that
    day that were held when it was made (``here_minor`` their sum, where the system tells one), and the ids of the ``missing``.
    Updates: a later reading replaces it.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    connection = models.ForeignKey("integrations.Connection", models.CASCADE, related_name="control_totals")
    stream = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveIntegerField(null=True)
    here = models.PositiveIntegerField(null=True)
    here_minor = models.BigIntegerField(null=True)
    missing = models.JSONField(default=list)
    total_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    source = models.CharField(max_length=60)
    read_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "connection", "stream", "day", "source", "currency"], name="control_total_once"
            ),
            models.CheckConstraint(
                condition=models.Q(count__isnull=True, here__isnull=True)
                | models.Q(count__isnull=False, here__isnull=False),
                name="control_total_counts_both",
            ),
        ]
