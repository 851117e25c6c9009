"""What the accounting system says of its payments: which documents each of them pays, to the unit. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from ledger.core.openitems import Touch


class Application(NamedTuple):
    """What was set against each other on a day: a payment's entry (None where only credits were applied), and the entries of the
    documents it pays or uses, each with how much of it, in the document's currency, positive.
    """

    on: date
    entry: int | None
    links: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Share:
    """How much of an entry is still to be settled by an application; minor units of the home currency, positive."""

    entry: int
    left: int


@dataclass(slots=True)
class Linked:
    """An application by direction: what is ``owed``, and what pays it, the credits first and the payment last."""

    on: date
    owed: list[Share] = field(default_factory=list)
    paying: list[Share] = field(default_factory=list)

    @property
    def shares(self) -> list[Share]:
        return [*self.owed, *self.paying]


class Links:
    """Applications over the touches of their entries. An entry that adds and takes away at once is left to the order of time."""

    def __init__(self, touches: Sequence[Touch], applications: Iterable[Application]) -> None:
        self._touches: dict[int, list[Touch]] = defaultdict(list)
        for touch in touches:
            self._touches[touch.entry].append(touch)
        made = [self._linked(one) for one in sorted(applications, key=lambda one: (one.on, one.entry or 0, one.links))]
        self._waiting = [one for one in reversed(made) if one.shares]
        self._begun: dict[int, list[Linked]] = defaultdict(list)
        self._kept: dict[int, int] = defaultdict(int)
        for linked in made:
            for share in linked.shares:
                self._kept[share.entry] += share.left

    def keep(self, touch: Touch) -> int:
        """How much of a touch is kept for what it is linked to."""
        kept = min(abs(touch.amount), self._kept[touch.entry])
        self._kept[touch.entry] -= kept
        return kept

    def of(self, entry: int) -> list[Linked]:
        """The applications begun by now that name an entry."""
        return list(self._begun[entry])

    def before(self, day: date) -> Iterator[tuple[date, Linked]]:
        """Begin what was applied before a day, each with its day."""
        while self._waiting and self._waiting[-1].on < day:
            yield self._begin()

    def through(self, day: date) -> Iterator[tuple[date, Linked]]:
        """Begin what was applied on a day or before it, each with its day."""
        while self._waiting and self._waiting[-1].on <= day:
            yield self._begin()

    def _begin(self) -> tuple[date, Linked]:
        linked = self._waiting.pop()
        for share in linked.shares:
            self._begun[share.entry].append(linked)
        return linked.on, linked

    def release(self, entry: int) -> list[tuple[int, int]]:
        """End what an entry is linked to, because it was taken back: (entry, what was kept of it) of each that waited."""
        freed = []
        for linked in [*self._begun[entry], *self._waiting]:
            if all(share.entry != entry for share in linked.shares):
                continue
            for share in linked.shares:
                freed.append((share.entry, share.left))
                self._kept[share.entry] = max(self._kept[share.entry] - share.left, 0)
                share.left = 0
        return freed

    # ---- reading -------------------------------------------------------------------------------------------------------------

    def _linked(self, one: Application) -> Linked:
        linked, payer = Linked(one.on), self._sign(one.entry)
        net = 0
        for entry, amount in one.links:
            sign = self._sign(entry)
            if not sign and entry in self._touches:
                continue
            home = self._home(entry if sign else one.entry, amount)
            net += home if sign != payer else -home
            if sign:
                (linked.owed if sign > 0 else linked.paying).append(Share(entry, home))
        if payer and one.entry is not None and net > 0:
            most = sum(abs(touch.amount) for touch in self._touches[one.entry])
            (linked.owed if payer > 0 else linked.paying).append(Share(one.entry, min(net, most)))
        return linked

    def _sign(self, entry: int | None) -> int:
        """+1 for what adds to what is owed, −1 for what takes from it, 0 for both or for an entry not here."""
        signs = {1 if touch.amount > 0 else -1 for touch in self._touches.get(entry or 0, ())}
        return signs.pop() if len(signs) == 1 else 0

    def _home(self, entry: int | None, amount: int) -> int:
        """An amount in a document's currency at the rate at which the document stands in the books, never more than all of it."""
        touches = self._touches.get(entry or 0, ())
        whole = sum(abs(touch.amount) for touch in touches)
        own = sum(abs(touch.amount if touch.own is None else touch.own) for touch in touches)
        return portion(whole, min(amount, own), own) if own else amount


def portion(whole: int, part: int, of: int) -> int:
    """``whole × part ÷ of``, half away from zero."""
    top, bottom = whole * part, abs(of)
    top = top if of > 0 else -top
    size = (2 * abs(top) + bottom) // (2 * bottom)
    return -size if top < 0 else size
