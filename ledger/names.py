"""Vendors and customers whose names look alike: proposed as one, decided by a person, and every decision can be taken back.

Names that are one are one here at once: what is booked under either goes to the kept one's record in the accounting system.
Merging the two records there is done there (its API has no merge), and the page says how.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django.db import IntegrityError, transaction
from django.db.models import Count

from clients import audit
from integrations.models import Fact
from ledger.core.names import NEAR, bare, near, percent
from ledger.models import JournalLine, NameDecision

if TYPE_CHECKING:
    from clients.models import Client, User

#: Lines on accounts of this group name such a party.
GROUPS = {"payable": "Vendor", "receivable": "Customer"}
#: (kind, name) → the name under which it is kept.
Aliases: TypeAlias = dict[tuple[str, str], str]


class NamesRefused(ValueError):  # noqa: N818
    """A decision that cannot be: names that are not alike or unknown, or a pair decided already."""


class Proposal(NamedTuple):
    """Two names that may be one; ``percent`` alike; how many lines each has."""

    kind: str
    first: str
    second: str
    percent: int
    first_lines: int
    second_lines: int

    @property
    def likelier(self) -> str:
        """The one the books use more, the longer one where they use both alike."""
        return max((self.first_lines, len(self.first), self.first), (self.second_lines, len(self.second), self.second))[
            2
        ]


def proposals(client: Client) -> list[Proposal]:
    """Undecided pairs of near-equal names of one kind, most alike first."""
    decided = set(NameDecision.objects.filter(client=client).values_list("kind", "first", "second"))
    gone = {(one.kind, one.other) for one in NameDecision.objects.filter(client=client).exclude(kept="")}
    found = []
    for kind, counts in _names(client).items():
        names = [name for name in counts if (kind, name) not in gone]
        found += [
            Proposal(kind, pair.first, pair.second, pair.alike, counts[pair.first], counts[pair.second])
            for pair in near(names)
            if (kind, pair.first, pair.second) not in decided
        ]
    return sorted(found, key=lambda one: (-one.percent, one.kind, one.first, one.second))


def _names(client: Client) -> dict[str, Counter[str]]:
    """Names by kind with the lines that carry them: those of the accounting system's lists, and those on our lines."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in GROUPS.values()}
    facts = Fact.objects.filter(client=client, kind="LedgerParty").exclude(state="superseded")
    for external_id, data in facts.values_list("external_id", "data"):
        kind = external_id.partition(":")[0]
        if kind in found and data.get("is_active", True):
            found[kind][data["name"]] += 0
    lines = JournalLine.objects.filter(client=client, account__group__in=GROUPS).exclude(party="")
    for group, party, count in lines.order_by().values_list("account__group", "party").annotate(Count("pk")):
        found[GROUPS[group]][party] += count
    return found


@transaction.atomic
def decide(client: Client, *, kind: str, first: str, second: str, kept: str, by: User) -> NameDecision:
    """Remember that two names are one, ``kept`` of them, or with '' that they are two. Raises NamesRefused."""
    low, high = sorted((first, second))
    if kind not in NameDecision.Kind.values or low == high or kept not in {"", low, high}:
        raise NamesRefused("Choose one of the two names, or say that they are two.")
    if bare(low) != bare(high) and percent(bare(low), bare(high)) < NEAR:
        raise NamesRefused("These names are not alike.")
    if kept and canonical(aliases(client), kind, kept) == (high if kept == low else low):
        raise NamesRefused(f"{kept} is itself kept under the other name: take that decision back first.")
    try:
        with transaction.atomic():
            made = NameDecision.objects.create(
                client=client, kind=kind, first=low, second=high, kept=kept, decided_by=by
            )
    except IntegrityError as error:
        raise NamesRefused("This pair is decided already.") from error
    audit.record(client, by, "name.decided", str(made), {"kind": kind, "kept": kept})
    return made


def undo(decision: NameDecision, *, by: User) -> None:
    """Take a decision back: the pair is asked about again."""
    audit.record(decision.client, by, "name.reopened", str(decision), {"kind": decision.kind, "kept": decision.kept})
    decision.delete()


def aliases(client: Client) -> Aliases:
    """The names that are not used any more with the one each is kept under."""
    decided = NameDecision.objects.filter(client=client).exclude(kept="")
    return {(one.kind, one.other): one.kept for one in decided}


def canonical(known: Aliases, kind: str, name: str) -> str:
    """The name under which a name is kept, through as many decisions as there are."""
    seen = {name}
    while (kept := known.get((kind, name))) is not None and kept not in seen:
        name = kept
        seen.add(name)
    return name
