"""Neutral facts: what happened, in one vocabulary, whatever system said it. Providers make them, the ledger books them.

Amounts are integer minor units of ``currency``. Unless a field says otherwise an amount is positive in the direction its
name tells (``Sale.amount`` is what the customer paid, ``Refund.amount`` what went back). ``external_id`` identifies the fact
within its connection and stream for ever; ``booked_on`` is the client's calendar date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Base of all facts."""

    external_id: str
    booked_on: date
    currency: str
    occurred_at: datetime | None = None
    memo: str = ""


# ---- payment processors: rows of the processor's own balance -------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale(Record):
    """Money taken from a customer into the processor's balance. ``amount`` = goods − discount + shipping + tax + tip.

    The fee on it is booked gross: clearing moves by ``amount − fee − fee_tax``. ``settles_invoice`` names a customer
    invoice this payment clears instead of earning new income.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund(Record):
    """Money given back to a customer out of the balance. ``fee`` is what the refund itself cost (negative: fee given back)."""

    amount: int
    shipping: int = 0
    tax: int = 0
    tip: int = 0
    fee: int = 0
    channel: str = ""
    source_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundFailure(Record):
    """A refund came back: the mirror of the refund it names."""

    amount: int
    tax: int = 0
    channel: str = ""
    source_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispute(Record):
    """A chargeback. ``opened`` takes amount and fee out of the balance, ``won`` returns them, ``lost`` moves no cash."""

    stage: Literal["opened", "won", "lost"]
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
    """Processor lending: advanced into the balance (positive) or repaid out of it (negative)."""

    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorBalance(Record):
    """What the processor says it holds for the client: available + pending, all in one currency. Evidence, never booked."""

    amount: int
    available: int
    pending: int


# ---- payroll -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class PayItem:
    """One named amount on a payslip. ``kind`` refines deductions: ``benefit``, ``garnishment`` or ``other``."""

    name: str
    amount: int
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payslip:
    """One employee in one run. gross + reimbursements − employee taxes − deductions = net pay (what the employee gets)."""

    employee_id: str
    employee: str
    department: str
    net_pay: int
    by_check: bool = False
    earnings: tuple[PayItem, ...] = ()
    employee_taxes: tuple[PayItem, ...] = ()
    employer_taxes: tuple[PayItem, ...] = ()
    deductions: tuple[PayItem, ...] = ()
    contributions: tuple[PayItem, ...] = ()
    reimbursements: tuple[PayItem, ...] = ()
    owners_draw: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PayrollRun(Record):
    """A processed payroll; ``booked_on`` is the check date. The pulls are the debits the provider takes from the bank.

    ``reverses`` names the run this one undoes (amounts stay positive; the rule mirrors the lines).
    ``history`` marks a run of a prior provider: proof only, never booked.
    """

    period_start: date
    period_end: date
    kind: str
    payslips: tuple[Payslip, ...]
    debit_on: date | None = None
    net_pay_pull: int = 0
    tax_pull: int = 0
    reimbursement_pull: int = 0
    garnishment_pull: int = 0
    reverses: str = ""
    history: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractorPayment(Record):
    """Pay to a contractor through the payroll tool. ``amount`` is wages + bonus; reimbursement on top."""

    contractor: str
    amount: int
    reimbursement: int = 0
    by_check: bool = False
    department: str = ""


# ---- banks ---------------------------------------------------------------------------------------------------------------


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


# ---- the accounting system's own books -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyProfile(Record):
    """The company file: its name, country, fiscal year and the date through which its books are closed (None: open)."""

    name: str
    country: str
    fiscal_year_start_month: int = 1
    closed_through: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerAccount(Record):
    """An account of the client's chart. ``type`` is one of asset, liability, equity, income, expense.

    ``group`` places it within its type: bank, receivable, current-assets, fixed-assets, other-assets; card, payable,
    current-liabilities, long-term-liabilities; income, other-income; cost-of-goods-sold, expenses, other-expenses; '' unknown.
    """

    name: str
    type: Literal["asset", "liability", "equity", "income", "expense"]
    group: str = ""
    subtype: str = ""
    number: str = ""
    parent_id: str = ""
    is_active: bool = True
    version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerParty(Record):
    """A vendor, customer or employee of the accounting system."""

    kind: Literal["vendor", "customer", "employee"]
    name: str
    is_active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLine:
    """One posted line: exactly one of debit and credit is positive. ``account_id`` is the accounting system's id.

    ``settles`` is the document this line pays or applies (``Bill:25``); ``item`` the product behind a sales line.
    """

    account_id: str
    debit: int = 0
    credit: int = 0
    memo: str = ""
    party: str = ""
    department: str = ""
    klass: str = ""
    settles: str = ""
    item: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerDocument(Record):
    """A posted document of the accounting system with its exact lines. ``external_id`` is ``<type>:<id>``.

    The first line is the document's own account where it has one (the bank of a deposit, the payable of a bill);
    ``method`` is how money left or came: check, card or cash.
    ``missing`` says what the payload alone cannot tell (the income account behind an item): the lines are then empty and
    the general ledger has to be asked.
    """

    type: str
    lines: tuple[LedgerLine, ...]
    number: str = ""
    note: str = ""
    party: str = ""
    version: str = ""
    due_on: date | None = None
    open_amount: int | None = None
    updated_at: datetime | None = None
    method: Literal["", "check", "card", "cash"] = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerDeletion(Record):
    """A document that is gone from the accounting system; ``external_id`` is ``<type>:<id>``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerBalances(Record):
    """A trial balance as the accounting system reports it at ``booked_on``: (account id, name, debit, credit)."""

    basis: str
    rows: tuple[tuple[str, str, int, int], ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenItems(Record):
    """Open receivables or payables at ``booked_on``: (party, document id, due date or None, open amount)."""

    side: Literal["receivable", "payable"]
    rows: tuple[tuple[str, str, date | None, int], ...] = field(default=())


# ---- what cannot become an entry -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped(Record):
    """Seen and deliberately not booked, with the reason; counts towards completeness."""

    reason: str
    amount: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown(Record):
    """Seen and not understood: becomes an exception in the inbox naming ``what`` is missing. Never guessed, never dropped."""

    what: str
    amount: int = 0
