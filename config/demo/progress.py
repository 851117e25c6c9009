"""What the demonstration shows while it works: each stage, what, how many, how long."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 44


class Stage:
    """One line of progress; ``says`` is what came of it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.said = ""

    def says(self, text: str) -> None:
        self.said = text


@contextmanager
def stage(title: str) -> Iterator[Stage]:
    """Print the title, do the work, print what came of it and the seconds it took."""
    sys.stdout.write(f"  {title:<{WIDTH}} ")
    sys.stdout.flush()
    started = time.monotonic()
    line = Stage(title)
    done = False
    try:
        yield line
        done = True
    finally:
        if not done:
            print("stopped", flush=True)
    print(f"{line.said:<58} {time.monotonic() - started:6.1f} s", flush=True)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)
