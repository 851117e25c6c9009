"""The door to the rules: one function per record class, found by the record's type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from integrations.records import (
    BankAccount,
    BankLine,
    BankLineRemoved,
    BankStatement,
    CompanyProfile,
    LedgerAccount,
    LedgerBalances,
    LedgerDeletion,
    LedgerParty,
    OpenItems,
    ProcessorBalance,
    Record,
    Skipped,
    Unknown,
)
from ledger.core.entry import DraftEntry, DraftLine, EntryError, merge

if TYPE_CHECKING:
    from collections.abc import Iterable


class Unbookable(Exception):  # noqa: N818
    """A fact that cannot become an entry. ``what`` tells a person what is missing; it goes to the exceptions inbox."""

    def __init__(self, what: str, amount: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.amount = amount


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from: the provider's slug refines clearing, the category decides what a bare fee is."""

    provider: str = ""
    category: str = ""


#: Facts that are read, proven against or matched, but make no entry of their own.
EVIDENCE: tuple[type[Record], ...] = (
    Skipped,
    ProcessorBalance,
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
)


def drafts(record: Record, *, provider: str = "", category: str = "") -> tuple[DraftEntry, ...]:
    """The entries a fact makes, balanced, by role; none for evidence (bank lines wait for their match).

    ``provider`` and ``category`` are those of the provider the fact came from. Raises Unbookable for a fact that is not
    understood (Unknown), that lacks something, or whose figures do not agree with each other.
    """
    try:
        return draft(record, Source(provider, category))
    except EntryError as error:
        raise Unbookable(f"the figures make no journal entry: {error}", error.difference) from error


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
