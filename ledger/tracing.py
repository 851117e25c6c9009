"""The chain of a figure: stored payload → fact → mapping → entry → accounting document → bank line, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from integrations.models import Fact, SourceDocument
from integrations.registry import all_providers
from ledger import outbox_cancelled
from ledger.core.period import Month
from ledger.models import (
    Account,
    EntryApproval,
    JournalEntry,
    JournalLine,
    MappingVersion,
    MatchMember,
    MirrorDocument,
    OutboxItem,
    SupportFile,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client

PAYROLL_KINDS = ("PayrollRun", "ContractorPayment")
STATEMENTS = {"income": "Profit and loss", "expense": "Profit and loss"}


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything around one entry: ``bank`` lines matched with it, the ``reversal`` that undoes it, what it ``reverses``."""

    entry: JournalEntry
    lines: Sequence[JournalLine]
    fact: Fact | None
    document: SourceDocument | None
    mapping: MappingVersion | None
    outbox: OutboxItem | None
    mirrored: MirrorDocument | None
    bank: Sequence[MatchMember]
    reversal: JournalEntry | None
    reverses: JournalEntry | None
    approval: EntryApproval | None
    files: Sequence[SupportFile]
    #: It and what it reverses, or what reverses it, come to nil and never go to the accounting system.
    is_cancelled: bool

    @property
    def debits(self) -> int:
        return sum(line.debit_minor for line in self.lines)

    @property
    def credits(self) -> int:
        return sum(line.credit_minor for line in self.lines)

    @property
    def is_payroll(self) -> bool:
        return self.fact is not None and is_payroll(self.fact)

    @property
    def needs_approval(self) -> bool:
        return self.entry.origin == "manual" and self.approval is None

    @property
    def is_unbroken(self) -> bool:
        """It has a source: a stored payload, a document of the accounting system, or a person who stands behind it."""
        return self.document is not None or self.mirrored is not None or self.approval is not None


def chain(client: Client, entry: JournalEntry) -> Chain:
    """The chain of an entry, in a fixed number of queries."""
    fact = (
        Fact.objects.filter(client=client, pk=entry.fact_id).select_related("connection", "document").first()
        if entry.fact_id
        else None
    )
    matched = MatchMember.objects.filter(client=client, entry=entry, is_live=True).values("match_id")
    return Chain(
        entry=entry,
        lines=list(entry.lines.select_related("account").order_by("no")),
        fact=fact,
        document=fact.document if fact else None,
        mapping=MappingVersion.objects.filter(client=client, pk=entry.mapping_version_id)
        .select_related("approved_by")
        .first()
        if entry.mapping_version_id
        else None,
        outbox=OutboxItem.objects.filter(client=client, members__entry=entry)
        .select_related("connection", "approved_by")
        .first(),
        mirrored=MirrorDocument.objects.filter(client=client, entry=entry).select_related("connection").first(),
        bank=list(
            MatchMember.objects.filter(client=client, match_id__in=matched, item__isnull=False).select_related(
                "item__feed", "match"
            )
        ),
        reversal=JournalEntry.objects.filter(client=client, reverses=entry).select_related("posted_by").first(),
        reverses=JournalEntry.objects.filter(client=client, pk=entry.reverses_id).first()
        if entry.reverses_id
        else None,
        approval=EntryApproval.objects.filter(client=client, entry=entry).select_related("approved_by").first(),
        files=list(
            SupportFile.objects.filter(client=client, entry=entry)
            .defer("content")
            .select_related("connection", "added_by")
        ),
        is_cancelled=outbox_cancelled.is_cancelled(client, entry),
    )


def shows_in(client: Client, entry: JournalEntry, month: Month) -> list[dict[str, Any]]:
    """The statement lines an entry feeds: each account, this entry's part and the month's movement, debit − credit."""
    mine = {
        row["account_id"]: row["debit"] - row["credit"]
        for row in entry.lines.order_by()
        .values("account_id")
        .annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    }
    lines = JournalLine.objects.filter(client=client, account_id__in=mine, booked_on__range=(month.first, month.last))
    totals = {
        row["account_id"]: row["debit"] - row["credit"]
        for row in lines.order_by().values("account_id").annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    }
    accounts = Account.objects.filter(client=client).in_bulk(list(mine))
    rows = []
    for pk, amount in mine.items():
        account = accounts[pk]
        sign = 1 if account.debit_is_positive else -1
        rows.append(
            {
                "account": account,
                "statement": STATEMENTS.get(account.type, "Balance sheet"),
                "mine": sign * amount,
                "total": sign * totals.get(pk, 0),
            }
        )
    return sorted(rows, key=lambda row: (row["statement"], row["account"].number, row["account"].name))


def is_payroll(fact: Fact) -> bool:
    """Whether a fact's payload names what people earn."""
    provider = all_providers().get(fact.connection.provider)
    return fact.kind in PAYROLL_KINDS or (provider is not None and provider.category == "payroll")


def pretty(document: SourceDocument | None) -> str:
    """The stored payload as text, indented; at most 200,000 characters."""
    return json.dumps(document.payload, indent=2, ensure_ascii=False, sort_keys=True)[:200_000] if document else ""


def entries_of(client: Client, fact: Fact) -> list[JournalEntry]:
    """Every entry a fact led to, reversals and revisions too."""
    return list(
        JournalEntry.objects.filter(client=client, fact_id=fact.pk).prefetch_related("lines__account").order_by("pk")
    )
