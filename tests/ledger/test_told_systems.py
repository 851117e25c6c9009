"""Each told system alone: connected in its own way, pulled, and booked to the lines its story says, account by account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from clients.tenancy import client_context
from config.demo import cast, consent, mapping, onboard, stack, story, systems, truth
from integrations import registry, syncing
from integrations.evidence import COUNT, OFF
from integrations.models import ControlTotal, SyncJob
from ledger import booking, mirror
from ledger.models import LedgerException
from tests import scene
from tests.conftest import template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.demo.cast import Cast

BOOKS = "quickbooks-online"


@pytest.fixture(scope="module")
def everyone(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """Both companies with their charts, nothing else connected; in a database and a sandbox of this module's own."""
    nursery = scene.Nursery()
    try:
        with scene.copied(template(), django_db_blocker), nursery.sandbox():
            people = cast.seed()
            for slug in story.WIDE:
                client = people.clients[slug]
                books = consent.connect(client, BOOKS, by=people.bookkeeper)
                syncing.pull_stream(books.pk, "accounts")
                with client_context(client.pk):
                    mirror.take_accounts(client, books)
                    mapping.approve_mapping(client, people)
            yield people
    finally:
        nursery.stop()


@pytest.mark.parametrize(("company", "slug"), stack.told(), ids=str)
def test_a_system_is_booked_as_its_story_says(everyone, company, slug):
    client = everyone.clients[company]
    consent.connect(client, slug, by=everyone.bookkeeper)
    onboard.only_prove(client, everyone)
    scene.pull(client, slug)
    known = truth.read(client)
    alone = {"systems": {slug: {**known["systems"][slug], "balances": []}}}
    with client_context(client.pk):
        SyncJob.objects.filter(client=client).delete()
        booking.book(client)
        connection = consent.connection(client, slug)
        held = LedgerException.objects.filter(client=client, connection_id=connection.pk, state="open")
        waiting = sorted(set(held.values_list("title", flat=True)))
        (proof,) = systems.prove(client, story.MONTHS, alone)
        counted, off = _counts(connection)
    assert waiting == []
    assert proof.problems == ()
    assert off == []
    declared = registry.provider(slug)
    assert counted == {stream.name for stream in declared.pulled if stream.census is not None}


def _counts(connection: Any) -> tuple[set[str], list[Any]]:
    """The streams that the system counted, and the days whose count or sum is not ours."""
    counts = ControlTotal.objects.filter(connection=connection, source=COUNT)
    off = list(counts.filter(OFF).values_list("stream", "day", "count", "here", "total_minor", "here_minor"))
    return set(counts.filter(count__gt=0).values_list("stream", flat=True)), off
