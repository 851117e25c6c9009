"""The journal as files take it: every line of a period, every entry of the books."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

from ledger.core.accounts import Account as CoreAccount
from ledger.core.period import first_day, last_day
from ledger.core.plaintext import Posted
from ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from clients.models import Client
    from ledger.core.accounts import AccountType
    from ledger.core.comparing import Span

#: Lines of a period by account and day.
LINES = """
SELECT l.booked_on, a.number, a.name, 'JE-' || l.entry_id, coalesce(nullif(l.memo, ''), e.memo), l.party, l.department, l.klass,
       l.debit_minor, l.credit_minor
FROM ledger_journalline l
JOIN ledger_account a ON a.id = l.account_id
JOIN ledger_journalentry e ON e.id = l.entry_id
WHERE l.client_id = %(client)s AND l.booked_on BETWEEN %(first)s AND %(last)s
ORDER BY array_position(ARRAY['asset', 'liability', 'equity', 'income', 'expense'], a.type::text), a.number, a.name, a.id,
         l.booked_on, l.entry_id, l.no
LIMIT %(most)s
"""
#: Entries in order of time, a row a line.
ENTRIES = """
SELECT e.id, e.booked_on, e.memo, e.source_key, l.account_id, l.debit_minor - l.credit_minor, l.party
FROM ledger_journalentry e
JOIN ledger_journalline l ON l.entry_id = e.id AND l.client_id = e.client_id
WHERE e.client_id = %(client)s AND e.booked_on <= %(through)s
ORDER BY e.booked_on, e.id, l.no
"""


def lines(client: Client, span: Span, *, most: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Day, account number and name, entry, memo, party, department, class, debit, credit (minor units); one query."""
    asked: dict[str, Any] = {
        "client": client.pk,
        "first": first_day(span.first),
        "last": last_day(span.last),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(LINES, asked)
        yield from iter(cursor.fetchall())


def entries(client: Client, through: date) -> Iterator[Posted]:
    """Every entry through a day with its lines, in order of time; one query."""
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, {"client": client.pk, "through": through})
        rows = cursor.fetchall()
    for (number, on, memo, source), group in groupby(rows, key=lambda row: row[:4]):
        own = list(group)
        party = next((row[6] for row in own if row[6]), "")
        yield Posted(number, on, party, memo, source, [(str(row[4]), row[5]) for row in own])


def accounts(client: Client) -> list[CoreAccount]:
    """The accounts that ever took a line, as the text formats name them."""
    rows = Account.objects.filter(client=client, balances__isnull=False).distinct()
    return [
        CoreAccount(key=str(one.pk), name=one.name, type=cast("AccountType", one.type), number=one.number)
        for one in rows
    ]
