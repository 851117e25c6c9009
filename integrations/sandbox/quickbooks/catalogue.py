"""What kinds of object a QuickBooks company holds, and which fields of each a query may filter by.

Entity pages: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from __future__ import annotations

from dataclasses import dataclass

_TIMES = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})
_DATED = frozenset({"Id", "DocNumber", "TxnDate"}) | _TIMES
_NAMES = frozenset({
    "Id", "Active", "DisplayName", "GivenName", "MiddleName", "FamilyName", "CompanyName", "PrintOnCheckName",
}) | _TIMES  # fmt: skip
_PLAIN = frozenset({"Id", "Name", "Active"}) | _TIMES


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity: its JSON key is `name`, its path segment `path`; `family` decides ids, names and deletion."""

    name: str
    family: str
    filters: frozenset[str]
    path: str = ""
    namespace: str = ""
    name_field: str = "Name"
    void: str = ""
    in_cdc: bool = True

    @property
    def segment(self) -> str:
        return self.path or self.name.lower()

    @property
    def is_document(self) -> bool:
        return self.family == "document"

    @property
    def is_list(self) -> bool:
        return self.family == "list"


def _listed(name: str, filters: frozenset[str] = _PLAIN, *, namespace: str = "", name_field: str = "Name") -> Kind:
    return Kind(name, "list", filters, namespace=namespace or name, name_field=name_field)


def _dated(name: str, *more: str, path: str = "", void: str = "") -> Kind:
    return Kind(name, "document", _DATED | frozenset(more), path=path, void=void)


_ACCOUNT = _PLAIN | {"FullyQualifiedName", "AccountType", "AccountSubType", "Classification", "SubAccount", "AcctNum"}
_ALL = (
    _listed("Account", frozenset(_ACCOUNT)),
    _listed("Vendor", _NAMES | {"Balance"}, namespace="names", name_field="DisplayName"),
    _listed("Customer", _NAMES | {"Balance", "FullyQualifiedName"}, namespace="names", name_field="DisplayName"),
    _listed("Employee", _NAMES, namespace="names", name_field="DisplayName"),
    _listed("Item", _PLAIN | {"FullyQualifiedName", "Type", "Sku", "Description"}),
    _listed("Class", _PLAIN | {"FullyQualifiedName"}),
    _listed("Department", _PLAIN | {"FullyQualifiedName"}),
    _listed("Term"),
    _listed("PaymentMethod"),
    Kind("TaxCode", "list", _PLAIN, namespace="TaxCode", in_cdc=False),
    Kind("TaxRate", "list", _PLAIN, namespace="TaxRate", in_cdc=False),
    Kind("TaxAgency", "list", _PLAIN, namespace="TaxAgency", name_field="DisplayName", in_cdc=False),
    _listed("CompanyCurrency"),
    _dated("Bill", "DueDate", "VendorRef", "APAccountRef", "Balance", "TotalAmt", "SalesTermRef"),
    _dated("BillPayment", "VendorRef", "PayType", "TotalAmt", "APAccountRef", void="update"),
    _dated("VendorCredit", "VendorRef", "TotalAmt"),
    _dated("Purchase", "PaymentType", "AccountRef", "TotalAmt"),
    _dated("Deposit", "DepositToAccountRef", "TotalAmt"),
    _dated("Transfer", "Amount"),
    _dated("CreditCardPaymentTxn", "Amount", path="creditcardpayment"),
    _dated("Invoice", "DueDate", "CustomerRef", "Balance", "TotalAmt", void="void"),
    _dated("Payment", "CustomerRef", "TotalAmt", "UnappliedAmt", "PaymentRefNum", void="update"),
    _dated("SalesReceipt", "CustomerRef", "Balance", "TotalAmt", void="update"),
    _dated("RefundReceipt", "CustomerRef", "Balance", "TotalAmt"),
    _dated("CreditMemo", "CustomerRef", "Balance", "TotalAmt"),
    _dated("JournalEntry"),
    Kind("Attachable", "note", frozenset({"Id", "FileName"}) | _TIMES | {
        "AttachableRef.EntityRef.type", "AttachableRef.EntityRef.value",
    }),
    Kind("CompanyInfo", "single", frozenset({"Id"}) | _TIMES, in_cdc=False),
    Kind("Preferences", "single", frozenset({"Id"}) | _TIMES, in_cdc=False),
)  # fmt: skip
KINDS = {kind.name: kind for kind in _ALL}
BY_SEGMENT = {kind.segment: kind for kind in _ALL}
BY_QUERY_NAME = {kind.name.lower(): kind for kind in _ALL} | {"creditcardpayment": KINDS["CreditCardPaymentTxn"]}


