"""Payables and receivables tools: bills approved, paid, cleared, undone; money pulled from the bank in lumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Application, Attachment, ExpenseSplit, Record

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorBill(Record):
    """A supplier's invoice that was approved. ``amount`` = splits with their tax. ``number`` is the supplier's own."""

    vendor: str
    amount: int
    splits: tuple[ExpenseSplit, ...] = ()
    number: str = ""
    due_on: date | None = None
    vendor_id: str = ""
    approved_by: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorCredit(Record):
    """A supplier's credit note; amounts are positive and lower what is owed."""

    vendor: str
    amount: int
    splits: tuple[ExpenseSplit, ...] = ()
    number: str = ""
    vendor_id: str = ""
    applications: tuple[Application, ...] = ()
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BillPayment(Record):
    """One supplier paid. ``amount`` is the money, ``discount`` what was kept for paying early; ``applications`` sum to both.

    Each stage is a fact of its own (``external_id`` ``<payment>:<stage>``) with positive amounts. ``voided``, ``failed`` and
    ``stopped`` put the money back into the tool's clearing account and the bills among what is owed; ``escheated`` makes what is
    owed unclaimed property. ``paid_from`` ``card`` names the card program in ``account``, ``bank`` the account that the
    supplier was paid from directly.
    """

    vendor: str
    amount: int
    stage: Literal["sent", "voided", "failed", "stopped", "escheated"] = "sent"
    discount: int = 0
    applications: tuple[Application, ...] = ()
    paid_from: Literal["clearing", "card", "bank"] = "clearing"
    account: str = ""
    method: str = ""
    payment_id: str = ""
    vendor_id: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FundingPull(Record):
    """A lump that the tool takes from the bank for its payments (negative: gives back). Evidence until its bank line is met.

    ``side`` ``in`` is money collected from customers that the tool passes on to the bank (``amount`` positive).
    ``covers`` names the payments.
    """

    amount: int
    side: Literal["out", "in"] = "out"
    arrives_on: date | None = None
    covers: tuple[str, ...] = ()
    trace: str = ""
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerPayment(Record):
    """A customer pays through the tool (negative: the payment failed or went back): it waits in the tool's incoming clearing
    account until it is passed on to the bank.
    """

    customer: str
    amount: int
    applications: tuple[Application, ...] = ()
    payment_id: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFee(Record):
    """What a tool costs: subscription, or a fee for a payment (negative: given back). ``tax`` is recoverable, on top.

    ``account`` is the key of the bank account or card program it is paid from.
    """

    amount: int
    category: str = ""
    tax: int = 0
    paid_from: Literal["bank", "card", "clearing"] = "bank"
    account: str = ""
