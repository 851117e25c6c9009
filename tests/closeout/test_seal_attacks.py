"""Seals against those who get past the program: an administrator of the database, and posters who race the sealer."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from clients.tenancy import client_context
from closeout import manifest, package, seal, signoff, workflow
from closeout.models import CloseRun
from ledger import posting
from ledger.models import Period
from tests import builders
from tests.closeout import scene
from tests.closeout.scene import JANUARY, entry, post

PDF = b"%PDF-1.7 a package"
# Both commit, and so have the database to themselves.
pytestmark = pytest.mark.django_db(transaction=True)


def _alter(owner: psycopg.Connection, statement: str, *values: object) -> None:
    owner.execute("BEGIN")
    owner.execute("SET LOCAL session_replication_role = replica")
    owner.execute(statement, values)  # type: ignore[arg-type]
    owner.execute("COMMIT")


ALTERATIONS = [
    "UPDATE closeout_seal SET manifest = replace(manifest, '980000', '980001') WHERE id = %s",
    "UPDATE closeout_seal SET sha256 = repeat('0', 64) WHERE id = %s",
    "UPDATE closeout_seal SET code = 'AAAA-BBBB-CCCC' WHERE id = %s",
    "UPDATE closeout_seal SET sealed_at = sealed_at - interval '1 day' WHERE id = %s",
    "UPDATE closeout_seal SET previous_id = (SELECT min(id) FROM closeout_seal) WHERE id = %s",
    "UPDATE closeout_signoff SET signer_id = (SELECT id FROM clients_user WHERE email LIKE 'bob%%') WHERE id = (SELECT signoff_id FROM closeout_seal WHERE id = %s)",
    "UPDATE closeout_signoff SET statement = 'I have seen nothing.' WHERE id = (SELECT signoff_id FROM closeout_seal WHERE id = %s)",
    "UPDATE closeout_package SET content = content || '\\x00' WHERE seal_id = %s",
    "UPDATE closeout_package SET content = '\\x00', sha256 = encode(sha256('\\x00'), 'hex') WHERE seal_id = %s",
    "DELETE FROM closeout_seal WHERE number = 1 AND %s > 0",
    "UPDATE ledger_monthlybalance SET debit_minor = debit_minor + 1 WHERE debit_minor = 980000 AND %s > 0",
    "UPDATE ledger_monthlybalance SET month = '2026-02-01' WHERE month = '2026-01-01' AND %s > 0",
]


def test_what_an_administrator_of_the_database_altered_is_found(owner_sql):
    world = builders.world()
    with client_context(world.kestrel.pk):
        books = scene.build(world)
        row = scene.sealed(books)
        package.publish(row, PDF, 9)
    missed = []
    for statement in ALTERATIONS:
        tables = ("closeout_seal", "closeout_signoff", "closeout_package", "ledger_monthlybalance")
        for table in tables:
            owner_sql.execute(f"DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS TABLE {table}")  # type: ignore[arg-type]
        _alter(owner_sql, statement, row.pk)
        with client_context(world.kestrel.pk):
            if not seal.verify(world.kestrel):
                missed.append(statement)
        for table in tables:
            _alter(owner_sql, f"DELETE FROM {table}")
            _alter(owner_sql, f"INSERT INTO {table} SELECT * FROM kept_{table}")
            owner_sql.execute(f"DROP TABLE kept_{table}")  # type: ignore[arg-type]
    assert missed == []
    with client_context(world.kestrel.pk):
        assert seal.verify(world.kestrel) == []


# ---- posters race the sealer -----------------------------------------------------------------------------------------------

ROUNDS, POSTERS = 15, 4


def test_what_is_sealed_equals_the_books_whoever_posted_meanwhile():
    """Posters and the signer meet at the month's row: an entry is in before the lock, and so in the seal, or is refused."""
    world = builders.world()
    with client_context(world.kestrel.pk):
        books = scene.build(world)
    different, posted, sealed = [], 0, 0
    for number in range(ROUNDS):
        month = JANUARY.shift(number)
        posted += _race(books, month)
        with client_context(world.kestrel.pk):
            if Period.objects.get(client=books.client, month=month.first).state != "sealed":
                continue
            sealed += 1
            if manifest.sealed_trial_balance(books.client, month) != signoff.balances(books.client, month):
                different.append(str(month))
    assert different == []
    assert (sealed, posted > 0) == (ROUNDS, True)
    with client_context(world.kestrel.pk):
        assert seal.verify(books.client) == []


def _race(books: scene.Books, month) -> int:
    """Posters fill the month until it is closed to them, while it is signed and sealed; how many entries went in."""
    client, counts, running = books.client, [], threading.Barrier(POSTERS + 1)

    def poster(place: int) -> None:
        done = 0
        for n in range(500):
            try:
                with client_context(client.pk):
                    post(
                        client,
                        [entry(books.accounts, "bank", "sales", 100 + n, month.first, f"race-{month}-{place}-{n}")],
                    )
                done += 1
                if done == 1:
                    running.wait(30)
            except posting.PeriodClosed:
                break
        counts.append(done)
        connection.close()

    with client_context(client.pk):
        close = workflow.open_close(client, month, by=books.world.bob)
        CloseRun.objects.filter(pk=close.pk).update(state="prepared", prepared_by=books.world.bob)
        period = Period.objects.get(client=client, month=month.first)
    threads = [threading.Thread(target=poster, args=(place,)) for place in range(POSTERS)]
    for thread in threads:
        thread.start()
    running.wait(30)
    with client_context(client.pk):
        # The heart of signing and sealing: hold the month, read it, lock it; seal in a transaction of its own.
        Period.objects.select_for_update().get(pk=period.pk)
        before = signoff.balances(client, month)
        Period.objects.filter(pk=period.pk).update(state="locked")
    with client_context(client.pk):
        held = Period.objects.select_for_update().get(pk=period.pk)
        close = CloseRun.objects.select_related("client__practice").get(pk=close.pk)
        sections = seal.standing(close)
        assert sections["trial_balance"] == before
        seal.keep(close, held, sections, signed=None, by=books.world.alice, now=datetime.now(UTC))
    for thread in threads:
        thread.join(30)
    return sum(counts)
