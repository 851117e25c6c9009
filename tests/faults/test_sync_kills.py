"""A whole client is pulled, booked and posted while its workers are killed: nothing is lost, nothing doubled, the books tie."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from typing import Any

import pytest
from django.conf import settings as django_settings

from clients.tenancy import client_context, system_context
from integrations import jobs
from integrations.models import Fact, SourceDocument, SyncJob
from ledger import accounting
from ledger.core.period import Month
from ledger.models import JournalEntry, OutboxItem
from tests import copies, scene
from tests.conftest import ROOT, _address, template
from tests.faults.test_jobs_kills import Crew

pytestmark = [pytest.mark.faults, pytest.mark.slow]
KILLS, SECONDS = 20, 300
POINTS = (
    "after-claim",
    "after-fetch",
    "after-insert",
    "before-cursor",
    "after-cursor",
    "before-finish",
    "before-sending",
    "after-sending",
    "after-post",
    "before-posted",
)
MONTHS = ("2026-01", "2026-02", "2026-03")
#: How the truth's names of what a stream holds begin, by provider and stream.
STREAMS = {
    ("stripe", "balance_transactions"): "stripe.balance_transactions",
    ("gusto", "payrolls"): "gusto.payrolls",
    ("plaid", "transactions"): "plaid.",
}


class Workers(Crew):
    """Celery workers of which some die at a named point; whoever died is replaced."""

    def tend(self) -> None:
        dead = [pid for pid in self.workers if not copies.alive(str(pid))]
        for pid in dead:
            self.workers.remove(pid)
            self.workers.append(self._worker())

    def stop(self) -> None:
        self.tend()
        super().stop()

    def die_at(self, point: str) -> None:
        """Put a worker that will die there in the place of another, which is killed now."""
        self.nursery.stdin.write(f"{point}\n")
        self.nursery.stdin.flush()
        os.kill(self.workers.pop(0), signal.SIGKILL)
        self.workers.append(int(self.nursery.stdout.readline()))


@pytest.fixture
def client(django_db_setup, django_db_blocker):
    """Connected and mapped, nothing pulled yet but accounts; in a database and a sandbox of its own."""
    from config.demo import cast, consent, mapping, onboard
    from integrations import syncing
    from ledger import bank_intake, mirror

    nursery = scene.Nursery()
    try:
        with scene.copied(template(), django_db_blocker), nursery.sandbox():
            everyone = cast.seed()
            kestrel = everyone.clients["kestrel"]
            onboard.connect_all(kestrel, everyone)
            books = consent.connection(kestrel, "quickbooks-online")
            syncing.pull_stream(books.pk, "accounts")
            syncing.pull_stream(consent.connection(kestrel, "plaid").pk, "accounts")
            with client_context(kestrel.pk):
                mirror.take_accounts(kestrel, books)
                bank_intake.take(kestrel)
                mapping.approve_mapping(kestrel, everyone)
                onboard.link_banks(kestrel, everyone)
                SyncJob.objects.filter(client=kestrel).delete()
            yield kestrel
    finally:
        nursery.stop()


@pytest.fixture
def crew(client, tmp_path):
    owner = str(django_settings.DATABASES["owner"]["USER"])
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "DATABASE_URL": _address(django_settings.DATABASE_APP_ROLE),
        "DATABASE_OWNER_URL": _address(owner),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "CELERY_BROKER_URL": "",
        "TIEOUT_VAR": str(tmp_path),
        "TIEOUT_VAULT_KEY_FILE": str(django_settings.VAULT_KEY_FILE),
        "TIEOUT_SANDBOX_URL": django_settings.SANDBOX_URL,
        "TIEOUT_LEASE_SECONDS": "5",
        "TIEOUT_SETTLE_SECONDS": "1",
        "TIEOUT_TEST_NO_PACE": "1",
    }
    running = Workers(environment, tmp_path)
    yield running
    running.stop()


def unfinished(client: Any) -> int:
    with system_context():
        return SyncJob.objects.filter(client=client, state__in=["due", "leased"]).count()


def hurry(client: Any) -> None:
    """Pauses between tries are for providers that need rest; and what was given up is asked for again, as the clock does."""
    with client_context(client.pk):
        SyncJob.objects.filter(client=client, state="due").update(run_after=jobs._now())
        failed = SyncJob.objects.filter(client=client, state="failed")
        for job in failed:
            jobs.enqueue(client.pk, job.kind, f"again:{job.pk}", job.arguments, connection_id=job.connection_id)
        failed.delete()


def standing(client: Any) -> dict[str, Any]:
    """Where the work stands, for the message of a run that did not end."""
    with client_context(client.pk):
        left = SyncJob.objects.filter(client=client).exclude(state="done")
        return {
            "jobs": [(job.kind, job.state, job.tries, job.failures, job.problem) for job in left],
            "facts": Counter(Fact.objects.filter(client=client).values_list("state", flat=True)),
            "outbox": Counter(OutboxItem.objects.filter(client=client).values_list("state", flat=True)),
        }


def work_through(client: Any, crew: Workers, strike: Any) -> None:
    """Let the crew work until nothing is left to do or to send; ``strike`` is called now and then until it says it is done."""
    ends, round_, striking = time.monotonic() + SECONDS, 0, True
    while time.monotonic() < ends:
        crew.tend()
        if striking:
            striking = strike()
        time.sleep(random.uniform(0.2, 0.6))
        crew.tend()
        hurry(client)
        if unfinished(client):
            continue
        with client_context(client.pk):
            waiting = OutboxItem.objects.filter(client=client).exclude(state="posted").exists()
        if not waiting and not striking and round_ > 1:
            return
        round_ += 1
        jobs.enqueue(client.pk, "refresh", f"refresh:{round_}")
    raise AssertionError(f"not done after {SECONDS} s: {standing(client)}")


def test_random_kills_and_kills_at_every_named_point_lose_and_double_nothing(client, crew):
    from config.demo import consent, stack, truth

    for slug in stack.connected(client):
        connection = consent.connection(client, slug)
        jobs.enqueue(client.pk, "sync", f"first:{slug}", {}, connection_id=connection.pk)
    plan = [*POINTS, *[""] * (KILLS - len(POINTS))]
    random.shuffle(plan)

    def strike() -> bool:
        point = plan.pop()
        if point:
            crew.die_at(point)
        else:
            crew.kill_one()
        return bool(plan)

    work_through(client, crew, strike)
    assert plan == []
    world = truth.read(client)
    with client_context(client.pk):
        for (provider, stream), name in STREAMS.items():
            documents = SourceDocument.objects.filter(client=client, connection__provider=provider, stream=stream)
            facts = Fact.objects.filter(client=client, connection__provider=provider, stream=stream)
            facts = facts.exclude(reason="pending at the bank")
            for month in MONTHS:
                given = facts.filter(booked_on__startswith=month).values("external_id").distinct().count()
                known = sum(n.get(month, 0) for key, n in world["counts"].items() if key.startswith(name))
                assert given == known, f"lost: {provider} {stream} {month}"
            assert documents.count() == documents.values("external_id", "sha256").distinct().count(), "doubled"
        assert not Fact.objects.filter(client=client, state="new", kind__in=["Sale", "Payout", "PayrollRun"]).exists()
        keys = JournalEntry.objects.filter(client=client, origin="source", reverses__isnull=True)
        assert max(Counter(keys.values_list("source_key", "purpose")).values()) == 1, "doubled"
        items = list(OutboxItem.objects.filter(client=client))
        books = accounting.open_books(client)
    written = Counter(len(books.books.find(books.api, item.type, item.marker)) for item in items)
    assert written == {1: len(items)}, "documents of an item"
    with client_context(client.pk):
        for month in MONTHS:
            assert truth.compare(client, Month(*map(int, month.split("-"))), world) == []
