# ruff: noqa: ARG001 (Django calls every check with the same arguments)
"""System checks: what must hold before anything is served. Those of the live database run with ``check --database default``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.apps import AppConfig

#: The hosts that are this machine.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register()
def second_factor(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A code works once only while the tolerance is 0: a wider window outlives the mark that it was used."""
    if getattr(settings, "MFA_TOTP_TOLERANCE", None) != 0:
        return [Error("MFA_TOTP_TOLERANCE must be 0: with more, a code can be used again.", id="tieout.E001")]
    return []


@register()
def demonstration(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The demonstration signs people in by links: it may only be reached from this machine."""
    if not settings.DEMO:
        return []
    problems: list[CheckMessage] = []
    if urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK:
        problems.append(Error("TIEOUT_DEMO is on, but TIEOUT_PUBLIC_URL is not a loopback address.", id="tieout.E002"))
    if foreign := [host for host in settings.ALLOWED_HOSTS if host.strip("[]") not in LOOPBACK]:
        problems.append(
            Error(f"TIEOUT_DEMO is on, but hosts other than loopback are allowed: {foreign}.", id="tieout.E003")
        )
    return problems


@register()
def vault(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    from clients.cipher import CipherError, keys

    try:
        keys()
    except CipherError as error:
        return [Error(str(error), id="tieout.E004")]
    return []


@register()
def secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    key = str(settings.SECRET_KEY)
    if len(key) < 50 or (not settings.LOCAL and key.startswith("loopback-only-")):
        return [
            Error(
                "TIEOUT_SECRET_KEY must be at least 50 random characters of this installation's own.", id="tieout.E005"
            )
        ]
    if any(key in item for item in settings.VAULT_KEYS):
        return [Error("TIEOUT_SECRET_KEY and the vault keys must differ.", id="tieout.E006")]
    return []


@register(Tags.database)
def row_security(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """In the live catalogue: every table with client_id is under forced row security, and the app's role cannot step round it."""
    if "default" not in (databases or ()):
        return []
    return [Error(problem, id="tieout.E010") for problem in catalogue_problems()]


def catalogue_problems() -> list[str]:
    """What is wrong with the role and the policies, as sentences; asked of the live database through the app's own role."""
    problems = []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        name, is_super, bypasses, makes_roles = cursor.fetchone()
        for has, what in (
            (is_super, "is a superuser"),
            (bypasses, "bypasses row security"),
            (makes_roles, "may make roles"),
        ):
            if has:
                problems.append(f"The app's database role {name} {what}.")
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,"
            " EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid),"
            " pg_get_userbyid(c.relowner) = current_user OR pg_has_role(current_user, c.relowner, 'MEMBER'), c.has_client"
            " FROM (SELECT k.*, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.oid AND a.attname = 'client_id'"
            " AND NOT a.attisdropped) AS has_client FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace"
            " WHERE n.nspname = 'public' AND k.relkind IN ('r', 'p', 'v', 'm')) c ORDER BY 1"
        )
        for table, forced, has_policy, owned, has_client in cursor.fetchall():
            if owned:
                problems.append(f"The app's role owns {table}.")
            if has_client and not forced:
                problems.append(f"{table} has client_id but row security is not enabled and forced.")
            if has_client and not has_policy:
                problems.append(f"{table} has client_id but no policy.")
    return problems
