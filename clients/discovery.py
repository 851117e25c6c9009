"""Systems a client seems to use and nobody inventoried: what banks print, whom the books pay, which apps write into them (N9).

Pure: sightings in, proposals with their evidence out. The words come from the catalogue.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from clients import catalogue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

Kind = Literal["bank", "vendor", "app", "connection"]
#: Texts of one kind that are kept as examples.
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Sighting:
    """Equal texts of one place: ``count`` of them, ``in_minor`` and ``out_minor`` moved (both positive), first and last day."""

    kind: Kind
    text: str
    count: int
    in_minor: int
    out_minor: int
    first: date
    last: date


@dataclass(slots=True)
class Evidence:
    """All sightings of a system of one kind."""

    kind: Kind
    count: int = 0
    in_minor: int = 0
    out_minor: int = 0
    first: date | None = None
    last: date | None = None
    examples: list[str] = field(default_factory=list)

    def add(self, seen: Sighting) -> None:
        self.count += seen.count
        self.in_minor += seen.in_minor
        self.out_minor += seen.out_minor
        self.first = min(self.first or seen.first, seen.first)
        self.last = max(self.last or seen.last, seen.last)
        if seen.text not in self.examples and len(self.examples) < EXAMPLES:
            self.examples.append(seen.text)

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "count": self.count,
            "in_minor": self.in_minor,
            "out_minor": self.out_minor,
            "first": str(self.first),
            "last": str(self.last),
            "examples": self.examples,
        }


def propose(sightings: Iterable[Sighting], *, known: Collection[str]) -> Mapping[str, list[Evidence]]:
    """System → evidence, for systems that are not ``known``, the most telling kind first."""
    found: dict[str, dict[Kind, Evidence]] = defaultdict(dict)
    for seen in sorted(sightings, key=lambda each: (-each.count, each.text)):
        for system in named(seen):
            if system not in known:
                found[system].setdefault(seen.kind, Evidence(seen.kind)).add(seen)
    order = ("connection", "app", "bank", "vendor")
    return {
        system: sorted(kinds.values(), key=lambda each: order.index(each.kind))
        for system, kinds in sorted(found.items())
    }


def named(seen: Sighting) -> list[str]:
    """The systems a sighting names. A marketplace is told by money that came from it: buying there says nothing."""
    if seen.kind == "connection":
        return [seen.text] if seen.text in catalogue.BY_SLUG else []
    if seen.kind == "app":
        pattern, whose = _apps()
        return sorted({slug for match in pattern.finditer(seen.text) for slug in whose[match[0]]})
    pattern, whose = _words()
    slugs = {slug for match in pattern.finditer(seen.text.upper()) for slug in whose[match[0]]}
    return sorted(slug for slug in slugs if _fits(slug, seen))


def _fits(slug: str, seen: Sighting) -> bool:
    wanted = catalogue.BY_SLUG[slug].money
    return not wanted or (wanted == "in" and seen.kind == "bank" and seen.in_minor > 0)


@lru_cache(maxsize=1)
def _words() -> tuple[re.Pattern[str], dict[str, list[str]]]:
    """What banks print and vendors are called, as one pattern: the longest word wins."""
    whose: dict[str, list[str]] = defaultdict(list)
    for system in catalogue.SYSTEMS:
        for word in system.words:
            whose[word].append(system.slug)
    return _pattern(whose), whose


@lru_cache(maxsize=1)
def _apps() -> tuple[re.Pattern[str], dict[str, list[str]]]:
    """The names under which apps write, spelt as they spell them; a name that several bear proposes the first."""
    whose: dict[str, list[str]] = {}
    for system in catalogue.SYSTEMS:
        for name in system.writes_as:
            whose.setdefault(name, [system.slug])
    return _pattern(whose), whose


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Whole words only: ``RAMP`` is not in ``CRAMPON``."""
    longest = sorted(words, key=len, reverse=True)
    inner = "|".join(re.escape(word) + (r"(?![A-Za-z0-9])" if word[-1].isalnum() else "") for word in longest)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{inner})")
