"""Signing in: by invitation only, seeds encrypted, one code at a time, and a way in for the demonstration on loopback."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from clients import audit, cipher
from clients.access import person, proven_at
from clients.models import DemoLink, Membership, User
from clients.tenancy import practice_context

if TYPE_CHECKING:
    from django.http import HttpRequest

#: Where the seeds of second factors live, for the cipher.
PLACE = "mfa/authenticator/data"
#: The entries of a factor's data that hold ciphertext.
SEALED = {"secret", "seed"}
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DEMO_LINK_LIFE = timedelta(hours=12)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No open sign-up; setting up a first factor right after signing in asks nothing again."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        request = context.request
        if (
            app == "allauth.mfa"
            and request is not None
            and request.user.is_authenticated
            and not has_factor(request.user)
        ):
            return False
        if app == "allauth.mfa" and request is not None and time.time() - proven_at(request) < settings.STEP_UP_SECONDS:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds and recovery seeds are kept as ciphertext; the last second factor cannot be removed."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(cipher.seal(text.encode(), PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher.unseal(base64.b64decode(encrypted_text), PLACE).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if authenticator.type not in FACTORS:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=FACTORS).exclude(
            pk=authenticator.pk
        )
        return bool(others.exists())

    def build_totp_svg(self, url: str) -> str:
        """The QR code with presentation attributes only, so that it shows under the strict content policy."""
        import io

        import segno

        out = io.BytesIO()
        segno.make(url, error="m").save(out, kind="svg", scale=5, border=3, light="#ffffff", dark="#15201b")
        return out.getvalue().decode()


def reseal_factors() -> int:
    """Rewrite every stored seed that is not under the newest vault key; how many were. Part of key rotation."""
    adapter, newest, done = MfaAdapter(), cipher.newest(), 0
    for factor in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk"):
        old = {
            name: value
            for name, value in factor.data.items()
            if name in SEALED and cipher.key_id(base64.b64decode(value)) != newest
        }
        if old:
            factor.data |= {name: adapter.encrypt(adapter.decrypt(value)) for name, value in old.items()}
            factor.save(update_fields=["data"])
            done += 1
    return done


def has_factor(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def one_at_a_time(request: HttpRequest) -> None:
    """Judge the codes of one person one after another, so that two processes cannot both accept the same code."""
    pending = request.session.get("account_login")
    key = str(request.user.pk or (pending or {}).get("user_pk") or "")
    number = int.from_bytes(hashlib.sha256(f"code:{key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def prove_with_code(request: HttpRequest, code: str) -> bool:
    """Judge an authenticator or recovery code typed into one of our own dialogs; a right one makes the proof fresh."""
    one_at_a_time(request)
    form = ReauthenticateForm(data={"code": code}, user=request.user)
    if not form.is_valid():
        return False
    form.save()
    return True


def factor_added(instance: Authenticator, created: bool, **_kwargs: Any) -> None:
    """Setting a factor up shows it: the session that did so has proven it."""
    request = context.request
    if created and instance.type in FACTORS and request is not None and request.user.pk == instance.user_id:
        record_authentication(request, request.user, "mfa", type=instance.type, id=instance.pk)


def sign_in(request: HttpRequest, user: User, method: str) -> None:
    """Open a fresh session for the person and note by what they came in."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    record_authentication(request, user, method, email=user.email)


def is_loopback(request: HttpRequest) -> bool:
    """Whether the request came from this machine to this machine, with no proxy between."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    return not forwarded and _is_local(request.META.get("REMOTE_ADDR", "")) and _is_local(host.strip("[]"))


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def demo_only(request: HttpRequest) -> None:
    """Http404 unless this is the demonstration and the request is from this machine."""
    if not settings.DEMO or not is_loopback(request):
        raise Http404


def make_demo_link(user: User) -> str:
    """A one-time address that signs the person in; only in the demonstration (PermissionDenied elsewhere)."""
    if not settings.DEMO:
        raise PermissionDenied("one-time links exist in the demonstration only")
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    DemoLink.objects.create(user=user, token_sha256=digest, expires_at=timezone.now() + DEMO_LINK_LIFE)
    return settings.PUBLIC_URL.rstrip("/") + reverse("clients:demo_enter", args=[token])


def enter_demo(request: HttpRequest, token: str) -> User:
    """Use a one-time link: Http404 for one that is unknown, used or too old."""
    demo_only(request)
    digest = hashlib.sha256(token.encode()).hexdigest()
    link = DemoLink.objects.select_for_update(of=("self",)).select_related("user").filter(token_sha256=digest).first()
    if link is None or link.used_at is not None or link.expires_at <= timezone.now() or not link.user.is_active:
        raise Http404
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    sign_in(request, link.user, "demo_link")
    confirm_demo(request)
    return link.user


def confirm_demo(request: HttpRequest) -> None:
    """Stand in for the second factor of a fictional person, and say so in the audit trail."""
    demo_only(request)
    record_authentication(request, request.user, "mfa", type="demo")
    membership = (
        Membership.objects.filter(user=person(request), is_active=True).select_related("practice", "user").first()
    )
    if membership is not None:
        with practice_context(membership.practice_id):
            audit.record_practice(membership.practice, membership.user, "demo.second_factor", membership.user.email)
