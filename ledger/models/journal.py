"""The journal. Only ``ledger.posting`` writes it; the database refuses what is not an entry (see migrations/sql)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from ledger.core.entry import Foreign


class JournalEntry(models.Model):
    """One balanced entry.

    Guarantees (by the database): two lines at least, debits = credits to the unit, all lines written with it in one
    statement, its month open at that instant, one live entry per (source_key, purpose), at most one reversal.
    Updates and deletion: never; a correction is a reversal with a reason and a new entry with the next revision.
    """

    class Origin(models.TextChoices):
        SOURCE = "source"  # made here from a provider's fact
        LEDGER = "ledger"  # made in the accounting system, mirrored
        MANUAL = "manual"  # made here by a person

    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="entries"
    )
    booked_on = models.DateField()
    origin = models.CharField(max_length=6, choices=Origin.choices)
    # Compared byte by byte: an identity has no alphabet, its index is cheaper so, and serves prefixes too.
    source_key = models.CharField(max_length=200, db_collation="C")
    purpose = models.CharField(max_length=40, db_collation="C")
    revision = models.PositiveSmallIntegerField(default=0)
    line_count = models.PositiveSmallIntegerField()
    memo = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    reverses = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False, related_name="reversals"
    )
    fact_id = models.BigIntegerField(null=True, blank=True, help_text="The fact this entry books.")
    mapping_version_id = models.BigIntegerField(null=True, blank=True)
    content_sha256 = models.BinaryField(max_length=32)
    posted_at = models.DateTimeField(db_default=models.functions.Now())
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    class Meta:
        ordering: ClassVar = ["-booked_on", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["client", "booked_on", "id"], name="entry_by_day"),
            models.Index(fields=["client", "fact_id"], condition=Q(fact_id__isnull=False), name="entry_by_fact"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "source_key", "purpose", "revision"], name="entry_one_per_source_and_purpose"
            ),
            models.UniqueConstraint(
                fields=["client", "reverses"], condition=Q(reverses__isnull=False), name="entry_reversed_at_most_once"
            ),
            models.CheckConstraint(condition=Q(line_count__gte=2), name="entry_has_two_lines"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | ~Q(reason=""), name="entry_reversal_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.purpose} {self.memo}"


class JournalLine(models.Model):
    """One line: debits or credits one account, in minor units of the home currency; exactly one side is positive.

    A foreign amount keeps its own minor units, currency and rate (home per foreign, in millionths).
    """

    pk = models.CompositePrimaryKey("entry_id", "no")
    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    entry = models.ForeignKey(
        JournalEntry, models.DO_NOTHING, db_constraint=False, related_name="lines", db_index=False
    )
    no = models.PositiveSmallIntegerField()
    account = models.ForeignKey(
        "ledger.Account", models.DO_NOTHING, db_constraint=False, related_name="lines", db_index=False
    )
    booked_on = models.DateField()
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    role = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=120, blank=True)
    memo = models.CharField(max_length=300, blank=True)
    party = models.CharField(max_length=120, blank=True)
    department = models.CharField(max_length=120, blank=True)
    klass = models.CharField(max_length=120, blank=True, db_default="", help_text="The accounting system's class.")
    foreign_minor = models.BigIntegerField(null=True, blank=True)
    foreign_currency = models.CharField(max_length=3, blank=True)
    rate_millionths = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["entry_id", "no"]
        indexes: ClassVar = [
            models.Index(
                fields=["client", "account", "booked_on"],
                include=["debit_minor", "credit_minor", "entry"],
                name="line_by_account",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(debit_minor__gt=0) & Q(credit_minor=0)) | (Q(credit_minor__gt=0) & Q(debit_minor=0)),
                name="line_one_side_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.no}"

    @property
    def net_minor(self) -> int:
        """Debit − credit."""
        return self.debit_minor - self.credit_minor

    @property
    def foreign_amount(self) -> Foreign | None:
        """What the line was in its own currency; None for a line of the home currency."""
        if self.foreign_minor is None:
            return None
        return Foreign(self.foreign_minor, self.foreign_currency, self.rate_millionths or 0)


class MonthlyBalance(models.Model):
    """Debits and credits of one account in one month; moved by the journal's trigger, readable and never written by the app."""

    pk = models.CompositePrimaryKey("client_id", "account_id", "month")
    client = models.ForeignKey(
        "clients.Client", models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        "ledger.Account", models.DO_NOTHING, db_constraint=False, related_name="balances", db_index=False
    )
    month = models.DateField()
    debit_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["month"]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"


class EntryApproval(models.Model):
    """A second person stands behind an entry made by hand; ``support`` says what proves it. Updates and deletion: never."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    entry = models.ForeignKey(JournalEntry, models.DO_NOTHING, db_constraint=False, related_name="approvals")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)
    support = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "entry"], name="entry_approved_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} by {self.approved_by_id}"
