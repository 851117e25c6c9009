"""How alike two names of vendors, customers or merchants are: banks shout, cut off and decorate; people abbreviate."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Likeness: TypeAlias = Literal["same", "near", "different", "unknown"]
#: What payment services put before the merchant's own name.
_PREFIX = re.compile(r"^(?:[A-Z]{2,8}\s*\*|(?:ACH|POS|DEBIT|PURCHASE|CHECKCARD)\s*[:#]?)\s+|^[A-Z]{2,8}\s*\*\s*")
#: What says how a company is founded, not which one it is.
_LEGAL = frozenset(
    ("INC", "LLC", "LTD", "CO", "CORP", "COMPANY", "CORPORATION", "LIMITED", "GMBH", "LLP", "PLC", "THE", "AND")
)
#: Percent of equal characters from which two names may be one.
NEAR = 88
_SHORTEST = 4


class NearNames(NamedTuple):
    """Two names that may be one; ``alike`` in percent."""

    first: str
    second: str
    alike: int


@lru_cache(maxsize=20_000)
def bare(name: str) -> str:
    """The words that tell who it is: upper case, without a service's prefix, legal form, numbers and a state at the end."""
    words = re.sub(r"[^A-Z0-9 ]+", " ", _PREFIX.sub("", name.upper().strip()).replace("'", "")).split()
    telling = [word for word in words if word not in _LEGAL and not any(sign.isdigit() for sign in word)]
    if len(telling) > 2 and len(telling[-1]) == 2:
        telling.pop()
    return " ".join(telling or words)


def alike(one: str, two: str) -> Likeness:
    """Whether two names are one. ``near`` is a question, never an answer: cut off, abbreviated or misspelt."""
    first, second = bare(one), bare(two)
    if not first or not second:
        return "unknown"
    if first == second:
        return "same"
    return "near" if percent(first, second) >= NEAR else "different"


def percent(first: str, second: str) -> int:
    """Equal characters of two bare names in percent; one that begins the other, or is spaced otherwise, counts as 95."""
    short, long = sorted((first.replace(" ", ""), second.replace(" ", "")), key=len)
    if len(short) >= _SHORTEST and long.startswith(short):
        return 95
    return round(max(fuzz.ratio(first, second), fuzz.token_sort_ratio(first, second)))


def near(names: Iterable[str]) -> Iterator[NearNames]:
    """Each pair of different names that may be one, most alike first.

    Only names that share a word's first three letters are compared: the cost stays far from the square of their number.
    """
    blocks: dict[str, set[str]] = {}
    for name in {name for name in names if bare(name)}:
        for word in bare(name).split():
            blocks.setdefault(word[:3], set()).add(name)
    pairs = {tuple(sorted(pair)) for block in blocks.values() for pair in combinations(sorted(block), 2)}
    found = [
        NearNames(one, two, 100 if bare(one) == bare(two) else percent(bare(one), bare(two))) for one, two in pairs
    ]
    return iter(sorted((pair for pair in found if pair.alike >= NEAR), key=lambda pair: (-pair.alike, pair)))
