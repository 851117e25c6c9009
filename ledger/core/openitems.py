"""Open items: which payment settles which invoice or bill, what is still owed how long, and books on the cash basis. Pure.

A *touch* is one line on a control account (receivables, payables). Amounts read on the account's own side: positive makes more
owed (an invoice, a bill), negative less (a payment, a credit). Touches settle each other in order of time: what the accounting
system says a payment settles exactly so, the reversed entry first, then the same document, then the party's oldest.

On the cash basis an invoice or bill counts when it is paid, in the proportion in which it is paid, and a credit when it is
applied; money that nothing is owed for yet stands on a line of its own, as QuickBooks' cash-basis reports show it:
https://quickbooks.intuit.com/learn-support/en-us/help-articles/unapplied-cash-payment-income-on-your-profit-and-loss/00/239712
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.core.accounts import Account
from ledger.core.linking import Links, portion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.core.linking import Application, Linked

Side = Literal["receivable", "payable"]
#: Where money stands that settles nothing yet, by side: the accounts' keys, names and types.
UNAPPLIED: dict[Side, Account] = {
    "receivable": Account(key="unapplied-receipts", name="Unapplied cash payment income", type="income"),
    "payable": Account(key="unapplied-payments", name="Unapplied cash bill payment expense", type="expense"),
}
#: Days after the due day at which the columns of an ageing end; then older.
AGES = (0, 30, 60, 90)
AGE_NAMES = ("Current", "1 to 30", "31 to 60", "61 to 90", "Over 90")


class Part(NamedTuple):
    """What stood against a touch in its entry: account, tag (a class, a department, or ''), debits − credits."""

    account: str
    tag: str
    raw: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """One line on a control account. ``amount`` is positive where more is owed. ``is_money``: the entry moves money (a payment,
    a refund, a bounced check) and so counts on its own day; what is not money counts when it is settled.

    ``against`` are the entry's other lines, this touch's share of them; they come to nil with the touch. ``due_on`` is the day
    it is to be paid, its own day where nobody said. ``own`` is the amount in the document's currency where that is another,
    signed like ``amount``.
    """

    entry: int
    on: date
    side: Side
    account: str
    amount: int
    party: str = ""
    document: str = ""
    own: int | None = None
    due_on: date | None = None
    reverses: int | None = None
    is_money: bool = False
    against: tuple[Part, ...] = ()

    @property
    def raw(self) -> int:
        """Debits − credits."""
        return self.amount if self.side == "receivable" else -self.amount


class Adjustment(NamedTuple):
    """What the cash basis adds to the accrual books: debits − credits of an account on a day, and the entry it is about."""

    on: date
    account: str
    tag: str
    raw: int
    entry: int


@dataclass(slots=True)
class Item:
    """A touch and what of it is not settled (``left``, signed like its amount). ``kept`` of that is for what it is linked to."""

    touch: Touch
    left: int
    kept: int = 0
    settled: list[tuple[Item, int]] = field(default_factory=list)
    counted: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """What may settle, or be settled by, whatever comes first; without sign."""
        return max(abs(self.left) - self.kept, 0)

    def days_late(self, day: date) -> int:
        return (day - (self.touch.due_on or self.touch.on)).days

    def age(self, day: date) -> int:
        """The column of an ageing, 0 for what is not yet due."""
        late = self.days_late(day)
        return sum(late > limit for limit in AGES)


def is_money(against: Iterable[Part], *, amount: int, money: frozenset[str], earnings: frozenset[str]) -> bool:
    """Whether a touch is a payment rather than a document, by what stands against it.

    What adds to the owed is a document unless most of it stands against money (a refund, a bounced check). What takes from it
    is a payment unless most of it stands against income and expenses (a credit memo, a write-off).
    """
    sums = {"money": 0, "earnings": 0, "all": 0}
    for part in against:
        size = abs(part.raw)
        sums["all"] += size
        sums["money"] += size if part.account in money else 0
        sums["earnings"] += size if part.account in earnings else 0
    if amount > 0:
        return 2 * sums["money"] > sums["all"]
    return 2 * sums["earnings"] <= sums["all"]


def shares(parts: Sequence[Part], amounts: Sequence[int]) -> list[tuple[Part, ...]]:
    """An entry's other lines split over its touches in proportion (raw amounts); each share comes to nil with its touch.

    Touches that cancel within the entry stand against each other: none has a share.
    """
    net = sum(amounts)
    if not net:
        return [() for _ in amounts]
    taken = dict.fromkeys(range(len(parts)), 0)
    made, done = [], 0
    for amount in amounts:
        done += amount
        share = []
        for place, part in enumerate(parts):
            so_far = portion(part.raw, done, net)
            share.append(part._replace(raw=so_far - taken[place]))
            taken[place] = so_far
        made.append(_balanced(share, -amount))
    return made


def _balanced(share: list[Part], wanted: int) -> tuple[Part, ...]:
    """The largest part takes what rounding left, so that the share comes to ``wanted``."""
    off = wanted - sum(part.raw for part in share)
    if off and share:
        place = max(range(len(share)), key=lambda at: abs(share[at].raw))
        share[place] = share[place]._replace(raw=share[place].raw + off)
    return tuple(part for part in share if part.raw)


class Settlement:
    """Touches settled in order of time. ``items`` are all of them; ``adjustments`` what the cash basis adds to the books.

    ``applications`` are what the accounting system says of its payments; what it says belongs together waits for each other,
    also where the payment comes only after ``through``.
    """

    def __init__(
        self, touches: Iterable[Touch], applications: Iterable[Application] = (), *, through: date = date.max
    ) -> None:
        self.items: list[Item] = []
        self.adjustments: list[Adjustment] = []
        self._by_entry: dict[int, list[Item]] = defaultdict(list)
        # What is still open, the oldest first; settled items stay until they are come upon.
        self._queues: dict[tuple[str, ...], deque[Item]] = defaultdict(deque)
        ordered = sorted(touches, key=lambda one: (one.on, one.entry))
        self._links = Links(ordered, applications)
        for touch in ordered:
            self._apply(self._links.before(touch.on))
            self._take(touch)
        self._apply(self._links.through(through))

    def open(self) -> list[Item]:
        return [item for item in self.items if item.left]

    def _take(self, touch: Touch) -> None:
        item = Item(touch, touch.amount, self._links.keep(touch))
        self.items.append(item)
        self._put_off(item)
        if touch.reverses is not None:
            self._release(touch.reverses)
            self._undo(item)
            for other in self._by_entry[touch.reverses]:
                if (
                    other.touch.account == touch.account
                    and (other.left > 0) != (item.left > 0)
                    and other.left
                    and item.left
                ):
                    self._settle(item, other, touch.on)
        self._by_entry[touch.entry].append(item)
        self._apply((touch.on, each) for each in self._links.of(touch.entry))
        if touch.document:
            self._settle_with(item, self._queues[self._place(touch, -touch.amount, touch.document)])
        self._settle_with(item, self._queues[self._place(touch, -touch.amount)])
        if item.free:
            self._enqueue(item)

    @staticmethod
    def _place(touch: Touch, amount: int, *document: str) -> tuple[str, ...]:
        """Where items of one account, party and direction wait, those of one document by themselves too."""
        return (touch.account, touch.party, "+" if amount > 0 else "-", *document)

    def _enqueue(self, item: Item) -> None:
        touch = item.touch
        self._queues[self._place(touch, touch.amount)].append(item)
        if touch.document:
            self._queues[self._place(touch, touch.amount, touch.document)].append(item)

    def _settle_with(self, item: Item, waiting: deque[Item]) -> None:
        while item.free and waiting:
            other = waiting[0]
            if other.free:
                self._settle(item, other, item.touch.on, most=min(item.free, other.free))
            if not other.free:
                waiting.popleft()

    def _apply(self, applied: Iterable[tuple[date, Linked]]) -> None:
        """Settle what is linked, as far as both are here: credits before the payment, documents in the order they are named."""
        for on, each in applied:
            for owed, paying in product(each.owed, each.paying):
                for one, other in product(self._by_entry[owed.entry], self._by_entry[paying.entry]):
                    size = min(owed.left, paying.left, max(one.left, 0), max(-other.left, 0))
                    if size and one.touch.account == other.touch.account:
                        self._settle(one, other, on, most=size)
                        for part, item in ((owed, one), (paying, other)):
                            part.left -= size
                            item.kept = max(item.kept - size, 0)

    def _settle(self, one: Item, other: Item, on: date, *, most: int | None = None) -> None:
        size = min(abs(one.left), abs(other.left)) if most is None else most
        for item, against in ((one, other), (other, one)):
            part = size if item.left > 0 else -size
            item.left -= part
            item.settled.append((against, part))
            self._count(item, on)

    def _release(self, entry: int) -> None:
        """What was linked to an entry that is taken back is for whatever comes first."""
        for other, amount in self._links.release(entry):
            for item in self._by_entry[other]:
                freed = min(item.kept, amount)
                item.kept -= freed
                if freed and item.free:
                    self._enqueue(item)

    def _undo(self, item: Item) -> None:
        """A payment that is reversed gives back what it had settled: that is owed again, and no longer earned."""
        touch = item.touch
        for source in self._by_entry[touch.reverses or 0]:
            if source.touch.account != touch.account or (source.touch.amount > 0) == (touch.amount > 0):
                continue
            for against, part in reversed(source.settled):
                size = min(abs(part), abs(item.left))
                if not size or abs(against.touch.amount - against.left) < size:
                    continue
                against.left += size if against.touch.amount > 0 else -size
                item.left -= size if item.left > 0 else -size
                self._count(against, touch.on)
                self._count(item, touch.on)
                self._enqueue(against)

    # ---- the cash basis ------------------------------------------------------------------------------------------------------

    def _put_off(self, item: Item) -> None:
        """On its own day: a document does not count yet, money stands on the line of what is not applied."""
        touch = item.touch
        self._add(item, touch.on, touch.account, "", -touch.raw)
        if touch.is_money:
            self._add(item, touch.on, UNAPPLIED[touch.side].key, "", touch.raw)
        else:
            for part in touch.against:
                self._add(item, touch.on, part.account, part.tag, -part.raw)

    def _count(self, item: Item, on: date) -> None:
        """Bring what is counted of an item up to what is settled of it; each part to the nearest cent, the last takes the rest."""
        touch = item.touch
        done = touch.amount - item.left
        control = done if touch.side == "receivable" else -done
        wanted = [Part(touch.account, "", control)]
        if touch.is_money:
            wanted.append(Part(UNAPPLIED[touch.side].key, "", -control))
        else:
            parts = [part._replace(raw=portion(part.raw, done, touch.amount)) for part in touch.against]
            wanted += _balanced(parts, -control) if touch.against else ()
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for part in wanted:
            sums[part.account, part.tag] += part.raw
        for place in sums.keys() | item.counted.keys():
            change = sums.get(place, 0) - item.counted.get(place, 0)
            if change:
                self._add(item, on, *place, change)
        item.counted = dict(sums)

    def _add(self, item: Item, on: date, account: str, tag: str, raw: int) -> None:
        if raw and (item.touch.is_money or item.touch.against):
            self.adjustments.append(Adjustment(on, account, tag, raw, item.touch.entry))


def summed(adjustments: Iterable[Adjustment]) -> list[Adjustment]:
    """Adjustments of one day, account, tag and entry together; what comes to nil is left out."""
    sums: dict[tuple[date, str, str, int], int] = defaultdict(int)
    for one in adjustments:
        sums[one.on, one.account, one.tag, one.entry] += one.raw
    return [Adjustment(*place[:3], raw, place[3]) for place, raw in sorted(sums.items()) if raw]


class AgedParty(NamedTuple):
    """What one party owes or is owed by age; negative is money or credit that settles nothing yet."""

    party: str
    by_age: tuple[int, ...]
    items: tuple[Item, ...]

    @property
    def total(self) -> int:
        return sum(self.by_age)


def aged(items: Iterable[Item], day: date) -> list[AgedParty]:
    """Open items by party and age at the end of a day, parties by name; one without open items is left out."""
    parties: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.left:
            parties[item.touch.party].append(item)
    made = []
    for party in sorted(parties, key=str.casefold):
        found = sorted(parties[party], key=lambda item: (item.touch.due_on or item.touch.on, item.touch.entry))
        sums = [0] * len(AGE_NAMES)
        for item in found:
            sums[item.age(day)] += item.left
        made.append(AgedParty(party, tuple(sums), tuple(found)))
    return made


def touches_of(
    lines: Sequence[tuple[Touch, int]], others: Sequence[Part], *, money: frozenset[str], earnings: frozenset[str]
) -> list[Touch]:
    """One entry's touches with their shares of its other lines. ``lines``: each touch without them, and its raw amount."""
    split = shares(others, [raw for _touch, raw in lines])
    return [
        replace(
            touch,
            against=share,
            is_money=is_money(share, amount=touch.amount, money=money, earnings=earnings),
        )
        for (touch, _raw), share in zip(lines, split, strict=True)
    ]
