"""Filters of the ledger's pages: picking from tables, hashes as people compare them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import template

from integrations.overview import initials
from integrations.registry import all_providers
from ledger.core import roles
from ledger.views import framing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.core.sheets import Sheet
    from ledger.models import JournalLine

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
def width(sheet: Sheet) -> int:
    """Columns of a statement: the label and one for each head."""
    return 1 + len(sheet.heads)


@register.filter
def opens(key: str) -> bool:
    """Whether a line's figures open to something: an account, a channel, a jurisdiction, a customer or vendor."""
    return is_account(key) or ":" in key


@register.filter
def is_in(slug: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a name is one of those of (name, label) pairs."""
    return slug in dict(pairs)


@register.filter
def tagged(name: str) -> str:
    """The word for a tag of lines."""
    return {"klass": "class"}.get(name, name)


@register.filter
def share(basis_points: int | None) -> str:
    """``8.2%``, negatives in parentheses."""
    return framing.percent(basis_points)


#: A kind at the beginning of a text, written as the accounting system writes it: ``BillPayment``, ``JournalEntry:17``.
_KIND = re.compile(r"^((?:[A-Z][a-z]+){2,}(?=$| ·|:)|[A-Z][a-z]+(?=:\d))")
#: How far a document is on its way, in words.
SENT = {
    "new": "not sent yet", "sending": "on its way", "posted": "posted", "rejected": "refused",
    "uncertain": "no clear answer", "dropped": "cancelled here, nets to nil",
}  # fmt: skip


@register.filter
def spoken(text: str) -> str:
    """``BillPayment · 2060 · Tidewater Energy`` as ``Bill payment · 2060 · Tidewater Energy``; other texts as they are."""
    found = _KIND.match(text)
    if not found:
        return text
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found[1]).capitalize()
    return kind + text[found.end() :].replace(":", " ", 1)


@register.filter
def meaning(line: JournalLine) -> str:
    """What a line means: ``Clearing · Stripe``, the role by its name, a provider by its own."""
    return refined(line.role, line.key)


@register.filter
def refined(role: str, key: str) -> str:
    """A role with what refines it, in words."""
    known = roles.ROLES.get(role)
    provider = all_providers().get(key) if known and known.refined_by == "provider" else None
    return roles.label(role, provider.name if provider else key)


@register.filter
def percent(basis_points: int) -> str:
    """Basis points as people read them; never a full hundred for what is not whole."""
    return framing.percent(basis_points, whole=True)


@register.filter
def letters(name: object) -> str:
    """Two letters that stand for a system."""
    return initials(str(name))


@register.filter
def sent(state: str) -> str:
    return SENT.get(state, state)


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
