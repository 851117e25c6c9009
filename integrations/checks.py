"""System checks of this app: the declarations load, and every address that replaces a provider's own is safe to call."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from integrations import registry, transport


@register
def providers_are_declared(**_options: Any) -> list[CheckMessage]:
    """E001: a provider folder whose declaration cannot work."""
    try:
        registry.all_providers()
    except (registry.BadDeclaration, ImportError) as error:
        return [Error(str(error), id="integrations.E001")]
    return []


@register
def addresses_are_safe(**_options: Any) -> list[CheckMessage]:
    """E002: an address that is neither https nor this machine."""
    problems: list[CheckMessage] = []
    given = {"TIEOUT_SANDBOX_URL": settings.SANDBOX_URL}
    try:
        slugs = list(registry.all_providers())
    except (registry.BadDeclaration, ImportError):
        slugs = []
    for slug in slugs:
        name = f"TIEOUT_{slug.upper().replace('-', '_')}_BASE_URL"
        given[name] = transport.setting(slug, "BASE_URL")
    for name, url in given.items():
        try:
            if url:
                transport.check_address(url)
        except transport.Misconfigured as error:
            problems.append(Error(f"{name}: {error}", id="integrations.E002"))
    return problems
