"""Money the books expect at the bank: payouts on their way, and what payroll runs will pull."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact
from integrations.records import ContractorPayment, Payout, PayrollRun
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import mapping
from ledger.core.entry import DraftEntry, credit, debit
from ledger.core.rules import Pull, payout_arrival, payroll_cash_entry, payroll_cash_lines
from ledger.models import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.models import Client

#: The default bank account of a client is what the role ``bank`` means without a key.
BANK = "bank"


@dataclass(frozen=True, slots=True)
class Money:
    """Something the bank should show. ``amount`` > 0 comes in. ``key`` is its identity; ``entry`` makes what books it."""

    key: str
    on: date
    amount: int
    label: str
    provider: str
    account_id: int
    fact_id: int
    names: tuple[str, ...]
    references: tuple[str, ...]
    entry: Callable[[date, str], DraftEntry]


def money(client: Client) -> list[Money]:
    """Everything expected and not yet arrived, on the client's default bank account."""
    banks = mapping.accounts_by_role(client.pk, BANK, date.max)
    if not banks:
        return []
    account_id = min(banks)
    arrived = set(
        JournalEntry.objects.filter(client=client, purpose__in=["arrival", "cash"], reversals__isnull=True).values_list(
            "source_key", flat=True
        )
    )
    return [item for item in _all(client, account_id) if f"{item.key}:arrival" not in arrived]


def find(client: Client, key: str) -> Money | None:
    """One expected movement by its identity, if it has not arrived."""
    return next((item for item in money(client) if item.key == key), None)


def _all(client: Client, account_id: int) -> Iterator[Money]:
    connections = Connection.objects.filter(client=client).in_bulk()
    seen: set[str] = set()
    facts = Fact.objects.filter(client=client, kind__in=["Payout", "PayrollRun", "ContractorPayment"]).exclude(
        state="superseded"
    )
    for fact in facts.order_by("-id"):
        connection = connections[fact.connection_id]
        record = from_json(fact.kind, fact.data)
        for item in _of(client, connection, fact, record, account_id):
            if item.key not in seen:
                seen.add(item.key)
                yield item


def _of(client: Client, connection: Connection, fact: Fact, record: object, account_id: int) -> Iterator[Money]:
    words = all_providers()[connection.provider].descriptors
    prefix = f"{connection.provider}:{connection.account_id}"
    cut_over = connection.cut_over_on or client.cut_over_on
    if isinstance(record, Payout) and record.stage == "sent" and record.status not in {"failed", "canceled"}:
        if cut_over is None or record.arrives_on >= cut_over:
            payout = record
            yield Money(
                f"{prefix}:payout:{payout.payout_id or payout.external_id}",
                payout.arrives_on,
                payout.amount,
                f"Payout {payout.payout_id or payout.external_id}",
                connection.provider,
                account_id,
                fact.pk,
                words,
                (payout.trace,) if payout.trace else (),
                partial(_arrival, payout, connection.provider),
            )
    elif isinstance(record, PayrollRun) and (cut_over is None or record.booked_on >= cut_over):
        for pull in _pulls(record, prefix, fact, connection.provider, account_id, words):
            if cut_over is None or pull.on >= cut_over:  # what was pulled before is in the opening balances
                yield pull
    elif (
        isinstance(record, ContractorPayment)
        and not record.by_check
        and (cut_over is None or record.booked_on >= cut_over)
    ):
        yield _contractor(record, prefix, fact, connection.provider, account_id, words)


def _arrival(payout: Payout, provider: str, on: date, bank: str) -> DraftEntry:
    return payout_arrival(payout, on, provider=provider, bank=bank)


def _pulled(pull: Pull, currency: str, on: date, bank: str) -> DraftEntry:
    return payroll_cash_entry(pull, on, bank=bank, currency=currency)


def _pulls(
    run: PayrollRun, prefix: str, fact: Fact, provider: str, account_id: int, words: tuple[str, ...]
) -> Iterator[Money]:
    for pull in payroll_cash_lines(run, provider=provider):
        yield Money(
            f"{prefix}:pull:{run.external_id}:{pull.kind}",
            pull.expected_on,
            -pull.amount,
            f"Payroll {run.booked_on:%b} {run.booked_on.day}, {pull.kind}",
            provider,
            account_id,
            fact.pk,
            words,
            (),
            partial(_pulled, pull, run.currency),
        )


def _contractor(
    payment: ContractorPayment, prefix: str, fact: Fact, provider: str, account_id: int, words: tuple[str, ...]
) -> Money:
    amount = payment.amount + payment.reimbursement

    def entry(on: date, bank: str) -> DraftEntry:
        lines = (*debit("net-pay-clearing", amount, provider), *credit(BANK, amount, bank))
        return DraftEntry("cash", on, f"Contractor pull, {payment.contractor}", lines, payment.currency)

    return Money(
        f"{prefix}:contractor:{payment.external_id}",
        payment.booked_on,
        -amount,
        f"Contractor {payment.contractor}",
        provider,
        account_id,
        fact.pk,
        words,
        (),
        entry,
    )
