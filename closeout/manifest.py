"""The manifest: everything a signature stands for, written down in one canonical form and hashed.

Canonical: sections sorted by name, each framed by the lengths of its name and of its JSON (sorted keys, no spaces, ASCII,
integers only), so that no two different manifests ever have the same bytes and no section can run into the next.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from closeout.models import Seal
from ledger.models import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from ledger.core.period import Month

_HEAD = "tieout-manifest"


class BrokenSealError(ValueError):
    """A stored manifest is not the one its seal was made of."""


def canonical(value: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, ASCII. Raises TypeError for a float or anything JSON cannot hold."""
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a manifest holds no fractions")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a manifest's keys are text, not {key!r}")
            _refuse_floats(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_floats(inner)


def written(sections: Mapping[str, object]) -> str:
    """The manifest as stored and hashed: ``<len>:<name><len>:<json>`` per section in the order of their names."""
    parts = [_HEAD]
    for name in sorted(sections):
        body = canonical(sections[name])
        parts.append(f"{len(name)}:{name}{len(body)}:{body}")
    return "\n".join(parts)


def read(text: str) -> dict[str, Any]:
    """The sections of a written manifest. Raises BrokenSealError where a frame does not fit."""
    head, _, rest = text.partition("\n")
    if head != _HEAD:
        raise BrokenSealError("This is no manifest.")
    sections: dict[str, Any] = {}
    while rest:
        name, rest = _frame(rest)
        body, rest = _frame(rest)
        sections[name] = json.loads(body)
        rest = rest.removeprefix("\n")
    return sections


def _frame(text: str) -> tuple[str, str]:
    length, colon, rest = text.partition(":")
    if not colon or not (length.isascii() and length.isdecimal()) or len(rest) < int(length):
        raise BrokenSealError("A manifest's frame does not fit.")
    return rest[: int(length)], rest[int(length) :]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def opened(seal: Seal) -> dict[str, Any]:
    """The sections of a seal's manifest. Raises BrokenSealError if the stored text is not what was sealed."""
    if sha256(seal.manifest) != seal.sha256:
        raise BrokenSealError(f"The manifest of seal {seal.code} is not the one that was sealed.")
    return read(seal.manifest)


def sealed_trial_balance(client: Client, month: Month) -> dict[str, int] | None:
    """Account id → debit − credit (minor units, since the books began) as sealed; accounts at nil are left out.

    None unless the month is sealed now: before its first seal, while it is reopened, or when its seal is broken.
    """
    if not Period.objects.filter(client=client, month=month.first, state=Period.State.SEALED).exists():
        return None
    seal = Seal.objects.filter(client=client, close__month=month.first).order_by("-number").first()
    if seal is None:
        return None
    try:
        sections = opened(seal)
    except BrokenSealError:
        return None
    return {account: int(amount) for account, amount in sections["trial_balance"].items()}
