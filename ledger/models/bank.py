"""Bank and card accounts: their lines, and how each line meets the books."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class BankFeed(models.Model):
    """A bank or card account of a connection (feed or file) and the ledger account that stands for it."""

    class Kind(models.TextChoices):
        BANK = "depository"
        CARD = "credit"
        OTHER = "other"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT)
    account_key = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    mask = models.CharField(max_length=8, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    account = models.ForeignKey("ledger.Account", models.PROTECT, null=True, blank=True, related_name="feeds")
    layout = models.JSONField(null=True, blank=True, help_text="The confirmed CSV layout of this account.")
    balance_minor = models.BigIntegerField(null=True, blank=True)
    balance_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "connection", "account_key"], name="feed_one_per_account"),
        ]

    def __str__(self) -> str:
        return self.name


class BankItem(models.Model):
    """One line the bank printed, in reconciliation. Positive is money into the account. Never affects a balance by itself."""

    class State(models.TextChoices):
        OPEN = "open"
        MATCHED = "matched"
        ASKED = "asked"
        REMOVED = "removed"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    feed = models.ForeignKey(BankFeed, models.PROTECT, related_name="items")
    fact_id = models.BigIntegerField()
    external_id = models.CharField(max_length=120)
    posted_on = models.DateField()
    amount_minor = models.BigIntegerField()
    description = models.CharField(max_length=300)
    counterparty = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)

    class Meta:
        ordering: ClassVar = ["posted_on", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "feed", "external_id"], name="bank_item_one_per_line"),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "feed", "posted_on"], name="bank_item_by_day")]

    def __str__(self) -> str:
        return f"{self.posted_on} {self.description}"


class Match(models.Model):
    """Bank lines and journal lines that are the same money. Undone matches stay, with who undid them."""

    class State(models.TextChoices):
        SUGGESTED = "suggested"
        ACCEPTED = "accepted"
        UNDONE = "undone"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    feed = models.ForeignKey(BankFeed, models.PROTECT, related_name="matches")
    state = models.CharField(max_length=9, choices=State.choices, default=State.SUGGESTED)
    method = models.CharField(max_length=20)
    reasons = models.JSONField(default=list)
    confidence_bp = models.PositiveIntegerField(help_text="Confidence in basis points, 10000 = certain.")
    plan = models.JSONField(default=dict, help_text="The entry that accepting will post, for expected money.")
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.method} {self.state}"


class MatchMember(models.Model):
    """A bank line or a journal line of a match; ``is_live`` while the match stands, so that nothing is matched twice."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    match = models.ForeignKey(Match, models.CASCADE, related_name="members")
    item = models.ForeignKey(BankItem, models.PROTECT, null=True, blank=True, related_name="members")
    entry = models.ForeignKey(
        "ledger.JournalEntry", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    line_no = models.PositiveSmallIntegerField(null=True, blank=True)
    amount_minor = models.BigIntegerField()
    is_live = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "item"], condition=Q(is_live=True), name="bank_item_matched_once"
            ),
            models.UniqueConstraint(
                fields=["client", "entry", "line_no"], condition=Q(is_live=True), name="journal_line_matched_once"
            ),
            models.CheckConstraint(
                condition=Q(item__isnull=False, entry__isnull=True) | Q(item__isnull=True, entry__isnull=False),
                name="member_is_one_side",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.match_id}"


class StatementBalance(models.Model):
    """What the bank says the account held on ``ends_on``, in a month, and where that comes from (feed, file, typed).

    While ``finished_at`` is set the database refuses another balance, and that a match of its lines be taken apart.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    feed = models.ForeignKey(BankFeed, models.PROTECT, related_name="statements")
    month = models.DateField()
    ends_on = models.DateField()
    closing_minor = models.BigIntegerField()
    source = models.CharField(max_length=10)
    read_at = models.DateTimeField(auto_now=True)
    finished_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    finished_sha256 = models.BinaryField(max_length=32, null=True, blank=True)
    told_minor = models.BigIntegerField(null=True, blank=True, help_text="Another balance told after it was finished.")
    finished_lines = models.JSONField(null=True, blank=True, help_text="What it stood on, to name what changed since.")

    class Meta:
        ordering: ClassVar = ["month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "feed", "month"], name="statement_one_per_month")
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.month:%Y-%m}"


class TimingItem(models.Model):
    """Money known to one side only at month end: what, why, when it will clear; cleared with evidence later."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=160, help_text="Identity of what is in transit.")
    label = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField()
    since = models.DateField()
    reason = models.CharField(max_length=300)
    expected_on = models.DateField()
    cleared_on = models.DateField(null=True, blank=True)
    evidence = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["since"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "kind", "subject"], name="timing_one_per_subject")
        ]

    def __str__(self) -> str:
        return self.label
