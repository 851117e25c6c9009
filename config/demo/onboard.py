"""From a name to books that follow every source: connect, pull, map, book, post, and agree the opening balances."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clients.tenancy import client_context
from config.demo import consent, stack, statements, truth, work
from config.demo.mapping import approve_mapping
from config.demo.progress import stage
from integrations import connecting
from integrations.models import Fact, SourceDocument, StreamState
from ledger import bank_intake, contractors
from ledger.models import Account, BankFeed, ContractorW9, JournalEntry, MirrorDocument, OutboxItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from config.demo.cast import Cast

#: A run posts so many documents and no more; after this many something is wrong.
MOST_RUNS = 8
#: When the contractors' forms came in.
RECEIVED_ON = date(2025, 12, 15)


def connect_all(client: Client, cast: Cast) -> int:
    """Connect every system of the client that is not connected yet; gives how many there are."""
    systems = stack.connected(client)
    for slug in systems:
        if consent.connection(client, slug) is None:
            consent.connect(client, slug, by=cast.bookkeeper)
    only_prove(client, cast)
    if stack.brings_statements(client):
        statements.bring_all(client, cast)
    return len(systems) + stack.brings_statements(client)


def only_prove(client: Client, cast: Cast) -> None:
    """Say of each system that posts into the accounting system by itself that we only prove it, as the bookkeeper knows."""
    told = truth.read(client)["systems"]
    posts_itself = [slug for slug, facts in told.items() if facts["duty"] == "prove"]
    with client_context(client.pk):
        for state in StreamState.objects.filter(client=client, connection__provider__in=posts_itself, duty="book"):
            connecting.set_duty(state.connection, state.stream, "prove", actor=cast.bookkeeper)


def link_banks(client: Client, cast: Cast) -> int:
    """Say which ledger account each bank account stands for; gives how many stand for one."""
    if stack.brings_statements(client):
        statements.link(client, cast)
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    for feed in BankFeed.objects.filter(client=client, account__isnull=True):
        bank_intake.link(
            feed, accounts.get(feed.name.removeprefix("Business "), accounts.get(feed.name)), by=cast.bookkeeper
        )
    return BankFeed.objects.filter(client=client, account__isnull=False).count()


def record_w9s(client: Client, cast: Cast) -> int:
    """Say that each contractor's signed form came in with the onboarding; gives how many there are."""
    facts = Fact.objects.filter(client=client, kind="ContractorPayment").exclude(state="superseded")
    names = sorted({str(name) for name in facts.values_list("data__contractor", flat=True)})
    for name in names:
        known = ContractorW9.objects.filter(client=client, contractor=name)
        if not known.exists():
            contractors.keep_w9(
                client,
                name,
                received_on=RECEIVED_ON,
                name=f"W-9 {name}.pdf",
                content=f"Form W-9 of {name}, demonstration".encode(),
                last_four="",
                kept_at="Client folder, Tax forms",
                today=RECEIVED_ON,
                by=cast.bookkeeper,
            )
    return len(names)


def begin(clients: Sequence[Client], cast: Cast) -> None:
    """Everything up to books that are being brought up to date, for several companies at once."""
    with stage("connect") as line:
        systems = sum(connect_all(client, cast) for client in clients)
        line.says(f"{systems} systems of {len(clients)} companies, each in its own way")
    with stage("pull") as line:
        for client in clients:
            work.quiet(client)
        line.says(f"{sum(map(records, clients)):,} records")
    with stage("map") as line:
        rules, feeds = 0, 0
        for client in clients:
            with client_context(client.pk):
                rules += approve_mapping(client, cast).rules.count()
                feeds += link_banks(client, cast)
                record_w9s(client, cast)
        line.says(f"{rules} rules approved, {feeds} bank accounts linked")
    for client in clients:
        work.queue(client, "refresh")


def records(client: Client) -> int:
    """How many source documents are here."""
    with client_context(client.pk):
        return SourceDocument.objects.filter(client=client).count()


def refresh(client: Client) -> None:
    """Book, match, post to the accounting system and read back, until nothing is left to post."""
    with stage("mirror, book, match, post, read back") as line:
        work.quiet(client)
        for _run in range(MOST_RUNS):
            work.run(client, "refresh")  # what was matched in the run before is posted and met in this one
            if not waiting(client):
                break
        with client_context(client.pk):
            entries = JournalEntry.objects.filter(client=client)
            sent = OutboxItem.objects.filter(client=client, state="posted").count()
            mirrored = MirrorDocument.objects.filter(client=client, is_deleted=False).count()
            feeds = BankFeed.objects.filter(client=client, account__isnull=False).count()
            ours = entries.exclude(origin="ledger").count()
        line.says(f"{mirrored:,} mirrored, {ours:,} booked, {sent:,} posted, {feeds} bank accounts")


def waiting(client: Client) -> int:
    """How many documents have not gone out to the accounting system yet."""
    with client_context(client.pk):
        return OutboxItem.objects.filter(client=client, state__in=["new", "sending"]).count()
