"""Entries by hand that come again: what they say, when, and what came of each date."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class EntryTemplate(models.Model):
    """An entry that comes again. Guarantees: its lines balance. Updates: by a preparer. Deletion: never; ``is_active`` ends it."""

    class Every(models.TextChoices):
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    name = models.CharField(max_length=160)
    memo = models.CharField(max_length=500)
    reason = models.CharField(max_length=500)
    every = models.CharField(max_length=7, choices=Every.choices)
    first_on = models.DateField(help_text="The day of the first one; the others fall on the same day of their month.")
    last_on = models.DateField(null=True, blank=True)
    reverses = models.BooleanField(default=False, help_text="Each is taken back on the first of the next month.")
    posts_itself = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(last_on__isnull=True) | Q(last_on__gte=models.F("first_on")), name="template_dates_hold"
            ),
            models.CheckConstraint(condition=Q(every__in=["month", "quarter", "year"]), name="template_comes_again"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateLine(models.Model):
    """One line of it; debit or credit, as a journal line is."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    template = models.ForeignKey(EntryTemplate, models.CASCADE, related_name="lines")
    no = models.PositiveSmallIntegerField()
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    memo = models.CharField(max_length=300, blank=True)
    department = models.CharField(max_length=120, blank=True)
    klass = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering: ClassVar = ["no"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "template", "no"], name="template_line_numbered_once"),
            models.CheckConstraint(
                condition=(Q(debit_minor__gt=0) & Q(credit_minor=0)) | (Q(credit_minor__gt=0) & Q(debit_minor=0)),
                name="template_line_one_side_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id}/{self.no}"


class TemplateDate(models.Model):
    """One date of a template and what came of it. Guarantees: one row per template and day, so none is posted twice."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        POSTED = "posted", "Posted"
        SKIPPED = "skipped", "Left out"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    template = models.ForeignKey(EntryTemplate, models.PROTECT, related_name="dates")
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    entry = models.ForeignKey(
        "ledger.JournalEntry", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["due_on", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "template", "due_on"], name="template_date_once"),
            models.CheckConstraint(
                condition=Q(state="posted", entry__isnull=False) | ~Q(state="posted") & Q(entry__isnull=True),
                name="template_date_posted_has_an_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_on} {self.state}"
