"""Where a line of a role goes: the most telling of a mapping's rules that fits what is known of it. Pure.

A rule names some of the conditions and leaves the rest open. Of two rules that fit, the one that names the more telling
condition wins, in the order of ``Case``: the item itself (``key``), the party, the product type, the tax jurisdiction, the
tender, the department, the location, the channel, the system.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from ledger.core import roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.records import Record, Tender
    from ledger.core.entry import DraftLine

#: What a rule may ask for, the most telling first, and what a person calls it.
CONDITIONS = {
    "key": "Item",
    "party": "Vendor or customer",
    "product": "Product type",
    "jurisdiction": "Tax jurisdiction",
    "tender": "Tender",
    "department": "Department or class",
    "location": "Location",
    "channel": "Channel",
    "provider": "System",
}
#: What the items of a role are called where each new one wants a look; systems and bank accounts name themselves.
ITEMS = frozenset(
    role.refined_by
    for role in roles.ROLES.values()
    if role.refined_by not in ("", "provider", "bank account", "location")
)
#: Roles whose item is the tax's own jurisdiction.
_TAXES = frozenset({"sales-tax-payable", "marketplace-tax"})
#: Fields of a record that name the other side, the first that says one.
_PARTIES = ("vendor", "merchant", "customer", "contractor")


class Case(NamedTuple):
    """What a rule is about; '' leaves a condition open. ``key`` is the item that refines the role (see ``Role.refined_by``)."""

    role: str
    key: str = ""
    party: str = ""
    product: str = ""
    jurisdiction: str = ""
    tender: str = ""
    department: str = ""
    location: str = ""
    channel: str = ""
    provider: str = ""

    @property
    def named(self) -> tuple[bool, ...]:
        """Which conditions it names: of two cases that fit a line, the greater is the more telling."""
        return tuple(map(bool, self[1:]))


class Rule(NamedTuple):
    """Lines of the case go to the account, with these tags instead of their own where they are not ''."""

    case: Case
    account_id: int
    klass: str = ""
    department: str = ""
    party: str = ""
    pk: int = 0


def is_default(case: Case, key: str) -> bool:
    """Whether a line's item is one that the rule does not name, though its role is told apart by items (MP3)."""
    known = roles.ROLES.get(case.role)
    return bool(key) and not case.key and known is not None and known.refined_by in ITEMS


class Traits(NamedTuple):
    """What a record says of all its lines."""

    channel: str = ""
    location: str = ""
    tender: str = ""
    party: str = ""
    product: str = ""
    jurisdiction: str = ""


NO_TRAITS = Traits()
#: Conditions that only the record says.
TRAITS = ("product", "jurisdiction", "tender", "location", "channel")


def traits_of(record: Record) -> Traits:
    """The traits of a record; several tenders, product types or jurisdictions are none, as is one beside what names none."""
    tenders: tuple[Tender, ...] = getattr(record, "tenders", ())
    tender = (tenders[0].name or tenders[0].kind.replace("_", " ")) if len(tenders) == 1 else ""
    party = next((said for name in _PARTIES if (said := getattr(record, name, ""))), "")
    products = {goods.product for goods in getattr(record, "goods", ())} or {getattr(record, "product", "")}
    taxed = {tax.jurisdiction for tax in getattr(record, "taxes", ())} or {getattr(record, "jurisdiction", "")}
    return Traits(
        getattr(record, "channel", ""), getattr(record, "location", ""), tender, party, _only(products), _only(taxed)
    )


def _only(names: set[str]) -> str:
    """The one name, '' where there are several."""
    return next(iter(names)) if len(names) == 1 else ""


def folded(text: str) -> str:
    """The same for names that differ only in capitals and spaces."""
    return " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one version, ready to be looked up: a few looks into a dictionary for each line, whatever their number."""

    rules: tuple[Rule, ...] = ()
    #: By role: (which conditions are named, rules by their case), the most telling first.
    _tables: dict[str, list[tuple[tuple[bool, ...], dict[tuple[str, ...], Rule]]]] = field(default_factory=dict)
    #: Whether any rule asks for what its record alone says, and whether any asks for the party.
    asks_traits: bool = False
    asks_party: bool = False

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Rulebook:
        rules = tuple(rules)
        tables: dict[str, dict[tuple[bool, ...], dict[tuple[str, ...], Rule]]] = defaultdict(dict)
        for rule in rules:
            tables[rule.case.role].setdefault(rule.case.named, {})[_place(rule.case)] = rule
        ranked = {role: sorted(found.items(), reverse=True, key=lambda one: one[0]) for role, found in tables.items()}
        return cls(
            rules,
            ranked,
            any(any(getattr(rule.case, name) for name in TRAITS) for rule in rules),
            any(rule.case.party for rule in rules),
        )

    def fitting(self, line: DraftLine, provider: str, traits: Traits = NO_TRAITS) -> Iterator[Rule]:
        """Every rule that fits a line, the one that counts first."""
        for named, rules in self._tables.get(line.role, ()):
            for place in product(*_choices(named, line, provider, traits)):
                rule = rules.get(place)
                if rule is not None:
                    yield rule

    def find(self, line: DraftLine, provider: str, traits: Traits = NO_TRAITS) -> Rule | None:
        """The rule that counts for a line; None where nothing is mapped."""
        return next(self.fitting(line, provider, traits), None)


def _place(case: Case) -> tuple[str, ...]:
    _role, key, party, product, jurisdiction, tender, department, location, channel, provider = case
    sold = folded(product), folded(jurisdiction), folded(tender)
    return key, folded(party), *sold, department, folded(location), folded(channel), provider


def _choices(named: tuple[bool, ...], line: DraftLine, provider: str, traits: Traits) -> tuple[tuple[str, ...], ...]:
    """For each condition that is named what the line says of it (a line that says nothing fits none), '' for the others."""
    key, party, goods, taxed, tender, department, location, channel, system = named
    own_tax = line.key if line.role in _TAXES else ""
    return (
        _said(line.key) if key else ("",),
        _said(folded(line.party or traits.party)) if party else ("",),
        _said(folded(traits.product)) if goods else ("",),
        _said(folded(own_tax or traits.jurisdiction)) if taxed else ("",),
        _said(folded(traits.tender)) if tender else ("",),
        tuple(dict.fromkeys(_said(line.department) + _said(line.klass))) if department else ("",),
        _said(folded(traits.location)) if location else ("",),
        _said(folded(traits.channel)) if channel else ("",),
        _owners(line, provider, of_key=key) if system else ("",),
    )


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _owners(line: DraftLine, provider: str, *, of_key: bool) -> tuple[str, ...]:
    """Whose rules count: a shop's order that another system's clearing account is paid into is mapped as that system's."""
    owner = line.key.split(" ")[0]
    if owner in ("", provider, f"{provider}-in") or not roles.is_kept_by_system(line.role):
        return _said(provider)
    return tuple(dict.fromkeys((owner, *_said(provider)))) if of_key else (owner,)
