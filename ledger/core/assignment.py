"""The best pairing of rows with columns: whole-number scores, each used at most once, any may stay alone.

Sparse, so that thousands of equal amounts are weighed as a whole: the Hungarian method over reduced costs, all unplaced rows at
once (Hopcroft and Karp's phases), from a start where every row has its own best column.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A margin is not looked for beyond this: what is so much better than every other way is certain.
MOST_MARGIN = 8
#: Steps spent on one margin; then the distance reached is what it is at least.
_MOST_STEPS = 40


class Pair(NamedTuple):
    """A row and its column. ``margin``: how much worse the best pairing without this pair is, at least; MOST_MARGIN at most."""

    row: int
    column: int
    score: int
    margin: int


def best_assignment(scores: Mapping[tuple[int, int], int]) -> list[Pair]:
    """The pairs of greatest total score, by row; pairs not in ``scores`` or not above 0 are never made. Deterministic."""
    block = _Block(scores)
    block.take_first_choices()
    block.settle()
    return [
        Pair(row, column, block.score[row, column], block.margin(row, column))
        for row, column in sorted(block.column_of.items())
    ]


class _Block:
    """Prices keep ``worth[row] + price[column] >= score``, equal where paired; free columns cost 0, lone rows are worth 0."""

    def __init__(self, scores: Mapping[tuple[int, int], int]) -> None:
        self.score = {pair: score for pair, score in sorted(scores.items()) if score > 0}
        self.of_row: dict[int, list[int]] = {}
        self.of_column: dict[int, list[int]] = {}
        for row, column in self.score:
            self.of_row.setdefault(row, []).append(column)
            self.of_column.setdefault(column, []).append(row)
        self.worth = {row: max(self.score[row, column] for column in some) for row, some in self.of_row.items()}
        self.price = dict.fromkeys(self.of_column, 0)
        self.column_of: dict[int, int] = {}
        self.row_of: dict[int, int] = {}

    def take_first_choices(self) -> None:
        for row, columns in self.of_row.items():
            for column in columns:
                if column not in self.row_of and self.score[row, column] == self.worth[row]:
                    self.column_of[row], self.row_of[column] = column, row
                    break

    def settle(self) -> None:
        """Lower what unplaced rows are worth by the least that opens a way, and place all that can be placed at once."""
        while waiting := [row for row in self.of_row if row not in self.column_of and self.worth[row]]:
            self._lower(waiting)
            dead: set[int] = set()
            for row in waiting:
                if self.worth[row]:
                    self._place(row, dead)

    def _lower(self, sources: list[int]) -> None:
        """Distances of everybody from the unplaced rows; worths fall and prices rise until the nearest way is for nothing."""
        rows, columns = dict.fromkeys(sources, 0), {}
        ways = [(self.worth[row] + self.price[c] - self.score[row, c], c) for row in sources for c in self.of_row[row]]
        heapify(ways)
        best = min(self.worth[row] for row in sources)
        while ways:
            far, column = heappop(ways)
            if far >= best:
                break
            if column in columns:
                continue
            columns[column] = far
            owner = self.row_of.get(column)
            if owner is None:
                best = far
                break
            rows[owner] = far
            worth = far + self.worth[owner]
            best = min(best, worth)
            for other in self.of_row[owner]:
                if other not in columns:
                    heappush(ways, (worth + self.price[other] - self.score[owner, other], other))
        for row, far in rows.items():
            self.worth[row] -= max(best - far, 0)
        for column, far in columns.items():
            self.price[column] += max(best - far, 0)

    def _place(self, row: int, dead: set[int]) -> None:
        """Follow pairs that cost nothing to a free column, or to a row that is worth nothing; ``dead`` columns lead nowhere."""
        came: dict[int, int] = {}
        path = [row]
        while path:
            at = path.pop()
            if not self.worth[at] and at != row:
                self._shift(row, self.column_of.pop(at), came)
                return
            for column in self.of_row[at]:
                if column in dead or self.worth[at] + self.price[column] != self.score[at, column]:
                    continue
                dead.add(column)
                came[column] = at
                owner = self.row_of.get(column)
                if owner is None:
                    self._shift(row, column, came)
                    return
                path.append(owner)

    def _shift(self, row: int, column: int, came: Mapping[int, int]) -> None:
        """Everybody on the way to the column moves on by one."""
        while True:
            via = came[column]
            before = self.column_of.get(via)
            self.column_of[via], self.row_of[column] = column, via
            if via == row or before is None:
                return
            column = before

    def _reach(self, row: int, far: int, limit: int, waiting: list[tuple[int, int]]) -> None:
        worth, own = self.worth[row] + far, self.column_of.get(row)
        for column in self.of_row[row]:
            distance = worth + self.price[column] - self.score[row, column]
            if distance < limit and column != own:
                heappush(waiting, (distance, column))

    def margin(self, row: int, column: int) -> int:
        """What the total loses without this pair: its row leaves by a ring that ends in its column, or each goes its own way."""
        around, out = self._leave(row, column)
        if around == 0:
            return 0
        return min(around, out + self._refill(column, row, min(around, MOST_MARGIN) - out))

    def _swap(self, row: int, column: int) -> int:
        """What it costs that another row and this one change places, at best."""
        best = MOST_MARGIN
        ours = self.worth[row]
        for other in self.of_row[row]:
            cost = ours + self.price[other] - self.score[row, other]
            owner = self.row_of.get(other)
            if cost < best and owner is not None and owner != row and (owner, column) in self.score:
                best = min(best, cost + self.worth[owner] + self.price[column] - self.score[owner, column])
        return best

    def _leave(self, row: int, column: int) -> tuple[int, int]:
        """Cheapest ways for ``row`` to live without ``column``: those that put somebody else there, and all others."""
        around, out = self._swap(row, column), min(self.worth[row], MOST_MARGIN)
        seen: set[int] = set()
        waiting: list[tuple[int, int]] = []
        self._reach(row, 0, around, waiting)
        while waiting:
            far, other = heappop(waiting)
            if far >= around:
                break
            if len(seen) > _MOST_STEPS:
                return min(around, far), min(out, far)
            if other in seen:
                continue
            seen.add(other)
            if other == column:
                around = far
                continue
            owner = self.row_of.get(other)
            if owner is None:
                out = min(out, far)
                continue
            out = min(out, far + self.worth[owner])
            self._reach(owner, far, around, waiting)
        return around, out

    def _refill(self, column: int, without: int, limit: int) -> int:
        """What the freed column still costs once the best other row has moved into it; no more than its price."""
        best = self.price[column]
        seen: set[int] = set()
        waiting = [(0, column)]
        while waiting:
            far, place = heappop(waiting)
            if far >= min(best, limit):
                break
            if len(seen) > _MOST_STEPS:
                return min(best, far)
            if place in seen:
                continue
            seen.add(place)
            best = min(best, far + self.price[place])
            for row in self.of_column[place]:
                distance = far + self.worth[row] + self.price[place] - self.score[row, place]
                held = self.column_of.get(row)
                if row == without or distance >= best:
                    continue
                if held is None:
                    best = distance
                elif held != place:
                    heappush(waiting, (distance, held))
        return best
