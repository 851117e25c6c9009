"""The limit the books are measured against: the same rows by bare COPY into two plain tables, and plain SQL over the lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    import psycopg

TABLES = """
DROP TABLE IF EXISTS line, entry, account, client;
CREATE TABLE client (id bigint PRIMARY KEY);
CREATE TABLE account (id bigint PRIMARY KEY, client_id bigint NOT NULL REFERENCES client, name text NOT NULL, UNIQUE (client_id, name));
CREATE TABLE entry (id bigint PRIMARY KEY, client_id bigint NOT NULL REFERENCES client, source text NOT NULL, external_id text NOT NULL,
    date date NOT NULL, memo text NOT NULL, UNIQUE (client_id, source, external_id));
CREATE TABLE line (entry_id bigint NOT NULL REFERENCES entry, no smallint NOT NULL, client_id bigint NOT NULL,
    account_id bigint NOT NULL REFERENCES account, date date NOT NULL, cents bigint NOT NULL CHECK (cents <> 0), PRIMARY KEY (entry_id, no));
CREATE INDEX entry_date ON entry (client_id, date);
CREATE INDEX line_cover ON line (client_id, account_id, date) INCLUDE (cents)
"""
ROWS = {
    "client": "SELECT DISTINCT client_id FROM ledger_account",
    "account": "SELECT id, client_id, id || name FROM ledger_account",
    "entry": "SELECT id, client_id, purpose, source_key, booked_on, memo FROM ledger_journalentry ORDER BY id",
    "line": "SELECT entry_id, no, client_id, account_id, booked_on, debit_minor - credit_minor FROM ledger_journalline "
    "ORDER BY entry_id, no",
}
UNBALANCED = "SELECT entry_id FROM line GROUP BY entry_id HAVING sum(cents) <> 0 LIMIT 1"
KEYS = "CREATE TEMP TABLE s (id bigint, client_id bigint, source text, external_id text, date date, memo text) ON COMMIT DROP"
NEW = """SELECT count(*) FROM s WHERE NOT EXISTS
    (SELECT FROM entry e WHERE (e.client_id, e.source, e.external_id) = (s.client_id, s.source, s.external_id))"""
MONTH = """SELECT account_id, sum(cents)::bigint, (sum(cents) FILTER (WHERE date >= %(first)s))::bigint
    FROM line WHERE date <= %(last)s GROUP BY 1"""
MONTHS = "SELECT account_id, date_trunc('month', date)::date, sum(cents)::bigint FROM line WHERE date <= %(last)s GROUP BY 1, 2"


def rows(books: psycopg.Connection[Any]) -> dict[str, list[bytes]]:
    """What the books hold, as the text of COPY, read by their owner."""
    texts = {}
    for table, query in ROWS.items():
        with books.cursor().copy(f"COPY ({query}) TO STDOUT") as out:  # type: ignore[arg-type]
            texts[table] = [bytes(block) for block in out]
    return texts


def load(plain: psycopg.Connection[Any], texts: dict[str, list[bytes]]) -> float:
    """Seconds of loading and committing entries and lines."""
    plain.execute(TABLES)  # type: ignore[arg-type]
    for table in ("client", "account"):
        _copy(plain, table, texts[table])
    plain.execute("CHECKPOINT")
    started = time.perf_counter()
    with plain.transaction():
        _copy(plain, "entry", texts["entry"])
        _copy(plain, "line", texts["line"])
        assert plain.execute(UNBALANCED).fetchone() is None
    seconds = time.perf_counter() - started
    plain.execute("VACUUM ANALYZE")
    return seconds


def again(plain: psycopg.Connection[Any], texts: dict[str, list[bytes]]) -> float:
    """Seconds of finding that every entry is known."""
    started = time.perf_counter()
    with plain.transaction():
        plain.execute(KEYS)
        _copy(plain, "s", texts["entry"])
        plain.execute("ANALYZE s")
        found = plain.execute(NEW).fetchone()
    seconds = time.perf_counter() - started
    assert found == (0,)
    return seconds


def balances(
    plain: psycopg.Connection[Any], first: date, last: date, *, by_month: bool
) -> tuple[float, dict[int, int]]:
    """Seconds and balances by account: one month's statement figures, or every month's."""
    started = time.perf_counter()
    found = plain.execute(MONTHS if by_month else MONTH, {"first": first, "last": last}).fetchall()
    seconds = time.perf_counter() - started
    sums: dict[int, int] = {}
    for account, second, third in found:
        sums[account] = sums.get(account, 0) + (third if by_month else second)
    return seconds, {account: figure for account, figure in sums.items() if figure}


def _copy(plain: psycopg.Connection[Any], table: str, blocks: list[bytes]) -> None:
    with plain.cursor().copy(f"COPY {table} FROM STDIN") as into:  # type: ignore[arg-type]
        for start in range(0, len(blocks), 2000):
            into.write(b"".join(blocks[start : start + 2000]))
