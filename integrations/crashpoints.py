"""Named places where a test may kill the process; nothing happens unless the setting names the place."""

from __future__ import annotations

import os
import signal

from django.conf import settings

POINTS = frozenset(
    [
        "after-claim",
        "after-fetch",
        "after-insert",
        "before-cursor",
        "after-cursor",
        "before-finish",
        "after-finish",
        "before-refresh",
        "inside-refresh",
        "after-refresh-answer",
        "during-rotation",
        "before-sending",
        "after-sending",
        "after-post",
        "before-posted",
        "before-seal",
        "after-seal",
        "before-audit",
    ]
)


def reach(name: str) -> None:
    """Die here, as by kill -9, if the setting TIEOUT_CRASH_AT names this place."""
    assert name in POINTS, name
    if name == settings.CRASH_AT:
        os.kill(os.getpid(), signal.SIGKILL)
