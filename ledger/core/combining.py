"""Several book items in one bank line (payouts sent together) and one book item in several lines (payroll pulls)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ledger.core.signals import BankSide, BookSide, folded_name, has_name
from ledger.core.subsets import MOST_CANDIDATES, subsets_with_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SURE, _UNNAMED, _AMBIGUOUS = 9500, 8000, 4500


class CombiningRun(Protocol):
    """What combining needs of a matching run."""

    @property
    def lines(self) -> Sequence[BankSide]: ...
    @property
    def items(self) -> Sequence[BookSide]: ...
    @property
    def texts(self) -> list[str]: ...
    @property
    def line_days(self) -> list[int]: ...
    @property
    def item_days(self) -> list[int]: ...
    @property
    def line_taken(self) -> bytearray: ...
    @property
    def item_taken(self) -> bytearray: ...

    def in_window(self, item: int, line: int) -> bool: ...

    def is_refused(self, lines: Iterable[int], items: Iterable[int]) -> bool: ...

    def settle(
        self,
        lines: tuple[int, ...],
        items: tuple[int, ...],
        confidence: int,
        reasons: tuple[str, ...],
        kind: Literal["one-to-one", "many-to-one", "one-to-many", "transfer"],
    ) -> None: ...


class _Group(NamedTuple):
    """Free members of one scope and name, in order of day."""

    members: list[int]
    days: list[int]


#: A payment collected from several days reaches back this far; wide windows of single items (cheques) do not count.
_REACH_DAYS = 8


def combine(run: CombiningRun, lines: Iterable[int], *, ambiguous: bool) -> None:
    """Explain the given free lines by sums of free items; afterwards, if ``ambiguous``, free items by sums of free lines.

    Only items of one name go together, and a line that prints a name only takes that name's items. A sum that can be
    made in two equally good ways is offered, not taken; in the first round (not ``ambiguous``) it is left for later.
    """
    groups = _groups(run)
    names = {name for by_name in groups.values() for name in by_name if name}
    for line in lines:
        if run.line_taken[line] or run.lines[line].scope not in groups:
            continue
        text, by_name = run.texts[line], groups[run.lines[line].scope]
        printed = [name for name in names if name in text]
        for name in printed or by_name if ambiguous else printed or ("",):
            group = by_name.get(name)
            if group and _explain(run, line, group, named=bool(printed) or not name, ambiguous=ambiguous):
                break
    if ambiguous:
        _split_items(run)


def _groups(run: CombiningRun) -> dict[str, dict[str, _Group]]:
    """Free items by scope and name ('' for those without one)."""
    groups: dict[str, dict[str, _Group]] = defaultdict(dict)
    free = [index for index, taken in enumerate(run.item_taken) if not taken]
    free.sort(key=lambda index: (run.item_days[index], index))
    for index in free:
        item = run.items[index]
        by_name, name = groups[item.scope], folded_name(item.names[0]) if item.names else ""
        group = by_name.get(name)
        if group is None:
            group = by_name[name] = _Group([], [])
        group.members.append(index)
        group.days.append(run.item_days[index])
    return groups


def _explain(run: CombiningRun, line: int, group: _Group, *, named: bool, ambiguous: bool) -> bool:
    day, total = run.line_days[line], run.lines[line].amount
    first, last = bisect_left(group.days, day - _REACH_DAYS), bisect_right(group.days, day + _REACH_DAYS)
    if last - first < 2:
        return False
    free = [
        item
        for item in group.members[first:last]
        if not run.item_taken[item] and (run.items[item].amount > 0) == (total > 0) and run.in_window(item, line)
    ]
    if len(free) < 2:
        return False
    if len(free) > MOST_CANDIDATES:
        free = sorted(free, key=lambda item: (abs(day - run.item_days[item]), item))[:MOST_CANDIDATES]
    found = subsets_with_sum([run.items[item].amount for item in free], total)
    ways = [way for way in found if not run.is_refused((line,), [free[place] for place in way])]
    if not ways:
        return False
    ranked = sorted((_rank(run, free, way), way) for way in ways)
    only = len(ranked) == 1 or ranked[0][0] < ranked[1][0]
    if not only and not ambiguous:
        return False
    members = tuple(sorted(free[place] for place in ranked[0][1]))
    reasons = (
        f"{len(members)} items sum to the line",
        "name on the bank line" if named else "the bank line does not name them",
    )
    confidence = (_SURE if named else _UNNAMED) if only else _AMBIGUOUS
    run.settle((line,), members, confidence, reasons if only else (*reasons, "another sum is as good"), "many-to-one")
    return only and named


def _rank(run: CombiningRun, free: list[int], way: tuple[int, ...]) -> tuple[int, int]:
    """Sums over few days first, then those that leave nothing of their days behind."""
    days = {run.item_days[free[place]] for place in way}
    left_behind = sum(run.item_days[item] in days for item in free) - len(way)
    return max(days) - min(days), left_behind


def _split_items(run: CombiningRun) -> None:
    """One item paid in several lines: free lines in its window that print its name (or any, for an item without one)."""
    free_lines: dict[str, list[int]] = defaultdict(list)
    for line in range(len(run.lines)):
        if not run.line_taken[line]:
            free_lines[run.lines[line].scope].append(line)
    for lines in free_lines.values():
        lines.sort(key=lambda line: (run.line_days[line], line))
    days = {scope: [run.line_days[line] for line in lines] for scope, lines in free_lines.items()}
    for index in [index for index, taken in enumerate(run.item_taken) if not taken]:
        item = run.items[index]
        if run.item_taken[index] or item.scope not in free_lines:
            continue
        scope = item.scope
        first = bisect_left(days[scope], run.item_days[index] - _REACH_DAYS)
        last = bisect_right(days[scope], run.item_days[index] + _REACH_DAYS)
        near = [
            line
            for line in free_lines[scope][first:last]
            if not run.line_taken[line]
            and (run.lines[line].amount > 0) == (item.amount > 0)
            and run.in_window(index, line)
            and (not item.names or has_name(item, run.texts[line]))
        ][:MOST_CANDIDATES]
        found = subsets_with_sum([run.lines[line].amount for line in near], item.amount)
        ways = [way for way in found if not run.is_refused([near[place] for place in way], (index,))]
        if not ways:
            continue
        chosen = tuple(near[place] for place in ways[0])
        confidence = (_SURE if item.names else _UNNAMED) if len(ways) == 1 else _AMBIGUOUS
        run.settle(chosen, (index,), confidence, (f"{len(chosen)} bank lines sum to the item",), "one-to-many")
