"""CRM and billing: customers' invoices, their payments, credits and losses. A won deal is never revenue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Application, Attachment, Record, Tax

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceLine:
    """One line without tax and net of discount (negative for a discount of its own).

    With both service days it is earned over that time and is a contract liability until then.
    """

    amount: int
    product: str = ""
    department: str = ""
    memo: str = ""
    service_from: date | None = None
    service_to: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerInvoice(Record):
    """An invoice that was opened. ``amount`` = lines + taxes, what the customer owes."""

    customer: str
    amount: int
    lines: tuple[InvoiceLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    number: str = ""
    due_on: date | None = None
    customer_id: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoicePayment(Record):
    """A payment recorded on an invoice (negative: paid back, after a credit note). ``fee`` is kept by the processor.

    ``into`` ``clearing`` is that of the processor ``account`` ('' is this system's own), ``bank`` the account of that key,
    ``deposit`` and ``contract`` use what the customer paid before.
    """

    customer: str
    amount: int
    into: Literal["undeposited", "clearing", "bank", "deposit", "contract"] = "undeposited"
    account: str = ""
    fee: int = 0
    applications: tuple[Application, ...] = ()
    number: str = ""
    method: str = ""
    reference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditNote(Record):
    """A credit to a customer; amounts are positive and mirror an invoice's."""

    customer: str
    amount: int
    lines: tuple[InvoiceLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    invoice: str = ""
    number: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceVoid(Record):
    """An open invoice voided, dated on the day it was; lines and taxes are those of the invoice."""

    customer: str
    amount: int
    lines: tuple[InvoiceLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    invoice: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteOff(Record):
    """A receivable given up as lost (negative: recovered after all)."""

    customer: str
    amount: int
    invoice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettlementDifference(Record):
    """Exchange gained (positive) or lost between a foreign invoice or bill and its payment, in home currency, as the system
    that keeps the document says.
    """

    side: Literal["receivable", "payable"]
    amount: int
    party: str = ""
    document: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WonDeal(Record):
    """A deal that sales people closed: a proposal to write an invoice, for a person. Evidence, never revenue."""

    customer: str
    amount: int
    lines: tuple[InvoiceLine, ...] = ()
    name: str = ""
    owner: str = ""
    invoice: str = ""
