"""Which of a client's pages can hold anything: the others are left out of its navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.models import StackItem
from ledger import deals
from ledger.models import Account, ExchangeRate, IntercompanyPair

if TYPE_CHECKING:
    from clients.models import Client


def won_deals(client: Client) -> bool:
    """Won deals come from a system of customers in the stack; those that came stay to be seen."""
    stack = StackItem.objects.filter(client=client, category="crm", dismissed=False)
    return stack.exists() or deals.won(client).exists()


def revaluation(client: Client) -> bool:
    """Something is revalued where an account is kept in another currency, or a rate was asked for."""
    foreign = Account.objects.filter(client=client).exclude(currency__in=["", client.home_currency])
    return foreign.exists() or ExchangeRate.objects.filter(client=client).exists()


def intercompany(client: Client) -> bool:
    """Pairs are of companies of one group, or were declared without one."""
    return client.group_id is not None or IntercompanyPair.objects.filter(client=client).exists()
