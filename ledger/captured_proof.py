"""Balances proven against the books: what a statement, count or return captured by hand says = the account; and what a system
itself says it holds or owes (gift cards, reserves, a card program).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from integrations.models import Connection, Fact
from integrations.records import SystemBalance
from integrations.records_json import from_json
from ledger import mapping
from ledger.core import roles
from ledger.core.entry import debit
from ledger.models import JournalLine
from ledger.processor_proof import FOREIGN, NET

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from clients.models import Client
    from ledger.core.period import Month


@dataclass(frozen=True, slots=True)
class CapturedProof:
    """One account on one day. ``stated`` and ``ledger`` are minor units on the role's usual side, of home currency unless
    ``currency`` says another; ``account_id`` and ``ledger`` are None where nothing is mapped.
    """

    label: str
    on: date
    account_id: int | None
    stated: int
    ledger: int | None
    currency: str = ""

    @property
    def difference(self) -> int | None:
        return None if self.ledger is None else self.ledger - self.stated


def of(client: Client, month: Month, forms: Collection[str]) -> list[CapturedProof]:
    """The last captured balance of each account in a month, of these forms, beside what the books say that day."""
    facts = Fact.objects.filter(
        client=client,
        kind="SystemBalance",
        stream__in=forms,
        booked_on__range=(month.first, month.last),
        connection_id__in=Connection.objects.filter(client=client, settings__scheme="hand").values("pk"),
    ).exclude(state="superseded")
    return _proofs(client, month, dict(map(_placed, facts.order_by("booked_on", "pk"))))


def told(client: Client, month: Month) -> list[CapturedProof]:
    """What connected systems say they hold or owe beside what the books say that day: by the first reading on the month's last
    day or after it, else by the last one within the month.
    """
    facts = Fact.objects.filter(client=client, kind="SystemBalance", booked_on__gte=month.first).exclude(
        state="superseded"
    )
    connections = Connection.objects.filter(client=client)
    by_hand = connections.filter(settings__scheme="hand")
    live = connections.exclude(state__in=["pending", "disconnected"]).exclude(pk__in=by_hand.values("pk"))
    facts = facts.filter(connection_id__in=live.values("pk"))
    ended = dict(map(_placed, facts.filter(booked_on__gte=month.last).order_by("-booked_on", "-pk")))
    within = dict(map(_placed, facts.filter(booked_on__lt=month.last).order_by("booked_on", "pk")))
    return _proofs(client, month, within | ended)


_Place = tuple[int, str, str, str, str]


def _placed(fact: Fact) -> tuple[_Place, SystemBalance]:
    """A balance under what tells it apart: the last of a place counts."""
    record = from_json(fact.kind, fact.data)
    assert isinstance(record, SystemBalance)
    return (fact.connection_id, record.role, record.key, record.account, record.currency.upper()), record


def _proofs(client: Client, month: Month, latest: dict[_Place, SystemBalance]) -> list[CapturedProof]:
    """Balances that the mapping gives to one account are proven together, on the last of their days."""
    providers = dict(Connection.objects.filter(client=client).values_list("pk", "provider"))
    version = mapping.load(client.pk).on(month.last)
    together: dict[tuple[int | None, str, str], list[SystemBalance]] = defaultdict(list)
    for (connection_id, *_rest, currency), record in latest.items():
        (line,) = debit(record.role, 1, record.key)
        account = version.account_for(line, providers[connection_id]) if version else None
        foreign = "" if currency == client.home_currency else currency
        together[account, record.role if account is not None else record.external_id, foreign].append(record)
    return [_proof(client, account, found, foreign) for (account, _role, foreign), found in together.items()]


def _proof(client: Client, account: int | None, found: list[SystemBalance], foreign: str) -> CapturedProof:
    on, role = max(record.booked_on for record in found), roles.role(found[0].role)
    names = ", ".join(dict.fromkeys(record.account or role.label for record in found))
    stated = sum(record.amount for record in found)
    if account is None:
        return CapturedProof(f"{role.label}: {names}", on, None, stated, None, foreign)
    lines = JournalLine.objects.filter(client=client, account_id=account, booked_on__lte=on)
    if foreign:
        lines = lines.filter(foreign_currency=foreign)
    net = lines.aggregate(net=Sum(FOREIGN if foreign else NET, default=0))["net"]
    sign = 1 if role.side == "debit" else -1
    return CapturedProof(f"{role.label}: {names}", on, account, stated, sign * net, foreign)
