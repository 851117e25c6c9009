"""Bank lines that are a book item less a fee the bank or a card service kept: offered to a person, never taken by itself.

An incoming wire of 1,000.00 arrives as 985.00; a payment of 1,000.00 leaves as 1,015.00. Both sides go the same way, and the
bank's signed amount is the item's less the fee.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.core.assignment import best_assignment
from ledger.core.matching import Suggestion
from ledger.core.signals import has_name, has_reference, printed, word_bits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ledger.core.matching import Refusal
    from ledger.core.signals import BankSide, BookSide

#: The most a fee may be: so much flat (a wire abroad), or so many basis points of the amount (a card payment).
MOST_FLAT, MOST_SHARE_BP = 60_00, 400
#: Days around the item's own day; a reference reaches further.
NEAR_DAYS, REFERENCE_DAYS = 5, 15
_REFERENCE, _NAME, _WORDS = 30, 20, 10
_CONFIDENCE = {_REFERENCE: 8800, _NAME: 8000, _WORDS: 7000}
_WHY = {_REFERENCE: "reference on the bank line", _NAME: "name on the bank line", _WORDS: "shared words"}


def with_fee(
    lines: Sequence[BankSide], items: Sequence[BookSide], *, refused: Collection[Refusal] = ()
) -> list[tuple[Suggestion, int]]:
    """The best pairs of free lines and free items that differ by a plausible fee, each with the fee (positive, minor units).

    Something must tie the two besides the amount: a reference, a name or shared words.
    """
    texts = printed(lines)
    by_scope: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, item in enumerate(items):
        by_scope[item.scope].append((item.amount, number))
    for some in by_scope.values():
        some.sort()
    scores: dict[tuple[int, int], int] = {}
    why: dict[tuple[int, int], int] = {}
    for number, line in enumerate(lines):
        most = max(MOST_FLAT, abs(line.amount) * MOST_SHARE_BP // 10_000)
        some = by_scope.get(line.scope, [])
        first, last = bisect_right(some, (line.amount, len(items))), bisect_left(some, (line.amount + most, len(items)))
        for _, other in some[first:last]:
            tie = _tie(line, items[other], texts[number])
            if tie and (frozenset([line.id]), frozenset([items[other].id])) not in refused:
                days = abs((line.on - items[other].on).days)
                scores[number, other], why[number, other] = tie - min(days, tie - 1), tie
    found = []
    for one, other, _, margin in best_assignment(scores):
        line, item, tie = lines[one], items[other], why[one, other]
        fee = item.amount - line.amount
        reasons: tuple[str, ...] = (f"same but for a fee of {_share(fee, item.amount)}", _WHY[tie])
        if not margin:
            reasons = (*reasons, "another pairing is as good")
        confidence = _CONFIDENCE[tie] if margin else 4000
        found.append((Suggestion((line.id,), (item.id,), confidence, reasons, "with-fee"), fee))
    return found


def _tie(line: BankSide, item: BookSide, text: str) -> int:
    """How strongly a line and an item of another amount belong together; 0 where nothing but the day says so."""
    if (line.amount > 0) != (item.amount > 0):
        return 0
    days = abs((line.on - item.on).days)
    if has_reference(item, text) and days <= REFERENCE_DAYS:
        return _REFERENCE
    if days > NEAR_DAYS:
        return 0
    if item.names and has_name(item, text):
        return _NAME
    return _WORDS if word_bits(item, text) else 0


def _share(fee: int, amount: int) -> str:
    """The fee as a share of the amount, in per cent with one decimal."""
    tenths = (fee * 1000 + abs(amount) // 2) // abs(amount)
    return f"{tenths // 10}.{tenths % 10} %"
