"""The currency a document goes out in, where the company trades in several: the accounts it names decide.

A document that names accounts of home currency only is said in home currency. One that names an account kept in another goes
out in that one, at the rate of its lines; one foreign currency a document is all the accounting system knows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.errors import NotSupported
from integrations.models import Fact
from ledger.core.currency import own_amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client
    from integrations.models import Connection
    from integrations.records import LedgerLine
    from ledger.models import Account, JournalLine

_MILLION = Decimal(1_000_000)


def is_multicurrency(client: Client, connection: Connection) -> bool:
    """Whether the company trades in other currencies than its own, as its profile was last read."""
    facts = Fact.objects.filter(client=client, connection=connection, kind="CompanyProfile").exclude(state="superseded")
    newest = facts.order_by("-id").values_list("data", flat=True).first()
    return bool((newest or {}).get("is_multicurrency"))


def kept_in(account: Account, home: str) -> str:
    """The currency an account is kept in."""
    return account.currency or home


def own_net(line: JournalLine) -> int:
    """Debit − credit in minor units of the currency its account is kept in."""
    if line.foreign_minor is None or line.foreign_currency != line.account.currency:
        return line.net_minor
    return line.foreign_minor if line.debit_minor else -line.foreign_minor


def of(lines: Iterable[JournalLine], home: str) -> str:
    """The foreign currency that the accounts of a document are kept in, '' for none. Raises NotSupported for two."""
    found = {kept_in(line.account, home) for line in lines} - {home}
    if len(found) > 1:
        names = " and ".join(sorted(found))
        raise NotSupported(
            f"its accounts are kept in {names}: the accounting system takes one foreign currency a document"
        )
    return next(iter(found), "")


def rate_of(lines: Iterable[JournalLine], currency: str) -> Decimal:
    """Home currency per unit, as the largest line in the currency has it. Raises NotSupported where none has."""
    told = [line for line in lines if line.foreign_currency == currency and line.foreign_minor and line.rate_millionths]
    if not told:
        raise NotSupported(f"none of its lines says how much it is in {currency}, and at which rate")
    largest = max(told, key=lambda line: line.foreign_minor or 0)
    return Decimal(largest.rate_millionths or 0) / _MILLION


def completed(lines: Sequence[tuple[LedgerLine, bool, str]], rate: Decimal, *, currency: str, home: str) -> list[int]:
    """Minor units of ``currency`` of each line; a line is (line, whether it says its own, what its account is kept in).

    Raises NotSupported where an account kept in the currency has a line that does not say how much, or they do not balance.
    """
    for line, is_told, kept in lines:
        if kept == currency and not is_told:
            raise NotSupported(f"the line on account {line.account_id} does not say how much it is in {currency}")
    nets = [line.debit - line.credit for line, _told, _kept in lines]
    told = [_signed(line) if is_told else None for line, is_told, _kept in lines]
    found = own_amounts(nets, told, rate, currency=currency, home=home)
    if found is None:
        raise NotSupported(f"its amounts in {currency} do not balance")
    return [abs(one) for one in found]


def _signed(line: LedgerLine) -> int:
    return line.foreign if line.debit else -line.foreign
