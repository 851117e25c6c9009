"""What met the pulls that payroll runs announce: our entry of each, or the bank's own line where another route books it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from integrations.models import Connection, Fact
from ledger import revisions
from ledger.core.rules import Unbookable, payroll_cash_lines
from ledger.models import BankItem, JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clients.models import Client
    from integrations.records import PayrollRun
    from ledger.core.rules import Pull

PULL_NAMES = {"net-pay": "Net pay", "tax": "Taxes", "garnishment": "Garnishments", "contractor": "Contractors"}


@dataclass(frozen=True, slots=True)
class PullLine:
    """One debit of the bank for a run: expected amount, and what met it (None: not yet); ``entry_id`` is our entry of it.

    ``unexplained`` is what the register's lines do not make of it.
    """

    kind: str
    expected_on: date
    amount: int
    arrived_on: date | None
    arrived: int
    is_due: bool
    entry_id: int | None = None
    unexplained: int = 0

    @property
    def label(self) -> str:
        return PULL_NAMES[self.kind]

    @property
    def ties(self) -> bool:
        return self.arrived == self.amount if self.arrived_on else not self.is_due


class _Asked(NamedTuple):
    """A pull to look for. ``is_elsewhere``: the payroll system books it by itself, so that the bank's line is what meets it."""

    pull: Pull
    key: str
    is_elsewhere: bool


def of_runs(client: Client, runs: Sequence[tuple[Fact, PayrollRun]], *, through: date) -> list[tuple[PullLine, ...]]:
    """Each run's pulls with what met them, none for a run that does not add up; one expected after ``through`` is not due yet.

    Each line of the bank meets one pull. What was pulled before the cut-over is in the opening balances and left out.
    """
    connections = Connection.objects.filter(client=client).in_bulk()
    wanted = [list(_announced(client, connections[fact.connection_id], fact, run)) for fact, run in runs]
    every = [one for asked in wanted for one in asked]
    booked = _booked(client, [one.key for one in every])
    shown = _shown(client, [one.pull for one in every if one.is_elsewhere and one.key not in booked])
    return [tuple(_line(one, booked.get(one.key), shown, through) for one in asked) for asked in wanted]


def _announced(client: Client, connection: Connection, fact: Fact, run: PayrollRun) -> Iterator[_Asked]:
    since = connection.cut_over_on or client.cut_over_on
    try:
        pulls = payroll_cash_lines(run, provider=connection.provider)
    except Unbookable:
        return  # it is not booked either; the run's own proof says why
    for pull in pulls:
        if since is None or pull.expected_on >= since:
            key = f"{connection.provider}:{connection.account_id}:pull:{run.external_id}:{pull.kind}:arrival"
            yield _Asked(pull, key, fact.state == Fact.State.PROOF)


def _line(asked: _Asked, line: JournalLine | None, shown: _Shown, through: date) -> PullLine:
    pull = asked.pull
    on, arrived = (line.booked_on, -line.net_minor) if line else (None, 0)
    if line is None and asked.is_elsewhere and (item := shown.take(pull)):
        on, arrived = item.posted_on, -item.amount_minor
    return PullLine(
        pull.kind,
        pull.expected_on,
        pull.amount,
        on,
        arrived,
        pull.expected_on <= through,
        line.entry_id if line else None,
        pull.unexplained,
    )


def _booked(client: Client, keys: Sequence[str]) -> dict[str, JournalLine]:
    """By key, the bank's side of the entry that stands."""
    entries = revisions.live_entries(client.pk, keys, "cash")
    lines = JournalLine.objects.filter(client=client, entry_id__in=entries.values(), role="bank")
    first: dict[int, JournalLine] = {}
    for line in lines.order_by("entry_id", "no"):
        first.setdefault(line.entry_id, line)
    return {key: first[entry] for key, entry in entries.items() if entry in first}


class _Shown:
    """The bank's lines that could be pulls, each given once."""

    def __init__(self, items: Iterable[BankItem], days: int) -> None:
        self.items, self.days = list(items), days

    def take(self, pull: Pull) -> BankItem | None:
        """The line of the pull's amount, from the day before it was due on."""
        first, last = _span(pull, self.days)
        for item in self.items:
            if item.amount_minor == -pull.amount and first <= item.posted_on <= last:
                self.items.remove(item)
                return item
        return None


def _span(pull: Pull, days: int) -> tuple[date, date]:
    return pull.expected_on - timedelta(1), pull.expected_on + timedelta(days)


def _shown(client: Client, pulls: Sequence[Pull]) -> _Shown:
    if not pulls:
        return _Shown((), 0)
    spans = [_span(pull, client.clearing_days) for pull in pulls]
    items = BankItem.objects.filter(
        client=client,
        amount_minor__in={-pull.amount for pull in pulls},
        posted_on__range=(min(first for first, _ in spans), max(last for _, last in spans)),
    ).exclude(state=BankItem.State.REMOVED)
    return _Shown(items.order_by("posted_on", "pk"), client.clearing_days)
