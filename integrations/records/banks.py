"""Banks and cards: accounts, lines and statements as the bank prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Record

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class BankAccount(Record):
    """An account at a bank with the balance it reports. ``balance`` > 0 is money held; for a card > 0 is money owed."""

    name: str
    mask: str
    kind: Literal["depository", "credit", "other"]
    balance: int | None = None
    persistent_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BankLine(Record):
    """One line of a bank or card statement; ``booked_on`` is the date the bank printed. Positive is money into the account
    (for a card: a payment or refund; a purchase is negative). Pending lines are shown, never booked.
    """

    account: str
    amount: int
    description: str
    counterparty: str = ""
    pending: bool = False
    replaces: str = ""
    code: str = ""
    reference: str = ""
    ordinal: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BankLineRemoved(Record):
    """The bank took a line back (a pending line that posted under a new id, or a correction)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BankStatement(Record):
    """A statement of one account from a file. Balances are None where the file has none. ``booked_on`` is the end date."""

    account: str
    lines: tuple[BankLine, ...]
    opening: int | None = None
    closing: int | None = None
    starts_on: date | None = None
    account_kind: str = ""
    warnings: tuple[str, ...] = ()
