"""Which rows of a processor's balance go to the accounting system together: one by one, by day and channel, or by payout.

The journal always holds an entry for each row; a mode only gathers them. Every row is in exactly one group or waits with its
reason, and a group lies in its rows' own month: so no choice of modes moves a total of any account in any month.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.core.period import Month

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Mode = Literal["event", "day", "payout"]
USUAL: Mode = "day"
#: Why a row waits that nothing is wrong with.
NEXT_PAYOUT = "goes with the next payout, or at the month's end"


class Row(NamedTuple):
    """One entry of a processor account: ``entry`` is its id, ``account`` names the account for ever, ``mode`` is that of its
    stream on its day. ``payout`` is the payout's own number where the entry is one (sent, or returned), else ''.
    """

    entry: int
    day: date
    account: str
    channel: str = ""
    mode: Mode = USUAL
    payout: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that one document carries, dated ``day``. ``settles``: it is a settlement (or the part of one before a month's
    end), whose rows into and out of the balance are shown net, so that what is left is the deposit.
    """

    key: str
    day: date
    entries: tuple[int, ...]
    settles: bool = False


class Waiting(NamedTuple):
    """Entries that do not go out yet, and why."""

    entries: tuple[int, ...]
    reason: str
    payout: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """``groups`` in the order of their days; ``waiting`` is everything else."""

    groups: tuple[Group, ...]
    waiting: tuple[Waiting, ...]


def plan(rows: Iterable[Row], *, today: date, held: Mapping[tuple[str, str], str] | None = None) -> Plan:
    """Gather the rows; the order in which they are given says nothing.

    ``held``: (account, payout) → why the payout's settlement may not go out. A row without a payout yet goes at the end of its
    month, once that is over on ``today``; what it leaves on the clearing account is carried forward into the payout's month.
    """
    groups: list[Group] = []
    waiting: list[Waiting] = []
    daily: dict[tuple[str, date], list[int]] = defaultdict(list)
    settled: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.mode == "event":
            groups.append(Group(f"entry:{row.entry}", row.day, (row.entry,)))
        elif row.mode == "day":
            daily[_named(row.account, row.channel), row.day].append(row.entry)
        else:
            settled[row.account].append(row)
    groups += [Group(key, day, tuple(sorted(entries))) for (key, day), entries in daily.items()]
    for account, members in settled.items():
        for made in _settlements(account, members, today, held or {}):
            (groups if isinstance(made, Group) else waiting).append(made)  # type: ignore[arg-type]
    return Plan(
        tuple(sorted(groups, key=lambda group: (group.day, group.key, group.entries))),
        tuple(sorted(waiting)),
    )


def _named(account: str, channel: str) -> str:
    return f"{account}/{channel}" if channel else account


def _settlements(
    account: str, rows: list[Row], today: date, held: Mapping[tuple[str, str], str]
) -> Iterator[Group | Waiting]:
    """Each payout takes every row since the one before it; what came after the last one waits for the next."""
    members: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.day, row.payout != "", row.payout, row.entry)):
        members.append(row)
        if row.payout:
            yield from _settlement(account, members, row, today, held.get((account, row.payout), ""))
            members = []
    yield from _by_month(account, members, today)


def _settlement(account: str, members: list[Row], payout: Row, today: date, why: str) -> Iterator[Group | Waiting]:
    """The payout's own month in one document, each month before it in one dated that month's last day."""
    own = [row for row in members if Month.of(row.day) == Month.of(payout.day)]
    yield from _by_month(account, [row for row in members if row not in own], today)
    entries = tuple(sorted(row.entry for row in own))
    if why:
        yield Waiting(entries, why, payout.payout)
    else:
        yield Group(f"{account}#{payout.payout}", payout.day, entries, settles=True)


def _by_month(account: str, rows: list[Row], today: date) -> Iterator[Group | Waiting]:
    for month, members in groupby(rows, key=lambda row: Month.of(row.day)):
        entries = tuple(sorted(row.entry for row in members))
        if month.last < today:
            yield Group(f"{account}#to {month.last}", month.last, entries, settles=True)
        else:
            yield Waiting(entries, NEXT_PAYOUT)


class Choice(NamedTuple):
    """A mode chosen for a stream from a day on; of two for one day the higher ``number`` counts."""

    effective_from: date
    number: int
    mode: Mode


def mode_on(choices: Iterable[Choice], day: date) -> Mode:
    """The mode of a day: the newest choice that counts by then, else the usual one."""
    past = [choice for choice in choices if choice.effective_from <= day]
    return max(past).mode if past else USUAL


class Move(NamedTuple):
    """What a line does to an account: debit − credit in minor units; ``is_clearing`` where it is the processor's balance."""

    account: int
    amount: int
    is_clearing: bool = False


def shown(moves: Iterable[Move], *, settles: bool) -> dict[tuple[int, bool], int]:
    """(account, is debit) → the amount a document shows: gross, but a settlement shows its clearing account net, if at all."""
    sums: dict[tuple[int, bool], int] = defaultdict(int)
    nets: dict[int, int] = defaultdict(int)
    for move in moves:
        if settles and move.is_clearing:
            nets[move.account] += move.amount
        else:
            sums[move.account, move.amount > 0] += abs(move.amount)
    for account, net in nets.items():
        if net:
            sums[account, net > 0] += abs(net)
    return dict(sums)
