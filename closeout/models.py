"""The close: its checks, signatures, seals and packages."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class CloseRun(models.Model):
    """The close of one month of one client.

    Guarantees: one per month; ``sealed`` names its seal. Updates: by ``workflow`` and ``signoff``. Deletion: never.
    """

    class State(models.TextChoices):
        OPEN = "open", "In progress"
        PREPARED = "prepared", "Ready for the controller"
        SIGNED = "signed", "Signed off"
        REOPENED = "reopened", "Reopened"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="closes")
    month = models.DateField(help_text="The month's first day.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    due_on = models.DateField()
    is_baseline = models.BooleanField(
        default=False, help_text="The opening balances at cut-over, agreed and sealed without checks of sources."
    )
    preparer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    controller = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    prepared_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="The note to the owner, printed in the package.")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "month"], name="close_one_per_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="close_starts_on_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class CheckResult(models.Model):
    """What a check found when it last ran: both figures, their difference, the items, and where the evidence is.

    Amounts are minor units or counts (``unit``). ``cannot_tell`` is never a pass. Updates: replaced by each run.
    """

    class State(models.TextChoices):
        PASS = "pass", "Proven"
        FAIL = "fail", "Fails"
        NOT_APPLICABLE = "not_applicable", "Not applicable"
        CANNOT_TELL = "cannot_tell", "Cannot tell"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.CASCADE, related_name="results")
    check_id = models.CharField(max_length=8)
    subject = models.CharField(
        max_length=120, blank=True, help_text="One account or system, where a check runs for each."
    )
    area = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=14, choices=State.choices)
    summary = models.CharField(max_length=500)
    unit = models.CharField(max_length=8, default="money")
    expected = models.BigIntegerField(null=True, blank=True)
    actual = models.BigIntegerField(null=True, blank=True)
    difference = models.BigIntegerField(null=True, blank=True)
    items = models.JSONField(default=list)
    evidence = models.CharField(max_length=300, blank=True)
    as_of = models.DateTimeField(null=True, blank=True)
    ran_at = models.DateTimeField(auto_now=True)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["check_id", "subject"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["close", "check_id", "subject"], name="check_one_result"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.state}"


class Override(models.Model):
    """A check let through by two people, with a reason and an end; printed on the sign-off page."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.CASCADE, related_name="overrides")
    check_id = models.CharField(max_length=8)
    subject = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    granted_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["close", "check_id", "subject"], name="override_one_per_check"),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=models.F("asked_by")),
                name="override_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.reason}"


class Task(models.Model):
    """Work no check can compute; only these can be ticked."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    area = models.CharField(max_length=20)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["close", "title"], name="task_one_per_title")]

    def __str__(self) -> str:
        return self.title


class Explanation(models.Model):
    """Why an item of a check is as it is (a negative balance, a manual entry). It counts only while the amount stands."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.CASCADE, related_name="explanations")
    check_id = models.CharField(max_length=8)
    item_key = models.CharField(max_length=160)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    text = models.CharField(max_length=500)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["close", "check_id", "item_key"], name="explanation_one_per_item"),
        ]

    def __str__(self) -> str:
        return self.text


class SignOff(models.Model):
    """A controller's signature: binds the hash of what was shown. Append-only."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.PROTECT, related_name="signoffs")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    shown_sha256 = models.CharField(max_length=64)
    factor = models.CharField(max_length=20, help_text="The second factor used.")
    factor_at = models.DateTimeField()
    statement = models.TextField()

    class Meta:
        ordering: ClassVar = ["-signed_at"]

    def __str__(self) -> str:
        return f"{self.close} by {self.signer}"


class Seal(models.Model):
    """The frozen manifest of a signed month and its hash; a later seal names the one it replaces. Append-only."""

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="seals")
    close = models.ForeignKey(CloseRun, models.PROTECT, related_name="seals")
    signoff = models.OneToOneField(SignOff, models.PROTECT, related_name="seal", null=True)
    number = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()
    manifest = models.TextField(help_text="Canonical JSON, exactly as hashed.")
    sha256 = models.CharField(max_length=64)
    code = models.CharField(max_length=14, unique=True, help_text="XXXX-XXXX-XXXX, the start of the hash.")
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="next")

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "number"], name="seal_number")]

    def __str__(self) -> str:
        return self.code


class Package(models.Model):
    """The rendered PDF of a seal. Append-only; published makes it visible to the client."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    seal = models.OneToOneField(Seal, models.PROTECT, related_name="package")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField()
    rendered_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.seal_id}"


class Reopening(models.Model):
    """A request to open a signed month again: a reason, and for a sealed one a second controller."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    close = models.ForeignKey(CloseRun, models.PROTECT, related_name="reopenings")
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    granted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=models.F("asked_by")),
                name="reopening_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Question(models.Model):
    """A question to the client about one thing, answered in plain fields."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for the client"
        ANSWERED = "answered", "Answered"
        SETTLED = "settled", "Settled"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    month = models.DateField()
    text = models.CharField(max_length=500)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    about = models.CharField(max_length=160, blank=True, help_text="Identity of the item it is about.")
    default = models.CharField(max_length=300, blank=True, help_text="What happens without an answer.")
    default_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-amount_minor", "asked_at"]

    def __str__(self) -> str:
        return self.text


class BoardRow(models.Model):
    """One row of the close board, kept by the transaction that changes what it shows: the board reads only this."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    month = models.DateField()
    status = models.CharField(max_length=12)
    reason = models.CharField(max_length=200, blank=True)
    proven = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    areas = models.JSONField(default=dict, help_text="area → [proven, failing, cannot tell, total]")
    questions_waiting = models.PositiveSmallIntegerField(default=0)
    questions_answered = models.PositiveSmallIntegerField(default=0)
    exceptions = models.PositiveIntegerField(default=0)
    mapped_bp = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Money of the month that an approved rule sends somewhere, in basis points."
    )
    connections = models.CharField(max_length=20, blank=True)
    preparer = models.CharField(max_length=4, blank=True)
    controller = models.CharField(max_length=4, blank=True)
    due_on = models.DateField()
    signed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "month"], name="board_one_row_per_month")]
        indexes: ClassVar = [models.Index(fields=["month", "status"], name="board_by_month")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.month:%Y-%m}"
