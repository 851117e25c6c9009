"""Receivables and payables of the books: who owes what since when, settled here; and what the cash basis makes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from django.db import connection

from ledger.core.accounts import INCOME_STATEMENT_TYPES
from ledger.core.linking import Application
from ledger.core.openitems import Part, Settlement, Side, Touch, touches_of
from ledger.models import Account, MappingRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client

Tag = Literal["", "klass", "department"]
#: Roles whose account holds money, or money on its way: what stands against them is a payment.
MONEY_ROLES = ("bank", "card", "clearing", "in-transit", "undeposited", "cash-drawer", "reserve")
CONTROL_ROLES: dict[str, Side] = {"ar": "receivable", "ap": "payable"}
#: Every line on the control accounts in order. What belongs to their entries is asked for by their ids: joined, the planner looks
#: through all rows once for each line where it has no statistics yet.
TOUCHES = """
SELECT entry_id, account_id, booked_on, debit_minor - credit_minor, party, memo, foreign_minor FROM ledger_journalline
WHERE client_id = %(client)s AND account_id = ANY(%(control)s) AND booked_on <= %(through)s
ORDER BY booked_on, entry_id, no
"""
ENTRIES = """
SELECT id, origin, reverses_id, fact_id FROM ledger_journalentry WHERE client_id = %(client)s AND id = ANY(%(entries)s)
"""
#: The numbers of documents made in the accounting system, and the days that facts are due.
NUMBERS = (
    "SELECT entry_id, number FROM ledger_mirrordocument WHERE client_id = %(client)s AND entry_id = ANY(%(entries)s)"
)
DUE = "SELECT id, data ->> 'due_on' FROM integrations_fact WHERE client_id = %(client)s AND id = ANY(%(facts)s)"
#: What payments settle in the accounting system, by our entries: what was sent from here in a document of its own, else the entry
#: that mirrors the document. A payment of nil has no entry; what is linked to a document that is not here is left out.
LINKS = """
WITH standing AS (
    SELECT d.connection_id, d.external_id, CASE WHEN d.outbox_id IS NULL THEN d.entry_id ELSE sent.entry END AS entry
    FROM ledger_mirrordocument d
    LEFT JOIN (
        SELECT outbox_id, min(entry_id) AS entry FROM ledger_outboxmember WHERE client_id = %(client)s
        GROUP BY outbox_id HAVING count(*) = 1
    ) sent ON sent.outbox_id = d.outbox_id
    WHERE d.client_id = %(client)s AND NOT d.is_deleted
)
SELECT k.source, k.booked_on, payer.entry, array_agg(paid.entry ORDER BY k.place), array_agg(k.amount_minor ORDER BY k.place)
FROM ledger_mirrorlink k
JOIN standing paid ON paid.connection_id = k.connection_id AND paid.external_id = k.target AND paid.entry IS NOT NULL
LEFT JOIN standing payer ON payer.connection_id = k.connection_id AND payer.external_id = k.source
WHERE k.client_id = %(client)s
GROUP BY 1, 2, 3 ORDER BY 2, 1
"""
#: What stands against them in the same entries, by account and tag.
OTHERS = """
SELECT l.entry_id, l.account_id, {tag}, sum(l.debit_minor - l.credit_minor)
FROM ledger_journalline l
WHERE l.client_id = %(client)s AND l.entry_id = ANY(%(entries)s) AND NOT l.account_id = ANY(%(control)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
#: What the control accounts hold of each name, and the newest entry that moved it.
BY_PARTY = """
SELECT party, sum(debit_minor - credit_minor), max(entry_id) FROM ledger_journalline
WHERE client_id = %(client)s AND account_id = ANY(%(control)s) AND booked_on <= %(through)s
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class PartyBalance:
    """One vendor or customer on the control accounts: ``balance`` is debit − credit in minor units, ``entry`` the newest one."""

    party: str
    balance: int
    entry: int


@dataclass(frozen=True, slots=True)
class Controls:
    """The control accounts by id, and the accounts that tell a payment from a document."""

    sides: dict[int, Side]
    money: frozenset[str]
    earnings: frozenset[str]

    def of(self, side: Side) -> list[int]:
        return [pk for pk, own in self.sides.items() if own == side]


def controls(client: Client) -> Controls:
    """From the accounting system's own kinds of accounts, and from what roles are mapped to. Two queries."""
    mapped = MappingRule.objects.filter(
        client=client, version__state="approved", role__in=[*MONEY_ROLES, *CONTROL_ROLES]
    ).values_list("account_id", "role")
    roles: dict[int, set[str]] = defaultdict(set)
    for account, role in mapped:
        roles[account].add(role)
    sides: dict[int, Side] = {}
    money, earnings = set(), set()
    rows = Account.objects.filter(client=client).values_list("pk", "type", "group", "subtype")
    for pk, kind, group, subtype in rows:
        word = "".join(letter for letter in subtype.lower() if letter.isalnum())
        known = roles.get(pk, set())
        if kind == "asset" and (group == "receivable" or word == "accountsreceivable" or "ar" in known):
            sides[pk] = "receivable"
        elif kind == "liability" and (group == "payable" or word == "accountspayable" or "ap" in known):
            sides[pk] = "payable"
        elif group in {"bank", "card"} or word in {"bank", "undepositedfunds"} or known & set(MONEY_ROLES):
            money.add(str(pk))
        elif kind in INCOME_STATEMENT_TYPES:
            earnings.add(str(pk))
    return Controls(sides, frozenset(money), frozenset(earnings))


def settlement(
    client: Client, through: date, *, sides: Sequence[Side] = ("receivable", "payable"), tag: Tag = ""
) -> Settlement:
    """Receivables and payables settled through a day, as the accounting system's payments say and else the oldest first; eight
    queries whatever their number. ``tag`` splits what stands against them by class or department.
    """
    known = controls(client)
    chosen = [pk for pk, side in known.sides.items() if side in sides]
    if not chosen:
        return Settlement(())
    asked: dict[str, Any] = {"client": client.pk, "control": chosen, "through": through}
    lines = _all(TOUCHES, asked)
    asked["entries"] = list({row[0] for row in lines})
    told = {row[0]: row[1:] for row in _all(ENTRIES, asked)}
    asked["facts"] = [fact for _origin, _reverses, fact in told.values() if fact]
    numbers, due = dict(_all(NUMBERS, asked)), dict(_all(DUE, asked))
    column = {"": "''", "klass": "l.klass", "department": "l.department"}[tag]
    others: dict[int, list[Part]] = defaultdict(list)
    for entry, account, said, raw in _all(OTHERS.format(tag=column), asked):
        others[entry].append(Part(str(account), said, int(raw)))
    by_entry: dict[int, list[tuple[Touch, int]]] = defaultdict(list)
    for row in lines:
        origin, reverses, fact = told[row[0]]
        number = numbers.get(row[0], "") if origin == "ledger" else None
        by_entry[row[0]].append(_touch(row, known.sides[row[1]], reverses, number, due.get(fact)))
    touches: list[Touch] = []
    for entry, own in by_entry.items():
        touches += touches_of(own, others[entry], money=known.money, earnings=known.earnings)
    applications = [
        Application(on, payer, tuple(zip(paid, amounts, strict=True)))
        for _source, on, payer, paid, amounts in _all(LINKS, asked)
    ]
    return Settlement(touches, applications, through=through)


def by_party(client: Client, control: Sequence[int], through: date) -> list[PartyBalance]:
    """What these accounts hold of each name at the end of a day, names in order ('' for lines without one). One query."""
    asked = {"client": client.pk, "control": list(control), "through": through}
    return [PartyBalance(party, int(balance), entry) for party, balance, entry in _all(BY_PARTY, asked)]


def _all(query: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        return list(cursor.fetchall())


def _touch(
    row: tuple[Any, ...], side: Side, reverses: int | None, number: str | None, due: str | None
) -> tuple[Touch, int]:
    """``number``: that of a document made in the accounting system, None for an entry of ours, whose lines name theirs."""
    entry, account, on, raw, party, memo, own = row
    amount = raw if side == "receivable" else -raw
    touch = Touch(
        entry=entry,
        on=on,
        side=side,
        account=str(account),
        amount=amount,
        party=party,
        document=number if number is not None and amount > 0 else memo,
        own=None if own is None else abs(own) if amount > 0 else -abs(own),
        due_on=date.fromisoformat(due) if due else None,
        reverses=reverses,
    )
    return touch, raw
