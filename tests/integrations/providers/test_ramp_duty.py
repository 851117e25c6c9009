"""Where Ramp's own sync posts into the accounting system, its streams only prove: nothing is booked or awaited twice."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from integrations import connecting, syncing
from integrations.models import ControlTotal, Fact, StreamState
from ledger import booking, expected
from ledger.models import JournalEntry, LedgerException
from tests import builders
from tests.ledger import scene

pytestmark = pytest.mark.django_db(transaction=True)


def duties(world, connection, before, after):
    for state in StreamState.objects.filter(connection=connection, duty=before):
        connecting.set_duty(connection, state.stream, after, actor=world.bob)


def awaited(client):
    return {money.label.split()[0] for money in expected.money(client) if money.provider == "ramp"}


def test_what_ramp_posts_itself_is_proven_and_neither_booked_nor_awaited(connect, sandbox):
    world = builders.world()
    client = world.kestrel
    with client_context(client.pk):
        made = scene.Scene(client)
        scene.chart(made)
        scene.rules(made, preparer=world.bob, controller=world.alice)
    connection = connect(world.bob, client, "ramp", company="osprey")
    with client_context(client.pk):
        booking_streams = set(
            StreamState.objects.filter(connection=connection, duty="book").values_list("stream", flat=True)
        )
        duties(world, connection, "book", "prove")
        names = list(StreamState.objects.filter(connection=connection).values_list("stream", flat=True))
    for name in names:
        syncing.pull_stream(connection.pk, name)
    statements = sandbox.app.setting.world.company("osprey").told["ramp"].data.statements
    with client_context(client.pk):
        booking.book(client)
        facts = Fact.objects.filter(connection=connection)
        assert set(facts.values_list("kind", flat=True)) >= {
            "CardPurchase",
            "VendorBill",
            "ExpenseReport",
            "CardStatement",
        }
        assert set(facts.values_list("state", flat=True)) == {"proof", "skipped"}
        assert not JournalEntry.objects.filter(source_key__startswith="ramp:").exists()
        assert not LedgerException.objects.filter(connection_id=connection.pk).exists()
        assert awaited(client) == set()
        totals = ControlTotal.objects.filter(connection=connection, source="balance:ramp")
        assert dict(totals.values_list("day", "total_minor")) == {one.ends: one.closing for one in statements}
        duties(world, connection, "prove", "book")
        assert awaited(client) == {"Funding", "Card"}
    assert booking_streams == {"transactions", "bills", "reimbursements", "cashbacks"}
