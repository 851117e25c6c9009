"""Workers killed at random while they work, over the real broker: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clients.tenancy import client_context, system_context
from integrations import jobs
from integrations.models import SyncJob

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
KILLS, JOBS, WORKERS, SECONDS = 20, 80, 3, 60


class Crew:
    """Celery workers over the filesystem broker and a sweeper; only these are ever killed."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.log = (folder / "crew.log").open("ab")
        self.nursery = self._start("nursery.py")
        self.sweeper = self._start("sweeping.py")
        self.workers = [self._worker() for _ in range(WORKERS)]

    def _start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "tests/faults" / script)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )

    def _worker(self) -> int:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write("one more\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def kill_one(self) -> None:
        """End a worker in the middle of whatever it does, and put another in its place."""
        os.kill(self.workers.pop(random.randrange(WORKERS)), signal.SIGKILL)
        self.workers.append(self._worker())

    def stop(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        for process in (self.nursery, self.sweeper):
            process.kill()
            process.communicate(timeout=10)
        self.log.close()


@pytest.fixture
def crew(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Crew]:
    environment = process_environment | {
        "TIEOUT_VAR": str(tmp_path),
        "TIEOUT_LEASE_SECONDS": "1",
        "CELERY_BROKER_URL": "",
        "PYTHONWARNINGS": "ignore",
    }
    running = Crew(environment, tmp_path)
    yield running
    running.stop()


def left() -> int:
    with system_context():
        return SyncJob.objects.exclude(state="done").count()


def hit() -> bool:
    """Whether a kill met a job under way, so that it was begun again."""
    with system_context():
        return sum(SyncJob.objects.values_list("tries", flat=True)) > SyncJob.objects.count()


@pytest.mark.slow
def test_twenty_random_kills_lose_nothing_and_double_nothing(crew, world_committed, monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "ring", lambda *_given: None)
    clients = [world_committed.kestrel, world_committed.quillfeather, world_committed.brambling, world_committed.wren]
    for number in range(JOBS):
        jobs.enqueue(clients[number % 4].pk, "kill-test", f"job-{number}")
    ends, kills = time.monotonic() + SECONDS, 0
    while left() == JOBS and time.monotonic() < ends:
        time.sleep(0.2)
    while left() and time.monotonic() < ends:
        if kills < KILLS:
            crew.kill_one()
            kills += 1
        time.sleep(random.uniform(0.2, 0.5))
    while (kills < KILLS or not hit()) and time.monotonic() < ends:
        # The work was quicker than the knife: more work.
        for client in clients:
            jobs.enqueue(client.pk, "kill-test", f"more-{kills}")
        time.sleep(random.uniform(0.1, 0.6))
        crew.kill_one()
        kills += 1
    while left() and time.monotonic() < ends:
        time.sleep(0.2)
    assert left() == 0, (tmp_path / "crew.log").read_text(errors="replace")[-4000:]
    with system_context():
        made = {str(pk) for pk in SyncJob.objects.values_list("pk", flat=True)}
        tries = sum(SyncJob.objects.values_list("tries", flat=True))
    marks = Counter(mark for client in clients for mark in marks_of(client))
    assert set(marks) == made, "lost"
    assert max(marks.values()) == 1, "doubled"
    assert tries > len(made), "no kill hit a job under way"


def marks_of(client: Any) -> list[str]:
    from clients.models import AuditEvent

    with client_context(client.pk):
        return list(AuditEvent.objects.filter(action="kill-test").values_list("subject", flat=True))


@pytest.fixture
def world_committed(transactional_db: None) -> Any:
    from tests import builders

    return builders.world()
