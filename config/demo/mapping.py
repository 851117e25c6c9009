"""Which account each role means for the two running companies: prepared by the bookkeeper, approved by the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import mapping
from ledger.models import Account, MappingVersion

if TYPE_CHECKING:
    from clients.models import Client
    from config.demo.cast import Cast

#: role, key, provider → account name.
COMMON = (
    ("bank", "", "", "Checking"),
    ("clearing", "", "stripe", "Stripe Clearing"),
    ("in-transit", "", "stripe", "Payouts in Transit"),
    ("disputed-funds", "", "", "Disputed Funds"),
    ("chargeback-losses", "", "", "Dispute Losses"),
    ("dispute-fees", "", "", "Dispute Fees"),
    ("merchant-fees", "", "", "Merchant Fees"),
    ("returns", "", "", "Refunds and Discounts"),
    ("discounts", "", "", "Refunds and Discounts"),
    ("sales-tax-payable", "", "", "Sales Tax Payable"),
    ("tips-payable", "", "", "Tips Payable"),
    ("sales", "online", "", "Online Sales"),
    ("er-tax-expense", "", "", "Payroll Taxes"),
    ("benefit-expense", "", "", "Employee Benefits"),
    ("ee-tax-payable", "", "", "Payroll Taxes Payable"),
    ("er-tax-payable", "", "", "Employer Taxes Payable"),
    ("benefit-payable", "", "", "Benefits Payable"),
    ("deductions-payable", "", "", "Benefits Payable"),
    ("garnishment-payable", "", "", "Garnishments Payable"),
    ("net-pay-clearing", "", "", "Payroll Clearing"),
    ("accrued-payroll", "", "", "Accrued Payroll"),
    ("contractor-expense", "", "", "Contractors"),
    ("expense", "", "", "Travel and Meals"),
)
CHANNELS = {"kestrel": {"store": "Store Sales"}, "quillfeather": {"cafe": "Cafe Sales"}}
#: Words of a bank line → role and account. Quillfeather has no rule for the service fee: somebody has to see it.
PHRASES = {
    "kestrel": (
        ("bank-fees", "MONTHLY SERVICE FEE", "Bank Charges"),
        ("interest-income", "INTEREST", "Interest Income"),
    ),
    "quillfeather": (("interest-income", "INTEREST", "Interest Income"),),
}


def approve_mapping(client: Client, cast: Cast) -> MappingVersion:
    """Draft and approve the client's first mapping, or find it approved; needs the client's context."""
    approved = MappingVersion.objects.filter(client=client, state=MappingVersion.State.APPROVED).first()
    if approved:
        return approved
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    assert client.cut_over_on is not None
    version = mapping.draft(client, by=cast.bookkeeper, effective_from=client.cut_over_on)
    rules = [*COMMON, *(("sales", channel, "", name) for channel, name in CHANNELS[client.slug].items())]
    for role, key, provider, name in rules:
        mapping.set_rule(version, role=role, key=key, provider=provider, account=accounts[name], by=cast.bookkeeper)
    for account in accounts.values():
        if account.name.startswith("Wages – "):
            department = account.name.removeprefix("Wages – ")
            mapping.set_rule(version, role="wages", department=department, account=account, by=cast.bookkeeper)
    for role, words, name in PHRASES[client.slug]:
        mapping.set_rule(version, role=role, words=words, account=accounts[name], by=cast.bookkeeper)
    mapping.approve(version, by=cast.controller)
    return version
