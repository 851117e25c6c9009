"""A provider of the tests: declared like any other, its pages given by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from clients.tenancy import client_context
from integrations import registry
from integrations.models import Connection, StreamState
from integrations.payload import Payload
from integrations.provider import Context, OAuth2, Page, Provider, RateLimit, Stream, Window
from integrations.records import LedgerDeletion, LedgerDocument, Record, Sale, Skipped, Unknown

NOW = datetime(2026, 4, 4, 12, tzinfo=UTC)


def read(payload: Payload, context: Context) -> Iterator[Record]:
    """Sales by default; ``kind`` asks for other facts."""
    day = payload.day("day")
    base = {"external_id": payload.text("id"), "booked_on": day, "currency": context.home_currency}
    kind = payload.text("kind", "sale")
    if kind == "sale":
        yield Sale(**base, amount=payload.integer("amount"), memo=payload.text("memo", ""))
    elif kind == "skip":
        yield Skipped(**base, reason="a test row")
    elif kind == "document":
        yield LedgerDocument(**base, type="Bill", lines=())
    elif kind == "gone":
        yield LedgerDeletion(**base)
    elif kind == "twice":
        yield from [Sale(**base, amount=1), Sale(**base, amount=2)]
    else:
        yield Unknown(**base, what=f"rows of kind {kind}")


def sale(number: int, amount: int = 1000, **more: Any) -> dict[str, Any]:
    return {"id": f"row-{number}", "day": "2026-03-14", "amount": amount, **more}


class Scripted:
    """Holds what the next pulls will see; a page may also be an exception to raise."""

    def __init__(self) -> None:
        self.pages: list[Page | Exception] = []
        self.windows: list[Window] = []
        self.before_page: Callable[[int], None] = lambda _number: None

    def pull(self, _api: Any, window: Window) -> Iterator[Page]:
        self.windows.append(window)
        for number, page in enumerate(list(self.pages)):
            self.before_page(number)
            if isinstance(page, Exception):
                self.pages.remove(page)
                raise page
            yield page

    def give(self, *rows: Mapping[str, Any], cursor: str | None = None, **options: Any) -> None:
        self.pages = [Page(items=rows, cursor=cursor, **options)]

    def provider(self, **options: Any) -> Provider:
        stream = Stream(
            name="rows",
            label="Rows",
            pull=self.pull,
            to_records=read,
            identify=lambda payload: payload.text("id"),
            recognise=lambda raw: "id" in raw,
            reference="https://docs.example/rows",
        )
        declared = {
            "slug": "scripted",
            "name": "Scripted",
            "category": "processor",
            "base_urls": {"api": "https://scripted.example"},
            "auth": OAuth2(authorize_url="/authorize", token_url="/token", account_key="account", client_auth="form"),
            "streams": (stream,),
            "rate": RateLimit(requests=1000, seconds=1),
        }
        return Provider(**(declared | options))


def install(monkeypatch: Any, provider: Provider) -> None:
    """Let the registry know this provider beside the real ones."""
    known = {**registry.all_providers(), provider.slug: provider}
    monkeypatch.setattr(registry, "_load", lambda: known)


def connection(client: Any, *, duty: str = "book", **fields: Any) -> Connection:
    """A live connection of the scripted provider."""
    with client_context(client.pk):
        given = {"provider": "scripted", "account_id": f"account-{client.slug}", "state": "live", **fields}
        made = Connection.objects.create(client=client, **given)
        StreamState.objects.create(client=client, connection=made, stream="rows", duty=duty)
    return made
