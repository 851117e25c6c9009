"""Starts Celery workers quickly: everything is imported once, each line on stdin forks one worker and prints its pid."""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

import tests.faults.effects  # noqa: E402, F401  (registers the handlers)
from config.celery import app  # noqa: E402

app.loader.import_default_modules()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for number, _line in enumerate(sys.stdin):
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        options = ["--pool", "solo", "-l", "ERROR", "-n", f"worker-{number}@test"]
        app.worker_main(["worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"])
        os._exit(0)
    print(child, flush=True)
