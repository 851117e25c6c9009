"""Practices, the people in them, their clients, and what was done.

Every row of a client carries ``client_id``; the migration puts each such table under row-level security.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from datetime import datetime


class Practice(models.Model):
    """A bookkeeping firm. Updates: by its administrators. Deletion: never."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """People are made by invitation; this is what the invitation calls."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> User:
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in. Guarantees: one row per e-mail, whatever its case. Deletion: never; deactivated instead."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    #: Raised on a role change, a deactivation and "sign out everywhere": every session made before is then dead.
    session_number = models.PositiveIntegerField(default=0)
    #: Single-key shortcuts can be switched off (WCAG 2.1.4).
    single_keys = models.BooleanField(default=True)
    theme = models.CharField(
        max_length=5, blank=True, default="", choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    date_joined = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """Two letters for the avatar: of the first and last word of the name, or of the address."""
        words = (self.name or self.email.partition("@")[0].replace(".", " ")).split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper() if words else "?"

    def get_session_auth_hash(self) -> str:
        """Sessions die with the password and with the session number."""
        return salted_hmac(
            "clients.User.session", f"{self.password}:{self.session_number}", algorithm="sha256"
        ).hexdigest()

    def get_session_auth_fallback_hash(self) -> list[str]:
        return []


class Role(models.TextChoices):
    ADMIN = "admin", "Administrator"
    CONTROLLER = "controller", "Controller"
    STAFF = "staff", "Bookkeeper"
    CLIENT = "client", "Client"


class Membership(models.Model):
    """A person's place in a practice; rights come from here at each request. Deletion: never; ``is_active`` ends it."""

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    sees_payroll = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "user"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def is_staff_side(self) -> bool:
        """Whether the person works for the practice rather than for one of its clients."""
        return self.role != Role.CLIENT

    @property
    def sees_all_clients(self) -> bool:
        return self.role in {Role.ADMIN, Role.CONTROLLER}


class ClientGroup(models.Model):
    """Companies of one owner that are looked at together; the company names its group, so a company is in at most one.

    Guarantees: a name is used once in a practice; members are of the same practice (``client_group_of_practice``). Updates and
    deletion: by ``groups``; the audit trail keeps both.
    """

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="groups")
    name = models.CharField(max_length=120)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("practice", Lower("name"), name="client_group_name_once"),
            models.UniqueConstraint(fields=["practice", "id"], name="client_group_in_practice"),
            models.CheckConstraint(condition=~models.Q(name=""), name="client_group_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """A company whose books the practice keeps. The row is the directory entry; the books are under row-level security.

    ``materiality_minor`` is in minor units of the home currency. ``close_due_days`` counts business days after month end,
    ``clearing_days`` business days a payment may stay on its way. Deletion: never; the stage ``left`` ends it.
    """

    class Stage(models.TextChoices):
        ONBOARDING = "onboarding", "Onboarding"
        LIVE = "live", "Live"
        LEFT = "left", "Left"

    class Books(models.TextChoices):
        QUICKBOOKS = "quickbooks", "Connected accounting system"
        TIEOUT = "tieout", "Tieout"

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="clients")
    name = models.CharField(max_length=160)
    slug = models.SlugField(max_length=60)
    timezone = models.CharField(max_length=64, default="UTC")
    home_currency = models.CharField(max_length=3, default="USD")
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=1)
    books = models.CharField(max_length=12, choices=Books, default=Books.QUICKBOOKS)
    cut_over_on = models.DateField(null=True, blank=True)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.ONBOARDING)
    preparer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="prepares")
    controller = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="controls")
    close_due_days = models.PositiveSmallIntegerField(default=7)
    materiality_minor = models.BigIntegerField(default=0)
    clearing_days = models.PositiveSmallIntegerField(default=5)
    group = models.ForeignKey(ClientGroup, models.PROTECT, null=True, blank=True, related_name="members")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "slug"], name="client_slug_once"),
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start_month__range=(1, 12)), name="client_fiscal_month"
            ),
            models.CheckConstraint(condition=models.Q(materiality_minor__gte=0), name="client_materiality"),
            models.CheckConstraint(
                condition=models.Q(preparer__isnull=True)
                | models.Q(controller__isnull=True)
                | ~models.Q(preparer=models.F("controller")),
                name="client_preparer_is_not_controller",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """Which clients a bookkeeper or a client's own user sees. Deletion: allowed; the audit trail keeps the fact."""

    membership = models.ForeignKey(Membership, models.PROTECT, related_name="assignments")
    client = models.ForeignKey(Client, models.PROTECT, related_name="assignments")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "membership"], name="assignment_once")]


