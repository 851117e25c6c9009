"""Reading answer headers whatever their case, and the codes in an error body that may be shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def header(headers: Mapping[str, str], name: str) -> str:
    """The header's value, '' if absent."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def retry_after(headers: Mapping[str, str], *, default: float) -> float:
    """Seconds of Retry-After; ``default`` where it is absent or a date."""
    told = header(headers, "Retry-After").strip()
    return float(told) if told.isascii() and told.isdigit() else default


def safe_code(value: object) -> str:
    """An error code fit for a message: one short word, else ''. Free text of a provider never gets into our messages."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
