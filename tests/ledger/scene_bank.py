"""The bank side of the month in ``tests.ledger.scene``, and one of each thing that waits for a person."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

from integrations.models import Fact
from integrations.records import (
    BankAccount,
    BankLine,
)
from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import (
    BankFeed,
    JournalEntry,
    LedgerException,
    OutboxItem,
    OutboxMember,
    StatementBalance,
)
from tests.ledger.scene import MARCH, NOW, Scene, fact, run


def bank(scene: Scene) -> None:
    fact(
        scene,
        "plaid",
        "accounts",
        BankAccount(
            external_id="chk",
            booked_on=date(2026, 4, 6),
            currency="USD",
            name="Operating checking",
            mask="4417",
            kind="depository",
            balance=9_830_583,
        ),
    )
    fact(
        scene,
        "plaid",
        "accounts",
        BankAccount(
            external_id="sav",
            booked_on=date(2026, 4, 6),
            currency="USD",
            name="Savings",
            mask="4425",
            kind="depository",
            balance=2_000_000,
        ),
    )
    first = run(5, date(2026, 3, 6), 1_482_640, 1_130_769)
    lines = [
        (3, -480_000, "CHECK 2041"), (8, 190_000, "STRIPE TRANSFER TRC8841"), (15, 280_000, "STRIPE TRANSFER TRC8842"),
        (22, 300_000, "STRIPE TRANSFER"), (12, -61_200, "COBALT ROPE WORKS ACH"), (31, -4_500, "MONTHLY SERVICE FEE"),
        (5, -first.net_pay_pull, "GUSTO NET 8830"), (5, -first.tax_pull, "GUSTO TAX 8830"), (18, -120_000, "GUSTO CON IRIS LINNET"),
        (13, 3_287_450, "COUNTER DEPOSIT"), (24, -7_410, "FERRY CROSSING 0087"), (27, 51_300, "DEPOSIT MOBILE"), (28, -18_995, "MARIGOLD STATIONERS"),
    ]  # fmt: skip
    for n, (day, amount, description) in enumerate(lines, 1):
        fact(scene, "plaid", "transactions", BankLine(
            external_id=f"line-{n:03d}", booked_on=date(2026, 3, day), currency="USD", account="chk", amount=amount, description=description,
            reference="TRC8841" if "TRC8841" in description else "",
        ))  # fmt: skip


def waiting(scene: Scene, *, preparer: Any, controller: Any) -> None:
    client, books = scene.client, scene.connections["quickbooks-online"]
    StatementBalance.objects.update_or_create(
        client=client, feed=BankFeed.objects.get(client=client, account_key="chk"), month=MARCH.first,
        defaults={"ends_on": MARCH.last, "closing_minor": 8_273_312, "source": "typed"},
    )  # fmt: skip
    sent = JournalEntry.objects.filter(client=client, origin="source").order_by("id").first()
    for n, (state, external) in enumerate((("posted", "JournalEntry:1482"), ("rejected", ""), ("uncertain", ""))):
        item = OutboxItem.objects.create(
            client=client, connection=books, type="JournalEntry", booked_on=date(2026, 3, 1 + n), group_key=f"scene-{n}", marker=f"ST26030{n}-AA",
            payload="{}", payload_sha256=sha256(b"{}").digest(), request_id=f"00000000-0000-4000-8000-{client.pk:010d}{n:02d}", total_minor=8_412,
            state=state, external_id=external, approved_by=controller, sent_at=NOW, answered_at=NOW,
        )  # fmt: skip
        if state == "posted":
            OutboxMember.objects.create(client=client, outbox=item, entry=sent)
        else:
            kind = "refused" if state == "rejected" else "uncertain"
            title = (
                "Account 6420 is inactive."
                if kind == "refused"
                else "Sent three times without an answer, and not found by its number."
            )
            exceptions_inbox.open_problems(client.pk, [Problem(
                kind, f"outbox:{item.pk}", kind, title, str(books), 8_412, item.booked_on, books.pk, outbox_id=item.pk,
                detail={"marker": item.marker},
            )])  # fmt: skip
    exceptions_inbox.open_problems(client.pk, [
        Problem("login", "connection", "sign-in withdrawn", "Access was withdrawn on Apr 2.", "QuickBooks Online", None, None, books.pk),
        Problem("payload", "txn_bad", "unreadable record", "$.amount is missing", "Stripe", 4_100, date(2026, 3, 8), scene.connections["stripe"].pk,
                fact_id=Fact.objects.filter(client=client, kind="Refund").values_list("pk", flat=True)[0]),
    ])  # fmt: skip
    LedgerException.objects.filter(client=client, kind="refused").update(assigned_to=preparer)
