"""A change of the mapping and what was posted before it: which lines move and by how much, and moving them.

What moves is read from the posted lines themselves, grouped by what a rule may ask for, so that its cost grows with the
number of cases, not of entries. In open months an entry is reversed and posted anew; one that a bank line is matched with
stands, and an adjusting entry of its month moves its sums. Closed months stay, or an adjusting entry in the first open month
moves theirs, as the version says. A line whose account no approved version gave (a person chose it) never moves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils import timezone

from clients import audit
from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records_json import from_json
from ledger import booking, mapping, posting
from ledger.core.entry import DraftLine
from ledger.core.period import Month
from ledger.core.placing import NO_TRAITS, TRAITS, Rule, Rulebook, Traits, traits_of
from ledger.models import Account, JournalEntry, MappingVersion, MovedTraits, Period
from ledger.remapping_groups import Group, groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clients.models import Client, User
    from ledger.mapping import Mapping

#: What an adjusting entry is; its source key names the system, the month it is about and the version: ``<slug>:mapping:…``.
PURPOSE = "remapped"
#: Entries posted anew at a time.
BATCH = 5_000


class Move(NamedTuple):
    """A group and the rule it goes by from now on."""

    group: Group
    rule: Rule


@dataclass(slots=True)
class MonthMoves:
    """What moves of one month. ``by_account`` is account id → [debit − credit of the lines that move before, after]."""

    month: Month
    is_closed: bool
    entries: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    lines: int = 0
    by_account: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


@dataclass(slots=True)
class Preview:
    """What a version would move, by month, the earliest first."""

    months: list[MonthMoves]
    accounts: dict[int, Account]

    @property
    def entries(self) -> int:
        return sum(len(month.entries) for month in self.months)

    @property
    def lines(self) -> int:
        return sum(month.lines for month in self.months)

    @property
    def has_closed(self) -> bool:
        return any(month.is_closed for month in self.months)

    def net_income(self, month: MonthMoves) -> int:
        """By how much the month's profit differs; positive is more profit."""
        nominal = (pk for pk in month.by_account if self.accounts[pk].type in {"income", "expense"})
        return sum(month.by_account[pk][0] - month.by_account[pk][1] for pk in nominal)

    def changes(self) -> list[tuple[Account, int]]:
        """(account, by how much its figure differs, as its statement shows it), in the order of the chart."""
        sums: dict[int, int] = defaultdict(int)
        for month in self.months:
            for pk, (before, after) in month.by_account.items():
                sums[pk] += after - before
        order = ["income", "expense", "asset", "liability", "equity"]
        found = [
            (account := self.accounts[pk], net if account.debit_is_positive else -net)
            for pk, net in sums.items()
            if net
        ]
        return sorted(found, key=lambda one: (order.index(one[0].type), one[0].number, one[0].name))


class Resolver:
    """Where lines went under any approved version, and where they go under the new one."""

    def __init__(self, history: mapping.MappingHistory, target: Mapping, first: date) -> None:
        self.target = target.rules
        self.books = [version.rules for version in history.versions if version.version_id != target.version_id]
        in_force = history_before(history, target).on(first)
        before = [in_force] if in_force else []
        before += [v for v in history.versions if v.effective_from > first and v.number < target.number]
        self.roles = sorted({role for version in before for role in changed_roles(version.rules, self.target)})
        every = [*self.books, self.target]
        self.asks_party = any(book.asks_party for book in every)
        self.asks_traits = any(book.asks_traits for book in every)
        self._known: dict[tuple[object, ...], Rule | None] = {}

    def rule(self, line: DraftLine, account_id: int, provider: str, traits: Traits) -> Rule | None:
        """The rule that takes a posted line elsewhere (account or tags); None where it stays."""
        place = (line.role, line.key, line.department, line.klass, line.party, account_id, provider, traits)
        if place not in self._known:
            self._known[place] = self._ask(line, account_id, provider, traits)
        return self._known[place]

    def _ask(self, line: DraftLine, account_id: int, provider: str, traits: Traits) -> Rule | None:
        asked = untagged(line, account_id, self.books)
        given = (book.find(asked, provider, traits) for book in (*self.books, self.target))
        if account_id not in {rule.account_id for rule in given if rule}:
            return None
        rule = self.target.find(asked, provider, traits)
        if rule is None:
            return None
        tagged = ((rule.klass, line.klass), (rule.department, line.department), (rule.party, line.party))
        stays = rule.account_id == account_id and all(not wanted or wanted == has for wanted, has in tagged)
        return None if stays else rule


def history_before(history: mapping.MappingHistory, target: Mapping) -> mapping.MappingHistory:
    """The approved versions older than one."""
    return mapping.MappingHistory(tuple(one for one in history.versions if one.number < target.number))


