"""Why a posted line stands on its account: the rule that counted, and those that fit it too and say less about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.models import Fact
from integrations.records_json import from_json
from ledger import mapping, remapping
from ledger.core import roles
from ledger.core.entry import DraftLine
from ledger.core.placing import NO_TRAITS, traits_of
from ledger.models import JournalLine, MappingRule, MappingVersion

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.models import JournalEntry


@dataclass(frozen=True, slots=True)
class Why:
    """``rule`` is the one that counted; where none did, ``said`` says what gave the account. ``others`` fit and lost to it."""

    line: JournalLine
    version: MappingVersion | None
    said: str = ""
    rule: MappingRule | None = None
    others: tuple[MappingRule, ...] = ()


def why(client: Client, entry: JournalEntry, line: JournalLine) -> Why:
    """The reason, worked out again from the version that the entry remembers."""
    version = MappingVersion.objects.filter(client=client, pk=entry.mapping_version_id or 0).first()
    if roles.account_id(line.role) is not None:
        return Why(line, version, "The record names this account itself.")
    used = next((one for one in mapping.load(client.pk).versions if version and one.version_id == version.pk), None)
    if version is None or used is None:
        return Why(line, None, "No mapping was used: the accounting system, or a person, named the account.")
    if line.role in {"bank", "card"} and used.banks.get(line.key) == line.account_id:
        return Why(line, version, "The bank account that the line is about is linked to it.")
    fact = Fact.objects.filter(client=client, pk=entry.fact_id or 0).first()
    traits = traits_of(from_json(fact.kind, fact.data)) if fact else NO_TRAITS
    asked = DraftLine(line.role, key=line.key, department=line.department, party=line.party, klass=line.klass)
    asked = remapping.untagged(asked, line.account_id, [used.rules])
    fitting = list(used.rules.fitting(asked, entry.source_key.split(":", 1)[0], traits))
    rows = MappingRule.objects.filter(client=client).select_related("account").in_bulk([rule.pk for rule in fitting])
    found = [rows[rule.pk] for rule in fitting]
    if not found or found[0].account_id != line.account_id:
        said = "No rule by its category leads here: a bank rule did, or a person chose it."
        return Why(line, version, said, others=tuple(found))
    return Why(line, version, rule=found[0], others=tuple(found[1:]))
