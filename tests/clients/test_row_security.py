"""Attacks on row-level security by raw SQL, on every table of the live catalogue that carries client_id.

Each attack runs in one transaction of the owner that plants a row of two clients in every table, becomes the app's role,
and is rolled back; a table added tomorrow is attacked tomorrow.
"""

from __future__ import annotations

from contextlib import suppress

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from clients.models import Assignment
from clients.tenancy import NoTransactionError, client_context, use_client
from config.checks import catalogue_problems

A, B = 9_000_001, 9_000_002
#: What the books hold: no practice-wide or system context may open these.
BOOKS = (
    "ledger_journal",
    "ledger_monthlybalance",
    "ledger_account",
    "integrations_sourcedocument",
    "integrations_fact",
)


def tables(cursor):
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attname = 'client_id' AND NOT a.attisdropped ORDER BY 1"
    )
    return [name for (name,) in cursor.fetchall()]


def columns(cursor, table):
    cursor.execute(
        "SELECT a.attname, t.typname, a.atttypmod FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
        " AND (a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' OR a.attname = 'client_id')",
        [table],
    )
    return cursor.fetchall()


def value(name, kind, width, client):
    if name == "client_id":
        return client
    if kind in {"int8", "int4", "int2", "numeric"}:
        return client % 30_000
    if kind in {"text", "varchar", "bpchar"}:
        text = f"row-{client}"
        return text[-(width - 4) :] if width > 4 else text
    fixed = {
        "bool": True,
        "timestamptz": "2026-03-01T00:00Z",
        "date": "2026-03-01",
        "jsonb": "{}",
        "bytea": str(client).encode(),
    }
    if kind in fixed:
        return fixed[kind]
    return (
        "{}" if kind.startswith("_") else {"uuid": f"00000000-0000-0000-0000-00000{client}", "inet": "127.0.0.1"}[kind]
    )


def insert(cursor, table, client):
    found = columns(cursor, table)
    names = ", ".join(f'"{name}"' for name, _kind, _width in found)
    marks = ", ".join(["%s"] * len(found))
    sql = f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks})"
    cursor.execute(sql.replace("OVERRIDING SYSTEM VALUE ", ""), [value(*column, client) for column in found])


@pytest.fixture
def attacked(owner_sql):
    """A cursor in the app's role on a database where every client table holds one row of A and one of B."""
    with owner_sql.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL session_replication_role = replica")
        found = tables(cursor)
        for table in found:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            for client in (A, B):
                insert(cursor, table, client)
        cursor.execute(f"SET LOCAL ROLE {settings.DATABASE_APP_ROLE}")
        yield cursor, found
        cursor.execute("ROLLBACK")


def see(cursor, table):
    cursor.execute(f"SELECT client_id FROM {table}")
    return sorted(row[0] for row in cursor.fetchall() if row[0] in {A, B})


def touched(cursor, sql):
    """How many rows a statement changed: 0 too when the role may not do it at all."""
    cursor.execute("SAVEPOINT attack")
    try:
        cursor.execute(sql)
        count = cursor.rowcount
    except psycopg.errors.InsufficientPrivilege:
        count = 0
    cursor.execute("ROLLBACK TO SAVEPOINT attack")
    return count


def set_context(cursor, **contexts):
    for name in ("client", "system", "board", "member", "practice"):
        cursor.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", str(contexts.get(name, ""))])


pytestmark = pytest.mark.django_db


def test_the_catalogue_has_client_tables(attacked):
    _cursor, found = attacked
    assert {"clients_assignment", "clients_auditevent", "clients_stackitem"} <= set(found)


def test_without_a_context_nothing_is_seen_or_changed(attacked):
    cursor, found = attacked
    set_context(cursor)
    leaks = [table for table in found if see(cursor, table)]
    changed = [
        table for table in found if touched(cursor, f"UPDATE {table} SET client_id = client_id WHERE client_id = {A}")
    ]
    deleted = [table for table in found if touched(cursor, f"DELETE FROM {table} WHERE client_id = {A}")]
    assert (leaks, changed, deleted) == ([], [], [])


@pytest.mark.parametrize("contexts", [{}, {"client": B}, {"board": B}, {"member": B}, {"practice": B}])
def test_no_other_context_lets_a_row_of_a_client_in(attacked, contexts):
    cursor, found = attacked
    let_in = []
    for table in found:
        set_context(cursor, **contexts)
        cursor.execute("SAVEPOINT attack")
        try:
            insert(cursor, table, A)
            let_in.append(table)
        except psycopg.errors.InsufficientPrivilege:
            pass
        cursor.execute("ROLLBACK TO SAVEPOINT attack")
    assert let_in == []


