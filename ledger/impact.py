"""What a connection that is cut off makes stale: since when, which accounts and months, and what usually comes in a day (N11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db.models import Q, Sum

from integrations.models import Fact
from ledger import completeness
from ledger.core.period import Month
from ledger.models import Account, Period

if TYPE_CHECKING:
    from datetime import date

    from integrations.models import Connection

#: Days before the break whose volume is taken for usual.
USUAL_DAYS = 60
#: Facts that only move what other facts brought: they would count the same money twice.
MOVES = ("Payout", "OwnTransfer", "Reserve", "BankStatement", "Conversion")
#: Accounts that the connection's entries, or its bank lines, moved lately.
ACCOUNTS = """
SELECT DISTINCT l.account_id FROM integrations_fact f
JOIN ledger_journalentry e ON e.client_id = f.client_id AND e.fact_id = f.id
JOIN ledger_journalline l ON l.entry_id = e.id AND l.client_id = f.client_id
WHERE f.client_id = %(client)s AND f.connection_id = %(connection)s AND f.booked_on BETWEEN %(first)s AND %(last)s
UNION
SELECT account_id FROM ledger_bankfeed
WHERE client_id = %(client)s AND connection_id = %(connection)s AND account_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Impact:
    """``since`` is the last day that is whole (None: nothing ever was), ``days`` those after it up to yesterday.

    ``usual_minor`` is the money of a usual day in home currency, both directions together; ``missing_minor`` that of all
    missing days: an estimate, never booked. ``months`` are those that cannot be proven, signed ones left out.
    """

    since: date | None
    days: int
    usual_minor: int
    missing_minor: int
    accounts: tuple[Account, ...] = ()
    months: tuple[Month, ...] = ()


def of(connection: Connection, *, today: date, whole: bool = False) -> Impact:
    """The impact of a connection being cut off, in its client's context; accounts and months only where ``whole``."""
    since = completeness.known_through(connection)
    if since is None:
        return Impact(None, 0, 0, 0)
    days = max((today - timedelta(days=1) - since).days, 0)
    usual = _usual(connection, since)
    if not whole:
        return Impact(since, days, usual, usual * days)
    return Impact(since, days, usual, usual * days, _accounts(connection, since), _months(connection, since, today))


def _usual(connection: Connection, since: date) -> int:
    """Minor units a day, over the last sixty whole days."""
    first = since - timedelta(days=USUAL_DAYS - 1)
    facts = Fact.objects.filter(
        client_id=connection.client_id,
        connection_id=connection.pk,
        booked_on__range=(first, since),
        currency=connection.client.home_currency,
    )
    counted = facts.filter(Q(state=Fact.State.BOOKED) | Q(kind="BankLine", state__in=["new", "booked", "proof"]))
    sums = counted.exclude(kind__in=MOVES).aggregate(
        came=Sum("amount_minor", filter=Q(amount_minor__gt=0), default=0),
        left=Sum("amount_minor", filter=Q(amount_minor__lt=0), default=0),
    )
    return int(sums["came"] - sums["left"]) // USUAL_DAYS


def _accounts(connection: Connection, since: date) -> tuple[Account, ...]:
    asked: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "first": since - timedelta(days=USUAL_DAYS),
        "last": since,
    }
    with database.cursor() as cursor:
        cursor.execute(ACCOUNTS, asked)
        ids = [account for (account,) in cursor.fetchall()]
    return tuple(Account.objects.filter(client_id=connection.client_id, pk__in=ids).order_by("number", "name"))


def _months(connection: Connection, since: date, today: date) -> tuple[Month, ...]:
    signed = set(
        Period.objects.filter(client_id=connection.client_id).exclude(state="open").values_list("month", flat=True)
    )
    first = Month.of(since + timedelta(days=1))
    last = max(first, Month.of(today))
    return tuple(month for month in first.through(last) if month.first not in signed)
