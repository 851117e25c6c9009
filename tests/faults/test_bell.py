"""The bell over each broker that answers on this machine: a job rung for is done."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kombu
import pytest

from clients.tenancy import system_context
from integrations import jobs
from integrations.models import SyncJob

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


#: Redis database 15 and its own queue: nobody else's messages are touched.
BROKERS = {"filesystem": "filesystem://"}
BROKERS |= {"redis": "redis://127.0.0.1:6379/15"} if answers(6379) else {}
BROKERS |= {"rabbitmq": "amqp://guest:guest@127.0.0.1:5672//"} if answers(5672) else {}


@pytest.fixture(params=sorted(BROKERS))
def worker(request: Any, process_environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    queue = f"tieout-test-{os.getpid()}"
    environment = process_environment | {
        "TIEOUT_VAR": str(tmp_path),
        "CELERY_BROKER_URL": BROKERS[request.param],
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1", "-Q", queue, "-l", "ERROR"]
    command += ["-I", "tests.faults.effects", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (tmp_path / "worker.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    yield environment | {"QUEUE": queue}
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(timeout=10)
    if request.param != "filesystem":
        with kombu.Connection(BROKERS[request.param]) as broker:
            broker.channel().queue_delete(queue)


def test_a_job_that_is_rung_for_is_done_by_the_worker(worker, tmp_path):
    from tests import builders

    world = builders.world()
    job = jobs.enqueue(world.kestrel.pk, "kill-test", "one")
    assert job is not None
    ring = (
        "from config.celery import app\n"
        f"for _ in range(2): app.send_task('integrations.tasks.ring', ({job.pk},), queue='{worker['QUEUE']}')"
    )
    subprocess.run([sys.executable, "-c", ring], cwd=ROOT, env=worker, check=True, timeout=30)
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        with system_context():
            job.refresh_from_db()
        if job.state == SyncJob.State.DONE:
            break
        time.sleep(0.1)
    assert (job.state, job.tries) == ("done", 1), (tmp_path / "worker.log").read_text(errors="replace")[-2000:]
