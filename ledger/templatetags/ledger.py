"""Filters of the ledger's pages: picking from tables, hashes as people compare them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

register = template.Library()


@register.filter
def at(values: Sequence[Any], place: int) -> Any:
    return values[place]


@register.filter
def number(numbers: Mapping[int, str], key: str) -> str:
    """An account's number by the statement's key; '' for a computed line."""
    return numbers.get(int(key), "") if is_account(key) else ""


@register.filter
def is_account(key: str) -> bool:
    """Whether a statement line is an account and not computed."""
    return key.isdecimal()


@register.filter
def width(rows: Sequence[Mapping[str, Any]]) -> int:
    """Columns of a table: the label and the cells of its widest row."""
    return 1 + max(len(row["cells"]) for row in rows)


@register.filter
def words(name: str) -> str:
    """A stream's name as words."""
    return name.replace("_", " ")


@register.filter
def age(since: datetime) -> str:
    """How long ago in one unit: ``12 m``, ``3 h``, ``5 d``."""
    minutes = int((datetime.now(UTC) - since).total_seconds()) // 60
    if minutes < 60:
        return f"{max(minutes, 0)} m"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


@register.filter(name="hash")
def short_hash(value: bytes | memoryview) -> str:
    """The first twelve digits of a hash, in fours."""
    text = bytes(value).hex()[:12]
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
