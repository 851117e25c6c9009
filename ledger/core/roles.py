"""Roles: what a journal line means before a client's chart of accounts says where it goes.

A line names a role and may refine it by a *key* (a sales channel, an earning's name, a bank account). The mapping looks
for role and key first and falls back to the role alone. ``account:<id>`` names an account of the accounting system
directly and is never mapped.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.core.accounts import AccountType, Side, normal_side

ACCOUNT_PREFIX = "account:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """``is_clearing``: the balance must equal a list of open items. ``refined_by`` says what a line's key names.

    ``side`` is where the balance normally stands: contra roles (discounts, returns) stand against their type.
    """

    slug: str
    label: str
    type: AccountType
    side: Side
    is_clearing: bool = False
    refined_by: str = ""


def _role(
    slug: str,
    label: str,
    account_type: AccountType,
    refined_by: str = "",
    *,
    contra: bool = False,
    clearing: bool = False,
) -> Role:
    usual = normal_side(account_type)
    other: Side = "credit" if usual == "debit" else "debit"
    side = other if contra else usual
    return Role(slug=slug, label=label, type=account_type, side=side, is_clearing=clearing, refined_by=refined_by)


_CASH = (
    _role("bank", "Bank", "asset", "bank account"),
    _role("card", "Credit card", "liability", "card program"),
    _role("in-transit", "Payouts in transit", "asset", "provider", clearing=True),
    _role("undeposited", "Undeposited funds", "asset", clearing=True),
    _role("cash-drawer", "Cash drawer", "asset", "location"),
    _role("cash-over-short", "Cash over and short", "expense", "location"),
    _role("bank-fees", "Bank fees", "expense", "bank account"),
    _role("interest-income", "Interest income", "income", "bank account"),
    _role("financing-cost", "Financing cost", "expense", "lender"),
)

_PROCESSOR = (
    _role("clearing", "Clearing", "asset", "provider", clearing=True),
    _role("sales", "Sales", "income", "channel"),
    _role("discounts", "Discounts", "income", "channel", contra=True),
    _role("returns", "Returns and refunds", "income", "channel", contra=True),
    _role("shipping-income", "Shipping income", "income", "channel"),
    _role("breakage-income", "Gift card breakage", "income"),
    _role("sales-tax-payable", "Sales tax payable", "liability", "jurisdiction"),
    _role("marketplace-tax", "Marketplace-collected tax", "liability", "jurisdiction", clearing=True),
    _role("tips-payable", "Tips payable", "liability"),
    _role("gift-card-liability", "Gift card liability", "liability"),
    _role("store-credit-liability", "Store credit liability", "liability"),
    _role("customer-deposits", "Customer deposits", "liability"),
    _role("merchant-fees", "Merchant fees", "expense", "fee category"),
    _role("other-platform-costs", "Other platform costs", "expense", "fee category"),
    _role("input-tax", "Input tax", "asset"),
    _role("disputed-funds", "Disputed funds", "asset", clearing=True),
    _role("chargeback-losses", "Chargeback losses", "expense"),
    _role("dispute-fees", "Dispute fees", "expense"),
    _role("reserve", "Processor reserve", "asset", "provider", clearing=True),
    _role("loan-payable", "Loan payable", "liability", "lender"),
)

_PAYROLL = (
    _role("wages", "Wages", "expense", "earning"),
    _role("er-tax-expense", "Employer payroll taxes", "expense", "tax"),
    _role("ee-tax-payable", "Employee taxes payable", "liability", "tax"),
    _role("er-tax-payable", "Employer taxes payable", "liability", "tax"),
    _role("benefit-expense", "Employee benefits", "expense", "benefit"),
    _role("benefit-payable", "Benefits payable", "liability", "benefit"),
    _role("garnishment-payable", "Garnishments payable", "liability", "garnishment"),
    _role("deductions-payable", "Other payroll deductions payable", "liability", "deduction"),
    _role("net-pay-clearing", "Payroll clearing", "liability", "provider", clearing=True),
    _role("outstanding-cheques", "Outstanding payroll cheques", "liability", clearing=True),
    _role("accrued-payroll", "Accrued payroll", "liability"),
    _role("contractor-expense", "Contractors", "expense"),
    _role("payroll-fees", "Payroll service fees", "expense", "provider"),
    _role("owner-draw", "Owner draws", "equity", "owner", contra=True),
)

_BOOKS = (
    _role("ar", "Accounts receivable", "asset"),
    _role("ap", "Accounts payable", "liability"),
    _role("revenue", "Revenue", "income", "product"),
    _role("contract-liability", "Contract liability", "liability", "product"),
    _role("bad-debt", "Bad debt", "expense"),
    _role("prepaid", "Prepaid expenses", "asset", "category"),
    _role("expense", "Expense", "expense", "category"),
    _role("fixed-assets", "Fixed assets", "asset", "category"),
    _role("reimb-payable", "Reimbursements payable", "liability"),
    _role("employee-receivable", "Due from employees", "asset"),
    _role("fees", "Software and service fees", "expense", "provider"),
    _role("other-income", "Other income", "income", "category"),
    _role("unclaimed-property", "Unclaimed property", "liability"),
    _role("fx", "Foreign exchange gain or loss", "expense"),
    _role("rounding", "Rounding", "expense"),
    _role("suspense", "Suspense", "asset", clearing=True),
)

ROLES: dict[str, Role] = {role.slug: role for role in (*_CASH, *_PROCESSOR, *_PAYROLL, *_BOOKS)}


def role(slug: str) -> Role:
    """The role of this slug. Raises KeyError for a slug that is no role (and for direct accounts)."""
    return ROLES[slug]


def is_known(slug: str) -> bool:
    """A role of the table, or an account named directly."""
    return slug in ROLES or (slug.startswith(ACCOUNT_PREFIX) and len(slug) > len(ACCOUNT_PREFIX))


def is_kept_by_system(slug: str) -> bool:
    """An account that one system's own figures prove (its clearing, reserve, money on its way); the key names that system."""
    known = ROLES.get(slug)
    return known is not None and known.is_clearing and known.refined_by == "provider"


def account_role(account_id: str) -> str:
    """The role that names an account of the accounting system itself."""
    return ACCOUNT_PREFIX + account_id


def account_id(slug: str) -> str | None:
    """The account a direct role names; None for a role that goes through the mapping."""
    return slug.removeprefix(ACCOUNT_PREFIX) if slug.startswith(ACCOUNT_PREFIX) else None


def label(slug: str, key: str = "") -> str:
    """What a person reads: ``Sales · online``; a direct account shows its id."""
    known = ROLES.get(slug)
    name = known.label if known else f"Account {account_id(slug) or slug}"
    return f"{name} · {key}" if key else name
