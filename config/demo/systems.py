"""Each system of a company by itself: what was booked of it and what it says it holds, beside the sandbox's truth, to the cent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.demo import consent
from ledger import accruals, expected, statements
from ledger.core.statements import trial_balance
from ledger.models import JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client
    from integrations.models import Connection
    from ledger.core.period import Month

#: What is booked when the bank shows it, or at a month's end, is not the system's own doing.
NOT_ITS_OWN = (*expected.PURPOSES, *accruals.PURPOSES)


@dataclass(frozen=True)
class SystemProof:
    """One system over all months. ``held``: what its accounts show at each month's end, minor units; ``problems`` in words."""

    slug: str
    entries: int
    held: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def ties(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        if self.problems:
            return f"{self.problems[0]}{f' (and {len(self.problems) - 1} more)' if len(self.problems) > 1 else ''}"
        amounts = ", ".join(f"{amount / 100:,.2f}" for amount in self.held)
        booked = f"{self.entries:,} entries" if self.entries else "proven only"
        return f"= {booked}{f', holds {amounts}' if amounts else ''}, to the cent"


def prove(client: Client, months: Sequence[Month], known: dict[str, Any]) -> list[SystemProof]:
    """Every system with a story of its own, in the order of the stack. Needs the client's context."""
    balances = {month: _balances(client, month) for month in months}
    return [_one(client, slug, facts, balances) for slug, facts in known["systems"].items()]


def _balances(client: Client, month: Month) -> dict[str, int]:
    """Debit − credit by account at a month's end."""
    books = statements.load(client, through=month.first)
    return {row.account.name: row.debit - row.credit for row in trial_balance(books, month).rows}


def _one(client: Client, slug: str, facts: dict[str, Any], balances: dict[Month, dict[str, int]]) -> SystemProof:
    connection = consent.connection(client, slug)
    if connection is None:
        return SystemProof(slug, 0, (), ("not connected",))
    problems: list[str] = []
    entries = 0
    for month in balances:
        count, booked = _booked(client, connection, month)
        entries += count
        problems += _differences(month, facts["booked"].get(str(month), {}), booked)
    held = []
    for one in facts["balances"]:
        for month, balance in balances.items():
            if month.last.isoformat() == one["on"]:
                shown = sum(balance.get(name, 0) for name in one["accounts"])
                held.append(shown)
                if shown != one["books_minor"]:
                    problems.append(f"{month}: holds {one['books_minor']}, the books show {shown}")
    return SystemProof(slug, entries, tuple(held), tuple(problems))


def _booked(client: Client, connection: Connection, month: Month) -> tuple[int, dict[str, int]]:
    """How many entries were made of a connection's records in a month, and debit − credit by account."""
    lines = JournalLine.objects.filter(
        client=client,
        booked_on__range=(month.first, month.last),
        entry__source_key__startswith=f"{connection.provider}:{connection.account_id}:",
    ).exclude(entry__purpose__in=NOT_ITS_OWN)
    sums: dict[str, int] = defaultdict(int)
    entries = set()
    for line in lines.select_related("account"):
        sums[line.account.name] += line.net_minor
        entries.add(line.entry_id)
    return len(entries), dict(sums)


def _differences(month: Month, wanted: dict[str, int], booked: dict[str, int]) -> Iterable[str]:
    for name in sorted(wanted.keys() | booked.keys()):
        if wanted.get(name, 0) != booked.get(name, 0):
            yield f"{month}: {name} {booked.get(name, 0)} for {wanted.get(name, 0)}"
