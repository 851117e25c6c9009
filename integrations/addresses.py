"""Where providers answer, and which addresses may be called at all: https to a host that is declared, or this machine."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from integrations.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.provider import Provider, Scheme

LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


class Misconfigured(Refused):
    """A setting is missing or bad: an address that is not https, or no app credentials for a provider."""


def check_address(url: str) -> None:
    """Refuse any address but https, or http to this machine. Raises Misconfigured."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username or parts.password:
        raise Misconfigured(
            f"{parts.scheme}://{parts.hostname or ''} is not an address we may call: https, or this machine"
        )


def setting(slug: str, name: str) -> str:
    """The environment's TIEOUT_<SLUG>_<NAME>, '' when unset."""
    return os.environ.get(f"TIEOUT_{slug.upper().replace('-', '_')}_{name}", "").strip()


def replaced(provider: Provider) -> str:
    """The address that stands in for all of the provider's (its setting, or the sandbox), '' for none."""
    other = setting(provider.slug, "BASE_URL")
    if not other and settings.SANDBOX_URL:
        other = f"{settings.SANDBOX_URL.rstrip('/')}/{provider.slug}"
    return other.rstrip("/")


def base_urls(provider: Provider, where: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where the provider answers, by purpose: its own addresses, or one other for all (setting, or the sandbox).

    ``where`` are the settings of an account, for providers whose address depends on it. Raises Misconfigured for an address
    that is none of the provider's.
    """
    own = dict(provider.base_urls)
    other = replaced(provider)
    if provider.addresses is not None and where and not other:
        own |= {purpose: _checked(provider, url) for purpose, url in provider.addresses(where).items()}
    purposes = {"api", "authorize", "token", *own}
    api = own.get("api", next(iter(own.values()), ""))
    return {purpose: (other or own.get(purpose, api)).rstrip("/") for purpose in purposes}


def _checked(provider: Provider, url: str) -> str:
    """An address computed from what a person or an answer told: https, a declared host whole, no port, no tricks."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    # Written out anew and compared: nothing but scheme, host and plain path can have been in it.
    if f"https://{host}{path}" != url.rstrip("/") or not _PATH.fullmatch(path) or not fits(provider.hosts, host):
        raise Misconfigured(f"{host[:100]!r} is not an address of {provider.name}", code="other-host")
    return url


def fits(patterns: tuple[str, ...], host: str) -> bool:
    """Whether one of the patterns fits the whole host name."""
    return any(re.fullmatch(pattern, host) for pattern in patterns)


def is_typed(provider: Provider) -> bool:
    """Whether the address comes from what people typed, so that where its name leads has to be looked at."""
    return provider.addresses is not None and not replaced(provider)


def place(base: str, path: str) -> str:
    """The address of a path; a whole address (a next-page link) must be of the same origin. Raises Refused."""
    if "://" not in path:
        return f"{base}/{path.lstrip('/')}"
    if urlsplit(path)[:2] != urlsplit(base)[:2]:
        raise Refused("an answer points to another host", code="other-host")
    return path


def file_place(provider: Provider, base: str, url: str) -> str:
    """A whole address a file is fetched from: of a declared host, or where the provider is stood in for, of that origin.

    Raises Refused.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.netloc == parts.hostname and fits(provider.file_hosts, parts.hostname or ""):
        return url
    if replaced(provider) and urlsplit(base)[:2] == parts[:2]:
        return url
    raise Refused("a file is on a host that is none of the provider's", code="other-host")


def app_credentials(provider: Provider, scheme: Scheme | None = None) -> tuple[str, str]:
    """The practice's own client id and secret at the provider, '' for what the scheme needs none of.

    Raises Misconfigured when there are none.
    """
    needs = (scheme or provider.auth).app
    if needs == "none":
        return "", ""
    client_id, secret = setting(provider.slug, "CLIENT_ID"), setting(provider.slug, "CLIENT_SECRET")
    if secret and (client_id or needs == "secret"):
        return client_id, secret
    if settings.SANDBOX_URL:
        from integrations.sandbox.server import CLIENT_IDS  # the fictional apps registered there

        if provider.slug in CLIENT_IDS:
            return CLIENT_IDS[provider.slug]
    name = provider.slug.upper().replace("-", "_")
    both = f"TIEOUT_{name}_CLIENT_ID and " if needs == "both" else ""
    raise Misconfigured(f"no app is registered with {provider.name}: set {both}TIEOUT_{name}_CLIENT_SECRET")


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
