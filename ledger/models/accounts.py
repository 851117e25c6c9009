"""The chart of accounts, its months, and the mapping of roles to accounts."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from ledger.core.placing import Case, Rule


class Account(models.Model):
    """One account of a client's chart.

    Guarantees: belongs to one client for ever; at most one account per id of the accounting system.
    Updates: name, number, activity follow the accounting system. Deletion: never (protected by its lines).
    """

    class Type(models.TextChoices):
        ASSET = "asset"
        LIABILITY = "liability"
        EQUITY = "equity"
        INCOME = "income"
        EXPENSE = "expense"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="accounts")
    external_id = models.CharField(max_length=40, blank=True, help_text="The accounting system's own id.")
    number = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=9, choices=Type.choices)
    group = models.CharField(max_length=24, blank=True, help_text="Its place within the type (integrations.records).")
    subtype = models.CharField(max_length=60, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    is_active = models.BooleanField(default=True)
    version = models.CharField(max_length=20, blank=True)
    currency = models.CharField(
        max_length=3, blank=True, db_default="", default="", help_text="What it is kept in; '' for the home currency."
    )

    class Meta:
        ordering: ClassVar = ["type", "number", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "external_id"], condition=~Q(external_id=""), name="account_one_per_external_id"
            ),
            models.UniqueConstraint(fields=["client", "id"], name="account_client_id"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()

    @property
    def debit_is_positive(self) -> bool:
        return self.type in {self.Type.ASSET, self.Type.EXPENSE}


class Period(models.Model):
    """One month of one client.

    Guarantees: an entry is refused unless its month is ``open`` at that instant (read FOR SHARE by the trigger); a month
    moves open → locked → sealed, and back only by reopening, which leaves its mark. Deletion: never.
    """

    class State(models.TextChoices):
        OPEN = "open"
        LOCKED = "locked"
        SEALED = "sealed"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="periods")
    month = models.DateField(help_text="The month's first day.")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "month"], name="period_one_per_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="period_starts_on_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class MappingVersion(models.Model):
    """A set of rules: which account each role means.

    Guarantees: an approved version never changes (triggers refuse it, for its rules too); at most one draft; every line
    remembers the version it used. A change of a draft's rules takes its test away. ``locked_months`` is what becomes of
    entries in months that are closed already: they stay, or an adjusting entry in the first open month moves their sums.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        RETIRED = "retired"

    class LockedMonths(models.TextChoices):
        STAY = "stay", "Stay as they were signed"
        ADJUST = "adjust", "Get an adjusting entry in the first open month"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="mapping_versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    effective_from = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    locked_months = models.CharField(
        max_length=6, choices=LockedMonths.choices, default=LockedMonths.STAY, db_default="stay"
    )
    tested_month = models.DateField(null=True, blank=True, help_text="The past month the draft was tried on last.")
    tested_at = models.DateTimeField(null=True, blank=True)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    prepared_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True, help_text="When what was posted before had followed it.")

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "number"], name="mapping_version_number"),
            models.UniqueConstraint(fields=["client"], condition=Q(state="draft"), name="mapping_one_draft"),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False), name="mapping_approved_by_someone"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(prepared_by__isnull=True)
                | ~Q(approved_by=models.F("prepared_by")),
                name="mapping_approver_is_not_preparer",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class Rules(models.Manager["MappingRule"]):
    """The rules that count."""

    def get_queryset(self) -> models.QuerySet[MappingRule]:
        return super().get_queryset().filter(words="")


class MappingRule(models.Model):
    """Lines of ``role``, as far as the named conditions tell, go to ``account`` with these tags; blanks match all.

    Guarantees: one rule per case in a version; rules of an approved version never change (a trigger refuses it). Versions
    from before bank rules also hold what bank lines' ``words`` meant; those rows stay as they were signed (``every``), a bank
    rule took their place, and no new one is taken.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    version = models.ForeignKey(MappingVersion, models.CASCADE, related_name="rules")
    role = models.CharField(max_length=60)
    key = models.CharField(max_length=120, blank=True)
    party = models.CharField(max_length=120, blank=True, db_default="")
    product = models.CharField(max_length=120, blank=True, db_default="", default="")
    jurisdiction = models.CharField(max_length=120, blank=True, db_default="", default="")
    tender = models.CharField(max_length=120, blank=True, db_default="")
    department = models.CharField(max_length=120, blank=True)
    location = models.CharField(max_length=120, blank=True, db_default="")
    channel = models.CharField(max_length=120, blank=True, db_default="")
    provider = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=120, blank=True, editable=False, db_default="", default="")
    account = models.ForeignKey(Account, models.PROTECT)
    to_class = models.CharField(max_length=120, blank=True, db_default="")
    to_department = models.CharField(max_length=120, blank=True, db_default="")
    to_party = models.CharField(max_length=120, blank=True, db_default="")
    reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar = Rules()
    every: ClassVar = models.Manager()

    class Meta:
        ordering: ClassVar = ["role", "key", "provider"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "version", "role", "key", "party", "product", "jurisdiction", "tender", "department", "location", "channel",
                    "provider", "words",
                ],
                name="mapping_one_rule_per_case",
            ),
            models.CheckConstraint(condition=Q(words=""), name="mapping_rule_asks_no_words"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return " · ".join(filter(None, self.case))

    @property
    def case(self) -> Case:
        return Case(*(getattr(self, name) for name in Case._fields))

    @property
    def as_rule(self) -> Rule:
        """The rule as the core looks it up."""
        return Rule(self.case, self.account_id, self.to_class, self.to_department, self.to_party, self.pk or 0)


class MappingTemplate(models.Model):
    """Rules that a practice puts into the mappings of many clients; each client may say otherwise for itself.

    ``rules`` is [{column of a rule: value, …, "account": its number and name}, …]: an account is found in each client's own
    chart. Updates: as a whole. Deletion: yes; what was put into a client's mapping stays there.
    """

    practice = models.ForeignKey("clients.Practice", models.PROTECT, related_name="mapping_templates")
    name = models.CharField(max_length=80)
    rules = models.JSONField(default=list)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["practice", "name"], name="mapping_template_name")]

    def __str__(self) -> str:
        return self.name
