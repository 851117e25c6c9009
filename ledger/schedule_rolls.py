"""Roll-forwards of schedules by SQL: opening, additions, amortised, disposals, closing, by account or by schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client
    from ledger.core.period import Month

#: Every schedule that counts (approved where that is needed, not cancelled) as each of its accounts sees the month: an asset's
#: cost moves when it is added and when it leaves, its depreciation by the table; an accrual is raised and taken back by it.
SIDES = """
WITH moved AS (
    SELECT schedule_id,
        coalesce(sum(amount_minor) FILTER (WHERE "on" < %(first)s), 0) AS before,
        coalesce(sum(amount_minor) FILTER (WHERE "on" >= %(first)s), 0) AS during,
        coalesce(-sum(amount_minor) FILTER (WHERE "on" >= %(first)s AND amount_minor < 0), 0) AS raised
    FROM ledger_scheduleline WHERE client_id = %(client)s AND "on" <= %(last)s GROUP BY 1
), counted AS (
    SELECT s.id, s.kind, s.account_id, s.contra_account_id, s.amount_minor AS amount, s.residual_minor, s.left_minor,
        coalesce(m.before, 0) AS before, coalesce(m.during, 0) AS during, coalesce(m.raised, 0) AS raised,
        (s.added_on < %(first)s)::int AS was_added, (s.added_on BETWEEN %(first)s AND %(last)s)::int AS is_added,
        coalesce(s.ended_on < %(first)s, false)::int AS was_ended,
        coalesce(s.ended_on BETWEEN %(first)s AND %(last)s, false)::int AS is_ended
    FROM ledger_schedule s LEFT JOIN moved m ON m.schedule_id = s.id
    WHERE s.client_id = %(client)s AND s.state <> 'cancelled' AND (NOT s.needs_approval OR s.approved_by_id IS NOT NULL)
        AND (%(kinds)s::text[] IS NULL OR s.kind = ANY(%(kinds)s)) AND (%(ids)s::bigint[] IS NULL OR s.id = ANY(%(ids)s))
), sides AS (
    SELECT id, kind, account_id AS account, amount * (was_added - was_ended) AS opening, amount * is_added AS added,
        0 AS amortised, amount * is_ended AS disposed
    FROM counted WHERE kind = 'asset'
    UNION ALL
    SELECT id, kind, contra_account_id, -before + (amount - residual_minor - left_minor) * was_ended, 0, during,
        -(amount - residual_minor - left_minor) * is_ended
    FROM counted WHERE kind = 'asset'
    UNION ALL
    SELECT id, kind, account_id, -before, raised, during + raised, 0 FROM counted WHERE kind = 'accrual'
    UNION ALL
    SELECT id, kind, account_id, amount * was_added - before - left_minor * was_ended, amount * is_added, during,
        left_minor * is_ended
    FROM counted WHERE kind NOT IN ('asset', 'accrual')
)
"""
BY_ACCOUNT = """
SELECT account, array_agg(DISTINCT kind ORDER BY kind), count(*), sum(opening), sum(added), sum(amortised), sum(disposed)
FROM sides GROUP BY account
"""
LEFT = "SELECT id, sum(opening + added - amortised - disposed) FROM sides GROUP BY id"


@dataclass(frozen=True, slots=True)
class Roll:
    """One month. Minor units, positive on the account's usual side; ``amortised`` and ``disposed`` lower the closing."""

    opening: int = 0
    added: int = 0
    amortised: int = 0
    disposed: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.added - self.amortised - self.disposed

    @property
    def down(self) -> int:
        """What was amortised, as it moves the balance."""
        return -self.amortised

    @property
    def gone(self) -> int:
        """What left with an end, as it moves the balance."""
        return -self.disposed


@dataclass(frozen=True, slots=True)
class AccountRoll:
    """What all ``schedules`` (their number) of these kinds say of one account."""

    account_id: int
    kinds: tuple[str, ...]
    schedules: int
    roll: Roll


def by_account(client: Client, month: Month, kinds: Iterable[str] = ()) -> list[AccountRoll]:
    """The month of each account that schedules of these kinds (all, if none is named) carry; one query."""
    return [
        AccountRoll(account, tuple(found), count, Roll(*map(int, figures)))
        for account, found, count, *figures in _ask(BY_ACCOUNT, client, month, kinds=list(kinds) or None)
    ]


def left(client: Client, month: Month, schedules: Iterable[int]) -> dict[int, int]:
    """What the books carry of each schedule at the month's end, an asset's book value; minor units, one query.

    Schedules that do not count (cancelled, waiting for a second person) are left out.
    """
    return {pk: int(closing) for pk, closing in _ask(LEFT, client, month, ids=list(schedules))}


def _ask(query: str, client: Client, month: Month, **chosen: list[Any] | None) -> list[tuple[Any, ...]]:
    asked = {"client": client.pk, "first": month.first, "last": month.last, "kinds": None, "ids": None, **chosen}
    with connection.cursor() as cursor:
        cursor.execute(SIDES + query, asked)
        return list(cursor.fetchall())