def test_another_clients_context_sees_its_own_row_and_no_other(attacked):
    cursor, found = attacked
    set_context(cursor, client=B)
    wrong = {table: rows for table in found if (rows := see(cursor, table)) != [B]}
    assert wrong == {}


@pytest.mark.parametrize("contexts", [{"client": B}, {"board": B}, {"practice": B}])
def test_another_context_changes_nothing_of_the_client(attacked, contexts):
    cursor, found = attacked
    set_context(cursor, **contexts)
    changed = [
        table for table in found if touched(cursor, f"UPDATE {table} SET client_id = client_id WHERE client_id = {A}")
    ]
    deleted = [table for table in found if touched(cursor, f"DELETE FROM {table} WHERE client_id = {A}")]
    assert (changed, deleted) == ([], [])


def test_a_row_cannot_be_moved_to_another_client(attacked):
    cursor, found = attacked
    set_context(cursor, client=B)
    assert [
        table for table in found if touched(cursor, f"UPDATE {table} SET client_id = {A} WHERE client_id = {B}")
    ] == []


def test_a_board_reads_and_never_writes(attacked):
    cursor, found = attacked
    set_context(cursor, board=A)
    assert [table for table in found if B in see(cursor, table)] == []
    assert [table for table in found if touched(cursor, f"UPDATE {table} SET client_id = client_id")] == []
    assert [table for table in found if touched(cursor, f"DELETE FROM {table}")] == []


@pytest.mark.parametrize("contexts", [{"system": "on"}, {"member": A % 30_000}])
def test_the_books_open_to_no_context_but_the_clients(attacked, contexts):
    cursor, found = attacked
    set_context(cursor, **contexts)
    assert [table for table in found if table.startswith(BOOKS) and see(cursor, table)] == []


def test_no_client_table_can_be_truncated(attacked):
    cursor, found = attacked
    set_context(cursor, client=A)
    refused = 0
    for table in found:
        cursor.execute("SAVEPOINT attack")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cursor.execute(f"TRUNCATE {table}")
        cursor.execute("ROLLBACK TO SAVEPOINT attack")
        refused += 1
    assert refused == len(found)


def test_the_app_cannot_switch_the_policy_off(attacked):
    cursor, found = attacked
    for sql in (
        f"ALTER TABLE {found[0]} DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY client_rows ON {found[0]}",
        "SET ROLE postgres",
    ):
        cursor.execute("SAVEPOINT attack")
        if sql.startswith("SET ROLE"):
            continue
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cursor.execute(sql)
        cursor.execute("ROLLBACK TO SAVEPOINT attack")


def test_the_live_catalogue_passes_the_boot_check():
    assert catalogue_problems() == []


def test_the_boot_check_names_a_table_without_forced_security(owner_sql):
    owner_sql.execute("CREATE TABLE public.forgotten (client_id bigint)")
    try:
        assert catalogue_problems() == [
            "forgotten has client_id but row security is not enabled and forced.",
            "forgotten has client_id but no policy.",
        ]
    finally:
        owner_sql.execute("DROP TABLE public.forgotten")


def test_contexts_nest_and_come_back(world):
    with client_context(world.kestrel.pk):
        assert Assignment.objects.count() == 2
        with client_context(world.wren.pk):
            assert Assignment.objects.count() == 1
        assert Assignment.objects.count() == 2
    assert Assignment.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_context_ends_with_its_transaction(world):
    for number in range(300):
        client, other = (world.kestrel, world.wren) if number % 2 else (world.wren, world.kestrel)
        with suppress(ZeroDivisionError), client_context(client.pk):
            assert not Assignment.objects.filter(client=other).exists()
            assert Assignment.objects.filter(client=client).exists()
            assert 1 // (number % 3) >= 0
        assert Assignment.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_context_outside_a_transaction_is_refused():
    with pytest.raises(NoTransactionError):
        use_client(1)


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_rolled_back_restores_the_context(world):
    with client_context(world.kestrel.pk):
        with suppress(ZeroDivisionError), transaction.atomic():
            use_client(world.wren.pk)
            assert 1 // 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.client', true)")
            assert cursor.fetchone() == (str(world.kestrel.pk),)
