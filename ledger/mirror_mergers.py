"""Accounts that were merged in the accounting system: its documents bear the other account, and ours follow.

It names no successor; the documents do: where all that changed is that an inactive account's amount stands on another one, the
two were merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import exceptions_inbox, posting
from ledger.exceptions_inbox import Problem
from ledger.models import Account, MappingRule, MappingVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from clients.models import Client
    from integrations.models import Connection
    from ledger.models import MirrorDocument

#: (our account that is no more, the one that took its place).
Merger = tuple[int, int]


def found(deltas: Mapping[int, int], shown: Collection[int], inactive: Collection[int]) -> Merger | None:
    """The merger that explains all of a document's change; ``deltas`` by account, ``shown`` are its accounts now."""
    gone = [account for account in deltas if account in inactive and account not in shown]
    others = [account for account in deltas if account not in gone]
    return (gone[0], others[0]) if len(gone) == 1 and len(others) == 1 else None


def entry(row: MirrorDocument, source_key: str, deltas: Mapping[int, int]) -> posting.Entry:
    """What a document of ours holds, moved to the account that took the place of its own."""
    return posting.Entry(
        booked_on=row.booked_on,
        source_key=source_key,
        purpose="merged-account",
        origin="ledger",
        memo=f"{row.type} {row.number}: its account was merged into another in the accounting system",
        lines=[posting.Line(account, max(net, 0), max(-net, 0)) for account, net in sorted(deltas.items())],
    )


def tell(client: Client, connection: Connection, mergers: Iterable[Merger]) -> None:
    """An exception for each account that the mapping in force still names, with the one to map to."""
    pairs = dict(mergers)
    if not pairs:
        return
    version = MappingVersion.objects.filter(client=client).exclude(state="draft").order_by("-number").first()
    rules = MappingRule.objects.filter(client=client, version=version, account__in=pairs)
    named = set(rules.values_list("account_id", flat=True))
    accounts = Account.objects.filter(client=client).in_bulk([*pairs, *pairs.values()])
    problems = [
        Problem(
            kind="mirror",
            identity=f"merged:{gone}",
            cause=f"{accounts[gone].name} was merged",
            title=f"{accounts[gone].name} was merged into {accounts[kept].name} in the accounting system. The mapping names"
            f" {accounts[gone].name}: map to {accounts[kept].name}.",
            source=str(connection),
            connection_id=connection.pk,
            detail={"from": str(accounts[gone]), "to": str(accounts[kept])},
        )
        for gone, kept in pairs.items()
        if gone in named
    ]
    exceptions_inbox.open_problems(client.pk, problems)
