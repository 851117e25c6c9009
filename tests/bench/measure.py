"""What ``run.py`` measures. Import after Django is set up."""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import facts
import limit
import scene
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from clients import provisioning
from clients.models import Client
from clients.tenancy import client_context
from integrations import storing
from integrations.models import Connection, Fact
from ledger import booking, statements
from ledger.core.period import Month
from ledger.core.statements import balance_sheet, income_statement, month_column, trial_balance
from ledger.models import JournalEntry, JournalLine

if TYPE_CHECKING:
    import psycopg

TEMPLATE, BOOKS, PLAIN = "tieout", "bench_books", "bench_plain"
MONTH, FIRST, LAST = Month(2024, 6), Month(2023, 1), Month(2024, 12)
PULL = 20_000
#: Facts of a first round that is not shown: a worker has its modules loaded.
WARM = 100
#: Readings of the statements; the fastest counts, on both sides.
READINGS = 15
#: What is measured, the limit it is measured against, the workload of ``../shared/performance.md`` and its aim (× the limit).
LINES = (
    ("bare COPY of the same rows", "copy", "copy", "", None),
    ("facts → rules → mapping → posted", "book", "copy", "W1", 2.0),
    ("objects → stored as documents and facts", "store", "copy", "", None),
    ("known keys by bare COPY and anti-join", "known", "known", "", None),
    ("the same objects again: nothing to write or book", "again", "known", "W2", 4.0),
    ("facts marked as new again: known to the journal", "book_again", "known", "", None),
    ("plain SQL over the lines, one month", "sql_month", "sql_month", "", None),
    ("statements of one month", "month", "sql_month", "W3", 0.4),
    ("plain SQL over the lines, 24 months", "sql_months", "sql_months", "", None),
    ("statements of 24 months, a column each", "months", "sql_months", "W3", 0.25),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the books beside the bare limits of the same database.")
    parser.add_argument("--facts", default="1000,10000,100000", help="how many, by commas")
    parser.add_argument("--repeat", type=int, default=1, help="rounds; medians are shown")
    options = parser.parse_args()
    _prepare()
    _round(WARM)
    right = True
    for count in map(int, options.facts.split(",")):
        rounds = [_round(count) for _ in range(options.repeat)]
        right = all(_agrees(one) for one in rounds) and right
        _show(count, rounds)
    return 0 if right else 1


def _owner(name: str) -> psycopg.Connection[Any]:
    return provisioning.connect(settings.DATABASES["owner"], name)


def _use(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _prepare() -> None:
    """The template of the present migrations, with the client in it."""
    with _owner("postgres") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(TEMPLATE)))
    call_command("setup_database", verbosity=0, stdout=io.StringIO())
    scene.mapped_roles(scene.client())


def _fresh(name: str, template: str) -> None:
    with _owner("postgres") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _round(count: int) -> dict[str, Any]:
    """Seconds of everything that is measured, once, from an empty database on. The collector works as in a worker, and leaves
    alone what the measuring itself holds.
    """
    _use(TEMPLATE)
    connections["default"].close()
    _fresh(BOOKS, TEMPLATE)
    _fresh(PLAIN, "template1")
    _use(BOOKS)
    client = Client.objects.get(slug=scene.SLUG)
    with client_context(client.pk):
        connection = Connection.objects.create(client=client, provider="stripe", account_id="acct_bench", state="live")
    items = facts.items(count)
    gc.collect()
    gc.freeze()
    with _owner(BOOKS) as books, _owner(PLAIN) as plain:
        took: dict[str, Any] = {"store": _timed(lambda: _store(connection, items))}
        books.execute("VACUUM ANALYZE")
        books.execute("CHECKPOINT")
        took["book"] = _timed(lambda: _book(client, count))
        texts = limit.rows(books)
        took["copy"] = limit.load(plain, texts)
        books.execute("VACUUM ANALYZE")
        took["known"] = limit.again(plain, texts)
        took["again"] = _timed(lambda: (_store(connection, items), _book(client, 0)))
        with client_context(client.pk):
            Fact.objects.filter(client=client, state="booked").update(state="new")
        books.execute("VACUUM ANALYZE")
        took["book_again"] = _timed(lambda: _book(client, 0))
        took |= _statements(client, plain)
        with client_context(client.pk):
            took["entries"], took["lines"] = JournalEntry.objects.count(), JournalLine.objects.count()
    gc.unfreeze()
    return took


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _store(connection: Connection, items: list[storing.Item]) -> None:
    at = datetime(2025, 1, 2, tzinfo=UTC)
    with client_context(connection.client_id):
        for start in range(0, len(items), PULL):
            storing.store(connection, facts.STREAM, items[start : start + PULL], at=at)


def _book(client: Client, new: int) -> None:
    with client_context(client.pk):
        done = booking.book(client)
    if done.entries != new or done.held:
        raise SystemExit(f"{done.entries} entries from {done.facts} facts, {done.held} held; expected {new}")


def _statements(client: Client, plain: psycopg.Connection[Any]) -> dict[str, Any]:
    took: dict[str, Any] = {}
    for name, months in (("month", [MONTH]), ("months", [FIRST.shift(n) for n in range(LAST.index - FIRST.index + 1)])):
        first, last = date(months[0].year, months[0].month, 1), months[-1].last
        ours, plainly = [], []
        for _ in range(READINGS):
            with client_context(client.pk):
                started = time.perf_counter()
                books = statements.load(client, through=months[-1].first)
                columns = [month_column(month) for month in months]
                balance = trial_balance(books, months[-1], carry_profit=False)
                income_statement(books, columns), balance_sheet(books, columns)
                ours.append(time.perf_counter() - started)
            seconds, expected = limit.balances(plain, first, last, by_month=len(months) > 1)
            plainly.append(seconds)
        took[name], took[f"sql_{name}"] = min(ours), min(plainly)
        took[f"{name}_agrees"] = {int(key): figure for key, figure in balance.raw().items()} == expected
    return took


def _agrees(took: dict[str, Any]) -> bool:
    return bool(took["month_agrees"] and took["months_agrees"])


def _show(count: int, rounds: list[dict[str, Any]]) -> None:
    print(f"\n{count:,} facts, {rounds[0]['entries']:,} entries, {rounds[0]['lines']:,} lines; {len(rounds)} round(s)")
    print(f"{'':50}{'seconds':>10}{'a second':>12}{'× limit':>10}{'aim':>8}  reached")
    for label, key, base, workload, aim in LINES:
        seconds = statistics.median(one[key] for one in rounds)
        ratio = statistics.median(one[key] / one[base] for one in rounds)
        speed = "" if "month" in key else f"{count / seconds:,.0f}"
        judged = f"{aim:>8}  {'yes' if ratio <= aim else 'no'} ({workload})" if aim else ""
        print(f"{label:50}{seconds:>10.4f}{speed:>12}{ratio:>10.2f}{judged}")
    if not all(map(_agrees, rounds)):
        print("The statements differ from plain SQL over the same lines.")
