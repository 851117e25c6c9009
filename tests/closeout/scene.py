"""A small company whose books are kept here: opening balances sealed for December, January ready for its controller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clients.tenancy import client_context
from closeout import baseline, signoff, workflow
from closeout.models import CloseRun, Override
from ledger import posting
from ledger.core.period import Month
from ledger.models import Account, JournalEntry
from ledger.posting import Entry, Line

DECEMBER, JANUARY, FEBRUARY = Month(2025, 12), Month(2026, 1), Month(2026, 2)
CHART = {
    "bank": ("1010", "Operating checking", "asset", "bank"),
    "equipment": ("1500", "Equipment", "asset", "fixed-assets"),
    "capital": ("3000", "Owner's capital", "equity", "equity"),
    "sales": ("4010", "Shop sales", "income", "income"),
    "rent": ("6310", "Rent", "expense", "expenses"),
}


@dataclass
class Books:
    world: Any
    client: Any
    accounts: dict[str, Account]
    close: CloseRun


def entry(
    accounts: dict[str, Account], debit: str, credit: str, amount: int, on: date, key: str, **fields: Any
) -> Entry:
    lines = [Line(accounts[debit].pk, debit=amount), Line(accounts[credit].pk, credit=amount)]
    return Entry(on, key, "test", lines, **{"origin": "source", "memo": key, **fields})


def build(world: Any) -> Books:
    """Inside Kestrel's context: opening sealed by Alice, January open with its checks run."""
    client = world.kestrel
    accounts = {
        name: Account.objects.create(client=client, number=number, name=title, type=kind, group=group)
        for name, (number, title, kind, group) in CHART.items()
    }
    post(client, [
        entry(accounts, "bank", "capital", 5_000_000, date(2025, 12, 1), "opening"),
        entry(accounts, "bank", "sales", 900_000, date(2025, 12, 15), "sales-dec"),
        entry(accounts, "rent", "bank", 250_000, date(2025, 12, 28), "rent-dec"),
    ])  # fmt: skip
    baseline.seal_opening(client, DECEMBER, by=world.alice)
    post(client, [
        entry(accounts, "bank", "sales", 980_000, date(2026, 1, 15), "sales-jan"),
        entry(accounts, "rent", "bank", 250_000, date(2026, 1, 28), "rent-jan"),
    ])  # fmt: skip
    close = workflow.open_close(client, JANUARY, by=world.bob)
    return Books(world, client, accounts, close)


def post(client: Any, entries: list[Entry], *, actor: Any = None) -> posting.PostResult:
    return posting.post(client.pk, entries, actor_id=actor.pk if actor else None)


def make_ready(books: Books, *, by: Any = None) -> CloseRun:
    """Tasks done, checks run, what no test data can prove let through by two, handed over by Bob."""
    close, world = books.close, books.world
    for task in close.tasks.all():
        workflow.tick(task, by=world.bob, done=True)
    workflow.run_checks(close)
    for row in workflow.blockers(close):
        Override.objects.get_or_create(
            client=books.client, close=close, check_id=row.check_id, subject=row.subject,
            defaults={
                "reason": "Kept on paper.", "asked_by": world.bob, "granted_by": world.carol,
                "granted_at": datetime.now(UTC), "expires_on": datetime.now(UTC).date() + timedelta(30),
            },
        )  # fmt: skip
    workflow.prepare(close, by=by or world.bob)
    close.refresh_from_db()
    close.client = books.client
    return close


def sign(books: Books, *, by: Any = None, shown: str | None = None, minutes: int = 1, **fields: Any) -> Any:
    """Sign January as Alice, a minute after her second factor, having seen what stands."""
    close = CloseRun.objects.select_related("client").get(pk=books.close.pk)
    close.client = books.client
    return signoff.sign(
        close,
        by=by or books.world.alice,
        shown_sha256=shown if shown is not None else signoff.shown(close),
        factor=fields.get("factor", "totp"),
        factor_at=datetime.now(UTC) - timedelta(minutes=minutes),
    )


def sealed(books: Books) -> Any:
    """Ready, signed and sealed without the worker."""
    from closeout import seal

    make_ready(books)
    row = sign(books)
    row.close.client = books.client
    return seal.make(row)


def inside(client: Any) -> Any:
    return client_context(client.pk)


def entries(client: Any) -> int:
    return JournalEntry.objects.filter(client=client).count()
