"""From a source record forward: every figure of every statement and report that its entries reached, and by how much."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ledger import breakdowns, statements, subledgers
from ledger.core import roles
from ledger.core.accounts import INCOME_STATEMENT_TYPES
from ledger.core.period import Month
from ledger.core.statements import EARNED
from ledger.drill import CHANNEL_ROLES
from ledger.reports import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clients.models import Client
    from ledger.models import JournalEntry, JournalLine
    from ledger.subledgers import Controls


class Reached(NamedTuple):
    """One figure: the month, the statement's slug and title, the line, what the record left in it (minor units, as the figure
    reads), and the key under which the statement opens it ('' for a computed line).
    """

    month: Month
    slug: str
    title: str
    line: str
    amount: int
    key: str


def reached(client: Client, entries: Iterable[JournalEntry]) -> list[Reached]:
    """The figures that these entries reached, with reversals; what they left nothing in is not among them. Three queries."""
    cash, controls = statements.cash_accounts(client), subledgers.controls(client)
    sums: dict[tuple[Month, str, str, str], int] = defaultdict(int)
    for entry in entries:
        for line in entry.lines.all():
            month = Month.of(line.booked_on)
            for slug, label, amount, key in _figures(line, cash, controls):
                sums[month, slug, label, key] += amount
    order = list(STATEMENTS)
    places = sorted(
        (place for place, amount in sums.items() if amount),
        key=lambda at: (at[0], order.index(at[1]), not at[3], at[2]),
    )
    return [
        Reached(month, slug, STATEMENTS[slug], label, sums[place], key)
        for place in places
        for month, slug, label, key in [place]
    ]


def _figures(line: JournalLine, cash: set[int], controls: Controls) -> Iterator[tuple[str, str, int, str]]:
    """Statement, line, amount and key of everything one journal line stands in."""
    raw, account, key = line.net_minor, str(line.account), str(line.account_id)
    natural = raw if line.account.debit_is_positive else -raw
    earns = line.account.type in INCOME_STATEMENT_TYPES
    if earns:
        yield "pl", account, natural, key
        yield "pl", "Net income", -raw, ""
        yield "bs", EARNED, -raw, ""
        yield "cf", "Net income", -raw, ""
    else:
        yield "bs", account, natural, key
    if line.account_id in cash:
        yield "cf", "Change in cash", raw, ""
    elif not earns:
        yield "cf", account, -raw, key
    yield "tb", account, raw, key
    side = controls.sides.get(line.account_id)
    if side == "receivable":
        yield "ar", line.party or "No name", raw, f"party:{line.party}"
    elif side == "payable":
        yield "ap", line.party or "No name", -raw, f"party:{line.party}"
    if line.account.type == "income":
        has_channel = line.role in CHANNEL_ROLES and line.key
        yield "ch", line.key if has_channel else account, -raw, f"key:{line.key}" if has_channel else key
    if line.role in breakdowns.TAX_ROLES:
        yield "st", line.key or "No jurisdiction", -raw, f"tax:{line.account_id}:{line.key}"
    if line.role in breakdowns.PAY_ROLES:
        pay = breakdowns.pay_key(line.account_id, line.role, line.key)
        yield "pr", roles.label(line.role, line.key), raw, pay
