"""Which few amounts make up a total: every subset of a bounded size, found by meeting in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Members a combined payment may have; beyond it chance sums drown the true one.
MOST_MEMBERS = 5
#: Amounts looked at for one total; the caller brings the likeliest first.
MOST_CANDIDATES = 24
#: Solutions after which a total is ambiguous anyway.
MOST_SOLUTIONS = 64


def subsets_with_sum(amounts: Sequence[int], total: int, *, most: int = MOST_MEMBERS) -> list[tuple[int, ...]]:
    """Index tuples (ascending) of 2 to ``most`` amounts that sum to ``total``; at most MOST_SOLUTIONS of them.

    Only the first MOST_CANDIDATES amounts are looked at. Amounts may have either sign.
    """
    places = _useful(amounts[:MOST_CANDIDATES], total)
    if len(places) < 2:
        return []
    half = len(places) // 2
    left = _sums(amounts, places[:half], most)
    right = _sums(amounts, places[half:], most)
    found: list[tuple[int, ...]] = []
    for left_sum, left_sets in left.items():
        right_sets = right.get(total - left_sum)
        if right_sets is None:
            continue
        for one in left_sets:
            for other in right_sets:
                if 2 <= len(one) + len(other) <= most:
                    found.append(one + other)
                    if len(found) == MOST_SOLUTIONS:
                        return found
    return found


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


def _sums(amounts: Sequence[int], places: Sequence[int], most: int) -> dict[int, list[tuple[int, ...]]]:
    found: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place in places:
        amount = amounts[place]
        found += [(total + amount, (*chosen, place)) for total, chosen in found if len(chosen) < most]
    sums: dict[int, list[tuple[int, ...]]] = {}
    for total, chosen in found:
        if total in sums:
            sums[total].append(chosen)
        else:
            sums[total] = [chosen]
    return sums
