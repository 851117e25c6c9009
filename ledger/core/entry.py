"""Draft journal entries: balanced lines by role, not yet mapped to a client's accounts. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ledger.core.roles import is_known

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


#: The largest amount of a line: what the database's bigint holds.
MOST = (1 << 63) - 1


class EntryError(ValueError):
    """Lines that are no journal entry: fewer than two, a line without exactly one positive side, or out of balance."""

    def __init__(self, message: str, *, difference: int = 0) -> None:
        super().__init__(message)
        #: Debits − credits in minor units where the entry does not balance.
        self.difference = difference


class Foreign(NamedTuple):
    """What a line was before it was valued in home currency: minor units, their currency, home per unit in millionths."""

    amount: int
    currency: str
    rate_millionths: int


class DraftLine(NamedTuple):
    """One side of one role. Exactly one of ``debit`` and ``credit`` is positive (minor units).

    ``key`` refines the role (channel, earning, bank account); ``department``, ``party`` and ``klass`` (the accounting system's
    class) are tags the ledger keeps.
    ``foreign`` stands beside a home amount that was converted.
    """

    role: str
    debit: int = 0
    credit: int = 0
    key: str = ""
    memo: str = ""
    department: str = ""
    party: str = ""
    foreign: Foreign | None = None
    klass: str = ""

    @property
    def raw(self) -> int:
        """Debit − credit."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """A balanced entry. ``purpose`` tells the entries of one fact apart (``sale``, ``payroll``, ``arrival``).

    ``currency`` is the fact's, '' for the home currency. ``reverses_on`` asks for an automatic reversal on that day
    (accruals). Raises EntryError unless there are two lines or more, each with one positive side, that balance.
    """

    purpose: str
    booked_on: date
    memo: str
    lines: tuple[DraftLine, ...]
    currency: str = ""
    reverses_on: date | None = None

    def __post_init__(self) -> None:
        if len(self.lines) < 2:
            raise EntryError(f"an entry has two lines or more, this has {len(self.lines)}")
        difference = 0
        for line in self.lines:
            debit, credit = line.debit, line.credit
            if debit < 0 or credit < 0 or (debit > 0) == (credit > 0):
                raise EntryError(f"{line.role}: exactly one of debit {debit} and credit {credit} must be positive")
            if debit > MOST or credit > MOST:
                raise EntryError(f"{line.role}: {debit or credit} is more than a ledger line holds")
            if not is_known(line.role):
                raise EntryError(f"{line.role!r} is not a role")
            difference += debit - credit
        if difference:
            raise EntryError(f"debits − credits = {difference}", difference=difference)

    @property
    def total(self) -> int:
        """The sum of the debits, which is the sum of the credits."""
        return sum(line.debit for line in self.lines)


def debit(
    role: str, amount: int, key: str = "", *, memo: str = "", department: str = "", party: str = "", klass: str = ""
) -> tuple[DraftLine, ...]:
    """A debit line; none for zero, a credit of the opposite amount for a negative one."""
    if amount > 0:
        return (DraftLine(role, amount, 0, key, memo, department, party, None, klass),)
    return (DraftLine(role, 0, -amount, key, memo, department, party, None, klass),) if amount else ()


def credit(
    role: str, amount: int, key: str = "", *, memo: str = "", department: str = "", party: str = "", klass: str = ""
) -> tuple[DraftLine, ...]:
    """A credit line; none for zero, a debit of the opposite amount for a negative one."""
    if amount > 0:
        return (DraftLine(role, 0, amount, key, memo, department, party, None, klass),)
    return (DraftLine(role, -amount, 0, key, memo, department, party, None, klass),) if amount else ()


def reversal(entry: DraftEntry, on: date, *, memo: str = "") -> DraftEntry:
    """The mirror of an entry on another day: every debit a credit and the other way round."""
    lines = tuple(line._replace(debit=line.credit, credit=line.debit) for line in entry.lines)
    said = memo or f"Reversal: {entry.memo}".strip()
    return DraftEntry(f"{entry.purpose}-reversal", on, said, lines, entry.currency)


def merge(lines: Iterable[DraftLine]) -> tuple[DraftLine, ...]:
    """Lines equal in role, key, department, class, party and side summed into one, in the order of first appearance.

    The two sides of a role stay apart: gross figures remain visible. A memo survives where all merged lines share it.
    Lines that were foreign are summed before they are converted, never after: those come through as they are.
    """
    sums: dict[tuple[str, str, str, str, str, bool, int], DraftLine] = {}
    for line in lines:
        alone = len(sums) if line.foreign else -1
        place = (line.role, line.key, line.department, line.klass, line.party, line.debit > 0, alone)
        seen = sums.get(place)
        if seen is None:
            sums[place] = line
            continue
        memo = seen.memo if seen.memo == line.memo else ""
        sums[place] = seen._replace(debit=seen.debit + line.debit, credit=seen.credit + line.credit, memo=memo)
    return tuple(sums.values())


def balances(entries: Iterable[DraftEntry]) -> dict[str, int]:
    """Debits − credits by role over several entries; roles that come to nil stay, as 0."""
    sums: dict[str, int] = {}
    for entry in entries:
        for line in entry.lines:
            sums[line.role] = sums.get(line.role, 0) + line.raw
    return sums
