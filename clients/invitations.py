"""Inviting people: the only way to an account. A link by e-mail, seven days, used once; only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from clients import audit
from clients.models import Assignment, Client, Invitation, Membership, Practice, Role, User
from clients.tenancy import client_context, practice_context, system_context

if TYPE_CHECKING:
    from clients.models import AuditEvent

LIFE = timedelta(days=7)


class InvitationRefused(Exception):  # noqa: N818 (the outcome's name)
    """The invitation cannot be made or used; the text is for the person."""


def invite(
    *,
    practice: Practice,
    by: User,
    email: str,
    role: str,
    name: str = "",
    client: Client | None = None,
    sees_payroll: bool = False,
) -> Invitation:
    """Write the invitation, send it, and note it; an open one for the same address is withdrawn. Raises InvitationRefused."""
    email = email.strip().lower()
    if Membership.objects.filter(practice=practice, user__email=email, is_active=True).exists():
        raise InvitationRefused(f"{email} already has a place in this practice.")
    if role == Role.CLIENT and client is None:
        raise InvitationRefused("An invitation of a client names the company.")
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with system_context():
        Invitation.objects.filter(practice=practice, email=email, accepted_at=None, withdrawn_at=None).update(
            withdrawn_at=now
        )
        invitation = Invitation.objects.create(
            practice=practice,
            email=email,
            name=name.strip(),
            role=role,
            sees_payroll=sees_payroll,
            client=client if role == Role.CLIENT else None,
            token_sha256=_digest(token),
            invited_by=by,
            expires_at=now + LIFE,
        )
    _note(invitation, by, "person.invited")
    _send(invitation, token)
    return invitation


def withdraw(invitation: Invitation, *, by: User) -> None:
    """The link stops working at once."""
    with system_context():
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
    _note(invitation, by, "person.invitation_withdrawn")


def find(token: str) -> Invitation | None:
    """The open invitation of a link, locked until the transaction ends; None for unknown, used, withdrawn or too old."""
    with system_context():
        found = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("practice", "client", "invited_by")
            .filter(token_sha256=_digest(token))
            .first()
        )
    return found if found is not None and found.is_open(timezone.now()) else None


def accept(invitation: Invitation, *, name: str, password: str) -> User:
    """Make the account and the place it was meant for; the address is proven by the link. Raises ValidationError.

    Someone who already has an account keeps it, password and factors included: the link only adds the place.
    """
    from django.contrib.auth.password_validation import validate_password

    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        validate_password(password, User(email=invitation.email, name=name))
        user = User.objects.create_user(invitation.email, password, name=name.strip())
    elif not user.is_active:
        raise ValidationError("This account is closed. Ask the practice.")
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    membership, _made = Membership.objects.update_or_create(
        practice=invitation.practice,
        user=user,
        defaults={"role": invitation.role, "sees_payroll": invitation.sees_payroll, "is_active": True},
    )
    if invitation.client_id is not None:
        with client_context(invitation.client_id):
            Assignment.objects.get_or_create(membership=membership, client_id=invitation.client_id)
    with system_context():
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
    _note(invitation, user, "person.joined")
    return user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _note(invitation: Invitation, by: User, action: str) -> AuditEvent:
    detail = {"role": invitation.role, "client": invitation.client.slug if invitation.client else None}
    with practice_context(invitation.practice_id):
        return audit.record_practice(invitation.practice, by, action, invitation.email, detail)


def _send(invitation: Invitation, token: str) -> None:
    address = settings.PUBLIC_URL.rstrip("/") + reverse("clients:invitation", args=[token])
    text = render_to_string("clients/mail/invitation.txt", {"invitation": invitation, "address": address})
    send_mail(
        f"{invitation.practice.name} invites you to its books portal",
        text,
        settings.DEFAULT_FROM_EMAIL,
        [invitation.email],
    )
