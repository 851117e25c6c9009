"""Money the books expect at the bank: payouts under way, what payroll runs pull, lumps of bill tools, payments of cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact, StreamState
from integrations.records import CardPayment, ContractorPayment, FundingPull, Payout, PayrollRun
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import mapping, rates
from ledger.core.entry import DraftEntry, credit, debit
from ledger.core.rules import (
    Pull,
    Unbookable,
    card_statement_entry,
    funding_entry,
    payout_arrival,
    payroll_cash_entry,
    payroll_cash_lines,
)
from ledger.models import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.models import Client

#: The default bank account of a client is what the role ``bank`` means without a key.
BANK = "bank"
KINDS = ("Payout", "PayrollRun", "ContractorPayment", "FundingPull", "CardPayment")
#: Purposes of the entries that book expected money when its bank line comes.
PURPOSES = ("arrival", "cash", "funding", "card-payment")


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
        JournalEntry.objects.filter(client=client, purpose__in=PURPOSES, reversals__isnull=True).values_list(
            "source_key", flat=True
        )
    )
    return [item for item in _all(client, account_id) if f"{item.key}:arrival" not in arrived]


def find(client: Client, key: str) -> Money | None:
    """One expected movement by its identity, if it has not arrived."""
    return next((item for item in money(client) if item.key == key), None)


def _all(client: Client, account_id: int) -> Iterator[Money]:
    """The newest version of each. What another route books altogether is not awaited: its cash is in the books with it."""
    booking = StreamState.objects.filter(client=client, duty=StreamState.Duty.BOOK).values("connection")
    connections = Connection.objects.filter(client=client, pk__in=booking).in_bulk()
    seen: set[str] = set()
    kept: rates.Rates | None = None
    facts = Fact.objects.filter(client=client, connection__in=connections, kind__in=KINDS).exclude(state="superseded")
    for fact in facts.order_by("-id"):
        connection = connections[fact.connection_id]
        record = from_json(fact.kind, fact.data)
        if isinstance(record, Payout) and record.currency.upper() != client.home_currency:
            kept = kept or rates.Rates(client)
            record = kept.lent(record, client.home_currency)
        for item in _of(client, connection, fact, record, account_id):
            if item.key not in seen:
                seen.add(item.key)
                yield item


def _of(client: Client, connection: Connection, fact: Fact, record: object, account_id: int) -> Iterator[Money]:
    words = all_providers()[connection.provider].descriptors
    prefix = f"{connection.provider}:{connection.account_id}"
    cut_over = connection.cut_over_on or client.cut_over_on
    if isinstance(record, Payout) and record.stage == "sent" and record.status not in {"failed", "canceled"}:
        payout, arrives = record, partial(_arrival, record, connection.provider, client.home_currency)
        amount = _at_bank(payout, client.home_currency, arrives)
        if amount and (cut_over is None or payout.arrives_on >= cut_over):
            yield Money(
                f"{prefix}:payout:{payout.payout_id or payout.external_id}",
                payout.arrives_on,
                amount,
                f"Payout {payout.payout_id or payout.external_id}",
                connection.provider,
                account_id,
                fact.pk,
                words,
                (payout.trace,) if payout.trace else (),
                arrives,
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
    elif isinstance(record, (FundingPull, CardPayment)):
        lump = _lump(record, prefix, fact, connection.provider, account_id, words)
        if lump.amount and (cut_over is None or lump.on >= cut_over):
            yield lump


def _lump(
    record: FundingPull | CardPayment,
    prefix: str,
    fact: Fact,
    provider: str,
    account_id: int,
    words: tuple[str, ...],
) -> Money:
    """One sum for many payments, or for a card's statement: it is booked when the bank shows it."""
    comes_in = isinstance(record, FundingPull) and record.side == "in"
    on = (record.arrives_on if isinstance(record, FundingPull) else None) or record.booked_on
    what = "Funding" if isinstance(record, FundingPull) else f"Card {record.program}"
    return Money(
        f"{prefix}:lump:{record.external_id}",
        on,
        record.amount if comes_in else -record.amount,
        f"{what} {on:%b} {on.day}",
        provider,
        account_id,
        fact.pk,
        words,
        (record.trace,) if record.trace else (),
        partial(_lump_entry, record, provider),
    )


def _lump_entry(record: FundingPull | CardPayment, provider: str, on: date, bank: str) -> DraftEntry:
    if isinstance(record, CardPayment):
        return card_statement_entry(record, on, bank=bank)
    return funding_entry(record, on, provider=provider, bank=bank)


def _arrival(payout: Payout, provider: str, home: str, on: date, bank: str) -> DraftEntry:
    return payout_arrival(payout, on, provider=provider, bank=bank, home=home)


def _at_bank(payout: Payout, home: str, arrives: Callable[[date, str], DraftEntry]) -> int:
    """What the bank shows of it, in home currency; nil while a foreign one waits for its rate and is in no books."""
    if payout.currency.upper() == home:
        return payout.amount
    try:
        entry = arrives(payout.arrives_on, "")
    except Unbookable:
        return 0  # held in the inbox until somebody gives its rate
    return sum(line.debit - line.credit for line in entry.lines if line.role == BANK)


def _pulled(pull: Pull, currency: str, on: date, bank: str) -> DraftEntry:
    return payroll_cash_entry(pull, on, bank=bank, currency=currency)


def _pulls(
    run: PayrollRun, prefix: str, fact: Fact, provider: str, account_id: int, words: tuple[str, ...]
) -> Iterator[Money]:
    try:
        pulls = payroll_cash_lines(run, provider=provider)
    except Unbookable:
        return  # a register that does not add up is held in the inbox; its cash is expected once it does
    for pull in pulls:
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
