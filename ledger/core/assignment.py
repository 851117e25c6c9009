"""The best pairing of a small block: whole-number scores, each row and column used at most once, rows may stay alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEVER = 1 << 60


def best_assignment(scores: Sequence[Sequence[int | None]]) -> tuple[int, list[int | None]]:
    """The greatest total score and each row's column (None: the row stays alone, which scores 0).

    ``None`` as a score forbids the pair. Deterministic. Shortest augmenting paths with potentials, O(rows² · columns).
    """
    rows = len(scores)
    width = len(scores[0]) if rows else 0
    columns = width + rows
    cost = [
        [_NEVER if score is None else -score for score in row]
        + [0 if place == index else _NEVER for place in range(rows)]
        for index, row in enumerate(scores)
    ]
    row_price, column_price = [0] * (rows + 1), [0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        column = 0
        shortest = [2 * _NEVER] * (columns + 1)
        done = [False] * (columns + 1)
        while owner[column]:
            done[column] = True
            column = _step(cost, (row_price, column_price), (owner, way), (shortest, done), column)
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    chosen: list[int | None] = [None] * rows
    total = 0
    for column in range(1, width + 1):
        if owner[column]:
            score = scores[owner[column] - 1][column - 1]
            if score is not None and score > 0:
                chosen[owner[column] - 1] = column - 1
                total += score
    return total, chosen


def _step(
    cost: list[list[int]],
    prices: tuple[list[int], list[int]],
    tree: tuple[list[int], list[int]],
    reach: tuple[list[int], list[bool]],
    column: int,
) -> int:
    """Grow the alternating tree by the column nearest to it; prices move by that distance."""
    (row_price, column_price), (owner, way), (shortest, done) = prices, tree, reach
    row = owner[column]
    nearest, distance = 0, 4 * _NEVER
    costs, price = cost[row - 1], row_price[row]
    for other in range(1, len(owner)):
        if done[other]:
            continue
        reduced = costs[other - 1] - price - column_price[other]
        if reduced < shortest[other]:
            shortest[other], way[other] = reduced, column
        if shortest[other] < distance:
            distance, nearest = shortest[other], other
    for other in range(len(owner)):
        if done[other]:
            row_price[owner[other]] += distance
            column_price[other] -= distance
        else:
            shortest[other] -= distance
    return nearest
