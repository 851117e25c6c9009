"""The door to the rules: one function per record class, found by the record's type."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import singledispatch
from typing import TYPE_CHECKING

from integrations.money import MoneyError
from integrations.records import (
    Announced,
    BankAccount,
    BankLine,
    BankLineRemoved,
    BankStatement,
    CardPayment,
    CardStatement,
    CompanyProfile,
    FundingPull,
    LedgerAccount,
    LedgerBalances,
    LedgerDeletion,
    LedgerParty,
    OpenItems,
    ProcessorBalance,
    Record,
    Skipped,
    StatementClosed,
    SystemBalance,
    Unknown,
    Withdrawn,
    WonDeal,
)
from ledger.core.currency import in_home
from ledger.core.entry import DraftEntry, DraftLine, EntryError, merge

if TYPE_CHECKING:
    from collections.abc import Iterable


class Unbookable(Exception):  # noqa: N818
    """A fact that cannot become an entry. ``what`` tells a person what is missing; it goes to the exceptions inbox.

    ``cause`` is what all facts with the same cure share, where that is less than ``what``.
    """

    def __init__(self, what: str, amount: int = 0, *, cause: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.amount = amount
        self.cause = cause or what


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from: the provider's slug refines clearing, the category decides what a bare fee is.

    ``home`` is the currency of the books, '' where entries stay in the currency of their fact.
    """

    provider: str = ""
    category: str = ""
    home: str = ""


#: No currency is worth less of another, or more than its inverse.
LOWEST_RATE = Decimal("1e-9")

#: Facts that are read, proven against or matched, but make no entry of their own.
EVIDENCE: tuple[type[Record], ...] = (
    Skipped,
    ProcessorBalance,
    Announced,
    StatementClosed,
    BankAccount,
    BankLine,
    BankLineRemoved,
    BankStatement,
    CompanyProfile,
    LedgerAccount,
    LedgerParty,
    LedgerDeletion,
    LedgerBalances,
    OpenItems,
    SystemBalance,
    CardStatement,
    CardPayment,
    FundingPull,
    Withdrawn,
    WonDeal,
)


def drafts(record: Record, *, provider: str = "", category: str = "", home: str = "") -> tuple[DraftEntry, ...]:
    """The entries a fact makes, balanced, by role; none for evidence (bank lines wait for their match).

    ``provider`` and ``category`` are those of the provider the fact came from. With ``home`` a foreign fact is converted by
    its own rate. Raises Unbookable for a fact that is not understood (Unknown), that lacks something (its rate), or whose
    figures do not agree with each other.
    """
    try:
        made = draft(record, Source(provider, category, home))
        if not home or record.currency.upper() == home:
            return made
        return _converted(record, made, home)
    except EntryError as error:
        raise Unbookable(f"the figures make no journal entry: {error}", error.difference) from error
    except MoneyError as error:
        raise Unbookable(str(error)) from error


def _converted(record: Record, made: tuple[DraftEntry, ...], home: str) -> tuple[DraftEntry, ...]:
    """The entries in home currency; those that their rule made in home currency already stay."""
    done = []
    for entry in made:
        if entry.currency.upper() == home:
            done.append(entry)
        elif (valued := in_home(entry, home, rate_of(record, home))) is not None:
            done.append(valued)
    return tuple(done)


def rate_of(record: Record, home: str) -> Decimal:
    """Home currency per unit of the record's, as its provider says. Raises Unbookable where it says none, or none that is
    a rate between two currencies.
    """
    if record.rate is None:
        said = f"{record.currency} needs an exchange rate to {home}"
        raise Unbookable(said, cause=f"currency {record.currency}")
    return sane_rate(record.rate, record.currency, home)


def sane_rate(rate: Decimal, currency: str, home: str) -> Decimal:
    """The rate itself. Raises Unbookable for one that no two currencies have."""
    if not LOWEST_RATE < rate < 1 / LOWEST_RATE:
        raise Unbookable(f"{rate:.3E} is no exchange rate from {currency} to {home}")
    return rate


@singledispatch
def draft(record: Record, source: Source) -> tuple[DraftEntry, ...]:
    """The rule of one record class; each area registers its own."""
    if isinstance(record, EVIDENCE):
        return ()
    raise Unbookable(f"no rule books a {type(record).__name__} of {source.provider or 'an unnamed provider'}")


@draft.register
def _unknown(record: Unknown, _source: Source) -> tuple[DraftEntry, ...]:
    raise Unbookable(record.what, record.amount)


def entry_of(record: Record, purpose: str, memo: str, lines: Iterable[DraftLine]) -> tuple[DraftEntry, ...]:
    """One entry dated like its fact with equal lines merged; none if every line came to nil."""
    merged = merge(lines)
    return (DraftEntry(purpose, record.booked_on, memo, merged, record.currency),) if merged else ()


def agree(figure: str, stated: int, parts: int) -> None:
    """Raises Unbookable unless the parts come to the figure that the system states."""
    if stated != parts:
        raise Unbookable(
            f"{figure}: the parts come to {parts}, not to {stated} (difference {stated - parts})", stated - parts
        )