class StackItem(models.Model):
    """A system the client uses, whether or not we can connect it. Deletion: allowed."""

    class Route(models.TextChoices):
        API = "api", "Connection"
        APP = "app", "Through another app"
        FEED = "feed", "Bank feed"
        FILE = "file", "File"
        HAND = "hand", "By hand"

    class Access(models.TextChoices):
        NONE = "none", "Not asked"
        ASKED = "asked", "Asked"
        GRANTED = "granted", "Granted"
        TESTED = "tested", "Tested"
        EXPIRED = "expired", "Expired"

    client = models.ForeignKey(Client, models.PROTECT, related_name="stack")
    system = models.SlugField(max_length=60)
    category = models.CharField(max_length=20)
    route = models.CharField(max_length=5, choices=Route, default=Route.API)
    owner = models.CharField(max_length=120, blank=True)
    access_state = models.CharField(max_length=8, choices=Access, default=Access.NONE)
    notes = models.TextField(blank=True)
    dismissed = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "system"], name="stack_item_once")]


class StackProposal(models.Model):
    """A system that was seen and is not in the inventory. ``evidence`` is a list of ``clients.discovery.Evidence`` as JSON.

    Guarantees: one row a system; a decision has its person and moment. Updates: the evidence with each look; a system set
    aside is not proposed again by it. Deletion: never, it is the memory.
    """

    class State(models.TextChoices):
        OPEN = "open", "Proposed"
        ACCEPTED = "accepted", "Taken into the inventory"
        DISMISSED = "dismissed", "Set aside"

    client = models.ForeignKey(Client, models.PROTECT, related_name="+")
    system = models.SlugField(max_length=60)
    evidence = models.JSONField(default=list)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "system"], name="stack_proposal_once"),
            models.CheckConstraint(
                condition=models.Q(state="open")
                | models.Q(state__in=["accepted", "dismissed"], decided_by__isnull=False, decided_at__isnull=False),
                name="stack_proposal_decision_has_its_person",
            ),
        ]


class OnboardingStep(models.Model):
    """Answers of one onboarding step, saved as they are given; ``done_at`` when it was finished. Deletion: never."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="onboarding_steps")
    key = models.SlugField(max_length=40)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="onboarding_step_once")]


class Invitation(models.Model):
    """A single-use way in for one address. Only the token's SHA-256 is kept. Deletion: never."""

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="invitations")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=10, choices=Role)
    sees_payroll = models.BooleanField(default=False)
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="invitations")
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.CLIENT) | models.Q(client__isnull=False),
                name="invitation_of_client_names_it",
            ),
        ]

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


class AuditHead(models.Model):
    """The last link of a chain: one row per client, one per practice for what concerns no client. Updates: by append only."""

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="+")
    number = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "client"], nulls_distinct=False, name="audit_head_once"),
        ]


class AuditEvent(models.Model):
    """What was done, by whom, when. Guarantees: append-only; each row holds the hash of the one before it."""

    practice = models.ForeignKey(Practice, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="+")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "client", "number"], nulls_distinct=False, name="audit_number_once"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-at"], name="audit_by_client"),
            models.Index(fields=["practice", "-at"], name="audit_by_practice"),
        ]


class DemoLink(models.Model):
    """A one-time way in for the demonstration on loopback. Deletion: never."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
