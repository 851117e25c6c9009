"""Keys that an account's own server posts to us: expected once, under a reference nobody can guess, for the sign-in it belongs to.

The browser comes back apart from it, by the ordinary callback. The posted request proves nothing of itself: it counts because it
names the reference that only the page of this sign-in was given, and its keys are proven by a call before they are kept.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F
from django.urls import reverse

from clients.tenancy import client_context, system_context
from integrations import registry, vault
from integrations.asking import ConnectRefused
from integrations.errors import PayloadError
from integrations.models import OAuthAttempt
from integrations.payload import Payload, parse_json
from integrations.provider import PostedKeys

if TYPE_CHECKING:
    from clients.models import Client, User
    from integrations.provider import Provider

#: An expected delivery is an attempt of this kind, so that no callback can take it for a sign-in.
PREFIX = "keys:"
LIMIT_BYTES = 64 * 1024
LONGEST_KEY = 1000


def address(slug: str) -> str:
    """Where the keys are posted to."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("integrations:posted_keys", args=[slug])


def expect(user: User, client: Client, provider: Provider, reference: str, *, minutes: int) -> None:
    """Await keys under this reference. Needs the client's context."""
    sha256 = _sha256(reference)
    OAuthAttempt.objects.create(
        state_sha256=sha256,
        user=user,
        client=client,
        provider=PREFIX + provider.slug,
        verifier=vault.seal(b"{}", _place(client.pk, sha256)),
        expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
    )


def receive(slug: str, body: bytes) -> bool:
    """Keep the keys of a delivery; False for one nobody expects (any more) or nobody understands."""
    provider = registry.all_providers().get(slug)
    scheme = _scheme(provider)
    if provider is None or scheme is None or len(body) > LIMIT_BYTES:
        return False
    try:
        reference, keys = scheme.read(Payload.of(parse_json(body)))
    except PayloadError:
        return False
    named = {name: keys.get(name, "") for name in scheme.names}
    if not all(0 < len(value) <= LONGEST_KEY for value in named.values()):
        return False
    with system_context():
        found = (
            OAuthAttempt.objects.select_for_update(of=("self",))
            .filter(
                state_sha256=_sha256(reference), provider=PREFIX + slug, used_at=None, expires_at__gt=datetime.now(UTC)
            )
            .first()
        )
        if found is None:
            return False
        found.verifier = vault.seal(json.dumps(named).encode(), _place(found.client_id, found.state_sha256))
        found.used_at = datetime.now(UTC)
        found.save(update_fields=["verifier", "used_at"])
    return True


def collect(provider: Provider, reference: str) -> dict[str, str]:
    """The keys that came under this reference, once. Raises ConnectRefused when none did."""
    with system_context():
        # Taken: an attempt that expired with its use is never collected again.
        found = OAuthAttempt.objects.select_for_update(of=("self",)).filter(
            state_sha256=_sha256(reference), provider=PREFIX + provider.slug, used_at__lt=F("expires_at")
        )
        attempt = found.first()
        if attempt is None:
            raise ConnectRefused(f"no keys came from {provider.name}: its server has to reach {address(provider.slug)}")
        with client_context(attempt.client_id):
            plain = vault.unseal(attempt.verifier, _place(attempt.client_id, attempt.state_sha256))
        attempt.delete()
    keys: dict[str, str] = json.loads(plain)
    return keys


def _scheme(provider: Provider | None) -> PostedKeys | None:
    schemes = provider.schemes if provider is not None else ()
    return next((scheme for scheme in schemes if isinstance(scheme, PostedKeys)), None)


def _place(client_id: int, sha256: str) -> vault.Place:
    return vault.Place(client_id, "oauthattempt", "verifier", sha256)


def _sha256(reference: str) -> str:
    return hashlib.sha256(reference.encode()).hexdigest()
