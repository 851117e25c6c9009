"""Each told system alone: connected in its own way, pulled, and booked to the lines its story says, account by account."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from datetime import UTC, date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from clients.tenancy import client_context
from config.demo import cast, consent, mapping, onboard, stack, story, systems, truth
from integrations import connecting, registry, syncing
from integrations.evidence import COUNT, OFF
from integrations.models import Connection, ControlTotal, StreamState, SyncJob
from integrations.sandbox.world.accounts import chart_of
from integrations.sandbox.world.cast import KESTREL
from integrations.sandbox.world.company import EVERYONE
from integrations.sandbox.world.payroll import run_payroll
from integrations.sandbox.world.systems import run_lines
from ledger import booking, mirror, payroll_proof, posting, source_proof
from ledger.models import Account, JournalEntry, LedgerException, MirrorDocument
from tests import scene
from tests.conftest import template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.demo.cast import Cast

BOOKS = "quickbooks-online"
#: Of the world that every sandbox plays.
SEED = 7


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


@pytest.fixture
def let_go(everyone, elsewhere):
    """An account is connected once: what a test connected is free again for the next, whatever their order."""
    before = set()
    for client in everyone.clients.values():
        with client_context(client.pk):
            before |= set(Connection.objects.filter(client=client).values_list("pk", flat=True))
    yield
    for client in everyone.clients.values():
        with client_context(client.pk):
            Connection.objects.filter(client=client).exclude(pk__in=before).update(state="disconnected")


@pytest.mark.usefixtures("let_go")
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


#: System → the company whose story tells it; their own sync into the accounting system may be on.
SYNC_THEMSELVES = {"bill": "osprey", "ramp": "osprey", "melio": "tamarack", "shopify": "tamarack"}


@pytest.fixture(scope="module")
def elsewhere(everyone):
    """A client none of whose systems is booked from here: each only proves what another route has written."""
    client = everyone.clients["brambling"]
    return client, consent.connect(client, BOOKS, by=everyone.bookkeeper)


@pytest.mark.usefixtures("let_go")
@pytest.mark.parametrize(("slug", "company"), SYNC_THEMSELVES.items())
def test_what_another_route_books_is_proven_against_the_story(everyone, elsewhere, slug, company):
    client, books = elsewhere
    player = copy(client)
    player.slug = company  # whose story the sandbox tells, at the vendor's own page
    consent.connect(player, slug, by=everyone.bookkeeper)
    with client_context(client.pk):
        connection = consent.connection(client, slug)
        for state in StreamState.objects.filter(client=client, connection=connection, duty="book"):
            connecting.set_duty(connection, state.stream, "prove", actor=everyone.bookkeeper)
    scene.pull(client, slug)
    with client_context(client.pk), transaction.atomic():
        booking.book(client)
        assert not JournalEntry.objects.filter(client=client, source_key__startswith=f"{slug}:").exists()
        documents = [_written(client, books, slug, *one) for one in _entries(company, slug)]
        proofs = [source_proof.prove(client, connection, month) for month in story.MONTHS]
        assert [(row.label, row.amount, row.there) for proof in proofs for row in proof.off] == []
        assert sum(len(proof.rows) for proof in proofs) > 5
        met = next(row.document for proof in proofs for row in proof.rows)
        assert met in documents
        MirrorDocument.objects.filter(pk=met.pk).update(is_deleted=True)
        again = [source_proof.prove(client, connection, month) for month in story.MONTHS]
        assert sum(len(proof.off) for proof in again) == 1
        transaction.set_rollback(True)


def _entries(company: str, slug: str) -> Iterator[tuple[str, date, int]]:
    """(key, day, total) of each entry that the story says must come of the system."""
    sums: dict[tuple[str, date], int] = defaultdict(int)
    (whose,) = [one for one in EVERYONE if one.slug == company]
    for event in import_module(f"integrations.sandbox.{slug}.story").tell(whose, SEED).events:
        for line in event.postings:
            if line.source == slug:
                sums[line.key, line.day] += max(line.amount_minor, 0)
    return ((key, day, total) for (key, day), total in sums.items())


def _written(client: Any, books: Any, slug: str, key: str, day: date, total: int) -> MirrorDocument:
    """The document that the system's own sync left in the accounting system."""
    return MirrorDocument.objects.create(
        client=client, connection=books, external_id=f"Bill:{key}"[:60], type="Bill", booked_on=day, total_minor=total,
        note=f"Synced from {slug}", lines_sha256=b"", seen_at=datetime.now(UTC),
    )  # fmt: skip


