"""The world's own journal: every posting the books must show once everything has been booked perfectly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from integrations.sandbox.world.documents import SeedDocument


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry. Cents, debit positive. `source`: "qbo" is native, the others come from the systems."""

    day: date
    account: str
    amount_minor: int
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a bank or card feed. Cents in the books' sign: positive raises the account's debit balance.

    `booked_on` is the date in the books, `posted_on` the date on the statement; a pending line is visible from
    `pending_from` (None: the bank never showed it pending) until it posts.
    """

    key: str
    account: str
    booked_on: date
    posted_on: date
    amount_minor: int
    text: str
    merchant: str = ""
    category: str = "GENERAL_SERVICES"
    check_number: str = ""
    pending_from: date | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: the documents it left in QuickBooks, the postings it means, the bank lines it made."""

    documents: tuple[SeedDocument, ...] = ()
    postings: tuple[Posting, ...] = ()
    movements: tuple[Movement, ...] = ()


def entry(day: date, source: str, key: str, *lines: tuple[str, int]) -> tuple[Posting, ...]:
    """A balanced set of postings from (account, debit-positive amount); lines of nil are left out."""
    assert sum(amount for _, amount in lines) == 0, (key, lines)
    return tuple(Posting(day, account, amount, source, key) for account, amount in lines if amount)
