"""A draft mapping tried on a past month before it posts anything: what it covers, what stays unmapped, what a default takes.

What it would move of what is posted already is ``remapping.preview``'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact, StreamState
from integrations.records_json import from_json
from integrations.registry import all_providers
from integrations.storing import UNREADABLE
from ledger import mapping, rates
from ledger.booking import TAKEN_ELSEWHERE
from ledger.core import roles
from ledger.core.placing import Rule, is_default, traits_of
from ledger.core.rules import EVIDENCE, Unbookable, drafts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client
    from integrations.records import Record
    from ledger.core.entry import DraftEntry
    from ledger.core.period import Month
    from ledger.mapping import Mapping

#: Facts one trial reads at most; a month with more is tried on its first ones and says so.
LIMIT = 20_000


@dataclass(slots=True)
class Trial:
    """Amounts in minor units. ``unmapped`` and ``by_default`` are category → [lines, money]: what would be held, and items
    that no rule names, which go where their category's default sends them.
    """

    month: Month
    entries: int = 0
    lines: int = 0
    money: int = 0
    covered_lines: int = 0
    covered_money: int = 0
    released: int = 0
    is_cut: bool = False
    unmapped: dict[str, list[int]] = field(default_factory=dict)
    by_default: dict[str, list[int]] = field(default_factory=dict)

    @property
    def covered_basis_points(self) -> int:
        return 10_000 * self.covered_money // self.money if self.money else 10_000


def rehearse(client: Client, month: Month) -> Trial:
    """Replay a month's facts with the draft (what is in force where there is none)."""
    tried = mapping.load_draft(client.pk) or mapping.load(client.pk).on(month.last)
    trial, seen = Trial(month), dict[tuple[object, ...], Rule | None]()
    for fact, record, provider, entry in _entries(client, month, trial):
        trial.entries += 1
        is_whole = _replay(entry, record, provider, tried, trial, seen)
        trial.released += is_whole and fact.state == Fact.State.EXCEPTION
    return trial


def _entries(client: Client, month: Month, trial: Trial) -> Iterator[tuple[Fact, Record, str, DraftEntry]]:
    connections = Connection.objects.filter(client=client).in_bulk()
    duties = {(row.connection_id, row.stream): row.duty for row in StreamState.objects.filter(client=client)}
    categories = {slug: provider.category for slug, provider in all_providers().items()}
    facts = Fact.objects.filter(
        client=client, booked_on__range=(month.first, month.last), state__in=["booked", "exception", "new"]
    )
    rows = list(facts.exclude(kind__in=[*TAKEN_ELSEWHERE, UNREADABLE]).order_by("pk")[: LIMIT + 1])
    trial.is_cut = len(rows) > LIMIT
    kept = rates.Rates(client)
    for fact in rows[:LIMIT]:
        provider = connections[fact.connection_id].provider
        record = kept.lent(from_json(fact.kind, fact.data), client.home_currency)
        if duties.get((fact.connection_id, fact.stream), "book") != "book" or isinstance(record, EVIDENCE):
            continue
        try:
            made = drafts(record, provider=provider, category=categories.get(provider, ""), home=client.home_currency)
        except Unbookable:
            continue
        for entry in made:
            yield fact, record, provider, entry


def _replay(
    entry: DraftEntry,
    record: Record,
    provider: str,
    tried: Mapping | None,
    trial: Trial,
    seen: dict[tuple[object, ...], Rule | None],
) -> bool:
    """Whether every line of the entry finds its account."""
    traits, is_whole = traits_of(record), True
    for line in entry.lines:
        amount = line.debit + line.credit
        case = line.role, line.key, line.department, line.klass, line.party, provider, traits
        if case not in seen:
            seen[case] = tried.place(line, provider, traits) if tried else None
        rule = seen[case]
        trial.lines += 1
        trial.money += amount
        if rule is None:
            is_whole = False
        else:
            trial.covered_lines += 1
            trial.covered_money += amount
        if rule is None or is_default(rule.case, line.key):
            sums = (trial.unmapped if rule is None else trial.by_default).setdefault(
                roles.label(line.role, line.key), [0, 0]
            )
            sums[0] += 1
            sums[1] += amount
    return is_whole
