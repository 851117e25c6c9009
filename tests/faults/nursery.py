"""Starts Celery workers quickly: everything is imported once, each line on stdin forks one worker and prints its pid.

A line that names a crash point makes a worker that dies there. ``TIEOUT_TEST_NO_PACE`` lets them call a sandbox without limits
as fast as it answers.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import nullcontext

import celery.apps.worker  # what a worker imports as it starts; each would again
import celery.bin.celery
import celery.concurrency.solo  # noqa: F401
import django
import kombu.transport.filesystem  # noqa: F401
from django.conf import settings

django.setup()

import tests.faults.effects  # noqa: E402, F401  (registers the handlers)
from config.celery import app  # noqa: E402
from integrations import crashpoints, limits, registry  # noqa: E402

if os.environ.get("TIEOUT_TEST_NO_PACE"):
    limits.slot = lambda *_given: nullcontext()  # type: ignore[assignment]

app.loader.import_default_modules()
registry.all_providers()
gc.freeze()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number, line in enumerate(sys.stdin):
    child = os.fork()
    if child == 0:
        os.setsid()
        settings.CRASH_AT = line.strip() if line.strip() in crashpoints.POINTS else ""
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        options = ["--pool", "solo", "-l", "ERROR", "-n", f"worker-{number}@test"]
        app.worker_main(["worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"])
        os._exit(0)
    print(child, flush=True)
