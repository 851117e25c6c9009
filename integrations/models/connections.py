"""A connection to one account of one system, its grant, and how far each of its streams has been read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Connection(models.Model):
    """One account at one system. ``provider`` is a slug of the registry, or ``bank-file`` for statements brought as files.

    Guarantees: an account is live for at most one client (``connection_account_held_once``); reconnecting keeps the row; of
    the connections that keep a client's books (``keeps_books``) one is in use or was ever read.
    Updates: by ``connecting`` and ``oauth``. Deletion: never; ``disconnected`` ends it.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Being connected"
        LIVE = "live", "Connected"
        NEEDS_RECONNECT = "needs_reconnect", "Needs a new sign-in"
        PAUSED = "paused", "Paused"
        DISCONNECTED = "disconnected", "Disconnected"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="connections")
    provider = models.SlugField(max_length=60, db_index=False)
    account_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    problem = models.CharField(max_length=500, blank=True)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    connected_at = models.DateTimeField(null=True)
    cut_over_on = models.DateField(null=True)
    last_success_at = models.DateTimeField(null=True)
    settings = models.JSONField(default=dict)
    keeps_books = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "provider", "account_id"], name="connection_account_once_a_client"
            ),
            models.UniqueConstraint(
                fields=["provider", "account_id"],
                condition=~models.Q(state="disconnected") & ~models.Q(provider="bank-file"),
                name="connection_account_held_once",
            ),
            models.UniqueConstraint(fields=["client", "id"], name="connection_of_client"),
            models.UniqueConstraint(
                fields=["client"],
                condition=models.Q(keeps_books=True)
                & (~models.Q(state__in=["disconnected", "pending"]) | models.Q(last_success_at__isnull=False)),
                name="connection_one_ledger_a_client",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "live", "needs_reconnect", "paused", "disconnected"]),
                name="connection_state",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.provider} {self.account_id}"

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE

    @property
    def where(self) -> dict[str, str]:
        """Where the account is: what was asked before the sign-in, and what the token answer told. Never a secret."""
        found = self.settings.get("account")
        return dict(found) if isinstance(found, dict) else {}

    @property
    def scheme(self) -> str:
        """The kind of scheme its access came by, '' for the provider's first."""
        return str(self.settings.get("scheme", ""))

    @property
    def is_by_file(self) -> bool:
        """Its figures come from a person, as files or typed; nothing is read by itself."""
        return self.provider == "bank-file" or self.scheme in {"file", "hand"}

    @property
    def is_by_hand(self) -> bool:
        """Its figures are typed and verified by a second person."""
        return self.scheme == "hand"


class Token(models.Model):
    """The grant of a connection, encrypted by the vault; only expiries are readable.

    Guarantees: the ciphertext opens only for this client and connection. ``version`` rises with every refresh;
    ``refresh_started_at`` is committed before a refresh leaves, so that a lost answer is known. Deletion: on disconnection.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True, related_name="token")
    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    ciphertext = models.BinaryField()
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    hard_expires_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(db_default=Now())
    refresh_started_at = models.DateTimeField(null=True)
    refusals = models.PositiveSmallIntegerField(default=0)
    refused_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)


class RateBudget(models.Model):
    """How many calls a connection may make now, across all processes.

    ``free_at`` is when the next call is due at the steady rate; ``calls`` holds the ends of the calls now under way.
    Updates: one statement before and after each call. Deletion: never.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True, related_name="+")
    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    free_at = models.DateTimeField(db_default=Now())
    calls = ArrayField(models.DateTimeField(), default=list)


class AppBudget(models.Model):
    """The same for all connections of one provider together, where it limits the app as a whole. Of no client.

    Updates: one statement before and after each call. Deletion: never.
    """

    provider = models.CharField(max_length=60, primary_key=True)
    free_at = models.DateTimeField(db_default=Now())
    calls = ArrayField(models.DateTimeField(), default=list)


class StreamState(models.Model):
    """How far one stream of a connection has been read, and what it is for.

    ``cursor`` moves only in the transaction that stores the rows it stands for. ``complete_through`` is the last of the
    client's calendar days of which everything is here. ``pages`` are hashes of the pages of the last complete pull. ``listed``
    is the last full compare (``tombstones.compare``): how many objects the provider lists, how many are here, which are missing.
    """

    class Duty(models.TextChoices):
        BOOK = "book", "Book entries"
        PROVE = "prove", "Prove only"
        MIRROR = "mirror", "Mirror the ledger"
        OFF = "off", "Off"

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="streams")
    stream = models.CharField(max_length=60)
    duty = models.CharField(max_length=6, choices=Duty, default=Duty.BOOK)
    cursor = models.TextField(blank=True)
    complete_through = models.DateField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_problem = models.CharField(max_length=500, blank=True)
    pages = models.JSONField(default=list)
    listed = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "connection", "stream"], name="stream_state_once"),
            models.CheckConstraint(
                condition=models.Q(duty__in=["book", "prove", "mirror", "off"]), name="stream_state_duty"
            ),
        ]

    def __str__(self) -> str:
        return self.stream


class OAuthAttempt(models.Model):
    """A connection somebody began: who may finish it, for which client and system, until when. Only the state's hash is kept.

    Guarantees: used once (``used_at``). Updates: once. Deletion: by the nightly sweep after a day.
    """

    state_sha256 = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="+")
    provider = models.CharField(max_length=60)
    #: The connection to be mended; null for a new one.
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="+")
    verifier = models.BinaryField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
