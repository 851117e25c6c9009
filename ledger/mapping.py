"""Role → account, by versions: draft → approved by a second person → effective from a date. Every line keeps its version.

The most specific rule wins (``ledger.core.placing`` says in which order). What a bank line's words mean is a bank rule's
(``ledger.bank_rules``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from clients import audit
from clients.models import AuditEvent
from ledger import mapping_direct, posting
from ledger.core import roles
from ledger.core.placing import NO_TRAITS, Case, Rule, Rulebook, Traits, traits_of
from ledger.models import Account, MappingRule, MappingVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date

    from clients.models import Client, User
    from integrations.records import Record
    from ledger.core.entry import DraftEntry, DraftLine

#: What tells one rule of a version from another, as the columns of its table.
CASE = Case._fields
#: The tags a rule puts on its lines.
TAGS = ("to_class", "to_department", "to_party")
CURRENCY = re.compile(r"[A-Z]{3}")


class MappingError(ValueError):
    """A mapping act that may not be: approving one's own draft, an account of another client, an unknown role."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One version, ready to resolve. ``approved_by_id`` is 0 for a draft that is only tried out."""

    version_id: int
    number: int
    effective_from: date
    approved_by_id: int
    rules: Rulebook
    banks: dict[str, int] = field(default_factory=dict)
    by_external_id: dict[str, int] = field(default_factory=dict)
    #: Receivables and payables kept apart by currency: (mapped account, currency) → the company's account of that currency.
    by_currency: dict[tuple[int, str], int] = field(default_factory=dict)

    def place(self, line: DraftLine, provider: str, traits: Traits = NO_TRAITS) -> Rule | None:
        """The rule that counts for a draft line, made up where the line names its account or a linked bank account itself;
        None where nothing is mapped.
        """
        direct = roles.account_id(line.role)
        if direct is not None:
            account = self.by_external_id.get(direct)
            return None if account is None else Rule(Case(line.role), account)
        if line.role in {"bank", "card"} and line.key in self.banks:
            return Rule(Case(line.role, line.key), self.banks[line.key])
        return self.rules.find(line, provider, traits)

    def account_for(self, line: DraftLine, provider: str, traits: Traits = NO_TRAITS) -> int | None:
        """The account of a draft line; None where nothing is mapped."""
        rule = self.place(line, provider, traits)
        return self.kept(rule, line) if rule else None

    def kept(self, rule: Rule, line: DraftLine) -> int:
        """The rule's account, or the one that the company keeps beside it for the line's own currency."""
        if line.foreign is None or not self.by_currency:
            return rule.account_id
        return self.by_currency.get((rule.account_id, line.foreign.currency), rule.account_id)

    def line_for(self, line: DraftLine, provider: str, traits: Traits = NO_TRAITS) -> posting.Line | None:
        """A draft line as it is posted, with the tags its rule puts on it; None where nothing is mapped."""
        rule = self.place(line, provider, traits)
        return posted(line, rule, self.kept(rule, line)) if rule else None


def posted(line: DraftLine, rule: Rule, account_id: int = 0) -> posting.Line:
    """A draft line on the account of a rule (or ``account_id``), with the rule's tags instead of its own where it has any."""
    role, debit, credit, key, memo, department, party, foreign, klass = line
    party, department, klass = rule.party or party, rule.department or department, rule.klass or klass
    return posting.Line(
        account_id or rule.account_id, debit, credit, role, key, memo, party, department, foreign, klass
    )


class Placer:
    """The answers that versions give in one run, asked once for each case: a run's lines fall into few."""

    def __init__(self) -> None:
        self._rules: dict[tuple[int, str, Traits], dict[tuple[str, ...], Rule | None]] = defaultdict(dict)

    def lines(
        self, version: Mapping | None, draft: DraftEntry, record: Record, provider: str
    ) -> tuple[list[posting.Line], DraftLine | None]:
        """The lines of an entry as they are posted, up to the first that nothing is mapped for (that line, else None)."""
        if version is None:
            return [], draft.lines[0]
        asks_party = version.rules.asks_party
        traits = traits_of(record) if asks_party or version.rules.asks_traits else NO_TRAITS
        rules, lines = self._rules[version.version_id, provider, traits], list[posting.Line]()
        for line in draft.lines:
            case = line.role, line.key, line.department, line.klass, line.party if asks_party else ""
            if case not in rules:
                rules[case] = version.place(line, provider, traits)
            rule = rules[case]
            if rule is None:
                return lines, line
            lines.append(posted(line, rule, version.kept(rule, line)))
        return lines, None


@dataclass(frozen=True, slots=True)
class MappingHistory:
    """A client's approved versions, newest first; a fact uses the newest one effective on its book date."""

    versions: tuple[Mapping, ...]

    def on(self, day: date) -> Mapping | None:
        return next((mapping for mapping in self.versions if mapping.effective_from <= day), None)


def load_draft(client_id: int) -> Mapping | None:
    """The client's draft as if it were approved, to be tried on a past month; None where there is none."""
    version = MappingVersion.objects.filter(client_id=client_id, state=MappingVersion.State.DRAFT).first()
    if version is None:
        return None
    return _mapping(version, version.rules.all(), *mapping_direct.read(client_id))


