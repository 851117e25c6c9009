"""Are two records the same money? Evidence for and against, added up; what is not clear is left to a person.

Each reason weighs in bits: one bit doubles the odds (record linkage after Fellegi and Sunter, 1969, JASA 64). Identity
weighs most: a number, a reference or an order tells, where a like text or an equal amount only hints. Hints alone never
make two records one, however many they are, so a genuine second equal purchase is not lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ledger.core.names import alike, bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

Effect: TypeAlias = Literal["out", "in", "move", "bill", "invoice"]
Verdict: TypeAlias = Literal["same", "ask", "two"]
#: How many days two records of the same money may lie apart.
WINDOW = 10
#: Most records brought by two routes are two: the odds before any evidence, in bits.
_PRIOR = -8
#: From here the odds are better than 100 to 1, and below 1 to 10 nobody is asked.
SAME, TWO = 7, -4
#: A card purchase that grew by a share between these, in percent, from approval to settlement may have been tipped.
_LEAST_TIP, _MOST_TIP = 5, 30
#: Rates of one day differ between a card scheme, a bank and a ledger by at most this share, in percent.
_RATE_SPREAD = 4
_CADENCE_SLACK = 1


class Candidate(NamedTuple):
    """A record that moves or owes money. ``amount`` > 0 in the home currency's minor units; only one effect's may meet.

    ``route`` brought it; ``numbers_its_own``: that route gives each of its records an identity, so that two of its records are
    two. ``move``: between the company's own accounts. ``order`` is what it pays or belongs to, ``order_total`` the whole of
    that in minor units where known. ``reference`` are identities other systems may repeat. ``foreign`` is the amount in
    ``currency`` where that is not the home currency.
    """

    id: str
    route: str
    on: date
    amount: int
    effect: Effect = "out"
    type: str = ""
    numbers_its_own: bool = False
    currency: str = ""
    foreign: int = 0
    party: str = ""
    number: str = ""
    order: str = ""
    order_total: int = 0
    tender: str = ""
    reference: frozenset[str] = frozenset()
    account: str = ""


class Reason(NamedTuple):
    """One piece of evidence in a person's words; ``bits`` > 0 speak for the same money. ``tells``: it is about identity."""

    said: str
    bits: int
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence says. ``percent`` is how probable it is that the two are the same money."""

    reasons: tuple[Reason, ...]

    @property
    def bits(self) -> int:
        return _PRIOR + sum(reason.bits for reason in self.reasons)

    @property
    def percent(self) -> int:
        odds = 1 << abs(self.bits)
        return 100 * odds // (odds + 1) if self.bits >= 0 else 100 // (odds + 1)

    @property
    def verdict(self) -> Verdict:
        if self.bits >= SAME and any(reason.tells and reason.bits > 0 for reason in self.reasons):
            return "same"
        return "two" if self.bits <= TWO else "ask"


def judge(one: Candidate, two: Candidate, *, cadence: int | None = None) -> Judgement:
    """Weigh two records. ``cadence``: days between payments of this amount to this party, where they come regularly."""
    if one.effect != two.effect:
        return Judgement((Reason("one gives what the other takes", -12),))
    reasons = (
        _amount(one, two),
        _days(one, two, cadence),
        _party(one, two),
        _number(one, two),
        _order(one, two),
        _reference(one, two),
        _account(one, two),
        _route(one, two),
    )
    return Judgement(tuple(reason for reason in reasons if reason))


def _amount(one: Candidate, two: Candidate) -> Reason:
    if one.currency and one.currency == two.currency:
        if one.foreign == two.foreign and abs(one.amount - two.amount) * 100 <= _RATE_SPREAD * one.amount:
            return Reason("same foreign amount", 6)
        if one.foreign != two.foreign:
            return Reason("other foreign amounts", -12)
    elif one.currency and two.currency:
        return Reason("different currencies", -12)
    if one.amount == two.amount:
        return Reason("same round amount", 3) if one.amount % 5000 == 0 else Reason("same amount", 4)
    if _may_be_tipped(one, two):
        return Reason("nearly the amount, as with a tip", 0)
    return Reason("different amounts", -12)


def _may_be_tipped(one: Candidate, two: Candidate) -> bool:
    """One account's purchase, approved by one route and settled by the other within two days for a little more."""
    low, high = sorted((one.amount, two.amount))
    return (
        one.effect == "out"
        and one.route != two.route
        and one.account == two.account != ""
        and abs((two.on - one.on).days) <= 2
        and low * (100 + _LEAST_TIP) <= high * 100 <= low * (100 + _MOST_TIP)
    )


def _days(one: Candidate, two: Candidate, cadence: int | None) -> Reason:
    apart = abs((two.on - one.on).days)
    said = "same day" if not apart else f"{apart} day{'s' if apart > 1 else ''} apart"
    if cadence and apart and abs(apart - cadence) <= _CADENCE_SLACK:
        return Reason(f"{said}, as every time", -10)
    if apart > WINDOW:
        return Reason(said, -10)
    if apart > 4 and one.effect not in {"bill", "invoice"}:
        return Reason(said, -6)
    return Reason(said, 2 if apart <= 1 else 1)