def changed_roles(old: Rulebook, new: Rulebook) -> set[str]:
    """Roles whose rules differ."""
    before, after = ({rule._replace(pk=0) for rule in book.rules} for book in (old, new))
    return {rule.case.role for rule in before ^ after}


def untagged(line: DraftLine, account_id: int, books: Sequence[Rulebook]) -> DraftLine:
    """A posted line as its record said it, where a rule's tags stand on it."""
    for book in books:
        for rule in book.rules:
            case = rule.case
            if case.role != line.role or rule.account_id != account_id or case.key not in ("", line.key):
                continue
            if not (rule.department or rule.klass or rule.party):
                continue
            if rule.department in ("", line.department) and rule.klass in ("", line.klass):
                department = case.department if rule.department or rule.klass else line.department
                return line._replace(department=department, klass="", party=case.party if rule.party else line.party)
    return line


def preview(client: Client, target: Mapping) -> Preview:
    """What moves if this version counts from its date on; nothing is changed. Two queries whatever the number of entries."""
    moves = _moves(client, target)
    closed = _closed(client)
    months: dict[date, MonthMoves] = {}
    for group, rule in moves:
        month = months.setdefault(group.month, MonthMoves(Month.of(group.month), group.month in closed))
        (month.kept if group.is_kept else month.entries).update(group.entries)
        month.lines += group.lines
        month.by_account[group.account_id][0] += group.net
        month.by_account[rule.account_id][1] += group.net
    for month in months.values():
        month.entries |= month.kept
    pks = {pk for month in months.values() for pk in month.by_account}
    return Preview([months[first] for first in sorted(months)], Account.objects.filter(client=client).in_bulk(pks))


def _moves(client: Client, target: Mapping) -> list[Move]:
    resolver = Resolver(mapping.load(client.pk), target, target.effective_from)
    if not resolver.roles:
        return []
    found = []
    for group in groups(
        client, target.effective_from, resolver.roles, party=resolver.asks_party, traits=resolver.asks_traits
    ):
        rule = resolver.rule(group.line, group.account_id, group.provider, group.traits)
        if rule is not None:
            found.append(Move(group, rule))
    return found


def _closed(client: Client) -> set[date]:
    return set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))


@transaction.atomic
def put_in_force(version: MappingVersion, *, by: User) -> None:
    """A controller approves a draft that was tested; what was posted before follows it in the background (``follow``).

    Raises MappingError as ``mapping.approve`` does, and for a change of an approved mapping that nobody has tested.
    """
    is_first = not MappingVersion.objects.filter(client_id=version.client_id, state="approved").exists()
    if version.tested_at is None and not is_first:
        raise mapping.MappingError(f"v{version.number} has not been tested since it changed. Test it on a past month.")
    mapping.approve(version, by=by)


def follow(client: Client, renew: Callable[[], None] = lambda: None) -> int:
    """Move what was posted before to where the versions approved since send it; gives how many entries are new.

    Each step commits on its own and ``renew`` keeps the job's lease between two: call outside a transaction. A step starts
    from what then stands, so that whoever takes over goes on where the last one ended.
    """
    posted = 0
    while (step := _step(client)) is not None:
        posted += step
        renew()
    return posted


def _step(client: Client) -> int | None:
    """The next entries of the oldest version that waits, in a transaction of their own; None where nothing waits.

    What stands is adjusted last, with the version's end: sums that moved once are not looked at again.
    """
    with client_context(client.pk):
        waiting = MappingVersion.objects.filter(client=client, state="approved", moved_at__isnull=True)
        version = waiting.order_by("number").first()
        if version is None:
            return None
        target = next(one for one in mapping.load(client.pk).versions if one.version_id == version.pk)
        anew, kept = _split(client, version, target)
        batch, rest = anew[:BATCH], anew[BATCH:]
        resolver = Resolver(mapping.load(client.pk), target, target.effective_from)
        _post_anew(client, version, batch, resolver)
        entries = [] if rest else _adjust(client, version, kept)
        if entries or batch:
            detail = {"version": version.number, "entries": len(batch), "adjusting": len(entries)}
            audit.record(client, version.approved_by, "mapping.moved", f"mapping v{version.number}", detail)
        if not rest:
            version.moved_at = timezone.now()
            version.save(update_fields=["moved_at"])
        return len(entries) + 2 * len(batch)


def _split(client: Client, version: MappingVersion, target: Mapping) -> tuple[list[int], list[Move]]:
    """The entries that are posted anew, and the moves of those that stand."""
    closed, kept, anew = _closed(client), list[Move](), set[int]()
    for move in _moves(client, target):
        if move.group.month in closed and version.locked_months == MappingVersion.LockedMonths.STAY:
            continue
        if move.group.month in closed or move.group.is_kept:
            kept.append(move)
        else:
            anew.update(move.group.entries)
    return sorted(anew), kept


