"""Brings the statement files of a bank without a feed, as the bookkeeper does: looked at first, then confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from clients.tenancy import client_context
from config.demo import truth
from integrations import files
from integrations.models import Connection, FileImport
from ledger import bank_intake, finishing
from ledger.core.period import Month
from ledger.models import Account, BankFeed, StatementBalance

if TYPE_CHECKING:
    from clients.models import Client, User
    from config.demo.cast import Cast


def bring_all(client: Client, cast: Cast) -> int:
    """Bring every statement file that was not brought yet; gives how many the bank has."""
    listed = truth.bank_statements(client)
    with client_context(client.pk):
        brought = FileImport.objects.filter(client=client, state=FileImport.State.CONFIRMED)
        known = set(brought.values_list("filename", flat=True))
    for one in listed:
        if one["filename"] not in known:
            content = truth.bank_statement(client, one["filename"])
            _bring(client, one["filename"], content, one["number"], by=cast.bookkeeper)
    return len(listed)


def _bring(client: Client, filename: str, content: bytes, number: str, *, by: User) -> None:
    """Read, answer what the file leaves open as proposed, confirm."""
    with client_context(client.pk), transaction.atomic():
        known = Connection.objects.filter(client=client, provider=files.PROVIDER, account_id=number).first()
        brought = files.preview(by, client, filename=filename, content=content, connection=known)
        if "questions" in brought.summary:
            brought = files.answer(brought, brought.mapping)
        files.confirm(brought, actor=by, account=number)


def link(client: Client, cast: Cast) -> None:
    """Say which ledger account each statement is of, and type the closing balance where the file has none.

    Needs the client's context.
    """
    listed = truth.bank_statements(client)
    names = {one["number"]: one["account"] for one in listed}
    bank_intake.take(client)
    feeds = {feed.account_key: feed for feed in BankFeed.objects.filter(client=client) if feed.account_key in names}
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    for number, feed in feeds.items():
        if feed.account_id is None:
            bank_intake.link(feed, accounts[names[number]], by=cast.bookkeeper)
    for one in listed:
        feed, month = feeds[one["number"]], Month.parse(one["month"])
        if not StatementBalance.objects.filter(client=client, feed=feed, month=month.first).exists():
            finishing.set_statement(client, feed, month, closing=one["closing_minor"], by=cast.bookkeeper)
