"""The sweep as a process of its own, quicker than beat, for the kill tests."""

from __future__ import annotations

import time

import django

django.setup()

from integrations import jobs  # noqa: E402

while True:
    jobs.sweep()
    time.sleep(0.25)
