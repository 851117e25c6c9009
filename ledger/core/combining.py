"""Several book items in one bank line (payouts sent together) and one book item in several lines (payroll pulls)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ledger.core.signals import BankSide, BookSide, folded_name, has_name
from ledger.core.subsets import (
    MOST_CANDIDATES,
    MOST_MEMBERS,
    MOST_SOLUTIONS,
    Halves,
    both_sides,
    count_subsets,
    halves,
    subsets_with_sum,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    def opens(self) -> list[int]: ...
    @property
    def shuts(self) -> list[int]: ...
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


@dataclass(slots=True)
class _Pool:
    """Items that a sum is looked for in; its halves are made when first asked for and serve every line of the day."""

    items: list[int]
    amounts: list[int]
    most: int
    #: How many of them are of the first day, which a sum then must touch; 0 where any will do.
    first: int
    #: No sum of two or more of them comes to less, or to more.
    smallest: int
    largest: int
    made: Halves | None = None

    def ways(self, total: int) -> Iterator[tuple[int, ...]]:
        if self.made is None:
            if self.first:
                self.made = both_sides(self.amounts, self.first, self.most)
            else:
                self.made = halves(self.amounts, range(len(self.items)), self.most)
        for way in self.made.ways(total):
            yield tuple([self.items[place] for place in way])


@dataclass(slots=True)
class _Group:
    """Free members of one scope and name, in order of day; ``plans`` are the pools for a day and a sign, nearest first."""

    members: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    plans: dict[tuple[int, bool], list[_Tier]] = field(default_factory=dict)
    #: By first and last day, sign and how many members a sum may have: neighbouring days share them.
    pools: dict[tuple[int, int, bool, int], _Pool] = field(default_factory=dict)


class _Tier(NamedTuple):
    """Pools as good as each other; not ``telling`` where so many sums can be made of them that one may be an accident."""

    pools: list[_Pool]
    telling: bool


#: A payment collected from several days reaches back this far; wide windows of single items (cheques) do not count.
_REACH_DAYS = 8
#: Sums weighed for one line, at most, among the items of single days (asked by many lines) and of several days.
_MOST_DAY_SUMS, _MOST_SUMS = 20_000, 1_600
#: A sum is telling only if an accident would make it no more often than once in so many lines.
_ONCE_IN = 100
_BY_CHANCE, _ANOTHER = "so many make such a sum by chance", "another sum is as good"


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
            group = by_name[name] = _Group()
        group.members.append(index)
        group.days.append(run.item_days[index])
    return groups


def _explain(run: CombiningRun, line: int, group: _Group, *, named: bool, ambiguous: bool) -> bool:
    day, total = run.line_days[line], run.lines[line].amount
    first, last = bisect_left(group.days, day - _REACH_DAYS), bisect_right(group.days, day + _REACH_DAYS)
    if last - first < 2:
        return False
    plan = group.plans.get((day, total > 0))
    if plan is None:
        plan = group.plans[day, total > 0] = _plan(run, group, group.members[first:last], day, total > 0)
    for tier in plan:
        ways = [
            way
            for pool in tier.pools
            if pool.smallest <= abs(total) <= pool.largest
            for way in _open_ways(run, line, pool, total)
        ]
        if ways:
            break
    else:
        return False
    ranked = sorted((_rank(run, line, group, way), way) for way in ways)
    only = len(ranked) == 1 or ranked[0][0][:2] < ranked[1][0][:2]
    sure = only and tier.telling
    if not sure and not ambiguous:
        return False
    members = tuple(sorted(ranked[0][1]))
    reasons: tuple[str, ...] = (
        f"{len(members)} items sum to the line",
        "name on the bank line" if named else "the bank line does not name them",
    )
    if not sure:
        reasons = (*reasons, _BY_CHANCE if only else _ANOTHER)
    run.settle((line,), members, (_SURE if named else _UNNAMED) if sure else _AMBIGUOUS, reasons, "many-to-one")
    return sure and named


def _open_ways(run: CombiningRun, line: int, pool: _Pool, total: int) -> list[tuple[int, ...]]:
    ways = (
        way
        for way in pool.ways(total)
        if not any(run.item_taken[item] or not run.in_window(item, line) for item in way)
        and not run.is_refused((line,), way)
    )
    return list(islice(ways, MOST_SOLUTIONS))


def _plan(run: CombiningRun, group: _Group, members: list[int], day: int, is_income: bool) -> list[_Tier]:
    """Where to look for the lines of a day: among all members that may meet them where these make few sums, else among those
    of one day, then of two, and so on, as long as sums are few.
    """
    near = [
        item
        for item in members
        if run.opens[item] <= day <= run.shuts[item]
        and not run.item_taken[item]
        and (run.items[item].amount > 0) == is_income
    ]
    if len(near) < 2:
        return []
    sizes = sorted(abs(run.items[item].amount) for item in near)
    sums = count_subsets(len(near), MOST_MEMBERS)
    if sums <= _MOST_SUMS:
        return [_Tier([_pool(run, near, MOST_MEMBERS)], _is_telling(sums, sizes, MOST_MEMBERS))]
    days = [run.item_days[item] for item in near]
    starts = sorted(set(days))
    plan: list[_Tier] = []
    most = MOST_MEMBERS
    for span in range(days[-1] - days[0] + 1):
        counts = [bisect_right(days, start + span) - bisect_left(days, start) for start in starts]
        while most > 1:
            sums = sum(count_subsets(count, most) for count in counts)
            if sums <= (_MOST_SUMS if span else _MOST_DAY_SUMS) and _is_telling(sums, sizes, most):
                break
            most -= 1
        else:
            break
        plan.append(_Tier([_pool_of_days(run, group, start, start + span, is_income, most) for start in starts], True))
    return plan


def _is_telling(sums: int, sizes: list[int], most: int) -> bool:
    """Whether so many sums of up to ``most`` of the ``sizes`` (ascending), if they fell evenly, would seldom be one given total."""
    return sums * _ONCE_IN <= sum(sizes[-most:])


def _pool_of_days(run: CombiningRun, group: _Group, first: int, last: int, is_income: bool, most: int) -> _Pool:
    place = first, last, is_income, most
    pool = group.pools.get(place)
    if pool is None:
        among = group.members[bisect_left(group.days, first) : bisect_right(group.days, last)]
        items = [item for item in among if not run.item_taken[item] and (run.items[item].amount > 0) == is_income]
        of_first = sum(run.item_days[item] == first for item in items) if last > first else 0
        pool = group.pools[place] = _pool(run, items, most, of_first)
    return pool


def _pool(run: CombiningRun, items: list[int], most: int, first: int = 0) -> _Pool:
    amounts = [run.items[item].amount for item in items]
    sizes = sorted(map(abs, amounts))
    return _Pool(items, amounts, most, first, sum(sizes[:2]), sum(sizes[-most:]))


def _rank(run: CombiningRun, line: int, group: _Group, way: tuple[int, ...]) -> tuple[int, bool, int]:
    """Sums over few days first, then those that leave nothing of their days behind."""
    days = {run.item_days[item] for item in way}
    is_income, left = run.lines[line].amount > 0, -len(way)
    for day in days:
        for item in group.members[bisect_left(group.days, day) : bisect_right(group.days, day)]:
            left += not run.item_taken[item] and (run.items[item].amount > 0) == is_income and run.in_window(item, line)
    return max(days) - min(days), left > 0, left


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
        first = bisect_left(days[scope], max(run.opens[index], run.item_days[index] - _REACH_DAYS))
        last = bisect_right(days[scope], min(run.shuts[index], run.item_days[index] + _REACH_DAYS))
        near = [
            line
            for line in free_lines[scope][first:last]
            if not run.line_taken[line]
            and (run.lines[line].amount > 0) == (item.amount > 0)
            and run.in_window(index, line)
            and (not item.names or has_name(item, run.texts[line]))
        ][:MOST_CANDIDATES]
        amounts = [run.lines[line].amount for line in near]
        ways = [
            way
            for way in subsets_with_sum(amounts, item.amount)
            if not run.is_refused([near[place] for place in way], (index,))
        ]
        if not ways:
            continue
        chosen = tuple(near[place] for place in ways[0])
        reasons: tuple[str, ...] = (f"{len(chosen)} bank lines sum to the item",)
        confidence = _SURE if item.names else _UNNAMED
        if len(ways) > 1:
            confidence, reasons = _AMBIGUOUS, (*reasons, _ANOTHER)
        elif not _is_telling(count_subsets(len(near), MOST_MEMBERS), sorted(map(abs, amounts)), MOST_MEMBERS):
            confidence, reasons = _AMBIGUOUS, (*reasons, _BY_CHANCE)
        run.settle(chosen, (index,), confidence, reasons, "one-to-many")