@pytest.mark.usefixtures("let_go")
def test_payroll_that_posts_by_itself_is_proven_run_by_run_against_the_story(everyone, elsewhere):
    """Each run of the register meets the one entry that its own system wrote, account by account; a cent off is named."""
    client, _books = elsewhere
    player = copy(client)
    player.slug, player.cut_over_on = KESTREL.slug, story.MONTHS[0].first
    consent.connect(player, "gusto", by=everyone.bookkeeper)
    with client_context(client.pk):
        connection = consent.connection(client, "gusto")
        for state in StreamState.objects.filter(client=client, connection=connection, duty="book"):
            connecting.set_duty(connection, state.stream, "prove", actor=everyone.bookkeeper)
    scene.pull(client, "gusto")
    told = [
        run
        for run in run_payroll(KESTREL, SEED).runs
        if story.MONTHS[0].first <= run.check_date <= story.MONTHS[-1].last
    ]
    with client_context(client.pk), transaction.atomic():
        _chart(client)
        mapping.approve_mapping(player, everyone)
        booking.book(client)
        assert not JournalEntry.objects.filter(client=client, source_key__startswith="gusto:").exists()
        written = {run.uuid: _paid(client, run) for run in told}
        found = [run for month in story.MONTHS for run in payroll_proof.prove(client, month).runs]
        assert {run.run.external_id: run.entry_id for run in found} == written
        assert [(line.label, line.difference) for run in found for line in run.differing] == []
        assert (all(run.is_booked_once for run in found), sum(len(run.lines) for run in found) > 50) == (True, True)
        off = _paid(client, told[0], off=1, replaces=written[told[0].uuid])
        (named,) = [run for run in payroll_proof.prove(client, story.MONTHS[0]).runs if run.differing]
        assert (named.run.external_id, named.entry_id, named.off_by) == (told[0].uuid, off, 1)
        transaction.set_rollback(True)


def _chart(client: Any) -> None:
    """The accounts that the company's payroll is posted to, as its chart has them."""
    sides = {"Income": "income", "Other Income": "income", "Equity": "equity", "Credit Card": "liability"}
    for number, (name, kind, _detail) in enumerate(chart_of(KESTREL)):
        side = "liability" if "Liability" in kind or "Payable" in kind else sides.get(kind, "asset")
        side = "expense" if "Expense" in kind or kind == "Cost of Goods Sold" else side
        Account.objects.get_or_create(
            client=client, name=name, defaults={"type": side, "external_id": f"chart:{number}"}
        )


def _paid(client: Any, run: Any, *, off: int = 0, replaces: int | None = None) -> int:
    """The entry that the payroll system's own sync left in the books; ``off`` short in one department and in what is due."""
    if replaces is not None:
        posting.reverse(JournalEntry.objects.get(pk=replaces), reason="posted again", booked_on=run.check_date)
    nets = {name: amount for name, amount in run_lines(run).items() if amount}
    wages = next(name for name in nets if name.startswith("Wages"))
    nets |= {wages: nets[wages] - off, "Payroll Clearing": nets["Payroll Clearing"] + off}
    ids = dict(Account.objects.filter(client=client, name__in=nets).values_list("name", "pk"))
    lines = [posting.Line(ids[name], max(amount, 0), max(-amount, 0)) for name, amount in nets.items()]
    key = f"mirror:JournalEntry:{run.uuid}:{off}"
    made = posting.Entry(run.check_date, key, "mirror", lines, origin="ledger", memo="JournalEntry · payroll")
    return posting.post(client.pk, [made]).ids[0]
