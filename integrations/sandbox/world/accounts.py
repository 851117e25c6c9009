"""The chart of accounts every company in the story keeps: (name, AccountType, AccountSubType)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.sandbox.world.cast import Cast

_CURRENT_LIABILITY = "Other Current Liability"
_STRIPE = (
    ("Stripe Clearing", "Other Current Asset", "OtherCurrentAssets"),
    ("Payouts in Transit", "Other Current Asset", "OtherCurrentAssets"),
    ("Disputed Funds", "Other Current Asset", "OtherCurrentAssets"),
)
_BALANCE_SHEET = (
    ("Checking", "Bank", "Checking"),
    ("Savings", "Bank", "Savings"),
    ("Accounts Receivable", "Accounts Receivable", "AccountsReceivable"),
    *_STRIPE,
    ("Prepaid Expenses", "Other Current Asset", "PrepaidExpenses"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Furniture and Equipment", "Fixed Asset", "FurnitureAndFixtures"),
    ("Accumulated Depreciation", "Fixed Asset", "AccumulatedDepreciation"),
    ("Accounts Payable", "Accounts Payable", "AccountsPayable"),
    ("Business Visa", "Credit Card", "CreditCard"),
    ("Payroll Clearing", _CURRENT_LIABILITY, "PayrollClearing"),
    ("Payroll Taxes Payable", _CURRENT_LIABILITY, "PayrollTaxPayable"),
    ("Employer Taxes Payable", _CURRENT_LIABILITY, "PayrollTaxPayable"),
    ("Benefits Payable", _CURRENT_LIABILITY, "OtherCurrentLiabilities"),
    ("Garnishments Payable", _CURRENT_LIABILITY, "OtherCurrentLiabilities"),
    ("Accrued Payroll", _CURRENT_LIABILITY, "OtherCurrentLiabilities"),
    ("Sales Tax Payable", _CURRENT_LIABILITY, "SalesTaxPayable"),
    ("Tips Payable", _CURRENT_LIABILITY, "OtherCurrentLiabilities"),
    ("Owner's Equity", "Equity", "OwnersEquity"),
    ("Owner Draws", "Equity", "OwnersEquity"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("Retained Earnings", "Equity", "RetainedEarnings"),
)
_INCOME = (
    ("Store Sales", "Income", "SalesOfProductIncome"),
    ("Online Sales", "Income", "SalesOfProductIncome"),
    ("Cafe Sales", "Income", "SalesOfProductIncome"),
    ("Wholesale Sales", "Income", "SalesOfProductIncome"),
    ("Refunds and Discounts", "Income", "DiscountsRefundsGiven"),
    ("Interest Income", "Other Income", "InterestEarned"),
)
_COSTS = (
    ("Materials", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Packaging", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Payroll Taxes", "Expense", "PayrollExpenses"),
    ("Employee Benefits", "Expense", "PayrollExpenses"),
    ("Contractors", "Expense", "CostOfLabor"),
    ("Rent", "Expense", "RentOrLeaseOfBuildings"),
    ("Utilities", "Expense", "Utilities"),
    ("Marketing", "Expense", "AdvertisingPromotional"),
    ("Software", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("Travel and Meals", "Expense", "TravelMeals"),
    ("Repairs and Maintenance", "Expense", "RepairMaintenance"),
    ("Insurance", "Expense", "Insurance"),
    ("Professional Fees", "Expense", "LegalProfessionalFees"),
    ("Merchant Fees", "Expense", "BankCharges"),
    ("Dispute Losses", "Expense", "BadDebts"),
    ("Dispute Fees", "Expense", "BankCharges"),
    ("Bank Charges", "Expense", "BankCharges"),
    ("Depreciation", "Other Expense", "Depreciation"),
    ("Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost"),
    ("Ask My Accountant", "Other Expense", "OtherMiscellaneousExpense"),
)
#: Made after the others, so that those keep their numbers.
_LATER = (("Equipment Loan", "Long Term Liability", "OtherLongTermLiabilities"),)
_PROFIT_AND_LOSS_TYPES = frozenset({"Income", "Other Income", "Cost of Goods Sold", "Expense", "Other Expense"})


def wages_account(department: str) -> str:
    return f"Wages – {department}"


def chart_of(cast: Cast) -> tuple[tuple[str, str, str], ...]:
    """The company's accounts in chart order but for those its told systems add: name, AccountType, AccountSubType."""
    sheet = tuple(account for account in _BALANCE_SHEET if cast.stripe_account or account not in _STRIPE)
    catering = (("Catering Sales", "Income", "SalesOfProductIncome"),) if cast.catering_account else ()
    wages = tuple((wages_account(department), "Expense", "PayrollExpenses") for department in cast.departments)
    return (*sheet, *_INCOME, *catering, *wages, *_COSTS, *_LATER)


def profit_and_loss_names(accounts: Iterable[tuple[str, str, str]]) -> frozenset[str]:
    return frozenset(name for name, kind, _ in accounts if kind in _PROFIT_AND_LOSS_TYPES)
