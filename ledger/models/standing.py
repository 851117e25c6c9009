"""How balance-sheet accounts are looked after: who, by when, how near; typed balances; rules for bank lines; pairs of clients."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ReconciliationDuty(models.Model):
    """Who reconciles a balance-sheet account, how many days after the month's end, and how near is near enough.

    ``tolerance_minor``: a difference up to it (minor units, either way) passes and is named. Deletion: never.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="duties")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    due_days = models.PositiveSmallIntegerField(null=True, blank=True)
    tolerance_minor = models.BigIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "account"], name="duty_one_per_account"),
            models.CheckConstraint(condition=Q(tolerance_minor__gte=0), name="duty_tolerance_not_negative"),
            models.CheckConstraint(condition=Q(due_days__isnull=True) | Q(due_days__lte=90), name="duty_due_soon"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} by {self.owner_id}"


class StatedBalance(models.Model):
    """What a statement, count or confirmation says of an account without a feed, typed by a person with what proves it.

    ``amount_minor`` is on the account's usual side. ``ends_on`` lies in the month; what was booked after it is rolled forward.
    Updates: typed again. Deletion: never.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="stated")
    month = models.DateField(help_text="The month's first day.")
    ends_on = models.DateField()
    amount_minor = models.BigIntegerField()
    support = models.CharField(max_length=300)
    typed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    typed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "account", "month"], name="stated_one_per_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="stated_month_starts_on_the_first"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("month"), ends_on__year=F("month__year"), ends_on__month=F("month__month")),
                name="stated_within_its_month",
            ),
            models.CheckConstraint(condition=~Q(support=""), name="stated_has_support"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"


class BankRule(models.Model):
    """What bank lines of certain words mean: an account and a party. Offered with each line, or booked by itself.

    Guarantees: an automatic rule was approved by somebody who did not make it. A rule that is changed must be approved again.
    Deletion: never; ``is_active`` ends it.
    """

    class Direction(models.TextChoices):
        EITHER = "either", "In or out"
        IN = "in", "Money in"
        OUT = "out", "Money out"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    words = models.CharField(max_length=120, help_text="What the bank's description must contain.")
    direction = models.CharField(max_length=6, choices=Direction.choices, default=Direction.EITHER)
    least_minor = models.BigIntegerField(null=True, blank=True, help_text="Smallest amount, without its sign.")
    most_minor = models.BigIntegerField(null=True, blank=True, help_text="Largest amount, without its sign.")
    feed = models.ForeignKey("ledger.BankFeed", models.PROTECT, null=True, blank=True, related_name="+")
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    party = models.CharField(max_length=120, blank=True)
    role = models.CharField(
        max_length=60, blank=True, db_default="", default="", help_text="What the other side is; '' by its account."
    )
    is_automatic = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["words", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(words=""), name="bank_rule_has_words"),
            models.CheckConstraint(
                condition=Q(least_minor__isnull=True)
                | Q(most_minor__isnull=True)
                | Q(most_minor__gte=F("least_minor")),
                name="bank_rule_least_to_most",
            ),
            models.CheckConstraint(
                condition=Q(is_automatic=False) | Q(approved_by__isnull=False), name="bank_rule_automatic_is_approved"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("made_by")),
                name="bank_rule_approver_is_not_its_maker",
            ),
        ]

    def __str__(self) -> str:
        return f"“{self.words}”"


class IntercompanyPair(models.Model):
    """An account of this client that mirrors one of another client of the practice: what one is due, the other owes.

    Each pair is written twice, once from either side, so that each client sees its own row. Deletion: allowed.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="intercompany")
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    partner = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    partner_account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "account"], name="intercompany_one_per_account"),
            models.CheckConstraint(condition=~Q(client=F("partner")), name="intercompany_two_clients"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ↔ {self.partner_account_id}"


class FiledReturn(models.Model):
    """A payroll return as it was filed, typed from its copy: its lines (or boxes) in minor units. ``quarter`` is 0 for a year.

    Updates: typed again (an amended return). Deletion: never.
    """

    class Form(models.TextChoices):
        F941 = "941", "Form 941"
        F940 = "940", "Form 940"
        W3 = "W-3", "Form W-3"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    form = models.CharField(max_length=4, choices=Form.choices)
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField(default=0)
    lines = models.JSONField(default=dict)
    filed_on = models.DateField()
    typed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    typed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "form", "year", "quarter"], name="return_filed_once"),
            models.CheckConstraint(
                condition=Q(form="941", quarter__range=(1, 4)) | Q(form__in=["940", "W-3"], quarter=0),
                name="return_of_its_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form} {self.year}" + (f" Q{self.quarter}" if self.quarter else "")