def _party(one: Candidate, two: Candidate) -> Reason:
    who = {"in": "payer", "invoice": "customer"}.get(one.effect, "vendor")
    likeness = alike(one.party, two.party)
    if likeness == "unknown":
        return Reason(f"{who} not named on both", -3)
    return {
        "same": Reason(f"same {who}", 5),
        "near": Reason(f"nearly the same {who}", 3),
        "different": Reason(f"different {who}s", -8),
    }[likeness]


def _number(one: Candidate, two: Candidate) -> Reason | None:
    first, second = _plain_number(one.number), _plain_number(two.number)
    if not first or not second:
        return None
    if first == second:
        return Reason(f"same number {one.number}", 8 if len(first) >= 3 else 5, tells=True)
    if _is_slip(first, second):
        return Reason(f"numbers {one.number} and {two.number}, as by a slip of the fingers", -1)
    # The other side numbers its invoices once; receipts and cheques may be numbered anew by each route that brings them.
    is_theirs = one.effect in {"bill", "invoice"} or one.type == two.type
    return Reason("different numbers", -8 if is_theirs else -3)


def _plain_number(number: str) -> str:
    """``INV-0042`` and ``42`` are one: the last run of digits without its zeros, or the letters where there are none."""
    runs = re.findall(r"\d+", number)
    return (runs[-1].lstrip("0") or "0") if runs else number.strip().upper()


def _is_slip(first: str, second: str) -> bool:
    """Two digits swapped, or one left out; another digit in one place is another number, as of documents in a row."""
    short, long = sorted((first, second), key=len)
    if len(short) < 4:
        return False
    if len(short) == len(long):
        apart = [place for place in range(len(short)) if short[place] != long[place]]
        return len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(short) == sorted(long)
    return len(long) == len(short) + 1 and any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _order(one: Candidate, two: Candidate) -> Reason | None:
    if not one.order or one.order != two.order:
        return None
    if one.tender and two.tender and one.tender != two.tender:
        return Reason("two tenders of one order", -12)
    whole = one.order_total or two.order_total
    if whole and one.amount + two.amount <= whole:
        return Reason("two parts of one document", -12)
    return Reason("each pays the whole of one document", 9, tells=True) if whole else Reason("for the same document", 3)


def _reference(one: Candidate, two: Candidate) -> Reason | None:
    shared = (one.reference | {one.id}) & (two.reference | {two.id})
    return Reason(f"both name {min(shared)}", 12, tells=True) if shared else None


def _account(one: Candidate, two: Candidate) -> Reason | None:
    if not one.account or not two.account:
        return None
    return Reason("same account", 1) if one.account == two.account else Reason("different accounts", -8)


def _route(one: Candidate, two: Candidate) -> Reason | None:
    if one.route != two.route:
        return Reason("brought by two routes", 3)
    return Reason("one system numbered them apart", -12) if one.numbers_its_own else None


def cadence_of(days: Sequence[date]) -> int | None:
    """The usual gap of at least four payments in days, where each gap is that within a day; None where there is no rule."""
    ordered = sorted(set(days))
    gaps = [(after - before).days for before, after in pairwise(ordered)]
    if len(gaps) < 3:
        return None
    usual = sorted(gaps)[len(gaps) // 2]
    return usual if all(abs(gap - usual) <= _CADENCE_SLACK for gap in gaps) and usual > 1 else None


def suspects(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate, Judgement]]:
    """Each record with the earlier one it most probably doubles, where the evidence does not say that they are two.

    Compared are records of one effect within ``WINDOW`` days that share the amount, the foreign amount, the document they pay
    or account and vendor; ``candidates`` may come in any order. Gives (earlier, later, judgement).
    """
    ordered = sorted(candidates, key=lambda one: (one.on, one.id))
    seen: dict[tuple[object, ...], list[Candidate]] = {}
    for two in ordered:
        near = {one.id: one for key in _keys(two) for one in seen.get(key, ()) if (two.on - one.on).days <= WINDOW}
        equals = seen.get(("home", two.effect, two.amount), ())
        judged = [(one, judge(one, two, cadence=_cadence(equals, one, two))) for one in near.values()]
        clear = [(one, found) for one, found in judged if found.verdict != "two"]
        if clear:
            one, found = max(clear, key=lambda pair: (pair[1].bits, pair[0].on, pair[0].id))
            yield one, two, found
        for key in _keys(two):
            seen.setdefault(key, []).append(two)


def _keys(one: Candidate) -> Iterator[tuple[object, ...]]:
    yield "home", one.effect, one.amount
    if one.currency:
        yield "foreign", one.effect, one.currency, one.foreign
    if one.order:
        yield "order", one.effect, one.order
    if one.effect == "out" and one.account and bare(one.party):
        yield "spent", one.account, bare(one.party)


def _cadence(equals: Sequence[Candidate], one: Candidate, two: Candidate) -> int | None:
    """Regular payments of this amount to this party up to the earlier of the two, which must go on in the later."""
    if alike(one.party, two.party) in {"different", "unknown"}:
        return None
    return cadence_of([each.on for each in equals if each.on <= one.on and alike(each.party, two.party) != "different"])
