"""Every system a client's stack can hold: its category and the route by which its figures reach us.

A system whose slug is a connector's slug is connected directly; the others say honestly which road remains (an export file,
the bank feed, another app that passes the figures on, or a figure typed by hand and checked).
"""

from __future__ import annotations

from dataclasses import dataclass, field

CATEGORIES: dict[str, tuple[str, str]] = {
    "accounting": ("Accounting", "table"),
    "payroll": ("Payroll", "users"),
    "processor": ("Card and checkout payments", "credit-card"),
    "commerce": ("Online store and marketplace", "shopping-bag"),
    "payables": ("Bills", "receipt"),
    "expenses": ("Expenses and cards", "wallet"),
    "bank": ("Banks", "building-bank"),
    "crm": ("Customers and billing", "address-book"),
}


@dataclass(frozen=True)
class System:
    """One system: ``route`` as in StackItem.Route. ``words`` are what banks print for its money, for discovery."""

    slug: str
    name: str
    category: str
    route: str
    note: str = ""
    words: tuple[str, ...] = field(default=())
    #: Systems that carry the same money; choosing two asks which one posts.
    overlaps: tuple[str, ...] = ()


SYSTEMS: tuple[System, ...] = (
    System("quickbooks-online", "QuickBooks Online", "accounting", "api", "Direct API"),
    System("xero", "Xero", "accounting", "file", "Exported reports"),
    System("sage-intacct", "Sage Intacct", "accounting", "file", "Exported reports"),
    System("gusto", "Gusto", "payroll", "api", "Direct API", ("GUSTO",)),
    System(
        "adp",
        "ADP Workforce Now",
        "payroll",
        "api",
        "Direct API with a certificate, else the payroll register as a file",
        ("ADP WAGE PAY", "ADP TAX", "ADP PAYROLL"),
    ),
    System("paychex", "Paychex Flex", "payroll", "file", "Payroll journal as a file", ("PAYCHEX",)),
    System("rippling", "Rippling", "payroll", "file", "Payroll report as a file", ("RIPPLING",)),
    System(
        "quickbooks-payroll",
        "QuickBooks Payroll",
        "payroll",
        "file",
        "Posts itself into QuickBooks; the payroll register proves it",
        ("INTUIT PAYROLL",),
    ),
    System("onpay", "OnPay", "payroll", "file", "Payroll report as a file", ("ONPAY",)),
    System("stripe", "Stripe", "processor", "api", "Direct API", ("STRIPE",)),
    System("square", "Square", "processor", "api", "Direct API", ("SQUARE INC", "SQ *")),
    System("paypal", "PayPal", "processor", "api", "Direct API, or the activity download as a file", ("PAYPAL",)),
    System("toast", "Toast", "processor", "file", "Sales summary as a file", ("TOAST DEP",)),
    System("clover", "Clover", "processor", "file", "Deposit report as a file", ("CLOVER", "FISERV")),
    System("adyen", "Adyen", "processor", "file", "Settlement report as a file", ("ADYEN",)),
    System("authorize-net", "Authorize.net", "processor", "file", "Settled batches as a file", ("AUTHNET",)),
    System("shopify", "Shopify", "commerce", "api", "Direct API", ("SHOPIFY",), ("stripe", "paypal")),
    System(
        "woocommerce",
        "WooCommerce",
        "commerce",
        "api",
        "Direct API; the money arrives by its payment processor",
        (),
        ("stripe", "paypal", "square"),
    ),
    System("amazon", "Amazon Seller", "commerce", "file", "Settlement report as a file", ("AMAZON",)),
    System("etsy", "Etsy", "commerce", "file", "Monthly statement as a file", ("ETSY",)),
    System("ebay", "eBay", "commerce", "file", "Transaction report as a file", ("EBAY",)),
    System("doordash", "DoorDash", "commerce", "file", "Payout report as a file", ("DOORDASH",)),
    System(
        "bill",
        "BILL",
        "payables",
        "api",
        "Direct API, or it syncs itself into the books and we check",
        ("BILL.COM", "BILL COM"),
    ),
    System(
        "melio",
        "Melio",
        "payables",
        "api",
        "Direct API with Melio’s agreement, else exported lists as files",
        ("MELIO",),
    ),
    System(
        "ramp-bill-pay", "Ramp Bill Pay", "payables", "app", "Syncs itself into the books; we check clearing", ("RAMP",)
    ),
    System("paper-bills", "Paper and e-mailed bills", "payables", "hand", "Entered by the bookkeeper"),
    System("expensify", "Expensify", "expenses", "app", "Exports itself into the books; we check", ("EXPENSIFY",)),
    System("ramp", "Ramp", "expenses", "app", "Syncs itself into the books; we check the statement", ("RAMP",)),
    System("brex", "Brex", "expenses", "app", "Syncs itself into the books; we check the statement", ("BREX",)),
    System("dext", "Dext", "expenses", "file", "Publishes into the books; its exported archive proves it"),
    System("plaid", "Bank feed", "bank", "feed", "Direct feed of checking, savings and cards"),
    System("bank-file", "Bank file", "bank", "file", "OFX, QFX, CAMT.053, MT940, QIF or CSV"),
    System("cash-drawer", "Cash drawer", "bank", "hand", "Counted by hand, verified by the controller"),
    System("loan", "Loan without a feed", "bank", "hand", "Statement figures typed and checked"),
    System("hubspot", "HubSpot", "crm", "api", "Direct API: invoices, payments and won deals", ("HUBSPOT",)),
    System("salesforce", "Salesforce", "crm", "app", "Carries no money itself"),
    System("chargebee", "Chargebee", "crm", "file", "Invoices as a file", (), ("stripe",)),
)

BY_SLUG = {system.slug: system for system in SYSTEMS}


def by_category() -> list[tuple[str, str, str, list[System]]]:
    """(category, label, icon, systems) in the order of the page."""
    return [
        (category, label, icon, [system for system in SYSTEMS if system.category == category])
        for category, (label, icon) in CATEGORIES.items()
    ]


def overlaps(chosen: set[str]) -> list[tuple[System, System]]:
    """Pairs among the chosen systems that carry the same money: one posts, the other checks."""
    return [
        (system, BY_SLUG[other])
        for system in SYSTEMS
        if system.slug in chosen
        for other in system.overlaps
        if other in chosen
    ]
