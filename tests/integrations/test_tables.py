"""What the database itself refuses, whatever the code does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError, ProgrammingError

from clients.tenancy import client_context, system_context
from integrations import syncing
from integrations.models import Connection, Fact, SourceDocument, StreamState, SyncJob, Token
from tests.integrations import scripted
from tests.integrations.scripted import NOW, sale

pytestmark = pytest.mark.django_db
CLIENT_TABLES = (
    "connection",
    "token",
    "ratebudget",
    "streamstate",
    "oauthattempt",
    "syncjob",
    "sourcedocument",
    "fact",
    "controltotal",
    "webhookevent",
    "fileimport",
)


class NotAllowedError(ProgrammingError):
    """The app's role may not even try."""


def run(statement: str, *values: Any) -> int:
    """Rows touched by a raw statement of the app's role."""
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(statement, list(values))
            return int(cursor.rowcount)
    except ProgrammingError as error:
        if "permission denied" in str(error):
            raise NotAllowedError(str(error)) from error
        raise


@pytest.fixture
def stored(world: Any, monkeypatch: Any) -> Any:
    """One connection of Kestrel's with a row in the tables that matter."""
    script = scripted.Scripted()
    scripted.install(monkeypatch, script.provider())
    connection = scripted.connection(world.kestrel)
    script.give(sale(1), sale(2))
    syncing.pull_stream(connection.pk, "rows", now=NOW, api=object())
    return world, connection


@pytest.mark.parametrize("table", CLIENT_TABLES)
def test_without_a_context_no_row_is_seen_or_changed(stored, table):
    name = f"integrations_{table}"
    assert run(f"SELECT * FROM {name}") == 0
    for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET client_id = client_id"):
        with suppress(NotAllowedError):
            assert run(statement) == 0


@pytest.mark.parametrize("table", ["connection", "streamstate", "sourcedocument", "fact"])
def test_in_another_clients_context_no_row_is_seen(stored, table):
    world, _ = stored
    with client_context(world.wren.pk):
        assert run(f"SELECT * FROM integrations_{table}") == 0
    with client_context(world.kestrel.pk):
        assert run(f"SELECT * FROM integrations_{table}") > 0


@pytest.mark.parametrize(
    "table", ["token", "ratebudget", "streamstate", "sourcedocument", "fact", "controltotal", "fileimport"]
)
def test_the_system_context_opens_no_books(stored, table):
    with system_context():
        assert run(f"SELECT * FROM integrations_{table}") == 0


def test_a_row_for_another_client_is_refused(stored):
    world, _ = stored
    with (
        client_context(world.wren.pk),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Connection.objects.create(client=world.kestrel, provider="x", account_id="1")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE integrations_sourcedocument SET stream = 'x'",
        "DELETE FROM integrations_sourcedocument",
        "TRUNCATE integrations_sourcedocument",
    ],
)
def test_documents_are_append_only_for_the_apps_role(stored, statement):
    world, _ = stored
    with client_context(world.kestrel.pk), pytest.raises(ProgrammingError, match="permission denied"):
        run(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE integrations_sourcedocument SET stream = 'x'",
        "DELETE FROM integrations_sourcedocument",
        "TRUNCATE integrations_sourcedocument",
    ],
)
def test_documents_are_append_only_even_for_their_owner(stored, owner_sql, statement):
    import psycopg

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        owner_sql.execute(statement)


@pytest.mark.parametrize("column", ["amount_minor = 0", "data = '{}'", "external_id = 'x'", "document_id = 1"])
def test_of_a_fact_only_the_state_may_change(stored, column):
    world, _ = stored
    with client_context(world.kestrel.pk):
        assert run("UPDATE integrations_fact SET state = 'booked', reason = ''") == 2
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(f"UPDATE integrations_fact SET {column}")


def test_a_document_of_another_clients_connection_is_refused(stored):
    world, connection = stored
    with (
        client_context(world.wren.pk),
        pytest.raises(IntegrityError, match="is not one of client"),
        transaction.atomic(),
    ):
        SourceDocument.objects.create(
            client=world.wren, connection=connection, stream="rows", external_id="1", version=1, payload={}, sha256=b""
        )


def test_a_fact_of_another_clients_document_is_refused(stored):
    world, connection = stored
    with client_context(world.kestrel.pk):
        document = SourceDocument.objects.first()
    with (
        client_context(world.wren.pk),
        pytest.raises(IntegrityError, match="is not one of client"),
        transaction.atomic(),
    ):
        Fact.objects.create(
            client=world.wren,
            connection=connection,
            document=document,
            stream="rows",
            external_id="1",
            kind="Sale",
            data={},
        )


@pytest.mark.parametrize(
    "model",
    [
        lambda w, c: Token(client=w.wren, connection=c, ciphertext=b""),
        lambda w, c: StreamState(client=w.wren, connection=c, stream="x"),
        lambda w, c: SyncJob(client=w.wren, connection=c, kind="x", dedupe_key="x"),
    ],
)
def test_a_row_naming_another_clients_connection_is_refused(stored, model):
    world, connection = stored
    with (
        client_context(world.wren.pk),
        pytest.raises(IntegrityError, match="connection_of_client"),
        transaction.atomic(),
    ):
        _save_and_check(model(world, connection))


def _save_and_check(row: Any) -> None:
    row.save(force_insert=True)
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_one_version_of_one_identity_is_one_row(stored):
    world, connection = stored
    with (
        client_context(world.kestrel.pk),
        pytest.raises(IntegrityError, match="source_document_version_once"),
        transaction.atomic(),
    ):
        SourceDocument.objects.create(
            client=world.kestrel,
            connection=connection,
            stream="rows",
            external_id="row-1",
            version=1,
            payload={},
            sha256=b"",
        )


@pytest.mark.parametrize("bad", [{"state": "leased"}, {"state": "odd"}])
def test_a_job_in_an_impossible_state_is_refused(world, bad):
    with client_context(world.kestrel.pk), pytest.raises(DatabaseError, match="job_"), transaction.atomic():
        SyncJob.objects.create(client=world.kestrel, kind="x", dedupe_key="x", **bad)
