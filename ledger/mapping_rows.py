"""The mapping as a page shows it: every case with its account in force and in the draft, what is held for want of a rule,
what a default took that nobody has looked at, and how much of a month an approved rule covers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection as database
from django.db.models import OuterRef, Subquery, Sum

from integrations.models import Fact
from integrations.registry import all_providers
from ledger import suggesting
from ledger.core import roles
from ledger.core.placing import CONDITIONS, ITEMS, Case
from ledger.models import Account, JournalLine, LedgerException, MappingRule, MappingVersion

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.core.suggestions import Suggestion

#: Months back in which an item that only a default took counts as new.
NEW_MONTHS = 3
COVERAGE = """
SELECT count(*) FILTER (WHERE x.fact_id IS NULL), count(*),
       coalesce(sum(abs(f.amount_minor)) FILTER (WHERE x.fact_id IS NULL AND f.currency = %(home)s), 0)::bigint,
       coalesce(sum(abs(f.amount_minor)) FILTER (WHERE f.currency = %(home)s), 0)::bigint
FROM integrations_fact f
LEFT JOIN (
    SELECT DISTINCT fact_id FROM ledger_ledgerexception
    WHERE client_id = %(client)s AND kind IN ('unmapped', 'unknown') AND state IN ('open', 'snoozed')) x ON x.fact_id = f.id
WHERE f.client_id = %(client)s AND f.booked_on BETWEEN %(first)s AND %(last)s AND f.state IN ('booked', 'exception')
"""
#: Why an item that a default took has a rule of its own.
KEPT = "Kept where the default put it"
#: Role, key, department and provider of lines; None stands for any.
Part = tuple[str, str | None, str | None, str | None]


@dataclass(slots=True)
class Row:
    """One line of the page. ``state``: in force, changed, new, removed; unmapped (held), taken (by a default only).

    ``rule`` is the draft's, or the one in force where there is no draft. ``money`` is natural to the role's side, minor units.
    """

    case: Case
    state: str
    rule: MappingRule | None = None
    account: Account | None = None
    before: Account | None = None
    money: int | None = None
    held: int = 0
    suggestion: Suggestion | None = None
    proposed: Account | None = None
    label: str = ""
    only_for: list[str] = field(default_factory=list)

    @property
    def case_fields(self) -> list[tuple[str, str]]:
        """What a form sends back to be about the same case."""
        return [*self.case._asdict().items()]

    @property
    def tags(self) -> list[str]:
        rule = self.rule
        said = (("class", rule.to_class), ("department", rule.to_department), ("party", rule.to_party)) if rule else ()
        return [f"{name} {value}" for name, value in said if value]

    @property
    def proposal(self) -> str:
        """The rule that takes the suggestion, as a button sends it."""
        reason = self.suggestion.reason if self.suggestion else ""
        return self._rule(self.proposed, f"Suggested: {reason}")

    @property
    def keeping(self) -> str:
        """The rule that keeps an item where the default put it."""
        return self._rule(self.account, KEPT)

    def _rule(self, account: Account | None, reason: str) -> str:
        return json.dumps(dict(self.case_fields) | {"account": str(account or ""), "reason": reason})


class Coverage(NamedTuple):
    """How much of a month's records an approved rule sent somewhere: counts, and money in minor units of the home currency."""

    facts: int
    all_facts: int
    money: int
    all_money: int

    @property
    def facts_basis_points(self) -> int:
        return 10_000 * self.facts // self.all_facts if self.all_facts else 10_000

    @property
    def money_basis_points(self) -> int:
        return 10_000 * self.money // self.all_money if self.all_money else 10_000


def coverage(client: Client, month: Month) -> Coverage:
    """Of the month's records that are to be booked, those not held for want of a rule. One query."""
    asked: dict[str, Any] = {
        "client": client.pk,
        "first": month.first,
        "last": month.last,
        "home": client.home_currency,
    }
    with database.cursor() as cursor:
        cursor.execute(COVERAGE, asked)
        return Coverage(*cursor.fetchone())


def rows(client: Client, draft: MappingVersion | None, approved: MappingVersion | None, month: Month) -> list[Row]:
    """Every case of the draft and of what is in force, then what no rule names."""
    old, new = _rules(approved), _rules(draft)
    money = _money(client, month)
    found = [
        _row(case, old.get(case), new.get(case), money, drafted=draft is not None) for case in sorted({*old, *new})
    ]
    current = new if draft else old
    missing = [*_held(client, current), *_taken(client, current, month)]
    _suggest(client, [row for row in missing if row.state == "unmapped"])
    found += missing
    for row in found:
        row.label, row.only_for = roles.label(row.case.role), only_for(row.case)
    return found


