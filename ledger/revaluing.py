"""Month-end revaluation: foreign balances at the last day's rate, unrealised gain or loss, reversed by itself on the first.

What is booked follows its figures: a later row or another rate takes the entry back and books it anew, in open months only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection as database
from django.db import transaction

from clients import audit
from ledger import mapping, posting, rates, revisions
from ledger.core.entry import DraftLine
from ledger.core.period import Month
from ledger.core.revaluing import BACK, MONEY, PURPOSE, Position, revaluation
from ledger.models import Account, JournalEntry, Period

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client, User
    from ledger.core.entry import DraftEntry
    from ledger.rates import Rate

#: Balances of money in another currency, by place. What revaluations moved is left out: each is back on the next day.
BALANCES = """
WITH placed AS (
    SELECT l.account_id, l.role, l.key, l.debit_minor - l.credit_minor AS net,
        CASE WHEN l.foreign_currency <> '' THEN l.foreign_currency
             WHEN l.key ~ '( |^)[A-Z]{3}$' AND l.role IN ('clearing', 'in-transit', 'reserve') THEN right(l.key, 3)
             ELSE '' END AS currency,
        coalesce(l.foreign_minor, 0) * CASE WHEN l.debit_minor > 0 THEN 1 ELSE -1 END AS foreign_net
    FROM ledger_journalline l
    JOIN ledger_journalentry e ON e.id = l.entry_id AND e.client_id = l.client_id
    WHERE l.client_id = %(client)s AND l.booked_on <= %(on)s AND l.role = ANY(%(roles)s)
        AND e.purpose <> ALL(%(own)s))
SELECT account_id, role, key, currency, sum(foreign_net)::bigint, sum(net)::bigint
FROM placed WHERE currency <> '' AND currency <> %(home)s
GROUP BY account_id, role, key, currency
HAVING sum(foreign_net) <> 0 OR sum(net) <> 0
ORDER BY currency, account_id, role, key
"""
OWN = (PURPOSE, BACK, f"reversal:{PURPOSE}", f"reversal:{BACK}")


class RevaluationRefused(ValueError):  # noqa: N818
    """Nothing can be revalued: no rate, no account for exchange gains, or a closed month. The text is for the person."""


@dataclass(frozen=True, slots=True)
class Currency:
    """One foreign currency at a month's end: what is kept in it, its rate, what that makes, what is booked of it."""

    code: str
    positions: tuple[Position, ...]
    accounts: dict[int, Account]
    rate: Rate | None
    offered: Rate | None
    booked: JournalEntry | None
    home: str
    month: Month
    fx: int = 0

    @property
    def rows(self) -> list[tuple[Account, Position, int | None, int | None]]:
        """(account, position, worth, gain) of each place; None without a rate."""
        at = self.rate.rate if self.rate else None
        return [
            (
                self.accounts[one.account],
                one,
                one.worth(self.home, at) if at else None,
                one.gain(self.home, at) if at else None,
            )
            for one in self.positions
        ]

    @property
    def gain(self) -> int | None:
        return sum(one.gain(self.home, self.rate.rate) for one in self.positions) if self.rate else None

    @property
    def drafts(self) -> tuple[DraftEntry, ...]:
        if self.rate is None:
            return ()
        return revaluation(self.positions, self.code, self.home, self.rate.rate, self.month)

    def entries(self, version_id: int | None) -> dict[str, posting.Entry]:
        """What should stand, by purpose: on the very accounts that hold the balances, whatever the mapping says by now."""
        places = {(one.role, one.key): one.account for one in self.positions}
        return {
            draft.purpose: posting.Entry(
                draft.booked_on,
                f"revaluation:{self.month}:{self.code}",
                draft.purpose,
                [
                    posting.Line(
                        places.get((line.role, line.key), self.fx),
                        line.debit,
                        line.credit,
                        line.role,
                        line.key,
                        foreign=line.foreign,
                    )
                    for line in draft.lines
                ],
                memo=draft.memo,
                mapping_version_id=version_id,
            )
            for draft in self.drafts
        }

    @property
    def is_booked(self) -> bool:
        """Whether what stands is what the figures say now."""
        wanted = self.entries(None).get(PURPOSE)
        if wanted is None or self.booked is None:
            return wanted is None and self.booked is None
        return bytes(self.booked.content_sha256) == wanted.digest()


