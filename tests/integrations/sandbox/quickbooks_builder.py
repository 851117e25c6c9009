"""A small hand-made company for the QuickBooks sandbox's tests: every figure in it can be added up on paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.quickbooks import Company, Profile

OPENED = datetime(2025, 1, 1, 17, tzinfo=UTC)
NOW = datetime(2026, 4, 6, 1, tzinfo=UTC)
REALM = "9341450000000001"
MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31"}
CHART = (
    ("Checking", "Bank", "Checking"),
    ("Savings", "Bank", "Savings"),
    ("Accounts Receivable", "Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Stripe Clearing", "Other Current Asset", "OtherCurrentAssets"),
    ("Accounts Payable", "Accounts Payable", "AccountsPayable"),
    ("Business Visa", "Credit Card", "CreditCard"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("Owner's Equity", "Equity", "OwnersEquity"),
    ("Retained Earnings", "Equity", "RetainedEarnings"),
    ("Store Sales", "Income", "SalesOfProductIncome"),
    ("Materials", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Rent", "Expense", "RentOrLeaseOfBuildings"),
    ("Utilities", "Expense", "Utilities"),
    ("Interest Income", "Other Income", "InterestEarned"),
)


@dataclass(frozen=True)
class Seed:
    kind: str
    body: dict[str, Any]
    key: str
    at: datetime = OPENED


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: int) -> None:
        self.now += timedelta(**span)


def to(kind: str, name: str) -> dict[str, str]:
    return {"ref": f"{kind}:{name}"}


def lists() -> list[Seed]:
    found = [
        Seed("Account", {"Name": name, "AccountType": kind, "AccountSubType": sub}, name) for name, kind, sub in CHART
    ]
    found += [Seed("Vendor", {"DisplayName": name}, name) for name in ("Old Mill Properties", "Bright Power")]
    found += [Seed("Customer", {"DisplayName": name}, name) for name in ("Harbour Books", "Quay Hotel")]
    found.append(
        Seed("Item", {"Name": "Goods", "Type": "Service", "IncomeAccountRef": to("Account", "Store Sales")}, "Goods")
    )
    return found


def expense(account: str, amount: str) -> dict[str, Any]:
    return {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": to("Account", account)},
    }


def sale(amount: str) -> dict[str, Any]:
    return {
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": to("Item", "Goods"), "Qty": 1, "UnitPrice": Decimal(amount)},
    }


def side(posting: str, account: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "Amount": Decimal(amount),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {"PostingType": posting, "AccountRef": to("Account", account), **more},
    }


def entry(debit: str, credit: str, amount: str, on: str = "2026-03-31", **more: Any) -> dict[str, Any]:
    return {"TxnDate": on, "Line": [side("Debit", debit, amount), side("Credit", credit, amount)], **more}


def bill(amount: str = "1200", on: str = "2026-03-01", **more: Any) -> dict[str, Any]:
    return {"VendorRef": to("Vendor", "Old Mill Properties"), "TxnDate": on, "Line": [expense("Rent", amount)], **more}


def bill_payment(bill_key: str, amount: str, on: str = "2026-03-05") -> dict[str, Any]:
    return {
        "VendorRef": to("Vendor", "Old Mill Properties"),
        "TxnDate": on,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": to("Account", "Checking")},
        "TotalAmt": Decimal(amount),
        "Line": [{"Amount": Decimal(amount), "LinkedTxn": [to("Bill", bill_key)]}],
    }


def invoice(amount: str = "500", on: str = "2026-02-10", **more: Any) -> dict[str, Any]:
    return {"CustomerRef": to("Customer", "Harbour Books"), "TxnDate": on, "Line": [sale(amount)], **more}


def payment(invoice_key: str, amount: str, on: str = "2026-03-12") -> dict[str, Any]:
    return {
        "CustomerRef": to("Customer", "Harbour Books"),
        "TxnDate": on,
        "TotalAmt": Decimal(amount),
        "Line": [{"Amount": Decimal(amount), "LinkedTxn": [to("Invoice", invoice_key)]}],
    }


def company(*seeds: Seed, clock: Clock | None = None, close_date: date | None = None, **hooks: Any) -> Company:
    profile = Profile(REALM, "Larch Street Trading", close_date)
    return Company(profile, [*lists(), *seeds], clock=clock or Clock(), **hooks)


def placed(firm: Company, body: dict[str, Any]) -> dict[str, Any]:
    """The body as it goes over the wire: every placeholder replaced by the company's ids."""
    from integrations.sandbox.quickbooks.seeding import resolve

    found: dict[str, Any] = resolve(body, firm.keys)
    return found


def create(firm: Company, kind: str, body: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Write through the API and answer the object."""
    import json

    answer = json.loads(firm.write(kind, "create", placed(firm, body), **how), parse_float=Decimal)
    found: dict[str, Any] = answer[kind]
    return found


def account_id(firm: Company, name: str) -> str:
    return firm.id_of(f"Account:{name}")


def cells(report: dict[str, Any]) -> list[dict[str, str]]:
    """Every data row of a report, nested ones too, as a mapping from ColKey to value."""
    keys = [column["MetaData"][-1]["Value"] for column in report["Columns"]["Column"]]
    found = []

    def walk(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if "ColData" in row:
                found.append(dict(zip(keys, (cell["value"] for cell in row["ColData"]), strict=True)))
            walk(row.get("Rows", {}).get("Row", []))

    walk(report["Rows"].get("Row", []))
    return found


def summaries(report: dict[str, Any]) -> dict[str, str]:
    """The last cell of every section's summary, by its group or its title."""
    found: dict[str, str] = {}

    def walk(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if "Summary" in row:
                title = row.get("group") or row["Summary"]["ColData"][0]["value"]
                found[title] = row["Summary"]["ColData"][-1]["value"]
            walk(row.get("Rows", {}).get("Row", []))

    walk(report["Rows"].get("Row", []))
    return found
