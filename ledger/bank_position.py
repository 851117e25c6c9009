"""Where an account stands against its statement at a month's end: what explains the difference, item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from ledger import bank_intake
from ledger.core.period import Month
from ledger.models import (
    BankFeed,
    BankItem,
    JournalLine,
    MatchMember,
    MonthlyBalance,
    ReconciliationDuty,
    StatementBalance,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A journal line the bank had not shown by the month's end. ``cleared_on`` is when it did, None if it has not."""

    line: JournalLine
    cleared_on: date | None

    @property
    def amount(self) -> int:
        return self.line.net_minor


@dataclass(frozen=True, slots=True)
class Position:
    """book − outstanding + bank only = statement, or ``difference`` says by how much it does not. Debit-positive.

    ``statement`` is None while the bank's side may be incomplete (``known_through`` says how far it is known). One that ends
    within the month is rolled forward by ``rolled``, what the bank printed after it; None where that is not known to the end.
    """

    feed: BankFeed
    month: Month
    book: int
    statement: StatementBalance | None
    known_through: date | None
    outstanding: Sequence[Outstanding]
    bank_only: Sequence[BankItem]
    bank_early: int
    rolled: int | None = 0
    tolerance: int = 0

    @property
    def closing(self) -> int | None:
        """What the bank held at the month's end; None where nobody can tell."""
        if self.statement is None or self.rolled is None:
            return None
        return self.statement.closing_minor + self.rolled

    @property
    def is_off(self) -> bool:
        """Whether statement and books differ by more than this account may."""
        return self.difference is not None and abs(self.difference) > self.tolerance

    @property
    def expected(self) -> int:
        """What the statement must say if every item listed is all there is."""
        return (
            self.book
            - sum(item.amount for item in self.outstanding)
            + sum(item.amount_minor for item in self.bank_only)
            + self.bank_early
        )

    @property
    def difference(self) -> int | None:
        """Statement − expected; None while there is no statement."""
        return None if self.closing is None else self.closing - self.expected


def position(client: Client, feed: BankFeed, month: Month) -> Position:
    """The reconciliation of one account at a month's end."""
    assert feed.account_id is not None, "a feed is reconciled once it stands for an account"
    items = BankItem.objects.filter(client=client, feed=feed, posted_on__lte=month.last).exclude(state="removed")
    bank_only = [item for item in items.filter(state__in=["open", "asked"]) if not _before(client, item.posted_on)]
    outstanding, early = _timing(client, feed, month)
    statement = bank_intake.read_closing(client, feed, month)
    through = bank_intake.complete_through(feed)
    return Position(
        feed,
        month,
        book_balance(client, feed.account_id, month),
        statement,
        through,
        outstanding,
        bank_only,
        early,
        _rolled(client, statement, month, through),
        tolerance(client, feed.account_id),
    )


def _rolled(client: Client, statement: StatementBalance | None, month: Month, through: date | None) -> int | None:
    """What the bank printed after a statement that ends within the month; None unless every line to the month's end is known."""
    if statement is None or statement.ends_on >= month.last:
        return 0
    if through is None or through < month.last:
        return None
    later = BankItem.objects.filter(
        client=client, feed_id=statement.feed_id, posted_on__gt=statement.ends_on, posted_on__lte=month.last
    ).exclude(state="removed")
    return int(later.aggregate(total=Sum("amount_minor", default=0))["total"])


def tolerance(client: Client, account_id: int) -> int:
    """The difference an account may have, either way, in minor units; 0 unless somebody said otherwise."""
    duty = ReconciliationDuty.objects.filter(client=client, account_id=account_id).only("tolerance_minor").first()
    return duty.tolerance_minor if duty else 0


def book_balance(client: Client, account_id: int, month: Month) -> int:
    """Debit − credit of an account at the month's end."""
    totals = MonthlyBalance.objects.filter(client=client, account_id=account_id, month__lte=month.first).aggregate(
        debit=Sum("debit_minor"), credit=Sum("credit_minor")
    )
    return (totals["debit"] or 0) - (totals["credit"] or 0)


def _timing(client: Client, feed: BankFeed, month: Month) -> tuple[list[Outstanding], int]:
    """Journal lines to the month's end that the bank shows later or not yet; and the sum of bank lines to the month's end
    that meet journal lines dated after it.
    """
    assert feed.account_id is not None, "a feed is reconciled once it stands for an account"
    cleared = _cleared_on(client, feed)
    lines = (
        JournalLine.objects.filter(client=client, account_id=feed.account_id, booked_on__lte=month.last)
        .filter(entry__reverses__isnull=True, entry__reversals__isnull=True)
        .select_related("entry")
        .order_by("booked_on", "entry_id")
    )
    outstanding = []
    for line in lines:
        on = cleared.get((line.entry_id, line.no))
        if on is None and _before(client, line.booked_on):
            continue  # reconciled before the cut-over; K07 proves the opening as a whole
        if on is None or on > month.last:
            outstanding.append(Outstanding(line, on))
    later = {key for key, on in cleared.items() if on <= month.last}
    early = JournalLine.objects.filter(
        client=client, account_id=feed.account_id, booked_on__gt=month.last, entry_id__in={key[0] for key in later}
    )
    return outstanding, sum(line.net_minor for line in early if (line.entry_id, line.no) in later)


def _cleared_on(client: Client, feed: BankFeed) -> dict[tuple[int, int], date]:
    """(entry, line number) → the day the bank showed it, for every live match of the feed's lines. A transfer is one match of
    two feeds, each with its own day.
    """
    members = MatchMember.objects.filter(client=client, is_live=True)
    shown = dict(
        members.filter(item__feed=feed)
        .values("match_id")
        .annotate(day=Max("item__posted_on"))
        .values_list("match_id", "day")
    )
    of_feed = members.filter(match__members__item__feed=feed, entry__isnull=False)
    booked = of_feed.values_list("entry_id", "line_no", "match_id").distinct()
    return {
        (entry_id, no): shown[match_id]
        for entry_id, no, match_id in booked
        if match_id in shown and entry_id is not None and no is not None
    }


def _before(client: Client, day: date) -> bool:
    return client.cut_over_on is not None and day < client.cut_over_on


def feeds(client: Client) -> list[BankFeed]:
    """The accounts that are reconciled: those that stand for a ledger account."""
    return list(BankFeed.objects.filter(client=client, account__isnull=False).select_related("account", "connection"))
