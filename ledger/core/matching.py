"""Bank matching: which statement lines are which book items, with reasons and a confidence in basis points.

Exact amounts in a date window make candidates. Whole references decide at once; what remains is settled block by block by
the best assignment, and a pair is only confident where every other way to settle its block is clearly worse. Lines that no
single item explains are looked for as sums of several, and the other way round. Amounts are never approximated.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.core.assignment import best_assignment
from ledger.core.combining import combine
from ledger.core.signals import (
    BankSide,
    BookSide,
    has_name,
    has_reference,
    plain,
    printed,
    reference_bits,
    word_bits,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

#: At or above this many basis points a suggestion may be taken without a person.
ACCEPT = 9000
_CERTAIN, _NAMED, _WORDED, _BARE, _SILENT, _OPEN = 9950, 9700, 9500, 9000, 6000, 5000
#: Evidence in bits: a pair with nothing but amount and date, one whose line prints the item's name, one that should but does not.
_BASE_BITS, _NAME_BITS, _SILENT_BITS = 14, 8, -9
_RARE_LAG_BITS = 8

Kind = Literal["one-to-one", "many-to-one", "one-to-many", "transfer", "with-fee"]
Refusal = tuple[frozenset[str], frozenset[str]]
_Scores = dict[tuple[int, int], int]
_Place = tuple[str, int]
_SCOPE_AND_AMOUNT = attrgetter("scope", "amount")


class Suggestion(NamedTuple):
    """These lines are these items. ``confidence`` is in basis points; ``reasons`` are plain words."""

    lines: tuple[str, ...]
    items: tuple[str, ...]
    confidence: int
    reasons: tuple[str, ...]
    kind: Kind = "one-to-one"

    @property
    def is_accepted(self) -> bool:
        return self.confidence >= ACCEPT


@dataclass(frozen=True, slots=True)
class Window:
    """Days a bank line may be dated before and after its book item."""

    before: int = 0
    after: int = 6


@dataclass(slots=True)
class _Run:
    lines: Sequence[BankSide]
    items: Sequence[BookSide]
    texts: list[str]
    line_days: list[int]
    item_days: list[int]
    #: First and last day on which a line may meet each item.
    opens: list[int]
    shuts: list[int]
    #: Lines and items that a person said are not the same money.
    refused: Collection[Refusal]
    line_taken: bytearray
    item_taken: bytearray
    accepted: list[Suggestion] = field(default_factory=list)
    tentative: list[tuple[tuple[int, ...], tuple[int, ...], Suggestion]] = field(default_factory=list)
    lags: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    edges: list[tuple[int, int]] = field(default_factory=list)

    def in_window(self, item: int, line: int) -> bool:
        if not self.opens[item] <= self.line_days[line] <= self.shuts[item]:
            return False
        if self.refused and self.is_refused((line,), (item,)):
            return False
        account = self.items[item].account
        return not account or account != self.lines[line].account

    def is_refused(self, lines: Iterable[int], items: Iterable[int]) -> bool:
        if not self.refused:
            return False
        said = frozenset(self.lines[line].id for line in lines), frozenset(self.items[item].id for item in items)
        return said in self.refused

    def take(self, item: int, line: int, confidence: int, reasons: tuple[str, ...]) -> None:
        """``settle`` for the plain pair, which nearly all are."""
        said = Suggestion((self.lines[line].id,), (self.items[item].id,), confidence, reasons)
        if confidence < ACCEPT:
            self.tentative.append(((line,), (item,), said))
            return
        self.accepted.append(said)
        self.line_taken[line] = self.item_taken[item] = 1

    def settle(
        self, lines: tuple[int, ...], items: tuple[int, ...], confidence: int, reasons: tuple[str, ...], kind: Kind
    ) -> None:
        """Keep a suggestion; an accepted one uses its members up, another one only waits."""
        said = Suggestion(
            tuple([self.lines[line].id for line in lines]),
            tuple([self.items[item].id for item in items]),
            confidence,
            reasons,
            kind,
        )
        if confidence < ACCEPT:
            self.tentative.append((lines, items, said))
            return
        self.accepted.append(said)
        for line in lines:
            self.line_taken[line] = 1
        for item in items:
            self.item_taken[item] = 1


def match(
    lines: Sequence[BankSide],
    items: Sequence[BookSide],
    *,
    window: Window | None = None,
    refused: Collection[Refusal] = (),
) -> list[Suggestion]:
    """The best explanation of the lines by the items, surest first. Each line and item appears in one suggestion at most.

    Deterministic, whatever the order of the input. Suggestions below ACCEPT are for a person to look at. What is ``refused``
    (line ids, item ids) is not said again, neither alone nor as the whole of a group.
    """
    lines, items = sorted(lines, key=itemgetter(0)), sorted(items, key=itemgetter(0))
    run = _begin(lines, items, window or Window(), frozenset(refused))
    _sure_pairs(run)
    lag_bits = _learned(run.lags)
    combine(run, _lines_without(run), ambiguous=False)
    _blocks(run, lag_bits)
    combine(run, range(len(lines)), ambiguous=True)
    return _result(run)


def _begin(lines: Sequence[BankSide], items: Sequence[BookSide], window: Window, refused: Collection[Refusal]) -> _Run:
    days = [item.on.toordinal() for item in items]
    return _Run(
        lines=lines,
        items=items,
        texts=printed(lines),
        line_days=[line.on.toordinal() for line in lines],
        item_days=days,
        opens=[
            day - (window.before if item.days_before is None else item.days_before)
            for day, item in zip(days, items, strict=True)
        ],
        shuts=[
            day + (window.after if item.days_after is None else item.days_after)
            for day, item in zip(days, items, strict=True)
        ],
        refused=refused,
        line_taken=bytearray(len(lines)),
        item_taken=bytearray(len(items)),
    )


def _sure_pairs(run: _Run) -> None:
    """Candidates by scope and amount; references and lone, named pairs settle at once, the others stay as edges."""
    first_item, more_items = _places(run.items)
    first_line, more_lines = _places(run.lines)
    for place, line in first_line.items():
        item = first_item.get(place)
        if item is None:
            continue
        if place in more_items or place in more_lines:
            _bucket(run, more_items.get(place, [item]), more_lines.get(place, [line]))
        elif run.in_window(item, line):
            _lone(run, item, line)


def _places(sides: Iterable[BankSide] | Iterable[BookSide]) -> tuple[dict[_Place, int], dict[_Place, list[int]]]:
    """The first side of each scope and amount, and all sides of those that several share."""
    first: dict[_Place, int] = {}
    more: dict[_Place, list[int]] = {}
    for index, place in enumerate(map(_SCOPE_AND_AMOUNT, sides)):
        known = first.setdefault(place, index)
        if known == index:
            continue
        if place in more:
            more[place].append(index)
        else:
            more[place] = [known, index]
    return first, more


def _lone(run: _Run, item: int, line: int) -> None:
    book, text = run.items[item], run.texts[line]
    reasons: tuple[str, ...]
    if has_reference(book, text):
        confidence, reasons = _CERTAIN, _REFERENCE
    elif book.names and has_name(book, text):
        confidence, reasons = _NAMED, _NAME_ONLY
    elif word_bits(book, text):
        confidence, reasons = _WORDED, _WORDS_ONLY
    elif book.names:
        confidence, reasons = _SILENT, _SILENT_ONLY
    else:
        confidence, reasons = _BARE, _AMOUNT_ONLY
    if confidence >= _NAMED:
        run.lags[run.line_days[line] - run.item_days[item]] += 1
    run.take(item, line, confidence, reasons)


_REFERENCE = ("same amount", "reference on the bank line")
_NAME_ONLY = ("same amount, the only one of it", "name on the bank line")
_WORDS_ONLY = ("same amount, the only one of it", "shared words")
_AMOUNT_ONLY = ("same amount, the only one of it",)
_SILENT_ONLY = ("same amount, the only one of it", "the bank line does not name it")


def _bucket(run: _Run, items: list[int], lines: list[int]) -> None:
    """Several lines or items of one amount: whole references settle, other pairs in the window become edges."""
    items.sort(key=lambda item: (run.item_days[item], item))
    days = [run.item_days[item] for item in items]
    reach = max(run.shuts[item] - run.item_days[item] for item in items)
    ahead = max(run.item_days[item] - run.opens[item] for item in items)
    edges: list[tuple[int, int]] = []
    for line in lines:
        day = run.line_days[line]
        for item in items[bisect_left(days, day - reach) : bisect_right(days, day + ahead)]:
            if run.item_taken[item] or not run.in_window(item, line):
                continue
            if has_reference(run.items[item], run.texts[line]):
                run.lags[day - run.item_days[item]] += 1
                run.take(item, line, _CERTAIN, _REFERENCE)
                break
            edges.append((item, line))
    run.edges += [(item, line) for item, line in edges if not run.item_taken[item] and not run.line_taken[line]]


def _learned(lags: dict[int, int]) -> dict[int, int]:
    """Bits lost by each delay, from the pairs that are sure: the usual delay costs nothing, a rare one up to eight bits."""
    if not lags:
        return {}
    usual = max(lags.values())
    return {lag: min((usual // count).bit_length() - 1, _RARE_LAG_BITS) for lag, count in lags.items()}


def _lines_without(run: _Run) -> list[int]:
    """Lines that no single item could explain."""
    explained = {line for _, line in run.edges}
    explained.update(lines[0] for lines, _, _ in run.tentative)
    return [line for line in range(len(run.lines)) if not run.line_taken[line] and line not in explained]


def _blocks(run: _Run, lag_bits: dict[int, int]) -> None:
    """Settle each connected group of candidates by its best assignment.

    Lines that do not name an item that should be named come last, among what the others left: such a pair is only ever
    offered, and must not make another one sure by standing in its rivals' way.
    """
    edges = [(item, line) for item, line in run.edges if not run.item_taken[item] and not run.line_taken[line]]
    known = {plain(name) for name in {name for item in run.items for name in item.names}}
    spoken: _Scores = {}
    silent: _Scores = {}
    for item, line in edges:
        book, text = run.items[item], run.texts[line]
        is_silent = bool(book.names) and not has_name(book, text)
        if is_silent and any(name in text for name in known):
            continue
        bits = _bits(run, item, line, lag_bits) + (_SILENT_BITS if is_silent else _NAME_BITS if book.names else 0)
        if bits > 0:
            (silent if is_silent else spoken)[item, line] = bits
    _settle_blocks(run, spoken)
    lines: set[int] = set()
    items: set[int] = set()
    for some_lines, some_items, _ in run.tentative:
        lines.update(some_lines)
        items.update(some_items)
    left = {
        (item, line): bits
        for (item, line), bits in silent.items()
        if not (run.item_taken[item] or run.line_taken[line] or item in items or line in lines)
    }
    _settle_blocks(run, left)


def _settle_blocks(run: _Run, scores: _Scores) -> None:
    of_item: dict[int, list[int]] = defaultdict(list)
    of_line: dict[int, list[int]] = defaultdict(list)
    for item, line in scores:
        of_item[item].append(line)
        of_line[line].append(item)
    seen: set[int] = set()
    for first in of_line:
        if first in seen:
            continue
        block_lines, block_items, waiting = [], set(), [first]
        seen.add(first)
        while waiting:
            line = waiting.pop()
            block_lines.append(line)
            for item in of_line[line]:
                if item not in block_items:
                    block_items.add(item)
                    waiting += [other for other in of_item[item] if other not in seen]
                    seen.update(of_item[item])
        _block(run, sorted(block_items), sorted(block_lines), of_line, scores)


def _bits(run: _Run, item: int, line: int, lag_bits: dict[int, int]) -> int:
    """Evidence for one pair besides the name."""
    book, text = run.items[item], run.texts[line]
    rare = lag_bits.get(run.line_days[line] - run.item_days[item], _RARE_LAG_BITS) if lag_bits else 0
    return _BASE_BITS - rare + reference_bits(book, text) + word_bits(book, text)


def _block(run: _Run, items: list[int], lines: list[int], of_line: dict[int, list[int]], scores: _Scores) -> None:
    if len(items) == len(lines) == 1:
        _keep(run, items[0], lines[0], scores[items[0], lines[0]])
        return
    block = {(line, item): scores[item, line] for line in lines for item in of_line[line]}
    for line, item, _, margin in best_assignment(block):
        _keep(run, item, line, margin)


def _keep(run: _Run, item: int, line: int, margin: int) -> None:
    """A pair of a block: as sure as the next best way is improbable, and never surer than its own evidence."""
    book, text = run.items[item], run.texts[line]
    partial = reference_bits(book, text)
    reasons: tuple[str, ...]
    if book.names and not has_name(book, text):
        ceiling, reasons = _SILENT, ("same amount", "the bank line does not name it")
    elif partial:
        ceiling, reasons = _CERTAIN, ("same amount", "the bank line's last word begins its reference")
    elif book.names:
        ceiling, reasons = _NAMED, ("same amount", "name on the bank line")
    elif word_bits(book, text):
        ceiling, reasons = _WORDED, ("same amount", "shared words")
    else:
        ceiling, reasons = _BARE, ("same amount", "nearest date")
    doubt = 10_000 >> min(max(margin, 0) + 1, 14)
    confidence = max(min(ceiling, 10_000 - doubt), _OPEN if margin > 0 else _OPEN - 1000)
    if confidence < ACCEPT and margin < 4:
        reasons = (*reasons, "another pairing is almost as good")
    run.take(item, line, confidence, reasons)


def _result(run: _Run) -> list[Suggestion]:
    """Accepted suggestions, then tentative ones whose members are still free, the surest first."""
    found = list(run.accepted)
    used_lines, used_items = bytearray(run.line_taken), bytearray(run.item_taken)
    for lines, items, said in sorted(run.tentative, key=lambda entry: (-entry[2].confidence, entry[0], entry[1])):
        if any(used_lines[line] for line in lines) or any(used_items[item] for item in items):
            continue
        for line in lines:
            used_lines[line] = 1
        for item in items:
            used_items[item] = 1
        found.append(said)
    found.sort(key=_doubt)
    return found


def _doubt(said: Suggestion) -> int:
    return -said.confidence
