"""The runs behind a quarter's or a year's returns: each with its share of every line, its entry and its tax pull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact
from ledger import booking, payroll_proof, payroll_pulls, revisions
from ledger.core.payroll_deposits import quarter_of
from ledger.core.payroll_returns import Figures, RunFigures, payroll_year

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client
    from integrations.records import PayrollRun
    from ledger.payroll_pulls import PullLine


@dataclass(frozen=True, slots=True)
class RunRow:
    """``entry_id``: our entry of the run, None where it is not booked here; ``pull``: its taxes at the bank."""

    fact: Fact
    run: PayrollRun
    figures: RunFigures
    entry_id: int | None
    pull: PullLine | None


def runs_of(client: Client, year: int, quarter: int, *, through: date) -> tuple[list[RunRow], Figures]:
    """The runs of a quarter (0: of the year) up to a day, oldest first, and their sum. Raises KeyError for a year not known."""
    known = [
        (fact, run)
        for fact, run in payroll_proof.runs(client)
        if run.booked_on.year == year and run.booked_on <= through
    ]
    read = payroll_year([run for _, run in known], year)
    own = [
        (fact, run, figures)
        for (fact, run), figures in zip(known, read.runs, strict=True)
        if not quarter or quarter_of(run.booked_on)[1] == quarter
    ]
    connections = Connection.objects.filter(client=client).in_bulk()
    keys = {fact.pk: booking.source_key(connections[fact.connection_id], fact) for fact, _, _ in own}
    entries = revisions.live_entries(client.pk, list(keys.values()), "payroll", "payroll-reversal")
    pulls = payroll_pulls.of_runs(client, [(fact, run) for fact, run, _ in own], through=through)
    rows, total = [], Figures()
    for (fact, run, figures), lines in zip(own, pulls, strict=True):
        pull = next((line for line in lines if line.kind == "tax"), None)
        rows.append(RunRow(fact, run, figures, entries.get(keys[fact.pk]), pull))
        total.add(figures)
    return rows, total
