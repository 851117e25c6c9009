"""Accounts that no rule has to name: those that a record, a linked bank account or a currency names itself."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.models import Account, BankFeed

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Groups of accounts that an accounting system keeps one to a currency.
BY_CURRENCY = {"receivable", "payable"}


def read(client_id: int) -> tuple[dict[str, int], dict[str, int], dict[tuple[int, str], int]]:
    """Accounts by the key of their linked bank account, by their id in the accounting system, and by their currency."""
    feeds = BankFeed.objects.filter(client_id=client_id, account__isnull=False)
    banks = {key: account for key, account in feeds.values_list("account_key", "account_id") if account is not None}
    accounts = Account.objects.filter(client_id=client_id).exclude(external_id="")
    told = list(accounts.values_list("external_id", "id", "group", "currency", "is_active"))
    open_ = [(pk, group, kept) for _key, pk, group, kept, is_active in told if group in BY_CURRENCY and is_active]
    return banks, {key: pk for key, pk, *_rest in told}, _by_currency(open_)


def _by_currency(accounts: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str], int]:
    """(account, currency) → the only other one of its group that is kept in it; accounts are (id, group, currency)."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pk, group, kept in accounts:
        places[group, kept].append(pk)
    alone = {place: pks[0] for place, pks in places.items() if len(pks) == 1}
    return {
        (pk, kept): one
        for pk, group, own in accounts
        for (other, kept), one in alone.items()
        if other == group and kept != own
    }