@dataclass(frozen=True, slots=True)
class AccountType:
    """`sign` is +1 where a debit raises the natural balance, −1 where a credit does."""

    classification: str
    sign: int
    default_sub_type: str

    @property
    def is_profit_and_loss(self) -> bool:
        return self.classification in {"Revenue", "Expense"}


ACCOUNT_TYPES = {
    "Bank": AccountType("Asset", 1, "Checking"),
    "Accounts Receivable": AccountType("Asset", 1, "AccountsReceivable"),
    "Other Current Asset": AccountType("Asset", 1, "OtherCurrentAssets"),
    "Fixed Asset": AccountType("Asset", 1, "OtherFixedAssets"),
    "Other Asset": AccountType("Asset", 1, "OtherLongTermAssets"),
    "Accounts Payable": AccountType("Liability", -1, "AccountsPayable"),
    "Credit Card": AccountType("Liability", -1, "CreditCard"),
    "Other Current Liability": AccountType("Liability", -1, "OtherCurrentLiabilities"),
    "Long Term Liability": AccountType("Liability", -1, "OtherLongTermLiabilities"),
    "Equity": AccountType("Equity", -1, "OwnersEquity"),
    "Income": AccountType("Revenue", -1, "SalesOfProductIncome"),
    "Other Income": AccountType("Revenue", -1, "OtherMiscellaneousIncome"),
    "Cost of Goods Sold": AccountType("Expense", 1, "SuppliesMaterialsCogs"),
    "Expense": AccountType("Expense", 1, "OtherMiscellaneousServiceCost"),
    "Other Expense": AccountType("Expense", 1, "OtherMiscellaneousExpense"),
}
SUB_TYPE_HOME = {
    "Checking": "Bank", "Savings": "Bank", "CashOnHand": "Bank", "MoneyMarket": "Bank",
    "AccountsReceivable": "Accounts Receivable", "AccountsPayable": "Accounts Payable", "CreditCard": "Credit Card",
    "UndepositedFunds": "Other Current Asset", "PrepaidExpenses": "Other Current Asset",
    "OtherCurrentAssets": "Other Current Asset", "AccumulatedDepreciation": "Fixed Asset",
    "FurnitureAndFixtures": "Fixed Asset", "OtherCurrentLiabilities": "Other Current Liability",
    "PayrollClearing": "Other Current Liability", "PayrollTaxPayable": "Other Current Liability",
    "SalesTaxPayable": "Other Current Liability", "GlobalTaxPayable": "Other Current Liability",
    "OwnersEquity": "Equity", "RetainedEarnings": "Equity", "OpeningBalanceEquity": "Equity",
    "SalesOfProductIncome": "Income", "ServiceFeeIncome": "Income", "DiscountsRefundsGiven": "Income",
    "InterestEarned": "Other Income", "SuppliesMaterialsCogs": "Cost of Goods Sold",
    "PayrollExpenses": "Expense", "BankCharges": "Expense", "OtherMiscellaneousServiceCost": "Expense",
}  # fmt: skip

ACCOUNT_REFS = frozenset({
    "AccountRef", "APAccountRef", "ARAccountRef", "BankAccountRef", "CCAccountRef", "CreditCardAccountRef",
    "DepositToAccountRef", "FromAccountRef", "ToAccountRef", "IncomeAccountRef", "ExpenseAccountRef",
    "AssetAccountRef", "COGSAccountRef", "ItemAccountRef", "DiscountAccountRef",
})  # fmt: skip
REF_KINDS = dict.fromkeys(ACCOUNT_REFS, "Account") | {
    "VendorRef": "Vendor", "CustomerRef": "Customer", "ItemRef": "Item", "ClassRef": "Class",
    "DepartmentRef": "Department", "SalesTermRef": "Term", "TermRef": "Term", "PaymentMethodRef": "PaymentMethod",
    "EmployeeRef": "Employee", "PrefVendorRef": "Vendor",
}  # fmt: skip
ENTITY_KINDS = ("Vendor", "Customer", "Employee")

REPORT_LABELS = {
    "Bill": "Bill", "VendorCredit": "Vendor Credit", "Deposit": "Deposit", "Transfer": "Transfer",
    "CreditCardPaymentTxn": "Credit Card Payment", "Invoice": "Invoice", "Payment": "Payment",
    "SalesReceipt": "Sales Receipt", "RefundReceipt": "Refund", "CreditMemo": "Credit Memo",
    "JournalEntry": "Journal Entry",
}  # fmt: skip