def of(client: Client, month: Month) -> list[Currency]:
    """Every foreign currency that money is kept in at the month's end; in the client's context."""
    asked: dict[str, Any] = {
        "client": client.pk,
        "on": month.last,
        "roles": list(MONEY),
        "own": list(OWN),
        "home": client.home_currency,
    }
    with database.cursor() as cursor:
        cursor.execute(BALANCES, asked)
        found = [Position(*row) for row in cursor.fetchall()]
    kept = rates.Rates(client)
    accounts = Account.objects.filter(client=client).in_bulk({one.account for one in found})
    booked = _booked(client, month)
    version = mapping.load(client.pk).on(month.last)
    fx = version.account_for(DraftLine("fx"), "") if version else None
    return [
        Currency(
            code,
            tuple(one for one in found if one.currency == code),
            accounts,
            kept.on(code, month.last),
            rates.last_own(client, code, month.first, month.last),
            booked.get(code),
            client.home_currency,
            month,
            fx or 0,
        )
        for code in sorted({one.currency for one in found} | set(booked))
    ]


def _booked(client: Client, month: Month) -> dict[str, JournalEntry]:
    """The revaluation that stands for each currency."""
    standing = JournalEntry.objects.filter(
        client=client,
        source_key__startswith=f"revaluation:{month}:",
        purpose=PURPOSE,
        reverses__isnull=True,
        reversals__isnull=True,
    )
    return {entry.source_key.rpartition(":")[2]: entry for entry in standing}


def book_due(client: Client, today: date) -> int:
    """Book by itself the month that ended last, as soon as its rates are there, and put right what its figures changed since.

    Its mapping's approver stands behind it. What lacks a rate or an account, or is of a closed month, is left; a check names
    it. Gives how many entries are new.
    """
    month = Month.of(today).previous
    try:
        with transaction.atomic():
            return book(client, month, by=None) if missing(client, month) else 0
    except RevaluationRefused:
        return 0


def missing(client: Client, month: Month) -> list[Currency]:
    """The currencies whose balances at the month's end are not carried at its rate, from the cut-over on."""
    if client.cut_over_on is not None and month.last < client.cut_over_on:
        return []
    return [one for one in of(client, month) if one.positions and (one.rate is None or not one.is_booked)]


@transaction.atomic
def book(client: Client, month: Month, *, by: User | None) -> int:
    """Let the month's revaluation stand as its figures say now, with its reversal; gives how many entries are new. ``by``
    None: by itself.

    Raises RevaluationRefused, PostingError when the books refuse.
    """
    closed = Period.objects.filter(client=client, month__in=[month.first, month.next.first]).exclude(state="open")
    if closed.exists():
        raise RevaluationRefused(f"The books of {month.label} or of the month after are closed.")
    found = of(client, month)
    unrated = [one.code for one in found if one.rate is None and one.positions]
    if unrated:
        raise RevaluationRefused(f"Give a rate of {month.last:%b} {month.last.day} for {', '.join(unrated)}.")
    version = mapping.load(client.pk).on(month.last)
    if version is None or any(not one.fx for one in found):
        raise RevaluationRefused("No account for Foreign exchange gain or loss; see the mapping.")
    posted = 0
    for one in found:
        key = f"revaluation:{month}:{one.code}"
        wanted = one.entries(version.version_id)
        posted += revisions.let_stand(
            client.pk,
            key,
            (PURPOSE, BACK),
            wanted,
            reason="Revalued with other figures.",
            actor_id=by.pk if by else None,
        )
    if by is not None or posted:
        audit.record(client, by, "revaluation.booked", str(month), {"entries": posted})
    return posted
