"""The client's policy on large bills: limits above which a bill is an asset or a prepaid, and the accounts looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from ledger.models import Account, BooksLimits, WatchedAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User

#: Words of account names that usually hide assets, or a year paid at once.
USUALLY = {
    "asset": ("repair", "maintenance", "supplies", "equipment", "furniture", "computer", "hardware", "tools"),
    "prepaid": ("insurance", "software", "subscription", "dues", "license", "licence"),
}


def expenses(client: Client) -> list[Account]:
    """The expense accounts that can be watched."""
    return list(Account.objects.filter(client=client, type="expense", is_active=True).order_by("number", "name"))


def suggested(client: Client) -> dict[int, str]:
    """What each account would be watched for, by its name; for a client that has said nothing yet."""
    return {
        account.pk: rather
        for account in expenses(client)
        for rather, words in USUALLY.items()
        if any(word in account.name.lower() for word in words)
    }


@transaction.atomic
def keep(client: Client, *, asset: int | None, prepaid: int | None, watched: Mapping[int, str], by: User) -> None:
    """Let just this be the policy; amounts in minor units, None for no such rule. Other accounts than expenses are left out."""
    BooksLimits.objects.update_or_create(
        client=client, defaults={"asset_over_minor": asset, "prepaid_over_minor": prepaid, "changed_by": by}
    )
    own = {account.pk for account in expenses(client)}
    WatchedAccount.objects.filter(client=client).delete()
    WatchedAccount.objects.bulk_create(
        WatchedAccount(client=client, account_id=account, rather=rather)
        for account, rather in watched.items()
        if account in own and rather in WatchedAccount.Rather.values
    )
    said = {"asset": asset, "prepaid": prepaid, "accounts": len(watched)}
    audit.record(client, by, "limits.kept", client.name, said)
