"""When a session is over, and what it may reach before its second factor was shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db.models import F
from django.urls import reverse

from clients.access import proven_at
from clients.models import Membership, Role, User

if TYPE_CHECKING:
    from django.http import HttpRequest

SEEN = "seen_at"
BEGAN = "signed_in_at"
#: The time of last use is written at most this often, so that reading does not write.
GRAIN_SECONDS = 30
#: Requests a page makes by itself carry this header and do not keep a session alive.
BACKGROUND = "X-Background"

_ANY = {"account_logout", "account_reauthenticate", "account_inactive", "clients:demo_enter", "clients:health"}
_SET_UP = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "clients:second_factor"}
_SHOW = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "clients:demo_confirm"}


def limit_minutes(user: User) -> int:
    """Idle minutes after which the person's session is over: those of staff are shorter."""
    staff = Membership.objects.filter(user=user, is_active=True).exclude(role=Role.CLIENT).exists()
    return int(settings.IDLE_MINUTES["staff" if staff else "client"])


def ended(request: HttpRequest) -> str:
    """Why this session is over, as a sentence; '' while it lives."""
    assert isinstance(request.user, User)
    now = time.time()
    if now - request.session.get(BEGAN, now) >= settings.SESSION_COOKIE_AGE:
        return "You were signed out after 12 hours. Sign in again to go on."
    seen = request.session.get(SEEN)
    idle = now - seen if seen is not None else 0
    # Hardly a request comes so late that it matters whose limit it is.
    if idle >= min(settings.IDLE_MINUTES.values()) * 60 and idle >= limit_minutes(request.user) * 60:
        return "You were signed out because nothing happened for a while. What you saved is safe."
    return ""


def touch(request: HttpRequest) -> None:
    """Note that the person is there, unless the page asked by itself; the list of the person's sessions says so too."""
    now = time.time()
    if BEGAN not in request.session:
        request.session[BEGAN] = now
    if request.headers.get(BACKGROUND) is None and now - request.session.get(SEEN, 0) >= GRAIN_SECONDS:
        request.session[SEEN] = now
        # Not with each request, as allauth's middleware would: requests of one session would wait for each other's row.
        UserSession.objects.create_from_request(request)


def has_second_factor(request: HttpRequest) -> bool:
    return proven_at(request) > 0


def _enrolled(request: HttpRequest) -> bool:
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=request.user.pk, type__in=kinds).exists())


def is_open_without_factor(view_name: str) -> bool:
    """Whether a page may be reached before the second factor: setting one up, showing one, and leaving."""
    return view_name in _ANY | _SET_UP | _SHOW


def where_to_prove(request: HttpRequest) -> str:
    """Where a session that never showed a factor goes: to show it, or to set the first one up."""
    return _question(request) if _enrolled(request) else reverse("clients:second_factor")


def where_to_confirm(request: HttpRequest) -> str:
    """Where a fresh second factor is asked for."""
    return reverse("clients:demo_confirm") if settings.DEMO else _question(request)


def _question(request: HttpRequest) -> str:
    """The page for a code, or for the passkey of someone who has no authenticator app."""
    has_app = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP).exists()
    return reverse("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn")


def end_everywhere(user: User) -> None:
    """Every session of the person is dead from the next request on."""
    User.objects.filter(pk=user.pk).update(session_number=F("session_number") + 1)
    user.refresh_from_db(fields=["session_number"])