def _adjust(client: Client, version: MappingVersion, moves: Sequence[Move]) -> list[posting.Entry]:
    """Move the sums of what stands, and keep what its records said: a later mapping finds the moved sums by the same."""
    made = _adjusting(client, version, moves)
    entries = [entry for entry, _traits in made]
    ids = posting.post(client.pk, entries, actor_id=version.approved_by_id).ids
    said = ((ids[at], traits) for at, (_entry, traits) in enumerate(made) if traits != NO_TRAITS)
    MovedTraits.objects.bulk_create(
        MovedTraits(client=client, entry_id=pk, **{name: getattr(traits, name) for name in TRAITS})
        for pk, traits in said
    )
    return entries


def _adjusting(client: Client, version: MappingVersion, moves: Sequence[Move]) -> list[tuple[posting.Entry, Traits]]:
    """An entry for each system, month and what records say, that moves these sums in the month or the first open one."""
    by_place: dict[tuple[str, date, Traits], list[Move]] = defaultdict(list)
    for move in moves:
        if move.group.net:
            by_place[move.group.provider, move.group.month, move.group.traits].append(move)
    entries = []
    made = JournalEntry.objects.filter(client=client, purpose=PURPOSE, mapping_version_id=version.pk).count()
    for number, ((provider, month, traits), found) in enumerate(sorted(by_place.items()), made + 1):
        said = f"Mapping v{version.number} applied to {Month.of(month).label}"
        entry = posting.Entry(
            booking.first_open_day(client.pk, Month.of(month).last),
            f"{provider}:mapping:{month}:v{version.number}.{number}",
            PURPOSE,
            [line for move in found for line in _sum_moved(move)],
            memo=said,
            reason=f"Mapping v{version.number}: {version.note}"[:500],
            mapping_version_id=version.pk,
        )
        entries.append((entry, traits))
    return entries


def _sum_moved(move: Move) -> tuple[posting.Line, posting.Line]:
    """The lines that take a group's sum off its account and put it on the rule's."""
    group, rule = move
    line = group.line._replace(debit=max(group.net, 0), credit=max(-group.net, 0))
    there = mapping.posted(line, rule)
    here = mapping.posted(line._replace(debit=line.credit, credit=line.debit), Rule(rule.case, group.account_id))
    return here, there


def _post_anew(client: Client, version: MappingVersion, ids: Sequence[int], resolver: Resolver) -> None:
    """Reverse these entries on their own days, and post each with its lines where they go now."""
    entries = list(JournalEntry.objects.filter(client=client, pk__in=ids).order_by("pk").prefetch_related("lines"))
    facts: dict[int, Fact] = {}
    if resolver.asks_traits or resolver.asks_party:
        facts = Fact.objects.filter(client=client).in_bulk([entry.fact_id for entry in entries if entry.fact_id])
    reason = f"Mapping v{version.number} counts from {version.effective_from}."
    back, again = [], []
    for entry in entries:
        fact = facts.get(entry.fact_id or 0)
        traits = traits_of(from_json(fact.kind, fact.data)) if fact else NO_TRAITS
        back.append(posting.mirror_of(entry, reason=reason, booked_on=entry.booked_on))
        again.append(_moved(entry, version, resolver, traits))
    posting.post(client.pk, back, actor_id=version.approved_by_id)
    posting.post(client.pk, again, actor_id=version.approved_by_id)


def _moved(entry: JournalEntry, version: MappingVersion, resolver: Resolver, traits: Traits) -> posting.Entry:
    provider, lines = entry.source_key.split(":", 1)[0], list[posting.Line]()
    of_line, said_again = traits._replace(party=""), posting.again(entry, booked_on=entry.booked_on, reason="")
    for line, said in zip(entry.lines.all(), said_again.lines, strict=True):
        party = (line.party or traits.party) if resolver.asks_party else ""
        asked = DraftLine(line.role, key=line.key, department=line.department, party=party, klass=line.klass)
        rule = None
        if line.role in resolver.roles:
            rule = resolver.rule(asked, line.account_id, provider, of_line if resolver.asks_traits else NO_TRAITS)
        lines.append(_placed(said, rule) if rule else said)
    return said_again._replace(lines=lines, mapping_version_id=version.pk)


def _placed(line: posting.Line, rule: Rule) -> posting.Line:
    """A posted line on the account of another rule, with its tags."""
    klass, department, party = rule.klass or line.klass, rule.department or line.department, rule.party or line.party
    return line._replace(account_id=rule.account_id, klass=klass, department=department, party=party)
