"""The list of facts still to be handled: exact after every change of a state, whoever makes it, and out of the app's reach."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction

from clients.tenancy import client_context
from integrations import storing
from integrations.models import Connection, Fact, WaitingFact
from integrations.payload import Payload
from integrations.records import Record, Sale, Skipped, Unknown
from integrations.records_json import render
from tests import builders

STATES = [state.value for state in Fact.State]
HANDLED = ["new", "exception"]
AT = datetime(2026, 4, 1, tzinfo=UTC)
SHAPE = storing.Shape("balance", lambda _payload: (), lambda _payload: "")


def give(of, *records: Record):
    items = [
        storing.Item(one.external_id, body, hashlib.sha256(body).digest(), Payload({}), facts=(one,))
        for one, body in ((one, render(one)) for one in records)
    ]
    storing.store(of, SHAPE, items, at=AT)


def sales(count, *, amount=100):
    day = date(2026, 3, 14)
    return [Sale(external_id=f"txn_{n:05d}", booked_on=day, currency="USD", amount=amount) for n in range(count)]


def is_exact(client):
    listed = list(WaitingFact.objects.filter(client=client).order_by("fact_id").values_list("fact_id", flat=True))
    waiting = Fact.objects.filter(client=client, state__in=HANDLED).order_by("id").values_list("pk", flat=True)
    return listed == list(waiting)


@pytest.fixture
def account(db):
    client = builders.world().kestrel
    with client_context(client.pk):
        yield Connection.objects.create(client=client, provider="stripe", account_id="acct_1", state="live")


def test_what_is_stored_waits_unless_it_is_settled_from_the_start(account):
    said = {"booked_on": date(2026, 3, 14), "currency": "USD"}
    give(
        account,
        *sales(2),
        Skipped(external_id="s", reason="a test", **said),
        Unknown(external_id="u", what="?", **said),
    )
    assert WaitingFact.objects.count() == 3
    assert is_exact(account.client)
    give(account, *sales(1, amount=200))
    assert Fact.objects.filter(state="superseded").count() == 1
    assert is_exact(account.client)


def test_the_list_follows_every_change(account):
    give(account, *sales(3))
    one, *_others = Fact.objects.order_by("id").values_list("pk", flat=True)
    for before, after in product(STATES, STATES):
        Fact.objects.filter(pk=one).update(state=before)
        Fact.objects.filter(pk=one).update(state=after)
        assert WaitingFact.objects.filter(fact_id=one).exists() == (after in HANDLED), (before, after)
        assert is_exact(account.client)


def test_a_state_that_is_rolled_back_leaves_the_list_as_it_was(account):
    give(account, *sales(3))
    with transaction.atomic():
        Fact.objects.update(state="booked")
        assert not WaitingFact.objects.exists()
        transaction.set_rollback(True)
    assert WaitingFact.objects.count() == 3


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM integrations_waitingfact",
        "UPDATE integrations_waitingfact SET fact_id = fact_id + 1",
        "INSERT INTO integrations_waitingfact (client_id, fact_id) SELECT client_id, 1 FROM integrations_waitingfact",
        "TRUNCATE integrations_waitingfact",
    ],
)
def test_the_app_writes_nothing_into_the_list(account, attack):
    give(account, *sales(1))
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        cursor.execute(attack)
    assert is_exact(account.client)


def test_the_change_that_every_fact_has_is_written_in_place(account):
    """Neither an index of the facts nor a full page stands in the way of booking many at once."""
    give(account, *sales(500))
    Fact.objects.update(state="booked")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('integrations_fact'::regclass)")
        (in_place,) = cursor.fetchone()
    assert in_place >= 450
