"""After the signature: closing date, seal, package, in steps that may stop anywhere and go on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connection

from clients.tenancy import client_context
from closeout import locking, package, reopening, tasks
from closeout.models import CheckResult, Package, Seal
from integrations import crashpoints, jobs
from integrations.errors import RetryLater
from integrations.models import Connection, SyncJob
from integrations.registry import all_providers
from ledger import accounting
from ledger.models import Period, ReportedBalance
from tests import builders
from tests.closeout import scene

pytestmark = pytest.mark.django_db(transaction=True)
END = date(2026, 1, 31)


class ClosingDate:
    """An accounting system that knows nothing but its closing date, and fails as told."""

    def __init__(self) -> None:
        self.on: date | None = None
        self.calls: list[date | None] = []
        self.fails = 0
        self.deaf = False
        self.inside: list[bool] = []

    def closed_through(self, _api):
        self.inside.append(connection.in_atomic_block)
        return self.on

    def close_through(self, _api, on):
        self.calls.append(on)
        if self.fails:
            self.fails -= 1
            raise RetryLater("busy", retry_after=0)
        if not self.deaf:
            self.on = on
        return self.on


@pytest.fixture
def system(monkeypatch):
    """The client's accounting system; its connection is made after the opening was sealed."""
    return ClosingDate()


@pytest.fixture
def books(system, monkeypatch):
    world = builders.world()
    slug = next(slug for slug, provider in all_providers().items() if provider.category == "accounting")
    with client_context(world.kestrel.pk):
        made = scene.build(world)
        link = Connection.objects.create(
            client=world.kestrel, provider=slug, account_id="1", name="Books", state="live"
        )
        scene.make_ready(made)
        scene.sign(made)
    answer = SimpleNamespace(books=system, api=None, connection=link, context=None)
    monkeypatch.setattr(accounting, "open_books", lambda _client, _connection=None: answer)
    monkeypatch.setattr(package, "render", lambda _seal: (b"%PDF the package", 9))
    return made


def work(books, times=6):
    """Do every job of the client that is due, at once."""
    for _ in range(times):
        with client_context(books.client.pk):
            SyncJob.objects.filter(state="due").update(run_after=datetime.now(UTC) - timedelta(seconds=1))
            waiting = list(SyncJob.objects.filter(state="due").order_by("pk").values_list("pk", flat=True))
        if not waiting:
            return
        for job_id in waiting:
            jobs.run(job_id)


def state(books):
    with client_context(books.client.pk):
        return Period.objects.get(client=books.client, month=date(2026, 1, 1)).state


def outcome(books):
    with client_context(books.client.pk):
        return Seal.objects.filter(close=books.close).count(), Package.objects.filter(seal__close=books.close).count()


def test_the_month_is_closed_read_back_sealed_and_published(books, system):
    work(books)
    assert (system.on, state(books), outcome(books)) == (END, "sealed", (1, 1))
    with client_context(books.client.pk):
        assert ReportedBalance.objects.get(client=books.client, kind="closing-date").on_date == END
        assert CheckResult.objects.get(close=books.close, check_id="K50").state == "pass"


def test_the_accounting_system_is_never_asked_inside_a_transaction(books, system):
    work(books)
    assert set(system.inside) == {False}


def test_the_client_hears_of_the_package(books):
    work(books)
    assert [message.to for message in mail.outbox] == [["erin@people.example"]]
    assert "January 2026" in mail.outbox[0].body


def test_a_busy_accounting_system_is_asked_again(books, system):
    system.fails = 2
    work(books)
    assert (state(books), outcome(books)) == ("sealed", (1, 1))


def test_a_closing_date_that_does_not_stick_is_never_sealed(books, system):
    system.deaf = True
    work(books, times=3)
    assert (state(books), outcome(books)) == ("locked", (0, 0))


def test_a_later_closing_date_is_not_moved_back(books, system):
    system.on = date(2026, 3, 31)
    work(books)
    assert (system.on, system.calls, state(books)) == (date(2026, 3, 31), [], "sealed")


@pytest.mark.parametrize("point", ["before-seal", "after-seal", "before-finish", "after-finish", "after-claim"])
def test_a_worker_that_dies_anywhere_leaves_one_seal_and_one_package(books, monkeypatch, point):
    died = []

    def reach(name):
        if name == point and not died:
            died.append(name)
            raise RuntimeError("the worker died")

    monkeypatch.setattr(crashpoints, "reach", reach)
    try:
        work(books, times=1)
    except RuntimeError:
        with client_context(books.client.pk):
            SyncJob.objects.filter(state="leased").update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
            leased = list(SyncJob.objects.filter(state="leased").values_list("pk", flat=True))
        for job_id in leased:
            jobs.run(job_id)
    work(books)
    assert died
    assert (state(books), outcome(books)) == ("sealed", (1, 1))


def test_the_same_job_twice_makes_nothing_new(books):
    work(books)
    with client_context(books.client.pk):
        SyncJob.objects.filter(kind__in=["seal", "package"]).update(state="due", finished_at=None)
    work(books)
    assert outcome(books) == (1, 1)


def test_a_month_reopened_before_its_seal_stays_open(books, system):
    with client_context(books.client.pk):
        reopening.ask(books.close, by=books.world.carol, reason="Too early.")
    work(books)
    assert (state(books), outcome(books)) == ("open", (0, 0))


def test_reopening_moves_the_closing_date_back(books, system):
    work(books)
    with client_context(books.client.pk):
        request = reopening.ask(books.close, by=books.world.alice, reason="A bill.")
        reopening.grant(request, by=books.world.carol)
    work(books)
    assert system.on == date(2025, 12, 31)
    with client_context(books.client.pk):
        from closeout import workflow

        workflow.run_checks(books.close, only=["K50"])
        assert CheckResult.objects.get(close=books.close, check_id="K50").state != "pass"


def test_books_kept_here_need_no_closing_date(books, monkeypatch):
    monkeypatch.setattr(accounting, "open_books", lambda _client, _connection=None: None)
    monkeypatch.setattr(accounting, "connection_of", lambda _client: None)
    assert locking.close_through(books.client, END) is None
    work(books)
    assert state(books) == "sealed"


def test_checks_run_as_a_job_and_not_on_a_signed_month(books):
    with client_context(books.client.pk):
        before = CheckResult.objects.filter(close=books.close).order_by("-ran_at").first().ran_at
        job = jobs.enqueue(books.client.pk, "checks", "again", {"close": books.close.pk, "only": None})
    work(books, times=1)
    with client_context(books.client.pk):
        assert SyncJob.objects.get(pk=job.pk).result == {"signed": True}
        rows = CheckResult.objects.filter(close=books.close, ran_at__gt=before).exclude(check_id="K50")
        assert not rows.exists()


def test_the_daily_look_runs_as_a_job(books):
    work(books)
    with client_context(books.client.pk):
        job = jobs.enqueue(books.client.pk, "sentinel", "sentinel:today", {})
    work(books)
    with client_context(books.client.pk):
        assert SyncJob.objects.get(pk=job.pk).result["broken"] == 0
    assert tasks.watch
