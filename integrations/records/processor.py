"""Payment processors: rows of the processor's own balance.

Tenders and taxes are the same parts as those of an order; see ``commerce``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Attachment, Record, Tax, Tender

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale(Record):
    """Money taken from a customer. ``amount`` = goods − discount + shipping + tax + tip + gift cards sold + rounding.

    The fee on it is booked gross: clearing moves by ``amount − fee − fee_tax``. ``taxes`` tells ``tax`` by jurisdiction
    (either may be left out; what a marketplace collects is in neither figure). ``tenders`` sum to ``amount`` where not all
    of it went into this system's balance (cash, a gift card redeemed).
    ``settles_invoice`` names a customer invoice this payment clears instead of earning new income; ``settles_order`` an
    order that earned the income and put this payment into the clearing account already, so that only the fee is new.
    """

    amount: int
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    tip: int = 0
    fee: int = 0
    fee_tax: int = 0
    channel: str = ""
    settles_invoice: str = ""
    source_id: str = ""
    customer: str = ""
    taxes: tuple[Tax, ...] = ()
    tenders: tuple[Tender, ...] = ()
    gift_cards_sold: int = 0
    rounding: int = 0
    product: str = ""
    location: str = ""
    settles_order: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund(Record):
    """Money given back to a customer. ``fee`` is what the refund itself cost (negative: fee given back), ``fee_tax`` its VAT.

    ``settles_credit`` names a credit note that this pays out; ``settles_order`` the refund of an order that is booked
    already. ``review`` says why a person should look at it (no lines known); it is booked all the same.
    """

    amount: int
    shipping: int = 0
    tax: int = 0
    tip: int = 0
    fee: int = 0
    channel: str = ""
    source_id: str = ""
    fee_tax: int = 0
    taxes: tuple[Tax, ...] = ()
    tenders: tuple[Tender, ...] = ()
    rounding: int = 0
    customer: str = ""
    product: str = ""
    location: str = ""
    settles_credit: str = ""
    settles_order: str = ""
    review: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundFailure(Record):
    """A refund came back: the mirror of the refund it names."""

    amount: int
    tax: int = 0
    channel: str = ""
    source_id: str = ""
    shipping: int = 0
    tip: int = 0
    taxes: tuple[Tax, ...] = ()
    product: str = ""
    location: str = ""
    settles_order: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispute(Record):
    """A chargeback. ``opened`` takes amount and fee out of the balance, ``won`` returns them; ``lost`` and ``accepted`` move
    no cash. An ``inquiry`` moves nothing at all.
    """

    stage: Literal["opened", "won", "lost", "accepted", "inquiry"]
    amount: int
    fee: int = 0
    source_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorFee(Record):
    """A cost charged against the balance on its own row (negative: given back). ``tax`` is VAT within the row, on top."""

    amount: int
    tax: int = 0
    category: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payout(Record):
    """The processor's balance sent to the bank. Positive leaves the balance; negative is a debit of the bank.

    ``stage`` ``returned`` puts a failed payout back into the balance.
    """

    amount: int
    arrives_on: date
    stage: Literal["sent", "returned"] = "sent"
    fee: int = 0
    payout_id: str = ""
    trace: str = ""
    automatic: bool = True
    status: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserve(Record):
    """Money the processor holds back (positive) or releases (negative). Never income or expense."""

    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LoanMovement(Record):
    """Processor lending: advanced into the balance (positive) or repaid out of it (negative).

    ``fee`` is what is owed beyond the money advanced, known at the grant.
    """

    amount: int
    fee: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion(Record):
    """Currency exchanged within the balance: ``amount`` of ``currency`` came, ``sold_amount`` of ``sold_currency`` left.

    The two rows of the pair are one fact. ``rate`` values what came where neither currency is home. ``carrying_amount`` is
    the home value at which the sold currency stands in the books, None where nobody says: then the exchange shows no gain.
    """

    amount: int
    sold_amount: int
    sold_currency: str
    carrying_amount: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancePurchase(Record):
    """Something bought and paid out of the balance (negative: money back). ``tax`` is recoverable and part of ``amount``."""

    amount: int
    supplier: str = ""
    category: str = ""
    tax: int = 0
    department: str = ""
    source_id: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BalanceFunding(Record):
    """Money that a card or a bank account put into the balance (negative: given back to it). Never income.

    ``account`` is the card program's key; from a bank the money is in transit until its line shows.
    """

    amount: int
    funded_by: Literal["card", "bank"]
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnTransfer(Record):
    """Money moved out of the balance (negative: into it) to another account of the same owner, other than by payout.

    ``bank``: an account with its own balance (``account`` is its key). ``in_transit``: a bank account whose line will show.
    ``payroll``: the payroll service ``account``. ``card``: repays the card program. ``gift_cards``: settles gift cards
    redeemed at another location.
    """

    amount: int
    to: Literal["bank", "in_transit", "payroll", "card", "gift_cards"]
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorCredit(Record):
    """Money that the system gave (negative: took back) for a reason it names: a loss it bears, fees it waives, goods it
    lost, a reward, interest, or the fees that the client's own platform earns.
    """

    amount: int
    kind: Literal["seller_protection", "fee_waiver", "inventory_reimbursement", "reward", "interest", "platform_fees"]
    source_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaxMovement(Record):
    """A row of the balance that is tax alone: into the balance (positive) or out of it.

    ``sales``: to be remitted by the client. ``marketplace``: collected and remitted by the marketplace, which nets to nil.
    ``duty``: import duty and tax collected. ``input``: recoverable by the client.
    """

    amount: int
    kind: Literal["sales", "marketplace", "duty", "input"]
    jurisdiction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorBalance(Record):
    """What the processor says it holds for the client: available + pending, all in one currency. Evidence, never booked.

    ``is_closing``: it is what was held when ``booked_on`` ended, whenever that was asked; otherwise what was held at the asking.
    """

    amount: int
    available: int
    pending: int
    is_closing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced(Record):
    """A movement of the balance told ahead of the statement that will tell it for good, and only that one is booked.

    ``amount`` positive into the balance. Evidence, never booked: until a ``StatementClosed`` reaches it, it says how much of
    the balance no rows have come of yet.
    """

    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementClosed(Record):
    """A statement of the balance ended: what moved it before ``occurred_at`` (to the end of ``booked_on`` where no time is
    told) stands in that statement or in an earlier one. Evidence, never booked.
    """
