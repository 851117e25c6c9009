"""Payloads no vendor sends: documented objects with a few fields gone, or other than they may be. The same ones in each run."""

from __future__ import annotations

import copy
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.records import Unknown
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import fixture_objects, holder, places, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.provider import Provider, Stream

#: Payloads a stream has to bear.
MANY = 200
#: What stands where something else belongs, whoever the vendor is.
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**70, -(2**70), Decimal("1.005"), Decimal("1E+400"), "", " ", "no such thing", "ÿ☃𝔘", "\u202e",
    "'; --", "-0.001", "1e400", ",", "EUR", "JPY", "KWD", "2026-02-30", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00", [], [1, -1], {}, {"x": 1},
)  # fmt: skip


def spoilt(declared: Provider, stream: Stream, own: Sequence[Any], rng: Random) -> Any:
    """One documented object, spoilt in one to four places by what is strange to anybody or by the vendor's ``own`` words."""
    raw = copy.deepcopy(rng.choice(fixture_objects(declared, stream)))
    for _ in range(rng.randint(1, 4)):
        found = list(places(raw))
        path = rng.choice(found) if found else None
        if path is not None and rng.random() < 0.6:
            holder(raw, path)[path[-1]] = copy.deepcopy(rng.choice([*STRANGE, *own]))
        elif path is not None:
            del holder(raw, path)[path[-1]]
    return raw


def problems(declared: Provider, stream: Stream, raw: Any) -> list[str]:
    """The fields and reasons by which a payload is not booked. Entries that do not balance fail here, and so does any error that
    names no field.
    """
    try:
        stream.identify(Payload.of(raw))
        assert len(stream.version(Payload.of(raw))) <= 100
        found = read(stream, raw)
    except PayloadError as refused:
        return [refused.path]
    named = [fact.what for fact in found if isinstance(fact, Unknown)]
    for fact in found:
        try:
            for entry in drafts(fact, provider=declared.slug, category=declared.category, home="USD"):
                assert sum(line.debit - line.credit for line in entry.lines) == 0
        except Unbookable as held:
            named.append(held.what)
    return named
