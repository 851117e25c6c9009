"""The accounting system's books as we hold them, and what we send it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class MirrorDocument(models.Model):
    """One posted document of the accounting system, as it stood when last read, and the entry that stands for it.

    ``entry`` is the live entry of origin ``ledger``; a document we wrote ourselves names its outbox item instead, so that
    it never stands beside its own entries. Updates: follow the accounting system. Deletion: never (``is_deleted``).
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT)
    external_id = models.CharField(max_length=60, help_text="<type>:<id>")
    type = models.CharField(max_length=30)
    version = models.CharField(max_length=20, blank=True)
    booked_on = models.DateField()
    number = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=4000, blank=True)
    party = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list)
    lines_sha256 = models.BinaryField(max_length=32)
    total_minor = models.BigIntegerField(default=0)
    entry = models.ForeignKey(
        "ledger.JournalEntry", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="mirrored"
    )
    outbox = models.ForeignKey("ledger.OutboxItem", models.PROTECT, null=True, blank=True, related_name="mirrored")
    revision = models.PositiveSmallIntegerField(default=0)
    is_deleted = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "connection", "external_id"], name="mirror_one_per_document"),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "booked_on"], name="mirror_by_day")]

    def __str__(self) -> str:
        return f"{self.external_id} {self.booked_on}"


class MirrorLink(models.Model):
    """What a payment of the accounting system settles there: how much of the document ``target`` the document ``source`` pays,
    or uses of it where it is a credit, in minor units of the documents' own currency.

    Both are ``<type>:<id>``; a payment of nil, which applies credits alone, posts nothing and has links all the same.
    Updates: follow the accounting system. Deletion: with what the payment no longer settles.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT)
    source = models.CharField(max_length=60)
    target = models.CharField(max_length=60)
    booked_on = models.DateField()
    place = models.PositiveSmallIntegerField(help_text="The order in which the payment names them.")
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["booked_on", "source", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "connection", "source", "target"], name="mirror_link_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="mirror_link_is_something"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class ChangedAfterClose(models.Model):
    """The accounting system changed something dated in a locked or sealed month: held here, priced, decided by a controller.

    ``deltas`` is [[account id, debit − credit in minor units], …] of after − before. Until decided the journal keeps what
    was sealed. ``taken`` books the difference in an open month; ``undone`` means the accounting system was put back.
    """

    class State(models.TextChoices):
        OPEN = "open"
        TAKEN = "taken"
        UNDONE = "undone"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    document = models.ForeignKey(MirrorDocument, models.PROTECT, related_name="changes")
    month = models.DateField()
    kind = models.CharField(max_length=8)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    deltas = models.JSONField(default=list)
    amount_minor = models.BigIntegerField(default=0, help_text="Largest absolute movement of one account.")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    entry_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-found_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(state="open"), name="change_one_open_per_document"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind}"


class OutboxItem(models.Model):
    """One document to write to the accounting system exactly once; with ``voids``, one of ours to void there.

    Guarantees: payload, its hash, the request id and the marker are frozen at approval (a trigger refuses their change);
    request id and marker are unique. States: new → sending → posted | rejected | uncertain; ``dropped`` where all it
    carries was reversed here before it was there, and only from a state in which it cannot be (a trigger).
    """

    class State(models.TextChoices):
        NEW = "new"
        SENDING = "sending"
        POSTED = "posted"
        REJECTED = "rejected"
        UNCERTAIN = "uncertain"
        DROPPED = "dropped"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT)
    type = models.CharField(max_length=30)
    booked_on = models.DateField()
    group_key = models.CharField(max_length=160)
    marker = models.CharField(max_length=21)
    payload = models.TextField(help_text="The exact JSON that goes out.")
    payload_sha256 = models.BinaryField(max_length=32)
    request_id = models.UUIDField(unique=True)
    total_minor = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.NEW)
    tries = models.PositiveSmallIntegerField(default=0)
    send_after = models.DateTimeField(db_default=models.functions.Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(max_length=60, blank=True)
    version = models.CharField(max_length=20, blank=True)
    trace = models.CharField(max_length=80, blank=True)
    problem_code = models.CharField(max_length=20, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    voids = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="voided_by")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["booked_on", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "marker"], name="outbox_marker_is_unique"),
            models.CheckConstraint(condition=~Q(state="posted") | ~Q(external_id=""), name="outbox_posted_has_an_id"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["client", "state", "send_after"], name="outbox_due"),
            models.Index(fields=["client", "external_id"], name="outbox_by_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.marker} {self.state}"


class OutboxMember(models.Model):
    """An entry that a document carries. Each entry goes out at most once."""

    client = models.ForeignKey("clients.Client", models.PROTECT)
    outbox = models.ForeignKey(OutboxItem, models.PROTECT, related_name="members")
    entry = models.ForeignKey("ledger.JournalEntry", models.DO_NOTHING, db_constraint=False, related_name="sent_with")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "entry"], name="outbox_entry_goes_out_once"),
        ]

    def __str__(self) -> str:
        return f"{self.outbox_id} ← {self.entry_id}"


class ReportedBalance(models.Model):
    """What an outside system says a balance is on a day: a trial balance row, a processor's balance, a bank's closing.

    ``subject`` is the account's id of that system; ``amount_minor`` is debit − credit for ledgers, money held for others.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT)
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=200, blank=True)
    on_date = models.DateField()
    amount_minor = models.BigIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "connection", "kind", "subject", "on_date"], name="reported_one_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.on_date}"
