"""Settings from the environment: each is typed, and a bad one stops the start with one clear line."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class SettingError(SystemExit):
    """A missing or bad setting; the text is the one line the operator sees."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"tieout: setting {name} {problem}")


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise SettingError(name, "is missing")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise SettingError(name, f"must be yes or no, not {value!r}")
    return default


def whole(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal():
        raise SettingError(name, f"must be a whole number, not {value!r}")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name, "").strip() or default).resolve()


def database(name: str, url: str) -> dict[str, object]:
    """Django's settings for a ``postgresql://user:password@host:port/name?host=/socket`` address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError(name, "must be a postgresql:// address (there is no other engine)")
    query = dict(parse_qsl(parts.query))
    base = parts.path.lstrip("/")
    if not base:
        raise SettingError(name, "names no database")
    options = {key: value for key, value in query.items() if key not in {"host", "port"}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(base),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or query.get("port", "")),
        "OPTIONS": {"client_encoding": "UTF8", **options},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