_read_once: ContextVar[dict[int, MappingHistory] | None] = ContextVar("mappings that were read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Let what only reads the books read each client's mapping once, however many proofs ask for it."""
    token = _read_once.set({})
    try:
        yield
    finally:
        _read_once.reset(token)


def load(client_id: int) -> MappingHistory:
    """The approved versions with their rules."""
    read = _read_once.get()
    if read is None:
        return _load(client_id)
    if client_id not in read:
        read[client_id] = _load(client_id)
    return read[client_id]


def _load(client_id: int) -> MappingHistory:
    approved = (
        MappingVersion.objects.filter(client_id=client_id).exclude(state=MappingVersion.State.DRAFT).order_by("-number")
    )
    named = mapping_direct.read(client_id)
    rules: dict[int, list[MappingRule]] = {}
    for rule in MappingRule.objects.filter(client_id=client_id, version__in=approved):
        rules.setdefault(rule.version_id, []).append(rule)
    return MappingHistory(tuple(_mapping(version, rules.get(version.pk, []), *named) for version in approved))


def _mapping(
    version: MappingVersion,
    rules: Iterable[MappingRule],
    banks: dict[str, int],
    direct: dict[str, int],
    by_currency: dict[tuple[int, str], int],
) -> Mapping:
    return Mapping(
        version.pk,
        version.number,
        version.effective_from,
        version.approved_by_id or 0,
        Rulebook.of(rule.as_rule for rule in rules),
        banks,
        direct,
        by_currency,
    )


@transaction.atomic
def draft(client: Client, *, by: User, effective_from: date) -> MappingVersion:
    """The client's draft; a new one starts as a copy of the newest approved version."""
    existing = MappingVersion.objects.filter(client=client, state=MappingVersion.State.DRAFT).first()
    if existing:
        return existing
    number = (MappingVersion.objects.filter(client=client).aggregate(top=Max("number"))["top"] or 0) + 1
    version = MappingVersion.objects.create(client=client, number=number, effective_from=effective_from, prepared_by=by)
    latest = MappingVersion.objects.filter(client=client, state=MappingVersion.State.APPROVED).first()
    if latest:
        _copy_rules(latest, version)
    audit.record(client, by, "mapping.drafted", f"mapping v{number}", {})
    return version


def _copy_rules(source: MappingVersion, version: MappingVersion) -> None:
    MappingRule.objects.bulk_create(
        MappingRule(
            client_id=version.client_id,
            version=version,
            account_id=rule.account_id,
            reason=rule.reason,
            **{name: getattr(rule, name) for name in (*CASE, *TAGS)},
        )
        for rule in source.rules.all()
    )


@transaction.atomic
def revert(to: MappingVersion, *, by: User, effective_from: date) -> MappingVersion:
    """Let the draft say what an approved version said; it counts from its date once it is approved. Raises MappingError."""
    if to.state == MappingVersion.State.DRAFT:
        raise MappingError(f"Version {to.number} is a draft; go back to one that was approved.")
    version = draft(to.client, by=by, effective_from=effective_from)
    version.rules.all().delete()
    _copy_rules(to, version)
    version.note, version.tested_at = f"As in v{to.number}", None
    version.save(update_fields=["note", "tested_at"])
    audit.record(to.client, by, "mapping.rule", f"all as in mapping v{to.number}", {"version": version.number})
    return version


def set_rule(
    version: MappingVersion, *, role: str, account: Account, by: User, reason: str = "", **named: str
) -> MappingRule:
    """Put one rule into a draft, replacing the one for the same case; ``named`` are conditions of ``CASE`` and ``TAGS``.

    Raises MappingError.
    """
    _must_be_draft(version)
    if unknown := named.keys() - {*CASE, *TAGS}:
        raise MappingError(f"A rule has no {min(unknown)}.")
    if account.client_id != version.client_id:
        raise MappingError("That account belongs to another client.")
    if not account.is_active:
        raise MappingError(f"{account} is inactive.")
    if not roles.is_known(role):
        raise MappingError(f"{role!r} is not a role.")
    case: dict[str, Any] = {name: " ".join(named.get(name, "").split()) for name in CASE if name != "role"}
    tags: dict[str, Any] = {name: " ".join(named.get(name, "").split()) for name in TAGS}
    rule, _ = MappingRule.objects.update_or_create(
        client_id=version.client_id,
        version=version,
        role=role,
        **case,
        defaults={"account": account, "reason": reason, **tags},
    )
    _untested(version)
    audit.record(version.client, by, "mapping.rule", str(rule), {"account": account.name, "version": version.number})
    return rule


def _untested(version: MappingVersion) -> None:
    """A changed draft has not been tested."""
    if version.tested_at is not None:
        version.tested_at = None
        version.save(update_fields=["tested_at"])


def mark_tested(version: MappingVersion, month: date, *, by: User) -> None:
    """Remember that a draft was tried on a month as it stands. Raises MappingError."""
    _must_be_draft(version)
    version.tested_month, version.tested_at = month, timezone.now()
    version.save(update_fields=["tested_month", "tested_at"])
    audit.record(version.client, by, "mapping.tested", f"mapping v{version.number}", {"month": f"{month:%Y-%m}"})


def _must_be_draft(version: MappingVersion) -> None:
    if version.state != MappingVersion.State.DRAFT:
        raise MappingError(f"Version {version.number} is approved and stands; start a new draft.")


def drop_rule(version: MappingVersion, rule: MappingRule, *, by: User) -> None:
    """Take one rule out of a draft. Raises MappingError."""
    _must_be_draft(version)
    rule.delete()
    _untested(version)
    audit.record(version.client, by, "mapping.rule-dropped", str(rule), {"version": version.number})


def submit(version: MappingVersion, *, note: str, effective_from: date, by: User, locked_months: str = "stay") -> None:
    """Say what a draft changes, from when, and what becomes of closed months, for the controller. Raises MappingError."""
    _must_be_draft(version)
    if not note.strip():
        raise MappingError("Say what changes, for whoever approves it.")
    version.note, version.effective_from, version.locked_months = note.strip()[:300], effective_from, locked_months
    version.save(update_fields=["note", "effective_from", "locked_months"])
    audit.record(version.client, by, "mapping.submitted", f"mapping v{version.number}", {"from": str(effective_from)})


@transaction.atomic
def approve(version: MappingVersion, *, by: User) -> None:
    """Make a draft the version that counts from its date. Raises MappingError for one's own work, and for a rule that
    leads to an inactive account.
    """
    version = MappingVersion.objects.select_for_update().get(pk=version.pk)
    if version.state != MappingVersion.State.DRAFT:
        raise MappingError(f"Version {version.number} is already approved.")
    if is_own_work(version, by):
        raise MappingError("Whoever prepared a mapping cannot approve it.")
    rules = version.rules.select_related("account")
    if not rules:
        raise MappingError("A mapping without rules cannot be approved.")
    if gone := next((rule for rule in rules if not rule.account.is_active), None):
        raise MappingError(f"{gone.account} is inactive; {gone} needs another account.")
    is_first = not MappingVersion.objects.filter(client_id=version.client_id, state="approved").exists()
    version.moved_at = timezone.now() if is_first else None  # nothing was posted before the first
    version.state = MappingVersion.State.APPROVED
    version.approved_by = by
    version.approved_at = timezone.now()
    version.save()
    audit.record(
        version.client, by, "mapping.approved", f"mapping v{version.number}", {"from": str(version.effective_from)}
    )


def is_own_work(version: MappingVersion, by: User) -> bool:
    """Whether this person began a draft, or set or dropped a rule of one that another person began."""
    acts = AuditEvent.objects.filter(client_id=version.client_id, actor=by, detail__version=version.number)
    return version.prepared_by_id == by.pk or acts.filter(action__in=["mapping.rule", "mapping.rule-dropped"]).exists()


def accounts_by_role(
    client_id: int, role: str, on: date, *, provider: str | None = None, currency: str = ""
) -> set[int]:
    """Every account that the version effective on a day gives to a role, whatever the key (proofs sum over it).

    With ``provider`` only its own rules count, or the general ones where it has none of its own; of an account that a system
    keeps, none whose key names another owner (a till's checks are no part of what the till holds). With ``currency`` only
    what is kept apart for it, or the accounts of no currency where nothing is.
    """
    version = load(client_id).on(on)
    found = {
        (rule.case.provider, _currency_of(rule.case.key), rule.account_id)
        for rule in (version.rules.rules if version else ())
        if rule.case.role == role
        and (provider is None or not roles.is_kept_by_system(role) or _is_of(provider, rule.case.key))
    }
    if currency:
        found = {place for place in found if place[1] == currency} or {place for place in found if not place[1]}
    own = {account for slug, _currency, account in found if slug == provider}
    if provider is None:
        return {account for _slug, _currency, account in found}
    return own or {account for slug, _currency, account in found if not slug}


def accounts_by_roles(client_id: int, names: Collection[str], on: date) -> set[int]:
    """Every account that the version effective on a day gives to any of these roles, whatever the key and the system."""
    version = load(client_id).on(on)
    return {rule.account_id for rule in version.rules.rules if rule.case.role in names} if version else set()


def _is_of(provider: str, key: str) -> bool:
    return key.split(" ", maxsplit=1)[0] in ("", provider, f"{provider}-in")


def _currency_of(key: str) -> str:
    """The currency that a key keeps apart, as `ledger.core.currency.place` writes it; empty for one of no currency."""
    last = key.rsplit(" ", maxsplit=1)[-1]
    return last if " " in key and CURRENCY.fullmatch(last) else ""


def rule_counts(client_id: int) -> dict[str, int]:
    """How many rules the draft and the newest approved version hold."""
    states = MappingVersion.objects.filter(client_id=client_id).filter(~Q(state=MappingVersion.State.RETIRED))
    return {version.state: version.rules.count() for version in states.order_by("number")}
