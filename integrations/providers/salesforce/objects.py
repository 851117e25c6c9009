"""What is read of an org, object by object: the names of its fields under our words, and what its statuses mean.

Invoices, credits and payments are kept by Salesforce's own billing objects or by its older package, whose names begin with
``blng__``; most orgs have neither. https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PACKAGE = "https://developer.salesforce.com/docs/revenue/billing-developer/guide"


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """One kind of object. ``fields`` are our word → its field, through a relationship where it has a dot.

    ``days`` are the fields that may hold its day, the best first; when it was written is none of them. Of its statuses,
    ``booked`` are those with an effect on the books, ``waiting`` come before them, and ``ended`` never had one, unless
    ``posted`` (a field) says that they had.
    """

    name: str
    fields: Mapping[str, str]
    days: tuple[str, ...] = ()
    booked: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    posted: str = ""
    #: A date by which it may have been written ahead of the day it is of.
    ahead: str = ""
    parts: Mapping[str, Thing] = field(default_factory=dict)
    #: Whether deleted ones count too.
    deleted: bool = False

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every field to ask for, once each."""
        posted = (self.posted,) if self.posted else ()
        return tuple(dict.fromkeys((*self.fields.values(), *self.days, *posted)))


def _of_product(through: str) -> dict[str, str]:
    return {"product": f"{through}.ProductCode", "label": f"{through}.Name"}


_PENDING = frozenset(["Draft", "Draft In Progress", "Pending", "Posting In Progress"])
_CUSTOMER = {"customer": "Account.Name"}
_BILLED = {"customer": "BillingAccount.Name", "customer_id": "BillingAccountId"}
_TOTALS = {"amount": "TotalAmountWithTax", "tax": "TotalTaxAmount", "number": "DocumentNumber", "status": "Status"}
_PACKAGED = {"customer": "blng__Account__r.Name", "customer_id": "blng__Account__c", "number": "Name"}
_PACKAGED_TOTALS = {"amount": "blng__TotalAmount__c", "tax": "blng__TaxAmount__c"}
_PACKAGED_LINE = {"amount": "blng__Subtotal__c", "from": "blng__StartDate__c", "to": "blng__EndDate__c"}

# ---- sales ---------------------------------------------------------------------------------------------------------------

OPPORTUNITY = Thing(
    name="Opportunity",
    fields={
        **_CUSTOMER,
        "amount": "Amount",
        "stage": "StageName",
        "won": "IsWon",
        "name": "Name",
        "owner": "OwnerId",
    },
    days=("CloseDate",),
    parts={
        "lines": Thing(
            name="OpportunityLineItem",
            fields={"parent": "OpportunityId", "amount": "TotalPrice", **_of_product("Product2")},
        ),
        "history": Thing(
            name="OpportunityHistory",
            fields={"parent": "OpportunityId", "amount": "Amount", "stage": "StageName", "at": "CreatedDate"},
            deleted=True,
        ),
    },
)
ORDER = Thing(
    name="Order",
    fields={
        **_CUSTOMER,
        "amount": "TotalAmount",
        "status": "StatusCode",
        "number": "OrderNumber",
        "deal": "OpportunityId",
    },
    days=("EffectiveDate",),
    booked=frozenset(["Activated"]),
    waiting=frozenset(["Draft"]),
)

# ---- what customers owe --------------------------------------------------------------------------------------------------

