"""A month of a small company as the pages show it: a processor, a payroll, two bank accounts, the accounting system's own
entries, and one of each thing that waits for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from clients.tenancy import client_context
from integrations.models import Connection, Fact, SourceDocument, StreamState
from integrations.records import (
    ContractorPayment,
    PayItem,
    Payout,
    PayrollRun,
    Payslip,
    ProcessorBalance,
    ProcessorFee,
    Refund,
    Sale,
)
from integrations.records_json import render, to_json
from ledger import bank_intake, bank_rules, booking, duplicates, mapping, posting, reconciling
from ledger.core.period import Month
from ledger.models import (
    Account,
    BankFeed,
    BankRule,
    MappingVersion,
    MirrorDocument,
)

MARCH = Month(2026, 3)
NOW = datetime(2026, 4, 7, 14, 12, tzinfo=UTC)
CHART = """
1010 asset Operating checking
1020 asset Savings
1210 asset Card payments clearing
1220 asset Payouts in transit
1300 asset Inventory
1900 asset Suspense
2010 liability Company card
2210 liability Federal payroll taxes
2212 liability State income tax
2230 liability Benefits payable
2250 liability Payroll clearing
2300 liability Sales tax payable
3000 equity Owner's capital
3900 equity Retained earnings
4010 income Shop sales
4020 income Online store sales
4090 income Refunds and discounts
5010 expense Cost of goods sold
6010 expense Wages, shop
6015 expense Salaries, office
6110 expense Employer payroll taxes
6120 expense Health insurance
6130 expense Contractors
6310 expense Rent
6400 expense Travel and meals
6510 expense Payment processing fees
6520 expense Bank charges
6530 expense Software
"""
RULES = """
bank = 1010
clearing = 1210
in-transit = 1220
sales shop = 4010
sales online = 4020
returns = 4090
sales-tax-payable = 2300
merchant-fees = 6510
wages Hourly = 6010
wages Salary = 6015
er-tax-expense = 6110
er-tax-payable = 2210
ee-tax-payable = 2210
ee-tax-payable State income tax = 2212
benefit-expense = 6120
benefit-payable = 2230
net-pay-clearing = 2250
contractor-expense = 6130
expense = 6400
bank-fees = 6520
accrued-payroll = 2250
suspense = 1900
"""


@dataclass
class Scene:
    client: Any
    accounts: dict[str, Account] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    count: int = 0

    def account(self, number: str) -> Account:
        return self.accounts[number]


def chart(scene: Scene) -> None:
    for n, line in enumerate(CHART.strip().splitlines(), 1):
        number, kind, name = line.split(" ", 2)
        subtype = "Cost of Goods Sold" if number == "5010" else "Bank" if number in {"1010", "1020"} else ""
        scene.accounts[number] = Account.objects.create(
            client=scene.client,
            external_id=str(n),
            number=number,
            name=name,
            type=kind,
            subtype=subtype,
            group={"1010": "bank", "1020": "bank", "2010": "card"}.get(number, ""),
        )


def rules(scene: Scene, *, preparer: Any, controller: Any) -> MappingVersion:
    version = mapping.draft(scene.client, by=preparer, effective_from=date(2026, 1, 1))
    for line in RULES.strip().splitlines():
        role, _, number = line.partition(" = ")
        role, _, key = role.partition(" ")
        mapping.set_rule(version, role=role, key=key, account=scene.account(number), by=preparer)
    mapping.approve(version, by=controller)
    fee = BankRule(client=scene.client, words="MONTHLY SERVICE FEE", role="bank-fees", account=scene.account("6520"))
    bank_rules.let_book(bank_rules.make(fee, by=preparer), by=controller)
    version.refresh_from_db()
    return version


def connect(scene: Scene, provider: str, name: str, *streams: tuple[str, str]) -> Connection:
    connection = Connection.objects.create(
        client=scene.client, provider=provider, account_id=f"acct-{provider}-{scene.client.pk}", name=name, state="live",
        connected_at=NOW, last_success_at=NOW,
    )  # fmt: skip
    for stream, duty in streams:
        StreamState.objects.create(
            client=scene.client, connection=connection, stream=stream, duty=duty, complete_through=date(2026, 4, 6),
            last_success_at=NOW,
        )  # fmt: skip
    scene.connections[provider] = connection
    return connection


def fact(scene: Scene, provider: str, stream: str, record: Any) -> Fact:
    """A stored payload with its one fact, as a pull would leave them."""
    connection = scene.connections[provider]
    payload = {"id": record.external_id, "object": type(record).__name__.lower(), "fields": to_json(record)}
    document = SourceDocument.objects.create(
        client=scene.client, connection=connection, stream=stream, external_id=record.external_id, version=1, payload=payload,
        sha256=sha256(render(record)).digest(), fetched_at=NOW,
    )  # fmt: skip
    return Fact.objects.create(
        client=scene.client, connection=connection, document=document, stream=stream, external_id=record.external_id,
        kind=type(record).__name__, booked_on=record.booked_on, amount_minor=getattr(record, "amount", None), currency=record.currency,
        data=to_json(record),
    )  # fmt: skip


def mirrored(
    scene: Scene, type_: str, day: date, number: str, party: str, *lines: tuple[str, int], memo: str = ""
) -> Any:
    """A document made in the accounting system, with its entry; lines are (account number, debit − credit)."""
    scene.count += 1
    key = f"{type_}:{scene.count}"
    posted = [posting.Line(scene.account(n).pk, max(x, 0), max(-x, 0), memo=memo, party=party) for n, x in lines]
    said = " · ".join(filter(None, [type_, number, party or memo]))
    entry = posting.Entry(day, f"mirror:{key}", "mirror", posted, origin="ledger", memo=said)
    entry_id = posting.post(scene.client.pk, [entry]).ids[0]
    return MirrorDocument.objects.create(
        client=scene.client, connection=scene.connections["quickbooks-online"], external_id=key, type=type_, version="0",
        booked_on=day, number=number, party=party, lines=[[scene.account(n).external_id, max(x, 0), max(-x, 0)] for n, x in lines],
        lines_sha256=b"x" * 32, total_minor=sum(max(x, 0) for _, x in lines), entry_id=entry_id, seen_at=NOW,
    )  # fmt: skip


def run(number: int, day: date, hourly: int, salary: int) -> PayrollRun:
    """A payroll of two people that adds up."""
    slips = []
    for who, department, name, gross in (
        ("Ada Finch", "Shop", "Hourly", hourly), ("Ben Heron", "Office", "Salary", salary)
    ):  # fmt: skip
        federal, state, employer, health = gross // 5, gross // 20, gross * 765 // 10_000, 15_000
        slips.append(
            Payslip(
                employee_id=who, employee=who, department=department, net_pay=gross - federal - state - health,
                earnings=(PayItem(name=name, amount=gross),),
                employee_taxes=(PayItem(name="Federal income tax", amount=federal), PayItem(name="State income tax", amount=state)),
                employer_taxes=(PayItem(name="Social Security and Medicare", amount=employer),),
                deductions=(PayItem(name="Health insurance", amount=health, kind="benefit"),),
                contributions=(PayItem(name="Health insurance", amount=30_000),),
            )
        )  # fmt: skip
    taxes = sum(item.amount for slip in slips for item in (*slip.employee_taxes, *slip.employer_taxes))
    return PayrollRun(
        external_id=f"run-2026-{number:02d}", booked_on=day, currency="USD", period_start=day - timedelta(19),
        period_end=day - timedelta(5), kind="biweekly", payslips=tuple(slips), debit_on=day - timedelta(1),
        net_pay_pull=sum(slip.net_pay for slip in slips), tax_pull=taxes,
    )  # fmt: skip


def build(client: Any, *, preparer: Any, controller: Any) -> Scene:
    """Everything of March, booked and matched as far as the rules go; call with no client open."""
    from tests.ledger import scene_bank

    with client_context(client.pk):
        scene = Scene(client)
        chart(scene)
        rules(scene, preparer=preparer, controller=controller)
        connect(scene, "quickbooks-online", "Kestrel and Pine", ("documents", "mirror"))
        connect(
            scene,
            "stripe",
            "Kestrel online",
            ("balance_transactions", "book"),
            ("payouts", "prove"),
            ("balance", "prove"),
        )
        connect(scene, "gusto", "Kestrel payroll", ("payrolls", "book"), ("contractor_payments", "book"))
        connect(scene, "plaid", "Northgate Community Bank", ("accounts", "prove"), ("transactions", "prove"))
        _books(scene)
        _processor(scene)
        _payroll(scene)
        scene_bank.bank(scene)
        bank_intake.take(client)
        BankFeed.objects.filter(client=client, account_key="chk").update(account=scene.account("1010"))
        BankFeed.objects.filter(client=client, account_key="sav").update(account=scene.account("1020"))
        booking.book(client)
        reconciling.suggest(client)
        duplicates.find(client, MARCH)
        scene_bank.waiting(scene, preparer=preparer, controller=controller)
        return scene


def _books(scene: Scene) -> None:
    for month in (date(2025, 3, 1), date(2026, 1, 1), date(2026, 2, 1)):
        mirrored(
            scene,
            "SalesReceipt",
            month.replace(day=12),
            f"S{month.month}",
            "",
            ("1010", 3_120_000),
            ("4010", -3_120_000),
            memo="Shop takings",
        )
        mirrored(
            scene,
            "Check",
            month.replace(day=2),
            f"10{month.month}",
            "Harbour Yard Estates",
            ("6310", 480_000),
            ("1010", -480_000),
            memo="Rent",
        )
    mirrored(
        scene,
        "JournalEntry",
        date(2025, 1, 1),
        "1",
        "",
        ("1010", 5_000_000),
        ("1020", 2_000_000),
        ("3000", -7_000_000),
        memo="Opening",
    )
    mirrored(
        scene,
        "SalesReceipt",
        date(2026, 3, 12),
        "S3",
        "",
        ("1010", 3_287_450),
        ("4010", -3_287_450),
        memo="Shop takings",
    )
    mirrored(
        scene,
        "Check",
        date(2026, 3, 2),
        "2041",
        "Harbour Yard Estates",
        ("6310", 480_000),
        ("1010", -480_000),
        memo="Rent",
    )
    mirrored(
        scene,
        "Check",
        date(2026, 3, 30),
        "2044",
        "Pinewick Glazing",
        ("6400", 38_650),
        ("1010", -38_650),
        memo="Window repair",
    )
    mirrored(
        scene,
        "Purchase",
        date(2026, 3, 11),
        "3307",
        "Cobalt Rope Works",
        ("5010", 61_200),
        ("1010", -61_200),
        memo="Rope",
    )
    mirrored(
        scene, "Purchase", date(2026, 3, 12), "", "Cobalt Rope Works", ("5010", 61_200), ("1010", -61_200), memo="Rope"
    )
    mirrored(
        scene,
        "Purchase",
        date(2026, 3, 16),
        "",
        "Larch Cloud Hosting",
        ("6530", 9_900),
        ("2010", -9_900),
        memo="Hosting",
    )


def _processor(scene: Scene) -> None:
    for n in range(1, 25):
        day = date(2026, 3, n)
        channel = "online" if n % 3 else "shop"
        fact(scene, "stripe", "balance_transactions", Sale(
            external_id=f"txn_{n:04d}", booked_on=day, currency="USD", amount=42_000 + n * 731, tax=3_100, fee=1_248 + n, channel=channel,
            occurred_at=datetime(2026, 3, n, 18, 4, tzinfo=UTC),
        ))  # fmt: skip
    fact(
        scene,
        "stripe",
        "balance_transactions",
        Refund(external_id="txn_0901", booked_on=date(2026, 3, 9), currency="USD", amount=6_500, channel="online"),
    )
    fact(
        scene,
        "stripe",
        "balance_transactions",
        ProcessorFee(
            external_id="txn_0902", booked_on=date(2026, 3, 15), currency="USD", amount=2_000, category="radar"
        ),
    )
    for n, (day, amount) in enumerate(((6, 190_000), (13, 280_000), (20, 300_000), (30, 260_000)), 1):
        sent = date(2026, 3, day)
        fact(scene, "stripe", "balance_transactions", Payout(
            external_id=f"txn_08{n:02d}", booked_on=sent, currency="USD", amount=amount, arrives_on=sent + timedelta(2), payout_id=f"po_{8840 + n}", trace=f"TRC{8840 + n}",
        ))  # fmt: skip
    fact(scene, "stripe", "balance_transactions", Sale(
        external_id="txn_0950", booked_on=date(2026, 3, 22), currency="USD", amount=10_620, fee=340, channel="shop", tip=900,
    ))  # fmt: skip
    fact(scene, "stripe", "balance_transactions", Sale(
        external_id="txn_0951", booked_on=date(2026, 3, 23), currency="USD", amount=10_620, fee=340, channel="shop", tip=900,
    ))  # fmt: skip
    fact(
        scene,
        "stripe",
        "balance",
        ProcessorBalance(
            external_id="balance",
            booked_on=date(2026, 4, 6),
            currency="USD",
            amount=206_421,
            available=100_000,
            pending=106_421,
        ),
    )


def _payroll(scene: Scene) -> None:
    fact(scene, "gusto", "payrolls", run(5, date(2026, 3, 6), 1_482_640, 1_130_769))
    second = run(6, date(2026, 3, 20), 1_520_415, 1_130_769)
    # Somebody typed the second run by hand, with the employer's tax forgotten.
    mirrored(
        scene, "JournalEntry", date(2026, 3, 20), "PR-20", "", ("6010", 1_520_415), ("6015", 1_130_769), ("2210", -530_236), ("2212", -132_558),
        ("2230", -30_000), ("2250", -1_958_390), memo="Payroll Mar 20",
    )  # fmt: skip
    fact(scene, "gusto", "payrolls", second)
    fact(scene, "gusto", "contractor_payments", ContractorPayment(
        external_id="cp-1", booked_on=date(2026, 3, 17), currency="USD", contractor="Iris Linnet", amount=120_000,
    ))  # fmt: skip
