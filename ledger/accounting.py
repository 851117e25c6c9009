"""The client's accounting system: its connection, its capability, and the context to read it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from integrations.http import ConnectionApi
from integrations.models import Connection
from integrations.provider import Context
from integrations.registry import all_providers

if TYPE_CHECKING:
    from clients.models import Client
    from integrations.books import Books
    from integrations.provider import Api


@dataclass(frozen=True, slots=True)
class Accounting:
    """An accounting connection ready to be asked and written to."""

    connection: Connection
    books: Books
    api: Api
    context: Context


def connection_of(client: Client) -> Connection | None:
    """The client's accounting connection, connected or waiting for a new sign-in; None where its books are kept here."""
    slugs = [slug for slug, provider in all_providers().items() if provider.category == "accounting"]
    return (
        Connection.objects.filter(client=client, provider__in=slugs)
        .exclude(state__in=[Connection.State.DISCONNECTED, Connection.State.PENDING])
        .order_by("pk")
        .first()
    )


def open_books(client: Client, connection: Connection | None = None) -> Accounting | None:
    """The capability of the client's accounting connection; None where there is none."""
    connection = connection or connection_of(client)
    if connection is None:
        return None
    books = all_providers()[connection.provider].books
    assert books is not None, "an accounting provider declares its books"
    context = Context(
        timezone=ZoneInfo(client.timezone), home_currency=client.home_currency, account_id=connection.account_id
    )
    return Accounting(connection, books, ConnectionApi(connection), context)
