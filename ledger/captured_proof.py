"""Balances that were captured by hand, proven against the books: what a statement, count or return says = the account."""

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

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from clients.models import Client
    from ledger.core.period import Month


@dataclass(frozen=True, slots=True)
class CapturedProof:
    """One account on one day. ``stated`` and ``ledger`` are minor units on the role's usual side; ``account_id`` and
    ``ledger`` are None where nothing is mapped.
    """

    label: str
    on: date
    account_id: int | None
    stated: int
    ledger: int | None

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
    latest: dict[tuple[int, str, str, str], SystemBalance] = {}
    for fact in facts.order_by("booked_on", "pk"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, SystemBalance)
        latest[fact.connection_id, record.role, record.key, record.account] = record
    return _proofs(client, month, latest)


def _proofs(
    client: Client, month: Month, latest: dict[tuple[int, str, str, str], SystemBalance]
) -> list[CapturedProof]:
    """Balances that the mapping gives to one account are proven together, on the last of their days."""
    providers = dict(Connection.objects.filter(client=client).values_list("pk", "provider"))
    version = mapping.load(client.pk).on(month.last)
    together: dict[tuple[int | None, str], list[SystemBalance]] = defaultdict(list)
    for (connection_id, *_rest), record in latest.items():
        (line,) = debit(record.role, 1, record.key)
        account = version.account_for(line, providers[connection_id]) if version else None
        together[account, record.role if account is not None else record.external_id].append(record)
    return [_proof(client, account, found) for (account, _role), found in together.items()]


def _proof(client: Client, account: int | None, found: list[SystemBalance]) -> CapturedProof:
    on, role = max(record.booked_on for record in found), roles.role(found[0].role)
    names = ", ".join(dict.fromkeys(record.account or role.label for record in found))
    stated = sum(record.amount for record in found)
    if account is None:
        return CapturedProof(f"{role.label}: {names}", on, None, stated, None)
    lines = JournalLine.objects.filter(client=client, account_id=account, booked_on__lte=on)
    sums = lines.aggregate(debit=Sum("debit_minor", default=0), credit=Sum("credit_minor", default=0))
    sign = 1 if role.side == "debit" else -1
    return CapturedProof(f"{role.label}: {names}", on, account, stated, sign * (sums["debit"] - sums["credit"]))
