"""At the bank's desk: lines the bank prints, cheques and payouts they meet, and what became of both."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from clients.tenancy import client_context
from integrations.records import BankLine, Payout
from ledger import bank_intake, booking
from ledger.models import BankItem, JournalLine, Match
from tests.ledger import scene


@pytest.fixture
def bob(standing):
    return standing[0].bob


@pytest.fixture
def books(standing, db):
    """March as the shared scene has it, the client's context open for the test."""
    with client_context(standing[1].client.pk):
        yield standing[1]


def day(number, month=3):
    return date(2026, month, number)


def printed(books, on, amount, description, key):
    """A line the bank printed on the checking account."""
    scene.fact(books, "plaid", "transactions", BankLine(
        external_id=key, booked_on=on, currency="USD", account="chk", amount=amount, description=description,
    ))  # fmt: skip
    bank_intake.take(books.client)
    return BankItem.objects.get(client=books.client, external_id=key)


def check(books, on, amount, party, number="7001"):
    """A cheque written in the accounting system; gives its line on the checking account."""
    made = scene.mirrored(books, "Check", on, number, party, ("6310", amount), ("1010", -amount), memo="Rent")
    return JournalLine.objects.get(entry_id=made.entry_id, account=books.account("1010"))


def payout(books, number, amount, on, trace=""):
    """A payout under way: left the processor, not yet at the bank."""
    sent = Payout(
        external_id=f"txn_t{number}", booked_on=on, currency="USD", amount=amount, arrives_on=on + timedelta(2),
        payout_id=f"po_t{number}", trace=trace,
    )  # fmt: skip
    scene.fact(books, "stripe", "balance_transactions", sent)
    booking.book(books.client)
    return f"stripe:{books.connections['stripe'].account_id}:payout:po_t{number}"


def match_of(item, *states):
    return Match.objects.filter(members__item=item, state__in=states or ["suggested", "accepted"]).distinct().first()


def state(item):
    return BankItem.objects.get(pk=item.pk).state


def balance(books, number):
    lines = JournalLine.objects.filter(client=books.client, account=books.account(number))
    return sum(line.net_minor for line in lines)


def net(entry_id):
    lines = JournalLine.objects.filter(entry_id=entry_id).select_related("account")
    return {line.account.number: line.net_minor for line in lines}
