"""A small company's books for the tests of statements and exports: sales by channel with tax, invoices and bills with their
payments, a payroll, two classes, names that formats must not stumble over. Posted directly; no provider, no mapping of facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger import mapping, posting
from ledger.models import Account

#: number, type, group, subtype, name
CHART = """
1010 asset bank Bank|Operating checking
1100 asset receivable AccountsReceivable|Accounts receivable
1300 asset current-assets Inventory|Inventory: beans; "green"
2000 liability payable AccountsPayable|Accounts payable
2300 liability current-liabilities SalesTaxPayable|Sales tax payable
3000 equity equity OwnersEquity|Owner's capital
3900 equity equity RetainedEarnings|Retained Earnings
4010 income income SalesOfProductIncome|Café sales
4020 income income SalesOfProductIncome|Online sales
6010 expense expenses PayrollExpenses|Wages
6310 expense expenses RentOrLeaseOfBuildings|Rent
6400 expense expenses OtherMiscellaneousServiceCost|=cmd|' /C calc'!A0
"""
ROLES = {"bank": "1010", "ar": "1100", "ap": "2000", "sales-tax-payable": "2300", "sales": "4010", "wages": "6010"}


@dataclass
class Company:
    client: Any
    accounts: dict[str, Account]
    count: int = 0

    def __getitem__(self, number: str) -> Account:
        return self.accounts[number]

    def post(self, day: str, *lines: tuple, memo: str = "", party: str = "", reverses: int | None = None) -> int:
        """Post an entry; a line is (account number, debit − credit, more fields of a line)."""
        self.count += 1
        made = []
        for number, amount, *more in lines:
            fields = {"party": party} | (more[0] if more else {})
            made.append(posting.Line(self[number].pk, max(amount, 0), max(-amount, 0), **fields))
        on = date.fromisoformat(day)
        posting.ensure_periods(self.client.pk, [on.replace(day=1)])
        entry = posting.Entry(
            on, f"small:{self.count}", "test", made, memo=memo, reverses=reverses, reason="Bounced." if reverses else ""
        )
        return posting.post(self.client.pk, [entry]).ids[0]


def build(client: Any, *, preparer: Any, controller: Any) -> Company:
    """The books of November 2025 to March 2026, the client's context open."""
    company = Company(client, {})
    for n, row in enumerate(CHART.strip().splitlines(), 1):
        said, _, name = row.partition("|")
        number, kind, group, subtype = said.split(" ")
        company.accounts[number] = Account.objects.create(
            client=client, external_id=str(n), number=number, name=name, type=kind, group=group, subtype=subtype
        )
    version = mapping.draft(client, by=preparer, effective_from=date(2025, 11, 1))
    for role, number in ROLES.items():
        mapping.set_rule(version, role=role, account=company[number], by=preparer)
    mapping.approve(version, by=controller)
    _months(company)
    return company


def _months(company: Company) -> None:
    post = company.post
    post("2025-11-03", ("1010", 5_000_000), ("3000", -5_000_000), memo="Capital paid in")
    for month in ("2025-11", "2025-12", "2026-01", "2026-03"):
        online = {"role": "sales", "key": "online"}
        tax = {"role": "sales-tax-payable", "key": "WA"}
        post(
            f"{month}-08", ("1010", 108_000), ("4020", -100_000, online), ("2300", -8_000, tax), memo="Shop of the web"
        )
        post(f"{month}-09", ("1010", 54_000), ("4010", -54_000, {"role": "sales", "key": "till"}), memo="Till")
        post(f"{month}-28", ("6310", 30_000, {"klass": "Annex"}), ("1010", -30_000), memo="Rent", party="Harbour Yard")
    post("2026-01-20", ("2300", 16_000), ("1010", -16_000), memo="Sales tax return", party="Revenue office")
    invoice = {"memo": "INV-1"}
    post(
        "2026-01-15",
        ("1100", 216_000, invoice),
        ("4010", -200_000, {"klass": "Annex"}),
        ("2300", -16_000),
        party="Cobalt",
    )
    post("2026-03-05", ("1010", 54_000), ("1100", -54_000, invoice), memo="Part of INV-1", party="Cobalt")
    post("2026-03-11", ("1100", 70_001, {"memo": "INV-2"}), ("4010", -70_001), party='Larch, "and" \\Sons')
    post(
        "2026-03-12",
        ("6010", 90_000, {"role": "wages", "key": "Hourly", "department": "Shop"}),
        ("1010", -90_000),
        memo="Pay",
    )
    bill = {"memo": "B-9"}
    post("2026-03-20", ("1300", 64_000), ("2000", -64_000, bill), party="Beanworks; import")
    post("2026-03-25", ("6400", 1_250), ("2000", -1_250, {"memo": "B-10"}), memo="=1+1", party="@SUM(A1)")
    post("2026-03-30", ("2000", 32_000, bill), ("1010", -32_000), memo="+paid", party="Beanworks; import")
