"""The accounting system's own books: chart, parties, documents line by line, trial balances and open items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from integrations.records.base import Record

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyProfile(Record):
    """The company file: its name, country, fiscal year and the date through which its books are closed (None: open).

    ``currency`` is its home currency; ``is_multicurrency`` says whether it trades in others too.
    """

    name: str
    country: str
    fiscal_year_start_month: int = 1
    closed_through: date | None = None
    is_multicurrency: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerAccount(Record):
    """An account of the client's chart, kept in ``currency``. ``type`` is one of asset, liability, equity, income, expense.

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
    """A vendor, customer or employee of the accounting system; ``currency`` is the one all their documents are in.

    ``is_reported``: a vendor it marks for Form 1099.
    """

    kind: Literal["vendor", "customer", "employee"]
    name: str
    is_active: bool = True
    is_reported: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLine:
    """One posted line: exactly one of debit and credit is positive. ``account_id`` is the accounting system's id.

    ``settles`` is the document this line pays or applies (``Bill:25``); ``item`` the product behind a sales line; ``is_tax``
    marks the sales tax of a sales form, which has no item.
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
    is_tax: bool = False
    #: Minor units in the document's own currency, on the same side; 0 where that is the home currency or not told.
    foreign: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerDocument(Record):
    """A posted document of the accounting system with its exact lines. ``external_id`` is ``<type>:<id>``.

    The first line is the document's own account where it has one (the bank of a deposit, the payable of a bill);
    ``method`` is how money left or came: check, card or cash. ``department`` is that of the document as a whole.
    ``missing`` says what the payload alone cannot tell (the income account behind an item): the lines are then empty and
    the general ledger has to be asked.

    Lines are in ``currency``, the home currency of the books. ``document_currency`` is what the document itself is in where
    the company trades in several ('' where it has one), ``rate`` home per unit of it, ``home_total`` its total at home as
    the document says it. ``settles`` are the documents that a payment pays or uses up, each with how much of it, in minor units
    of the document's own currency, positive.

    ``changed_by`` is who changed it last: a name, else the accounting system's number of the user, '' where it says neither.
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
    department: str = ""
    document_currency: str = ""
    home_total: int | None = None
    settles: tuple[tuple[str, int], ...] = ()
    changed_by: str = ""


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