def _suggest(client: Client, rows: list[Row]) -> None:
    """Put a proposal on each row, where something speaks for one."""
    said = suggesting.suggest(client, [row.case for row in rows])
    accounts = Account.objects.filter(client=client).in_bulk({one.account for one in said if one})
    for row, suggestion in zip(rows, said, strict=True):
        row.suggestion, row.proposed = suggestion, accounts[suggestion.account] if suggestion else None


def _row(
    case: Case, before: MappingRule | None, after: MappingRule | None, money: dict[Part, int], *, drafted: bool
) -> Row:
    state = "in force"
    if drafted and before is None:
        state = "new"
    elif drafted and after is None:
        state = "removed"
    elif drafted and before and after and _says(before) != _says(after):
        state = "changed"
    rule = after or before
    assert rule is not None
    return Row(
        case,
        state,
        rule=rule,
        account=rule.account,
        before=before.account if before and state == "changed" and before.account_id != rule.account_id else None,
        money=money.get((case.role, case.key or None, case.department or None, case.provider or None)),
    )


def _says(rule: MappingRule) -> tuple[object, ...]:
    return rule.account_id, rule.to_class, rule.to_department, rule.to_party


def _rules(version: MappingVersion | None) -> dict[Case, MappingRule]:
    rules = version.rules.select_related("account") if version else ()
    return {rule.case: rule for rule in rules}


def _money(client: Client, month: Month) -> dict[Part, int]:
    """Debit − credit of the month by role, key, department and provider, natural to the role's side; None stands for any."""
    lines = JournalLine.objects.filter(client=client, booked_on__range=(month.first, month.last)).exclude(role="")
    booked = Fact.objects.filter(client=client, pk=OuterRef("entry__fact_id")).values("connection__provider")[:1]
    sums: dict[Part, int] = defaultdict(int)
    by = lines.order_by().annotate(by=Subquery(booked)).values("role", "key", "department", "by")
    for row in by.annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor")):
        net = _natural(row["role"], row["debit"] - row["credit"])
        for key, department, provider in product({row["key"], None}, {row["department"], None}, {row["by"], None}):
            sums[row["role"], key, department, provider] += net
    return sums


def _natural(role: str, net: int) -> int:
    known = roles.ROLES.get(role)
    return -net if known and known.side == "credit" else net


def _held(client: Client, current: dict[Case, MappingRule]) -> list[Row]:
    """Categories that are held because nothing is mapped for them, once each."""
    held = LedgerException.objects.filter(client=client, kind="unmapped", state__in=["open", "snoozed"])
    known = {(case.role, case.key) for case in current}
    found: dict[Case, Row] = {}
    for role, key, amount in held.values_list("detail__role", "detail__key", "amount_minor"):
        if role and (role, key or "") not in known and (role, "") not in known:
            case = Case(role, key or "")
            found.setdefault(case, Row(case, "unmapped")).held += abs(amount or 0)
    return list(found.values())


def _taken(client: Client, current: dict[Case, MappingRule], month: Month) -> list[Row]:
    """Items of the last months that went where their role's default sends them: booked, and for somebody to look at (MP3)."""
    named = {(case.role, case.key) for case in current if case.key}
    asked = [slug for slug, role in roles.ROLES.items() if role.refined_by in ITEMS]
    lines = JournalLine.objects.filter(
        client=client, role__in=asked, booked_on__range=(month.shift(1 - NEW_MONTHS).first, month.last)
    ).exclude(key="")
    sums = (
        lines.order_by()
        .values("role", "key", "account_id")
        .annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    )
    fresh = [row for row in sums if (row["role"], row["key"]) not in named]
    accounts = Account.objects.filter(client=client).in_bulk({row["account_id"] for row in fresh})
    return [
        Row(
            Case(row["role"], row["key"]),
            "taken",
            account=accounts[row["account_id"]],
            money=_natural(row["role"], row["debit"] - row["credit"]),
        )
        for row in fresh
    ]


def only_for(case: Case) -> list[str]:
    """What a rule names, in words; an item says itself, other conditions say what they are."""
    role = roles.ROLES.get(case.role)
    by = role.refined_by if role else ""
    said = [system_name(case.key) if by == "provider" else case.key] if case.key else []
    for name in ("party", "product", "jurisdiction", "tender", "department", "location", "channel"):
        value = getattr(case, name)
        if value:
            said.append(value if name in {"party", "department"} else f"{CONDITIONS[name].lower()} {value}")
    if case.provider:
        said.append(system_name(case.provider))
    if by and not case.key and not (by == "provider" and case.provider):
        said.append(f"any {by}")
    return said


def system_name(slug: str) -> str:
    """The name of a provider; what is none stays as it is."""
    declared = all_providers().get(slug)
    return declared.name if declared else slug
