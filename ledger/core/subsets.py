"""Which few amounts make up a total: every subset of a bounded size, found by meeting in the middle."""

from __future__ import annotations

from functools import cache
from itertools import islice
from math import comb
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Members a combined payment may have; beyond it chance sums drown the true one.
MOST_MEMBERS = 5
#: Amounts looked at for one total; the caller brings the likeliest first.
MOST_CANDIDATES = 24
#: Solutions after which a total is ambiguous anyway.
MOST_SOLUTIONS = 64

_Sums = dict[int, list[tuple[int, ...]]]


class Halves(NamedTuple):
    """The sums that the amounts of each half can make, with the places (in the amounts given) that make them."""

    left: _Sums
    right: _Sums
    most: int

    def ways(self, total: int) -> Iterator[tuple[int, ...]]:
        """Places (ascending) of 2 to ``most`` amounts that sum to ``total``."""
        for left_sum, left_sets in self.left.items():
            right_sets = self.right.get(total - left_sum)
            if right_sets is None:
                continue
            for one in left_sets:
                for other in right_sets:
                    if 2 <= len(one) + len(other) <= self.most:
                        yield one + other


def halves(amounts: Sequence[int], places: Sequence[int], most: int = MOST_MEMBERS) -> Halves:
    """Prepared once, asked for many totals."""
    half = len(places) // 2
    return Halves(_sums(amounts, places[:half], most), _sums(amounts, places[half:], most), most)


def both_sides(amounts: Sequence[int], split: int, most: int) -> Halves:
    """As ``halves``, of those sums only that have members before place ``split`` and members from there on."""
    left = _sums(amounts, range(split), most - 1, least=1)
    return Halves(left, _sums(amounts, range(split, len(amounts)), most - 1, least=1), most)


def subsets_with_sum(amounts: Sequence[int], total: int, *, most: int = MOST_MEMBERS) -> list[tuple[int, ...]]:
    """Index tuples (ascending) of 2 to ``most`` amounts that sum to ``total``; at most MOST_SOLUTIONS of them.

    Only the first MOST_CANDIDATES amounts are looked at. Amounts may have either sign.
    """
    places = _useful(amounts[:MOST_CANDIDATES], total)
    if len(places) < 2:
        return []
    return list(islice(halves(amounts, places, most).ways(total), MOST_SOLUTIONS))


@cache
def count_subsets(count: int, most: int) -> int:
    """How many subsets of 2 to ``most`` members there are among so many."""
    return sum(comb(count, size) for size in range(2, most + 1))


def _useful(amounts: Sequence[int], total: int) -> list[int]:
    """Places that can be members: of amounts all of one sign, those that are less than the total; none where all are too little."""
    signs = {amount > 0 for amount in amounts}
    if len(signs) > 1 or 0 in amounts:
        return list(range(len(amounts)))
    size = abs(total)
    places = [place for place, amount in enumerate(amounts) if abs(amount) < size]
    if (total > 0) not in signs or sum(abs(amounts[place]) for place in places) < size:
        return []
    return places


def _sums(amounts: Sequence[int], places: Sequence[int], most: int, least: int = 0) -> _Sums:
    found: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place in places:
        amount = amounts[place]
        found += [(total + amount, (*chosen, place)) for total, chosen in found if len(chosen) < most]
    sums: _Sums = {}
    for total, chosen in found[least:]:
        if total in sums:
            sums[total].append(chosen)
        else:
            sums[total] = [chosen]
    return sums
