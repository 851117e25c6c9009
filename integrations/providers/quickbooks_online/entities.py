"""The kinds of object a company file holds: our name for each, its JSON key, its path and the report labels that mean it.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """``name`` is also what queries and change data capture call it; ``key`` is its JSON key in answers."""

    name: str
    key: str = ""
    path: str = ""

    @property
    def json_key(self) -> str:
        return self.key or self.name

    @property
    def segment(self) -> str:
        return self.path or self.name.lower()


#: Every entity that moves money, in the order the first load reads them.
DOCUMENTS = (
    Entity("JournalEntry"),
    Entity("Bill"),
    Entity("BillPayment"),
    Entity("VendorCredit"),
    Entity("Purchase"),
    Entity("Deposit"),
    Entity("Transfer"),
    Entity("CreditCardPayment", "CreditCardPaymentTxn"),
    Entity("Invoice"),
    Entity("Payment"),
    Entity("SalesReceipt"),
    Entity("RefundReceipt"),
    Entity("CreditMemo"),
)
ACCOUNT, VENDOR, CUSTOMER = Entity("Account"), Entity("Vendor"), Entity("Customer")
ITEM, ATTACHABLE = Entity("Item"), Entity("Attachable")
CLASS, DEPARTMENT = Entity("Class"), Entity("Department")

#: Documents that never post: seen, counted, not booked.
NON_POSTING = ("Estimate", "PurchaseOrder", "TimeActivity", "RecurringTransaction")
#: Lists and settings whose objects are recognised by name but belong to no stream.
OTHER = (
    "Employee", "Item", "Class", "Department", "Term", "PaymentMethod", "TaxCode", "TaxRate", "TaxAgency", "TaxPayment",
    "CompanyCurrency", "ExchangeRate", "Attachable", "Budget", "JournalCode", "CustomerType",
)  # fmt: skip

BY_NAME = {entity.name: entity for entity in (*DOCUMENTS, ACCOUNT, VENDOR, CUSTOMER)}
BY_KEY = {entity.json_key: entity for entity in BY_NAME.values()}
DOCUMENT_KEYS = frozenset(entity.json_key for entity in DOCUMENTS)
KNOWN_KEYS = frozenset(BY_KEY) | frozenset(NON_POSTING) | frozenset(OTHER) | {"CompanyInfo", "Preferences"}

#: How links and reports call a document, where that is not its entity's name.
ALIASES = {
    "BillPaymentCheck": "BillPayment", "BillPaymentCreditCard": "BillPayment", "ReceivePayment": "Payment",
    "CashPurchase": "Purchase", "Check": "Purchase", "Expense": "Purchase", "CreditCardCredit": "Purchase",
    "CreditCardPaymentTxn": "CreditCardPayment",
    "Journal Entry": "JournalEntry", "Journal": "JournalEntry",
    "Bill Payment (Check)": "BillPayment", "Bill Payment (Credit Card)": "BillPayment", "Bill Payment": "BillPayment",
    "Vendor Credit": "VendorCredit", "Cash Expense": "Purchase", "Credit Card Expense": "Purchase", "Cash Purchase": "Purchase",
    "Credit Card Credit": "Purchase", "Credit Card Charge": "Purchase", "Cheque": "Purchase",
    "Cheque Expense": "Purchase", "Check Expense": "Purchase",
    "Credit Card Payment": "CreditCardPayment", "Sales Receipt": "SalesReceipt", "Refund": "RefundReceipt",
    "Refund Receipt": "RefundReceipt", "Credit Memo": "CreditMemo", "Receive Payment": "Payment",
}  # fmt: skip


def document_type(label: str) -> str:
    """Our name for a document as a link or report calls it; a label no entity stands behind (a pay cheque) stays itself."""
    return ALIASES.get(label, label)
