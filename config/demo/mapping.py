"""Which account each role means for the running companies: prepared by the bookkeeper, approved by the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.demo import truth
from ledger import bank_rules, mapping
from ledger.models import Account, BankRule, MappingVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clients.models import Client
    from config.demo.cast import Cast

#: role, key, provider → account name. The first is every company's; the others are of those whose systems the world plays.
BANK = ("bank", "", "", "Checking")
COMMON = (
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
USUAL_PHRASES = PHRASES["kestrel"]


def approve_mapping(client: Client, cast: Cast) -> MappingVersion:
    """Draft and approve the client's first mapping, or find it approved; needs the client's context."""
    approved = MappingVersion.objects.filter(client=client, state=MappingVersion.State.APPROVED).first()
    if approved:
        return approved
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    assert client.cut_over_on is not None
    version = mapping.draft(client, by=cast.bookkeeper, effective_from=client.cut_over_on)
    for rule in [*_own(client, accounts), *_told(client)]:
        mapping.set_rule(version, account=accounts[rule.pop("account")], by=cast.bookkeeper, **rule)
    mapping.approve(version, by=cast.controller)
    for role, words, name in _phrases(client):
        known = bank_rules.make(
            BankRule(client=client, words=words, role=role, account=accounts[name]), by=cast.bookkeeper
        )
        bank_rules.let_book(known, by=cast.controller)
    return version


def _own(client: Client, accounts: Iterable[str]) -> Iterator[dict[str, str]]:
    """The bank, and every role of the systems that the world itself plays."""
    channels = CHANNELS.get(client.slug, {})
    rules = [BANK, *(COMMON if channels else ()), *(("sales", key, "", name) for key, name in channels.items())]
    for role, key, provider, name in rules:
        yield {"role": role, "key": key, "provider": provider, "account": name}
    for name in accounts if channels else ():
        if name.startswith("Wages – "):
            yield {"role": "wages", "department": name.removeprefix("Wages – "), "account": name}


def _told(client: Client) -> Iterator[dict[str, str]]:
    """What the systems with a story of their own need; each rule counts for its own system's lines."""
    for slug, facts in truth.read(client)["systems"].items():
        for rule in facts["mapping"]:
            everywhere = rule.pop("everywhere")
            if not rule.pop("words"):
                yield {**rule, "provider": "" if everywhere else slug}


def _phrases(client: Client) -> Iterator[tuple[str, str, str]]:
    """Role, words and account of what bank lines mean: the bank's own charges, and what the told systems say."""
    yield from PHRASES.get(client.slug, USUAL_PHRASES)
    for facts in truth.read(client)["systems"].values():
        yield from ((rule["role"], rule["words"], rule["account"]) for rule in facts["mapping"] if rule["words"])
