"""Accounting systems, and the returns that are drawn from them."""

from __future__ import annotations

from functools import partial

from clients.systems.system import System

#: The books of before, which are typed once.
_former = partial(
    System,
    category="accounting",
    route="hand",
    note="No connection: its trial balance is typed as the opening balances at the cut-over",
)

LEDGERS: tuple[System, ...] = (
    System(
        slug="quickbooks-online",
        name="QuickBooks Online",
        category="accounting",
        route="api",
        note="Direct API",
        produces="The whole ledger, line by line; entries go into it",
        collects="Company administrator’s sign-in",
        words=("INTUIT *QUICKBOOKS", "QUICKBOOKS ONLINE"),
    ),
    _former(
        slug="xero",
        name="Xero",
        produces="Trial balance and general ledger",
        collects="Trial balance and general ledger export of each month",
        words=("XERO",),
    ),
    _former(
        slug="sage-intacct",
        name="Sage Intacct",
        produces="Trial balance and general ledger",
        collects="Trial balance and general ledger export of each month",
        words=("INTACCT",),
    ),
    _former(
        slug="quickbooks-desktop",
        name="QuickBooks Desktop",
        produces="Trial balance and general ledger up to the cut-over",
        collects="Backup or accountant’s copy, trial balance at the cut-over",
    ),
    _former(
        slug="freshbooks",
        name="FreshBooks",
        produces="Invoices, payments and expenses",
        collects="Trial balance and invoice detail of each month",
        words=("FRESHBOOKS",),
    ),
    _former(
        slug="wave",
        name="Wave",
        produces="Account transactions and trial balance",
        collects="Account transactions export of each month",
        words=("WAVE SV9T",),
    ),
    _former(
        slug="zoho-books",
        name="Zoho Books",
        produces="Trial balance and general ledger",
        collects="Trial balance and general ledger export of each month",
        words=("ZOHO",),
    ),
    System(
        slug="avalara",
        name="Avalara AvaTax",
        category="tax",
        route="hand",
        note="Filing figures typed and verified",
        produces="Sales tax returned and paid, by jurisdiction",
        collects="Filing summary and liability worksheet of each return",
        words=("AVALARA",),
        writes_as=("Avalara",),
    ),
    System(
        slug="taxjar",
        name="TaxJar",
        category="tax",
        route="hand",
        note="Filing figures typed and verified",
        produces="Sales tax returned and paid, by jurisdiction",
        collects="Filing report of each return",
        words=("TAXJAR",),
    ),
    System(
        slug="state-sales-tax",
        name="Sales tax filed with the state",
        category="tax",
        route="hand",
        note="Return figures typed and verified",
        produces="Sales tax owed at the end of each period",
        collects="Return as filed and its payment confirmation",
        words=("DEPT OF REVENUE", "DEPT REVENUE", "COMPTROLLER", "SALES TAX"),
    ),
    System(
        slug="payroll-tax-deposits",
        name="Payroll tax paid to the government",
        category="tax",
        route="hand",
        note="Deposit figures typed and verified",
        produces="Payroll taxes owed at the end of each period",
        collects="EFTPS confirmations, Form 941 as filed",
        words=("IRS USATAXPYMT", "EFTPS"),
    ),
)
