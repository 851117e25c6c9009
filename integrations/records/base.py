"""What all facts share, the parts that facts of several kinds are made of, and what cannot become an entry.

Amounts are integer minor units of the fact's ``currency``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Base of all facts.

    ``rate`` is home currency per unit of ``currency`` where the provider itself says it (major units: 1.0823 dollars for
    a euro), ``rate_source`` in whose words. A fact in a foreign currency without a rate waits for a person.
    """

    external_id: str
    booked_on: date
    currency: str
    occurred_at: datetime | None = None
    memo: str = ""
    rate: Decimal | None = None
    rate_source: str = ""


# ---- parts ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """The receipt or document behind a fact. ``url`` may expire; ``id`` is the provider's, by which it is fetched again."""

    id: str
    file_name: str = ""
    content_type: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tax:
    """Sales tax of one jurisdiction. What a marketplace collects and remits itself never is the seller's liability and is
    no part of what the seller gets.
    """

    amount: int
    jurisdiction: str = ""
    collected_by_marketplace: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tender:
    """How part of a sale was paid, or of a refund given back.

    ``processor``: into the clearing account of the processor ``name`` (its slug or gateway; '' is the system that reports
    the sale). ``cash``: the drawer at ``location``. ``on_account``: owed by the customer. ``deposit``: paid before.
    ``reference`` is the processor's own id of the payment.
    """

    kind: Literal["processor", "cash", "gift_card", "store_credit", "on_account", "deposit"]
    amount: int
    name: str = ""
    location: str = ""
    reference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fee:
    """A fee within a sale or refund, taken from the balance (negative: given back). ``tax`` is VAT on it, on top."""

    amount: int
    category: str = ""
    tax: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpenseSplit:
    """Part of a bill or purchase. ``amount`` is without ``tax``, which is recoverable and comes on top; both may be negative.

    ``category`` is the system's own word for the account; ``account_id`` the accounting system's id of it where the system
    knows it (then nothing is mapped). ``kind``: a cost, a cost of later periods, a thing kept for years, or a private
    purchase that the employee owes back.
    """

    amount: int
    category: str = ""
    account_id: str = ""
    kind: Literal["expense", "prepaid", "asset", "personal"] = "expense"
    tax: int = 0
    department: str = ""
    klass: str = ""
    memo: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """How much of a payment or credit goes to one document (the provider's id of the bill or invoice)."""

    document: str
    amount: int


# ---- what a system says of itself ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemBalance(Record):
    """What any system reports it holds, or is owed, at the end of ``booked_on``. Evidence, never booked.

    ``role`` and ``key`` name the ledger balance that it proves (``gift-card-liability``, ``card`` of a program, ``ar``);
    ``amount`` is positive on that role's usual side. ``account`` is the system's own id of it.
    """

    role: str
    amount: int
    key: str = ""
    account: str = ""


# ---- what cannot become an entry -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped(Record):
    """Seen and deliberately not booked, with the reason; counts towards completeness."""

    reason: str
    amount: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawn(Record):
    """A newer version of an object no longer gives the facts ``kinds`` of this identity, which were booked: a report lost its
    approval, a line was taken out. What they made is taken back. No reading gives it; storing finds it.
    """

    kinds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown(Record):
    """Seen and not understood: becomes an exception in the inbox naming ``what`` is missing. Never guessed, never dropped."""

    what: str
    amount: int = 0