INVOICE = Thing(
    name="Invoice",
    fields={**_BILLED, **_TOTALS, "due": "DueDate"},
    days=("InvoiceDate",),
    # One that is voided was posted, and a credit memo of its own takes it back.
    booked=frozenset(["Posted", "Void In Progress", "Voided"]),
    waiting=_PENDING,
    ended=frozenset(["Canceled", "Error"]),
    posted="PostedDate",
    ahead="InvoiceDate",
    parts={
        "lines": Thing(
            name="InvoiceLine",
            fields={
                "parent": "InvoiceId",
                "amount": "LineAmount",
                "kind": "Type",
                **_of_product("Product2"),
                "from": "InvoiceLineStartDate",
                "to": "InvoiceLineEndDate",
            },
        )
    },
)
PACKAGE_INVOICE = Thing(
    name="blng__Invoice__c",
    fields={**_PACKAGED, **_PACKAGED_TOTALS, "status": "blng__InvoiceStatus__c", "due": "blng__DueDate__c"},
    days=("blng__InvoiceDate__c",),
    # One that is billed anew was posted, and a credit note takes it back.
    booked=frozenset(["Posted", "Rebilled"]),
    waiting=frozenset(["Draft", "Initiated", "Post In progress"]),
    ended=frozenset(["Cancelled", "Error"]),
    posted="blng__InvoicePostedDate__c",
    ahead="blng__InvoiceDate__c",
    parts={
        "lines": Thing(
            name="blng__InvoiceLine__c",
            fields={"parent": "blng__Invoice__c", **_PACKAGED_LINE, **_of_product("blng__Product__r")},
        )
    },
)
CREDIT_MEMO = Thing(
    name="CreditMemo",
    fields={
        **_BILLED,
        **_TOTALS,
        "category": "Category",
        "action": "SourceAction",
        "invoice": "ReferenceEntityId",
    },
    days=("CreditDate",),
    booked=frozenset(["Posted"]),
    waiting=_PENDING,
    ended=frozenset(["Canceled", "Error"]),
    posted="CreditDate",
    ahead="CreditDate",
    parts={
        "lines": Thing(
            name="CreditMemoLine",
            fields={
                "parent": "CreditMemoId",
                "amount": "LineAmount",
                "kind": "Type",
                **_of_product("Product2"),
                "from": "StartDate",
                "to": "EndDate",
            },
        )
    },
)
PACKAGE_CREDIT = Thing(
    name="blng__CreditNote__c",
    fields={
        **_PACKAGED,
        **_PACKAGED_TOTALS,
        "status": "blng__Status__c",
        "action": "blng__CreditNoteSourceAction__c",
        "invoice": "blng__RelatedInvoice__c",
    },
    days=("blng__CreditNoteDate__c",),
    booked=frozenset(["Posted"]),
    waiting=frozenset(["Draft"]),
    ahead="blng__CreditNoteDate__c",
    parts={
        "lines": Thing(
            name="blng__CreditNoteLine__c",
            fields={"parent": "blng__CreditNote__c", **_PACKAGED_LINE, **_of_product("blng__Product__r")},
        )
    },
)

# ---- what customers paid -------------------------------------------------------------------------------------------------

_MONEY = {**_CUSTOMER, "amount": "Amount", "status": "Status", "mode": "ProcessingMode"}
_GATEWAY = {"gateway": "PaymentGateway.PaymentGatewayName"}
_PACKAGED_MONEY = {"amount": "blng__Amount__c", "status": "blng__Status__c"}

PAYMENT = Thing(
    name="Payment",
    fields={**_MONEY, **_GATEWAY, "number": "PaymentNumber"},
    days=("EffectiveDate", "Date"),
    booked=frozenset(["Processed"]),
    waiting=frozenset(["Draft", "Pending"]),
    ended=frozenset(["Canceled", "Failed"]),
    posted="CancellationDate",
    parts={
        "applied": Thing(
            name="PaymentLineInvoice",
            fields={"parent": "PaymentId", "amount": "Amount", "kind": "Type", "invoice": "InvoiceId"},
        )
    },
)
PACKAGE_PAYMENT = Thing(
    name="blng__Payment__c",
    fields={
        **_PACKAGED,
        **_PACKAGED_MONEY,
        "mode": "blng__PaymentMode__c",
        "invoice": "blng__Invoice__c",
        "method": "blng__PaymentType__c",
        "gateway": "blng__PaymentGateway__r.Name",
    },
    days=("blng__PaymentDate__c",),
    booked=frozenset(["Processed"]),
    waiting=frozenset(["Draft"]),
    ended=frozenset(["Failed"]),
)
REFUND = Thing(
    name="Refund",
    fields={**_MONEY, **_GATEWAY, "number": "RefundNumber"},
    days=("EffectiveDate", "Date"),
    booked=frozenset(["Processed"]),
    waiting=frozenset(["Draft", "Pending"]),
    ended=frozenset(["Canceled", "Failed"]),
    posted="CancellationDate",
)
PACKAGE_REFUND = Thing(
    name="blng__Refund__c",
    fields={**_PACKAGED, **_PACKAGED_MONEY, "mode": "blng__RefundMode__c", "method": "blng__RefundType__c"},
    days=("blng__RefundDate__c",),
    booked=frozenset(["Posted"]),
    waiting=frozenset(["Draft"]),
)

#: Stream → the objects it is read from.
STREAMS: Mapping[str, tuple[Thing, ...]] = {
    "opportunities": (OPPORTUNITY,),
    "orders": (ORDER,),
    "invoices": (INVOICE, PACKAGE_INVOICE),
    "credit_memos": (CREDIT_MEMO, PACKAGE_CREDIT),
    "payments": (PAYMENT, PACKAGE_PAYMENT),
    "refunds": (REFUND, PACKAGE_REFUND),
}
