"""A draft mapping tried on a past month before it posts anything: what it covers, what would move, what stays unmapped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact, StreamState
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import mapping, rates
from ledger.booking import TAKEN_ELSEWHERE
from ledger.core import roles
from ledger.core.rules import EVIDENCE, Unbookable, drafts
from ledger.models import Account, Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client
    from ledger.core.entry import DraftEntry
    from ledger.core.period import Month
    from ledger.mapping import Mapping

#: Facts one trial reads at most; a month with more is tried on its first ones and says so.
LIMIT = 20_000


@dataclass(slots=True)
class Trial:
    """Amounts in minor units. ``moved`` is account id → [debit − credit under the approved mapping, under the draft]."""

    month: Month
    entries: int = 0
    lines: int = 0
    money: int = 0
    covered_lines: int = 0
    covered_money: int = 0
    moving_entries: int = 0
    moving_lines: int = 0
    is_cut: bool = False
    is_closed: bool = False
    unmapped: dict[str, list[int]] = field(default_factory=dict)
    moved: dict[int | None, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    accounts: dict[int, Account] = field(default_factory=dict)

    @property
    def covered_basis_points(self) -> int:
        return 10_000 * self.covered_money // self.money if self.money else 10_000

    @property
    def changes(self) -> list[tuple[str, int, int]]:
        """(account, before, after) of every account that moves; what is unmapped stands as held."""
        rows = []
        for account, (before, after) in self.moved.items():
            if before != after:
                rows.append((str(self.accounts[account]) if account else "Held, unposted", before, after))
        return sorted(rows)

    @property
    def net_income_change(self) -> int:
        """How the month's profit would differ; positive is more profit."""
        nominal = {pk for pk, account in self.accounts.items() if account.type in {"income", "expense"}}
        return sum(before - after for account, (before, after) in self.moved.items() if account in nominal)


def rehearse(client: Client, month: Month) -> Trial:
    """Replay a month's facts with the approved mapping and with the draft (the approved one where there is no draft)."""
    approved = mapping.load(client.pk).on(month.last)
    draft = mapping.load_draft(client.pk) or approved
    trial = Trial(month)
    trial.is_closed = Period.objects.filter(client=client, month=month.first).exclude(state="open").exists()
    for provider, entry in _entries(client, month, trial):
        trial.entries += 1
        trial.moving_entries += _replay(entry, provider, approved, draft, trial)
    trial.accounts = Account.objects.filter(client=client).in_bulk([account for account in trial.moved if account])
    return trial


def _entries(client: Client, month: Month, trial: Trial) -> Iterator[tuple[str, DraftEntry]]:
    connections = Connection.objects.filter(client=client).in_bulk()
    duties = {(row.connection_id, row.stream): row.duty for row in StreamState.objects.filter(client=client)}
    categories = {slug: provider.category for slug, provider in all_providers().items()}
    facts = Fact.objects.filter(
        client=client, booked_on__range=(month.first, month.last), state__in=["booked", "exception", "new"]
    )
    rows = list(facts.exclude(kind__in=[*TAKEN_ELSEWHERE, "PayloadError"]).order_by("pk")[: LIMIT + 1])
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
            yield provider, entry


def _replay(entry: DraftEntry, provider: str, approved: Mapping | None, draft: Mapping | None, trial: Trial) -> bool:
    moves = False
    for line in entry.lines:
        amount = line.debit + line.credit
        before = approved.account_for(line, provider) if approved else None
        after = draft.account_for(line, provider) if draft else None
        trial.lines += 1
        trial.money += amount
        if after is None:
            held = trial.unmapped.setdefault(roles.label(line.role, line.key), [0, 0])
            held[0] += 1
            held[1] += amount
        else:
            trial.covered_lines += 1
            trial.covered_money += amount
        if before != after:
            moves = True
            trial.moving_lines += 1
        net = line.debit - line.credit
        trial.moved[before][0] += net
        trial.moved[after][1] += net
    return moves
