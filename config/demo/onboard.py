"""From a name to books that follow every source: connect, pull, map, book, post, and agree the opening balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.tenancy import client_context
from config.demo import consent, work
from config.demo.mapping import approve_mapping
from config.demo.progress import stage
from integrations.models import SourceDocument
from ledger import bank_intake
from ledger.models import Account, BankFeed, JournalEntry, MirrorDocument, OutboxItem

if TYPE_CHECKING:
    from clients.models import Client
    from config.demo.cast import Cast

SYSTEMS = ("quickbooks-online", "stripe", "gusto", "plaid")


def connect_all(client: Client, cast: Cast) -> int:
    """Connect every system of the client that is not connected yet; gives how many there are."""
    for slug in SYSTEMS:
        if consent.connection(client, slug) is None:
            consent.connect(client, slug, by=cast.bookkeeper)
    return len(SYSTEMS)


def pull_all(client: Client) -> int:
    """Wait for the pulls that connecting began; gives how many source documents are here."""
    work.quiet(client)
    with client_context(client.pk):
        return SourceDocument.objects.filter(client=client).count()


def link_banks(client: Client, cast: Cast) -> int:
    """Say which ledger account each bank account stands for; gives how many stand for one."""
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    for feed in BankFeed.objects.filter(client=client, account__isnull=True):
        bank_intake.link(
            feed, accounts.get(feed.name.removeprefix("Business "), accounts.get(feed.name)), by=cast.bookkeeper
        )
    return BankFeed.objects.filter(client=client, account__isnull=False).count()


def onboard(client: Client, cast: Cast) -> None:
    """Everything up to books that are current; finding it done costs nothing."""
    with stage("connect") as line:
        line.says(f"{connect_all(client, cast)} systems, each through its own consent page")
    with stage("pull") as line:
        line.says(f"{pull_all(client):,} records")
    with stage("map"), client_context(client.pk):
        version = approve_mapping(client, cast)
        linked = link_banks(client, cast)
        line.says(f"{version.rules.count()} rules approved, {linked} bank accounts linked")
    refresh(client)


def refresh(client: Client) -> None:
    """Book, match, post to the accounting system and read back."""
    with stage("mirror, book, match, post, read back") as line:
        work.run(client, "refresh")
        work.run(client, "refresh")  # what was matched in the first run is posted and met in the second
        with client_context(client.pk):
            entries = JournalEntry.objects.filter(client=client)
            sent = OutboxItem.objects.filter(client=client, state="posted").count()
            mirrored = MirrorDocument.objects.filter(client=client, is_deleted=False).count()
            feeds = BankFeed.objects.filter(client=client, account__isnull=False).count()
            ours = entries.exclude(origin="ledger").count()
        line.says(f"{mirrored:,} mirrored, {ours:,} booked, {sent:,} posted, {feeds} bank accounts")
