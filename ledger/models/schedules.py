"""Schedules: prepaids, fixed assets, loans, deferred revenue and accruals, each with the table of what it books."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from ledger.core.schedules import KINDS, METHODS
from ledger.core.schedules.terms import CONVENTIONS


class Schedule(models.Model):
    """An amount that the books carry and take down month by month, by terms (see ``ledger.core.schedules.Terms``).

    ``account`` carries the balance: the prepaid, the asset's cost, what is owed, deferred or accrued. ``counter_account`` takes
    what is expensed (earned, for deferred revenue; a loan's interest). ``contra_account`` is an asset's accumulated
    depreciation, or where a loan's payments come from. ``moved_from`` is where the amount was booked before the schedule took
    it. Guarantees: accounts of the client and of the types the kind asks for; the table comes to the amount; above the
    client's limit a second person stands behind it before anything is booked. Deletion: never.
    """

    class Kind(models.TextChoices):
        PREPAID = "prepaid", "Prepaid expense"
        ASSET = "asset", "Fixed asset"
        LOAN = "loan", "Loan"
        DEFERRED = "deferred", "Deferred revenue"
        ACCRUAL = "accrual", "Accrual"

    class Method(models.TextChoices):
        MONTHS = "months", "Equal months"
        DAYS = "days", "By the day"
        MILESTONES = "milestones", "By milestones"
        STRAIGHT = "straight-line", "Straight line"
        DECLINING = "declining", "Declining balance"
        UNITS = "units", "Units of production"
        ANNUITY = "annuity", "Equal payments"
        FIXED = "fixed-principal", "Equal principal"
        INTEREST = "interest-only", "Interest only"
        ONCE = "once", "Reversed once"

    class Convention(models.TextChoices):
        FULL = "full-month", "The whole first month"
        NEXT = "next-month", "From the month after"
        MID = "mid-month", "Half of the first and of the last month"
        HALF_YEAR = "half-year", "Half of the first and of the last year"

    class Duty(models.TextChoices):
        HERE = "here", "Booked here"
        ELSEWHERE = "elsewhere", "Booked in the accounting system; only proven here"

    class Change(models.TextChoices):
        CATCH_UP = "catch-up", "In the first open month"
        SPREAD = "spread", "Over the months that are left"

    class State(models.TextChoices):
        ACTIVE = "active", "Running"
        ENDED = "ended", "Ended"
        CANCELLED = "cancelled", "Cancelled"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    method = models.CharField(max_length=15, choices=Method.choices)
    duty = models.CharField(max_length=9, choices=Duty.choices, default=Duty.HERE)
    name = models.CharField(max_length=160)
    party = models.CharField(max_length=120, blank=True)
    support = models.CharField(max_length=300, blank=True)
    department = models.CharField(max_length=120, blank=True)
    klass = models.CharField(max_length=120, blank=True)
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    counter_account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    contra_account = models.ForeignKey("ledger.Account", models.PROTECT, null=True, blank=True, related_name="+")
    moved_from = models.ForeignKey("ledger.Account", models.PROTECT, null=True, blank=True, related_name="+")
    amount_minor = models.BigIntegerField()
    residual_minor = models.BigIntegerField(default=0)
    payment_minor = models.BigIntegerField(default=0)
    units = models.BigIntegerField(default=0)
    rate_millionths = models.BigIntegerField(default=0)
    months = models.PositiveSmallIntegerField(default=0)
    convention = models.CharField(max_length=10, choices=Convention.choices, default=Convention.FULL)
    switches = models.BooleanField(default=False)
    added_on = models.DateField(help_text="The day the amount is on the account.")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    expected_on = models.DateField(null=True, blank=True, help_text="When an accrual's paper is expected.")
    change = models.CharField(max_length=8, choices=Change.choices, default=Change.CATCH_UP)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    ended_on = models.DateField(null=True, blank=True)
    left_minor = models.BigIntegerField(default=0, help_text="What was not amortised yet when it ended.")
    proceeds_minor = models.BigIntegerField(default=0)
    proceeds_account = models.ForeignKey("ledger.Account", models.PROTECT, null=True, blank=True, related_name="+")
    result_account = models.ForeignKey("ledger.Account", models.PROTECT, null=True, blank=True, related_name="+")
    end_reason = models.CharField(max_length=300, blank=True)
    needs_approval = models.BooleanField(default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    source_entry_id = models.BigIntegerField(null=True, blank=True)
    source_line_no = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["kind", "starts_on", "id"]
        indexes: ClassVar = [models.Index(fields=["client", "kind", "state"], name="schedule_by_kind")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "source_entry_id", "source_line_no"],
                condition=Q(source_entry_id__isnull=False) & ~Q(state="cancelled"),
                name="schedule_one_per_line",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0)
                & Q(residual_minor__gte=0)
                & Q(residual_minor__lt=F("amount_minor"))
                & (Q(residual_minor=0) | Q(kind__in=["asset", "loan"])),
                name="schedule_amounts_hold",
            ),
            models.CheckConstraint(
                condition=Q(
                    ends_on__isnull=True, method__in=[m for m in METHODS if m not in ("months", "days", "once")]
                )
                | Q(ends_on__isnull=False, ends_on__gte=F("starts_on")),
                name="schedule_dates_hold",
            ),
            models.CheckConstraint(
                condition=Q(convention__in=CONVENTIONS)
                & Q(
                    *[Q(kind=kind, method__in=methods) for kind, methods in KINDS.items()],
                    _connector=Q.OR,
                ),
                name="schedule_method_is_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(contra_account__isnull=False) | ~Q(kind__in=["asset", "loan"]),
                name="schedule_has_its_contra_account",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_on__isnull=False) | ~Q(state="ended") & Q(ended_on__isnull=True),
                name="schedule_ended_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("made_by")),
                name="schedule_approver_is_not_its_maker",
            ),
            models.CheckConstraint(
                condition=~Q(kind="accrual") | (Q(expected_on__isnull=False) & ~Q(support="")),
                name="schedule_accrual_has_support_and_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        """Whether its lines may be booked: small enough, or a second person stands behind it."""
        return not self.needs_approval or self.approved_by_id is not None


class ScheduleStep(models.Model):
    """What a person says of one date: a milestone's amount, units used (their count), or principal and interest of a statement."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="steps")
    on = models.DateField()
    amount = models.BigIntegerField(help_text="Minor units of money, or a count of units.")
    interest_minor = models.BigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["on", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, interest_minor__gte=0), name="schedule_step_not_negative"
            ),
            models.UniqueConstraint(fields=["client", "schedule", "on"], name="schedule_one_step_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on}"


class ScheduleLine(models.Model):
    """One row of the table; at most one a month. ``entry`` is what booked it, null while it waits.

    Guarantees: the rows of a schedule come to its amount (checked at the transaction's end); a row of a closed month stays.
    Updates: rows of open months follow the terms.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="lines")
    month = models.DateField()
    on = models.DateField()
    amount_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField(default=0)
    closing_minor = models.BigIntegerField()
    catch_up_minor = models.BigIntegerField(default=0)
    entry = models.ForeignKey(
        "ledger.JournalEntry", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["on"]
        indexes: ClassVar = [models.Index(fields=["client", "on"], name="schedule_line_by_day")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "schedule", "month"], name="schedule_one_line_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="schedule_month_starts_on_the_first"),
            models.CheckConstraint(condition=~Q(amount_minor=0, interest_minor=0), name="schedule_line_is_something"),
        ]

    def __str__(self) -> str:
        return f"{self.on}"


class BooksLimits(models.Model):
    """The client's policy: a bill above these is an asset or a prepaid, not an expense. Null: the client has no such rule."""

    client = models.OneToOneField("clients.Client", models.PROTECT, primary_key=True, related_name="+")
    asset_over_minor = models.BigIntegerField(null=True, blank=True)
    prepaid_over_minor = models.BigIntegerField(null=True, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(asset_over_minor__isnull=True) | Q(asset_over_minor__gt=0))
                & (Q(prepaid_over_minor__isnull=True) | Q(prepaid_over_minor__gt=0)),
                name="limits_are_more_than_nil",
            )
        ]

    def __str__(self) -> str:
        return f"limits of {self.client_id}"


class WatchedAccount(models.Model):
    """An expense account that is looked through for bills over a limit: what such a bill would rather be. Deletion: allowed."""

    class Rather(models.TextChoices):
        ASSET = "asset", "A fixed asset"
        PREPAID = "prepaid", "A prepaid expense"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    rather = models.CharField(max_length=7, choices=Rather.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "account"], name="watched_once"),
            models.CheckConstraint(condition=Q(rather__in=["asset", "prepaid"]), name="watched_for_something"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.rather}"
