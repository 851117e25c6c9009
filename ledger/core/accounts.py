"""Account types and the one place where the sign of a balance is decided.

A *raw* balance is debits − credits in minor units. A *natural* balance is positive when the account stands on its normal
side: what a reader expects to see as a positive figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AccountType = Literal["asset", "liability", "equity", "income", "expense"]
Side = Literal["debit", "credit"]
Flow = Literal["operating", "investing", "financing"]

BALANCE_SHEET_TYPES: frozenset[str] = frozenset({"asset", "liability", "equity"})
INCOME_STATEMENT_TYPES: frozenset[str] = frozenset({"income", "expense"})


def normal_side(account_type: AccountType) -> Side:
    """The side on which an account of this type grows; a contra account says otherwise for itself (see ``Account``)."""
    return "debit" if account_type in ("asset", "expense") else "credit"


def opposite(side: Side) -> Side:
    return "credit" if side == "debit" else "debit"


def natural(raw: int, side: Side) -> int:
    """The figure as read: ``raw`` is debits − credits, the answer is positive on the given side."""
    return raw if side == "debit" else -raw


def raw_of(figure: int, side: Side) -> int:
    """Debits − credits of a figure that is positive on the given side; the inverse of ``natural``."""
    return figure if side == "debit" else -figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account as the statements need it. ``key`` is any stable id; ``group`` orders and heads it inside its type.

    ``group`` is one of ``GROUPS``' slugs, '' for the type's default; ``is_cash`` puts it among the cash of the cash-flow
    statement; ``flow`` moves it to another of that statement's parts (accumulated depreciation to ``operating``).
    A contra account (refunds, accumulated depreciation) keeps its type: it stands on the other side and shows as a
    negative figure. Raises ValueError for a group that is not one of its type.
    """

    key: str
    name: str
    type: AccountType
    number: str = ""
    group: str = ""
    is_cash: bool = False
    flow: Flow | None = None

    def __post_init__(self) -> None:
        if self.group and (self.group not in GROUPS or GROUPS[self.group][0] != self.type):
            raise ValueError(f"{self.name}: {self.group!r} is no group of {self.type} accounts")

    @property
    def normal_side(self) -> Side:
        return normal_side(self.type)

    @property
    def placed(self) -> str:
        """The statement group, the type's default where none is given."""
        return self.group or DEFAULT_GROUP[self.type]


#: Groups of the statements in reading order: slug → (account type, heading). Cash flow puts a group where the third says.
GROUPS: dict[str, tuple[AccountType, str, Flow]] = {
    "bank": ("asset", "Cash and bank", "operating"),
    "receivable": ("asset", "Receivables", "operating"),
    "current-assets": ("asset", "Other current assets", "operating"),
    "fixed-assets": ("asset", "Fixed assets", "investing"),
    "other-assets": ("asset", "Other assets", "investing"),
    "payable": ("liability", "Accounts payable", "operating"),
    "card": ("liability", "Credit cards", "operating"),
    "current-liabilities": ("liability", "Other current liabilities", "operating"),
    "long-term-liabilities": ("liability", "Long-term liabilities", "financing"),
    "equity": ("equity", "Equity", "financing"),
    "income": ("income", "Income", "operating"),
    "cost-of-goods-sold": ("expense", "Cost of goods sold", "operating"),
    "expenses": ("expense", "Operating expenses", "operating"),
    "other-income": ("income", "Other income", "operating"),
    "other-expenses": ("expense", "Other expenses", "operating"),
}

DEFAULT_GROUP: dict[AccountType, str] = {
    "asset": "current-assets",
    "liability": "current-liabilities",
    "equity": "equity",
    "income": "income",
    "expense": "expenses",
}

_PLACES = {slug: place for place, slug in enumerate(GROUPS)}


def reading_order(account: Account) -> tuple[int, str, bool, str]:
    """How accountants list accounts: by group, then number, then name; what is taken off (accumulated depreciation) after the
    accounts it is taken off from.
    """
    return _PLACES[account.placed], account.number, account.flow is not None, account.name
